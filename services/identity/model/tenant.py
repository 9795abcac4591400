"""A tenant's configuration and its legal documents, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.contracts.identity import (
    TenantConfigured,
    TenantEvent,
    TenantFacts,
    TenantOffboarded,
    TenantSuspended,
)
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict, Invalid

KINDS = ("terms", "privacy", "imprint")
AGREED = ("terms", "privacy")
"""What a person agrees to; an imprint is only shown."""


class TextInUse(Conflict):
    code = "version_in_use"


class TenantNotSuspended(Conflict):
    code = "not_suspended"


class TenantAlreadySuspended(Conflict):
    code = "already_suspended"


class TenantGone(Conflict):
    """It was offboarded: its slug stays taken, and nothing comes back."""

    code = "tenant_offboarded"


class UnknownVersion(Invalid):
    code = "unknown_version"


@dataclass(frozen=True)
class Document:
    """One version of a legal text; texts: locale -> plain text."""

    kind: str
    version: str
    texts: dict[str, str]

    def goes_on_in(self, later: "Document") -> bool:
        """Whether later says the same, perhaps in more languages."""
        return all(later.texts.get(locale) == text for locale, text in self.texts.items())


@dataclass(kw_only=True)
class Tenant(Aggregate):
    """id is the slug. facts is the configuration as it was applied last.

    documents holds every version that was ever in force, the newest of a kind last: what people
    agreed to must be there to be shown.
    """

    facts: dict[str, Any]
    documents: list[Document] = field(default_factory=list)
    suspension_reason: str | None = None
    suspended_at: datetime | None = None

    @classmethod
    def configured(
        cls, facts: TenantFacts, documents: Mapping[str, Document] | None = None
    ) -> tuple["Tenant", list[TenantEvent]]:
        tenant = cls(id=facts.slug, facts={})
        return tenant, tenant.configure(facts, documents)

    def configure(
        self, facts: TenantFacts, documents: Mapping[str, Document] | None = None
    ) -> list[TenantEvent]:
        """Nothing happens when nothing differs; a suspension goes on. TextInUse."""
        self._check_there()
        self._publish(documents or {})
        versions = {kind: document.version for kind, document in (documents or {}).items()}
        status = self.facts.get("status", "active")
        return self._become(facts.model_copy(update={"documents": versions, "status": status}))

    def _publish(self, documents: Mapping[str, Document]) -> None:
        for kind, document in documents.items():
            known = self.document(kind, document.version)
            if known is not None and not known.goes_on_in(document):
                raise TextInUse(
                    f"{kind} {document.version} has another text, to which people may have agreed: "
                    "give the new text a new version"
                )
            self.documents = [*(each for each in self.documents if each != known), document]

    def _become(self, facts: TenantFacts) -> list[TenantEvent]:
        if self.facts and facts == self.configuration():
            return []
        self.facts = facts.model_dump()
        if facts.status == "suspended":
            return [TenantSuspended(facts)]
        return [TenantConfigured(facts)]

    def _check_there(self) -> None:
        if self.facts.get("status") == "offboarded":
            raise TenantGone("this tenant was offboarded")

    def suspend(self, reason: str, at: datetime) -> list[TenantEvent]:
        self._check_there()
        if self.facts["status"] == "suspended":
            raise TenantAlreadySuspended("this tenant is suspended already")
        self.suspension_reason, self.suspended_at = reason, at
        return self._become(self.configuration().model_copy(update={"status": "suspended"}))

    def reinstate(self) -> list[TenantEvent]:
        self._check_there()
        if self.facts["status"] != "suspended":
            raise TenantNotSuspended("this tenant is not suspended")
        self.suspension_reason, self.suspended_at = None, None
        return self._become(self.configuration().model_copy(update={"status": "active"}))

    def offboard(self) -> list[TenantEvent]:
        """Everything is erased, again if told again. TenantNotSuspended while it is served."""
        facts = self.configuration()
        if facts.status == "active":
            raise TenantNotSuspended("suspend this tenant first")
        gone = facts.model_copy(update={"status": "offboarded"})
        self.facts = gone.model_dump()
        return [TenantOffboarded(gone)]

    def configuration(self) -> TenantFacts:
        return TenantFacts.model_validate(self.facts)

    def document(self, kind: str, version: str | None = None) -> Document | None:
        """The version in force unless another one is named."""
        wanted = version or self.configuration().documents.get(kind) if self.facts else version
        found = (each for each in self.documents if (each.kind, each.version) == (kind, wanted))
        return next(found, None)


def missing_consents(in_force: Mapping[str, str], agreed: Mapping[str, str]) -> dict[str, str]:
    """Kind -> version of what a person has still to agree to."""
    return {
        kind: version
        for kind, version in in_force.items()
        if kind in AGREED and agreed.get(kind) != version
    }


def check_versions(in_force: Mapping[str, str], accepts: Mapping[str, str]) -> None:
    """UnknownVersion for a document that is not in force: nobody agrees to what is over."""
    for kind, version in accepts.items():
        if kind not in AGREED or in_force.get(kind) != version:
            raise UnknownVersion("is not the version in force", pointer=f"/accepts/{kind}")
