"""What an event is: a name in the past tense and the whole public truth of its aggregate."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class Facts(BaseModel):
    """Everything public about one aggregate after a change.

    Only ever extended by fields with defaults; unknown fields of a newer publisher are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


F = TypeVar("F", bound=Facts, covariant=True)

REGISTRY: dict[str, "type[Event[Any]]"] = {}
"""Routing key -> event class, for decoding."""


@dataclass(frozen=True)
class Event(Generic[F]):
    """Something that happened. Subclasses are named in the past tense and add no fields.

    An aggregate's events share a base that names publisher, aggregate and facts; each concrete
    event is one line below it: ``class JobBooked(JobEvent): ...``.
    """

    facts: F

    publisher: ClassVar[str] = ""
    aggregate: ClassVar[str] = ""
    facts_class: ClassVar[type[Facts]] = Facts
    routing_key: ClassVar[str] = ""
    is_snapshot: ClassVar[bool] = False

    def __init_subclass__(
        cls,
        *,
        publisher: str = "",
        aggregate: str = "",
        facts: type[Facts] | None = None,
        version: int = 1,
    ) -> None:
        if publisher:
            cls.publisher, cls.aggregate = publisher, aggregate
            cls.facts_class = facts or Facts
            return
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        cls.routing_key = f"{cls.publisher}.{name}.v{version}"
        cls.is_snapshot = name == f"{cls.aggregate}_snapshot"
        REGISTRY[cls.routing_key] = cls


E = TypeVar("E", bound=Event[Any], covariant=True)


@dataclass(frozen=True)
class Delivered(Generic[E]):
    """An event as a consumer gets it.

    subject is the aggregate's id; sequence numbers the aggregate's events from 1 without gaps;
    time is when the change was decided (UTC). Delivery may repeat and may be out of order.
    """

    id: str
    tenant: str
    subject: str
    sequence: int
    time: datetime
    event: E

    @property
    def is_snapshot(self) -> bool:
        return self.event.is_snapshot
