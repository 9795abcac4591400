"""Bad input to profiles in the tenants of both currencies: told by field, changing nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pypdf import PdfWriter

from deploy.local.story import BERLIN, ZURICH
from tests.journeys.pair import Pair
from tests.journeys.test_bad_turns import a_bomb
from tests.platform import Platform
from tests.profiles.builders import a_pdf, an_image
from tests.profiles.test_uploads import frames, on_opening

OTHER_CURRENCY = {"EUR": "CHF", "CHF": "EUR"}
A_KILOMETRE_TOO_FAR = 51_000
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.fixture(scope="module", params=[BERLIN, ZURICH], ids=lambda cast: cast.tenant)
def pair(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Pair]:
    """The helper has a profile and no photo worth keeping yet."""
    made = Pair.begin(platform, request.param)
    yield made
    made.close()


def where(answer: Any) -> list[str]:
    assert answer.headers["content-type"].startswith("application/problem+json")
    return [each.get("pointer", each.get("parameter")) for each in answer.body["errors"]]


def week(*windows: tuple[int, str, str]) -> dict[str, Any]:
    names = ("weekday", "start", "end")
    weekly = [dict(zip(names, window, strict=True)) for window in windows]
    return {"availability": {"weekly": weekly}}


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"place": {"lat": 90.1, "lon": 13.4}}, "/place/lat"),
    ({"place": {"lat": 52.5, "lon": -180.5}}, "/place/lon"),
    ({"place": {"lat": "52.5", "lon": 13.4}}, "/place/lat"),
    ({"place": {"lat": -33.9, "lon": 151.2}}, "/place"),
    ({"radius_m": 0}, "/radius_m"),
    ({"radius_m": A_KILOMETRE_TOO_FAR}, "/radius_m"),
    ({"bio": "x" * 10_000}, "/bio"),
    (week((1, "09:00", "12:00"), (1, "11:59", "13:00")), "/availability/weekly/1"),
    (week((1, "17:00", "09:00")), "/availability/weekly/0/end"),
    (week((1, "09:00", "09:00")), "/availability/weekly/0/end"),
    (
        {
            "availability": {
                "exceptions": [
                    {"date": "2027-03-28", "start": "10:00", "end": "12:00"},
                    {"date": "2027-03-28", "closed": True},
                ]
            }
        },
        "/availability/exceptions/0",
    ),
]


@pytest.mark.parametrize(("fields", "pointer"), BAD_FIELDS, ids=lambda value: str(value)[:40])
def test_a_bad_profile_changes_nothing(pair: Pair, fields: dict[str, Any], pointer: str):
    before = pair.helper.ask("GET", "/v1/helpers/me")
    refused = pair.describe(**fields)
    assert (refused.status, where(refused)) == (422, [pointer]), refused.body
    after = pair.helper.ask("GET", "/v1/helpers/me")
    assert (after.headers["etag"], after.body) == (before.headers["etag"], before.body)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_no_coordinate(pair: Pair, number: str):
    before = pair.helper.ask("GET", "/v1/helpers/me").headers["etag"]
    body = json.dumps(pair.profile(place={"lat": "HERE", "lon": 13.4})).replace('"HERE"', number)
    headers = {"If-Match": before, "Content-Type": "application/json"}
    refused = pair.helper.ask("PUT", "/v1/helpers/me", content=body, headers=headers)
    assert refused.status == 422, refused.body
    assert where(refused) in ([""], ["/place/lat"])
    assert pair.helper.ask("GET", "/v1/helpers/me").headers["etag"] == before


def test_a_rate_outside_the_band_or_in_other_money_is_refused(pair: Pair):
    band = pair.helper.get("/v1/tenant")["hourly_rate"]
    lowest, highest = (band[end]["amount_minor"] for end in ("min", "max"))
    for amount in (0, lowest - 1, highest + 1):
        refused = pair.describe(hourly_rate=pair.money(amount))
        assert (refused.status, where(refused)) == (422, ["/hourly_rate/amount_minor"])
    other = {"amount_minor": lowest, "currency": OTHER_CURRENCY[pair.cast.currency]}
    refused = pair.describe(hourly_rate=other)
    assert (refused.status, where(refused)) == (422, ["/hourly_rate/currency"])
    for amount in (lowest, highest, pair.cast.hourly_rate):
        assert pair.describe(hourly_rate=pair.money(amount)).status == 200


def test_html_is_plain_text_that_no_browser_takes_for_a_page(pair: Pair):
    bio = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    taken = pair.describe(bio=bio)
    assert (taken.status, taken.body["bio"]) == (200, bio)
    assert taken.headers["content-type"] == "application/json"
    assert taken.headers["x-content-type-options"] == "nosniff"


BAD_QUERIES: list[tuple[dict[str, Any], str]] = [
    ({"near": "NaN,13.4"}, "near"),
    ({"near": "52.5,inf"}, "near"),
    ({"near": "90.1,13.4"}, "near"),
    ({"near": "52.5,180.1"}, "near"),
    ({"near": "52.5,13.4", "radius_m": 0}, "radius_m"),
    ({"near": "52.5,13.4", "radius_m": A_KILOMETRE_TOO_FAR}, "radius_m"),
    ({"near": "52.5,13.4", "max_rate": "-1"}, "max_rate"),
    ({"near": "52.5,13.4", "max_rate": "NaN"}, "max_rate"),
]


@pytest.mark.parametrize(("query", "parameter"), BAD_QUERIES, ids=str)
def test_a_bad_search_names_the_parameter(pair: Pair, query: dict[str, Any], parameter: str):
    for path in ("/v1/helpers", "/v1/helpers/me/ranking"):
        if path.endswith("ranking") and parameter == "max_rate":
            continue
        refused = pair.helper.ask("GET", path, params=query)
        assert (refused.status, where(refused)) == (422, [parameter]), refused.body


BAD_IMAGES = {
    "of too many bytes": (an_image("JPEG") + bytes(11 * 1024 * 1024), 413),
    "of too many pixels": (a_bomb(), 413),
    "moving png": (frames("PNG"), 422),
    "moving webp": (frames("WEBP"), 422),
    "moving gif": (frames("GIF"), 415),
    "corrupt": (an_image("JPEG")[:400], 422),
    "svg": (SVG, 415),
}
"""As a photo and as a document."""


def protected(writer: PdfWriter) -> None:
    writer.encrypt("secret")


BAD_PDFS = {
    "with a script": (a_pdf(on_opening("/JavaScript", JS="app.alert(1)")), 422),
    "that starts a program": (a_pdf(on_opening("/Launch")), 422),
    "that is cut off": (a_pdf()[:200], 422),
    "under a password": (a_pdf(protected), 422),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_a_bad_image_is_neither_photo_nor_document(pair: Pair, name: str):
    content, status = BAD_IMAGES[name]
    before = pair.helper.ask("GET", "/v1/helpers/me")
    refused = pair.helper.ask(
        "PUT", "/v1/helpers/me/photo", content=content, headers={"Content-Type": "image/jpeg"}
    )
    assert refused.status == status, refused.body
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert pair.helper.ask("GET", "/v1/helpers/me").headers["etag"] == before.headers["etag"]
    _is_no_document(pair, content, status)


@pytest.mark.parametrize("name", BAD_PDFS)
def test_a_bad_pdf_is_no_document(pair: Pair, name: str):
    _is_no_document(pair, *BAD_PDFS[name])


def _is_no_document(pair: Pair, content: bytes, status: int) -> None:
    refused = pair.hand_in(_day(100), content)
    assert refused.status == status, refused.body
    if status == 422:
        assert where(refused) == ["/file"]
    assert pair.helper.get("/v1/helpers/me/documents")["data"] == []


def _day(number: int) -> str:
    return (datetime.now(UTC) + timedelta(days=number)).date().isoformat()


@pytest.mark.parametrize("until", [_day(-2), "2001-01-01", _day(365 * 31), "9999-12-31", "soon"])
def test_a_proof_that_has_run_out_or_never_will_is_refused(pair: Pair, until: str):
    refused = pair.hand_in(until)
    assert (refused.status, where(refused)) == (422, ["/valid_until"]), refused.body
    assert pair.helper.get("/v1/helpers/me/documents")["data"] == []
