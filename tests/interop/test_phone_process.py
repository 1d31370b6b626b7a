"""The phone's process and its handle: refusals, ends, and how little many of them cost."""

import asyncio
import os
from pathlib import Path

import pytest

from switch.cli.demo.phones import AnswerPolicy, Phone, PhoneConfig, PhoneError, PhoneTimeoutError
from tests.interop.phones import Phones


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_the_context_always_ends_the_process(phones: Phones) -> None:
    alice = await phones.start("alice")

    async def a_test_that_fails() -> None:
        async with alice:
            assert is_running(alice.pid)
            raise RuntimeError("the test itself")

    with pytest.raises(RuntimeError, match="the test itself"):
        await a_test_that_fails()
    assert not is_running(alice.pid)


async def test_stop_takes_down_a_process_that_does_not_listen(phones: Phones) -> None:
    alice = await phones.start("alice")
    os.kill(alice.pid, 19)  # SIGSTOP: neither the end of its input nor SIGTERM reaches it
    await alice.stop()
    assert not is_running(alice.pid)


async def test_stop_ends_the_calls(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=AnswerPolicy("answer"))
    await alice.call(bob.uri)
    incoming = await bob.incoming()
    await incoming.expect("confirmed")
    await alice.stop()
    await incoming.expect("disconnected")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"codecs": ("PCMU", "MP3")}, "no codec 'MP3'"),
        ({"transport": "carrier pigeon"}, "expected udp or tcp"),
        ({"register": True}, "register needs a registrar"),
        ({"bind": "192.0.2.1"}, "start"),
        ({"answer": AnswerPolicy("decline", 0, 200)}, "decline with 200"),
    ],
)
async def test_a_wrong_configuration_is_refused_in_words(
    phones: Phones, config: dict[str, object], words: str
) -> None:
    with pytest.raises(PhoneError, match=words):
        await phones.start("alice", **config)


async def test_refusals_name_the_phone_and_the_reason(phones: Phones) -> None:
    alice = await phones.start("alice")
    with pytest.raises(PhoneError, match="phone alice: hangup: no call"):
        await alice.command("hangup")
    with pytest.raises(PhoneError, match=r"unknown command 'sing'.*transfer"):
        await alice.command("sing")
    with pytest.raises(PhoneError, match="phone alice: call"):
        await alice.call("sip:no spaces@127.0.0.1")
    with pytest.raises(PhoneTimeoutError, match=r"no incoming within 0\.05 s.*nothing"):
        await alice.incoming(0.05)


async def test_a_dead_process_fails_whoever_waits(phones: Phones) -> None:
    alice = await phones.start("alice")
    waiting = asyncio.create_task(alice.expect("incoming", 10))
    await asyncio.sleep(0)
    await alice.vanish()
    with pytest.raises(PhoneError, match="its process has ended"):
        await waiting
    with pytest.raises(PhoneError, match="its process has ended"):
        await alice.command("hangup")


async def test_a_phone_without_a_parent_goes(phones: Phones) -> None:
    alice = await phones.start("alice")
    assert alice._process.stdin is not None
    alice._process.stdin.close()
    await asyncio.wait_for(alice._process.wait(), 30)


async def test_twenty_phones_are_light(tmp_path: Path, phones: Phones) -> None:
    """They start together, and idle at a cost that leaves the machine to the switch."""
    many = await asyncio.gather(*(phones.start(f"p{number}") for number in range(20)))
    before = sum(_cpu_s(phone.pid) for phone in many)
    await asyncio.sleep(1)
    # One that turned in circles would take all of a processor alone.
    assert sum(_cpu_s(phone.pid) for phone in many) - before < 0.8
    async with await Phone.start(PhoneConfig("single"), tmp_path):
        pass


def _cpu_s(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
