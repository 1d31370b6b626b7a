"""Verifying a caller's number (RFC 8224 section 6.2): what needs no certificate, then the rest."""

from collections import OrderedDict
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from cryptography import x509

from switch.trunk.stir import identity_header
from switch.trunk.stir.certificates import Anchors, CertificateError, signing_key
from switch.trunk.stir.passport import PassportError, SignedPassport, is_signed_by

FRESH_S = 60
"""How far `iat` and Date may be from our clock (RFC 8224 section 4.1; ATIS-1000074 says 60 s)."""

TOKENS_MAX = 20_000
"""Tokens remembered against replay: those of two minutes at 160 verified calls a second."""

PASSED = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` is 200, or what the call is refused with (RFC 8224 section 6.2.2); 428 is "not signed"."""

    status: int
    attest: str = ""
    reason: str = ""

    @property
    def passed(self) -> bool:
        return self.status == PASSED

    def __str__(self) -> str:
        if self.status == 428:
            return "none"
        return f"passed {self.attest}".strip() if self.passed else f"failed {self.status}"

    @property
    def verstat(self) -> str:
        """3GPP TS 24.229 section 7.2A.20."""
        if self.status == 428:
            return "No-TN-Validation"
        return "TN-Validation-Passed" if self.passed else "TN-Validation-Failed"


UNSIGNED = Verdict(428, reason="no Identity")
UNREACHABLE = Verdict(436, reason="the certificate cannot be fetched")


class ReplayGuard:
    """Tokens of the last minutes, each with its call: one call may come twice, by two of a carrier's ways."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, tuple[str, int]] = OrderedDict()

    def is_replayed(self, token: SignedPassport, call_id: str, wall_s: int) -> bool:
        while self._seen:
            oldest = next(iter(self._seen.values()))
            if len(self._seen) <= TOKENS_MAX and oldest[1] > wall_s - 2 * FRESH_S:
                break
            self._seen.popitem(last=False)
        known = self._seen.setdefault(token.signed, (call_id, wall_s))
        return known[0] != call_id


def examine(
    values: list[str], caller: str, called: str, date: str | None, wall_s: int
) -> SignedPassport | Verdict:
    """The token, if it says what the message says and is fresh. Numbers are E.164."""
    if not values:
        return UNSIGNED
    try:
        token = identity_header.choose(values)
    except PassportError as error:
        return Verdict(438, reason=str(error))
    passport = token.passport
    if abs(passport.iat - wall_s) > FRESH_S or not _is_fresh(date, wall_s):
        return Verdict(403, reason="stale date")
    if not caller.startswith("+") or passport.orig != caller[1:]:
        return Verdict(438, reason="signed for another caller")
    if called.removeprefix("+") not in passport.dest:
        return Verdict(438, reason="signed for another called number")
    return token


def conclude(
    token: SignedPassport, chain: tuple[x509.Certificate, ...], anchors: Anchors, wall_s: int
) -> Verdict:
    """With the certificates that were found at the token's x5u."""
    try:
        key = signing_key(chain, anchors, token.passport.orig, wall_s)
    except CertificateError as error:
        return Verdict(437, reason=str(error))
    if not is_signed_by(token, key):
        return Verdict(438, reason="the signature is not right")
    return Verdict(PASSED, token.passport.attest)


def _is_fresh(date: str | None, wall_s: int) -> bool:
    """A Date that cannot be read says nothing; RFC 8224 wants one, and `iat` says the same."""
    if date is None:
        return True
    try:
        return abs(parsedate_to_datetime(date).timestamp() - wall_s) <= FRESH_S
    except (ValueError, OverflowError):
        return True
