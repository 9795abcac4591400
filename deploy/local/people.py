"""People at the gateway, as a browser or an app would be: host, token, mails."""

import email
import email.policy
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from shared.kernel.ids import new_id

PASSWORD = "Lakeside-violin-72-morning"
"""Of people made up for trials; hard to guess, so that it passes the platform's own check."""

_SOON = 15.0
"""Seconds to wait for what comes by itself."""

_REVISIONS = 5


class UnexpectedAnswerError(Exception):
    """The platform answered something else than the story needs."""


@dataclass(frozen=True)
class Answer:
    """One answer; body is parsed JSON, or None when there was none."""

    status: int
    body: Any
    headers: httpx.Headers
    milliseconds: float

    @property
    def trace_id(self) -> str:
        """32 hex digits, from the traceparent that the platform echoes; empty without one."""
        parts = self.headers.get("traceparent", "").split("-")
        return parts[1] if len(parts) == 4 else ""


class Visitor:
    """Somebody at one tenant's host; a token is sent once there is one.

    origin is the network address they come from, of this machine's own.
    """

    def __init__(
        self, gateway: str, tenant: str, port: int | None = None, *, origin: str | None = None
    ) -> None:
        host = f"{tenant}.localhost" if port is None else f"{tenant}.localhost:{port}"
        self.tenant = tenant
        self.answers: list[Answer] = []
        self._client = httpx.Client(
            base_url=gateway,
            headers={"Host": host},
            timeout=20,
            transport=httpx.HTTPTransport(local_address=origin),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def believe(self, access_token: str) -> None:
        """Send this token from now on."""
        self._client.headers["Authorization"] = f"Bearer {access_token}"

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Any request; body is sent as JSON. Whatever comes back is an answer."""
        if body is not None:
            options["json"] = body
        began = time.perf_counter()
        response = self._client.request(method, path, **options)
        spent = (time.perf_counter() - began) * 1000
        media_type = response.headers.get("content-type", "")
        parsed = response.json() if "json" in media_type and response.content else None
        answer = Answer(response.status_code, parsed, response.headers, spent)
        self.answers.append(answer)
        return answer

    def get(self, path: str, **query: Any) -> Any:
        """The body of a 200. UnexpectedAnswerError otherwise."""
        return self._expect("GET", path, params=query or None).body

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """The body of a 2xx; carries an Idempotency-Key of its own."""
        headers = {"Idempotency-Key": new_id("key")} | options.pop("headers", {})
        return self._expect("POST", path, body, headers=headers, **options).body

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        """The body of a 2xx."""
        return self._expect("PUT", path, body, **options).body

    def revise(self, path: str, body: Any) -> Answer:
        """PUT over the version one sees; read anew when an event has moved it on meanwhile."""
        for _ in range(_REVISIONS):
            seen = {"If-Match": self.ask("GET", path).headers["etag"]}
            answer = self.ask("PUT", path, body, headers=seen)
            if answer.status != httpx.codes.PRECONDITION_FAILED:
                break
        return answer

    def until(self, look: Callable[[], Any], what: str, patience: float = _SOON) -> Any:
        """The first true answer of look. UnexpectedAnswerError when it does not come."""
        deadline = time.monotonic() + patience
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                raise UnexpectedAnswerError(f"{what} did not come within {patience:.0f} s")
            time.sleep(0.05)

    def _expect(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        answer = self.ask(method, path, body, **options)
        if not 200 <= answer.status < 300:
            raise UnexpectedAnswerError(f"{method} {path}: {answer.status} {answer.body}")
        return answer


class Person(Visitor):
    """Somebody with a mailbox who can register, verify and log in."""

    def __init__(
        self,
        gateway: str,
        tenant: str,
        name: str,
        mails: Path,
        *,
        port: int | None = None,
        language: str = "de",
        address: str = "",
    ) -> None:
        super().__init__(gateway, tenant, port)
        self.name = name
        self.language = language
        self.address = address or f"{new_id('person')}@people.example"
        self.id = ""
        self._mails = mails

    def register(self) -> None:
        """An account that is not verified yet."""
        body = {
            "email": self.address,
            "password": PASSWORD,
            "display_name": self.name,
            "language": self.language,
        }
        self.id = self.post("/v1/accounts", body)["id"]

    def verify(self) -> None:
        """With the code from the mailbox."""
        code = self.until(self._code, f"the mail to {self.address}")
        self.post("/v1/accounts/verify", {"email": self.address, "code": code})

    def log_in(self, password: str = PASSWORD) -> None:
        """From now on requests carry this person's token."""
        tokens = self.post("/v1/auth/login", {"email": self.address, "password": password})
        self.believe(tokens["access_token"])

    def join(self) -> Self:
        """Register, verify and log in."""
        self.register()
        self.verify()
        self.log_in()
        return self

    def _code(self) -> str | None:
        for text in reversed(list(mails_to(self.address, self._mails))):
            if found := re.search(r"\b(\d{6})\b", text):
                return found[1]
        return None


def mails_to(address: str, folder: Path) -> Iterable[str]:
    """The texts of the mails to this address, oldest first."""
    for file in sorted(folder.glob("*.eml")):
        content = file.read_bytes()
        if address.encode() not in content:
            continue
        message = email.message_from_bytes(content, policy=email.policy.default)
        part = message.get_body(("plain",))
        yield f"{message['Subject']}\n{part.get_content() if part else ''}"
