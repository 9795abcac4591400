"""What each image is made of, and how it is made: one line per image, read as the map of them."""

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deploy.images import distribution
from deploy.images.engine import Engine
from deploy.local.programs import PROJECT, CannotRunError, said
from deploy.local.stack import SERVICES

HERE = Path(__file__).parent
LOGS = PROJECT / ".local" / "images"
_LABEL = "helphood.root"
"""What an imported image was made of, so that it is not made again."""
_AT_ONCE = 2
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Root:
    """An image straight from the distribution: these packages and what they depend on."""

    name: str
    packages: tuple[str, ...]
    release: str = ""
    """Empty: this machine's own."""


@dataclass(frozen=True)
class Built:
    """An image by its Dockerfile; base is the name of the image that its BASE is."""

    name: str
    base: str
    folder: Path
    dockerfile: Path
    arguments: tuple[tuple[str, str], ...] = field(default=())


def _beside(name: str, base: str) -> Built:
    return Built(name, base, HERE / name, HERE / name / "Dockerfile")


def _service(name: str) -> Built:
    dockerfile = PROJECT / "deploy" / "Dockerfile"
    return Built(name, "base", PROJECT, dockerfile, (("SERVICE", name),))


IMAGES: tuple[Root | Built, ...] = (
    Root("base", ("python3", "python3-venv", "ca-certificates")),
    Root("rabbitmq-base", ("rabbitmq-server",), distribution.NEWER),
    *map(_service, SERVICES),
    _beside("gateway", "base"),
    _beside("database", "base"),
    _beside("rabbitmq", "rabbitmq-base"),
)
"""In an order in which each comes after what it stands on."""


def tag(name: str) -> str:
    """Under which name an engine knows the image."""
    return f"helphood/{name}:latest"


def build(
    engine: Engine, names: Iterable[str] = (), report: Callable[[str], None] = print
) -> dict[str, float]:
    """Build these images, or all, and what they stand on; the seconds that each took.

    What is there already is left alone. Raises CannotRunError with the reason of the first that
    cannot be built.
    """
    wanted = _with_bases(set(names) or {image.name for image in IMAGES})
    done: dict[str, Future[float]] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # A place in the queue is behind that of its base, so nobody waits for somebody waiting.
        for image in wanted:
            base = done[image.base] if isinstance(image, Built) else None
            done[image.name] = pool.submit(_make, engine, image, base, report)
    return {name: future.result() for name, future in done.items()}


def _with_bases(names: set[str]) -> list[Root | Built]:
    unknown = names - {image.name for image in IMAGES}
    if unknown:
        known = ", ".join(image.name for image in IMAGES)
        raise CannotRunError(f"there is no image {', '.join(sorted(unknown))}; there are {known}")
    bases = {image.base for image in IMAGES if isinstance(image, Built) and image.name in names}
    return [image for image in IMAGES if image.name in names | bases]


def _make(
    engine: Engine,
    image: Root | Built,
    base: Future[float] | None,
    report: Callable[[str], None],
) -> float:
    if base is not None:
        base.result()
    began = time.monotonic()
    if isinstance(image, Root):
        _import(engine, image)
    else:
        _build(engine, image)
    seconds = time.monotonic() - began
    megabytes = int(engine.run("image", "inspect", "-f", "{{.Size}}", tag(image.name))) / 1e6
    report(f"  {image.name:<14} {seconds:5.1f} s {megabytes:6.0f} MB")
    return seconds


def _import(engine: Engine, image: Root) -> None:
    release = image.release or distribution.own_release()
    command, sources = distribution.bootstrap(release, image.packages)
    made_of = hashlib.sha256(repr((command, sources)).encode()).hexdigest()[:16]
    if _is_there(engine, image.name, made_of):
        return
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{image.name}.log"
    with tempfile.TemporaryFile() as root, log.open("wb") as output:
        try:
            done = subprocess.run(
                command, input=sources.encode(), stdout=root, stderr=output, check=False
            )
        except FileNotFoundError:
            raise CannotRunError("mmdebstrap is missing: apt-get install mmdebstrap") from None
        if done.returncode:
            raise CannotRunError(f"{image.name} cannot be made{said(log)}")
        root.seek(0)
        label = f"LABEL {_LABEL}={made_of}"
        engine.run("import", "--change", label, "-", tag(image.name), stdin=root)


def _is_there(engine: Engine, name: str, made_of: str) -> bool:
    filters = (f"reference={tag(name)}", f"label={_LABEL}={made_of}")
    return bool(engine.run("image", "ls", "-q", *(f"--filter={each}" for each in filters)))


def _build(engine: Engine, image: Built) -> None:
    arguments = dict(image.arguments) | {"BASE": tag(image.base)}
    # Without a value, an argument takes the caller's: a proxy stays out of the image's history.
    given = [*(f"{name}={value}" for name, value in arguments.items()), *_set(_PROXIES)]
    with tempfile.TemporaryDirectory() as folder:
        engine.run(
            "build",
            *("--network", "host", "--tag", tag(image.name), "--file", str(image.dockerfile)),
            *(word for each in given for word in ("--build-arg", each)),
            *(word for each in _secrets(Path(folder)) for word in ("--secret", each)),
            str(image.folder),
        )


def _set(names: Sequence[str]) -> list[str]:
    return [name for name in names if os.environ.get(name)]


def _secrets(folder: Path) -> list[str]:
    """How this machine reaches a package index, which is nobody else's business."""
    found = []
    if authorities := distribution.certificates():
        found.append(f"id=ca,src={authorities}")
    if configuration := distribution.package_index():
        (folder / "pip.conf").write_text(configuration)
        found.append(f"id=pip,src={folder / 'pip.conf'}")
    return found
