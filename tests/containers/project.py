"""The reference deployment from our own images, brought up by Compose under a name of its own."""

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from aiosmtpd.controller import Controller

from deploy.cli.platform import CliSettings
from deploy.cli.platform import Platform as Administrator
from deploy.images.engine import Engine
from deploy.local.mail_sink import MailFolder
from deploy.local.neighbours import berlin, portrait
from deploy.local.ports import free_ports
from deploy.local.programs import PROJECT
from deploy.local.stack import PLATFORM_ADMIN, SERVICES
from deploy.local.story import Cast, Story
from deploy.tenants import FOLDER, load_all

UP_SECONDS = 300
FILES = ("docker-compose.yml", "docker-compose.standin.yml")


@dataclass(frozen=True)
class Project:
    """environment is what an .env file would hold; mails is where the platform's mails end."""

    name: str
    engine: Engine
    environment: dict[str, str]
    mails: Path
    compose_command: tuple[str, ...]

    @property
    def port(self) -> int:
        return int(self.environment["GATEWAY_PORT"])

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str) -> str:
        """What Compose says; fails the test with it when it does not succeed."""
        files = [word for file in FILES for word in ("--file", file)]
        done = subprocess.run(
            (*self.compose_command, "--project-name", self.name, *files, *arguments),
            cwd=PROJECT,
            env=os.environ | self.engine.environment | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def left_over(self) -> list[str]:
        """Ids of all that the engine still has of this project."""
        mine = f"label=com.docker.compose.project={self.name}"
        found = [
            self.engine.run(kind, "ls", "--quiet", "--filter", mine, *more)
            for kind, more in (("container", ("--all",)), ("volume", ()), ("network", ()))
        ]
        return "\n".join(found).split()

    @contextmanager
    def administrator(self) -> Iterator[Administrator]:
        settings = CliSettings.model_validate(
            {
                "url": self.gateway,
                "admin_email": PLATFORM_ADMIN,
                "admin_password": self.environment["PLATFORM_ADMIN_PASSWORD"],
            }
        )
        with closing(Administrator(settings)) as admin:
            yield admin

    def apply_tenants(self) -> None:
        with self.administrator() as admin:
            for slug, body in load_all(FOLDER).items():
                admin.apply(slug, body)

    def tell(self, cast: Cast) -> Story:
        """A story with fresh people, told from its beginning to its end."""
        with self.administrator() as admin:
            story = Story(
                cast,
                gateway=self.gateway,
                port=self.port,
                mails=self.mails,
                admin=admin.request,
                photo=portrait(berlin(1)[0]),
            )
            with ExitStack() as done:
                for each in (story.customer, story.helper, story.support, story.stranger):
                    done.callback(each.close)
                story.tell()
        return story


@contextmanager
def running(engine: Engine, mails: Path) -> Iterator[Project]:
    """Both tenants applied; containers, networks and volumes are gone afterwards."""
    place = os.getpid() % 250
    edge = IPv4Network(f"172.30.{place}.0/24")
    smtp, gateway, broker_admin = free_ports(3)
    sink = Controller(MailFolder(mails), hostname="0.0.0.0", port=smtp, enable_SMTPUTF8=True)
    environment = {
        "EDGE_SUBNET": str(edge),
        "GATEWAY_PORT": str(gateway),
        "BROKER_ADMIN_PORT": str(broker_admin),
        # The first address of a bridge is this machine's.
        "SMTP_URL": f"smtp://{edge[1]}:{smtp}",
        "PLATFORM_ADMIN_EMAIL": PLATFORM_ADMIN,
        "PLATFORM_ADMIN_PASSWORD": f"{secrets.token_urlsafe(24)}-Aa1",
        "LOG_LEVEL": "WARNING",
        **{
            name: secrets.token_urlsafe(32)
            for name in (
                *("BROKER_PASSWORD", "MONGO_ROOT_PASSWORD"),
                *("CURSOR_SECRET", "FILE_SECRET", "KEY_SECRET"),
            )
        },
        **{f"{name.upper()}_DB_PASSWORD": secrets.token_urlsafe(16) for name in SERVICES},
    }
    project = Project(f"helphood-{place}", engine, environment, mails, engine.compose())
    sink.start()
    try:
        began = time.monotonic()
        try:
            project.compose("up", "--detach", "--wait", "--wait-timeout", str(UP_SECONDS))
        except AssertionError as error:
            error.add_note(project.compose("logs", "--no-color", "--tail", "8")[-12000:])
            raise
        print(f"up after {time.monotonic() - began:.0f} s")
        project.apply_tenants()
        yield project
    finally:
        try:
            project.compose("down", "--volumes", "--timeout", "10")
        finally:
            sink.stop()
