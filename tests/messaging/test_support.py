import asyncio
from typing import Any

import httpx
import pytest

from shared.contracts.audit import AUDITED
from shared.contracts.jobs import CaseAssigned, CaseClosed, CaseOpened
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.messaging.builders import (
    NOW,
    Job,
    Talk,
    a_case,
    a_helper,
    a_job,
    a_talk,
    case_facts,
    get,
    post,
)
from tests.messaging.test_attachments import PATH as ATTACHMENTS
from tests.messaging.test_attachments import uploaded

ROLES = ("customer", "support")


async def support(messaging: Harness, path: str, tenant: str = "vodafone") -> httpx.Response:
    who = await messaging.person("Sam Support", tenant=tenant)
    return await get(messaging, path, who, roles=ROLES, tenant=tenant)


async def reported(messaging: Harness, talk: Talk, reason: str = "scam") -> dict[str, Any]:
    """The report in support's list."""
    await post(messaging, f"{talk.path}/report", {"reason": reason}, talk.helper)
    listed = (await support(messaging, "/v1/support/reports?limit=100")).json()["data"]
    [found] = [each for each in listed if each["conversation_id"] == talk.id]
    report: dict[str, Any] = found
    return report


async def looks_at(messaging: Harness, thing: str) -> list[Any]:
    def told() -> list[Any]:
        every = (each.event for each in messaging._heard)
        audited = [each.facts for each in every if isinstance(each, AUDITED["messaging"])]
        return [facts for facts in audited if facts.thing_id == thing]

    found: list[Any] = await messaging.eventually(told)
    return found


async def test_a_report_keeps_what_its_reporter_could_see_then(messaging: Harness):
    talk = await a_talk(messaging, text="Pay me in cash, outside")
    picture = await uploaded(messaging, talk.customer)
    await talk.say(talk.customer, "look", attachments=[picture])
    report = await reported(messaging, talk)
    assert (report["reason"], report["reported_by"]) == ("scam", talk.helper)
    assert "cash" not in str(report)
    await talk.say(talk.customer, "said later")
    case = report["case_id"]
    answer = await support(messaging, f"/v1/support/reports/{report['id']}?case_id={case}")
    lines = answer.json()["lines"]
    assert [line["text"] for line in lines] == ["Pay me in cash, outside", "look"]
    assert [each["id"] for each in lines[1]["attachments"]] == [picture]
    [look] = await looks_at(messaging, report["id"])
    assert (look.case_id, look.role, look.purpose) == (case, "support", "scam")
    assert sorted(look.subject_ids) == sorted((talk.customer, talk.helper))


async def test_a_conversation_and_its_files_are_read_with_a_case_and_written_down(
    messaging: Harness,
):
    talk = await a_talk(messaging)
    picture = await uploaded(messaging, talk.customer)
    unsent = await uploaded(messaging, talk.customer)
    await talk.say(talk.customer, "look", attachments=[picture])
    await post(messaging, f"{talk.path}/block", None, talk.helper)
    await talk.say(talk.customer, "not heard")
    case = await a_case(messaging, await a_job(messaging, talk.customer, talk.helper))
    path = f"/v1/support/conversations/{talk.id}/messages?limit=2&case_id={case}"
    first = (await support(messaging, path)).json()
    assert [each["text"] for each in first["data"]] == ["Can you help me?", "look"]
    assert [each["withheld"] for each in first["data"]] == [False, False]
    assert first["next_cursor"]
    whole = (await support(messaging, path.replace("limit=2", "limit=9"))).json()["data"]
    assert whole[-1]["withheld"] is True
    file = await support(messaging, f"/v1/support/attachments/{picture}?case_id={case}")
    assert (file.status_code, file.headers["Content-Type"]) == (200, "image/jpeg")
    assert [look.case_id for look in await looks_at(messaging, picture)] == [case]
    assert {look.case_id for look in await looks_at(messaging, talk.id)} == {case}
    hidden = await support(messaging, f"/v1/support/attachments/{unsent}?case_id={case}")
    assert hidden.status_code == 404


@pytest.mark.parametrize("case", ["", "case_id=", "case_id=4711", f"case_id={new_id('job')}"])
async def test_without_a_case_nothing_is_seen(messaging: Harness, case: str):
    talk = await a_talk(messaging)
    report = await reported(messaging, talk, "safety")
    for path in (f"conversations/{talk.id}/messages", f"reports/{report['id']}"):
        answer = await support(messaging, f"/v1/support/{path}?{case}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "case_id"


async def refused(messaging: Harness, talk: Talk, case: str) -> str:
    """Why this case does not open the conversation; empty if it does."""
    answer = await support(
        messaging, f"/v1/support/conversations/{talk.id}/messages?case_id={case}"
    )
    if answer.status_code == 200:
        return ""
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_case")
    [error] = answer.json()["errors"]
    assert error["parameter"] == "case_id"
    return str(error["detail"])


async def test_a_case_opens_what_the_two_sides_of_its_job_said_and_nothing_else(messaging: Harness):
    talk, other = await a_talk(messaging), await a_talk(messaging)
    job = await a_job(messaging, talk.customer, talk.helper)
    case = await a_case(messaging, job)
    assert await refused(messaging, talk, case) == ""
    assert await refused(messaging, other, case) == "this case is about something else"
    alone = await a_case(messaging, await a_job(messaging, talk.customer, None))
    assert await refused(messaging, talk, alone) == "this case is about something else"
    assert await refused(messaging, talk, new_id("case")) == "there is no such case"


async def test_a_jobs_own_talk_is_opened_by_a_case_about_it_before_anybody_has_taken_it(
    messaging: Harness,
):
    customer, helper = await messaging.person("Ada"), await a_helper(messaging)
    job = await a_job(messaging, customer, None)
    talk = await a_talk(messaging, customer=customer, helper=helper, job=job)
    assert await refused(messaging, talk, await a_case(messaging, job)) == ""


async def test_a_case_opens_nothing_once_it_is_closed_nor_in_another_tenant(messaging: Harness):
    talk = await a_talk(messaging)
    job = await a_job(messaging, talk.customer, talk.helper)
    case = await a_case(messaging, job)
    closed = CaseClosed(case_facts(job.id, state="closed", closed_at=NOW))
    await messaging.deliver(closed, subject=case, sequence=2)
    late = CaseAssigned(case_facts(job.id, state="assigned"))
    await messaging.deliver(late, subject=case, sequence=1)
    assert await refused(messaging, talk, case) == "this case is closed"
    abroad = Job(job.id, talk.customer, talk.helper, "swisscom")
    foreign = await a_case(messaging, abroad)
    assert await refused(messaging, talk, foreign) == "there is no such case"


async def test_a_case_that_is_on_its_way_is_waited_for(messaging: Harness):
    talk = await a_talk(messaging)
    job = await a_job(messaging, talk.customer, talk.helper)
    case = new_id("case")
    asking = asyncio.create_task(refused(messaging, talk, case))
    await asyncio.sleep(0.2)
    assert not asking.done()
    await messaging.deliver(CaseOpened(case_facts(job.id)), subject=case)
    assert await asking == ""


async def test_the_case_that_a_report_is_opens_its_conversation_alone(messaging: Harness):
    talk, other = await a_talk(messaging), await a_talk(messaging)
    case = (await reported(messaging, talk))["case_id"]
    assert await refused(messaging, talk, case) == ""
    assert await refused(messaging, other, case) == "there is no such case"


async def test_parties_and_other_tenants_have_no_such_view(messaging: Harness):
    talk = await a_talk(messaging)
    report = await reported(messaging, talk)
    case = new_id("case")
    for path in (f"conversations/{talk.id}/messages", f"reports/{report['id']}"):
        address = f"/v1/support/{path}?case_id={case}"
        assert (await get(messaging, address, talk.helper)).status_code == 403
        assert (await support(messaging, address, "swisscom")).status_code == 404
    abroad = (await support(messaging, "/v1/support/reports?limit=100", "swisscom")).json()["data"]
    assert talk.id not in [each["conversation_id"] for each in abroad]
    assert (await get(messaging, f"{ATTACHMENTS}/x", talk.helper)).status_code == 404
