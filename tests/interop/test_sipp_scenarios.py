"""The sipp scenarios against each other and against a real phone, without the switch."""

import hashlib
import re
from pathlib import Path

import pytest

from switch.cli.demo.phones import AnswerPolicy, PhoneError
from tests.interop.phones import Phones
from tests.interop.sipp import BENCHMARKS, SCENARIOS, Sipp, credentials, run_sipp

USERS = tuple(str(number) for number in range(100, 110))


def caller_row(user: str, number: str, domain: str, password: str = "secret") -> tuple[str, ...]:
    return (user, credentials(user, password), number, domain)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def assert_far_end_succeeded(sipp: Sipp, transport: str) -> None:
    """The called side agrees, in UDP: in TCP it calls failed what lingers when the caller disconnects."""
    result = await sipp.finish()
    assert transport == "tcp" or (result.exit_code, result.failed) == (0, 0), result


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_register_against_a_challenging_registrar(
    sipp_program: str, tmp_path: Path, transport: str
) -> None:
    registrar = await Sipp.start(sipp_program, SCENARIOS / "registrar.xml", tmp_path, transport=transport)
    async with registrar:
        rows = [(user, credentials(user, "secret"), registrar.address) for user in USERS]
        result = await run_sipp(
            sipp_program,
            BENCHMARKS / "register.xml",
            tmp_path,
            registrar.address,
            rows=rows,
            rate=100,
            transport=transport,
        )
        assert (result.exit_code, result.successful) == (0, len(USERS)), result


async def test_register_with_a_wrong_password_fails(sipp_program: str, tmp_path: Path) -> None:
    async with await Sipp.start(sipp_program, SCENARIOS / "registrar.xml", tmp_path) as registrar:
        rows = [("100", credentials("100", "guess"), registrar.address)]
        result = await run_sipp(
            sipp_program, BENCHMARKS / "register.xml", tmp_path, registrar.address, rows=rows
        )
        assert (result.exit_code, result.failed) == (1, 1)
        assert "403" in registrar.messages()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    "callee",
    [BENCHMARKS / "callee.xml", SCENARIOS / "challenging_callee.xml", SCENARIOS / "challenging_proxy.xml"],
    ids=lambda path: path.stem,
)
async def test_caller_against_a_callee(
    sipp_program: str, tmp_path: Path, callee: Path, transport: str
) -> None:
    async with await Sipp.start(
        sipp_program, callee, tmp_path, calls=len(USERS), transport=transport
    ) as agents:
        result = await run_sipp(
            sipp_program,
            BENCHMARKS / "caller.xml",
            tmp_path,
            agents.address,
            rows=[caller_row(user, "200", agents.address) for user in USERS],
            rate=100,
            transport=transport,
            extra=("-d", "100"),
        )
        assert (result.exit_code, result.successful) == (0, len(USERS)), result
        await assert_far_end_succeeded(agents, transport)


async def test_an_ack_of_a_refusal_has_the_branch_of_its_invite(sipp_program: str, tmp_path: Path) -> None:
    """A server transaction would otherwise retransmit its 407 until Timer H."""
    async with await Sipp.start(
        sipp_program, SCENARIOS / "challenging_callee.xml", tmp_path, calls=1
    ) as callee:
        row = caller_row("100", "200", callee.address)
        result = await run_sipp(sipp_program, BENCHMARKS / "caller.xml", tmp_path, callee.address, rows=[row])
        assert result.exit_code == 0, result
        await callee.finish()
        branches = {}
        for message in callee.messages().split("\r\n\r\n"):
            lines = message.splitlines()
            cseq = next((line for line in lines if line.startswith("CSeq:")), "")
            via = next((line for line in lines if line.startswith("Via:")), "")
            start = next((line for line in lines if line.endswith("SIP/2.0")), "")
            if start:
                branches[start.split()[0], cseq.split()[1]] = via.partition("branch=")[2]
        assert branches["ACK", "1"] == branches["INVITE", "1"]
        assert branches["ACK", "2"] != branches["INVITE", "2"]


async def test_a_phone_registers_and_unregisters(phones: Phones, sipp_program: str, tmp_path: Path) -> None:
    async with await Sipp.start(sipp_program, SCENARIOS / "registrar.xml", tmp_path) as registrar:
        alice = await phones.start("alice", password="secret", registrar=registrar.address, register=True)
        event = await alice.registered()
        assert (event["code"], event["expires_s"]) == (200, 300)
        await alice.unregister()


async def test_a_phone_chooses_sha256(phones: Phones, sipp_program: str, tmp_path: Path) -> None:
    async with await Sipp.start(sipp_program, SCENARIOS / "registrar_sha256.xml", tmp_path) as registrar:
        alice = await phones.start("alice", password="secret", registrar=registrar.address)
        await alice.register()
        line = re.search(r"^Authorization: Digest (.*?)\r?$", registrar.messages(), re.M)
        assert line is not None
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', line[1]))
        assert given["algorithm"] == "SHA-256"
        ha1 = sha256("alice:test:secret")
        ha2 = sha256(f"REGISTER:{given['uri']}")
        once = f"{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}"
        assert given["response"] == sha256(f"{ha1}:{once}:{ha2}")


async def test_a_domain_other_than_the_registrar_s_address(
    phones: Phones, sipp_program: str, tmp_path: Path
) -> None:
    async with await Sipp.start(sipp_program, SCENARIOS / "registrar.xml", tmp_path) as registrar:
        alice = await phones.start(
            "alice", password="secret", registrar=registrar.address, domain="centre.example"
        )
        await alice.register()
        assert "REGISTER sip:centre.example SIP/2.0" in registrar.messages()
        assert "To: <sip:alice@centre.example>" in registrar.messages()


async def test_a_phone_with_a_wrong_password_is_refused(
    phones: Phones, sipp_program: str, tmp_path: Path
) -> None:
    async with await Sipp.start(sipp_program, SCENARIOS / "registrar.xml", tmp_path) as registrar:
        alice = await phones.start("alice", password="guess", registrar=registrar.address)
        with pytest.raises(PhoneError, match="REGISTER: 403"):
            await alice.register()


@pytest.mark.parametrize("scenario", ["challenging_callee.xml", "challenging_proxy.xml"])
async def test_a_phone_answers_a_challenge(
    phones: Phones, sipp_program: str, tmp_path: Path, scenario: str
) -> None:
    async with await Sipp.start(sipp_program, SCENARIOS / scenario, tmp_path, calls=1) as callee:
        alice = await phones.start("alice", password="secret", domain=callee.address)
        call = await alice.call("200")
        await call.expect("confirmed")
        await call.hangup()
        await call.expect("disconnected")
        assert (await callee.finish()).exit_code == 0


async def test_sipp_calls_a_phone(phones: Phones, sipp_program: str, tmp_path: Path) -> None:
    bob = await phones.start("bob", answer=AnswerPolicy("answer", 50))
    result = await run_sipp(
        sipp_program,
        BENCHMARKS / "caller.xml",
        tmp_path,
        bob.address,
        rows=[caller_row("100", "bob", bob.address)],
        extra=("-d", "200"),
    )
    assert (result.exit_code, result.successful) == (0, 1), result
    assert (await bob.expect("disconnected"))["code"] == 200
