"""Answers of the DNS while they are good, and searches that wait for some (RFC 3263, RFC 2308).

Questions come out by `poll`; each is answered exactly once by `answer`, if only with FAILED: the resolver
promises that. A search ends by itself, because `locate` asks for kind after kind, and of no kind for more
names than one answer may have. `find` answers at once where nothing has to be asked, else later by `take`.
"""

from dataclasses import replace

from switch.base.clock import SECOND
from switch.sip.locate import (
    FAILED_TTL_S,
    RECORDS_MAX,
    TTL_S_MAX,
    TTL_S_MIN,
    Abilities,
    Answer,
    Located,
    Outcome,
    Place,
    Question,
    locate,
)

ANSWERS_MAX = 1_000
"""Carriers have tens of names; the rest are what peers wrote into their dialogs."""

SEARCHES_MAX = 200
"""Places looked for at once; beyond it a place is uncertain at once, and its user does without."""

NEGATIVE_TTL_S_MAX = 300
"""A name that is entered at last is found within five minutes, whatever its zone says of absent ones."""


class _Search:
    __slots__ = ("answers", "place", "waiting")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.answers: dict[Question, Answer] = {}
        self.waiting: frozenset[Question] = frozenset()


class Locator:
    """One a switch. `abilities` may be set anew when listeners change."""

    __slots__ = ("_asked", "_cache", "_found", "_questions", "_searches", "abilities")

    def __init__(self, abilities: Abilities) -> None:
        self.abilities = abilities
        self._cache: dict[Question, tuple[Answer, int]] = {}
        self._searches: dict[Place, _Search] = {}
        self._asked: set[Question] = set()
        self._questions: list[Question] = []
        self._found: list[Located] = []

    def find(self, place: Place, now: int) -> Located | None:
        """Where `place` leads, or None: `take` will tell. The same place is looked for once at a time."""
        if place in self._searches:
            return None
        search = _Search(place)
        located = self._advance(search, now)
        if located is None:
            if len(self._searches) >= SEARCHES_MAX:
                return Located(place, (), FAILED_TTL_S, certain=False)
            self._searches[place] = search
            self._ask(search)
        return located

    def answer(self, answer: Answer, now: int) -> None:
        """What the resolver made of a question of ours."""
        question = answer.question
        if question not in self._asked:
            return
        self._asked.discard(question)
        answer = _bounded(answer)
        self._keep(answer, now)
        for search in [s for s in self._searches.values() if question in s.waiting]:
            search.answers[question] = answer
            located = self._advance(search, now)
            if located is None:
                self._ask(search)
            else:
                del self._searches[search.place]
                self._found.append(located)

    def poll(self) -> list[Question]:
        """Questions for the resolver."""
        if not self._questions:
            return []
        questions, self._questions = self._questions, []
        return questions

    def take(self) -> list[Located]:
        """Places that were found, or not, since the last call."""
        if not self._found:
            return []
        found, self._found = self._found, []
        return found

    def _advance(self, search: _Search, now: int) -> Located | None:
        """As far as remembered answers lead."""
        while True:
            outcome = locate(search.place, search.answers, self.abilities)
            if isinstance(outcome, Located):
                return outcome
            known = {q: answer for q in outcome if (answer := self._remembered(q, now)) is not None}
            search.answers.update(known)
            if len(known) < len(outcome):
                search.waiting = frozenset(outcome) - known.keys()
                return None

    def _ask(self, search: _Search) -> None:
        for question in sorted(search.waiting, key=lambda q: (q.name, q.kind)):
            if question in self._asked:
                continue
            self._asked.add(question)
            self._questions.append(question)

    def _remembered(self, question: Question, now: int) -> Answer | None:
        kept = self._cache.get(question)
        if kept is None or kept[1] <= now:
            return None
        return replace(kept[0], ttl_s=-(-(kept[1] - now) // SECOND))

    def _keep(self, answer: Answer, now: int) -> None:
        self._cache.pop(answer.question, None)
        if len(self._cache) >= ANSWERS_MAX:
            for question in [q for q, (_, until) in self._cache.items() if until <= now]:
                del self._cache[question]
        if len(self._cache) >= ANSWERS_MAX:
            del self._cache[next(iter(self._cache))]
        self._cache[answer.question] = (answer, now + answer.ttl_s * SECOND)


def _bounded(answer: Answer) -> Answer:
    if answer.outcome is Outcome.FAILED:
        return Answer(answer.question, Outcome.FAILED)
    ttl_s_max = TTL_S_MAX if answer.outcome is Outcome.FOUND else NEGATIVE_TTL_S_MAX
    ttl_s = max(TTL_S_MIN, min(answer.ttl_s, ttl_s_max))
    return Answer(answer.question, answer.outcome, answer.records[:RECORDS_MAX], ttl_s)
