"""A vase breaks, a line is dead, two people disagree: what becomes of it, in both tenants."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from deploy.local.mishaps import StoryWithMishaps
from deploy.local.people import Person
from deploy.local.story import CASTS
from deploy.tenants import FOLDER, load
from tests.journeys.pair import travel, travelling
from tests.platform import Platform

SOON = 60.0
RULES: dict[str, Any] = {
    tenant: load(FOLDER / f"{tenant}.yaml")["rules"]["compensation"]
    for tenant in ("vodafone", "swisscom")
}
"""What each operator owes for its own faults, as its file says."""


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def story(platform: Platform, request: pytest.FixtureRequest) -> Iterator[StoryWithMishaps]:
    """A customer and a helper who have found each other, and support that is signed in."""
    told: StoryWithMishaps = platform.story(request.param)
    told._join()
    told._qualify()
    if not told.support.id:
        told.support.join()
        role = {"email": told.support.address, "role": "support"}
        platform.admin.request("POST", f"/v1/admin/tenants/{told.cast.tenant}/roles", role)
        told.support.log_in()
    yield told
    for person in (told.customer, told.helper, told.support):
        person.close()


def test_a_broken_vase_is_paid_for(platform: Platform, story: StoryWithMishaps):
    settled = story.break_a_vase()
    path = f"/v1/claims/{settled['id']}"
    for side in (story.customer, story.helper):
        claim = side.get(path)
        assert claim["state"] == "settled"
        assert claim["settlement"]["amount"]["currency"] == story.cast.currency
        file = side.ask("GET", claim["evidence"][0]["file_url"])
        assert (file.status, file.headers["content-type"]) == (200, "image/jpeg")
        assert settled["id"] in [each["id"] for each in side.get("/v1/claims")["data"]]
    with platform.person(story.cast.tenant, "Nora Neugier") as stranger:
        stranger.join()
        assert stranger.ask("GET", path).status == 404
        assert stranger.ask("GET", settled["evidence"][0]["file_url"]).status == 404
    again = story.customer.ask("POST", f"{path}/withdraw")
    assert (again.status, again.body["code"], again.body["allowed"]) == (
        409,
        "illegal_transition",
        [],
    )


def test_a_dead_line_costs_neither_side(story: StoryWithMishaps):
    owed = {each["side"]: each for each in story.find_a_dead_line()}
    cast, rules = story.cast, RULES[story.cast.tenant]
    assert owed["helper"]["amount"] == {
        "amount_minor": cast.hourly_rate * rules["helper_percent"] // 100 + cast.travel,
        "currency": cast.currency,
    }
    assert owed["customer"]["amount"] == rules["customer"]
    assert story.customer.get("/v1/tenant")["rules"]["compensation"] == rules
    mine = story.helper.get(f"/v1/jobs/{story.job_id}/compensations")["data"]
    assert {each["side"] for each in mine} == {"customer", "helper"}


def test_a_dispute_is_answered_by_its_deadline_or_told(platform: Platform, story: StoryWithMishaps):
    story.come_again()
    story._command(story.helper, "fail", {"cause": "skill_gap"})
    story._command(story.customer, "dispute", {"reason": "Er hat es nicht einmal versucht."})
    support = story.support

    def case() -> Any:
        queue = support.get("/v1/support/cases", limit=100)["data"]
        return next((each for each in queue if each["job_id"] == story.job_id), None)

    opened = support.until(case, "the case of the dispute")
    assert (opened["type"], opened["severity"]) == ("dispute", "normal")
    due = datetime.fromisoformat(opened["respond_by"])
    local = due.astimezone(ZoneInfo(story.cast.time_zone))
    assert due > datetime.now(UTC) + timedelta(hours=8)
    assert local.isoweekday() < 7
    assert timedelta(hours=8) <= timedelta(hours=local.hour, minutes=local.minute)
    path = f"/v1/support/cases/{opened['id']}"
    with travelling(platform):
        travel(platform, due - datetime.now(UTC) + timedelta(minutes=1))
        late = support.until(
            lambda: (found := support.get(path))["overdue_at"] and found, "the notice", SOON
        )
        assert late["state"] == "open"
        support.until(lambda: 1 <= _late(story) == _counted(platform, story), "the metric", SOON)
    support.post(f"{path}/take")
    support.post(f"{path}/respond", {"text": "Wir rufen Sie an."})
    [seen] = story.customer.get(f"/v1/jobs/{story.job_id}/cases")["data"]
    assert [reply["text"] for reply in seen["replies"]] == ["Wir rufen Sie an."]
    resolved = support.post(f"/v1/jobs/{story.job_id}/resolve", {"outcome": "Anfahrt geteilt."})
    assert resolved["state"] == "resolved"
    support.until(lambda: support.get(path)["state"] == "closed", "the end of the case", SOON)
    support.until(lambda: _late(story) == _counted(platform, story), "the metric", SOON)
    _was_told(support)


def _late(story: StoryWithMishaps) -> int:
    """Cases of this severity that wait too long; other journeys may have left some."""
    queue = story.support.get("/v1/support/cases", limit=100)["data"]
    waiting = [each for each in queue if each["overdue_at"] and each["responded_at"] is None]
    return sum(each["severity"] == "normal" for each in waiting)


def _counted(platform: Platform, story: StoryWithMishaps) -> float:
    """What the jobs service counts for this tenant."""
    text = httpx.get(f"{platform.stack.service_address('jobs')}/metrics", timeout=10).text
    wanted = f'cases_overdue{{severity="normal",tenant="{story.cast.tenant}"}}'
    values = [line.split()[-1] for line in text.splitlines() if line.startswith(wanted)]
    return float(values[0]) if values else 0.0


def _was_told(support: Person) -> None:
    """Support's acts stand in the tenant's audit log."""

    def acts() -> bool:
        entries = support.get("/v1/support/audit", actor=support.id, limit=100)["data"]
        kinds = {each["kind"] for each in entries}
        return {"jobs_take_case", "jobs_respond_to_case"} <= kinds

    support.until(acts, "the entries of the audit log", SOON)
