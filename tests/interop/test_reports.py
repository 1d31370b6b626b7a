"""Reports on audio with real phones: baresip's and pjsua2's RTCP, in the clear, sealed, and on one port."""

from pathlib import Path
from typing import Any

import pytest

from tests.interop.baresip import Baresip, BaresipAccount
from tests.interop.world import WAIT_S, World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK_S = 16
"""Two of our reports and an answer to the first of them, on a loaded machine."""


def prepare_centre(dialplans: Path) -> None:
    """MD5 for baresip."""
    shared = dialplans / "centre.yaml"
    shared.write_text(f"digest: [md5]\n{shared.read_text()}")


@pytest.mark.parametrize(
    ("encryption", "mux"), [("", False), ("", True), ("srtp-mand", False), ("dtls_srtp", True)]
)
async def test_both_phones_say_what_they_hear_while_they_talk_and_in_the_record(
    shop: World, baresip_program: str, tmp_path: Path, encryption: str, mux: bool
) -> None:
    switch = shop.switch
    secret = switch.secrets["shop-102"]
    account = BaresipAccount("shop-102", secret, switch.sip, encryption=encryption, rtcp_mux=mux)
    chloe = await shop.phone("shop-103")
    async with await Baresip.start(baresip_program, account, tmp_path, shop.phones.voice("shop-102")) as ben:
        await ben.expect("REGISTER_OK")
        await ben.command("dial", f"sip:103@{switch.sip}")
        rung = await chloe.incoming()
        await rung.answer()
        await rung.expect("confirmed")
        (row,) = await switch.ask("/v1/calls")

        async def reporting() -> Any:
            legs = (await switch.ask("/v1/calls/audio", call=row["call"]))["legs"]
            return [bool(leg["reports"] and leg["mos_heard"] and leg["round_trip_ms"]) for leg in legs]

        await until(reporting, [True, True], TALK_S, "both legs report")
        await ben.command("hangup")
        await rung.expect("disconnected")

    async def live() -> list[bool]:
        return [leg["live"] for leg in (await switch.ask("/v1/calls/audio", call=row["call"]))["legs"]]

    await until(live, [False, False], WAIT_S, "the call's legs have ended")
    ended = (await switch.ask("/v1/calls/audio", call=row["call"]))["legs"]
    for leg in ended:
        assert leg["received"] > 200
        assert leg["mos_heard"] > 4
        assert leg["mos_peer"] > 4
        assert leg["round_trip_ms"] < 500
    record = next(record for record in await shop.records() if record["call"] == row["call"])
    assert record["mos"] > 4
    assert record["audio_alarms"] == []
