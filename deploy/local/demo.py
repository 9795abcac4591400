"""The demonstration: the platform up, a neighbourhood in it, and a story in each tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.table import Table

from deploy.cli.platform import CliSettings, Platform, RefusedError
from deploy.local.mishaps import StoryWithMishaps
from deploy.local.people import PASSWORD, UnexpectedAnswerError
from deploy.local.programs import CannotRunError
from deploy.local.seed import seed, staff
from deploy.local.stack import PLATFORM_ADMIN, Stack
from deploy.local.story import CASTS, Step
from deploy.tenants import FOLDER, load_all

out = Console(highlight=False)
out.width = max(out.width, 100)


def run(stack: Stack) -> None:
    """Up, tenants, helpers, both stories, addresses. Raises CannotRunError."""
    stack.up()
    stack.watch()
    try:
        with administrator(stack) as admin:
            apply_tenants(admin)
            out.print("helpers move in ...")
            out.print(f"{seed(stack, out.print)} helpers are listed in Berlin and around Zurich")
            tell_stories(stack, admin)
    except (RefusedError, UnexpectedAnswerError) as error:
        raise CannotRunError(f"the story cannot be told: {error}; make logs says more") from None
    print_addresses(stack)


@contextmanager
def administrator(stack: Stack) -> Iterator[Platform]:
    """The platform's administrator, signed in at this stack's gateway."""
    password = stack.secrets.get("platform_admin_password")
    settings = CliSettings.model_validate(
        {"url": stack.address(), "admin_email": PLATFORM_ADMIN, "admin_password": password}
    )
    platform = Platform(settings)
    try:
        yield platform
    finally:
        platform.close()


def apply_tenants(admin: Platform) -> None:
    """Both tenants from their files, with the question banks of their categories."""
    for slug, body in load_all(FOLDER).items():
        admin.apply(slug, body)
        out.print(f"tenant {slug} is served at {', '.join(body['hosts'])}")


def tell_stories(stack: Stack, admin: Platform) -> None:
    """One story in each tenant, as a timeline."""
    from deploy.local.neighbours import berlin, portrait

    photo = portrait(berlin(1)[0])
    for cast in CASTS:
        table = Table(title=f"A neighbour helps a neighbour: {cast.tenant}", title_justify="left")
        table.add_column("step")
        table.add_column("ms", justify="right")
        table.add_column("trace")
        story = StoryWithMishaps(
            cast,
            gateway=stack.address(),
            port=stack.ports.gateway,
            mails=stack.mail_folder,
            admin=admin.request,
            photo=photo,
            report=partial(_add, table),
        )
        try:
            story.tell()
            story.tell_mishaps()
        finally:
            out.print(table)


def _add(table: Table, step: Step) -> None:
    table.add_row(step.title, f"{step.milliseconds:.0f}", step.trace_id)


def print_addresses(stack: Stack) -> None:
    out.print(f"platform       {stack.address('vodafone.localhost')}")
    out.print(f"               {stack.address('swisscom.localhost')}")
    out.print(f"documentation  {stack.address('vodafone.localhost')}/docs")
    out.print(f"what happens   http://127.0.0.1:{stack.ports.traces} (traces, dashboards, alerts)")
    out.print(f"mail           {stack.mail_folder}")
    out.print(f"logs           {stack.home / 'logs'} (make logs)")
    out.print(f"log in as      (password of all: {PASSWORD})")
    for somebody in staff():
        out.print(f"               {somebody.tenant}: {somebody.email} ({somebody.roles[-1]})")
    out.print(f"administrator  {PLATFORM_ADMIN} at platform.localhost, the password is in")
    out.print(f"               {stack.home / 'secrets.json'}")
    out.print("stop           make down; make clean also forgets the data")
