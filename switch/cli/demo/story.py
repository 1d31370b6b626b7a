"""What happens on the demo's day, a line at a time, and what went otherwise than it should."""

import time
from collections import deque
from collections.abc import Callable

LINES_MAX = 200
"""What the screen could show of it; older lines are forgotten."""
PROBLEMS_MAX = 100
"""A demo with more is broken for one reason, which stands among the first."""


class Story:
    """Lines with the time since the opening; `listener` gets each as it is told."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=LINES_MAX)
        self.problems: list[str] = []
        self.listener: Callable[[str], None] = lambda _line: None
        self._opened_s: float | None = None

    def open(self) -> None:
        """The doors open: times count from now."""
        self._opened_s = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Since the opening; 0 before it."""
        return 0.0 if self._opened_s is None else time.monotonic() - self._opened_s

    def tell(self, text: str) -> None:
        seconds = int(self.elapsed_s)
        line = f"{seconds // 60}:{seconds % 60:02} {text}"
        self.lines.append(line)
        self.listener(line)

    def problem(self, text: str) -> None:
        """Something that a sound switch and sound phones would not do; it fails the demo."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(text)
        self.tell(f"PROBLEM: {text}")
