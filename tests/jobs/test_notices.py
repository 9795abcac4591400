"""Whoever is waited for gets one mail, in their language and the tenant's name."""

import re
from datetime import timedelta
from string import Formatter
from typing import Any

import pytest

from services.jobs.commands import notices
from services.jobs.mails.words import CLOSING, TEXTS
from services.jobs.model.appointment import AHEAD, Appointment
from shared.contracts.identity import AccountFacts, AccountSuspended, AccountUpdated
from shared.contracts.jobs import AppointmentApproached, JobBooked, JobOffered
from shared.kernel.clock import utc_now
from shared.mail import Mail, MailStore
from tests.harness import Harness
from tests.jobs.builders import DAY, HOUR, NOW
from tests.jobs.journey import Story, ask, in_two_days, money, slot
from tests.tenants import TENANTS


async def mails(jobs: Harness, person: str, tenant: str = "vodafone") -> list[Mail]:
    store = jobs.scope(tenant).store(MailStore)
    found = await store._find({"recipient": f"{person}@people.example"})
    return sorted(found, key=lambda mail: mail.created_at)


async def told(story: Story, person: str, start: str) -> Mail:
    """The mail to this person whose subject begins so."""

    async def look() -> Any:
        found = await mails(story.jobs, person, story.tenant)
        return next((mail for mail in found if mail.subject.startswith(start)), None)

    try:
        mail: Mail = await story.jobs.eventually(look)
    except TimeoutError:
        subjects = [mail.subject for mail in await mails(story.jobs, person, story.tenant)]
        raise AssertionError(f"no {start!r} among {subjects}") from None
    return mail


def test_every_language_has_every_mail_with_the_same_values():
    def holes(pair: tuple[str, str]) -> set[str | None]:
        return {name for text in pair for _, name, _, _ in Formatter().parse(text) if name}

    assert TEXTS.keys() == CLOSING.keys() == {"en", "de", "fr", "it"}
    for texts in TEXTS.values():
        assert texts.keys() == TEXTS["en"].keys()
        for kind, pair in texts.items():
            assert holes(pair) == holes(TEXTS["en"][kind]), kind


def test_an_appointment_calls_a_day_before_or_at_once():
    far = Appointment.of("job", NOW + 3 * DAY, NOW)
    assert far.due_at == NOW + 3 * DAY - AHEAD
    assert far.on_due(NOW + DAY) == []
    assert far.on_due(NOW + 2 * DAY) == [AppointmentApproached(far.facts())]
    assert far.on_due(NOW + 2 * DAY) == []
    assert Appointment.of("job", NOW + HOUR, NOW).due_at == NOW
    far.move(NOW + 9 * DAY, NOW + 2 * DAY)
    assert far.due_at == NOW + 8 * DAY
    far.due_at = None
    far.move(NOW + 9 * DAY, NOW + 2 * DAY)
    assert far.due_at is None


async def test_each_step_is_told_to_whom_it_waits_for(jobs: Harness):
    story = await ask(jobs)
    request = await told(story, story.helper, "Neue Anfrage")
    assert "Ada Berger" in (request.text or "")
    await story.offer()
    await told(story, story.customer, "Ein Angebot")
    first = story.view["offers"][-1]["id"]
    counter = {"slot": slot(), "minutes": 60, "hourly_rate": money(1500), "offer_id": first}
    await story.step("counter", counter, by=story.customer)
    counter_mail = await told(story, story.helper, "Ein Gegenangebot")
    assert "15,00\xa0€" in (counter_mail.text or "")
    await story.step("accept", {"offer_id": story.view["offers"][-1]["id"]}, by=story.helper)
    for person in (story.customer, story.helper):
        await told(story, person, "Gebucht")
    await told(story, story.helper, "Ihre Steuerdaten")
    move = {"slot": slot(in_two_days() + DAY)}
    await story.step("propose-reschedule", move, by=story.customer)
    await told(story, story.helper, "Anderer Termin?")
    await story.step("accept-reschedule", by=story.helper)
    await told(story, story.customer, "Verlegt")
    for command in ("confirm", "depart", "start"):
        await story.step(command, by=story.helper)
    more = {"minutes": 30, "materials": money(900), "reason": "cable"}
    await story.step("propose-change", more, by=story.helper)
    change = await told(story, story.customer, "Es wird mehr gebraucht")
    assert "9,00\xa0€" in (change.text or "")
    await story.step("approve-change", by=story.customer)
    done = {"summary": "Done", "minutes": 60, "outcome": "solved"}
    await story.step("deliver", done, by=story.helper)
    await told(story, story.customer, "Erledigt")
    await story.step("dispute", {"reason": "broken"}, by=story.customer)
    await told(story, story.helper, "Beanstandet")
    offer = {"outcome": "half", "refund": money(100)}
    await story.step("resolve", offer, by=story.helper)
    await told(story, story.customer, "Ein Vorschlag zur Einigung")
    await story.step("resolve", offer, by=story.customer)
    for person in (story.customer, story.helper):
        await told(story, person, "Beigelegt")
    subjects = [mail.subject for mail in await mails(jobs, story.customer)]
    assert len(set(subjects)) == len(subjects)


async def test_a_no_a_silence_a_cancellation_and_an_absence_are_told(jobs: Harness):
    declined, expired, cancelled = [await ask(jobs) for _ in range(3)]
    await declined.step("decline", by=declined.helper)
    await told(declined, declined.customer, "Abgelehnt")
    await cancelled.book()
    reason = {"reason": "ill", "cause_party": "helper"}
    await cancelled.step("cancel", reason, by=cancelled.helper)
    await told(cancelled, cancelled.customer, "Abgesagt")
    missed = await ask(jobs)
    await missed.book()
    await missed.step("confirm", by=missed.helper)
    jobs.travel(in_two_days() - utc_now() + HOUR)
    await told(expired, expired.customer, "Keine Antwort")
    await missed.step("no-show", by=missed.helper)
    await told(missed, missed.customer, "Sie wurden vermisst")
    assert not [m for m in await mails(jobs, missed.helper) if m.subject.startswith("Sie wurden")]


async def test_the_helper_is_asked_to_confirm_a_day_before(jobs: Harness):
    story, done = await ask(jobs), await ask(jobs)
    for each in (story, done):
        await each.book()
        await told(each, each.helper, "Gebucht")
    await done.step("confirm", by=done.helper)
    assert not [m for m in await mails(jobs, story.helper) if m.subject.startswith("Bitte best")]
    jobs.travel(in_two_days() - utc_now() - timedelta(hours=23))
    await told(story, story.helper, "Bitte bestätigen")
    for each in (story, done):
        await jobs.published(AppointmentApproached, subject=Appointment.id_for(each.id))
    near = await jobs.published(AppointmentApproached, subject=Appointment.id_for(done.id))
    await jobs.deliver(near.event, subject=near.subject, sequence=near.sequence)
    assert not [m for m in await mails(jobs, done.helper) if m.subject.startswith("Bitte best")]


async def test_what_is_told_again_is_mailed_once(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    await told(story, story.customer, "Gebucht")
    event = await jobs.published(JobBooked, subject=story.id)
    before = [mail.id for mail in await mails(jobs, story.customer)]
    for _ in range(3):
        await jobs.deliver(event.event, subject=story.id, sequence=event.sequence)
    assert [mail.id for mail in await mails(jobs, story.customer)] == before


async def test_an_old_word_of_an_offer_that_was_answered_tells_nobody(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    offered = await jobs.published(JobOffered, subject=story.id)
    await told(story, story.customer, "Gebucht")
    await jobs.scope().store(MailStore).withdraw_to(f"{story.customer}@people.example")
    await jobs.deliver(offered.event, subject=story.id, sequence=offered.sequence)
    assert await mails(jobs, story.customer) == []


@pytest.mark.parametrize(
    ("tenant", "language", "subject", "words"),
    [
        ("swisscom", "fr", "Une offre pour", ["Bonjour", "Swisscom Friends", "53,00\xa0CHF"]),
        ("swisscom", "it", "Un’offerta per", ["Buongiorno", "support@swisscom.example"]),
        ("vodafone", "en", "An offer for", ["Hello", "Vodafone Service Friends"]),
        ("vodafone", "tr", "Ein Angebot für", ["Guten Tag"]),
    ],
)
async def test_mails_speak_the_readers_language_and_the_tenants_brand(
    jobs: Harness, tenant: str, language: str, subject: str, words: list[str]
):
    story = await ask(jobs, tenant=tenant)
    await jobs.deliver(
        AccountUpdated(facts_of(story.customer, language)),
        subject=story.customer,
        tenant=tenant,
        sequence=2,
    )
    await story.offer()
    mail = await told(story, story.customer, subject)
    assert mail.sender_name == TENANTS[tenant].brand.programme_name
    for word in words:
        assert word in (mail.text or "").replace("\u202f", "\xa0")
    assert not re.search(r"[{}]", mail.subject + (mail.text or ""))


def facts_of(person: str, language: str, status: str = "active") -> AccountFacts:
    return AccountFacts(
        email=f"{person}@people.example",
        display_name="Ada",
        language=language,
        roles=["customer"],
        status=status,
        email_verified=True,
        registered_at=utc_now(),
    )


async def test_nobody_writes_to_who_was_suspended(jobs: Harness):
    story = await ask(jobs)
    gone = AccountSuspended(facts_of(story.customer, "de", "suspended"))
    await jobs.deliver(gone, subject=story.customer, sequence=2)
    await story.offer()
    offered = await jobs.published(JobOffered, subject=story.id)
    await notices.of_job(story.id, offered.event, jobs.scope())
    assert await mails(jobs, story.customer) == []
