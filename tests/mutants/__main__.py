"""Breaks each listed line in a copy of the tree and runs the test that must fail.

`python -m tests.mutants [ROOM ...]`. First every named test passes on an unbroken copy, and none of
them is skipped: a test that cannot run proves nothing. A mutant is killed when its test fails or hangs;
one that cannot even be imported, or compiled without a warning, is a wrong entry, because anything would
notice that. Two copies of the tree work side by side where the machine has two cores.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from tests.mutants.mutant import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("switch", "codecs", "tests", "dialplans", "benchmarks", "deploy", "pyproject.toml", "README.md")
TEST_S_MAX = 120
"""A broken loop may never end; the slowest named test takes a tenth of this."""
UNBROKEN_S_MAX = 900
"""All named tests of a copy in one run; together they take a fifth of this."""
COMPILE_S_MAX = 600
"""An extension of thirty files takes a minute at most where the machine has other work as well."""
COPIES_MAX = 2
"""More would make tests of real sockets and clocks fail for want of time, broken or not."""

_FAILED = 1
_SAID_MAX = 3000
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
        self.tree.mkdir(parents=True)
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
        self.environment = os.environ | {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self.tree),
            "CFLAGS": "-Werror",
        }
        self.c_is_broken = False
        self.said = ""
        """The end of what the last run of tests printed."""

    def run_tests(self, tests: list[str], seconds_max: int = TEST_S_MAX) -> tuple[int, set[str]]:
        """pytest's exit code, and the cases that were skipped."""
        report = self.tree.parent / "report.xml"
        report.unlink(missing_ok=True)
        options = ["-q", "-x", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        try:
            run = self._run(command, seconds_max)
        except subprocess.TimeoutExpired:
            return _FAILED, set()
        cases = ElementTree.parse(report).iter("testcase") if report.exists() else iter(())
        skipped = {
            f"{case.get('classname')}::{case.get('name')}"
            for case in cases
            if case.find("skipped") is not None
        }
        self.said = run.stdout.decode(errors="replace")[-_SAID_MAX:]
        return run.returncode, skipped

    def compile_c(self) -> bool:
        """Build the extensions into the copy."""
        command = [sys.executable, "-c", _IN_PLACE, "-q", "build_ext", "--inplace"]
        return self._run(command, COMPILE_S_MAX).returncode == 0

    def _run(self, command: list[str], seconds_max: int) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            cwd=self.tree,
            env=self.environment,
            capture_output=True,
            timeout=seconds_max,
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
    # By test, so that one which has to compile or to start something does it for few copies.
    mutants = sorted(mutants_of(rooms), key=lambda mutant: (mutant.test.partition("::")[0], mutant.file))
    copies = min(COPIES_MAX, os.cpu_count() or 1, len(mutants))
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ThreadPoolExecutor(copies) as pool,
    ):
        folders = [Path(folder) / str(number) for number in range(copies)]
        shares = [mutants[number::copies] for number in range(copies)]
        workshops = list(pool.map(Workshop, folders))
        problems = [problem for problem in pool.map(_problem_before, workshops, shares) if problem]
        if problems:
            print("\n".join(problems), file=sys.stderr)
            return 1
        fates = [fate for share in pool.map(_try_all, workshops, shares) for fate in share]
    killed = fates.count(Fate.KILLED)
    print(f"{killed} passed, {len(fates) - killed} failed")
    return 0 if killed == len(fates) else 1


def _problem_before(workshop: Workshop, mutants: list[Mutant]) -> str | None:
    """What is wrong with the named tests before anything is broken."""
    tests = sorted({mutant.test for mutant in mutants})
    code, skipped = workshop.run_tests(tests, UNBROKEN_S_MAX)
    if skipped:
        return f"tests were skipped before anything was broken: {', '.join(sorted(skipped))}"
    return None if code == 0 else f"tests do not pass before anything is broken:\n{workshop.said}"


def _try_all(workshop: Workshop, mutants: list[Mutant]) -> list[Fate]:
    return [_try_and_tell(workshop, mutant) for mutant in mutants]


def _try_and_tell(workshop: Workshop, mutant: Mutant) -> Fate:
    started = time.monotonic()
    fate = workshop.try_mutant(mutant)
    took_s = time.monotonic() - started
    told = f"{fate:8} {took_s:5.1f} s  {mutant.file}: {mutant.broken or '(removed)'}"
    if fate is not Fate.KILLED:
        told += f"\n         was: {mutant.line}\n         by:  {mutant.test}"
    print(told, flush=True)
    return fate


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
