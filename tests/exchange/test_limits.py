"""Limits on calls to the outside, by whole calls: what is refused, what its record says, what is let go."""

from dataclasses import replace

from switch.base.clock import SECOND
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.journal import events
from switch.sim.phone_call import CallState
from switch.tenant.limits import REFUSALS_RECORDED_A_MINUTE
from switch.trunk.settings import Gateway, Terms
from tests.sim import centres
from tests.sim.scene import CALLER, SHOP, Scene

OUTSIDE = "0612345678"


def centre(limits: str = "", account: str = "", shop: str = centres.SHOP) -> Centre:
    text = shop.replace('"110": {name: Desk}', f'"110": {{name: Desk, limits: {{{account}}}}}')
    return load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text + f"limits: {{{limits}}}\n"})


def test_a_call_over_a_limit_is_refused_and_its_record_names_the_limit() -> None:
    scene = Scene(centre(account="calls: 1"), agents=())
    first = scene.dial(scene.desk, OUTSIDE)
    scene.run(2)
    assert first.state is CallState.TALKING
    second = scene.dial(scene.desk, OUTSIDE)
    scene.run(0.5)
    assert second.status == 480
    record = scene.records()[-1]
    assert (record.cause, record.limit, record.sip_status) == ("limited", "account:calls", 480)
    assert (record.source, record.called, record.direction) == ("110", OUTSIDE, "outbound")
    assert len(scene.carrier.calls) == 1
    scene.hang_up(first)
    scene.run(0.5)
    third = scene.dial(scene.desk, OUTSIDE)
    scene.run(2)
    assert third.state is CallState.TALKING
    scene.nothing_is_left()


def test_what_a_call_to_the_outside_came_to_is_in_the_journal() -> None:
    scene = Scene(centre("cost_per_hour: 100, rates: {+: 6}", account="calls: 1"), agents=())
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(11)
    scene.hang_up(call)
    scene.run(1)
    (counted,) = scene.told(events.OutsideCounted)
    (charged,) = scene.told(events.OutsideCharged)
    assert isinstance(counted, events.OutsideCounted)
    assert isinstance(charged, events.OutsideCharged)
    assert (counted.account, counted.rate) == ("110", 6_000_000)
    assert charged.count == counted.count
    spent = scene.world.exchange.office.parts.limits.spent("shop", "110", scene.world.now)
    assert charged.cost == spent > 900_000
    scene.nothing_is_left()


def test_a_number_that_the_tenant_does_not_allow_has_a_record_too() -> None:
    scene = Scene(agents=())
    call = scene.dial(scene.desk, "+442079460000")
    scene.run(0.5)
    assert call.status == 403
    assert scene.records()[-1].limit == "tenant:not-allowed"
    scene.nothing_is_left()


def test_a_country_that_is_not_allowed_is_refused_and_an_emergency_never() -> None:
    scene = Scene(centre("calls: 1, countries: [BE], cost_per_hour: 0.01, rates: {+: 100}"), agents=())
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(0.5)
    assert call.status == 403
    assert scene.records()[-1].limit == "tenant:country"
    for number in ("112", "15", "112"):
        scene.dial(scene.desk, number)
        scene.run(2)
    assert [call.state for call in scene.carrier.calls] == [CallState.TALKING] * 3
    assert scene.world.exchange.office.parts.limits.spent("shop", "", scene.world.now) == 0
    scene.nothing_is_left()


def test_a_phone_that_dials_day_and_night_does_not_fill_the_journal() -> None:
    scene = Scene(centre(account="countries: [BE]"), agents=(), observed=False)
    before = len(scene.world.journal)
    for _ in range(REFUSALS_RECORDED_A_MINUTE + 20):
        scene.dial(scene.desk, OUTSIDE)
        scene.run(0.1)
    assert len(scene.world.journal) - before == 2 * REFUSALS_RECORDED_A_MINUTE
    ((_, count),) = scene.world.exchange.office.parts.limits.refusals.items()
    assert count == REFUSALS_RECORDED_A_MINUTE + 20


def test_a_flow_that_dials_out_for_a_customer_is_counted_against_its_tenant() -> None:
    shop = centres.SHOP.replace('"601": to_desk}', '"601": to_desk, "+33199000102": away}').replace(
        "  bye: [hangup]", f'  away: [answer, {{dial: {{outside: "{CALLER}"}}}}, hangup]\n  bye: [hangup]'
    )
    scene = Scene(centre("calls: 1", shop=shop), agents=())
    first = scene.dial(scene.carrier, "+33199000102", "+33611111111")
    scene.run(3)
    assert first.state is CallState.TALKING
    second = scene.dial(scene.carrier, "+33199000102", "+33622222222")
    scene.run(3)
    assert second.state is CallState.ENDED
    assert scene.records()[-1].limit == "tenant:calls"
    scene.nothing_is_left()


def test_a_transfer_to_the_outside_is_counted_against_whoever_asked() -> None:
    scene = Scene(centre(account="countries: [BE]"), agents=())
    call = scene.dial(scene.anna, "110")
    scene.run(2)
    scene.desk.calls[0].refer(OUTSIDE, scene.world.now)
    scene.world.touch()
    scene.run(2)
    assert scene.person(scene.desk).news[-1] == 403
    assert scene.carrier.calls == []
    assert call.state is CallState.TALKING
    scene.hang_up(call)
    scene.run(1)
    assert scene.records()[-1].limit == "account:country"
    scene.nothing_is_left()


def test_calls_that_stand_are_ended_when_the_hours_cost_is_reached_where_that_is_wanted() -> None:
    scene = Scene(centre("cost_per_hour: 1, rates: {+33: 0.5}, over_cost: end"), agents=())
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(2)
    assert call.state is CallState.TALKING
    scene.run(117)
    assert call.state is CallState.TALKING
    scene.run(3)
    assert call.state is CallState.ENDED
    record = scene.records()[-1]
    assert (record.limit, record.talked_us // SECOND) == ("tenant:cost-per-hour", 120)
    again = scene.dial(scene.desk, OUTSIDE)
    scene.run(1)
    assert again.status == 403
    scene.nothing_is_left()


def test_calls_that_stand_go_on_where_only_new_ones_are_refused() -> None:
    scene = Scene(centre("cost_per_hour: 1, rates: {+33: 0.5}"), agents=())
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(200)
    assert call.state is CallState.TALKING
    again = scene.dial(scene.desk, OUTSIDE)
    scene.run(1)
    assert again.status == 403
    scene.nothing_is_left()


def test_the_next_gateway_is_no_second_call() -> None:
    gateways = '["203.0.113.77:5060", "203.0.113.9:5060"]'
    trunks = centres.TRUNKS.replace('["203.0.113.9:5060"]', gateways, 1)
    text = centres.SHOP + "limits: {calls: 1, calls_per_minute: 1}\n"
    scene = Scene(load_centre({"centre.yaml": trunks, "shop.yaml": text}), agents=())
    carrier = scene.carrier
    scene.world.phones[type(carrier.address)(centres.CARRIER, 5060)] = carrier
    carrier.address = type(carrier.address)(centres.CARRIER, 5060)
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(34)
    assert call.state is CallState.TALKING
    scene.nothing_is_left()


def test_a_number_without_a_rate_costs_what_its_gateway_does() -> None:
    scene = Scene(centre("cost_per_hour: 1, rates: {+1: 9}"), agents=())
    trunks = scene.world.exchange.office.parts.trunks
    settings = trunks.settings("carrier")
    assert settings is not None
    (gateway,) = settings.gateways
    assert isinstance(gateway, Gateway)
    trunks.set_trunks([replace(settings, gateways=(replace(gateway, terms=Terms(cost_micros=500_000)),))])
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(61)
    assert call.state is CallState.TALKING
    spent = scene.world.exchange.office.parts.limits.spent("shop", "", scene.world.now)
    assert 490_000 < spent <= 510_000
    scene.nothing_is_left()


def test_a_reload_brings_and_takes_limits() -> None:
    scene = Scene(agents=())
    scene.world.reload(centre(account="countries: [BE]"))
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(0.5)
    assert call.status == 403
    scene.world.reload(centres.shop())
    call = scene.dial(scene.desk, OUTSIDE)
    scene.run(2)
    assert call.state is CallState.TALKING
    scene.nothing_is_left()


def test_incoming_calls_are_not_counted() -> None:
    scene = Scene(centre("calls: 1, calls_per_minute: 1"), agents=())
    calls = [scene.dial(scene.carrier, SHOP, CALLER) for _ in range(3)]
    scene.run(0.2)
    assert [call.status for call in calls] == [0, 0, 0]
    assert not scene.told(events.CallEnded)
    scene.nothing_is_left()
