"""What identity knows of a person, and how it forgets it."""

from services.identity.commands.audit import BlankSubject, blank_subject
from services.identity.commands.export import forget_export
from services.identity.model.export import Export
from services.identity.store import AccountStore, AuditLog, SessionStore
from services.identity.views import account_view, session_view
from shared.export import Exported
from shared.privacy import PersonalData
from shared.scope import Scope


class IdentityData(PersonalData):
    """The account itself goes when all others have answered, as it ends the waiting."""

    async def export(self, person_id: str, scope: Scope) -> Exported:
        account = await scope.store(AccountStore).get(person_id)
        sessions = await scope.store(SessionStore).live_of(person_id, None, 0)
        data = {
            "account": account_view(account, scope.tenant),
            "consents": account.consents,
            "sessions": [session_view(each, current="") for each in sessions],
        }
        return Exported(data)

    async def erase(self, person_id: str, scope: Scope) -> None:
        await forget_export(Export.id_for(scope.tenant.slug, person_id), scope)
        await blank_subject(BlankSubject(person_id), scope.store(AuditLog))
