"""GET /v1/tenant: what a page or a partner needs to know of the tenant at this host."""

from fastapi import Request
from starlette.responses import Response

from services.identity import views
from services.identity.store import TenantStore
from shared.http import PUBLIC, CallDep, Router, answer

router = Router()


@router.get(
    "/v1/tenant",
    operation_id="identity_get_tenant",
    response_model=views.TenantView,
    openapi_extra=PUBLIC,
)
async def get_tenant(request: Request, call: CallDep) -> Response:
    tenant = await call.store(TenantStore).get(call.tenant.slug)
    language = request.headers.get("accept-language", "")[:2].lower()
    return answer(
        call,
        views.tenant_view(tenant.configuration(), language),
        etag=tenant.version,
        headers={"Vary": "Accept-Language", "Content-Language": _language(language, call)},
    )


def _language(wanted: str, call: CallDep) -> str:
    return wanted if wanted in call.tenant.locales else call.tenant.locales[0]
