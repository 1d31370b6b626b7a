"""The bounds of a message. Each is far above what peers send and low enough that a flood stays cheap."""

MESSAGE_BYTES_MAX = 65_535
"""What a UDP datagram can carry (RFC 3261 section 18.1.1); streams get no more, or a proxy could not pass it
on."""

HEAD_BYTES_MAX = 32_768
"""Start line and headers. Twenty times a long INVITE; a body of 32 KiB still fits."""

HEADER_LINES_MAX = 128
"""Header lines after unfolding. The busiest IMS messages have about forty."""

HEADER_VALUE_MAX = 8_192
"""Characters of one header value: a long Identity or Record-Route line is 2,000."""

VIAS_MAX = 70
"""Hops: Max-Forwards starts at 70 (RFC 3261 section 8.1.1.6), so a longer path is a loop."""

ROUTES_MAX = 70
"""Route and Record-Route entries, for the same reason."""

CONTACTS_MAX = 64
"""Contacts of one message; a phone registers one or two."""

CSEQ_MAX = 2**32 - 1
"""Grammar's bound. RFC 3261 section 8.1.1.5 wants less than 2**31 of senders; readers need not mind."""

MAX_FORWARDS_MAX = 255
"""RFC 3261 section 20.22."""

EXPIRES_MAX = 2**32 - 1
"""RFC 3261 section 20.19, in seconds."""
