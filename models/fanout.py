"""The same work on many pieces: on this machine's cores, or on any executor of the ``concurrent.futures`` interface.

Threads by default: the kernels are compiled and let go of the interpreter, so threads cost nothing to start and share
the answers. Work in pure Python gets processes, where they are asked for. Results come in the order of the work,
whatever finished first.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

Work = TypeVar("Work")
Done = TypeVar("Done")
Progress = Callable[[int, int, str], None]


class Executor(Protocol):
    """What is asked of an executor; those of the standard library and ``dask.distributed.Client.get_executor()``."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future[Any]: ...


_default: ContextVar[tuple[int | None, Executor | None]] = ContextVar("fan_out", default=(None, None))


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def working(jobs: int | None = None, executor: Executor | None = None) -> Iterator[None]:
    """Whoever fans out inside without saying how, does it so: who does the work is the caller's matter."""
    before = _default.set((jobs, executor))
    try:
        yield
    finally:
        _default.reset(before)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The executor of a Dask cluster, by its scheduler's address (``tcp://host:port``). Its machines need this package.

    A piece whose worker dies is done again by another. Raises ValueError where Dask is not installed, OSError where
    nobody answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("a cluster needs Dask: pip install 'nextwise[cluster]'") from None
    with Client(address, timeout=10, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        yield client.get_executor()


def fan_out(
    task: Callable[[Work], Done],
    work: Sequence[Work],
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    done: Callable[[int], None] | None = None,
    compiled: bool = True,
) -> list[Done]:
    """``[task(piece) for piece in work]``, by ``jobs`` threads (default: a thread a core) or by an executor.

    A task that is not ``compiled`` holds the interpreter: it gets processes, and none by default. ``done(index)`` is
    called as pieces finish. A fault in a piece, or an interrupt, drops what has not begun.
    """
    if jobs is None and executor is None:
        jobs, executor = _default.get()
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}; it must be at least 1")
    if executor is not None:
        return _gathered(executor, task, work, done)
    if compiled:
        return _by_threads(min(jobs or cores(), max(1, len(work))), task, work, done)
    workers = min(jobs or 1, len(work))
    if workers > 1:
        return _by_processes(workers, task, work, done)
    return [_one(task, piece, index, done) for index, piece in enumerate(work)]


def _one(task: Callable[[Work], Done], piece: Work, index: int, done: Callable[[int], None] | None) -> Done:
    result = task(piece)
    if done:
        done(index)
    return result


def _by_threads(
    workers: int, task: Callable[[Work], Done], work: Sequence[Work], done: Callable[[int], None] | None
) -> list[Done]:
    """Even one piece has a thread of its own: the main one hears Ctrl-C, which compiled code does not."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fit")
    try:
        return _gathered(pool, task, work, done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _by_processes(
    workers: int, task: Callable[[Work], Done], work: Sequence[Work], done: Callable[[int], None] | None
) -> list[Done]:
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        # A pool that lost its processes fails what is pending, and Python 3.11 trips over what was cancelled before.
        return _gathered(pool, task, work, done, cancels=False)
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.kill()  # it may be in a piece of minutes
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """In a new process: the one that started it hears Ctrl-C, and ends it; it does not outlive that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _gathered(
    executor: Executor,
    task: Callable[[Work], Done],
    work: Sequence[Work],
    done: Callable[[int], None] | None,
    cancels: bool = True,
) -> list[Done]:
    futures: list[Future[Done]] = []
    try:
        futures.extend(executor.submit(task, piece) for piece in work)
        place = {future: index for index, future in enumerate(futures)}
        for future in as_completed(futures):
            future.result()
            if done:
                done(place[future])
        return [future.result() for future in futures]
    except BaseException:
        for future in futures if cancels else ():
            future.cancel()
        raise
