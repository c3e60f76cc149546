"""The arguments of tool calls, mended as they stream, where nothing is lost and nothing guessed.

`mender.py` is the machine that reads the text of one call, `strings.py` what it knows of strings, `filter.py` its place
in the stream of events.
"""

from ccr.transformers.arguments.filter import Arguments
from ccr.transformers.arguments.mender import mend

__all__ = ["Arguments", "mend"]
