"""Dashboards as plain data, and the Grafana JSON that is made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
_WIDTH = 24


@dataclass(frozen=True)
class Panel:
    """queries: legend -> PromQL. unit is Grafana's word (s, reqps, percentunit, bytes, short).

    kind: timeseries, stat (the latest value; red from alarm on), table (an instant's values by
    label), or map (a graph of two tables, named nodes and edges).
    """

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    tells: str = ""
    alarm: float | None = None


@dataclass(frozen=True)
class Row:
    """Panels under a headline; they flow from left to right."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """choices: variable -> the PromQL selector whose label of that name holds its values."""

    uid: str
    title: str
    rows: Sequence[Row]
    choices: Mapping[str, str] = field(default_factory=dict)

    def panels(self) -> list[Panel]:
        return [panel for row in self.rows for panel in row.panels]

    def json(self) -> dict[str, Any]:
        """As Grafana provisions it."""
        return {
            "uid": self.uid,
            "title": self.title,
            "tags": ["helphood"],
            "editable": False,
            "refresh": "30s",
            "schemaVersion": 41,
            "time": {"from": "now-1h", "to": "now"},
            "links": [_ALL],
            "templating": {"list": [_choice(*each) for each in self.choices.items()]},
            "panels": _placed(self.rows),
        }


_ALL = {
    "title": "dashboards",
    "type": "dashboards",
    "tags": ["helphood"],
    "asDropdown": True,
    "keepTime": True,
}


def _choice(name: str, selector: str) -> dict[str, Any]:
    query = f"label_values({selector}, {name})"
    return {
        "name": name,
        "type": "query",
        "datasource": PROMETHEUS,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".+",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _placed(rows: Sequence[Row]) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        placed.append(
            {
                "id": len(placed) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": _WIDTH, "h": 1},
                "panels": [],
            }
        )
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > _WIDTH:
                x, y, tallest = 0, y + tallest, 0
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            placed.append(_panel(panel, len(placed) + 1, place))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return placed


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    instant = panel.kind != "timeseries"
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": PROMETHEUS,
            "expr": query,
            "legendFormat": legend,
            "instant": instant,
            "range": not instant,
            "format": "table" if panel.kind in {"table", "map"} else "time_series",
            "exemplar": panel.unit == "s" and not instant,
        }
        for index, (legend, query) in enumerate(panel.queries.items())
    ]
    return {
        "id": number,
        "type": {"map": "nodeGraph"}.get(panel.kind, panel.kind),
        "title": panel.title,
        "description": panel.tells,
        "datasource": PROMETHEUS,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        **_extras(panel),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.kind != "map":
        defaults["min"] = 0
    if panel.alarm is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.alarm}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return defaults


def _extras(panel: Panel) -> dict[str, Any]:
    match panel.kind:
        case "stat":
            return {"options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}}
        case "table":
            hidden = {"excludeByName": {"Time": True}}
            return {"transformations": [{"id": "organize", "options": hidden}]}
        case "map":
            named = {"Value #A": "mainstat", "Value #B": "mainstat"}
            return {"transformations": [{"id": "organize", "options": {"renameByName": named}}]}
        case _:
            return {"options": {"tooltip": {"mode": "multi"}, "legend": {"placement": "bottom"}}}
