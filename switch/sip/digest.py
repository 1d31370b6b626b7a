"""Digest authentication, both sides (RFC 3261 section 22, RFC 7616, RFC 8760).

As a server it keeps no state for strangers: a nonce is a time and an HMAC over it, so a flood of challenges
costs no memory. What it remembers, in a bounded table, is the highest nonce count of nonces that were
answered correctly: that stops the replay of an overheard answer. A nonce that is too old, or not ours any
more (a restart), but answered with the right password, is STALE, and the phone tries again without asking its
user.

An unknown user costs the same work, and gets the same answer, as a wrong password.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from switch.base.clock import SECOND
from switch.sip.grammar import TOKEN, MessageError, quote, split_outside, unquote
from switch.sip.uri import Uri

ALGORITHMS = ("SHA-256", "MD5")
"""What is offered, in this order (RFC 8760 section 2.4: the first that the phone knows)."""

NONCE_LIFETIME_S = 300
"""How long one nonce serves: long enough for a burst of requests, short enough that an overheard one is soon
dead."""

REPLAY_NONCES_MAX = 10_000
"""Answered nonces whose count is remembered. Only a right password gets one in, so strangers cannot push any
out."""

_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_NONCE_TIME_DIGITS = 16
_NONCE_SERIAL_DIGITS = 8
_NONCE_STAMP_DIGITS = _NONCE_TIME_DIGITS + _NONCE_SERIAL_DIGITS
_NONCE_MAC_DIGITS = 32


@dataclass(frozen=True, slots=True)
class HashedSecrets:
    """HA1 of one account in each algorithm: all that a store needs to keep of a password."""

    md5: str
    sha256: str

    def ha1(self, algorithm: str) -> str:
        """HA1 for `MD5` or `SHA-256`."""
        return self.sha256 if algorithm == "SHA-256" else self.md5


def hashed_secrets(user: str, realm: str, password: str) -> HashedSecrets:
    """Both HA1 of a password."""
    return HashedSecrets(ha1("MD5", user, realm, password), ha1("SHA-256", user, realm, password))


class Result(Enum):
    """How credentials were found."""

    OK = "ok"
    STALE = "stale"
    """Right, but under a nonce that is no longer good: challenge again with `stale=True`."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`username` is what was claimed, "" where nothing could be read. Trust it only with OK and STALE."""

    result: Result
    username: str


def ha1(algorithm: str, user: str, realm: str, password: str) -> str:
    """H(user:realm:password) as hexadecimal (RFC 7616 section 3.4.2); algorithm is `MD5` or `SHA-256`."""
    return _hash(algorithm, f"{user}:{realm}:{password}".encode())


class Challenger:
    """The server's side. `secret` is at least 16 random bytes; a new one makes old nonces stale.

    `algorithms` are offered in this order, and no other is accepted: some phones fail on a challenge
    that they do not know in place of taking the next, and such a centre offers MD5 alone.
    """

    __slots__ = ("_algorithms", "_counts", "_lifetime_us", "_replay_nonces_max", "_secret", "_serial")

    def __init__(
        self,
        secret: bytes,
        nonce_lifetime_s: int = NONCE_LIFETIME_S,
        replay_nonces_max: int = REPLAY_NONCES_MAX,
        algorithms: tuple[str, ...] = ALGORITHMS,
    ) -> None:
        assert len(secret) >= 16, "a nonce secret must not be guessable"
        assert set(algorithms) <= set(ALGORITHMS), "an algorithm that we cannot verify"
        self._secret = secret
        self._algorithms = algorithms
        self._lifetime_us = nonce_lifetime_s * SECOND
        self._replay_nonces_max = replay_nonces_max
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._serial = 0

    def challenges(self, realm: str, now: int, *, stale: bool = False) -> tuple[str, ...]:
        """Values of WWW-Authenticate or Proxy-Authenticate, one field each, the preferred algorithm first."""
        nonce = self._nonce(realm, now)
        end = ', qop="auth"' + (", stale=true" if stale else "")
        return tuple(
            f'Digest realm={quote(realm)}, nonce="{nonce}", algorithm={algorithm}{end}'
            for algorithm in self._algorithms
        )

    def offer(self, algorithms: tuple[str, ...]) -> None:
        """From now on offer these, in this order, and accept no other (a reload)."""
        self._algorithms = algorithms

    def verify(
        self,
        header_value: str,
        method: str,
        request_uri: str,
        lookup: Callable[[str], HashedSecrets | None],
        realm: str,
        now: int,
        body: bytes = b"",
    ) -> Verdict:
        """Judge one Authorization or Proxy-Authorization value. Never raises: what cannot be read is BAD.

        `lookup` gives the hashes of a username in this realm, or None.
        """
        given = parse_digest(header_value)
        if given is None:
            return Verdict(Result.BAD, "")
        username = given.get("username", "")
        algorithm = given.get("algorithm", "MD5").upper()
        qop = given.get("qop", "")
        nonce, count = given.get("nonce", ""), given.get("nc", "")
        well_formed = (
            algorithm in self._algorithms
            and qop in ("auth", "auth-int")
            and given.get("realm") == realm
            and _is_hex(count, 8)
            and _same_target(given.get("uri", ""), request_uri)
        )
        known = lookup(username)
        # For a stranger the work is done with secrets that nobody can know.
        secrets = self._decoy(username) if known is None else known
        algorithm = algorithm if algorithm in _HASHES else "MD5"
        expected = _response(
            algorithm,
            secrets.ha1(algorithm),
            _ha2(algorithm, method, given.get("uri", ""), qop, body),
            f"{nonce}:{count}:{given.get('cnonce', '')}:{qop}",
        )
        right = hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())
        if not (right and well_formed and known is not None):
            return Verdict(Result.BAD, username)
        fresh = self._is_fresh(nonce, realm, now) and self._count_is_new(nonce, int(count, 16))
        return Verdict(Result.OK if fresh else Result.STALE, username)

    def _nonce(self, realm: str, now: int) -> str:
        """Time, a serial number, and a MAC over both.

        The serial keeps two phones that ask in the same microsecond from sharing a nonce, and its count.
        """
        self._serial = (self._serial + 1) % 16**_NONCE_SERIAL_DIGITS
        stamp = f"{now:0{_NONCE_TIME_DIGITS}x}{self._serial:0{_NONCE_SERIAL_DIGITS}x}"
        return stamp + self._mac(f"nonce:{stamp}:{realm}")[:_NONCE_MAC_DIGITS]

    def _mac(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), "sha256").hex()

    def _decoy(self, username: str) -> HashedSecrets:
        mac = self._mac(f"decoy:{username}")
        return HashedSecrets(mac[:32], mac)

    def _is_fresh(self, nonce: str, realm: str, now: int) -> bool:
        stamp, mac = nonce[:_NONCE_STAMP_DIGITS], nonce[_NONCE_STAMP_DIGITS:]
        time = stamp[:_NONCE_TIME_DIGITS]
        expected = self._mac(f"nonce:{stamp}:{realm}")[:_NONCE_MAC_DIGITS]
        if not hmac.compare_digest(expected.encode(), mac.encode()) or not _is_hex(time, _NONCE_TIME_DIGITS):
            return False
        return 0 <= now - int(time, 16) <= self._lifetime_us

    def _count_is_new(self, nonce: str, count: int) -> bool:
        """RFC 7616 section 3.4: a count at or below the last one is a replay."""
        if self._replay_nonces_max == 0:
            return True
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        if len(self._counts) > self._replay_nonces_max:
            self._counts.popitem(last=False)
        return True


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
    key = (
        secret.ha1(algorithm)
        if isinstance(secret, HashedSecrets)
        else ha1(algorithm, username, realm, secret)
    )
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
    return next((by_algorithm[name] for name in ALGORITHMS if name in by_algorithm), None)


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
    try:
        for part in split_outside(rest, ","):
            name, equals, text = part.partition("=")
            name = name.strip().lower()
            if not equals or not TOKEN.fullmatch(name) or name in found:
                return None
            found[name] = unquote(text.strip())
    except MessageError:
        return None
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


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and all(character in "0123456789abcdefABCDEF" for character in text)


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
