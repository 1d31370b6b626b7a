"""SIP without sockets: passwords, calls that end, requests that arrive once, messages that stay bounded."""

from tests.mutants.mutant import Mutant

_DIGEST = "switch/sip/digest.py"
_KEYS = "switch/sip/transaction/keys.py"
_LAYER = "switch/sip/transaction/layer.py"
_TABLES = "switch/sip/transaction/tables.py"
_MACHINES = "switch/sip/transaction/machines.py"
_DIALOG = "switch/sip/dialog.py"
_PARSING = "switch/sip/message/parsing.py"
_TRANSPORT = "switch/sip/transport.py"
_BY_DIGEST = "tests/sip/test_digest.py::"
_BY_SERVER = "tests/sip/test_layer.py::TestServer::"
_BY_ANSWERS = "tests/sip/test_layer.py::TestAnswersOfItsOwn::"
_BY_CLIENT = "tests/sip/test_layer.py::TestClient::"
_BY_THEIR_CANCEL = "tests/sip/test_layer.py::TestCancelFromThePeer::"
_BY_OUR_CANCEL = "tests/sip/test_layer.py::TestCancelOfOurs::"
_BY_DIALOG = "tests/sip/test_dialog.py::"
_BY_MESSAGE = "tests/sip/test_message.py::"
_BY_FRAMER = "tests/sip/test_transport.py::TestFramer::"
_BY_SOURCE = "tests/sip/test_transport.py::TestSource::"

DIGEST = (
    Mutant(
        _DIGEST,
        "if not (right and well_formed and key):",
        "if not (well_formed and key):",
        _BY_DIGEST + "test_what_is_bad",
    ),
    Mutant(
        _DIGEST,
        'right = hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())',
        'right = expected == given.get("response", "").lower()',
        _BY_DIGEST + "test_answers_and_nonces_are_compared_in_constant_time",
    ),
    Mutant(
        _DIGEST,
        "key or decoy,",
        "key or ha1(algorithm, username, realm, nonce),",
        _BY_DIGEST + "test_an_unknown_user_costs_the_same_hashes",
    ),
    Mutant(
        _DIGEST,
        "elif count <= last:",
        "elif count < last:",
        _BY_DIGEST + "test_a_replayed_count_is_stale",
    ),
    Mutant(
        _DIGEST,
        "return 0 <= now - int(stamp[:_NONCE_TIME_DIGITS], 16) <= self._lifetime_us",
        "return now >= int(stamp[:_NONCE_TIME_DIGITS], 16)",
        _BY_DIGEST + "test_an_old_nonce_is_stale_whatever_the_password",
    ),
    Mutant(
        _DIGEST,
        "self._forgotten_us = max(self._forgotten_us, made_at)",
        "",
        _BY_DIGEST + "test_a_full_memory_of_counts_costs_a_challenge_and_lets_no_replay_in",
    ),
    Mutant(
        _DIGEST,
        "if not hmac.compare_digest(expected.encode(), mac.encode()):",
        "if not mac:",
        _BY_DIGEST + "test_a_nonce_of_another_secret_or_realm_is_stale",
    ),
    Mutant(
        _DIGEST,
        'and given.get("realm") == realm',
        'and given.get("realm")',
        _BY_DIGEST + "test_what_is_bad",
    ),
    Mutant(
        _DIGEST,
        'and _same_target(given.get("uri", ""), request_uri)',
        'and given.get("uri", "")',
        _BY_DIGEST + "test_what_is_bad",
    ),
    Mutant(
        _DIGEST,
        "elif len(counts) > self._replay_nonces_max:",
        "elif len(counts) > 2 * self._replay_nonces_max:",
        _BY_DIGEST + "test_the_memory_of_counts_is_bounded_and_strangers_cannot_fill_it",
    ),
)

TRANSACTIONS = (
    # Ends of their own are as many turns of the loop as half the messages.
    Mutant(
        "switch/sip/transaction/machines.py",
        "return end if duration_us < COARSE_FROM_US else -(-end // COARSE_US) * COARSE_US",
        "return end",
        "tests/sip/test_tables.py::test_the_end_of_a_long_timer_is_put_off_to_a_whole_tenth_of_a_second",
    ),
    # A CANCEL that is lost keeps an agent's phone ringing for a caller who is gone.
    Mutant(
        _LAYER,
        "self._sink.outputs.append(CancelReceived(invite.key, request))",
        "",
        _BY_THEIR_CANCEL + "test_is_answered_and_told_once",
    ),
    Mutant(
        _LAYER,
        "invite.cancelled = True",
        "",
        _BY_THEIR_CANCEL + "test_is_told_once_on_a_stream_too_where_its_transaction_ends_at_once",
    ),
    Mutant(
        _LAYER,
        "if invite.state is State.PROCEEDING and not invite.cancelled:",
        "if not invite.cancelled:",
        _BY_THEIR_CANCEL + "test_comes_too_late_after_the_final_answer",
    ),
    Mutant(
        _LAYER,
        "if transaction.cancel_headers is not None:",
        "if transaction.cancel_headers:",
        _BY_OUR_CANCEL + "test_goes_without_a_reason_too",
    ),
    Mutant(
        _LAYER,
        "set_timer(invite, Input.TIMER_CANCEL, now + self._sink.timing.timeout_us, self._sink)",
        "",
        _BY_OUR_CANCEL + "test_no_final_answer_64_t1_after_it_fails_the_invite",
    ),
    # What is never given back fills the switch.
    Mutant(
        _LAYER,
        "del self._merge[merge_key]",
        "",
        _BY_ANSWERS + "test_merged_request",
    ),
    Mutant(
        _LAYER,
        "stop_timers(transaction, self._sink)",
        "",
        _BY_SERVER + "test_a_refusal_without_ack_fails",
    ),
    # Full, the switch must still let calls end.
    Mutant(
        _LAYER,
        "bound += bound // 4",
        "",
        _BY_ANSWERS + "test_overload_refuses_new_calls_and_lets_calls_end",
    ),
    Mutant(
        _LAYER,
        "elif not request.to.tag and self._merge and merge_key(request) in self._merge:",
        "elif request.to.tag and self._merge and merge_key(request) in self._merge:",
        _BY_ANSWERS + "test_merged_request",
    ),
    Mutant(
        _KEYS,
        'return f"s|{branch}|{via.sent_by}"',
        'return f"s|{branch}"',
        _BY_SERVER + "test_the_same_branch_from_another_sent_by_is_another_transaction",
    ),
    Mutant(
        _LAYER,
        "if len(vias) > 1:",
        "if len(vias) > 2:",
        _BY_ANSWERS + "test_what_gets_no_answer_is_counted",
    ),
    Mutant(
        _MACHINES,
        "return 64 * self.t1_us",
        "return 32 * self.t1_us",
        _BY_CLIENT + "test_an_invite_is_repeated_with_doubling_until_timer_b",
    ),
    Mutant(
        _TABLES,
        "(St.COMPLETED, On.RESPONSE_ERROR): (St.COMPLETED, (Do.SEND_ACK,)),",
        "(St.COMPLETED, On.RESPONSE_ERROR): (St.COMPLETED, ()),",
        _BY_CLIENT + "test_a_failed_invite_is_acknowledged_each_time_and_told_once",
    ),
    Mutant(
        _TABLES,
        "(St.ACCEPTED, On.RESPONSE_2XX): (St.ACCEPTED, (Do.PASS_RESPONSE,)),",
        "(St.ACCEPTED, On.RESPONSE_2XX): (St.ACCEPTED, ()),",
        _BY_CLIENT + "test_a_repeated_2xx_comes_up_each_time_so_that_it_can_be_acknowledged",
    ),
)

MESSAGES = (
    Mutant(
        _DIALOG,
        "if self.remote_cseq is not None and number <= self.remote_cseq:",
        "if self.remote_cseq is not None and number < self.remote_cseq:",
        _BY_DIALOG + "test_the_peers_numbers_must_rise",
    ),
    Mutant(
        _DIALOG,
        "self.route_set = tuple(reversed(response.record_routes))",
        "self.route_set = tuple(response.record_routes)",
        _BY_DIALOG + "TestAsUac::test_early_then_confirmed_learns_routes_anew",
    ),
    Mutant(
        _DIALOG,
        "self.remote_target = contact.uri",
        "",
        _BY_DIALOG + "test_target_refresh",
    ),
    Mutant(
        _PARSING,
        "message.body = body[: content_length(headers, len(body))]",
        "message.body = body",
        _BY_MESSAGE + "TestRefusals::test_status",
    ),
    Mutant(
        _PARSING,
        "if len(items) > HEADER_LINES_MAX:",
        "if len(items) > 2 * HEADER_LINES_MAX:",
        _BY_MESSAGE + "TestRefusals::test_status",
    ),
    # A line break inside a value would be a header of the peer's making in a message of ours.
    Mutant(
        "switch/sip/grammar.py",
        'return text.replace("\\r", " ").replace("\\n", " ")',
        "return text",
        "tests/sip/test_uri.py::test_a_display_name_cannot_add_a_header",
    ),
    Mutant(
        _TRANSPORT,
        "if lengths or not length.isdigit() or len(length) > 10:",
        "if not length.isdigit() or len(length) > 10:",
        _BY_FRAMER + "test_what_cannot_be_framed_breaks_the_stream",
    ),
    Mutant(
        _TRANSPORT,
        "if head + int(length) > MESSAGE_BYTES_MAX:",
        "if int(length) > 2**32:",
        _BY_FRAMER + "test_what_cannot_be_framed_breaks_the_stream",
    ),
    # Behind NAT the answer goes to where the request came from.
    Mutant(
        _TRANSPORT,
        "port = via.rport or via.port or DEFAULT_PORT",
        "port = via.port or DEFAULT_PORT",
        _BY_SOURCE + "test_the_way_back_over_udp",
    ),
    # A peer that refuses a stream gets the large request by UDP.
    Mutant(
        "switch/sip/transaction/layer.py",
        "self._fall_back(transaction, now)",
        "pass",
        "tests/sip/test_large_requests.py::test_a_refused_stream_falls_back_to_udp_as_the_same_transaction",
    ),
)

MUTANTS = DIGEST + TRANSACTIONS + MESSAGES
