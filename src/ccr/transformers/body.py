"""A JSON object as transformers change it, one level deep: every field that none touches keeps its bytes."""

from typing import Any

import msgspec
from msgspec import Raw

from ccr.messages.request import mend_text


class Body:
    def __init__(self, data: bytes) -> None:
        try:
            self._fields = msgspec.json.decode(data, type=dict[str, Raw])
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Half a character somewhere: the client's JavaScript cut it.
            self._fields = msgspec.json.decode(mend_text(data), type=dict[str, Raw])

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, name: str) -> Any:
        """The field's value, all of it decoded; None where there is none."""
        return msgspec.json.decode(self._fields[name]) if name in self._fields else None

    def raw(self, name: str) -> bytes:
        """The field's JSON; empty where there is none."""
        return bytes(self._fields.get(name, b""))

    def items(self, name: str) -> list[dict[str, Raw]]:
        """A list of objects, each of them one level deep; empty where the field is no such list."""
        try:
            return msgspec.json.decode(self.raw(name) or b"[]", type=list[dict[str, Raw]])
        except msgspec.ValidationError:
            return []

    def set(self, name: str, value: object) -> None:
        """Keeps the field's place where there is one."""
        self._fields[name] = Raw(msgspec.json.encode(value))

    def remove(self, name: str) -> None:
        self._fields.pop(name, None)

    def rename(self, old: str, new: str) -> None:
        """In its place. Nothing happens where there is no such field."""
        if old in self._fields:
            self._fields = {new if name == old else name: value for name, value in self._fields.items()}

    def encode(self) -> bytes:
        return msgspec.json.encode(self._fields)
