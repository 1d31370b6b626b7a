"""The life of one customer: call, choose, wait, talk, hang up."""

import asyncio

from switch.cli.demo.phones import Call, PhoneError, PhoneEvent, PhoneTimeoutError
from switch.cli.demo.plan import CustomerPlan, Manner
from switch.cli.demo.stage import Stage, Visitor

ANSWER_TIMEOUT_S = 10.0
LONGEST_TALK_S = 90.0
"""Two talks and the ringing between them, where the customer leaves it to the others to hang up."""
GOODBYE_TIMEOUT_S = 20.0
"""After the agent has hung up the dialplan says goodbye."""

SERVED, GAVE_UP = "served", "gave up waiting"


async def visit(stage: Stage, plan: CustomerPlan) -> Visitor:
    """From the phone's start to its end. What should not happen is told as a problem of the story."""
    visitor = Visitor(plan, now="dials")
    stage.visitors.append(visitor)
    phone = None
    try:
        phone = await stage.customer_phone(plan)
        call = await phone.call(f"sip:00{plan.dials}@{stage.server.sip}")
        visitor.call = call
        stage.story.tell(f"{name(plan)} calls +{plan.dials}, {plan.manner}")
        visitor.answered_at_s = (await call.expect("confirmed", ANSWER_TIMEOUT_S)).at_s
        await _choose(stage, visitor, call)
        await _be_served(stage, visitor, call)
    except PhoneError as error:
        visitor.outcome = visitor.outcome or "failed"
        stage.story.problem(f"{name(plan)}: {error}")
    finally:
        visitor.now = visitor.outcome
        if phone is not None:
            await stage.end(phone)
    return visitor


def name(plan: CustomerPlan) -> str:
    """How the screen calls a customer: the last digits are enough to tell them apart."""
    return f"customer {plan.number[-4:]}"


async def _choose(stage: Stage, visitor: Visitor, call: Call) -> None:
    plan = visitor.plan
    visitor.now = "in the menu"
    for press in plan.keys:
        await asyncio.sleep(press.after_s)
        how = "INFO" if press.method == "info" else "RFC 4733"
        stage.story.tell(f"{name(plan)} presses {press.key} ({how})")
        await call.dtmf(press.key, method=press.method)
    if plan.keys:
        visitor.now = f"waits for {plan.line}"


async def _be_served(stage: Stage, visitor: Visitor, call: Call) -> None:
    plan = visitor.plan
    event = await _answered_or_ended(visitor, call)
    if visitor.served.is_set():
        visitor.outcome = SERVED
        if event is None:
            await _talk(stage, plan, call)
    elif event is None:
        await _give_up(stage, visitor, call)
    else:
        visitor.outcome = "was sent away"
        stage.story.problem(f"{name(plan)} was sent away: {event['code']} {event['reason']}")


async def _answered_or_ended(visitor: Visitor, call: Call) -> PhoneEvent | None:
    """Until somebody has answered, the call has ended (its event), or the customer's patience has."""
    patience_s = visitor.plan.patience_s
    served = asyncio.create_task(visitor.served.wait())
    ended = asyncio.create_task(call.expect("disconnected", 2 * patience_s))
    try:
        await asyncio.wait((served, ended), timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        return ended.result() if ended.done() else None
    finally:
        served.cancel()
        ended.cancel()
        await asyncio.gather(served, ended, return_exceptions=True)


async def _talk(stage: Stage, plan: CustomerPlan, call: Call) -> None:
    if not plan.customer_hangs_up or plan.manner is Manner.TRANSFERRED:
        await call.expect("disconnected", LONGEST_TALK_S)
        return
    try:
        await call.expect("disconnected", plan.talk_s)
    except PhoneTimeoutError:
        stage.story.tell(f"{name(plan)} hangs up")
        await call.hangup()
        await call.expect("disconnected", GOODBYE_TIMEOUT_S)


async def _give_up(stage: Stage, visitor: Visitor, call: Call) -> None:
    visitor.outcome = GAVE_UP
    stage.story.tell(f"{name(visitor.plan)} hangs up after {visitor.plan.patience_s:.0f} s without an answer")
    await call.hangup()
    await call.expect("disconnected", GOODBYE_TIMEOUT_S)
