"""One hour of a busy centre, on a bad network: two hundred customers, forty agents."""

from switch.base.clock import MINUTE, SECOND
from switch.base.rng import SplitMix64
from switch.sim.network import ROUGH, Weather
from switch.sim.people import AgentHabits, AgentPerson, Customer, CustomerHabits, Public
from switch.sim.world import Setting, World
from tests.sim.centres import AGENTS, big
from tests.sim.observer import Observer

CUSTOMERS = 200
CALLS_EACH = 4
SHIFT_US = 57 * MINUTE
LINGER_US = 5 * MINUTE
"""From the end of the shift until the last talk has ended and the last transaction has lingered."""


class Hour:
    """`play` runs it; everything that happened is in `world` and `observer` then."""

    def __init__(self, seed: int, *, prefer_c: bool = True, weather: Weather = ROUGH) -> None:
        self.world = World(Setting(big(), seed=seed, weather=weather, slots=400, prefer_c=prefer_c))
        self.observer = Observer(big(), "big")
        self.world.watchers.append(self.observer)
        self.customers: list[Customer] = []
        rng = SplitMix64(seed ^ 0x686F7572)
        start = self.world.now
        for number in range(AGENTS):
            self._agent(number, start + rng.below(90 * SECOND), rng.next())
        public = Public(self.world, self.world.carrier("carrier"))
        for number in range(CUSTOMERS * CALLS_EACH):
            caller = f"+336{10_000_000 + number % CUSTOMERS}"
            habits = CustomerHabits(keys=("1", "2", "3", "4"), talk_s_max=420)
            customer = Customer(public, habits, rng.next(), number="+33199000100", caller=caller)
            self.customers.append(customer)
            self.world.at(start + rng.below(SHIFT_US - 5 * MINUTE), customer.dial)

    def _agent(self, number: int, begin: int, seed: int) -> None:
        phone = self.world.phone("big", str(1000 + number))
        targets = ("600", str(1000 + (number + 1) % AGENTS), "0612345678", "999")
        agent = AgentPerson(self.world, phone, AgentHabits(transfer_targets=targets), seed)
        self.world.at(begin, agent.begin)
        self.world.at(self.world.now + SHIFT_US, agent.leave)

    def play(self) -> World:
        self.world.run(SHIFT_US + LINGER_US)
        return self.world
