"""Memory brought together in large pages: the same bytes, and hardly more of it."""

import ctypes
import mmap
import os
from pathlib import Path

import pytest

from switch.node.huge_pages import BLOCK, FULL_FROM, PAGE, _is_full, gather


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_is_there_stays_as_it_is() -> None:
    """Of a full area and of one with gaps; a kernel that gathers nothing changes nothing."""
    with (
        mmap.mmap(-1, 8 * BLOCK, mmap.MAP_PRIVATE) as full,
        mmap.mmap(-1, 64 * BLOCK, mmap.MAP_PRIVATE) as thin,
    ):
        marks = [number.to_bytes(4) for number in range(8 * BLOCK // PAGE)]
        for number, mark in enumerate(marks):
            full[number * PAGE : number * PAGE + 4] = mark
        thin.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(0, 64 * BLOCK, 8 * PAGE):
            thin[page] = 1
        before = resident()
        gathered = gather()
        assert gathered >= 0
        assert resident() - before < 48 * BLOCK, "what is not used is not filled"
        assert [full[number * PAGE : number * PAGE + 4] for number in range(len(marks))] == marks
        assert all(thin[page] == (page % (8 * PAGE) == 0) for page in range(0, 64 * BLOCK, PAGE))


def test_only_blocks_that_are_nearly_full_are_asked_for() -> None:
    with mmap.mmap(-1, 4 * BLOCK, mmap.MAP_PRIVATE) as area, Path("/proc/self/pagemap").open("rb") as pages:
        # Or one page brings all of them, where the system is set so.
        area.madvise(mmap.MADV_NOHUGEPAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(area))
        block = -(-address // BLOCK)
        at = block * BLOCK - address
        for page in range(at, at + FULL_FROM * PAGE, PAGE):
            assert not _is_full(pages.fileno(), block)
            area[page] = 1
        assert _is_full(pages.fileno(), block)


def test_a_system_without_these_files_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> object:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", missing)
    assert gather() == 0
