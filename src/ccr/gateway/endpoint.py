"""Where the floors below meet: a target's provider, its dialect, and what was learned there, as one call."""

from collections.abc import Callable

import msgspec
from msgspec import UNSET

from ccr.config import Snapshot
from ccr.dialects import DIALECTS, Call, Endpoint, Inbound
from ccr.dialects.blocks import IdMaker, call_ids
from ccr.dialects.signature import sign
from ccr.dialects.tool_names import LONGEST_NAME, ToolNames
from ccr.errors import ClientError
from ccr.gateway.runtime import Runtime
from ccr.gateway.transformed import TransformedCall
from ccr.messages.request import MessagesRequest, Tool, parse_request
from ccr.providers import ModelLimits, Provider, flags_of
from ccr.routing.rules import Target
from ccr.transformers import Asked, Chain, Filter
from ccr.transformers.arguments import Arguments
from ccr.transformers.body import Body
from ccr.transformers.json_answer import JsonAnswer
from ccr.transformers.shown_reasoning import ShownReasoning
from ccr.transformers.text_calls import TextCalls
from ccr.transformers.think_tags import ThinkTags


def provider_of(target: Target, snapshot: Snapshot) -> Provider:
    """Raises ClientError when the provider is not there."""
    provider = snapshot.providers.get(target.provider.lower())
    if provider is None:
        raise ClientError("not_found_error", f"Provider {target.provider!r} is not configured.")
    return provider


def make_call(provider: Provider, model: str, inbound: Inbound, runtime: Runtime) -> Call:
    """The dialect's call; where transformers are at work, with them around it."""
    chain = provider.transformers_of(model)
    if chain.on_request:
        inbound = _transformed(inbound, chain, _asked(inbound.request, provider, model))
    call = DIALECTS[provider.dialect].call(inbound, model, endpoint_of(provider, model, runtime))
    always = DEFAULT_FILTERS.get(provider.dialect)
    if not (always or chain.on_outbound or chain.filters):
        return call
    asked = _asked(inbound.request, provider, model)
    outbound = call.outbound
    if chain.on_outbound:
        body = Body(outbound.body)
        for one in chain.on_outbound:
            one.on_outbound(body, asked)
        outbound = msgspec.structs.replace(outbound, body=body.encode())

    def filters() -> list[Filter]:
        """The standing ones see the answer first: those with a name see it as it would be without them."""
        made = [one.filter(asked) for one in chain.filters]
        return [*(always(asked, inbound.message_id) if always else ()), *[one for one in made if one is not None]]

    return TransformedCall(call, outbound, filters, is_native=provider.dialect == "anthropic")


def default_filters(asked: Asked, message_id: str) -> list[Filter]:
    """What is done to every answer in the OpenAI chat language, whatever the configuration says.

    Reasoning is shown before calls are looked for: an answer that is all reasoning may hold one.
    """
    request = asked.request
    filters: list[Filter] = [ThinkTags(asked.signature), ShownReasoning()]
    tools = request.tools
    if tools and (request.tool_choice is None or request.tool_choice.type != "none"):
        ids = IdMaker(message_id, lambda: call_ids(request), {})
        filters.append(TextCalls(tools, lambda: ids.unique(""), _shortened(tools)))
        filters.append(Arguments({tool.name: tool.input_schema for tool in tools if tool.input_schema is not UNSET}))
    wanted = request.format
    if wanted is not None and wanted.type == "json_schema" and wanted.schema is not UNSET:
        filters.append(JsonAnswer(wanted.schema))
    return filters


def _shortened(tools: list[Tool]) -> dict[str, str]:
    """The names that the model is shown instead of the tools' own."""
    names = ToolNames()
    for tool in tools:
        if len(tool.name) > LONGEST_NAME or not tool.name.isidentifier():
            names.outward(tool.name)
    return names.shortened


DEFAULT_FILTERS: dict[str, Callable[[Asked, str], list[Filter]]] = {"openai-chat": default_filters}
"""By dialect."""


def _asked(request: MessagesRequest, provider: Provider, model: str) -> Asked:
    # A thought out of a text goes back in the field that most servers read.
    return Asked(request=request, model=model, dialect=provider.dialect, signature=sign("reasoning_content"))


def _transformed(inbound: Inbound, chain: Chain, asked: Asked) -> Inbound:
    body = Body(inbound.body)
    for one in chain.on_request:
        one.on_request(body, asked)
    data = body.encode()
    return msgspec.structs.replace(inbound, request=parse_request(data), body=data)


def endpoint_of(provider: Provider, model: str, runtime: Runtime) -> Endpoint:
    limits = provider.limits.get(model, ModelLimits())
    return Endpoint(
        name=provider.name,
        url=provider.url,
        api_key=provider.api_key,
        use_bearer=provider.use_bearer,
        headers=provider.headers,
        context_window=limits.context_window,
        max_output_tokens=limits.max_output_tokens,
        flags=flags_of(provider, model),
        learned=runtime.learned(provider, model),
    )
