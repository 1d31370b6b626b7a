"""The Identity header (RFC 8224 section 4): a token in full form, its certificate's place, its kind."""

from switch.base.errors import PeerError
from switch.sip.grammar import find_param, parse_params, unquote
from switch.trunk.stir.passport import SHAKEN, Passport, PassportError, SignedPassport, parse

IDENTITIES_MAX = 4
"""Identity headers that are looked at; SHAKEN has one, a diverted call one or two more."""


def write(token: str, passport: Passport) -> str:
    """The value of Identity."""
    ppt = f";ppt={passport.ppt}" if passport.ppt else ""
    return f"{token};info=<{passport.x5u}>;alg=ES256{ppt}"


def read(value: str) -> SignedPassport:
    """One header. Raises PassportError where it is not in full form, or says other than its token."""
    token, semicolon, params = value.partition(";")
    try:
        found = parse_params(_plain(semicolon + params))
        ppt, alg = unquote(find_param(found, "ppt") or ""), unquote(find_param(found, "alg") or "ES256")
    except PeerError:
        raise PassportError("malformed Identity") from None
    signed = parse(token.strip())
    if alg != "ES256" or (ppt or signed.passport.ppt) != signed.passport.ppt:
        raise PassportError("Identity and its token differ")
    if _info(params) != signed.passport.x5u:
        raise PassportError("info and x5u differ")
    return signed


def choose(values: list[str]) -> SignedPassport:
    """Of several the first `shaken` one that can be read, else the first. Raises PassportError for none."""
    found: list[SignedPassport] = []
    problem = PassportError("no Identity")
    for value in values[:IDENTITIES_MAX]:
        try:
            found.append(read(value))
        except PassportError as error:
            problem = error
    if not found:
        raise problem
    return next((signed for signed in found if signed.passport.ppt == SHAKEN), found[0])


def _info(params: str) -> str:
    _, _, rest = params.partition("info=")
    rest = rest.strip()
    return rest[1:].partition(">")[0] if rest.startswith("<") else rest.partition(";")[0].strip('" ')


def _plain(params: str) -> str:
    """Without the URI, whose angle brackets no other parameter of SIP has."""
    before, found, rest = params.partition("info=<")
    return f"{before}info={rest.partition('>')[2]}" if found else params
