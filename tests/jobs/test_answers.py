"""Who was asked by name, and when they first answered: for those who count response times."""

from datetime import timedelta

from services.jobs.model.values import Party
from tests.jobs.builders import ADA, BEN, CEM, NOW, book, offered, requested, terms

LATER = NOW + timedelta(minutes=20)


def test_an_offer_answers_a_request_and_a_later_word_changes_nothing():
    job = requested()
    assert (job.facts().asked_helper_id, job.facts().answered_at) == ("ben", None)
    job.offer(terms(), BEN, LATER)
    assert job.facts().answered_at == LATER
    job.counter(None, terms(minutes=60), ADA, LATER + timedelta(hours=1))
    job.counter(None, terms(minutes=80), BEN, LATER + timedelta(hours=2))
    book(job, at=LATER + timedelta(hours=3))
    assert job.facts().answered_at == LATER


def test_a_no_is_an_answer_too():
    declined, cancelled = requested(), requested()
    declined.decline(BEN, LATER)
    cancelled.cancel("ill", Party.HELPER, BEN, LATER)
    assert declined.facts().answered_at == cancelled.facts().answered_at == LATER


def test_the_customers_own_words_are_no_answer():
    job = requested()
    job.withdraw(ADA, LATER)
    assert job.facts().answered_at is None


def test_who_was_asked_first_stays_known_when_others_are_asked():
    job = requested()
    job.decline(BEN, LATER)
    job.send_out(ADA, LATER + timedelta(minutes=1))
    job.offer(terms(), CEM, LATER + timedelta(minutes=2))
    facts = job.facts()
    assert (facts.helper_id, facts.asked_helper_id, facts.answered_at) == (None, "ben", LATER)


def test_a_word_after_the_request_ran_out_comes_too_late():
    job = requested()
    job.on_due(job.request_expires_at)
    job.send_out(ADA, job.request_expires_at)
    job.offer(terms(), BEN, job.request_expires_at - timedelta(minutes=1))
    assert (job.facts().asked_helper_id, job.facts().answered_at) == ("ben", None)


def test_in_a_broadcast_nobody_is_asked_by_name():
    facts = offered(broadcast=True).facts()
    assert (facts.asked_helper_id, facts.answered_at) == (None, None)
