"""Session descriptions (RFC 8866) and their offer/answer for audio (RFC 3264), as values."""
