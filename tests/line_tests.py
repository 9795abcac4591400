"""The line tests of operators, as a platform asks them: what they find is up to the test."""

import asyncio
from collections import Counter, defaultdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.listener import Listener

SLOW = 6.0
"""Seconds of silence, twice what anybody waits for a line test."""


class Operators(Listener):
    """finds: tenant -> ok, fault or unknown, or slow (no word for a while) or broken (500)."""

    def __init__(self) -> None:
        super().__init__()
        self.finds: defaultdict[str, str] = defaultdict(lambda: "unknown")
        self.asked: Counter[str] = Counter()
        """How often, by tenant."""

    def line_test(self, tenant: str) -> str:
        """Where that of the tenant is asked."""
        return f"{self.address}/{tenant}"

    async def answer(self, request: Request) -> Response:
        tenant = request.url.path.strip("/")
        self.asked[tenant] += 1
        found = self.finds[tenant]
        if found == "slow":
            await asyncio.sleep(SLOW)
        return Response(status_code=500) if found == "broken" else JSONResponse({"state": found})
