"""`POST /v1/messages`: read, decide, try target after target, settle. One coroutine per request."""

import asyncio
import random
import secrets

from ccr.config import Snapshot
from ccr.dialects import Inbound
from ccr.errors import ClientError, UpstreamError
from ccr.gateway.attempt import attempt
from ccr.gateway.endpoint import make_call, provider_of
from ccr.gateway.exchange import Attempt, Exchange
from ccr.gateway.log import RequestLog
from ccr.gateway.prompt import with_system_prompt, without_subagent_tag
from ccr.gateway.reply import Reply
from ccr.gateway.request import ClientLeft, Request
from ccr.gateway.runtime import Runtime, Session
from ccr.messages.estimate import estimate
from ccr.messages.request import parse_body, parse_request
from ccr.routing.facts import Facts, read_facts, session_id
from ccr.routing.plan import Plan, make_plan
from ccr.routing.rules import Target

SAME_TARGET = 5
"""Tries at one target while its refusals still teach something."""


ASIDE = ("background", "webSearch")
"""Routes of small requests beside the conversation: it does not run there."""


async def handle_messages(
    request: Request, reply: Reply, snapshot: Snapshot, runtime: Runtime, log: RequestLog
) -> None:
    exchange = Exchange(reply.request_id)
    runtime.counters.requests += 1
    try:
        inbound = await receive_request(request, snapshot)
        exchange.stream = bool(inbound.request.stream)
        await answer(inbound, snapshot, runtime, exchange, reply)
    except ClientLeft:
        exchange.error = "the client left"
    except asyncio.CancelledError:
        # Ends here: this is the request's whole task. Its connection cancels it when it is lost, the server at its end.
        exchange.error = "the client left" if request.left else "the router stopped"
        if not request.left:
            reply.error(ClientError("overloaded_error", "The router is stopping: send the request again."))
    except (ClientError, UnicodeDecodeError) as error:
        told = error if isinstance(error, ClientError) else not_unicode()
        exchange.error = told.log_text
        reply.error(told)
    except Exception as error:
        # The request boundary: a defect of ours must take neither the server nor the client's session down.
        exchange.error = f"internal error: {type(error).__name__}"
        log.trace(exchange.request_id, error)
        reply.error(ClientError("api_error", "The router failed on this request; its log has the details."))
    finally:
        reply.close()
        record = exchange.record(reply.status)
        log.write(record.level, record)


def not_unicode() -> ClientError:
    """For a body with other bytes in a place that only a rewriting of the body looks at."""
    return ClientError("invalid_request_error", "The request body is not valid UTF-8.")


async def receive_request(request: Request, snapshot: Snapshot) -> Inbound:
    """The request, decoded, with the user's system prompt where one is configured."""
    parsed, body = parse_body(await request.body(snapshot.body_limit))
    if snapshot.system_prompt is not None and b"<env>" in body:
        body = with_system_prompt(body, snapshot.system_prompt)
        parsed = parse_request(body)
    return Inbound(
        request=parsed,
        body=body,
        headers=request.headers,
        query=request.query,
        tokens=estimate(parsed, body),
        message_id=new_id("msg"),
    )


async def answer(inbound: Inbound, snapshot: Snapshot, runtime: Runtime, exchange: Exchange, reply: Reply) -> None:
    """Decide, then try one target after the other. Raises ClientError when none answers."""
    facts, last = gather(inbound, snapshot, runtime)
    exchange.facts = facts
    exchange.plan = plan = make_plan(facts, snapshot.rules, last)
    if facts.subagent_model:
        inbound = without_tag(inbound)
    reply.headers["x-ccr-route"] = plan.route
    reply.headers["x-ccr-reason"] = plan.reason
    if exchange.stream:
        reply.keep_waiting()
    target = await try_targets(inbound, plan, snapshot, runtime, exchange, reply)
    settle(inbound, target, snapshot, runtime, exchange)


def gather(inbound: Inbound, snapshot: Snapshot, runtime: Runtime) -> tuple[Facts, Target | None]:
    """The facts, and where this conversation ran last.

    The estimate is corrected by what the default route's model has reported so far.
    """
    tokens = inbound.tokens
    default = snapshot.rules.routes.get("default")
    provider = snapshot.providers.get(default.provider.lower()) if default else None
    if default is not None and provider is not None:
        tokens = runtime.learned(provider, default.model).correction.apply(tokens)
    session, agent = session_id(inbound.request, inbound.headers), inbound.headers.get("x-claude-code-agent-id", "")
    before = runtime.sessions.get(session, agent)
    if before is None:
        return read_facts(inbound.request, inbound.headers, tokens), None
    return read_facts(inbound.request, inbound.headers, tokens, before.input_tokens), before.target


def without_tag(inbound: Inbound) -> Inbound:
    """The tag that names a subagent's model is for the router, not for the model."""
    body = without_subagent_tag(inbound.body)
    return Inbound(
        request=parse_request(body),
        body=body,
        headers=inbound.headers,
        query=inbound.query,
        tokens=inbound.tokens,
        message_id=inbound.message_id,
    )


async def try_targets(
    inbound: Inbound, plan: Plan, snapshot: Snapshot, runtime: Runtime, exchange: Exchange, reply: Reply
) -> Target:
    """The attempt loop. Each failure says itself what may cure it: nothing, the same target again, or the next."""
    failure: ClientError | None = None
    for target in plan.targets:
        name = str(target)
        reply.headers["x-ccr-target"] = name
        retry = "same"
        tries = 0
        while retry == "same" and tries < SAME_TARGET:
            tries += 1
            tried = Attempt(name)
            exchange.attempts.append(tried)
            try:
                provider = provider_of(target, snapshot)
                call = make_call(provider, target.model, inbound, runtime)
                await attempt(provider, call, runtime.client, exchange, reply)
                return target
            except UpstreamError as error:
                failure, retry = error.for_client(), error.retry
            except ClientError as error:
                failure, retry = error, "next"
            tried.error = failure.log_text
        if retry == "never":
            break
    assert failure is not None  # a plan has at least one target
    raise failure


def settle(inbound: Inbound, target: Target, snapshot: Snapshot, runtime: Runtime, exchange: Exchange) -> None:
    """Remember what this exchange taught: where the conversation runs, how long it is, how far the estimate was off."""
    facts = exchange.facts
    reported = exchange.usage.total_input
    if facts is None:
        return
    if reported:
        learned = runtime.learned(provider_of(target, snapshot), target.model)
        learned.correction.learn(inbound.tokens, reported)
    aside = exchange.plan is not None and exchange.plan.route in ASIDE
    if not aside and not facts.is_title and facts.request_class != "auxiliary":
        runtime.sessions.put(facts.session, facts.agent, Session(target, reported or 0))


_ids = random.Random(secrets.randbits(256))


def new_id(prefix: str) -> str:
    # Unique, not secret: asking the kernel for each costs 8 us (measured).
    return f"{prefix}_{_ids.getrandbits(96):024x}"
