"""SIP's sockets. Bytes come up with the flow they came by, and go down by the flow they are given."""
