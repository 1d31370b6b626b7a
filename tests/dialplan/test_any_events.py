"""Any events in any order: nothing raises, everything waits or ends, and nothing is done after the end."""

from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan.centre import is_dialplan, load_centre
from switch.dialplan.interpreter import Interpreter
from switch.dialplan.plan import Centre

EXAMPLE = Path(__file__).parents[2] / "dialplans" / "example"

_NUMBERS = st.integers(min_value=-(2**70), max_value=2**70)
_WORDS = st.sampled_from(["", "full", "no-agents", "timeout", "signed-in", "x" * 5000, "\x00", "é"])

EVENTS = st.one_of(
    st.builds(e.Started, _WORDS, _WORDS, _NUMBERS, _WORDS, st.booleans()),
    st.just(e.Answered()),
    st.builds(e.PlayEnded, st.integers(0, 12), st.booleans()),
    st.builds(e.DigitPressed, st.one_of(st.sampled_from("0123456789*#ABCD"), _WORDS)),
    st.builds(e.QueueEntered, _NUMBERS),
    st.builds(e.QueueRefused, _WORDS),
    st.builds(e.QueueStatus, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS),
    st.builds(e.CallbackAnswered, st.booleans(), _WORDS),
    st.just(e.QueueConnected()),
    st.just(e.QueueEnded()),
    st.builds(e.DialEnded, st.sampled_from(e.DialOutcome)),
    st.builds(e.AgentCommandDone, st.booleans(), _WORDS),
    st.just(e.Wake()),
)


@cache
def _centre() -> Centre:
    files = {path.name: path.read_text("utf-8") for path in EXAMPLE.glob("*.yaml") if is_dialplan(path.name)}
    return load_centre(files)


_FLOWS = [(key, flow) for key, plan in _centre().tenants.items() for flow in plan.program.entries]


class _World:
    """Answers what the flow asked for, so that random runs come deep; sometimes it says anything else."""

    def __init__(self, run: Interpreter) -> None:
        self.run = run
        self.wake_at = -1
        self.due: e.Event = e.Answered()
        self.ends = 0

    def apply(self, event: e.Event, now: int) -> None:
        was_over = self.run.ended
        actions = self.run.apply(event, now)
        assert len(actions) < 3000
        assert not (was_over and actions), "nothing is done after the end"
        for action in actions:
            self.take(action)
        assert self.ends == int(self.run.ended), "a call ends once"
        if actions and self.run.ended:
            assert isinstance(actions[-1], a.Hangup | a.Reject)

    def take(self, action: a.Action) -> None:
        clips = {clip.name for clip in self.run.session.plan.clips()}
        match action:
            case a.WakeAt():
                self.wake_at = action.at
            case a.Play():
                assert set(action.clips) <= clips, "only clips that were rendered"
                self.due = e.PlayEnded(action.playback, True)
            case a.Answer():
                self.due = e.Answered()
            case a.Enqueue():
                self.due = e.QueueEntered(2)
            case a.AskQueue():
                self.due = e.QueueStatus(2, 3, 90)
            case a.WishCallback():
                self.due = e.CallbackAnswered(True)
            case a.Dial():
                self.due = e.DialEnded(e.DialOutcome.ENDED)
            case a.AgentCommand():
                self.due = e.AgentCommandDone(True, "signed-in")
            case a.Hangup() | a.Reject():
                self.ends += 1
            case _:
                pass


@settings(max_examples=400, deadline=None)
@given(
    start=st.sampled_from(_FLOWS),
    language=st.sampled_from(["", "fr", "en", "de"]),
    steps=st.lists(
        st.tuples(st.sampled_from(["due", "wake", "any"]), EVENTS, st.integers(0, 40_000_000)), max_size=60
    ),
)
def test_any_events(start: tuple[str, str], language: str, steps: list[tuple[str, e.Event, int]]) -> None:
    tenant, flow = start
    world = _World(Interpreter(_centre().tenants[tenant], flow, language=language))
    now = 5_000_000
    for index, (kind, event, passes) in enumerate(steps):
        now += passes
        if index == 1:
            world.apply(e.Started("+331", "100", 1_784_116_800_000_000), now)
        elif kind == "due":
            world.apply(world.due, now)
        elif kind == "wake" and world.wake_at >= 0:
            now = max(now, world.wake_at)
            world.apply(e.Wake(), now)
        else:
            world.apply(event, now)


@settings(max_examples=50, deadline=None)
@given(start=st.sampled_from(_FLOWS), steps=st.lists(EVENTS, max_size=40))
def test_the_same_events_give_the_same_actions(start: tuple[str, str], steps: list[e.Event]) -> None:
    tenant, flow = start
    runs = [Interpreter(_centre().tenants[tenant], flow) for _ in range(2)]
    for now, event in enumerate([e.Started("", "", 0), *steps]):
        first, second = (run.apply(event, now * 3_000_000) for run in runs)
        assert first == second
