"""``python -m deploy.observability`` writes Grafana's dashboards anew."""

import json
from pathlib import Path

from deploy.observability.dashboards import load
from deploy.observability.panels import Dashboard

FOLDER = Path(__file__).parent / "grafana" / "dashboards"


def text(dashboard: Dashboard) -> str:
    """The file's content."""
    return json.dumps(dashboard.json(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for dashboard in load():
        (FOLDER / f"{dashboard.uid}.json").write_text(text(dashboard))


if __name__ == "__main__":
    main()
