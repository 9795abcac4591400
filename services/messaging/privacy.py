"""What messaging knows of a person, and how it forgets it."""

from itertools import count

from services.messaging.commands import forget_file, wants_notices
from services.messaging.model import Acquaintance, Conversation, Message, NoticeSetting
from services.messaging.store import (
    Acquaintances,
    AttachmentFiles,
    Attachments,
    Conversations,
    Evidences,
    FeedEntries,
    Followers,
    Messages,
    NoticeSettings,
    Tickets,
)
from services.messaging.views import attachment_view, conversation_view, message_view, names_of
from shared.export import Exported
from shared.privacy import PersonalData
from shared.replicas import People
from shared.scope import Scope


class MessagingData(PersonalData):
    """The other side keeps the thread, and what they wrote in it themselves."""

    async def export(self, person_id: str, scope: Scope) -> Exported:
        """Every thread as the person sees it, the other side's words to them included."""
        person = await scope.store(People).find(person_id)
        language = person.language if person else scope.tenant.locales[0]
        threads = []
        for conversation in await scope.store(Conversations).all_of(person_id):
            peer = conversation.peer_of(person_id)
            names = await names_of([peer], scope.store(People))
            said = await scope.store(Messages).seen_by(person_id, conversation.id, 0, 0)
            threads.append(
                {
                    "conversation": conversation_view(conversation, person_id, names),
                    "messages": [message_view(each, language) for each in said],
                }
            )
        told = await scope.store(FeedEntries).after(person_id, 0, 0)
        stream = [{"number": each.number, "kind": each.kind, "at": each.at} for each in told]
        uploaded = [each for each in await scope.store(Attachments).of(person_id) if each.ready]
        files = [await scope.store(AttachmentFiles).get(each.id) for each in uploaded]
        sent = [attachment_view(each) for each in uploaded]
        wanted = await wants_notices(person_id, scope)
        data = {
            "conversations": threads,
            "stream": stream,
            "attachments": sent,
            "notices_wanted": wanted,
        }
        return Exported(data, files)

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

        await self._erase_stream(person_id, scope)
        attachments, files = scope.store(Attachments), scope.store(AttachmentFiles)
        settings = scope.store(NoticeSettings)
        await settings.forget(NoticeSetting.of(settings.tenant, person_id).id)
        for attachment in await attachments.of(person_id):
            await forget_file(attachment, attachments, files)

    async def _erase_stream(self, person_id: str, scope: Scope) -> None:
        """What the other sides' streams told names no more than ids."""
        await scope.store(Followers).forget(person_id)
        feed, tickets = scope.store(FeedEntries), scope.store(Tickets)
        for entry in await feed.after(person_id, 0, 0):
            await feed.forget(entry.id)
        for ticket in await tickets.of(person_id):
            await tickets.forget(ticket.id)

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
