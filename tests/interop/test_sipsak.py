"""sipsak, the old test tool of operators: what it asks is answered, and what it throws does no harm.

Its modes that call or send messages end in a crash of their own (version 0.9.8.1), so they are not here.
"""

import asyncio
from pathlib import Path

import pytest

from tests.interop.process import Said, run_program
from tests.interop.world import SHED_TRIES, World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOOD = 2_000
SCRIBBLED = (1, 3, 8, 20, 50, 120, 200, 300)
"""Characters of a request that are replaced by random ones, a run each."""

SCRIBBLING_S = "6"
TIMEOUT_S = 90.0
EVERY_METHOD = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "REFER")


def prepare_centre(dialplans: Path) -> None:
    """sipsak knows MD5 alone, and gives up at a challenge with SHA-256 before it."""
    shared = dialplans / "centre.yaml"
    shared.write_text(f"digest: [md5]\n{shared.read_text()}")


async def register(shop: World, program: str, secret: str, *options: str) -> Said:
    """sipsak as the phone of account 101; what it said. A machine that stalls sheds registrations, by 503."""
    for _ in range(SHED_TRIES):
        said = await run_program(
            *(program, "-U", "-i", "-s", f"sip:shop-101@{shop.switch.sip}"),
            *("-u", "shop-101", "-a", secret, "-vv", *options),
            timeout_s=TIMEOUT_S,
        )
        if "SIP/2.0 503" not in said.text:
            break
        await asyncio.sleep(1)
    return said


async def until_registered(shop: World, wanted: bool) -> None:
    async def registered() -> bool:
        rows = await shop.switch.ask("/v1/accounts")
        return bool(next(row["registered"] for row in rows if row["user"] == "shop-101"))

    await until(registered, wanted, 3, "101 is registered")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_ping_is_answered_with_what_we_understand(
    shop: World, sipsak_program: str, transport: str
) -> None:
    """RFC 3261 section 11.2."""
    uri = f"sip:anybody@{shop.switch.sip}"
    said = await run_program(sipsak_program, "-E", transport, "-vv", "-s", uri, timeout_s=TIMEOUT_S)
    assert said.exit_code == 0, said
    assert "SIP/2.0 200 OK" in said.text
    allow = next(line for line in said.text.splitlines() if line.startswith("Allow:"))
    assert all(method in allow for method in EVERY_METHOD), allow


async def test_max_forwards_of_zero_ends_here(shop: World, sipsak_program: str) -> None:
    """Its traceroute counts Max-Forwards up from 0: we are the first hop and the last (RFC 3261 11)."""
    uri = f"sip:anybody@{shop.switch.sip}"
    said = await run_program(sipsak_program, "-T", "-v", "-s", uri, timeout_s=TIMEOUT_S)
    assert said.exit_code == 0, said
    hops = [line for line in said.text.splitlines() if "SIP/2.0 " in line]
    assert len(hops) == 1, said
    assert hops[0].startswith("0: ")
    assert hops[0].endswith("SIP/2.0 200 OK")


async def test_it_registers_by_digest_and_takes_it_back(shop: World, sipsak_program: str) -> None:
    secret = shop.switch.secrets["shop-101"]
    contact = "sip:shop-101@127.0.0.1:5099"
    said = await register(shop, sipsak_program, secret, "-C", contact, "-x", "60")
    assert said.exit_code == 0, said
    await until_registered(shop, True)
    said = await register(shop, sipsak_program, secret, "-C", "*", "-x", "0")
    assert said.exit_code == 0, said
    await until_registered(shop, False)


async def test_a_wrong_password_registers_nothing(shop: World, sipsak_program: str) -> None:
    said = await register(shop, sipsak_program, "wrong", "-C", "sip:shop-101@127.0.0.1:5099", "-x", "60")
    assert said.exit_code != 0, said
    assert "authorization failed" in said.text
    await until_registered(shop, False)


async def test_floods_and_scribbles_leave_nothing(shop: World, sipsak_program: str) -> None:
    """Two thousand requests as fast as it can send, and some with random characters in them, all at once."""
    uri = f"sip:{shop.switch.sip}"
    said = await asyncio.gather(
        run_program(sipsak_program, "-F", "-e", str(FLOOD), "-s", uri, timeout_s=TIMEOUT_S),
        *(
            # It goes on for as long as it is answered.
            run_program(
                *("timeout", SCRIBBLING_S, sipsak_program, "-R", "-t", str(count), "-s", uri),
                timeout_s=TIMEOUT_S,
            )
            for count in SCRIBBLED
        ),
    )
    assert said[0].exit_code == 0, said[0]
    # 3: a request that was no longer one, and so was dropped without an answer. 124: its time was over.
    assert {each.exit_code for each in said[1:]} <= {0, 2, 3, 124}, said

    async def answers() -> bool:
        """At once, or when a machine that stalled sheds no load any more."""
        again = await run_program(sipsak_program, "-vv", "-s", uri, timeout_s=TIMEOUT_S)
        return "SIP/2.0 200 OK" in again.text

    await until(answers, True, 30, "an OPTIONS is answered")
    metrics = await shop.switch.metrics()
    assert metrics['softswitch_invariant_violations_total{invariant="internal-error"}'] == 0
    assert metrics['softswitch_sip_drops_total{reason="malformed"}'] > 0
    await shop.nothing_lingers()
