"""What accounts, tenants, jobs and reviews do to helpers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.profiles.store import HelperStore
from shared.contracts.identity import (
    ERASED,
    AccountErased,
    AccountFacts,
    AccountReinstated,
    AccountSuspended,
    AccountUpdated,
    AccountVerified,
    TenantConfigured,
)
from shared.contracts.jobs import (
    JobBooked,
    JobCancelled,
    JobClosed,
    JobCompleted,
    JobFacts,
    JobNoShow,
    JobRescheduled,
    JobSnapshot,
    Slot,
)
from shared.contracts.profiles import (
    HelperListed,
    HelperUnlisted,
    HelperUpdated,
    QualificationExpired,
)
from shared.contracts.reviews import RatingChanged, RatingFacts, RatingSnapshot
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.profiles.builders import describe, listed, own, show_photo, sit
from tests.tenants import BERLIN, VODAFONE

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def an_account(**fields: Any) -> AccountFacts:
    values: dict[str, Any] = {
        "email": "ada@people.example",
        "display_name": "Ada Berger",
        "language": "de",
        "roles": ["customer"],
        "email_verified": True,
        "registered_at": NOW,
    }
    return AccountFacts(**(values | fields))


def a_job(helper: str | None, **fields: Any) -> JobFacts:
    values: dict[str, Any] = {
        "customer_id": new_id("acc"),
        "helper_id": helper,
        "broadcast": False,
        "category": "wifi",
        "title": "Wi-Fi",
        "state": "booked",
        "public_place": BERLIN.rounded(),
        "city": "Berlin",
        "requested_at": NOW - 2 * HOUR,
        "booked_at": NOW - HOUR,
    }
    return JobFacts(**(values | fields))


async def free(profiles: Harness, person: str, start: datetime, end: datetime) -> list[Any]:
    async with profiles.client() as client:
        answer = await client.get(
            f"/v1/helpers/{person}/slots",
            params={"from": start.isoformat(), "to": end.isoformat()},
        )
    assert answer.status_code == 200, answer.text
    return [
        (datetime.fromisoformat(each["start"]), datetime.fromisoformat(each["end"]))
        for each in answer.json()["data"]
    ]


# Accounts


async def test_a_verified_address_is_the_last_thing_missing(profiles: Harness):
    person = await profiles.person(verified=False)
    await describe(profiles, person)
    await show_photo(profiles, person)
    await sit(profiles, person)
    assert (await own(profiles, person))["missing"] == ["account_verified"]
    await profiles.deliver(AccountVerified(an_account()), subject=person, sequence=2)
    await profiles.published(HelperListed, subject=person)
    assert (await own(profiles, person))["status"] == "listed"


async def test_suspension_hides_and_reinstatement_shows(profiles: Harness):
    person = await listed(profiles)
    suspended = an_account(status="suspended")
    await profiles.deliver(AccountSuspended(suspended), subject=person, sequence=2)
    unlisted = await profiles.published(HelperUnlisted, subject=person)
    assert unlisted.event.facts.status == "suspended"
    async with profiles.client() as client:
        assert (await client.get(f"/v1/helpers/{person}")).status_code == 404
    await profiles.deliver(AccountReinstated(an_account()), subject=person, sequence=3)
    assert (await own(profiles, person))["status"] == "listed"


async def test_an_old_suspension_does_not_undo_a_reinstatement(profiles: Harness):
    person = await listed(profiles)
    await profiles.deliver(AccountReinstated(an_account()), subject=person, sequence=3)
    suspended = an_account(status="suspended")
    await profiles.deliver(AccountSuspended(suspended), subject=person, sequence=2)
    assert (await own(profiles, person))["status"] == "listed"


async def test_an_erased_account_hides_for_good_and_leaves_no_name(profiles: Harness):
    person = await listed(profiles)
    await profiles.deliver(AccountErased(ERASED), subject=person, sequence=9)
    unlisted = await profiles.published(HelperUnlisted, subject=person)
    assert unlisted.event.facts.display_name == ""
    await profiles.deliver(AccountUpdated(an_account()), subject=person, sequence=2)
    helper = await profiles.scope().store(HelperStore).get(person)
    assert (helper.status, helper.standing.display_name) == ("suspended", "")


async def test_a_new_name_is_shown_and_published(profiles: Harness):
    person = await listed(profiles)
    renamed = an_account(display_name="Ada Meier")
    await profiles.deliver(AccountUpdated(renamed), subject=person, sequence=2)
    assert (await own(profiles, person))["display_name"] == "Ada Meier"

    def told() -> bool:
        """Among those that tell of the profile before."""
        updates = [each for each in profiles.heard(person) if type(each.event) is HelperUpdated]
        return any(each.event.facts.display_name == "Ada Meier" for each in updates)

    assert await profiles.eventually(told)


async def test_an_event_twice_publishes_once(profiles: Harness):
    person = await listed(profiles)
    before = (await profiles.scope().store(HelperStore).get(person)).sequence
    renamed = AccountUpdated(an_account(display_name="Ada Meier"))
    for _ in range(2):
        await profiles.deliver(renamed, subject=person, sequence=2)
    assert (await profiles.scope().store(HelperStore).get(person)).sequence == before + 1


async def test_people_who_are_no_helpers_are_ignored(profiles: Harness):
    person = await profiles.person()
    await profiles.deliver(AccountVerified(an_account()), subject=person, sequence=2)
    assert await profiles.scope().store(HelperStore).find(person) is None


async def test_a_profile_made_while_its_account_is_verified_sees_it(profiles: Harness):
    for _ in range(5):
        person = await profiles.person(verified=False)
        await asyncio.gather(
            describe(profiles, person),
            profiles.deliver(AccountVerified(an_account()), subject=person, sequence=2),
        )
        assert "account_verified" not in (await own(profiles, person))["missing"]


# Tenants


async def test_a_tenant_that_begins_to_want_insurance_unlists_the_uninsured(profiles: Harness):
    person = await listed(profiles)
    rules = VODAFONE.rules.model_copy(update={"insurance_required": True})
    strict = VODAFONE.model_copy(update={"rules": rules})
    try:
        await profiles.deliver(TenantConfigured(strict), subject="vodafone", sequence=2)
        view = await own(profiles, person)
        assert (view["status"], view["missing"]) == ("unlisted", ["document:insurance"])
    finally:
        await profiles.deliver(TenantConfigured(VODAFONE), subject="vodafone", sequence=3)
    assert (await own(profiles, person))["status"] == "listed"


# The timer


async def test_after_twelve_months_the_qualification_is_gone(clock: Harness):
    person = await listed(clock)
    clock.travel(timedelta(days=366))
    expired = await clock.published(QualificationExpired, subject=person)
    assert expired.event.facts.qualified == {}
    await clock.published(HelperUnlisted, subject=person)
    assert (await own(clock, person))["missing"] == ["qualification:wifi"]


# Jobs


async def test_a_booked_job_takes_its_time_and_gives_it_back(profiles: Harness):
    person, job, day = await listed(profiles), new_id("job"), NOW + 5 * DAY
    slot = Slot(start=day + 2 * HOUR, end=day + 4 * HOUR)
    await profiles.deliver(JobBooked(a_job(person, slot=slot)), subject=job, sequence=3)
    assert await free(profiles, person, day, day + DAY) == [
        (day, day + 2 * HOUR),
        (day + 4 * HOUR, day + DAY),
    ]
    later = Slot(start=day + 10 * HOUR, end=day + 12 * HOUR)
    moved = a_job(person, state="confirmed", slot=later)
    await profiles.deliver(JobRescheduled(moved), subject=job, sequence=6)
    await profiles.deliver(JobBooked(a_job(person, slot=slot)), subject=job, sequence=3)
    assert await free(profiles, person, day, day + DAY) == [
        (day, day + 10 * HOUR),
        (day + 12 * HOUR, day + DAY),
    ]
    cancelled = a_job(person, state="cancelled", slot=later, cancelled_at=NOW)
    await profiles.deliver(JobCancelled(cancelled), subject=job, sequence=7)
    assert await free(profiles, person, day, day + DAY) == [(day, day + DAY)]


async def test_buffer_and_notice_hold_for_free_times(profiles: Harness):
    plan = {
        "weekly": [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)],
        "notice_minutes": 1440,
        "buffer_minutes": 60,
    }
    person, day = await listed(profiles, availability=plan), NOW + 5 * DAY
    slot = Slot(start=day + 2 * HOUR, end=day + 4 * HOUR)
    await profiles.deliver(JobBooked(a_job(person, slot=slot)), subject=new_id("job"), sequence=3)
    assert await free(profiles, person, day, day + 8 * HOUR) == [
        (day, day + HOUR),
        (day + 5 * HOUR, day + 8 * HOUR),
    ]
    assert await free(profiles, person, NOW, NOW + 20 * HOUR) == []


async def test_another_helpers_booking_takes_nothing(profiles: Harness):
    person, day = await listed(profiles), NOW + 5 * DAY
    slot = Slot(start=day, end=day + HOUR)
    other = a_job(new_id("acc"), slot=slot)
    await profiles.deliver(JobBooked(other), subject=new_id("job"), sequence=3)
    assert await free(profiles, person, day, day + DAY) == [(day, day + DAY)]


async def record(profiles: Harness, person: str) -> tuple[int, int]:
    helper = await profiles.scope().store(HelperStore).get(person)
    return helper.record.kept, helper.record.broken


@pytest.mark.parametrize(
    ("event", "fields", "expected"),
    [
        (JobCompleted, {"state": "completed", "completed_at": NOW}, (1, 0)),
        (
            JobCancelled,
            {"state": "cancelled", "cancelled_at": NOW, "cause_party": "helper"},
            (0, 1),
        ),
        (
            JobCancelled,
            {"state": "cancelled", "cancelled_at": NOW, "cause_party": "customer"},
            (0, 0),
        ),
        (JobNoShow, {"state": "no_show", "no_show_at": NOW, "cause_party": "helper"}, (0, 1)),
        (JobClosed, {"state": "closed", "completed_at": NOW, "closed_at": NOW}, (1, 0)),
    ],
)
async def test_ended_jobs_make_the_record(
    profiles: Harness, event: type[Any], fields: dict[str, Any], expected: tuple[int, int]
):
    person, job = await listed(profiles), new_id("job")
    for _ in range(2):
        await profiles.deliver(event(a_job(person, **fields)), subject=job, sequence=9)
    assert await record(profiles, person) == expected


async def test_many_jobs_ending_at_once_are_all_counted(profiles: Harness):
    person = await listed(profiles)
    done = a_job(person, state="completed", completed_at=NOW)
    await asyncio.gather(
        *(profiles.deliver(JobCompleted(done), subject=new_id("job"), sequence=9) for _ in range(4))
    )
    assert await record(profiles, person) == (4, 0)


async def test_a_record_is_corrected_when_the_cause_is(profiles: Harness):
    person, job = await listed(profiles), new_id("job")
    blamed = {"state": "cancelled", "cancelled_at": NOW, "cause_party": "helper"}
    await profiles.deliver(JobCancelled(a_job(person, **blamed)), subject=job, sequence=5)
    assert await record(profiles, person) == (0, 1)
    cleared = a_job(person, **(blamed | {"state": "closed", "cause_party": "customer"}))
    await profiles.deliver(JobClosed(cleared), subject=job, sequence=7)
    assert await record(profiles, person) == (0, 0)


async def test_a_snapshot_mends_a_row(profiles: Harness):
    person, job, day = await listed(profiles), new_id("job"), NOW + 6 * DAY
    wrong = a_job(person, slot=Slot(start=day, end=day + HOUR))
    right = a_job(person, slot=Slot(start=day + 4 * HOUR, end=day + 5 * HOUR))
    await profiles.deliver(JobBooked(wrong), subject=job, sequence=3)
    await profiles.deliver(JobSnapshot(right), subject=job, sequence=3)
    assert await free(profiles, person, day, day + 5 * HOUR) == [(day, day + 4 * HOUR)]


async def test_jobs_of_nobody_and_of_strangers_do_no_harm(profiles: Harness):
    done = {"state": "completed", "completed_at": NOW}
    for helper in (None, new_id("acc")):
        await profiles.deliver(
            JobCompleted(a_job(helper, **done)), subject=new_id("job"), sequence=9
        )


# Ratings


def a_rating(helper: str, mean: float | None, count: int) -> RatingFacts:
    return RatingFacts(helper_id=helper, mean=mean, count=count, score=mean or 4.0)


async def test_a_rating_is_shown_and_ends_the_newcomer_label(profiles: Harness):
    person, rating = await listed(profiles), new_id("rating")
    await profiles.deliver(RatingChanged(a_rating(person, 4.5, 2)), subject=rating, sequence=2)
    view = await own(profiles, person)
    assert (view["rating"], view["newcomer"]) == ({"mean": 4.5, "count": 2}, True)
    await profiles.deliver(RatingChanged(a_rating(person, 4.3333, 3)), subject=rating, sequence=3)
    await profiles.deliver(RatingChanged(a_rating(person, 1.0, 1)), subject=rating, sequence=1)
    view = await own(profiles, person)
    assert (view["rating"], view["newcomer"]) == ({"mean": 4.33, "count": 3}, False)
    await profiles.deliver(RatingSnapshot(a_rating(person, 4.0, 3)), subject=rating, sequence=3)
    assert (await own(profiles, person))["rating"]["mean"] == 4.0


async def test_a_rating_without_reviews_is_null(profiles: Harness):
    person = await listed(profiles)
    empty = RatingChanged(a_rating(person, None, 0))
    await profiles.deliver(empty, subject=new_id("rating"), sequence=2)
    assert (await own(profiles, person))["rating"] is None


async def test_a_rating_of_somebody_unknown_does_no_harm(profiles: Harness):
    stranger = RatingChanged(a_rating(new_id("acc"), 5.0, 1))
    await profiles.deliver(stranger, subject=new_id("rating"), sequence=1)
