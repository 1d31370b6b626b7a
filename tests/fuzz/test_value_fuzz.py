"""Every value that a stranger may write, broken in every way: only a PeerError comes out of its reader.

The corpus is our own (`corpus/`): a value a line, hexadecimal in STUN and certificates; `.sdp` files are
whole descriptions. `SIP_FUZZ_ITERATIONS` and `SIP_FUZZ_SEED` make it longer or replay a failure:
    SIP_FUZZ_SEED=7 SIP_FUZZ_ITERATIONS=100000 pytest tests/fuzz/test_value_fuzz.py -k replaces
"""

import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from switch.base.errors import PeerError
from switch.base.rng import SplitMix64
from switch.call import refer, session_timer
from switch.call.requests import info_digit
from switch.call.settings import DEFAULTS
from switch.exchange.understanding import open_body
from switch.net import stun
from switch.notifier.documents import dialog_info, message_summary, presence, reginfo
from switch.notifier.packages import event_of
from switch.notifier.states import (
    DialogPhase,
    DialogState,
    DialogView,
    MessageState,
    PresenceState,
    RegistrationState,
)
from switch.registrar.contacts import read_contacts, read_path
from switch.registrar.gruu import Gruus
from switch.registrar.values import RegistrarLimits
from switch.sdp.audio import AudioCapability, NoAgreement
from switch.sdp.negotiate import Terms, accept_answer, answer_offer, build_offer
from switch.sdp.parse import parse as parse_sdp
from switch.sdp.security import Encryption, LocalSecurity
from switch.sip import digest
from switch.sip.dialog_reference import DialogReference, replaces_of
from switch.sip.message import NameAddr, Request, Uri, Via
from switch.sip.message.multipart import parts
from switch.trunk.caller import CallerSettings, IdentityHeader, read_caller
from switch.trunk.forwarding import read_forwardings
from switch.trunk.stir import certificates, identity_header
from tests.fuzz.test_sip_fuzz import ITERATIONS, SEED, mutated
from tests.sip.samples import UDP

CORPUS = Path(__file__).with_name("corpus")
NEIGHBOURS = int(os.environ.get("SIP_FUZZ_ITERATIONS", "0")) // 10 or 400
"""Iterations where one is dear: a description is answered four times."""

_LOCAL = LocalSecurity(bytes(32), ":".join(["AB"] * 32), "ufrag", "password-of-22-letters")
_TERMS = [Terms(encryption, _LOCAL) for encryption in Encryption]
_CAPABILITY = AudioCapability()
_HOST = "192.0.2.1"
_CHALLENGER = digest.Challenger(b"0123456789abcdef")
_GRUUS = Gruus(bytes(32))
_CALLER = CallerSettings((IdentityHeader.PAI, IdentityHeader.RPID, IdentityHeader.PPI, IdentityHeader.FROM))


def _request(*headers: tuple[str, str], body: bytes = b"") -> Request:
    fields = [
        ("Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1"),
        ("From", "<sip:a@192.0.2.10>;tag=a"),
        ("To", "<sip:b@192.0.2.1>"),
        ("Call-ID", "c"),
        ("CSeq", "1 INVITE"),
        *headers,
    ]
    return Request("INVITE", Uri(host=_HOST), fields, body)


def _uri(text: str) -> None:
    uri = Uri.parse(text)
    assert Uri.parse(str(uri)) == uri
    _GRUUS.read(uri)
    replaces_of(uri)


def _name_addr(text: str) -> None:
    value = NameAddr.parse(text)
    assert NameAddr.parse(str(value)) == value
    request = _request(("Contact", text), ("Path", text), ("Refer-To", text), ("Referred-By", text))
    refer.read(request)
    read_path(request, RegistrarLimits())
    read_contacts(request, UDP, RegistrarLimits())


def _via(text: str) -> None:
    via = Via.parse(text)
    assert Via.parse(str(via)) == via


def _digest(text: str) -> None:
    _CHALLENGER.verify(text, "INVITE", "sip:h", lambda _: None, "softswitch", 0)
    challenge = digest.best_challenge([text])
    if challenge is not None:
        digest.answer(challenge, "INVITE", "sip:h", "maple", "secret", "cn")


def _replaces(text: str) -> None:
    for read in (DialogReference.parse_replaces, DialogReference.parse_target_dialog):
        try:
            read(text)
        except PeerError:
            continue


def _session_timer(text: str) -> None:
    request = _request(("Session-Expires", text), ("Min-SE", text), ("Supported", "timer"))
    session_timer.refusal(request, DEFAULTS)
    session_timer.accepted(request, DEFAULTS, None, 0)
    response = request.make_response(422, headers=[("Min-SE", text), ("Session-Expires", text)])
    session_timer.longer(response, 90)
    session_timer.agreed(response, None, 0)


def _event(text: str) -> None:
    event_of(text)
    info_digit(_request(("Content-Type", "application/dtmf-relay"), body=b"Signal=" + text.encode()))


def _history(text: str) -> None:
    headers = ("Diversion", "History-Info", "P-Asserted-Identity", "Remote-Party-ID", "Privacy")
    for name in headers:
        request = _request((name, text))
        read_forwardings(request, str)
        read_caller(_CALLER, request, str)


def _multipart(text: str) -> None:
    kind, _, body = text.partition("|")
    content = body.replace("\\r\\n", "\r\n").encode()
    parts(kind, content)
    open_body(_request(("Content-Type", kind), body=content))


def _identity(text: str) -> None:
    identity_header.choose([text])


def _tn_auth_list(data: bytes) -> None:
    certificates.covers(data, "33612345678")


def _stun(data: bytes) -> None:
    answer = stun.answer(data, "2001:db8::1", 5060)
    # Somebody else's address may stand in the source: nobody is hit by much more than was spent.
    assert answer is None or len(answer) <= 3 * len(data) + 48


TEXTS: dict[str, Callable[[str], None]] = {
    "uri": _uri,
    "name_addr": _name_addr,
    "via": _via,
    "digest": _digest,
    "replaces": _replaces,
    "session_timer": _session_timer,
    "event": _event,
    "history": _history,
    "multipart": _multipart,
    "identity": _identity,
}
BYTES: dict[str, Callable[[bytes], None]] = {"stun": _stun, "tn_auth_list": _tn_auth_list}


def _lines(name: str) -> list[str]:
    return (CORPUS / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize("name", TEXTS)
def test_a_broken_text_is_the_peers_mistake_and_nothing_else(name: str) -> None:
    rng, read = SplitMix64(SEED), TEXTS[name]
    seeds = [line.encode() for line in _lines(name)]
    for iteration in range(ITERATIONS // 3):
        data = mutated(rng, seeds[rng.below(len(seeds))], seeds[rng.below(len(seeds))])
        text = data.decode("utf-8", "replace") if rng.chance(1, 2) else data.decode("latin-1")
        # The message parser has joined folded lines before anybody sees a value.
        text = text.replace("\r", " ").replace("\n", " ")
        try:
            read(text)
        except PeerError:
            continue
        except Exception as error:
            pytest.fail(f"SIP_FUZZ_SEED={SEED} -k {name}, iteration {iteration}: {error!r} on {text!r}")


@pytest.mark.parametrize("name", TEXTS)
def test_the_corpus_is_understood(name: str) -> None:
    """A corpus that is refused from the start would exercise nothing."""
    understood = 0
    for line in _lines(name):
        try:
            TEXTS[name](line)
        except PeerError:
            continue
        understood += 1
    assert understood, name


@pytest.mark.parametrize("name", BYTES)
def test_broken_bytes_are_the_peers_mistake_and_nothing_else(name: str) -> None:
    rng, read = SplitMix64(SEED), BYTES[name]
    seeds = [bytes.fromhex(line) for line in _lines(name)]
    for iteration in range(ITERATIONS):
        data = mutated(rng, seeds[rng.below(len(seeds))], seeds[rng.below(len(seeds))])
        if rng.chance(1, 2) and len(data) >= 20:
            # STUN with a length that fits: the parser goes further.
            data = data[: len(data) // 4 * 4]
            data = data[:2] + (len(data) - 20).to_bytes(2, "big") + data[4:]
        try:
            read(data)
        except PeerError:
            continue
        except Exception as error:
            pytest.fail(f"SIP_FUZZ_SEED={SEED} -k {name}, iteration {iteration}: {error!r} on {data.hex()}")


def _session(data: bytes) -> None:
    """Read it, answer it, take it for an answer; what we write is read again and says the same."""
    session = parse_sdp(data)
    again = parse_sdp(session.to_bytes())
    assert again.to_bytes() == session.to_bytes()
    for terms in _TERMS:
        found = answer_offer(session, _HOST, 20_000, 1, 1, _CAPABILITY, terms=terms)
        if not isinstance(found, NoAgreement):
            answer = parse_sdp(found[0].to_bytes())
            assert len(answer.media) == len(session.media)
        offer = build_offer(_HOST, 20_000, 1, 1, _CAPABILITY, terms=terms)
        accept_answer(offer, session, terms)


def test_a_broken_session_description_is_the_peers_mistake() -> None:
    rng = SplitMix64(SEED)
    seeds = [path.read_bytes().replace(b"\n", b"\r\n") for path in sorted(CORPUS.glob("*.sdp"))]
    for seed in seeds:
        _session(seed)
    for iteration in range(NEIGHBOURS):
        data = mutated(rng, seeds[rng.below(len(seeds))], seeds[rng.below(len(seeds))])
        try:
            _session(data)
        except PeerError:
            continue
        except Exception as error:
            pytest.fail(f"SIP_FUZZ_SEED={SEED} -k session, iteration {iteration}: {error!r} on {data!r}")


def test_documents_are_xml_whatever_is_named_in_them() -> None:
    """What phones and people are called must not end an element of a NOTIFY's body."""
    rng, seeds = SplitMix64(SEED), [b'"<a>&amp;]]>', b"Anna's <note>", "Élodie \U0001f4de".encode()]
    for _ in range(NEIGHBOURS):
        # As it comes out of a message or of YAML: no controls, which XML cannot say.
        data = mutated(rng, seeds[rng.below(len(seeds))], seeds[rng.below(len(seeds))])
        text = "".join(c for c in data.decode("utf-8", "replace") if c.isprintable())
        view = DialogView(text, DialogPhase.EARLY, initiator=True, pickup=text)
        documents = (
            dialog_info(DialogState((view,)), text, 1),
            presence(PresenceState(reachable=True, note=text), text, 1),
            reginfo(RegistrationState((text,)), text, 1),
        )
        for document in documents:
            root = ElementTree.fromstring(document)
            assert text in {*(value for node in root.iter() for value in node.attrib.values())}, document
        assert message_summary(MessageState(1, 2), text, 1)
