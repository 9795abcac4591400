"""helphood: the operator's command line."""

from deploy.cli.main import app

__all__ = ["app"]
