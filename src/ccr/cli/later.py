"""Words that users of the npm tool know and that come with a later version."""

import click

from ccr.cli.failure import Failure
from ccr.cli.verbatim import Verbatim


def not_yet(word: str, sentence: str) -> click.Command:
    def say(arguments: tuple[str, ...]) -> None:
        raise Failure(sentence)

    return Verbatim(word, callback=say)


ui = not_yet("ui", "The web page comes with a later version; until then edit config.json and run `ccr check`.")
statusline = not_yet("statusline", "`ccr statusline` is not available yet; it comes with a later version.")
model = not_yet("model", "`ccr model` is not available yet; set Router in config.json and run `ccr check`.")
preset = not_yet("preset", "`ccr preset` is not available yet; it comes with a later version.")
install = not_yet("install", "`ccr install` is not available yet; it comes with a later version.")
