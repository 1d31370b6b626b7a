"""Agents at home behind routers, all with the same private address, whose mappings change when they like."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switch.cli.demo import audio
from switch.cli.demo.phones import AnswerPolicy, Call, Phone
from tests.interop.nat import CARRIER, HOME, HOMES, SWITCH, NatLab
from tests.interop.phones import PEAK_MIN, Phones, assert_likeness
from tests.interop.switch_process import SwitchProcess, copy_centre
from tests.interop.world import CUSTOMER, World, until

CARRIER_PORT = 5060
AGENTS = {1: "anna", 2: "ben", 3: "chloe"}
# The first corrects its addresses as the registrar tells it, the second never does, the third speaks TCP.
KINDS = {1: ("udp", True), 2: ("udp", False), 3: ("tcp", True)}
# Whom the menu's key chooses while all three are free, and then while the best is busy.
CHOICES = ((1, "1"), (2, "2"), (3, "1"))


class Homes:
    """The centre seen from three homes."""

    def __init__(self, world: World, lab: NatLab) -> None:
        self.world = world
        self.lab = lab
        self.phones: dict[int, Phone] = {}

    async def register(self) -> None:
        for home, (transport, nat_aware) in KINDS.items():
            self.phones[home] = await self.world.phone(
                f"shop-10{home}",
                prefix=self.lab.prefix(f"home{home}"),
                bind=HOME,
                port=5060,
                rtp_port=4000,
                transport=transport,
                nat_aware=nat_aware,
                answer=AnswerPolicy("answer", 100),
            )

    async def until_reachable(self, home: int) -> None:
        async def reachable() -> bool:
            return await self.reachable_by_present_mapping(home)

        await until(reachable, True, 10, f"home {home} is known at its new place")

    async def reachable_by_present_mapping(self, home: int) -> bool:
        """The switch knows that phone at its router, at a port of the present mapping.

        A phone that corrects its Contact may leave the one before behind, which then expires.
        """
        rows = await self.world.switch.ask("/v1/accounts")
        row = next(row for row in rows if row["user"] == f"shop-10{home}")
        places = [place.rsplit(":", 1) for place in row["addresses"]]
        assert all(host == f"203.0.113.{10 + home}" for host, _ in places), places
        return any(self.lab.mapped(home, int(port)) for _, port in places)

    async def talk(self, customer: Phone, home: int, key: str) -> tuple[Call, Call]:
        """A customer presses a key and talks to the agent of that home."""
        call = await self.world.dial_in(customer, key)
        talk = await self.phones[home].incoming(10)
        await talk.expect("confirmed")
        await self.world.until(f"shop/{AGENTS[home]}", "busy")
        return call, talk

    def assert_audio(self, call: Call, talk: Call, home: int, windows: int) -> None:
        """The last `windows` half seconds of both recordings carry the other's voice."""
        for side, speaker in ((call, f"shop-10{home}"), (talk, CUSTOMER)):
            assert side.recording is not None
            heard = audio.follow(audio.read_wav(side.recording), self.world.phones.voice(speaker))
            good = [match.peak > PEAK_MIN for match in heard[-windows - 1 : -1]]
            right = len(good) == windows and sum(good) >= windows - 1
            assert_likeness(right, speaker, f"{side.recording}: {heard}")


@pytest.fixture
async def homes(tmp_path: Path, phones: Phones) -> AsyncIterator[Homes]:
    async with NatLab() as lab:
        dialplans = copy_centre(tmp_path, CARRIER_PORT, CARRIER)
        internet = lab.prefix("internet")
        start = SwitchProcess.start(
            dialplans, tmp_path / "state", sip=f"{SWITCH}:5060", http="off", prefix=internet
        )
        async with await start as switch:
            world = World(switch, phones, CARRIER_PORT, CARRIER)
            homes = Homes(world, lab)
            await homes.register()
            yield homes
            assert "Traceback" not in switch.log()
            await phones.stop()


async def test_three_agents_with_one_private_address(homes: Homes) -> None:
    """They register, sign in by phone, and talk at the same time; then every mapping changes in mid-call."""
    world = homes.world
    for home, phone in homes.phones.items():
        assert phone.address == f"{HOME}:5060"
        assert await homes.reachable_by_present_mapping(home)
        code = await phone.call("*11")
        await code.expect("confirmed")
        await code.expect("disconnected", 12)
    customer = await world.carrier(prefix=homes.lab.prefix("internet"))
    talks = {home: await homes.talk(customer, home, key) for home, key in CHOICES}
    await asyncio.sleep(2)

    for home in talks:
        await homes.lab.change_mapping(home)
    # The switch learns the new ports from RTP; 4 s are the audio that is then compared.
    await asyncio.sleep(6)
    for home, (call, talk) in talks.items():
        # Over UDP the agent hangs up from a place that the switch has not seen; the TCP connection is dead.
        await (talk.hangup() if KINDS[home][0] == "udp" else call.hangup())
        await call.expect("disconnected")
    for home in (1, 2):
        await talks[home][1].expect("disconnected")
    await homes.phones[3].command("hangup", call=talks[3][1].number)
    await talks[3][1].expect("disconnected", 40)
    for home, (call, talk) in talks.items():
        homes.assert_audio(call, talk, home, windows=6)

    # Each phone registers again in its own time; here the test says when.
    for home, phone in homes.phones.items():
        if KINDS[home][0] == "udp":
            await phone.command("register")
        await homes.until_reachable(home)
    await world.switch.cli("agents", "sign-out", "shop/anna")
    call, talk = await homes.talk(customer, 3, "1")
    await call.hangup()
    await talk.expect("disconnected")
    await world.nothing_left()


async def test_a_mapping_that_changes_between_calls(homes: Homes) -> None:
    """Registered again from the new place, each is rung there and heard from there."""
    for home in range(1, HOMES + 1):
        await homes.world.switch.cli("agents", "sign-in", f"shop/{AGENTS[home]}")
        await homes.lab.change_mapping(home)
    for home, phone in homes.phones.items():
        await phone.command("register")
        await homes.until_reachable(home)
    customer = await homes.world.carrier(prefix=homes.lab.prefix("internet"))
    for home, key in CHOICES[:2]:
        call, talk = await homes.talk(customer, home, key)
        await asyncio.sleep(3)
        await talk.hangup()
        await call.expect("disconnected")
        await talk.expect("disconnected")
        homes.assert_audio(call, talk, home, windows=4)
    # And home to home, through both routers.
    inside = await homes.phones[1].call("103")
    rung = await homes.phones[3].incoming()
    await rung.expect("confirmed")
    await asyncio.sleep(2)
    await inside.hangup()
    await inside.expect("disconnected")
    await rung.expect("disconnected")
    homes.world.phones.assert_heard(rung, "shop-101", windows_min=2)
    homes.world.phones.assert_heard(inside, "shop-103", windows_min=2)
