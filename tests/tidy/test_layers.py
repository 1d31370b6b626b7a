"""Rooms import strictly downwards; the core asks the machine for nothing.

The floors and brackets are those of the design; a change of them is a decision, not an edit here.
"""

import ast

from tests.tidy.tree import Module, imports, modules, report

FLOORS = {
    9: ("cli",),
    8: ("sim",),
    7: ("node",),
    6: ("api", "web"),
    5: ("net", "engine", "store", "cluster", "metrics"),
    4: ("campaign", "supervision", "wfm"),
    3: ("exchange",),
    2: ("call", "registrar", "trunk", "digital", "notifier"),
    1: ("sip", "sdp", "media", "rtp", "dialplan", "acd", "tenant", "journal"),
    0: ("base",),
}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}

BRACKETS = {
    "call": {"sip", "sdp", "media"},
    "registrar": {"sip"},
    "notifier": {"sip"},
    # The grammar of telephone numbers is the tenant's, and the trunk writes them in the carrier's form.
    "trunk": {"sip", "tenant"},
    "digital": {"acd"},
    "wfm": {"acd"},
}
"""Rooms that stand on named rooms only (and on base)."""

SIP_ORDER = ("message", "transport", "transaction", "dialog")
"""Inside `sip` each layer imports only those before it."""

CORE_BELOW = 5

BANNED_MODULES = {
    "time",
    "random",
    "secrets",
    "uuid",
    "socket",
    "select",
    "selectors",
    "ssl",
    "asyncio",
    "threading",
    "multiprocessing",
    "concurrent",
    "subprocess",
    "os",
    "shutil",
    "tempfile",
    "logging",
    "structlog",
    "warnings",
    "sqlite3",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "httpx",
    "http",
    "urllib",
    "fastapi",
    "starlette",
    "uvicorn",
    "prometheus_client",
    "typer",
    "rich",
}
"""What gives time, chance, threads, files, sockets, logs or databases: it is handed in below floor 5."""

PURE = "urllib.parse"
"""Percent-encoding and nothing else, although it lives in a package that opens connections."""

BANNED_CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "id"}
"""`id` is here because an address is different in every run, and replays compare byte by byte."""
BANNED_METHODS = {"now", "utcnow", "today", "urandom", "read_text", "read_bytes", "write_text", "write_bytes"}
_DATE_OWNERS = {"datetime", "date"}


def _core() -> list[Module]:
    return [m for m in modules("switch") if m.room and FLOOR[m.room] < CORE_BELOW]


def test_every_room_has_a_floor() -> None:
    report(
        [
            f"{m.path}: room {m.room} is not in the design"
            for m in modules("switch")
            if m.room not in {*FLOOR, ""}
        ]
    )


def test_rooms_import_only_lower_floors() -> None:
    problems = []
    for module in modules("switch"):
        for name, line in imports(module):
            parts = name.split(".")
            if parts[0] != "switch" or len(parts) < 2 or parts[1] not in FLOOR or parts[1] == module.room:
                continue
            if not module.room or FLOOR[parts[1]] >= FLOOR[module.room]:
                problems.append(
                    f"{module.path}:{line}: {module.room or 'switch'} imports {parts[1]} of a floor not below"
                )
    report(problems)


def test_rooms_with_brackets_stand_on_those_alone() -> None:
    problems = []
    for module in modules("switch"):
        allowed = BRACKETS.get(module.room)
        if allowed is None:
            continue
        for name, line in imports(module):
            parts = name.split(".")
            if parts[0] == "switch" and len(parts) > 1 and parts[1] not in {*allowed, "base", module.room}:
                problems.append(
                    f"{module.path}:{line}: {module.room} stands on {sorted(allowed)}, not on {parts[1]}"
                )
    report(problems)


def test_sip_is_layered_inside() -> None:
    rank = {layer: index for index, layer in enumerate(SIP_ORDER)}
    problems = []
    for module in modules("switch"):
        parts = module.name.split(".")
        if module.room != "sip" or len(parts) < 3 or parts[2] not in rank:
            continue
        for name, line in imports(module):
            other = name.split(".")
            if other[:2] == ["switch", "sip"] and len(other) > 2 and rank.get(other[2], -1) > rank[parts[2]]:
                problems.append(f"{module.path}:{line}: {parts[2]} imports {other[2]}, which is above it")
    report(problems)


def test_the_core_imports_neither_time_nor_chance_nor_the_machine() -> None:
    problems = []
    for module in _core():
        for name, line in imports(module):
            if name.split(".")[0] in BANNED_MODULES and not name.startswith(PURE):
                problems.append(f"{module.path}:{line}: {name} is not for floors 0 to 4")
    report(problems)


def test_the_core_calls_nothing_that_asks_the_machine() -> None:
    problems = []
    for module in _core():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and (word := _banned(node.func)):
                problems.append(f"{module.path}:{node.lineno}: {word} is not for floors 0 to 4")
    report(problems)


def _banned(function: ast.expr) -> str:
    """The banned word that a call uses, or nothing. `clock.now` of ours is no date's `now`."""
    if isinstance(function, ast.Name) and function.id in BANNED_CALLS:
        return f"{function.id}()"
    if isinstance(function, ast.Attribute) and function.attr in BANNED_METHODS:
        owner = ast.unparse(function.value)
        if function.attr not in {"now", "utcnow", "today"} or owner.split(".")[-1] in _DATE_OWNERS:
            return f"{owner}.{function.attr}()"
    return ""


def test_only_the_phone_of_the_demo_knows_pjsua2() -> None:
    problems = []
    for module in modules("switch"):
        for name, line in imports(module):
            if name.split(".")[0] == "pjsua2" and not module.path.startswith("switch/cli/demo/"):
                problems.append(f"{module.path}:{line}: pjsua2 is GPL and stays in switch/cli/demo/")
    report(problems)


def test_no_module_of_the_package_imports_the_tests() -> None:
    problems = []
    for module in modules("switch"):
        for name, line in imports(module):
            if name.split(".")[0] in {"tests", "benchmarks", "pytest", "hypothesis"}:
                problems.append(f"{module.path}:{line}: {name} is not installed with the package")
    report(problems)
