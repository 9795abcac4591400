"""Identity's routes."""

from services.identity.api import accounts, admin, tenant, wellknown

ROUTERS = (tenant.router, accounts.router, admin.router, wellknown.router)
