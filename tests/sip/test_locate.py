"""RFC 3263 and RFC 2782 as a pure function: what is asked, in which order, and what comes of the answers."""

from collections import Counter

import pytest

from switch.base.clock import SECOND
from switch.base.rng import SplitMix64
from switch.sip.flow import Address, Transport
from switch.sip.locate import (
    FAILED_TTL_S,
    Abilities,
    Answer,
    Located,
    Naptr,
    Outcome,
    Place,
    Question,
    RecordType,
    Srv,
    Target,
    in_order,
)
from switch.sip.locator import ANSWERS_MAX, NEGATIVE_TTL_S_MAX, SEARCHES_MAX, Locator

UDP, TCP, TLS = Transport.UDP, Transport.TCP, Transport.TLS
ALL = Abilities((UDP, TCP, TLS), (RecordType.A, RecordType.AAAA))
PLAIN = Abilities((UDP, TCP), (RecordType.A,))

Record = Naptr | Srv | str
Zone = dict[str, tuple[Record, ...]]
"""`NAME TYPE` to records; `!` in place of a record is a resolver that fails."""

ZONE: Zone = {
    "example.com NAPTR": (
        Naptr(50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com"),
        Naptr(90, 50, "s", "SIP+D2T", "_sip._tcp.example.com"),
        Naptr(100, 50, "s", "SIP+D2U", "_sip._udp.example.com"),
    ),
    "_sip._tcp.example.com SRV": (Srv(0, 1, 5060, "one.example.com"), Srv(0, 2, 5061, "two.example.com")),
    "_sip._udp.example.com SRV": (Srv(0, 1, 5060, "one.example.com"),),
    "_sips._tcp.example.com SRV": (Srv(0, 1, 5061, "one.example.com"),),
    "one.example.com A": ("192.0.2.1",),
    "two.example.com A": ("192.0.2.2", "192.0.2.3"),
    "one.example.com AAAA": ("2001:db8::1",),
    "example.com A": ("192.0.2.80",),
}


def ask(place: Place, zone: Zone, abilities: Abilities = PLAIN) -> tuple[Located, list[str]]:
    """What is found, and what was asked for it in this order."""
    locator = Locator(abilities)
    asked: list[str] = []
    found = locator.find(place, 0)
    while found is None:
        for question in locator.poll():
            asked.append(f"{question.name} {question.kind}")
            locator.answer(reply(question, zone), 0)
        taken = locator.take()
        found = taken[0] if taken else None
        assert len(asked) < 100
    return found, asked


def reply(question: Question, zone: Zone, ttl_s: int = 60) -> Answer:
    records = zone.get(f"{question.name} {question.kind}", ())
    if records == ("!",):
        return Answer(question, Outcome.FAILED)
    return Answer(question, Outcome.FOUND if records else Outcome.NONE, records, ttl_s)


def ways(located: Located) -> list[str]:
    return [f"{target.transport} {target.address}" for target in located.targets]


class TestSelectingATransport:
    """RFC 3263 section 4.1."""

    @pytest.mark.parametrize(
        ("place", "way"),
        [
            (Place("192.0.2.9"), "UDP 192.0.2.9:5060"),
            (Place("192.0.2.9", 5070), "UDP 192.0.2.9:5070"),
            (Place("192.0.2.9", None, TCP), "TCP 192.0.2.9:5060"),
            (Place("192.0.2.9", secure=True), "TLS 192.0.2.9:5061"),
            (Place("2001:db8::9"), "UDP [2001:db8::9]:5060"),
        ],
    )
    def test_an_address_needs_no_question(self, place: Place, way: str) -> None:
        located, asked = ask(place, {})
        assert (ways(located), asked, located.certain) == ([way], [], True)

    def test_a_name_with_a_port_is_looked_up_as_an_address_alone(self) -> None:
        located, asked = ask(Place("example.com", 5070), ZONE)
        assert (ways(located), asked) == (["UDP 192.0.2.80:5070"], ["example.com A"])

    def test_naptr_decides_and_what_we_do_not_speak_is_passed_over(self) -> None:
        located, asked = ask(Place("example.com"), ZONE)
        assert asked[:2] == ["example.com NAPTR", "_sip._tcp.example.com SRV"]
        assert ways(located) == ["TCP 192.0.2.1:5060", "TCP 192.0.2.2:5061", "TCP 192.0.2.3:5061"]

    def test_a_switch_that_speaks_tls_takes_the_domain_s_preference_and_both_families(self) -> None:
        located, _ = ask(Place("example.com"), ZONE, ALL)
        assert ways(located) == ["TLS 192.0.2.1:5061", "TLS [2001:db8::1]:5061"]

    def test_sips_never_goes_in_the_clear(self) -> None:
        zone = {**ZONE, "_sips._tcp.example.com SRV": ()}
        located, asked = ask(Place("example.com", secure=True), zone, ALL)
        assert {way.split()[0] for way in ways(located)} == {"TLS"}
        assert not [question for question in asked if question.startswith("_sip.")]

    def test_a_transport_that_is_written_asks_for_its_own_servers_alone(self) -> None:
        located, asked = ask(Place("example.com", transport=UDP), ZONE)
        assert asked == ["_sip._udp.example.com SRV", "one.example.com A"]
        assert ways(located) == ["UDP 192.0.2.1:5060"]

    def test_without_naptr_each_transport_is_asked_for_at_once(self) -> None:
        zone = {name: records for name, records in ZONE.items() if "NAPTR" not in name}
        locator = Locator(ALL)
        assert locator.find(Place("example.com"), 0) is None
        (naptr,) = locator.poll()
        locator.answer(reply(naptr, zone), 0)
        asked = [question.name for question in locator.poll()]
        assert sorted(asked) == ["_sip._tcp.example.com", "_sip._udp.example.com", "_sips._tcp.example.com"]
        located, _ = ask(Place("example.com"), zone, ALL)
        assert ways(located)[0] == "UDP 192.0.2.1:5060"

    @pytest.mark.parametrize(
        "record",
        [
            Naptr(1, 1, "u", "SIP+D2U", "_sip._udp.elsewhere.example"),
            Naptr(1, 1, "s", "SIP+D2X", "_sip._udp.elsewhere.example"),
            Naptr(1, 1, "s", "E2U+sip", "_sip._udp.elsewhere.example"),
            Naptr(1, 1, "s", "SIP+D2U", ""),
        ],
    )
    def test_records_for_something_else_are_discarded(self, record: Naptr) -> None:
        _, asked = ask(Place("example.com"), {**ZONE, "example.com NAPTR": (record,)})
        assert "_sip._udp.elsewhere.example SRV" not in asked
        assert "_sip._udp.example.com SRV" in asked

    def test_a_preferred_service_without_servers_leaves_it_to_the_next(self) -> None:
        located, _ = ask(Place("example.com"), {**ZONE, "_sip._tcp.example.com SRV": ()})
        assert ways(located) == ["UDP 192.0.2.1:5060"]


class TestPortAndAddress:
    """RFC 3263 section 4.2."""

    def test_without_servers_the_domain_itself_is_tried_by_udp(self) -> None:
        located, _ = ask(Place("example.com"), {"example.com A": ("192.0.2.80",)})
        assert (ways(located), located.certain) == (["UDP 192.0.2.80:5060"], True)

    def test_a_service_that_is_decidedly_not_there_is_not_looked_for_elsewhere(self) -> None:
        zone: Zone = {"_sip._udp.example.com SRV": (Srv(0, 0, 0, ""),), "example.com A": ("192.0.2.80",)}
        located, _ = ask(Place("example.com", transport=UDP), zone)
        assert (located.targets, located.certain) == ((), True)

    def test_a_name_that_is_not_there_is_a_fact(self) -> None:
        located, _ = ask(Place("absent.example"), {})
        assert (located.targets, located.certain) == ((), True)

    def test_the_shortest_ttl_on_the_way_counts(self) -> None:
        locator = Locator(PLAIN)
        assert locator.find(Place("example.com", transport=TCP), 0) is None
        for ttl_s in (40, 900):
            for question in locator.poll():
                locator.answer(reply(question, ZONE, ttl_s), 0)
        (located,) = locator.take()
        assert located.ttl_s == 40


class TestResolversThatFail:
    def test_a_swallowed_naptr_counts_as_absent(self) -> None:
        located, _ = ask(Place("example.com"), {**ZONE, "example.com NAPTR": ("!",)})
        assert (ways(located), located.certain) == (["UDP 192.0.2.1:5060"], True)
        assert located.ttl_s == 60

    def test_unknown_servers_are_not_replaced_by_the_domain_s_web_site(self) -> None:
        zone: Zone = {**ZONE, "_sip._udp.example.com SRV": ("!",)}
        located, _ = ask(Place("example.com", transport=UDP), zone)
        assert (located.targets, located.certain, located.ttl_s) == ((), False, FAILED_TTL_S)

    def test_addresses_that_are_known_are_given_though_others_are_not(self) -> None:
        located, _ = ask(Place("example.com", transport=TCP), {**ZONE, "two.example.com A": ("!",)})
        assert (ways(located), located.certain) == (["TCP 192.0.2.1:5060"], False)

    def test_an_answer_to_a_question_that_was_not_asked_is_nothing(self) -> None:
        locator = Locator(PLAIN)
        locator.answer(Answer(Question("evil.example", RecordType.A), Outcome.FOUND, ("192.0.2.66",), 60), 0)
        assert locator.find(Place("evil.example", 5060), 0) is None


class TestOrderOfServers:
    """RFC 2782."""

    def test_priority_first_then_by_weight(self) -> None:
        def target(name: str, priority: int, weight: int) -> Target:
            return Target(Address(name, 5060), UDP, priority, weight, name)

        targets = [target("backup", 20, 0), target("large", 10, 90), target("small", 10, 10)]
        rng = SplitMix64(7)
        firsts = Counter(in_order(targets, rng)[0].server for _ in range(2_000))
        assert 1_700 < firsts["large"] < 1_900
        assert firsts["small"] == 2_000 - firsts["large"]
        assert in_order(targets, rng)[2].server == "backup"

    def test_weight_0_has_a_small_chance_and_all_0_share_nothing_but_stand(self) -> None:
        one, zero = (Target(Address(f"192.0.2.{w}", 5060), UDP, 0, w, str(w)) for w in (1, 0))
        firsts = Counter(in_order([one, zero], SplitMix64(seed))[0].server for seed in range(300))
        assert set(firsts) == {"0", "1"}

    def test_the_addresses_of_a_server_stay_together_and_weigh_once(self) -> None:
        many = [Target(Address(f"192.0.2.{n}", 5060), UDP, 0, 1, "many") for n in range(1, 10)]
        single = Target(Address("198.51.100.1", 5060), UDP, 0, 1, "single")
        rng = SplitMix64(3)
        firsts = Counter(in_order([*many, single], rng)[0].server for _ in range(1_000))
        assert 300 < firsts["single"] < 700
        assert [t.server for t in in_order([*many, single], rng)].count("many") == 9


class TestLocator:
    def test_what_was_answered_is_not_asked_again_until_its_ttl_ends(self) -> None:
        locator = Locator(PLAIN)
        place = Place("one.example.com", 5060)
        assert locator.find(place, 0) is None
        (question,) = locator.poll()
        locator.answer(reply(question, ZONE, 60), 0)
        assert [found.ttl_s for found in locator.take()] == [60]
        later = locator.find(place, 20 * SECOND)
        assert later is not None
        assert (later.ttl_s, locator.poll()) == (40, [])
        assert locator.find(place, 60 * SECOND) is None
        assert locator.poll() == [question]

    def test_absence_is_remembered_too_but_not_for_long(self) -> None:
        locator = Locator(PLAIN)
        place = Place("absent.example", 5060)
        locator.find(place, 0)
        (question,) = locator.poll()
        locator.answer(Answer(question, Outcome.NONE, (), 86_400), 0)
        assert [found.ttl_s for found in locator.take()] == [NEGATIVE_TTL_S_MAX]
        assert locator.find(place, SECOND) is not None
        assert locator.find(place, NEGATIVE_TTL_S_MAX * SECOND) is None

    def test_two_places_that_need_one_answer_ask_once(self) -> None:
        locator = Locator(PLAIN)
        locator.find(Place("one.example.com", 5060), 0)
        locator.find(Place("one.example.com", 5062), 0)
        (question,) = locator.poll()
        locator.answer(reply(question, ZONE), 0)
        assert len(locator.take()) == 2

    def test_a_flood_of_names_is_bounded(self) -> None:
        locator = Locator(PLAIN)
        for number in range(SEARCHES_MAX):
            assert locator.find(Place(f"n{number}.example", 5060), 0) is None
        refused = locator.find(Place("one-too-many.example", 5060), 0)
        assert refused is not None
        assert not refused.certain
        for number in range(3 * ANSWERS_MAX):
            locator.find(Place(f"m{number}.example", 5060), 0)
            for question in locator.poll():
                locator.answer(reply(question, {}), 0)
        assert len(locator._cache) <= ANSWERS_MAX
