"""The project's own modules as syntax trees, and where in them something stands."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.local.programs import PROJECT

ROOMS = ("app", "settings", "model", "commands", "api", "consumers", "store", "views")


@dataclass(frozen=True)
class Module:
    """path is relative to the project."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """Of a service: the room it belongs to, also as a file of a package; else ''."""
        parts = self.path.with_suffix("").parts
        return parts[2] if parts[0] == "services" and len(parts) > 2 else ""

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def at(self, node: ast.AST) -> str:
        """For messages: file and line."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def prose(self) -> set[int]:
        """Identities of the nodes that are docstrings or stand-alone strings."""
        return {
            id(node.value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }


@cache
def modules(*roots: str) -> tuple[Module, ...]:
    """Every module below these folders of the project."""
    return tuple(
        Module(path.relative_to(PROJECT), text, ast.parse(text))
        for root in roots
        for path in sorted((PROJECT / root).rglob("*.py"))
        for text in [path.read_text()]
    )


def in_rooms(*rooms: str) -> Iterator[Module]:
    """The services' modules of these rooms."""
    return (module for module in modules("services") if module.room in rooms)


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for a chain of names, '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else node.attr
    return ""


def imported(node: ast.AST) -> list[str]:
    """The modules that a statement imports, also one made by import_module("name")."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module] if node.module and not node.level else []
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = dotted(node.func).rsplit(".", 1)[-1]
        if called in {"import_module", "__import__"}:
            return [str(node.args[0].value)]
    return []
