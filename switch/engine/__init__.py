"""The media engine: a C thread that owns the RTP sockets, and the Python object that owns the thread."""

from switch.engine.engine import Engine, UnusableAddressError
from switch.engine.stats import DropReason, EngineStats

__all__ = ["DropReason", "Engine", "EngineStats", "UnusableAddressError"]
