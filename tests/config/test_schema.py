"""The JSON Schema for editors."""

import msgspec

from ccr.config import json_schema
from ccr.config.keys import File, ProviderEntry, RouterEntry


def test_the_schema_is_json_and_describes_every_key() -> None:
    schema = json_schema()
    msgspec.json.encode(schema)
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    for form in (File, ProviderEntry, RouterEntry):
        properties = definitions[form.__name__]["properties"]
        assert [*properties] == [*form.__struct_fields__]
        assert all(entry.get("description") for entry in properties.values())


def test_numbers_may_be_texts() -> None:
    definitions = json_schema()["$defs"]
    assert isinstance(definitions, dict)
    assert definitions["File"]["properties"]["PORT"]["type"] == ["integer", "string"]
