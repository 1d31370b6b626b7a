"""File systems of a few kilobytes or megabytes, in memory, for tests of a disk that is full."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_NAME = "softswitch-test-"
"""And the process that mounted it: one that was killed could not take it away, so the next to come does."""


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """`folder`, new and with this much room (`64k`, `1m`)."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small file system cannot be mounted here: root and the right to mount are needed")
    _take_away_what_the_dead_left()
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", f"{_NAME}{os.getpid()}", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _take_away_what_the_dead_left() -> None:
    for line in Path("/proc/mounts").read_text().splitlines():
        source, place = line.split(" ")[:2]
        process = source.removeprefix(_NAME)
        if process != source and process.isdigit() and not Path(f"/proc/{process}").exists():
            subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
