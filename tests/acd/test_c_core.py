"""The plain C of the router, built with the address and undefined-behaviour sanitizers and run."""

import shutil
import subprocess
from pathlib import Path

import pytest

import switch.acd

ROOM = Path(switch.acd.__file__).parent
HERE = Path(__file__).parent
FLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wshadow", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DACD_FAILING_ALLOCATIONS"]


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    path = tmp_path_factory.mktemp("acd") / "core_test"
    sources = [source for source in sorted(ROOM.glob("*.c")) if source.name != "module.c"]
    command = [compiler, *FLAGS, *SANITIZERS, f"-I{ROOM}", HERE / "core_test.c", *sources, "-o", path]
    subprocess.run([str(word) for word in command], check=True, timeout=300)
    return path


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_sanitizer_complains(binary: Path, seed: int) -> None:
    run = subprocess.run(
        [str(binary), str(seed), "4000"], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, f"{binary} {seed} 4000\n{run.stdout}{run.stderr}"
    failed = int(run.stdout.split()[2])
    assert failed > 50, "the allocations did not fail"


def test_only_the_module_knows_python() -> None:
    for source in ROOM.glob("*.[ch]"):
        assert ("<Python.h>" in source.read_text()) == (source.name == "module.c"), source.name
