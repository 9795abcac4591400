"""Signing keys on the whole platform: changed under load, and out of reach for a while."""

import asyncio
import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

from deploy.local.people import Person
from services.identity.model.keys import OUTLIVED_BY
from services.identity.store import KeyRingStore
from shared.replicas import PLATFORM
from shared.store import Database
from tests.identity.test_keys import aged
from tests.journeys.outages import without
from tests.journeys.test_accounts import READS, tokens
from tests.platform import Platform

PATIENCE = 30.0
ROUNDS = 10
"""Over all services, with a token of the new key."""


class Rider:
    """Somebody who asks every service all the time, with tokens that are renewed now and then."""

    def __init__(self, person: Person) -> None:
        self._person, self._token = person, tokens(person)
        self.statuses: Counter[int] = Counter()
        self.rounds: Counter[str] = Counter()
        """By the key that signed the token."""
        self.over = threading.Event()

    def ride(self) -> None:
        while not self.over.is_set():
            for path in READS:
                header = {"Authorization": f"Bearer {self._token['access_token']}"}
                self.statuses[self._person.ask("GET", path, headers=header).status] += 1
            self.rounds[kid(self._token["access_token"])] += 1
            if self.rounds.total() % 5 == 0:
                refresh = {"refresh_token": self._token["refresh_token"]}
                renewed = self._person.ask("POST", "/v1/auth/refresh", refresh)
                self.statuses[renewed.status] += 1
                self._token = renewed.body


def kid(token: str) -> str:
    header = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=="))["kid"])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_rotation_under_load_loses_no_request(platform: Platform):
    with ExitStack() as stack:
        people = [
            stack.enter_context(platform.person(tenant, "Rita Rider"))
            for tenant in ("vodafone", "swisscom")
        ]
        for person in people:
            person.join()
        riders = [Rider(person) for person in people]
        rides = [threading.Thread(target=rider.ride) for rider in riders]
        for ride in rides:
            ride.start()
        try:
            until(lambda: all(rider.rounds.total() >= ROUNDS for rider in riders))
            [before] = riders[0].rounds
            _announced_long_ago(platform)
            rotated = platform.admin.request("POST", "/v1/admin/keys/rotate")
            [now] = [key["kid"] for key in rotated["keys"] if key["state"] == "current"]
            assert now != before
            until(lambda: all(rider.rounds[now] >= ROUNDS for rider in riders))
        finally:
            for rider in riders:
                rider.over.set()
            for ride in rides:
                ride.join()
    for rider in riders:
        assert set(rider.rounds) == {before, now}
        assert set(rider.statuses) == {200, 404}, rider.statuses  # a profile that is not there


def _announced_long_ago(platform: Platform) -> None:
    """The next key has been public as long as it must before it may sign."""

    async def age() -> None:
        database = Database(platform.stack.database_url, "identity")
        try:
            await aged(KeyRingStore.unrelayed(database, PLATFORM), OUTLIVED_BY)

        finally:
            database.close()

    asyncio.run(age())


def test_while_nobody_tells_the_keys_the_known_ones_go_on(platform: Platform):
    with platform.person("vodafone", "Otto Outage") as person:
        person.join()
        token = tokens(person)
        forged = token["access_token"][:-6] + "AAAAAA"
        with without(platform, "identity"):
            for _ in range(5):
                for path, there in zip(READS[1:], (404, 200, 200, 200), strict=True):
                    header = {"Authorization": f"Bearer {token['access_token']}"}
                    assert person.ask("GET", path, headers=header).status == there, path
                    header = {"Authorization": f"Bearer {forged}"}
                    assert person.ask("GET", path, headers=header).status == 401, path
            assert person.ask("GET", "/v1/me").status == 503
