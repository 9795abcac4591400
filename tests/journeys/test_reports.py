"""What a tenant reads of its jobs and pays attention to: exact, and the same in every form."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.local.story import CASTS
from shared.kernel.ids import new_id
from tests.journeys.crowd import DAY, HOUR, Crowd, done, gathered
from tests.journeys.pair import travel, travelling
from tests.journeys.test_papers import TAX
from tests.platform import Platform

AHEAD = 17 * DAY
"""Nobody else asks for anything at this time of the business."""


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def crowd(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    with travelling(platform), gathered(platform, request.param, customers=2) as made:
        made.requested(*made.pair)
        yield made


def test_the_overview_counts_what_happened_and_nothing_else(crowd: Crowd):
    customer, helper = crowd.pair
    began = travel(crowd.platform, AHEAD)
    street, postcode, city = crowd.cast.address
    address = {"street": f"{street} {new_id('x')}", "postcode": postcode, "city": city}

    def slot(hours: int) -> dict[str, str]:
        return crowd.slot(AHEAD + 2 * DAY + hours * HOUR)

    def asked(hours: int, **fields: Any) -> str:
        job: str = crowd.requested(customer, helper, slots=[slot(hours)], **fields)["id"]
        return job

    def booked(job: str, hours: int) -> None:
        [offer] = done(helper, job, "offer", crowd.terms(slot=slot(hours)))["offers"]
        done(customer, job, "accept", {"offer_id": offer["id"]})

    first, other, away = asked(0, address=address), asked(6), asked(9)
    for job, hours in ((first, 0), (other, 6), (away, 9)):
        booked(job, hours)
    for job in (first, other):
        for name in ("confirm", "start"):
            done(helper, job, name)
        done(helper, job, "deliver", crowd.report())
        done(customer, job, "complete")
    done(helper, away, "cancel", {"reason": "Krank", "cause_party": "helper"})
    done(customer, asked(3, address=address), "withdraw")
    ended = datetime.now(UTC) + AHEAD + timedelta(seconds=1)

    times = {"from": began.isoformat(), "to": ended.isoformat()}
    for reader in (crowd.support, crowd.admin):
        told = reader.get("/v1/reports/overview", **times)
        assert told["requested"] == 4
        assert told["jobs"] == [
            {"category": "wifi", "state": "cancelled", "count": 1},
            {"category": "wifi", "state": "completed", "count": 2},
            {"category": "wifi", "state": "withdrawn", "count": 1},
        ]
        assert told["completion"] == {"whole": 3, "part": 2, "ratio": 0.6667}
        assert told["cancelled"] == {"helper": 1}
        # The same was asked for again at the first address.
        assert told["first_time_fix"] == {"whole": 2, "part": 1, "ratio": 0.5}
        assert told["first_offer"]["count"] == 3
        assert told["first_offer"]["within_minutes"]["15"] == 3
    for person in (customer, helper):
        assert person.ask("GET", "/v1/reports/overview", params=times).status == 403


def test_income_is_the_receipts_less_refunds_in_every_form(crowd: Crowd):
    customer, helper = crowd.customers[1], crowd.helpers[0]
    now = travel(crowd.platform, AHEAD)
    path = "/v1/helpers/me/tax"
    helper.until(lambda: helper.ask("GET", path).status == 200, "the question for tax data")
    name = f"Bericht{new_id('x')[-8:]}"
    assert helper.revise(path, TAX[crowd.cast.tenant] | {"last_name": name}).status == 200
    job = crowd.completed(customer, helper, crowd.slot(AHEAD + 4 * DAY))
    done(customer, job, "dispute", {"reason": "Nur halb"})
    refund = {"outcome": "Ein Teil zurück", "refund": crowd.money(400)}
    done(crowd.support, job, "resolve", refund)
    helper.until(
        lambda: helper.ask("GET", f"/v1/jobs/{job}/credit-note").status == 200, "the credit note"
    )
    # An hour and the way, three times; less the refund.
    each = crowd.cast.hourly_rate + crowd.cast.travel
    earned, local = 3 * each - 400, now.astimezone(ZoneInfo(crowd.cast.time_zone))
    year, quarter = local.year, (local.month - 1) // 3 + 1

    seen: Counter[str] = Counter()
    mine: Any = None
    query: dict[str, Any] = {"year": year, "limit": 3}
    while True:
        page = crowd.admin.get("/v1/reports/income", **query)
        for row in page["data"]:
            seen[row["helper_id"]] += 1
            mine = row if row["helper_id"] == helper.id else mine
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert set(seen.values()) == {1}
    sums = [part["gross"]["amount_minor"] for part in mine["quarters"]]
    assert sums == [earned if number == quarter else 0 for number in range(1, 5)]
    assert mine["quarters"][quarter - 1]["activities"] == 3
    assert mine["quarters"][quarter - 1]["gross"]["currency"] == crowd.cast.currency
    assert mine["tax_data"]["last_name"] == name

    table = crowd.admin._client.get(f"/v1/reports/income?year={year}&format=csv").text
    rows = {row["helper_id"]: row for row in csv.DictReader(io.StringIO(table))}
    assert set(rows) == set(seen)
    assert round(float(rows[helper.id][f"q{quarter}_gross"]) * 100) == earned
    xml = crowd.admin._client.get(f"/v1/reports/income?year={year}&format=xml").text
    sellers = re.findall("<ReportableSeller>.*?</ReportableSeller>", xml, re.DOTALL)
    [seller] = [each for each in sellers if f"<LastName>{name}</LastName>" in each]
    # In full units, halves up.
    assert f">{(earned + 50) // 100}</ConsQ{quarter}>" in seller
    assert f"<NumbQ{quarter}>3</NumbQ{quarter}>" in seller
    assert crowd.support.ask("GET", f"/v1/reports/income?year={year}").status == 403
