"""Takes every mail that the platform sends and keeps it as a file; delivers nothing."""

import argparse
import asyncio
import contextlib
import itertools
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_BYTES = 1024 * 1024
"""A longer message is refused with 552."""


class MailFolder:
    """Writes one .eml per message; names sort by time of arrival, files appear whole."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._numbers = itertools.count(1)

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        name = f"{stamp}-{os.getpid()}-{next(self._numbers):06d}"
        partial = self._folder / f".{name}.partial"
        partial.write_bytes(content)
        partial.rename(self._folder / f"{name}.eml")
        return "250 kept"


async def serve(port: int, folder: Path) -> None:
    """Listen on loopback until SIGTERM or SIGINT."""
    mail = MailFolder(folder)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(
        lambda: SMTP(mail, data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, ident="Helphood"),
        "127.0.0.1",
        port,
    )
    async with server:
        await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.port, arguments.folder))


if __name__ == "__main__":
    main()
