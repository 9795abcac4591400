"""make_http_app: the ASGI application of a service, the same around every service's routes."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from opentelemetry.trace import TracerProvider
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from shared.edge import Replay
from shared.http import problems
from shared.http.call import ScopeOf
from shared.http.middleware import RequestMiddleware
from shared.http.openapi import document
from shared.http.routes import CheckedRoute, Revocations, Tenants
from shared.http.tokens import TokenVerifier
from shared.kernel.errors import Refusal
from shared.settings import ServiceSettings


class HttpApp(FastAPI):
    """FastAPI with our OpenAPI document; it serves no documentation pages itself."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = document(self.title, self.routes)
        return self.openapi_schema


def make_http_app(
    service: str,
    *,
    routers: Sequence[APIRouter],
    tenants: Tenants,
    revocations: Revocations,
    verifier: TokenVerifier,
    settings: ServiceSettings,
    provider: TracerProvider,
    scope_of: ScopeOf,
    lifespan: Callable[[FastAPI], Any] | None = None,
) -> FastAPI:
    """The application. ValueError for a route without a proper operationId.

    tenants must know the platform's host as the tenant ``platform``. scope_of opens a tenant's
    stores at the present moment. The verifier is started and stopped by the caller.
    """
    app = HttpApp(
        title=f"Helphood {service}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
        middleware=[Middleware(RequestMiddleware, tenants=tenants, provider=provider)],
        exception_handlers={
            Refusal: problems.answer_refusal,
            Replay: problems.answer_replay,
            RequestValidationError: problems.answer_invalid_request,
            HTTPException: problems.answer_http_exception,
        },
    )
    app.state.tenants = tenants
    app.state.revocations = revocations
    app.state.verifier = verifier
    app.state.scope_of = scope_of
    app.state.cursor_secret = settings.cursor_secret.get_secret_value().encode()
    # The routes themselves, not include_router: FastAPI matches an included router twice.
    routes = [route for router in routers for route in router.routes]
    _check_routes(service, routes)
    app.router.routes.extend(routes)
    return app


def _check_routes(service: str, routes: Sequence[BaseRoute]) -> None:
    seen: set[str] = set()
    for route in routes:
        if not isinstance(route, CheckedRoute):
            raise ValueError(f"{route!r} is not made by shared.http.routes.Router")
        name = route.operation_id or ""
        if not name.startswith(f"{service}_") or name in seen:
            raise ValueError(f"{route.path}: operation_id {name!r} is not a new {service}_...")
        seen.add(name)
