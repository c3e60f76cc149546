"""What backends say when they refuse. The wordings were collected from the vendors' public issue threads."""

import msgspec
import pytest

from ccr.dialects import Learned
from ccr.dialects.error_body import Refusal, error_text, retry_after
from ccr.dialects.refusals import OPTIONAL_FIELDS, Sent, judge
from ccr.errors import UpstreamError

OVERFLOWS = {
    "vllm": ("This model's maximum context length is 32768 tokens. However, your prompt contains at least 40000 input "
             "tokens, which exceeds this limit even without any output tokens.", "40000 tokens > 32768"),
    "vllm_messages": ("This model's maximum context length is 4096 tokens. However, your messages resulted in 7575 "
                      "tokens. Please reduce the length of the messages.", "7575 tokens > 4096"),
    "llama_cpp": ("request (33782 tokens) exceeds the available context size (32768 tokens), try increasing it",
                  "33782 tokens > 32768"),
    "openai": ("Your input exceeds the context window of this model. Please adjust your input and try again.", ""),
    "deepseek": ("This model's maximum context length is 65536 tokens. However, you requested 90000 tokens (90000 in "
                 "the messages, 0 in the completion). Please reduce the length of the messages or completion.",
                 "90000 tokens > 65536"),
    "openrouter": ("This endpoint's maximum context length is 16384 tokens. However, you requested about 94307 tokens "
                   "(94307 of text input). Please reduce the length of either one.", "94307 tokens > 16384"),
    "groq": ("Please reduce the length of the messages or completion.", ""),
    "ollama": ("the input length exceeds the context length", ""),
    "dashscope": ("Range of input length should be [1, 30720]", "30720"),
    "mistral": ("Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context "
                "length", "40000 tokens > 32768"),
    "together": ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3474 `inputs` "
                 "tokens and 60 `max_new_tokens`", "3474 tokens > 2048"),
}  # fmt: skip

OUTPUT_LIMITS = {
    "openai": ("max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you "
               "provided 32000.", 16384),
    "deepseek": ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
    "groq": ("`max_tokens` must be less than or equal to `16384`, the maximum value for `max_tokens` is less than the "
             "`context_window` for this model", 16384),
    "dashscope": ("Range of max_tokens should be [1, 8192]", 8192),
    "volcengine": ("The parameter `max_completion_tokens` specified in the request are not valid: integer above "
                   "maximum "
                   "value, expected a value <= 12288, but got 32000 instead. Request id: 0217752964393142fa50a", 12288),
}  # fmt: skip

WINDOWS = {
    "vllm": ("'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length "
             "is 40000 "
             "tokens and your request has 24235 input tokens (32000 > 40000 - 24235).", 40000),
    "vllm_0.20": ("This model's maximum context length is 128000 tokens. However, you requested 100000 output tokens "
                  "and your prompt contains at least 62466 input tokens, for a total of at least 162466 "
                  "tokens.", 128000),
    "openrouter": ("This endpoint's maximum context length is 131072 tokens. However, you requested about "
                   "141607 tokens "
                   "(10535 of text input, 131072 in the output).", 131072),
    "openai": ("This model's maximum context length is 8192 tokens. However, you requested 8256 tokens (64 in the "
               "messages, 8192 in the completion). Please reduce the length of the messages or completion.", 8192),
    "together": ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 6204 `inputs` "
                 "tokens and 32000 `max_new_tokens`", 8192),
}  # fmt: skip


def refused(text: str, learned: Learned | None = None, status: int = 400, media: bool = False) -> UpstreamError:
    sent = Sent(set(OPTIONAL_FIELDS), 32_000, media, media, 20_000)
    return judge(Refusal("backend", status, text), sent, learned if learned is not None else Learned())


@pytest.mark.parametrize("vendor", OVERFLOWS)
def test_an_overflow_is_told_in_the_words_that_make_the_client_compact(vendor: str) -> None:
    text, numbers = OVERFLOWS[vendor]
    error = refused(text)
    assert error.message.startswith("prompt is too long")
    assert numbers in error.message
    assert (error.status, error.error_type, error.retry) == (400, "invalid_request_error", "never")


@pytest.mark.parametrize("vendor", OUTPUT_LIMITS)
def test_the_limit_of_the_output_is_learned(vendor: str) -> None:
    text, limit = OUTPUT_LIMITS[vendor]
    learned = Learned()
    assert refused(text, learned).retry == "same"
    assert learned.max_output_tokens == limit
    assert refused(text, learned).retry == "never", "the same refusal twice teaches nothing"


@pytest.mark.parametrize("vendor", WINDOWS)
def test_a_window_too_small_for_prompt_and_output_is_learned(vendor: str) -> None:
    text, window = WINDOWS[vendor]
    learned = Learned()
    assert refused(text, learned).retry == "same"
    assert learned.context_window == window


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('think value "medium" is not supported for this model', "reasoning_effort"),
        ('"llama3.1:8b" does not support thinking', "reasoning_effort"),
        ("Unrecognized request argument supplied: reasoning_effort", "reasoning_effort"),
        ("Invalid combination of reasoning_effort and thinking type: high + disabled", "reasoning_effort"),
        ("Extra inputs are not permitted, field: 'stream_options'", "stream_options"),
        ("Unknown parameter: 'chat_template_kwargs'.", "chat_template_kwargs"),
        ("Unsupported parameter: 'parallel_tool_calls' is not supported with this model.", "parallel_tool_calls"),
    ],
)
def test_a_field_that_is_refused_by_name_is_left_out(text: str, field: str) -> None:
    learned = Learned()
    assert refused(text, learned).retry == "same"
    assert learned.omit == {field}


def test_max_completion_tokens_is_learned() -> None:
    learned = Learned()
    text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    assert refused(text, learned).retry == "same"
    assert learned.max_completion_tokens


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, "
              "expected `text` at line 1 column 62797"),
        (400, "Model do not support image input."),
        (400, "tiny-scripted is not a multimodal model"),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
    ],
)  # fmt: skip
def test_refused_images_are_learned_only_where_some_were_sent(status: int, text: str) -> None:
    learned = Learned()
    assert refused(text, learned, status, media=True).retry == "same"
    assert not learned.images
    assert refused(text, status=status).retry != "same"


def test_refused_files_are_learned() -> None:
    learned = Learned()
    assert refused("Invalid part type: file", learned, media=True).retry == "same"
    assert not learned.files


@pytest.mark.parametrize(
    ("status", "kind", "told", "retry"),
    [
        (400, "invalid_request_error", 400, "never"),
        (401, "api_error", 502, "next"),
        (402, "billing_error", 402, "next"),
        (403, "permission_error", 403, "next"),
        (404, "not_found_error", 404, "next"),
        (413, "request_too_large", 413, "never"),
        (429, "rate_limit_error", 429, "next"),
        (500, "api_error", 500, "next"),
        (503, "overloaded_error", 529, "next"),
        (529, "overloaded_error", 529, "next"),
    ],
)
def test_a_status_has_its_error_type(status: int, kind: str, told: int, retry: str) -> None:
    error = refused("no", status=status)
    assert (error.error_type, error.for_client().status, error.retry) == (kind, told, retry)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, "7"),
        ({"retry-after": "0.5"}, "1"),
        ({"retry-after-ms": "1500"}, "2"),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, ""),
        ({"retry-after": "inf"}, ""),
        ({}, ""),
    ],
)
def test_retry_after_is_told_in_whole_seconds(headers: dict[str, str], seconds: str) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "no", "type": "x"}}, "no"),
        ({"error": "no"}, "no"),
        ({"error": {"code": "bad_thing"}}, "bad_thing"),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": "deeper"}}},
         "Provider returned error (deeper)"),
        ({"object": "error", "message": "no", "code": 400}, "no"),
        ({"detail": "no"}, "no"),
        ({"error": None}, ""),
    ],
)  # fmt: skip
def test_the_sentence_is_found_in_every_form_of_an_error(body: object, text: str) -> None:
    assert error_text(msgspec.json.encode(body)) == text


def test_html_and_plain_text_are_told_shortly() -> None:
    assert error_text(b"<html><title>502 Bad Gateway</title></html>") == "an HTML page (502 Bad Gateway)"
    assert error_text(b"Internal Server Error") == "Internal Server Error"
    assert error_text(b"[" * 100_000)
