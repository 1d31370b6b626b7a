"""The life of one agent at home, and of the reception: ring, answer, talk, wrap up, take a break."""

import asyncio
from random import Random

from switch.cli.demo.customer import name
from switch.cli.demo.phones import Call, Phone, PhoneError, PhoneTimeoutError
from switch.cli.demo.plan import ANSWER, DECLINE, LET_RING, RECEPTION, AgentPlan, Manner
from switch.cli.demo.stage import Stage, Talk, Visitor

SIGN_IN, SIGN_OUT, PAUSE, RESUME, END_WRAP_UP = "*11", "*12", "*13", "*14", "*15"
"""The example's feature codes."""

CODE_TIMEOUT_S = 15.0
"""A code's confirmation is spoken, and then the switch hangs up."""
LONGEST_RING_S = 60.0
"""The example rings an agent 20 s and the reception 25 s."""
LONGEST_TALK_S = 60.0
DAY_S = 24 * 3600.0
"""An agent waits for calls until told to stop."""

ANSWER_AFTER_S = (0.8, 3.0)
DECLINE_AFTER_S = 1.2
EARLY_WRAP_UP_S = (5.0, 9.0)
BUSY_HERE = 486


class Desk:
    """One phone and whoever sits at it. `work` runs until it is cancelled."""

    def __init__(self, stage: Stage, phone: Phone, plan: AgentPlan, seed: int) -> None:
        self.plan = plan
        self._stage = stage
        self._phone = phone
        self._first_offers = list(plan.first_offers)
        self._random = Random(f"{seed} {plan.name}")
        # A person does one thing at a time: nobody dials a code while talking.
        self._hands = asyncio.Lock()

    @property
    def is_agent(self) -> bool:
        return self.plan.account != RECEPTION

    async def sign_in(self) -> None:
        await self._dial(SIGN_IN, "signs in")

    async def sign_out(self) -> None:
        await self._dial(SIGN_OUT, "signs out")

    async def end_wrap_up(self) -> None:
        await self._dial(END_WRAP_UP, "ends the wrap-up")

    async def work(self) -> None:
        """Take what comes."""
        while True:
            call = await self._phone.incoming(DAY_S)
            async with self._hands:
                try:
                    await self._take(call)
                except PhoneError as error:
                    self._stage.story.problem(f"{self.plan.name}: {error}")

    async def take_break(self) -> None:
        """The planned one, if there is one: the code with its reason, and later the code to resume."""
        rest = self.plan.rest
        if rest is None:
            return
        await asyncio.sleep(rest.at_s)
        async with self._hands:
            await self._dial(f"{PAUSE}{rest.reason_key}", "takes a break")
        await asyncio.sleep(rest.length_s)
        async with self._hands:
            await self._dial(RESUME, "is back from the break")

    async def _dial(self, code: str, what: str) -> None:
        """A feature code, until the switch has hung up."""
        self._stage.story.tell(f"{self.plan.name} {what} ({code})")
        try:
            call = await self._phone.call(code)
            await call.expect("confirmed")
            await call.expect("disconnected", CODE_TIMEOUT_S)
        except PhoneError as error:
            self._stage.story.problem(f"{self.plan.name} dialled {code}: {error}")

    async def _take(self, call: Call) -> None:
        visitor = self._stage.calling(call.caller)
        if visitor is None:
            self._stage.story.problem(f"{self.plan.name} is called by a stranger: {call.caller}")
            await call.decline(BUSY_HERE)
            return
        what = self._first_offers.pop(0) if self._first_offers else ANSWER
        who = name(visitor.plan)
        if what is LET_RING:
            self._stage.story.tell(f"{self.plan.name} does not hear {who} ring")
            await call.expect("disconnected", LONGEST_RING_S)
            return
        delay_s = DECLINE_AFTER_S if what is DECLINE else self._random.uniform(*ANSWER_AFTER_S)
        if await _ended_within(call, delay_s):
            self._stage.story.tell(f"{self.plan.name}'s phone stops ringing")
            return
        if what is DECLINE:
            self._stage.story.tell(f"{self.plan.name} declines {who} ({BUSY_HERE})")
            await call.decline(BUSY_HERE)
            await call.expect("disconnected")
            return
        await self._answer(call, visitor)

    async def _answer(self, call: Call, visitor: Visitor) -> None:
        stage, plan = self._stage, visitor.plan
        try:
            await call.answer()
            began = await call.expect("confirmed")
        except PhoneTimeoutError:
            raise
        except PhoneError:
            # CANCEL and 200 crossed: the caller left in this instant.
            stage.story.tell(f"{self.plan.name} answers too late: {name(plan)} has gone")
            return
        talk = Talk(visitor, self.plan.name, self.plan.account, call, began.at_s)
        stage.talks.append(talk)
        visitor.now = f"talks with {self.plan.name}"
        visitor.served.set()
        stage.story.tell(f"{self.plan.name} talks with {name(plan)}")
        await self._talk(talk)
        if self.is_agent and self.plan.ends_wrap_up_early:
            await asyncio.sleep(self._random.uniform(*EARLY_WRAP_UP_S))
            await self.end_wrap_up()

    async def _talk(self, talk: Talk) -> None:
        plan, call, loop = talk.visitor.plan, talk.agent_call, asyncio.get_running_loop()
        transfers = plan.manner is Manner.TRANSFERRED and self.is_agent
        customer_ends = plan.customer_hangs_up and plan.manner is not Manner.TRANSFERRED
        try:
            if await _ended_within(call, LONGEST_TALK_S if customer_ends else plan.talk_s):
                return
            if transfers:
                self._stage.story.tell(f"{self.plan.name} transfers {name(plan)} to the reception")
                talk.visitor.now = "is transferred"
                talk.ended_at_s = loop.time()
                await call.transfer(RECEPTION)
            else:
                self._stage.story.tell(f"{self.plan.name} hangs up")
                await call.hangup()
            await call.expect("disconnected", LONGEST_RING_S)
        finally:
            talk.ended_at_s = talk.ended_at_s or loop.time()


async def _ended_within(call: Call, seconds: float) -> bool:
    try:
        await call.expect("disconnected", seconds)
    except PhoneTimeoutError:
        return False
    return True
