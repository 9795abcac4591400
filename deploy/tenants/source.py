"""Reads a YAML file strictly and lays every complaint at the door of a line."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

Loc = tuple[int | str, ...]


class BadFileError(ValueError):
    """A file that cannot be used; faults are lines such as ``a.yaml:17: hosts[0]: must be ...``."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Entry(BaseModel):
    """A mapping in a file: no unknown fields, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


M = TypeVar("M", bound=Entry)

_PHRASES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "invalid_key": "must be a name in text",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
}


def against(rule: str, *at: int | str) -> PydanticCustomError:
    """The error for a validator to raise; at leads from the validated value to the culprit."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule, "at": list(at)})


def unique(values: Iterable[str], before: Loc, after: Loc = ()) -> None:
    """Raises for the first value that stands there twice; its place goes between the two parts."""
    seen: set[str] = set()
    for place, value in enumerate(values):
        if value in seen:
            raise against("stands there twice", *before, place, *after)
        seen.add(value)


class Source:
    """A parsed file that still knows its lines."""

    def __init__(self, path: Path) -> None:
        """Raises BadFileError when this is not one YAML mapping with unique keys."""
        self.name = path.name
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise BadFileError([f"{self.name}: must be UTF-8 text"]) from None
        except OSError as error:
            raise BadFileError([f"{path}: cannot be read: {error.strerror}"]) from None
        try:
            loader = _CoreLoader(text)
            root = loader.get_single_node()
            if not isinstance(root, yaml.MappingNode):
                raise BadFileError([f"{self.name}:1: must be a mapping of fields"])
            self._root = root
            self._data = loader.construct_document(root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise BadFileError([self._line(mark.line + 1 if mark else 1, error.problem)]) from None
        except yaml.YAMLError:
            raise BadFileError([f"{self.name}: must hold printable characters only"]) from None
        except RecursionError:
            raise BadFileError([f"{self.name}: is nested too deeply"]) from None
        if repeated := [self.fault(at, "stands there twice") for at in _repeated(root, ())]:
            raise BadFileError(repeated)

    def parse(self, model: type[M]) -> M:
        """Raises BadFileError with a line and a rule for every fault."""
        try:
            return model.model_validate(self._data)
        except ValidationError as error:
            faults = [self._explain(detail) for detail in error.errors(include_url=False)]
            raise BadFileError(faults) from None

    def fault(self, at: Loc, rule: str) -> str:
        """One complaint; a field that is missing is laid at its parent's door."""
        return self._line(self._line_of(at), f"{_dotted(at)}: {rule}")

    def _line(self, number: int, text: str | None) -> str:
        return f"{self.name}:{number}: {text or 'is not YAML'}"

    def _line_of(self, at: Loc) -> int:
        node: yaml.Node = self._root
        line = int(node.start_mark.line)
        for part in at:
            found = next((child for child in _children(node) if child[0] == part), None)
            if found is None:
                break
            _, line, node = found
        return line + 1

    def _explain(self, detail: ErrorDetails) -> str:
        context = detail.get("ctx", {})
        at = tuple(part for part in detail["loc"] if part != "[key]")
        phrase = _PHRASES.get(detail["type"])
        if phrase is not None:
            return self.fault(at, phrase.format(**context))
        if detail["type"] == "rule":
            return self.fault((*at, *context["at"]), detail["msg"])
        return self.fault(at, detail["msg"].removeprefix("Value error, "))


def _children(node: yaml.Node) -> Iterator[tuple[int | str, int, yaml.Node]]:
    """Name or place, line from 0 and node of everything one level below."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), int(key.start_mark.line), value
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield place, int(value.start_mark.line), value


def _repeated(node: yaml.Node, at: Loc) -> Iterator[Loc]:
    """Keys that YAML forbids to repeat, and of which the library silently takes the last."""
    seen: set[int | str] = set()
    for name, _, child in _children(node):
        if name in seen:
            yield (*at, name)
        seen.add(name)
        yield from _repeated(child, (*at, name))


def _dotted(at: Loc) -> str:
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "file"


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, in which Norway's ``no`` is text, without aliases and tags."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            rule = "aliases and tags are not allowed"
            raise yaml.composer.ComposerError(None, None, rule, event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


for _tag, _pattern, _first in (
    ("null", "~|null|", ["~", "n", ""]),
    ("bool", "true|false", ["t", "f"]),
    ("int", "-?(0|[1-9][0-9]{0,17})", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}", list("-0123456789")),
):
    _CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )
