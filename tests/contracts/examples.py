"""One fully filled example of every facts class; whatever can be absent is there."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts.audit import AccessFacts
from shared.contracts.base import Event, Facts
from shared.contracts.identity import (
    ERASED,
    AccountErased,
    AccountFacts,
    Brand,
    CancellationTier,
    Category,
    CompensationRules,
    EndedSession,
    TenantFacts,
    TenantRules,
)
from shared.contracts.jobs import (
    AppointmentFacts,
    CaseFacts,
    ClaimFacts,
    CompensationFacts,
    CreditNoteFacts,
    JobFacts,
    ReceiptFacts,
    Slot,
    TaxRecordFacts,
)
from shared.contracts.messaging import AcquaintanceFacts, ConversationFacts, MessageFacts
from shared.contracts.privacy import ErasureFacts, ExportFacts, ExportPartFacts, PersonalDataFacts
from shared.contracts.profiles import (
    HELPER_ERASED,
    Availability,
    ExceptionalDay,
    Expiry,
    HelperErased,
    HelperFacts,
    WeeklyHours,
)
from shared.contracts.reviews import RatingFacts, ReviewPairFacts
from shared.kernel.geo import Point
from shared.kernel.ids import derived_id
from shared.kernel.money import Money

BEGAN = datetime(2026, 3, 2, 9, 30, 15, 250_000, UTC)
"""A Monday; every other moment is some hours later."""

CUSTOMER, HELPER = derived_id("acc", "customer"), derived_id("acc", "helper")
SESSION, ENDED_SESSION = derived_id("ses", "spared"), derived_id("ses", "ended")
JOB = derived_id("job", "example")
CONVERSATION = derived_id("conv", "example")


def after(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


def a_tenant() -> TenantFacts:
    return TenantFacts(
        slug="vodafone",
        status="suspended",
        hosts=["vodafone.localhost", "friends.vodafone.example"],
        brand=Brand(
            name="Vodafone",
            programme_name="Vodafone Service Friends",
            primary_colour="#e60000",
            accent_colour="#333333",
            logo="https://vodafone.example/logo.svg",
            support_email="support@vodafone.example",
            support_phone="+49 211 5330",
        ),
        country="DE",
        locales=["de", "en"],
        currency="EUR",
        time_zone="Europe/Berlin",
        categories=[Category(slug="wifi", names={"de": "WLAN", "en": "Wi-Fi"})],
        hourly_rate_min=Money(700, "EUR"),
        hourly_rate_max=Money(3000, "EUR"),
        centre=Point(52.52, 13.405),
        radius_m=60_000,
        rules=TenantRules(
            pass_mark=0.75,
            insurance_required=True,
            identity_required=True,
            cancellation_tiers=[CancellationTier(hours_before=24, fee_percent=50)],
            review_window_days=21,
            dispute_window_days=10,
            contact_redaction=False,
            support_hours="Mo-Sa 09:00-18:00",
            commission_bps=250,
            compensation=CompensationRules(
                helper_percent=150, helper_travel=False, customer=Money(1200, "EUR")
            ),
        ),
        documents={"terms": "2026-01", "privacy": "2026-01", "imprint": "2026-01"},
        tax_number="DE123456788",
    )


def an_account() -> AccountFacts:
    return AccountFacts(
        email="karin@people.example",
        display_name="Karin Vogel",
        language="de",
        roles=["customer", "helper"],
        status="suspended",
        email_verified=True,
        registered_at=after(0),
        verified_at=after(0.1),
        tokens_valid_from=after(1),
        spared_session=SESSION,
        ended_sessions=[EndedSession(id=ENDED_SESSION, ended_at=after(2))],
        consents={"terms": "2026-01", "privacy": "2026-01"},
    )


def a_helper() -> HelperFacts:
    return HelperFacts(
        status="listed",
        display_name="Emre Yildiz",
        headline="WLAN, das in jedem Zimmer ankommt",
        skills=["wifi", "tv"],
        languages=["de", "tr"],
        hourly_rate=Money(1500, "EUR"),
        min_minutes=30,
        place=Point(52.4811, 13.4354),
        public_place=Point(52.48, 13.44),
        radius_m=8000,
        trader_status="private",
        availability=Availability(
            weekly=[WeeklyHours(weekday=1, start="17:00", end="24:00")],
            exceptions=[
                ExceptionalDay(date=date(2026, 4, 6), closed=True, start="10:00", end="12:00")
            ],
            notice_minutes=120,
            buffer_minutes=15,
        ),
        qualified={"wifi": after(8760)},
        insured_until=after(4000),
        listed_at=after(2),
        warned=[Expiry(what="document:insurance", valid_until=after(4000), days=30)],
    )


def a_job() -> JobFacts:
    moments = (
        *("offered", "booked", "confirmed", "departed", "started", "delivered", "completed"),
        *("unsuccessful", "cancelled", "no_show", "disputed", "resolved", "closed"),
        *("declined", "withdrawn", "expired"),
    )
    return JobFacts(
        customer_id=CUSTOMER,
        helper_id=HELPER,
        broadcast=True,
        category="wifi",
        title="WLAN im Schlafzimmer",
        state="closed",
        public_place=Point(52.5, 13.4),
        city="Berlin",
        slot=Slot(start=after(24), end=after(26)),
        minutes=90,
        price=Money(2550, "EUR"),
        outcome="solved",
        cause="line_inactive",
        cause_party="operator",
        requested_at=after(1),
        asked_helper_id=HELPER,
        answered_at=after(2),
        confirmation_missed_at=after(2),
        **{f"{moment}_at": after(2 + hours) for hours, moment in enumerate(moments)},
    )


def a_credit_note() -> CreditNoteFacts:
    return CreditNoteFacts(
        job_id=JOB,
        helper_id=HELPER,
        customer_id=CUSTOMER,
        receipt_id=derived_id("receipt", "example"),
        receipt_number="2026-0001",
        number="C2026-0001",
        issued_at=after(34),
        total=Money(1000, "EUR"),
    )


def a_tax_record() -> TaxRecordFacts:
    return TaxRecordFacts(
        state="given", asked_at=after(1), due_by=after(1441), given_at=after(50), reminders=1
    )


def an_appointment() -> AppointmentFacts:
    return AppointmentFacts(job_id=JOB, start=after(30))


def a_receipt() -> ReceiptFacts:
    return ReceiptFacts(
        job_id=JOB,
        helper_id=HELPER,
        customer_id=CUSTOMER,
        number="2026-0001",
        issued_at=after(30),
        total=Money(2550, "EUR"),
    )


def an_acquaintance() -> AcquaintanceFacts:
    return AcquaintanceFacts(
        people=sorted((CUSTOMER, HELPER)),
        booked_at=after(5),
        blocked_by=HELPER,
        blocked_at=after(6),
        active_job_ids=[JOB],
    )


def a_claim() -> ClaimFacts:
    return ClaimFacts(
        job_id=JOB,
        claimant_id=CUSTOMER,
        respondent_id=HELPER,
        claimant_side="customer",
        state="offered",
        estimated_loss=Money(12000, "EUR"),
        offered=Money(9000, "EUR"),
        settled=Money(9500, "EUR"),
        evidence=2,
        reviews=1,
        reported_at=after(40),
        review_began_at=after(50),
        due_at=after(400),
        ended_at=after(60),
    )


def a_case() -> CaseFacts:
    return CaseFacts(
        job_id=JOB,
        claim_id=derived_id("claim", "example"),
        type="claim",
        severity="normal",
        state="closed",
        opened_by=CUSTOMER,
        reader_ids=[CUSTOMER, HELPER],
        assignee_id=derived_id("acc", "support"),
        opened_at=after(50),
        respond_by=after(74),
        responded_at=after(75),
        overdue_at=after(74),
        closed_at=after(80),
    )


def a_compensation() -> CompensationFacts:
    return CompensationFacts(
        job_id=JOB,
        person_id=HELPER,
        side="helper",
        cause="router_fault",
        amount=Money(1800, "EUR"),
        granted_at=after(30),
    )


def a_conversation() -> ConversationFacts:
    return ConversationFacts(
        customer_notice=3,
        helper_notice=4,
        noticed_at=after(7),
        customer_id=CUSTOMER,
        helper_id=HELPER,
        job_id=JOB,
        opened_at=after(1),
        last_number=3,
        first_reply_at=after(1.5),
        reported_by=CUSTOMER,
        report_reason="scam",
    )


def a_message() -> MessageFacts:
    return MessageFacts(
        conversation_id=CONVERSATION,
        number=3,
        sender_id=CUSTOMER,
        recipient_id=HELPER,
        sent_at=after(2),
        redacted=True,
        withheld=True,
    )


def a_review_pair() -> ReviewPairFacts:
    return ReviewPairFacts(
        job_id=JOB,
        customer_id=CUSTOMER,
        helper_id=HELPER,
        category="wifi",
        invited_at=after(30),
        due_at=after(30 + 14 * 24),
        published_at=after(40),
        customer_overall=5,
        helper_overall=4,
        removed=True,
    )


def a_rating() -> RatingFacts:
    return RatingFacts(helper_id=HELPER, mean=4.75, count=8, score=4.375)


def a_look() -> AccessFacts:
    return AccessFacts(
        actor_id=derived_id("acc", "support"),
        role="support",
        subject_ids=[HELPER],
        kind="document",
        thing_id=derived_id("document", "example"),
        purpose="review",
        case_id=derived_id("case", "example"),
        at=after(3),
        act=True,
    )


def an_erasure() -> ErasureFacts:
    return ErasureFacts(
        person_id=CUSTOMER,
        state="finished",
        round=3,
        asked_at=after(1),
        deadline_at=after(700),
        finished_at=after(4),
    )


def an_answer() -> PersonalDataFacts:
    return PersonalDataFacts(
        erasure_id=derived_id("erasure", "example"),
        person_id=CUSTOMER,
        round=2,
        state="checked",
        open_matters=[f"job:{JOB}"],
    )


def an_export() -> ExportFacts:
    return ExportFacts(
        person_id=CUSTOMER,
        state="collecting",
        round=2,
        seal_to="c2VhbCB0byB0aGlzIGtleQ==",
        asked_at=after(1),
        deadline_at=after(700),
    )


def a_part() -> ExportPartFacts:
    return ExportPartFacts(
        export_id=derived_id("export", "example"),
        person_id=CUSTOMER,
        round=2,
        number=1,
        count=3,
        sealed="bm90aGluZyB0byBzZWU=",
    )


EXAMPLES: dict[type[Facts], tuple[str, Facts]] = {
    TenantFacts: ("vodafone", a_tenant()),
    AccountFacts: (CUSTOMER, an_account()),
    HelperFacts: (HELPER, a_helper()),
    JobFacts: (JOB, a_job()),
    ReceiptFacts: (derived_id("receipt", "example"), a_receipt()),
    AcquaintanceFacts: (derived_id("acquaintance", "example"), an_acquaintance()),
    ClaimFacts: (derived_id("claim", "example"), a_claim()),
    CaseFacts: (derived_id("case", "example"), a_case()),
    CompensationFacts: (derived_id("compensation", "example"), a_compensation()),
    CreditNoteFacts: (derived_id("credit", "example"), a_credit_note()),
    TaxRecordFacts: (HELPER, a_tax_record()),
    AppointmentFacts: (derived_id("appointment", "example"), an_appointment()),
    ConversationFacts: (CONVERSATION, a_conversation()),
    MessageFacts: (f"{CONVERSATION}:3", a_message()),
    ReviewPairFacts: (derived_id("pair", "example"), a_review_pair()),
    RatingFacts: (HELPER, a_rating()),
    ErasureFacts: (derived_id("erasure", "example"), an_erasure()),
    PersonalDataFacts: (derived_id("answer", "example"), an_answer()),
    ExportFacts: (derived_id("export", "example"), an_export()),
    ExportPartFacts: (derived_id("part", "example"), a_part()),
    AccessFacts: (derived_id("look", "example"), a_look()),
}
"""Facts class -> the subject's id and the example."""


LAST_WORDS: dict[type[Event[Any]], Facts] = {
    AccountErased: ERASED,
    HelperErased: HELPER_ERASED,
}
"""Events that always say the same: little, and with nothing filled that can be blank."""


def example_of(event: type[Event[Any]]) -> tuple[str, Facts]:
    """Subject and facts. KeyError with what to do when the facts class has no example."""
    if event.facts_class not in EXAMPLES:
        name = event.facts_class.__name__
        raise KeyError(f"{name} has no example yet: add one to tests/contracts/examples.py")
    subject, facts = EXAMPLES[event.facts_class]
    return subject, LAST_WORDS.get(event, facts)
