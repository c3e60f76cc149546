"""Where the floors below meet: a target's provider, its dialect, and what was learned there, as one call."""

from ccr.config import Snapshot
from ccr.dialects import DIALECTS, Call, Endpoint, Inbound
from ccr.errors import ClientError
from ccr.gateway.runtime import Runtime
from ccr.providers import ModelLimits, Provider, flags_of
from ccr.routing.rules import Target


def provider_of(target: Target, snapshot: Snapshot) -> Provider:
    """Raises ClientError when the provider is not there."""
    provider = snapshot.providers.get(target.provider.lower())
    if provider is None:
        raise ClientError("not_found_error", f"Provider {target.provider!r} is not configured.")
    return provider


def make_call(provider: Provider, model: str, inbound: Inbound, runtime: Runtime) -> Call:
    return DIALECTS[provider.dialect].call(inbound, model, endpoint_of(provider, model, runtime))


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
