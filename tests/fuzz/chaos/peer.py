"""A party that says anything at any moment: what it says is mostly right, and seldom when it should be.

It shares the message layer with the switch and nothing else; it keeps no transactions and no timers.
"""

from dataclasses import dataclass, field

from switch.base.rng import SplitMix64
from switch.sip import digest
from switch.sip.flow import Flow
from switch.sip.message import MessageError, Request, Response, Uri
from tests.fuzz.chaos import bodies

KEPT_MAX = 40
"""Messages and dialogs that a peer remembers; old ones are forgotten."""

PASSWORD = "secret"
STRANGE = ("PUBLISH", "OPTIONS", "BYE", "NOTIFY", "INFO", "UPDATE", "PRACK", "ACK", "CANCEL", "FOO")
OPENING = (*("INVITE",) * 7, *("REGISTER",) * 2, *("SUBSCRIBE",) * 3, "MESSAGE", "REFER")
INSIDE = ("BYE", "BYE", "INVITE", "INVITE", "UPDATE", "UPDATE", "INFO", "REFER", "REFER", "NOTIFY", "PRACK")
INSIDE += ("SUBSCRIBE", "CANCEL", "ACK", "ACK", "MESSAGE", "OPTIONS", "PUBLISH")
NUMBERS = (
    "101",
    "102",
    "103",
    "101",
    "102",
    "103",
    "600",
    "0612345678",
    "101",
    "102",
    "103",
    "600",
    "601",
    "+33199000100",
    "0612345678",
    "999",
    "00",
    "",
    "maple-101",
)
REFUSALS = (
    302,
    400,
    401,
    403,
    404,
    407,
    408,
    422,
    480,
    481,
    486,
    487,
    488,
    491,
    500,
    501,
    503,
    580,
    600,
    603,
)
EVENTS = ("dialog", "presence", "reg", "message-summary", "refer", "conference", "")

Fields = list[tuple[str, str]]


@dataclass(slots=True)
class Talk:
    """A dialog, whole or not. `mine` and `theirs` are From and To of our requests in it."""

    call_id: str
    mine: str
    theirs: str
    target: str
    cseq: int
    invite: Request | None = None
    """The last INVITE, either side's: what PRACK, ACK and CANCEL are about."""
    rseq: int = 0


@dataclass(slots=True)
class Peer:
    """`user` is a wire name, or nobody's. `inbox` is what came and was not looked at."""

    user: str
    flow: Flow
    inbox: list[Request | Response] = field(default_factory=list)
    unread: list[bytes] = field(default_factory=list)
    """The inbox as it came."""
    talks: list[Talk] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    spoken: int = 0

    def take(self, at: int) -> Request | Response:
        """Read one of the inbox, and throw it away."""
        del self.unread[at]
        return self.inbox.pop(at)

    # What it says by itself.

    def register(self, rng: SplitMix64) -> Request:
        """What makes it reachable."""
        self.spoken += 1
        own = f"<sip:{self.user}@192.0.2.1>"
        talk = Talk(f"r{self.user}{self.spoken}", f"{own};tag=r", own, "", 0)
        fields = [*self._frame(rng, "REGISTER", talk, self.spoken), ("Expires", "300")]
        return Request("REGISTER", Uri(host="192.0.2.1"), fields)

    def request(self, rng: SplitMix64) -> Request:
        """Something outside any dialog, or inside one that it remembers."""
        whole = [talk for talk in self.talks if "tag=" in talk.theirs]
        if whole and rng.chance(3, 5):
            return self._inside(rng, whole[rng.below(len(whole))])
        if self.talks and rng.chance(1, 5):
            return self._inside(rng, self.talks[rng.below(len(self.talks))])
        methods = STRANGE if rng.chance(1, 6) else OPENING
        return self.opening(rng, methods[rng.below(len(methods))])

    def opening(self, rng: SplitMix64, method: str) -> Request:
        """A request outside any dialog; an INVITE or SUBSCRIBE may make one."""
        number = self.user if method == "REGISTER" else NUMBERS[rng.below(len(NUMBERS))]
        to = f"sip:{number}@192.0.2.1" if number else "sip:192.0.2.1"
        self.spoken += 1
        mark = f"{self.user}{self.spoken}x{rng.below(1 << 30)}"
        talk = Talk(f"c{mark}", f"<sip:{self.user}@192.0.2.1>;tag=t{mark}", f"<{to}>", to, 0)
        request = self._compose(rng, method, talk, Uri.parse("sip:192.0.2.1" if method == "REGISTER" else to))
        if method in ("INVITE", "SUBSCRIBE"):
            self._remember(talk)
        return request

    def _inside(self, rng: SplitMix64, talk: Talk) -> Request:
        method = INSIDE[rng.below(len(INSIDE))]
        try:
            target = Uri.parse(talk.target)
        except MessageError:
            target = Uri(host="192.0.2.1")
        invite = talk.invite
        if method == "CANCEL" and invite is not None:
            fields = [(name, invite.headers.get(name) or "") for name in ("Via", "From", "To", "Call-ID")]
            fields += [("CSeq", f"{invite.cseq.number} CANCEL"), ("Max-Forwards", "70")]
            return Request("CANCEL", invite.uri, fields)
        return self._compose(rng, method, talk, target)

    def _compose(self, rng: SplitMix64, method: str, talk: Talk, uri: Uri) -> Request:
        number = talk.cseq
        if method not in ("ACK", "CANCEL"):
            talk.cseq = number = number + 1
        fields = self._frame(rng, method, talk, number)
        fields += self._extras(rng, method, talk)
        content: tuple[str | None, bytes] = (None, b"")
        if method in ("INVITE", "UPDATE", "PRACK", "ACK") and (method == "INVITE" or rng.chance(1, 2)):
            content = bodies.body(rng, self.flow.remote.host)
        elif method == "INFO":
            content = ("application/dtmf-relay", b"Signal=1\r\nDuration=100\r\n")
        elif method in ("MESSAGE", "PUBLISH"):
            content = ("text/plain" if method == "MESSAGE" else "application/pidf+xml", b"<hello/>")
        elif method == "NOTIFY":
            content = ("message/sipfrag", b"SIP/2.0 200 OK\r\n")
        if content[0] is not None:
            fields.append(("Content-Type", content[0]))
        request = Request(method, uri, fields, content[1])
        if method == "INVITE":
            talk.invite = request
        return request

    def _frame(self, rng: SplitMix64, method: str, talk: Talk, number: int) -> Fields:
        flow = self.flow
        via = f"SIP/2.0/{flow.transport} {flow.remote};rport;branch=z9hG4bK{rng.next():x}"
        return [
            ("Via", via),
            ("Max-Forwards", "70" if rng.chance(19, 20) else str(rng.below(3))),
            ("From", talk.mine),
            ("To", talk.theirs),
            ("Call-ID", talk.call_id),
            ("CSeq", f"{number} {method}"),
            ("Contact", self.contact),
        ]

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@{self.flow.remote};transport={self.flow.transport.lower()}>"

    def _extras(self, rng: SplitMix64, method: str, talk: Talk) -> Fields:
        fields: Fields = []
        if method in ("INVITE", "UPDATE"):
            if rng.chance(1, 2):
                fields.append(("Supported", ("100rel", "timer", "100rel, timer, replaces")[rng.below(3)]))
            if rng.chance(1, 8):
                fields.append(("Require", ("100rel", "timer")[rng.below(2)]))
            if rng.chance(1, 3):
                fields.append(
                    ("Session-Expires", ("90", "90;refresher=uac", "1800;refresher=uas")[rng.below(3)])
                )
            if rng.chance(1, 12):
                fields.append(("Replaces", self._replaces(rng)))
        elif method == "REGISTER":
            fields.append(("Expires", ("60", "120", "300", "0")[rng.below(4)]))
            if rng.chance(1, 3):
                fields.append(("Supported", "path, outbound, gruu"))
        elif method == "REFER":
            to = f"sip:{NUMBERS[rng.below(len(NUMBERS))]}@192.0.2.1"
            if rng.chance(1, 2):
                to += "?Replaces=" + self._replaces(rng).replace(";", "%3B").replace("=", "%3D")
            fields.append(("Refer-To", f"<{to}>"))
            if rng.chance(1, 3):
                fields.append(("Refer-Sub", "false"))
        elif method in ("SUBSCRIBE", "PUBLISH", "NOTIFY"):
            fields.append(("Event", EVENTS[rng.below(len(EVENTS))]))
            fields.append(("Expires", ("60", "120", "3600", "0", "1")[rng.below(5)]))
            if method == "NOTIFY":
                fields.append(("Subscription-State", ("active", "terminated")[rng.below(2)]))
        elif method == "PRACK":
            number = talk.invite.cseq.number if talk.invite is not None else 1
            fields.append(("RAck", f"{talk.rseq + rng.below(2)} {number} INVITE"))
        return fields

    def _replaces(self, rng: SplitMix64) -> str:
        if not self.talks:
            return "nobody;to-tag=a;from-tag=b"
        talk = self.talks[rng.below(len(self.talks))]
        mine, theirs = talk.mine.partition("tag=")[2], talk.theirs.partition("tag=")[2]
        early = ";early-only" if rng.chance(1, 6) else ""
        return f"{talk.call_id};to-tag={theirs or '0'};from-tag={mine or '0'}{early}"

    def _remember(self, talk: Talk) -> None:
        self.talks.append(talk)
        del self.talks[:-KEPT_MAX]

    # How it answers.

    def react(self, rng: SplitMix64, message: Request | Response, *, well: bool) -> list[Request | Response]:
        """What it says to this; with `well` what keeps a call going, most of the time."""
        if isinstance(message, Request):
            return self._answer(rng, message, well=well)
        return self._follow(rng, message, well=well)

    def _answer(self, rng: SplitMix64, request: Request, *, well: bool) -> list[Request | Response]:
        if request.method == "ACK":
            return []
        known = self._talk_of(request.call_id, request.from_.tag)
        if request.method == "BYE" and known is not None:
            self.talks = [talk for talk in self.talks if talk is not known]
        if request.method != "INVITE":
            status = 200 if well or rng.chance(3, 4) else REFUSALS[rng.below(len(REFUSALS))]
            body, kind = b"", None
            if request.method == "UPDATE" and request.body:
                body, kind = bodies.session(rng, self.flow.remote.host, plain=well), bodies.SDP
            headers = [("Contact", self.contact)]
            return [request.make_response(status, to_tag="p", headers=headers, body=body, content_type=kind)]
        if known is None:
            known = self._called(rng, request)
        known.invite = request
        answers: list[Request | Response] = []
        if rng.chance(1, 2):
            answers.append(self._session(rng, request, known, (100, 180, 183, 180)[rng.below(4)], well=well))
        kind_ = rng.below(8)
        if kind_ < 4 or (well and kind_ < 6):
            answers.append(self._session(rng, request, known, 200, well=well))
        elif kind_ == 7:
            status = 302 if rng.chance(1, 3) else REFUSALS[rng.below(len(REFUSALS))]
            target = f"<sip:{NUMBERS[rng.below(len(NUMBERS))]}@192.0.2.1>"
            headers = [("Contact", target)] if status == 302 else []
            tag = known.mine.partition("tag=")[2]
            answers.append(request.make_response(status, to_tag=tag, headers=headers))
        return answers

    def _session(self, rng: SplitMix64, invite: Request, talk: Talk, status: int, *, well: bool) -> Response:
        headers = [("Contact", self.contact)]
        if status >= 200 and rng.chance(1, 3):
            headers += [("Session-Expires", "90;refresher=uas"), ("Require", "timer")]
        elif 100 < status < 200 and "100rel" in invite.supported and rng.chance(1, 2):
            talk.rseq = talk.rseq + 1 if talk.rseq else 1 + rng.below(9)
            headers += [("RSeq", str(talk.rseq)), ("Require", "100rel")]
        body, kind = b"", None
        if status != 100 and (status >= 200 or rng.chance(1, 2)) and (well or rng.chance(7, 8)):
            body, kind = (
                bodies.session(rng, self.flow.remote.host, plain=well or rng.chance(1, 2)),
                bodies.SDP,
            )
        tag = talk.mine.partition("tag=")[2]
        if rng.chance(1, 12):
            tag += "fork"
        return invite.make_response(status, to_tag=tag, headers=headers, body=body, content_type=kind)

    def _called(self, rng: SplitMix64, invite: Request) -> Talk:
        contact = invite.contact
        target = str(contact.uri) if contact is not None else "sip:192.0.2.1"
        tag = f"p{rng.below(1 << 30)}"
        talk = Talk(invite.call_id, f"{invite.to};tag={tag}", str(invite.from_), target, 100)
        self._remember(talk)
        return talk

    def _follow(self, rng: SplitMix64, response: Response, *, well: bool) -> list[Request | Response]:
        asked = next(
            (r for r in reversed(self.sent) if r.cseq == response.cseq and r.call_id == response.call_id),
            None,
        )
        talk = next((t for t in self.talks if t.call_id == response.call_id), None)
        if response.status in (401, 407) and asked is not None:
            again = self._prove(rng, asked, response)
            if asked.method == "INVITE" and talk is not None:
                again.insert(0, self._acknowledge(rng, asked, response, talk))
            return again
        if talk is None or asked is None:
            return []
        if response.to.tag and response.status < 300:
            talk.theirs = str(response.to)
            if response.contact is not None:
                talk.target = str(response.contact.uri)
        if response.status == 481 or (asked.method == "BYE" and response.status == 200):
            self.talks = [other for other in self.talks if other is not talk or rng.chance(1, 5)]
        if asked.method != "INVITE" or (not well and rng.chance(1, 8)):
            return []
        if response.status < 200:
            return self._acknowledge_early(rng, response, talk)
        return [self._acknowledge(rng, asked, response, talk)]

    def _acknowledge(self, rng: SplitMix64, asked: Request, response: Response, talk: Talk) -> Request:
        ack = self._compose(rng, "ACK", talk, Uri.parse(talk.target) if response.status < 300 else asked.uri)
        ack.headers.set("CSeq", f"{response.cseq.number} ACK")
        ack.headers.set("To", str(response.to))
        if response.status >= 300:
            ack.headers.set("Via", asked.headers.get("Via") or "")
        return ack

    def _acknowledge_early(self, rng: SplitMix64, response: Response, talk: Talk) -> list[Request | Response]:
        number = response.headers.get("RSeq")
        if number is None or not number.isdigit() or "100rel" not in response.require:
            return []
        prack = self._compose(rng, "PRACK", talk, Uri.parse(talk.target))
        prack.headers.set("RAck", f"{number} {response.cseq.number} INVITE")
        return [prack]

    def _prove(self, rng: SplitMix64, asked: Request, response: Response) -> list[Request | Response]:
        """Asked once more, with credentials; whoever has proven itself for this once does not again."""
        name = "Authorization" if response.status == 401 else "Proxy-Authorization"
        field_ = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        challenge = digest.best_challenge(response.headers.fields(field_))
        if challenge is None or name in asked.headers:
            return []
        again = asked.copy()
        again.headers.set("CSeq", f"{asked.cseq.number + 1} {asked.method}")
        again.headers.set(
            "Via", f"{(asked.headers.get('Via') or '').partition('branch=')[0]}branch=z9hG4bK{rng.next():x}"
        )
        value = digest.answer(
            challenge, asked.method, str(asked.uri), self.user, PASSWORD, "cn", body=asked.body
        )
        again.headers.add(name, value)
        talk = next((t for t in self.talks if t.call_id == asked.call_id), None)
        if talk is not None:
            talk.cseq += 1
            talk.invite = again if asked.method == "INVITE" else talk.invite
        return [again]

    def _talk_of(self, call_id: str, tag: str | None) -> Talk | None:
        return next((t for t in self.talks if t.call_id == call_id and t.theirs.endswith(f"tag={tag}")), None)
