"""`reasoning`: thinking switched on and off in the words of DashScope, ModelScope, Volcengine and Z.ai."""

from ccr.transformers.body import Body
from ccr.transformers.transformer import Asked, Switch, Transformer


class Reasoning(Transformer, frozen=True):
    """Says `thinking: {type}` and `enable_thinking`, as the client wishes; `enable: false` switches thinking off."""

    name = "reasoning"
    enable: Switch = True

    def on_request(self, body: Body, asked: Asked) -> None:
        if not self.enable:
            body.set("thinking", {"type": "disabled"})

    def on_outbound(self, body: Body, asked: Asked) -> None:
        thinking = asked.request.thinking
        if asked.dialect != "openai-chat" or thinking is None:
            return
        off = thinking.type == "disabled"
        if "thinking" not in body:  # else the provider's flags know the word better
            body.set("thinking", {"type": "disabled" if off else "enabled"})
        # DashScope refuses it without streaming (alibabacloud.com/help/en/model-studio/deep-thinking).
        if "enable_thinking" not in body and (off or asked.request.stream):
            body.set("enable_thinking", not off)
        if off:
            body.remove("reasoning_effort")  # DeepSeek refuses the two together
