"""The trace page's addresses: /v1/traces takes spans, the rest shows them and metrics."""

import zlib
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from google.protobuf.message import DecodeError

from deploy.local.traces import metrics, pages, spans
from deploy.local.traces.metrics import NoMetricsError, Prometheus
from deploy.local.traces.store import Spans, Wanted
from deploy.local.traces.waterfall import rows

_STYLE = Path(__file__).with_name("style.css")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
}
_MOST_BYTES = 16 * 1024 * 1024
Page = HTMLResponse
Minutes = Annotated[int, Query(ge=1, le=720)]


def create(kept: Spans, prometheus: Prometheus) -> FastAPI:
    """The application; kept and prometheus are closed by the caller."""
    app = FastAPI(openapi_url=None)
    _add_traces(app, kept)
    _add_metrics(app, prometheus)
    return app


def _add_traces(app: FastAPI, kept: Spans) -> None:
    @app.post("/v1/traces")
    async def take(request: Request) -> Response:
        """An export by OTLP over HTTP (protobuf, perhaps gzipped)."""
        body = await request.body()
        try:
            if request.headers.get("content-encoding") == "gzip":
                body = _unzipped(body)
            kept.add(spans.read(body))
        except (DecodeError, OSError, EOFError, zlib.error, ValueError):
            return PlainTextResponse("this is no export of spans", 400)
        return Response(media_type="application/x-protobuf")

    @app.get("/", response_class=Page)
    async def listing(
        service: str = "",
        tenant: str = "",
        text: str = "",
        failed: bool = False,
        ms: Annotated[str, Query(pattern=r"^\d{0,9}(\.\d{1,3})?$")] = "",
    ) -> Response:
        wanted = Wanted(
            service=service or None,
            tenant=tenant or None,
            text=text.strip() or None,
            failed=failed,
            at_least_ms=float(ms) if ms else None,
        )
        found = kept.recent(wanted)
        return Page(pages.listing(found, wanted, kept.services(), kept.tenants()), 200, _HEADERS)

    @app.get("/traces/{trace}", response_class=Page)
    async def waterfall(trace: str) -> Response:
        found = rows(kept.trace(trace.lower()))
        if not found:
            text = "It is not kept (any more), or has not arrived: spans take a second."
            return Page(pages.message("No such trace", text), 404, _HEADERS)
        return Page(pages.waterfall(trace.lower(), found), 200, _HEADERS)

    @app.get("/style.css")
    async def style() -> Response:
        return Response(_STYLE.read_bytes(), media_type="text/css", headers=_HEADERS)

    @app.get("/healthz")
    async def alive() -> Response:
        return PlainTextResponse("ok")


def _add_metrics(app: FastAPI, prometheus: Prometheus) -> None:
    @app.exception_handler(NoMetricsError)
    async def refused(_: Request, error: Exception) -> Response:
        return Page(pages.message("No metrics", str(error)), 502, _HEADERS)

    @app.get("/dashboards/{uid}", response_class=Page)
    async def dashboard(
        uid: str, service: str = "", tenant: str = "", minutes: Minutes = metrics.PAST // 60
    ) -> Response:
        if uid not in metrics.dashboards():
            return Page(pages.message("No such dashboard", uid), 404, _HEADERS)
        chosen = {"service": service, "tenant": tenant}
        return Page(await metrics.dashboard(prometheus, uid, chosen, 60 * minutes), 200, _HEADERS)

    @app.get("/alerts", response_class=Page)
    async def alerts() -> Response:
        return Page(await metrics.alerts(prometheus), 200, _HEADERS)

    @app.get("/query", response_class=Page)
    async def query(text: str = "", minutes: Minutes = metrics.PAST // 60) -> Response:
        shown = await metrics.query(prometheus, text.strip(), 60 * minutes)
        return Page(shown, 200, _HEADERS)


def _unzipped(body: bytes) -> bytes:
    """ValueError when it becomes larger than any export."""
    unzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    found = unzip.decompress(body, _MOST_BYTES)
    if not unzip.eof:
        raise ValueError("cut short, or too large")
    return found
