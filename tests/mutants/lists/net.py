"""SIP's sockets: a flood sheds what can wait, nobody holds a connection for ever, every end is told."""

from tests.mutants.mutant import Mutant

_UDP = "switch/net/udp.py"
_TCP = "switch/net/tcp.py"
_NETWORK = "switch/net/network.py"
_BY_UDP = "tests/net/test_datagrams.py::"
_BY_TCP = "tests/net/test_streams.py::"

MUTANTS = (
    # One hostile Via would close the socket of every phone.
    Mutant(
        _UDP,
        "if not 0 < flow.remote.port <= PORT_MAX:",
        "if not 0 < flow.remote.port:",
        _BY_UDP + "test_an_address_that_no_socket_takes_is_counted_and_the_next_message_goes",
    ),
    Mutant(
        _UDP,
        "if waiting >= QUEUE_SOFT and (waiting >= QUEUE_HARD or data.startswith(_SHEDDABLE)):",
        "if waiting >= QUEUE_SOFT:",
        _BY_UDP + "test_a_flood_sheds_registrations_first_and_calls_last",
    ),
    Mutant(
        _UDP,
        "if waiting >= QUEUE_SOFT and (waiting >= QUEUE_HARD or data.startswith(_SHEDDABLE)):",
        "if waiting >= QUEUE_SOFT and data.startswith(_SHEDDABLE):",
        _BY_UDP + "test_a_flood_sheds_registrations_first_and_calls_last",
    ),
    Mutant(
        _UDP,
        "except (OSError, ValueError):",
        "except OSError:",
        _BY_UDP + "test_what_the_loop_raises_of_an_address_is_told",
    ),
    Mutant(
        _UDP,
        "self._counts.socket_errors += 1",
        "raise RuntimeError",
        _BY_UDP + "test_a_phone_that_is_gone_does_not_stop_the_reader",
    ),
    Mutant(
        _NETWORK,
        "self._receiver.failed(flow)",
        "",
        _BY_UDP + "test_a_flow_of_no_listener_fails",
    ),
    Mutant(
        _TCP,
        "self._owner.failed(flow)",
        "",
        _BY_TCP + "test_the_end_of_a_connection_is_told_once_and_later_bytes_fail",
    ),
    Mutant(
        _TCP,
        "self._owner.failed(asked)",
        "",
        _BY_TCP + "test_a_gateway_that_is_not_there_is_told_at_once",
    ),
    Mutant(
        _TCP,
        "self._owner.closed(connection.flow)",
        "",
        _BY_TCP + "test_the_end_of_a_connection_is_told_once_and_later_bytes_fail",
    ),
    Mutant(
        _TCP,
        "if len(self._connections) >= CONNECTIONS_MAX or self._hosts[peer[0]] >= CONNECTIONS_PER_HOST_MAX:",
        "if len(self._connections) >= CONNECTIONS_MAX:",
        _BY_TCP + "test_connections_beyond_the_bound_are_refused_and_room_comes_back",
    ),
    Mutant(
        _TCP,
        "self._hosts[host] -= 1",
        "",
        _BY_TCP + "test_connections_beyond_the_bound_are_refused_and_room_comes_back",
    ),
    Mutant(
        _TCP,
        "if writer.transport.get_write_buffer_size() > WRITE_BUFFER_MAX:",
        "if writer.transport.get_write_buffer_size() > 2**40:",
        _BY_TCP + "test_a_peer_that_does_not_read_is_cut",
    ),
    Mutant(
        _TCP,
        "number = flow.connection or self._opened.get(flow.remote, 0)",
        "number = flow.connection",
        _BY_TCP + "test_our_connection_is_opened_once_and_used_again",
    ),
    Mutant(
        _TCP,
        "if len(connection.waiting) < BACKLOG_MAX:",
        "if len(connection.waiting) >= 0:",
        _BY_TCP + "test_what_waits_for_a_connection_is_bounded",
    ),
    Mutant(
        _TCP,
        "patience_s = IDLE_S if due is None else due - loop.time()",
        "patience_s = IDLE_S",
        _BY_TCP + "test_who_connects_and_never_says_a_message_is_cut",
    ),
    Mutant(
        _TCP,
        "self._write(connection, item.reply)",
        "",
        _BY_TCP + "test_a_ping_is_answered",
    ),
)
