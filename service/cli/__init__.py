"""The command line: ``nextwise``. Each command is a thin shell around what models/ and service/ do."""

from service.cli.app import app, main

__all__ = ["app", "main"]
