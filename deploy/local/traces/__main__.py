"""``python -m deploy.local.traces --port 8082 --file spans``: serves the page on loopback.

--prometheus says where metrics are, e.g. http://127.0.0.1:9090.
"""

import argparse
from pathlib import Path

import uvicorn

from deploy.local.traces.app import create
from deploy.local.traces.metrics import Prometheus
from deploy.local.traces.store import LIMIT, Spans


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy.local.traces", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--prometheus", required=True, help="address that has the metrics")
    parser.add_argument("--limit", type=int, default=LIMIT, help="bytes the file may have")
    arguments = parser.parse_args()
    kept = Spans(arguments.file, arguments.limit)
    try:
        uvicorn.run(
            create(kept, Prometheus(arguments.prometheus)),
            port=arguments.port,
            log_level="warning",
            ws="none",
        )
    finally:
        kept.close()


if __name__ == "__main__":
    main()
