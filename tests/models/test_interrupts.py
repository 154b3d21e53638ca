"""Ctrl-C: heard soon, and never in the midst of a write."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
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
FORGETFUL = """
import time
from models.interrupts import prompt
with prompt(lambda: print("last words", flush=True)):
    print("ready", flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt:  # as a compiler's callback does
        print("lost", flush=True)
    time.sleep(60)
"""


def _interrupted(code: str) -> tuple[int, str, float]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.2)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out.decode(), time.monotonic() - began


def test_what_does_not_hear_ends_after_last_words() -> None:
    code, out, seconds = _interrupted(DEAF)
    assert (code, out) == (INTERRUPTED, "last words\n")
    assert seconds < 5


def test_a_lost_interrupt_is_raised_again() -> None:
    code, out, seconds = _interrupted(FORGETFUL)
    assert code in (1, -signal.SIGINT)  # Python's own end by KeyboardInterrupt
    assert out == "lost\n"
    assert seconds < 5


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


def test_a_held_interrupt_is_no_deaf_one() -> None:
    with prompt(lambda: None), held("a test that takes its time"):
        signal.raise_signal(signal.SIGINT)
        time.sleep(2)


def test_an_interrupt_inside_is_one_outside() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), prompt(lambda: None):
        signal.raise_signal(signal.SIGINT)
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
