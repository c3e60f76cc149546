"""One attempt at one target: send the call, judge the head, carry the answer to the client.

Until the first content block the answer is held back, so that a stream that fails before it leaves room for another
target. From then on bytes go through as they come, and a failure is told as an `error` event.
"""

import asyncio
import time
from functools import lru_cache

from ccr.dialects import Call, Decoder
from ccr.errors import UpstreamError
from ccr.gateway.exchange import Exchange
from ccr.gateway.reply import Reply
from ccr.messages.events import Event, Failed, Verbatim, WireEvent, encode
from ccr.messages.message import fold
from ccr.messages.sse import is_stream
from ccr.providers import Provider, Timeouts
from ccr.upstream.client import Client, Deadlines, Failure, Response

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of an answer in one piece."""
ERROR_LIMIT = 256 * 1024
ENOUGH = 8
"""Bytes by which a stream is known."""
SETTLE = 10.0
"""Seconds that usage may take to come after a message's end mark."""
DRAIN = 1.0
"""Seconds that the last bytes of a body may take after its last event, so that the connection can be kept."""


async def attempt(provider: Provider, call: Call, client: Client, exchange: Exchange, reply: Reply) -> None:
    """Answer the client from one target. Raises UpstreamError when it failed and nothing of it has gone out."""
    try:
        response = await client.send(call.outbound, deadlines(provider.timeouts), provider.proxy)
    except Failure as failure:
        raise failed(provider, failure) from None
    try:
        if not 200 <= response.status < 300:
            raise await _refusal(provider, call, response)
        if await _is_streamed(response, exchange, provider):
            await _relay_stream(provider, call, response, exchange, reply)
        else:
            await _relay_whole(provider, call, response, exchange, reply)
    except UpstreamError as error:
        raise without_key(error, provider) from None
    finally:
        response.close()


async def _is_streamed(response: Response, exchange: Exchange, provider: Provider) -> bool:
    if response.header("content-type").partition(";")[0].strip().lower() == "text/event-stream":
        return True
    if not exchange.stream:
        return False
    try:
        return is_stream(await response.peek(ENOUGH))  # some servers say application/json, or nothing
    except Failure as failure:
        raise failed(provider, failure) from None


@lru_cache(maxsize=256)
def deadlines(timeouts: Timeouts) -> Deadlines:
    return Deadlines(connect=timeouts.connect, first=timeouts.first_token, idle=timeouts.idle)


def without_key(error: UpstreamError, provider: Provider) -> UpstreamError:
    """Backends quote the key that they refuse: it must reach neither the client nor the log."""
    if provider.api_key:
        error.message = error.message.replace(provider.api_key, "***")
    return error


def failed(provider: Provider, failure: Failure) -> UpstreamError:
    """A failure on the way, in the client's terms."""
    error_type = "timeout_error" if failure.timeout else "api_error"
    message = f"provider {provider.name}: {failure.message}."
    return UpstreamError(provider.name, failure.phase, message, error_type=error_type, quotes=False)  # type: ignore[arg-type]


async def _refusal(provider: Provider, call: Call, response: Response) -> UpstreamError:
    response.content_started()
    try:
        body = await response.read_all(ERROR_LIMIT)
    except Failure:
        body = b""  # the status says enough
    return call.error(response.status, dict(response.headers), body)


async def _relay_whole(provider: Provider, call: Call, response: Response, exchange: Exchange, reply: Reply) -> None:
    """An answer in one piece; for a client that asked for a stream it is told as one."""
    response.content_started()
    try:
        body = await response.read_all(ANSWER_LIMIT)
    except Failure as failure:
        raise failed(provider, failure) from None
    exchange.first_content = time.monotonic()
    answer = call.answer(body)
    exchange.usage, exchange.stop_reason = answer.usage, answer.stop_reason
    _pass_headers(call, response, reply)
    if exchange.stream:
        reply.end_stream(encode(answer.tell()))
    else:
        reply.whole(200, answer.body)


async def _relay_stream(provider: Provider, call: Call, response: Response, exchange: Exchange, reply: Reply) -> None:
    decoder = call.decoder()
    if not exchange.stream:
        await _fold_stream(provider, decoder, response, exchange, reply)
        return
    held: list[bytes] = []
    begun = False
    taken: list[Event] = []

    feed, write = decoder.feed, reply.write

    def take(data: bytes) -> bool:
        """The plain case of a stream under way: deltas. Anything else is left to the loop below."""
        events = feed(data)
        if decoder.finished or decoder.ended:
            taken.extend(events)
            return False
        return write(encode(events)) if events else True  # type: ignore[arg-type]  # Failed comes last only

    while not decoder.ended:
        if begun and reply.can_write and not decoder.finished:
            await response.each(take)
        if taken:
            events, failure = _split(taken)
            taken = []
        else:
            events, failure = _split(await _next(provider, decoder, response))
        data = encode(events)
        if not begun and decoder.content_begun:
            begun = True
            response.content_started()
            exchange.first_content = time.monotonic()
            _pass_headers(call, response, reply)
            data = b"".join([*held, data])
        if not begun:
            if failure is not None:
                raise failure
            held.append(data)
            continue
        exchange.usage, exchange.stop_reason = decoder.usage, decoder.stop_reason
        if failure is not None:
            exchange.error = without_key(failure, provider).for_client().log_text
            await reply.stream(data)
            reply.error(failure.for_client())
        elif decoder.ended:
            reply.end_stream(data)
        elif data:
            await reply.stream(data)
    await _drain(response)


async def _fold_stream(
    provider: Provider, decoder: Decoder, response: Response, exchange: Exchange, reply: Reply
) -> None:
    """A backend that streams although it was not asked to."""
    events: list[Event] = []
    while not decoder.ended:
        events += await _next(provider, decoder, response)
        response.content_started()
    if any(isinstance(event, Verbatim) for event in events):
        why = f"provider {provider.name} streamed an answer that was asked whole."
        raise UpstreamError(provider.name, "body", why, quotes=False)
    message = fold(events)
    exchange.usage, exchange.stop_reason = message.usage, message.stop_reason
    reply.whole(200, message.encode())


async def _next(provider: Provider, decoder: Decoder, response: Response) -> list[Event]:
    """The events of the next read. An end of the body, legal or not, is the decoder's to judge."""
    try:
        if decoder.finished:
            async with asyncio.timeout(SETTLE):
                data = await response.read()
        else:
            data = await response.read()
    except TimeoutError:
        return decoder.finish()
    except Failure as failure:
        events, broken = _split(decoder.finish())
        return [*events, *([Failed(failed(provider, failure))] if broken else [])]
    return decoder.feed(data) if data else decoder.finish()


def _split(events: list[Event]) -> tuple[list[WireEvent], UpstreamError | None]:
    """The events to write, and the failure that ends them if there is one."""
    if events and isinstance(events[-1], Failed):
        return events[:-1], events[-1].error  # type: ignore[return-value]  # Failed comes last only
    return events, None  # type: ignore[return-value]


async def _drain(response: Response) -> None:
    """Read what still belongs to a complete answer (the last chunk), so that the connection can serve again."""
    if response.is_complete:
        return
    try:
        async with asyncio.timeout(DRAIN):
            while await response.read():
                pass
    except (Failure, TimeoutError):
        pass  # closed instead of kept


def _pass_headers(call: Call, response: Response, reply: Reply) -> None:
    """Headers of the backend's that the client reads."""
    for name, value in response.headers:
        if call.passes_header(name):
            reply.headers[name] = value
