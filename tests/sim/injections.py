"""What can befall a story at any message: each function acts upon it once, at that moment."""

from collections.abc import Callable

from switch.base.clock import SECOND
from switch.call.cause import Reason
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.sim.network import Datagram, Fate
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState
from switch.sim.world import SWITCH, Interception, World
from tests.sim.centres import SHOP, TRUNKS, shop
from tests.sim.story import Agent, Story

Blow = Callable[[Story, Datagram], None]

WITHOUT_ANNA = SHOP.replace('  anna: {account: "101", skills: {english: 90}}\n', "")
WITHOUT_THE_QUEUE = SHOP.replace("  sales:\n", "  others:\n").replace("name: sales", "name: others")
_AGENT_GONE = load_centre({"centre.yaml": TRUNKS, "shop.yaml": WITHOUT_ANNA})
_QUEUE_GONE = load_centre({"centre.yaml": TRUNKS, "shop.yaml": WITHOUT_THE_QUEUE})


def caller_hangs_up(story: Story, _: Datagram) -> None:
    if story.call is not None:
        story.call.hang_up(story.world.now)


def agent_declines(story: Story, _: Datagram) -> None:
    for call in list(story.anna.calls):
        call.decline(603, story.world.now)


def agent_hangs_up(story: Story, _: Datagram) -> None:
    for call in list(story.anna.calls):
        call.hang_up(story.world.now)


def agent_answers_at_once(story: Story, _: Datagram) -> None:
    for phone in (story.anna, story.ben, story.desk):
        for call in list(phone.calls):
            call.answer(story.world.now)


def target_declines(story: Story, _: Datagram) -> None:
    for call in list(story.desk.calls):
        call.decline(486, story.world.now)


def target_hangs_up(story: Story, _: Datagram) -> None:
    for call in list(story.desk.calls):
        call.hang_up(story.world.now)


def agents_phone_vanishes(story: Story, _: Datagram) -> None:
    story.anna.vanish(story.world.now)


def agents_phone_restarts(story: Story, _: Datagram) -> None:
    story.anna.vanish(story.world.now)
    story.world.after(5 * SECOND, story.anna.come_back)


def targets_phone_vanishes(story: Story, _: Datagram) -> None:
    story.desk.vanish(story.world.now)


def callers_phone_vanishes(story: Story, _: Datagram) -> None:
    story.carrier.vanish(story.world.now)


def everybody_vanishes(story: Story, _: Datagram) -> None:
    for phone in story.world.phones.values():
        phone.vanish(story.world.now)


def nobody_picks_up(story: Story, _: Datagram) -> None:
    for phone in (story.anna, story.desk):
        assert isinstance(phone.person, Agent) or phone is story.desk
        phone.person.willing = False  # type: ignore[attr-defined]  # both are people who answer


def ring_time_is_over(story: Story, _: Datagram) -> None:
    office, now = story.world.exchange.office, story.world.now
    for attempt in list(office.session_of_attempt):
        office.timers.set(("ring", attempt), now)
    story.world.exchange.handle_timer(now)


def agent_is_paused(story: Story, _: Datagram) -> None:
    story.world.exchange.agent("shop", "anna", AgentVerb.PAUSE, "lunch", story.world.now)


def agent_is_signed_out(story: Story, _: Datagram) -> None:
    story.world.exchange.agent("shop", "anna", AgentVerb.SIGN_OUT, "", story.world.now)


def agent_unregisters(story: Story, _: Datagram) -> None:
    if story.anna.alive:
        story.anna.unregister(story.world.now)


def administrator_hangs_up(story: Story, _: Datagram) -> None:
    for call in list(story.world.exchange.office.sessions):
        story.world.exchange.hang_up(call, Reason.ADMINISTRATOR, story.world.now)


def everything_is_reloaded(story: Story, _: Datagram) -> None:
    story.world.reload(shop())


def agent_is_removed(story: Story, _: Datagram) -> None:
    story.world.reload(_AGENT_GONE)


def queue_is_removed(story: Story, _: Datagram) -> None:
    story.observer.queues |= _QUEUE_GONE.tenants["shop"].queues
    story.world.reload(_QUEUE_GONE)


def customer_holds(story: Story, _: Datagram) -> None:
    if story.call is not None and story.call.state is CallState.TALKING:
        story.call.hold(story.world.now, held=True)


def customer_transfers(story: Story, _: Datagram) -> None:
    if story.call is not None:
        story.call.refer("110", story.world.now)


def customer_transfers_to_the_menu(story: Story, _: Datagram) -> None:
    """A public number: from beyond the trunk no other flow is open."""
    if story.call is not None:
        story.call.refer("+33199000100", story.world.now)


def agent_transfers_to_the_queue(story: Story, _: Datagram) -> None:
    for call in list(story.anna.calls):
        call.refer("600", story.world.now)


def peer_is_dead(story: Story, datagram: Datagram) -> None:
    """The phone at the other end of this message is never heard of again."""
    address = datagram.source if datagram.target == SWITCH else datagram.target
    story.world.phones[address].vanish(story.world.now)


BLOWS: tuple[Blow, ...] = (
    caller_hangs_up,
    agent_declines,
    agent_hangs_up,
    agent_answers_at_once,
    target_declines,
    target_hangs_up,
    agents_phone_vanishes,
    agents_phone_restarts,
    targets_phone_vanishes,
    callers_phone_vanishes,
    everybody_vanishes,
    peer_is_dead,
    nobody_picks_up,
    ring_time_is_over,
    agent_is_paused,
    agent_is_signed_out,
    agent_unregisters,
    administrator_hangs_up,
    everything_is_reloaded,
    agent_is_removed,
    queue_is_removed,
    customer_holds,
    customer_transfers,
    customer_transfers_to_the_menu,
    agent_transfers_to_the_queue,
)


class Once(Interception):
    """Strikes at message `index`, before or after it arrives; `fate` is the message's own."""

    def __init__(
        self, index: int, *, blow: Blow | None = None, late: bool = False, fate: Fate = Fate.DELIVERED
    ) -> None:
        self.index = index
        self.blow = blow
        self.late = late
        self.fate = fate
        self.story: Story | None = None

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        del world
        if index != self.index:
            return Fate.DELIVERED
        if not self.late:
            self._strike(datagram)
        return self.fate

    def after(self, world: World, index: int, datagram: Datagram) -> None:
        del world
        if index == self.index and self.late:
            self._strike(datagram)

    def _strike(self, datagram: Datagram) -> None:
        if self.blow is not None and self.story is not None:
            self.blow(self.story, datagram)


class Several(Interception):
    """Interceptions one after the other; the gravest fate counts."""

    def __init__(self, *parts: Once) -> None:
        self.parts = parts

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        fates = [part.before(world, index, datagram) for part in self.parts]
        if Fate.LOST in fates:
            return Fate.LOST
        return Fate.REPEATED if Fate.REPEATED in fates else Fate.DELIVERED

    def after(self, world: World, index: int, datagram: Datagram) -> None:
        for part in self.parts:
            part.after(world, index, datagram)


def struck(*parts: Once) -> Story:
    """A story told with these interceptions."""
    story = Story(Several(*parts))
    for part in parts:
        part.story = story
    return story.tell()


__all__ = ["BLOWS", "Blow", "Fate", "Once", "Phone", "struck"]
