"""What profiles knows of a person, and how it forgets it."""

from contextlib import suppress

from services.profiles.store import DocumentFiles, DocumentStore, HelperStore, Photos
from services.profiles.views.documents import document_view
from services.profiles.views.helpers import own_helper_view
from shared.contracts.profiles import HELPER_ERASED, HelperErased
from shared.export import Exported
from shared.kernel.errors import NotFound
from shared.privacy import PersonalData
from shared.scope import Scope

_BATCH = 50


class ProfilesData(PersonalData):
    """Profile, photo and documents. Papers of attempts tell nothing but the account's id."""

    async def export(self, person_id: str, scope: Scope) -> Exported:
        helper = await scope.store(HelperStore).find(person_id)
        files, documents = [], scope.store(DocumentStore)
        if helper is not None and helper.photo_id is not None:
            files.append(await scope.store(Photos).get(helper.photo_id))
        handed_in = await documents.of_helper(person_id, None, 0)
        for document in handed_in:
            files.append(await scope.store(DocumentFiles).get(document.file_id))
        data = {
            "profile": helper and own_helper_view(helper, scope.now),
            "documents": [document_view(each) for each in handed_in],
        }
        return Exported(data, files)

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
