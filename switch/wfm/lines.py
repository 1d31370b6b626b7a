"""Lines that lose sound on a simulated day: graded by the live switch's own rule, and told to the router."""

from dataclasses import dataclass, field

from switch.acd.events import LineGrade, SetLine
from switch.acd.line_quality import JUDGED_S, Heard, LineState, stands_us
from switch.wfm.scenario import Scenario, Worker


@dataclass(slots=True)
class Line(LineState):
    """Of an agent whose line loses sound. `due`: when the grade lapses, unless something confirms it."""

    heard: Heard = field(default_factory=lambda: Heard(0))
    talk: int = -1
    due: int = 0


class Lines:
    """Of one day; of agents whose lines are good nothing is known, as nothing has to be."""

    def __init__(self, scenario: Scenario) -> None:
        self._of: dict[str, Line] = {}
        if scenario.watch_lines:
            for worker in _bad_ones(scenario):
                self._of[worker.agent.name] = Line(heard=Heard(round(1000 * worker.line.loss)))
        self.known = bool(self._of)
        self.fell = [0] * len(LineGrade)
        """How often a line fell to each grade."""

    def begins(self, agent: str, visit: int) -> bool:
        """A talk begins; whether it is to be looked at, `STRETCH_S` later."""
        line = self._of.get(agent)
        if line is not None:
            line.talk = visit
        return line is not None

    def looked(self, agent: str, visit: int, now: int) -> SetLine | None:
        """The talk has lasted so long: its first stretch is judged."""
        line = self._of[agent]
        reason = line.heard.bad()
        if line.talk != visit or not reason:
            return None
        return self._become(agent, line, max(LineGrade.FAILING, line.grade), reason, now)

    def ended(self, agent: str, talked_s: float, now: int) -> SetLine | None:
        """The talk is over."""
        line = self._of.get(agent)
        if line is None:
            return None
        line.talk = -1
        if talked_s < JUDGED_S:
            return None
        return self._become(agent, line, *line.judged(line.heard), now)

    def lapses_at(self, agent: str) -> int:
        """When to look whether the grade still stands; 0: never."""
        line = self._of.get(agent)
        return 0 if line is None else line.due

    def lapsed(self, agent: str, now: int) -> SetLine | None:
        """Nothing was heard for long: perhaps it is better now."""
        line = self._of[agent]
        if not line.due or now < line.due:
            return None
        return self._become(agent, line, *line.lapsed(), now)

    def _become(self, agent: str, line: Line, grade: LineGrade, reason: str, now: int) -> SetLine | None:
        worse, changed = grade > line.grade, line.become(grade, reason)
        stands = stands_us(grade)
        line.due = now + stands if stands else 0
        self.fell[grade] += worse
        return SetLine(agent, grade) if changed else None


def _bad_ones(scenario: Scenario) -> list[Worker]:
    """Of each group the stated share, spread over it."""
    seen: dict[str, int] = {}
    found: list[Worker] = []
    for worker in scenario.workers:
        number = seen[worker.group] = seen.get(worker.group, 0) + 1
        share = worker.line.share
        if worker.line.loss and int(number * share + 1e-9) > int((number - 1) * share + 1e-9):
            found.append(worker)
    return found
