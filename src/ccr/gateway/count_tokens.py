"""`POST /v1/messages/count_tokens`: the backend's own count where it has one, else the corrected estimate. Never a 500.

The client's `/context` sends some 26 of these at once: two at a time are asked of the backend, each for 300 ms at most,
and answers are remembered by the request's digest.
"""

import asyncio
import hashlib
from collections import OrderedDict
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from ccr.config import Snapshot
from ccr.dialects import Inbound
from ccr.dialects.anthropic import MessagesCall
from ccr.errors import ClientError
from ccr.gateway.endpoint import endpoint_of, provider_of
from ccr.gateway.handle import gather
from ccr.gateway.runtime import Runtime
from ccr.providers import Provider
from ccr.routing.plan import make_plan
from ccr.routing.rules import Target
from ccr.upstream.client import Client, Deadlines, Failure, Outbound

AT_ONCE = 2
SECONDS = 0.3
TOO_LATE = 0.05
"""Seconds before the end at which asking is not begun any more."""
MOST_REMEMBERED = 1_000
PLAUSIBLE = 5.0
"""A count that is this many times off the estimate is taken for garbage (a server that answers everything with 200)."""
FIELDS = ("messages", "system", "tools", "tool_choice", "thinking")
"""What servers with a chat endpoint take for counting, besides the model."""
NOT_COUNTED = (
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "metadata",
    "service_tier",
    "container",
    "inference_geo",
)
"""What Anthropic takes for answering only (platform.claude.com/docs/api/beta/messages: create, count_tokens). All else
is passed: `mcp_servers`, `context_management`, `output_config`, `speed`, and what is yet to come."""


class TokenCounts(Struct):
    """What is known of the backends' counting; lives as long as the server."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    without: set[str] = field(default_factory=set)
    """URLs of endpoints that don't count."""
    remembered: OrderedDict[bytes, int] = field(default_factory=OrderedDict)


class _Count(Struct):
    input_tokens: int


async def count_tokens(inbound: Inbound, snapshot: Snapshot, runtime: Runtime, counts: TokenCounts) -> int:
    """Input tokens of a request on the model that would answer it."""
    target = _target(inbound, snapshot, runtime)
    if target is None:
        return inbound.tokens
    provider = provider_of(target, snapshot)
    endpoint = endpoint_of(provider, target.model, runtime)
    estimated = endpoint.learned.correction.apply(inbound.tokens)
    key = _key(target, inbound)
    if key in counts.remembered:
        return counts.remembered[key]
    call = MessagesCall(inbound, target.model, endpoint)
    headers = (*call.outbound.headers, *also_bearer(provider, call.outbound.headers))
    url = counting_url(provider)
    if url in counts.without:
        return estimated
    is_anthropic = provider.dialect == "anthropic"
    query = f"?{inbound.query}" if is_anthropic and inbound.query else ""
    outbound = Outbound("POST", url + query, headers, only_counted(call.outbound.body, is_anthropic))
    exact = await _ask(outbound, provider, runtime.client, counts)
    if exact is None or not estimated / PLAUSIBLE <= exact <= estimated * PLAUSIBLE + 100:
        return estimated
    counts.remembered[key] = exact
    if len(counts.remembered) > MOST_REMEMBERED:
        counts.remembered.popitem(last=False)
    return exact


def _target(inbound: Inbound, snapshot: Snapshot, runtime: Runtime) -> Target | None:
    try:
        facts, last = gather(inbound, snapshot, runtime)
        # The client calls these auxiliary, but asks about the conversation's own model.
        facts = msgspec.structs.replace(facts, request_class="")
        target = make_plan(facts, snapshot.rules, last).targets[0]
        provider_of(target, snapshot)
    except ClientError:
        return None  # an estimate needs no route
    return target


def counting_url(provider: Provider) -> str:
    """Beside an Anthropic endpoint; at the server's root for others (vLLM, llama.cpp and SGLang have it there)."""
    if provider.dialect == "anthropic":
        return provider.url.rstrip("/") + "/count_tokens"
    parts = urlsplit(provider.url)
    return f"{parts.scheme}://{parts.netloc}/v1/messages/count_tokens"


def also_bearer(provider: Provider, headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """vLLM and SGLang look for a Bearer token on this path too."""
    if provider.dialect == "anthropic" or not provider.api_key or "authorization" in dict(headers):
        return []
    return [("authorization", f"Bearer {provider.api_key}")]


def only_counted(body: bytes, is_anthropic: bool) -> bytes:
    """The body without what the endpoint would refuse."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    if is_anthropic:
        counted = {name: value for name, value in fields.items() if name not in NOT_COUNTED}
        return body if len(counted) == len(fields) else msgspec.json.encode(counted)
    return msgspec.json.encode({name: value for name, value in fields.items() if name in ("model", *FIELDS)})


def _key(target: Target, inbound: Inbound) -> bytes:
    """All that the count may depend on."""
    told = (str(target), inbound.query, inbound.headers.get("anthropic-beta", ""))
    return hashlib.blake2b(b"%b\n%b" % ("\n".join(told).encode(), inbound.body), digest_size=16).digest()


async def _ask(outbound: Outbound, provider: Provider, client: Client, counts: TokenCounts) -> int | None:
    """The backend's count; None when it did not give one in time."""
    deadlines = Deadlines(connect=SECONDS, first=SECONDS, idle=SECONDS)
    end = asyncio.get_running_loop().time() + SECONDS
    try:
        async with asyncio.timeout_at(end), counts.turns:
            if asyncio.get_running_loop().time() > end - TOO_LATE:
                return None  # its turn came when those before it gave up: so would this one
            response = await client.send(outbound, deadlines, provider.proxy)
            try:
                body = await response.read_all(64 * 1024)
            finally:
                response.close()
    except (Failure, TimeoutError):
        return None
    if response.status in (404, 405, 501):
        counts.without.add(outbound.url.partition("?")[0])
    if response.status != 200:
        return None
    try:
        count = msgspec.json.decode(body, type=_Count).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return count if count > 0 else None
