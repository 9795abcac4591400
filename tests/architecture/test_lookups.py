import importlib
from functools import cache
from typing import Any

import pytest

from deploy.local.stack import SERVICES
from shared.store import Files, Index, SealedFiles
from tests.lookups import AnyStore, Question, look_ups, questions, serves, stores

LOOK_UPS = [(kind, name) for kind in stores() for name in look_ups(kind)]
UNDERSTOOD = {"$in", "$lt", "$lte", "$gt", "$gte"}
"""The others are slow on the embedded database, on a sharded cluster, or on both."""

UNSCOPED = {"TenantStore.everyones": "the platform's administrator sees all tenants"}

BY_TENANT_AND_STATE = Index((("tenant", 1), ("state", 1), ("order", -1)))


def named(value: Any) -> str | None:
    return value.__name__ if isinstance(value, type) else None


@pytest.mark.parametrize(("kind", "look_up"), LOOK_UPS, ids=named)
async def test_a_look_up_is_served_by_one_index(kind: AnyStore, look_up: str) -> None:
    name = f"{kind.__name__}.{look_up}"
    asked = await questions(kind, look_up)
    assert asked, f"{name} asked nothing"
    for question in asked:
        if name in UNSCOPED:
            continue
        assert "tenant" in question.equal, f"{name} asks over all tenants: {question}"
        assert question.operators <= UNDERSTOOD, f"{name} asks with {question.operators}"
        if "_id" in question.equal:
            continue
        declared = [index.fields for index in kind.indexes]
        assert any(serves(index, question) for index in kind.indexes), (
            f"{name} would read more than it returns: {question}; "
            f"an index must begin with tenant and the equal fields, then the sort; "
            f"declared are {declared}"
        )


@pytest.mark.parametrize(
    ("question", "served"),
    [
        (Question({"tenant": "t", "state": "open"}, (("order", -1),)), True),
        (Question({"state": "open", "tenant": "t"}, (("order", 1),)), True),
        (Question({"tenant": "t", "state": "open", "order": {"$lt": "9"}}), True),
        (Question({"tenant": "t", "state": {"$in": ["open"]}}, (("order", -1),)), True),
        (Question({"tenant": "t"}, (("order", -1),)), False),
        (Question({"tenant": "t", "customer": "a"}, (("order", -1),)), False),
        (Question({"tenant": "t", "state": "open", "customer": "a"}), False),
        (Question({"tenant": "t", "state": "open", "due": {"$lt": 1}}, (("order", -1),)), False),
        (Question({"tenant": "t", "state": "open"}, (("due", -1),)), False),
        (Question({"state": "open"}, (("order", -1),)), False),
    ],
    ids=str,
)
def test_the_rule_tells_a_served_question_from_a_scan(question: Question, served: bool) -> None:
    assert serves(BY_TENANT_AND_STATE, question) is served


@pytest.mark.parametrize("service", SERVICES)
def test_every_store_of_a_service_is_known_to_its_wiring(service: str) -> None:
    """Otherwise nobody would make its indexes, relay its events or watch its timers."""
    defined: set[type[Any]] = {
        kind for kind in stores() if kind.__module__.startswith(f"services.{service}.")
    }
    room = importlib.import_module(f"services.{service}.store")
    defined |= {
        kind
        for kind in vars(room).values()
        if isinstance(kind, type) and issubclass(kind, Files) and kind not in (Files, SealedFiles)
    }
    wired = set(made(service).state.runtime.stores)
    assert defined <= wired, {kind.__name__ for kind in defined - wired}


def test_no_two_stores_of_a_service_share_a_collection() -> None:
    for service in SERVICES:
        wired = made(service).state.runtime.stores
        names = [kind.collection for kind in wired if not issubclass(kind, Files)]
        assert len(set(names)) == len(names), f"{service}: {sorted(names)}"


@cache
def made(service: str) -> Any:
    """The service's application; nothing is started and nothing connects."""
    create = importlib.import_module(f"services.{service}.app").create
    settings = importlib.import_module(f"services.{service}.settings").Settings
    addresses = {"amqp_url": "amqp://localhost", "mongo_url": "mongodb://localhost"}
    needed = [name for name, each in settings.model_fields.items() if each.is_required()]
    return create(settings(**{name: addresses.get(name, "0" * 64) for name in needed}))
