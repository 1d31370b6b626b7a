"""Bodies of NOTIFYs: each tells the full state, so that one that was lost does no harm.

dialog-info (RFC 4235 section 4), PIDF with a note and one RPID activity (RFC 3863, RFC 4480), reginfo (RFC
3680 section 5), simple-message-summary (RFC 3842 section 5.2).
"""

from xml.sax.saxutils import escape, quoteattr

from switch.notifier.limits import CONTACTS_MAX, DIALOGS_MAX, NOTE_LENGTH_MAX
from switch.notifier.states import DialogPhase, DialogState, MessageState, PresenceState, RegistrationState

_XML = '<?xml version="1.0" encoding="UTF-8"?>\r\n'
_PIDF = "urn:ietf:params:xml:ns:pidf"


def dialog_info(state: DialogState, entity: str, version: int) -> bytes:
    """`entity` is the URI that is watched; `version` counts the NOTIFYs of one subscription from 0."""
    lines = [
        f'{_XML}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full"'
        f" entity={quoteattr(entity)}>"
    ]
    for dialog in state.dialogs[:DIALOGS_MAX]:
        names = ""
        if dialog.pickup:
            # Replaces compares tags; the name alone says which call is meant.
            names = f' call-id={quoteattr(dialog.pickup)} local-tag="phone" remote-tag="switch"'
        if dialog.phase is not DialogPhase.TERMINATED:
            names += f' direction="{"initiator" if dialog.initiator else "recipient"}"'
        lines.append(f"<dialog id={quoteattr(dialog.id)}{names}><state>{dialog.phase}</state></dialog>")
    return "\r\n".join([*lines, "</dialog-info>", ""]).encode()


def presence(state: PresenceState, entity: str, version: int) -> bytes:
    """One tuple: whether the account can be called, and what its agent does."""
    del version
    note = f"<note>{escape(state.note[:NOTE_LENGTH_MAX])}</note>" if state.note else ""
    activity = f"<rpid:activities><rpid:{state.activity}/></rpid:activities>" if state.activity else ""
    basic = "open" if state.reachable else "closed"
    return (
        f'{_XML}<presence xmlns="{_PIDF}" xmlns:dm="{_PIDF}:data-model" xmlns:rpid="{_PIDF}:rpid"'
        f" entity={quoteattr(entity)}>\r\n"
        f'<tuple id="phone"><status><basic>{basic}</basic></status>{note}</tuple>\r\n'
        f'<dm:person id="agent">{activity}{note.replace("note>", "dm:note>")}</dm:person>\r\n</presence>\r\n'
    ).encode()


def reginfo(state: RegistrationState, entity: str, version: int) -> bytes:
    """The account's registration and its contacts."""
    active = "active" if state.contacts else "terminated"
    lines = [
        f'{_XML}<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="{version}" state="full">',
        f'<registration aor={quoteattr(entity)} id="account" state="{active}">',
    ]
    for number, contact in enumerate(state.contacts[:CONTACTS_MAX]):
        attributes = f'id="c{number}" state="active" event="registered"'
        lines.append(f"<contact {attributes}><uri>{escape(contact)}</uri></contact>")
    return "\r\n".join([*lines, "</registration>", "</reginfo>", ""]).encode()


def message_summary(state: MessageState, entity: str, version: int) -> bytes:
    """Counts of voice messages; none is urgent."""
    del version
    waiting = "yes" if state.new else "no"
    return (
        f"Messages-Waiting: {waiting}\r\nMessage-Account: {entity}\r\n"
        f"Voice-Message: {state.new}/{state.old} (0/0)\r\n"
    ).encode()
