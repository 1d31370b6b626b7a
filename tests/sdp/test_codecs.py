"""Codecs beyond G.711 in descriptions: RFC 3551 (G722, L16), RFC 7587 (Opus), and events at their clocks."""

import pytest

from switch.sdp.audio import Agreement, AudioCapability, NoAgreement
from switch.sdp.codecs import OpusWishes, opus_wishes
from switch.sdp.negotiate import accept_answer, answer_offer, build_offer
from switch.sdp.parse import parse
from switch.sdp.session import Session

ALL = AudioCapability(("OPUS", "G722", "L16_16K", "L16_8K", "PCMA", "PCMU"))
HOST, PORT = "198.51.100.1", 20_000

BROWSER = (
    "111 63 9 0 8 13 110 126",
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n"
    "a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n"
    "a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n",
)
"""What Chromium lists."""


def peer(formats: str, lines: str = "") -> Session:
    text = (
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        f"m=audio 30000 RTP/AVP {formats}\r\n{lines}"
    )
    return parse(text.encode())


def answered(capability: AudioCapability, formats: str, lines: str = "") -> tuple[str, Agreement]:
    outcome = answer_offer(peer(formats, lines), HOST, PORT, 1, 1, capability)
    assert not isinstance(outcome, NoAgreement), outcome
    return outcome[0].to_bytes().decode(), outcome[1]


def test_an_offer_of_everything() -> None:
    text = build_offer(HOST, PORT, 1, 1, ALL).to_bytes().decode()
    assert "m=audio 20000 RTP/AVP 111 9 96 97 8 0 101 100 110\r\n" in text
    for line in (
        "rtpmap:111 opus/48000/2",
        "fmtp:111 minptime=10;useinbandfec=1",
        "rtpmap:9 G722/8000",
        "rtpmap:96 L16/16000",
        "rtpmap:97 L16/8000",
        "rtpmap:101 telephone-event/8000",
        "rtpmap:100 telephone-event/16000",
        "rtpmap:110 telephone-event/48000",
    ):
        assert f"a={line}\r\n" in text, line


def test_a_browser_gets_opus_and_events_of_its_clock() -> None:
    """RFC 4733 section 2.1: the clock of the events is that of the audio beside them."""
    text, agreement = answered(ALL, *BROWSER)
    assert (agreement.codec, agreement.payload_type, agreement.dtmf_payload_type) == ("OPUS", 111, 110)
    assert agreement.opus == OpusWishes(correct=True)
    assert "m=audio 20000 RTP/AVP 111 110\r\n" in text
    assert "a=rtpmap:110 telephone-event/48000\r\n" in text


def test_a_browser_gets_g722_and_events_of_8000_hz() -> None:
    """G.722's clock is 8000 (RFC 3551 section 4.5.2)."""
    text, agreement = answered(AudioCapability(("G722", "PCMU")), *BROWSER)
    assert (agreement.codec, agreement.payload_type, agreement.dtmf_payload_type) == ("G722", 9, 126)
    assert agreement.opus is None
    assert "a=rtpmap:9 G722/8000\r\n" in text


def test_opus_with_events_of_8000_hz_alone_takes_those() -> None:
    lines = "a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"
    _, agreement = answered(ALL, "96 101", lines)
    assert (agreement.codec, agreement.dtmf_payload_type) == ("OPUS", 101)


def test_who_takes_no_events_answers_none() -> None:
    text, agreement = answered(AudioCapability(("PCMU",), telephone_event=False), *BROWSER)
    assert agreement.dtmf_payload_type is None
    assert "telephone-event" not in text


def test_events_of_a_clock_that_goes_with_nothing_are_left_out() -> None:
    _, agreement = answered(ALL, "0 110", "a=rtpmap:110 telephone-event/48000\r\n")
    assert (agreement.codec, agreement.dtmf_payload_type) == ("PCMU", None)


@pytest.mark.parametrize("rtpmap", ["opus/48000", "opus/16000/2", "opus/48000/1", "L16/44100", "L16/16000/2"])
def test_a_codec_of_another_clock_or_channels_is_another_codec(rtpmap: str) -> None:
    outcome = answer_offer(peer("96", f"a=rtpmap:96 {rtpmap}\r\n"), HOST, PORT, 1, 1, ALL)
    assert isinstance(outcome, NoAgreement)


def test_names_are_read_in_any_case() -> None:
    """RFC 8866 section 6.6: encoding names are not case-sensitive."""
    assert answered(ALL, "96", "a=rtpmap:96 OPUS/48000/2\r\n")[1].codec == "OPUS"
    assert answered(ALL, "96", "a=rtpmap:96 l16/16000/1\r\n")[1].codec == "L16_16K"


def test_what_the_other_end_wants_beats_the_offerers_order_where_it_is_offered() -> None:
    for wanted, expected in (("PCMA", "PCMA"), ("G722", "G722"), ("L16_8K", "OPUS"), ("", "OPUS")):
        capability = AudioCapability(ALL.codecs, wanted=wanted)
        assert answered(capability, *BROWSER)[1].codec == expected


def test_what_the_other_end_wants_comes_first_in_an_offer() -> None:
    capability = AudioCapability(("OPUS", "PCMA", "PCMU"), wanted="PCMU")
    assert "RTP/AVP 0 111 8 " in build_offer(HOST, PORT, 1, 1, capability).to_bytes().decode()
    refused = AudioCapability(("OPUS", "PCMA"), wanted="PCMU")
    assert "RTP/AVP 111 8 " in build_offer(HOST, PORT, 1, 1, refused).to_bytes().decode()


def test_an_answer_in_the_peers_numbers() -> None:
    """RFC 3264 section 6.1: we send with the answerer's numbers and hear our own."""
    offer = build_offer(HOST, PORT, 1, 1, ALL)
    lines = "a=rtpmap:100 opus/48000/2\r\na=fmtp:100 usedtx=1\r\na=rtpmap:99 telephone-event/48000\r\n"
    agreement = accept_answer(offer, peer("100 99", lines))
    assert isinstance(agreement, Agreement)
    assert (agreement.codec, agreement.payload_type, agreement.receive_payload_type) == ("OPUS", 100, 111)
    assert (agreement.dtmf_payload_type, agreement.receive_dtmf_payload_type) == (99, 110)
    assert agreement.opus == OpusWishes(pause=True)


def test_an_answer_with_events_that_were_not_offered_has_none() -> None:
    offer = build_offer(HOST, PORT, 1, 1, AudioCapability(("PCMU",)))
    agreement = accept_answer(offer, peer("0 99", "a=rtpmap:99 telephone-event/48000\r\n"))
    assert isinstance(agreement, Agreement)
    assert agreement.dtmf_payload_type is agreement.receive_dtmf_payload_type is None


def test_a_later_offer_keeps_the_codec_and_the_numbers_of_the_dialog() -> None:
    """RFC 3264 section 8.3.2. The peer's 101 was Opus, so our event of 8000 Hz must find another number."""
    outcome = answer_offer(peer("101", "a=rtpmap:101 opus/48000/2\r\n"), HOST, PORT, 1, 1, ALL)
    assert not isinstance(outcome, NoAgreement)
    text = build_offer(HOST, PORT, 1, 1, ALL, previous=outcome[0]).to_bytes().decode()
    assert "m=audio 20000 RTP/AVP 101 9 96 97 8 0 102 100 110\r\n" in text
    assert "a=rtpmap:101 opus/48000/2\r\n" in text
    assert "a=rtpmap:102 telephone-event/8000\r\n" in text


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("", OpusWishes()),
        ("useinbandfec=1", OpusWishes(correct=True)),
        ("useinbandfec=0;usedtx=1", OpusWishes(pause=True)),
        (" maxaveragebitrate = 24000 ; MAXPLAYBACKRATE=16000;stereo=1", OpusWishes(24_000, 16_000)),
        ("maxaveragebitrate=5999;maxplaybackrate=7999", OpusWishes()),
        ("maxaveragebitrate=510001;maxplaybackrate=96000", OpusWishes()),
        ("maxaveragebitrate=" + "9" * 5_000, OpusWishes()),
        ("maxaveragebitrate=-1;maxplaybackrate=0x10;;;=;usedtx", OpusWishes()),
        ("usedtx=1;usedtx=0", OpusWishes(pause=True)),
        ("maxaveragebitrate=\u0663\u0663\u0663\u0663\u0663", OpusWishes()),
    ],
)
def test_what_a_peer_says_of_opus(parameters: str, expected: OpusWishes) -> None:
    """RFC 7587 section 6.1; what is out of its range says nothing."""
    assert opus_wishes(parameters) == expected


@pytest.mark.parametrize(
    ("attribute", "ms"), [("ptime:60", 60), ("ptime:10", 10), ("maxptime:40", 20), ("ptime:120", 60)]
)
def test_packet_times_of_opus(attribute: str, ms: int) -> None:
    assert answered(ALL, "96", f"a=rtpmap:96 opus/48000/2\r\na={attribute}\r\n")[1].ptime_ms == ms


NOISY = AudioCapability(("PCMA", "OPUS", "CN"))


def test_comfort_noise_is_agreed_on_beside_a_codec_of_its_clock() -> None:
    """RFC 3389 section 4: type 13, static, at 8000 Hz; it is never the codec, wherever the peer lists it."""
    text, agreement = answered(NOISY, "13 8 101", "a=rtpmap:101 telephone-event/8000\r\n")
    assert (agreement.codec, agreement.noise_payload_type) == ("PCMA", 13)
    assert "m=audio 20000 RTP/AVP 8 13 101\r\n" in text
    assert "a=rtpmap:13 CN/8000\r\n" in text
    text, agreement = answered(NOISY, "111 13", "a=rtpmap:111 opus/48000/2\r\n")
    assert (agreement.codec, agreement.noise_payload_type) == ("OPUS", None)
    assert "13" not in text.partition("m=audio")[2]
    assert answered(ALL, "8 13")[1].noise_payload_type is None
    assert isinstance(answer_offer(peer("13"), HOST, PORT, 1, 1, NOISY), NoAgreement)


def test_comfort_noise_is_offered_last_and_taken_if_it_is_answered() -> None:
    offer = build_offer(HOST, PORT, 1, 1, AudioCapability(("CN", "PCMA", "PCMU")))
    assert "m=audio 20000 RTP/AVP 8 0 13 101\r\n" in offer.to_bytes().decode()
    for formats, wanted in (("8 13", 13), ("8", None), ("13 8", 13)):
        agreement = accept_answer(offer, peer(formats))
        assert isinstance(agreement, Agreement)
        assert (agreement.codec, agreement.noise_payload_type) == ("PCMA", wanted)
