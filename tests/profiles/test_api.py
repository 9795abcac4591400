"""Profile, photo, qualification and question banks through the HTTP door."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from services.profiles.store import Photos
from shared.contracts.profiles import HelperListed, HelperUpdated, QualificationPassed
from shared.kernel.ids import new_id
from shared.store import File
from tests.harness import Harness
from tests.profiles.builders import (
    a_bank_body,
    a_body,
    a_swiss_body,
    an_image,
    answer_with,
    begin,
    describe,
    listed,
    own,
    platform,
    put_bank,
    right_answers,
    show_photo,
    sit,
)


def pointers(answer: Any) -> list[str]:
    return [error.get("pointer", error.get("parameter")) for error in answer.json()["errors"]]


# The profile


async def test_a_new_profile_is_a_draft_that_says_what_is_missing(profiles: Harness):
    person = await profiles.person("Zoë Groß")
    view = await describe(profiles, person, skills=["wifi", "tv"])
    assert view["id"] == person
    assert view["display_name"] == "Zoë Groß"
    assert view["status"] == "draft"
    assert view["missing"] == ["photo", "qualification:wifi", "qualification:tv"]
    assert view["place"] == {"lat": 52.53, "lon": 13.41}
    event = await profiles.published(HelperUpdated, subject=person, tenant="vodafone")
    assert (event.sequence, event.event.facts.status) == (1, "draft")


async def test_a_profile_may_be_made_before_the_address_is_verified(profiles: Harness):
    person = await profiles.person(verified=False)
    assert "account_verified" in (await describe(profiles, person))["missing"]


async def test_swisscom_wants_an_insurance(profiles: Harness):
    person = await profiles.person(tenant="swisscom")
    view = await describe(profiles, person, "swisscom")
    assert view["missing"] == ["photo", "qualification:wifi", "document:insurance"]


async def test_nothing_is_there_before_the_first_put(profiles: Harness):
    async with profiles.client(await profiles.person()) as client:
        assert (await client.get("/v1/helpers/me")).status_code == 404
        answer = await client.put("/v1/helpers/me", json=a_body())
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
        answer = await client.put("/v1/helpers/me", json=a_body(), headers={"If-Match": '"1"'})
        assert answer.status_code == 404


async def test_a_profile_is_created_once(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    async with profiles.client(person) as client:
        again = await client.put("/v1/helpers/me", json=a_body(), headers={"If-None-Match": "*"})
        assert again.status_code == 412
        naked = await client.put("/v1/helpers/me", json=a_body())
        assert naked.status_code == 428


async def test_a_profile_is_replaced_at_the_version_one_saw(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    async with profiles.client(person) as client:
        seen = await client.get("/v1/helpers/me")
        etag = seen.headers["ETag"]
        body = a_body(headline="New words", radius_m=3_000)
        done = await client.put("/v1/helpers/me", json=body, headers={"If-Match": etag})
        assert done.status_code == 200
        assert (done.json()["headline"], done.json()["radius_m"]) == ("New words", 3_000)
        stale = await client.put("/v1/helpers/me", json=a_body(), headers={"If-Match": etag})
        assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
        read = await client.get("/v1/helpers/me")
        assert read.headers["ETag"] == done.headers["ETag"]
        assert read.json()["headline"] == "New words"
        known = {"If-None-Match": read.headers["ETag"]}
        assert (await client.get("/v1/helpers/me", headers=known)).status_code == 304


async def test_the_same_profile_again_keeps_its_version(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    async with profiles.client(person) as client:
        etag = (await client.get("/v1/helpers/me")).headers["ETag"]
        again = await client.put("/v1/helpers/me", json=a_body(), headers={"If-Match": etag})
        assert (again.status_code, again.headers["ETag"]) == (200, etag)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"hourly_rate": {"amount_minor": 100, "currency": "EUR"}}, "/hourly_rate/amount_minor"),
        ({"hourly_rate": {"amount_minor": 9_999, "currency": "EUR"}}, "/hourly_rate/amount_minor"),
        ({"hourly_rate": {"amount_minor": 1500, "currency": "CHF"}}, "/hourly_rate/currency"),
        ({"hourly_rate": {"amount_minor": 15.5, "currency": "EUR"}}, "/hourly_rate/amount_minor"),
        ({"hourly_rate": 15}, "/hourly_rate"),
        ({"skills": ["plumbing"]}, "/skills/0"),
        ({"skills": {"$gt": ""}}, "/skills"),
        ({"skills": [{"$ne": 1}]}, "/skills/0"),
        ({"languages": ["klingon"]}, "/languages/0"),
        ({"languages": ["xx"]}, "/languages/0"),
        ({"place": {"lat": 47.38, "lon": 8.54}}, "/place"),
        ({"place": {"lat": 91, "lon": 0}}, "/place/lat"),
        ({"radius_m": 0}, "/radius_m"),
        ({"radius_m": 50_001}, "/radius_m"),
        ({"min_minutes": 14}, "/min_minutes"),
        ({"min_minutes": 481}, "/min_minutes"),
        ({"min_minutes": "60"}, "/min_minutes"),
        ({"trader_status": "company"}, "/trader_status"),
        ({"headline": "x" * 81}, "/headline"),
        ({"headline": "two\nlines"}, "/headline"),
        ({"bio": "x" * 4_001}, "/bio"),
        ({"bio": "nul\x00"}, "/bio"),
        ({"bio": "\u202egnp.exe"}, "/bio"),
        ({"bio": "\u2066hidden"}, "/bio"),
        ({"admin": True}, "/admin"),
        (
            {"availability": {"weekly": [{"weekday": 8, "start": "09:00", "end": "10:00"}]}},
            "/availability/weekly/0/weekday",
        ),
        (
            {"availability": {"weekly": [{"weekday": 1, "start": "24:00", "end": "24:00"}]}},
            "/availability/weekly/0/start",
        ),
        (
            {"availability": {"weekly": [{"weekday": 1, "start": "17:00", "end": "09:00"}]}},
            "/availability/weekly/0/end",
        ),
        (
            {
                "availability": {
                    "weekly": [
                        {"weekday": 1, "start": "09:00", "end": "12:00"},
                        {"weekday": 1, "start": "11:00", "end": "13:00"},
                    ]
                }
            },
            "/availability/weekly/1",
        ),
        (
            {"availability": {"exceptions": [{"date": "2026-02-30", "closed": True}]}},
            "/availability/exceptions/0/date",
        ),
        (
            {
                "availability": {
                    "exceptions": [{"date": "2026-03-02", "closed": True, "start": "09:00"}]
                }
            },
            "/availability/exceptions/0/closed",
        ),
        (
            {"availability": {"exceptions": [{"date": "2026-03-02"}]}},
            "/availability/exceptions/0",
        ),
    ],
)
async def test_a_bad_profile_names_the_field_and_changes_nothing(
    profiles: Harness, fields: dict[str, Any], pointer: str
):
    async with profiles.client(await profiles.person()) as client:
        answer = await client.put(
            "/v1/helpers/me", json=a_body(**fields), headers={"If-None-Match": "*"}
        )
        assert answer.status_code == 422, answer.text
        assert pointer in pointers(answer)
        assert (await client.get("/v1/helpers/me")).status_code == 404


async def test_each_tenant_has_its_own_money(profiles: Harness):
    person = await profiles.person(tenant="swisscom")
    async with profiles.client(person, tenant="swisscom") as client:
        body = a_swiss_body(hourly_rate={"amount_minor": 4500, "currency": "EUR"})
        answer = await client.put("/v1/helpers/me", json=body, headers={"If-None-Match": "*"})
    assert pointers(answer) == ["/hourly_rate/currency"]


async def test_html_in_a_bio_is_plain_text(profiles: Harness):
    person = await profiles.person()
    words = "<script>alert(1)</script>\n\t<b>fat</b>"
    assert (await describe(profiles, person, bio=words))["bio"] == words


async def test_lengths_are_code_points_after_normalising(profiles: Harness):
    person = await profiles.person()
    decomposed = "u\u0308" * 80
    assert (await describe(profiles, person, headline=f"  {decomposed} "))["headline"] == "ü" * 80


async def test_without_a_token_there_is_no_own_profile(profiles: Harness):
    async with profiles.client() as client:
        for method, path in [
            ("GET", "/v1/helpers/me"),
            ("PUT", "/v1/helpers/me"),
            ("PUT", "/v1/helpers/me/photo"),
            ("POST", "/v1/helpers/me/attempts"),
            ("POST", "/v1/helpers/me/documents"),
            ("GET", "/v1/helpers/me/documents"),
            ("GET", "/v1/support/documents"),
        ]:
            answer = await client.request(method, path)
            assert answer.status_code == 401, path
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


# The photo


async def test_a_photo_is_encoded_anew_small_and_without_metadata(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    content = an_image(size=(3000, 2000), exif=exif, comment=b"secret comment")
    assert b"secret" in content
    answer = await show_photo(profiles, person, content)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "photo" not in (await own(profiles, person))["missing"]
    async with profiles.client(person) as client:
        photo = await client.get(f"/v1/helpers/{person}/photo")
    assert photo.headers["Content-Type"] == "image/jpeg"
    assert photo.headers["X-Content-Type-Options"] == "nosniff"
    assert b"secret" not in photo.content
    assert Image.open(io.BytesIO(photo.content)).size == (1024, 683)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_other_image_types_become_jpeg(profiles: Harness, kind: str):
    person = await profiles.person()
    await describe(profiles, person)
    assert (await show_photo(profiles, person, an_image(kind))).status_code == 204
    async with profiles.client(person) as client:
        photo = await client.get(f"/v1/helpers/{person}/photo")
    assert Image.open(io.BytesIO(photo.content)).format == "JPEG"


def an_animation(kind: str) -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def a_bomb() -> bytes:
    """A few kilobytes that say they are 100 megapixels."""
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415),
        (b"<html><script>alert(1)</script></html>", 415),
        (an_image("GIF"), 415),
        (an_image("TIFF"), 415),
        (b"%PDF-1.4\n%%EOF", 415),
        (b"hello", 415),
        (b"", 422),
        (an_image()[:2_000], 422),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, 422),
        (an_animation("PNG"), 422),
        (an_animation("WEBP"), 422),
        (a_bomb(), 413),
        (an_image("PNG", (7_000, 6_000)), 413),
        (an_image() + b"\x00" * 10 * 1024 * 1024, 413),
    ],
)
async def test_a_photo_that_is_none_is_refused(profiles: Harness, content: bytes, status: int):
    person = await profiles.person()
    await describe(profiles, person)
    answer = await show_photo(profiles, person, content)
    assert answer.status_code == status, answer.text
    assert "photo" in (await own(profiles, person))["missing"]


async def test_a_photo_is_sent_as_an_image(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    async with profiles.client(person) as client:
        answer = await client.put("/v1/helpers/me/photo", json={"photo": "data:"})
    assert answer.status_code == 415


async def test_a_photo_needs_a_profile(profiles: Harness):
    assert (await show_photo(profiles, await profiles.person())).status_code == 404


async def test_a_drafts_photo_is_seen_by_its_owner_only(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    await show_photo(profiles, person)
    path = f"/v1/helpers/{person}/photo"
    for reader in (None, await profiles.person()):
        async with profiles.client(reader) as client:
            assert (await client.get(path)).status_code == 404
            assert (await client.get(f"/v1/helpers/{person}")).status_code == 404
    async with profiles.client(person) as client:
        answer = await client.get(path)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert (await client.get(f"/v1/helpers/{person}")).status_code == 200


async def test_a_listed_photo_may_be_kept_for_ever_under_its_own_address(profiles: Harness):
    person = await listed(profiles)
    async with profiles.client() as client:
        url = (await client.get(f"/v1/helpers/{person}")).json()["photo_url"]
        photo = await client.get(url)
        assert photo.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        bare = await client.get(f"/v1/helpers/{person}/photo")
        assert bare.headers["Cache-Control"] == "public, no-cache"
        known = {"If-None-Match": photo.headers["ETag"]}
        assert (await client.get(url, headers=known)).status_code == 304
    await show_photo(profiles, person, an_image("PNG"))
    async with profiles.client() as client:
        fresh = (await client.get(f"/v1/helpers/{person}")).json()["photo_url"]
        assert fresh != url
        assert (await client.get(fresh)).status_code == 200


async def test_files_of_one_tenant_are_not_there_for_another(profiles: Harness):
    await profiles.scope("vodafone").store(Photos).put(File("photo_x", b"x", "image/jpeg"))
    await profiles.scope("swisscom").store(Photos).put(File("photo_x", b"y", "image/jpeg"))
    assert (await profiles.scope("vodafone").store(Photos).get("photo_x")).content == b"x"


# Qualification


async def test_a_paper_has_ten_questions_and_no_answers(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    answer = await begin(profiles, person)
    assert answer.status_code == 201
    paper = answer.json()
    assert set(paper) == {"id", "skill", "started_at", "expires_at", "pass_mark", "questions"}
    assert len({question["id"] for question in paper["questions"]}) == 10
    for question in paper["questions"]:
        assert set(question) == {"id", "text", "options"}
        assert len(question["options"]) == 4
        assert all(set(option) == {"id", "text"} for option in question["options"])
    length = datetime.fromisoformat(paper["expires_at"]) - datetime.fromisoformat(
        paper["started_at"]
    )
    assert length == timedelta(minutes=15)
    assert "right" not in answer.text


async def test_papers_speak_the_callers_language(profiles: Harness):
    person = await profiles.person(language="en")
    await describe(profiles, person)
    own_language = (await begin(profiles, person)).json()
    wanted = (await begin(profiles, person, **{"Accept-Language": "fr, de-AT;q=0.8"})).json()
    assert own_language["questions"][0]["text"].startswith("Question")
    assert wanted["questions"][0]["text"].startswith("Frage")


async def test_enough_right_answers_qualify_and_list(profiles: Harness):
    person = await listed(profiles)
    event = await profiles.published(QualificationPassed, subject=person)
    until = event.event.facts.qualified["wifi"]
    assert abs(until - datetime.now(UTC) - timedelta(days=365)) < timedelta(minutes=5)
    published = await profiles.published(HelperListed, subject=person, tenant="vodafone")
    assert published.event.facts.status == "listed"
    assert published.event.facts.listed_at is not None
    bodies = "".join(str(each.event.facts) for each in profiles.heard(person))
    assert "right" not in bodies


async def test_seven_of_ten_pass_and_six_fail(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    failed = await sit(profiles, person, wrong=4)
    assert (failed["passed"], failed["score"], failed["pass_mark"]) == (False, 0.0, 0.7)
    assert failed["valid_until"] is None
    assert datetime.fromisoformat(failed["next_attempt_at"]) <= datetime.now(UTC)
    passed = await sit(profiles, person, wrong=3)
    assert (passed["passed"], passed["score"]) == (True, 0.7)
    assert passed["valid_until"] is not None
    assert passed["next_attempt_at"] is None


async def test_an_attempt_is_answered_once(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    attempt = (await begin(profiles, person)).json()["id"]
    answers = await right_answers(profiles, attempt)
    assert (await answer_with(profiles, person, attempt, {})).json()["score"] == 0.0
    again = await answer_with(profiles, person, attempt, answers)
    assert (again.status_code, again.json()["code"]) == (409, "attempt_closed")
    assert "qualification:wifi" in (await own(profiles, person))["missing"]


async def test_late_answers_are_refused_and_count_as_failed(clock: Harness):
    person = await clock.person()
    await describe(clock, person)
    attempts = [(await begin(clock, person)).json()["id"] for _ in range(3)]
    clock.travel(timedelta(minutes=15))
    answers = await right_answers(clock, attempts[0])
    late = await answer_with(clock, person, attempts[0], answers)
    assert (late.status_code, late.json()["code"]) == (409, "attempt_expired")
    fourth = await begin(clock, person)
    assert (fourth.status_code, fourth.json()["code"]) == (409, "cool_down")


async def test_after_three_failures_the_next_attempt_waits_a_day(clock: Harness):
    person = await clock.person()
    await describe(clock, person, skills=["wifi", "tv"])
    results = [await sit(clock, person, wrong=10) for _ in range(3)]
    refused = await begin(clock, person)
    assert (refused.status_code, refused.json()["code"]) == (409, "cool_down")
    assert refused.json()["next_attempt_at"] == results[-1]["next_attempt_at"]
    assert (await begin(clock, person, "tv")).status_code == 201
    clock.travel(timedelta(hours=24, seconds=5))
    assert (await begin(clock, person)).status_code == 201


async def test_a_repeated_key_gets_the_same_paper_even_in_cool_down(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    key = {"Idempotency-Key": new_id("key")}
    first = await begin(profiles, person, **key)
    for _ in range(2):
        await begin(profiles, person)
    assert (await begin(profiles, person)).status_code == 409
    again = await begin(profiles, person, **key)
    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    other = await begin(profiles, person, "tv", **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_repeated_answer_with_its_key_gets_the_first_result(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    attempt = (await begin(profiles, person)).json()["id"]
    answers = await right_answers(profiles, attempt)
    key = {"Idempotency-Key": new_id("key")}
    first = await answer_with(profiles, person, attempt, answers, **key)
    again = await answer_with(profiles, person, attempt, answers, **key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()


async def test_an_attempt_is_its_helpers_alone(profiles: Harness):
    person, stranger = await profiles.person(), await profiles.person()
    swiss = await profiles.person(tenant="swisscom")
    await describe(profiles, person)
    await describe(profiles, stranger)
    await describe(profiles, swiss, "swisscom")
    attempt = (await begin(profiles, person)).json()["id"]
    assert (await answer_with(profiles, stranger, attempt, {})).status_code == 404
    assert (await answer_with(profiles, swiss, attempt, {}, "swisscom")).status_code == 404
    assert (await answer_with(profiles, person, "attempt_x", {})).status_code == 404


async def test_answers_off_the_paper_close_nothing(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    attempt = (await begin(profiles, person)).json()["id"]
    refused = await answer_with(profiles, person, attempt, {"q999": "option_x"})
    assert (refused.status_code, pointers(refused)) == (422, ["/answers/q999"])
    answers = await right_answers(profiles, attempt)
    assert (await answer_with(profiles, person, attempt, answers)).json()["passed"]


async def test_attempts_need_a_known_skill_a_profile_and_questions(profiles: Harness):
    person = await profiles.person()
    assert (await begin(profiles, person)).status_code == 404
    await describe(profiles, person)
    unknown = await begin(profiles, person, "plumbing")
    assert (unknown.status_code, pointers(unknown)) == (422, ["/skill"])
    empty = await begin(profiles, person, "printer")
    assert (empty.status_code, empty.json()["code"]) == (409, "no_question_bank")


# Question banks


async def test_a_bank_is_read_back_with_its_right_answers(profiles: Harness):
    body = a_bank_body(11)
    assert (await put_bank(profiles, "swisscom", "computer", body)).status_code == 201
    async with platform(profiles) as client:
        answer = await client.get("/v1/admin/tenants/swisscom/question-banks/computer")
    bank = answer.json()
    assert (bank["skill"], bank["version"], len(bank["questions"])) == ("computer", 1, 11)
    assert [option["right"] for option in bank["questions"][0]["options"]].count(True) == 1
    assert (await put_bank(profiles, "swisscom", "computer", body)).status_code == 200
    stale = await put_bank(profiles, "swisscom", "computer", a_bank_body(12))
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_question_bank")
    newer = await put_bank(profiles, "swisscom", "computer", a_bank_body(12, version=2))
    assert (newer.status_code, newer.json()["version"]) == (200, 2)


async def test_banks_are_for_platform_administrators_at_the_platforms_host(profiles: Harness):
    path = "/v1/admin/tenants/vodafone/question-banks/wifi"
    async with platform(profiles, roles=("support",)) as client:
        assert (await client.get(path)).status_code == 403
    async with profiles.client(new_id("acc"), roles=("platform_admin",)) as client:
        assert (await client.get(path)).status_code == 404
    async with profiles.client(host="platform.localhost") as client:
        assert (await client.get(path)).status_code == 401


async def test_a_bank_needs_a_known_tenant_and_category(profiles: Harness):
    assert (await put_bank(profiles, "telekom", "wifi")).status_code == 404
    assert (await put_bank(profiles, "vodafone", "plumbing")).status_code == 404


async def test_a_bad_bank_names_the_field(profiles: Harness):
    body = a_bank_body()
    for option in body["questions"][2]["options"]:
        option.pop("right", None)
    answer = await put_bank(profiles, "vodafone", "printer", body)
    assert (answer.status_code, pointers(answer)) == (422, ["/questions/2/options"])
    few = await put_bank(profiles, "vodafone", "printer", a_bank_body(9))
    assert (few.status_code, pointers(few)) == (422, ["/questions"])


# What others see


async def test_others_see_a_listed_helper_without_private_fields(profiles: Harness):
    person = await listed(profiles)
    async with profiles.client() as client:
        answer = await client.get(f"/v1/helpers/{person}")
        known = {"If-None-Match": answer.headers["ETag"]}
        assert (await client.get(f"/v1/helpers/{person}", headers=known)).status_code == 304
    view = answer.json()
    assert view["display_name"] == "Ada Berger"
    assert view["place"] != {"lat": 52.53, "lon": 13.41}
    assert (view["rating"], view["newcomer"], view["insured"]) == (None, True, False)
    assert view["qualified"] == ["wifi"]
    for private in ("missing", "status", "availability", "qualifications", "email"):
        assert private not in view


async def test_a_helper_of_another_tenant_is_not_there(profiles: Harness):
    person = await listed(profiles)
    async with profiles.client(tenant="swisscom") as client:
        for path in ("", "/photo", "/slots?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z"):
            assert (await client.get(f"/v1/helpers/{person}{path}")).status_code == 404


async def test_a_token_of_another_tenant_is_no_token_here(profiles: Harness):
    person = await listed(profiles)
    async with profiles.client(person, tenant="vodafone", host="swisscom.localhost") as client:
        answer = await client.get("/v1/helpers/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


# Free times


async def test_slots_are_the_free_intervals_in_utc(profiles: Harness):
    person = await listed(profiles)
    start = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    end = start + timedelta(days=2)
    async with profiles.client() as client:
        answer = await client.get(
            f"/v1/helpers/{person}/slots", params={"from": start.isoformat(), "to": end.isoformat()}
        )
    (slot,) = answer.json()["data"]
    assert datetime.fromisoformat(slot["start"]) == start
    assert datetime.fromisoformat(slot["end"]) == end


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"from": "2026-03-02T00:00:00Z"}, "to"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "to"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-04-03T00:00:00Z"}, "to"),
        ({"from": "2026-03-02T00:00:00", "to": "2026-03-03T00:00:00Z"}, "from"),
        ({"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}, "from"),
        ({"from": "9999-12-30T00:00:00Z", "to": "9999-12-31T00:00:00Z"}, "from"),
        ({"from": "monday", "to": "2026-03-03T00:00:00Z"}, "from"),
    ],
)
async def test_bad_ranges_are_named(profiles: Harness, params: dict[str, str], parameter: str):
    async with profiles.client() as client:
        answer = await client.get(f"/v1/helpers/{new_id('acc')}/slots", params=params)
    assert (answer.status_code, pointers(answer)) == (422, [parameter])


# Public holidays


def _week(**fields: Any) -> dict[str, Any]:
    weekly = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(1, 8)]
    return {"weekly": weekly, "exceptions": []} | fields


async def test_public_holidays_are_days_off_and_no_slot_is_free_on_them(profiles: Harness):
    person = await listed(profiles, availability=_week(public_holidays="DE-BE"))
    view = (await own(profiles, person))["availability"]
    assert view["public_holidays"] == "DE-BE"
    year = profiles.scope().now.year + 1
    christmas = f"{year}-12-25"
    assert {christmas, f"{year}-03-08"} < set(view["days_off"])
    params = {"from": f"{christmas}T00:00:00+01:00", "to": f"{year}-12-28T00:00:00+01:00"}
    async with profiles.client() as client:
        slots = (await client.get(f"/v1/helpers/{person}/slots", params=params)).json()["data"]
    assert [each["start"] for each in slots] == [f"{year}-12-27T08:00:00.000Z"]


async def test_other_services_learn_of_days_off_as_of_any_exception(profiles: Harness):
    person = await listed(profiles, availability=_week(public_holidays="DE"))
    told = await profiles.published(HelperListed, subject=person)
    closed = {each.date.isoformat() for each in told.event.facts.availability.exceptions}
    assert f"{profiles.scope().now.year + 1}-10-03" in closed


@pytest.mark.parametrize("region", ["CH", "DE-XX", "de", "DE-Augsburg", "DE-", "D", "", "Ⅾ-BE", 7])
async def test_a_region_without_known_holidays_is_refused(profiles: Harness, region: Any):
    person = await profiles.person()
    body = a_body(availability=_week(public_holidays=region))
    async with profiles.client(person) as client:
        answer = await client.put("/v1/helpers/me", json=body, headers={"If-None-Match": "*"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/availability/public_holidays"
