"""The trace page's HTML: a list to choose from, and one trace's waterfall. No script at all."""

import zlib
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from urllib.parse import urlencode

from deploy.local.traces.spans import Span
from deploy.local.traces.store import Summary, Wanted
from deploy.local.traces.waterfall import Row

_COLOURS = 8
_KNOWN = ("gateway", "identity", "profiles", "jobs", "messaging", "reviews")
_MOST_INDENTED = 14
_DASHBOARDS = ("overview", "service", "tenants", "events", "gateway", "slo")
_PLACES = (
    '<a href="/">traces</a>'
    + "".join(f'<a href="/dashboards/helphood-{name}">{name}</a>' for name in _DASHBOARDS)
    + '<a href="/alerts">alerts</a><a href="/query">query</a>'
)
_NARROWEST = 0.3


def listing(found: list[Summary], wanted: Wanted, services: list[str], tenants: list[str]) -> str:
    """Recent traces with the form that chooses among them."""
    rows = "".join(map(_summary, found))
    head = "<tr><th>began<th>what<th>tenant<th>through<th class=n>spans<th class=n>ms"
    table = f"<table class=list><thead>{head}</thead>{rows}</table>"
    nothing = "<p>No trace like that is kept. Whatever asks the gateway for something makes one."
    return page("Recent traces", _form(wanted, services, tenants) + (table if found else nothing))


def waterfall(trace: str, rows: list[Row]) -> str:
    """One trace: who did what when, below what caused it."""
    spans = [row.span for row in rows]
    begin, end = min(span.start for span in spans), max(span.end for span in spans)
    failed = sum(span.error for span in spans)
    tenants = ", ".join(sorted({span.tenant for span in spans if span.tenant})) or "no tenant"
    facts = f"{len(spans)} spans, {_ms(end - begin)} ms, {escape(tenants)}, {_clock(begin)} UTC" + (
        f", <strong class=bad>{failed} failed</strong>" if failed else ""
    )
    shown = "".join(_span(row, begin) for row in rows)
    return page(
        spans[0].name,
        f"<p class=id>{escape(trace)}<p>{facts}<p>{_way(rows)}"
        f"<div class=scale>{_scale(end - begin)}</div><div class=spans>{shown}</div>",
    )


def message(title: str, text: str) -> str:
    """A page that says one thing."""
    return page(title, f"<p>{escape(text)}")


def page(title: str, body: str) -> str:
    """A whole page around a body that is HTML already; the title is text."""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><link rel=stylesheet href=/style.css>"
        f"<header><h1>{escape(title)}</h1><nav>{_PLACES}</nav></header><main>{body}</main></html>"
    )


def _form(wanted: Wanted, services: list[str], tenants: list[str]) -> str:
    least = "" if wanted.at_least_ms is None else f"{wanted.at_least_ms:g}"
    checked = " checked" if wanted.failed else ""
    return (
        "<form>"
        f"<label>service {_choice('service', services, wanted.service)}</label>"
        f"<label>tenant {_choice('tenant', tenants, wanted.tenant)}</label>"
        f'<label>what or id <input name=text value="{escape(wanted.text or "")}"></label>'
        f'<label>at least <input name=ms inputmode=decimal size=5 value="{least}"> ms</label>'
        f"<label><input type=checkbox name=failed value=true{checked}> failed</label>"
        "<button>show</button></form>"
    )


def _choice(name: str, values: list[str], chosen: str | None) -> str:
    options = "".join(
        f'<option value="{escape(each)}"{" selected" if each == chosen else ""}>{escape(each)}'
        for each in sorted(values)
    )
    return f"<select name={name}><option value=''>any{options}</select>"


def _summary(found: Summary) -> str:
    link = f'<a href="/traces/{escape(found.trace)}">{escape(found.root or "(no root yet)")}</a>'
    bad = f" <strong class=bad>{found.errors} failed</strong>" if found.errors else ""
    tenant = urlencode({"tenant": found.tenant})
    return (
        f'<tr><td>{_clock(found.start)}<td>{link}{bad}<td><a href="/?{tenant}">'
        f"{escape(found.tenant)}</a><td>{''.join(map(_chip, found.services))}"
        f"<td class=n>{found.spans}<td class=n>{found.milliseconds:.1f}"
    )


def _span(row: Row, begin: int) -> str:
    span, indent = row.span, min(row.depth, _MOST_INDENTED)
    place = f"x='{row.left:.3f}%' width='{max(row.width, _NARROWEST):.3f}%'"
    bar = f"<svg class=bar height=12><rect {place} height=12 class={_colour(span.service)} /></svg>"
    return (
        f"<details id=s{escape(span.id)} class='d{indent}{' failed' if span.error else ''}'>"
        f"<summary><span class=who>{_chip(span.service)}<b>{escape(span.name)}</b>"
        f"{_cause(row)}</span>{bar}<span class=n>{_ms(span.end - span.start)}</span></summary>"
        f"{_details(span, begin)}</details>"
    )


def _cause(row: Row) -> str:
    if row.orphan:
        return " <i>its cause has not arrived</i>"
    if row.cause is None:
        return ""
    waited = _ms(row.span.start - row.cause.start)
    return f" <a href='#s{row.cause.id}'>from {escape(row.cause.service)}, {waited} ms later</a>"


def _details(span: Span, begin: int) -> str:
    facts = {"kind": span.kind, "began after": f"{_ms(span.start - begin)} ms", **span.attributes}
    facts |= {f"at {_ms(at - begin)} ms": name for at, name in span.events}
    shown = "".join(f"<dt>{escape(name)}<dd>{escape(value)}" for name, value in facts.items())
    links = "".join(
        f'<dt>linked to<dd><a href="/traces/{escape(trace)}#s{escape(id)}">{escape(trace)}</a>'
        for trace, id in span.links
    )
    return f"<dl>{shown}{links}</dl>"


def _way(rows: list[Row]) -> str:
    """Services in the order in which the trace reached them."""
    names = [row.span.service for row in sorted(rows, key=lambda row: row.span.start)]
    turns = names[:1] + [after for before, after in pairwise(names) if after != before]
    return "".join(_chip(name) for name in dict.fromkeys(turns))


def _scale(nanoseconds: int) -> str:
    marks = [
        f"<text x='{share}%' y=12 text-anchor={anchor}>{_ms(nanoseconds * share // 100)}</text>"
        for share, anchor in ((0, "start"), (25, "middle"), (50, "middle"), (75, "middle"))
    ]
    return f"<svg height=16>{''.join(marks)}<text x='100%' y=12 text-anchor=end>ms</text></svg>"


def _chip(service: str) -> str:
    return f"<span class='chip {_colour(service)}'>{escape(service)}</span>"


def _colour(service: str) -> str:
    """The same for a service on every page."""
    known = _KNOWN.index(service) if service in _KNOWN else zlib.crc32(service.encode()) % _COLOURS
    return f"c{known}"


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.1f}"


def _clock(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%H:%M:%S.%f")[:-3]
