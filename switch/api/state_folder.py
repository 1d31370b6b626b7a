"""The folder that one running switch owns: its store, its secrets and its control socket.

It is the owner's alone (0700), and a lock that dies with the process keeps a second switch out, so that
whatever socket a dead switch left behind may be removed without asking who listens.
"""

import fcntl
import os
import socket
import stat
from pathlib import Path

from switch.base.errors import ResourceError

CONTROL_SOCKET = "control.sock"
LOCK = "lock"

_PATH_BYTES_MAX = 107
"""What `sockaddr_un` holds on Linux, less the closing zero."""


class StateFolder:
    """An open, locked state folder; `close` it when the switch has stopped."""

    __slots__ = ("_lock", "path")

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> "StateFolder":
        """Make the folder where it is missing, and lock it. Raises ResourceError with one clear line."""
        path = path.absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_owned(path)
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ResourceError(f"state folder {path}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise ResourceError(
                f"state folder {path}: another switch is running on it; stop it or choose another --state"
            ) from error
        return cls(path, lock)

    @property
    def control_socket(self) -> Path:
        return self.path / CONTROL_SOCKET

    def bind_control(self) -> socket.socket:
        """The control socket, bound so that only the owner may ever open it (0600 from the first moment)."""
        path = self.control_socket
        if len(os.fsencode(path)) > _PATH_BYTES_MAX:
            raise ResourceError(
                f"control socket {path}: over {_PATH_BYTES_MAX} bytes long; choose a shorter --state"
            )
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old_umask = os.umask(0o177)
        try:
            listener.bind(str(path))
        except OSError as error:
            listener.close()
            raise ResourceError(f"control socket {path}: {error.strerror}") from error
        finally:
            os.umask(old_umask)
        return listener

    def close(self) -> None:
        """Remove the control socket and give the folder free; harmless when repeated."""
        if self._lock >= 0:
            self.control_socket.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1


def _check_owned(path: Path) -> None:
    """Refuse a folder that others may enter. Not mended in silence: `--state /tmp` must not close /tmp."""
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise ResourceError(f"state folder {path}: it belongs to another user")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise ResourceError(
            f"state folder {path}: others may enter it (mode {mode:04o}); expected 0700, so: chmod 700 {path}"
        )
