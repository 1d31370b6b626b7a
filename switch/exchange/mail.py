"""Mailboxes: what lies in them, and what is done with it.

The files on the disk are the truth; this index is read from them at the start and follows what is recorded,
heard and deleted from then on. Reading and deleting files is the node's: it is asked by the values below,
and says of each read how it went.
"""

from dataclasses import dataclass, field

from switch.dialplan.events import MailboxOpened, MailboxStatus, MailItem, MailReady, NameTaken
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import room_events

FOLDER = "messages"
"""Below the tenant's, with a folder a mailbox."""

NAMES = "names"
"""Likewise, of names that callers said: each file is deleted once it was read."""

NAME_S_MAX = 4
NAME_SILENCE_MS = 1_200
"""Behind a name, so that nobody has to press a key."""

NAME_MS_MIN = 300
"""Less is a breath."""

BRIEF_MS = 1_000
"""A caller who hangs up at the beep leaves no message."""

MAILBOXES_MAX = 1_000
"""Of all tenants, with messages; further ones take messages, which are listed after a restart."""


@dataclass(frozen=True, slots=True)
class MailOrder:
    """What the node is asked. `path` is relative to the folder of recordings, without its ending."""

    path: str


@dataclass(frozen=True, slots=True)
class ReadMail(MailOrder):
    """Make a clip of it; `Exchange.mail_read` follows, with this number."""

    number: int


@dataclass(frozen=True, slots=True)
class LetGo(MailOrder):
    """The clip of this file is played no more; `path` is the clip's name here."""


@dataclass(frozen=True, slots=True)
class MarkFile(MailOrder):
    """It is new, or is not."""

    new: bool


@dataclass(frozen=True, slots=True)
class DeleteFile(MailOrder):
    """For good."""


@dataclass(slots=True)
class Letter:
    """One message."""

    path: str
    left_wall_us: int
    duration_ms: int
    new: bool = True


@dataclass(slots=True)
class MailBook:
    """`reads` under way: the call and the path by number; `clips` are those that calls play."""

    boxes: dict[tuple[str, str], dict[str, Letter]] = field(default_factory=dict)
    reads: dict[int, tuple[str, str]] = field(default_factory=dict)
    clips: dict[str, str] = field(default_factory=dict)
    begun: int = 0

    def letters(self, tenant: str, mailbox: str) -> list[Letter]:
        """New ones first, each kind the oldest first."""
        found = self.boxes.get((tenant, mailbox), {}).values()
        return sorted(found, key=lambda letter: (not letter.new, letter.left_wall_us, letter.path))

    def counts(self, tenant: str, mailbox: str) -> tuple[int, int]:
        """New and old."""
        found = self.boxes.get((tenant, mailbox), {}).values()
        new = sum(letter.new for letter in found)
        return new, len(found) - new


def book(office: Office) -> MailBook:
    if office.mail is None:
        office.mail = MailBook()
    return office.mail


def load(office: Office, letters: list[Letter]) -> None:
    """What the disk holds at the start."""
    for letter in letters:
        _put(office, letter)


def _put(office: Office, letter: Letter) -> tuple[str, str] | None:
    tenant, folder, mailbox, _ = letter.path.split("/", 3)
    assert folder == FOLDER, letter.path
    boxes = book(office).boxes
    if (tenant, mailbox) not in boxes and len(boxes) >= MAILBOXES_MAX:
        return None
    boxes.setdefault((tenant, mailbox), {})[letter.path] = letter
    return tenant, mailbox


def arrived(office: Office, path: str, duration_ms: int, now: int) -> None:
    """A file of a mailbox is closed."""
    if duration_ms < BRIEF_MS:
        office.outputs.append(DeleteFile(path))
        return
    box = _put(office, Letter(path, office.journal.wall(now) - 1_000 * duration_ms, duration_ms))
    if box is not None:
        _changed(office, *box)


def is_message(path: str) -> bool:
    return path.split("/", 2)[1:2] == [FOLDER]


def is_name(path: str) -> bool:
    return path.split("/", 2)[1:2] == [NAMES]


def name_said(office: Office, session: Session | None, path: str, *, said: bool) -> None:
    """The file of a name is closed; `NameTaken` follows, at once where there is nothing to read."""
    if said and session is not None and session.interpreter is not None:
        _read(office, session, path)
        return
    office.outputs.append(DeleteFile(path))
    if session is not None:
        office.tell_flow(session, NameTaken(""))


# What flows ask.


def status(office: Office, session: Session, mailbox: str) -> None:
    office.tell_flow(session, MailboxStatus(sum(book(office).counts(session.tenant, mailbox))))


def opened(office: Office, session: Session, mailbox: str) -> None:
    letters = book(office).letters(session.tenant, mailbox)
    items = tuple(MailItem(letter.path, letter.left_wall_us, letter.new) for letter in letters)
    office.tell_flow(session, MailboxOpened(items))


def fetch(office: Office, session: Session, mailbox: str, path: str) -> None:
    """`MailReady` follows when it is read; at once where it is not there any more."""
    held = book(office)
    let_go(office, session)
    if path not in held.boxes.get((session.tenant, mailbox), {}):
        office.tell_flow(session, MailReady(path, ""))
        return
    _read(office, session, path)


def _read(office: Office, session: Session, path: str) -> None:
    held = book(office)
    held.begun += 1
    held.reads[held.begun] = session.call.id, path
    office.outputs.append(ReadMail(path, held.begun))


def read(office: Office, number: int, clip: str, *, gone: bool) -> None:
    """The node has read it (`clip` names it), or could not; `gone`: there is no such file."""
    held = book(office)
    call, path = held.reads.pop(number)
    if is_name(path):
        office.outputs.append(DeleteFile(path))
    elif gone:
        forget(office, path)
    session = office.sessions.get(call)
    if session is None or session.interpreter is None:
        if clip:
            office.outputs.append(LetGo(clip))
        return
    if clip:
        let_go(office, session)
        held.clips[call] = clip
    office.tell_flow(session, NameTaken(clip) if is_name(path) else MailReady(path, clip))


def let_go(office: Office, session: Session) -> None:
    """The call plays no message any more."""
    clip = None if office.mail is None else office.mail.clips.pop(session.call.id, None)
    if clip is not None:
        office.outputs.append(LetGo(clip))


def move(office: Office, giver: Session, taker: Session) -> None:
    """The flow that serves `giver` serves `taker` from now on."""
    if office.mail is None:
        return
    clip = office.mail.clips.pop(giver.call.id, None)
    if clip is not None:
        office.mail.clips[taker.call.id] = clip
    for number, (call, path) in office.mail.reads.items():
        if call == giver.call.id:
            office.mail.reads[number] = taker.call.id, path


def mark(office: Office, tenant: str, mailbox: str, path: str, *, new: bool) -> None:
    letter = book(office).boxes.get((tenant, mailbox), {}).get(path)
    if letter is not None and letter.new != new:
        letter.new = new
        office.outputs.append(MarkFile(path, new))
        _changed(office, tenant, mailbox)


def delete(office: Office, path: str, now: int, reason: str = "asked") -> bool:
    """False where there is no such message."""
    if not forget(office, path):
        return False
    tenant = path.split("/", 1)[0]
    office.journal.write(room_events.RecordingDeleted(path, reason), now, tenant=tenant)
    office.outputs.append(DeleteFile(path))
    return True


def forget(office: Office, path: str) -> bool:
    """Its file is gone."""
    if not is_message(path) or path.count("/") < 3:
        return False
    tenant, _, mailbox, _ = path.split("/", 3)
    boxes = book(office).boxes
    letters = boxes.get((tenant, mailbox), {})
    if letters.pop(path, None) is None:
        return False
    if not letters:
        del boxes[tenant, mailbox]
    _changed(office, tenant, mailbox)
    return True


def _changed(office: Office, tenant: str, mailbox: str) -> None:
    """The lamps of the accounts whose mailbox it is."""
    tenancy = office.parts.tenancies.get(tenant)
    if office.watching is not None and tenancy is not None:
        for account in tenancy.plan.accounts.values():
            if account.mailbox == mailbox:
                office.watching.mail_changed(tenant, account.name)
