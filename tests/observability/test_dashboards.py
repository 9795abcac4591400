"""What dashboards show: asked of a real Prometheus that watches a real platform."""

import json
import re

import jsonschema
import pytest

from deploy.local.prometheus import RULES
from deploy.observability.__main__ import FOLDER, text
from deploy.observability.dashboards import load
from deploy.observability.panels import Dashboard
from tests.observability.conftest import Watched
from tests.observability.prometheus import RefusedError

DASHBOARDS = load()
PANELS = [(dashboard, panel) for dashboard in DASHBOARDS for panel in dashboard.panels()]
_PLACE = {"type": "object", "required": ["x", "y", "w", "h"]}
_TARGET = {"type": "object", "required": ["refId", "expr", "datasource"]}
_PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "gridPos"],
    "properties": {"gridPos": _PLACE, "targets": {"type": "array", "items": _TARGET}},
}
GRAFANA = {
    "type": "object",
    "required": ["uid", "title", "panels", "schemaVersion", "templating", "time"],
    "properties": {
        "uid": {"type": "string", "maxLength": 40, "pattern": "^[a-z-]+$"},
        "panels": {"type": "array", "items": _PANEL, "minItems": 2},
    },
}
"""As much of Grafana's format as this depends on."""


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_the_committed_file_is_what_is_described(dashboard: Dashboard) -> None:
    written = (FOLDER / f"{dashboard.uid}.json").read_text()
    assert written == text(dashboard), "python -m deploy.observability"
    jsonschema.validate(json.loads(written), GRAFANA)


def test_there_are_no_other_files() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {each.uid for each in DASHBOARDS}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_no_two_panels_lie_on_each_other(dashboard: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard.json()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize(
    ("legend", "query"),
    [
        pytest.param(legend, query, id=f"{dashboard.uid}-{panel.title}-{legend}")
        for dashboard, panel in PANELS
        for legend, query in panel.queries.items()
    ],
)
def test_every_query_is_answered_with_data(watched: Watched, legend: str, query: str) -> None:
    asked = re.sub(r"\$(?:service|tenant)\b", ".+", query)
    found = watched.prometheus.until(asked)
    named = set(re.findall(r"\{\{(\w+)\}\}", legend))
    if "vector(" not in query:
        assert any(named <= set(each.labels) for each in found), (legend, found[0].labels)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_every_choice_has_values(watched: Watched, dashboard: Dashboard) -> None:
    for name, selector in dashboard.choices.items():
        found = watched.prometheus.query(f"count by ({name}) ({selector})")
        values = {each.labels[name] for each in found}
        assert values > {"service": {"jobs"}, "tenant": {"vodafone", "swisscom"}}[name]


def test_the_map_knows_who_hears_whom(watched: Watched) -> None:
    [panel] = [panel for _, panel in PANELS if panel.kind == "map"]
    nodes = watched.prometheus.query(panel.queries["nodes"])
    edges = watched.prometheus.query(panel.queries["edges"])
    ids = {each.labels["id"] for each in nodes}
    assert {"identity", "profiles", "jobs", "messaging", "reviews"} <= ids
    assert {("jobs", "profiles"), ("identity", "jobs"), ("jobs", "reviews")} <= {
        (each.labels["source"], each.labels["target"]) for each in edges
    }


def test_nonsense_is_refused(watched: Watched) -> None:
    """So that an answer to a query means something."""
    with pytest.raises(RefusedError):
        watched.prometheus.query("sum(rate(up))")


def test_rules_on_disk_are_the_ones_in_force(watched: Watched) -> None:
    rules = watched.prometheus.rules()
    names = {rule["name"] for rule in rules}
    written = re.findall(r"- (?:alert|record): (\S+)", RULES.read_text())
    assert names == set(written)
    assert all(rule["health"] == "ok" for rule in rules), [
        (rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"
    ]


def test_every_alerts_expression_is_answered_and_none_fires(watched: Watched) -> None:
    for rule in watched.prometheus.rules():
        watched.prometheus.query(rule["query"])
    slow = "DatabaseSlow|EventsLate"  # As a busy machine may be.
    assert watched.prometheus.query(f'ALERTS{{alertstate="firing", alertname!~"{slow}"}}') == []
