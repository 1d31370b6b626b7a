"""Rules, dashboard and documentation name the metrics that there are, and all of them are documented."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from switch.metrics.metrics import Metrics
from tests.metrics.test_metrics import SNAPSHOT

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "softswitch.json"

_NAME = re.compile(r"\bsoftswitch(?:_[a-z]+)+\b")
_RECORDED = re.compile(r"\bsoftswitch:[a-z_]+:[a-z0-9]+\b")


def exposed_names() -> dict[str, str]:
    """Family names as PromQL knows them, with their help."""
    metrics = Metrics(CollectorRegistry())
    metrics.set_gauges(SNAPSHOT)
    text = metrics.render()[0].decode()
    return dict(re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE))


def series_names() -> set[str]:
    names = set(exposed_names())
    return names | {f"{name}_{part}" for name in names for part in ("bucket", "sum", "count")}


def rules() -> list[dict[str, object]]:
    loaded = []
    for name in ("recording.yml", "alerts.yml"):
        document = YAML(typ="safe").load(RULES / name)
        loaded += [rule for group in document["groups"] for rule in group["rules"]]
    return loaded


def recorded_names() -> set[str]:
    return {str(rule["record"]) for rule in rules() if "record" in rule}


def expressions() -> list[str]:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    variables = [variable.get("definition", "") for variable in dashboard["templating"]["list"]]
    return [str(rule["expr"]) for rule in rules()] + panels + [query for query in variables if query]


def test_rules_and_dashboard_name_only_what_there_is() -> None:
    assert len(expressions()) > 40
    for expression in expressions():
        assert set(_NAME.findall(expression)) <= series_names(), expression
        assert set(_RECORDED.findall(expression)) <= recorded_names(), expression
        assert (
            _NAME.search(expression)
            or _RECORDED.search(expression)
            or "process_" in expression
            or "up{" in expression
        )


def test_every_alert_says_what_to_do() -> None:
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"}), rule
            annotations = rule["annotations"]
            assert isinstance(annotations, dict)
            assert set(annotations) == {"summary", "action"}


def test_the_documentation_has_every_family_with_its_help() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    table = dict(re.findall(r"^\| `(softswitch_\S+)` \| \w+ \| [^|]* \| (.+) \|$", text, re.MULTILINE))
    assert table == exposed_names()
    assert set(_RECORDED.findall(text)) == recorded_names()


def test_the_rules_give_the_figures_worked_out_by_hand() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here (Debian package: prometheus)")
    for arguments in (
        ["check", "config", str(RULES / "prometheus.yml")],
        ["test", "rules", str(Path(__file__).with_name("rules.promtool.yml"))],
    ):
        done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_promtool_says_of_the_page() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here (Debian package: prometheus)")
    metrics = Metrics(CollectorRegistry())
    metrics.set_gauges(SNAPSHOT)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=metrics.render()[0], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
