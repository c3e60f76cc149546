"""Tool calls that a model wrote as text become tool calls.

A backend whose parser is missing, wrong or confused lets the model's own notation through as text. `TextCalls` finds
it, whatever family the model is of. To add a notation: a file with its reader and its heads, and a line in
`formats.py`.
"""

from ccr.transformers.text_calls.watcher import TextCalls

__all__ = ["TextCalls"]
