"""Every operation of the merged OpenAPI document, and how a request for it is filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from deploy.openapi import merge, schemas
from deploy.openapi.merge import operations
from shared.kernel.ids import derived_id

Schema = Mapping[str, Any]

_SOON = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
FROM, TO = ((_SOON + timedelta(days=5, hours=hours)).isoformat() for hours in (0, 2))

PLAIN: dict[str, str] = {
    "skill": "wifi",
    "slug": "vodafone",
    "token": "of-no-mail",
    "asset": "swagger-ui.css",
    "kind": "terms",
    # A partner's machine is looked at by the platform's administrators alone, who own nothing.
    "client_id": derived_id("client", "nobody's"),
}
"""Path parameters that name no thing of anybody."""

QUERY: dict[str, str] = {
    "near": "52.49,13.42",
    "radius_m": "50000",
    "limit": "100",
    "from": FROM,
    "to": TO,
    "year": str(_SOON.year),
    "token": "acc_nobody.secret",
    "case_id": "that of the world",
    "q": "Blumentopf",
}
"""Query parameters that are sent wherever they are known; the others must not be required."""

FIELDS: dict[str, Any] = {
    "start": FROM,
    "end": TO,
    "category": "wifi",
    "skill": "wifi",
    "amount_minor": 2500,
    "lat": 52.49,
    "lon": 13.42,
    "minutes": 60,
    "materials": None,
}
"""Values of body fields by name, where the schema alone does not say what makes sense."""


@dataclass(frozen=True)
class Operation:
    """One method at one path. access is as in shared.http.access."""

    id: str
    method: str
    path: str
    definition: Schema

    @property
    def service(self) -> str:
        return self.id.split("_")[0]

    @property
    def access(self) -> str:
        return str(self.definition["x-access"])

    @property
    def platform_only(self) -> bool:
        return self.access == "platform"

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def query(self) -> dict[str, str]:
        """KeyError for a required parameter that the table does not know."""
        known = [one for one in self.definition.get("parameters", ()) if one["in"] == "query"]
        wanted = [one["name"] for one in known if one.get("required") or one["name"] in QUERY]
        return {name: QUERY[name] for name in wanted}

    @property
    def body_schema(self) -> Schema | None:
        content = self.definition.get("requestBody", {}).get("content", {})
        schema: Schema | None = content.get("application/json", {}).get("schema")
        return schema

    @property
    def upload(self) -> str | None:
        """The media type in which a file about something of somebody's is sent."""
        content = self.definition.get("requestBody", {}).get("content", {})
        if not self.path_parameters or "application/json" in content:
            return None
        return next(iter(content), None)

    @property
    def names(self) -> set[str]:
        """Path parameters, and the fields of the body at any depth."""
        return {*self.path_parameters, *_field_names(self.body_schema or {})}

    def filled(
        self, things: Mapping[str, str], currency: str = "EUR"
    ) -> tuple[str, dict[str, Any] | None]:
        """Path and body that name these things. KeyError when one is missing."""
        known = {**PLAIN, **things}
        path = self.path.format(**{name: known[name] for name in self.path_parameters})
        schema = self.body_schema
        return path, None if schema is None else example(schema, {**things, "currency": currency})

    def __str__(self) -> str:
        return self.id


@cache
def document() -> dict[str, Any]:
    return merge(schemas())


@cache
def all_operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(operation["operationId"], method.upper(), path, operation)
        for path, method, operation in operations(document())
    )


def _resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        section, name = schema["$ref"].removeprefix("#/components/").split("/")
        schema = document()["components"][section][name]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _resolved(next(one for one in schema[key] if one.get("type") != "null"))
    return schema


def _field_names(schema: Schema) -> set[str]:
    schema = _resolved(schema)
    names = set(schema.get("properties", ()))
    for inner in (*schema.get("properties", {}).values(), schema.get("items", {})):
        names |= _field_names(inner) if inner else set()
    return names


def example(schema: Schema, things: Mapping[str, str], name: str = "") -> Any:
    """A value that the schema allows; fields named like a thing hold that thing's id."""
    schema = _resolved(schema)
    if name in things:
        return things[name]
    if name in FIELDS:
        return FIELDS[name]
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return _object(schema, things)
        case "array":
            return [example(schema["items"], things)] * max(schema.get("minItems", 0), 1)
        case "integer" | "number":
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            return max(int(least), int(schema.get("multipleOf", 1)))
        case "boolean":
            return False
        case _:
            return _text(schema)


def _object(schema: Schema, things: Mapping[str, str]) -> dict[str, Any]:
    """Required fields, and whatever else names a thing or stands in the table."""
    properties = schema.get("properties", {})
    wanted = {*schema.get("required", ()), *(properties.keys() & (things.keys() | FIELDS.keys()))}
    return {name: example(properties[name], things, name) for name in properties if name in wanted}


def _text(schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return FROM
    if "pattern" in schema and re.search(schema["pattern"], "123456"):
        return "123456"
    return "x" * max(int(schema.get("minLength", 1)), 1)
