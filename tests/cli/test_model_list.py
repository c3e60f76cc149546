import msgspec
import pytest

from ccr.cli.model_list import GeminiList, ModelList, NoList, list_request
from ccr.providers import Provider
from ccr.providers.provider import DialectName

OPENAI: DialectName = "openai-chat"
RESPONSES: DialectName = "openai-responses"
ANTHROPIC: DialectName = "anthropic"
GEMINI: DialectName = "gemini"


@pytest.mark.parametrize(
    ("url", "dialect", "wanted"),
    [
        ("http://h:1/v1/chat/completions", OPENAI, "http://h:1/v1/models"),
        ("https://openrouter.ai/api/v1/chat/completions", OPENAI, "https://openrouter.ai/api/v1/models"),
        ("https://api.openai.com/v1/responses", RESPONSES, "https://api.openai.com/v1/models"),
        ("https://h/chat/completions?api-version=1", OPENAI, "https://h/models?api-version=1"),
        ("https://api.anthropic.com/v1/messages", ANTHROPIC, "https://api.anthropic.com/v1/models?limit=1000"),
        ("https://h/v1beta/models/", GEMINI, "https://h/v1beta/models?pageSize=1000"),
    ],
)
def test_the_list_stands_beside_the_url(url: str, dialect: DialectName, wanted: str) -> None:
    assert list_request(Provider(name="p", url=url, dialect=dialect)).url == wanted


def test_a_url_that_does_not_tell_is_not_guessed() -> None:
    with pytest.raises(NoList, match="does not tell"):
        list_request(Provider(name="p", url="https://h/custom", dialect=OPENAI))


def test_keys_go_the_dialects_way() -> None:
    openai = Provider(
        name="p", url="https://h/v1/chat/completions", dialect=OPENAI, api_key="k", headers={"x-own": "1"}
    )
    anthropic = Provider(name="p", url="https://h/v1/messages", dialect=ANTHROPIC, api_key="k")
    bearer = msgspec.structs.replace(anthropic, use_bearer=True)
    keyless = msgspec.structs.replace(openai, api_key="")
    assert list_request(openai).headers[1:] == (("authorization", "Bearer k"), ("x-own", "1"))
    assert list_request(anthropic).headers[1:] == (("anthropic-version", "2023-06-01"), ("x-api-key", "k"))
    assert list_request(bearer).headers[1:] == (("anthropic-version", "2023-06-01"), ("authorization", "Bearer k"))
    assert list_request(keyless).headers[1:] == (("x-own", "1"),)
    gemini = Provider(name="p", url="https://h/v1beta/models", dialect=GEMINI, api_key="k")
    assert list_request(gemini).headers[1:] == (("x-goog-api-key", "k"),)


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ('{"id":"m","owned_by":"vllm","max_model_len":32768}', 32768),
        ('{"id":"m","context_length":200000,"pricing":{}}', 200000),
        ('{"id":"m","context_window":131072}', 131072),
        ('{"id":"m","owned_by":"llamacpp","meta":{"n_ctx":8192,"n_ctx_train":262144}}', 8192),
        ('{"id":"m","object":"model","meta":null}', None),
    ],
)
def test_the_window_under_its_many_names(entry: str, window: int | None) -> None:
    models = msgspec.json.decode(f'{{"object":"list","data":[{entry},{{"id":"other"}}]}}', type=ModelList)
    assert models.window("m") == window
    assert models.window("other") is None
    assert models.window("absent") is None


def test_the_one_model_of_llama_server_answers_to_every_name() -> None:
    answer = '{"data":[{"id":"tiny.gguf","owned_by":"llamacpp","meta":{"n_ctx":8192}}]}'
    assert msgspec.json.decode(answer, type=ModelList).window("anything") == 8192


def test_geminis_list_has_names_and_limits() -> None:
    body = b'{"models":[{"name":"models/gemini-2.5-flash","version":"001","inputTokenLimit":1048576}]}'
    models = msgspec.json.decode(body, type=GeminiList).as_models()
    assert models.ids == ["gemini-2.5-flash"]
    assert models.window("gemini-2.5-flash") == 1048576
