"""Breaks each listed line in a copy of the tree and runs the test that must fail.

`python -m tests.mutants [ROOM ...]`. First every named test passes on the unbroken copy, and none of
them is skipped: a test that cannot run proves nothing. A mutant is killed when its test fails or hangs;
one that cannot even be imported is a wrong entry, because anything would notice that.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from tests.mutants.mutant import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("switch", "codecs", "tests", "dialplans", "benchmarks", "deploy", "pyproject.toml", "README.md")
TEST_S_MAX = 120
"""A broken loop may never end; the slowest named test takes a tenth of this."""

_FAILED = 1
_IN_PLACE = "from setuptools import setup; setup()"


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    INVALID = "INVALID"


class Workshop:
    """A copy of the tree in which lines are broken, with the real interpreter and its packages."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.tree.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy2(source, self.tree / name)
        shared = ROOT.parent / "shared"
        if shared.exists():
            (folder / "shared").symlink_to(shared)
        # Cached bytecode is judged by the second and the size of a file; a break may change neither.
        self.environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(self.tree)}
        self.c_is_broken = False

    def run_tests(self, tests: list[str]) -> tuple[int, set[str]]:
        """pytest's exit code, and the cases that were skipped."""
        report = self.tree.parent / "report.xml"
        report.unlink(missing_ok=True)
        options = ["-q", "-x", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        try:
            code = self._run(command).returncode
        except subprocess.TimeoutExpired:
            return _FAILED, set()
        cases = ElementTree.parse(report).iter("testcase") if report.exists() else iter(())
        skipped = {
            f"{case.get('classname')}::{case.get('name')}"
            for case in cases
            if case.find("skipped") is not None
        }
        return code, skipped

    def compile_c(self) -> bool:
        """Build the extensions into the copy."""
        return self._run([sys.executable, "-c", _IN_PLACE, "-q", "build_ext", "--inplace"]).returncode == 0

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            cwd=self.tree,
            env=self.environment,
            capture_output=True,
            timeout=TEST_S_MAX,
            check=False,
        )

    def try_mutant(self, mutant: Mutant) -> Fate:
        """Break, test, mend."""
        path = self.tree / mutant.file
        whole = path.read_text()
        in_c = path.suffix in {".c", ".h"}
        try:
            path.write_text(mutant.apply(whole))
        except ValueError:
            return Fate.INVALID
        try:
            if (in_c or self.c_is_broken) and not self.compile_c():
                return Fate.INVALID
            code, _ = self.run_tests([mutant.test])
        finally:
            path.write_text(whole)
            self.c_is_broken = in_c
        if code == _FAILED:
            return Fate.KILLED
        return Fate.SURVIVED if code == 0 else Fate.INVALID


def main(rooms: list[str]) -> int:
    """Try them all; the exit code is 0 only when every one is killed."""
    mutants = mutants_of(rooms)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        workshop = Workshop(Path(folder))
        code, skipped = workshop.run_tests(sorted({mutant.test for mutant in mutants}))
        if code != 0 or skipped:
            problem = f"were skipped: {', '.join(sorted(skipped))}" if skipped else "do not pass"
            print(f"the tests {problem} before anything is broken", file=sys.stderr)
            return 1
        fates = [_try_and_tell(workshop, mutant) for mutant in mutants]
    killed = fates.count(Fate.KILLED)
    print(f"{killed} passed, {len(fates) - killed} failed")
    return 0 if killed == len(fates) else 1


def _try_and_tell(workshop: Workshop, mutant: Mutant) -> Fate:
    started = time.monotonic()
    fate = workshop.try_mutant(mutant)
    took_s = time.monotonic() - started
    print(f"{fate:8} {took_s:5.1f} s  {mutant.file}: {mutant.broken or '(removed)'}", flush=True)
    if fate is not Fate.KILLED:
        print(f"         was: {mutant.line}\n         by:  {mutant.test}", flush=True)
    return fate


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
