"""`extrathinktag`: more than the tags that are always read (`think_tags.py`), for models that need it."""

from ccr.transformers.filter import Filter
from ccr.transformers.think_tags import ALL_TAGS, ThinkTags
from ccr.transformers.transformer import Asked, Switch, Transformer


class ExtraThinkTag(Transformer, frozen=True):
    """Reads `<thinking>`, `<reasoning>` and `<reason>` too; `opened` where the chat template writes the opening tag."""

    name = "extrathinktag"
    opened: Switch = False
    """The answer begins inside the thought: everything up to `</think>` is thinking."""

    def filter(self, asked: Asked) -> Filter | None:
        thinking = asked.request.thinking
        # Templates of models that can do without write no opening tag then.
        is_off = thinking is not None and thinking.type == "disabled"
        return ThinkTags(asked.signature, ALL_TAGS, opened=self.opened and not is_off)
