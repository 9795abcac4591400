"""What jobs alone is told by its environment."""

from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr

from shared.settings import ServiceSettings

Secret = Annotated[SecretStr, Field(min_length=32)]


class Settings(ServiceSettings):
    """file_secret encrypts what people upload; the same in all processes of the service.

    line_tests: tenant -> where its line test is asked (JSON); without an address none is asked.
    """

    file_secret: Secret
    file_keys_known: list[Secret] = []
    """JSON list of secrets that still, or soon, open files: the last ones, and the next one."""
    line_tests: dict[str, HttpUrl] | None = None
    line_test_token: SecretStr = SecretStr("")
    """Sent to line tests as a bearer token, if there is one."""
