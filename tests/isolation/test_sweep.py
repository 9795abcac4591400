"""Every route, with wrong tokens, wrong hosts and wrong people; nothing leaks, not even existence.

The routes come from the services' own OpenAPI documents, so that a new one is covered at once.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.isolation.conftest import Observed
from tests.isolation.operations import PLAIN, Operation, all_operations
from tests.isolation.world import (
    HOME,
    NOWHERE,
    PLATFORM,
    PUBLIC,
    Reply,
    Token,
    World,
    unknown,
)

OPERATIONS = all_operations()
CLOSED = [each for each in OPERATIONS if each.access not in {"public", "any_host"}]
TENANTS_OWN = [each for each in OPERATIONS if each.access != "any_host"]
FOR_ROLES = [each for each in OPERATIONS if each.access == "roles"]
OF_THE_PLATFORM = [each for each in OPERATIONS if each.platform_only]
READINGS = [each for each in OPERATIONS if each.method == "GET" and each.path_parameters]
LISTS = [each for each in TENANTS_OWN if each.method == "GET" and not each.path_parameters]

DOORS = ("gateway", "service")
LIES = (
    "expired",
    "not valid yet",
    "forged",
    "unsigned",
    "signed with the public key",
    "no token",
)
NEIGHBOURS = ("neighbour", "rival")
FOREIGNERS = ("foreigner", "foreign helper", "foreign support")
NOT_OF_THE_FORM = {"invalid_request", "malformed_body", "idempotency_key_required"}

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
each_closed = pytest.mark.parametrize("operation", CLOSED, ids=str)
each_tenants_own = pytest.mark.parametrize("operation", TENANTS_OWN, ids=str)


def host_of(operation: Operation) -> str:
    return PLATFORM if operation.platform_only else HOME


def private(operation: Operation, things: dict[str, list[str]]) -> set[str]:
    """The things an operation names that are some person's alone."""
    return (operation.names & things.keys()) - PUBLIC


# Who is nobody --------------------------------------------------------------------------------


@each_operation
def test_every_parameter_is_known(world: World, operation: Operation) -> None:
    """A new kind of thing needs somebody it belongs to, or the sweep would miss it."""
    missing = set(operation.path_parameters) - PLAIN.keys() - world.things.keys()
    assert not missing, f"create one of {missing} in tests/isolation/world.py"
    assert operation.filled({name: ids[0] for name, ids in world.things.items()})
    assert operation.query is not None


@each_operation
@pytest.mark.parametrize("door", DOORS)
def test_without_a_token_only_public_routes_answer(
    world: World, operation: Operation, door: str
) -> None:
    reply = world.ask(operation, host_of(operation), door=door)
    if operation in CLOSED:
        assert (reply.status, reply.code) == (401, "unauthenticated"), reply.text
        assert reply.headers["www-authenticate"].startswith("Bearer")
    else:
        assert reply.status != 401, reply.text
        assert reply.status < 500, reply.text


@each_tenants_own
@pytest.mark.parametrize("door", DOORS)
def test_a_token_of_another_tenant_is_no_token_here(
    world: World, operation: Operation, door: str
) -> None:
    token = world.strangers["foreigner"].value
    reply = world.ask(operation, host_of(operation), token, door=door)
    assert (reply.status, reply.code) == (401, "invalid_token"), reply.text


@each_tenants_own
@pytest.mark.parametrize("door", DOORS)
def test_a_false_token_is_refused(world: World, operation: Operation, door: str) -> None:
    for lie in LIES:
        reply = world.ask(operation, host_of(operation), world.false[lie], door=door)
        assert (reply.status, reply.code) == (401, "invalid_token"), (lie, reply.text)


@each_tenants_own
@pytest.mark.parametrize("door", DOORS)
def test_nothing_is_served_at_an_unknown_host(
    world: World, operation: Operation, door: str
) -> None:
    for token in (None, world.owners[0].value):
        reply = world.ask(operation, NOWHERE, token, door=door)
        assert (reply.status, reply.code) == (404, "unknown_tenant"), reply.text


@pytest.mark.parametrize("operation", OF_THE_PLATFORM, ids=str)
def test_a_tenants_host_knows_nothing_of_the_platforms_routes(
    world: World, operation: Operation
) -> None:
    for token in (None, *(owner.value for owner in world.owners)):
        assert world.ask(operation, HOME, token).status == 404


@pytest.mark.parametrize("operation", FOR_ROLES, ids=str)
def test_without_the_role_a_route_is_forbidden(world: World, operation: Operation) -> None:
    for name in (*NEIGHBOURS, "foreigner", "foreign helper"):
        stranger = world.strangers[name]
        for things in world.rounds(operation) or [{}]:
            path, body = operation.filled(things)
            reply = world.ask(operation, stranger.host, stranger.value, path=path, body=body)
            assert (reply.status, reply.code) == (403, "forbidden"), reply.text


# Who is somebody else -------------------------------------------------------------------------


@each_closed
def test_another_person_of_the_tenant_finds_nothing(
    world: World, before: Observed, operation: Operation
) -> None:
    hidden = private(operation, world.things)
    for each in attempts(world, operation, NEIGHBOURS):
        each.must_hold_none_of(world.private)
        if operation.access == "roles":
            assert each.answered.status == 403
        elif hidden:
            each.must_be_as_if_it_were_not_there()


@each_closed
def test_support_finds_nothing_but_by_its_own_routes(
    world: World, before: Observed, operation: Operation
) -> None:
    """Jobs are open to support, as it decides disputes; what people say to each other is not."""
    if operation.access != "person" or operation.service == "jobs":
        return
    if private(operation, world.things):
        for each in attempts(world, operation, ["support"]):
            each.must_hold_none_of(world.private)
            each.must_be_as_if_it_were_not_there()


@each_tenants_own
def test_a_person_of_another_tenant_finds_nothing(
    world: World, before: Observed, operation: Operation
) -> None:
    for each in attempts(world, operation, FOREIGNERS):
        each.must_hold_none_of(world.private | world.public)
        if operation.access == "roles" and each.stranger.name != "foreign support":
            assert each.answered.status == 403
        else:
            each.must_be_as_if_it_were_not_there()


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_what_names_nobody_shows_nobody_elses(
    world: World, before: Observed, operation: Operation
) -> None:
    """Lists, searches, one's own pages; here also after all the attempts above."""
    for each in attempts(world, operation, (*NEIGHBOURS, *FOREIGNERS), [{}]):
        foreign = each.stranger.name in FOREIGNERS
        each.must_hold_none_of(world.private | (world.public if foreign else {}))


@dataclass(frozen=True)
class Attempt:
    """A stranger's request for things of others, and one for things that never were."""

    stranger: Token
    things: dict[str, str]
    answered: Reply
    nothing: Reply

    def must_hold_none_of(self, secrets: dict[str, str]) -> None:
        """What the stranger did not say before, the stranger must not be told."""
        told = self.answered.told
        assert self.answered.status < 500, told[:1000]
        for what, secret in secrets.items():
            if secret not in self.things.values():
                assert secret not in told, f"{self.stranger.name} is told the {what}: {told[:1000]}"

    def must_be_as_if_it_were_not_there(self) -> None:
        assert self.answered.status == 404, f"{self.stranger.name}: {self.answered.text[:1000]}"
        assert self.answered.problem == self.nothing.problem, (
            f"{self.stranger.name} can tell what is there from what is not"
        )
        assert "etag" not in self.answered.headers


def attempts(
    world: World,
    operation: Operation,
    names: Sequence[str],
    rounds: Sequence[dict[str, str]] | None = None,
) -> list[Attempt]:
    """All at once, as each may be let wait for an event that will not come."""

    def ask(stranger: Token, things: dict[str, str]) -> Reply:
        path, body = operation.filled(things, stranger.currency)
        return world.ask(operation, stranger.host, stranger.value, path=path, body=body)

    asked = [
        (world.strangers[name], things)
        for name in names
        for things in (world.rounds(operation) if rounds is None else rounds)
    ]
    with ThreadPoolExecutor() as pool:
        real = [pool.submit(ask, stranger, things) for stranger, things in asked]
        made_up = [pool.submit(ask, stranger, unknown(things)) for stranger, things in asked]
    return [
        Attempt(stranger, things, found.result(), nothing.result())
        for (stranger, things), found, nothing in zip(asked, real, made_up, strict=True)
    ]


# What is left ---------------------------------------------------------------------------------


def test_afterwards_the_owners_see_what_they_saw_before(world: World, before: Observed) -> None:
    assert world.observed(READINGS) == before


@each_operation
def test_for_somebody_the_thing_is_there(
    world: World, before: Observed, operation: Operation
) -> None:
    """Otherwise a 404 above would prove nothing. These requests change things: they come last."""
    rounds = world.rounds(operation)
    if not rounds:
        return
    replies: list[Reply] = []
    for things in rounds:
        path, body = operation.filled(things)
        for owner in world.owners:
            replies.append(world.ask(operation, owner.host, owner.value, path=path, body=body))
            if found(replies[-1]):
                return
    pytest.fail(f"nobody finds it: {[(each.status, each.text) for each in replies]}")


def found(reply: Reply) -> bool:
    return (
        reply.status not in {401, 404, 405, 415, 428}
        and reply.status < 500
        and (reply.status != 422 or reply.code not in NOT_OF_THE_FORM)
    )
