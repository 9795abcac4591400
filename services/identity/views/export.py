"""How identity shows a wish to get one's data."""

from services.identity.model.export import Export
from shared.http.fields import Instant, View


class ExportView(View):
    """state: collecting, ready (until expires_at), expired or forgotten."""

    state: str
    asked_at: Instant
    deadline_at: Instant
    ready_at: Instant | None
    expires_at: Instant | None


def export_view(export: Export) -> ExportView:
    return ExportView(
        state=export.state,
        asked_at=export.asked_at,
        deadline_at=export.deadline_at,
        ready_at=export.ready_at,
        expires_at=export.expires_at,
    )
