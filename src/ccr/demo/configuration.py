"""The configuration of the demo: two providers, seven models, a route for every kind of request."""

from typing import Any

PROVIDERS = {"cluster": ["coder", "thinker", "long", "worker"], "desk": ["mini", "search", "eyes"]}
"""Name -> models. One scripted server plays them all."""

ROUTES = {
    "default": "cluster,coder",
    "background": "desk,mini",
    "think": "cluster,thinker",
    "longContext": "cluster,long",
    "webSearch": "desk,search",
    "image": "desk,eyes",
    "subagent": "cluster,worker",
}


def configuration(model_url: str) -> dict[str, Any]:
    """config.json. `model_url`: where the scripted model listens, without a path."""
    url = f"{model_url}/v1/chat/completions"
    return {
        "Providers": [{"name": name, "api_base_url": url, "models": models} for name, models in PROVIDERS.items()],
        "Router": ROUTES,
    }
