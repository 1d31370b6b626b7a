"""Test material from outside the project, read in place and never copied."""

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "vectors"


def vector(name: str) -> Path:
    """The path of one vector file or folder, or a skip that says what is missing."""
    path = _SHARED / name
    if not path.exists():
        pytest.skip(f"test vectors are not here: expected ../shared/vectors/{name} beside the checkout")
    return path
