"""Straight to broker and databases, for what no API offers: the operator's own connections."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from urllib.parse import urlsplit

import structlog
from opentelemetry.sdk.trace import TracerProvider
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.cli.platform import CliSettings, RefusedError
from deploy.local.programs import CannotRunError
from deploy.local.stack import Stack
from shared.rabbit import Publisher
from shared.store import Database
from shared.store.database import DriverError

_SECONDS = 10.0
_PINGS = 3
_AMQP = ("amqp", "amqps")
_MONGO = ("mongodb", "mongodb+srv")


class ConnectionSettings(BaseSettings):
    """AMQP_URL and MONGO_URL. Where one is missing, the stack of this machine is meant."""

    model_config = SettingsConfigDict(extra="ignore")

    amqp_url: SecretStr = SecretStr("")
    mongo_url: SecretStr = SecretStr("")


class Connections:
    """Opened when used. RefusedError with one line when there is no way to what is needed."""

    def __init__(self) -> None:
        self._given = ConnectionSettings()
        _be_silent()

    @cached_property
    def amqp_url(self) -> str:
        given = self._given.amqp_url.get_secret_value()
        return _checked("AMQP_URL", given or _stack("AMQP_URL").broker_url, _AMQP)

    @cached_property
    def mongo_url(self) -> str:
        given = self._given.mongo_url.get_secret_value()
        return _checked("MONGO_URL", given or _stack("MONGO_URL").database_url, _MONGO)

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Database]:
        """The service's own, which has its name."""
        try:
            database = Database(self.mongo_url, service)
        except (DriverError, ValueError) as error:
            raise RefusedError(f"MONGO_URL cannot be used: {error}") from None
        try:
            for _ in range(_PINGS):
                if await database.ping():
                    break
            else:
                raise RefusedError(f"no database lets us in at {_place(self.mongo_url)}")
            yield database
        finally:
            database.close()

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[Publisher]:
        """Connected."""
        publisher = Publisher(self.amqp_url, TracerProvider())
        await publisher.start()
        try:
            async with asyncio.timeout(_SECONDS):
                while not publisher.connected:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await publisher.stop()
            raise RefusedError(f"no broker lets us in at {_place(self.amqp_url)}") from None
        try:
            yield publisher
        finally:
            await publisher.stop()


def _stack(instead: str) -> Stack:
    try:
        return Stack.running(CliSettings().stack)
    except CannotRunError as error:
        raise RefusedError(f"{error}; or set {instead}") from None


def _checked(name: str, url: str, schemes: tuple[str, ...]) -> str:
    if urlsplit(url).scheme not in schemes:
        raise RefusedError(f"{name} must begin with {' or '.join(f'{s}://' for s in schemes)}")
    return url


def _place(url: str) -> str:
    """Host and port, without the password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _be_silent() -> None:
    """What the services log while connecting is told here in a line of our own, or not at all."""
    if not structlog.is_configured():
        silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=silent)
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
