"""What profiles knows of a person, and how it forgets it."""

from contextlib import suppress

from services.profiles.store import DocumentFiles, DocumentStore, HelperStore, Photos
from shared.contracts.profiles import HELPER_ERASED, HelperErased
from shared.kernel.errors import NotFound
from shared.privacy import PersonalData
from shared.scope import Scope

_BATCH = 50


class ProfilesData(PersonalData):
    """Profile, photo and documents. Papers of attempts tell nothing but the account's id."""

    async def erase(self, person_id: str, scope: Scope) -> None:
        await self._erase_documents(person_id, scope)
        helpers = scope.store(HelperStore)
        helper = await helpers.find(person_id)
        if helper is None:
            return
        if helper.photo_id is not None:
            await scope.store(Photos).delete(helper.photo_id)
        with suppress(NotFound):
            await helpers.bury(person_id, lambda _: [HelperErased(HELPER_ERASED)])

    async def _erase_documents(self, person_id: str, scope: Scope) -> None:
        """The file first: as long as the row is there, its file is found again."""
        documents, files = scope.store(DocumentStore), scope.store(DocumentFiles)
        while found := await documents.of_helper(person_id, None, _BATCH):
            for document in found:
                await files.delete(document.file_id)
                await documents.forget(document.id)
