"""The platform's administrator at the API, from settings or from the local stack."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.local.programs import CannotRunError
from deploy.local.stack import HOME, PLATFORM_ADMIN, Stack
from deploy.tenants import questions, skills

_ARRIVAL = 10.0
"""Seconds; a tenant is in force everywhere within two."""


class CliSettings(BaseSettings):
    """HELPHOOD_URL, HELPHOOD_ADMIN_EMAIL and HELPHOOD_ADMIN_PASSWORD.

    Without them the stack that runs on this machine is meant.
    """

    model_config = SettingsConfigDict(env_prefix="HELPHOOD_", extra="ignore")

    url: str = ""
    platform_host: str = "platform.localhost"
    admin_email: str = PLATFORM_ADMIN
    admin_password: SecretStr = SecretStr("")
    stack: Annotated[Path, Field(description="home of the local stack")] = HOME


class RefusedError(Exception):
    """The platform said no; the message is what a person should read."""


class NotThereError(RefusedError):
    """404: perhaps it is still on its way."""


class Platform:
    """Signed in as administrator; a context manager that ends the connection."""

    def __init__(self, settings: CliSettings | None = None) -> None:
        chosen = settings or CliSettings()
        url, password = chosen.url, chosen.admin_password.get_secret_value()
        if not url:
            try:
                stack = Stack.running(chosen.stack)
            except CannotRunError as error:
                raise RefusedError(f"{error}; or set HELPHOOD_URL") from None
            url = stack.address()
            password = password or stack.secrets.get("platform_admin_password")
        port = urlsplit(url).port
        host = f"{chosen.platform_host}:{port}" if port else chosen.platform_host
        self._client = httpx.Client(base_url=url, headers={"Host": host}, timeout=30)
        self._login = {"email": chosen.admin_email, "password": password}
        self._sign_in()

    def _sign_in(self) -> None:
        self._client.headers.pop("Authorization", None)
        tokens = self._ask("POST", "/v1/auth/login", self._login)
        self._client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        self._renew_at = time.monotonic() + tokens["expires_in"] / 2

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's body. RefusedError with the problem's fields otherwise."""
        if time.monotonic() > self._renew_at:
            self._sign_in()
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RefusedError(f"the platform cannot be reached: {error}") from None
        if answer.is_success:
            return answer.json() if answer.content else None
        kind = NotThereError if answer.status_code == httpx.codes.NOT_FOUND else RefusedError
        raise kind(_told(answer))

    def apply(self, slug: str, body: dict[str, Any]) -> list[str]:
        """Configure a tenant and give it its question banks; the skills that have one.

        A new tenant is on its way to all services, for which this waits.
        """
        self.request("PUT", f"/v1/admin/tenants/{slug}", body)
        self._soon(partial(self._visit, body["hosts"][0]))
        offered = {category["slug"] for category in body["categories"]}
        given = [skill for skill in skills() if skill in offered]
        for skill in given:
            bank = questions(skill)
            path = f"/v1/admin/tenants/{slug}/question-banks/{bank.pop('skill')}"
            self._soon(partial(self.request, "PUT", path, bank))
        return given

    def _visit(self, host: str) -> None:
        """NotThereError while nobody is served at this host."""
        answer = httpx.get(self._client.base_url.join("/v1/tenant"), headers={"Host": host})
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotThereError(_told(answer))

    def _soon(self, attempt: Callable[[], object]) -> None:
        deadline = time.monotonic() + _ARRIVAL
        while True:
            try:
                attempt()
                return
            except NotThereError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        self._client.close()


def _told(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"the platform answered {answer.status_code}"
    lines = [f"{problem.get('code')}: {problem.get('detail')}"]
    for error in problem.get("errors", []):
        where = error.get("pointer") or error.get("parameter") or "body"
        lines.append(f"  {where}: {error['detail']}")
    return "\n".join(lines)
