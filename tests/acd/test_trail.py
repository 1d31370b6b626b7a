"""A router's trail: what is packed reads the same, and a run is repeated to the last digest."""

import json
import zlib
from dataclasses import replace

import pytest

from switch.acd import events as ev
from switch.acd import trail as trail_module
from switch.acd.repeat import Repeat, Step
from switch.acd.select import C_LACKS, RouterClass, RouterLike
from switch.acd.settings import AgentSettings, Contact, Need, Policy, QueueSettings, Requirement
from switch.acd.settings import Step as NeedStep
from switch.acd.trail import Piece, PieceKind, Reader, Trail, TrailError
from tests.acd.halves import HALVES, half
from tests.acd.world import World

WINDOW = 7


def recorded(make: RouterClass, seed: int, events: int) -> tuple[list[Piece], RouterLike, list[Step]]:
    """A random day with its trail, taken every few events, and what was decided."""
    world, router = World(seed), make(seed)
    trail = Trail("maple", 1, router)
    pieces: list[Piece] = []
    steps = []
    for number in range(1, events + 1):
        event, now = world.next()
        trail.note(event, now)
        decisions = router.apply(event, now)
        world.learn(decisions)
        steps.append(Step("maple", number, now, event, decisions))
        if number % WINDOW == 0:
            pieces += trail.take(router, now, now, number)
    return [*pieces, *trail.take(router, world.now, world.now, events)], router, steps


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests and snapshots as of a long day, in a short one."""
    monkeypatch.setattr(trail_module, "DIGEST_EVERY", 100)
    monkeypatch.setattr(trail_module, "SNAPSHOT_EVERY", 500)


PAIRS = [(one, other) for one in HALVES for other in HALVES if one == other or not C_LACKS]
"""C reads and writes what came with the second version of snapshots once it lacks nothing."""


@pytest.mark.parametrize(("writer", "reader"), PAIRS)
def test_a_run_is_repeated_by_either_half(writer: str, reader: str) -> None:
    pieces, router, steps = recorded(half(writer), 5, 3_000)
    again = Repeat(half(reader).restore)
    assert list(again.steps(pieces)) == steps
    assert again.router.snapshot() == router.snapshot()
    assert again.proved > 20
    assert not again.unequal
    assert not again.gaps


def test_it_can_begin_at_any_snapshot() -> None:
    pieces, router, steps = recorded(half("c"), 6, 3_000)
    snapshots = [place for place, piece in enumerate(pieces) if piece.kind is PieceKind.SNAPSHOT]
    assert len(snapshots) > 3
    for place in snapshots:
        again = Repeat()
        assert list(again.steps(pieces[place:])) == steps[pieces[place].first :]
        assert again.router.digest() == router.digest()


def test_it_stops_where_it_is_told() -> None:
    pieces, _, steps = recorded(half("c"), 7, 300)
    assert list(Repeat().steps(pieces, until=111)) == steps[:111]


def test_another_start_is_found_by_the_next_digest() -> None:
    pieces, _, _ = recorded(half("c"), 8, 1_000)
    head = Reader(pieces[0])
    other = half("c")(9_999)
    pieces[0] = replace(pieces[0], body=pieces[0].body[: -len(head.state)] + other.snapshot())
    again = Repeat()
    for _ in again.steps(pieces):
        pass
    assert again.unequal[0] in range(100, 100 + WINDOW)


def test_every_field_comes_back() -> None:
    contact = Contact(
        "v-1",
        "support",
        Requirement((NeedStep(0, (Need("billing", 60), Need("french"))), NeedStep(5_000_000, ()))),
        priority=-3,
        waiting_since=12,
        avoid=("anna", "b\udce9a"),
    )
    events: list[tuple[ev.Event, int]] = [
        (ev.SetQueue(QueueSettings("support", Policy.LEAST_SKILLED, wrap_up_us=1 << 59)), 5),
        (ev.SetAgent(AgentSettings("anna", (("billing", 40),), ("support", "sales"), -1)), 5),
        (ev.Arrive(contact), 9),
        (ev.Decline(1, 2, ev.DeclineReason.BUSY), 8),
        (ev.Reach("anna", False), 10),
        (ev.Wake(), 11),
    ]
    router = half("python")()
    trail = Trail("maple", 1, router)
    for event, now in events:
        trail.note(event, now)
    start, pack = trail.take(router, 11, 11, 0)
    again, digest = Reader(start).events(pack)
    assert again == events
    assert digest is None
    first = again[0][0]
    assert isinstance(first, ev.SetQueue)
    assert type(first.queue.policy) is Policy


def rewritten(piece: Piece, old: str, new: str) -> Piece:
    """A piece as another version would have written it."""
    head, newline, state = piece.body.partition(b"\n")
    return replace(piece, body=head.replace(old.encode(), new.encode()) + newline + state)


def test_a_trail_of_before_a_field_was_added_takes_its_default() -> None:
    router = half("python")()
    trail = Trail("maple", 1, router)
    (start,) = trail.take(router, 0, 0, 0)
    text = json.dumps([3, None, [[list(ev.Event.__args__).index(ev.SetAgent), 0, ["anna", [], []]]]]).encode()
    body = zlib.crc32(text).to_bytes(4, "little") + text
    pack = replace(start, kind=PieceKind.EVENTS, first=1, count=1, body=body)
    head, _, state = start.body.partition(b"\n")
    said = json.loads(head)
    said["types"] = [[name, names[:3] if name == "AgentSettings" else names] for name, names in said["types"]]
    start = replace(start, body=json.dumps(said).encode() + b"\n" + state)
    events, _ = Reader(start).events(pack)
    assert events == [(ev.SetAgent(AgentSettings("anna")), 3)]


def test_what_a_newer_version_wrote_is_refused_and_not_misread() -> None:
    pieces, _, _ = recorded(half("c"), 5, 300)
    newer = [rewritten(pieces[0], '"waiting_since"', '"wishes"'), *pieces[1:]]
    with pytest.raises(TrailError, match=r"does not know.*wishes"):
        list(Repeat().steps(newer))
    with pytest.raises(TrailError, match="another version"):
        list(Repeat().steps([rewritten(pieces[0], '"version":1', '"version":9')]))


def test_damage_is_said_with_the_events_that_it_hit() -> None:
    pieces, _, _ = recorded(half("c"), 5, 300)
    body = bytearray(pieces[5].body)
    body[len(body) // 2] ^= 1
    damaged = [*pieces[:5], replace(pieces[5], body=bytes(body)), *pieces[6:]]
    with pytest.raises(TrailError, match=r"events 29 to 35 of router maple.*check sum"):
        list(Repeat().steps(damaged))
    with pytest.raises(TrailError, match="events 29 to 35 before it are not there"):
        list(Repeat().steps([*pieces[:5], *pieces[6:]]))
    with pytest.raises(TrailError, match="begins without a snapshot"):
        list(Repeat().steps(pieces[1:]))


def test_what_the_store_did_not_take_is_a_gap_and_no_end() -> None:
    router = half("c")()
    trail = Trail("maple", 1, router)
    pieces = trail.take(router, 0, 0, 0)
    for number, kept in ((1, True), (2, False), (3, True), (4, True)):
        event = ev.SetAgent(AgentSettings(f"agent-{number}"))
        trail.note(event, number)
        router.apply(event, number)
        taken = trail.take(router, number, number, number)
        if kept:
            pieces += taken
        else:
            trail.lost()
    again = Repeat()
    assert [step.sequence for step in again.steps(pieces)] == [1, 4]
    assert again.gaps == [(2, 3)]
    assert again.router.digest() == router.digest()
