"""Wishes that come near their legal deadline are counted, and forgotten when they are fulfilled."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.identity.model.erasure import Erasure
from services.identity.model.erasure import State as ErasureState
from services.identity.model.export import Export, KeyPair
from services.identity.model.export import State as ExportState
from services.identity.store import ErasureStore, ExportStore
from services.identity.watch import NEAR, PRIVACY_REQUESTS_LATE, DeadlineWatch
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.store import Store
from tests.harness import Harness

DAY = timedelta(days=1)


def counted(kind: str, deadline: str) -> float:
    return float(PRIVACY_REQUESTS_LATE.labels("vodafone", kind, deadline)._value.get())


@pytest.mark.parametrize(
    ("kind", "open_state", "ended"),
    [
        (ErasureStore, ErasureState.WAITING, ErasureState.FINISHED),
        (ErasureStore, ErasureState.ERASING, ErasureState.WITHDRAWN),
        (ExportStore, ExportState.COLLECTING, ExportState.READY),
    ],
)
async def test_what_comes_near_its_deadline_is_counted(
    identity: Harness, kind: type[Store[Any]], open_state: str, ended: str
):
    database = identity.runtime.database
    store = kind.unrelayed(database, "vodafone")
    watch = DeadlineWatch(database)
    await watch.count()
    before = counted(store.noun, "near"), counted(store.noun, "missed")
    now = utc_now()
    wishes = {
        what: await asked(store, now + left, open_state)
        for what, left in (("far", NEAR + DAY), ("near", NEAR - DAY), ("missed", -DAY))
    }
    await watch.count()
    assert counted(store.noun, "near") == before[0] + 1
    assert counted(store.noun, "missed") == before[1] + 1
    for id in wishes.values():
        await store.update(id, lambda wish: setattr(wish, "state", ended))
    await watch.count()
    assert (counted(store.noun, "near"), counted(store.noun, "missed")) == before


async def asked(store: Store[Any], deadline: datetime, state: str) -> str:
    """A wish that has come so far; it is due for nothing."""
    person = new_id("acc")
    wish: Any
    if isinstance(store, ErasureStore):
        wish, _ = Erasure.ask(store.tenant, person, utc_now())
    else:
        wish, _ = Export.ask(store.tenant, person, KeyPair("public", "private"), utc_now())
    wish.deadline_at, wish.state, wish.due_at = deadline, state, None
    await store.create(wish, [])
    id: str = wish.id
    return id
