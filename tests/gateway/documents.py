"""Small OpenAPI documents of made-up services, for the tests of merging and comparing."""

from copy import deepcopy
from typing import Any

Json = dict[str, Any]

PROBLEM: Json = {"type": "object", "properties": {"code": {"type": "string"}}}
JOB: Json = {
    "type": "object",
    "required": ["id", "state"],
    "properties": {
        "id": {"type": "string"},
        "state": {"enum": ["requested", "booked"], "type": "string"},
        "price": {"anyOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
    },
}
MONEY: Json = {
    "type": "object",
    "required": ["amount_minor"],
    "properties": {"amount_minor": {"type": "integer"}},
}
REQUEST: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "maxLength": 120},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "kind": {"enum": ["wifi", "tv"], "type": "string"},
    },
}


def refers(name: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def operation(name: str, answers: str | None = None, reads: str | None = None, **more: Any) -> Json:
    """An operation that answers 200 and reads a body, each with the schema of that name."""
    made: Json = {"operationId": name, "responses": {"200": {"description": "."}}, **more}
    if answers:
        made["responses"]["200"]["content"] = refers(answers)
    if reads:
        made["requestBody"] = {"required": True, "content": refers(reads)}
    return made


def a_document(paths: Json, **schemas: Json) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Some service", "version": "1"},
        "paths": deepcopy(paths),
        "components": {"schemas": deepcopy({"Problem": PROBLEM, **schemas})},
    }


def jobs_document() -> Json:
    listing = operation(
        "jobs_list_jobs",
        answers="Job",
        parameters=[
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
            {"name": "state", "in": "query", "schema": {"type": "string"}},
        ],
    )
    paths = {
        "/v1/jobs": {
            "get": listing,
            "post": operation("jobs_request_job", answers="Job", reads="Request"),
        },
        "/v1/jobs/{job_id}": {"get": operation("jobs_read_job", answers="Job")},
    }
    return a_document(paths, Job=JOB, Money=MONEY, Request=REQUEST)
