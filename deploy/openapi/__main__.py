"""``make openapi``: writes the API document, the route table and the gateway's reference.

With --check it writes nothing and fails when the committed files are not what the services say,
naming first whatever would break callers.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.gateway import config
from deploy.openapi import ConflictError, breaking, merge, route_table, schemas

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well, 1 when the files are stale or callers would break, 2 when no document
    can be made."""
    parser = argparse.ArgumentParser(prog="openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    parser.add_argument(
        "--baseline",
        type=Path,
        default=DOCUMENT,
        help="the document that callers know (default: the committed one)",
    )
    chosen = parser.parse_args(arguments)
    try:
        files = generated(schemas())
    except ConflictError as error:
        print(f"openapi: {error}", file=sys.stderr)
        return 2
    faults = _breaking(chosen.baseline, files[DOCUMENT])
    for fault in faults:
        print(f"breaking: {fault}", file=sys.stderr)
    if chosen.check:
        return 1 if _report_stale(files) or faults else 0
    for path, text in files.items():
        path.write_text(text)
    return 0


def generated(found: dict[str, dict[str, Any]]) -> dict[Path, str]:
    """Every committed file that follows from the services' documents, and its content."""
    routes = route_table(found)
    return {
        DOCUMENT: _text(merge(found)),
        config.ROUTES_FILE: _text(routes),
        config.REFERENCE_FILE: config.reference(routes),
    }


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _breaking(baseline: Path, text: str) -> list[str]:
    if not baseline.exists():
        return []
    return breaking(json.loads(baseline.read_text()), json.loads(text))


def _report_stale(files: dict[Path, str]) -> list[Path]:
    stale = [path for path, text in files.items() if _committed(path) != text]
    for path in stale:
        name = path.relative_to(ROOT)
        print(f"stale: {name} is not what the services say; run make openapi", file=sys.stderr)
    return stale


def _committed(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    raise SystemExit(main())
