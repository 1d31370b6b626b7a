"""Digest authentication: RFC 7616 section 3.9's examples, RFC 8760's order, and what must be refused."""

import gc
import hashlib
import hmac
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.base.clock import SECOND
from switch.sip import digest as digest_module
from switch.sip.digest import (
    KNOWN_ALGORITHMS,
    NONCE_LIFETIME_S,
    REPLAY_NONCES_MAX,
    Challenger,
    HashedSecrets,
    Result,
    answer,
    best_challenge,
    credentials_for,
    ha1,
    hashed_secrets,
    parse_digest,
)
from switch.sip.message import MessageError
from tests.sip.samples import least_s

REALM = "centre.example"
URI = "sip:centre.example"
SECRETS = hashed_secrets("101", REALM, "s3cret")
NOW = 1_000 * SECOND


def lookup(username: str) -> HashedSecrets | None:
    return SECRETS if username == "101" else None


def challenger(
    nonce_lifetime_s: int = NONCE_LIFETIME_S, replay_nonces_max: int = REPLAY_NONCES_MAX
) -> Challenger:
    return Challenger(b"0123456789abcdef", nonce_lifetime_s, replay_nonces_max)


def credentials(
    subject: Challenger,
    *,
    which: int = 0,
    now: int = NOW,
    user: str = "101",
    password: str = "s3cret",
    nc: int = 1,
    method: str = "REGISTER",
    uri: str = URI,
) -> str:
    return answer(subject.challenges(REALM, now)[which], method, uri, user, password, "cn", nc)


def judged(
    subject: Challenger, value: str, *, now: int = NOW, method: str = "REGISTER", uri: str = URI
) -> Result:
    return subject.verify(value, method, uri, lookup, REALM, now).result


# RFC 7616 section 3.9.1.
EXAMPLE = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_examples_of_rfc_7616(algorithm: str, expected: str) -> None:
    value = answer(EXAMPLE.format(algorithm), "GET", "/dir/index.html", "Mufasa", "Circle of Life", CNONCE)
    given_back = parse_digest(value)
    assert given_back is not None
    assert given_back["response"] == expected
    assert given_back["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    assert (given_back["qop"], given_back["nc"], given_back["algorithm"]) == ("auth", "00000001", algorithm)


def test_example_of_rfc_2617_without_qop() -> None:
    # The values of RFC 2617 section 3.5, by the older formula of section 3.2.2.1.
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    given_back = parse_digest(answer(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life", "x"))
    assert given_back is not None
    assert given_back["response"] == "670fd8c2df070c60b045671b8b24ff02"
    assert "qop" not in given_back


def test_sha_256_is_offered_before_md5() -> None:
    first, second = (parse_digest(value) for value in challenger().challenges(REALM, NOW))
    assert first is not None
    assert second is not None
    assert (first["algorithm"], second["algorithm"]) == ("SHA-256", "MD5")
    assert (first["realm"], first["qop"]) == (REALM, "auth")
    assert "stale" not in first
    assert "stale=true" in challenger().challenges(REALM, NOW, stale=True)[0]


@pytest.mark.parametrize("which", [0, 1])
def test_the_right_password_is_ok(which: int) -> None:
    subject = challenger()
    verdict = subject.verify(credentials(subject, which=which), "REGISTER", URI, lookup, REALM, NOW + SECOND)
    assert (verdict.result, verdict.username) == (Result.OK, "101")


def test_hashes_answer_as_the_password_does() -> None:
    subject = challenger()
    challenge = subject.challenges(REALM, NOW)[0]
    assert judged(subject, answer(challenge, "REGISTER", URI, "101", SECRETS, "cn")) is Result.OK


def test_what_is_bad() -> None:
    subject = challenger(replay_nonces_max=0)
    good = credentials(subject)
    assert judged(subject, good) is Result.OK
    assert judged(subject, credentials(subject, password="wrong")) is Result.BAD
    assert judged(subject, credentials(subject, user="999")) is Result.BAD
    assert judged(subject, good, method="INVITE") is Result.BAD
    assert judged(subject, good, uri="sip:elsewhere.example") is Result.BAD
    for old, new in (
        (f'realm="{REALM}"', 'realm="other"'),
        ("qop=auth", "qop=other"),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=0000000g"),
        ("algorithm=SHA-256", "algorithm=SHA-512"),
        ("algorithm=SHA-256", "algorithm=MD5"),
        ('cnonce="cn"', 'cnonce="cm"'),
        ("Digest ", "Basic "),
        ("Digest ", "Digest x=1, x=1, "),
        ('username="101"', 'username="101'),
    ):
        assert old in good
        assert judged(subject, good.replace(old, new)) is Result.BAD, new


def test_parameters_of_the_uri_may_differ() -> None:
    subject = challenger()
    assert judged(subject, credentials(subject), uri=URI + ";transport=tcp") is Result.OK


def test_an_old_nonce_is_stale_whatever_the_password() -> None:
    """RFC 7616 section 3.3: `stale` is about the nonce; a dead one must not tell if a guess was right."""
    subject = challenger(nonce_lifetime_s=300, replay_nonces_max=0)
    late = NOW + 301 * SECOND
    assert judged(subject, credentials(subject), now=NOW + 300 * SECOND) is Result.OK
    for password in ("s3cret", "wrong"):
        verdict = subject.verify(
            credentials(subject, password=password), "REGISTER", URI, lookup, REALM, late
        )
        assert (verdict.result, verdict.judged) == (Result.STALE, False)
    assert judged(subject, credentials(subject, now=NOW), now=NOW - 1) is Result.STALE


def test_a_nonce_serves_the_address_that_asked_for_it() -> None:
    """Or a forged source could put failures on somebody else's account of them."""
    subject = challenger()
    challenge = subject.challenges(REALM, NOW, source="192.0.2.1")[0]
    value = answer(challenge, "REGISTER", URI, "101", "s3cret", "cn")
    for source, expected in (("192.0.2.2", Result.STALE), ("", Result.STALE), ("192.0.2.1", Result.OK)):
        assert subject.verify(value, "REGISTER", URI, lookup, REALM, NOW, b"", source).result is expected


def test_a_nonce_of_another_secret_or_realm_is_stale() -> None:
    other = Challenger(b"fedcba9876543210")
    assert judged(challenger(), credentials(other)) is Result.STALE
    foreign = answer(
        challenger().challenges("other", NOW)[0].replace('"other"', f'"{REALM}"'),
        "REGISTER",
        URI,
        "101",
        "s3cret",
        "c",
    )
    assert judged(challenger(), foreign) is Result.STALE
    made_up = f'Digest realm="{REALM}", nonce="short", algorithm=MD5, qop="auth"'
    assert judged(challenger(), answer(made_up, "REGISTER", URI, "101", "s3cret", "c")) is Result.STALE


def test_a_replayed_count_is_stale() -> None:
    subject = challenger()
    first, second = credentials(subject, nc=1), credentials(subject, nc=2)
    assert [judged(subject, value) for value in (first, second, second, first)] == [
        Result.OK,
        Result.OK,
        Result.STALE,
        Result.STALE,
    ]


def test_the_memory_of_counts_is_bounded_and_strangers_cannot_fill_it() -> None:
    subject = challenger(replay_nonces_max=2)
    kept = credentials(subject)
    assert judged(subject, kept) is Result.OK
    for number in range(10):
        judged(subject, credentials(subject, now=NOW - number, password="wrong"))
    assert judged(subject, kept) is Result.STALE
    for number in range(1, 3):
        assert judged(subject, credentials(subject, now=NOW - number)) is Result.OK
    assert subject.remembered == 2


def test_a_full_memory_of_counts_costs_a_challenge_and_lets_no_replay_in() -> None:
    subject = challenger(replay_nonces_max=2)
    first = [credentials(subject, now=NOW + number) for number in range(4)]
    assert [judged(subject, value, now=NOW + 9) for value in first] == [Result.OK] * 4
    # The two oldest are forgotten: their counts are unknown now, so their nonces serve nobody any more.
    assert [judged(subject, value, now=NOW + 9) for value in first] == [Result.STALE] * 4
    unused_but_as_old = credentials(subject, now=NOW + 1)
    assert judged(subject, unused_but_as_old, now=NOW + 9) is Result.STALE
    assert judged(subject, credentials(subject, now=NOW + 2), now=NOW + 9) is Result.OK


def test_dead_nonces_leave_the_memory_by_themselves() -> None:
    subject = challenger(nonce_lifetime_s=10)
    for number in range(100):
        judged(subject, credentials(subject, now=NOW + number), now=NOW + number)
    later = NOW + 60 * SECOND
    for number in range(60):
        judged(subject, credentials(subject, now=later + number), now=later + number)
    assert subject.remembered == 60


def test_100_000_challenges_cost_no_memory() -> None:
    """A nonce is kept by nobody: what a flood of strangers leaves behind is nothing."""
    subject = challenger()
    subject.challenges(REALM, NOW)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(100_000):
            subject.challenges(REALM, NOW + number, source=f"192.0.2.{number % 250}")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert subject.remembered == 0
    assert after - before < 50_000, "half a byte for each of them is none"


def test_an_unknown_user_costs_the_same_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    real = digest_module._hash

    def counting(algorithm: str, data: bytes) -> str:
        counted[-1] += 1
        return real(algorithm, data)

    subject = challenger()
    values = [credentials(subject, password="wrong"), credentials(subject, user="nobody")]
    monkeypatch.setattr(digest_module, "_hash", counting)
    for value in values:
        counted.append(0)
        assert judged(subject, value) is Result.BAD
    assert counted[0] == counted[1] > 0


def test_answers_and_nonces_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison that stops at the first difference tells a patient stranger how far a guess was right."""
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watching(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return real(left, right)

    subject = challenger()
    value = credentials(subject)
    given = parse_digest(value)
    assert given is not None
    monkeypatch.setattr(hmac, "compare_digest", watching)
    assert judged(subject, value) is Result.OK
    assert [theirs for _, theirs in compared] == [given["nonce"][24:].encode(), given["response"].encode()]


@given(st.text(max_size=120))
def test_noise_is_bad_and_never_raises(text: str) -> None:
    for value in (text, "Digest " + text, f'Digest username="101", realm="{REALM}", response="{text}"'):
        assert judged(challenger(), value) is Result.BAD


def test_choices() -> None:
    md5, sha = 'Digest realm="a", nonce="1"', 'Digest realm="b", nonce="2", algorithm=sha-256'
    assert best_challenge([md5, sha]) == sha
    assert best_challenge(["Bearer x", md5]) == md5
    assert best_challenge(["Basic x", 'Digest realm="a", nonce="1", algorithm=SHA-512']) is None
    strongest = 'Digest realm="a", nonce="1", algorithm=SHA-512-256'
    assert best_challenge([md5, sha, strongest]) == strongest
    assert (
        credentials_for(["NoOne", 'Digest realm="x", nonce=""', 'Digest realm="y"'], "y")
        == 'Digest realm="y"'
    )
    assert credentials_for([], "y") is None


@pytest.mark.parametrize(
    "challenge",
    ["Basic realm=x", "Digest realm=x", 'Digest nonce="x", algorithm=X', 'Digest nonce="x", qop="other"'],
)
def test_a_challenge_that_cannot_be_met(challenge: str) -> None:
    with pytest.raises(MessageError):
        answer(challenge, "INVITE", URI, "u", "p", "c")


def test_auth_int_covers_the_body() -> None:
    subject = challenger()
    challenge = subject.challenges(REALM, NOW)[0].replace('qop="auth"', 'qop="auth-int"')
    value = answer(challenge, "INVITE", URI, "101", "s3cret", "cn", body=b"v=0")
    assert subject.verify(value, "INVITE", URI, lookup, REALM, NOW, b"v=1").result is Result.BAD
    assert subject.verify(value, "INVITE", URI, lookup, REALM, NOW, b"v=0").result is Result.OK


def test_ha1_is_what_htdigest_writes() -> None:
    assert ha1("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life") == "939e7578ed9e3c518a452acee763bce9"
    assert SECRETS.ha1("SHA-256") == ha1("SHA-256", "101", REALM, "s3cret")


def test_phones_challenged_in_the_same_microsecond_do_not_share_a_nonce() -> None:
    subject = challenger()
    first = answer(subject.challenges(REALM, NOW)[0], "REGISTER", URI, "101", "s3cret", "a", 1)
    second = answer(subject.challenges(REALM, NOW)[0], "REGISTER", URI, "101", "s3cret", "b", 1)
    assert judged(subject, first) is Result.OK
    assert judged(subject, second) is Result.OK


def test_a_centre_with_old_phones_offers_md5_alone_and_accepts_no_other() -> None:
    strong = challenger()
    old = Challenger(b"0123456789abcdef", algorithms=("MD5",))
    (only,) = old.challenges(REALM, NOW)
    assert "algorithm=MD5" in only
    assert judged(old, answer(only, "REGISTER", URI, "101", "s3cret", "cn", 1)) is Result.OK
    downgraded = Challenger(b"0123456789abcdef", algorithms=("SHA-256",))
    md5 = answer(strong.challenges(REALM, NOW)[1], "REGISTER", URI, "101", "s3cret", "cn", 1)
    assert judged(downgraded, md5) is Result.BAD


# The challenge of RFC 7616 section 3.9.2.
SHA_512_256 = (
    'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
    'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
    'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
)


def test_sha_512_256_is_rfc_7616_s_truncated_hash() -> None:
    # FIPS 180-4's SHA-512/256 of "abc", which is not the first half of SHA-512.
    assert ha1("SHA-512-256", "a", "b", "c") == hashlib.new("sha512_256", b"a:b:c").hexdigest()
    assert (
        digest_module._hash("SHA-512-256", b"abc")
        == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
    )
    given_back = parse_digest(answer(SHA_512_256, "GET", "/doe.json", "J", "Secret, or not?", "cn"))
    assert given_back is not None
    assert given_back["algorithm"] == "SHA-512-256"


@pytest.mark.parametrize("algorithm", KNOWN_ALGORITHMS)
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_every_algorithm_with_both_qualities(algorithm: str, qop: str) -> None:
    subject = Challenger(b"0123456789abcdef", algorithms=(algorithm,), qops=(qop,))
    (challenge,) = subject.challenges(REALM, NOW)
    value = answer(challenge, "INVITE", URI, "101", "s3cret", "cn", body=b"v=0")
    assert f"qop={qop}," in value
    assert subject.verify(value, "INVITE", URI, lookup, REALM, NOW, b"v=1").result is (
        Result.BAD if qop == "auth-int" else Result.OK
    )
    value = answer(challenge, "INVITE", URI, "101", "s3cret", "cn", 2, b"v=0")
    assert subject.verify(value, "INVITE", URI, lookup, REALM, NOW, b"v=0").result is Result.OK


def test_who_asks_for_integrity_does_not_take_less() -> None:
    subject = Challenger(b"0123456789abcdef", qops=("auth-int",))
    challenge = subject.challenges(REALM, NOW)[0].replace('qop="auth-int"', 'qop="auth"')
    assert judged(subject, answer(challenge, "REGISTER", URI, "101", "s3cret", "cn")) is Result.BAD


def test_an_account_without_a_hash_is_not_opened_by_the_empty_one() -> None:
    old = HashedSecrets(SECRETS.md5, SECRETS.sha256)
    subject = Challenger(b"0123456789abcdef", algorithms=KNOWN_ALGORITHMS)
    challenge = subject.challenges(REALM, NOW)[0]
    given_back = parse_digest(answer(challenge, "REGISTER", URI, "101", "s3cret", "cn"))
    assert given_back is not None
    ha2 = digest_module._ha2("SHA-512-256", "REGISTER", URI, "auth", b"")
    nonce = given_back["nonce"]
    forged = digest_module._response("SHA-512-256", "", ha2, f"{nonce}:00000001:cn:auth")
    value = answer(challenge, "REGISTER", URI, "101", "s3cret", "cn").replace(given_back["response"], forged)
    assert subject.verify(value, "REGISTER", URI, lambda _: old, REALM, NOW).result is Result.BAD
    with pytest.raises(MessageError):
        answer(challenge, "REGISTER", URI, "101", old, "cn")


def test_of_several_credentials_the_one_for_us_in_an_algorithm_that_we_offer() -> None:
    subject = Challenger(b"0123456789abcdef", algorithms=("MD5",))
    other = 'Digest username="x", realm="elsewhere", nonce="1", uri="u", response="r"'
    sha = f'Digest username="101", realm="{REALM}", algorithm=SHA-256, nonce="2"'
    md5 = f'Digest username="101", realm="{REALM}", nonce="3"'
    assert (subject.choose([other, sha, md5], REALM) or {})["nonce"] == "3"
    assert (subject.choose([other, sha], REALM) or {})["nonce"] == "2"
    assert subject.choose([other, "Bearer x"], REALM) is None
    assert subject.choose([other] * 8 + [md5], REALM) is None


def test_authentication_info_proves_that_we_know_the_secret() -> None:
    """RFC 7616 section 3.5: rspauth answers an empty method; the next nonce comes when it is time."""
    subject = challenger(nonce_lifetime_s=100)
    challenge = subject.challenges(REALM, NOW, source="h")[0]
    value = answer(challenge, "REGISTER", URI, "101", "s3cret", "cn")
    verdict = subject.verify(value, "REGISTER", URI, lookup, REALM, NOW, b"", "h")
    info = parse_digest("Digest " + subject.info(verdict, REALM, NOW, "h"))
    expected = parse_digest(answer(challenge, "", URI, "101", "s3cret", "cn"))
    assert info is not None
    assert expected is not None
    assert info == {"qop": "auth", "rspauth": expected["response"], "cnonce": "cn", "nc": "00000001"}
    late = NOW + 51 * SECOND
    again = parse_digest("Digest " + subject.info(verdict, REALM, late, "h"))
    assert again is not None
    following = challenge.replace((parse_digest(challenge) or {})["nonce"], again["nextnonce"])
    value = answer(following, "REGISTER", URI, "101", "s3cret", "cn")
    assert (
        subject.verify(value, "REGISTER", URI, lookup, REALM, NOW + 140 * SECOND, b"", "h").result
        is Result.OK
    )


def test_a_hostile_header_is_read_in_linear_time() -> None:
    for text in (" " * 60_000 + '"', "a=" + " " * 60_000 + '"', 'a="' + "\\" * 60_000, "a=b," * 15_000):
        assert least_s(lambda text=text: parse_digest("Digest " + text)) < 0.5
        assert parse_digest("Digest " + text) is None
