"""What jobs alone is told by its environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings

Secret = Annotated[SecretStr, Field(min_length=32)]


class Settings(ServiceSettings):
    """file_secret encrypts what people upload; the same in all processes of the service."""

    file_secret: Secret
    file_keys_known: list[Secret] = []
    """JSON list of secrets that still, or soon, open files: the last ones, and the next one."""
