"""What the scanners of sipvicious learn here: that SIP is spoken, and neither a user nor a password.

svwar tells users from strangers by answers that differ, so it is asked for one name a run: it ends a scan at
the first answer that is like the one to a name that cannot exist. svcrack knows MD5 alone.
"""

import asyncio
from pathlib import Path

import pytest

from switch.registrar.guard import PAIR_FREE
from tests.interop.process import Said, free_port, run_program
from tests.interop.raw_sip import RawClient
from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ("shop-101", "shop-102", "101", "600", "shop-999", "nobody")
"""A phone that is there, an account without one, an extension, a number; and two that do not exist."""

TIMEOUT_S = 60.0
GUESSES = 60
SECRET_LENGTH_MIN = 16
SHED_TRIES = 5
METHODS = ("REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "PUBLISH", "REFER")
OF_THE_REQUEST = ("Via:", "From:", "To:", "Call-ID:", "CSeq:")


def prepare_centre(dialplans: Path) -> None:
    shared = dialplans / "centre.yaml"
    shared.write_text(f"digest: [md5]\n{shared.read_text()}")


async def scan(shop: World, folder: Path, program: str, *options: str) -> Said:
    """One run, from a port of its own: answers that come late must not meet the next one."""
    host, _, port = shop.switch.sip.partition(":")
    return await run_program(
        *(program, "-p", port, "-P", str(free_port()), *options, host),
        timeout_s=TIMEOUT_S,
        # It keeps its sessions in the home folder.
        environment={"HOME": str(folder)},
    )


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
async def test_svmap_finds_that_sip_is_spoken_and_no_version(
    shop: World, scanners: tuple[str, str, str], tmp_path: Path, method: str
) -> None:
    said = await scan(shop, tmp_path, scanners[0], "-m", method)
    cells = [[cell.strip() for cell in line.split("|")] for line in said.text.splitlines() if "|" in line]
    assert [cell for row in cells for cell in row if cell] == [
        *("SIP Device", "User Agent"),
        *(shop.switch.sip, "softswitch"),
    ], said


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS"])
async def test_svwar_finds_no_user(
    shop: World, scanners: tuple[str, str, str], tmp_path: Path, method: str
) -> None:
    """With the check of its own that gives up where strangers are challenged, and without."""
    phone = await shop.phone("shop-101")
    careful = scan(shop, tmp_path, scanners[1], "-m", method, "-e", "100-110")
    forced = (scan(shop, tmp_path, scanners[1], "-m", method, "--force", "-e", name) for name in NAMES[2:4])
    lists = []
    for name in NAMES:
        words = tmp_path / f"{name}.txt"
        words.write_text(f"{name}\n")
        lists.append(scan(shop, tmp_path, scanners[1], "-m", method, "--force", "-d", str(words)))
    for said in await asyncio.gather(careful, *forced, *lists):
        assert "found nothing" in said.text, said
        assert "reqauth" not in said.text
        assert "noauth" not in said.text
    # Its INVITEs woke nobody up.
    with pytest.raises(TimeoutError):
        await phone.incoming(0.1)


async def test_every_name_is_answered_alike(shop: World) -> None:
    """A scanner of more wit compares more: all of the answer but tags and nonces, and its headers' order."""
    await shop.phone("shop-101")
    with RawClient(shop.switch.sip) as client:
        for method in METHODS:
            seen = {name: await answer_for(client, method, name) for name in NAMES}
            assert len({str(value) for value in seen.values()}) == 1, (method, seen)


async def answer_for(client: RawClient, method: str, name: str) -> tuple[int, list[str]]:
    """What is the switch's own in its answer. A machine that stalls sheds load, with 503 to any name."""
    headers = ("Event: presence",) if method in ("SUBSCRIBE", "PUBLISH") else ()
    for _ in range(SHED_TRIES):
        uri = f"sip:{name}@{client.switch}"
        answer = await client.ask(client.request(method, name, *headers, uri=uri))
        if answer.status != 503:
            break
        await asyncio.sleep(1)
    lines = [line for line in answer.lines if not line.startswith(OF_THE_REQUEST)]
    return answer.status, [line.partition("nonce=")[0] for line in lines]


async def test_svcrack_would_find_a_password_that_it_guesses_at_once(
    shop: World, scanners: tuple[str, str, str], tmp_path: Path
) -> None:
    """Nothing prevents that, so the other tests show something; but secrets are made here, and long."""
    secret = shop.switch.secrets["shop-103"]
    assert len(secret) >= SECRET_LENGTH_MIN
    words = tmp_path / "words.txt"
    words.write_text(f"103\n{secret}\n")
    said = await scan(shop, tmp_path, scanners[2], "-u", "shop-103", "-d", str(words))
    assert secret in said.text, said


async def test_svcrack_finds_no_password_and_the_phone_beside_it_registers(
    shop: World, scanners: tuple[str, str, str], tmp_path: Path
) -> None:
    """The right password stands in its list, behind as many weak ones as are free. The phone has the same
    address and account; another one that was never seen before comes to that account from there as well."""
    phone = await shop.phone("shop-101")
    secret = shop.switch.secrets["shop-101"]
    weak = [f"{word}{number}" for number in range(GUESSES) for word in ("", "shop", "password")]
    words = tmp_path / "words.txt"
    words.write_text("\n".join([*weak[:PAIR_FREE], secret, *weak[PAIR_FREE:]]) + "\n")
    before = await failed_logins(shop)
    cracking = asyncio.create_task(
        scan(shop, tmp_path, scanners[2], "-u", "shop-101", "-d", str(words)), name="svcrack"
    )

    async def paused() -> bool:
        return await failed_logins(shop) >= before + PAIR_FREE

    await until(paused, True, TIMEOUT_S, "svcrack has used what is free")
    for _ in range(3):
        await phone.register()
    with RawClient(shop.switch.sip) as new:
        answer = await new.register("shop-101", secret, algorithm="MD5")
        assert answer.status == 200, answer
    said = await cracking
    assert "found nothing" in said.text, said
    assert secret not in said.text
    # It did come to the right one, and past it.
    assert await failed_logins(shop) - before > PAIR_FREE + 1


async def failed_logins(shop: World) -> float:
    return (await shop.switch.metrics())["softswitch_failed_logins_total"]
