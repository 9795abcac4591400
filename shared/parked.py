"""Messages that cannot be applied, kept where an operator can list, replay and erase them."""

from dataclasses import asdict

from shared.rabbit import ParkedMessage
from shared.store import Database


class ParkedMessages:
    """The service's collection ``parked``: one document per queue and message id."""

    collection = "parked"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, message: ParkedMessage) -> None:
        """Store; a message parked twice is kept once. Unavailable while the database is away."""
        await self._database.insert_once(self.collection, {"_id": message.key, **asdict(message)})
