"""The rules of a job, without a database."""

import hashlib
import json
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from services.jobs.model import Caller, Command, Job, State
from services.jobs.model.agreement import Policies, Tier
from services.jobs.model.booking import HoldLost
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.negotiation import OfferChanged, check_terms
from services.jobs.model.reach import cell_of
from services.jobs.model.requesting import SlotTooSoon, check_slots
from services.jobs.model.values import Cause, FeeStatus, OfferStatus, Party, Resolution, Slot
from services.jobs.model.visit import ChangeNotApproved, ChangeReplaced
from shared.contracts.identity import TenantRules
from shared.contracts.jobs import (
    JobBooked,
    JobClosed,
    JobCompleted,
    JobDeclined,
    JobExpired,
    JobOffered,
    JobRequested,
    JobResolutionProposed,
    JobResolved,
)
from shared.kernel.errors import Invalid
from shared.kernel.geo import Point
from shared.kernel.money import Money
from tests.jobs.builders import (
    ADA,
    BEN,
    CEM,
    DAY,
    HOUR,
    NOW,
    PLACE,
    SUE,
    a_delivery,
    a_helper,
    a_hold,
    a_job,
    a_slot,
    a_wish,
    book,
    booked,
    change_of,
    completed,
    confirmed,
    delivered,
    eur,
    fee_of,
    in_progress,
    offered,
    proposal_of,
    requested,
    saved,
    talks,
    terms,
)
from tests.tenants import SWISSCOM, VODAFONE


def refused(pointer: str, code: str = "invalid"):
    """The rule that names this field."""

    def check(error: Invalid) -> bool:
        return error.errors[0]["pointer"] == pointer and error.reason == code

    return pytest.raises(Invalid, check=check)


# Requesting


def test_a_request_expires_after_48_hours():
    assert requested(slots=[a_slot(5 * DAY)]).due_at == NOW + timedelta(hours=48)


def test_a_request_expires_4_hours_before_its_first_slot():
    job = requested(slots=[a_slot(3 * DAY), a_slot(DAY)])
    assert job.due_at == NOW + DAY - 4 * HOUR


def test_nothing_happens_before_it_is_due():
    job = requested()
    assert job.on_due(job.request_expires_at - timedelta(milliseconds=1)) == []
    assert job.state is State.REQUESTED


def test_an_expired_request_says_so():
    job = requested()
    assert job.on_due(job.request_expires_at) == [JobExpired(job.facts())]
    assert job.facts().expired_at == job.request_expires_at


@pytest.mark.parametrize(
    ("slots", "pointer"),
    [
        ([Slot(NOW + DAY, NOW + DAY)], "/slots/0/end"),
        ([Slot(NOW + DAY, NOW + DAY - HOUR)], "/slots/0/end"),
        ([Slot(NOW + DAY, NOW + DAY + timedelta(minutes=14))], "/slots/0/end"),
        ([Slot(NOW + DAY, NOW + DAY + 12 * HOUR + timedelta(minutes=1))], "/slots/0/end"),
        ([Slot(NOW + 91 * DAY, NOW + 91 * DAY + HOUR)], "/slots/0/start"),
        ([a_slot(DAY), a_slot(DAY + HOUR)], "/slots/1"),
    ],
)
def test_slots_have_a_length_a_horizon_and_stand_apart(slots, pointer):
    with refused(pointer):
        check_slots(slots, NOW)


def test_slots_may_touch_and_have_the_extreme_lengths():
    quarter = Slot(NOW + DAY, NOW + DAY + timedelta(minutes=15))
    long = Slot(quarter.end, quarter.end + 12 * HOUR)
    check_slots([long, quarter], NOW)


def test_the_earliest_slot_must_be_4_hours_ahead_wherever_it_stands():
    with pytest.raises(SlotTooSoon) as too_soon:
        check_slots([a_slot(DAY), Slot(NOW + 3.9 * HOUR, NOW + 5 * HOUR)], NOW)
    assert too_soon.value.errors[0]["pointer"] == "/slots/1/start"
    check_slots([Slot(NOW + 4 * HOUR, NOW + 5 * HOUR)], NOW)


def request_with(tenant=VODAFONE, helper_id="ben", **wish):
    return Job.request(
        a_wish(**wish), id="job", customer=ADA, helper_id=helper_id, tenant=tenant, at=NOW
    )


def test_a_category_must_be_the_tenants():
    with refused("/category", "unknown_category"):
        request_with(category="plumbing")


def test_a_place_must_be_within_the_service_area():
    with refused("/place", "outside_service_area"):
        request_with(place=Point(48.14, 11.58))
    with refused("/place", "outside_service_area"):
        request_with(tenant=SWISSCOM)
    request_with(place=VODAFONE.centre)


def test_nobody_asks_themselves():
    with refused("/helper_id", "own_request"):
        request_with(helper_id="ada")


# Talks


def test_an_offer_tells_its_price_rounded_half_up():
    # 50 minutes at 7.75 are 6.4583...; 6 minutes at 7.75 are 0.775, half up 0.78.
    nothing = {"travel": eur(0), "materials": eur(0)}
    assert terms(minutes=50, hourly_rate=eur(775), **nothing).price == eur(646)
    assert terms(minutes=6, hourly_rate=eur(775), **nothing).price == eur(78)
    assert terms().price == eur(2250 + 300 + 500)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"hourly_rate": eur(699)}, "/hourly_rate/amount_minor", "rate_outside_band"),
        ({"hourly_rate": eur(3001)}, "/hourly_rate/amount_minor", "rate_outside_band"),
        ({"minutes": 121}, "/minutes", "invalid"),
        ({"slot": Slot(NOW + DAY, NOW + 2 * DAY)}, "/slot/end", "invalid"),
    ],
)
def test_terms_have_bounds(changes, pointer, code):
    with refused(pointer, code):
        check_terms(terms(**changes), VODAFONE, NOW)


@pytest.mark.parametrize("field", ["hourly_rate", "travel", "materials"])
def test_terms_are_in_the_tenants_currency(field):
    with refused(f"/{field}/currency"):
        check_terms(terms(**{field: Money(1000, "CHF")}), VODAFONE, NOW)


def test_an_offer_lapses_after_72_hours_and_with_it_a_direct_request():
    job = offered()
    assert job.due_at == NOW + timedelta(hours=72)
    assert job.on_due(job.due_at) == [JobExpired(job.facts())]
    assert job.offers[0].status is OfferStatus.ENDED
    assert job.side_of(BEN) == "helper"


def test_an_expired_offer_cannot_be_accepted_even_if_no_timer_has_run():
    job = offered()
    with pytest.raises(OfferChanged):
        book(job, at=NOW + timedelta(hours=72))


def test_a_helper_offers_only_once_before_the_customer_has_answered():
    job = offered()
    with pytest.raises(IllegalTransition):
        job.offer(terms(), BEN, NOW)


def test_rounds_are_counted_per_helper():
    job = offered(broadcast=True)
    job.offer(terms(), CEM, NOW)
    for _ in range(2):
        job.counter(talks(job, "ben").id, terms(), ADA, NOW)
        job.counter(None, terms(), BEN, NOW)
    job.counter(talks(job, "ben").id, terms(), ADA, NOW)
    assert talks(job, "ben").round == 5
    assert talks(job, "cem").round == 0
    assert Command.COUNTER not in job.allowed(BEN, NOW)
    assert Command.ACCEPT in job.allowed(BEN, NOW)
    assert Command.COUNTER in job.allowed(ADA, NOW)


def test_a_counter_must_say_which_of_several_offers_it_answers():
    job = offered(broadcast=True)
    job.offer(terms(), CEM, NOW)
    with refused("/offer_id"):
        job.counter(None, terms(), ADA, NOW)


def test_one_bidder_cannot_answer_for_another():
    job = offered(broadcast=True)
    job.offer(terms(), CEM, NOW)
    job.counter(talks(job, "ben").id, terms(), ADA, NOW)
    with pytest.raises(NotYourCommand):
        book(job, CEM, offer_id=talks(job, "ben").id)
    with pytest.raises(NotYourCommand):
        job.cancel("no", Party.HELPER, CEM, NOW)


def test_a_declined_request_is_over():
    job = requested()
    assert job.decline(BEN, NOW) == [JobDeclined(job.facts())]
    assert job.due_at == NOW + 14 * DAY


def test_a_broadcast_survives_a_decline():
    job = offered(broadcast=True)
    job.offer(terms(), CEM, NOW)
    assert job.decline(BEN, NOW) == [JobOffered(job.facts())]
    assert job.decline(CEM, NOW) == [JobRequested(job.facts())]
    assert job.state is State.REQUESTED
    with pytest.raises(NoSuchJob):
        job.offer(terms(), BEN, NOW)


def test_a_lapsed_offer_leaves_the_others_of_a_broadcast_open():
    job = requested(broadcast=True)
    job.offer(terms(), BEN, NOW)
    job.offer(terms(), CEM, NOW + DAY)
    job.on_due(NOW + timedelta(hours=72))
    assert (job.state, job.thread("ben")) == (State.OFFERED, None)
    assert job.due_at == NOW + DAY + timedelta(hours=72)
    job.on_due(job.due_at)
    assert job.state is State.EXPIRED


def test_a_broadcast_takes_at_most_fifty_open_offers():
    job = requested(broadcast=True)
    for number in range(50):
        name = f"helper-{number}"
        job.offer(terms(), Caller(name, helper=a_helper(name)), NOW)
    with pytest.raises(IllegalTransition):
        job.offer(terms(), BEN, NOW)


def test_a_broadcast_is_open_to_listed_skilled_helpers_in_reach_only():
    job = requested(broadcast=True)
    assert job.side_of(BEN) == "helper"
    for helper in (
        a_helper(status="unlisted"),
        a_helper(skills=["tv"]),
        a_helper(qualified={"wifi": NOW - DAY}),
        a_helper(place=Point(52.4, 13.05), radius_m=5_000),
        a_helper(place=None),
    ):
        with pytest.raises(NoSuchJob):
            job.side_of(Caller("ben", helper=helper))


def test_a_customer_cannot_offer_in_their_own_broadcast():
    with pytest.raises(NotYourCommand):
        requested(broadcast=True).offer(terms(), Caller("ada", helper=a_helper("ada")), NOW)


def test_a_direct_request_is_in_no_cell_and_a_booked_broadcast_neither():
    assert requested().open_cells == []
    job = offered(broadcast=True)
    assert cell_of(a_helper().place or PLACE) in job.open_cells
    book(job)
    assert job.open_cells == []
    assert job.seats == ["customer:ada", "helper:ben"]


# Booking


def test_accepting_books_and_freezes_the_agreement():
    job = offered()
    events = book(job)
    assert events == [JobBooked(job.facts())]
    text = job.agreed.text
    assert job.agreed.sha256 == hashlib.sha256(text.encode()).hexdigest()
    content = json.loads(text)
    assert content["price"] == {"amount_minor": 3050, "currency": "EUR"}
    assert content["slot"]["start"] == "2026-03-04T10:00:00.000Z"
    assert content["policies"]["cancellation_tiers"][0] == {"fee_percent": 0, "hours_before": 24}
    assert text.startswith('{"agreed_at":"2026-03-02T10:00:00.000Z","category":"wifi",')


def test_booking_under_an_old_fence_is_refused():
    job = offered()
    offer = job.open_offers()[0]
    hold = a_hold(job, offer.id)
    job.raise_fence(offer.id)
    with pytest.raises(HoldLost):
        job.accept(offer.id, ADA, hold=hold, helper=a_helper(), at=NOW)


def test_a_fence_is_raised_only_where_the_hold_could_still_be_booked():
    job = booked()
    before = job.fence
    job.raise_fence(str(job.hold))
    job.raise_fence("another")
    assert job.fence == before


def test_a_reschedule_is_proposed_at_most_twice_and_lapses_after_24_hours():
    job = confirmed()
    for number in range(2):
        at = NOW + number * DAY
        job.propose_reschedule(a_slot(5 * DAY), ADA, at)
        assert job.due_at == at + DAY
        job.on_due(job.due_at)
        assert job.reschedule is None
        assert job.due_at is None
        assert job.state is State.CONFIRMED
    with pytest.raises(IllegalTransition):
        job.propose_reschedule(a_slot(5 * DAY), BEN, NOW)


def test_a_late_answer_to_a_reschedule_is_none():
    job = booked()
    job.propose_reschedule(a_slot(5 * DAY), ADA, NOW)
    hold = a_hold(job, proposal_of(job).id)
    with pytest.raises(IllegalTransition):
        job.accept_reschedule(BEN, hold, NOW + DAY)


def test_a_reschedule_leaves_room_for_the_agreed_minutes():
    with refused("/slot/end"):
        booked().propose_reschedule(a_slot(5 * DAY, hours=1), ADA, NOW)


# The visit


def test_delivery_stays_within_what_was_agreed():
    for changes in ({"minutes": 91}, {"materials": eur(501)}):
        job = in_progress()
        with pytest.raises(ChangeNotApproved):
            job.deliver(a_delivery(**changes), BEN, NOW)
        assert job.delivery is None


def test_approved_changes_add_up():
    job = in_progress()
    for _ in range(2):
        job.propose_change(30, eur(200), "concrete", BEN, NOW)
        job.approve_change(change_of(job).id, ADA, NOW)
    job.deliver(a_delivery(minutes=150, materials=eur(900)), BEN, NOW)
    assert [line.amount for line in job.receipt_lines()] == [eur(3750), eur(300), eur(900)]


def test_a_proposal_that_was_replaced_is_not_approved_unseen():
    job = saved(in_progress())
    job.propose_change(30, eur(0), "", BEN, NOW)
    seen = change_of(job).id
    saved(job).propose_change(480, eur(9000), "", BEN, NOW)
    with pytest.raises(ChangeReplaced):
        job.approve_change(seen, ADA, NOW)
    assert job.changes == []


def test_a_change_that_was_only_proposed_is_worth_nothing():
    job = in_progress()
    job.propose_change(30, eur(0), "", BEN, NOW)
    with pytest.raises(ChangeNotApproved):
        job.deliver(a_delivery(minutes=120), BEN, NOW)


def test_the_receipt_counts_minutes_worked_and_leaves_out_what_was_nothing():
    job = completed(minutes=45, materials=eur(0))
    assert [(line.kind, line.amount) for line in job.receipt_lines()] == [
        ("labour", eur(1125)),
        ("travel", eur(300)),
    ]


def test_silence_for_48_hours_accepts_the_work():
    job = delivered()
    assert job.due_at == job.when(State.DELIVERED) + timedelta(hours=48)
    assert job.on_due(job.due_at) == [JobCompleted(job.facts())]
    assert job.timeline[-1].actor is None


@pytest.mark.parametrize(
    ("cause", "party"),
    [
        (Cause.CUSTOMER_ABSENT, "customer"),
        (Cause.LINE_INACTIVE, "operator"),
        (Cause.ROUTER_FAULT, "operator"),
        (Cause.SKILL_GAP, "helper"),
        (Cause.UNSAFE, None),
    ],
)
def test_a_failure_names_its_cause_and_whose_it_is(cause, party):
    job = in_progress()
    job.fail(cause, BEN, NOW)
    assert (job.facts().cause, job.facts().cause_party) == (cause, party)


# Endings

LATE = a_slot().start - 23 * HOUR
EARLY = a_slot().start - 24 * HOUR


@pytest.mark.parametrize(
    ("by", "cause", "at", "amount", "status"),
    [
        (ADA, Party.CUSTOMER, EARLY, 0, "waived"),
        (ADA, Party.CUSTOMER, LATE, 1500, "due"),
        (ADA, Party.HELPER, LATE, 1500, "pending"),
        (BEN, Party.HELPER, LATE, 0, "waived"),
        (BEN, Party.CUSTOMER, LATE, 1500, "pending"),
        (SUE, Party.OPERATOR, LATE, 0, "waived"),
        (SUE, Party.CUSTOMER, LATE, 1500, "due"),
        (SUE, Party.HELPER, LATE, 0, "waived"),
    ],
)
def test_a_cancellation_costs_what_the_agreement_says(by, cause, at, amount, status):
    job = booked()
    job.cancel("reason", cause, by, at)
    assert (fee_of(job).amount, fee_of(job).status) == (eur(amount), status)


def test_five_minutes_after_booking_cancelling_is_free_however_late():
    job = booked(at=LATE)
    job.cancel("by mistake", Party.CUSTOMER, ADA, LATE + timedelta(minutes=4, seconds=59))
    assert fee_of(job).status is FeeStatus.WAIVED
    job = booked(at=LATE)
    job.cancel("by mistake", Party.CUSTOMER, ADA, LATE + timedelta(minutes=5))
    assert fee_of(job).status is FeeStatus.DUE


def test_cancelling_before_booking_knows_no_fee():
    job = offered()
    job.cancel("no", Party.CUSTOMER, ADA, NOW)
    assert (job.state, job.fee) == (State.CANCELLED, None)


def test_a_reschedule_wins_no_time_for_cancelling():
    job = booked()
    job.propose_reschedule(a_slot(9 * DAY), ADA, LATE)
    hold = a_hold(job, proposal_of(job).id, a_slot(9 * DAY))
    job.accept_reschedule(BEN, hold, LATE)
    job.cancel("no", Party.CUSTOMER, ADA, LATE)
    assert (fee_of(job).amount, fee_of(job).status) == (eur(1500), "due")


def test_tiers_are_the_tenants_and_later_than_all_is_a_whole_hour():
    policies = Policies([Tier(48, 0), Tier(24, 50)], 7, 14)
    fees = [policies.fee(eur(1501), hours * HOUR) for hours in (48, 47, 24, 23, -1)]
    assert fees == [eur(0), eur(751), eur(751), eur(1501), eur(1501)]
    assert Policies.of(TenantRules()).cancellation == [Tier(24, 0), Tier(0, 100)]


def test_the_blamed_helper_may_agree():
    job = booked()
    job.cancel("never answered", Party.HELPER, ADA, LATE)
    with pytest.raises(NotYourCommand):
        job.agree_cause(ADA, LATE)
    due = job.due_at
    job.agree_cause(BEN, LATE + DAY)
    assert (fee_of(job).amount, fee_of(job).status, job.due_at) == (eur(0), "waived", due)


def test_what_nobody_agreed_to_is_given_up_when_the_job_closes():
    job = booked()
    job.cancel("never answered", Party.HELPER, ADA, LATE)
    assert job.on_due(LATE + 14 * DAY) == [JobClosed(job.facts())]
    assert fee_of(job).status is FeeStatus.WAIVED


def test_a_no_show_is_told_ten_minutes_into_the_appointment():
    start = a_slot().start
    early = confirmed()
    with pytest.raises(IllegalTransition):
        early.no_show(ADA, start + timedelta(minutes=9, seconds=59))
    early.no_show(ADA, start + timedelta(minutes=10))
    assert (early.cause_party, fee_of(early).status) == ("helper", "waived")
    waited = confirmed()
    waited.no_show(BEN, start + timedelta(minutes=10))
    assert (waited.cause_party, fee_of(waited).amount) == ("customer", eur(1500))


def test_a_no_show_is_contestable_for_48_hours():
    job = a_job(State.NO_SHOW)
    at = job.when(State.NO_SHOW)
    assert Command.DISPUTE in job.allowed(ADA, at + timedelta(hours=47))
    assert Command.DISPUTE not in job.allowed(ADA, at + timedelta(hours=48))


def test_a_dispute_comes_within_seven_days():
    job = completed()
    end = job.when(State.COMPLETED)
    with pytest.raises(IllegalTransition):
        job.dispute("broken", ADA, end + 7 * DAY)
    job.dispute("broken", ADA, end + 7 * DAY - timedelta(seconds=1))
    assert (job.state, job.due_at) == (State.DISPUTED, None)


def test_another_word_replaces_a_proposed_resolution():
    job = a_job(State.DISPUTED)
    job.resolve(Resolution("all back", refund=eur(2000)), ADA, NOW)
    told = job.resolve(Resolution("half back", refund=eur(1000)), BEN, NOW)
    assert told == [JobResolutionProposed(job.facts())]
    assert job.state is State.DISPUTED
    same = Resolution("half back", refund=eur(1000))
    told = job.resolve(same, BEN, NOW)
    assert told == [JobResolutionProposed(job.facts())]
    assert job.resolve(same, ADA, NOW) == [JobResolved(job.facts())]


def test_a_resolution_moves_at_most_the_price():
    job = a_job(State.DISPUTED)
    with refused("/fee/amount_minor"):
        job.resolve(Resolution("more", fee=eur(3051)), SUE, NOW)
    job.resolve(Resolution("all", fee=eur(3050)), SUE, NOW)


def test_a_job_closes_when_both_windows_are_over():
    job = completed()
    assert job.due_at == job.when(State.COMPLETED) + 14 * DAY
    assert job.on_due(job.due_at) == [JobClosed(job.facts())]
    assert job.due_at is None


def test_facts_hold_every_milestone_of_the_way():
    facts = completed().facts()
    assert facts.requested_at == facts.offered_at == facts.booked_at == NOW
    assert facts.started_at == a_slot().start
    assert facts.delivered_at == facts.completed_at == a_slot().end
    assert (facts.price, facts.minutes, facts.outcome) == (eur(3050), 90, "solved")
    assert facts.cancelled_at is None


@pytest.mark.parametrize("state", State)
def test_a_job_of_any_state_is_read_back_as_it_was_written(state):
    adapter = TypeAdapter(Job)
    job = a_job(state)
    assert adapter.validate_python(adapter.dump_python(job)) == job
