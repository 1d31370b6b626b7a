"""The demo's centre: a copy of the example that is open day and night: it is always night somewhere."""

import shutil
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode

ALWAYS = '{daily: "00:00-24:00"}'


def open_day_and_night(example: Path, target: Path) -> Path:
    """Copy the example's files to `target`, with every opening hour the whole day and no holidays."""
    if target.exists():
        shutil.rmtree(target)  # of an earlier demo on the same folder
    # The scenarios beside tell what happens at closing time.
    shutil.copytree(example, target, ignore=shutil.ignore_patterns("*.scenario.yaml"))
    for path in sorted(target.glob("*.yaml")):
        path.write_text(_always_open(path.read_text(encoding="utf-8")), encoding="utf-8")
    return target


def _always_open(text: str) -> str:
    """Replaces the sections `hours` and `holidays` by lines; all else stays as its administrator wrote it."""
    root = YAML().compose(text)
    if not isinstance(root, MappingNode):
        return text
    lines = text.splitlines(keepends=True)
    starts = [key.start_mark.line for key, _ in root.value] + [len(lines)]
    kept = lines[: starts[0]]
    for (key, value), start, end in zip(root.value, starts, starts[1:], strict=False):
        if key.value == "hours":
            names = [name.value for name, _ in value.value]
            kept += ["hours:\n", *(f"  {name}: {ALWAYS}\n" for name in names), "\n"]
        elif key.value != "holidays":
            kept += lines[start:end]
    return "".join(kept)
