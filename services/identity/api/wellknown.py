"""Public keys and documents, the same at every host."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import fastapi_offline
from fastapi import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from services.identity.signing import Signer
from shared.http import ANY_HOST, Router
from shared.service import Runtime

router = Router()

OPENAPI = Path(__file__).parents[3] / "openapi.json"
"""The merged document of all services, committed beside the code."""


class Script(Response):
    media_type = "text/javascript"


class Asset(FileResponse):
    """A script or a style sheet, told by its name."""

    media_type = "application/octet-stream"


@router.get(
    "/.well-known/jwks.json",
    operation_id="identity_get_keys",
    response_model=dict[str, Any],
    openapi_extra=ANY_HOST,
)
async def get_keys(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    signer: Signer = runtime.resources[Signer]
    return JSONResponse(signer.jwks(), headers={"Cache-Control": "public, max-age=300"})


@router.get(
    "/.well-known/openid-configuration",
    operation_id="identity_get_issuer",
    response_model=dict[str, Any],
    openapi_extra=ANY_HOST,
)
async def get_issuer(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    base = f"{request.url.scheme}://{request.headers['host']}"
    return JSONResponse(
        {
            "issuer": runtime.settings.token_issuer,
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "token_endpoint": f"{base}/v1/auth/token",
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        }
    )


@router.get(
    "/openapi.json",
    operation_id="identity_get_openapi",
    response_model=dict[str, Any],
    openapi_extra=ANY_HOST,
)
async def get_openapi() -> Response:
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    return json.dumps(json.loads(OPENAPI.read_text()), separators=(",", ":")).encode()


@router.get(
    "/docs",
    operation_id="identity_get_docs",
    response_class=HTMLResponse,
    openapi_extra=ANY_HOST,
)
async def get_docs() -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get(
    "/docs/start.js",
    operation_id="identity_get_docs_start",
    response_class=Script,
    openapi_extra=ANY_HOST,
)
async def get_docs_start() -> Response:
    return Script(_START)


@router.get(
    "/docs/{asset}",
    operation_id="identity_get_docs_asset",
    response_class=Asset,
    openapi_extra=ANY_HOST,
)
async def get_docs_asset(asset: Literal["swagger-ui-bundle.js", "swagger-ui.css"]) -> Response:
    return Asset(_ASSETS / asset, headers={"Cache-Control": "public, max-age=86400"})


_ASSETS = Path(fastapi_offline.__file__).parent / "static"
"""Swagger UI 5 as a package brings it, so that no page loads anything from elsewhere."""

_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  persistAuthorization: true,
});
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Helphood API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
