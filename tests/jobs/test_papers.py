"""Agreement and receipt as files: what they say, in whose language, and to whom."""

import asyncio
import hashlib
import io
import re
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from services.jobs.model.agreement import Agreement
from services.jobs.model.receipts import Receipt
from services.jobs.papers import Letterhead, Names, agreement_paper, receipt_paper
from services.jobs.papers.words import WORDS
from services.jobs.privacy import JobsData
from shared.contracts.identity import ERASED, AccountErased, AccountFacts, AccountUpdated
from shared.kernel.clock import utc_now
from tests.harness import Harness
from tests.jobs.builders import BEN, NOW, book, completed, requested, saved, terms
from tests.jobs.journey import Story, ask
from tests.tenants import SWISSCOM, VODAFONE

NAMES = Names("Zoë Müller-Łódzka", "Ben Yıldız")


def read(content: bytes) -> tuple[str, PdfReader]:
    """All the text, and the file."""
    reader = PdfReader(io.BytesIO(content))
    return "\n".join(page.extract_text() for page in reader.pages), reader


def agreed(**wish: Any) -> Agreement:
    job = requested(**wish)
    job.offer(terms(), BEN, NOW)
    book(saved(job))
    assert job.agreement is not None
    return job.agreement


async def paper(story: Story, name: str, *, by: str) -> httpx.Response:
    async def look():
        answer = await story.get(f"/{name}.pdf", by=by)
        return answer if answer.status_code == 200 else None

    answer: httpx.Response = await story.jobs.eventually(look)
    return answer


def test_every_language_has_every_word_with_the_same_values():
    def holes(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", text))

    for words in WORDS.values():
        assert words.keys() == WORDS["en"].keys()
        assert {key: holes(words[key]) for key in words} == {
            key: holes(text) for key, text in WORDS["en"].items()
        }


def test_an_agreement_carries_the_bytes_that_were_hashed():
    agreement = agreed()
    text, reader = read(agreement_paper(agreement, NAMES, Letterhead(VODAFONE, "de")))
    [attached] = reader.attachments["agreement.json"]
    assert attached == agreement.text.encode()
    assert hashlib.sha256(attached).hexdigest() == agreement.sha256
    assert agreement.sha256 in text.replace("\n", "")


@pytest.mark.parametrize(
    ("language", "tenant", "words"),
    [
        ("de", VODAFONE, ["Vereinbarung", "Anfahrt", "30,50\xa0€", "2. März 2026"]),
        ("en", VODAFONE, ["Agreement", "Travel", "30,50\xa0€", "2 March 2026"]),
        ("fr", SWISSCOM, ["Accord", "Déplacement", "l’heure", "2 mars 2026"]),
        ("it", SWISSCOM, ["Accordo", "Trasferta", "un’ora di aiuto", "2 marzo 2026"]),
    ],
)
def test_papers_speak_the_language_and_the_brand(language, tenant, words):
    text, reader = read(agreement_paper(agreed(), NAMES, Letterhead(tenant, language)))
    for word in [*words, NAMES.customer, NAMES.helper, tenant.brand.programme_name]:
        assert word in text
    assert tenant.brand.support_email in text
    assert f"{tenant.hosts[0]}/v1/tenant/documents/imprint" in text
    assert str(reader.root_object["/Lang"]) == language


def test_the_same_facts_make_the_same_bytes():
    agreement, head = agreed(), Letterhead(VODAFONE, "de")
    first = agreement_paper(agreement, NAMES, head)
    assert agreement_paper(agreement, NAMES, head) == first
    assert agreement_paper(agreement, Names("Ada", "Ben"), head) != first
    receipt, _ = Receipt.issue(completed(), "2026-0001")
    assert receipt_paper(receipt, "WLAN", NAMES, head) == receipt_paper(
        receipt, "WLAN", NAMES, head
    )


def test_a_receipt_says_number_lines_total_and_how_it_is_rounded():
    receipt, _ = Receipt.issue(completed(), "2026-0007")
    text, _ = read(receipt_paper(receipt, "Kein WLAN", NAMES, Letterhead(VODAFONE, "de")))
    assert "Quittung 2026-0007" in text
    for word in ("80 Minuten", "20,00\xa0€", "3,00\xa0€", "4,00\xa0€", "27,00\xa0€", "gerundet"):
        assert word in text


def test_letters_that_the_font_lacks_are_escaped_in_json_and_marked_in_words():
    agreement = agreed(title="日本 WLAN 😀")
    text, reader = read(agreement_paper(agreement, NAMES, Letterhead(VODAFONE, "de")))
    assert "?? WLAN ?" in text
    assert "\\u65e5\\u672c WLAN \\ud83d\\ude00" in text.replace("\n", "")
    assert reader.attachments["agreement.json"] == [agreement.text.encode()]


def test_a_long_description_runs_over_pages_and_loses_nothing():
    agreement = agreed(description="Grüße aus der Küche, Zeile für Zeile.\n" * 100)
    text, reader = read(agreement_paper(agreement, NAMES, Letterhead(VODAFONE, "de")))
    assert len(reader.pages) > 3
    assert text.count("Zeile für Zeile.") >= 100
    assert f"Seite {len(reader.pages)} von {len(reader.pages)}" in text


@pytest.mark.parametrize(
    ("tenant", "language", "title"),
    [
        ("vodafone", "en", "Receipt"),
        ("swisscom", "fr", "Reçu"),
    ],
)
async def test_both_sides_get_the_papers_in_the_customers_language(
    jobs: Harness, tenant: str, language: str, title: str
):
    story = await ask(jobs, tenant=tenant)
    facts = AccountFacts(
        email="zoe@people.example",
        display_name="Zoë Müller",
        language=language,
        roles=["customer"],
        email_verified=True,
        registered_at=utc_now(),
    )
    await jobs.deliver(AccountUpdated(facts), subject=story.customer, tenant=tenant, sequence=2)
    for name in ("agreement", "receipt"):
        assert (await story.get(f"/{name}.pdf", by=story.customer)).status_code == 404
    await story.complete()
    mine, theirs = [
        await paper(story, "receipt", by=person) for person in (story.customer, story.helper)
    ]
    assert mine.content == theirs.content
    assert mine.headers["content-type"] == "application/pdf"
    assert mine.headers["content-disposition"].startswith('attachment; filename="receipt-')
    text, _ = read(mine.content)
    assert title in text
    assert "Zoë Müller" in text
    agreement = await paper(story, "agreement", by=story.helper)
    assert str(read(agreement.content)[1].root_object["/Lang"]) == language
    stranger = await jobs.person(tenant=tenant)
    for name in ("agreement", "receipt"):
        assert (await story.get(f"/{name}.pdf", by=stranger)).status_code == 404


async def test_papers_of_the_forgotten_name_nobody(jobs: Harness):
    story = await ask(jobs)
    await story.complete()
    await paper(story, "receipt", by=story.helper)
    scope = jobs.scope()
    await JobsData().erase(story.customer, scope)
    await jobs.deliver(AccountErased(ERASED), subject=story.customer, sequence=9)
    text, _ = read((await paper(story, "receipt", by=story.helper)).content)
    assert "nicht mehr dabei" in text
    assert "Ada Berger" not in text
    assert (await story.get("/agreement.pdf", by=story.helper)).status_code == 404


async def test_papers_asked_for_at_once_are_all_made(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    answers = await asyncio.gather(
        *(story.get("/agreement.pdf", by=story.customer) for _ in range(6))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
