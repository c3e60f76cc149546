"""Names whose work needs no transformer here: they choose a language, or say what is right without them."""

from ccr.transformers.transformer import Switch, Text, Transformer


class Anthropic(Transformer, frozen=True):
    """The provider speaks Anthropic Messages: requests and answers pass as they are."""

    name = "Anthropic"
    UseBearer: Switch = False
    """Send the key as `Authorization: Bearer` instead of `x-api-key`."""


class OpenAi(Transformer, frozen=True):
    """Nothing: in the npm tool it opened an endpoint for other clients."""

    name = "OpenAI"


class Gemini(Transformer, frozen=True):
    """The provider speaks Gemini's own language."""

    name = "gemini"


class OpenAiResponses(Transformer, frozen=True):
    """The provider speaks OpenAI responses."""

    name = "openai-responses"


class StreamOptions(Transformer, frozen=True):
    """Nothing: usage is asked for with every stream."""

    name = "streamoptions"


class Cerebras(Transformer, frozen=True):
    """Nothing more than Cerebras' flags (`providers/catalogue.py`)."""

    name = "cerebras"


class VertexGemini(Transformer, frozen=True):
    """Gemini on Vertex AI."""

    name = "vertex-gemini"
    later = "requests to Vertex AI come with a later version"
    project: Text = ""
    location: Text = ""


class VertexClaude(Transformer, frozen=True):
    """Claude on Vertex AI."""

    name = "vertex-claude"
    later = "requests to Vertex AI come with a later version"
    project: Text = ""
    location: Text = ""


class VertexOpenAi(Transformer, frozen=True):
    """Models with an OpenAI chat endpoint on Vertex AI."""

    name = "vertex-openai"
    later = "requests to Vertex AI come with a later version"
    project: Text = ""
    location: Text = ""
    client_email: Text = ""
    private_key: Text = ""
