"""A wheel holds all that `softswitch run` needs, and nothing that is not the switch."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT

_PIP = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
_BUILD_S = 240


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, because a build leaves its folders in the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    for name in ("switch", "codecs", "dialplans"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy2(ROOT / name, copy)
    options = ["--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*_PIP, "wheel", *options, str(copy)], check=True, timeout=_BUILD_S)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_the_extensions_the_migrations_and_the_centres(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("switch/engine/_engine.", "switch/store/migrations/", "dialplans/example/centre.yaml"):
        assert any(wanted in name for name in names), wanted
    shipped = [path for path in (ROOT / "dialplans").rglob("*") if path.is_file()]
    for path in shipped:
        assert any(name.endswith(str(path.relative_to(ROOT))) for name in names), path


def test_it_claims_no_name_but_its_own(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.startswith("softswitch-")} == {"switch"}


def test_the_example_centre_is_found_without_a_checkout(wheel: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "installed"
    options = ["--no-deps", "--ignore-installed", "--prefix", str(prefix)]
    subprocess.run([*_PIP, "install", *options, str(wheel)], check=True)
    target = sysconfig.get_path("platlib", "posix_prefix", {"platbase": str(prefix), "base": str(prefix)})
    code = "import switch; from switch.cli import example; print(switch.__file__, example.example_centre())"
    found = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": target},
    )
    package, centre = found.stdout.split()
    assert package.startswith(target)
    assert (tmp_path / centre / "maple.yaml").is_file()
    assert str(ROOT) not in str((tmp_path / centre).resolve())


def test_a_command_for_a_switch_that_runs_reads_nothing_of_the_switch() -> None:
    """Half of a second more for each `softswitch agents`, when an operator is in a hurry."""
    heavy = (
        "switch.dialplan.centre",
        "switch.exchange.office",
        "switch.node.node",
        "numpy",
        "phonenumbers",
        "sqlalchemy",
    )
    code = f"import sys, switch.cli.main; print([name for name in {heavy} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ended.stdout.strip() == "[]"
