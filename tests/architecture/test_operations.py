import re
from functools import cache
from typing import Any

import pytest

from deploy.openapi import merge, schemas
from deploy.openapi.merge import operations

Operation = dict[str, Any]
OPEN, BY_ROLE = {"public", "any_host"}, {"roles", "platform"}
ROLES = {"customer", "helper", "support", "tenant_admin", "partner", "platform_admin"}


@cache
def document() -> dict[str, Any]:
    return merge(schemas())


ALL = [
    pytest.param(path, method, operation, id=operation.get("operationId", f"{method} {path}"))
    for path, method, operation in operations(document())
]
every_operation = pytest.mark.parametrize(("path", "method", "operation"), ALL)


@every_operation
def test_it_says_who_may_call_it(path: str, method: str, operation: Operation) -> None:
    access, roles = operation["x-access"], set(operation.get("x-roles", ()))
    assert access in OPEN | {"person"} | BY_ROLE
    assert bool(roles) is (access in BY_ROLE)
    assert roles <= ROLES, f"{method} {path}: nobody is {roles - ROLES}"
    security = operation["security"]
    assert (not security or {} in security) is (access in OPEN), "security says the same"


@every_operation
def test_it_says_what_a_good_answer_is(path: str, method: str, operation: Operation) -> None:
    good = {code: each for code, each in operation["responses"].items() if code.startswith("2")}
    assert good, f"{method} {path} never succeeds"
    for code, answer in good.items():
        contents = answer.get("content", {})
        assert contents or code in {"202", "204"}, f"{method} {path}: {code} without a body"
        for media_type, content in contents.items():
            schema = content.get("schema")
            assert schema or not media_type.endswith("json"), f"{method} {path}: any {media_type}"


@every_operation
def test_a_thing_in_its_path_is_named_by_what_it_is(
    path: str, method: str, operation: Operation
) -> None:
    """``{job_id}``, never ``{id}``: tools fill it in by its name."""
    for name in re.findall(r"\{(\w+)\}", path):
        assert name != "id", f"{method} {path}"
