"""Debian's packages, from the mirrors that this machine's apt uses, without touching its apt."""

import ast
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from deploy.local.programs import CannotRunError, said

NEWER = "trixie"
"""The first release with RabbitMQ 4 and Compose 2."""
_WITH_PYTHON = "bookworm"
_POCKETS = ("", "-updates", "-security")
_ACQUIRE = ("Check-Valid-Until", "Check-Date", "Retries", "http::Proxy", "https::Proxy")
_LEAVE_OUT = ("doc", "info", "locale", "man")


def own_release() -> str:
    """This machine's release where it is a Debian, else one with Python 3.11."""
    known = platform.freedesktop_os_release()
    return known.get("VERSION_CODENAME", "") if known.get("ID") == "debian" else _WITH_PYTHON


def sources(release: str) -> list[str]:
    """Lines of a sources.list for this release; none where this machine's apt has no Debian."""
    listed = _debian_targets()
    if not listed and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(("apt-get", "update", "-qq"), check=False, capture_output=True)
        listed = _debian_targets()
    lines = []
    for uri, suite in listed:
        pocket = re.sub(r"^\w+", "", suite)
        if pocket in _POCKETS and (line := f"deb {uri} {release}{pocket} main") not in lines:
            lines.append(line)
    return lines


def _debian_targets() -> list[tuple[str, str]]:
    """(URI, suite) of the archives that apt knows to be Debian's."""
    if shutil.which("apt-get") is None:
        return []
    line = "$(ORIGIN) $(REPO_URI) $(RELEASE)"
    done = subprocess.run(
        ("apt-get", "indextargets", "--format", line, "Created-By: Packages"),
        capture_output=True,
        text=True,
        check=False,
    )
    words = [each.split() for each in done.stdout.splitlines()]
    return [(each[1], each[2]) for each in words if each[0] == "Debian" and len(each) == 3]


@cache
def acquire_options() -> tuple[str, ...]:
    """What this machine's apt is told about reaching its mirrors, as apt configuration."""
    if shutil.which("apt-config") is None:
        return ()
    done = subprocess.run(("apt-config", "dump", "Acquire"), capture_output=True, text=True)
    wanted = tuple(f"Acquire::{name} " for name in _ACQUIRE)
    return tuple(line for line in done.stdout.splitlines() if line.startswith(wanted))


def bootstrap(release: str, packages: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The command that writes a root file system as a tar to its standard output, and its input."""
    lines = sources(release)
    options = [f"--aptopt={line}" for line in acquire_options()]
    options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEAVE_OUT]
    # A power cut may tear a file system that is thrown away in that case anyhow.
    options.append("--dpkgopt=force-unsafe-io")
    options.append(
        '--customize-hook=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" '
        '"$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"'
    )
    command = ("mmdebstrap", "--quiet", "--variant=apt", f"--include={','.join(packages)}")
    return (*command, *options, release, "-", *(["-"] if lines else [])), "\n".join(lines) + "\n"


def unpack(package: str, release: str, folder: Path) -> None:
    """One package's files without what it depends on, and without installing it.

    Raises CannotRunError when the package cannot be had.
    """
    work = folder / ".apt"
    for needed in (work / "state/lists/partial", work / "cache/archives/partial"):
        needed.mkdir(parents=True, exist_ok=True)
    lines = sources(release)
    if not lines:
        raise CannotRunError(f"apt knows no Debian mirror: install {package} by hand")
    (work / "sources.list").write_text("\n".join(lines) + "\n")
    own = (
        *("-o", f"Dir::State={work / 'state'}", "-o", f"Dir::Cache={work / 'cache'}"),
        *("-o", f"Dir::Etc::SourceList={work / 'sources.list'}"),
        *("-o", "Dir::Etc::SourceParts=/dev/null", "-o", "Dir::State::status=/dev/null"),
        *("-o", "APT::Sandbox::User="),
    )
    log = folder / "apt.log"
    for command in (
        ("apt-get", *own, "update", "-qq"),
        ("apt-get", *own, "download", "-qq", package),
    ):
        _run(command, work, log)
    for archive in work.glob("*.deb"):
        _run(("dpkg-deb", "-x", str(archive), str(folder)), work, log)
    shutil.rmtree(work)


def _run(command: tuple[str, ...], folder: Path, log: Path) -> None:
    with log.open("ab") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise CannotRunError(f"{' '.join(command[:1])} failed{said(log, 4)}")


def certificates() -> Path | None:
    """The authorities that this machine's pip trusts, where it was told which."""
    configured = _pip_configuration().get("cert", "")
    for each in (configured, os.environ.get("SSL_CERT_FILE", "")):
        if each and Path(each).is_file():
            return Path(each)
    return None


def package_index() -> str:
    """A pip.conf that leads an image's build where this machine's pip goes.

    Empty when that is the usual index. Folders of this machine are left out: a build sees none.
    """
    found = _pip_configuration()
    kept = {
        name: " ".join(url for url in found.get(name, "").split() if url.startswith("http"))
        for name in ("index-url", "extra-index-url", "proxy")
    }
    if not any(kept.values()):
        return ""
    kept |= {name: found[name] for name in ("trusted-host", "timeout") if name in found}
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in kept.items() if value)


@cache
def _pip_configuration() -> dict[str, str]:
    """Option to value, the environment's last word included."""
    pip = shutil.which("pip") or shutil.which("pip3")
    if pip is None:
        return {}
    done = subprocess.run((pip, "config", "list"), capture_output=True, text=True, check=False)
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for line in done.stdout.splitlines():
            if match := re.fullmatch(rf"{section}\.([\w.-]+?)=(.*)", line):
                found[match[1].lstrip(".")] = str(ast.literal_eval(match[2]))
    return found
