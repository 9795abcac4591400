"""The broker or the database goes away under the platform, and comes back."""

import time

from tests.journeys.outages import SOON, readiness, without
from tests.platform import Platform


def test_without_a_broker_changes_succeed_and_arrive_when_it_is_back(platform: Platform):
    with platform.person("vodafone", "Nils Outage") as person:
        person.join()
        with without(platform, "broker"):
            person.until(
                lambda: readiness(platform, "identity").json()["broker"] is False,
                "the notice that the broker is away",
                SOON,
            )
            ready = readiness(platform, "identity")
            assert ready.status_code == 200
            me = person.ask("GET", "/v1/me")
            changed = person.ask(
                "PATCH",
                "/v1/me",
                {"display_name": "Nils Patience"},
                headers={"If-Match": me.headers["etag"]},
            )
            assert changed.status == 200
            assert changed.milliseconds < 3_000

        def arrived() -> bool:
            answer = person.ask("PUT", "/v1/helpers/me", _profile(), headers=_CREATE)
            if answer.status not in (201, 412):
                return False
            return bool(person.get("/v1/helpers/me")["display_name"] == "Nils Patience")

        assert person.until(arrived, "the new name in profiles", SOON)


def test_without_a_database_there_is_a_clear_answer_and_no_half_state(platform: Platform):
    with platform.person("vodafone", "Dora Outage") as person:
        person.join()
        me = person.ask("GET", "/v1/me")
        with without(platform, "database"):
            began = time.monotonic()
            answer = person.ask(
                "PATCH",
                "/v1/me",
                {"display_name": "Dora Half"},
                headers={"If-Match": me.headers["etag"]},
            )
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert time.monotonic() - began < 12
        person.until(
            lambda: person.ask("GET", "/v1/me").status == 200, "the account after the outage", SOON
        )
        assert person.ask("GET", "/v1/me").headers["etag"] == me.headers["etag"]
        assert person.get("/v1/me")["display_name"] == "Dora Outage"


_CREATE = {"If-None-Match": "*"}


def _profile() -> dict[str, object]:
    return {
        "headline": "Hilfe im Kiez",
        "bio": "",
        "skills": ["wifi"],
        "languages": ["de"],
        "hourly_rate": {"amount_minor": 1500, "currency": "EUR"},
        "min_minutes": 30,
        "place": {"lat": 52.5, "lon": 13.4},
        "radius_m": 5000,
        "trader_status": "private",
        "availability": {"weekly": [], "exceptions": []},
    }
