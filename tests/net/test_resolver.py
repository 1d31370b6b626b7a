"""The resolver against the real dnsmasq, a silent server, a liar, and a hosts file."""

import asyncio
from pathlib import Path

import pytest

from switch.net import resolver as module
from switch.net.resolver import Resolver
from switch.sip.locate import Abilities, Answer, Located, Naptr, Outcome, Place, Question, RecordType, Srv
from switch.sip.locator import Locator
from tests.net.dns_server import dnsmasq, liar

NOWHERE = Path("/nonexistent")

CARRIER = (
    "--naptr-record=carrier.example,50,50,s,SIP+D2T,,_sip._tcp.carrier.example",
    "--naptr-record=carrier.example,90,50,s,SIP+D2U,,_sip._udp.carrier.example",
    "--srv-host=_sip._tcp.carrier.example,one.carrier.example,5070,10,60",
    "--srv-host=_sip._tcp.carrier.example,two.carrier.example,5071,10,40",
    "--srv-host=_sip._udp.carrier.example,one.carrier.example,5060,0,0",
    "--host-record=one.carrier.example,192.0.2.1,2001:db8::1",
    "--host-record=two.carrier.example,192.0.2.2",
    "--cname=alias.example,one.carrier.example",
)


async def ask(resolver: Resolver, question: Question) -> Answer:
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    resolver.ask(question, future.set_result)
    return await asyncio.wait_for(future, 60)


async def locate(resolver: Resolver, place: Place) -> Located:
    """The way that the switch goes: questions of the locator, answers of the resolver."""
    locator = Locator(Abilities())
    found = locator.find(place, 0)
    while found is None:
        questions = locator.poll()
        for answer in await asyncio.gather(*(ask(resolver, question) for question in questions)):
            locator.answer(answer, 0)
        found = next(iter(locator.take()), None)
    return found


async def test_dnsmasq_is_understood_record_by_record() -> None:
    async with dnsmasq(CARRIER) as server:
        resolver = Resolver([server], NOWHERE)
        naptr = await ask(resolver, Question("carrier.example", RecordType.NAPTR))
        assert set(naptr.records) == {
            Naptr(50, 50, "s", "SIP+D2T", "_sip._tcp.carrier.example"),
            Naptr(90, 50, "s", "SIP+D2U", "_sip._udp.carrier.example"),
        }
        srv = await ask(resolver, Question("_sip._tcp.carrier.example", RecordType.SRV))
        assert set(srv.records) == {
            Srv(10, 60, 5070, "one.carrier.example"),
            Srv(10, 40, 5071, "two.carrier.example"),
        }
        addresses = await ask(resolver, Question("one.carrier.example", RecordType.A))
        assert (addresses.outcome, addresses.records, addresses.ttl_s) == (
            Outcome.FOUND,
            ("192.0.2.1",),
            60,
        )
        six = await ask(resolver, Question("one.carrier.example", RecordType.AAAA))
        assert six.records == ("2001:db8::1",)
        alias = await ask(resolver, Question("alias.example", RecordType.A))
        assert alias.records == ("192.0.2.1",)
        absent = await ask(resolver, Question("absent.example", RecordType.A))
        assert (absent.outcome, absent.records) == (Outcome.NONE, ())
        no_data = await ask(resolver, Question("two.carrier.example", RecordType.AAAA))
        assert no_data.outcome is Outcome.NONE
        await resolver.close()


async def test_a_domain_is_located_by_naptr_srv_and_a_as_in_rfc_3263() -> None:
    async with dnsmasq(CARRIER) as server:
        resolver = Resolver([server], NOWHERE)
        located = await locate(resolver, Place("carrier.example"))
        assert {(str(t.transport), str(t.address), t.weight) for t in located.targets} == {
            ("TCP", "192.0.2.1:5070", 60),
            ("TCP", "192.0.2.2:5071", 40),
        }
        assert (located.certain, located.ttl_s) == (True, 60)
        await resolver.close()


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "liar"])
async def test_a_server_that_is_silent_or_lies_costs_a_bounded_time(
    silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SERVER_S", 0.1)
    monkeypatch.setattr(module, "ANSWER_S", 0.3)
    async with liar(silent=silent) as (server, protocol):
        resolver = Resolver([server], NOWHERE)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answer = await ask(resolver, Question("carrier.example", RecordType.A))
        assert answer == Answer(Question("carrier.example", RecordType.A), Outcome.FAILED)
        assert loop.time() - begun < 3
        assert protocol.asked
        await resolver.close()


async def test_a_dead_server_leaves_it_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SERVER_S", 0.2)
    async with dnsmasq(CARRIER) as server, liar(silent=True) as (silent, _):
        resolver = Resolver([silent, server], NOWHERE)
        answer = await ask(resolver, Question("two.carrier.example", RecordType.A))
        assert answer.records == ("192.0.2.2",)
        await resolver.close()


async def test_a_burst_waits_its_turn_and_every_question_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE_MAX", 3)
    async with dnsmasq(CARRIER) as server:
        resolver = Resolver([server], NOWHERE)
        questions = [Question(f"n{number}.example", RecordType.A) for number in range(40)]
        answers = await asyncio.gather(*(ask(resolver, question) for question in questions))
        assert {answer.outcome for answer in answers} == {Outcome.NONE}
        await resolver.close()


async def test_names_that_no_dns_can_have_are_nowhere() -> None:
    async with liar(silent=True) as (server, protocol):
        resolver = Resolver([server], NOWHERE)
        for name in ("a" * 64 + ".example", "a..example", ".".join(["a" * 60] * 6)):
            answer = await ask(resolver, Question(name, RecordType.A))
            assert answer.outcome is not Outcome.FOUND
        assert protocol.asked == 0
        await resolver.close()


async def test_the_hosts_file_comes_first_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.7 gateway Gateway.Office.example # ours\n2001:db8::7 gateway\nrubbish x\n")
    async with liar(silent=True) as (server, protocol):
        resolver = Resolver([server], hosts)
        assert (await ask(resolver, Question("gateway", RecordType.A))).records == ("192.0.2.7",)
        assert (await ask(resolver, Question("gateway", RecordType.AAAA))).records == ("2001:db8::7",)
        srv = await ask(resolver, Question("gateway", RecordType.SRV))
        assert srv.outcome is Outcome.NONE
        named = await ask(resolver, Question("gateway.office.example", RecordType.A))
        assert named.records == ("192.0.2.7",)
        assert (await ask(resolver, Question("localhost", RecordType.A))).records == ("127.0.0.1",)
        hosts.write_text("192.0.2.8 gateway   \n")
        assert (await ask(resolver, Question("gateway", RecordType.A))).records == ("192.0.2.8",)
        located = await locate(resolver, Place("gateway"))
        assert [str(target.address) for target in located.targets] == ["192.0.2.8:5060"]
        assert protocol.asked == 0
        await resolver.close()


async def test_close_leaves_nothing_behind() -> None:
    async with liar(silent=True) as (server, _):
        resolver = Resolver([server], NOWHERE)
        told: list[Answer] = []
        resolver.ask(Question("carrier.example", RecordType.A), told.append)
        await asyncio.sleep(0.05)
        await resolver.close()
        assert told == []


def test_a_machine_without_servers_finds_only_what_stands_in_its_hosts_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unconfigured(*_: object) -> None:
        raise module.dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(module.dns.resolver.BaseResolver, "read_resolv_conf", unconfigured)

    async def play() -> None:
        resolver = Resolver((), NOWHERE)
        assert not resolver.has_servers
        assert (await ask(resolver, Question("carrier.example", RecordType.A))).outcome is Outcome.FAILED
        assert (await ask(resolver, Question("localhost", RecordType.A))).outcome is Outcome.FOUND

    asyncio.run(play())
