"""The plain C of the message parser, built with the address and undefined-behaviour sanitizers and run."""

import shutil
import subprocess
from pathlib import Path

import pytest

import switch.sip.message
from tests.sip.samples import request_bytes, response_bytes
from tests.vectors import vector

ROOM = Path(switch.sip.message.__file__).parent
HERE = Path(__file__).parent
FLAGS = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Wshadow", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler is installed: apt-get install gcc libc6-dev")
    path = tmp_path_factory.mktemp("plain") / "plain_test"
    sources = [source for source in sorted(ROOM.glob("*.c")) if source.name != "module.c"]
    command = [compiler, *FLAGS, *SANITIZERS, f"-I{ROOM}", HERE / "plain_test.c", *sources, "-o", path]
    subprocess.run([str(word) for word in command], check=True, timeout=300)
    return path


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Our own plain messages, as many as there are torture messages, so that half of the mutations begin
    with one."""
    folder = tmp_path_factory.mktemp("samples")
    own = [
        request_bytes(body=b"v=0\r\n"),
        request_bytes("BYE", to_tag="x"),
        response_bytes(request_bytes(), 200),
    ]
    paths = sorted(vector("sip").glob("rfc*/*.dat"))
    for number in range(len(paths)):
        path = folder / f"own-{number}"
        path.write_bytes(own[number % len(own)])
        paths.append(path)
    return [str(path) for path in paths]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_sanitizer_complains(binary: Path, samples: list[str], seed: int) -> None:
    command = [str(binary), str(seed), "20000", *samples]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, f"{binary} {seed} 20000\n{run.stdout}{run.stderr}"
    words = run.stdout.split()
    assert int(words[3]) > 5_000, "too few messages were plain for this to be a test"


def test_only_the_module_knows_python() -> None:
    for source in ROOM.glob("*.[ch]"):
        assert ("<Python.h>" in source.read_text()) == (source.name == "module.c"), source.name
