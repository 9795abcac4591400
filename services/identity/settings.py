"""What identity alone is told by its environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """key_secret encrypts signing keys at rest and seeds verification codes."""

    key_secret: Annotated[SecretStr, Field(min_length=32)]
    password_memory_kib: Annotated[int, Field(ge=8)] = 65536
    """argon2id memory; the library's (RFC 9106, second recommendation) unless on a test machine."""
    platform_admin_email: str = ""
    platform_admin_password: SecretStr = SecretStr("")
    """When both are set, this administrator of the platform exists after the start."""
    key_rotation_days: Annotated[int, Field(ge=0, le=3650)] = 30
    """How long a key signs; 0: until ``helphood keys rotate``."""
