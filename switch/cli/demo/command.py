"""`softswitch demo`: the example centre with real phones, for a few minutes."""

import asyncio
import importlib.util
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from switch.cli.demo import plan
from switch.cli.demo.centre import open_day_and_night
from switch.cli.demo.phone_wire import PhoneError
from switch.cli.example import example_centre
from switch.cli.failures import EXIT_FAILURE, CommandError
from switch.cli.output import print_json, stream_console
from switch.cli.parameters import Json

if TYPE_CHECKING:
    from switch.cli.demo.result import Result

EXIT_INTERRUPTED = 130
"""As a shell says it of a program that Ctrl-C ended."""
SEED_MAX = 9_999
"""Few digits, to be typed again."""
CENTRE = "demo-centre"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def demo(
    minutes: Annotated[
        float,
        typer.Option(
            min=plan.MINUTES_MIN,
            max=plan.MINUTES_MAX,
            help="How long, about; customers come in all but the end.",
        ),
    ] = 2.0,
    agents: Annotated[int, typer.Option(min=plan.AGENTS_MIN, max=plan.AGENTS_MAX, help="How many work.")] = 6,
    customers: Annotated[int, typer.Option(min=1, max=plan.CUSTOMERS_MAX, help="How many call.")] = 12,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Who calls when and does what; the same again with the same seed."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Folder of the switch, its log and the recordings, which is kept; else a temporary one.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring the example centre to life with real phones, and check that all heard each other."""
    if importlib.util.find_spec("pjsua2") is None:
        raise CommandError("the demo's phones need pjsua2; install it with: pip install 'softswitch[phones]'")
    console = stream_console(sys.stderr if as_json else sys.stdout)
    seed = random.randrange(SEED_MAX + 1) if seed is None else seed
    folder = _folder(state)
    _say(
        console,
        f"{customers} customers call Maple Télécom, where {agents} agents work, for {minutes:g} min.",
    )
    _say(console, "For the demo it is open day and night. Every phone is a pjsua2 process of its own.")
    _say(
        console, f"The same plan again: softswitch demo {' '.join(_again(minutes, agents, customers, seed))}"
    )
    day = plan.plan_day(seed, minutes * 60, agents, customers)
    dialplans = open_day_and_night(example_centre(), folder / CENTRE)
    kept = state is not None
    try:
        result = _run(day, dialplans, folder, console)
        kept = kept or not result.ok
    except CommandError:
        kept = True
        raise
    finally:
        if kept:
            _say(console, f"log, recordings and the phones' messages are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        print_json(result)
    if not result.ok:
        raise typer.Exit(EXIT_FAILURE)


def _run(day: plan.Day, dialplans: Path, folder: Path, console: Console) -> "Result":
    # Here and not above: other commands need neither numpy nor the store.
    from switch.cli.demo.day import live  # noqa: PLC0415 - the reason is the line before
    from switch.cli.demo.tables import show  # noqa: PLC0415

    async def until_told() -> "Result":
        _cancel_when_told(asyncio.current_task())
        return await live(day, dialplans, folder, console)

    try:
        with asyncio.Runner() as runner:
            result = runner.run(until_told())
    except asyncio.CancelledError:
        _say(console, "interrupted: everybody has hung up, and the switch has stopped")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except (PhoneError, OSError) as error:
        raise CommandError(str(error)) from error
    show(result, console)
    return result


def _cancel_when_told(task: "asyncio.Task[Result] | None") -> None:
    """The first signal ends the day; more of them must not cut short the hanging up, which is bounded."""
    assert task is not None
    told = False

    def cancel() -> None:
        nonlocal told
        if not told:
            told = True
            task.cancel()

    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, cancel)


def _again(minutes: float, agents: int, customers: int, seed: int) -> list[str]:
    sizes = {"--minutes": f"{minutes:g}", "--agents": agents, "--customers": customers, "--seed": seed}
    return [str(word) for pair in sizes.items() for word in pair]


def _folder(state: Path | None) -> Path:
    """For its owner alone: the secrets of the phones are kept in it."""
    try:
        if state is None:
            return Path(tempfile.mkdtemp(prefix="softswitch-demo-"))
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"state folder {state}: {error.strerror}") from error
    return state.absolute()


def _say(console: Console, text: str) -> None:
    console.print(Text(text))
