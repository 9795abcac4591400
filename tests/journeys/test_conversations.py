"""What two people may say to each other, how often, and who hears it, in both tenants."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from deploy.local.people import Answer, Person
from deploy.local.story import CASTS, Cast
from services.messaging.model import ORPHANED
from services.messaging.views.notices import TEXTS
from shared.kernel.ids import new_id
from tests.journeys.crowd import DAY, Crowd, done, gathered, refusal
from tests.journeys.pair import travel, travelling
from tests.journeys.test_bad_turns import a_bomb
from tests.messaging.test_attachments import zipped
from tests.platform import Platform
from tests.profiles.builders import a_pdf, an_image

PATH, FILES = "/v1/conversations", "/v1/attachments"
HELPERS = 12
SWEEP = 90.0
"""Seconds in which files that nobody sends are looked for once."""

PHONES = {"vodafone": "0176 12345678", "swisscom": "079 123 45 67"}
ADDRESSES = "ada@gmail.com, www.ada.example, DE89 3704 0044 0532 0130 00"


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def crowd(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    with gathered(platform, request.param, helpers=HELPERS, customers=8) as made:
        yield made


class Talk:
    """A customer and a helper who have begun to talk."""

    def __init__(self, crowd: Crowd, customer: Person, helper: Person, **fields: Any) -> None:
        answer = crowd.talk(customer, helper, **fields)
        assert answer.status in (200, 201), answer.body
        self.customer, self.helper = customer, helper
        self.path: str = f"{PATH}/{answer.body['id']}"

    def say(self, who: Person, text: str = "Ja?", *files: str, id: str = "") -> Answer:
        body = {"text": text, "client_message_id": id or new_id("m"), "attachments": files}
        return who.ask("POST", f"{self.path}/messages", body)

    def heard(self, who: Person, **query: Any) -> list[Any]:
        found: list[Any] = who.get(f"{self.path}/messages", **({"limit": 100} | query))["data"]
        return found

    def texts(self, who: Person) -> list[str]:
        return [each["text"] for each in self.heard(who)]


def uploaded(who: Person, content: bytes, kind: str = "image/jpeg") -> str:
    id: str = who.post(FILES, content=content, headers={"Content-Type": kind})["id"]
    return id


def test_a_customer_opens_with_a_listed_helper_and_nobody_else(crowd: Crowd, platform: Platform):
    customer, helper = crowd.pair
    words = {"text": "Hallo", "client_message_id": "m-1"}
    with platform.person(customer.tenant) as unverified:
        unverified.register()
        unverified.log_in()
        refused = unverified.ask("POST", PATH, words | {"helper_id": helper.id})
        assert refusal(refused)[:2] == (403, "email_not_verified")
    job = crowd.requested(customer, helper)["id"]
    for who, fields, status in (
        (customer, {"helper_id": crowd.customers[1].id}, 404),
        (customer, {"helper_id": new_id("acc")}, 404),
        (helper, {"helper_id": helper.id}, 422),
        (crowd.customers[1], {"helper_id": helper.id, "job_id": job}, 404),
        (customer, {"helper_id": helper.id, "job_id": new_id("job")}, 404),
    ):
        assert refusal(who.ask("POST", PATH, words | fields))[0] == status, fields
    general, own = Talk(crowd, customer, helper), Talk(crowd, customer, helper, job_id=job)
    assert general.path != own.path
    again = crowd.talk(customer, helper)
    assert (again.status, again.body["id"]) == (200, general.path.rpartition("/")[2])
    for path in (general.path, f"{general.path}/messages"):
        assert crowd.customers[1].ask("GET", path).status == 404
    read = crowd.customers[1].ask("POST", f"{general.path}/read", {"sequence": 1})
    assert read.status == 404


def test_messages_are_sent_once_numbered_counted_and_paged_both_ways(crowd: Crowd):
    customer, helper = crowd.customers[1], crowd.helpers[0]
    talk = Talk(crowd, customer, helper)
    first, again = talk.say(customer, "Einmal", id="once"), talk.say(customer, "Twice", id="once")
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(lambda number: talk.say(customer, f"Nummer {number}"), range(6)))
    assert {each.status for each in sent} == {201}
    heard = talk.heard(helper)
    assert [each["sequence"] for each in heard] == [*range(1, 9)]
    assert {each.body["sequence"]: each.body["text"] for each in sent} == {
        each["sequence"]: each["text"] for each in heard[2:]
    }
    for order, numbers in (("ascending", [*range(1, 9)]), ("descending", [*range(8, 0, -1)])):
        page = helper.get(f"{talk.path}/messages", order=order, limit=5)
        rest = helper.get(f"{talk.path}/messages", order=order, limit=5, cursor=page["next_cursor"])
        assert [each["sequence"] for each in page["data"] + rest["data"]] == numbers
        assert rest["next_cursor"] is None

    def unread(who: Person) -> int:
        return int(who.get(talk.path)["unread"])

    helper.until(lambda: unread(helper) == 8, "the count")
    assert unread(customer) == 0
    assert helper.post(f"{talk.path}/read", {"sequence": 5})["unread"] == 3
    assert helper.post(f"{talk.path}/read", {"sequence": 2})["unread"] == 3
    beyond = helper.ask("POST", f"{talk.path}/read", {"sequence": 99})
    assert refusal(beyond)[:2] == (422, "unknown_message")
    stale = {"If-Match": '"99"'}
    late = helper.ask("POST", f"{talk.path}/read", {"sequence": 6}, headers=stale)
    assert late.status == 412
    found = customer.get("/v1/messages", q="nummer 4")["data"]
    assert [each["message"]["text"] for each in found] == ["Nummer 4"]
    assert crowd.customers[2].get("/v1/messages", q="nummer")["data"] == []


def test_contact_details_are_taken_out_until_the_two_have_booked(crowd: Crowd):
    customer, helper = crowd.customers[2], crowd.helpers[1]
    talk, phone = Talk(crowd, customer, helper), PHONES[crowd.cast.tenant]
    for text in (phone, " ".join(phone.replace(" ", "")), *ADDRESSES.split(", ")):
        told = talk.say(customer, f"Nur so: {text}").body
        assert (told["redacted"], text in told["text"]) == (True, False)
        assert text not in str(talk.heard(helper))
    innocent = "Um 18:30 Uhr, 25,50 bis 30, Fehler 0x80070057, Version 7.29.1"
    assert talk.say(customer, innocent).body["redacted"] is False
    job = crowd.booked(customer, helper, crowd.slot())

    def lifted() -> bool:
        told = talk.say(customer, phone).body
        return told["text"] == phone and not told["redacted"]

    customer.until(lifted, "the end of the redaction")
    for name in ("confirm", "depart"):
        done(helper, job, name)

    def notices() -> list[Any]:
        return [each["notice"] for each in talk.heard(customer) if each["notice"]]

    wanted = {"booked", "confirmed"}
    customer.until(lambda: wanted <= {each["state"] for each in notices()}, "the notices")
    assert {each["job_id"] for each in notices()} == {job}
    assert TEXTS["de"]["booked"] in talk.texts(helper)


def test_who_writes_too_much_is_told_when_to_go_on(crowd: Crowd):
    platform = crowd.platform
    busy, seeker, hopeful = crowd.customers[3:6]
    talk = Talk(crowd, busy, crowd.helpers[0])
    with travelling(platform):
        answers = [talk.say(busy) for _ in range(20)]
        assert [each.status for each in answers] == [201] * 19 + [429]
        assert refusal(answers[-1])[1] == "rate_limited"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert answers[-2].headers["ratelimit"].startswith('"messages";r=0')
        assert talk.say(talk.helper).status == 201
        travel(platform, timedelta(minutes=2))
        assert talk.say(busy).status == 201

        for helper in crowd.helpers[:10]:
            assert crowd.talk(seeker, helper).status == 201
        travel(platform, timedelta(minutes=5))
        refused = crowd.talk(seeker, crowd.helpers[10])
        assert refusal(refused)[:2] == (429, "rate_limited")
        assert 3600 < int(refused.headers["retry-after"]) <= 86400
        travel(platform, DAY + timedelta(minutes=6))
        assert crowd.talk(seeker, crowd.helpers[10]).status == 201

    opener = Talk(crowd, hopeful, crowd.helpers[11])
    assert [crowd.talk(hopeful, crowd.helpers[11]).status for _ in range(3)] == [200, 200, 429]
    opener.say(crowd.helpers[11], "Hier bin ich")
    answered = partial(crowd.talk, hopeful, crowd.helpers[11])
    hopeful.until(lambda: answered().status == 200, "the way to write again")


def test_a_block_is_silent_mutual_and_supports_matter_with_a_coming_visit(crowd: Crowd):
    customer, helper = crowd.customers[6], crowd.helpers[2]
    talk, job = Talk(crowd, customer, helper), crowd.booked(customer, helper, crowd.slot())
    picture = uploaded(helper, an_image(size=(60, 40)))
    assert talk.say(helper, "So", picture).status == 201
    quiet, blocker = Talk(crowd, customer, crowd.helpers[5]), crowd.helpers[5]
    blocker.until(lambda: blocker.get(quiet.path)["unread"] == 1, "the count")
    before = customer.ask("GET", quiet.path)
    blocker.post(f"{quiet.path}/block")
    after = customer.ask("GET", quiet.path)
    assert (after.body, after.headers["etag"]) == (before.body, before.headers["etag"])

    helper.post(f"{talk.path}/block")
    told = talk.say(customer, "Sind Sie da?")
    assert (told.status, told.body["text"]) == (201, "Sind Sie da?")
    assert "Sind Sie da?" in talk.texts(customer)
    assert "Sind Sie da?" not in talk.texts(helper)
    assert refusal(talk.say(helper))[:2] == (409, "blocked")
    other = Talk(crowd, customer, helper, job_id=job)
    assert helper.ask("GET", f"{other.path}/messages").body.get("data", []) == []

    support = crowd.support

    def opened() -> Any:
        queue = support.get("/v1/support/cases", limit=100)["data"]
        return next((each for each in queue if each["job_id"] == job), None)

    case = support.until(opened, "the case of the block")
    for side in (customer, helper):
        assert side.get(f"/v1/jobs/{job}/cases")["data"] == []
    # With it support sees everything, also what did not arrive; and the look is written down.
    path = f"/v1/support/conversations/{talk.path.rpartition('/')[2]}/messages"
    assert refusal(support.ask("GET", path))[::2] == (422, ["case_id"])
    query = {"case_id": case["id"]}
    assert customer.ask("GET", path, params=query).status == 403
    support.until(lambda: support.ask("GET", path, params=query).status == 200, "the case")
    lines = support.get(path, **query)["data"]
    assert {each["text"]: each["withheld"] for each in lines}["Sind Sie da?"] is True
    file = f"/v1/support/attachments/{picture}"
    assert support.ask("GET", file, params=query).status == 200
    assert refusal(support.ask("GET", file))[::2] == (422, ["case_id"])
    assert customer.ask("GET", file, params=query).status == 403

    def looked() -> bool:
        who = {"actor": support.id, "subject": customer.id, "kind": "conversation"}
        return case["id"] in str(support.get("/v1/support/audit", **who)["data"])

    support.until(looked, "the look in the audit log")


BAD_WORDS: list[tuple[dict[str, Any], str]] = [
    ({"text": ""}, "/text"),
    ({"text": " \n "}, "/text"),
    ({"text": "x" * 4001}, "/text"),
    ({"text": "böse \u202e"}, "/text"),
    ({"text": "böse \u2066"}, "/text"),
    ({"text": "Glocke \x07"}, "/text"),
    ({"text": {"$gt": ""}}, "/text"),
    ({"client_message_id": "x" * 65}, "/client_message_id"),
    ({"attachments": ["x"] * 11}, "/attachments"),
    ({"attachments": ["att_nothing"]}, "/attachments/0"),
]


def test_bad_words_are_refused_by_field_and_nothing_is_said(crowd: Crowd):
    customer, helper = crowd.customers[7], crowd.helpers[3]
    talk = Talk(crowd, customer, helper)
    for changes, where in BAD_WORDS:
        body = {"text": "Gut", "client_message_id": new_id("m")} | changes
        sent = customer.ask("POST", f"{talk.path}/messages", body)
        assert (refusal(sent)[0], refusal(sent)[2]) == (422, [where]), changes
    for reason in ("", "boring", None):
        report = customer.ask("POST", f"{talk.path}/report", {"reason": reason})
        assert refusal(report)[::2] == (422, ["/reason"])
    longest = "<script>" + "ä" * 3992
    assert talk.say(customer, longest).body["text"] == longest
    assert talk.texts(helper)[1:] == [longest]


BAD_FILES: list[tuple[bytes, str, int]] = [
    (zipped(), "image/png", 415),
    (b"GIF89a" + b"\0" * 100, "image/jpeg", 415),
    (b"MZ" + b"\0" * 200, "application/pdf", 415),
    (an_image(), "image/gif", 415),
    (a_bomb(), "image/png", 413),
    (b"x" * (10 * 2**20 + 1), "image/jpeg", 413),
    (an_image()[:500], "image/jpeg", 422),
    (b"%PDF-1.7\n%nothing", "application/pdf", 422),
    (b"", "image/jpeg", 422),
]
"""Bombs, and wrong behind the right suffix."""


def test_files_go_to_the_two_alone_and_bad_ones_to_nobody(crowd: Crowd):
    customer, helper, stranger = crowd.customers[0], crowd.helpers[4], crowd.customers[1]
    talk = Talk(crowd, customer, helper)
    for content, kind, status in BAD_FILES:
        refused = customer.ask("POST", FILES, content=content, headers={"Content-Type": kind})
        assert refusal(refused)[0] == status, (content[:20], kind)
    small = an_image(size=(60, 40))
    mine = [uploaded(customer, small) for _ in range(10)]
    paper, foreign = uploaded(customer, a_pdf(), "application/pdf"), uploaded(helper, small)
    refused = talk.say(customer, "Elf", *mine, paper)
    assert refusal(refused)[::2] == (422, ["/attachments"])
    for bad in (foreign, mine[0]):
        refused = talk.say(customer, "Fremd", mine[0], bad)
        assert (refusal(refused)[0], refusal(refused)[2]) == (422, ["/attachments/1"])
    assert helper.ask("GET", f"{FILES}/{mine[0]}").status == 404
    assert talk.say(customer, "Zehn", *mine[1:], paper).status == 201
    for who, status in ((customer, 200), (helper, 200), (stranger, 404)):
        assert who.ask("GET", f"{FILES}/{paper}").status == status
    assert helper._client.get(f"{FILES}/{paper}").content == a_pdf()
    again = talk.say(customer, "Noch einmal", paper)
    assert (refusal(again)[0], refusal(again)[2]) == (422, ["/attachments/0"])


def test_files_that_nobody_sends_are_thrown_away_and_sent_ones_kept(platform: Platform):
    kept: list[tuple[Person, str]] = []
    left: list[tuple[Person, str]] = []
    with travelling(platform):
        for cast in CASTS:
            _leave(platform, cast, kept, left)
        travel(platform, ORPHANED + DAY)
        for who, file in left:
            gone = partial(_is_gone, who, file)
            who.until(gone, "the end of what was not sent", SWEEP)
        for who, file in kept:
            assert who.ask("GET", f"{FILES}/{file}").status == 200
            who.close()


def _leave(
    platform: Platform,
    cast: Cast,
    kept: list[tuple[Person, str]],
    left: list[tuple[Person, str]],
) -> None:
    with gathered(platform, cast) as crowd:
        customer, helper = crowd.pair
        talk, picture = Talk(crowd, customer, helper), an_image(size=(60, 40))
        sent, unsent = uploaded(customer, picture), uploaded(customer, picture)
        assert talk.say(customer, "Hier", sent).status == 201
        again = platform.person(cast.tenant)
        again.believe(str(customer._client.headers["Authorization"]).split()[1])
        kept.append((again, sent))
        left.append((again, unsent))


def _is_gone(who: Person, file: str) -> bool:
    return who.ask("GET", f"{FILES}/{file}").status == 404
