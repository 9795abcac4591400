"""Who may use which route: every cell of the table that ``helphood routes`` prints, by asking."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from deploy.cli.routes import (
    CALLERS,
    FORBIDDEN,
    NOTHING_THERE,
    OPEN,
    UNAUTHENTICATED,
    Row,
    rows,
)
from tests.isolation.operations import PLAIN, Operation, all_operations
from tests.isolation.world import HOME, PLATFORM, World, unknown
from tests.platform import Platform

ROWS = list(rows())
OPERATIONS = {operation.id: operation for operation in all_operations()}

UNKNOWN = {"no_such_parameter": "1"}
"""Whoever is let in is told of it (422) before the route does anything."""

CODES = {
    OPEN: (422, None),
    UNAUTHENTICATED: (401, "unauthenticated"),
    FORBIDDEN: (403, "forbidden"),
    NOTHING_THERE: (404, None),
}


@dataclass(frozen=True)
class Caller:
    host: str
    token: str | None


@pytest.fixture(scope="module")
def callers(world: World, platform: Platform) -> Iterator[dict[str, Caller]]:
    """One of each kind, with tokens that identity gave them."""
    with ExitStack() as leaving:
        chief = leaving.enter_context(platform.person("vodafone", "Thekla Leitung")).join()
        role = {"email": chief.address, "role": "tenant_admin"}
        platform.admin.request("POST", "/v1/admin/tenants/vodafone/roles", role)
        chief.log_in()
        people = {
            "visitor": None,
            "customer": world.strangers["neighbour"].value,
            "helper": world.strangers["rival"].value,
            "support": world.strangers["support"].value,
            "tenant_admin": str(chief.answers[-1].body["access_token"]),
            "partner": _machine(platform),
        }
        found = {name: Caller(HOME, token) for name, token in people.items()}
        root = str(platform.admin._client.headers["Authorization"]).removeprefix("Bearer ")
        yield found | {"platform_admin": Caller(PLATFORM, root)}


def _machine(platform: Platform) -> str:
    """With every scope there is."""
    body = {"name": "Sweep", "scopes": ["events:read", "webhooks:manage", "reports:read"]}
    made = platform.admin.request("POST", "/v1/admin/tenants/vodafone/clients", body)
    form = {
        "grant_type": "client_credentials",
        "client_id": made["id"],
        "client_secret": made["secret"],
    }
    with platform.visitor("vodafone") as machine:
        return str(machine.ask("POST", "/v1/auth/token", data=form).body["access_token"])


def test_the_table_names_every_route_and_every_caller() -> None:
    assert {row.operation for row in ROWS} == set(OPERATIONS)
    assert all(tuple(row.cells) == CALLERS for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_each_caller_is_let_in_or_refused_as_the_table_says(
    world: World, callers: dict[str, Caller], row: Row
) -> None:
    path = _path(OPERATIONS[row.operation], world)
    told = {caller: _asked(world, row, path, callers[caller]) for caller in CALLERS}
    expected = {caller: CODES[cell] for caller, cell in row.cells.items()}
    shown = {
        caller: (status, code if expected[caller][1] else None)
        for caller, (status, code) in told.items()
    }
    assert shown == expected


def _path(operation: Operation, world: World) -> str:
    """Names nothing that is there, so that the route could not do anything either."""
    things = {name: ids[0] for name, ids in world.things.items()}
    known = PLAIN | unknown(things)
    return operation.path.format(**{name: known[name] for name in operation.path_parameters})


def _asked(world: World, row: Row, path: str, caller: Caller) -> tuple[int, str | None]:
    headers = {"Host": caller.host}
    if caller.token is not None:
        headers["Authorization"] = f"Bearer {caller.token}"
    url = world.platform.stack.address() + path
    answer: httpx.Response = world.client.request(row.method, url, params=UNKNOWN, headers=headers)
    return answer.status_code, answer.json().get("code")
