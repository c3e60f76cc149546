"""`enhancetool`: the arguments of tool calls are mended, where nothing is guessed (`arguments/`)."""

from msgspec import UNSET

from ccr.transformers.arguments import Arguments
from ccr.transformers.filter import Filter
from ccr.transformers.transformer import Asked, Transformer


class EnhanceTool(Transformer, frozen=True):
    """Mends arguments as they stream, and gives them the types of the tool's schema."""

    name = "enhancetool"

    def filter(self, asked: Asked) -> Filter | None:
        tools = asked.request.tools or []
        schemas = {tool.name: tool.input_schema for tool in tools if tool.input_schema is not UNSET}
        return Arguments(schemas) if tools else None
