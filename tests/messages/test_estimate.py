from typing import Any

import msgspec
import pytest

from ccr.messages.estimate import IMAGE_TOKENS, Correction, estimate
from ccr.messages.request import parse_request


def tokens(content: Any) -> int:
    body = msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": content}]})
    return estimate(parse_request(body), body)


def test_text_is_about_a_quarter_of_its_bytes() -> None:
    assert tokens("abcdefg " * 1_000) == pytest.approx(2_000, rel=0.05)


def test_an_image_counts_by_itself_not_by_its_data() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}}
    assert tokens([image]) == pytest.approx(IMAGE_TOKENS, rel=0.05)


@pytest.mark.parametrize(
    "content", ["", [], "<|endoftext|>", "\U0001f600" * 50, [{"type": "tool_result", "tool_use_id": "a"}]]
)
def test_nothing_is_too_odd_to_be_estimated(content: Any) -> None:
    assert tokens(content) >= 1


def test_a_correction_learns_and_passes_nonsense_over() -> None:
    correction = Correction()
    correction.learn(10_000, 12_000)
    assert correction.apply(1_000) == 1_200
    for estimated, reported in ((10_000, 1), (10_000, 900_000), (50, 200)):
        correction.learn(estimated, reported)
    assert correction.apply(1_000) == 1_200


def test_a_count_in_a_refusal_is_trusted_at_once() -> None:
    correction = Correction()
    correction.trust(1_000, 2_500)
    assert correction.apply(1_000) == 2_500
