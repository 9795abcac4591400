"""Between dataclasses and documents: ``id`` is ``_id``, None is absent, compiled once a class."""

from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


class Codec(Generic[T]):
    """Pydantic's compiled core does the work; a stored document that does not fit raises."""

    def __init__(self, kind: type[T]) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)
        self.fields = tuple(getattr(kind, "__dataclass_fields__", {}))

    def encode(self, value: T) -> dict[str, Any]:
        raw = self._adapter.dump_python(value)
        document = {key: item for key, item in raw.items() if item is not None}
        document["_id"] = document.pop("id")
        return document

    def decode(self, document: dict[str, Any]) -> T:
        state = {key: document[key] for key in self.fields if key in document}
        state["id"] = document["_id"]
        return self._adapter.validate_python(state)


_CODECS: dict[type[Any], Codec[Any]] = {}


def codec_for(kind: type[Any]) -> Codec[Any]:
    """The codec of a dataclass, made once per process."""
    if kind not in _CODECS:
        _CODECS[kind] = Codec(kind)
    return _CODECS[kind]
