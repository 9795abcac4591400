"""Money on paper, in each tenant: agreement, receipt, refund, tax data, report and calendar."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest
from pypdf import PdfReader

from deploy.local.people import Person, mails_to
from deploy.local.story import BERLIN, ZURICH, Story
from tests.platform import Platform

LANGUAGES = {"vodafone": "en", "swisscom": "fr"}
WORDS = {
    "en": ("Agreement", "Receipt", "Credit note", "Your tax data"),
    "fr": ("Accord", "Reçu", "Note de crédit", "Vos données fiscales"),
}
TAX: dict[str, dict[str, Any]] = {
    "vodafone": {
        "first_name": "Emre",
        "last_name": "Yıldız",
        "birth_date": "1988-02-29",
        "address": {"street": "Weg 1", "postcode": "10967", "city": "Berlin", "country": "DE"},
        "tin": "36 574 261 809",
        "tin_country": "DE",
        "iban": "DE89 3704 0044 0532 0130 00",
    },
    "swisscom": {
        "first_name": "Zoë",
        "last_name": "Müller",
        "birth_date": "1975-12-31",
        "address": {"street": "Weg 2", "postcode": "8003", "city": "Zürich", "country": "CH"},
        "tin": "756.9217.0769.85",
        "tin_country": "CH",
        "iban": "CH93 0076 2011 6238 5295 7",
    },
}
REFUND = 500
OPERATORS = {
    "vodafone": '<TIN issuedBy="DE">DE123456788</TIN>',
    "swisscom": '<TIN issuedBy="CH">CHE123456788</TIN>',
}
"""As their files say; it names who reports."""


@pytest.fixture(params=[BERLIN, ZURICH], ids=lambda cast: str(cast.tenant))
def story(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Story]:
    """Until the receipt; the two speak another language than most in their tenant."""
    cast = request.param
    told = platform.story(replace(cast, language=LANGUAGES[cast.tenant]))
    for part in (told._join, told._qualify, told._find_and_write, told._book, told._visit):
        part()
    yield told
    for person in (told.customer, told.helper, told.support):
        person.close()


def test_what_is_agreed_earned_and_given_back_is_on_paper(platform: Platform, story: Story) -> None:
    customer, helper, tenant = story.customer, story.helper, story.cast.tenant
    path = f"/v1/jobs/{story.job_id}"
    words = WORDS[story.cast.language]

    # Both read the same agreement, in the customer's language, with the bytes that were hashed.
    papers = [_paper(person, f"{path}/agreement.pdf") for person in (customer, helper)]
    assert papers[0] == papers[1]
    text, reader = _read(papers[0])
    agreement = customer.get(f"{path}/agreement")
    [attached] = reader.attachments["agreement.json"]
    assert attached.decode() == agreement["text"]
    assert hashlib.sha256(attached).hexdigest() == agreement["sha256"]
    assert words[0] in text
    for word in (customer.name, helper.name, agreement["sha256"]):
        assert word in text.replace("\n", "")

    # The receipt, and what both say of the payment.
    receipt = customer.get(f"{path}/receipt")
    text, _ = _read(_paper(helper, f"{path}/receipt.pdf"))
    assert f"{words[1]} {receipt['number']}" in text
    today = datetime.now(ZoneInfo(story.cast.time_zone)).date().isoformat()
    customer.post(f"{path}/payment-word", {"paid": True, "method": "cash", "on": today})
    helper.post(f"{path}/payment-word", {"paid": False})
    for person in (customer, helper):
        said = person.get(f"{path}/receipt")["payment"]
        assert (said["due"], said["customer"]["paid"]) == (receipt["total"], True)
        assert said["helper"]["paid"] is False

    # A dispute ends with a refund: a credit note, the receipt stays.
    with _officer(platform, tenant, "support") as support:
        assert customer.ask("GET", f"{path}/credit-note").status == 404
        customer.post(f"{path}/dispute", {"reason": "nach einer Stunde wieder aus"})
        refund = {"amount_minor": REFUND, "currency": story.cast.currency}
        support.post(f"{path}/resolve", {"outcome": "Ein Teil zurück", "refund": refund})
    note = helper.until(lambda: _found(helper, f"{path}/credit-note"), "the credit note")
    assert (note["total"], note["receipt_number"]) == (refund, receipt["number"])
    text, _ = _read(_paper(customer, f"{path}/credit-note.pdf"))
    assert f"{words[2]} {note['number']}" in text
    assert customer.get(f"{path}/receipt")["lines"] == receipt["lines"]

    # The helper was asked for tax data, and gives them.
    helper.until(lambda: _mailed(platform, helper, words[3]), "the mail that asks for tax data")
    asked = helper.ask("GET", "/v1/helpers/me/tax")
    assert asked.body["state"] == "asked"
    body, etag = TAX[tenant], {"If-Match": asked.headers["etag"]}
    given = helper.put("/v1/helpers/me/tax", body, headers=etag)
    assert (given["state"], given["data"]["last_name"]) == ("given", body["last_name"])
    assert customer.ask("GET", "/v1/helpers/me/tax").status == 404

    # The tenant's administrators report it, and nobody else.
    year = today[:4]
    assert helper.ask("GET", f"/v1/reports/income?year={year}").status == 403
    with _officer(platform, tenant, "tenant_admin") as chief:
        table = chief._client.get(f"/v1/reports/income?year={year}&format=csv").text
        xml = chief._client.get(f"/v1/reports/income?year={year}&format=xml").text
        times = {"from": f"{year}-01-01T00:00:00Z", "to": f"{year}-12-31T23:59:59Z"}
        overview = chief.get("/v1/reports/overview", **times)
    [row] = [each for each in csv.DictReader(io.StringIO(table)) if each["helper_id"] == helper.id]
    assert row["last_name"] == body["last_name"]
    earned = sum(round(float(row[f"q{number}_gross"]) * 100) for number in range(1, 5))
    assert earned == receipt["total"]["amount_minor"] - REFUND
    assert f"<LastName>{body['last_name']}</LastName>" in xml
    assert OPERATORS[tenant] in xml
    assert overview["completion"]["part"] >= 1

    # Both have the appointment in their calendars, by an address that nobody else knows.
    for person in (customer, helper):
        feed = person.post("/v1/me/calendar")["path"]
        with platform.visitor(tenant) as program:
            answer: httpx.Response = program._client.get(feed)
            assert program.ask("GET", feed[:-4] + "AAAA").status == 404
        [entry] = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
        assert story.cast.address[0] in str(entry["location"])
        assert entry["dtstart"].params["TZID"] == story.cast.time_zone
        assert entry.decoded("dtstart") == datetime.fromisoformat(story.slot["start"])


def _paper(person: Person, path: str) -> bytes:
    answer = person._client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def _read(content: bytes) -> tuple[str, PdfReader]:
    reader = PdfReader(io.BytesIO(content))
    return "\n".join(page.extract_text() for page in reader.pages), reader


def _found(person: Person, path: str) -> Any:
    answer = person.ask("GET", path)
    return answer.body if answer.status == 200 else None


def _mailed(platform: Platform, person: Person, subject: str) -> bool:
    texts = mails_to(person.address, platform.stack.mail_folder)
    return any(text.startswith(subject) for text in texts)


def _officer(platform: Platform, tenant: str, role: str) -> Person:
    person = platform.person(tenant, "Sabine Amt").join()
    path = f"/v1/admin/tenants/{tenant}/roles"
    platform.admin.request("POST", path, {"email": person.address, "role": role})
    person.log_in()
    return person
