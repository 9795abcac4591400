"""Reads what is on each dashboard from dashboards.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.observability.panels import Dashboard, Panel, Row

FILE = Path(__file__).with_name("dashboards.yaml")
BUDGET = 0.001
"""Share of requests that may fail: the promise is 99.9 %."""


def load() -> list[Dashboard]:
    """In the file's order. Raises TypeError for a word that means nothing here."""
    return [_dashboard(each) for each in yaml.safe_load(FILE.read_text())]


def _dashboard(said: Mapping[str, Any]) -> Dashboard:
    rows = [Row(row["title"], [Panel(**panel) for panel in row["panels"]]) for row in said["rows"]]
    return Dashboard(said["uid"], said["title"], rows, said.get("choices", {}))
