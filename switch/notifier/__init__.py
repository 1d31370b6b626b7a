"""Event notification without sockets (RFC 6665): who watches what, and what they are told."""
