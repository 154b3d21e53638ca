"""The commands, put together; and what every fault looks like to the person at the keyboard."""

from __future__ import annotations

import os
import sys
import threading
from typing import NoReturn

import typer

from engine import __version__
from engine.catalog import CatalogError
from engine.model import ModelError
from models.interrupts import INTERRUPTED
from models.log import DataError
from models.registry import RegistryError
from service.cli import (
    access,
    catalog,
    data,
    deciding,
    demo,
    exchange,
    learning,
    planning,
    registry,
    roster,
    serving,
    simulating,
)
from service.cli.common import complain, say
from service.errors import Problem
from service.store.base import StoreUnavailable

app = typer.Typer(
    help="An adaptive learning engine: mastery tracing, next items, reports.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
serving.add_to(app)
demo.add_to(app)
learning.add_to(app)
data.add_to(app)
planning.add_to(app)
simulating.add_to(app)
app.add_typer(access.app, name="access")
exchange.add_to(registry.app)
app.add_typer(registry.app, name="models")
app.add_typer(catalog.app, name="catalog")
app.add_typer(roster.app, name="roster")
app.add_typer(data.responses, name="responses")
app.add_typer(deciding.decisions, name="decisions")
app.add_typer(deciding.policies, name="policies")


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Settings come from environment variables that begin with NEXTWISE_ (docs/operating.md lists them)."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


EXPECTED = (Problem, CatalogError, DataError, ModelError, RegistryError, StoreUnavailable, OSError, ValueError)


def main() -> None:
    """Exit codes: 0 done, 1 could not be done (one message says why), 2 asked for wrongly, 130 interrupted."""
    try:
        app()
    except EXPECTED as fault:
        complain(fault)
        sys.exit(1)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as left:
        if left.code == INTERRUPTED:  # typer's answer to Ctrl-C
            _interrupted()
        raise


def _interrupted() -> NoReturn:
    say("interrupted")
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        # A thread in compiled code cannot be stopped, and the interpreter would wait for it: all else is closed by now.
        sys.stdout.flush()
        os._exit(INTERRUPTED)
    sys.exit(INTERRUPTED)
