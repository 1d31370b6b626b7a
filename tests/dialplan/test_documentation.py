"""The administrators' page says all the words of the language, and its examples are right."""

import re
from pathlib import Path

import pytest

from switch.dialplan import (
    phrases,
    program,
    scenarios,
    schema,
    schema_callback,
    schema_rooms,
    schema_routing,
    schema_sound,
    story,
)
from switch.dialplan.centre import load_centre
from switch.dialplan.flows import VERBS
from switch.dialplan.scenarios import run_scenarios

PAGE = (Path(__file__).parents[2] / "docs" / "administrators.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
PLANS = [example for example in EXAMPLES if not example.startswith(("scenarios:", "day:"))]


@pytest.mark.parametrize("example", PLANS)
def test_examples_load_without_a_warning(example: str) -> None:
    assert load_centre({"shop.yaml": example}).warnings == ()


def test_the_example_story_is_true_of_the_small_dialplan() -> None:
    (example,) = [example for example in EXAMPLES if example.startswith("scenarios:")]
    (result,) = run_scenarios(load_centre({"shop.yaml": PLANS[0]}), {"shop.scenario.yaml": example})
    assert result.passed, result.problem


def _fields() -> list[str]:
    rooms = (schema, schema_callback, schema_rooms, schema_routing, schema_sound, story, scenarios)
    models = [model for module in rooms for model in vars(module).values()]
    sections = {model for model in models if isinstance(model, type) and issubclass(model, schema.Section)}
    return sorted({field.alias or name for model in sections for name, field in model.model_fields.items()})


@pytest.mark.parametrize("word", sorted({*_fields(), *VERBS, *story.LINES, *story.BARE_LINES}))
def test_every_word_is_explained(word: str) -> None:
    assert re.search(rf"(?<![a-z_]){re.escape(word)}(?![a-z_])", PAGE), word


@pytest.mark.parametrize(
    "phrase", sorted(phrases.NAMES - phrases.WAITING - phrases.NUMBERS | {phrases.MUSIC})
)
def test_every_phrase_is_named(phrase: str) -> None:
    assert f"`{phrase}`" in PAGE


def test_programs_end_where_the_compiler_says() -> None:
    plan = load_centre({"shop.yaml": PLANS[0]}).tenants["shop"]
    assert isinstance(plan.program.instructions[program.HANG_UP], program.End)
