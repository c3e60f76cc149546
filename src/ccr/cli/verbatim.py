import click


class Verbatim(click.Command):
    """A command that gets every argument as it was typed, as the parameter `arguments`: no option is click's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["arguments"] = tuple(args)
        return []
