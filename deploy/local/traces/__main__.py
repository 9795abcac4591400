"""``python -m deploy.local.traces --port 8082 --file spans``: serves the page on loopback."""

import argparse
from pathlib import Path

import uvicorn

from deploy.local.traces.app import create
from deploy.local.traces.store import LIMIT, Spans


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy.local.traces", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=LIMIT, help="bytes the file may have")
    arguments = parser.parse_args()
    kept = Spans(arguments.file, arguments.limit)
    try:
        uvicorn.run(create(kept), port=arguments.port, log_level="warning", ws="none")
    finally:
        kept.close()


if __name__ == "__main__":
    main()
