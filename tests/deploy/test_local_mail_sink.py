import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from deploy.local.mail_sink import MAX_BYTES
from deploy.local.ports import free_ports, listens
from deploy.local.programs import Child, Program

Sink = tuple[int, Path]


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    folder = tmp_path_factory.mktemp("sink") / "mail"
    (port,) = free_ports(1)
    arguments = ("--port", str(port), "--folder", str(folder))
    command = (sys.executable, "-m", "deploy.local.mail_sink", *arguments)
    child = Child(Program("mail", command), folder.parent / "mail.log")
    child.start()
    try:
        child.wait_until(lambda: listens(port), 20)
        yield port, folder
    finally:
        child.stop()


def _a_mail(subject: str, text: str = "Ihr Code: 123456") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@helphood.example", "b@helphood.example", subject
    mail.set_content(text)
    return mail


async def test_mails_are_kept_whole_and_sort_by_arrival(sink: Sink) -> None:
    port, folder = sink
    for number in range(12):
        await aiosmtplib.send(_a_mail(f"Größe {number}"), hostname="127.0.0.1", port=port)
    files = sorted(folder.iterdir())
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert [mail["Subject"] for mail in mails] == [f"Größe {number}" for number in range(12)]
    assert all("123456" in mail.get_content() for mail in mails)
    assert {file.suffix for file in files} == {".eml"}


async def test_a_mail_that_is_too_long_is_refused_and_not_kept(sink: Sink) -> None:
    port, folder = sink
    before = list(folder.iterdir())
    with pytest.raises(aiosmtplib.SMTPResponseException) as refusal:
        await aiosmtplib.send(_a_mail("long", "x" * MAX_BYTES), hostname="127.0.0.1", port=port)
    assert refusal.value.code == 552
    assert list(folder.iterdir()) == before
