"""A command as the platform's administrator: signed in, and plainly told what is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.cli.platform import Platform
from deploy.cli.terminal import plainly


@contextmanager
def platform() -> Iterator[Platform]:
    """Signed in; a refusal ends the program with what was said."""
    with plainly():
        signed_in = Platform()
        try:
            yield signed_in
        finally:
            signed_in.close()
