"""The rules of helpers, qualification and documents, pure."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.profiles.model import bank as banks
from services.profiles.model import cells, ranking
from services.profiles.model.attempt import Attempt, worded
from services.profiles.model.availability import Availability, Window
from services.profiles.model.bank import Option, StaleBank
from services.profiles.model.document import DocumentKind, DocumentStatus, NotVerifiable, Review
from services.profiles.model.helper import Helper
from services.profiles.model.qualification import (
    AttemptClosed,
    AttemptExpired,
    CoolDown,
    Qualification,
    next_attempt_at,
)
from services.profiles.model.ranking import Signals
from services.profiles.model.standing import Rating, Record, Standing
from shared.contracts.profiles import (
    DocumentExpired,
    DocumentReviewed,
    HelperListed,
    HelperUnlisted,
    HelperUpdated,
    QualificationExpired,
    QualificationPassed,
)
from shared.kernel.errors import Invalid
from shared.kernel.geo import Point
from shared.kernel.money import Money
from tests.profiles.builders import (
    DAY,
    NOON,
    a_bank,
    a_document,
    a_draft,
    a_listed_helper,
    a_paper,
    a_profile,
    some_questions,
)
from tests.tenants import BERLIN, SWISSCOM, VODAFONE, ZURICH

MINUTE = timedelta(minutes=1)


def kinds(events: Any) -> list[type]:
    return [type(event) for event in events]


def verified_by(by: str = "acc_support", at: Any = NOON) -> Review:
    return Review(DocumentStatus.VERIFIED, "", by, at)


# Being listed


def test_a_new_profile_is_a_draft_with_a_checklist():
    helper = a_draft(verified=False, headline="", skills=["wifi", "tv"])
    assert helper.status == "draft"
    assert helper.missing() == [
        "account_verified",
        "profile:headline",
        "photo",
        "qualification:wifi",
        "qualification:tv",
    ]
    assert helper.keys == []


def test_an_empty_profile_misses_every_needed_field():
    helper = a_draft(
        headline="",
        skills=[],
        languages=[],
        hourly_rate=None,
        place=None,
        availability=Availability(),
    )
    names = ("headline", "skills", "languages", "hourly_rate", "place", "availability")
    assert helper.missing() == [*(f"profile:{name}" for name in names), "photo"]


def test_the_last_missing_thing_lists_the_helper():
    helper = a_draft()
    helper.qualifications = {"wifi": Qualification(NOON + DAY, 0.8)}
    events = helper.show("photo_1", NOON)
    assert kinds(events) == [HelperListed]
    assert events[0].facts.status == "listed"
    assert events[0].facts.listed_at == NOON
    assert len(helper.keys) == 2


def test_a_shown_skill_without_qualification_unlists():
    helper = a_listed_helper()
    events = helper.describe(a_profile(skills=["wifi", "tv"]), NOON)
    assert kinds(events) == [HelperUnlisted]
    assert helper.status == "unlisted"
    assert helper.keys == []
    assert kinds(helper.describe(a_profile(), NOON)) == [HelperListed]


def test_listed_at_is_the_first_time():
    helper = a_listed_helper()
    helper.describe(a_profile(skills=["tv"]), NOON + DAY)
    helper.describe(a_profile(), NOON + 2 * DAY)
    assert helper.listed_at == NOON


def test_the_same_profile_again_changes_nothing():
    helper = a_listed_helper()
    assert helper.describe(replace(helper.profile), NOON) == []


def test_any_other_change_publishes_the_facts():
    helper = a_listed_helper()
    events = helper.describe(replace(helper.profile, radius_m=5_000), NOON)
    assert kinds(events) == [HelperUpdated]
    assert events[0].facts.radius_m == 5_000


def test_facts_round_the_public_place_and_keep_the_exact_one():
    facts = a_listed_helper().facts()
    assert facts.place == BERLIN
    assert facts.public_place == BERLIN.rounded() != BERLIN


def test_suspension_takes_a_helper_off_the_list_and_reinstatement_puts_them_back():
    helper = a_listed_helper()
    suspended = replace(helper.standing, active=False)
    assert kinds(helper.follow(suspended, VODAFONE.rules, NOON)) == [HelperUnlisted]
    assert helper.status == "suspended"
    assert helper.keys == []
    active = replace(suspended, active=True)
    assert kinds(helper.follow(active, VODAFONE.rules, NOON)) == [HelperListed]


def test_a_suspended_draft_becomes_a_draft_again():
    helper = a_draft()
    standing = Standing("Ada Berger", verified=True, active=False)
    helper.follow(standing, VODAFONE.rules, NOON)
    assert helper.status == "suspended"
    helper.follow(replace(standing, active=True), VODAFONE.rules, NOON)
    assert helper.status == "draft"


def test_a_new_name_is_published():
    helper = a_listed_helper()
    renamed = replace(helper.standing, display_name="Ada Meier")
    events = helper.follow(renamed, VODAFONE.rules, NOON)
    assert kinds(events) == [HelperUpdated]
    assert events[0].facts.display_name == "Ada Meier"


def test_where_the_tenant_wants_insurance_nobody_is_listed_without():
    helper = a_listed_helper()
    events = helper.follow(helper.standing, SWISSCOM.rules, NOON)
    assert kinds(events) == [HelperUnlisted]
    assert helper.missing() == ["document:insurance"]
    reviewed = helper.review(a_document(helper), verified_by())
    assert kinds(reviewed) == [DocumentReviewed, HelperListed]
    assert reviewed[-1].facts.insured_until == NOON + 100 * DAY


def test_identity_is_wanted_where_the_rules_say_so():
    helper = a_draft()
    rules = VODAFONE.rules.model_copy(update={"identity_required": True})
    helper.follow(helper.standing, rules, NOON)
    assert "document:identity" in helper.missing()
    proof = a_document(helper, kind=DocumentKind.IDENTITY, insurance=None, valid_until=None)
    helper.review(proof, verified_by())
    assert "document:identity" not in helper.missing()


# What the tenant allows


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"skills": ["wifi", "plumbing"]}, "/skills/1"),
        ({"skills": ["wifi", "wifi"]}, "/skills/1"),
        ({"languages": ["de", "xx"]}, "/languages/1"),
        ({"languages": ["de", "de"]}, "/languages/1"),
        ({"hourly_rate": Money(699, "EUR")}, "/hourly_rate/amount_minor"),
        ({"hourly_rate": Money(3001, "EUR")}, "/hourly_rate/amount_minor"),
        ({"hourly_rate": Money(1500, "CHF")}, "/hourly_rate/currency"),
        ({"place": ZURICH}, "/place"),
        (
            {"availability": Availability([Window(1, "10:00", "10:00")])},
            "/availability/weekly/0/end",
        ),
    ],
)
def test_what_the_tenant_does_not_allow_is_named(fields: dict[str, Any], pointer: str):
    with pytest.raises(Invalid) as refused:
        a_profile(**fields).check(VODAFONE)
    assert refused.value.errors[0]["pointer"] == pointer


@pytest.mark.parametrize("amount", [700, 3000])
def test_the_ends_of_the_band_are_inside(amount: int):
    a_profile(hourly_rate=Money(amount, "EUR")).check(VODAFONE)


def test_each_tenant_has_its_own_band():
    a_profile(hourly_rate=Money(6000, "CHF"), place=ZURICH).check(SWISSCOM)
    with pytest.raises(Invalid):
        a_profile(hourly_rate=Money(1500, "CHF"), place=ZURICH).check(SWISSCOM)


# Qualification


def begun(helper: Helper, at: Any = NOON) -> Attempt:
    paper = replace(a_paper(helper), started_at=at, expires_at=at + 15 * MINUTE)
    helper.begin_attempt(paper.id, paper.skill, paper.expires_at, at)
    return paper


def fail(helper: Helper, at: Any) -> None:
    paper = begun(helper, at)
    assert helper.finish_attempt(paper.id, score=0.5, passed=False, at=at) == []


def test_passing_qualifies_for_twelve_months():
    helper = a_draft()
    paper = begun(helper)
    events = helper.finish_attempt(paper.id, score=0.8, passed=True, at=NOON)
    assert kinds(events) == [QualificationPassed]
    assert events[0].facts.qualified == {"wifi": NOON + 365 * DAY}
    assert helper.due_at == NOON + 335 * DAY


def test_seven_of_ten_are_seventy_per_cent():
    helper = a_draft()
    paper = a_paper(helper)
    answers = {f"q{number}": "right" for number in range(7)}
    assert paper.score(answers) == 0.7
    assert paper.score(answers) >= paper.pass_mark


def test_what_is_not_answered_is_wrong():
    assert a_paper(a_draft()).score({}) == 0.0


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        ({"q99": "right"}, "/answers/q99"),
        ({"q1": "other"}, "/answers/q1"),
        ({"a/b": "right"}, "/answers/a~1b"),
    ],
)
def test_answers_that_are_not_on_the_paper_are_refused(answers: dict[str, str], pointer: str):
    with pytest.raises(Invalid) as refused:
        a_paper(a_draft()).score(answers)
    assert refused.value.errors[0]["pointer"] == pointer


def test_an_attempt_is_answered_once():
    helper = a_draft()
    paper = begun(helper)
    helper.finish_attempt(paper.id, score=1.0, passed=True, at=NOON)
    with pytest.raises(AttemptClosed):
        helper.finish_attempt(paper.id, score=1.0, passed=True, at=NOON)


def test_late_answers_count_as_failed():
    helper = a_draft()
    paper = begun(helper)
    late = NOON + 15 * MINUTE
    with pytest.raises(AttemptExpired):
        helper.finish_attempt(paper.id, score=1.0, passed=True, at=late)
    fail(helper, late)
    fail(helper, late)
    with pytest.raises(CoolDown):
        helper.check_may_try("wifi", late)


def test_three_failures_in_a_day_cool_down_for_a_day():
    helper = a_draft()
    for hours in (0, 5, 23):
        fail(helper, NOON + timedelta(hours=hours))
    with pytest.raises(CoolDown) as refused:
        helper.begin_attempt("attempt_4", "wifi", NOON + 2 * DAY, NOON + 2 * DAY - 2 * 60 * MINUTE)
    third = NOON + timedelta(hours=23)
    assert refused.value.members["next_attempt_at"] == third + DAY
    helper.check_may_try("wifi", third + DAY)


def test_three_failures_over_more_than_a_day_do_not():
    helper = a_draft()
    for hours in (0, 12, 24):
        fail(helper, NOON + timedelta(hours=hours))
    helper.check_may_try("wifi", NOON + timedelta(hours=25))


def test_a_cool_down_is_for_one_skill_only():
    helper = a_draft()
    for _ in range(3):
        fail(helper, NOON)
    helper.check_may_try("tv", NOON)


def test_papers_left_open_count_so_that_nobody_picks_from_many():
    helper = a_draft()
    for _ in range(3):
        begun(helper)
    with pytest.raises(CoolDown):
        begun(helper)


def test_a_passed_attempt_is_no_failure():
    helper = a_draft()
    fail(helper, NOON)
    fail(helper, NOON)
    paper = begun(helper)
    helper.finish_attempt(paper.id, score=0.7, passed=True, at=NOON)
    assert next_attempt_at(helper.attempts, "wifi") is None


def test_an_expired_qualification_unlists():
    helper = a_listed_helper()
    events = helper.on_due(NOON + 365 * DAY)
    assert kinds(events) == [QualificationExpired, HelperUnlisted]
    assert helper.missing() == ["qualification:wifi"]
    assert helper.due_at is None


def test_a_timer_before_its_time_changes_nothing():
    helper = a_listed_helper()
    due = helper.due_at
    assert list(helper.on_due(NOON + DAY)) == []
    assert helper.due_at == due


def test_a_paper_has_ten_different_questions_with_fresh_option_ids():
    papers = [
        Attempt.draw(
            a_bank(15),
            id="attempt_1",
            helper_id="acc_1",
            pass_mark=0.7,
            languages=["en"],
            at=NOON,
            dice=random.Random(seed),
        )
        for seed in (1, 2)
    ]
    for paper in papers:
        assert len({question.id for question in paper.questions}) == 10
        for question in paper.questions:
            shown = next(each for each in question.options if each.id == question.right)
            assert shown.text == "Answer 2"
            assert [each.id for each in question.options] == sorted(
                each.id for each in question.options
            )
    ids = [{o.id for q in paper.questions for o in q.options} for paper in papers]
    assert not ids[0] & ids[1]
    orders = [[q.id for q in paper.questions] for paper in papers]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    ("languages", "words"),
    [
        (["en", "de"], "hello"),
        (["de-CH", "en"], "hallo"),
        (["fr", "it", "EN-us"], "hello"),
        (["fr"], "hallo"),
    ],
)
def test_texts_come_in_the_wanted_language_or_the_next(languages: list[str], words: str):
    assert worded({"de": "hallo", "en": "hello"}, languages) == words


def test_a_bank_is_checked_whole():
    good = some_questions(10)
    banks.check(good, ["de"])
    two_right = replace(good[3], options=[Option(f"o{n}", {"de": "x"}, True) for n in range(2)])
    for bad, pointer in [
        (good[:9], "/questions"),
        ([*good[:9], good[0]], "/questions"),
        ([*good[:3], two_right, *good[4:]], "/questions/3/options"),
        ([replace(good[0], text={"fr": "?"}), *good[1:]], "/questions/0/text"),
    ]:
        with pytest.raises(Invalid) as refused:
            banks.check(bad, ["de"])
        assert refused.value.errors[0]["pointer"] == pointer


def test_a_bank_only_moves_forward():
    bank = a_bank(edition=2)
    bank.revise(2, some_questions())
    with pytest.raises(StaleBank):
        bank.revise(1, some_questions())
    with pytest.raises(StaleBank):
        bank.revise(2, some_questions(11))
    bank.revise(3, some_questions(11))
    assert (bank.edition, len(bank.questions)) == (3, 11)


# Documents


def test_a_verified_insurance_expires_by_the_timer():
    helper = a_listed_helper()
    helper.follow(helper.standing, SWISSCOM.rules, NOON)
    helper.review(a_document(helper), verified_by())
    assert helper.due_at == NOON + 70 * DAY
    events = helper.on_due(NOON + 100 * DAY)
    assert kinds(events) == [DocumentExpired, HelperUnlisted]
    assert helper.missing() == ["document:insurance"]
    assert events[-1].facts.insured_until is None


def test_where_insurance_is_optional_its_end_does_not_unlist():
    helper = a_listed_helper()
    helper.review(a_document(helper), verified_by())
    assert kinds(helper.on_due(NOON + 100 * DAY)) == [DocumentExpired]
    assert helper.status == "listed"


def test_the_longer_insurance_stands():
    helper = a_listed_helper()
    helper.review(a_document(helper, valid_until=NOON + 200 * DAY), verified_by())
    helper.review(a_document(helper, valid_until=NOON + 50 * DAY), verified_by())
    assert helper.facts().insured_until == NOON + 200 * DAY


def test_a_rejected_document_proves_nothing():
    helper = a_draft(SWISSCOM)
    rejection = Review(DocumentStatus.REJECTED, "blurred", "acc_support", NOON)
    assert kinds(helper.review(a_document(helper), rejection)) == [DocumentReviewed]
    assert "document:insurance" in helper.missing()


def test_the_first_review_counts():
    helper = a_draft()
    document = a_document(helper)
    helper.review(document, verified_by())
    assert helper.review(document, Review(DocumentStatus.REJECTED, "no", "acc_2", NOON)) == []
    assert helper.reviews[document.id].status == "verified"


def test_an_insurance_that_does_not_cover_paid_work_is_not_verified():
    helper = a_draft()
    document = a_document(helper)
    assert document.insurance is not None
    document.insurance = replace(document.insurance, covers_paid_work=False)
    with pytest.raises(NotVerifiable):
        helper.review(document, verified_by())
    assert helper.reviews == {}


def test_a_document_that_has_run_out_is_not_verified():
    helper = a_draft()
    with pytest.raises(NotVerifiable):
        helper.review(a_document(helper, valid_until=NOON), verified_by())


def test_the_queue_row_follows_the_review_and_runs_out():
    document = a_document(a_draft())
    document.follow(verified_by())
    assert (document.status, document.due_at) == ("verified", document.valid_until)
    document.follow(Review(DocumentStatus.REJECTED, "no", "acc_2", NOON))
    assert document.status == "verified"
    document.on_due(NOON + 100 * DAY)
    assert (document.status, document.due_at) == ("expired", None)


# Rating, record, ranking


def test_the_newest_rating_wins():
    helper = a_listed_helper()
    assert helper.rate(Rating(4.5, 2, 4.2, sequence=7)) == []
    helper.rate(Rating(1.0, 1, 1.0, sequence=6))
    helper.rate(Rating(2.0, 1, 2.0, sequence=7))
    assert helper.rating == Rating(4.5, 2, 4.2, sequence=7)
    helper.rate(Rating(2.0, 1, 2.0, sequence=7), again=True)
    assert helper.rating == Rating(2.0, 1, 2.0, sequence=7)


def test_the_record_publishes_nothing():
    helper = a_listed_helper()
    assert helper.keep_record(Record(3, 1)) == []
    assert helper.record == Record(3, 1)


def some_signals(**fields: Any) -> Signals:
    values: dict[str, Any] = {
        "skill_level": 1.0,
        "rating": 5.0,
        "distance_m": 0,
        "radius_m": 10_000,
        "weekly_minutes": 40 * 60,
        "free_minutes": None,
        "jobs_kept": 1_000_000,
        "jobs_broken": 0,
    }
    return Signals(**(values | fields))


def test_contributions_add_up_to_the_score_and_never_pass_their_weight():
    explained = ranking.explain(some_signals())
    assert [(each.factor, each.weight) for each in explained] == [
        ("skill_level", 30),
        ("rating", 25),
        ("distance", 20),
        ("slot_fit", 15),
        ("reliability", 10),
    ]
    assert ranking.score(some_signals()) == sum(each.contribution for each in explained) == 100.0
    assert all(each.contribution <= each.weight for each in explained)


@pytest.mark.parametrize(
    ("fields", "factor", "contribution"),
    [
        ({"skill_level": 0.7}, "skill_level", 21.0),
        ({"rating": None}, "rating", 18.75),
        ({"rating": 1.0}, "rating", 0.0),
        ({"distance_m": 5_000}, "distance", 10.0),
        ({"weekly_minutes": 600}, "slot_fit", 7.5),
        ({"free_minutes": 60.0}, "slot_fit", 3.75),
        ({"jobs_kept": 0, "jobs_broken": 0}, "reliability", 8.0),
        ({"jobs_kept": 0, "jobs_broken": 10}, "reliability", 4.0),
    ],
)
def test_each_factor_contributes_as_explained(
    fields: dict[str, Any], factor: str, contribution: float
):
    explained = ranking.explain(some_signals(**fields))
    assert {each.factor: each.contribution for each in explained}[factor] == contribution


# Cells


def all_steps(centre: Point, radius_m: int, skill: str | None = None) -> list[list[str]]:
    """What a search reads that finds nobody."""
    rings = cells.Rings(centre, radius_m, skill, enough=200)
    return list(iter(lambda: rings.beyond(0), []))


@pytest.mark.parametrize("radius_m", [1, 900, 2_000, 10_000, 50_000])
@pytest.mark.parametrize("centre", [BERLIN, ZURICH, Point(58.16, 10.8), Point(-33.9, 151.2)])
def test_the_rings_cover_the_whole_circle(centre: Point, radius_m: int):
    dice = random.Random(radius_m)
    keys = {key for step in all_steps(centre, radius_m, "wifi") for key in step}
    for _ in range(200):
        lat = centre.lat + dice.uniform(-1, 1) * radius_m / 111_000
        lon = centre.lon + dice.uniform(-1, 1) * radius_m / 55_000
        place = Point(lat, lon)
        if place.distance_m(centre) <= radius_m:
            assert cells.keys_at(place, ["wifi"])[1] in keys


def test_the_rings_go_outward_and_read_no_cell_twice():
    steps = all_steps(BERLIN, 50_000)
    keys = [key for step in steps for key in step]
    assert len(steps[0]) == 1
    assert len(keys) == len(set(keys))
    assert len(keys) < 3_500


def test_an_empty_country_is_crossed_in_few_steps():
    assert len(all_steps(BERLIN, 50_000)) <= 5


@pytest.mark.parametrize(("matched", "cells_read"), [(1, 18), (30, 18), (60, 6), (199, 6)])
def test_the_next_step_is_as_long_as_the_crowd_is_thin(matched: int, cells_read: int):
    rings = cells.Rings(BERLIN, 50_000, None, enough=200)
    assert len(rings.beyond(0)) == 1
    assert len(rings.beyond(matched)) == cells_read


def test_enough_is_enough():
    rings = cells.Rings(BERLIN, 50_000, None, enough=200)
    assert rings.beyond(0)
    assert rings.beyond(200) == []


def test_poles_and_pentagons_are_places_too():
    for place in (Point(90, 0), Point(-90, 180), Point(64.7, 10.536)):
        assert all_steps(place, 50_000)
