"""A consumer in a process of its own that dies of one message; started by a test."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from shared.contracts.base import Delivered
from shared.rabbit import ParkedMessage
from shared.scope import Scope
from tests.shared.rabbit.trial import Trial, running


async def work(url: str, name: str, report: str) -> None:
    def tell(kind: str, *what: str) -> None:
        with open(report, "a") as file:
            print(json.dumps([kind, *what]), file=file, flush=True)

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        if delivered.subject == "deadly":
            tell("killed", delivered.subject)
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.3)  # so that the innocent are still in hand when it happens
        tell("applied", delivered.subject)

    async def park(message: ParkedMessage) -> None:
        tell("parked", message.subject or "", message.reason)

    async with running(
        Trial(url, name=name, notes=Path(report).parent), handle, park=park, prefetch=5
    ):
        tell("ready")
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:4]))
