"""What profiles alone is told by its environment: nothing so far."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings suffice."""
