"""Every named look-up reads through an index."""

from typing import Any

import pytest

from services.profiles.model.document import DocumentStatus
from services.profiles.store import DocumentStore, HelperStore, JobRows
from tests.harness import Harness

LOOK_UPS = [
    (HelperStore, lambda store: store.filed_under(["*|a", "*|b"], 9)),
    (HelperStore, lambda store: store.filed_with_hours(["*|a", "*|b"], 9)),
    (HelperStore, lambda store: store.after("", 9)),
    (DocumentStore, lambda store: store.in_queue(DocumentStatus.PENDING, "", 9)),
    (DocumentStore, lambda store: store.of_helper("acc_1", None, 9)),
    (DocumentStore, lambda store: store.of_helper("acc_1", "9", 9)),
    (JobRows, lambda store: store.booked(["acc_1"])),
    (JobRows, lambda store: store.booked(["acc_1", "acc_2"])),
    (JobRows, lambda store: store.latest_ended("acc_1", 9)),
    (JobRows, lambda store: store.latest_asked("acc_1", 9)),
    (JobRows, lambda store: store.latest_visits("acc_1", 9)),
    (JobRows, lambda store: store.of_errands(["acc_1|wifi", "acc_2|tv"])),
]


class Watched:
    """A collection that remembers what was asked of it."""

    def __init__(self, documents: Any) -> None:
        self._documents = documents
        self.cursor: Any = None

    def find(self, *arguments: Any, **options: Any) -> Any:
        self.cursor = self._documents.find(*arguments, **options)
        return self.cursor


def stages(plan: dict[str, Any]) -> list[str]:
    return [plan["stage"], *(stages(plan["inputStage"]) if "inputStage" in plan else [])]


@pytest.mark.parametrize(("kind", "look_up"), LOOK_UPS)
async def test_every_look_up_uses_an_index(profiles: Harness, kind: Any, look_up: Any):
    scope = profiles.scope()
    store = scope.store(kind)
    store._documents = watched = Watched(store._documents)
    await look_up(store)
    plan = await watched.cursor.clone().explain()
    used = stages(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in used
    assert "COLLSCAN" not in used
