"""The same work on many pieces: on this machine's cores, or on any executor of the ``concurrent.futures`` interface.

Threads by default: the kernels are compiled and let go of the interpreter, so threads cost nothing to start and share
the answers. Results come in the order of the work, whatever finished first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any, Protocol, TypeVar

Work = TypeVar("Work")
Done = TypeVar("Done")
Progress = Callable[[int, int, str], None]


class Executor(Protocol):
    """What is asked of an executor; those of the standard library and ``dask.distributed.Client.get_executor()``."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any: ...


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fan_out(
    task: Callable[[Work], Done],
    work: Sequence[Work],
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    done: Callable[[int], None] | None = None,
) -> list[Done]:
    """``[task(piece) for piece in work]``, by ``jobs`` threads (default: a thread a core) or by an executor.

    ``done(index)`` is called as pieces finish. A fault in a piece, or an interrupt, drops what has not begun.
    """
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}; it must be at least 1")
    if executor is not None:
        return _gathered([executor.submit(task, piece) for piece in work], done)
    workers = min(jobs or cores(), len(work))
    if workers <= 1:
        return [_one(task, piece, index, done) for index, piece in enumerate(work)]
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fit")
    try:
        return _gathered([pool.submit(task, piece) for piece in work], done)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one(task: Callable[[Work], Done], piece: Work, index: int, done: Callable[[int], None] | None) -> Done:
    result = task(piece)
    if done:
        done(index)
    return result


def _gathered(futures: Sequence[Future[Done]], done: Callable[[int], None] | None) -> list[Done]:
    try:
        if done:
            place = {future: index for index, future in enumerate(futures)}
            for future in _as_completed(futures):
                future.result()
                done(place[future])
        return [future.result() for future in futures]
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _as_completed(futures: Sequence[Future[Done]]) -> Iterable[Future[Done]]:
    """Dask's futures are no ``concurrent.futures`` ones unless made by its executor: both have ``result``."""
    return as_completed(futures) if all(isinstance(future, Future) for future in futures) else futures
