"""Ctrl-C: it is heard at once, whatever a program is in, and finds writes of several steps done or not begun."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from typing import Any

logger = logging.getLogger(__name__)

INTERRUPTED = 130  # the exit code


class _Write:
    """What is being written, and whether a Ctrl-C already waits for its end."""

    what: str | None = None
    awaited = False

    def waits(self) -> bool:
        """The first Ctrl-C waits: the end is near, and done is better than half done. The second breaks off."""
        if self.what is None or self.awaited:
            return False
        self.awaited = True
        logger.warning("finishing first: %s (Ctrl-C again breaks it off)", self.what)
        return True


_write = _Write()


@contextmanager
def held(what: str) -> Iterator[None]:
    """The first Ctrl-C inside is told and then ignored, the second breaks off. In another thread than the main one,
    which alone hears Ctrl-C, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def heard(number: int, frame: Any) -> None:
        if callable(before) and not _write.waits():
            before(number, frame)

    _write.what, _write.awaited = what, False
    if before is not _left_to_the_watcher:
        signal.signal(signal.SIGINT, heard)
    try:
        yield
    finally:
        _write.what = None
        signal.signal(signal.SIGINT, before)


@contextmanager
def prompt(last_words: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C inside ends the process at once, after ``last_words()``; only in the main thread.

    Not by a KeyboardInterrupt: Python raises that between two of its own instructions, so that a compiled kernel of
    minutes does not hear it, and a compiler's callback loses it or dies of it. A thread of its own hears the signal.
    Where other processes are at work, this one only waits for them: it gets its KeyboardInterrupt, and ends them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    here, there = socket.socketpair()
    there.setblocking(False)
    before = signal.signal(signal.SIGINT, _left_to_the_watcher)
    fd = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(here, last_words), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(fd)
        signal.signal(signal.SIGINT, before)
        there.close()


def _left_to_the_watcher(*_: Any) -> None:
    if active_children():
        raise KeyboardInterrupt


def _watch(here: socket.socket, last_words: Callable[[], None]) -> None:
    with here:
        while number := here.recv(1):
            if number[0] == signal.SIGINT and not active_children() and not _write.waits():
                last_words()
                os._exit(INTERRUPTED)
