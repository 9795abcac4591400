"""The embedded stand-in for MongoDB: same wire protocol, one process, durable commits."""

import sys
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.local.ports import free_ports, listens
from deploy.local.programs import Child, Program, Server

_START_SECONDS = 60


class Database(Server):
    """One database server with its data under folder; a context manager, or start() and stop()."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder.resolve()
        self.port = port or free_ports(1)[0]
        self._child = Child(self.program(), self.folder / "database.log")

    @property
    def mongo_url(self) -> str:
        """Without the driver's own second try of a write: for those the server looks through all
        writes of half an hour at each, and forgets them when it ends."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true&retryWrites=false"

    @property
    def pid(self) -> int:
        """Of the server; raises CannotRunError before start()."""
        return self._child.pid

    def program(self) -> Program:
        """Every commit is synced before it is acknowledged, as j=true promises.

        The cache takes only what the data needs; with a full one no write comes to its end.
        """
        command = (
            str(Path(sys.executable).with_name("secantusd-py")),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--storage-path", str(self.folder / "data")),
            *("--sync-on-commit", "--cache-size", "1G", "--log-level", "WARNING"),
        )
        return Program("database", command)

    def start(self) -> None:
        """Start the server and wait for it. Raises CannotRunError with what it said."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._child.start()
        self._child.wait_until(self.ready, _START_SECONDS)

    def stop(self) -> None:
        self._child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would; start() brings it back on the data that it left."""
        self._child.kill()

    def ready(self) -> bool:
        """Whether it answers a ping now (also True for a server that somebody else keeps)."""
        return listens(self.port) and mongo_answers(self.mongo_url)


def mongo_answers(url: str) -> bool:
    """Whether a ping at this URL comes back within two seconds."""
    client: MongoClient[dict[str, Any]] = MongoClient(url, serverSelectionTimeoutMS=2000)
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    else:
        return True
    finally:
        client.close()
