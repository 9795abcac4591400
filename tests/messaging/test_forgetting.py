import pytest

from services.messaging.privacy import MessagingData
from services.messaging.store import (
    AttachmentFiles,
    Attachments,
    Evidences,
    FeedEntries,
    NoticeSettings,
    Tickets,
)
from shared.kernel.errors import NotFound
from tests.harness import Harness
from tests.messaging.builders import a_talk, get, post
from tests.messaging.test_attachments import PATH, uploaded


async def test_a_forgotten_persons_files_feed_and_wishes_go_and_the_others_stay(
    messaging: Harness,
):
    talk = await a_talk(messaging, text="a zebra")
    sent, unsent = [await uploaded(messaging, talk.customer) for _ in range(2)]
    kept = await uploaded(messaging, talk.helper)
    await talk.say(talk.customer, "look", attachments=[sent])
    await talk.say(talk.helper, "and here", attachments=[kept])
    await post(messaging, f"{talk.path}/report", {"reason": "other"}, talk.helper)
    await post(messaging, "/v1/stream/tickets", None, talk.customer)
    await post(messaging, "/v1/me/message-notices", {"wanted": False}, talk.customer)
    scope, known = messaging.scope(), MessagingData()
    feed = scope.store(FeedEntries)
    await messaging.eventually(lambda: feed.after(talk.customer, 0, 0))

    exported = await known.export(talk.customer, scope)
    assert {file.id for file in exported.files} == {sent, unsent}
    assert exported.data["stream"]
    assert exported.data["notices_wanted"] is False

    await known.erase(talk.customer, scope)
    for id in (sent, unsent):
        assert await scope.store(Attachments).find(id) is None
        with pytest.raises(NotFound):
            await scope.store(AttachmentFiles).get(id)
    assert await feed.after(talk.customer, 0, 0) == []
    assert await scope.store(Tickets).of(talk.customer) == []
    settings = scope.store(NoticeSettings)
    assert await settings._find({"person_id": talk.customer}) == []
    heard = await talk.heard_by(talk.helper)
    assert [(each["text"], len(each["attachments"])) for each in heard] == [
        ("", 0),
        ("", 0),
        ("and here", 1),
    ]
    assert (await get(messaging, "/v1/messages?q=zebra", talk.helper)).json()["data"] == []
    assert (await get(messaging, f"{PATH}/{kept}", talk.helper)).status_code == 200
    evidence = await scope.store(Evidences)._find({"conversation_id": talk.id})
    assert [len(line.attachments) for line in evidence[0].lines] == [0, 0, 1]
    again = await known.export(talk.customer, scope)
    assert (again.files, again.data["stream"]) == ([], [])
