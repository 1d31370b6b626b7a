"""What is deleted of recordings, and what is left alone."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from switch.dialplan.centre import load_centre
from switch.dialplan.plan import RecordingPlan
from switch.node.options import RunOptions
from switch.node.retention import Doomed, Retention, doomed
from switch.node.start import running
from switch.sip.flow import Address
from tests.interop.process import free_rtp_range

NOW = 1_772_614_800.0
DAY = 86_400
MEGABYTE = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


def lies(folder: Path, name: str, age_days: float, size: int = 10, suffix: str = ".wav") -> str:
    path = folder / f"{name}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    os.utime(path, (NOW - age_days * DAY, NOW - age_days * DAY))
    return name


def names(found: list[Doomed]) -> list[tuple[str, str]]:
    return [(file.name, file.reason) for file in found]


def test_where_nothing_is_stated_nothing_is_deleted(folder: Path) -> None:
    lies(folder, "shop/2020-01-01/old", 3_000, 5 * MEGABYTE)
    assert doomed(folder, "shop", RecordingPlan(), NOW, ()) == []


def test_by_age_the_oldest_first_messages_too_and_of_this_tenant_alone(folder: Path) -> None:
    lies(folder, "shop/a", 31, suffix=".opus")
    lies(folder, "shop/b", 40)
    lies(folder, "shop/c", 29)
    lies(folder, "shop/messages/sales/m", 35)
    lies(folder, "shop/notes", 99, suffix=".txt")
    lies(folder, "other/a", 99)
    found = doomed(folder, "shop", RecordingPlan(keep_days=30), NOW, ())
    assert names(found) == [("shop/b", "age"), ("shop/messages/sales/m", "age"), ("shop/a", "age")]


def test_by_size_until_the_rest_fits_and_never_a_message(folder: Path) -> None:
    for age in (4, 3, 2, 1):
        lies(folder, f"shop/of-{age}", age, MEGABYTE)
    lies(folder, "shop/messages/sales/m", 9, 50 * MEGABYTE)
    found = doomed(folder, "shop", RecordingPlan(keep_megabytes=2), NOW, ())
    assert names(found) == [("shop/of-4", "size"), ("shop/of-3", "size")]
    both = doomed(folder, "shop", RecordingPlan(keep_days=3, keep_megabytes=2), NOW + 1, ())
    assert names(both) == [("shop/messages/sales/m", "age"), ("shop/of-4", "age"), ("shop/of-3", "age")]


def test_what_is_written_or_fresh_is_left_alone(folder: Path) -> None:
    lies(folder, "shop/running", 2, 2 * MEGABYTE)
    lies(folder, "shop/fresh", 0.02, 2 * MEGABYTE)
    assert doomed(folder, "shop", RecordingPlan(keep_megabytes=1), NOW, {"shop/running"}) == []


def test_the_words_of_the_section() -> None:
    text = "recording: {keep_days: 90, keep_megabytes: 5000}\nflows: {main: [hangup]}\nnumbers: {100: main}\n"
    plan = load_centre({"shop.yaml": text}).tenants["shop"].recording
    assert (plan.keep_days, plan.keep_megabytes) == (90, 5_000)


async def test_a_switch_deletes_and_says_so(tmp_path: Path) -> None:
    """Files, index, journal and metric agree; what the disk refuses stays, is said, and counts as nothing."""
    plan = tmp_path / "shop.yaml"
    plan.write_text(
        "languages: [en]\nnumbers: {600: main}\naccounts: {'101': {}}\nflows: {main: [hangup]}\n"
        "recording: {keep_days: 30}\n"
    )
    recordings = tmp_path / "recordings"
    low, high = free_rtp_range()
    for name in ("shop/2020-01-01/old", "shop/messages/sales/old", "shop/2020-01-02/kept"):
        lies(recordings, name, 0)
        age_s = DAY if name.endswith("kept") else 40 * DAY
        os.utime(recordings / f"{name}.wav", (time.time() - age_s,) * 2)
    options = RunOptions(
        plan,
        (Address("127.0.0.1", 0),),
        None,
        tmp_path / "state",
        rtp_low=low,
        rtp_high=high,
        recordings=recordings,
    )
    async with running(options) as (control, _):
        assert [row.file for row in control.mail("")] == ["shop/messages/sales/old"]
        retention = Retention(control.node, recordings)
        assert await retention.look() == 2
        assert control.mail("") == []
        for _ in range(1_500):
            if not (recordings / "shop/messages/sales/old.wav").exists():
                break
            await asyncio.sleep(0.02)
        assert sorted(path.stem for path in recordings.rglob("*.wav")) == ["kept"]
        assert await retention.look() == 0
        pieces, _ = control.metrics()
        page = b"".join(pieces)
        assert b'softswitch_recordings_deleted_total{reason="age",tenant="shop"} 2.0' in page
        directory = recordings / "shop" / "2020-01-03" / "stuck.wav"
        directory.mkdir(parents=True)  # of a file's name, and cannot be unlinked
        os.utime(directory, (time.time() - 40 * DAY,) * 2)
        with capture_logs() as logs:
            assert await retention.look() == 0
        assert "a recording cannot be deleted" in [line["event"] for line in logs]
