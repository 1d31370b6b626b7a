"""The journal's words that figures are made of; a test holds them to those who write them."""

ENDED = "ended"
"""The outcome of a visit that reached an agent."""
ABANDONED = "abandoned"
WITHDRAWN = "withdrawn"
REFUSED = "refused"

ANSWERED = "answered"
"""The outcome of an offer that the agent took; the journal tells it by `AgentConnected`."""

TRANSFER_DONE = "done"

BUSY = "busy"
WRAP_UP = "wrap-up"
AVAILABLE = "available"
OFFERED = "offered"

SERVICE_LEVEL_US = 20_000_000
"""The threshold T where none is set for a queue."""

SHORT_ABANDON_US = 5_000_000
"""A caller who leaves within this heard hardly more than the greeting; such abandons are counted apart."""

REGISTERED = "registered"

PHONES = "phones"
"""In the place of a trunk, where a leg goes to one of our own phones."""
HEARD = "heard"
REPORTED = "reported"
"""Whose figures of a leg's audio: ours, of what came, or the other end's, of what we sent."""
