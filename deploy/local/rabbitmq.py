"""Where RabbitMQ comes from: found on the machine, installed, or unpacked without root."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.programs import CannotRunError, said

PACKAGE = "rabbitmq-server"
_KNOWN_FOLDERS = (Path("/usr/lib/rabbitmq/bin"), Path("/usr/sbin"), Path("/opt/rabbitmq/sbin"))
_POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class RabbitMQ:
    """home holds sbin/ and plugins/; path and libraries are put before the machine's own."""

    home: Path
    path: tuple[Path, ...] = ()
    libraries: tuple[Path, ...] = ()

    def environment(self) -> dict[str, str]:
        """What every program of this installation needs to be found and to be linked."""
        search = [*map(str, self.path), os.environ.get("PATH", os.defpath)]
        environment = {"PATH": os.pathsep.join(search)}
        if self.libraries:
            environment["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, self.libraries))
        return environment

    def program(self, name: str) -> str:
        """Path of an Erlang program (erl, epmd). Raises CannotRunError when it is missing."""
        found = shutil.which(name, path=self.environment()["PATH"])
        if found is None:
            raise CannotRunError(f"{name} is missing: apt-get install {PACKAGE}, or give AMQP_URL")
        return found


def provide(folder: Path, report: Callable[[str], None] = print) -> RabbitMQ:
    """RabbitMQ, from wherever it is first to be had; packages are unpacked into folder.

    Raises CannotRunError when it is not on the machine and cannot be had from the distribution.
    """
    found = _on_the_machine() or _unpacked(folder)
    if found:
        return found
    if shutil.which("apt-get") is None:
        raise CannotRunError("RabbitMQ is missing: install it, or give AMQP_URL")
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        report("broker: installing rabbitmq-server with apt-get (once, about a minute) ...")
        _install(folder / "apt.log")
        found = _on_the_machine()
    else:
        report("broker: unpacking rabbitmq-server without root (once, about a minute) ...")
        _unpack(folder)
        found = _unpacked(folder)
    if found is None:
        raise CannotRunError(
            f"RabbitMQ could not be had from the distribution (see {folder / 'apt.log'}): "
            f"apt-get install {PACKAGE}, or give AMQP_URL"
        )
    return found


def _on_the_machine() -> RabbitMQ | None:
    on_path = shutil.which(PACKAGE)
    folders = [Path(on_path).resolve().parent] if on_path else []
    for folder in [*folders, *_KNOWN_FOLDERS]:
        script = folder / PACKAGE
        # Debian's /usr/sbin holds a wrapper that changes the user; the real one has company.
        if (folder / "rabbitmq-env").exists() and script.exists() and shutil.which("erl"):
            return RabbitMQ(script.resolve().parents[1])
    return None


def _unpacked(folder: Path) -> RabbitMQ | None:
    root = folder / "root"
    homes = sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*"))
    if not homes or not (folder / "bin" / "erl").exists():
        return None
    libraries = [*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*")]
    return RabbitMQ(homes[-1], (folder / "bin",), tuple(libraries))


def _install(log: Path) -> None:
    options = ("-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0")
    install = ("apt-get", "install", *options, PACKAGE)
    with _no_service_starts():
        if not _apt(install, log):
            _apt(("apt-get", "update", "-qq"), log)
            if not _apt(install, log):
                raise CannotRunError(
                    f"apt-get cannot install {PACKAGE} (no network?): connect the machine, "
                    f"or give AMQP_URL{said(log, 4)}"
                )


@contextlib.contextmanager
def _no_service_starts() -> Iterator[None]:
    """The package would start the system's own broker, which is not ours to start."""
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink(missing_ok=True)


def _unpack(folder: Path) -> None:
    """Download the package and what it needs here with apt-get's state in our own folder."""
    log = folder / "apt.log"
    archives = folder / "cache" / "archives"
    for needed in (archives / "partial", folder / "state" / "lists" / "partial", folder / "bin"):
        needed.mkdir(parents=True, exist_ok=True)
    own = (
        *("-o", f"Dir::State={folder / 'state'}", "-o", f"Dir::Cache={folder / 'cache'}"),
        *("-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "Debug::NoLocking=1"),
    )
    install = ("install", "-y", "-qq", "--download-only", "--no-install-recommends", PACKAGE)
    if not (
        _apt(("apt-get", *own, "update", "-qq"), log) and _apt(("apt-get", *own, *install), log)
    ):
        raise CannotRunError(
            f"{PACKAGE} cannot be downloaded (no network?): as root, apt-get install {PACKAGE}, "
            f"or give AMQP_URL{said(log, 4)}"
        )
    root = folder / "root"
    for archive in sorted(archives.glob("*.deb")):
        if not _apt(("dpkg-deb", "-x", str(archive), str(root)), log):
            raise CannotRunError(f"{archive} cannot be unpacked{said(log, 4)}")
        archive.unlink()
    _write_erlang_wrappers(root / "usr/lib/erlang", folder / "bin")


def _write_erlang_wrappers(erlang: Path, target: Path) -> None:
    """Debian's erl knows only /usr/lib/erlang; ours says where it really lies."""
    for runtime in erlang.glob("erts-*/bin"):
        wrapper = target / "erl"
        wrapper.write_text(
            "#!/bin/sh\n"
            f"export ROOTDIR={shlex.quote(str(erlang))} BINDIR={shlex.quote(str(runtime))}\n"
            "export EMU=beam PROGNAME=erl\n"
            'exec "$BINDIR/erlexec" "$@"\n'
        )
        wrapper.chmod(0o755)
        (target / "epmd").unlink(missing_ok=True)
        (target / "epmd").symlink_to(runtime / "epmd")


def _apt(command: tuple[str, ...], log: Path) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


METRICS_PLUGIN = "rabbitmq_prometheus"


def slim_home(rabbitmq: RabbitMQ, folder: Path, plugins: Iterable[str] = ()) -> Path:
    """A home with what the broker itself and these plugins need: it starts in half the time.

    The node looks for every module in every plugin's folder, and reads every plugin's
    description, even of those it never uses. Where plugins are not plain folders, the
    installation's own home is used as it is.
    """
    installed = (rabbitmq.home / "plugins").glob("*-*/")
    available = {path.name.rpartition("-")[0]: path for path in installed}
    needed: set[str] = set()
    waiting = ["rabbit", "rabbitmq_prelaunch", *plugins]
    while waiting:
        name = waiting.pop()
        if name in available and name not in needed:
            needed.add(name)
            waiting += _applications(available[name] / "ebin" / f"{name}.app")
    if "rabbit" not in needed:
        return rabbitmq.home
    links = {part: rabbitmq.home / part for part in ("sbin", "escript")}
    links |= {f"plugins/{available[name].name}": available[name] for name in needed}
    # A running node loads modules from here at any time, so a home that fits is left alone.
    if not all((folder / name).exists() for name in links):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "plugins").mkdir(parents=True)
        for name, target in links.items():
            (folder / name).symlink_to(target)
    return folder


def _applications(description: Path) -> list[str]:
    """Names of the applications that an Erlang application says it needs."""
    text = description.read_text() if description.exists() else ""
    lists = re.findall(r"\{(?:applications|included_applications)\s*,\s*\[([^\]]*)\]", text)
    return re.findall(r"\w+", " ".join(lists))
