"""Names as people spell them: any case, with or without underscores, sometimes wrong."""

from collections.abc import Iterable


def normal(name: str) -> str:
    """Equal for all spellings of one name: `api_key`, `apiKey`, `APIKEY`."""
    return name.lower().replace("_", "").replace("-", "")


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A hint that names the closest known name; empty when none is close."""
    from difflib import get_close_matches  # loaded only when there is something to say

    by_normal = {normal(name): name for name in known}
    close = get_close_matches(normal(wrong), by_normal, n=1, cutoff=0.6)
    return f'did you mean "{by_normal[close[0]]}"?' if close else ""
