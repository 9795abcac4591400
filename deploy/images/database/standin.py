"""Starts the database stand-in as MongoDB's image starts MongoDB: users first, then the doors.

MONGO_INITDB_ROOT_USERNAME and ..._PASSWORD make a root user and turn authentication on; each
<NAME>_DB_PASSWORD makes a user who may read and write the database of that name, and no other.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

DATA = Path("/data/db")
PORT = 27017
_MADE = DATA / ".users"
_SERVER = str(Path(sys.executable).with_name("secantusd-py"))
_START_SECONDS = 60


def main() -> None:
    if sys.argv[1:] == ["ping"]:
        sys.exit(0 if answers(PORT) else 1)
    root = os.environ.get("MONGO_INITDB_ROOT_USERNAME")
    if root and not _MADE.exists():
        make_users(root, os.environ["MONGO_INITDB_ROOT_PASSWORD"], own_databases(os.environ))
        _MADE.touch()
    with subprocess.Popen(server("0.0.0.0", PORT, authentication=bool(root))) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        wait_for(PORT)
        print(f"waiting for connections on port {PORT}", flush=True)
        sys.exit(process.wait())


def server(host: str, port: int, *, authentication: bool) -> tuple[str, ...]:
    """Every commit is synced before it is acknowledged, as j=true promises.

    As a replica set of one it would send clients to the address that it listens on, which is
    nobody's outside of the container.
    """
    return (
        *(_SERVER, "--host", host, "--port", str(port), "--storage-path", str(DATA / "data")),
        *("--standalone", "--sync-on-commit", "--cache-size", "256M", "--log-level", "WARNING"),
        *(("--auth",) if authentication else ()),
    )


def own_databases(environment: Mapping[str, str]) -> dict[str, str]:
    """Name of a database, which is its user's too, to password."""
    form = re.compile(r"(\w+)_DB_PASSWORD")
    found = ((form.fullmatch(name), value) for name, value in environment.items())
    return {match[1].lower(): value for match, value in found if match}


def make_users(root: str, password: str, databases: dict[str, str]) -> None:
    """On a port that nobody knows, as the first user has to be made before there is a lock."""
    hidden = PORT + 1
    with subprocess.Popen(server("127.0.0.1", hidden, authentication=False)) as process:
        try:
            wait_for(hidden)
            client: MongoClient[dict[str, Any]] = MongoClient(address(hidden))
            with client:
                grant(client, "admin", root, password, "root")
                for name, secret in databases.items():
                    grant(client, name, name, secret, "readWrite")
        finally:
            process.terminate()


def grant(client: Any, database: str, user: str, password: str, role: str) -> None:
    """A start that was cut short may have made this user already."""
    client[database].command("dropAllUsersFromDatabase")
    roles = [{"role": role, "db": database}]
    client[database].command("createUser", user, pwd=password, roles=roles)


def address(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?directConnection=true"


def answers(port: int) -> bool:
    client: MongoClient[dict[str, Any]] = MongoClient(address(port), serverSelectionTimeoutMS=2000)
    with client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
        return True


def wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not answers(port):
        if time.monotonic() > deadline:
            sys.exit("the database does not start")


if __name__ == "__main__":
    main()
