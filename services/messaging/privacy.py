"""What messaging knows of a person, and how it forgets it."""

from itertools import count

from services.messaging.model import Acquaintance, Conversation, Message
from services.messaging.store import Acquaintances, Conversations, Evidences, Messages
from shared.privacy import PersonalData
from shared.scope import Scope


class MessagingData(PersonalData):
    """The other side keeps the thread, and what they wrote in it themselves."""

    async def erase(self, person_id: str, scope: Scope) -> None:
        conversations = scope.store(Conversations)
        for conversation in await conversations.all_of(person_id):
            await self._erase_messages(person_id, conversation, scope)
            await conversations.redact(conversation.id, lambda each: each.silence(person_id))
            await self._erase_evidence(person_id, conversation, scope)
            people = scope.store(Acquaintances)
            pair = Acquaintance.key(people.tenant, *conversation.people)
            if await people.find(pair) is not None:
                await people.redact(pair, lambda _: None)

    async def _erase_messages(
        self, person_id: str, conversation: Conversation, scope: Scope
    ) -> None:
        """The others' too: what they were answered on sending may name the person."""
        messages = scope.store(Messages)
        for number in count(1):
            key = Message.key(conversation.id, number)
            if await messages.find(key) is not None:
                await messages.redact(key, lambda each: each.silence(person_id))
            elif number > conversation.last_number:
                return

    async def _erase_evidence(
        self, person_id: str, conversation: Conversation, scope: Scope
    ) -> None:
        evidences = scope.store(Evidences)
        for report in conversation.reports:
            if await evidences.find(report.id) is not None:
                await evidences.redact(report.id, lambda each: each.silence(person_id))
