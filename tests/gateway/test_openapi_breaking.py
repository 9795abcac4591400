"""What counts as breaking callers, and what does not."""

from collections.abc import Callable
from typing import Any

import pytest

from deploy.openapi import breaking
from tests.gateway.documents import jobs_document, operation

Json = dict[str, Any]
Change = Callable[[Json], object]


def after(change: Change) -> list[str]:
    changed = jobs_document()
    change(changed)
    return breaking(jobs_document(), changed)


def schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def listing(document: Json) -> Json:
    found: Json = document["paths"]["/v1/jobs"]["get"]
    return found


BREAKING: dict[str, Change] = {
    "GET /v1/jobs/{job_id}: the path is gone": lambda d: d["paths"].pop("/v1/jobs/{job_id}"),
    "POST /v1/jobs: the method is gone": lambda d: d["paths"]["/v1/jobs"].pop("post"),
    "GET /v1/jobs: query limit is gone": lambda d: listing(d)["parameters"].pop(0),
    "GET /v1/jobs: query state is newly required": lambda d: listing(d)["parameters"][1].update(
        required=True
    ),
    "GET /v1/jobs: query limit: maximum 100 became 50": lambda d: listing(d)["parameters"][0][
        "schema"
    ].update(maximum=50),
    "GET /v1/jobs: answer 200 is gone": lambda d: listing(d).update(responses={}),
    "GET /v1/jobs: answer 200: application/json is gone": lambda d: listing(d)["responses"][
        "200"
    ].pop("content"),
    "POST /v1/jobs: a body is no longer read": lambda d: d["paths"]["/v1/jobs"]["post"].pop(
        "requestBody"
    ),
    "POST /v1/jobs: body.note: is gone": lambda d: schema(d, "Request")["properties"].pop("note"),
    "POST /v1/jobs: body.note: is newly required": lambda d: schema(d, "Request")[
        "required"
    ].append("note"),
    "POST /v1/jobs: body.note: null is no longer accepted": lambda d: schema(d, "Request")[
        "properties"
    ].update(note={"type": "string"}),
    "POST /v1/jobs: body.title: string is no longer accepted": lambda d: schema(d, "Request")[
        "properties"
    ].update(title={"type": "integer"}),
    "POST /v1/jobs: body.title: maxLength 120 became 80": lambda d: schema(d, "Request")[
        "properties"
    ]["title"].update(maxLength=80),
    "POST /v1/jobs: body.title: the pattern changed": lambda d: schema(d, "Request")["properties"][
        "title"
    ].update(pattern="^[a-z]+$"),
    "POST /v1/jobs: body.kind: 'tv' is no longer accepted": lambda d: schema(d, "Request")[
        "properties"
    ]["kind"].update(enum=["wifi"]),
    "GET /v1/jobs: answer 200.state: is gone": lambda d: schema(d, "Job")["properties"].pop(
        "state"
    ),
    "GET /v1/jobs: answer 200.state: is no longer always there": lambda d: schema(d, "Job").update(
        required=["id"]
    ),
    "GET /v1/jobs: answer 200.id: integer is newly possible": lambda d: schema(d, "Job")[
        "properties"
    ].update(id={"type": "integer"}),
    "GET /v1/jobs: answer 200.id: null is newly possible": lambda d: schema(d, "Job")[
        "properties"
    ].update(id={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "GET /v1/jobs: answer 200.price: object is newly possible": lambda d: schema(d, "Money")[
        "properties"
    ].pop("amount_minor"),
}


@pytest.mark.parametrize("fault", BREAKING)
def test_it_breaks_callers(fault: str) -> None:
    assert fault in after(BREAKING[fault])


ALLOWED: dict[str, Change] = {
    "nothing changed": lambda d: None,
    "a new path": lambda d: d["paths"].update({"/v1/x": {"get": operation("jobs_read_x")}}),
    "a new method": lambda d: d["paths"]["/v1/jobs"].update(put=operation("jobs_put_job")),
    "another name of a parameter in the path": lambda d: d["paths"].update(
        {"/v1/jobs/{id}": d["paths"].pop("/v1/jobs/{job_id}")}
    ),
    "a new optional parameter": lambda d: listing(d)["parameters"].append(
        {"name": "cursor", "in": "query", "schema": {"type": "string"}}
    ),
    "a new optional field to send": lambda d: schema(d, "Request")["properties"].update(
        more={"type": "string"}
    ),
    "a new field in the answer": lambda d: schema(d, "Job")["properties"].update(
        more={"type": "string"}
    ),
    "a wider bound": lambda d: schema(d, "Request")["properties"]["title"].update(maxLength=200),
    "a new state in the answer": lambda d: schema(d, "Job")["properties"]["state"]["enum"].append(
        "closed"
    ),
    "a new kind to send": lambda d: schema(d, "Request")["properties"]["kind"]["enum"].append(
        "printer"
    ),
    "null is accepted": lambda d: schema(d, "Request")["properties"].update(
        title={"anyOf": [{"type": "string", "maxLength": 120}, {"type": "null"}]}
    ),
    "a number is accepted where a whole one was": lambda d: listing(d)["parameters"][0].update(
        schema={"type": "number", "maximum": 100}
    ),
    "a field to send is required no more": lambda d: schema(d, "Request").update(required=[]),
    "an answer that is always there now": lambda d: schema(d, "Job")["required"].append("price"),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_does_not_break_callers(name: str) -> None:
    assert after(ALLOWED[name]) == []


def test_a_component_that_was_renamed_is_compared_by_what_it_holds() -> None:
    changed = jobs_document()
    schemas = changed["components"]["schemas"]
    schemas["JobsMoney"] = schemas.pop("Money")
    schemas["Job"]["properties"]["price"]["anyOf"][0]["$ref"] = "#/components/schemas/JobsMoney"
    assert breaking(jobs_document(), changed) == []
