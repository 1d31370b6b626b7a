"""Homes behind routers: network namespaces with overlapping private addresses and MASQUERADE between.

    home 1: 192.168.77.2 - router 1: 192.168.77.1 | 203.0.113.11 -+
    home 2: 192.168.77.2 - router 2: 192.168.77.1 | 203.0.113.12 -+- internet: bridge with the switch at
    home 3: 192.168.77.2 - router 3: 192.168.77.1 | 203.0.113.13 -+  203.0.113.1, a carrier at 203.0.113.50

All of it lives in namespaces of its own; the machine's own network is not touched.
"""

import asyncio
import os
import shutil
from dataclasses import dataclass

import pytest

SWITCH = "203.0.113.1"
CARRIER = "203.0.113.50"
HOME = "192.168.77.2"
HOMES = 3
COMMAND_S = 60.0

_FIRST_PORTS = 40_000
_PORTS_A_MAPPING = 1_000
"""Each mapping of a router takes its ports from a range of its own, so that none is mistaken for another."""


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - not an error: the machine does not allow namespaces
    """Why the lab cannot stand here."""

    reason: str


class NatLab:
    """`async with NatLab() as lab:` always takes its namespaces down."""

    def __init__(self) -> None:
        self._tag = f"sw{os.getpid()}"
        self._made: list[str] = []
        self._mappings = dict.fromkeys(range(1, HOMES + 1), 0)

    async def __aenter__(self) -> "NatLab":
        for program in ("ip", "iptables"):
            if shutil.which(program, path=_PATH) is None:
                pytest.skip(f"{program} is not installed: apt-get install iproute2 iptables")
        try:
            await self._build()
        except Refusal as refusal:
            await self._remove()
            pytest.skip(f"network namespaces are not permitted here: {refusal.reason}")
        except BaseException:
            await self._remove()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._remove()

    def prefix(self, place: str) -> tuple[str, ...]:
        """The command that runs another one in `internet`, `router1`, `home1`..."""
        return ("ip", "netns", "exec", f"{self._tag}-{place}")

    def namespace(self, place: str) -> str:
        """Its name for `ip netns`."""
        return f"{self._tag}-{place}"

    async def cut(self, home: int, port: int) -> None:
        """From now on a router loses all that goes to or comes from that port of the switch, and says
        nothing about it."""
        for protocol in ("udp", "tcp"):
            for side in ("--dport", "--sport"):
                await self.run(f"router{home}", f"iptables -I FORWARD -p {protocol} {side} {port} -j DROP")

    async def mend(self, home: int, port: int) -> None:
        """Undo `cut`."""
        for protocol in ("udp", "tcp"):
            for side in ("--dport", "--sport"):
                await self.run(f"router{home}", f"iptables -D FORWARD -p {protocol} {side} {port} -j DROP")

    async def change_mapping(self, home: int) -> None:
        """The router forgets every mapping and gives new ones on other ports, as one that was restarted."""
        await self._masquerade(home, self._mappings[home] + 1)
        # MASQUERADE drops its connections when the address of its interface goes: no `conntrack` is needed.
        await self.run(f"router{home}", f"ip address del 203.0.113.{10 + home}/24 dev outside")
        await self.run(f"router{home}", f"ip address add 203.0.113.{10 + home}/24 dev outside")

    def mapped(self, home: int, port: int) -> bool:
        """Whether a port is of the present mapping of a home."""
        low = _FIRST_PORTS + self._mappings[home] * _PORTS_A_MAPPING
        return low <= port < low + _PORTS_A_MAPPING

    async def run(self, place: str, *commands: str) -> str:
        """Run commands in a namespace; Refusal when one fails."""
        said = ""
        for command in commands:
            said += await _run(*self.prefix(place), *command.split())
        return said

    async def _build(self) -> None:
        await self._namespace("internet")
        await self.run(
            "internet",
            "ip link add wires type bridge",
            f"ip address add {SWITCH}/24 dev wires",
            f"ip address add {CARRIER}/24 dev wires",
            "ip link set wires up",
        )
        for home in self._mappings:
            await self._namespace(f"router{home}")
            await self._namespace(f"home{home}")
            await self._wire("internet", f"to{home}", f"router{home}", "outside")
            await self._wire(f"router{home}", "inside", f"home{home}", "phone")
            await self.run("internet", f"ip link set to{home} master wires up")
            await self.run(
                f"router{home}",
                f"ip address add 203.0.113.{10 + home}/24 dev outside",
                "ip address add 192.168.77.1/24 dev inside",
                "ip link set outside up",
                "ip link set inside up",
                "sysctl -q -w net.ipv4.ip_forward=1",
            )
            await self.run(
                f"home{home}",
                f"ip address add {HOME}/24 dev phone",
                "ip link set phone up",
                "ip route add default via 192.168.77.1",
            )
            await self._masquerade(home, 0)

    async def _namespace(self, place: str) -> None:
        await _run("ip", "netns", "add", f"{self._tag}-{place}")
        self._made.append(place)
        await self.run(place, "ip link set lo up")

    async def _wire(self, left: str, left_name: str, right: str, right_name: str) -> None:
        peer = ("peer", "name", right_name, "netns", f"{self._tag}-{right}")
        await _run(*self.prefix(left), "ip", "link", "add", left_name, "type", "veth", *peer)

    async def _masquerade(self, home: int, mapping: int) -> None:
        self._mappings[home] = mapping
        low = _FIRST_PORTS + mapping * _PORTS_A_MAPPING
        await self.run(f"router{home}", "iptables -t nat -F POSTROUTING")
        for protocol in ("udp", "tcp"):
            await self.run(
                f"router{home}",
                f"iptables -t nat -A POSTROUTING -o outside -p {protocol} "
                f"-j MASQUERADE --to-ports {low}-{low + _PORTS_A_MAPPING - 1}",
            )
        # A home router lets in what answers, and nothing else.
        if mapping == 0:
            await self.run(
                f"router{home}",
                "iptables -P FORWARD DROP",
                "iptables -A FORWARD -i inside -j ACCEPT",
                "iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            )

    async def _remove(self) -> None:
        made, self._made = self._made, []
        for place in made:
            try:
                await _run("ip", "netns", "del", f"{self._tag}-{place}")
            except Refusal:
                continue


async def _run(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PATH": _PATH},
    )
    said, _ = await asyncio.wait_for(process.communicate(), COMMAND_S)
    if process.returncode != 0:
        raise Refusal(f"{' '.join(arguments)}: {said.decode().strip()}")
    return said.decode()


# Debian keeps these programs outside the PATH of ordinary users.
_PATH = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
