from typing import Any

import httpx
import pytest

from shared.contracts.audit import AUDITED
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.messaging.builders import Talk, a_talk, get, post
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
    case = new_id("case")
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
    case = new_id("case")
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
