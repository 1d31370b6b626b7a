"""How one switch is started: what the command line says, checked and typed."""

from dataclasses import dataclass
from pathlib import Path

from switch.sip.flow import Address

DEFAULT_SIP = Address("127.0.0.1", 5060)
DEFAULT_HTTP = Address("127.0.0.1", 8080)
DEFAULT_STATE = Path(".state")
DEFAULT_ROUTER_DAYS = 14
"""Two weeks of asking why, and of days to run again: some 10 MB a day of 10,000 queued calls."""
DEFAULT_RTP = (16384, 18383)
"""1000 even ports, two streams a call: 500 calls at once. Below the ephemeral range of Linux (32768)."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """One `softswitch run`.

    `dialplans` is a folder of YAML files or one file. `sip` are addresses, bound for UDP and TCP; port 0 asks
    for any free one; empty: what the centre's `listen` says, or DEFAULT_SIP. `http` None switches metrics
    and health off. `state` is the owner-only folder of the store, the control socket and the secrets.
    `rtp_low` is even and `rtp_high` is the last port that may be used. `store` is an SQLAlchemy URL; empty
    means SQLite in `state`. `keep_secrets` keeps new accounts' secrets in an owner-only file, as the example
    centre does.
    `dns` are the servers that gateways' names are asked of; empty: those of the machine. `recordings` None:
    the folder `recordings` in `state`. `media_threads` carry the audio; 0: as `media_threads_for` says.
    `router_days` is how long what routers were told is kept; 0: for ever.
    """

    dialplans: Path
    sip: tuple[Address, ...] = ()
    http: Address | None = DEFAULT_HTTP
    state: Path = DEFAULT_STATE
    rtp_low: int = DEFAULT_RTP[0]
    rtp_high: int = DEFAULT_RTP[1]
    store: str = ""
    keep_secrets: bool = False
    dns: tuple[Address, ...] = ()
    recordings: Path | None = None
    media_threads: int = 0
    router_days: int = DEFAULT_ROUTER_DAYS

    @property
    def kept_secrets(self) -> Path | None:
        """Where new accounts' secrets are kept, if they are."""
        return self.state / "secrets.txt" if self.keep_secrets else None

    @property
    def recordings_folder(self) -> Path:
        """Where recorded calls are written."""
        return self.recordings or self.state / "recordings"

    @property
    def control_socket(self) -> Path:
        """Where the command line reaches this switch."""
        return self.state / "control.sock"


MEDIA_THREADS_MAX = 64
"""THREADS_MAX of switch/engine/bounds.h."""
SLOTS_PER_THREAD = 250
"""Fewer than that are not worth a thread: a core relays ten times as many."""


def media_threads_for(cores: int, slots: int) -> int:
    """How many media threads where nobody says: one a core, but for the one that the loop of Python needs."""
    return max(1, min(cores - 1, slots // SLOTS_PER_THREAD, MEDIA_THREADS_MAX))
