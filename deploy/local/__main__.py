"""The command line of the local stack: up, down, clean, logs, status, demo."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local import demo
from deploy.local.programs import CannotRunError
from deploy.local.stack import HOME, Stack


def up(stack: Stack) -> None:
    """Start the platform, or bring a running one up to date"""
    stack.up()
    stack.watch()
    demo.print_addresses(stack)


def down(stack: Stack) -> None:
    """Stop every process of it"""
    stack.down()
    print("everything is stopped")


def clean(stack: Stack) -> None:
    """Stop it and forget its data"""
    stack.clean()
    print(f"{stack.home} is forgotten")


def logs(stack: Stack) -> None:
    """Follow what all its processes say"""
    files = sorted(map(str, (stack.home / "logs").glob("*.log")))
    if not files:
        raise CannotRunError("there are no logs: make demo")
    os.execvp("tail", ("tail", "-n", "20", "-F", *files))  # noqa: S606 - it is meant to replace us


def status(stack: Stack) -> None:
    """Say which process is in which state"""
    states = stack.status()
    if not states:
        print("the stack is down")
    for name, state in states.items():
        print(f"{name:<10} {state.name:<9} {state.description}")


COMMANDS: dict[str, Callable[[Stack], None]] = {
    "up": up,
    "down": down,
    "clean": clean,
    "logs": logs,
    "status": status,
    "demo": demo.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy.local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--home", type=Path, default=HOME, help="data, secrets and logs")
    arguments = parser.parse_args()
    try:
        COMMANDS[arguments.command](Stack.from_environment(arguments.home))
    except CannotRunError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped by the keyboard; make down ends what was started")


if __name__ == "__main__":
    main()
