"""Changing single fields of a JSON body while every other byte stays as it is."""

import re
from collections.abc import Mapping

import msgspec


def replace_fields(body: bytes, fields: Mapping[str, "msgspec.Raw"], changed: Mapping[str, bytes]) -> bytes:
    """The object with the fields `changed` (name -> JSON). `fields` is its decode, one level deep.

    A value is exchanged in place where it can be found without doubt; else the object is put together anew.
    """
    for name, value in changed.items():
        spliced = _splice(body, name, bytes(fields[name]), value)
        if spliced is None:
            return _join({**fields, **changed})
        body = spliced
    return body


def _splice(body: bytes, name: str, old: bytes, new: bytes) -> bytes | None:
    key = re.escape(msgspec.json.encode(name))
    first = re.compile(rb"\s*\{\s*%b\s*:\s*" % key).match(body)
    if first and body.startswith(old, first.end()):
        return body[: first.end()] + new + body[first.end() + len(old) :]
    found = list(re.finditer(rb"%b\s*:\s*" % key, body))
    places = [match.end() for match in found if body.startswith(old, match.end())]
    if len(places) != 1:
        return None
    return body[: places[0]] + new + body[places[0] + len(old) :]


def _join(fields: Mapping[str, "msgspec.Raw | bytes"]) -> bytes:
    return b"{%b}" % b",".join([b"%b:%b" % (msgspec.json.encode(name), value) for name, value in fields.items()])
