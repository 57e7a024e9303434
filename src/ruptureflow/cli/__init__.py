"""The command `ruptureflow`: describe a wave folder, check a wave."""

from ruptureflow.cli.commands import main

__all__ = ["main"]
