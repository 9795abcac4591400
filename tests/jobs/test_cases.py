"""Escalation to support through the API, with a real database and a real broker."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.jobs.model.case import Case
from services.jobs.model.working_hours import WorkingHours
from services.jobs.privacy import JobsData
from services.jobs.store import CaseStore
from services.jobs.watch import CASES_OVERDUE, MOST, CaseWatch
from shared.contracts import audit
from shared.contracts.identity import AccountFacts, AccountRegistered
from shared.contracts.jobs import (
    CaseClosed,
    CaseOpened,
    CaseOverdue,
    CaseResponded,
    JobDisputed,
    JobSnapshot,
)
from shared.contracts.messaging import AcquaintanceFacts, PeerBlocked
from shared.kernel.ids import derived_id, new_id
from tests.harness import Harness
from tests.jobs.claims import SUPPORT, a_claim, a_visit, act, look, looks_by
from tests.jobs.journey import DAY, HOUR, Story, a_helper, ask, in_two_days, slot

MINUTE = timedelta(minutes=1)


async def call_support(
    story: Story, type: str = "safety", *, by: str = "", key: str | None = ""
) -> httpx.Response:
    body = {"type": type, "reason": "He shouts at me"}
    return await story.post("cases", body, by=by or story.customer, key=key)


async def opened(story: Story, type: str = "safety", *, by: str = "") -> dict[str, Any]:
    answer = await call_support(story, type, by=by)
    assert answer.status_code == 201, answer.text
    case: dict[str, Any] = answer.json()
    return case


async def supporter(jobs: Harness, *roles: str, tenant: str = "vodafone") -> str:
    """Somebody whose roles this service has heard of."""
    id, now = new_id("acc"), jobs.scope().now
    facts = AccountFacts(
        email=f"{id}@support.example",
        display_name="Sue Support",
        language="de",
        roles=["customer", *(roles or ("support",))],
        email_verified=True,
        registered_at=now,
    )
    await jobs.deliver(AccountRegistered(facts), subject=id, tenant=tenant)
    return id


async def decide(
    story: Story,
    case: str,
    command: str,
    body: Any = None,
    *,
    by: str,
    roles: tuple[str, ...] = SUPPORT,
) -> httpx.Response:
    async with story.jobs.client(by, tenant=story.tenant, roles=roles) as client:
        content = {} if body is None else {"json": body}
        return await client.post(f"/v1/support/cases/{case}/{command}", **content)


async def cases_of(story: Story, by: str) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = (await story.get("/cases", by=by)).json()["data"]
    return data


async def stored(story: Story, case: str) -> Case:
    return await story.jobs.scope(story.tenant).store(CaseStore).get(case)


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_a_call_for_help_is_taken_answered_and_closed(jobs: Harness, tenant: str):
    story = await a_visit(jobs, tenant)
    case = await opened(story)
    assert (case["type"], case["severity"], case["state"]) == ("safety", "urgent", "open")
    sue = await supporter(jobs, tenant=tenant)
    taken = await decide(story, case["id"], "take", by=sue)
    assert (taken.json()["assignee_id"], taken.json()["state"]) == (sue, "assigned")
    assert taken.json()["allowed"] == ["take", "assign", "respond", "close"]
    answered = await decide(story, case["id"], "respond", {"text": "We call you"}, by=sue)
    assert answered.headers["etag"] == '"3"'
    [seen] = await cases_of(story, story.customer)
    assert [reply["text"] for reply in seen["replies"]] == ["We call you"]
    assert "assignee_id" not in seen
    closed = await decide(story, case["id"], "close", {"reason": "all is well"}, by=sue)
    assert (closed.json()["state"], closed.json()["allowed"]) == ("closed", [])
    assert closed.json()["timeline"][-1]["reason"] == "all is well"
    for event in (CaseOpened, CaseResponded, CaseClosed):
        await jobs.published(event, subject=case["id"], tenant=tenant)
    told = [str(each.event.facts) for each in jobs.heard(case["id"])]
    assert not any("shouts" in text or "We call" in text for text in told)
    late = await decide(story, case["id"], "respond", {"text": "?"}, by=sue)
    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")
    assert late.json()["allowed"] == []


async def test_the_other_side_does_not_see_who_called_support(jobs: Harness):
    story = await a_visit(jobs)
    await opened(story)
    assert await cases_of(story, story.helper) == []
    assert len(await cases_of(story, story.customer)) == 1


async def test_nobody_else_learns_of_a_case(jobs: Harness):
    story = await a_visit(jobs)
    case = await opened(story)
    stranger = await a_helper(jobs)
    assert (await story.get("/cases", by=stranger)).status_code == 404
    assert (await call_support(story, by=stranger)).status_code == 404
    for who, roles, tenant, status in (
        (story.customer, ("customer",), "vodafone", 403),
        (stranger, ("customer", "helper"), "vodafone", 403),
        (await supporter(jobs, tenant="swisscom"), SUPPORT, "swisscom", 404),
    ):
        async with jobs.client(who, tenant=tenant, roles=roles) as client:
            path = f"/v1/support/cases/{case['id']}"
            assert (await client.get(path)).status_code == status
            assert (await client.post(f"{path}/take")).status_code == status


async def test_help_with_a_visit_is_refused_when_there_is_none(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    refused = await call_support(story, "running_visit")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_running_visit")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "dispute", "reason": "x"}, "/type"),
        ({"type": "safety"}, "/reason"),
        ({"type": "safety", "reason": " "}, "/reason"),
        ({"type": "safety", "reason": "x" * 4001}, "/reason"),
        ({"type": "safety", "reason": "x", "severity": "urgent"}, "/severity"),
    ],
)
async def test_a_bad_call_names_its_field(jobs: Harness, body: Any, pointer: str):
    story = await ask(jobs)
    refused = await story.post("cases", body, by=story.customer)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_a_repeated_call_is_one_case_and_five_are_enough(jobs: Harness):
    story = await ask(jobs)
    key = new_id("key")
    first, again = [await call_support(story, key=key) for _ in range(2)]
    assert first.json() == again.json()
    for _ in range(4):
        assert (await call_support(story)).status_code == 201
    refused = await call_support(story)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many")
    assert (await call_support(story, by=story.helper)).status_code == 201
    assert (await call_support(story, key=key)).json() == first.json()


async def test_the_queue_has_the_most_urgent_first_page_by_page(jobs: Harness):
    tenant = "swisscom"
    story = await a_visit(jobs, tenant)
    kinds = ["other", "running_visit", "safety"]
    made = {kind: (await opened(story, kind))["id"] for kind in kinds}
    sue = await supporter(jobs, tenant=tenant)
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = await look(story, "/v1/support/cases", by=sue, roles=SUPPORT, **query)
        assert page.status_code == 200, page.text
        found += [case["id"] for case in page.json()["data"]]
        if page.json()["next_cursor"] is None:
            break
        query["cursor"] = page.json()["next_cursor"]
    assert [id for id in found if id in made.values()] == [made[kind] for kind in kinds[::-1]]
    assert len(found) == len(set(found))
    await decide(story, made["safety"], "close", {"reason": "done"}, by=sue)
    everything = await look(story, "/v1/support/cases", by=sue, roles=SUPPORT, limit=100)
    assert made["safety"] not in [case["id"] for case in everything.json()["data"]]
    closed = await look(
        story, "/v1/support/cases", by=sue, roles=SUPPORT, state="closed", limit=100
    )
    assert made["safety"] in [case["id"] for case in closed.json()["data"]]


async def test_every_look_and_every_act_of_support_is_told(jobs: Harness):
    story = await a_visit(jobs)
    case = await opened(story)
    sue = await supporter(jobs)
    await look(story, f"/v1/support/cases/{case['id']}", by=sue, roles=SUPPORT)
    await story.get("/cases", by=sue, roles=SUPPORT)
    looks = await looks_by(jobs, sue)
    assert [each["thing_id"] for each in looks] == [case["id"], story.id]
    assert looks[0]["case_id"] == case["id"]
    await decide(story, case["id"], "take", by=sue)
    act = await jobs.published(audit.AUDITED["jobs"], subject=case["id"])
    assert act.event.facts.act
    assert act.event.facts.kind == "jobs_take_case"
    assert set(act.event.facts.subject_ids) == {story.customer, story.helper}


async def test_a_case_is_assigned_to_people_of_support_alone(jobs: Harness):
    story = await a_visit(jobs)
    case, sue = await opened(story), await supporter(jobs)
    tom, customer = await supporter(jobs), await jobs.person()
    foreign = await supporter(jobs, tenant="swisscom")
    for nobody in (customer, foreign, "acc_x"):
        refused = await decide(story, case["id"], "assign", {"assignee_id": nobody}, by=sue)
        assert (refused.status_code, refused.json()["code"]) == (422, "not_of_support")
        assert refused.json()["errors"][0]["pointer"] == "/assignee_id"
    done = await decide(story, case["id"], "assign", {"assignee_id": tom}, by=sue)
    assert done.json()["assignee_id"] == tom


async def test_support_does_not_work_on_its_own_case(jobs: Harness):
    mine = await a_visit(jobs)
    case = await opened(mine)
    refused = await decide(mine, case["id"], "take", by=mine.customer)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_case")


async def test_a_case_that_waits_too_long_is_told_and_counted(jobs: Harness):
    story = await a_visit(jobs)
    case = await opened(story)
    jobs.travel(15 * MINUTE + timedelta(seconds=1))
    told = await jobs.published(CaseOverdue, subject=case["id"])
    assert told.event.facts.severity == "urgent"
    watch = CaseWatch(jobs.runtime.database)
    gauge = CASES_OVERDUE.labels("vodafone", "urgent")

    async def late() -> list[str]:
        found = await CaseStore.unrelayed(jobs.runtime.database, "vodafone").late(MOST)
        return [each.id for each in found if each.severity.value == "urgent"]

    async def counted() -> bool:
        """Cases of other tests may become overdue meanwhile."""
        await watch.count()
        return bool(gauge._value.get() == len(await late()))

    assert case["id"] in await late()
    await jobs.eventually(counted)
    await decide(story, case["id"], "respond", {"text": "Sorry"}, by=await supporter(jobs))
    assert case["id"] not in await late()
    await jobs.eventually(counted)


async def test_a_dispute_is_a_case_until_it_is_resolved(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    await story.step("dispute", {"reason": "It broke again"}, by=story.customer)
    id = derived_id("case", "dispute", story.id)
    told = (await jobs.published(CaseOpened, subject=id)).event.facts
    hours = WorkingHours.of("Mo-Fr 08:00-20:00", ZoneInfo("Europe/Berlin"))
    disputed = (await jobs.published(JobDisputed, subject=story.id)).event.facts.disputed_at
    assert told.respond_by == hours.one_day_after(disputed)
    for side in (story.customer, story.helper):
        assert [case["id"] for case in await cases_of(story, side)] == [id]
    for event in (JobDisputed, JobSnapshot):
        await jobs.deliver(event((await story.stored()).facts()), subject=story.id)
    assert (await stored(story, id)).version == 1
    sue = await supporter(jobs)
    await story.step("resolve", {"outcome": "half of it"}, by=sue, roles=SUPPORT)
    await jobs.published(CaseClosed, subject=id)
    await jobs.deliver(JobDisputed((await story.stored()).facts()), subject=story.id)
    assert (await stored(story, id)).state == "closed"


async def test_a_confirmation_missed_24_hours_before_is_a_case_until_it_comes(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    begins = in_two_days()
    jobs.travel(begins - jobs.scope().now - DAY + MINUTE)
    id = derived_id("case", "confirmation", story.id, "1")
    told = (await jobs.published(CaseOpened, subject=id)).event.facts
    assert (told.type, told.severity) == ("missed_confirmation", "high")
    assert told.respond_by <= begins - 4 * HOUR
    steps = (await story.get("/timeline", by=story.customer)).json()["data"]
    assert steps[-1]["command"] == "miss-confirmation"
    await story.step("confirm", by=story.helper)
    await jobs.published(CaseClosed, subject=id)


async def test_a_confirmation_in_time_is_no_case(jobs: Harness):
    story = await ask(jobs, slots=[slot(in_two_days() + DAY)])
    await story.book(slot=slot(in_two_days() + DAY))
    await story.step("confirm", by=story.helper)
    assert (await story.stored()).due_at is None
    assert await cases_of(story, story.helper) == []


async def test_a_contested_claim_is_a_case_until_it_is_decided(jobs: Harness):
    story, claim = await a_claim(jobs)
    await act(story, claim["id"], "contest", {"reason": "it stood there"}, by=story.helper)
    id = derived_id("case", "claim", claim["id"], "1")
    told = (await jobs.published(CaseOpened, subject=id)).event.facts
    assert (told.type, told.claim_id) == ("claim", claim["id"])
    await act(story, claim["id"], "withdraw", by=story.customer)
    await jobs.published(CaseClosed, subject=id)


async def test_a_block_between_the_sides_of_a_coming_visit_is_a_case_that_neither_sees(
    jobs: Harness,
):
    story, over = await ask(jobs), await ask(jobs)
    await story.book()
    await over.complete()
    facts = AcquaintanceFacts(
        people=sorted((story.customer, story.helper)),
        blocked_by=story.helper,
        blocked_at=jobs.scope().now,
        active_job_ids=[story.id, over.id],
    )
    for _ in range(2):
        await jobs.deliver(PeerBlocked(facts), subject=new_id("acq"))
    told = await jobs.published(
        CaseOpened, subject=derived_id("case", "block", story.id, story.helper)
    )
    assert (told.event.facts.type, told.event.facts.severity) == ("block", "high")
    for side in (story.customer, story.helper):
        assert await cases_of(story, side) == []
    assert await cases_of(over, over.customer) == []
    sue = await supporter(jobs)
    [seen] = (await story.get("/cases", by=sue, roles=SUPPORT)).json()["data"]
    assert seen["type"] == "block"


async def test_an_open_case_is_an_open_matter_and_its_words_go_with_a_side(jobs: Harness):
    story = await a_visit(jobs)
    case = await opened(story)
    matters = await JobsData().open_matters(story.helper, jobs.scope())
    assert f"case:{case['id']}" in matters
    sue = await supporter(jobs)
    await decide(story, case["id"], "respond", {"text": "Dear Ada"}, by=sue)
    await decide(story, case["id"], "close", {"reason": "Ada is safe"}, by=sue)
    matters = await JobsData().open_matters(story.helper, jobs.scope())
    assert f"case:{case['id']}" not in matters
    mine = await JobsData().export(story.customer, jobs.scope())
    theirs = await JobsData().export(story.helper, jobs.scope())
    assert [each.reason for each in mine.data["cases"]] == ["He shouts at me"]
    assert theirs.data["cases"] == []
    for _ in range(2):
        await JobsData().erase(story.customer, jobs.scope())
    document = await jobs.runtime.database.collection("cases").find_one({"_id": case["id"]})
    text = str({name: value for name, value in document.items() if name != "outbox"})
    assert not any(word in text for word in ("shouts", "Dear Ada", "is safe"))


async def test_supports_looks_at_a_job_are_told_and_a_sides_own_are_none(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    sue = await supporter(jobs)
    for path in ("", "/timeline", "/agreement"):
        assert (await story.get(path, by=sue, roles=SUPPORT)).status_code == 200
        await story.get(path, by=story.customer)
    await story.step("dispute", {"reason": "It broke again"}, by=story.customer)
    await story.step("resolve", {"outcome": "half of it"}, by=sue, roles=SUPPORT)
    looks = await looks_by(jobs, sue)
    assert [each["purpose"] for each in looks] == ["read", "timeline", "agreement", "decision"]
    assert {each["kind"] for each in looks} == {"job"}
    for each in looks:
        assert set(each["subject_ids"]) == {story.customer, story.helper}
    assert await looks_by(jobs, story.customer) == []
