"""The command `softswitch`: all commands together; an expected failure is one line and an exit code."""

import sys

import typer

from switch.base.errors import ConfigurationError, SoftswitchError
from switch.cli import (
    accounts,
    agents,
    callbacks,
    calls,
    dialplan,
    messages,
    queues,
    recordings,
    reload,
    replay,
    run,
    simulate,
    staff,
    status,
    trunks,
    why,
)
from switch.cli.demo.command import demo
from switch.cli.failures import EXIT_USAGE, fail

app = typer.Typer(
    name="softswitch",
    help="A virtual call centre: start one, and ask or tell a running one.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(run.run)
app.command()(demo)
app.command()(status.status)
app.command()(reload.reload)
app.add_typer(dialplan.app, name="dialplan")
app.add_typer(accounts.app, name="accounts")
app.add_typer(agents.app, name="agents")
app.command()(queues.queues)
app.add_typer(callbacks.app, name="callbacks")
app.command()(trunks.trunks)
app.command()(recordings.recordings)
app.add_typer(messages.app, name="messages")
app.add_typer(calls.app, name="calls")
app.command()(why.why)
app.command()(replay.replay)
app.command()(simulate.simulate)
app.command()(staff.staff)


def main() -> None:
    """The entry point. A traceback that comes out of here is a mistake of ours."""
    try:
        app()
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise SystemExit(EXIT_USAGE) from None
    except SoftswitchError as error:
        fail(str(error))
