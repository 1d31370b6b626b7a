"""Lamps outlive a kill (docs/decisions/0018): what a new process makes of what the old one wrote."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from switch.base.clock import SECOND
from switch.base.errors import ResourceError
from switch.exchange.watching import Watching
from switch.node.subscriptions import ROWS_A_WRITE, SubscriptionKeeper, restore
from switch.notifier.limits import ADRIFT_S, CSEQ_AHEAD, RESUME_EVERY_US, RESUMED_AT_ONCE
from switch.sip import digest
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow
from switch.sip.message import NameAddr, Request, Uri
from switch.store.store import Store
from tests.exchange.bench import HERE, PASSWORD, PLAN, Bench, Phone, tcp, udp

DESK = udp(5070)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "switch.db")
    yield opened
    opened.close()


def watching(bench: Bench) -> Watching:
    found = bench.exchange.office.watching
    assert found is not None
    return found


class Lamp:
    """A phone of maple-102 that watches an extension: one subscription, as the phone knows it."""

    def __init__(self, bench: Bench, flow: Flow = DESK, user: str = "101", name: str = "lamp") -> None:
        self.bench, self.flow = bench, flow
        me = NameAddr("", Uri(user="maple-102", host=HERE.host)).with_tag("mine")
        contact = NameAddr("", Uri(user="maple-102", host=flow.remote.host, port=flow.remote.port))
        fields = [("From", str(me)), ("To", f"<sip:{user}@{HERE.host}>"), ("Call-ID", name)]
        fields += [("Contact", str(contact)), ("Event", "dialog"), ("Expires", "600")]
        uri = Uri(user=user, host=HERE.host)
        fields.append(("Record-Route", "<sip:192.0.2.99;lr>"))
        self._give(Request("SUBSCRIBE", uri, [*fields, ("CSeq", "1 SUBSCRIBE")]), "1")
        challenge = bench.response(flow, 401).headers.fields("WWW-Authenticate")[0]
        value = digest.answer(challenge, "SUBSCRIBE", str(uri), "maple-102", PASSWORD, "cn")
        request = Request("SUBSCRIBE", uri, [*fields, ("CSeq", "2 SUBSCRIBE"), ("Authorization", value)])
        self._give(request, "2")
        self.dialog = Dialog.as_uac(request, bench.response(flow, 200), contact)
        self.last = 0
        self.version = -1

    def _give(self, request: Request, number: str) -> None:
        via = f"SIP/2.0/{self.flow.transport} {self.flow.remote};branch=z9hG4bK{request.call_id}{number}"
        request.headers.add("Via", via)
        self.bench.give(request, self.flow)

    def taken(self, status: int = 200) -> list[str]:
        """The next NOTIFY, judged as RFC 3261 section 12.2.2 and RFC 4235 section 4.1.1 say; its states."""
        notify = self.bench.request(self.flow, "NOTIFY")
        assert notify.call_id == self.dialog.call_id
        assert notify.to.tag == "mine"
        assert notify.from_.tag == self.dialog.remote.tag
        assert notify.headers.get("Route") == "<sip:192.0.2.99;lr>"
        root = ElementTree.fromstring(notify.body)
        assert root.get("state") == "full"
        assert notify.cseq.number > self.last
        assert int(root.get("version") or "-1") > self.version
        self.last, self.version = notify.cseq.number, int(root.get("version") or "")
        self.bench.give(notify.make_response(status), self.flow)
        return [state.text or "" for state in root.iter("{urn:ietf:params:xml:ns:dialog-info}state")]

    def refresh(self) -> None:
        request = self.dialog.request("SUBSCRIBE", headers=[("Event", "dialog"), ("Expires", "600")])
        self._give(request, str(request.cseq.number))


async def write(bench: Bench, store: Store) -> SubscriptionKeeper:
    keeper = SubscriptionKeeper(store, bench.exchange.office, bench._carry)
    await keeper.write(watching(bench).notifier)
    return keeper


def killed(bench: Bench, store: Store, plan: str = PLAN, after_s: int = 5) -> Bench:
    """A new process after the old one was killed. Both clocks go on."""
    new = Bench(plan=plan)
    new.now = bench.now + after_s * SECOND
    new.exchange.office.parts.tokens.token(10)
    restore(store, new.exchange, new.now)
    new._carry()
    return new


async def test_a_phone_is_told_the_full_state_at_once_after_a_kill(store: Store) -> None:
    """Also where its lamp burnt for a call that the kill cut off; and what it does next is as ever."""
    old = Bench()
    phone = Phone(old, "maple-101")
    phone.register(udp(5080))
    Phone(old).register(udp(5091))
    lamp = Lamp(old)
    assert lamp.taken() == []
    phone.invite(udp(5080), Uri(user="600", host=HERE.host))
    assert lamp.taken() == ["early"]
    await write(old, store)
    new = killed(old, store)
    lamp.bench = new
    assert new.heard == {}, "nothing is sent before the row is written anew"
    await write(new, store)
    new.run(0)
    assert lamp.taken() == ["terminated"]
    assert lamp.last > CSEQ_AHEAD
    lamp.refresh()
    assert new.response(DESK, 200).expires == 600
    assert lamp.taken() == ["terminated"]
    assert new.methods(DESK) == []


async def test_nothing_is_told_before_the_row_is_written_anew(store: Store) -> None:
    """Not even news: its number could be one that the next process gives again."""
    old = Bench()
    lamp = Lamp(old)
    lamp.taken()
    await write(old, store)
    lamp.bench = new = killed(old, store)
    phone = Phone(new, "maple-101")
    phone.register(udp(5080))
    Phone(new).register(udp(5091))
    phone.invite(udp(5080), Uri(user="600", host=HERE.host))
    assert new.methods(DESK) == []
    await write(new, store)
    new.run(0)
    assert lamp.taken() == ["early"]


async def test_numbers_rise_over_one_kill_after_another(store: Store) -> None:
    """RFC 3261 section 12.2.1.1: NOTIFYs that were sent since the row was written are below the gap."""
    old = Bench()
    lamp = Lamp(old)
    lamp.taken()
    await write(old, store)
    bench = old
    for _ in range(3):
        lamp.refresh()
        bench.response(DESK, 200)
        lamp.taken()
        bench = killed(bench, store)
        lamp.bench = bench
        await write(bench, store)
        bench.run(0)
        lamp.taken()


async def test_a_phone_that_has_forgotten_its_subscription_ends_it(store: Store) -> None:
    old = Bench()
    lamp = Lamp(old)
    lamp.taken()
    await write(old, store)
    lamp.bench = new = killed(old, store)
    keeper = await write(new, store)
    new.run(0)
    lamp.taken(481)
    assert len(watching(new).notifier) == 0
    await keeper.write(watching(new).notifier)
    assert store.subscriptions.all() == []
    lamp.refresh()
    new.response(DESK, 481)


async def test_a_refresh_that_comes_first_is_taken(store: Store) -> None:
    old = Bench()
    lamp = Lamp(old)
    lamp.taken()
    await write(old, store)
    lamp.bench = new = killed(old, store)
    lamp.refresh()
    new.response(DESK, 200)
    lamp.taken()
    await write(new, store)
    new.run(SECOND)
    assert new.methods(DESK) == [], "it was told already"


async def test_what_may_not_go_on(store: Store) -> None:
    """Its time is over; its account is gone; it may not watch any more: 481 to a refresh."""
    old = Bench()
    lamp = Lamp(old)
    lamp.taken()
    await write(old, store)
    forbidden = PLAN + "watch: {busy_lamps: none}\n"
    gone = PLAN.replace('"101": {}, ', "")
    for new in (killed(old, store, forbidden), killed(old, store, gone), killed(old, store, after_s=601)):
        assert new.exchange.office.watching is None
        lamp.bench = new
        lamp.refresh()
        new.response(DESK, 481)
    keeper = SubscriptionKeeper(store, new.exchange.office, new._carry)
    await keeper.forget_others()
    assert store.subscriptions.all() == []


async def test_what_came_by_a_stream_is_told_when_its_phone_is_back(store: Store) -> None:
    old = Bench()
    first = tcp(1)
    Phone(old).register(first)
    lamp = Lamp(old, first)
    lamp.taken()
    await write(old, store)
    lamp.bench = new = killed(old, store)
    await write(new, store)
    new.run(SECOND)
    assert new.heard == {}, "there is no way to it"
    lamp.flow = tcp(2)
    Phone(new).register(lamp.flow)
    assert lamp.taken() == ["terminated"]
    assert len(watching(new).notifier) == 1


async def test_of_two_phones_of_an_account_its_own_is_found(store: Store) -> None:
    """Another answers 481 (RFC 6665 section 4.2.2), and it is waited for its own; but not for ever."""
    old = Bench()
    Phone(old).register(tcp(1))
    lamp = Lamp(old, tcp(1))
    lamp.taken()
    await write(old, store)
    lamp.bench = new = killed(old, store)
    await write(new, store)
    Phone(new, instance="").register(udp(5090))
    Phone(new, instance="<urn:uuid:2>").register(tcp(2), contact=f"sip:other@{tcp(2).remote}")
    assert new.methods(udp(5090)) + new.methods(tcp(2)) == [], "no such Contact"
    Phone(new, instance="<urn:uuid:3>").register(tcp(3))
    new.give(new.request(tcp(3), "NOTIFY").make_response(481), tcp(3))
    lamp.flow = tcp(4)
    Phone(new, instance="<urn:uuid:4>").register(tcp(4))
    lamp.taken()
    new.run((ADRIFT_S - 10) * SECOND)
    lamp.refresh()
    new.response(tcp(4), 200)
    await write(new, store)
    newer = killed(new, store)
    newer.run((ADRIFT_S + 1) * SECOND)
    assert len(watching(newer).notifier) == 0


async def test_many_are_told_in_turns(store: Store) -> None:
    old = Bench()
    for number in range(2 * RESUMED_AT_ONCE + 1):
        Lamp(old, name=f"lamp{number}").taken()
    await write(old, store)
    new = killed(old, store)
    await write(new, store)
    told = []
    for step_us in (0, RESUME_EVERY_US, RESUME_EVERY_US, 0):
        told.append(len(new.methods(DESK)))
        new.run(step_us)
    assert told[0] == 0
    assert told[1] == RESUMED_AT_ONCE
    assert told[-1] == 2 * RESUMED_AT_ONCE + 1


async def test_what_the_store_refuses_is_written_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing grows meanwhile: one that came and went is not kept for a store that never knew it."""
    bench = Bench()
    lamp = Lamp(bench)
    lamp.taken()
    keeper = SubscriptionKeeper(store, bench.exchange.office, bench._carry)
    notifier = watching(bench).notifier

    def full(*_: object) -> None:
        raise ResourceError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("switch.store.subscriptions.SubscriptionTable.put", full)
        await keeper.write(notifier)
    assert store.subscriptions.all() == []
    await keeper.write(notifier)
    (row,) = store.subscriptions.all()
    assert (row.account, row.watcher, row.remote_cseq) == ("101", "maple-102", 2)
    Lamp(bench, name="brief").taken(481)
    assert notifier.take_touched(ROWS_A_WRITE) == {}


async def test_an_orderly_stop_leaves_none(store: Store) -> None:
    """Phones are told to subscribe again: rows would be taken up by a start that nobody waits for."""
    bench = Bench()
    Lamp(bench).taken()
    keeper = SubscriptionKeeper(store, bench.exchange.office, bench._carry)
    keeper.start()
    await keeper.write(watching(bench).notifier)
    assert len(store.subscriptions.all()) == 1
    await keeper.stop()
    assert store.subscriptions.all() == []
