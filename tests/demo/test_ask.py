import pytest

from ccr.demo.ask import Answer, ask, fault
from ccr.demo.kinds import think
from tests.backends.fake import FakeBackend
from tests.backends.playbook import status

GOOD = {"route": "think", "target": "cluster,thinker", "complete": True, "text": "thinker: forty-two."}


def test_the_right_answer_has_no_fault() -> None:
    assert fault(think(), Answer(**GOOD)) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"route": "default"}, "it took the route default, not think"),
        ({"target": "desk,mini"}, "it went to desk,mini, not to cluster,thinker"),
        ({"complete": False}, "the stream broke off before its end"),
        ({"text": "mini: hello"}, "the answer is not that of thinker: 'mini: hello'"),
        ({"error": "status 502: no"}, "status 502: no"),
    ],
)
def test_a_wrong_answer_is_told_in_words(change: dict[str, object], said: str) -> None:
    assert fault(think(), Answer(**GOOD | change)) == said  # type: ignore[arg-type]


def test_an_error_object_gives_its_message(fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(502, {"type": "error", "error": {"type": "api_error", "message": "It is broken."}}))
    assert ask("127.0.0.1", fake_backend.port, think()).error == "status 502: It is broken."
