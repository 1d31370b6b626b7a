"""A running centre with its phones, and the questions that every test of the whole route asks of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from switch.cli.demo.phones import Call, Phone, PhoneError
from tests.interop.phones import Phones
from tests.interop.switch_process import SwitchProcess

CUSTOMER = "33612345678"
SHOP = "0033199000100"
"""The shop's number as its carrier sends it."""

WAIT_S = 30.0
"""For what must come at once: a loaded machine is slow, never wrong."""

SHED_TRIES = 10

NOTHING_LEFT_S = 90.0
"""Timer H, F and J of a transaction on UDP are 32 s: by then nothing of a call may be held."""

_POLL_S = 0.1


class World:
    """A running centre, its phones, and a carrier that customers call from."""

    def __init__(
        self, switch: SwitchProcess, phones: Phones, carrier_port: int, carrier_host: str = "127.0.0.2"
    ) -> None:
        self.switch = switch
        self.phones = phones
        self.carrier_port = carrier_port
        self.carrier_host = carrier_host

    async def phone(self, user: str, **config: Any) -> Phone:
        """A registered phone."""
        defaults: dict[str, Any] = {
            "password": self.switch.secrets[user],
            "registrar": self.switch.sip,
            "register": True,
        }
        phone = await self.phones.start(user, **(defaults | config))
        for _ in range(SHED_TRIES):
            try:
                await phone.registered()
                break
            except PhoneError as refused:
                if " 503 " not in str(refused):
                    raise
                # A machine that stalls sheds registrations first, and says so; phones come again.
                await asyncio.sleep(1)
                await phone.command("register")
        else:
            await phone.registered()
        return phone

    async def carrier(self, **config: Any) -> Phone:
        """A customer behind the carrier: no account, known by address."""
        defaults: dict[str, Any] = {
            "bind": self.carrier_host,
            "port": self.carrier_port,
            "registrar": self.switch.sip,
        }
        return await self.phones.start(CUSTOMER, **(defaults | config))

    async def dial_in(self, customer: Phone, key: str = "", method: str = "rfc2833") -> Call:
        """A customer calls the shop, waits for the menu, and presses a key."""
        call = await customer.call(f"sip:{SHOP}@{self.switch.sip}")
        await call.expect("confirmed")
        await asyncio.sleep(0.3)
        if key:
            await call.dtmf(key, method=method)
        return call

    async def agent(self, name: str) -> dict[str, Any]:
        """The row of an agent, by TENANT/AGENT."""
        rows = await self.switch.ask("/v1/agents")
        return dict(next(row for row in rows if f"{row['tenant']}/{row['agent']}" == name))

    async def agent_state(self, name: str) -> str:
        return str((await self.agent(name))["state"])

    async def until(self, name: str, state: str, seconds: float = WAIT_S) -> None:
        """Wait until an agent shows a state."""

        async def shown() -> str:
            return await self.agent_state(name)

        await until(shown, state, seconds, name)

    async def sign_in(self, *names: str) -> None:
        """Agents begin to work, by TENANT/AGENT; a pause of an earlier test is over."""
        for name in names:
            for verb in ("sign-in", "resume"):
                await self.switch.command("/v1/agents/command", name=name, verb=verb, reason="")

    async def everybody_leaves(self) -> None:
        """All agents are signed out and owe nothing, for the next test on the same switch."""
        for row in await self.switch.ask("/v1/agents"):
            name = f"{row['tenant']}/{row['agent']}"
            for verb in ("end-wrap-up", "sign-out"):
                await self.switch.command("/v1/agents/command", name=name, verb=verb, reason="")

    async def records(self) -> list[dict[str, Any]]:
        rows = await self.switch.cli("calls", "recent")
        return list(rows)

    async def nothing_left(self) -> None:
        """No call, stream or RTP port is held when everybody has hung up."""

        async def calls() -> Any:
            return await self.switch.ask("/v1/calls")

        async def held() -> list[float]:
            metrics = await self.switch.metrics()
            return [metrics[f"softswitch_{name}"] for name in ("legs", "rtp_streams", "rtp_ports_in_use")]

        await until(calls, [], WAIT_S, "calls")
        if self.switch.ready["http"]:
            await until(held, [0, 0, 0], WAIT_S, "held (legs, streams, ports)")

    async def nothing_lingers(self, seconds: float = NOTHING_LEFT_S) -> None:
        """Nor a transaction or dialog, once their timers have run out."""
        await self.nothing_left()

        async def lingering() -> list[float]:
            metrics = await self.switch.metrics()
            return [metrics[f"softswitch_sip_{name}"] for name in ("transactions", "dialogs")]

        await until(lingering, [0, 0], seconds, "lingering (transactions, dialogs)")


async def until(read: Callable[[], Awaitable[Any]], wanted: Any, seconds: float, what: str) -> None:
    """Ask until the answer is the wanted one; the last answer stands in the failure."""
    seconds = max(seconds, WAIT_S)
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        seen = await read()
        if seen == wanted:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what}: {seen!r}, expected {wanted!r} within {seconds} s")
        await asyncio.sleep(_POLL_S)
