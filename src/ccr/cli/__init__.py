"""The command line: one file per command, loaded when its word is typed."""

__all__ = ["main"]


def main() -> None:
    """The entry point `ccr`. Does not return: ends the process with the exit code."""
    from ccr.cli.app import run

    run()
