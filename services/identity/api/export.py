"""Getting one's data: asked for, watched, fetched."""

from starlette.responses import Response

from services.identity import views
from services.identity.commands.export import AskExport, ask_export
from services.identity.model.export import Export, State
from services.identity.store import Archives, ExportStore
from shared.http import PERSON, Call, CallDep, Router, answer
from shared.kernel.errors import NotFound

router = Router()


@router.post(
    "/v1/me/export",
    operation_id="identity_export_me",
    status_code=202,
    response_model=views.ExportView,
    openapi_extra=PERSON,
)
async def export_me(call: CallDep) -> Response:
    """Everything that the services know of the caller, in one archive within a minute or so. It can
    be fetched for seven days; asked again after that, or for a newer one, it is made anew."""
    return answer(call, views.export_view(await ask_export(AskExport(call.person.id), call)))


@router.get(
    "/v1/me/export",
    operation_id="identity_get_export",
    response_model=views.ExportView,
    openapi_extra=PERSON,
)
async def get_export(call: CallDep) -> Response:
    return answer(call, views.export_view(await _mine(call)))


@router.get(
    "/v1/me/export/archive",
    operation_id="identity_get_export_archive",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
    openapi_extra=PERSON,
)
async def get_archive(call: CallDep) -> Response:
    """A zip with one JSON file for each service, and files. 404 until it is ready."""
    export = await _mine(call)
    if export.state is not State.READY or export.archive is None:
        raise NotFound("the archive is not ready, or no longer kept", code="export_not_ready")
    archive = await call.store(Archives).get(export.archive)
    headers = {
        "Content-Disposition": 'attachment; filename="my-data.zip"',
        "Cache-Control": "no-store",
    }
    return Response(archive.content, 200, headers, archive.content_type)


async def _mine(call: Call) -> Export:
    return await call.store(ExportStore).get(Export.id_for(call.tenant.slug, call.person.id))
