"""What messaging is told by its environment: nothing beyond every service's settings."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """As every service."""
