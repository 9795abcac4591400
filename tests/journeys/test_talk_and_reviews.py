"""Two people talk live, with pictures; one is told by mail, blocks and reports; both review."""

import asyncio
import contextlib
import email
import email.policy
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from deploy.local.people import Person
from deploy.local.story import CASTS, Cast, Story
from services.identity.signing import ACCESS_LIFE, Signer
from services.identity.store import AccountStore
from shared.kernel.ids import new_id
from shared.settings import ServiceSettings
from shared.store import Database
from tests.journeys.outages import without
from tests.journeys.pair import travel, travelling
from tests.platform import Platform

PATIENCE = 15.0
LEEWAY = timedelta(seconds=30)


class Listener:
    """A live stream as a browser reads it, or an app that has a token; told holds (event, number,
    data), beats counts the signs of life. While awake is clear it takes nothing."""

    def __init__(
        self, platform: Platform, person: Person, position: int | None = None, token: str = ""
    ) -> None:
        self.told: list[tuple[str, int, Any]] = []
        self.beats = 0
        self.awake = threading.Event()
        self.awake.set()
        self._person = person
        query, headers = {}, {"Authorization": f"Bearer {token}"}
        if not token:
            self.ticket: str = person.post("/v1/stream/tickets")["ticket"]
            query, headers = {"ticket": self.ticket}, {}
        if position is not None:
            query["last_event_id"] = str(position)
        headers["Host"] = f"{person.tenant}.localhost"
        # Little is on its way, so that one who takes nothing is soon seen.
        wire = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
        self._client = httpx.Client(
            base_url=platform.stack.address(), headers=headers, transport=wire
        )
        self._context = self._client.stream("GET", "/v1/stream", params=query, timeout=PATIENCE)
        self._response = self._context.__enter__()
        assert self._response.status_code == 200
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def messages(self) -> list[str]:
        return [data["message"]["text"] for name, _, data in self.told if name == "message"]

    def until(self, text: str) -> int:
        """The number of the event that tells of this message."""
        self._person.until(lambda: text in self.messages(), text, PATIENCE)
        return next(
            number
            for name, number, data in self.told
            if name == "message" and data["message"]["text"] == text
        )

    def ended(self) -> bool:
        """Whether the other side has closed it."""
        return not self._reading.is_alive()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            wire: socket.socket = self._response.extensions["network_stream"].get_extra_info(
                "socket"
            )
            wire.shutdown(socket.SHUT_RDWR)
        self._client.close()
        self._reading.join(PATIENCE)

    def _read(self) -> None:
        event: dict[str, str] = {}
        try:
            for line in self._response.iter_lines():
                self.awake.wait()
                if line.startswith(":"):
                    self.beats += 1
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif event:
                    told = (event["event"], int(event["id"]), json.loads(event["data"]))
                    self.told.append(told)
                    event = {}
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError):
            return


class Talk:
    """The story's two people after the work is done, and two of support."""

    def __init__(self, platform: Platform, story: Story, second: Person) -> None:
        self.platform, self.story, self.second = platform, story, second
        self.customer, self.helper = story.customer, story.helper
        [found] = self.customer.get("/v1/conversations")["data"]
        self.path = f"/v1/conversations/{found['id']}"
        self.id: str = found["id"]

    def say(self, who: Person, text: str, *attachments: str) -> Any:
        message = {"text": text, "client_message_id": new_id("m"), "attachments": attachments}
        return who.post(f"{self.path}/messages", message)

    def texts(self, who: Person) -> list[str]:
        heard = who.get(f"{self.path}/messages", order="descending", limit=100)["data"]
        return [each["text"] for each in heard]

    def mails(self, who: Person) -> list[EmailMessage]:
        """About unread messages."""
        found = []
        for file in sorted(self.platform.stack.mail_folder.glob("*.eml")):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if message["To"] == who.address and message["List-Unsubscribe"]:
                found.append(message)
        return found

    def review(self, who: Person) -> str:
        who.until(lambda: self.story._invited(who), "the invitation")
        review: str = who.post("/v1/reviews", self.story._marks(f"Von {who.name}"))["id"]
        return review

    def shown(self) -> list[str]:
        """What everybody can read about the helper."""
        found = self.customer.get(f"/v1/helpers/{self.helper.id}/reviews")["data"]
        return [each["id"] for each in found]


@pytest.fixture(scope="module", params=CASTS, ids=lambda cast: cast.tenant)
def talk(platform: Platform, request: pytest.FixtureRequest) -> Iterator[Talk]:
    cast: Cast = request.param
    story = platform.story(cast)
    for step in (story._join, story._qualify, story._find_and_write, story._book, story._visit):
        step()
    with platform.person(cast.tenant, "Zweite Aufsicht") as second:
        second.join()
        for person in (second, story.support):
            if not person.id:
                person.join()
            role = {"email": person.address, "role": "support"}
            platform.admin.request("POST", f"/v1/admin/tenants/{cast.tenant}/roles", role)
            person.log_in()
        yield Talk(platform, story, second)


def test_a_live_stream_brings_pictures_and_goes_on_where_it_was_left(talk: Talk):
    platform, customer, helper = talk.platform, talk.customer, talk.helper
    live = Listener(platform, customer)
    kind = {"Content-Type": "image/jpeg"}
    picture = helper.post("/v1/attachments", content=platform.photo, headers=kind)["id"]
    talk.say(helper, "So sieht es aus", picture)
    seen = live.until("So sieht es aus")
    live.close()
    with platform.visitor(customer.tenant) as browser:
        again = browser.ask("GET", "/v1/stream", params={"ticket": live.ticket})
    assert (again.status, again.body["code"]) == (401, "invalid_ticket")
    for text in ("Und noch etwas", "Bis bald"):
        talk.say(helper, text)
    resumed = Listener(platform, customer, seen)
    resumed.until("Bis bald")
    resumed.until("Und noch etwas")
    assert sorted(resumed.messages()) == ["Bis bald", "Und noch etwas"]
    resumed.close()
    for who, status in ((customer, 200), (helper, 200), (talk.second, 404)):
        assert who.ask("GET", f"/v1/attachments/{picture}").status == status
    found = customer.get("/v1/messages", q="noch etwas")["data"]
    assert [each["message"]["text"] for each in found] == ["Und noch etwas"]


def test_a_live_stream_loses_and_repeats_nothing_when_broker_and_service_restart(talk: Talk):
    customer, helper, platform = talk.customer, talk.helper, talk.platform
    live = Listener(platform, customer)
    talk.say(helper, "Vor allem")
    live.until("Vor allem")
    with without(platform, "broker"):
        talk.say(helper, "Ohne Broker")
        assert live.messages() == ["Vor allem"]
    live.until("Ohne Broker")
    customer.until(lambda: live.beats, "a sign of life", 2 * PATIENCE)
    talk.say(helper, "Kurz davor")
    with without(platform, "messaging"):
        customer.until(live.ended, "the end of the stream", PATIENCE)
    talk.say(helper, "Danach")
    resumed = Listener(platform, customer, live.told[-1][1])
    resumed.until("Danach")
    resumed.close()
    assert live.messages() + resumed.messages() == [
        "Vor allem",
        "Ohne Broker",
        "Kurz davor",
        "Danach",
    ]
    told = [number for name, number, _ in live.told + resumed.told if name != "ready"]
    assert told == list(range(told[0], told[0] + len(told)))


def test_a_reader_who_takes_nothing_is_dropped_and_comes_back_without_loss(talk: Talk):
    customer, platform = talk.customer, talk.platform
    live = Listener(platform, customer)
    talk.say(talk.helper, "Erst wach")
    live.until("Erst wach")
    customer.until(lambda: live_streams(platform) == 1, "its being counted", PATIENCE)
    live.awake.clear()
    long = [f"{number} " + "ü" * 3_900 for number in range(8)]
    for text in long:
        talk.say(talk.helper, text)
    customer.until(lambda: live_streams(platform) == 0, "the drop", 3 * PATIENCE)
    live.awake.set()
    customer.until(live.ended, "the end of the stream", PATIENCE)
    resumed = Listener(platform, customer, live.told[-1][1])
    # What was said in the same moment may be told in another order, but once.
    for text in set(long) - set(live.messages()):
        resumed.until(text)
    resumed.close()
    assert sorted(live.messages() + resumed.messages()) == sorted(["Erst wach", *long])
    assert len(live.messages()) < len(long)


def live_streams(platform: Platform) -> int:
    """Open at messaging, as it counts them every two seconds."""
    told = httpx.get(f"{platform.stack.service_address('messaging')}/metrics", timeout=10).text
    [line] = [each for each in told.splitlines() if each.startswith("live_streams ")]
    return int(float(line.split()[1]))


def test_a_live_stream_ends_with_its_token_and_with_its_account(talk: Talk):
    platform, tenant = talk.platform, talk.customer.tenant
    with platform.person(tenant) as person:
        person.join()
        token = str(person._client.headers["Authorization"]).split()[1]
        nearly_over = a_token(platform, person, expires_in=timedelta(seconds=3))
        short, long = (Listener(platform, person, token=each) for each in (nearly_over, token))
        by_ticket = Listener(platform, person)
        person.until(short.ended, "the end with the token", PATIENCE)
        assert [name for name, _, _ in short.told] == ["ready", "end"]
        assert [each.ended() for each in (long, by_ticket)] == [False, False]
        path = f"/v1/support/accounts/{person.id}/suspend"
        talk.second.post(path, {"reason": "Belästigt andere"})
        for one in (long, by_ticket):
            person.until(one.ended, "the end with the account", PATIENCE)
            assert [name for name, _, _ in one.told] == ["ready", "end"]
        refused = person.ask("GET", "/v1/stream")
        assert (refused.status, refused.body["code"]) == (401, "invalid_token")


def a_token(platform: Platform, person: Person, expires_in: timedelta) -> str:
    """As identity would have signed it a while ago; 30 seconds of leeway included."""

    async def sign() -> str:
        database = Database(platform.stack.database_url, "identity")
        issuer: str = ServiceSettings.model_fields["token_issuer"].default
        secret = platform.stack.service_environment("identity")["KEY_SECRET"]
        signer = Signer(database, secret, issuer)
        await signer.load()
        account = await AccountStore.unrelayed(database, person.tenant).get(person.id)
        ends = datetime.now(UTC) + expires_in - LEEWAY
        try:
            return signer.sign(account, person.tenant, "trial", ends - ACCESS_LIFE)
        finally:
            database.close()

    return asyncio.run(sign())


def test_ten_unread_minutes_bring_one_mail_and_one_click_ends_them(talk: Talk):
    customer, helper = talk.customer, talk.helper
    with travelling(talk.platform):
        talk.say(customer, "Sind Sie noch da?")
        talk.say(customer, "Hallo?")
        travel(talk.platform, timedelta(minutes=11))
        helper.until(lambda: talk.mails(helper), "the mail", PATIENCE)
        travel(talk.platform, timedelta(minutes=30))
        talk.say(customer, "Nur noch eins")
        travel(talk.platform, timedelta(minutes=45))
        # The other side's mail comes by the same timer: by then a second one would be there.
        customer.until(lambda: talk.mails(customer), "the other mail", PATIENCE)
        [mail] = talk.mails(helper)
        travel(talk.platform, timedelta(hours=26))
        talk.say(customer, "Und heute?")
        travel(talk.platform, timedelta(hours=26, minutes=11))
        helper.until(lambda: len(talk.mails(helper)) == 2, "the next day's mail", PATIENCE)
    text = mail.get_content()
    assert customer.name in text
    assert "Hallo?" not in text
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = httpx.URL(mail["List-Unsubscribe"].strip("<>")).path
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = talk.second.ask("POST", path, content="List-Unsubscribe=One-Click", headers=kind)
    assert (answer.status, answer.body) == (200, {"wanted": False})
    assert helper.get("/v1/me/message-notices") == {"wanted": False}


def test_a_report_is_read_with_a_case_and_a_block_is_silent(talk: Talk):
    customer, helper = talk.customer, talk.helper
    helper.post(f"{talk.path}/report", {"reason": "other"})
    reports = talk.second.get("/v1/support/reports")["data"]
    [report] = [each for each in reports if each["conversation_id"] == talk.id]
    path = f"/v1/support/reports/{report['id']}"
    assert talk.second.ask("GET", path).status == 422
    assert customer.ask("GET", path, params={"case_id": new_id("case")}).status == 403
    refused = talk.second.ask("GET", path, params={"case_id": new_id("case")})
    assert (refused.status, refused.body["code"]) == (422, "unusable_case")
    frozen = talk.second.get(path, case_id=report["case_id"])["lines"]
    assert "So sieht es aus" in [line["text"] for line in frozen]
    matter = {"type": "other", "reason": "Bitte lesen Sie, was er schreibt."}
    case = {"case_id": helper.post(f"/v1/jobs/{talk.story.job_id}/cases", matter)["id"]}
    talk.say(customer, "Später gesagt")
    assert talk.second.get(path, **case)["lines"] == frozen
    messages = f"/v1/support/conversations/{talk.id}/messages"
    said = [each["text"] for each in talk.second.get(messages, **case, limit=100)["data"]]
    assert {"So sieht es aus", "Später gesagt"} <= set(said)
    helper.post(f"{talk.path}/block")
    talk.say(customer, "Hören Sie mich?")
    assert "Hören Sie mich?" in talk.texts(customer)
    assert "Hören Sie mich?" not in talk.texts(helper)


def test_reviews_are_sealed_then_moderated_appealed_and_taken_back(talk: Talk):
    customer, helper, second = talk.customer, talk.helper, talk.second
    path = f"/v1/jobs/{talk.story.job_id}/reviews"
    mine = talk.review(customer)
    assert helper.get(path)["data"] == []
    assert talk.shown() == []
    assert customer.ask("DELETE", f"/v1/reviews/{mine}").status == 404
    talk.review(helper)
    assert len(helper.get(path)["data"]) == 2
    assert talk.shown() == [mine]
    helper.post(f"/v1/reviews/{mine}/report", {"reason": "untrue"})
    decision = f"/v1/support/reviews/{mine}/decision"
    talk.story.support.post(decision, {"decision": "remove", "reason": "Nicht belegt"})
    assert talk.shown() == []
    customer.post(f"/v1/reviews/{mine}/appeal", {"text": "Doch, ich war dabei."})
    same = talk.story.support.ask("POST", decision, {"decision": "keep"})
    assert (same.status, same.body["code"]) == (409, "same_moderator")
    second.post(decision, {"decision": "keep", "reason": "Belegt"})
    assert talk.shown() == [mine]
    assert customer.ask("DELETE", f"/v1/reviews/{mine}").status == 204
    assert talk.shown() == []
    customer.until(lambda: (hit := talk.story._hit()) and hit["rating"] is None, "no rating")
