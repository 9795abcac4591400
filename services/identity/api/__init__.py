"""Identity's routes."""

from services.identity.api import (
    accounts,
    admin,
    audit,
    clients,
    erasure,
    export,
    keys,
    login,
    me,
    tenant,
    tenants,
    wellknown,
)

ROUTERS = (
    tenant.router,
    accounts.router,
    login.router,
    me.router,
    tenants.router,
    admin.router,
    clients.router,
    keys.router,
    audit.router,
    erasure.router,
    export.router,
    wellknown.router,
)
