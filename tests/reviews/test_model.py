from datetime import timedelta

import pytest

from services.reviews.model import (
    AlreadyReviewed,
    Mark,
    Rating,
    ReplyWindowOver,
    ReportReason,
    ReviewPair,
    Verdict,
    WindowOver,
    ranking_score,
)
from services.reviews.model.errors import (
    AlreadyDecided,
    AlreadyReplied,
    NotReported,
    NotYourCommand,
)
from shared.contracts.reviews import RatingChanged, ReviewInvited, ReviewPublished, ReviewRemoved
from shared.kernel.errors import NotFound
from tests.reviews.builders import (
    DAY,
    GOOD,
    NOW,
    POOR,
    a_pair,
    a_published_pair,
    completed_facts,
    delivered_facts,
    job_facts,
)


def test_a_job_that_was_not_delivered_calls_nobody_to_review():
    assert ReviewPair.invite("vodafone", "j", job_facts(state="in_progress"), 14) is None


def test_a_job_without_a_helper_calls_nobody_to_review():
    assert ReviewPair.invite("vodafone", "j", completed_facts(helper_id=None), 14) is None


def test_a_closed_job_that_was_completed_invites_both_sides():
    invited = ReviewPair.invite("vodafone", "j", completed_facts(state="closed"), 14)
    assert invited is not None
    pair, events = invited
    assert pair.awaiting == ["ada", "ben"]
    assert events == [ReviewInvited(pair.facts())]


def test_a_job_has_the_same_pair_whichever_event_calls_it_and_another_in_another_tenant():
    assert a_pair(delivered_facts()).id == a_pair(completed_facts()).id
    assert a_pair().id != a_pair(tenant="swisscom").id


def test_the_window_ends_fourteen_days_after_completion():
    assert a_pair().window_ends == NOW + 14 * DAY
    assert a_pair().due_at == NOW + 14 * DAY


def test_completion_moves_the_window_that_delivery_began():
    pair = a_pair(delivered_facts())
    events = pair.follow(completed_facts(completed_at=NOW + 2 * DAY))
    assert pair.window_ends == pair.due_at == NOW + 16 * DAY
    assert events == [ReviewInvited(pair.facts())]


def test_an_older_moment_of_the_job_moves_nothing_back():
    pair = a_pair(completed_facts(completed_at=NOW + 2 * DAY))
    assert pair.follow(delivered_facts()) == []
    assert pair.window_ends == NOW + 16 * DAY


def test_a_sealed_review_brings_no_event_and_changes_no_fact():
    pair = a_pair()
    before = pair.facts()
    assert pair.write(GOOD, "Fast", by="ada", at=NOW) == []
    assert pair.facts() == before


def test_the_second_review_reveals_both_at_once():
    pair = a_pair()
    pair.write(GOOD, None, by="ada", at=NOW)
    events = pair.write(POOR, None, by="ben", at=NOW + DAY)
    assert events == [ReviewPublished(pair.facts())]
    assert (pair.facts().customer_overall, pair.facts().helper_overall) == (5, 2)
    assert pair.published_at == NOW + DAY
    assert pair.due_at is None


def test_nobody_reviews_twice():
    pair = a_pair()
    pair.write(GOOD, None, by="ada", at=NOW)
    with pytest.raises(AlreadyReviewed):
        pair.write(POOR, None, by="ada", at=NOW)


def test_strangers_cannot_review():
    with pytest.raises(NotFound):
        a_pair().write(GOOD, None, by="eve", at=NOW)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(milliseconds=1)])
def test_nothing_is_accepted_from_the_end_of_the_window_on(late):
    pair = a_pair()
    with pytest.raises(WindowOver):
        pair.write(GOOD, None, by="ada", at=pair.window_ends + late)


def test_the_last_millisecond_of_the_window_counts():
    pair = a_pair()
    pair.write(GOOD, None, by="ada", at=pair.window_ends - timedelta(milliseconds=1))
    assert pair.by_customer is not None


def test_the_windows_end_reveals_a_single_review():
    pair = a_pair()
    pair.write(GOOD, None, by="ada", at=NOW)
    assert pair.on_due(pair.window_ends) == [ReviewPublished(pair.facts())]
    assert pair.facts().customer_overall == 5
    assert pair.facts().helper_overall is None
    assert pair.awaiting == []


def test_a_window_without_reviews_ends_in_silence():
    pair = a_pair()
    assert pair.on_due(pair.window_ends) == []
    assert (pair.due_at, pair.awaiting, pair.published_at) == (None, [], None)


def test_a_timer_that_comes_too_early_reveals_nothing():
    pair = a_pair()
    pair.write(GOOD, None, by="ada", at=NOW)
    assert pair.on_due(pair.window_ends - DAY) == []
    assert pair.published_at is None
    assert pair.due_at == pair.window_ends


def test_a_dispute_labels_until_it_is_resolved():
    pair = a_pair()
    pair.follow(completed_facts(disputed_at=NOW))
    assert pair.disputed
    pair.follow(completed_facts(disputed_at=NOW, resolved_at=NOW + DAY))
    assert not pair.disputed


def test_a_late_dispute_event_does_not_undo_the_resolution():
    pair = a_pair()
    pair.follow(completed_facts(disputed_at=NOW, resolved_at=NOW + DAY))
    pair.follow(completed_facts(disputed_at=NOW))
    assert not pair.disputed


def test_the_reviewed_side_replies_once():
    pair = a_published_pair()
    review = pair.review_ids[0]
    pair.reply(review, "Thank you", by="ben", at=NOW + DAY)
    assert pair.by_customer is not None
    assert pair.by_customer.reply is not None
    with pytest.raises(AlreadyReplied):
        pair.reply(review, "Again", by="ben", at=NOW + DAY)


def test_the_author_cannot_reply_to_the_own_review():
    pair = a_published_pair()
    with pytest.raises(NotYourCommand):
        pair.reply(pair.review_ids[0], "Me again", by="ada", at=NOW)


def test_a_reply_comes_within_thirty_days():
    pair = a_published_pair()
    with pytest.raises(ReplyWindowOver):
        pair.reply(pair.review_ids[0], "Late", by="ben", at=NOW + 30 * DAY)


def test_a_sealed_review_cannot_be_answered_even_with_its_id():
    pair = a_pair()
    pair.write(GOOD, None, by="ada", at=NOW)
    with pytest.raises(NotFound):
        pair.reply(pair.review_ids[0], "Seen you", by="ben", at=NOW)
    with pytest.raises(NotFound):
        pair.report(pair.review_ids[0], ReportReason.UNTRUE, None, by="ben", at=NOW)


def test_a_removed_review_is_gone_from_facts_and_lists():
    pair = a_published_pair()
    review = pair.review_ids[0]
    pair.report(review, ReportReason.UNTRUE, None, by="ben", at=NOW)
    events = pair.decide(review, Verdict.REMOVE, "invented", by="sue", at=NOW)
    assert events == [ReviewRemoved(pair.facts())]
    assert pair.facts().customer_overall is None
    assert pair.facts().removed
    assert (pair.shown_order, pair.mark, pair.customer_report_order) == (None, None, None)
    with pytest.raises(NotFound):
        pair.reply(review, "Good", by="ben", at=NOW)


def test_a_kept_review_stays_and_is_decided_once():
    pair = a_published_pair()
    review = pair.review_ids[0]
    pair.report(review, ReportReason.UNTRUE, None, by="ben", at=NOW)
    assert pair.decide(review, Verdict.KEEP, None, by="sue", at=NOW) == []
    assert pair.mark == 5
    with pytest.raises(AlreadyDecided):
        pair.decide(review, Verdict.REMOVE, "after all", by="sue", at=NOW)


def test_only_a_reported_review_is_moderated():
    pair = a_published_pair()
    with pytest.raises(NotReported):
        pair.decide(pair.review_ids[0], Verdict.REMOVE, "why not", by="sue", at=NOW)


def marks(*values: int, category: str = "wifi") -> list[Mark]:
    return [Mark(category, value, NOW) for value in values]


def test_without_reviews_the_score_is_the_prior():
    assert ranking_score([], {}) == 4.0


def test_a_few_reviews_move_the_score_a_little():
    # (10 * 4.5 + 5 + 5) / (10 + 2)
    assert ranking_score(marks(5, 5), {"wifi": 4.5}) == pytest.approx(55 / 12)


def test_a_review_weighs_half_after_a_year():
    old = Mark("wifi", 1, NOW - 365 * DAY)
    new = Mark("wifi", 5, NOW)
    # (10 * 4 + 0.5 * 1 + 1 * 5) / (10 + 1.5)
    assert ranking_score([old, new], {"wifi": 4.0}) == pytest.approx(45.5 / 11.5)


def test_each_category_brings_its_own_mean():
    mixed = [*marks(5), *marks(5, category="tv")]
    # m = (3 + 4) / 2
    expected = (10 * 3.5 + 10) / 12
    assert ranking_score(mixed, {"wifi": 3.0, "tv": 4.0}) == pytest.approx(expected)


def test_an_unknown_categorys_mean_is_the_prior():
    assert ranking_score(marks(5), {}) == pytest.approx((40 + 5) / 11)


def test_a_rating_tells_when_it_changed_and_is_silent_when_it_did_not():
    rating = Rating(id="rating_1", helper_id="ben")
    assert rating.rate(marks(5, 4), {"wifi": 4.5}) == [RatingChanged(rating.facts())]
    assert (rating.mean, rating.count) == (4.5, 2)
    assert rating.rate(marks(5, 4), {"wifi": 4.5}) == []


def test_a_rating_whose_last_review_is_removed_is_empty_again():
    rating = Rating(id="rating_1", helper_id="ben")
    rating.rate(marks(1), {"wifi": 1.0})
    rating.rate([], {})
    assert (rating.mean, rating.count, rating.score) == (None, 0, 4.0)
