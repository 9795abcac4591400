"""What the stores of all services ask of their collections, look-up by look-up."""

import importlib.util
import inspect
import pkgutil
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from itertools import product
from typing import Any, Union, get_args, get_origin, get_type_hints

import services
from shared import mail, replicas
from shared.edge import Edge
from shared.kernel.errors import NotFound
from shared.store import Index, Projection, Store
from shared.store.codec import codec_for

AnyStore = type[Store[Any]] | type[Projection[Any]]

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_EDGE = Edge(
    if_match=None,
    require_match=False,
    key="k",
    body_hash="h",
    at=_NOON,
    answer=lambda _: b"{}",
    status=200,
)
"""Of a request with an Idempotency-Key, for look-ups of what was answered to it."""


@dataclass(frozen=True)
class Question:
    """One query as it reaches the driver; sort is (field, direction) in order."""

    where: Mapping[str, Any]
    sort: tuple[tuple[str, int], ...] = ()

    @property
    def equal(self) -> set[str]:
        """Fields that must have one of some given values."""
        return {name for name, wanted in self.where.items() if _operators(wanted) <= {"$in"}}

    @property
    def ranged(self) -> set[str]:
        return set(self.where) - self.equal

    @property
    def operators(self) -> set[str]:
        """Every operator, those at the top level included."""
        within = (_operators(wanted) for wanted in self.where.values())
        return set().union(*within) | {name for name in self.where if name.startswith("$")}

    def __str__(self) -> str:
        shown = {
            name: f"{{{', '.join(sorted(_operators(wanted)))}}}" if _operators(wanted) else "="
            for name, wanted in self.where.items()
        }
        return f"filter {shown}, sort {list(self.sort)}"


def _operators(wanted: Any) -> set[str]:
    if isinstance(wanted, Mapping) and all(name.startswith("$") for name in wanted):
        return set(wanted)
    return set()


def serves(index: Index, question: Question) -> bool:
    """Whether an index answers a question without looking at more than it must.

    It begins with tenant and the other equal fields, goes on with the sort (either way round),
    then with the fields that are compared.
    """
    equal, names = question.equal, [name for name, _ in index.fields]
    if names[0] != "tenant" or set(names[: len(equal)]) != equal:
        return False
    rest = index.fields[len(equal) :]
    head = rest[: len(question.sort)]
    backwards = tuple((name, -direction) for name, direction in head)
    if question.sort not in (tuple(head), backwards):
        return False
    sorted_by = {name for name, _ in question.sort}
    further = question.ranged - sorted_by
    return further == {name for name, _ in rest[len(head) : len(head) + len(further)]}


def stores() -> list[AnyStore]:
    """Every Store and Projection of the services, and those that all of them have."""
    modules: list[types.ModuleType] = [mail, replicas]
    for service in pkgutil.iter_modules(services.__path__):
        modules += _rooms(f"services.{service.name}.store")
    found = {
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, Store | Projection)
        and kind.__module__ == module.__name__
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def _rooms(name: str) -> Iterator[types.ModuleType]:
    """The module, and the modules within when it is a package; nothing when it is not there."""
    if importlib.util.find_spec(name) is None:
        return
    module = importlib.import_module(name)
    yield module
    for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield from _rooms(f"{name}.{inner.name}")


def look_ups(kind: AnyStore) -> list[str]:
    """The methods of a store's own that ask its collection something."""
    return [
        name
        for name, method in vars(kind).items()
        if inspect.iscoroutinefunction(method)
        and any(asks in inspect.getsource(method) for asks in ("self._find(", "self._documents"))
    ]


async def questions(kind: AnyStore, look_up: str) -> list[Question]:
    """What a look-up asks, called with every combination of example arguments."""
    method = getattr(kind, look_up)
    hints = get_type_hints(method)
    names = [name for name in inspect.signature(method).parameters if name != "self"]
    choices = [_examples(hints[name], f"{kind.__name__}.{look_up}({name})") for name in names]
    asked: list[Question] = []
    for values in product(*choices):
        store = kind.__new__(kind)
        collection = _Collection(asked)
        known = {"tenant": "t", "_documents": collection, "_codec": codec_for(kind.kind)}
        vars(store).update(known, _edge=_EDGE)
        call = getattr(store, look_up)(**dict(zip(names, values, strict=True)))
        # Nothing is found, so it may end in a refusal; it has asked by then.
        with suppress(NotFound):
            await call
    return asked


def _examples(hint: Any, where: str) -> list[Any]:
    """Values for an argument; None and something where both are allowed."""
    if get_origin(hint) in (Union, types.UnionType):
        return [value for each in get_args(hint) for value in _examples(each, where)]
    if get_origin(hint) in (list, Sequence):
        return [["a"], ["a", "b"]]
    if inspect.isclass(hint) and issubclass(hint, Enum):
        return [next(iter(hint))]
    known: dict[Any, Any] = {str: "a", int: 1, datetime: _NOON}
    if hint is type(None):
        return [None]
    if hint not in known:
        raise TypeError(f"{where} is {hint}: say in tests/lookups.py what an example is")
    return [known[hint]]


@dataclass
class _Collection:
    """A collection without documents that remembers what it was asked."""

    asked: list[Question]

    def find(self, where: Mapping[str, Any], *_: Any, **__: Any) -> "_Cursor":
        return _Cursor(self.asked, where)

    async def find_one(self, where: Mapping[str, Any], *_: Any, **__: Any) -> None:
        self.asked.append(Question(where))

    async def count_documents(self, where: Mapping[str, Any], **_: Any) -> int:
        self.asked.append(Question(where))
        return 0


@dataclass
class _Cursor:
    asked: list[Question]
    where: Mapping[str, Any]
    order: list[tuple[str, int]] = field(default_factory=list)

    def sort(self, key: str | Sequence[tuple[str, int]], direction: int = 1) -> "_Cursor":
        self.order += [(key, direction)] if isinstance(key, str) else list(key)
        return self

    def limit(self, _: int) -> "_Cursor":
        return self

    async def to_list(self, _: int | None = None) -> list[Any]:
        self.asked.append(Question(self.where, tuple(self.order)))
        return []
