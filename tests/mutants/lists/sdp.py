"""Offer and answer: audio goes where the peer listens, in a codec both know, and a hold is noticed."""

from tests.mutants.mutant import Mutant

_NEGOTIATE = "switch/sdp/negotiate.py"
_PARSE = "switch/sdp/parse.py"
_FORMATS = "switch/sdp/formats.py"
_DIRECTION = "switch/sdp/direction.py"
_SECURITY = "switch/sdp/security.py"
_CRYPTO = "switch/sdp/crypto.py"
_BY = "tests/sdp/test_negotiate.py::"
_BY_SECURITY = "tests/sdp/test_security.py::"
_BY_CRYPTO = "tests/sdp/test_crypto.py::"
_BY_PARSE = "tests/sdp/test_parse.py::"

MUTANTS = (
    # A hold that is not noticed is a caller who hears the agent's office.
    Mutant(
        _NEGOTIATE,
        "remote_holds=not stream.listens,",
        "remote_holds=False,",
        _BY + "test_directions_by_table_of_rfc_3264_section_6_1",
    ),
    Mutant(
        _NEGOTIATE,
        "remote_holds=wanted.sends and not stream.listens,",
        "remote_holds=False,",
        _BY + "test_directions_of_an_answer",
    ),
    Mutant(
        _NEGOTIATE,
        "listens=says.receives and (by_ice or host not in _UNSPECIFIED),",
        "listens=says.receives,",
        _BY + "test_hold_by_the_unspecified_address",
    ),
    Mutant(
        _NEGOTIATE,
        "ours = flow(sends=stream.listens, receives=stream.talks).within(direction)",
        "ours = flow(sends=stream.talks, receives=stream.listens).within(direction)",
        _BY + "test_directions_by_table_of_rfc_3264_section_6_1",
    ),
    Mutant(
        _NEGOTIATE,
        "codec = next((known for known in talk if known.name in capability.codecs), None)",
        "codec = next((known for known in talk if known.name), None)",
        _BY + "test_offers_that_cannot_be_served",
    ),
    Mutant(
        _NEGOTIATE,
        "receive_payload_type=numbers[stream.codec.name, stream.codec.clock_hz],",
        "receive_payload_type=stream.codec.payload_type,",
        _BY + "test_an_answerer_may_number_in_its_own_way",
    ),
    Mutant(
        _NEGOTIATE,
        "event_for(formats, codec.clock_hz) if capability.telephone_event else None,",
        "event_for(formats, codec.clock_hz),",
        "tests/sdp/test_codecs.py::test_who_takes_no_events_answers_none",
    ),
    Mutant(
        _NEGOTIATE,
        "lines = [_declined(line) for line in offer.media]",
        "lines = list(offer.media)",
        _BY + "test_the_first_usable_audio_line_is_taken_and_the_others_declined",
    ),
    Mutant(
        _NEGOTIATE,
        "if same_but_version(previous, revised):",
        "if previous is revised:",
        _BY + "test_a_repeated_offer_gets_the_same_answer_and_a_changed_one_the_next_version",
    ),
    Mutant(
        _NEGOTIATE,
        "if address.is_multicast or address.version != ip_address(local_host).version:",
        "if address.version != ip_address(local_host).version:",
        _BY + "test_offers_that_cannot_be_served",
    ),
    Mutant(
        _FORMATS,
        "if name in ENCODINGS or (clock_hz, channels) != (NARROW_CLOCK_HZ, 1):",
        "if False:",
        _BY + "test_offers_that_cannot_be_served",
    ),
    Mutant(
        _FORMATS,
        "if payload_type not in maps:",
        "if payload_type in STATIC_NAMES:",
        _BY + "test_an_explicit_map_wins_over_the_static_table",
    ),
    Mutant(
        _FORMATS,
        "wanted = min(wanted, longest, _PTIME_MS_MAX)",
        "wanted = min(wanted, _PTIME_MS_MAX)",
        _BY + "test_packet_time",
    ),
    Mutant(
        _PARSE,
        "if number(port) > 65_535:",
        "if number(port) > 65_536:",
        _BY_PARSE + "test_what_is_wrong_is_said_with_its_line",
    ),
    Mutant(
        _PARSE,
        "if len(lines) > LINES_MAX:",
        "if len(lines) > 2 * LINES_MAX:",
        _BY_PARSE + "test_every_size_is_bounded",
    ),
    Mutant(
        _SECURITY,
        "if sent is None or (ours is not None and ours.suite == line.suite):",
        "if True:",
        _BY_SECURITY + "test_an_answer_may_only_take_a_key_that_was_offered",
    ),
    Mutant(
        _SECURITY,
        "if ufrag and (password is None or not _ICE_TEXT.fullmatch(ufrag)):",
        "if False:",
        _BY_SECURITY + "test_handshakes_that_cannot_be",
    ),
    Mutant(
        _SECURITY,
        "if found is not None and found[1].lower() in FINGERPRINT_ALGORITHMS:",
        "if found is not None:",
        _BY_SECURITY + "test_handshakes_that_cannot_be",
    ),
    Mutant(
        _SECURITY,
        'return Dtls(*fingerprint, we_connect=setup == "passive", remote_ufrag=ufrag)',
        'return Dtls(*fingerprint, we_connect=setup != "active", remote_ufrag=ufrag)',
        _BY_SECURITY + "test_a_browsers_offer_is_answered_as_a_lite_agent",
    ),
    Mutant(
        _CRYPTO,
        'if not all(_HARMLESS.fullmatch(word) for word in (parameters or "").split()):',
        "if False:",
        _BY_CRYPTO + "test_lines_that_cannot_be_taken",
    ),
    Mutant(
        _CRYPTO,
        "return Crypto(int(tag), suite, key) if len(key) == SUITE_KEY_BYTES[suite] else None",
        "return Crypto(int(tag), suite, key)",
        _BY_CRYPTO + "test_lines_that_cannot_be_taken",
    ),
    Mutant(
        _NEGOTIATE,
        "codec = next((known for known in talk if known.name == capability.wanted), codec)",
        "codec = next((known for known in talk if known.name == capability.codecs[0]), codec)",
        "tests/sdp/test_codecs.py::test_what_the_other_end_wants_beats_the_offerers_order_where_it_is_offered",
    ),
    Mutant(
        _NEGOTIATE,
        "taken = set(numbers.values())",
        "taken: set[int] = set()",
        "tests/sdp/test_codecs.py::test_a_later_offer_keeps_the_codec_and_the_numbers_of_the_dialog",
    ),
)
