"""SIP's sockets: a flood sheds what can wait, nobody holds a connection for ever, every end is told."""

from tests.mutants.mutant import Mutant

_CONNECTIONS = "switch/net/connections.py"
_INTAKE = "switch/net/intake.py"
_NETWORK = "switch/net/network.py"
_OVERLOAD = "switch/net/overload.py"
_STREAMS = "switch/net/streams.py"
_STUN = "switch/net/stun.py"
_TLS = "switch/net/tls.py"
_UDP = "switch/net/udp.py"
_BY_UDP = "tests/net/test_datagrams.py::"
_BY_STREAMS = "tests/net/test_streams.py::"
_BY_TLS = "tests/net/test_tls.py::"
_BY_OVERLOAD = "tests/net/test_overload.py::"

MUTANTS = (
    Mutant(
        _UDP,
        "if self._socket is None or not 0 < remote.port <= PORT_MAX:",
        "if self._socket is None:",
        _BY_UDP + "test_an_address_that_no_socket_takes_is_counted_and_the_next_message_goes",
    ),
    # A hostile Contact would stop the whole switch for a resolver's time-out.
    Mutant(
        _UDP,
        'socket.inet_pton(self._family, remote.host.partition("%")[0])',
        "pass",
        _BY_UDP + "test_an_address_that_no_socket_takes_is_counted_and_the_next_message_goes",
    ),
    Mutant(
        _UDP,
        "if last or error.errno not in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH):",
        "if True:",
        _BY_UDP + "test_a_datagram_that_nobody_took_fails_its_transaction_and_no_other",
    ),
    Mutant(
        _UDP,
        'if branch is not None and self._receiver is not None and not quote.startswith(b"SIP/2.0 "):',
        "if branch is not None and self._receiver is not None:",
        _BY_UDP + "test_a_datagram_that_nobody_took_fails_its_transaction_and_no_other",
    ),
    Mutant(_UDP, "if data == _PING:", "if True:", _BY_UDP + "test_keepalives_end_in_the_socket"),
    Mutant(
        _NETWORK,
        "elif self._receiver is not None:",
        "elif self._receiver is None:",
        _BY_UDP + "test_a_flow_of_no_listener_fails",
    ),
    Mutant(
        _INTAKE,
        "if depth >= QUEUE_SOFT and (depth >= QUEUE_HARD or opens_something(data)):",
        "if depth >= QUEUE_SOFT:",
        _BY_OVERLOAD + "test_the_queue_is_bounded_even_before_the_level_rises",
    ),
    Mutant(
        _INTAKE,
        "if depth >= QUEUE_SOFT and (depth >= QUEUE_HARD or opens_something(data)):",
        "if depth >= QUEUE_SOFT and opens_something(data):",
        _BY_OVERLOAD + "test_the_queue_is_bounded_even_before_the_level_rises",
    ),
    Mutant(
        _INTAKE,
        "if now >= end:",
        "if False:",
        _BY_OVERLOAD + "test_work_leaves_room_for_the_rest_of_the_loop",
    ),
    Mutant(
        _INTAKE,
        "send_at = clock() + SEND_S",
        "send_at = end",
        _BY_OVERLOAD + "test_what_messages_led_to_is_sent_while_others_still_wait",
    ),
    Mutant(
        _OVERLOAD,
        "return self.level >= Level.BUSY and not in_dialog(data)",
        "return self.level >= Level.BUSY",
        _BY_OVERLOAD + "test_what_belongs_to_a_call_that_stands_is_never_shed",
    ),
    Mutant(
        _OVERLOAD,
        "elif self.level and now - self._noisy_at >= CALM_S:",
        "elif self.level:",
        _BY_OVERLOAD + "test_up_at_once_and_down_by_steps_after_calm",
    ),
    Mutant(
        _CONNECTIONS,
        "if len(self._streams) < CONNECTIONS_MAX and self._hosts[host] < CONNECTIONS_PER_HOST_MAX:",
        "if len(self._streams) < CONNECTIONS_MAX:",
        _BY_STREAMS + "test_connections_beyond_the_bound_are_refused_and_room_comes_back",
    ),
    Mutant(
        _CONNECTIONS,
        "self._hosts[flow.remote.host] -= 1",
        "pass",
        _BY_STREAMS + "test_connections_beyond_the_bound_are_refused_and_room_comes_back",
    ),
    Mutant(
        _CONNECTIONS,
        "if host.lower() not in flow.certificate_names:",
        "if True:",
        _BY_TLS + "test_an_answer_to_a_peer_that_proved_its_name_goes_to_its_via",
    ),
    Mutant(
        _STREAMS,
        "self._table.receiver.failed(asked)",
        "pass",
        _BY_STREAMS + "test_a_gateway_that_is_not_there_is_told_at_once",
    ),
    Mutant(
        _STREAMS,
        "self._table.receiver.closed(self.flow)",
        "pass",
        _BY_STREAMS + "test_the_end_of_a_connection_is_told_once_and_later_bytes_fail",
    ),
    Mutant(
        _STREAMS,
        "if transport.get_write_buffer_size() > WRITE_BUFFER_MAX:",
        "if transport.get_write_buffer_size() > 2**40:",
        _BY_STREAMS + "test_a_peer_that_does_not_read_is_cut",
    ),
    Mutant(
        _STREAMS,
        "if len(self.waiting) < BACKLOG_MAX:",
        "if len(self.waiting) >= 0:",
        _BY_STREAMS + "test_what_waits_for_a_connection_is_bounded",
    ),
    Mutant(
        _STREAMS,
        "if complete or not was_pending:",
        "if not was_pending:",
        _BY_STREAMS + "test_a_long_message_after_another_gets_its_own_time",
    ),
    Mutant(_STREAMS, "self.send(item.reply)", "pass", _BY_STREAMS + "test_a_ping_is_answered"),
    Mutant(
        _STREAMS,
        "if not check_name(names, wanted, wildcards=self._wildcards):",
        "if False:",
        _BY_TLS + "test_a_gateway_that_does_not_prove_its_name_fails_at_once",
    ),
    Mutant(
        _STREAMS,
        "if self.tls is not None and len(self._tasks) >= HANDSHAKES_MAX:",
        "if False:",
        _BY_TLS + "test_handshakes_count_before_they_cost_anything",
    ),
    Mutant(
        _TLS,
        "context.minimum_version = ssl.TLSVersion.TLSv1_2",
        "context.minimum_version = ssl.TLSVersion.TLSv1",
        _BY_TLS + "test_no_context_speaks_less_than_tls_1_2",
    ),
    Mutant(
        _TLS,
        "context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL",
        "pass",
        _BY_TLS + "test_a_stranger_is_refused_where_certificates_are_required",
    ),
    Mutant(
        _STUN,
        "if FINGERPRINT in kinds and not _fingerprint_fits(data, attributes[-1]):",
        "if False:",
        "tests/net/test_stun.py::test_rfc5769_2_1_the_fingerprint_is_read_and_wrong_ones_get_no_answer",
    ),
    Mutant(
        _STUN,
        "if kind != BINDING_REQUEST or attributes is None:",
        "if attributes is None:",
        "tests/net/test_stun.py::test_what_gets_no_answer",
    ),
    Mutant(
        "switch/net/websocket.py",
        "if not self._table.admit(stream.remote.host):",
        "if False:",
        "tests/net/test_websocket.py::test_too_many_are_refused_in_words",
    ),
)
