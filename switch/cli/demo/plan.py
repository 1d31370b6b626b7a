"""Who calls and who works on the demo's day: drawn from a seed, before anything happens.

The crew and the wishes are those of Maple Télécom in `dialplans/example/maple.yaml`. What a customer does is
planned here; how long they wait and who serves them is the switch's doing.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

TENANT = "maple"
RECEPTION = "110"
MAIN_NUMBER = "15145550100"
"""Asks for the language first."""
ENGLISH_NUMBER = "15145550101"

AGENTS_MIN = 2
"""Anna and Emma together serve both queues in both languages, so that nobody waits in vain."""
CUSTOMERS_MAX = 60
MINUTES_MIN, MINUTES_MAX = 0.3, 60.0

UNHEARD_FROM_S = 60.0
"""A phone that nobody hears rings for 15 or 20 s: too long for a shorter demo."""
DRAIN_S = 45
"""The last customers come so long before the end, so that they are served by then."""


class Manner(StrEnum):
    """What a customer does; in words for the screen."""

    TALKS = "talks"
    WRONG_KEY = "presses a wrong key first"
    LEAVES = "changes their mind while it rings"
    GIVES_UP = "has little patience"
    TRANSFERRED = "is transferred to the reception"
    SILENT = "presses nothing"
    RECEPTION = "asks for the reception"
    CALLS_AGAIN = "calls a second time"


_MANNERS = (
    Manner.TALKS,
    Manner.WRONG_KEY,
    Manner.LEAVES,
    Manner.TRANSFERRED,
    Manner.SILENT,
    Manner.TALKS,
    Manner.GIVES_UP,
    Manner.RECEPTION,
    Manner.TALKS,
    Manner.CALLS_AGAIN,
    Manner.TALKS,
    Manner.TALKS,
)
"""In this order, from the first customer on, so that a short demo shows the most of it."""
_PATIENCE_S = {Manner.LEAVES: (0.4, 1.0), Manner.GIVES_UP: (4.0, 9.0)}
_PATIENCE_ELSE_S = (60.0, 90.0)


@dataclass(frozen=True, slots=True)
class Press:
    """A key, after so long; `method` is `rfc2833` or `info`."""

    after_s: float
    key: str
    method: str


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """One call. `patience_s` counts from the last key; the customer leaves then, if nobody has answered."""

    number: str
    arrives_s: float
    manner: Manner
    language: str
    line: str
    dials: str
    keys: tuple[Press, ...]
    patience_s: float
    talk_s: float
    customer_hangs_up: bool
    codec: str


@dataclass(frozen=True, slots=True)
class Break:
    """From when, counted from the opening, for how long, and the key of its reason."""

    at_s: float
    length_s: float
    reason_key: str


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """One agent. `first_offers` is what happens to the first ones; later ones are answered."""

    name: str
    account: str
    transport: str
    codec: str
    first_offers: tuple[str, ...]
    rest: Break | None
    ends_wrap_up_early: bool


@dataclass(frozen=True, slots=True)
class Day:
    """Customers in the order of their arrival, and the crew."""

    seed: int
    customers: tuple[CustomerPlan, ...]
    agents: tuple[AgentPlan, ...]


_CREW = (
    ("anna", "101", "udp", "PCMU"),
    ("emma", "105", "udp", "PCMA"),
    ("ben", "102", "tcp", "PCMU"),
    ("david", "104", "udp", "PCMA"),
    ("chloe", "103", "udp", "PCMU"),
    ("felix", "106", "tcp", "PCMA"),
)
"""The most useful first, for a demo with fewer. Two of them reach the switch by TCP."""
AGENTS_MAX = len(_CREW)

FRENCH, ENGLISH = "French", "English"
_LINE_KEYS = {"sales": "1", "support": "2"}
_WISHES = tuple((language, line) for line in _LINE_KEYS for language in (FRENCH, ENGLISH))

ANSWER, DECLINE, LET_RING = "answer", "decline", "let ring"


def plan_day(seed: int, seconds: float, agents: int, customers: int) -> Day:
    """The same seed and sizes give the same day."""
    assert AGENTS_MIN <= agents <= AGENTS_MAX
    assert 1 <= customers <= CUSTOMERS_MAX
    random = Random(seed)
    arrivals_s = max(seconds - DRAIN_S, seconds / 3)
    # Points drawn evenly and sorted are a Poisson stream: calls bunch, and somebody waits.
    moments = sorted(random.uniform(0.5, arrivals_s) for _ in range(customers))
    # As many of each as possible, so that every agent of the crew is somebody's best.
    wishes = [_WISHES[index % len(_WISHES)] for index in range(customers)]
    random.shuffle(wishes)
    for index in range(customers):
        wishes[index] = wishes[_caller(index)]
    return Day(
        seed,
        tuple(_customer(random, *each) for each in zip(range(customers), moments, wishes, strict=True)),
        tuple(_agents(random, agents, seconds, arrivals_s)),
    )


def _customer(random: Random, index: int, arrives_s: float, wish: tuple[str, str]) -> CustomerPlan:
    manner = _MANNERS[index % len(_MANNERS)]
    language, line = wish
    if manner is Manner.SILENT:
        language = ENGLISH
    # On the English line silence ends at the reception after one menu, not two.
    asks_language = language == FRENCH or (manner is not Manner.SILENT and random.random() < 0.5)
    return CustomerPlan(
        number=f"1514555{9000 + _caller(index):04}",
        arrives_s=arrives_s,
        manner=manner,
        language=language,
        line="reception" if manner in (Manner.RECEPTION, Manner.SILENT) else line,
        dials=MAIN_NUMBER if asks_language else ENGLISH_NUMBER,
        keys=tuple(_keys(random, manner, language, asks_language, line)),
        patience_s=random.uniform(*_PATIENCE_S.get(manner, _PATIENCE_ELSE_S)),
        talk_s=random.uniform(6, 14),
        customer_hangs_up=random.random() < 0.5,
        codec=random.choice(("PCMU", "PCMA")),
    )


def _caller(index: int) -> int:
    """Who that is: the first customer of a round calls again about the same matter, all others are new."""
    place = index % len(_MANNERS)
    return index - place if _MANNERS[place] is Manner.CALLS_AGAIN else index


def _keys(random: Random, manner: Manner, language: str, asks_language: bool, line: str) -> list[Press]:
    if manner is Manner.SILENT:
        return []
    keys = ["1" if language == FRENCH else "2"] if asks_language else []
    if manner is Manner.WRONG_KEY:
        keys.append("7")
    keys.append("0" if manner is Manner.RECEPTION else _LINE_KEYS[line])
    method = random.choice(("rfc2833", "info"))
    return [Press(random.uniform(1, 3.5), key, method) for key in keys]


def _agents(random: Random, count: int, seconds: float, arrivals_s: float) -> list[AgentPlan]:
    # Some agent declines the first offer, and another does not hear it.
    odd = dict(zip(random.sample(range(count), 2), (DECLINE, LET_RING), strict=True))
    if seconds < UNHEARD_FROM_S:
        odd = {index: what for index, what in odd.items() if what is not LET_RING}
    resting = random.sample(range(count), count // 2)
    return [
        AgentPlan(
            name=name,
            account=account,
            transport=transport,
            codec=codec,
            first_offers=(odd[index],) if index in odd else (),
            rest=Break(
                random.uniform(0.2, 0.8) * arrivals_s, random.uniform(10, 18), random.choice(("1", "2"))
            )
            if index in resting
            else None,
            ends_wrap_up_early=random.random() < 0.4,
        )
        for index, (name, account, transport, codec) in enumerate(_CREW[:count])
    ]
