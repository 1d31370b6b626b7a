"""`softswitch calls`: what goes on, what was, and ending a call."""

from getpass import getuser
from typing import Annotated

import typer
from pydantic import TypeAdapter

from switch.api.views import (
    RECORDS_MAX,
    CallAudio,
    CallRecord,
    CallRow,
    LegAudio,
    Outcome,
    RecordVerb,
    SuperviseMode,
)
from switch.cli.client import Control
from switch.cli.output import finish, moment, mos, part, print_json, print_table, span
from switch.cli.parameters import STATE_DEFAULT, Journal, Json, State

app = typer.Typer(help="List live calls and past ones, end one, record one, listen to one.")

_ROWS = TypeAdapter(list[CallRow])
_RECORDS = TypeAdapter(list[CallRecord])
_OUTCOME = TypeAdapter(Outcome)
_AUDIO: TypeAdapter[CallAudio | Outcome] = TypeAdapter(CallAudio | Outcome)
_OF_AUDIO = (
    "leg",
    "state",
    "we lost",
    "our jitter",
    "MOS we hear",
    "it lost",
    "its jitter",
    "MOS it hears",
    "round trip",
    "MOS last 5 s",
    "MOS worst 5 s",
    "alarms",
)
_AUDIO_SPARE = ("our jitter", "its jitter", "MOS last 5 s", "state")
_LIVE = ("call", "tenant", "direction", "from", "to", "state", "queue", "agent", "for")
_PAST = (
    "call",
    "tenant",
    "began",
    "from",
    "to",
    "queue",
    "agent",
    "waited",
    "talked",
    "MOS",
    "ended by",
    "cause",
)
_LIVE_SPARE = ("direction", "tenant", "queue")
_PAST_SPARE = ("tenant", "ended by", "to", "MOS", "queue", "talked")


def _of_store(journal: str, limit: int) -> list[CallRecord]:
    # Here and not above: asking a running switch needs no database.
    from switch.node import past_calls  # noqa: PLC0415 - the reason is the line before
    from switch.store.store import Store  # noqa: PLC0415 - the same

    store = Store.open_to_read(journal)
    try:
        return past_calls.newest(store, limit)
    finally:
        store.close()


@app.callback(invoke_without_command=True)
def calls(context: typer.Context, state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """List live calls and past ones, and end a call."""
    if context.invoked_subcommand is None:
        listed(state, as_json)


@app.command("list")
def listed(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """The calls that go on now, oldest first."""
    rows = Control(state).get("/v1/calls", _ROWS)
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            row.call,
            row.tenant,
            row.direction,
            row.caller,
            row.called,
            row.state,
            f"conference {row.conference}" if row.conference else row.queue,
            row.agent if not row.supervisor else f"{row.agent} ({row.supervisor})".lstrip(),
            span(row.age_ms),
        )
        for row in rows
    ]
    print_table("Calls", _LIVE, cells, "no calls now", _LIVE_SPARE)


@app.command()
def recent(
    limit: Annotated[int, typer.Option(min=1, max=RECORDS_MAX, help="How many.")] = 20,
    journal: Journal = "",
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """The records of calls that ended, newest first."""
    if journal:
        rows = _of_store(journal, limit)
    else:
        rows = Control(state).get("/v1/calls/recent", _RECORDS, limit=limit)
    if as_json:
        print_json(rows)
        return
    cells = [
        (
            row.call,
            row.tenant,
            moment(row.started_wall_us),
            row.caller,
            row.called,
            row.queue,
            row.agent,
            span(row.waited_ms),
            span(row.talked_ms),
            mos(row.mos),
            row.by,
            row.cause,
        )
        for row in rows
    ]
    print_table("Past calls", _PAST, cells, "no call has ended yet", _PAST_SPARE)


@app.command()
def audio(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="The call's id, as `softswitch calls` lists it.")
    ],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """How good the audio of a call is, or was: loss, jitter, round trip and MOS of each leg, both ways."""
    answer = Control(state).get("/v1/calls/audio", _AUDIO, call=call)
    if isinstance(answer, Outcome):
        finish(answer, as_json)
    elif as_json:
        print_json(answer)
    else:
        print_table(
            f"Audio of {call}", _OF_AUDIO, [_audio_cells(leg) for leg in answer.legs], "", _AUDIO_SPARE
        )


def _audio_cells(leg: LegAudio) -> tuple[str, ...]:
    told = leg.reports > 0
    return (
        f"{leg.name} ({leg.role})",
        "now" if leg.live else "ended",
        part(leg.lost, leg.received + leg.lost),
        f"{leg.jitter_ms:.0f} ms",
        mos(leg.mos_heard),
        part(leg.peer_lost, leg.sent) if told else "-",
        f"{leg.peer_jitter_ms:.0f} ms" if told else "-",
        mos(leg.mos_peer),
        "-" if leg.round_trip_ms is None else f"{leg.round_trip_ms:.0f} ms",
        mos(leg.mos_now),
        mos(leg.mos_worst),
        ", ".join(leg.alarms),
    )


@app.command("hang-up")
def hang_up(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="The call's id, as `softswitch calls` lists it.")
    ],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """End a call for everybody in it."""
    finish(Control(state).post("/v1/calls/hang-up", _OUTCOME, call=call), as_json)


@app.command()
def record(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="The call's id, as `softswitch calls` lists it.")
    ],
    verb: Annotated[
        RecordVerb, typer.Argument(metavar="VERB", help="start, stop, pause (leaves silence) or resume.")
    ],
    state: State = STATE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Record a call from now on, or no longer; a pause keeps card numbers out of the file."""
    finish(Control(state).post("/v1/calls/record", _OUTCOME, call=call, verb=verb.value), as_json)


Supervised = Annotated[
    str, typer.Argument(metavar="CALL", help="The call's id, as `softswitch calls` lists it.")
]
With = Annotated[
    str, typer.Option("--with", metavar="ACCOUNT", help="Whose phone is rung: 110, or TENANT/110.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the journal with who asked.")]


def _supervise(
    mode: SuperviseMode, call: str, account: str, reason: str, state: State, *, as_json: bool
) -> None:
    try:
        who = getuser()
    except (KeyError, OSError):
        who = ""  # a container without users
    outcome = Control(state).post(
        "/v1/calls/supervise", _OUTCOME, call=call, account=account, mode=mode.value, by=who, reason=reason
    )
    finish(outcome, as_json)


@app.command()
def listen(
    call: Supervised, with_: With, reason: Reason = "", state: State = STATE_DEFAULT, as_json: Json = False
) -> None:
    """Ring a supervisor's phone, which then hears both parties of a talk and is heard by nobody."""
    _supervise(SuperviseMode.LISTEN, call, with_, reason, state, as_json=as_json)


@app.command()
def whisper(
    call: Supervised, with_: With, reason: Reason = "", state: State = STATE_DEFAULT, as_json: Json = False
) -> None:
    """The same, heard by the agent alone; for whoever listens already the mode changes."""
    _supervise(SuperviseMode.WHISPER, call, with_, reason, state, as_json=as_json)


@app.command()
def join(
    call: Supervised, with_: With, reason: Reason = "", state: State = STATE_DEFAULT, as_json: Json = False
) -> None:
    """The same, heard by both."""
    _supervise(SuperviseMode.JOIN, call, with_, reason, state, as_json=as_json)
