"""Ctrl-C: it is heard soon, whatever the program is in, and finds writes of several steps done or not begun."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

logger = logging.getLogger(__name__)

PATIENCE = 1.5  # seconds between Ctrl-C and what is done about one that was not heard
INTERRUPTED = 130  # the exit code

_writing = threading.Event()


@contextmanager
def held(what: str) -> Iterator[None]:
    """The first Ctrl-C inside is told and then ignored: the end is near, and done is better than half done. The second
    breaks off. In another thread than the main one, which alone hears Ctrl-C, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(*_: Any) -> None:
        signal.signal(signal.SIGINT, before)
        logger.warning("finishing first: %s (Ctrl-C again breaks it off)", what)

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, first)
    _writing.set()
    try:
        yield
    finally:
        _writing.clear()
        signal.signal(signal.SIGINT, before)


class _Ear:
    """What became of the last Ctrl-C: whether Python heard it, and whether all is over."""

    def __init__(self) -> None:
        self.heard, self.over = False, threading.Event()

    def hear(self, *_: Any) -> None:
        self.heard = True
        raise KeyboardInterrupt


@contextmanager
def prompt(last_words: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C inside is a KeyboardInterrupt, as ever; and where none comes of it, another, or the end of the process.

    Python hears a signal between two of its own instructions, and a compiled kernel may take minutes: then the process
    ends by itself, after ``last_words()``. And compilers lose a KeyboardInterrupt that meets them in a callback: then
    it is raised again. Only in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ear, (here, there) = _Ear(), socket.socketpair()
    there.setblocking(False)
    before = signal.signal(signal.SIGINT, ear.hear)
    fd = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(here, ear, last_words), daemon=True).start()
    try:
        yield
    finally:
        ear.over.set()
        signal.set_wakeup_fd(fd)
        signal.signal(signal.SIGINT, before)
        there.close()


def _watch(here: socket.socket, ear: _Ear, last_words: Callable[[], None]) -> None:
    with here:
        while number := here.recv(1):
            if number[0] != signal.SIGINT or ear.over.wait(PATIENCE) or _writing.is_set():
                continue
            if not ear.heard:
                last_words()
                os._exit(INTERRUPTED)
            ear.heard = False
            os.kill(os.getpid(), signal.SIGINT)
