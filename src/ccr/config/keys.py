"""Every key of config.json: its type, its default, its meaning. `ccr check --schema` prints this table.

The forms are lenient about spelling (`forms.read`): any case, with or without underscores, and the aliases listed
in `ALIASES`. Empty texts and null count as absent.
"""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from ccr.config.snapshot import DEFAULT_BODY_LIMIT, DEFAULT_HOST, DEFAULT_PORT
from ccr.routing.rules import Effort

Json = dict[str, Any]
LogLevel = Literal["fatal", "error", "warn", "info", "debug", "trace", "silent"]

Text = Annotated[str, Meta(extra={"is": "a text in quotes"})]
Switch = Annotated[bool, Meta(extra={"is": "true or false"})]
Port = Annotated[int, Meta(ge=1, le=65535, extra={"is": "a port from 1 to 65535"})]
Count = Annotated[int, Meta(ge=1, le=2**53, extra={"is": "a whole number above 0"})]
Seconds = Annotated[float, Meta(gt=0, le=86_400, extra={"is": "a number of seconds above 0, at most 86400"})]
Texts = Annotated[list[str], Meta(extra={"is": "a list of texts"})]
TextMap = Annotated[dict[str, str], Meta(extra={"is": "an object whose values are texts"})]
Object = Annotated[Json, Meta(extra={"is": "an object {…}"})]
Objects = Annotated[list[Json], Meta(extra={"is": "a list of objects"})]
Transformers = Annotated[Json | list[Any] | str, Meta(extra={"is": 'a list of transformers, or an object with "use"'})]
Route = Annotated[str, Meta(extra={"is": 'a text "provider,model"'}, examples=["openrouter,anthropic/claude-sonnet-4"])]
Chain = Annotated[
    list[str], Meta(extra={"is": 'a list of texts "provider,model"'}, examples=[["openrouter,google/gemini-2.5-pro"]])
]

LATER = Meta(extra={"later": True})
"""Marks a key that is checked and kept, and whose function comes with a later version."""


class TimeoutsEntry(Struct, frozen=True):
    """How long the phases of a request to a provider may take."""

    ALIASES: ClassVar[dict[str, str]] = {}
    connect: Annotated[Seconds | None, Meta(description="Seconds for DNS, TCP and TLS. Default 10.")] = None
    first_token: Annotated[
        Seconds | None, Meta(description="Seconds from the request to the first content of the answer. Default 600.")
    ] = None
    idle: Annotated[
        Seconds | None,
        Meta(description="Seconds between two pieces of the answer once content has begun. Default 180."),
    ] = None


class LimitsEntry(Struct, frozen=True):
    """What is known of one model."""

    ALIASES: ClassVar[dict[str, str]] = {}
    context_window: Annotated[
        Count | None, Meta(description="Tokens of prompt and answer together.", examples=[131072])
    ] = None
    max_output_tokens: Annotated[Count | None, Meta(description="Tokens of the answer.", examples=[8192])] = None


class TokenizerSpec(Struct, frozen=True):
    """How the tokens of a model are counted."""

    ALIASES: ClassVar[dict[str, str]] = {}
    type: Annotated[Literal["tiktoken", "huggingface", "api"] | None, Meta(description="Which kind.")] = None
    encoding: Text = ""
    model: Text = ""
    url: Text = ""
    apiKey: Text = ""
    requestFormat: Text = ""
    responseField: Text = ""
    headers: TextMap = {}
    fallback: Text = ""


class TokenizerEntry(TokenizerSpec, frozen=True):
    """The tokenizer of a provider, and of single models of it."""

    default: TokenizerSpec = TokenizerSpec()
    models: dict[str, TokenizerSpec] = {}


class SharedTransformer(Struct, frozen=True):
    """A transformer for several providers or models, or a plugin."""

    ALIASES: ClassVar[dict[str, str]] = {}
    name: Annotated[Text, Meta(description="Which transformer.", examples=["maxtoken"])] = ""
    path: Annotated[Text, Meta(description="The file of a plugin. Accepted, not active yet.")] = ""
    options: Annotated[Object, Meta(description="Its options.", examples=[{"max_tokens": 8192}])] = {}
    providers: Annotated[Texts, Meta(description="Those it is for.", examples=[["openrouter"]])] = []
    models: Annotated[
        Texts, Meta(description="Those it is for, as `provider,model` or by their name.", examples=[["ollama,qwen3"]])
    ] = []


class ProviderEntry(Struct, frozen=True):
    """One endpoint with the models that it serves."""

    ALIASES: ClassVar[dict[str, str]] = {"HOST": "baseUrl"}
    name: Annotated[Text, Meta(description="How routes name it. No comma.", examples=["openrouter"])] = ""
    api_base_url: Annotated[
        Text,
        Meta(
            description="The full address that requests are posted to. Without a path, that of the dialect is added.",
            examples=["http://localhost:11434/v1/chat/completions"],
        ),
    ] = ""
    baseUrl: Annotated[
        Text,
        Meta(
            description="Instead of `api_base_url`: the address without the path of the dialect.",
            examples=["http://localhost:11434/v1"],
        ),
    ] = ""
    api_key: Annotated[
        Text,
        Meta(description="The key; `$NAME` takes it from the environment. Empty: none is sent.", examples=["$API_KEY"]),
    ] = ""
    models: Annotated[Texts, Meta(description="The models, as the provider names them.", examples=[["qwen3"]])] = []
    transformer: Annotated[
        Transformers,
        Meta(
            description="Named adaptations, for the provider or for one model of it. See docs/transformers.md.",
            examples=[{"use": ["openrouter"], "qwen3": {"use": ["tooluse"]}}],
        ),
    ] = ""
    transformers: Annotated[
        Transformers, Meta(description="Further transformers. `anthropic` here names the client's side.")
    ] = ""
    tokenizer: Annotated[TokenizerEntry, Meta(description="Accepted, not active yet."), LATER] = TokenizerEntry()
    headers: Annotated[TextMap, Meta(description="Additional request headers.", examples=[{"x-team": "research"}])] = {}
    flags: Annotated[
        Texts,
        Meta(
            description="Named deviations of an OpenAI chat provider, besides those known of it; "
            '"-name" takes one away. See docs/providers.md.',
            examples=[["short_call_ids", "-text_only"]],
        ),
    ] = []
    limits: Annotated[
        dict[str, LimitsEntry],
        Meta(description="What is known of the models, by model.", examples=[{"qwen3": {"context_window": 131072}}]),
    ] = {}
    timeouts: Annotated[TimeoutsEntry, Meta(description="Overrides the top-level `timeouts`.")] = TimeoutsEntry()


class RoutesEntry(Struct, frozen=True):
    """One target for each kind of request."""

    ALIASES: ClassVar[dict[str, str]] = {}
    default: Annotated[Route, Meta(description="Where a request goes that no other route takes.")] = ""
    background: Annotated[Route, Meta(description="Small auxiliary requests (Claude Code's haiku model).")] = ""
    think: Annotated[Route, Meta(description="Requests that ask for extended thinking.")] = ""
    longContext: Annotated[Route, Meta(description="Requests longer than `longContextThreshold`.")] = ""
    webSearch: Annotated[Route, Meta(description="Requests with a web search tool.")] = ""
    image: Annotated[Route, Meta(description="Requests whose newest user message holds an image.")] = ""
    subagent: Annotated[Route, Meta(description="Requests of Claude Code's subagents.")] = ""
    compaction: Annotated[
        Route, Meta(description="Summaries of a full conversation. Unset: where the conversation ran last.")
    ] = ""
    opus: Annotated[Route, Meta(description="Requests for an Opus model.")] = ""
    sonnet: Annotated[Route, Meta(description="Requests for a Sonnet model.")] = ""
    haiku: Annotated[Route, Meta(description="Requests for a Haiku model that `background` does not take.")] = ""


class RouterEntry(RoutesEntry, frozen=True):
    """Which provider and model answers which request."""

    longContextThreshold: Annotated[
        Count, Meta(description="Input tokens above which `longContext` applies.", examples=[60000])
    ] = 60_000
    thinkEffort: Annotated[
        Effort, Meta(description="The effort at or above which `think` applies.", extra={"is": "an effort"})
    ] = "xhigh"


class FallbackEntry(Struct, frozen=True):
    """Targets to try, in order, when a route's own fails before its first content."""

    ALIASES: ClassVar[dict[str, str]] = {}
    default: Chain = []
    background: Chain = []
    think: Chain = []
    longContext: Chain = []
    webSearch: Chain = []
    image: Chain = []
    subagent: Chain = []
    compaction: Chain = []
    opus: Chain = []
    sonnet: Chain = []
    haiku: Chain = []


class File(Struct, frozen=True):
    """config.json"""

    ALIASES: ClassVar[dict[str, str]] = {
        "HTTPS_PROXY": "PROXY_URL",
        "https_proxy": "PROXY_URL",
        "httpsProxy": "PROXY_URL",
    }
    Providers: Annotated[list[ProviderEntry], Meta(description="The endpoints.")] = []
    Router: Annotated[RouterEntry, Meta(description="Which provider and model answers which request.")] = RouterEntry()
    fallback: Annotated[FallbackEntry, Meta(description="Further targets, by route.")] = FallbackEntry()
    HOST: Annotated[
        Text, Meta(description="The address to listen on. Without APIKEY: loopback only.", examples=["0.0.0.0"])
    ] = DEFAULT_HOST
    PORT: Annotated[
        Port, Meta(description="The port to listen on. SERVICE_PORT in the environment overrides it.", examples=[3456])
    ] = DEFAULT_PORT
    APIKEY: Annotated[Text, Meta(description="The key that clients must present.", examples=["$CCR_KEY"])] = ""
    LOG: Annotated[Switch, Meta(description="false: no log.", examples=[True])] = True
    LOG_LEVEL: Annotated[LogLevel, Meta(description="How much is logged.", examples=["info"])] = "info"
    API_TIMEOUT_MS: Annotated[
        Count, Meta(description="Milliseconds that Claude Code waits for an answer.", examples=[600000])
    ] = 600_000
    timeouts: Annotated[TimeoutsEntry, Meta(description="How long the phases of a request to a provider may take.")] = (
        TimeoutsEntry()
    )
    BODY_LIMIT: Annotated[Count, Meta(description="The longest request body, in bytes.", examples=[52428800])] = (
        DEFAULT_BODY_LIMIT
    )
    PROXY_URL: Annotated[
        Text,
        Meta(
            description="An HTTP proxy for requests to providers, except loopback and NO_PROXY of the environment.",
            examples=["http://127.0.0.1:7890"],
        ),
    ] = ""
    NON_INTERACTIVE_MODE: Annotated[
        Switch, Meta(description="Start Claude Code for a pipeline, without a terminal.", examples=[True])
    ] = False
    CLAUDE_PATH: Annotated[Text, Meta(description="The claude binary.", examples=["/usr/local/bin/claude"])] = ""
    REWRITE_SYSTEM_PROMPT: Annotated[
        Text,
        Meta(
            description="A file whose text replaces Claude Code's system prompt up to its `<env>`. "
            "Relative to the folder of config.json.",
            examples=["~/prompt.md"],
        ),
    ] = ""
    CUSTOM_ROUTER_PATH: Annotated[Text, Meta(description="Accepted, not active yet."), LATER] = ""
    transformers: Annotated[
        list[SharedTransformer], Meta(description="Transformers for several providers or models, and plugins.")
    ] = []
    plugins: Annotated[Objects, Meta(description="Accepted, not active yet."), LATER] = []
    StatusLine: Annotated[Object, Meta(description="Accepted, not active yet."), LATER] = {}
    forceUseImageAgent: Annotated[Switch, Meta(description="Accepted, not active yet."), LATER] = False
    tokenizer: Annotated[TokenizerEntry, Meta(description="Accepted, not active yet."), LATER] = TokenizerEntry()
    claudeCodeSettings: Annotated[Object, Meta(description="Accepted, not active yet."), LATER] = {}
    noServer: Annotated[Switch, Meta(description="Accepted, not active yet."), LATER] = False


RETIRED = {"apikey": "api_key", "baseurl": "api_base_url", "model": "models"}
"""How top-level keys such as OPENAI_API_KEY end (early claude-code-router 1.0; its README still shows them),
and what they are called in an entry of `Providers`."""
