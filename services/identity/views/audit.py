"""How identity shows the audit log."""

from services.identity.model.audit import Entry
from shared.http.fields import Instant, View


class AuditEntryView(View):
    """number and seal are the entry's place in the chain. subject_ids and detail no longer tell of
    people who were forgotten since; blanked says that something was."""

    number: int
    at: Instant
    kind: str
    actor_id: str
    role: str
    subject_ids: list[str]
    detail: dict[str, str]
    blanked: bool
    seal: str


def audit_entry_view(entry: Entry) -> AuditEntryView:
    return AuditEntryView(
        number=entry.number,
        at=entry.at,
        kind=entry.kind,
        actor_id=entry.actor_id,
        role=entry.role,
        subject_ids=list(entry.about),
        detail=entry.told,
        blanked=entry.detail.text is None,
        seal=entry.seal,
    )
