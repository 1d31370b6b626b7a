"""Digest authentication, both sides (RFC 3261 section 22, RFC 7616, RFC 8760).

As a server it keeps no state for strangers: a nonce is a time and a MAC over it and over the address that
asked, so a flood of challenges costs no memory. What it remembers, in a bounded table, is the highest nonce
count of nonces that were answered correctly: that stops the replay of an overheard answer.

A nonce that is too old, not ours any more (a restart), or another address's, is STALE whatever the password:
RFC 7616 section 3.3 says of `stale` only that the nonce is invalid. Were the password judged first, as RFC
2617 had it, dead nonces would be an oracle for guesses that no limit counts, and a forged source could put
failures on somebody else's account of them.

An unknown user costs the same work, and gets the same answer, as a wrong password.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from switch.base.clock import SECOND
from switch.base.values import quick
from switch.sip.grammar import MessageError, quote
from switch.sip.uri import Uri

ALGORITHMS = ("SHA-256", "MD5")
"""What is offered, in this order (RFC 8760 section 2.4: the first that the phone knows)."""

KNOWN_ALGORITHMS = ("SHA-512-256", "SHA-256", "MD5")
"""All that we can do, the strongest first."""

QOPS = ("auth",)
"""What is offered unless told otherwise; `auth-int` is understood always, and phones that do it are rare."""

NONCE_LIFETIME_S = 900
"""How long one nonce serves. A phone that refreshes each five minutes, as we ask, is challenged once; an
overheard answer is dead at once by its count."""

REPLAY_NONCES_MAX = 10_000
"""Answered nonces whose count is remembered. Only a right password gets one in, so strangers cannot push any
out; what our own phones push out is stale from then on."""

CREDENTIALS_MAX = 8
"""Credentials that are looked at in one request: one for each realm on the way and each algorithm."""


def _sha_512_256(data: bytes) -> "hashlib._Hash":
    return hashlib.new("sha512_256", data)


_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-512-256": _sha_512_256,
}
# Possessive, so that no text of a stranger makes it go back: linear, whatever is written.
_PARAM = re.compile(
    r"""[ \t]*+([!#$%&'*+\-.^_`|~0-9A-Za-z]++)[ \t]*+=[ \t]*+"""
    r"""(?:"((?:[^"\\]|\\.)*+)"[ \t]*+|([^",]*+))(,|\Z)""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HEX8 = re.compile(r"[0-9A-Fa-f]{8}")
_NONCE_TIME_DIGITS = 16
_NONCE_SERIAL_DIGITS = 8
_NONCE_STAMP_DIGITS = _NONCE_TIME_DIGITS + _NONCE_SERIAL_DIGITS
_NONCE_MAC_DIGITS = 32


@dataclass(frozen=True, slots=True)
class HashedSecrets:
    """HA1 of one account in each algorithm: all that a store needs to keep of a password.

    `sha512_256` is empty for accounts from before we made it: such an account has no right answer in it.
    """

    md5: str
    sha256: str
    sha512_256: str = ""

    def ha1(self, algorithm: str) -> str:
        """HA1 for one of KNOWN_ALGORITHMS; empty where the account has none."""
        if algorithm == "SHA-256":
            return self.sha256
        return self.md5 if algorithm == "MD5" else self.sha512_256


def hashed_secrets(user: str, realm: str, password: str) -> HashedSecrets:
    """HA1 of a password in every algorithm."""
    return HashedSecrets(*(ha1(name, user, realm, password) for name in ("MD5", "SHA-256", "SHA-512-256")))


class Result(Enum):
    """How credentials were found."""

    OK = "ok"
    STALE = "stale"
    """Under a nonce that is no longer good: challenge again with `stale=True`."""
    BAD = "bad"


Parameters = Mapping[str, str]


@quick
@dataclass(frozen=True, slots=True)
class Verdict:
    """`username` is what was claimed, "" where nothing could be read. Trust it only with OK.

    `judged`: the password was looked at, and a BAD counts as a guess. `given` and `key` are for `info`.
    """

    result: Result
    username: str
    judged: bool = False
    given: Parameters = field(default_factory=dict)
    key: str = ""


_UNREADABLE = Verdict(Result.BAD, "")


def ha1(algorithm: str, user: str, realm: str, password: str) -> str:
    """H(user:realm:password) as hexadecimal (RFC 7616 section 3.4.2); one of KNOWN_ALGORITHMS."""
    return _hash(algorithm, f"{user}:{realm}:{password}".encode())


def userhash(algorithm: str, user: str, realm: str) -> str:
    """H(user:realm), by which a phone may name its user in place of the name (RFC 7616 section 3.4.4)."""
    return _hash(algorithm, f"{user}:{realm}".encode())


class Challenger:
    """The server's side. `secret` is at least 16 random bytes; a new one makes old nonces stale.

    `algorithms` are offered in this order, and no other is accepted: some phones fail on a challenge
    that they do not know in place of taking the next, and such a centre offers MD5 alone.
    """

    __slots__ = (
        "_algorithms",
        "_counts",
        "_ends",
        "_forgotten_us",
        "_keyed",
        "_lifetime_us",
        "_qops",
        "_replay_nonces_max",
        "_secret",
        "_serial",
    )

    def __init__(
        self,
        secret: bytes,
        nonce_lifetime_s: int = NONCE_LIFETIME_S,
        replay_nonces_max: int = REPLAY_NONCES_MAX,
        algorithms: tuple[str, ...] = ALGORITHMS,
        qops: tuple[str, ...] = QOPS,
    ) -> None:
        assert len(secret) >= 16, "a nonce secret must not be guessable"
        self._secret = secret
        self._keyed = hashlib.blake2s(key=self.key("nonces"), digest_size=_NONCE_MAC_DIGITS // 2)
        """RFC 7693: a MAC by itself, at a third of what HMAC costs. A call makes three."""
        self._lifetime_us = nonce_lifetime_s * SECOND
        self._replay_nonces_max = replay_nonces_max
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._forgotten_us = -1
        """Nonces made at this time or before, of which no count is remembered, may have been used."""
        self._serial = 0
        self.offer(algorithms, qops)

    def key(self, purpose: str) -> bytes:
        """A key for something else, of the same life as the secret that it is made from."""
        return hmac.digest(self._secret, f"key:{purpose}".encode(), "sha256")

    @property
    def remembered(self) -> int:
        """Nonces whose count is kept: those of right answers alone."""
        return len(self._counts)

    def offer(self, algorithms: tuple[str, ...], qops: tuple[str, ...] = QOPS) -> None:
        """From now on offer these, in this order, and accept no other (a reload)."""
        assert algorithms, "who is offered nothing can prove nothing"
        assert set(algorithms) <= set(KNOWN_ALGORITHMS), "an algorithm that we cannot verify"
        self._algorithms = algorithms
        self._qops = frozenset(qops) | {"auth-int"}
        self._ends = tuple(f'", algorithm={name}, qop="{",".join(qops)}"' for name in algorithms)

    def challenges(self, realm: str, now: int, *, stale: bool = False, source: str = "") -> tuple[str, ...]:
        """Values of WWW-Authenticate or Proxy-Authenticate, one field each, the preferred algorithm first.

        `source` is the address that asks: nobody else can use the nonce.
        """
        head = f'Digest realm={quote(realm)}, nonce="{self._nonce(realm, source, now)}'
        if stale:
            return tuple([f"{head}{end}, stale=true" for end in self._ends])
        return tuple([head + end for end in self._ends])

    def choose(self, values: Iterable[str], realm: str) -> Parameters | None:
        """Of several Authorization values the one for our realm in an algorithm that we offer; else the first
        for our realm (RFC 3261 section 22.3, RFC 8760 section 2.4), or None: others are for other servers."""
        first: Parameters | None = None
        for value, _ in zip(values, range(CREDENTIALS_MAX), strict=False):
            given = parse_digest(value)
            if given is not None and given.get("realm") == realm:
                if given.get("algorithm", "MD5").upper() in self._algorithms:
                    return given
                first = first or given
        return first

    def verify(
        self,
        header_value: str,
        method: str,
        request_uri: str,
        lookup: Callable[[str], HashedSecrets | None],
        realm: str,
        now: int,
        body: bytes = b"",
        source: str = "",
    ) -> Verdict:
        """`judge` for one value as it stood in the message. Never raises: what cannot be read is BAD."""
        given = parse_digest(header_value)
        if given is None:
            return _UNREADABLE
        return self.judge(given, method, request_uri, lookup, realm, now, body, source)

    def judge(
        self,
        given: Parameters,
        method: str,
        request_uri: str,
        lookup: Callable[[str], HashedSecrets | None],
        realm: str,
        now: int,
        body: bytes = b"",
        source: str = "",
    ) -> Verdict:
        """Judge one Authorization or Proxy-Authorization value. Never raises.

        `lookup` gives the hashes of a username in this realm, or None.
        """
        username = given.get("username", "")
        nonce, count = given.get("nonce", ""), given.get("nc", "")
        if not nonce:
            return Verdict(Result.BAD, username)
        if not self._is_fresh(nonce, realm, source, now):
            return Verdict(Result.STALE, username)
        algorithm = given.get("algorithm", "MD5").upper()
        qop = given.get("qop", "")
        well_formed = (
            algorithm in self._algorithms
            and qop in self._qops
            and given.get("realm") == realm
            and _HEX8.fullmatch(count) is not None
            and _same_target(given.get("uri", ""), request_uri)
        )
        algorithm = algorithm if algorithm in _HASHES else "MD5"
        known = lookup(username)
        key = "" if known is None else known.ha1(algorithm)
        # For a stranger the work is done with secrets that nobody can know; so it is for an account without
        # this hash, whose empty one everybody knows. Made for all, or the time would tell who exists.
        decoy = self._decoy(username, algorithm)
        expected = _response(
            algorithm,
            key or decoy,
            _ha2(algorithm, method, given.get("uri", ""), qop, body),
            f"{nonce}:{count}:{given.get('cnonce', '')}:{qop}",
        )
        right = hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())
        if not (right and well_formed and key):
            return Verdict(Result.BAD, username, judged=True)
        fresh = self._count_is_new(nonce, int(count, 16), now)
        return Verdict(Result.OK if fresh else Result.STALE, username, judged=True, given=given, key=key)

    def info(self, verdict: Verdict, realm: str, now: int, source: str = "", body: bytes = b"") -> str:
        """The value of Authentication-Info (RFC 7616 section 3.5) for a response to what was found OK:
        that we know the secret too, and past half of the nonce's life the next one."""
        given = verdict.given
        algorithm = given.get("algorithm", "MD5").upper()
        qop, count, cnonce = given["qop"], given["nc"], given.get("cnonce", "")
        nonce = given["nonce"]
        ha2 = _ha2(algorithm, "", given.get("uri", ""), qop, body)
        proof = _response(algorithm, verdict.key, ha2, f"{nonce}:{count}:{cnonce}:{qop}")
        value = f'qop={qop}, rspauth="{proof}", cnonce={quote(cnonce)}, nc={count}'
        if 2 * (now - int(nonce[:_NONCE_TIME_DIGITS], 16)) > self._lifetime_us:
            value = f'nextnonce="{self._nonce(realm, source, now)}", {value}'
        return value

    def _nonce(self, realm: str, source: str, now: int) -> str:
        """Time, a serial number, and a MAC over both and the source.

        The serial keeps two phones that ask in the same microsecond from sharing a nonce, and its count.
        """
        self._serial = (self._serial + 1) % 16**_NONCE_SERIAL_DIGITS
        stamp = f"{now:0{_NONCE_TIME_DIGITS}x}{self._serial:0{_NONCE_SERIAL_DIGITS}x}"
        return stamp + self._mac(f"nonce:{stamp}:{source}:{realm}")

    def _mac(self, text: str) -> str:
        mac = self._keyed.copy()
        mac.update(text.encode())
        return mac.hexdigest()

    def _decoy(self, username: str, algorithm: str) -> str:
        """As long as the hash that it stands for, because the time of what follows depends on the length."""
        mac = self._mac(f"decoy:{username}")
        return mac if algorithm == "MD5" else mac + mac

    def _is_fresh(self, nonce: str, realm: str, source: str, now: int) -> bool:
        stamp, mac = nonce[:_NONCE_STAMP_DIGITS], nonce[_NONCE_STAMP_DIGITS:]
        expected = self._mac(f"nonce:{stamp}:{source}:{realm}")
        if not hmac.compare_digest(expected.encode(), mac.encode()):
            return False
        return 0 <= now - int(stamp[:_NONCE_TIME_DIGITS], 16) <= self._lifetime_us

    def _count_is_new(self, nonce: str, count: int, now: int) -> bool:
        """RFC 7616 section 3.4: a count at or below the last one is a replay."""
        if self._replay_nonces_max == 0:
            return True
        counts = self._counts
        last = counts.get(nonce)
        if last is None:
            if _made_at(nonce) <= self._forgotten_us:
                return False
        elif count <= last:
            return False
        counts[nonce] = count
        counts.move_to_end(nonce)
        if last is None:
            self._shrink(now)
        return True

    def _shrink(self, now: int) -> None:
        """Two at most for the one that came: the dead go by themselves, and no step takes long."""
        counts = self._counts
        for _ in range(2):
            made_at = _made_at(next(iter(counts)))
            if now - made_at > self._lifetime_us:
                counts.popitem(last=False)
            elif len(counts) > self._replay_nonces_max:
                counts.popitem(last=False)
                self._forgotten_us = max(self._forgotten_us, made_at)


def answer(
    challenge_value: str,
    method: str,
    uri: str,
    username: str,
    secret: str | HashedSecrets,
    cnonce: str,
    nc: int = 1,
    body: bytes = b"",
) -> str:
    """The client's side: the value of (Proxy-)Authorization for one challenge; `secret` a password or its
    hashes.

    Raises MessageError for a challenge that cannot be met: another scheme, an unknown algorithm or qop.
    """
    challenge = parse_digest(challenge_value)
    if challenge is None or "nonce" not in challenge:
        raise MessageError("not a digest challenge", None)
    realm, nonce = challenge.get("realm", ""), challenge["nonce"]
    algorithm = challenge.get("algorithm", "MD5").upper()
    if algorithm not in _HASHES:
        raise MessageError("unknown digest algorithm", None)
    if isinstance(secret, HashedSecrets):
        key = secret.ha1(algorithm)
        if not key:
            raise MessageError("no secret for this digest algorithm", None)
    else:
        key = ha1(algorithm, username, realm, secret)
    qop = _choose_qop(challenge.get("qop"))
    ha2 = _ha2(algorithm, method, uri, qop, body)
    parts = [
        f"username={quote(username)}",
        f"realm={quote(realm)}",
        f"nonce={quote(nonce)}",
        f"uri={quote(uri)}",
    ]
    if qop:
        response = _response(algorithm, key, ha2, f"{nonce}:{nc:08x}:{cnonce}:{qop}")
        parts += [f'response="{response}"', f"qop={qop}", f"nc={nc:08x}", f"cnonce={quote(cnonce)}"]
    else:
        # RFC 2617 section 3.2.2.1: servers from before qop.
        parts.append(f'response="{_response(algorithm, key, ha2, nonce)}"')
    if "algorithm" in challenge:
        parts.append(f"algorithm={algorithm}")
    if "opaque" in challenge:
        parts.append(f"opaque={quote(challenge['opaque'])}")
    return "Digest " + ", ".join(parts)


def best_challenge(values: Iterable[str]) -> str | None:
    """Of several challenges the one with the strongest algorithm that we can answer, or None."""
    by_algorithm: dict[str, str] = {}
    for value in values:
        challenge = parse_digest(value)
        if challenge is not None and "nonce" in challenge:
            by_algorithm.setdefault(challenge.get("algorithm", "MD5").upper(), value)
    return next((by_algorithm[name] for name in KNOWN_ALGORITHMS if name in by_algorithm), None)


def credentials_for(values: Iterable[str], realm: str) -> str | None:
    """Of several Authorization values the digest one for our realm (RFC 3261 section 22.3), or None."""
    for value in values:
        given = parse_digest(value)
        if given is not None and given.get("realm") == realm:
            return value
    return None


def parse_digest(value: str) -> dict[str, str] | None:
    """Parameters of a `Digest` challenge or credentials, unquoted; None for another scheme or a malformed
    one."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    position, more = 0, ","
    while more:
        part = _PARAM.match(rest, position)
        if part is None:
            return None
        name, quoted, plain, more = part.groups()
        name = name.lower()
        if name in found:
            return None
        if quoted is None:
            found[name] = plain.rstrip()
        else:
            found[name] = _ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted
        position = part.end()
    return found


def _choose_qop(offered: str | None) -> str:
    if offered is None:
        return ""
    options = [option.strip().lower() for option in offered.split(",")]
    for option in ("auth", "auth-int"):
        if option in options:
            return option
    raise MessageError("unknown quality of protection", None)


def _hash(algorithm: str, data: bytes) -> str:
    return _HASHES[algorithm](data).hexdigest()


def _ha2(algorithm: str, method: str, uri: str, qop: str, body: bytes) -> str:
    text = f"{method}:{uri}"
    if qop == "auth-int":
        text += ":" + _hash(algorithm, body)
    return _hash(algorithm, text.encode())


def _response(algorithm: str, key: str, ha2: str, middle: str) -> str:
    return _hash(algorithm, f"{key}:{middle}:{ha2}".encode())


def _made_at(nonce: str) -> int:
    """Of a nonce that is ours."""
    return int(nonce[:_NONCE_TIME_DIGITS], 16)


def _same_target(given: str, request_uri: str) -> bool:
    """RFC 7616 section 3.4.6: the digest's URI names the request's resource.

    Only scheme and host are compared. Phones add `transport` to one and not to the other, and some leave
    the user out (sipp); what the user part would guard, the replay of an overheard answer with another
    number, the nonce count prevents.
    """
    if given == request_uri:
        return True
    try:
        a, b = Uri.parse(given), Uri.parse(request_uri)
    except MessageError:
        return False
    return a.is_sip and (a.scheme, a.host.lower()) == (b.scheme, b.host.lower())
