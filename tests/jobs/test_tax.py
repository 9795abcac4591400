"""Tax data: when they are asked for, what is taken, who sees them, what follows without them."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.jobs.model.tax import (
    REMINDED_AFTER,
    Sealed,
    TaxAddress,
    TaxData,
    TaxRecord,
    TaxState,
)
from services.jobs.privacy import JobsData
from services.jobs.store import TaxStore
from shared.contracts.jobs import (
    JobBooked,
    TaxDataErased,
    TaxDataOverdue,
    TaxDataProvided,
    TaxDataReminded,
    TaxDataRequested,
)
from shared.kernel.errors import Invalid
from shared.kernel.money import Money
from shared.mail import MailStore
from tests.harness import Harness
from tests.jobs.builders import NOW
from tests.jobs.journey import DAY, a_helper, ask, in_two_days, offer_body, slot
from tests.jobs.test_papers import paper

SEALED = Sealed("key", "text")
BODY: dict[str, Any] = {
    "first_name": "Benedikt",
    "last_name": "Krause-Öztürk",
    "birth_date": "1985-07-14",
    "address": {
        "street": "Sonnenallee 4",
        "postcode": "12045",
        "city": "Berlin",
        "country": "DE",
    },
    "tin": "36 574 261 809",
    "tin_country": "DE",
    "iban": "DE89 3704 0044 0532 0130 00",
}


def data(**changes: Any) -> TaxData:
    address = TaxAddress("Sonnenallee 4", "12045", "Berlin", "DE")
    given: dict[str, Any] = {
        "first_name": "Ben",
        "last_name": "Krause",
        "birth_date": date(1985, 7, 14),
        "address": address,
        "tin": "36574261809",
        "tin_country": "DE",
        "account": "DE89370400440532013000",
        "vat_id": None,
        "today": NOW.date(),
    }
    return TaxData.checked(**(given | changes))


# What is taken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "tin"),
    [
        ({}, "36574261809"),
        ({"tin": "36 574 261 809"}, "36574261809"),
        ({"tin": "756.9217.0769.85", "tin_country": "CH"}, "7569217076985"),
        ({"tin": "RSSMRA85T10A562S", "tin_country": "IT"}, "RSSMRA85T10A562S"),
        ({"tin": "12 345 X", "tin_country": "NO"}, "12345X"),
    ],
)
def test_numbers_are_kept_without_blanks(changes, tin):
    assert data(**changes).tin == tin


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"tin": "36574261808"}, "/tin"),
        ({"tin": "7569217076985"}, "/tin"),
        ({"tin_country": "XX"}, "/tin_country"),
        ({"tin_country": "EU"}, "/tin_country"),
        ({"account": "DE89370400440532013001"}, "/iban"),
        ({"vat_id": "DE136695977"}, "/vat_id"),
        ({"birth_date": NOW.date()}, "/birth_date"),
        ({"birth_date": date(1899, 12, 31)}, "/birth_date"),
        ({"address": TaxAddress("a", "b", "c", "ZZ")}, "/address/country"),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_field(changes, pointer):
    with pytest.raises(Invalid) as refused:
        data(**changes)
    assert refused.value.errors[0]["pointer"] == pointer


def test_vat_numbers_of_the_union_and_of_switzerland_are_known():
    assert data(vat_id="DE 136 695 976").vat_id == "DE136695976"
    assert data(vat_id="CHE-100.155.212").vat_id == "CHE100155212"


# When it is asked for -----------------------------------------------------------------------


def test_asked_a_week_before_reminded_twice_then_overdue():
    record = TaxRecord.expecting("ben", NOW + 20 * DAY, NOW)
    assert record.due_at == NOW + 13 * DAY
    assert record.on_due(NOW + 12 * DAY) == []
    asked = NOW + 13 * DAY
    assert [type(each) for each in record.on_due(asked)] == [TaxDataRequested]
    assert record.due_by == asked + 60 * DAY
    told = []
    while record.due_at is not None:
        at = record.due_at
        told += [(type(each), (at - asked).days) for each in record.on_due(at)]
    assert told == [(TaxDataReminded, 20), (TaxDataReminded, 40), (TaxDataOverdue, 60)]
    assert record.state is TaxState.OVERDUE


def test_an_appointment_sooner_is_asked_for_sooner():
    record = TaxRecord.expecting("ben", NOW + 20 * DAY, NOW)
    record.expect(NOW + 10 * DAY)
    assert record.due_at == NOW + 3 * DAY
    record.expect(NOW + 30 * DAY)
    assert record.due_at == NOW + 3 * DAY
    assert TaxRecord.expecting("ben", NOW + DAY, NOW).due_at == NOW


def test_bookings_end_by_the_clock_and_go_on_with_the_data():
    record = TaxRecord.expecting("ben", NOW, NOW)
    record.on_due(NOW)
    assert not record.bars(NOW + 60 * DAY - timedelta(milliseconds=1))
    assert record.bars(NOW + 60 * DAY)
    assert record.give(SEALED, NOW + 61 * DAY) == [TaxDataProvided(record.facts())]
    assert not record.bars(NOW + 100 * DAY)
    assert record.due_at is None


def test_a_timer_that_was_late_reminds_once_a_day_at_most():
    record = TaxRecord.expecting("ben", NOW, NOW)
    record.on_due(NOW)
    late = NOW + 90 * DAY
    record.on_due(late)
    assert record.due_at == late + DAY
    record.on_due(late + DAY)
    assert (record.reminders, record.due_at) == (len(REMINDED_AFTER), late + 2 * DAY)


def test_data_of_the_forgotten_stay_sealed_as_long_as_they_may_be_reported():
    kept, gone = TaxRecord(id="ben"), TaxRecord(id="cem")
    for record in (kept, gone):
        record.give(SEALED, NOW)
    assert [type(each) for each in kept.leave(2026)] == [TaxDataErased]
    assert kept.leave(2026) == []
    assert kept.data == SEALED
    assert kept.due_at is not None
    assert kept.due_at.isoformat() == "2037-01-01T00:00:00+00:00"
    kept.on_due(kept.due_at)
    assert kept.data is None
    assert not kept.due_at
    gone.leave(None)
    assert (gone.data, gone.due_at) == (None, None)


# At the service -----------------------------------------------------------------------------


async def put(jobs: Harness, who: str, body: Any, tenant: str = "vodafone", **headers: str) -> Any:
    async with jobs.client(who, tenant=tenant) as client:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.put("/v1/helpers/me/tax", json=body, headers=sent)


async def get(jobs: Harness, who: str, tenant: str = "vodafone") -> Any:
    async with jobs.client(who, tenant=tenant) as client:
        return await client.get("/v1/helpers/me/tax")


CREATE = {"If_None_Match": "*"}


async def test_the_owner_gives_reads_and_replaces_them(jobs: Harness):
    helper = await a_helper(jobs)
    assert (await get(jobs, helper)).status_code == 404
    assert (await put(jobs, helper, BODY)).status_code == 428
    first = await put(jobs, helper, BODY, **CREATE)
    assert first.status_code == 201, first.text
    assert first.json()["state"] == "given"
    assert first.json()["data"]["iban"] == "DE89370400440532013000"
    assert first.headers["cache-control"] == "no-store"
    assert (await put(jobs, helper, BODY, **CREATE)).status_code == 412
    moved = BODY | {"address": BODY["address"] | {"street": "Neue Straße 1"}}
    again = await put(jobs, helper, moved, If_Match=first.headers["etag"])
    assert again.status_code == 200
    assert (await put(jobs, helper, BODY, If_Match=first.headers["etag"])).status_code == 412
    assert (await get(jobs, helper)).json()["data"]["address"]["street"] == "Neue Straße 1"


async def test_nobody_without_a_profile_hands_in_tax_data(jobs: Harness):
    customer = await jobs.person()
    assert (await put(jobs, customer, BODY, **CREATE)).status_code == 404
    assert (await get(jobs, customer)).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"tin": "1"}, "/tin"),
        ({"iban": "DE00 0000"}, "/iban"),
        ({"birth_date": "14.07.1985"}, "/birth_date"),
        ({"tin_country": "Germany"}, "/tin_country"),
        ({"address": None}, "/address"),
        ({"last_name": " "}, "/last_name"),
        ({"bic": "x"}, "/bic"),
    ],
)
async def test_bad_tax_data_are_refused_by_field(jobs: Harness, change: Any, pointer: str):
    helper = await a_helper(jobs)
    answer = await put(jobs, helper, BODY | change, **CREATE)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await jobs.scope().store(TaxStore).find(helper) is None


async def test_they_lie_sealed_and_are_bound_to_their_owner(jobs: Harness):
    ben, cem = await a_helper(jobs), await a_helper(jobs)
    for each in (ben, cem):
        await put(jobs, each, BODY, **CREATE)
    documents = jobs.scope().database.collection("tax_records")
    stored = await documents.find_one({"_id": ben})
    for word in ("Krause", "36574261809", "DE8937", "1985", "Sonnenallee", "Benedikt"):
        assert word not in str(stored)
    await documents.update_one({"_id": cem}, {"$set": {"data": stored["data"]}})
    assert (await get(jobs, cem)).status_code == 500
    assert (await get(jobs, ben)).status_code == 200


async def mails(jobs: Harness, helper: str, tenant: str = "vodafone") -> list[str]:
    found = (
        await jobs.scope(tenant).store(MailStore)._find({"recipient": f"{helper}@people.example"})
    )
    return sorted(mail.subject for mail in found)


async def test_a_helper_who_gives_none_is_asked_reminded_and_not_booked(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    helper = story.helper

    async def state(wanted: str) -> None:
        async def look():
            answer = await get(jobs, helper)
            return answer.status_code == 200 and answer.json()["state"] == wanted

        await jobs.eventually(look)

    await state("asked")
    jobs.travel(21 * DAY)
    await jobs.published(TaxDataReminded, subject=helper)
    jobs.travel(41 * DAY)
    await jobs.eventually(
        lambda: sum(type(each.event) is TaxDataReminded for each in jobs.heard(helper)) == 2
    )
    jobs.travel(61 * DAY)
    await state("overdue")

    async def told() -> bool:
        return any("nicht gebucht werden" in each for each in await mails(jobs, helper))

    await jobs.eventually(told)
    subjects = await mails(jobs, helper)
    assert len([each for each in subjects if each.startswith("Erinnerung")]) == 2
    assert len([each for each in subjects if "nicht gebucht werden" in each]) == 1


async def test_without_them_no_new_booking_and_only_the_helper_learns_why(jobs: Harness):
    waiting = await ask(jobs)
    await waiting.offer()
    kept = await ask(jobs, helper=waiting.helper)
    await kept.book(slot=slot(in_two_days() + 5 * DAY))
    helper = waiting.helper

    async def record():
        return await jobs.scope().store(TaxStore).find(helper)

    await jobs.eventually(record)

    def make_overdue(record: TaxRecord) -> None:
        record.state, record.due_at = TaxState.OVERDUE, None
        record.asked_at = jobs.scope().now - 61 * DAY

    await jobs.scope().store(TaxStore).update(helper, make_overdue)
    offer = waiting.view["offers"][-1]["id"]
    refused = await waiting.post("accept", {"offer_id": offer}, by=waiting.customer)
    assert (refused.status_code, refused.json()["code"]) == (409, "helper_not_bookable")
    fresh = await ask(jobs, helper=helper)
    refused = await fresh.post("offer", offer_body(), by=helper)
    assert (refused.status_code, refused.json()["code"]) == (409, "tax_data_missing")
    # What was booked stays, and can be moved.
    await kept.step("confirm", by=helper)
    move = {"slot": slot(in_two_days() + 6 * DAY)}
    await kept.step("propose-reschedule", move, by=kept.customer)
    etag = (await get(jobs, helper)).headers["etag"]
    assert (await put(jobs, helper, BODY, If_Match=etag)).status_code == 200
    await waiting.accept(offer)
    await fresh.offer(slot=slot(in_two_days() + 10 * DAY))


async def test_a_job_for_nothing_asks_for_nothing(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    booked = await jobs.published(JobBooked, subject=story.id)
    helper = await a_helper(jobs)
    facts = booked.event.facts.model_copy(update={"helper_id": helper, "price": Money(0, "EUR")})
    await jobs.deliver(JobBooked(facts), subject=story.id, sequence=99)
    assert await jobs.scope().store(TaxStore).find(helper) is None


async def test_the_archive_holds_them_and_forgetting_keeps_what_must_be_reported(jobs: Harness):
    story = await ask(jobs)
    await put(jobs, story.helper, BODY, **CREATE)
    idle = await a_helper(jobs)
    await put(jobs, idle, BODY, **CREATE)
    await story.complete()
    await paper(story, "receipt", by=story.helper)
    scope = jobs.scope()
    exported = await JobsData().export(story.helper, scope)
    tax: Any = exported.data["tax"]
    assert tax.data.last_name == "Krause-Öztürk"
    for person in (story.helper, idle):
        await JobsData().erase(person, scope)
        await JobsData().erase(person, scope)
        record = await scope.store(TaxStore).get(person)
        assert record.state is TaxState.LEFT
        assert (record.data is not None) is (person == story.helper)
        await jobs.published(TaxDataErased, subject=person)
