"""The command line: `arena COMMAND`, one command a file."""

from arena.cli.main import main

__all__ = ["main"]
