"""Runs the C tests under the sanitizers."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.engine.build import compile_c, engine_sources

TESTS = sorted((Path(__file__).parent / "c").glob("*.c"))
WAIT_S = 3600 if "SOAK" in os.environ else 300
# The C tests refuse allocations through these.
WRAP = "-Wl,--wrap=calloc,--wrap=malloc"


@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_c_under_sanitizer(sanitizer: str, tmp_path: Path) -> None:
    options = ["-g", "-O1", "-fno-sanitize-recover=all", f"-fsanitize={sanitizer}", WRAP]
    program = compile_c(tmp_path / "c_tests", [*engine_sources(), *TESTS], *options)
    done = subprocess.run([program], capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 0, done.stderr
    assert "all C tests passed" in done.stdout
