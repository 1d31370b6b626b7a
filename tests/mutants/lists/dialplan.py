"""What callers hear and where their keys lead: never a spin, never a wrong door, the tenant's own clock."""

from tests.mutants.mutant import Mutant

_INTERPRETER = "switch/dialplan/interpreter.py"
_GATHER = "switch/dialplan/gather.py"
_WAITING = "switch/dialplan/waiting.py"
_HOURS = "switch/dialplan/hours.py"
_SESSION = "switch/dialplan/session.py"
_BY = "tests/dialplan/test_interpreter.py::"
_BY_HOURS = "tests/dialplan/test_hours.py::"

MUTANTS = (
    Mutant(
        _INTERPRETER,
        "return isinstance(event, PlayEnded) and not (session.playing and event.playback == "
        "session.playback)",
        "return isinstance(event, PlayEnded) and not session.playing",
        _BY + "test_the_end_of_an_older_playback_is_no_news",
    ),
    Mutant(
        _INTERPRETER,
        "if self._steps > STEPS_PER_CALL_MAX:",
        "if self._steps > 2 * STEPS_PER_CALL_MAX:",
        _BY + "test_what_cannot_be_played_never_spins",
    ),
    Mutant(
        _INTERPRETER,
        "if not session.answered and isinstance(step, _AUDIBLE):",
        "if session.answered is None and isinstance(step, _AUDIBLE):",
        _BY + "test_audio_answers_first",
    ),
    Mutant(
        _INTERPRETER,
        "self._finish(Hangup(step.reason) if session.answered else Reject(step.status))",
        "self._finish(Hangup(step.reason))",
        _BY + "test_an_unanswered_call_is_refused_rather_than_hung_up",
    ),
    Mutant(
        _INTERPRETER,
        "if isinstance(event, DigitPressed) and len(self.session.digits) < DIGITS_KEPT_MAX:",
        "if isinstance(event, DigitPressed):",
        _BY + "test_only_so_many_keys_are_kept",
    ),
    Mutant(
        _INTERPRETER,
        "if holiday is not None:",
        "if holiday is not None and not step.hours:",
        _BY + "test_hours_are_those_of_the_tenants_zone",
    ),
    Mutant(
        _GATHER,
        "if self.asking and not self.input.barge_in:",
        "if self.asking and self.input.barge_in is None:",
        _BY + "test_without_barge_in_keys_during_the_prompt_do_not_count",
    ),
    Mutant(
        _GATHER,
        "longer = any(key.startswith(self.buffer) and key != self.buffer for key in step.keys)",
        "longer = False",
        _BY + "test_menu_keys_are_told_apart_by_the_time_between_them",
    ),
    Mutant(
        _GATHER,
        "if self.failed >= self.input.tries:",
        "if self.failed > self.input.tries:",
        _BY + "test_wrong_key_then_silence_then_elsewhere",
    ),
    Mutant(
        _GATHER,
        "if len(self.buffer) == step.digits_max or (ended and len(self.buffer) >= step.digits_min):",
        "if len(self.buffer) == step.digits_max or ended:",
        _BY + "test_collected_digits_are_dialled",
    ),
    Mutant(
        _WAITING,
        "case QueueConnected() if self.phase is not Phase.TALKING:",
        "case QueueConnected() if self.phase not in (Phase.TALKING, Phase.ENTERING):",
        _BY + "test_an_agent_may_answer_before_the_queue_says_that_it_let_the_caller_in",
    ),
    Mutant(
        _WAITING,
        "self.deadline = now + self.step.wait_us_max",
        "self.deadline = None",
        _BY + "test_too_long_a_wait",
    ),
    # The place in the queue must be given up with the wait, or an agent is rung for nobody.
    Mutant(
        _WAITING,
        "self.session.out.append(LeaveQueue(reason))",
        "",
        _BY + "test_a_key_leads_out",
    ),
    Mutant(
        _SESSION,
        "if now < self.wake_at:",
        "if now < 0:",
        _BY + "test_wrong_key_then_silence_then_elsewhere",
    ),
    Mutant(
        _HOURS,
        "return any(r.start <= minute < r.until for r in _ranges(hours, calendar, today)) or any(",
        "return any(r.start <= minute <= r.until for r in _ranges(hours, calendar, today)) or any(",
        _BY_HOURS + "test_the_end_is_outside_and_the_start_inside",
    ),
    Mutant(
        _HOURS,
        "r.start <= minute + _DAY_MINUTES < r.until for r in _ranges(hours, calendar, yesterday)",
        "r.start <= minute + _DAY_MINUTES < r.until for r in _ranges(hours, calendar, today)",
        _BY_HOURS + "test_a_night_belongs_to_the_day_on_which_it_begins",
    ),
    Mutant(
        _HOURS,
        "return hours.days[day.weekday()] if calendar.holiday(day) is None else hours.holidays",
        "return hours.days[day.weekday()]",
        _BY_HOURS + "test_a_holiday_has_hours_of_its_own",
    ),
)
