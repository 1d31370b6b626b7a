"""Conferences, supervision, mailboxes: who is heard by whom, who may, and what is kept."""

from tests.mutants.mutant import Mutant

_ROOMS = "switch/exchange/rooms.py"
_SUPERVISED = "switch/exchange/supervised.py"
_SUPERVISION = "switch/exchange/supervision.py"
_MAIL = "switch/exchange/mail.py"
_PIN = "switch/dialplan/pin.py"
_CONFERENCES = "tests/exchange/test_conferences.py::"
_SUPERVISING = "tests/exchange/test_supervision.py::"
_MAILBOXES = "tests/exchange/test_mailboxes.py::"
_ANSWERS = "tests/exchange/test_answers.py::"

MUTANTS = (
    Mutant(
        _ROOMS,
        "silenced = member.muted or (self.others_muted and not member.moderator)",
        "silenced = member.muted",
        _CONFERENCES + "TestTheModerator",
    ),
    Mutant(
        _ROOMS,
        "return not silenced and not member.session.call.anchor.remote_held",
        "return not silenced",
        _CONFERENCES + "test_the_music_of_a_phone_on_hold_is_not_heard",
    ),
    Mutant(
        _ROOMS,
        'return "locked" if room.locked and not action.moderator else ""',
        'return ""',
        _CONFERENCES + "TestTheModerator",
    ),
    Mutant(
        _ROOMS,
        "office.media([StopRecording(slot, room.recording), CloseStream(slot)])",
        "",
        _CONFERENCES + "test_it_is_recorded_by_a_port_of_its_own_whoever_leaves",
    ),
    Mutant(
        _SUPERVISION,
        "if account not in plan.accounts:",
        "if False:",
        _SUPERVISING + "TestRefusals",
    ),
    Mutant(
        _SUPERVISED,
        "if mode in office.tenancy(session).plan.supervision.modes:",
        "if True:",
        _SUPERVISING + "TestRefusals",
    ),
    Mutant(
        _SUPERVISED,
        "office.media([Unmix(standing.room)])",
        "",
        _SUPERVISING + "test_while_nobody_talks_the_supervisor_is_heard_by_nobody",
    ),
    Mutant(
        _MAIL,
        "office.outputs.append(MarkFile(path, new))",
        "",
        _MAILBOXES + "test_counts_envelope_message_menu_and_the_end",
    ),
    Mutant(
        _MAIL,
        "if duration_ms < BRIEF_MS:",
        "if False:",
        _MAILBOXES + "TestLeaving",
    ),
    Mutant(
        _PIN,
        "if self.failed >= TRIES:",
        "if False:",
        _MAILBOXES + "TestPin",
    ),
    Mutant(
        "switch/exchange/dials.py",
        "_answered_itself(office, session, session.transfer, now)",
        "",
        "tests/exchange/test_transfers.py::TestDeflection",
    ),
    Mutant(
        "switch/exchange/ringing.py",
        "if attempt.winner is not None and attempt.answers is not None:",
        "if False:",
        _ANSWERS + "TestDialled",
    ),
    Mutant(
        "switch/exchange/detecting.py",
        "machine = who is Who.MACHINE and event.confidence >= attempt.answers.confidence",
        "machine = who is Who.MACHINE",
        _ANSWERS + "TestDialled",
    ),
    Mutant(
        "switch/exchange/callbacks.py",
        '_end(office, callback, "machine", now)',
        "pass",
        _ANSWERS + "TestCalledBack",
    ),
    Mutant(
        "switch/dialplan/detecting.py",
        "if event.confidence < self.step.answers.confidence:",
        "if False:",
        "tests/dialplan/test_detecting.py",
    ),
    Mutant(
        "switch/dialplan/mailbox.py",
        "self.session.out.append(PaceMail(SPEEDS[self.speed], VOLUMES_DB[self.volume]))",
        "pass",
        _MAILBOXES + "TestKeys",
    ),
    Mutant(
        _SUPERVISION,
        "elif supervised.of(office, session) is not None:",
        "elif False:",
        _SUPERVISING + "TestDialled",
    ),
    Mutant(
        "switch/exchange/endings.py",
        "supervised.watcher_left(office, session, now)",
        "",
        _SUPERVISING + "TestDialled",
    ),
)
