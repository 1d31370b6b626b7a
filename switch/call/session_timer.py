"""Session timers (RFC 4028): the dialog ends by itself when nobody refreshes it.

Each side says `Session-Expires: seconds;refresher=uac|uas`, where uac is whoever sends that request.
A dialog whose peer does not know the timer has none: it is asked every 90 s by OPTIONS in place of that.
"""

from switch.base.clock import SECOND
from switch.base.errors import PeerError
from switch.call.settings import MIN_SE_S, LegSettings
from switch.sip.grammar import parse_number
from switch.sip.message import Message, Request, Response

SUPPORTED = "100rel, timer, replaces, norefersub, tdialog"
"""Option tags that our requests and answers name. Phones that see `replaces` offer attended transfer."""

INTERVAL_MAX_S = 86_400
"""A 422 that asks for more than a day asks for no timer at all."""

REFRESH_INTERVAL_MIN_S = 30
"""For a peer that answers with less than it was offered: shorter ones would be a flood."""

BEFORE_END_S = 32
"""RFC 4028 section 10: so long before the end, or a third of a short interval, the call is ended."""

Fields = list[tuple[str, str]]


class SessionTimer:
    """`ours`: we refresh. `by_update`: with UPDATE, which the peer allows; else by re-INVITE."""

    __slots__ = ("by_update", "end_at", "interval_s", "least_s", "ours", "refresh_at")

    def __init__(self, interval_s: int, now: int, *, ours: bool, by_update: bool) -> None:
        self.interval_s = interval_s
        self.least_s = MIN_SE_S
        """More after a 422: then it is told to whoever is on the way (section 7.4)."""
        self.ours = ours
        self.by_update = by_update
        self.end_at = now + (interval_s - min(BEFORE_END_S, interval_s // 3)) * SECOND
        self.refresh_at: int | None = now + interval_s * SECOND // 2 if ours else None

    def next_timer(self) -> int:
        return self.end_at if self.refresh_at is None else min(self.refresh_at, self.end_at)

    def try_again(self, now: int) -> None:
        """A refresh was refused: once more, halfway to the end."""
        self.refresh_at = now + (self.end_at - now) // 2 if self.end_at - now > 2 * SECOND else None


def offered(settings: LegSettings, wanted_s: int) -> Fields:
    """What our INVITE says; the peer may choose who refreshes. `wanted_s` is more after a 422."""
    fields = [("Supported", SUPPORTED), ("Session-Expires", str(wanted_s))]
    least_s = max(settings.min_s, wanted_s if wanted_s > settings.expires_s else 0)
    if least_s > MIN_SE_S:
        fields.append(("Min-SE", str(least_s)))
    return fields


def repeated(timer: SessionTimer | None) -> Fields:
    """What a request of ours inside the dialog says: who refreshes stays as it is."""
    fields = [("Supported", SUPPORTED)]
    if timer is not None:
        fields.append(("Session-Expires", f"{timer.interval_s};refresher={'uac' if timer.ours else 'uas'}"))
        if timer.least_s > MIN_SE_S:
            fields.append(("Min-SE", str(timer.least_s)))
    return fields


def refusal(request: Request, settings: LegSettings) -> Response | None:
    """422 where the peer asks for a shorter interval than we take, and would understand that (section 9)."""
    asked = _asked(request)
    if asked is None or asked[0] >= settings.min_s or "timer" not in request.supported:
        return None
    return request.make_response(422, headers=[("Min-SE", str(settings.min_s))])


def accepted(
    request: Request, settings: LegSettings, before: SessionTimer | None, now: int
) -> tuple[SessionTimer | None, Fields]:
    """The timer that our 2xx to this request starts, and what the 2xx says of it (section 9, table 2)."""
    asked = _asked(request)
    supports = "Supported" in request.headers and "timer" in request.supported
    if asked is None and not supports:
        return None, []
    wanted_s, who = asked or (settings.expires_s, "")
    interval_s = min(wanted_s, max(settings.expires_s, least(request)))
    if not supports:
        # A proxy asked, of a caller who does not know the timer: only we can refresh. A 422 would not be
        # understood, and less than the RFC's least (section 5) would be a flood, or the end of the call.
        who, interval_s = "uas", max(interval_s, MIN_SE_S)
    elif not who:
        who = "uas" if before is not None and before.ours else "uac"
    allows = "UPDATE" in request.allow if before is None or "Allow" in request.headers else before.by_update
    timer = SessionTimer(interval_s, now, ours=who == "uas", by_update=allows)
    fields = [("Session-Expires", f"{interval_s};refresher={who}")]
    if supports:
        fields.append(("Require", "timer"))
    return timer, fields


def agreed(response: Response, before: SessionTimer | None, now: int) -> SessionTimer | None:
    """The timer that the peer's 2xx to our request starts (section 7.2): none where it names none."""
    asked = _asked(response)
    if asked is None:
        return None
    interval_s, who = asked
    allows = "UPDATE" in response.allow if before is None or "Allow" in response.headers else before.by_update
    interval_s = max(interval_s, REFRESH_INTERVAL_MIN_S)
    return SessionTimer(interval_s, now, ours=who != "uas", by_update=allows)


def least(message: Message) -> int:
    """Min-SE, or the RFC's own minimum."""
    value = message.headers.get("Min-SE")
    return MIN_SE_S if value is None else _seconds(value) or MIN_SE_S


def longer(response: Response, sent_s: int) -> int | None:
    """What to ask for after a 422; None where it makes no sense to ask again."""
    wanted_s = least(response)
    return wanted_s if sent_s < wanted_s <= INTERVAL_MAX_S else None


def _asked(message: Message) -> tuple[int, str] | None:
    """Session-Expires as seconds and refresher; one that cannot be read is none."""
    value = message.headers.get("Session-Expires")
    if value is None:
        return None
    number, *params = value.split(";")
    seconds = _seconds(number)
    if seconds is None:
        return None
    who = ""
    for param in params:
        name, _, word = param.partition("=")
        if name.strip().lower() == "refresher" and word.strip().lower() in ("uac", "uas"):
            who = word.strip().lower()
    return seconds, who


def _seconds(text: str) -> int | None:
    try:
        return min(parse_number(text.partition(";")[0].strip(), 2**32 - 1, "seconds"), INTERVAL_MAX_S * 365)
    except PeerError:
        return None
