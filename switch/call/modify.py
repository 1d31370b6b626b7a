"""Changes of a standing session that we ask for: a new offer of ours, or the refresh of a session timer.

| state | what happens | next |
| --- | --- | --- |
| wanted | nothing else is under way | sent, by UPDATE or re-INVITE |
| wanted | an offer is outstanding or a 2xx unacknowledged | waits as after 491 |
| sent | 2xx | over; the ACK is kept for its copies |
| sent | 491, or a refusal with Retry-After | waits, then sent again |
| sent | 422 | sent again with a longer interval |
| sent | no final answer to a re-INVITE for 64*T1, or the call ends | CANCEL, and its 487 is awaited |
| sent | 405 or 501 to an UPDATE | sent again as a re-INVITE |
| sent | 401 or 407 | sent again with the proof of who we are, once |
| sent | the flow is closed, or the phone has moved to another | sent again, see `adrift` |
| sent | 408, 481, or no answer | the dialog is over (RFC 3261 section 14.1) |
| sent | another refusal | over: the session stays as it was |
"""

from typing import TYPE_CHECKING

from switch.base.clock import MILLISECOND, SECOND
from switch.call import adrift, session_timer
from switch.call.cause import Reason, ours
from switch.call.chance import draw
from switch.call.repeater import GIVE_UP_US
from switch.call.states import LegState
from switch.sdp.direction import Direction
from switch.sip.message import Request, Response
from switch.sip.outputs import ResponseReceived, TransactionFailed

if TYPE_CHECKING:
    from switch.call.leg import Leg

TRIES_MAX = 7
"""Of one change: two sides whose offers meet so often do not mean to agree."""

RETRY_AFTER_MAX_S = 30
"""A peer that asks for more patience than this is asked again after so long all the same."""


class Change:
    """`direction` None is a refresh. `transaction` is set while it is sent, `at` while it waits."""

    __slots__ = ("at", "body", "direction", "method", "moved", "proof", "then", "transaction", "tries")

    def __init__(self, direction: Direction | None) -> None:
        self.direction = direction
        self.method = ""
        self.body = b""
        """The offer that was sent; none in a refresh by UPDATE."""
        self.proof: tuple[str, str] | None = None
        self.transaction = ""
        self.at: int | None = None
        self.tries = 0
        self.moved = False
        """The peer has another flow than the one that this was sent by."""
        self.then: Direction | None = None
        """Another offer that was wanted meanwhile."""


def propose(leg: "Leg", direction: Direction, now: int) -> None:
    """Offer our session anew, with this direction. Harmless on a leg that is over or has no session."""
    if leg.change is not None:
        # One that waits has not been sent: it may as well say what is wanted now.
        if leg.change.transaction:
            leg.change.then = direction
        else:
            leg.change.direction = direction
        return
    _start(leg, Change(direction), now)


def refresh(leg: "Leg", now: int) -> None:
    """Show that the session lives. Any change under way does that too."""
    if leg.change is None:
        _start(leg, Change(None), now)


def due(leg: "Leg", now: int) -> None:
    """The time to try again has come, or that in which a re-INVITE should have had its final answer."""
    change = leg.change
    assert change is not None
    change.at = None
    if change.transaction:
        abandon(leg, now)
    else:
        _start(leg, change, now)


def abandon(leg: "Leg", now: int) -> None:
    """Nobody wants the answer any more: a re-INVITE with a provisional answer would else wait for ever."""
    change = leg.change
    if change is not None and change.transaction and change.method == "INVITE":
        leg.signalling.cancel(change.transaction, 'SIP;cause=408;text="No answer to a re-INVITE"', now)


def answered(leg: "Leg", message: ResponseReceived, now: int) -> None:
    """A response to the change that was sent."""
    change, response = leg.change, message.response
    assert change is not None
    if response.status < 200:
        return
    change.transaction, change.at = "", None
    leg.adrift_at = None
    if response.status < 300:
        _accepted(leg, change, message, now)
        return
    leg.signalling.forget_transaction(message.transaction)
    if change.body:
        leg.negotiation.withdraw()
    if leg.over:
        leg.change = None
    elif response.status in (408, 481):
        leg.change = None
        leg.lost(now)
    else:
        _refused(leg, change, response, now)


def failed(leg: "Leg", message: TransactionFailed, now: int) -> None:
    """No response: as a 408 (RFC 3261 section 14.1), but of a phone that may have changed networks."""
    leg.signalling.forget_transaction(message.transaction)
    change = leg.change
    assert change is not None
    waits = adrift.waits(leg, message, now)
    if leg.state is LegState.CONFIRMED and (waits or change.moved):
        _unsent(leg, change)
        if change.moved:
            _start(leg, change, now)
        else:
            change.at = now + adrift.RETRY_US
        return
    leg.change = None
    leg.lost(now)


def reconnected(leg: "Leg", now: int) -> None:
    """The phone is back by another flow: what it did not hear is sent by that."""
    change = leg.change
    if change is None:
        return
    if change.transaction and change.method == "INVITE":
        change.moved = True
        return
    if change.transaction:
        leg.signalling.forget_transaction(change.transaction)
        _unsent(leg, change)
    _start(leg, change, now)


def _unsent(leg: "Leg", change: Change) -> None:
    """As if it had never been sent: the silence of a flow is no refusal, and is not counted as a try."""
    change.transaction, change.at = "", None
    change.tries -= 1
    if change.body:
        leg.negotiation.withdraw()


def acknowledge_again(leg: "Leg", message: ResponseReceived, now: int) -> None:
    """A copy of the 2xx to our re-INVITE: its ACK was lost."""
    assert leg.reack is not None
    if 200 <= message.response.status < 300:
        leg.signalling.send_ack(leg.reack[1], leg.way(now), now)


def _start(leg: "Leg", change: Change, now: int) -> None:
    if leg.over or leg.dialog is None or not leg.negotiation.agreed:
        leg.change = None
        return
    leg.change = change
    confirmed = leg.state is LegState.CONFIRMED
    if leg.repeater.waiting or leg.negotiation.offering or not (confirmed or leg.early_change):
        _wait(leg, change, now)
        return
    timer = leg.session_timer
    if change.method != "INVITE" or not confirmed:
        by_update = not confirmed or (change.direction is None and timer is not None and timer.by_update)
        change.method = "UPDATE" if by_update else "INVITE"
    body = b""
    if change.direction is not None:
        body = leg.negotiation.offer(change.direction)
    elif change.method == "INVITE":
        body = leg.negotiation.repeat()
    change.body = body
    change.tries += 1
    change.moved = False
    fields = session_timer.repeated(timer if confirmed else None)
    request = leg.dialog.request(
        change.method,
        headers=fields if change.proof is None else [*fields, change.proof],
        body=body,
        content_type="application/sdp" if body else None,
    )
    change.transaction = leg.signalling.open(request, leg.way(now), leg, now)
    if change.method == "INVITE":
        change.at = now + GIVE_UP_US


def _accepted(leg: "Leg", change: Change, message: ResponseReceived, now: int) -> None:
    response = message.response
    assert leg.dialog is not None
    if change.method == "INVITE":
        ack = leg.dialog.ack(response.cseq.number)
        leg.signalling.send_ack(ack, leg.way(now), now)
        if leg.reack is not None:
            leg.signalling.forget_transaction(leg.reack[0])
        leg.reack = (message.transaction, ack)
    else:
        leg.signalling.forget_transaction(message.transaction)
    leg.change = None
    if leg.over:
        return
    leg.dialog.refresh(response)
    if leg.state is LegState.CONFIRMED:
        leg.session_timer = session_timer.agreed(response, leg.session_timer, now)
    if change.body and not _take_answer(leg, change, response):
        # The peer believes in a session that we cannot have.
        leg.hang_up(ours(Reason.NOT_ACCEPTABLE), now)
    elif change.then is not None:
        _start(leg, Change(change.then), now)


def _take_answer(leg: "Leg", change: Change, response: Response) -> bool:
    if not response.body and change.direction is None:
        # A refresh asked for no change: whoever leaves the answer out means none.
        leg.negotiation.withdraw()
        return True
    plan = leg.negotiation.accept(response.body)
    if plan is None:
        return False
    leg.apply_plan(plan)
    return True


def _refused(leg: "Leg", change: Change, response: Response, now: int) -> None:
    timer = leg.session_timer
    if change.tries >= TRIES_MAX:
        _given_up(leg, change, now)
    elif response.status == 422 and timer is not None:
        wanted_s = session_timer.longer(response, timer.interval_s)
        if wanted_s is None:
            _given_up(leg, change, now)
        else:
            timer.interval_s = timer.least_s = wanted_s
            _start(leg, change, now)
    elif response.status in (405, 501) and change.method == "UPDATE" and leg.state is LegState.CONFIRMED:
        change.method = "INVITE"
        if timer is not None:
            timer.by_update = False
        _start(leg, change, now)
    elif response.status == 491:
        _wait(leg, change, now)
    elif response.status in (401, 407) and change.proof is None:
        change.proof = leg.proof(response, change.method, change.body)
        if change.proof is None:
            _given_up(leg, change, now)
        else:
            _start(leg, change, now)
    elif response.status in (500, 503) and (after_s := _retry_after(response)) is not None:
        change.at = now + after_s * SECOND
    else:
        _given_up(leg, change, now)


def _given_up(leg: "Leg", change: Change, now: int) -> None:
    """The session stays as it was; a refresh has one more chance before the interval ends."""
    leg.change = None
    if leg.session_timer is not None and leg.session_timer.ours:
        leg.session_timer.try_again(now)
    if change.then is not None:
        _start(leg, Change(change.then), now)


def _wait(leg: "Leg", change: Change, now: int) -> None:
    """RFC 3261 section 14.1, in steps of 10 ms: the owner of the Call-ID waits longer than the other side."""
    assert leg.dialog is not None
    purpose = f"{leg.dialog.local_cseq}|{change.tries}"
    least_ms, steps = (2_100, 191) if leg.owns_call_id else (0, 201)
    wait_ms = least_ms + 10 * draw(leg.dialog.local.tag or "", purpose, steps)
    # Never this very moment: what is in the way has to go first.
    change.at = now + max(wait_ms, 10) * MILLISECOND


def _retry_after(response: Response) -> int | None:
    value = (response.headers.get("Retry-After") or "").split(";")[0].split("(")[0].strip()
    if not (value.isascii() and value.isdigit()):
        return None
    return min(int(value[:6]), RETRY_AFTER_MAX_S)


def too_early(request: Request, tag: str) -> Response:
    """500 for a change that comes before our answer to the last (RFC 3261 section 14.2, RFC 3311 5.2)."""
    after_s = draw(tag, f"retry{request.cseq.number}", 11)
    return request.make_response(500, headers=[("Retry-After", str(after_s))])
