"""Compiles the plain C of the engine for tests: as a sanitized program, and as a library for ctypes."""

import atexit
import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "switch" / "engine"
CODECS = ROOT / "codecs"
INCLUDES = [f"-I{CODECS}", f"-I{ENGINE}"]
STRICT = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-pthread"]


def engine_sources() -> list[Path]:
    """Everything but the files that include Python.h."""
    plain = [path for path in sorted(ENGINE.glob("*.c")) if not path.name.startswith("module")]
    return plain + sorted(CODECS.glob("*.c"))


def compile_c(output: Path, sources: list[Path], *options: str) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    command = [
        "gcc",
        *STRICT,
        *INCLUDES,
        *options,
        *map(str, sources),
        "-o",
        str(output),
        "-lsrtp2",
        "-lcrypto",
        "-lm",
        "-ldl",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output


@cache
def c_library() -> ctypes.CDLL:
    """The engine's plain C as a library: what tests compare with the Python reference."""
    folder = tempfile.mkdtemp(prefix="softswitch-c-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return ctypes.CDLL(
        str(compile_c(Path(folder) / "engine.so", engine_sources(), "-shared", "-fPIC", "-O2", "-g"))
    )
