"""E-mails about what is unread, and whether somebody wants them."""

from dataclasses import dataclass

from services.messaging.links import Links
from services.messaging.mails import unread_notice
from services.messaging.model import Conversation, NoticeSetting
from services.messaging.store import Conversations, NoticeSettings
from shared.contracts.messaging import ConversationFacts
from shared.mail import MailStore
from shared.replicas import People
from shared.scope import Scope


async def send_notices(conversation_id: str, facts: ConversationFacts, scope: Scope) -> None:
    """Write a mail to each side that these facts found with something unread.

    Runs as often as it is heard: the mail's id follows from what it is about. Who has read it
    meanwhile, wants no mails, or cannot be written to, gets none.
    """
    conversation = await scope.store(Conversations).find(conversation_id)
    if conversation is None:
        return
    for account, number in (
        (facts.customer_id, facts.customer_notice),
        (facts.helper_id, facts.helper_notice),
    ):
        seat = conversation.seat_of(account)
        fresh = seat.noticed_at == facts.noticed_at and seat.noticed == number
        if number is not None and fresh and seat.read < number:
            await _write(conversation, account, number, scope)


async def _write(conversation: Conversation, account: str, number: int, scope: Scope) -> None:
    people = scope.store(People)
    person, peer = await people.find(account), await people.find(conversation.peer_of(account))
    if person is None or not person.email_verified or person.status != "active":
        return
    if not await wants_notices(account, scope):
        return
    mail = unread_notice(
        person,
        peer.display_name if peer is not None else "",
        conversation.unread_of(account),
        conversation.id,
        number,
        scope.tenant,
        scope.the(Links),
    )
    await scope.store(MailStore).ensure(mail, [])


async def wants_notices(account: str, scope: Scope) -> bool:
    settings = scope.store(NoticeSettings)
    known = await settings.find(NoticeSetting.of(settings.tenant, account).id)
    return known is None or known.wanted


@dataclass(frozen=True)
class SetNotices:
    person_id: str
    wanted: bool


async def set_notices(cmd: SetNotices, settings: NoticeSettings, scope: Scope) -> NoticeSetting:
    setting = NoticeSetting.of(settings.tenant, cmd.person_id)
    await scope.store(NoticeSettings).ensure(setting, [])
    return await settings.update(setting.id, lambda known: known.want(cmd.wanted))
