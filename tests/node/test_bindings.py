"""Registrations outlive a restart of the switch."""

from pathlib import Path

import pytest

from switch.base.clock import SECOND
from switch.base.errors import ResourceError
from switch.base.tokens import SeededTokens
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.exchange.exchange import Exchange
from switch.exchange.office import Listener
from switch.journal.entry import Journal
from switch.media.plan import Slot
from switch.node.bindings import BindingKeeper, kept, restore
from switch.node.clock import now_us
from switch.node.compose import Materials, build
from switch.registrar.values import Account, Binding
from switch.sip.digest import hashed_secrets
from switch.sip.flow import Address, Flow, Transport
from switch.sip.uri import Uri
from switch.store.store import Store

HERE = Address("127.0.0.1", 5060)
DIALPLAN = """
languages: [en]
numbers: {100: main}
accounts: {101: {}}
agents: {anna: {account: 101}}
flows: {main: [hangup]}
"""


def switch(wall_us: int, dialplan: str = DIALPLAN) -> Exchange:
    materials = Materials(
        listeners=(Listener(Transport.UDP, HERE),),
        slots=(Slot(0, "127.0.0.1", 20000),),
        journal=Journal(0, wall_us),
        tokens=SeededTokens(1),
        nonce_secret=b"0123456789abcdef",
        node="n",
        epoch="e",
    )
    account = Account("shop-101", "shop", "101", hashed_secrets("shop-101", "softswitch", "x"))
    return build(load_centre({"shop.yaml": dialplan}), [account], (), materials, 0)


def binding(transport: Transport, expires_at: int, local: Address = HERE) -> Binding:
    flow = Flow(transport, local, Address("198.51.100.7", 40000), 0 if transport is Transport.UDP else 7)
    return Binding(Uri.parse("sip:101@192.168.1.5:5061"), flow, expires_at, 1000, "phone", "", "call-1", 3)


def agent_state(exchange: Exchange, now: int) -> str:
    exchange.agent("shop", "anna", AgentVerb.SIGN_IN, "", now)
    return str(exchange.office.parts.tenancies["shop"].router.agents(now)[0].state)


def after_restart(tmp_path: Path, known: Binding, stopped_for_s: int) -> Exchange:
    """What a new process makes of what the old one wrote; monotonic time begins anew."""
    old = switch(wall_us=1_000 * SECOND)
    old.office.parts.registrar.adopt("shop-101", known, 0)
    store = Store.open(tmp_path / "switch.db")
    try:
        store.replace_bindings(kept(old, 0))
        new = switch(wall_us=(1_000 + stopped_for_s) * SECOND)
        restore(store, new, 0)
        return new
    finally:
        store.close()


def test_a_phone_is_reachable_at_once_after_a_restart(tmp_path: Path) -> None:
    known = binding(Transport.UDP, 300 * SECOND)
    new = after_restart(tmp_path, known, stopped_for_s=100)
    (found,) = new.office.parts.registrar.bindings("shop-101", 0)
    assert found.flow == known.flow
    assert found.contact == known.contact
    assert found.expires_at == 200 * SECOND
    assert agent_state(new, 1) == "available"


def test_what_expired_meanwhile_stays_away(tmp_path: Path) -> None:
    new = after_restart(tmp_path, binding(Transport.UDP, 300 * SECOND), stopped_for_s=301)
    assert new.office.parts.registrar.bindings("shop-101", 0) == []
    assert agent_state(new, 1) == "unreachable"


def test_what_came_by_a_stream_died_with_it(tmp_path: Path) -> None:
    new = after_restart(tmp_path, binding(Transport.TCP, 300 * SECOND), stopped_for_s=1)
    assert new.office.parts.registrar.bindings("shop-101", 0) == []


def test_an_address_that_is_no_longer_ours_is_no_way_to_a_phone(tmp_path: Path) -> None:
    elsewhere = binding(Transport.UDP, 300 * SECOND, Address("127.0.0.1", 5070))
    new = after_restart(tmp_path, elsewhere, stopped_for_s=1)
    assert new.office.parts.registrar.bindings("shop-101", 0) == []


def test_what_did_not_change_is_not_written_again() -> None:
    """Wall time is measured anew every few seconds, and never comes out the same to the microsecond."""
    exchange = switch(wall_us=1_000 * SECOND + 500)
    exchange.office.parts.registrar.adopt("shop-101", binding(Transport.UDP, 300 * SECOND), 0)
    before = kept(exchange, 0)
    exchange.office.journal.set_wall_offset(1_000 * SECOND + 503)
    assert kept(exchange, 0) == before


async def test_what_changed_is_written_and_what_was_refused_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = switch(1_000 * SECOND)
    registrar = exchange.office.parts.registrar
    registrar.adopt("shop-101", binding(Transport.UDP, now_us() + 300 * SECOND), 0)
    store = Store.open(tmp_path / "switch.db")
    try:
        keeper = BindingKeeper(store, exchange)
        await keeper.write_all()
        assert [row.account for row in store.bindings()] == ["shop-101"]
        assert await keeper.write() is False
        registrar.drop_binding("shop-101", "call-1", 3)

        def full(*_: object) -> None:
            raise ResourceError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(store, "put_bindings", full)
            await keeper.write()
        assert len(store.bindings()) == 1
        await keeper.write()
        assert store.bindings() == []
    finally:
        store.close()


def test_coming_and_going_count_as_moves_and_a_refresh_does_not() -> None:
    registrar = switch(0).office.parts.registrar
    registrar.adopt("shop-101", binding(Transport.UDP, 300 * SECOND), 0)
    assert registrar.moves == 1
    registrar.drop_binding("shop-101", "call-1", 3)
    assert registrar.moves == 2
