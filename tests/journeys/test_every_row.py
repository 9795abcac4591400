"""Every row of a job's table is gone in both tenants, and whoever is waited for is written to."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest

from deploy.local.people import Person, UnexpectedAnswerError, mails_to
from deploy.local.story import CASTS
from services.jobs.mails.words import TEXTS
from services.jobs.model import State
from services.jobs.model.transitions import TABLE, leads
from tests.journeys.crowd import DAY, Crowd, command, done, gathered
from tests.journeys.pair import travel, travelling
from tests.journeys.test_papers import TAX
from tests.journeys.ways import Way, walk
from tests.platform import Platform

BOOKED = "request offer c:accept"
STARTED = f"{BOOKED} confirm start"
WAYS = [
    "request ? offer ? c:counter h:counter @1h c:accept ? confirm ? depart ? start ?"
    " propose-change @2h approve-change deliver ? c:complete ? c:payment-word c:dispute ?"
    " h:payment-word s:resolve ? c:payment-word @63d by:close ? h:payment-word",
    "request decline ? broadcast 2:offer c:accept s:cancel",
    "request @49h by:expire ? broadcast h:offer 2:offer 2:decline h:decline c:withdraw"
    " @63d by:close",
    "request offer @73h by:expire broadcast",
    "send 2:offer @30h h:offer @73h by:lapse-offer c:accept c:cancel",
    f"{BOOKED} h:propose-reschedule c:refuse-reschedule c:propose-reschedule h:accept-reschedule"
    " h:cancel",
    f"{BOOKED} c:propose-reschedule @30h by:lapse-reschedule @slot-23h by:miss-confirmation"
    " confirm c:cancel",
    f"{BOOKED} confirm h:propose-reschedule c:refuse-reschedule h:propose-reschedule"
    " c:accept-reschedule start fail ? c:dispute c:resolve @1h h:resolve @63d by:close",
    f"{BOOKED} confirm c:propose-reschedule @30h by:lapse-reschedule @slot+11m c:no-show ?"
    " h:dispute",
    f"{BOOKED} confirm fault depart h:propose-reschedule unknown c:refuse-reschedule"
    " c:propose-reschedule @30h by:lapse-reschedule h:propose-reschedule c:accept-reschedule",
    f"{BOOKED} confirm depart h:cancel ? c:dispute",
    f"{BOOKED} confirm depart @slot+11m h:no-show h:payment-word @63d by:close",
    f"{BOOKED} @slot-3h h:cancel!customer c:agree-cause c:payment-word @63d by:close",
    f"{STARTED} deliver c:dispute",
    f"{STARTED} deliver @49h by:complete @63d by:close",
    f"{STARTED} fail @63d by:close",
    "request c:withdraw ?",
    "request c:cancel",
    "request offer c:withdraw",
    "request offer h:decline @63d by:close",
    "request offer h:cancel",
    "request offer c:counter @1h h:accept",
    "request @49h by:expire @63d by:close",
]
LANGUAGES = {"vodafone": ("en", "de"), "swisscom": ("fr", "it")}
BOTH = "ch"
MAILS = {
    "request": "h", "offer": "c", "counter": BOTH, "declined": "c", "expired": "c",
    "booked": BOTH, "reschedule": BOTH, "rescheduled": BOTH, "confirm": "h", "change": "c",
    "delivered": "c", "unsuccessful": "c", "cancelled": BOTH, "no_show": BOTH,
    "disputed": BOTH, "settlement": "h", "resolved": BOTH, "line_fault": BOTH,
    "tax_requested": "h", "tax_reminded": "h", "tax_overdue": "h",
}  # fmt: skip
"""Every mail of a job, and which side it is for."""


@dataclass
class Walked:
    crowd: Crowd
    ways: list[Way]


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def walked(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Walked]:
    """The clock of the business is nine weeks ahead by then; the third helper took no part."""
    cast = request.param
    languages = LANGUAGES[cast.tenant]
    with travelling(platform), gathered(platform, cast, helpers=3, languages=languages) as crowd:
        pauses = {number * 21 * DAY: partial(_reminded, crowd, number) for number in (1, 2)}
        yield Walked(crowd, walk(crowd, WAYS, pauses))


def _reminded(crowd: Crowd, times: int, who: int = 0) -> bool:
    """So often of this helper's tax data."""
    helper = crowd.helpers[who]
    texts = mails_to(helper.address, crowd.platform.stack.mail_folder)
    subject = TEXTS[helper.language]["tax_reminded"][0]
    return sum(text.startswith(subject) for text in texts) == times


def test_every_row_of_the_table_is_gone(walked: Walked):
    gone = set()
    for way in walked.ways:
        before = None
        for step in way.timeline():
            if before is not None:
                assert leads(step["command"], State(before), State(step["state"])), step
                gone.add((step["command"], before))
            before = step["state"]
    assert gone == {(command.value, state.value) for command, state in TABLE}


def test_whoever_is_waited_for_has_a_mail_in_their_language(walked: Walked):
    assert set(MAILS) == set(TEXTS["en"])
    crowd = walked.crowd
    programme = crowd.customers[0].get("/v1/tenant")["programme_name"]
    for who, person, language in zip(BOTH, crowd.pair, LANGUAGES[crowd.cast.tenant], strict=True):
        wanted = {kind for kind, sides in MAILS.items() if who in sides}
        with suppress(UnexpectedAnswerError):
            person.until(partial(_all_came, crowd, person, language, wanted), "the mails")
        assert kinds(crowd, person, language) == wanted
        texts = list(mails_to(person.address, crowd.platform.stack.mail_folder))
        told = [text for text in texts if "WLAN im Bad" in text.splitlines()[0]]
        assert all(programme in text and person.name in text for text in told)


def _all_came(crowd: Crowd, person: Person, language: str, wanted: set[str]) -> bool:
    return wanted <= kinds(crowd, person, language)


def kinds(crowd: Crowd, person: Person, language: str) -> set[str]:
    """Of jobs' mails, by their subjects in this language."""
    folder = crowd.platform.stack.mail_folder
    subjects = [text.splitlines()[0] for text in mails_to(person.address, folder)]
    begin = {kind: pair[0].split("{")[0] for kind, pair in TEXTS[language].items()}
    return {
        kind for kind, start in begin.items() if any(each.startswith(start) for each in subjects)
    }


def test_without_tax_data_there_is_no_new_booking_after_sixty_days(walked: Walked):
    crowd = walked.crowd
    customer, helper = crowd.pair
    path = "/v1/helpers/me/tax"
    helper.until(lambda: helper.get(path)["state"] == "overdue", "the end of the patience", 30)
    tax = helper.ask("GET", path)
    assert _reminded(crowd, 2)
    slot = crowd.slot(timedelta(days=70))
    job = crowd.requested(customer, helper, slots=[slot])["id"]
    refused = command(helper, job, "offer", crowd.terms(slot=slot))
    assert (refused.status, refused.body["code"]) == (409, "tax_data_missing")
    etag = {"If-Match": tax.headers["etag"]}
    helper.put("/v1/helpers/me/tax", TAX[crowd.cast.tenant], headers=etag)
    offered = command(helper, job, "offer", crowd.terms(slot=slot))
    assert offered.status == 200, offered.body


def test_a_customer_learns_only_that_a_helper_without_tax_data_cannot_be_booked(walked: Walked):
    crowd, platform = walked.crowd, walked.crowd.platform
    customer, helper = crowd.customers[0], crowd.helpers[2]
    ahead = timedelta(seconds=float(platform.stack.clock_file.read_text()))
    crowd.completed(customer, helper, crowd.slot(ahead + 2 * DAY))

    def tax_is(state: str) -> bool:
        answer = helper.ask("GET", "/v1/helpers/me/tax")
        return answer.status == 200 and answer.body["state"] == state

    # Before the clock moves on, as the sixty days are counted from the asking.
    helper.until(partial(tax_is, "asked"), "the question")
    for number in (1, 2):
        travel(platform, ahead + (3 + number * 21) * DAY)
        helper.until(partial(_reminded, crowd, number, 2), "the reminder", 30)
    travel(platform, ahead + 59 * DAY)
    slot = crowd.slot(ahead + 70 * DAY)
    job = crowd.requested(customer, helper, slots=[slot])["id"]
    [offer] = done(helper, job, "offer", crowd.terms(slot=slot))["offers"]
    travel(platform, ahead + 61 * DAY)
    helper.until(partial(tax_is, "overdue"), "the end of the patience", 30)
    refused = command(customer, job, "accept", {"offer_id": offer["id"]})
    assert (refused.status, refused.body["code"]) == (409, "helper_not_bookable")
    assert "tax" not in refused.body["detail"]
