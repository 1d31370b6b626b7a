"""RFC 3261 without sockets: message, transport, transaction, dialog, digest, in that order downwards."""
