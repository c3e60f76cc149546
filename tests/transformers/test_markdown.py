"""Where a text is code."""

import pytest

from ccr.transformers.text_calls.markdown import Markdown


@pytest.mark.parametrize(
    ("text", "in_code"),
    [
        ("", False),
        ("`", True),
        ("`a` ", False),
        ("``a` ", True),
        ("``a`` ", False),
        ("```\n", True),
        ("```python\nx\n", True),
        ("```\nx\n```\n", False),
        ("```\nx\n``` \r\n", False),
        ("```\nx\n```python\n", True),
        ("```\nx\n``\n", True),
        ("````\n```\n", True),
        ("````\n`````\n", False),
        ("```\n~~~\n", True),
        ("~~~ `x\n", True),
        ("~~~\n~~~\n", False),
        ("a ~~~\n", False),
        ("   ```\n", True),
        ("    ```x``` ", False),
        ("```x``` ", False),
        ("```x```\n", False),
        ("a ```\nb", True),
        ("a ``` b ```\n", False),
        ("a ` b\nc ", True),
        ("a ` b\n\nc ", False),
        ("a ` b\n```\nc\n```\n", False),
        ("`a\nb` ", False),
    ],
)
def test_a_place_is_code_or_not(text: str, in_code: bool) -> None:
    whole, pieces = Markdown(), Markdown()
    whole.read(text)
    for character in text:
        pieces.read(character)
    assert whole.in_code == pieces.in_code == in_code
