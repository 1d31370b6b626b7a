"""Agents and customers with habits: who answers, declines, vanishes, waits, loses patience, and when.

Each person draws from a generator of their own, so that what one does never changes another's day.
"""

from dataclasses import dataclass

from switch.base.clock import MILLISECOND, SECOND
from switch.base.rng import SplitMix64
from switch.sim.phone import Person, Phone
from switch.sim.phone_call import CallState, PhoneCall
from switch.sim.world import World

SIGN_IN, SIGN_OUT, PAUSE, RESUME = "*11", "*12", "*13", "*14"

LOOK_EVERY_US = 3 * SECOND
"""How often a customer notices whether somebody speaks, and whether patience is over."""


@dataclass(frozen=True, slots=True)
class AgentHabits:
    """Chances in percent: of an offer that is not answered in one of the ways, of what happens in or after a
    talk; `consults`: of transfers that are announced to the target first."""

    declines: int = 8
    misses: int = 6
    vanishes: int = 4
    holds: int = 20
    transfers: int = 12
    consults: int = 35
    breaks: int = 10
    transfer_targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerHabits:
    """`impatient`: chance in percent to hang up at any moment of the first minute, whatever happens."""

    keys: tuple[str, ...] = ("1",)
    impatient: int = 15
    wrong_key: int = 10
    silent: int = 5
    patience_s_max: int = 240
    talk_s_max: int = 180


class AgentPerson(Person):
    """Works at one phone from `begin` to `leave`."""

    def __init__(self, world: World, phone: Phone, habits: AgentHabits, seed: int) -> None:
        self.world = world
        self.phone = phone
        self.habits = habits
        self.rng = SplitMix64(seed)
        self.works = False
        self.on_break = False
        self._wants = ""
        self._consults: dict[PhoneCall, PhoneCall] = {}
        """The talk that is to be transferred, by the call in which that is announced."""
        phone.person = self

    def begin(self, now: int) -> None:
        """Switch the phone on, register, sign in."""
        self.works = True
        self.phone.register(now)
        self._dial_later(SIGN_IN, 3 * SECOND)

    def leave(self, now: int) -> None:
        """Sign out and switch off."""
        self.works = False
        if self.phone.alive:
            self._dial(SIGN_OUT, now)
        self.world.after(60 * SECOND, self._switch_off)

    def incoming(self, call: PhoneCall, now: int) -> None:
        if len(self.phone.calls) > 1:
            call.decline(486, now)
            return
        roll, habits = self.rng.below(100), self.habits
        delay = self._between(500 * MILLISECOND, 6 * SECOND)
        if roll < habits.declines:
            self.world.after(delay, lambda at: call.decline(603 if roll % 2 else 486, at))
        elif roll < habits.declines + habits.misses:
            self._dial_later(RESUME, self._between(40 * SECOND, 90 * SECOND))
        elif roll < habits.declines + habits.misses + habits.vanishes:
            self.world.after(delay * 2, self._vanish)
        else:
            self.world.after(delay, call.answer)

    def talks(self, call: PhoneCall, now: int) -> None:
        del now
        if call in self._consults:
            self.world.after(self._between(SECOND, 6 * SECOND), lambda at: self._hand_over(call, at))
        if call.dialled_out:
            return
        if self.rng.below(100) < self.habits.holds:
            self.world.after(self._between(2 * SECOND, 20 * SECOND), lambda at: self._hold(call, at))
        if self.habits.transfer_targets and self.rng.below(100) < self.habits.transfers:
            target = self.habits.transfer_targets[self.rng.below(len(self.habits.transfer_targets))]
            when = self._between(3 * SECOND, 40 * SECOND)
            self.world.after(when, lambda at: self._transfer(call, target, at))
        if self.rng.chance(1, 2):
            self.world.after(self._between(5 * SECOND, 300 * SECOND), call.hang_up)

    def ended(self, call: PhoneCall, now: int) -> None:
        for second, first in list(self._consults.items()):
            if call is first:
                # Nobody is left who could be handed over.
                second.hang_up(now)
        first_talk = self._consults.pop(call, None)
        if first_talk is not None:
            self._take_back(first_talk, now)
            return
        if call.dialled_out:
            if self._wants and call.status != 200:
                self._dial_later(self._wants, 10 * SECOND)
            return
        if self.works and self.rng.below(100) < self.habits.breaks:
            self._dial_later(f"{PAUSE}1", self._between(1 * SECOND, 5 * SECOND))
            self._dial_later(RESUME, self._between(30 * SECOND, 120 * SECOND))

    def transferred(self, call: PhoneCall, status: int, now: int) -> None:
        """Half of them hang up as soon as the switch has taken the transfer on."""
        if status == 100 and self.rng.chance(1, 2):
            call.hang_up(now)

    def _hold(self, call: PhoneCall, now: int) -> None:
        if call.hold(now, held=True):
            self.world.after(self._between(3 * SECOND, 15 * SECOND), lambda at: self._take_back(call, at))

    def _take_back(self, call: PhoneCall, now: int) -> None:
        if call.state is CallState.TALKING and call.held and not call.hold(now, held=False):
            self.world.after(SECOND, lambda at: self._take_back(call, at))

    def _transfer(self, call: PhoneCall, target: str, now: int) -> None:
        alone = len(self.phone.calls) == 1 and call.state is CallState.TALKING
        if alone and self.rng.below(100) < self.habits.consults and call.hold(now, held=True):
            self._consults[second := self.phone.call(target, now)] = call
            if self.rng.chance(1, 4):
                # Not everybody waits for the answer.
                self.world.after(self._between(SECOND, 3 * SECOND), lambda at: self._hand_over(second, at))
        else:
            call.refer(target, now)

    def _hand_over(self, second: PhoneCall, now: int) -> None:
        first = self._consults.get(second)
        if first is not None and (second.dialog is not None or second.early_tag):
            first.refer_to_call(second, now)

    def _vanish(self, now: int) -> None:
        if self.phone.alive:
            self._consults = {}
            self.phone.vanish(now)
            self.world.after(self._between(40 * SECOND, 200 * SECOND), self.phone.come_back)

    def _switch_off(self, now: int) -> None:
        if self.phone.alive:
            self.phone.unregister(now)

    def _dial_later(self, code: str, delay_us: int) -> None:
        self.world.after(delay_us, lambda now: self._dial(code, now))

    def _dial(self, code: str, now: int) -> None:
        if code != SIGN_OUT and not self.works:
            return
        if not self.phone.alive or self.phone.calls:
            self._dial_later(code, 5 * SECOND)
            return
        self._wants = code
        self.phone.call(code, now)

    def _between(self, low: int, high: int) -> int:
        return low + self.rng.below(high - low)


class Public(Person):
    """Everybody behind a carrier: finds whose call it is, and picks up what comes in."""

    def __init__(self, world: World, phone: Phone) -> None:
        self.world = world
        self.phone = phone
        self.customers: dict[PhoneCall, Customer] = {}
        phone.person = self

    def incoming(self, call: PhoneCall, now: int) -> None:
        """An agent calls outside, or transfers somebody there: answered soon, ended after a while."""
        del now
        self.world.after(2 * SECOND, call.answer)
        self.world.after(25 * SECOND, call.hang_up)

    def talks(self, call: PhoneCall, now: int) -> None:
        customer = self.customers.get(call)
        if customer is not None:
            customer.hears_the_menu(now)

    def ended(self, call: PhoneCall, now: int) -> None:
        del now
        self.customers.pop(call, None)


class Customer:
    """One call of one customer."""

    def __init__(
        self, public: Public, habits: CustomerHabits, seed: int, *, number: str, caller: str
    ) -> None:
        self.public = public
        self.habits = habits
        self.rng = SplitMix64(seed)
        self.number = number
        self.caller = caller
        self.served = False
        self._patient_until = 0

    def dial(self, now: int) -> None:
        """Call, and perhaps think better of it."""
        call = self.public.phone.call(self.number, now, self.caller)
        self.call = call
        self.public.customers[call] = self
        if self.rng.below(100) < self.habits.impatient:
            self.public.world.after(self.rng.below(60 * SECOND), call.hang_up)
        self._patient_until = now + 10 * SECOND + self.rng.below(self.habits.patience_s_max * SECOND)
        self.public.world.after(LOOK_EVERY_US, self._look)

    def hears_the_menu(self, now: int) -> None:
        """Choose, after some thought; some press what is not offered, some nothing."""
        del now
        roll = self.rng.below(100)
        think = 500 * MILLISECOND + self.rng.below(4 * SECOND)
        world, call = self.public.world, self.call
        if roll < self.habits.silent:
            return
        if roll < self.habits.silent + self.habits.wrong_key:
            world.after(think, lambda now: call.press("7", now))
            think += 4 * SECOND
        key = self.habits.keys[self.rng.below(len(self.habits.keys))]
        world.after(think, lambda now: call.press(key, now))

    def _look(self, now: int) -> None:
        """Is somebody there? Then talk, and end it some day. Else wait, while there is patience."""
        call, world = self.call, self.public.world
        if call.state is CallState.ENDED:
            return
        if call.remote_port and world.engine.hears(call.remote_port) is not None:
            if not self.served:
                self.served = True
                world.after(5 * SECOND + self.rng.below(self.habits.talk_s_max * SECOND), call.hang_up)
        elif not self.served and now >= self._patient_until:
            call.hang_up(now)
            return
        world.after(LOOK_EVERY_US, self._look)
