"""Aggregates as identity shows them."""

from services.identity.views.accounts import (
    AccountView,
    ConsentView,
    SessionView,
    TokensView,
    account_view,
    session_view,
    tokens_view,
)
from services.identity.views.audit import AuditEntryView, audit_entry_view
from services.identity.views.erasure import ErasureView, erasure_view
from services.identity.views.export import ExportView, export_view
from services.identity.views.machines import (
    ClientView,
    KeyRingView,
    MachineTokenView,
    NewSecretView,
    client_view,
    key_ring_view,
    machine_token_view,
    new_secret_view,
)
from services.identity.views.tenants import (
    ConfiguredTenantListView,
    ConfiguredTenantView,
    DocumentView,
    TenantView,
    configured_view,
    document_view,
    tenant_view,
)

__all__ = [
    "AccountView",
    "AuditEntryView",
    "ClientView",
    "ConfiguredTenantListView",
    "ConfiguredTenantView",
    "ConsentView",
    "DocumentView",
    "ErasureView",
    "ExportView",
    "KeyRingView",
    "MachineTokenView",
    "NewSecretView",
    "SessionView",
    "TenantView",
    "TokensView",
    "account_view",
    "audit_entry_view",
    "client_view",
    "configured_view",
    "document_view",
    "erasure_view",
    "export_view",
    "key_ring_view",
    "machine_token_view",
    "new_secret_view",
    "session_view",
    "tenant_view",
    "tokens_view",
]
