"""The mails jobs writes, in the person's language and the tenant's name."""

from services.jobs.mails.words import CLOSING, TEXTS
from services.jobs.papers import Letterhead
from shared.contracts.identity import TenantFacts
from shared.mail import Mail, MailStore, mail_for
from shared.replicas import People, Person
from shared.scope import Scope

__all__ = ["Letterhead", "send", "written"]


def written(
    kind: str, person: Person, tenant: TenantFacts, key: tuple[str, ...], **values: str
) -> Mail:
    """One mail for each kind, person and key, whenever and however often it is asked for."""
    head = Letterhead.to(person, tenant)
    subject, text = TEXTS[head.language][kind]
    known = {
        "name": person.display_name,
        "programme": tenant.brand.programme_name,
        "brand": tenant.brand.name,
        "support": tenant.brand.support_email,
    } | values
    return mail_for(
        tenant,
        recipient=person.email,
        subject=subject.format(**known),
        text=(CLOSING[head.language].format(text=text)).format(**known),
        key=("jobs", kind, person.id, *key),
    )


async def send(kind: str, person: Person, scope: Scope, *key: str, **values: str) -> None:
    """Write it down, once. Nothing to who was suspended, or is no more."""
    if person.status == "active":
        mail = written(kind, person, scope.tenant, key, **values)
        await scope.store(MailStore).ensure(mail, [])


async def reader(person_id: str | None, scope: Scope) -> Person | None:
    return await scope.store(People).find(person_id) if person_id else None
