"""What customers and agents of the demo share: the switch, a voice for each, and who talks with whom."""

import asyncio
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from switch.cli.demo import audio
from switch.cli.demo.phones import Call, Phone, PhoneConfig
from switch.cli.demo.plan import TENANT, CustomerPlan
from switch.cli.demo.server import Server
from switch.cli.demo.story import Story

CARRIER = "127.0.0.2"
"""Where the example's trunk `carrier` lives, see dialplans/example/centre.yaml."""

_USER = re.compile(r"sips?:([^@;>]+)@")
_NATIONAL_DIGITS = 10
"""Numbers of customers differ in these; what stands before is the country, in one form or another."""


@dataclass(slots=True, eq=False)
class Visitor:
    """A customer as far as the story has come. Times are the event loop's."""

    plan: CustomerPlan
    now: str = ""
    outcome: str = ""
    call: Call | None = None
    answered_at_s: float = 0.0
    served: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Talk:
    """A customer and somebody of the centre, from the answer until one of them left; 0 while it lasts."""

    visitor: Visitor
    agent: str
    account: str
    agent_call: Call
    began_at_s: float
    ended_at_s: float = 0.0


def voice(user: str) -> audio.Samples:
    """What that user's phone says in a loop, from the answer on: no two have the same voice."""
    return audio.speech(zlib.crc32(user.encode()))


class Stage:
    """Starts phones and ends them all; remembers visitors and talks."""

    def __init__(self, server: Server, folder: Path, story: Story) -> None:
        self.server = server
        self.story = story
        self.visitors: list[Visitor] = []
        self.talks: list[Talk] = []
        self._folder = folder
        self._phones: list[Phone] = []
        self._started = 0

    async def customer_phone(self, plan: CustomerPlan) -> Phone:
        """A line of the carrier: no account, known by its address."""
        return await self._start(f"00{plan.number}", bind=CARRIER, codecs=(plan.codec,))

    async def agent_phone(self, account: str, transport: str, codec: str) -> Phone:
        """A phone at an agent's home; registered when this returns."""
        user = f"{TENANT}-{account}"
        password = self.server.secrets[user]
        phone = await self._start(
            user, password=password, register=True, transport=transport, codecs=(codec,)
        )
        await phone.registered()
        return phone

    async def end(self, phone: Phone) -> None:
        """Its process ends."""
        await phone.stop()
        if phone in self._phones:
            self._phones.remove(phone)

    async def end_all(self) -> None:
        phones, self._phones = self._phones, []
        await asyncio.gather(*(phone.stop() for phone in phones))

    def calling(self, uri: str) -> Visitor | None:
        """The customer whose call is on its way or going on, by the From of a call to an agent."""
        user = _USER.search(uri)
        digits = re.sub(r"\D", "", user[1])[-_NATIONAL_DIGITS:] if user else ""
        for visitor in reversed(self.visitors):  # of two calls of one customer the later one goes on
            if digits and visitor.plan.number.endswith(digits) and visitor.call is not None:
                return visitor
        return None

    async def _start(self, user: str, **config: Any) -> Phone:
        self._started += 1
        spoken = self._folder / f"{user}-says.wav"
        if not spoken.exists():
            audio.write_wav(spoken, voice(user))
        # The same customer may call twice: what the second call heard is another file.
        heard = self._folder / f"{self._started:03}-{user}-heard-{{call}}.wav"
        log = self._folder / f"{self._started:03}-{user}.log"
        phone = await Phone.start(
            PhoneConfig(
                user=user,
                registrar=self.server.sip,
                play=str(spoken),
                record=str(heard),
                log_path=str(log),
                **config,
            ),
            self._folder,
        )
        self._phones.append(phone)
        return phone
