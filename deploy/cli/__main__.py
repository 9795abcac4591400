"""``python -m deploy.cli`` is ``helphood``."""

from deploy.cli import app

app(prog_name="helphood")
