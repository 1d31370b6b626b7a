"""One call's whole story, told the same way each time: sign in, dial, wait, talk, hold, transfer, end.

Everybody acts by the clock and by what their phone shows, so that the story goes on, some other way, when
something is injected into it. On a calm network without injection each message has its number.
"""

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.dialplan.plan import Centre
from switch.journal.events import FlowStep
from switch.sim.phone import Person, Phone
from switch.sim.phone_call import CallState, PhoneCall
from switch.sim.world import Interception, Setting, World
from tests.sim.centres import shop
from tests.sim.observer import Observer

TOLD_US = 40 * SECOND
"""The customer hangs up now, whatever happened, and a second later everybody else."""

SETTLED_US = 230 * SECOND
"""What has died is noticed: silence after 60 s, a dialog's death after 90 s and two time-outs of 32 s."""

FORGOTTEN_US = 360 * SECOND
"""Bindings of dead phones have expired, transactions have lingered."""


class Answers(Person):
    """Picks up after a second, while `willing`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.willing = True

    def incoming(self, call: PhoneCall, now: int) -> None:
        self.world.at(now + SECOND, lambda at: call.answer(at) if self.willing else None)


class Agent(Answers):
    """Holds the first customer for two seconds, then passes the call on to the desk."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.passed_on = False

    def talks(self, call: PhoneCall, now: int) -> None:
        if call.dialled_out or self.passed_on:
            return
        self.passed_on = True
        at = self.world.at
        at(now + 2 * SECOND, lambda t: self._hold(call, t, held=True))
        at(now + 4 * SECOND, lambda t: self._hold(call, t, held=False))
        at(now + 6 * SECOND, lambda t: self._refer(call, t))

    def _hold(self, call: PhoneCall, now: int, *, held: bool) -> None:
        call.hold(now, held=held)

    def _refer(self, call: PhoneCall, now: int) -> None:
        call.refer("110", now)


class Buyer(Person):
    """Presses 1 a second after the answer."""

    def __init__(self, world: World) -> None:
        self.world = world

    def talks(self, call: PhoneCall, now: int) -> None:
        self.world.at(now + SECOND, lambda t: call.press("1", t))


class Story:
    """Its people are `anna` and `ben`, agents, the `desk`, and the customer behind the `carrier`."""

    def __init__(self, interception: Interception | None = None, centre: Centre | None = None) -> None:
        centre = centre or shop()
        self.world = World(Setting(centre, slots=12))
        self.observer = Observer(centre, "shop")
        self.world.watchers.append(self.observer)
        self.world.interception = interception
        self.anna = self._phone("101", Agent(self.world))
        self.ben = self._phone("102", Answers(self.world))
        self.desk = self._phone("110", Answers(self.world))
        self.carrier = self.world.carrier("carrier", Buyer(self.world))
        self.call: PhoneCall | None = None
        start = self.world.now
        self.world.at(start, self.anna.register)
        self.world.at(start + SECOND // 10, self.desk.register)
        self.world.at(start + SECOND // 5, self.ben.register)
        self.world.at(start + 2 * SECOND, self._sign_in)
        self.world.at(start + 8 * SECOND, self._dial)
        self.world.at(start + TOLD_US, self._hang_up)
        self.world.at(start + TOLD_US + SECOND, self._all_hang_up)

    def _phone(self, account: str, person: Person) -> Phone:
        return self.world.phone("shop", account, person)

    def _sign_in(self, now: int) -> None:
        if self.anna.alive:
            self.anna.call("*11", now)
        self.world.exchange.agent("shop", "ben", AgentVerb.SIGN_IN, "", now)

    def _dial(self, now: int) -> None:
        if self.carrier.alive:
            self.call = self.carrier.call("+33199000100", now, "+33612345678")

    def _hang_up(self, now: int) -> None:
        if self.call is not None and self.call.state is not CallState.ENDED:
            self.call.hang_up(now)

    def _all_hang_up(self, now: int) -> None:
        for phone in self.world.phones.values():
            for call in list(phone.calls):
                call.hang_up(now)

    def tell(self) -> "Story":
        """The story, and the time in which all that died is noticed."""
        self.world.run(SETTLED_US)
        return self

    def check(self) -> None:
        """Both sides are in the right state, and then nothing is left of anything."""
        world, observer = self.world, self.observer
        observer.balance()
        assert observer.calls.keys() == observer.call_ends.keys(), "a call has no end"
        assert not observer.waiting, "somebody waits for ever"
        assert not observer.talks, "somebody talks for ever"
        for name, worker in observer.workers.items():
            assert worker.shown not in ("offered", "busy", "wrap-up"), f"{name} is {worker.shown} for ever"
        for phone in world.phones.values():
            assert not phone.calls, f"{phone.identity.user} is still in a call: {phone.calls[0].state}"
        tenancy = world.exchange.office.parts.tenancies["shop"]
        tenancy.auditor.inspect(tenancy.router, world.now)
        assert not tenancy.auditor.breaches, tenancy.auditor.breaches
        for queue in tenancy.router.queues(world.now):
            assert (queue.waiting, queue.offered, queue.talking) == (0, 0, 0), queue
        for phone in world.phones.values():
            if phone.alive and phone.identity.password:
                phone.unregister(world.now)
        world.touch()
        world.run(FORGOTTEN_US)
        assert world.remains().none(), world.remains()

    def signed_in_by_phone(self) -> bool:
        """Whether anna's code was carried out."""
        steps = (entry.event for entry in self.world.journal if isinstance(entry.event, FlowStep))
        return any(step.detail == "signed-in" for step in steps)
