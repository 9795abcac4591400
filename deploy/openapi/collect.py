"""Asks every service for its OpenAPI document, without starting anything."""

import importlib
import importlib.util
import pkgutil
from typing import Any

import services
from shared.settings import ServiceSettings

_ADDRESSES = {
    "amqp_url": "amqp://localhost",
    "mongo_url": "mongodb://localhost",
    "jwks_url": "file:///nowhere",
}
_ANY_SECRET = "0" * 64


def schemas() -> dict[str, dict[str, Any]]:
    """Service -> OpenAPI document, for each package in ``services`` that has an ``app``.

    A service that has an app which cannot be made is an error, not an absence.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(services.__path__))
    return {name: _document(name) for name in names if _has(name, "app")}


def _has(name: str, room: str) -> bool:
    return importlib.util.find_spec(f"services.{name}.{room}") is not None


def _document(name: str) -> dict[str, Any]:
    app = importlib.import_module(f"services.{name}.app")
    if hasattr(app, "openapi"):
        document: dict[str, Any] = app.openapi()
    else:
        document = app.create(_settings(name)).openapi()
    return document


def _settings(name: str) -> Any:
    """Settings good enough to build the routes with: they lead nowhere and nothing connects."""
    kind = importlib.import_module(f"services.{name}.settings").Settings
    assert issubclass(kind, ServiceSettings)
    needed = [field for field, info in kind.model_fields.items() if info.is_required()]
    return kind(**{field: _ADDRESSES.get(field, _ANY_SECRET) for field in needed})
