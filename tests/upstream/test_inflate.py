import gzip
import zlib

import pytest

from ccr.upstream.failure import Failure
from ccr.upstream.inflate import OUTPUT_LIMIT, Inflate

TEXT = b"data: hello\n\n" * 1000


def raw_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


def unpack(coding: str, *pieces: bytes) -> bytes:
    inflate = Inflate(coding)
    output = b""
    for piece in pieces:
        output += inflate.feed(piece)
        while inflate.has_more:
            output += inflate.more()
    inflate.finish()
    return output


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_any_split_of_the_bytes_gives_the_same_text(coding: str, packed: bytes) -> None:
    assert unpack(coding, packed) == TEXT
    assert unpack(coding, *(packed[at : at + 1] for at in range(len(packed)))) == TEXT


def test_one_step_gives_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(20 * OUTPUT_LIMIT + 7))
    inflate = Inflate("gzip")
    sizes = [len(inflate.feed(bomb))]
    while inflate.has_more:
        sizes.append(len(inflate.more()))
    inflate.finish()
    assert max(sizes) == OUTPUT_LIMIT
    assert sum(sizes) == 20 * OUTPUT_LIMIT + 7


def test_a_cut_stream_is_a_failure() -> None:
    with pytest.raises(Failure, match="ended before it was complete"):
        unpack("gzip", gzip.compress(TEXT)[:-3])


def test_damaged_bytes_are_a_failure() -> None:
    with pytest.raises(Failure, match="damaged"):
        unpack("gzip", b"not gzip at all")


def test_no_bytes_at_all_are_an_empty_body() -> None:
    assert unpack("gzip") == b""
