"""Helpers, papers and files as the tests of profiles need them."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from PIL import Image
from pypdf import PdfWriter

from services.profiles.model.attempt import Attempt, PaperOption, PaperQuestion
from services.profiles.model.availability import Availability, Window
from services.profiles.model.bank import Option, Question, QuestionBank
from services.profiles.model.document import Document, DocumentKind, Insurance
from services.profiles.model.helper import Helper
from services.profiles.model.profile import Profile
from services.profiles.model.qualification import Qualification
from services.profiles.model.standing import Standing
from services.profiles.store import AttemptStore, HelperStore
from shared.contracts.identity import TenantFacts
from shared.kernel.geo import Point
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from tests.harness import Harness
from tests.tenants import BERLIN, VODAFONE

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALL_WEEK = [Window(day, "00:00", "24:00") for day in range(1, 8)]


def a_profile(**fields: Any) -> Profile:
    values: dict[str, Any] = {
        "headline": "I mend your Wi-Fi",
        "bio": "Twenty years with cables.",
        "skills": ["wifi"],
        "languages": ["de", "en"],
        "hourly_rate": Money(1500, "EUR"),
        "place": BERLIN,
        "availability": Availability(weekly=[Window(1, "09:00", "17:00")]),
    }
    return Profile(**(values | fields))


def a_draft(tenant: TenantFacts = VODAFONE, verified: bool = True, **profile: Any) -> Helper:
    """Has a profile, and neither photo nor qualification nor proof."""
    helper, _ = Helper.register(
        id=new_id("acc"),
        standing=Standing("Ada Berger", verified=verified, active=True),
        profile=a_profile(**profile),
        rules=tenant.rules,
        at=NOON,
    )
    return helper


def a_listed_helper(**profile: Any) -> Helper:
    helper = a_draft(**profile)
    helper.qualifications = {
        skill: Qualification(NOON + 365 * DAY, 0.9) for skill in helper.profile.skills
    }
    helper.show(new_id("photo"), NOON)
    assert helper.status == "listed"
    return helper


def a_document(helper: Helper, **fields: Any) -> Document:
    values: dict[str, Any] = {
        "id": new_id("document"),
        "order": "1",
        "helper_id": helper.id,
        "holder": "Ada Berger",
        "kind": DocumentKind.INSURANCE,
        "file_id": new_id("file"),
        "content_type": "application/pdf",
        "submitted_at": NOON,
        "valid_until": NOON + 100 * DAY,
        "insurance": Insurance("Allianz", "A-1", Money(500_000_000, "EUR"), True),
    }
    return Document(**(values | fields))


def a_bank(size: int = 12, edition: int = 1, skill: str = "wifi") -> QuestionBank:
    """In every question the option that ends in -2 is right."""
    return QuestionBank(
        id=f"vodafone|{skill}", skill=skill, edition=edition, questions=some_questions(size)
    )


def some_questions(size: int = 12) -> list[Question]:
    return [
        Question(
            f"q{number}",
            {"de": f"Frage {number}", "en": f"Question {number}"},
            [
                Option(
                    f"q{number}-{place}",
                    {"de": f"Antwort {place}", "en": f"Answer {place}"},
                    right=place == 2,
                )
                for place in range(4)
            ],
        )
        for number in range(size)
    ]


def a_bank_body(size: int = 12, version: int = 1) -> dict[str, Any]:
    questions = [
        {
            "id": each.id,
            "text": each.text,
            "options": [
                {"id": option.id, "text": option.text} | ({"right": True} if option.right else {})
                for option in each.options
            ],
        }
        for each in some_questions(size)
    ]
    return {"version": version, "questions": questions}


def a_paper(helper: Helper, pass_mark: float = 0.7) -> Attempt:
    """Ten questions q0 to q9 with the options right and wrong."""
    questions = [
        PaperQuestion(
            f"q{number}",
            "?",
            [PaperOption("right", "yes"), PaperOption("wrong", "no")],
            right="right",
        )
        for number in range(10)
    ]
    return Attempt(
        id=new_id("attempt"),
        helper_id=helper.id,
        skill="wifi",
        edition=1,
        pass_mark=pass_mark,
        started_at=NOON,
        expires_at=NOON + timedelta(minutes=15),
        questions=questions,
    )


def a_body(**fields: Any) -> dict[str, Any]:
    """A complete body of PUT /v1/helpers/me for vodafone."""
    return {
        "headline": "I mend your Wi-Fi",
        "bio": "Twenty years with cables.",
        "skills": ["wifi"],
        "languages": ["de", "en"],
        "hourly_rate": {"amount_minor": 1500, "currency": "EUR"},
        "min_minutes": 30,
        "place": {"lat": 52.53, "lon": 13.41},
        "radius_m": 20_000,
        "trader_status": "private",
        "availability": {
            "weekly": [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)],
            "exceptions": [],
        },
    } | fields


def a_swiss_body(**fields: Any) -> dict[str, Any]:
    return (
        a_body(
            hourly_rate={"amount_minor": 4500, "currency": "CHF"},
            place={"lat": 47.38, "lon": 8.54},
        )
        | fields
    )


def an_image(kind: str = "JPEG", size: tuple[int, int] = (1600, 1200), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#336699").save(out, kind, **options)
    return out.getvalue()


def a_pdf(change: Callable[[PdfWriter], Any] = lambda _: None, pages: int = 1) -> bytes:
    """So many empty pages, and what change does to them."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


A_PDF = a_pdf()


async def put_bank(
    harness: Harness, tenant: str, skill: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    async with platform(harness) as client:
        path = f"/v1/admin/tenants/{tenant}/question-banks/{skill}"
        return await client.put(path, json=body or a_bank_body())


def platform(harness: Harness, roles: tuple[str, ...] = ("platform_admin",)) -> httpx.AsyncClient:
    return harness.client(new_id("acc"), tenant="platform", roles=roles, host="platform.localhost")


async def describe(
    harness: Harness, person: str, tenant: str = "vodafone", **fields: Any
) -> dict[str, Any]:
    """A new profile; returns the answer's body."""
    body = a_swiss_body(**fields) if tenant == "swisscom" else a_body(**fields)
    async with harness.client(person, tenant=tenant) as client:
        answer = await client.put("/v1/helpers/me", json=body, headers={"If-None-Match": "*"})
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def show_photo(
    harness: Harness, person: str, content: bytes | None = None, tenant: str = "vodafone"
) -> httpx.Response:
    async with harness.client(person, tenant=tenant) as client:
        return await client.put(
            "/v1/helpers/me/photo",
            content=an_image() if content is None else content,
            headers={"Content-Type": "image/jpeg"},
        )


async def begin(
    harness: Harness,
    person: str,
    skill: str = "wifi",
    tenant: str = "vodafone",
    **headers: str,
) -> httpx.Response:
    async with harness.client(person, tenant=tenant) as client:
        return await client.post("/v1/helpers/me/attempts", json={"skill": skill}, headers=headers)


async def right_answers(
    harness: Harness, attempt_id: str, tenant: str = "vodafone", wrong: int = 0
) -> dict[str, str]:
    """Read from the store, as the API never tells; the first wrong ones are answered wrongly."""
    attempt = await harness.scope(tenant).store(AttemptStore).get(attempt_id)
    answers: dict[str, str] = {}
    for place, question in enumerate(attempt.questions):
        others = [each.id for each in question.options if each.id != question.right]
        answers[question.id] = others[0] if place < wrong else question.right
    return answers


async def answer_with(
    harness: Harness,
    person: str,
    attempt_id: str,
    answers: dict[str, str],
    tenant: str = "vodafone",
    **headers: str,
) -> httpx.Response:
    async with harness.client(person, tenant=tenant) as client:
        return await client.post(
            f"/v1/helpers/me/attempts/{attempt_id}/answers",
            json={"answers": answers},
            headers=headers,
        )


async def sit(
    harness: Harness, person: str, skill: str = "wifi", tenant: str = "vodafone", wrong: int = 0
) -> dict[str, Any]:
    """Begin an attempt and answer it; returns the result."""
    begun = await begin(harness, person, skill, tenant)
    assert begun.status_code == 201, begun.text
    attempt_id = begun.json()["id"]
    answers = await right_answers(harness, attempt_id, tenant, wrong)
    answered = await answer_with(harness, person, attempt_id, answers, tenant)
    assert answered.status_code == 200, answered.text
    result: dict[str, Any] = answered.json()
    return result


async def hand_in(
    harness: Harness,
    person: str,
    tenant: str = "vodafone",
    file: bytes = A_PDF,
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> httpx.Response:
    """An insurance unless said otherwise; a field that is None is left out."""
    values: dict[str, Any] = {
        "kind": "insurance",
        "insurer": "Allianz",
        "policy_number": "A-1",
        "sum_minor": "500000000",
        "covers_paid_work": "true",
        "valid_until": (datetime.now(UTC) + 300 * DAY).date().isoformat(),
    } | fields
    async with harness.client(person, tenant=tenant) as client:
        return await client.post(
            "/v1/helpers/me/documents",
            data={name: value for name, value in values.items() if value is not None},
            files={"file": ("proof.pdf", file, "application/pdf")},
            headers=headers,
        )


async def decide(
    harness: Harness,
    document_id: str,
    decision: str = "verified",
    reason: str = "",
    tenant: str = "vodafone",
    by: str | None = None,
) -> httpx.Response:
    support = by or new_id("acc")
    async with harness.client(support, tenant=tenant, roles=("support",)) as client:
        return await client.post(
            f"/v1/support/documents/{document_id}/decision",
            json={"decision": decision, "reason": reason},
        )


async def own(harness: Harness, person: str, tenant: str = "vodafone") -> dict[str, Any]:
    async with harness.client(person, tenant=tenant) as client:
        answer = await client.get("/v1/helpers/me")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def listed(
    harness: Harness, tenant: str = "vodafone", name: str = "Ada Berger", **fields: Any
) -> str:
    """A listed helper, all the way through the API; insured where the tenant wants it."""
    person = await harness.person(name, tenant=tenant)
    view = await describe(harness, person, tenant, **fields)
    assert (await show_photo(harness, person, tenant=tenant)).status_code == 204
    for skill in view["skills"]:
        assert (await sit(harness, person, skill, tenant))["passed"]
    if tenant == "swisscom":
        document = (await hand_in(harness, person, tenant)).json()
        assert (await decide(harness, document["id"], tenant=tenant)).status_code == 200
    assert (await own(harness, person, tenant))["status"] == "listed"
    return person


async def filed(harness: Harness, place: Point, tenant: str = "vodafone", **profile: Any) -> str:
    """A listed helper written straight through the store; for many of them."""
    helper = a_listed_helper(place=place, **profile)
    await harness.scope(tenant).store(HelperStore).create(helper, [])
    return helper.id
