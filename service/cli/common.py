"""What the commands share: settings, the registry, progress on standard error, results on standard output."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.errors import Problem
from service.settings import Settings
from service.store import open_store
from service.store.base import Store

if TYPE_CHECKING:
    from models.registry import Registry

T = TypeVar("T")

err = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", "-c", metavar="OURS=THEIRS", help="What a column is called in the file. Repeatable."),
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Cores to work on. Default: all.")]
Cluster = Annotated[
    str | None, typer.Option(metavar="tcp://HOST:PORT", help="Let the workers of this Dask scheduler fit.")
]


def settings() -> Settings:
    """The settings of the environment; a fault names the variable."""
    try:
        return Settings()
    except ValidationError as fault:
        told = "; ".join(f"NEXTWISE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in fault.errors())
        raise ValueError(f"settings: {told}") from None


def registry(config: Settings) -> Registry:
    """MLflow, which takes seconds to load: only where a command needs it."""
    from models.registry import Registry

    config.data.mkdir(parents=True, exist_ok=True)
    return Registry(config.mlflow_url, config.data / "mlartifacts")


@asynccontextmanager
async def opened(config: Settings) -> AsyncIterator[Store]:
    """The store of the settings."""
    config.data.mkdir(parents=True, exist_ok=True)
    store = await open_store(config.store_url)
    try:
        yield store
    finally:
        await store.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def say(text: str) -> None:
    """What the command is doing: to standard error, so that a script's output stays clean."""
    err.print(text, markup=False, soft_wrap=True)


def complain(fault: Exception) -> None:
    """One message that says what was wrong and how to mend it."""
    text = str(fault)
    if isinstance(fault, Problem):
        text = "\n".join([f"{fault.title}. {fault.detail}", *(map(_line, fault.extra.get("errors", ()))), fault.mend])
    err.print("error:", text.strip() or repr(fault), style="red", markup=False, soft_wrap=True)


def _line(error: Any) -> str:
    return "  " + (
        ": ".join(str(value) for value in error.values() if value) if isinstance(error, dict) else str(error)
    )


def result(value: Any, as_json: bool, text: str) -> None:
    """The command's result on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str) if as_json else text)


@contextmanager
def progress(text: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar for long work, as ``progress(done, total, what)``; only a last line where nobody watches."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=err
    )
    with bar:
        task = bar.add_task(text, total=None)

        def told(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{text} {what}"[:60])

        yield told


@contextmanager
def working(jobs: int | None, address: str | None) -> Iterator[None]:
    """Whatever fans out inside does so on so many cores, or on a cluster; the result is the same. Ctrl-C ends it."""
    from models import compiling, fanout, interrupts

    def last_words() -> None:
        err.show_cursor()
        say("interrupted")

    with ExitStack() as stack:
        stack.enter_context(interrupts.prompt(last_words))
        stack.enter_context(compiling.told(lambda: say("compiling the kernels: some seconds, once on this machine")))
        executor = stack.enter_context(fanout.cluster(address)) if address else None
        with fanout.working(jobs or fanout.cores(), executor):
            yield


def mapping(pairs: list[str] | None) -> dict[str, str]:
    """``OURS=THEIRS`` options as a mapping."""
    found = {}
    for pair in pairs or ():
        ours, sign, theirs = pair.partition("=")
        if not (ours and sign and theirs):
            raise typer.BadParameter(f"{pair!r} is not OURS=THEIRS, as in student_id=user", param_hint="--column")
        found[ours] = theirs
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as aligned columns.

    >>> print(table([{"version": "1", "auc": 0.71}, {"version": "12", "auc": None}]))
    version  auc
    1        0.71
    12       -
    """
    if not rows:
        return "(none)"
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(cells[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
