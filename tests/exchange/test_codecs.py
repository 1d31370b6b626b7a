"""Which codec a call speaks: by the lists of the administrator, and the same at both ends where it can be."""

import re

import pytest

from switch.call.negotiation import CAPABILITY, Negotiation
from switch.exchange import codecs
from switch.media.plan import Codec, OpusSettings
from switch.sip.message import Request, Response, Uri
from tests.exchange.bench import HERE, PLAN, Bench, Phone, udp

CALLER, DESK = udp(5_060, "192.0.2.50"), udp(41_000)
OPUS = "111 opus/48000/2"
G722 = "9 G722/8000"
PCMA = "8 PCMA/8000"
PCMU = "0 PCMU/8000"


def session(*maps: str, more: str = "") -> bytes:
    """A description by a phone of these codecs, in this order."""
    numbers = " ".join(text.split()[0] for text in maps)
    lines = "".join(f"a=rtpmap:{text}\r\n" for text in maps)
    return (
        f"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
        f"m=audio 30000 RTP/AVP {numbers} 101\r\n{lines}{more}a=rtpmap:101 telephone-event/8000\r\n"
    ).encode()


def offered(message: Request | Response) -> list[str]:
    """The codecs of a description of the switch, by its rtpmap, in the order of its line."""
    text = message.body.decode()
    maps = dict(re.findall(r"a=rtpmap:(\d+) (\S+)", text))
    found = re.search(r"m=audio \d+ \S+ ([\d ]+)", text)
    assert found is not None, text
    return [maps[number] for number in found[1].split() if not maps[number].startswith("telephone")]


class Call:
    """101 calls 102 through the switch, with what each of them has in its account."""

    def __init__(self, caller: str = "{}", desk: str = "{}", centre: str = "") -> None:
        plan = PLAN.replace('"101": {}', f'"101": {caller}').replace('"102": {}', f'"102": {desk}')
        self.bench = Bench(plan=plan)
        if centre:
            settings = self.bench.exchange.office.signalling.settings
            audio = codecs.of_words(tuple(centre.split()), settings.unserved)
            self.bench.exchange.office.signalling.settings = type(settings)(audio=audio)
        self.caller = Phone(self.bench, "maple-101", instance="")
        self.caller.register(CALLER)
        self.desk = Phone(self.bench)
        self.desk.register(DESK)

    def dial(self, offer: bytes) -> Request:
        self.caller.invite(CALLER, Uri(user="102", host=HERE.host), session=offer)
        return self.bench.request(DESK, "INVITE")

    def answer(self, invite: Request, with_session: bytes) -> Response:
        self.desk.answer(DESK, invite, 200, session=with_session)
        return self.bench.response(CALLER, 200)

    @property
    def spoken(self) -> list[str]:
        return [leg.negotiation.codec_name for leg in self.bench.exchange.office.legs.values()]


def test_nothing_stated_is_g711() -> None:
    call = Call()
    invite = call.dial(session(OPUS, G722, PCMA, PCMU))
    assert offered(invite) == ["PCMU/8000", "PCMA/8000"]
    assert offered(call.answer(invite, session(PCMA))) == ["PCMA/8000"]


def test_the_order_of_an_account_is_that_of_our_offers() -> None:
    call = Call(desk="{codecs: [g722, opus, pcma]}")
    assert offered(call.dial(session("3 GSM/8000", PCMU))) == ["G722/8000", "opus/48000/2", "PCMA/8000"]


def test_the_centres_list_is_for_all_who_have_none() -> None:
    call = Call(desk="{codecs: pcma}", centre="opus pcmu")
    invite = call.dial(session(OPUS, PCMA))
    assert offered(invite) == ["PCMA/8000"]
    # The caller may speak Opus by the centre's list, and PCMA not.
    assert offered(call.answer(invite, session(PCMA))) == ["opus/48000/2"]


def test_two_ends_that_both_have_opus_speak_it() -> None:
    wide = "{codecs: [opus, g722, pcmu]}"
    call = Call(wide, wide)
    invite = call.dial(session(OPUS, PCMU, G722))
    assert offered(invite)[0] == "opus/48000/2"
    call.answer(invite, session("96 opus/48000/2"))
    assert call.spoken == ["OPUS", "OPUS"]


def test_what_the_caller_speaks_comes_first_in_the_offer_to_the_other_end() -> None:
    wide = "{codecs: [opus, g722, pcma, pcmu]}"
    call = Call(wide, wide)
    invite = call.dial(session(PCMA, PCMU))
    assert offered(invite) == ["PCMA/8000", "opus/48000/2", "G722/8000", "PCMU/8000"]


def test_what_the_other_end_answered_is_what_the_caller_gets() -> None:
    """A caller who would like Opus is answered with the codec that needs no translation."""
    call = Call("{codecs: [opus, g722, pcma]}")
    invite = call.dial(session(OPUS, G722, PCMA))
    assert offered(invite) == ["PCMU/8000", "PCMA/8000"]
    assert offered(call.answer(invite, session(PCMA))) == ["PCMA/8000"]
    assert call.spoken == ["PCMA", "PCMA"]


def test_a_caller_who_has_nothing_else_keeps_its_codec() -> None:
    """The two ends have nothing in common: the call stands, and the engine translates."""
    call = Call("{codecs: [opus, g722]}", "{codecs: [pcmu]}")
    invite = call.dial(session(OPUS))
    assert offered(call.answer(invite, session(PCMU))) == ["opus/48000/2"]
    assert sorted(call.spoken) == ["OPUS", "PCMU"]


def test_a_caller_of_codecs_that_are_not_allowed_is_refused() -> None:
    call = Call("{codecs: [g722]}")
    invite = call.dial(session(OPUS, PCMU))
    call.desk.answer(DESK, invite, 200, session=session(PCMU))
    assert '305 softswitch "Incompatible media format"' in str(
        call.bench.response(CALLER, 488).headers.get("Warning")
    )


def test_what_a_phone_asks_of_opus_is_in_its_plan() -> None:
    """RFC 7587 section 6.1."""
    asked = "a=fmtp:111 maxaveragebitrate=16000; maxplaybackrate=16000;useinbandfec=1;usedtx=1;stereo=1\r\n"
    call = Call("{codecs: [opus]}", "{codecs: [opus]}")
    invite = call.dial(session(OPUS, more=asked))
    assert "a=fmtp:111 minptime=10;useinbandfec=1\r\n" in invite.body.decode()
    call.answer(invite, session(OPUS))
    plans = {leg.role: leg.negotiation.plan() for leg in call.bench.exchange.office.legs.values()}
    assert plans["caller"].codec is Codec.OPUS
    assert plans["caller"].opus == OpusSettings(16_000, 16_000, correct=True, pause=True)
    assert plans["callee"].opus == OpusSettings()


def test_comfort_noise_that_both_sides_have_is_in_the_plans() -> None:
    call = Call("{codecs: [pcma, cn]}", "{codecs: [pcma, cn]}")
    invite = call.dial(session(PCMA, "13 CN/8000"))
    assert offered(invite) == ["PCMA/8000", "CN/8000"]
    assert offered(call.answer(invite, session(PCMA, "13 CN/8000"))) == ["PCMA/8000", "CN/8000"]
    plans = [leg.negotiation.plan() for leg in call.bench.exchange.office.legs.values()]
    assert [plan.noise_payload_type for plan in plans] == [13, 13]


@pytest.mark.parametrize(
    ("words", "unserved", "names"),
    [
        ("opus l16 opus", "", ("OPUS", "L16_16K", "L16_8K")),
        ("opus g722", "OPUS", ("G722",)),
        ("opus", "OPUS", CAPABILITY.codecs),
        ("pcma pcmu", "", ("PCMA", "PCMU")),
        ("cn", "", (*CAPABILITY.codecs, "CN")),
        ("cn opus", "OPUS", (*CAPABILITY.codecs, "CN")),
        ("pcma cn g722", "", ("PCMA", "G722", "CN")),
    ],
)
def test_a_list_is_what_can_be_served(words: str, unserved: str, names: tuple[str, ...]) -> None:
    """Without libopus there is no Opus; a list of nothing else is G.711."""
    found = codecs.of_words(tuple(words.split()), frozenset(unserved.split()))
    assert found.codecs == names


def test_the_plain_list_costs_nothing_to_choose_from() -> None:
    """G.711 alone is exchanged by table, so no offer is looked into before its time."""
    assert codecs.of_words(("pcmu", "pcma"), frozenset()) is CAPABILITY
    assert Negotiation.chooses.fget is not None
