"""Many OpenAPI documents into one, refusing what would make the API ambiguous."""

import json
import re
from typing import Any

Json = dict[str, Any]

METHODS = ("delete", "get", "head", "options", "patch", "post", "put", "trace")
UNPUBLISHED = ("/healthz", "/readyz", "/metrics", "/internal")
"""What every service has for its operators; not part of the public API."""

_OPERATION_ID = re.compile(r"[a-z]+_[a-z]+_[a-z0-9_]+")
_PARAMETER = re.compile(r"\{[^{}]+\}")
_REFERENCE = "#/components/"


class ConflictError(Exception):
    """The services' documents do not fit together; the message names both sides."""


def merge(schemas: dict[str, Json]) -> Json:
    """One OpenAPI 3.1 document out of one for each service.

    Components that are the same everywhere are there once; those of one name and different
    content get their service's name in front. ConflictError for a path of two services, an
    operationId that is taken or not ``<service>_<verb>_<noun>``, or another version than 3.1.
    """
    _check_versions(schemas)
    _check_paths(schemas)
    _check_operation_ids(schemas)
    names = _component_names(schemas)
    paths: Json = {}
    components: Json = {}
    for service in sorted(schemas):
        document = _renamed(schemas[service], service, names)
        paths |= {path: _tagged(item, service) for path, item in _published(document)}
        for section, found in document.get("components", {}).items():
            target = components.setdefault(section, {})
            for name, component in found.items():
                target[names[section, service, name]] = component
    return _sorted(
        {
            "openapi": "3.1.0",
            "info": {"title": "Helphood", "version": "1", "description": _DESCRIPTION},
            "servers": _SERVERS,
            "tags": [{"name": service} for service in sorted(schemas)],
            "paths": paths,
            "components": components,
        }
    )


_DESCRIPTION = (
    "White-label help between an operator's customers. The tenant is the host. Errors are problem"
    " details (RFC 9457) with a stable `code`."
)
_SERVERS = [
    {
        "url": "{scheme}://{host}",
        "variables": {
            "scheme": {"enum": ["https", "http"], "default": "http"},
            "host": {"default": "vodafone.localhost:8080", "description": "The tenant's host."},
        },
    }
]


def shape(path: str) -> str:
    """A path template without its parameters' names: two of one shape are the same path."""
    return _PARAMETER.sub("{}", path)


def operations(document: Json) -> list[tuple[str, str, Json]]:
    """Path, method in lower case and operation, in order."""
    return [
        (path, method, item[method])
        for path, item in _published(document)
        for method in METHODS
        if method in item
    ]


def _published(document: Json) -> list[tuple[str, Json]]:
    return [
        (path, item)
        for path, item in sorted(document.get("paths", {}).items())
        if not any(path == hidden or path.startswith(f"{hidden}/") for hidden in UNPUBLISHED)
    ]


def _check_versions(schemas: dict[str, Json]) -> None:
    for service, document in sorted(schemas.items()):
        if not str(document.get("openapi")).startswith("3.1."):
            raise ConflictError(f"{service}: OpenAPI 3.1 is needed, not {document.get('openapi')}")


def _check_paths(schemas: dict[str, Json]) -> None:
    owners: dict[str, str] = {}
    for service, document in sorted(schemas.items()):
        for path, _ in _published(document):
            owner = owners.setdefault(shape(path), service)
            if owner != service:
                raise ConflictError(f"{path} belongs to both {owner} and {service}")


def _check_operation_ids(schemas: dict[str, Json]) -> None:
    taken: dict[str, str] = {}
    for service, document in sorted(schemas.items()):
        for path, method, operation in operations(document):
            name, here = operation.get("operationId", ""), f"{method.upper()} {path}"
            if not name.startswith(f"{service}_") or not _OPERATION_ID.fullmatch(name):
                raise ConflictError(f"{here}: operationId {name!r} is not {service}_<verb>_<noun>")
            if name in taken:
                raise ConflictError(f"{here}: operationId {name!r} is taken by {taken[name]}")
            taken[name] = here


Names = dict[tuple[str, str, str], str]
"""Section, service and name of a component -> its name in the merged document."""


def _component_names(schemas: dict[str, Json]) -> Names:
    parts = [
        (section, service, name)
        for service, document in sorted(schemas.items())
        for section, found in document.get("components", {}).items()
        for name in found
    ]
    differing = _differing(schemas, parts)
    names: Names = {}
    for section, service, name in parts:
        clashes = (section, name) in differing
        if clashes and section == "securitySchemes":
            raise ConflictError(f"security scheme {name} differs between services")
        names[section, service, name] = f"{service.capitalize()}{name}" if clashes else name
    _check_new_names(names, differing)
    return names


def _differing(schemas: dict[str, Json], parts: list[tuple[str, str, str]]) -> set[tuple[str, str]]:
    """Names with different content; also the same words differ if they refer to what differs."""
    texts: dict[tuple[str, str], set[str]] = {}
    refers: dict[tuple[str, str], set[tuple[str, str]]] = {}
    owners: dict[tuple[str, str], int] = {}
    for section, service, name in parts:
        component = schemas[service]["components"][section][name]
        key = (section, name)
        owners[key] = owners.get(key, 0) + 1
        texts.setdefault(key, set()).add(json.dumps(component, sort_keys=True))
        refers.setdefault(key, set()).update(_references(component))
    found = {key for key, variants in texts.items() if len(variants) > 1}
    while more := {
        key
        for key, targets in refers.items()
        if key not in found and owners[key] > 1 and targets & found
    }:
        found |= more
    return found


def _references(value: Any) -> set[tuple[str, str]]:
    if isinstance(value, dict):
        own = {_target(text) for text in _reference_texts(value)}
        return own.union(*(_references(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(inner) for inner in value))
    return set()


def _reference_texts(value: Json) -> list[str]:
    """Where a reference can stand: ``$ref`` and the mapping of a discriminator."""
    mapping = value.get("mapping") if "propertyName" in value else None
    texts = [value.get("$ref"), *(mapping.values() if isinstance(mapping, dict) else ())]
    return [text for text in texts if isinstance(text, str) and text.startswith(_REFERENCE)]


def _target(reference: str) -> tuple[str, str]:
    section, _, name = reference.removeprefix(_REFERENCE).partition("/")
    return section, name


def _check_new_names(names: Names, differing: set[tuple[str, str]]) -> None:
    kept = {(section, name) for section, _, name in names if (section, name) not in differing}
    for (section, service, name), new in names.items():
        if new != name and (section, new) in kept:
            raise ConflictError(f"{service}: {name} would become {new}, which exists already")


def _renamed(value: Any, service: str, names: Names) -> Any:
    if isinstance(value, list):
        return [_renamed(inner, service, names) for inner in value]
    if not isinstance(value, dict):
        return value
    texts = set(_reference_texts(value))

    def renamed(inner: Any) -> Any:
        if isinstance(inner, str) and inner in texts:
            section, name = _target(inner)
            return f"{_REFERENCE}{section}/{names[section, service, name]}"
        return _renamed(inner, service, names)

    changed = {key: renamed(inner) for key, inner in value.items()}
    if "propertyName" in value and isinstance(value.get("mapping"), dict):
        changed["mapping"] = {key: renamed(inner) for key, inner in value["mapping"].items()}
    return changed


def _tagged(item: Json, service: str) -> Json:
    return {
        key: {**value, "tags": [service]} if key in METHODS else value
        for key, value in item.items()
    }


def _sorted(document: Json) -> Json:
    """The same document however the services' parts were ordered."""
    ordered: Json = json.loads(json.dumps(document, sort_keys=True))
    return ordered
