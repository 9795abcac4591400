"""What a person reads: output, one line for every error, ages and foreign text made harmless."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from deploy.cli.platform import RefusedError
from deploy.local.programs import CannotRunError
from deploy.tenants import BadFileError
from shared.kernel.clock import utc_now
from shared.kernel.errors import Refusal
from shared.store.database import DriverError

T = TypeVar("T")

out = Console()
err = Console(stderr=True)

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def fail(reason: str) -> NoReturn:
    """Ends the program with status 1 and the reason."""
    err.print(Text.assemble(("error: ", "red"), reason), soft_wrap=True)
    raise typer.Exit(1)


@contextmanager
def plainly() -> Iterator[None]:
    """What is refused, or away, ends the program with what a person should read."""
    try:
        yield
    except (RefusedError, BadFileError, CannotRunError) as error:
        fail(str(error))
    except Refusal as error:
        fail(error.detail)
    except DriverError as error:
        fail(f"the database refused: {harmless(str(error)).splitlines()[0]}")


def carried_out(work: Coroutine[Any, Any, T]) -> T:
    """The outcome of asynchronous work, its errors told plainly."""
    with plainly():
        return asyncio.run(work)


def harmless(text: str) -> str:
    """Text of unknown origin, without what a terminal would obey."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text
    )


def cell(text: str | None) -> Text:
    """Text of unknown origin in a table."""
    return Text(harmless(text or "-"))


def age(since: datetime | None) -> str:
    """How long ago in its largest unit, e.g. ``3 min``; ``-`` for never."""
    if since is None:
        return "-"
    seconds = max(0, int((utc_now() - since).total_seconds()))
    name, unit = next(each for each in _UNITS if seconds >= each[1] or each[1] == 1)
    return f"{seconds // unit} {name}"
