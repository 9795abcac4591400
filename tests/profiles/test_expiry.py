"""What runs out: warned of once each time, by the clock of the business."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.profiles.mails import expiry_warning
from services.profiles.model.document import DocumentStatus, Review
from services.profiles.model.expiry import Ending
from services.profiles.model.helper import Helper
from shared.contracts.profiles import (
    DocumentExpired,
    DocumentReviewed,
    Expiry,
    ExpiryWarned,
    HelperUnlisted,
    QualificationExpired,
)
from shared.mail import Mail, MailStore
from shared.replicas import People, Person
from tests.harness import Harness
from tests.profiles.builders import (
    DAY,
    NOON,
    a_document,
    a_listed_helper,
    a_profile,
    decide,
    hand_in,
    listed,
)
from tests.tenants import SWISSCOM, VODAFONE

END = NOON + 100 * DAY


def insured(until: datetime = END, at: datetime = NOON) -> Helper:
    helper = a_listed_helper()
    helper.describe(a_profile(), NOON)
    verify(helper, until, at)
    return helper


def verify(helper: Helper, until: datetime, at: datetime) -> None:
    document = a_document(helper, valid_until=until)
    helper.review(document, Review(DocumentStatus.VERIFIED, "", "acc_support", at))


def told(helper: Helper, at: datetime) -> list[tuple[str, int]]:
    """What the timer warns of at this moment."""
    events = helper.on_due(at)
    return [
        (each.what, each.days)
        for event in events
        if isinstance(event, ExpiryWarned)
        for each in event.facts.warned
    ]


def test_the_timer_goes_off_at_each_warning_and_at_the_end():
    helper = insured()
    seen = []
    while helper.due_at and helper.due_at <= END:
        seen.append((helper.due_at, told(helper, helper.due_at)))
    assert seen == [
        (END - 30 * DAY, [("document:insurance", 30)]),
        (END - 7 * DAY, [("document:insurance", 7)]),
        (END, []),
    ]


def test_a_warning_is_given_once():
    helper = insured()
    assert told(helper, END - 30 * DAY)
    assert told(helper, END - 29 * DAY) == []


def test_who_comes_late_gives_only_the_last_warning():
    assert told(insured(), END - 3 * DAY) == [("document:insurance", 7)]


def test_what_is_over_is_not_warned_of():
    helper = insured()
    assert [type(each) for each in helper.on_due(END)] == [DocumentExpired]


def test_a_proof_that_is_short_from_the_start_is_warned_of_later_only():
    helper = insured(until=NOON + 20 * DAY)
    assert helper.endings["document:insurance"] == Ending(NOON + 20 * DAY, [7])
    assert insured(until=NOON + 5 * DAY).endings["document:insurance"].warnings == []


def test_a_longer_proof_is_warned_of_anew_and_the_shorter_no_more():
    helper = insured()
    told(helper, END - 30 * DAY)
    verify(helper, END + 300 * DAY, END - 20 * DAY)
    assert told(helper, END - 7 * DAY) == []
    assert told(helper, END + 270 * DAY) == [("document:insurance", 30)]


def test_a_shown_qualification_is_warned_of_and_one_that_is_not_shown_is_not():
    helper = a_listed_helper(skills=["wifi", "tv"])
    helper.describe(a_profile(skills=["tv"]), NOON)
    assert told(helper, NOON + 335 * DAY) == [("qualification:tv", 30)]


def test_a_clock_that_goes_back_in_a_trial_repeats_nothing():
    helper = insured()
    told(helper, END - 7 * DAY)
    assert told(helper, END - 40 * DAY) == []
    assert told(helper, END - 7 * DAY) == []


def test_everything_else_that_is_told_warns_of_nothing():
    helper = insured()
    events = helper.on_due(NOON + 358 * DAY)
    assert [type(each) for each in events] == [DocumentExpired, ExpiryWarned]
    assert [len(each.facts.warned) for each in events] == [0, 1]


def test_documents_from_before_there_were_warnings_are_warned_of():
    helper = insured()
    helper.endings = {}
    helper.describe(a_profile(headline="New"), NOON + DAY)
    assert told(helper, END - 7 * DAY) == [("document:insurance", 7)]


# Mails ---------------------------------------------------------------------------------------


def a_person(language: str) -> Person:
    return Person("acc_1", "ada@people.example", "Ada", language, "active", email_verified=True)


def a_mail(what: str, language: str = "de", tenant: Any = SWISSCOM) -> Mail:
    # Midnight in Zurich: the day before is the last one.
    until = datetime.fromisoformat("2027-01-31T23:00:00+00:00")
    return expiry_warning(a_person(language), Expiry(what=what, valid_until=until, days=7), tenant)


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("de", "Ihr Versicherungsnachweis: gültig bis 31. Januar 2027", "nicht mehr zu finden"),
        ("fr", "Votre attestation d’assurance : valable jusqu’au 31 janvier 2027", "pourra plus"),
        ("it", "Il suo certificato di assicurazione scade il 31 gennaio 2027", "non potrà più"),
        ("en", "Your proof of insurance: valid until January 31, 2027", "no longer be found"),
        ("tr", "Your proof of insurance: valid until January 31, 2027", "no longer be found"),
    ],
)
def test_a_warning_speaks_the_persons_language(language: str, subject: str, words: str):
    mail = a_mail("document:insurance", language)
    assert mail.subject == subject
    assert words in (mail.text or "")


def test_a_warning_comes_in_the_tenants_name():
    mail = a_mail("document:insurance")
    assert (mail.sender_name, mail.sender) == (
        SWISSCOM.brand.programme_name,
        SWISSCOM.brand.support_email,
    )
    assert SWISSCOM.brand.name in (mail.text or "")


def test_a_warning_says_what_follows_by_the_tenants_rules():
    optional = a_mail("document:insurance", tenant=VODAFONE).text or ""
    assert "bleibt Ihr Profil sichtbar" in optional
    skill = a_mail("qualification:wifi", tenant=VODAFONE)
    names = next(each.names for each in VODAFONE.categories if each.slug == "wifi")
    assert names["de"] in skill.subject
    assert "nicht mehr zu finden" in (skill.text or "")


def test_each_warning_is_one_mail():
    ids = {a_mail(what).id for what in ("document:insurance", "qualification:wifi")}
    assert len(ids) == 2
    assert a_mail("document:insurance").id in ids


# By the timer and over the broker ------------------------------------------------------------


async def mails_to(harness: Harness, person: str, tenant: str) -> list[Mail]:
    scope = harness.scope(tenant)
    address = (await scope.store(People).get(person)).email
    found = harness.runtime.database.collection(MailStore.collection).find({"recipient": address})
    return [await scope.store(MailStore).get(each["_id"]) for each in await found.to_list(None)]


async def test_warnings_come_once_each_and_then_the_end(clock: Harness):
    person = await listed(clock, "swisscom")
    for days, expected in ((271, 1), (272, 1), (294, 2), (295, 2)):
        clock.travel(timedelta(days=days))

        async def arrived(expected: int = expected) -> bool:
            return len(await mails_to(clock, person, "swisscom")) >= expected

        await clock.eventually(arrived)
        warned = await clock.published(ExpiryWarned, subject=person, tenant="swisscom")
        again = warned.event
        await clock.deliver(again, subject=person, tenant="swisscom", sequence=warned.sequence)
        assert len(await mails_to(clock, person, "swisscom")) == expected
    clock.travel(timedelta(days=302))
    await clock.published(HelperUnlisted, subject=person, tenant="swisscom")
    assert len(await mails_to(clock, person, "swisscom")) == 2


async def test_nobody_is_warned_of_what_is_over_or_after_a_suspension(profiles: Harness):
    person = await listed(profiles)
    now = profiles.scope().now
    facts = (await hand_in_verified(profiles, person)).event.facts
    past = Expiry(what="document:insurance", valid_until=now - DAY, days=7)
    event = ExpiryWarned(facts.model_copy(update={"warned": [past]}))
    await profiles.deliver(event, subject=person, sequence=90)
    await profiles.deliver(event, subject="acc_unknown", sequence=1)
    assert await mails_to(profiles, person, "vodafone") == []


async def hand_in_verified(harness: Harness, person: str) -> Any:
    document = (await hand_in(harness, person)).json()["id"]
    await decide(harness, document)
    return await harness.published(DocumentReviewed, subject=person)


async def test_a_qualification_runs_out_after_its_warnings(clock: Harness):
    person = await listed(clock)
    clock.travel(timedelta(days=336))

    async def mailed() -> bool:
        return len(await mails_to(clock, person, "vodafone")) == 1

    await clock.eventually(mailed)
    clock.travel(timedelta(days=366))
    expired = await clock.published(QualificationExpired, subject=person)
    assert expired.event.facts.qualified == {}
    assert len(await mails_to(clock, person, "vodafone")) == 1
