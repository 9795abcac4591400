"""The table at the door: every command in every state by everybody, as the API answers it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.jobs.model import Command, Job, State
from services.jobs.model.transitions import TABLE, WHO
from services.jobs.model.values import Side
from services.jobs.store import JobStore
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.jobs.builders import GIVEN, NOW, a_job
from tests.jobs.journey import DELIVERY, a_helper, money, offer_body, slot

BODIES: dict[Command, Any] = {
    Command.OFFER: offer_body(),
    Command.COUNTER: offer_body(),
    Command.ACCEPT: {"offer_id": "offer_x"},
    Command.PROPOSE_RESCHEDULE: {"slot": slot()},
    Command.PROPOSE_CHANGE: {"minutes": 30},
    Command.DELIVER: DELIVERY,
    Command.FAIL: {"cause": "other"},
    Command.CANCEL: {"reason": "ill", "cause_party": "helper"},
    Command.DISPUTE: {"reason": "broken"},
    Command.PAYMENT_WORD: {"paid": False},
    Command.RESOLVE: {"outcome": "half", "refund": money(1)},
}


async def placed(jobs: Harness, state: State, people: dict[Side, str]) -> Job:
    """A job that came to this state, given to these people, as if it had happened by now."""
    job = a_job(state)
    names = {"ada": people[Side.CUSTOMER], "ben": people[Side.HELPER]}
    late = timedelta(seconds=round((utc_now() - NOW).total_seconds()))
    job.id = new_id("job")
    job.order = f"0|{job.id}"
    job.customer_id, job.helper_id = names["ada"], names["ben"]
    job.seats = [f"customer:{names['ada']}", f"helper:{names['ben']}"]
    job.offers = [
        replace(
            each,
            helper_id=names[each.helper_id],
            by=names[each.by],
            expires_at=each.expires_at + late,
        )
        for each in job.offers
    ]
    job.milestones = {name: at + late for name, at in job.milestones.items()}
    job.request_expires_at += late
    job.due_at = None
    job.version = 0
    await jobs.scope().store(JobStore).create(job, [])
    return job


@pytest.mark.parametrize("state", State)
async def test_every_command_that_the_state_does_not_allow_is_a_conflict_that_names_what_it_does(
    jobs: Harness, state: State
):
    people = {
        Side.CUSTOMER: await jobs.person(),
        Side.HELPER: await a_helper(jobs),
        Side.SUPPORT: await jobs.person(),
    }
    job = await placed(jobs, state, people)
    seen = 0
    for side, person in people.items():
        roles = ("customer", "support") if side is Side.SUPPORT else ("customer",)
        async with jobs.client(person, roles=roles) as client:
            allowed = (await client.get(f"/v1/jobs/{job.id}")).json()["allowed"]
            for command in GIVEN:
                if (command, state) in TABLE:
                    continue
                body = BODIES.get(command)
                answer = await client.post(
                    f"/v1/jobs/{job.id}/{command}",
                    headers={"Idempotency-Key": new_id("key")},
                    **({} if body is None else {"json": body}),
                )
                told = answer.json()
                assert command not in allowed
                if side not in WHO[command]:
                    assert (answer.status_code, told["code"]) == (403, "not_your_command"), command
                    continue
                assert (answer.status_code, told["code"]) == (409, "illegal_transition"), command
                assert told["allowed"] == allowed
                seen += 1
    assert seen
    assert (await jobs.scope().store(JobStore).get(job.id)).version == 1
