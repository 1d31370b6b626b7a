"""Bodies of NOTIFYs: well-formed whatever stands in names, bounded, and by the letter of their RFCs."""

from xml.etree import ElementTree

from switch.notifier.documents import dialog_info, message_summary, presence, reginfo
from switch.notifier.limits import DIALOGS_MAX, NOTE_LENGTH_MAX
from switch.notifier.states import (
    DialogPhase,
    DialogState,
    DialogView,
    MessageState,
    PresenceState,
    RegistrationState,
)

ENTITY = "sip:shop-101@example.com"
NASTY = "<\"&'>]]>"


def test_dialog_info() -> None:
    """RFC 4235 section 4.1."""
    state = DialogState(
        (
            DialogView("l-1", DialogPhase.EARLY, initiator=False, pickup="ringing-l-1"),
            DialogView("l-2", DialogPhase.CONFIRMED, initiator=True),
        )
    )
    root = ElementTree.fromstring(dialog_info(state, ENTITY, 7))
    assert root.tag == "{urn:ietf:params:xml:ns:dialog-info}dialog-info"
    assert (root.get("version"), root.get("state"), root.get("entity")) == ("7", "full", ENTITY)
    ringing, talking = root
    assert (ringing.get("direction"), ringing.get("call-id")) == ("recipient", "ringing-l-1")
    assert (talking.get("direction"), talking.get("call-id")) == ("initiator", None)
    assert [dialog[0].text for dialog in root] == ["early", "confirmed"]


def test_no_dialog_and_far_too_many() -> None:
    assert len(ElementTree.fromstring(dialog_info(DialogState(), ENTITY, 0))) == 0
    many = tuple(DialogView(f"l-{n}", DialogPhase.CONFIRMED, initiator=True) for n in range(100))
    assert len(ElementTree.fromstring(dialog_info(DialogState(many), ENTITY, 0))) == DIALOGS_MAX


def test_presence_is_escaped_and_bounded() -> None:
    """RFC 3863 section 4.1, RFC 4480 section 3.2."""
    body = presence(PresenceState(True, NASTY + "x" * 200, "away"), f"sip:{NASTY}@x", 0)
    root = ElementTree.fromstring(body)
    assert root.get("entity") == f"sip:{NASTY}@x"
    pidf = "{urn:ietf:params:xml:ns:pidf}"
    assert root.findtext(f"{pidf}tuple/{pidf}status/{pidf}basic") == "open"
    note = root.findtext(f"{pidf}tuple/{pidf}note") or ""
    assert note.startswith(NASTY)
    assert len(note) == NOTE_LENGTH_MAX
    assert root.find(".//{urn:ietf:params:xml:ns:pidf:rpid}away") is not None


def test_reginfo() -> None:
    """RFC 3680 section 5.1."""
    root = ElementTree.fromstring(reginfo(RegistrationState(("sip:101@192.0.2.7;x=<&>",)), ENTITY, 2))
    (registration,) = root
    assert (registration.get("aor"), registration.get("state")) == (ENTITY, "active")
    (contact,) = registration
    assert contact[0].text == "sip:101@192.0.2.7;x=<&>"
    (gone,) = ElementTree.fromstring(reginfo(RegistrationState(), ENTITY, 3))
    assert gone.get("state") == "terminated"


def test_message_summary() -> None:
    """RFC 3842 section 5.2."""
    body = message_summary(MessageState(new=2, old=8), ENTITY, 0)
    assert body.splitlines() == [
        b"Messages-Waiting: yes",
        b"Message-Account: sip:shop-101@example.com",
        b"Voice-Message: 2/8 (0/0)",
    ]
    assert message_summary(MessageState(), ENTITY, 0).startswith(b"Messages-Waiting: no")
