"""Which way a stream flows, RFC 8866 section 6.7, always from the view of who says it."""

from enum import StrEnum


class Direction(StrEnum):
    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def mirrored(self) -> "Direction":
        """The same flow from the other side."""
        return direction(sends=self.receives, receives=self.sends)

    def within(self, limit: "Direction") -> "Direction":
        """What both of two directions of the same side permit."""
        return direction(sends=self.sends and limit.sends, receives=self.receives and limit.receives)


def direction(*, sends: bool, receives: bool) -> Direction:
    """The direction of a side that sends or receives."""
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE
