"""What backends say when they refuse. The wordings were collected from the vendors' public issue threads."""

from datetime import UTC, datetime

import msgspec
import pytest

from ccr.dialects import Learned
from ccr.dialects.error_body import Refusal, error_text, read_refusal, retry_after
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
    "sglang": ("The input (40000 tokens) is longer than the model's context length (32768 tokens).",
               "40000 tokens > 32768"),
    "sglang_scheduler": ("Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a "
                         "shorter input or enable --allow-auto-truncate.", "160062 tokens > 59862"),
    "sglang_total": ("Requested token count exceeds the model's maximum context length of 32768 tokens. You requested "
                     "a total of 72000 tokens: 40000 tokens from the input messages and 32000 tokens for the "
                     "completion. Please reduce the number of tokens in the input messages or the completion to fit "
                     "within the limit.", "40000 tokens > 32768"),
    "vllm_decoder_prompt": ("The decoder prompt (length 40000) is longer than the maximum model length of 32768. Make "
                            "sure that `max_model_len` is no smaller than the number of text tokens.",
                            "40000 tokens > 32768"),
    "vllm_input_length": ("Input length (40000) exceeds model's maximum context length (32768).",
                          "40000 tokens > 32768"),
    "vllm_bare": ("input length (40000) exceeds model maximum context length 32768", "40000 tokens > 32768"),
    "vllm_limit": ("Input prompt (40000 tokens) is too long and exceeds limit of 32768", "40000 tokens > 32768"),
    "vllm_negative": ("max_tokens must be at least 1, got -1234.", ""),
    "ollama_new": ("prompt too long; exceeded max context length by 100918 tokens", ""),
    "lm_studio": ("The number of tokens to keep from the initial prompt is greater than the context length. Try to "
                  "load the model with a larger context length, or provide a shorter input", ""),
    "lm_studio_old": ("Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded "
                      "with context length of only 4096 tokens, which is not enough.", "> 4096"),
    "tgi": ("Input validation error: `inputs` must have less than 1024 tokens. Given: 1130", "1130 tokens > 1024"),
    "together_new": ("The input (516368 tokens) is longer than the model's context length (262144 tokens).",
                     "516368 tokens > 262144"),
    "fireworks": ("The prompt is too long: 150000, model maximum context length: 131071", "150000 tokens > 131071"),
    "xai": ("This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
            "537812 tokens > 131072"),
    "azure": ("Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 305127 tokens. "
              "Please reduce the length of the messages.", "305127 tokens > 272000"),
    "bedrock": ("Input is too long for requested model.", ""),
    "bedrock_titan": ("Too many input tokens. Max input tokens: 8192, request input token count: 9000",
                      "9000 tokens > 8192"),
    "gemini": ("The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
               "1196265 tokens > 1048575"),
    "dashscope_total": ("Total message token length exceed model limit (10000 tokens).", "> 10000"),
    "moonshot": ("Invalid request: Your request exceeded model token limit: 131072 (requested: 175000)",
                 "143000 tokens > 131072"),
    "zai": ("Prompt exceeds max length", ""),
    "minimax": ("invalid params, context window exceeds limit (2013)", ""),
    "sambanova": ("The maximum context length of DeepSeek-V3-0324 is 32768. However, answering your request will take "
                  "72732 tokens. Please reduce the length of the messages or the specified max_completion_tokens "
                  "value.", "40732 tokens > 32768"),
    "cerebras": ("Please reduce the length of the messages or completion. Current length is 34162 while limit is 32768",
                 "34162 tokens > 32768"),
    "deepinfra": ("Requested input length 132490 exceeds maximum input length 32767", "132490 tokens > 32767"),
    "poolside": ("Input length 131393 exceeds the maximum allowed input length of 131072 tokens.",
                 "131393 tokens > 131072"),
    "tensorrt": ("The sum of prompt length (40000.0), query length (0) max_tokens (100) should not exceed max_seq_len "
                 "(32768)", "40000 tokens > 32768"),
    "siliconflow": ("length of prompt_tokens (40000) must be less than max_seq_len (32768).", "40000 tokens > 32768"),
    "copilot": ("prompt token count of 140000 exceeds the limit of 128000", "140000 tokens > 128000"),
    "litellm": ("litellm.ContextWindowExceededError: BadRequestError: the prompt exceeds the model's maximum context "
                "length of 8192 tokens", "> 8192"),
    "omlx": ("Prompt too long: 40000 tokens exceeds max context window of 32768 tokens", "40000 tokens > 32768"),
    "ds4": ("Prompt has 140,000 tokens, but the configured context size is 131,072 tokens", "140000 tokens > 131072"),
    "cohere": ("too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292",
               "4292 tokens > 4081"),
    "volcengine": ("Total tokens of image and text exceed max message tokens. Request id: 0217", ""),
    "anthropic": ("prompt is too long: 213462 tokens > 200000 maximum", "213462 tokens > 200000"),
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
    "sglang": ("Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a "
               "total of 140000 tokens: 123616 tokens from the input messages and 16384 tokens for the completion. "
               "Please reduce the number of tokens in the input messages or the completion to fit within the limit.",
               131072),
    "bedrock": ("input length and `max_tokens` exceed context limit: 180000 + 32000 > 200000, decrease input length or "
                "`max_tokens` and try again", 200000),
    "moonshot": ("Invalid request: Your request exceeded model token limit: 131072 (requested: 140000)", 131072),
    "sambanova": ("The maximum context length of DeepSeek-V3-0324 is 32768. However, answering your request will take "
                  "39732 tokens. Please reduce the length of the messages or the specified max_completion_tokens "
                  "value.", 32768),
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


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens: 200000 > 64000, which is the maximum allowed number of output tokens for this model",
        "max_tokens (200000) exceeds the maximum context length",
        "max_tokens must not exceed the context window of this model",
        "Invalid value for 'context': expected a string",
        "Unknown parameter: 'context_management'.",
        "context_window is not a valid field",
        "messages[3].content: string too long. Expected a string with maximum length 10485760",
        "tools.0.name: string should have at most 64 characters; the context of this error is the tool list",
        "Rate limit reached: limit of 60 requests per minute",
        "Error reading the context cache for this input",
        "This model does not support a context of this kind in messages",
    ],
)
def test_what_only_speaks_of_context_or_output_is_no_overflow(text: str) -> None:
    for max_tokens in (32_000, 300_000, None):
        error = judge(Refusal("backend", 400, text), Sent((), max_tokens, False, False, 20_000), Learned())
        assert "prompt is too long" not in error.message


@pytest.mark.parametrize("status", [401, 402, 403, 429, 503])
def test_a_status_that_says_otherwise_is_no_overflow(status: int) -> None:
    assert "prompt is too long" not in refused("maximum context length exceeded", status=status).message


@pytest.mark.parametrize(
    "error",
    [
        {"message": "the request exceeds the available context size. try increasing the context size",
         "type": "exceed_context_size_error", "n_prompt_tokens": 33782, "n_ctx": 32768},
        {"message": "zu lang", "type": "exceed_context_size_error", "n_prompt_tokens": 33782, "n_ctx": 32768},
    ],
)  # fmt: skip
def test_the_numbers_of_llama_cpp_are_read_from_their_fields(error: object) -> None:
    refusal = read_refusal("backend", 400, {}, msgspec.json.encode({"error": error}))
    told = judge(refusal, Sent((), 100, False, False, 20_000), Learned())
    assert told.message == "prompt is too long: 33782 tokens > 32768 maximum"


def test_a_code_says_overflow_where_the_words_do_not() -> None:
    body = msgspec.json.encode({"error": {"message": "上下文长度超出限制", "code": "context_length_exceeded"}})
    told = judge(read_refusal("b", 400, {}, body), Sent((), 100, False, False, 20_000), Learned())
    assert told.message.startswith("prompt is too long")


VLLM_AT_LEAST = (
    "This model's maximum context length is 131072 tokens. However, you requested 128000 output tokens and your prompt "
    "contains at least {} input tokens, for a total of at least 131073 tokens."
)


def test_a_lower_bound_of_the_prompt_lowers_no_estimate_and_raises_one_that_it_proves_too_low() -> None:
    """vLLM names no more than what is missing (AIDotNet/OpenCowork#82): 131072 - 128000 + 1, whatever the prompt."""
    learned = Learned()
    assert refused(VLLM_AT_LEAST.format(3073), learned).retry == "same"
    assert learned.correction.apply(20_000) == 20_000
    assert refused(VLLM_AT_LEAST.format(24_000), learned).retry == "same"
    assert learned.correction.apply(20_000) == 30_000


def test_a_request_that_passes_verbatim_is_told_what_makes_the_client_ask_for_less() -> None:
    sent = Sent((), 128_000, False, False, 20_000, is_verbatim=True)
    error = judge(Refusal("backend", 400, VLLM_AT_LEAST.format(3073)), sent, Learned())
    assert error.message == "input length and `max_tokens` exceed context limit: 20000 + 128000 > 131072"
    assert (error.status, error.retry) == (400, "never")


def test_a_total_that_does_not_shrink_with_the_output_is_an_overflow() -> None:
    learned = Learned()
    text = "Invalid request: Your request exceeded model token limit: 131072 (requested: 140000)"
    assert refused(text, learned).retry == "same"
    assert refused(text, learned).message.startswith("prompt is too long")


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
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, "30"),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:27:00 GMT"}, "90"),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT"}, "0"),
        ({"retry-after": "Wednesday, 21-Oct-26 07:28:30 GMT"}, ""),
        ({"retry-after": "Wed, 99 Oct 2026 07:28:30 GMT"}, ""),
        ({"retry-after": "soon"}, ""),
        ({"retry-after": "-3"}, "0"),
        ({"retry-after": "inf"}, ""),
        ({}, ""),
    ],
)
def test_retry_after_is_told_in_whole_seconds(headers: dict[str, str], seconds: str) -> None:
    clock = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    assert retry_after(headers, clock.timestamp) == seconds


@pytest.mark.parametrize(("value", "told"), [("true", "true"), ("False", "false"), ("maybe", None), ("", None)])
def test_whether_to_retry_is_told_on(value: str, told: str | None) -> None:
    for status in (400, 429, 500, 503):
        refusal = read_refusal("backend", status, {"x-should-retry": value, "retry-after": "9"}, b"no")
        headers = judge(refusal, Sent((), 100, False, False, 20_000), Learned()).headers
        assert (headers.get("x-should-retry"), headers["retry-after"]) == (told, "9")


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


def test_a_body_of_unknown_form_is_told_as_it_is() -> None:
    for body, text in ((b'{"reason":"no"}', '{"reason":"no"}'), (b"", "HTTP status 400"), (b"{}", "HTTP status 400")):
        assert read_refusal("backend", 400, {}, body).text == text


def test_html_and_plain_text_are_told_shortly() -> None:
    assert error_text(b"<html><title>502 Bad Gateway</title></html>") == "an HTML page (502 Bad Gateway)"
    assert error_text(b"Internal Server Error") == "Internal Server Error"
    assert error_text(b"[" * 100_000)
