"""Guessing passwords through the gateway: it ends for who guesses, and for nobody else.

Everybody comes from a network address of their own, of which a machine has a whole block.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.local.people import PASSWORD, Answer, Person, Visitor
from services.identity.model.login import (
    FAILURES_FROM_EVERYWHERE,
    FAILURES_PER_ACCOUNT,
    FAILURES_PER_ADDRESS,
)
from tests.platform import Platform

WRONG = "Lakeside-violin-72-evening"
HOME = "127.0.7.1"


@pytest.fixture
def owner(platform: Platform) -> Iterator[Person]:
    """Whose account it is; they have a session that began at HOME."""
    with platform.person("vodafone", "Olga Owner") as person:
        person.join()
        with platform.visitor("vodafone", HOME) as home:
            assert log_in(home, person.address).status == 200
        yield person


def log_in(visitor: Visitor, email: str, password: str = PASSWORD, **more: str) -> Answer:
    return visitor.ask(
        "POST", "/v1/auth/login", {"email": email, "password": password}, headers=more
    )


def guess(visitor: Visitor, email: str, times: int) -> list[int]:
    """The statuses; each attempt pretends to come from somewhere else."""
    return [
        log_in(visitor, email, WRONG, **{"X-Forwarded-For": f"192.0.2.{number}"}).status
        for number in range(times)
    ]


def test_who_guesses_is_stopped_and_the_owner_is_not(platform: Platform, owner: Person):
    with platform.visitor("vodafone", "127.0.7.2") as guesser:
        statuses = guess(guesser, owner.address, FAILURES_PER_ACCOUNT + 2)
        assert statuses == [401] * (FAILURES_PER_ACCOUNT + 1) + [429]
        # The right one does not help any more, and the answer says when it will.
        refused = log_in(guesser, owner.address)
        assert (refused.status, refused.body["code"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
        # Another account is not concerned, nor is this person anywhere else.
        assert log_in(guesser, "somebody.else@people.example", WRONG).status == 401
    for origin in (HOME, "127.0.7.3"):
        with platform.visitor("vodafone", origin) as elsewhere:
            assert log_in(elsewhere, owner.address).status == 200


def test_who_tries_many_accounts_is_stopped_as_well(platform: Platform, owner: Person):
    with platform.visitor("vodafone", "127.0.7.4") as guesser:
        statuses = [
            log_in(guesser, f"person{number}@people.example", WRONG).status
            for number in range(FAILURES_PER_ADDRESS + 2)
        ]
        assert statuses == [401] * (FAILURES_PER_ADDRESS + 1) + [429]
        assert log_in(guesser, owner.address).status == 429
    with platform.visitor("vodafone", "127.0.7.5") as neighbour:
        assert log_in(neighbour, owner.address).status == 200


def test_many_together_do_not_lock_the_owner_out(platform: Platform, owner: Person):
    """They close the account to strangers, but not where its owner has been before."""
    rounds = FAILURES_FROM_EVERYWHERE // FAILURES_PER_ACCOUNT + 1

    def from_one_address(number: int) -> list[int]:
        with platform.visitor("vodafone", f"127.0.8.{number + 1}") as guesser:
            return guess(guesser, owner.address, FAILURES_PER_ACCOUNT)

    with ThreadPoolExecutor(2) as pool:
        statuses = [each for found in pool.map(from_one_address, range(rounds)) for each in found]
    assert statuses.count(401) >= FAILURES_FROM_EVERYWHERE
    assert set(statuses) == {401, 429}
    with platform.visitor("vodafone", "127.0.7.6") as stranger:
        assert log_in(stranger, owner.address).status == 429
    with platform.visitor("vodafone", HOME) as home:
        assert log_in(home, owner.address).status == 200
