"""What a change of the API takes away from its callers."""

from typing import Any

from deploy.openapi.merge import operations, shape

Json = dict[str, Any]

_UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
_LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")


def breaking(old: Json, new: Json) -> list[str]:
    """One line for each difference that a caller of the old API could notice with pain.

    What is sent must stay acceptable: nothing removed (unknown fields are refused), nothing newly
    required, nothing narrower. What is answered must stay readable: no field gone, optional or of
    another type. New values of an enumeration in answers are allowed: callers must expect them.
    """
    return _Comparison(old, new).faults()


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new

    def faults(self) -> list[str]:
        after = {(shape(path), method): op for path, method, op in operations(self._new)}
        kept = {path for path, _ in after}
        found: list[str] = []
        for path, method, operation in operations(self._old):
            where = f"{method.upper()} {path}"
            if shape(path) not in kept:
                found.append(f"{where}: the path is gone")
            elif (shape(path), method) not in after:
                found.append(f"{where}: the method is gone")
            else:
                found += self._operation(operation, after[shape(path), method], where)
        return found

    def _operation(self, old: Json, new: Json, where: str) -> list[str]:
        return [
            *self._parameters(old, new, where),
            *self._request(old.get("requestBody"), new.get("requestBody"), where),
            *self._responses(old.get("responses", {}), new.get("responses", {}), where),
        ]

    def _parameters(self, old: Json, new: Json, where: str) -> list[str]:
        before, after = self._by_name(old, self._old), self._by_name(new, self._new)
        found = []
        for name, parameter in after.items():
            if parameter.get("required") and not before.get(name, {}).get("required"):
                found.append(f"{where}: {' '.join(name)} is newly required")
        for name, parameter in before.items():
            if name not in after:
                found.append(f"{where}: {' '.join(name)} is gone")
                continue
            schemas = parameter.get("schema", {}), after[name].get("schema", {})
            found += self._schemas(*schemas, f"{where}: {' '.join(name)}", sent=True)
        return found

    def _by_name(self, operation: Json, document: Json) -> dict[tuple[str, str], Json]:
        """Parameters but those of the path, whose names callers never see."""
        resolved = [_resolve(one, document) for one in operation.get("parameters", [])]
        return {(one["in"], one["name"]): one for one in resolved if one["in"] != "path"}

    def _request(self, old: Json | None, new: Json | None, where: str) -> list[str]:
        before, after = _resolve(old or {}, self._old), _resolve(new or {}, self._new)
        if old and not new:
            return [f"{where}: a body is no longer read"]
        if after.get("required") and not before.get("required"):
            return [f"{where}: a body is newly required"]
        return self._contents(before, after, f"{where}: body", sent=True)

    def _responses(self, old: Json, new: Json, where: str) -> list[str]:
        """Of the good answers; refusals all have one form."""
        found = []
        for status, response in sorted(old.items()):
            if not status.startswith("2"):
                continue
            if status not in new:
                found.append(f"{where}: answer {status} is gone")
                continue
            before, after = _resolve(response, self._old), _resolve(new[status], self._new)
            found += self._contents(before, after, f"{where}: answer {status}", sent=False)
        return found

    def _contents(self, old: Json, new: Json, where: str, *, sent: bool) -> list[str]:
        found = []
        after = new.get("content", {})
        for media_type, content in sorted(old.get("content", {}).items()):
            if media_type not in after:
                found.append(f"{where}: {media_type} is gone")
                continue
            schemas = content.get("schema", {}), after[media_type].get("schema", {})
            found += self._schemas(*schemas, where, sent=sent)
        return found

    def _schemas(self, old: Any, new: Any, where: str, *, sent: bool) -> list[str]:
        return _Schemas(self._old, self._new, sent).differences(old, new, where)


class _Schemas:
    """Two schemas in one direction; sent: the caller writes it, else the caller reads it."""

    def __init__(self, old: Json, new: Json, sent: bool) -> None:
        self._old, self._new, self._sent = old, new, sent
        self._under_way: set[tuple[int, int]] = set()

    def differences(self, old: Any, new: Any, where: str) -> list[str]:
        old, new = _resolve(old, self._old), _resolve(new, self._new)
        pair = (id(old), id(new))
        if pair in self._under_way or old == new == {}:
            return []
        self._under_way.add(pair)
        try:
            return self._alternatives(old, new, where)
        finally:
            self._under_way.discard(pair)

    def _alternatives(self, old: Json, new: Json, where: str) -> list[str]:
        """anyOf and oneOf: each form that was used before must have a counterpart."""
        before, after = _forms(old, self._old), _forms(new, self._new)
        if len(before) == len(after) == 1:
            return self._one(before[0], after[0], where)
        used, known = (before, after) if self._sent else (after, before)
        for form in used:
            pairs = [(form, other) if self._sent else (other, form) for other in known]
            if not any(not self._one(*pair, where) for pair in pairs):
                name = form.get("title") or form.get("type") or "one form"
                verb = "is no longer accepted" if self._sent else "is newly possible"
                return [f"{where}: {name} {verb}"]
        return []

    def _one(self, old: Json, new: Json, where: str) -> list[str]:
        types = self._types(old, new, where)
        if types:
            return types
        found = self._values(old, new, where) if self._sent else []
        found += self._fields(old, new, where)
        for key, part in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
                found += self.differences(old[key], new[key], where + part)
        return found

    def _types(self, old: Json, new: Json, where: str) -> list[str]:
        before, after = _types(old), _types(new)
        lost = before - after if self._sent else after - before
        if not before or not after:
            # Without a type everything is allowed: a wall that falls, or one that is built.
            lost = (after if self._sent else before) if before != after else set()
            if (self._sent and not after) or (not self._sent and not before):
                lost = set()
        if not lost:
            return []
        verb = "is no longer accepted" if self._sent else "is newly possible"
        return [f"{where}: {', '.join(sorted(lost))} {verb}"]

    def _values(self, old: Json, new: Json, where: str) -> list[str]:
        found = []
        before, after = _allowed(old), _allowed(new)
        if after is not None and (before is None or before - after):
            gone = ", ".join(sorted(before - after)) if before else "free choice"
            found.append(f"{where}: {gone} is no longer accepted")
        for key in (*_UPPER, *_LOWER):
            sign = 1 if key in _UPPER else -1
            if key in new and (key not in old or sign * new[key] < sign * old[key]):
                found.append(f"{where}: {key} {old.get(key, 'unlimited')} became {new[key]}")
        if "pattern" in new and new["pattern"] != old.get("pattern"):
            found.append(f"{where}: the pattern changed")
        return found

    def _fields(self, old: Json, new: Json, where: str) -> list[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        must_before, must_after = set(old.get("required", ())), set(new.get("required", ()))
        closed = new.get("additionalProperties") is False or not self._sent
        found = [
            f"{where}.{name}: is gone" for name in sorted(before) if closed and name not in after
        ]
        if self._sent:
            newly = sorted(must_after - must_before)
            found += [f"{where}.{name}: is newly required" for name in newly]
        else:
            loose = sorted((must_before - must_after) & set(after))
            found += [f"{where}.{name}: is no longer always there" for name in loose]
        for name in sorted(before.keys() & after.keys()):
            found += self.differences(before[name], after[name], f"{where}.{name}")
        return found


def _resolve(value: Any, document: Json) -> Json:
    """What a reference stands for; True and False are the schemas that allow all and nothing."""
    while isinstance(value, dict) and "$ref" in value:
        section, _, name = value["$ref"].removeprefix("#/components/").partition("/")
        value = document["components"][section][name]
    return value if isinstance(value, dict) else {}


def _forms(schema: Json, document: Json) -> list[Json]:
    """The alternatives of a schema, each flat; ``type: [string, null]`` is two of them."""
    if "allOf" in schema:
        schema = _joined(schema, document)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            inner = [_resolve(one, document) for one in schema[key]]
            return [form for one in inner for form in _forms(one, document)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": one} for one in schema["type"]]
    return [schema]


def _joined(schema: Json, document: Json) -> Json:
    joined: Json = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        part = _resolve(part, document)
        properties = {**joined.get("properties", {}), **part.get("properties", {})}
        required = [*joined.get("required", ()), *part.get("required", ())]
        joined = {**joined, **part, "properties": properties, "required": required}
    return joined


def _types(schema: Json) -> set[str]:
    """Types a value may have; a whole number is a number as well."""
    kind = schema.get("type")
    if kind is None:
        return set()
    return {"integer", "number"} if kind == "number" else {kind}


def _allowed(schema: Json) -> set[str] | None:
    """The only values, in JSON's words; None when there are others."""
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema["enum"]} if "enum" in schema else None
