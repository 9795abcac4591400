"""People in two tenants, what belongs to them, and what nobody else may ever read."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.local.people import Person
from deploy.local.story import BERLIN, ZURICH, Story
from shared.kernel.ids import new_id
from tests.isolation.lies import false_tokens
from tests.isolation.operations import FROM, TO, Operation
from tests.platform import Platform

HOME, ABROAD = "vodafone.localhost", "swisscom.localhost"
PLATFORM, NOWHERE = "platform.localhost", "nobody.localhost"

PUBLIC = frozenset({"helper_id"})
"""Things that everybody in the tenant may know."""


@dataclass(frozen=True)
class Reply:
    """headers and text together hold everything that the caller was told."""

    status: int
    headers: httpx.Headers
    text: str

    @property
    def problem(self) -> dict[str, Any]:
        """The members by which two refusals could be told apart."""
        members = ("type", "title", "status", "code", "detail", "errors")
        try:
            body = json.loads(self.text)
        except ValueError:
            return {"text": self.text}
        return {name: body.get(name) for name in members}

    @property
    def code(self) -> str:
        return str(self.problem.get("code"))

    @property
    def told(self) -> str:
        return f"{dict(self.headers)}\n{self.text}"


@dataclass(frozen=True)
class Token:
    """Somebody's access token and the host it was made for."""

    name: str
    host: str
    value: str

    @property
    def currency(self) -> str:
        return "CHF" if self.host == ABROAD else "EUR"


@dataclass
class World:
    """things: parameter name -> ids of real things of the victims, all in one tenant.

    case is the one with which support looks at the quiet one's talk.
    private must never be read by anybody else in the tenant, public by nobody outside of it.
    """

    platform: Platform
    things: dict[str, list[str]]
    case: str
    private: dict[str, str]
    public: dict[str, str]
    owners: list[Token]
    strangers: dict[str, Token]
    false: dict[str, str]
    client: httpx.Client

    def ask(
        self,
        operation: Operation,
        host: str,
        token: str | None = None,
        *,
        path: str | None = None,
        body: Any = None,
        door: str = "gateway",
    ) -> Reply:
        """One request, through the gateway or straight at the service."""
        stack = self.platform.stack
        base = stack.address() if door == "gateway" else stack.service_address(operation.service)
        headers = {"Host": host}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if operation.method == "POST":
            headers["Idempotency-Key"] = new_id("key")
        if path is None:
            path, _ = operation.filled({name: ids[0] for name, ids in self.things.items()})
        query = operation.query
        if "case_id" in query:
            query["case_id"] = self.case
        options: dict[str, Any] = {"params": query, "headers": headers}
        if body is not None:
            options["json"] = body
        elif operation.upload == "multipart/form-data":
            options["files"] = {"file": ("photo.jpg", self.platform.photo, "image/jpeg")}
        elif operation.upload is not None:
            headers["Content-Type"] = operation.upload
            options["content"] = self.platform.photo
        with self.client.stream(operation.method, base + path, **options) as response:
            live = response.headers.get("content-type", "").startswith("text/event-stream")
            text = _begin(response) if live else response.read().decode(errors="replace")
            return Reply(response.status_code, response.headers, text)

    def rounds(self, operation: Operation) -> list[dict[str, str]]:
        """The things an operation names, as often as it takes to name each of them once."""
        named = {name: ids for name, ids in self.things.items() if name in operation.names}
        times = max((len(ids) for ids in named.values()), default=0)
        return [{name: ids[i % len(ids)] for name, ids in named.items()} for i in range(times)]

    def observed(self, operations: list[Operation]) -> dict[str, tuple[int, str | None, str]]:
        """What the owners see of their things: by reader and address, with ETag and body."""
        seen: dict[str, tuple[int, str | None, str]] = {}
        for operation in operations:
            for things in self.rounds(operation):
                path, _ = operation.filled(things)
                for owner in self.owners:
                    reply = self.ask(operation, owner.host, owner.value, path=path)
                    etag = reply.headers.get("etag")
                    text = reply.text if reply.status == 200 else reply.code
                    seen[f"{owner.name}: {path}"] = (reply.status, etag, text)
        return seen


def unknown(things: Mapping[str, str]) -> dict[str, str]:
    """Ids of the same kinds that nobody has."""
    return {name: new_id(id.split("_")[0]) for name, id in things.items()}


def _begin(response: httpx.Response) -> str:
    """What a live stream says at once."""
    return next(response.iter_text(), "")


# Bringing it into being ---------------------------------------------------------------------


@contextmanager
def a_world(platform: Platform) -> Iterator[World]:
    """Three stories are told at once; what they do not reach is added by the same people."""
    with ExitStack() as leaving, ThreadPoolExecutor() as pool:
        people = _People(platform, leaving)
        ours, neighbours, foreign = pool.map(_told, people.stories())
        yield _made(people, ours, neighbours, foreign)


def _told(story: Story) -> Story:
    story.tell()
    return story


class _People:
    """Who takes part; everybody's connection ends when the world does."""

    def __init__(self, platform: Platform, leaving: ExitStack) -> None:
        self.platform = platform
        self._leaving = leaving

    def stories(self) -> list[Story]:
        """The victims', their neighbours', and that of another tenant."""
        ours = replace(
            BERLIN,
            customer="Wilhelmine Ostermann-Quast",
            helper="Tankred Yildizoglu-Brandt",
            home=(52.498637, 13.403419),
            helper_place=(52.481173, 13.435391),
            address=("Verschwiegene Gasse 27", "10961", "Berlin"),
        )
        near = replace(BERLIN, customer="Nele Nachbarin", helper="Rolf Rivale", home=(52.51, 13.39))
        far = replace(ZURICH, customer="Urs Auswärts", helper="Reto Auswärts")
        stories: list[Story] = [self.platform.story(cast) for cast in (ours, near, far)]
        for story in stories:
            for person in (story.customer, story.helper, story.support, story.stranger):
                self._leaving.enter_context(person)
        return stories

    def join(self, name: str) -> Person:
        """Somebody new in the victims' tenant."""
        return self._leaving.enter_context(self.platform.person("vodafone", name)).join()

    def supervisor(self) -> Person:
        """Support of the victims' own tenant."""
        person = self.join("Jorinde Aufsicht")
        role = {"email": person.address, "role": "support"}
        self.platform.admin.request("POST", "/v1/admin/tenants/vodafone/roles", role)
        person.log_in()
        return person

    def client(self) -> httpx.Client:
        return self._leaving.enter_context(httpx.Client(timeout=15))


def _made(people: _People, ours: Story, neighbours: Story, foreign: Story) -> World:
    customer, helper = ours.customer, ours.helper
    quiet, idle = people.join("Kunigunde Stillhalter"), people.join("Irmgard Unbeteiligt")
    conversation, offered, offer = _talk(quiet, helper)
    support = people.supervisor()
    claim, evidence = _claim(customer, ours.job_id, people.platform.photo)
    [with_customer] = [each["id"] for each in customer.get("/v1/conversations")["data"]]
    written = customer.get(f"/v1/jobs/{ours.job_id}/reviews")["data"]
    reviews = {review["by"]: review["id"] for review in written}
    things = {
        "job_id": [ours.job_id, offered],
        "offer_id": [offer],
        "helper_id": [helper.id],
        "conversation_id": [with_customer, conversation],
        "review_id": [reviews["customer"], reviews["helper"]],
        "claim_id": [claim],
        "photo_id": [_photo(customer, ours.job_id, people.platform.photo)],
        "case_id": [_case(customer, ours.job_id)],
        "evidence_id": [evidence],
        "document_id": [_document(helper, people.platform.photo)],
        "attachment_id": [_picture(quiet, conversation, people.platform.photo)],
        "report_id": [_report(quiet, conversation, support)],
        "attempt_id": [helper.post("/v1/helpers/me/attempts", {"skill": "tv"})["id"]],
        "account_id": [idle.id],
        "session_id": [_earlier_session(quiet)],
    }
    public = {
        "helper": helper.id,
        "helper's name": helper.name,
        "customer's name": customer.name,
        "customer's review": reviews["customer"],
    }
    ids = {
        f"{name} {number}": id
        for name, each in things.items()
        for number, id in enumerate(each)
        if id not in public.values()
    }
    strangers = {
        "neighbour": neighbours.customer,
        "rival": neighbours.helper,
        "foreigner": foreign.customer,
        "foreign helper": foreign.helper,
        "foreign support": foreign.support,
    }
    owners = {
        "customer": customer,
        "helper": helper,
        "quiet": quiet,
        "support": support,
    }
    _give_back(customer, support, ours.job_id)
    strangers["support"] = owners["support"]
    return World(
        people.platform,
        things,
        case=_case(quiet, offered),
        private=ids | _told_in_confidence(ours) | _known_to_nobody(quiet, idle),
        public=public,
        owners=[_token(name, person) for name, person in owners.items()],
        strangers={name: _token(name, person) for name, person in strangers.items()},
        false=false_tokens(people.platform, _access_token(customer)),
        client=people.client(),
    )


_WHISPER = "Der Schlüssel liegt unter dem dritten Blumentopf"
_TITLE = "Drucker im Hinterzimmer druckt nur Rätsel"
_DESCRIPTION = "Bitte dreimal klopfen und nach dem Kater fragen"
_STREET = "Schattenweg 7b"
_POLICY = "VERTRAULICH-4711"
_VASE = "Vase der Urgroßtante aus Meißen"
_FEAR = "Er steht noch immer vor der Kellertür"
_INCIDENT = "Sie zerschellte am Schrank neben dem Geheimfach"


def _told_in_confidence(story: Story) -> dict[str, str]:
    cast = story.cast
    return {
        "whisper": _WHISPER,
        "title of a job": _TITLE,
        "description of a job": _DESCRIPTION,
        "policy number": _POLICY,
        "broken thing": _VASE,
        "how it broke": _INCIDENT,
        "fear": _FEAR,
        "street of a job": cast.address[0],
        "street of another job": _STREET,
        **{f"coordinate {each}": str(each) for each in (*cast.home, *cast.helper_place)},
        "customer's id": story.customer.id,
        "customer's address": story.customer.address,
        "helper's address": story.helper.address,
    }


def _known_to_nobody(*people: Person) -> dict[str, str]:
    """Of those who have published nothing, even the name."""
    return {
        f"{person.name}: {number}": each
        for person in people
        for number, each in enumerate((person.id, person.name, person.address))
    }


def _talk(customer: Person, helper: Person) -> tuple[str, str, str]:
    """A conversation, a job that waits for an answer, and the offer."""
    opened = customer.post(
        "/v1/conversations",
        {"helper_id": helper.id, "text": _WHISPER, "client_message_id": "1"},
    )
    slot = {"start": FROM, "end": TO}
    job = customer.post(
        "/v1/jobs",
        {
            "helper_id": helper.id,
            "category": "wifi",
            "title": _TITLE,
            "description": _DESCRIPTION,
            "address": {"street": _STREET, "postcode": "10967", "city": "Berlin"},
            "place": {"lat": 52.4937, "lon": 13.4179},
            "slots": [slot],
        },
    )
    rate = {"amount_minor": 1500, "currency": "EUR"}
    path = f"/v1/jobs/{job['id']}/offer"
    offered = helper.post(path, {"slot": slot, "minutes": 60, "hourly_rate": rate})
    return opened["id"], job["id"], offered["offers"][-1]["id"]


def _picture(person: Person, conversation: str, photo: bytes) -> str:
    """One that was sent to the other side alone."""
    kind = {"Content-Type": "image/jpeg"}
    picture: str = person.post("/v1/attachments", content=photo, headers=kind)["id"]
    message = {"text": _WHISPER, "client_message_id": "2", "attachments": [picture]}
    person.post(f"/v1/conversations/{conversation}/messages", message)
    return picture


def _report(person: Person, conversation: str, support: Person) -> str:
    """A report, as support finds it."""
    person.post(f"/v1/conversations/{conversation}/report", {"reason": "other"})
    reports = support.get("/v1/support/reports")["data"]
    found: str = next(each["id"] for each in reports if each["conversation_id"] == conversation)
    return found


def _document(helper: Person, photo: bytes) -> str:
    """An insurance that waits for support's eyes."""
    until = f"{datetime.now(UTC).year + 1}-12-31"
    proof = helper.post(
        "/v1/helpers/me/documents",
        data={
            "kind": "insurance",
            "insurer": "Verschwiegenheit AG",
            "policy_number": _POLICY,
            "sum_minor": "500000000",
            "covers_paid_work": "true",
            "valid_until": until,
        },
        files={"file": ("police.jpg", photo, "image/jpeg")},
    )
    return str(proof["id"])


def _claim(customer: Person, job: str, photo: bytes) -> tuple[str, str]:
    """Damage that the customer reports, and the picture of it."""
    loss = {"amount_minor": 12000, "currency": "EUR"}
    notice = {"item": _VASE, "incident": _INCIDENT, "estimated_loss": loss}
    claim = customer.post(f"/v1/jobs/{job}/claims", notice)["id"]
    path = f"/v1/claims/{claim}/evidence"
    shown = customer.post(path, files={"file": ("vase.jpg", photo, "image/jpeg")})
    return str(claim), str(shown["evidence"][0]["id"])


def _photo(customer: Person, job: str, photo: bytes) -> str:
    """What the problem looks like."""
    sent = {"Content-Type": "image/jpeg"}
    shown = customer.post(f"/v1/jobs/{job}/photos", content=photo, headers=sent)
    return str(shown["data"][-1]["id"])


def _give_back(customer: Person, support: Person, job: str) -> None:
    """A dispute that ended with a refund, and its credit note."""
    reason = {"reason": "Danach ging weniger als zuvor"}
    customer.post(f"/v1/jobs/{job}/dispute", reason)
    refund = {"amount_minor": 500, "currency": "EUR"}
    support.post(f"/v1/jobs/{job}/resolve", {"outcome": "Ein Teil zurück", "refund": refund})
    path = f"/v1/jobs/{job}/credit-note"
    customer.until(lambda: customer.ask("GET", path).status == 200, "the credit note")


def _case(customer: Person, job: str) -> str:
    """What the customer asks support about."""
    body = {"type": "safety", "reason": _FEAR}
    return str(customer.post(f"/v1/jobs/{job}/cases", body)["id"])


def _earlier_session(person: Person) -> str:
    """Of another device; the person goes on with a newer one."""
    refresh_token = _given(person, "refresh_token")
    person.log_in()
    return refresh_token.split(".")[0]


def _token(name: str, person: Person) -> Token:
    return Token(name, f"{person.tenant}.localhost", _access_token(person))


def _access_token(person: Person) -> str:
    return _given(person, "access_token")


def _given(person: Person, kind: str) -> str:
    """The token of the latest login."""
    bodies = (answer.body for answer in reversed(person.answers))
    return next(str(body[kind]) for body in bodies if isinstance(body, dict) and kind in body)
