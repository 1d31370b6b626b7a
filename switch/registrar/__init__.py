"""Where each account's phones are (RFC 3261 section 10), and who is speaking (digest)."""
