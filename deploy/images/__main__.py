"""The command line of the images: build them, and have an engine to build them with."""

import argparse
import sys

from deploy.images import recipes
from deploy.images.engine import Daemon, find, install
from deploy.local.programs import CannotRunError


def build(names: list[str]) -> None:
    """Build these images, or all"""
    engine = find()
    if engine is None:
        raise CannotRunError(
            "no container engine answers: start it, or have one: python -m deploy.images engine"
        )
    seconds = sum(recipes.build(engine, names).values())
    print(f"every image is there ({seconds:.0f} s of work)")


def engine(names: list[str]) -> None:
    """Install the distribution's engine where none answers, and start it ("stop" ends it)"""
    daemon = Daemon()
    if names == ["stop"]:
        daemon.stop()
        print("our engine is stopped")
        return
    if names:
        raise CannotRunError(f"engine takes nothing, or stop; not {' '.join(names)}")
    if find() is None:
        install()
    # The package may have started the system's own.
    if find() is None:
        daemon.start()
    found = find()
    assert found is not None
    print(f"an engine answers at {found.host or 'its usual place'}")
    if found.host:
        print(f"for other programs: export DOCKER_HOST={found.host}")


COMMANDS = {"build": build, "engine": engine}


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy.images", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("names", nargs="*", help="images; none: all of them")
    arguments = parser.parse_args()
    try:
        COMMANDS[arguments.command](arguments.names)
    except CannotRunError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped by the keyboard")


if __name__ == "__main__":
    main()
