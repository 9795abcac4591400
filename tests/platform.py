"""The whole platform as processes behind its gateway, once per test session."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.cli.platform import Platform as Administrator
from deploy.local.demo import administrator
from deploy.local.mishaps import StoryWithMishaps
from deploy.local.neighbours import berlin, portrait
from deploy.local.people import Person, Visitor
from deploy.local.ports import Ports
from deploy.local.stack import SERVICES, Stack
from deploy.local.story import Cast
from deploy.tenants import FOLDER, load_all
from tests.line_tests import Operators
from tests.spans import Collector


@dataclass(frozen=True)
class Platform:
    """admin is signed in; collector holds every span that was exported; operators test lines.

    started_in is the seconds from nothing to every process being ready.
    """

    stack: Stack
    admin: Administrator
    collector: Collector
    operators: Operators
    photo: bytes
    started_in: float

    def story(self, cast: Cast) -> StoryWithMishaps:
        """A story with fresh people, not told yet."""
        return StoryWithMishaps(
            cast,
            gateway=self.stack.address(),
            port=self.stack.ports.gateway,
            mails=self.stack.mail_folder,
            admin=self.admin.request,
            photo=self.photo,
        )

    def person(self, tenant: str, name: str = "Ada Berger") -> Person:
        """Somebody who has not registered yet."""
        return Person(self.stack.address(), tenant, name, self.stack.mail_folder, port=self._port)

    def visitor(self, tenant: str, origin: str | None = None) -> Visitor:
        """Somebody without an account; origin is their network address, of 127.0.0.0/8."""
        return Visitor(self.stack.address(), tenant, self._port, origin=origin)

    @property
    def _port(self) -> int:
        return self.stack.ports.gateway


@contextmanager
def running(home: Path, *, own_traces: bool = False) -> Iterator[Platform]:
    """Both tenants applied, nobody seeded; every process is gone afterwards.

    own_traces: spans go to the stack's own trace page, and the collector gets none.
    """
    with Collector() as collector, Operators() as operators:
        ports = Ports.free(SERVICES)
        page = f"http://127.0.0.1:{ports.traces}"
        stack = Stack(
            home,
            ports,
            amqp_url=os.environ.get("AMQP_URL", ""),
            mongo_url=os.environ.get("MONGO_URL", ""),
            otlp_endpoint=page if own_traces else collector.address,
            line_tests={tenant: operators.line_test(tenant) for tenant in load_all(FOLDER)},
            report=_silent,
        )
        try:
            started_in = stack.up()
            with administrator(stack) as admin:
                for slug, body in load_all(FOLDER).items():
                    admin.apply(slug, body)
                photo = portrait(berlin(1)[0])
                yield Platform(stack, admin, collector, operators, photo, started_in)
        finally:
            stack.down()


def _silent(_: Any) -> None:
    return
