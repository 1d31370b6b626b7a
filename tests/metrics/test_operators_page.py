"""What the operator's page names exists: metrics, and files of `deploy/`."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operators.md").read_text()


def test_every_metric_of_the_operators_page_is_explained() -> None:
    explained = (ROOT / "docs" / "metrics.md").read_text()
    named = set(re.findall(r"softswitch_[a-z_]+", PAGE))
    assert named
    assert [name for name in sorted(named) if f"`{name}`" not in explained and name not in explained] == []


def test_every_file_of_deploy_that_it_names_is_there() -> None:
    named = set(re.findall(r"`(deploy/[^`]+)`", PAGE))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
