"""Ctrl-C: heard soon, and never in the midst of a write."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.interrupts import INTERRUPTED, held, prompt

ROOT = Path(__file__).parents[2]

# Each prints "ready", is sent SIGINT, and would go on for a minute.
DEAF = """
import numpy as np
from numba import njit
from models.interrupts import prompt

@njit(nogil=True)
def spin(n):
    total = 0.0
    for i in range(n):
        total += np.sin(total + i)
    return total

spin(1)
with prompt(lambda: print("last words", flush=True)):
    print("ready", flush=True)
    spin(10**11)
"""
WRITING = """
import time
from models.interrupts import held, prompt
with prompt(lambda: print("last words", flush=True)):
    with held("a test"):
        print("ready", flush=True)
        time.sleep(4)
        print("written", flush=True)
    print("end", flush=True)
"""


def _interrupted(code: str, times: int = 1) -> tuple[int, str]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    for _ in range(times):
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out.decode()


def test_a_compiled_kernel_does_not_keep_it_waiting() -> None:
    assert _interrupted(DEAF) == (INTERRUPTED, "last words\n")  # the kernel alone would take an hour


@pytest.mark.parametrize(
    ("times", "ended"), [(1, (0, "written\nend\n")), (2, (INTERRUPTED, "last words\n"))], ids=["once", "twice"]
)
def test_a_write_is_finished_unless_it_comes_again(times: int, ended: tuple[int, str]) -> None:
    assert _interrupted(WRITING, times) == ended


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is heard, also where whoever started the tests ignores it, as a shell does of what runs behind it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_the_first_waits_for_the_write_and_the_second_does_not(caplog: pytest.LogCaptureFixture) -> None:
    before = signal.getsignal(signal.SIGINT)
    done = []
    with held("a test"):
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
    assert done
    assert "finishing first: a test" in caplog.text
    with held("a test"):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_was_heard_before_is_heard_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with prompt(lambda: None), held("nothing"):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_are_left_alone() -> None:
    found = []

    def work() -> None:
        with prompt(lambda: None), held("nothing"):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]
