"""The HTTP side: the owner alone commands, and a client costs a stated amount."""

from tests.mutants.mutant import Mutant

_STATE = "switch/api/state_folder.py"
_LIMITS = "switch/api/limits.py"
_BY_SERVER = "tests/api/test_server.py::"
_BY_LIMITS = "tests/api/test_limits.py::"

MUTANTS = (
    Mutant(
        _STATE,
        "old_umask = os.umask(0o177)",
        "old_umask = os.umask(0o000)",
        _BY_SERVER + "test_only_the_owner_may_open_the_control_socket",
    ),
    Mutant(
        _STATE,
        "if mode & 0o077:",
        "if mode & 0o007 and mode & 0o070 == 0:",
        _BY_SERVER + "test_a_folder_that_others_may_enter_is_refused_and_left_as_it_is",
    ),
    Mutant(
        _STATE,
        "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        _BY_SERVER + "test_two_switches_cannot_share_a_state_folder",
    ),
    Mutant(
        _STATE,
        "path.unlink(missing_ok=True)",
        "",
        _BY_SERVER + "test_what_a_dead_switch_left_is_taken_over",
    ),
    Mutant(
        "switch/api/server.py",
        "await self._serve(public_app(port), PublicProtocol, listener, web)",
        "await self._serve(control_app(port), PublicProtocol, listener, web)",
        "tests/api/test_public.py::test_control_is_not_reachable_over_tcp",
    ),
    Mutant(
        "switch/api/server.py",
        'headers=[("connection", "close")],',
        "headers=[],",
        _BY_LIMITS + "test_one_request_a_connection",
    ),
    Mutant(
        _LIMITS,
        "if len(body) > BODY_BYTES_MAX:",
        "if not more and len(body) > 100 * BODY_BYTES_MAX:",
        _BY_LIMITS + "test_a_chunked_body_is_counted_as_it_comes",
    ),
    Mutant(
        _LIMITS,
        "self._deadline = self.loop.call_later(self.seconds_max, stream.abort)",
        "",
        _BY_LIMITS + "test_a_connection_that_says_nothing_more_is_ended",
    ),
    Mutant(
        _LIMITS,
        "if len(self.connections) > CONNECTIONS_MAX:",
        "if len(self.connections) > 2 * CONNECTIONS_MAX:",
        _BY_LIMITS + "test_connections_beyond_the_limit_are_closed_and_room_comes_back",
    ),
)
