"""Dashboards, alerts and single queries, asked of Prometheus and drawn without a script."""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from math import isfinite
from typing import Any

import httpx

from deploy.local.traces.pages import page
from deploy.observability.dashboards import load
from deploy.observability.panels import Dashboard, Panel

PAST = 600
"""Seconds that a curve shows, unless told otherwise."""

_POINTS = 120
_MOST_CURVES = 8
_WIDE, _HIGH = 400, 90


@cache
def dashboards() -> dict[str, Dashboard]:
    """By uid."""
    return {dashboard.uid: dashboard for dashboard in load()}


class NoMetricsError(Exception):
    """Prometheus does not answer, or refuses a query; the text says which."""


@dataclass(frozen=True)
class Curve:
    """points are (seconds since 1970, value), the earliest first; labels are the series' own."""

    labels: Mapping[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]


class Prometheus:
    """Its HTTP API; address without a path, closed by close()."""

    def __init__(self, address: str) -> None:
        self._client = httpx.AsyncClient(base_url=address, timeout=10)

    async def close(self) -> None:
        await self._client.aclose()

    async def curves(self, query: str, past: int) -> list[Curve]:
        """The last so many seconds."""
        now = time.time()
        between = {"start": now - past, "end": now, "step": past / _POINTS}
        found = await self._ask("query_range", {"query": query, **between})
        return _curves((each["metric"], each["values"]) for each in found["result"])

    async def now(self, query: str) -> list[Curve]:
        """The value at this moment, as curves of one point."""
        found = await self._ask("query", {"query": query})
        if found["resultType"] not in {"vector", "scalar"}:
            raise NoMetricsError("this is a range; ask for a rate, or an aggregation over time")
        if found["resultType"] == "scalar":
            return _curves([({}, [found["result"]])])
        return _curves((each["metric"], [each["value"]]) for each in found["result"])

    async def rules(self) -> list[dict[str, Any]]:
        groups = (await self._ask("rules", {"type": "alert"}))["groups"]
        return [rule for group in groups for rule in group["rules"]]

    async def _ask(self, what: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answered = (await self._client.get(f"/api/v1/{what}", params=dict(parameters))).json()
        except (httpx.HTTPError, ValueError) as error:
            raise NoMetricsError("Prometheus does not answer: is it there at all?") from error
        if answered["status"] != "success":
            raise NoMetricsError(str(answered["error"]))
        data: dict[str, Any] = answered["data"]
        return data


def _curves(found: Iterable[tuple[Mapping[str, str], list[Any]]]) -> list[Curve]:
    """Without what is no number; the largest at the end first."""
    curves = []
    for labels, values in found:
        points = [(float(at), float(value)) for at, value in values if isfinite(float(value))]
        if points:
            curves.append(Curve(labels, points))
    return sorted(curves, key=lambda curve: -curve.last)


async def dashboard(prometheus: Prometheus, uid: str, chosen: Mapping[str, str], past: int) -> str:
    """One dashboard; chosen: variable -> value. KeyError for one that does not exist."""
    shown = dashboards()[uid]
    body = [_choices(shown, chosen, past)]
    for row in shown.rows:
        drawn = await asyncio.gather(
            *(_panel(prometheus, each, chosen, past) for each in row.panels)
        )
        body.append(f"<h2>{escape(row.title)}</h2><div class=panels>{''.join(drawn)}</div>")
    return page(shown.title, "".join(body))


def _choices(shown: Dashboard, chosen: Mapping[str, str], past: int) -> str:
    fields = "".join(
        f'<label>{name} <input name={name} value="{escape(chosen.get(name, ""))}"></label>'
        for name in shown.choices
    )
    return f"<form>{fields}{_minutes(past)}<button>show</button></form>"


def _minutes(past: int) -> str:
    return f"<label>the last <input name=minutes size=4 value={past // 60}> minutes</label>"


async def _panel(prometheus: Prometheus, panel: Panel, chosen: Mapping[str, str], past: int) -> str:
    curves: dict[str, Curve] = {}
    for legend, query in panel.queries.items():
        if legend == "nodes":
            continue  # What hears nobody is not drawn: there is a list, and no map.
        asked = re.sub(r"\$(service|tenant)\b", lambda name: _value(chosen, name[1]), query)
        drawn = panel.kind == "timeseries"
        for curve in await (prometheus.curves(asked, past) if drawn else prometheus.now(asked)):
            curves[_legend(legend, panel, curve)] = curve
    alarm = panel.alarm is not None and any(curve.last >= panel.alarm for curve in curves.values())
    title = f"<h3{' class=bad' if alarm else ''}>{escape(panel.title)}</h3>"
    chart = _chart(list(curves.values()), past) if panel.kind == "timeseries" else ""
    legend = "".join(
        f"<li class=l{number}><span>{escape(name) or 'now'}</span>"
        f"<b>{_shown(curve.last, panel.unit)}</b>"
        for number, (name, curve) in enumerate(list(curves.items())[:_MOST_CURVES])
    )
    more = len(curves) - _MOST_CURVES
    legend += f"<li>and {more} more" if more > 0 else ""
    return f"<section>{title}{chart}<ul>{legend}</ul></section>"


def _value(chosen: Mapping[str, str], name: str) -> str:
    """For a regular expression in quotes: what is chosen, word for word, or everything."""
    value = re.sub(r"[^\w.-]", "", chosen.get(name, ""))
    return value.replace(".", "\\\\.") or ".+"


def _legend(legend: str, panel: Panel, curve: Curve) -> str:
    if panel.kind == "map":
        return " to ".join(curve.labels[end] for end in ("source", "target") if end in curve.labels)
    if panel.kind == "table":
        return ", ".join(f"{name}: {value}" for name, value in curve.labels.items())
    named = re.sub(r"\{\{(\w+)\}\}", lambda name: curve.labels.get(name[1], ""), legend)
    return named.strip()


def _chart(curves: list[Curve], past: int) -> str:
    top = max((value for curve in curves for _, value in curve.points), default=0) or 1
    end = time.time()
    lines = []
    for number, curve in enumerate(curves[:_MOST_CURVES]):
        points = " ".join(
            f"{_WIDE * (1 - (end - at) / past):.1f},{_HIGH * (1 - value / top):.1f}"
            for at, value in curve.points
        )
        lines.append(f"<polyline class=l{number} points='{points}'/>")
    return f"<svg viewBox='0 -2 {_WIDE} {_HIGH + 4}' class=chart>{''.join(reversed(lines))}</svg>"


def _shown(value: float, unit: str) -> str:
    match unit:
        case "s":
            return f"{value * 1000:,.0f} ms" if abs(value) < 10 else f"{value:,.0f} s"
        case "ms":
            return f"{value:,.0f} ms"
        case "percentunit":
            return f"{value:.2%}"
        case "bytes":
            return f"{value / 2**20:,.0f} MiB"
        case "reqps" | "ops":
            return f"{value:.2f}/s"
        case "bool":
            return "yes" if value else "no"
        case "dateTimeFromNow":
            return f"{(time.time() - value / 1000) / 60:,.0f} min ago"
        case _:
            return f"{value:,.4g}"


async def alerts(prometheus: Prometheus) -> str:
    """Every alert with its state; those that are about something first."""
    order = {"firing": 0, "pending": 1, "inactive": 2}
    rules = sorted(await prometheus.rules(), key=lambda rule: order[rule["state"]])
    rows = "".join(map(_alert, rules))
    head = "<tr><th>state<th>alert<th>urgency<th>says<th>asks"
    return page("Alerts", f"<table class=list><thead>{head}</thead>{rows}</table>")


def _alert(rule: Mapping[str, Any]) -> str:
    bad = " class=bad" if rule["state"] != "inactive" else ""
    said = [alert["annotations"].get("summary", "") for alert in rule["alerts"]]
    return (
        f"<tr><td{bad}>{escape(rule['state'])}<td{bad}>{escape(rule['name'])}"
        f"<td>{escape(rule['labels'].get('severity', ''))}<td>{escape('; '.join(said))}"
        f"<td><code>{escape(rule['query'])}</code>"
    )


async def query(prometheus: Prometheus, text: str, past: int) -> str:
    """Any PromQL: its curves and values."""
    form = (
        f'<form><label>PromQL <input name=text size=90 value="{escape(text)}"></label>'
        f"{_minutes(past)}<button>ask</button></form>"
    )
    if not text:
        return page("Query", form)
    found = await prometheus.now(text)
    drawn = (
        _chart(await prometheus.curves(text, past), past)
        if found
        else "<p>Nothing is like that now."
    )
    names = sorted({name for curve in found for name in curve.labels})
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(curve.labels.get(name, ''))}" for name in names)
        + f"<td class=n>{curve.last:,.6g}"
        for curve in found
    )
    head = "<tr>" + "".join(f"<th>{escape(name)}" for name in names) + "<th class=n>value"
    return page("Query", f"{form}{drawn}<table class=list><thead>{head}</thead>{rows}</table>")
