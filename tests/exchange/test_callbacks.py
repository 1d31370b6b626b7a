"""Callbacks (docs/decisions/0031): the place is kept, the agent rings first, nobody is called twice."""

from dataclasses import replace

import pytest

from switch.base.clock import MINUTE, SECOND
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.exchange.callbacks import CallbackState, restore
from switch.journal import events, queue_events
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim import centres
from tests.sim.scene import CALLER, Scene

TERMS = "{offer_after_s: 5, tries: 2, retry_minutes: 1, expires_minutes: 60, ring_s: 20}"


def _centre(terms: str = TERMS, more: str = "") -> Centre:
    text = centres.SHOP.replace(
        "    refuse_without_agents: false\n", f"    refuse_without_agents: false\n    callback: {terms}\n"
    )
    return load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text + more})


def _scene(terms: str = TERMS, agents: tuple[str, ...] = (), more: str = "") -> Scene:
    return Scene(_centre(terms, more), agents=agents)


def _asks(scene: Scene, call: PhoneCall, keys: str = "11") -> None:
    """Press the key, hear the number, confirm it; then what was promised is heard and the call ends."""
    for key in keys:
        call.press(key, scene.world.now)
        scene.run(0.3)


def _ended(scene: Scene) -> list[str]:
    return [
        event.outcome
        for event in scene.told(queue_events.CallbackEnded)
        if isinstance(event, queue_events.CallbackEnded)
    ]


def _done(scene: Scene) -> None:
    """Open callbacks are taken back, and then nothing is left."""
    book = scene.world.exchange.office.callbacks
    for name in [] if book is None else list(book.by_id):
        scene.world.exchange.cancel_callback(name, scene.world.now)
    scene.world.touch()
    scene.nothing_is_left()
    assert _open(scene) == []
    assert book is None or not (book.by_contact or book.by_wish or book.committing)


def _number(call: PhoneCall) -> str:
    return call.invite.uri.user or ""


def _open(scene: Scene) -> list[CallbackState]:
    book = scene.world.exchange.office.callbacks
    return [] if book is None else [callback.state for callback in book.by_id.values()]


def test_a_caller_keeps_the_place_and_is_called_when_an_agent_has_answered() -> None:
    scene = _scene()
    call = scene.customer()
    began = scene.world.now
    scene.run(30)
    _asks(scene, call)
    scene.run(3)
    assert call.state is CallState.ENDED
    assert _open(scene) == [CallbackState.WAITING]
    later = scene.customer("+33600000002")
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(0.5)
    assert len(scene.person(scene.anna).rang) == 1, "the agent's phone rings first"
    assert scene.person(scene.carrier).rang == []
    assert later.state is CallState.TALKING, "the flow plays to who came later"
    scene.run(3)
    (back,) = scene.person(scene.carrier).rang
    (agent,) = scene.person(scene.anna).rang
    assert _number(back) == CALLER
    assert scene.talk_between(agent, back)
    connected = scene.told(events.AgentConnected)[0]
    assert isinstance(connected, events.AgentConnected)
    assert connected.waited_us >= scene.world.now - began - 5 * SECOND, "since the call, not since the wish"
    scene.run(20)
    back.hang_up(scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert agent.state is CallState.ENDED
    assert _ended(scene) == ["answered"]
    record = next(record for record in scene.records() if record.direction == "callback")
    assert (record.caller, record.queue, record.agent, record.cause) == (CALLER, "sales", "anna", "normal")
    assert record.talked_us >= 19 * SECOND
    _done(scene)


def test_the_agent_sees_whom_the_callback_is_for() -> None:
    scene = _scene()
    _asks(scene, scene.customer())
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(1)
    seen = [d.data for _, d in scene.wire.seen if d.target == scene.anna.address]
    invite = next(data for data in seen if data.startswith(b"INVITE"))
    assert b'From: "Callback" <sip:' + CALLER.encode() in invite or b"From: Callback <sip:" in invite
    assert CALLER.encode() in invite
    _done(scene)


def test_nothing_is_promised_before_the_journal_has_it() -> None:
    scene = _scene()
    scene.world.stores = False
    call = scene.customer()
    _asks(scene, call)
    scene.run(1)
    assert call.state is CallState.TALKING, "asked for a number again, with the place in the line"
    assert _ended(scene) == ["not-stored"]
    assert len(scene.world.exchange.office.session_of_contact) == 1
    _done(scene)


def test_a_journal_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = _scene()
    call = scene.customer()
    with monkeypatch.context() as hangs:
        hangs.setattr(scene.world.exchange, "committed", lambda *_: None)
        _asks(scene, call)
        scene.run(6)
    assert _ended(scene) == ["not-stored"]
    assert call.state is CallState.TALKING
    _done(scene)


def test_a_second_wish_for_the_same_number_makes_no_second_callback() -> None:
    scene = _scene()
    first = scene.customer()
    _asks(scene, first)
    scene.run(3)
    second = scene.customer()
    _asks(scene, second)
    scene.run(3)
    assert second.state is CallState.ENDED
    assert _open(scene) == [CallbackState.WAITING]
    assert len(scene.told(queue_events.CallbackKept)) == 1
    _done(scene)


def test_another_number_may_be_entered_and_is_confirmed() -> None:
    scene = _scene()
    _asks(scene, scene.customer(), "12" + "0699999999" + "#" + "1")
    kept = scene.told(queue_events.CallbackKept)[0]
    assert isinstance(kept, queue_events.CallbackKept)
    assert kept.number == "+33699999999"
    _done(scene)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("15", "emergency"),
        ("112", "emergency"),
        ("0899123456", "premium"),
        ("001514555010", "another country"),
        ("00442079460000", "another country"),
        ("101", "a phone of the tenant"),
        ("0199000100", "our own number"),
        ("123", "no number"),
    ],
)
def test_a_number_that_may_not_be_dialled_is_refused(number: str, why: str) -> None:
    """Toll fraud by callback: whoever can call us could else have us dial at our cost."""
    scene = _scene()
    call = scene.customer()
    _asks(scene, call, "12" + number + "#" + "1")
    assert not scene.told(queue_events.CallbackKept), why
    assert call.state is CallState.TALKING, "the caller keeps waiting"
    _done(scene)


def test_who_withholds_the_number_is_asked_for_one() -> None:
    scene = _scene()
    call = scene.customer("anonymous")
    _asks(scene, call, "1" + "0612345678" + "#" + "1")
    kept = scene.told(queue_events.CallbackKept)[0]
    assert isinstance(kept, queue_events.CallbackKept)
    assert kept.number == "+33612345678"
    _done(scene)


def test_a_customer_who_does_not_answer_is_tried_again_and_then_let_be() -> None:
    scene = _scene()
    scene.person(scene.carrier).after_us = None
    _asks(scene, scene.customer())
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(25)
    assert len(scene.person(scene.carrier).rang) == 1
    assert _open(scene) == [CallbackState.RESTING]
    assert scene.person(scene.anna).rang[0].state is CallState.ENDED, "the agent is let go"
    scene.run(70)
    assert len(scene.person(scene.carrier).rang) == 2
    scene.run(60)
    assert _ended(scene) == ["no-answer"]
    assert _open(scene) == []
    _done(scene)


def test_an_agent_who_hangs_up_while_it_rings_uses_no_try() -> None:
    scene = _scene()
    scene.person(scene.carrier).after_us = None
    _asks(scene, scene.customer())
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(4)
    scene.hang_up(scene.person(scene.anna).rang[0])
    scene.run(1)
    assert scene.person(scene.carrier).rang[0].state is CallState.ENDED
    book = scene.world.exchange.office.callbacks
    assert book is not None
    (callback,) = book.by_id.values()
    assert (callback.tries_left, callback.state) == (2, CallbackState.WAITING)
    scene.run(6)
    assert len(scene.person(scene.anna).rang) == 2, "after the wrap-up"
    _done(scene)


def test_an_agent_who_does_not_answer_is_a_miss_and_the_next_is_rung() -> None:
    scene = _scene(agents=())
    _asks(scene, scene.customer())
    scene.person(scene.anna).after_us = None
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(1)
    scene.verb("ben", AgentVerb.SIGN_IN)
    scene.run(12)
    assert len(scene.person(scene.ben).rang) == 1
    assert _ended(scene) == ["answered"]
    _done(scene)


def test_it_expires() -> None:
    scene = _scene()
    _asks(scene, scene.customer())
    scene.run(3_700)
    assert _ended(scene) == ["expired"]
    assert _open(scene) == []
    _done(scene)


def test_nobody_is_called_outside_the_hours() -> None:
    """The world begins at nine."""
    terms = TERMS.replace("{", "{hours: late, ")
    scene = _scene(terms, more="hours: {late: {daily: 09:05-23:00}}\n")
    _asks(scene, scene.customer())
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(200)
    assert _open(scene) == [CallbackState.RESTING]
    assert scene.person(scene.anna).rang == []
    scene.run(150)
    assert _ended(scene) == ["answered"]
    _done(scene)


def test_a_limit_of_the_tenant_counts_for_callbacks() -> None:
    scene = _scene(more="limits: {calls_per_minute: 1}\n")
    _asks(scene, scene.customer())
    scene.run(3)
    _asks(scene, scene.customer("+33600000002"))
    scene.run(3)
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.verb("ben", AgentVerb.SIGN_IN)
    scene.run(10)
    assert len(scene.person(scene.carrier).rang) == 1
    assert sorted(_ended(scene)) == ["answered"]
    assert _open(scene) == [CallbackState.RESTING]
    _done(scene)


def test_an_operator_takes_one_back() -> None:
    scene = _scene()
    _asks(scene, scene.customer())
    book = scene.world.exchange.office.callbacks
    assert book is not None
    (name,) = book.by_id
    assert scene.world.exchange.cancel_callback(name, scene.world.now)
    assert not scene.world.exchange.cancel_callback(name, scene.world.now)
    scene.world.touch()
    assert _ended(scene) == ["cancelled"]
    _done(scene)


def test_taken_back_while_an_agent_is_rung_the_phone_stops() -> None:
    scene = _scene()
    _asks(scene, scene.customer())
    scene.person(scene.anna).after_us = None
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(1)
    book = scene.world.exchange.office.callbacks
    assert book is not None
    (name,) = book.by_id
    assert scene.world.exchange.cancel_callback(name, scene.world.now)
    scene.run(1)
    assert scene.person(scene.anna).rang[0].state is CallState.ENDED
    assert scene.world.remains().calls == 0
    _done(scene)


def test_an_agent_who_is_faster_than_the_disk_has_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = _scene()
    call = scene.customer()
    exchange = scene.world.exchange
    late: list[int] = []
    with monkeypatch.context() as slow:
        slow.setattr(exchange, "committed", lambda sequence, *_: late.append(sequence))
        _asks(scene, call)
        scene.verb("anna", AgentVerb.SIGN_IN)
        scene.run(2)
    exchange.committed(late[0], True, scene.world.now)
    scene.world.touch()
    assert _ended(scene) == ["cancelled"]
    assert scene.talk_between(scene.person(scene.anna).rang[0], call)
    _done(scene)


def test_a_premium_number_is_refused_though_phones_may_dial_it() -> None:
    text = centres.SHOP.replace('allow: ["+33"]}', 'allow: ["+33"], premium: true}')
    text = text.replace(
        "    refuse_without_agents: false\n", f"    refuse_without_agents: false\n    callback: {TERMS}\n"
    )
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=())
    _asks(scene, scene.customer(), "12" + "0899123456" + "#" + "1")
    assert not scene.told(queue_events.CallbackKept)
    _done(scene)


def test_a_place_outlives_a_kill() -> None:
    """Another process reads the journal: the callback has the place that its caller had, and is kept."""
    scene = _scene()
    call = scene.customer()
    since = scene.world.now
    scene.run(120)
    _asks(scene, call)
    scene.run(3)
    kept = [entry for entry in scene.world.journal if isinstance(entry.event, queue_events.CallbackKept)]
    second = _scene()
    second.run(300)
    office = second.world.exchange.office
    entries = [
        (entry.tenant, entry.event) for entry in kept if isinstance(entry.event, queue_events.CallbackKept)
    ]
    assert restore(office, entries, second.world.now) == 1
    second.world.exchange.settle(second.world.now)
    rival = second.customer("+33600000002")
    second.world.touch()
    (waits, comes) = office.parts.tenancies["shop"].router.waiting(second.world.now)
    assert abs(waits.waiting_since - since) < 2 * SECOND
    assert waits.waiting_since < comes.waiting_since
    second.verb("anna", AgentVerb.SIGN_IN)
    second.run(5)
    assert _ended(second) == ["answered"]
    assert rival.state is CallState.TALKING
    _done(second)


def test_what_expired_meanwhile_is_ended() -> None:
    scene = _scene()
    _asks(scene, scene.customer())
    kept = scene.told(queue_events.CallbackKept)[0]
    assert isinstance(kept, queue_events.CallbackKept)
    second = _scene()
    late = replace(kept, expires_wall_us=kept.since_wall_us)
    restore(second.world.exchange.office, [("shop", late)], second.world.now + MINUTE)
    assert _open(second) == []


def test_a_step_offers_it_to_whom_a_gate_sends_away() -> None:
    text = centres.SHOP.replace(
        "    refuse_without_agents: false\n",
        f"    callback: {TERMS}\n    no_agents: [{{callback: sales}}, hangup]\n",
    )
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=())
    call = scene.customer()
    _asks(scene, call, "1")
    scene.run(3)
    assert call.state is CallState.ENDED
    assert _open(scene) == [CallbackState.RESTING], "nobody is signed in: asked again every half minute"
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(35)
    assert _number(scene.person(scene.carrier).rang[0]) == CALLER
    assert _ended(scene) == ["answered"]
    _done(scene)


def test_without_the_wish_nothing_is_called() -> None:
    scene = _scene()
    call = scene.customer()
    _asks(scene, call, "1*")
    scene.run(1)
    assert call.state is CallState.TALKING
    assert scene.world.exchange.office.callbacks is None
    _done(scene)
