"""Fills a fresh local platform with a neighbourhood: accounts of each role and a hundred helpers.

Accounts are made by identity's own rules straight in its database, as a hundred password hashes
would take minutes of CPU; everything else goes through the public API, past the gateway's limits.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deploy.cli.main import right_answers
from deploy.local.neighbours import Neighbour, berlin, portrait, zurich
from deploy.local.people import PASSWORD, UnexpectedAnswerError, Visitor
from deploy.local.stack import Stack
from deploy.tenants import questions
from services.identity.credentials import Passwords
from services.identity.model import Account, EmailClaim, normalise_email
from services.identity.signing import Signer
from services.identity.store import AccountStore, EmailClaimStore
from shared.contracts.identity import AccountRegistered
from shared.kernel.clock import utc_now
from shared.kernel.ids import derived_id
from shared.settings import ServiceSettings
from shared.store import Database

TENANTS = ("vodafone", "swisscom")
AT_ONCE = 6
_ARRIVAL = 30.0

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Somebody:
    """An account to be; the password is the trial's."""

    tenant: str
    email: str
    display_name: str
    language: str
    roles: tuple[str, ...] = ("customer",)

    @property
    def id(self) -> str:
        """The same at every seeding, so that a second one finds what the first one made."""
        return derived_id("acc", "trial", self.tenant, self.email)


def staff() -> list[Somebody]:
    """One account of each role in each tenant; helpers are among the neighbours."""
    return [
        Somebody(tenant, f"{role}@{tenant}.example", f"{role.title()} {tenant}", "de", roles)
        for tenant in TENANTS
        for role, roles in (
            ("customer", ("customer",)),
            ("support", ("customer", "support")),
            ("admin", ("customer", "tenant_admin")),
        )
    ]


def seed(stack: Stack, progress: Progress = print) -> int:
    """Make whoever is missing; the number of helpers that are listed afterwards."""
    neighbours = [*berlin(), *zurich()]
    tokens = open_accounts(stack, [*staff(), *map(somebody, neighbours)])
    settle(stack, neighbours, tokens, progress)
    return len(neighbours)


def somebody(neighbour: Neighbour) -> Somebody:
    """The account that belongs to a neighbour."""
    return Somebody(neighbour.tenant, neighbour.email, neighbour.display_name, neighbour.language)


def open_accounts(stack: Stack, people: Iterable[Somebody]) -> dict[str, str]:
    """Verified accounts for those who have none; an access token for each, by account id."""
    return asyncio.run(_accounts(stack, people))


def settle(
    stack: Stack, neighbours: Sequence[Neighbour], tokens: dict[str, str], progress: Progress
) -> None:
    """Have the neighbours listed; tokens are theirs and the staff's."""
    desks = {
        each.tenant: _visitor(stack, each, tokens) for each in staff() if "support" in each.roles
    }
    right = {
        skill: {text for texts in right_answers(questions(skill)).values() for text in texts}
        for skill in {skill for neighbour in neighbours for skill in neighbour.skills}
    }

    def settle_one(neighbour: Neighbour) -> None:
        with _visitor(stack, somebody(neighbour), tokens) as visitor:
            _settle(neighbour, visitor, desks[neighbour.tenant], right)

    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, _ in enumerate(pool.map(settle_one, neighbours), 1):
            if number % 25 == 0:
                seconds = time.monotonic() - began
                progress(f"  {number:>3} of {len(neighbours)} helpers after {seconds:.0f} s")
    for desk in desks.values():
        desk.close()


def _visitor(stack: Stack, person: Somebody, tokens: dict[str, str]) -> Visitor:
    visitor = Visitor(stack.service_address("profiles"), person.tenant)
    visitor.believe(tokens[person.id])
    return visitor


async def _accounts(stack: Stack, people: Iterable[Somebody]) -> dict[str, str]:
    environment = stack.service_environment("identity")
    issuer: str = ServiceSettings.model_fields["token_issuer"].default
    database = Database(environment["MONGO_URL"], "identity")
    signer = Signer(database, environment["KEY_SECRET"], issuer)
    hashed = await Passwords(65536).hash(PASSWORD)
    await signer.load()
    tokens = {}
    for person in people:
        account = await _account(database, person, hashed)
        tokens[person.id] = signer.sign(account, person.tenant, "trial", utc_now())
    database.close()
    return tokens


async def _account(database: Database, person: Somebody, hashed: str) -> Account:
    accounts = AccountStore.unrelayed(database, person.tenant)
    if (known := await accounts.find(person.id)) is not None:
        return known
    now = utc_now()
    account, _ = Account.register(
        id=person.id,
        email=person.email,
        display_name=person.display_name,
        language=person.language,
        password_hash=hashed,
        at=now,
    )
    account.roles, account.verified_at, account.challenge = list(person.roles), now, None
    key = EmailClaim.key(person.tenant, normalise_email(person.email))
    claim = EmailClaim(id=key, account_id=person.id, claimed_at=now)
    await EmailClaimStore.unrelayed(database, person.tenant).ensure(claim, [])
    return await accounts.create(account, [AccountRegistered(account.facts())])


def _settle(
    neighbour: Neighbour, visitor: Visitor, desk: Visitor, right: dict[str, set[str]]
) -> None:
    """Profile, photo, proofs and questionnaires, as far as they are not there yet."""
    known = visitor.until(lambda: _profile(neighbour, visitor), neighbour.email, _ARRIVAL)
    if "photo" in known["missing"]:
        headers = {"Content-Type": "image/jpeg"}
        visitor.put("/v1/helpers/me/photo", content=portrait(neighbour), headers=headers)
    if "document:insurance" in known["missing"]:
        _insure(neighbour, visitor, desk)
    for skill in neighbour.skills:
        if f"qualification:{skill}" in known["missing"]:
            _qualify(visitor, skill, right[skill])
    if visitor.get("/v1/helpers/me")["status"] != "listed":
        missing = visitor.get("/v1/helpers/me")["missing"]
        raise UnexpectedAnswerError(f"{neighbour.email} is not listed: {missing}")


def _profile(neighbour: Neighbour, visitor: Visitor) -> Any:
    """The own profile; None while the account's event is on its way to profiles."""
    answer = visitor.ask("GET", "/v1/helpers/me")
    if answer.status == 200:
        return answer.body if "account_verified" not in answer.body["missing"] else None
    create = {"If-None-Match": "*"}
    answer = visitor.ask("PUT", "/v1/helpers/me", neighbour.profile(), headers=create)
    if answer.status not in (201, 404):
        raise UnexpectedAnswerError(f"{neighbour.email}: {answer.status} {answer.body}")
    return answer.body if answer.status == 201 else None


def _insure(neighbour: Neighbour, visitor: Visitor, desk: Visitor) -> None:
    fields = {
        "kind": "insurance",
        "insurer": "Mobiliar",
        "policy_number": f"G-{neighbour.email[:6].upper()}-1",
        "sum_minor": "500000000",
        "covers_paid_work": "true",
        "valid_until": f"{datetime.now(UTC).year + 1}-12-31",
    }
    file = {"file": ("police.jpg", portrait(neighbour), "image/jpeg")}
    document = visitor.post("/v1/helpers/me/documents", data=fields, files=file)
    path = f"/v1/support/documents/{document['id']}/decision"
    desk.post(path, {"decision": "verified", "reason": "checked"})


def _qualify(visitor: Visitor, skill: str, right: set[str]) -> None:
    attempt = visitor.post("/v1/helpers/me/attempts", {"skill": skill})
    answers = {
        question["id"]: next(
            option["id"] for option in question["options"] if option["text"] in right
        )
        for question in attempt["questions"]
    }
    path = f"/v1/helpers/me/attempts/{attempt['id']}/answers"
    verdict = visitor.post(path, {"answers": answers})
    if not verdict["passed"]:
        raise UnexpectedAnswerError(f"an attempt for {skill} failed: {verdict}")
