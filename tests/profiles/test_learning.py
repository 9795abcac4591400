"""What the questionnaire gives away of its right answers: too little to put together."""

import itertools
import random
from datetime import timedelta

import pytest

from services.profiles.model.attempt import Attempt
from services.profiles.model.helper import Helper
from services.profiles.model.qualification import CoolDown, StillQualified, told
from services.profiles.store import AttemptStore, HelperStore
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.profiles.builders import (
    DAY,
    NOON,
    a_bank,
    a_bank_body,
    a_draft,
    a_paper,
    answer_with,
    begin,
    describe,
    put_bank,
    right_answers,
    sit,
)

PASS_MARK = 0.7


def answered(right: int) -> float:
    """What is told when so many of ten were right."""
    paper = a_paper(a_draft(), PASS_MARK)
    return told(paper.score({f"q{number}": "right" for number in range(right)}), PASS_MARK)


def drawn(helper: Helper, size: int = 31) -> Attempt:
    """A paper, begun, that avoids what the latest ones asked."""
    papers = [PAPERS[each] for each in helper.latest_attempts("wifi")]
    paper = Attempt.draw(
        a_bank(size),
        id=new_id("attempt"),
        helper_id=helper.id,
        pass_mark=PASS_MARK,
        languages=["en"],
        at=NOON,
        dice=random.Random(7),
        seen={question.id for each in papers for question in each.questions},
    )
    PAPERS[paper.id] = paper
    helper.begin_attempt(paper.id, "wifi", paper.expires_at, NOON)
    return paper


PAPERS: dict[str, Attempt] = {}


def test_failures_all_look_the_same():
    """One question answered and nine left out would otherwise ask "is this right?"."""
    assert {answered(right) for right in range(7)} == {0.0}


def test_one_more_right_answer_shows_at_the_ends_of_the_bands_alone():
    steps = [right for right in range(1, 11) if answered(right) != answered(right - 1)]
    assert steps == [7, 9]


def test_no_result_says_that_all_answers_were_right():
    assert answered(10) == answered(9) == 0.85


@pytest.mark.parametrize("pass_mark", [0.5, 0.6, 0.7, 0.75, 0.9])
def test_the_told_score_passes_when_the_true_one_does(pass_mark: float):
    for right in range(11):
        assert (told(right / 10, pass_mark) >= pass_mark) == (right / 10 >= pass_mark)


def test_the_papers_that_a_day_allows_share_no_question():
    """So no two of them differ in one answer, and the same guess is not tried twice."""
    helper = a_draft()
    papers = [drawn(helper) for _ in range(3)]
    asked = [{question.id for question in paper.questions} for paper in papers]
    assert all(not one & other for one, other in itertools.combinations(asked, 2))
    with pytest.raises(CoolDown):
        drawn(helper)


def test_a_small_bank_asks_again_what_it_must():
    helper = a_draft()
    first, second = drawn(helper, 15), drawn(helper, 15)
    shared = {each.id for each in first.questions} & {each.id for each in second.questions}
    assert len(shared) == 5
    assert len({each.id for each in second.questions}) == 10


def test_who_has_passed_tries_no_more_until_shortly_before_the_end():
    """Passing costs no cool-down: trying on would tell one answer after the other."""
    helper = a_draft()
    paper, other = drawn(helper), drawn(helper)
    helper.finish_attempt(paper.id, score=0.85, passed=True, at=NOON)
    with pytest.raises(StillQualified) as refused:
        helper.check_may_try("wifi", NOON + 304 * DAY)
    assert refused.value.members["next_attempt_at"] == NOON + 305 * DAY
    helper.check_may_try("wifi", NOON + 305 * DAY)
    helper.check_may_try("tv", NOON)
    with pytest.raises(StillQualified):
        helper.finish_attempt(other.id, score=0.85, passed=True, at=NOON)


def test_qualifying_anew_in_time_keeps_the_helper_qualified_throughout():
    helper = a_draft()
    helper.finish_attempt(drawn(helper).id, score=0.7, passed=True, at=NOON)
    later = NOON + 350 * DAY
    helper.begin_attempt("attempt_failed", "wifi", later + DAY, later)
    helper.finish_attempt("attempt_failed", score=0.0, passed=False, at=later)
    assert "qualification:wifi" not in helper.missing()
    helper.begin_attempt("attempt_passed", "wifi", later + DAY, later)
    helper.finish_attempt("attempt_passed", score=0.7, passed=True, at=later)
    helper.on_due(NOON + 365 * DAY)
    assert helper.qualifications["wifi"].valid_until == later + 365 * DAY


async def test_wrong_answers_and_none_are_told_the_same(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    results = []
    for wrong in (4, 10):
        result = await sit(profiles, person, wrong=wrong)
        results.append({name: result[name] for name in ("passed", "score", "valid_until")})
    attempt = (await begin(profiles, person)).json()["id"]
    nothing = (await answer_with(profiles, person, attempt, {})).json()
    results.append({name: nothing[name] for name in ("passed", "score", "valid_until")})
    assert results == [{"passed": False, "score": 0.0, "valid_until": None}] * 3


async def test_neither_paper_nor_result_nor_refusal_holds_an_answer(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    begun = await begin(profiles, person)
    attempt = begun.json()["id"]
    right = await right_answers(profiles, attempt)
    result = await answer_with(profiles, person, attempt, right)
    again = await answer_with(profiles, person, attempt, right)
    assert result.json()["passed"]
    for answer in (result, again):
        assert not [option for option in right.values() if option in answer.text]
    questions = begun.json()["questions"]
    assert {name for each in questions for name in each} == {"id", "text", "options"}
    assert {name for each in questions for option in each["options"] for name in option} == {
        "id",
        "text",
    }


async def test_three_papers_in_a_row_share_no_question(profiles: Harness):
    await put_bank(profiles, "vodafone", "computer", a_bank_body(31))
    person = await profiles.person()
    await describe(profiles, person)
    papers = [(await begin(profiles, person, "computer")).json() for _ in range(3)]
    asked = [question["id"] for paper in papers for question in paper["questions"]]
    assert len(set(asked)) == len(asked) == 30


async def test_a_new_try_while_qualified_is_refused_with_the_day(clock: Harness):
    person = await clock.person()
    await describe(clock, person)
    assert (await sit(clock, person))["passed"]
    refused = await begin(clock, person)
    assert (refused.status_code, refused.json()["code"]) == (409, "still_qualified")
    assert refused.json()["next_attempt_at"] is not None
    clock.travel(timedelta(days=306))
    assert (await begin(clock, person)).status_code == 201


async def test_a_repeated_request_shows_the_paper_that_can_be_answered(clock: Harness):
    """The first one was cut off after it had written the paper, before it was begun."""
    person = await clock.person()
    await describe(clock, person)
    key = {"Idempotency-Key": new_id("key")}
    shown = (await begin(clock, person, **key)).json()
    helpers, attempts = clock.scope(), clock.scope().store(AttemptStore)

    def forget(helper: Helper) -> None:
        helper.attempts = []

    await helpers.store(HelperStore).update(person, forget)
    await clock.runtime.database.collection("helpers").update_one(
        {"_id": person}, {"$unset": {"memory": ""}}
    )
    again = (await begin(clock, person, **key)).json()
    assert again["questions"] == shown["questions"]
    await helpers.store(HelperStore).update(person, forget)
    await clock.runtime.database.collection("helpers").update_one(
        {"_id": person}, {"$unset": {"memory": ""}}
    )
    clock.travel(timedelta(minutes=20))
    fresh = (await begin(clock, person, **key)).json()
    kept = await attempts.get(fresh["id"])
    assert [each["id"] for each in fresh["questions"]] == [each.id for each in kept.questions]
    right = await right_answers(clock, fresh["id"])
    assert (await answer_with(clock, person, fresh["id"], right)).json()["passed"]
