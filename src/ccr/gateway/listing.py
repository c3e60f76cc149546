"""`GET /v1/models`: the configured models in the Messages API's form, with ids that the client shows and we route."""

import msgspec

from ccr.config import Snapshot
from ccr.errors import ClientError
from ccr.routing.rules import Target
from ccr.routing.targets import listed_id

EPOCH = "1970-01-01T00:00:00Z"
"""What the API gives for a model whose release is not known."""


def list_models(snapshot: Snapshot) -> bytes:
    models = _models(snapshot)
    ids = [model["id"] for model in models]
    return msgspec.json.encode(
        {
            "data": models,
            "has_more": False,
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
        }
    )


def show_model(model_id: str, snapshot: Snapshot) -> bytes:
    """One model. Raises ClientError when it is not configured."""
    for model in _models(snapshot):
        if model["id"] == model_id:
            return msgspec.json.encode(model)
    raise ClientError("not_found_error", f"Model {model_id[:100]!r} is not configured.")


def _models(snapshot: Snapshot) -> list[dict[str, str]]:
    return [
        {
            "type": "model",
            "id": listed_id(Target(provider.name, model)),
            "display_name": f"{model} ({provider.name})",
            "created_at": EPOCH,
        }
        for provider in snapshot.providers.values()
        for model in provider.models
    ]
