"""What stands in memory at the start, in pages of 2 MB.

Between two messages of a call the kernel and other programs use the same processor; then each page of 4 kB
that a message touches is looked up anew, in a virtual machine through two tables. What every call reads was
made before the first: code, dialplans, tables. So the kernel is asked once to bring together what is there
(`MADV_COLLAPSE`, Linux 6.1; without it, or without memory in one piece, everything stays as it is).

Only blocks that are nearly full: the rest of a block is memory that nobody asked for.
"""

import ctypes
import os
import re
from array import array
from itertools import chain, islice

BLOCK = 2 << 20
PAGE = 4 << 10
PAGES = BLOCK // PAGE
FULL_FROM = PAGES * 3 // 4
"""Pages of a block that must be there; so the process grows by a third of what it brings together at most."""

BLOCKS_MAX = 512
"""1 GB: a third of a second of copying, before calls are taken."""

LOOKED_AT_MAX = 8_192
"""Blocks, 16 GB of addresses: more than that nobody fills, and some tools reserve terabytes."""

_COLLAPSE = 25
"""linux/mman.h: MADV_COLLAPSE."""
_PRESENT = 1 << 63
_ANONYMOUS = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *(?:\[heap\])?")


def gather() -> int:
    """Bring together what is there of this process's own memory; how many blocks that were."""
    try:
        with open("/proc/self/maps") as maps, open("/proc/self/pagemap", "rb", buffering=0) as pages:
            areas = [found for line in maps if (found := _ANONYMOUS.fullmatch(line.rstrip()))]
            spans = (range(-(-int(area[1], 16) // BLOCK), int(area[2], 16) // BLOCK) for area in areas)
            looked_at = islice(chain.from_iterable(spans), LOOKED_AT_MAX)
            blocks = [block for block in looked_at if _is_full(pages.fileno(), block)]
    except OSError:
        return 0
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return sum(advise(block * BLOCK, BLOCK, _COLLAPSE) == 0 for block in blocks[:BLOCKS_MAX])


def _is_full(pages: int, block: int) -> bool:
    """By the kernel's table of our pages, eight bytes each."""
    entries = array("Q", os.pread(pages, 8 * PAGES, 8 * PAGES * block))
    return sum(entry >= _PRESENT for entry in entries) >= FULL_FROM
