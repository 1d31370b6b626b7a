"""A new configuration: nothing of a wrong one comes into force, and calls of a removed tenant go on."""

import pytest

from switch.base.clock import SECOND
from switch.base.errors import ConfigurationError
from switch.call.settings import LegSettings
from switch.dialplan.centre import load_centre
from switch.node.compose import rebuild
from switch.node.names import Found, find
from switch.sim.phone_call import CallState
from switch.sim.world import Setting, World
from switch.trunk.settings import Identity, TrunkSettings
from tests.sim.centres import TRUNKS, shop
from tests.sim.story import Answers

OTHER = "languages: [en]\nnumbers: {600: main}\naccounts: {'101': {}}\nflows: {main: [hangup]}\n"


def test_what_cannot_be_taken_changes_nothing() -> None:
    world = World(Setting(shop(), slots=4))
    parts = world.exchange.office.parts
    directory, tenancies = parts.directory, dict(parts.tenancies)
    broken = (TrunkSettings("a", (), identify=(Identity("no network"),)),)
    with pytest.raises(ConfigurationError):
        rebuild(world.exchange, load_centre({"other.yaml": OTHER}), [], broken, world.materials, world.now)
    assert parts.directory is directory
    assert parts.tenancies == tenancies
    assert parts.trunks.names() == ("carrier",)


def test_calls_of_a_tenant_that_was_removed_go_on_to_their_end() -> None:
    world = World(Setting(shop(), slots=4))
    world.phone("shop", "101", Answers(world))
    desk = world.phone("shop", "110")
    for phone in world.phones.values():
        phone.register(world.now)
    world.touch()
    world.run(SECOND)
    call = desk.call("101", world.now)
    world.touch()
    world.run(3 * SECOND)
    world.reload(load_centre({"centre.yaml": TRUNKS, "other.yaml": OTHER}))
    world.run(5 * SECOND)
    assert call.state is CallState.TALKING
    call.hang_up(world.now)
    world.touch()
    world.run(SECOND)
    assert (call.state, world.remains().calls) == (CallState.ENDED, 0)


def test_who_waits_for_a_tenant_that_was_removed_leaves_nothing_behind() -> None:
    """Its router is needed until its last call has ended."""
    world = World(Setting(shop(), slots=4))
    desk = world.phone("shop", "110")
    desk.register(world.now)
    world.touch()
    world.run(SECOND)
    call = desk.call("600", world.now)
    world.touch()
    world.run(3 * SECOND)
    assert world.remains().contacts == 1
    world.reload(load_centre({"centre.yaml": TRUNKS, "other.yaml": OTHER}))
    call.hang_up(world.now)
    world.touch()
    world.run(SECOND)
    assert (world.remains().calls, world.remains().contacts) == (0, 0)


def test_session_timers_and_reliable_answers_are_taken_from_the_centre() -> None:
    world = World(Setting(shop(), slots=4))
    signalling = world.exchange.office.signalling
    assert signalling.settings == LegSettings(1_800, 90, reliable_183=True)
    more = "session_timer: {expires_s: 600, min_s: 120}\nreliable_183: false\n"
    world.reload(load_centre({"centre.yaml": TRUNKS + more, "other.yaml": OTHER}))
    assert signalling.settings == LegSettings(600, 120, reliable_183=False)


def test_a_name_that_two_tenants_have_is_never_guessed() -> None:
    names = {("shop", "anna"): "", ("bar", "anna"): "", ("bar", "ben"): "bar-102"}
    assert find("bar/anna", names, "agent") == Found("bar", "anna")
    assert find("ben", names, "agent") == find("bar-102", names, "agent") == Found("bar", "ben")
    found = find("anna", names, "agent")
    assert not isinstance(found, Found)
    assert found.message == "agent 'anna' is in several tenants; say one of shop/anna, bar/anna"
    missing = find("bar/ana", names, "agent")
    assert not isinstance(missing, Found)
    assert missing.message == "there is no agent 'bar/ana'; did you mean bar/anna?"
