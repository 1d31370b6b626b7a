"""Small dialplans for tests."""

from textwrap import dedent

from switch.base.errors import ConfigurationError
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre, TenantPlan

HEAD = """\
languages: [en, fr]
accounts: {"101": {}, "102": {}}
skills: [french, sales]
agents:
  anna: {account: "101", skills: {french: 80, sales: 40}}
  ben: {account: "102", skills: {sales: 90}}
pause_reasons: {1: lunch}
queues:
  sales: {}
prompts:
  hello: {en: Hello., fr: Bonjour.}
  choose: {en: Choose., fr: Choisissez.}
  news: {en: News., fr: Nouvelles.}
numbers: {"100": main}
flows:
"""
"""A tenant's file up to its flows; what a test writes follows, indented by two."""

HEAD_LINES = HEAD.count("\n")


def text(flows: str) -> str:
    """A whole file with these flows."""
    return HEAD + "".join(f"  {line}\n" for line in dedent(flows).strip("\n").splitlines())


def plan(flows: str) -> TenantPlan:
    """A tenant with these flows."""
    return load_centre({"t.yaml": text(flows)}).tenants["t"]


def mistakes(files: dict[str, str]) -> list[str]:
    """Every problem as text."""
    try:
        load_centre(files)
    except ConfigurationError as error:
        return [str(problem) for problem in error.problems]
    return []


def centre(**files: str) -> Centre:
    """A centre of files named by keyword, without .yaml."""
    return load_centre({f"{name}.yaml": dedent(body) for name, body in files.items()})
