"""What every process is told by its environment; read once, passed in, never a global."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError


class Role(StrEnum):
    """api: HTTP and relay; worker: consumers and timers; all: both, for one machine."""

    API = "api"
    WORKER = "worker"
    ALL = "all"


class ServiceSettings(BaseSettings):
    """Environment variables are the upper-case field names; secrets have no defaults."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    amqp_url: SecretStr
    mongo_url: SecretStr
    mongo_database: str = ""
    """Empty means the service's name."""
    role: Role = Role.ALL
    token_issuer: str = "https://helphood.example"
    jwks_url: str
    """Where the public keys for access tokens are read: http(s):// or file://."""
    platform_host: str = "platform.localhost"
    """The host at which the platform's own administrators are served."""
    cursor_secret: SecretStr
    """Signs list cursors; the same in all processes of a service."""
    public_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Appended to links when the gateway is not on the scheme's usual port."""
    smtp_url: str = ""
    """smtp://[user:password@]host:port; empty: this service sends no mail."""
    clock_offset_file: Path | None = None
    """Trials only: seconds to add to the business clock."""
    environment: str = "local"
    log_level: str = "INFO"
    otel_exporter_otlp_endpoint: str = ""
    """OTLP over HTTP, without /v1/traces; empty: spans are not exported."""
    trace_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of new traces that are recorded; a caller's decision is always followed."""


S = TypeVar("S", bound=ServiceSettings)


def load(settings_class: type[S]) -> S:
    """Settings from the environment, or the end of the process with one line per fault."""
    try:
        return settings_class()
    except ValidationError as error:
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            print(f"setting {name}: {fault['msg']}", file=sys.stderr)
        raise SystemExit(2) from None
    except SettingsError as error:
        # A list that is no JSON; the text names the field and not its value.
        print(f"setting {error}", file=sys.stderr)
        raise SystemExit(2) from None
