"""The signing keys, as the platform's administrators see and rotate them."""

from starlette.responses import Response

from services.identity import views
from services.identity.signing import RING, Signer
from services.identity.store import KeyRingStore
from shared.http import PLATFORM, CallDep, Router, answer
from shared.kernel.clock import utc_now

router = Router()


@router.get(
    "/v1/admin/keys",
    operation_id="identity_list_keys",
    response_model=views.KeyRingView,
    openapi_extra=PLATFORM,
)
async def list_keys(call: CallDep) -> Response:
    ring = await call.store(KeyRingStore).get(RING)
    return answer(call, views.key_ring_view(ring), etag=ring.version)


@router.post(
    "/v1/admin/keys/rotate",
    operation_id="identity_rotate_keys",
    response_model=views.KeyRingView,
    openapi_extra=PLATFORM,
)
async def rotate_keys(call: CallDep) -> Response:
    """The next key signs from now on. 409 ``rotation_too_soon`` while requests would be lost."""
    rings = call.answering(KeyRingStore, views.key_ring_view)
    ring = await call.the(Signer).rotate(rings, utc_now())
    return answer(call, views.key_ring_view(ring), etag=ring.version)
