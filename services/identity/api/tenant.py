"""What a page or a partner needs to know of the tenant at this host."""

from typing import Annotated, Literal

from fastapi import Path, Query, Request
from starlette.responses import Response

from services.identity import views
from services.identity.api.fields import Version
from services.identity.store import TenantStore
from shared.http import PUBLIC, CallDep, Router, answer
from shared.kernel.errors import NotFound

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


@router.get(
    "/v1/tenant/documents/{kind}",
    operation_id="identity_get_document",
    response_model=views.DocumentView,
    openapi_extra=PUBLIC,
)
async def get_document(
    kind: Annotated[Literal["terms", "privacy", "imprint"], Path()],
    request: Request,
    call: CallDep,
    version: Annotated[Version | None, Query()] = None,
) -> Response:
    """Terms of use, privacy notice or imprint in the reader's language; older versions stay."""
    tenant = await call.store(TenantStore).get(call.tenant.slug)
    document = tenant.document(kind, version)
    if document is None:
        raise NotFound("there is no such document")
    wanted = request.headers.get("accept-language", "")[:2].lower()
    languages = (wanted, *call.tenant.locales, *document.texts)
    language = next(each for each in languages if each in document.texts)
    versions = [each.version for each in tenant.documents if each.kind == kind]
    return answer(
        call,
        views.document_view(document, language, versions),
        headers={"Vary": "Accept-Language", "Content-Language": language},
    )
