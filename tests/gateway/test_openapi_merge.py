"""The services' documents become one, and one route table."""

import json
from typing import Any

import pytest

from deploy.openapi import ConflictError, merge, route_table
from tests.gateway.documents import MONEY, PROBLEM, a_document, jobs_document, operation

Json = dict[str, Any]


def reviews_document(**schemas: Json) -> Json:
    paths = {"/v1/reviews": {"post": operation("reviews_write_review", answers="Money")}}
    return a_document(paths, **{"Money": MONEY, **schemas})


def test_every_path_has_its_services_tag() -> None:
    merged = merge({"reviews": reviews_document(), "jobs": jobs_document()})
    assert list(merged["paths"]) == ["/v1/jobs", "/v1/jobs/{job_id}", "/v1/reviews"]
    assert merged["paths"]["/v1/reviews"]["post"]["tags"] == ["reviews"]
    assert merged["tags"] == [{"name": "jobs"}, {"name": "reviews"}]
    assert merged["servers"][0]["url"] == "{scheme}://{host}"


def test_a_component_that_is_the_same_everywhere_is_there_once() -> None:
    merged = merge({"jobs": jobs_document(), "reviews": reviews_document()})
    assert list(merged["components"]["schemas"]) == ["Job", "Money", "Problem", "Request"]
    assert merged["components"]["schemas"]["Problem"] == PROBLEM


def test_components_of_one_name_that_differ_get_their_services_name() -> None:
    other = {"type": "string"}
    merged = merge({"jobs": jobs_document(), "reviews": reviews_document(Money=other)})
    schemas = merged["components"]["schemas"]
    assert schemas["JobsMoney"] == MONEY
    assert schemas["ReviewsMoney"] == other
    assert "Money" not in schemas
    answer = merged["paths"]["/v1/reviews"]["post"]["responses"]["200"]
    reference = answer["content"]["application/json"]["schema"]["$ref"]
    assert reference == "#/components/schemas/ReviewsMoney"
    price = schemas["Job"]["properties"]["price"]["anyOf"][0]
    assert price == {"$ref": "#/components/schemas/JobsMoney"}


def test_components_that_refer_to_what_differs_differ_as_well() -> None:
    page = {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}
    one = a_document({}, Page=page, Item={"type": "string"})
    two = a_document({}, Page=page, Item={"type": "integer"})
    schemas = merge({"jobs": one, "reviews": two})["components"]["schemas"]
    assert schemas["JobsPage"]["items"] == {"$ref": "#/components/schemas/JobsItem"}
    assert schemas["ReviewsPage"]["items"] == {"$ref": "#/components/schemas/ReviewsItem"}


def test_the_mapping_of_a_discriminator_is_rewritten_too() -> None:
    reference = "#/components/schemas/Item"
    shape = {
        "oneOf": [{"$ref": reference}],
        "discriminator": {"propertyName": "kind", "mapping": {"item": reference}},
    }
    one = a_document({}, Shape=shape, Item={"type": "object"})
    two = a_document({}, Item={"type": "string"})
    schemas = merge({"jobs": one, "reviews": two})["components"]["schemas"]
    assert schemas["Shape"]["discriminator"]["mapping"] == {"item": "#/components/schemas/JobsItem"}


def test_the_order_of_the_services_makes_no_difference() -> None:
    jobs, reviews = jobs_document(), reviews_document()
    one = json.dumps(merge({"jobs": jobs, "reviews": reviews}))
    assert one == json.dumps(merge({"reviews": reviews, "jobs": jobs}))


@pytest.mark.parametrize("path", ["/v1/jobs/{job_id}", "/v1/jobs/{id}"])
def test_a_path_of_two_services_is_refused_and_both_are_named(path: str) -> None:
    reviews = a_document({path: {"get": operation("reviews_read_job")}})
    with pytest.raises(ConflictError, match=r"/v1/jobs/.* both jobs and reviews"):
        merge({"jobs": jobs_document(), "reviews": reviews})


@pytest.mark.parametrize("name", ["read_job", "jobs_read", "reviews_read_job", "jobs_Read_job", ""])
def test_an_operation_id_must_name_service_verb_and_noun(name: str) -> None:
    with pytest.raises(ConflictError, match="GET /v1/x: operationId"):
        merge({"jobs": a_document({"/v1/x": {"get": operation(name)}})})


def test_an_operation_id_is_used_once() -> None:
    same = operation("jobs_read_job")
    with pytest.raises(ConflictError, match="is taken by GET /v1/a"):
        merge({"jobs": a_document({"/v1/a": {"get": same}, "/v1/b": {"get": same}})})


def test_an_older_openapi_is_refused() -> None:
    with pytest.raises(ConflictError, match=r"jobs: OpenAPI 3\.1"):
        merge({"jobs": {**jobs_document(), "openapi": "3.0.3"}})


def test_differing_security_schemes_are_refused() -> None:
    documents = {"jobs": a_document({}), "reviews": a_document({})}
    for scheme, document in zip(("basic", "bearer"), documents.values(), strict=True):
        document["components"]["securitySchemes"] = {"Bearer": {"type": "http", "scheme": scheme}}
    with pytest.raises(ConflictError, match="Bearer differs"):
        merge(documents)


def test_a_services_own_affairs_are_not_published() -> None:
    hidden = ("/healthz", "/readyz", "/metrics", "/internal/parked")
    paths = {path: {"get": operation("jobs_read_state")} for path in hidden}
    documents = {"jobs": a_document(paths), "reviews": a_document(paths)}
    assert merge(documents)["paths"] == {}
    assert route_table(documents) == {"jobs": [], "reviews": []}


def test_the_route_table_holds_what_the_gateway_must_know() -> None:
    stream = operation("messaging_read_stream")
    stream["responses"]["200"]["content"] = {"text/event-stream": {}}
    upload = operation("messaging_add_attachment")
    upload |= {"x-access": "person", "x-max-bytes": 10_485_760}
    public = operation("messaging_read_note")
    public |= {"x-access": "public", "x-max-bytes": 262_144}
    paths = {
        "/v1/stream": {"get": stream},
        "/v1/attachments": {"post": upload, "get": public, "parameters": []},
    }
    assert route_table({"messaging": a_document(paths)}) == {
        "messaging": [
            {
                "path": "/v1/attachments",
                "methods": {
                    "GET": {"access": "public"},
                    "POST": {"access": "person", "max_bytes": 10_485_760},
                },
            },
            {"path": "/v1/stream", "methods": {"GET": {"access": "person", "streaming": True}}},
        ]
    }
