"""Measure the report pages: time, weight, and what moves while they load.

    python -m tests.bench.reports [--rounds 10] [--no-browser]

A school of 1,000 students in classes of about 30, on 60 skills; one class has 1,000 responses a student, the others 60.
A real server on the embedded store is asked over HTTP by one client. *Stale* is the first look after another model was
published, when nothing that was worked out before holds any more; *warm* is every look after it. Weight is what a
browser fetches at first load, compressed as the server sends it. Shifts are what its PerformanceObserver counts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Request

from engine import bundle
from engine.catalog import Catalog, Item, Prerequisite, Skill, build, to_json
from engine.mastery_model import MasteryModel, unlearnt
from engine.responses import Response, pack
from service.reports.links import class_url, pooled_url, student_url, url
from service.roster import Class, Enrolment, Person, Rosters, School
from service.roster.roster import made
from service.store import open_store
from service.store.base import NewResponse, Store, Write
from tests.bench.serve import OURS, served, spent
from tests.service.reports.browser import chromium, chromium_path

SKILLS, ITEMS, STUDENTS, SIZE = 60, 1_200, 1_000, 30
LONG, SHORT = 1_000, 60  # responses of a student: of the class that is looked at, of the others
DAY_MS = 86_400_000
SHIFTS = """
  new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; })
      .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 500);
  })
"""


def catalog() -> Catalog:
    skills = [Skill(f"skill-{n}", f"Skill number {n}") for n in range(SKILLS)]
    items = [Item(f"item-{n}", (f"skill-{n % SKILLS}",), f"Exercise {n}") for n in range(ITEMS)]
    return build(skills, items, [Prerequisite(f"skill-{n}", f"skill-{n + 1}") for n in range(0, SKILLS - 1, 2)])[0]


def model(version: int) -> MasteryModel:
    """A mastery model that knows every item; another version is another model, and makes what was kept stale."""
    offsets = np.zeros((ITEMS, 2))
    offsets[:, 0] = np.random.default_rng(0).normal(0, 0.7, ITEMS)
    names, means = tuple(item.id for item in catalog().items), np.full(ITEMS + 1, 0.7)
    return replace(unlearnt(), items=names, offsets=offsets, item_means=means, version=str(version))


def classes() -> dict[str, list[str]]:
    """Students by class."""
    found: dict[str, list[str]] = {}
    for n in range(STUDENTS):
        found.setdefault(f"class-{n // SIZE}", []).append(f"student-{n}")
    return found


def history(student: str, length: int, now: int) -> Iterator[NewResponse]:
    """Answers over some months, in sessions of about ten on a few skills; some students are weak."""
    rng = np.random.default_rng(abs(hash(student)) % 2**32)
    days = np.sort(rng.uniform(0.1, 120, max(1, length // 10)))[::-1]
    weak = rng.uniform(0.35, 0.9)
    for n in range(length):
        session = min(n // 10, len(days) - 1)
        at = int(now - days[session] * DAY_MS + 60_000 * (n % 10))
        skill = (session // 3 + int(rng.integers(3))) % SKILLS
        item = f"item-{skill + SKILLS * int(rng.integers(ITEMS // SKILLS))}"
        yield NewResponse(
            pack(Response(f"{student}-{n}", student, item, float(rng.random() < weak), at, 0)), b"{}", None
        )


async def fill(url: str) -> None:
    """The catalog, the roster, a first model, and the responses."""
    store, now = await open_store(url), int(time.time() * 1000)
    await store.publish("catalog", catalog().version, to_json(catalog()).encode())
    await publish(store, 1)
    people = [Person(f"student-{n}", f"Student Number {n}") for n in range(STUDENTS)]
    groups = [Class(one, one.replace("-", " ").title(), "hill") for one in classes()]
    enrolments = [Enrolment(one, who, "student") for one, members in classes().items() for who in members]
    await Rosters(store, lambda: now).publish(made(people, [], [School("hill", "Hill School")], groups, enrolments))
    for one, members in classes().items():
        length = LONG if one == "class-0" else SHORT
        await store.record([Write(who, list(history(who, length, now))) for who in members], b"")
    await store.close()


async def publish(store: Store, version: int) -> None:
    await store.publish("model", str(version), bundle.dump(model(version)))


async def newer(url: str, version: int) -> None:
    store = await open_store(url)
    await publish(store, version)
    await store.close()


def fetch(port: int, address: str, accept: str = "text/html") -> tuple[float, int]:
    """Seconds until the whole page was there, and its bytes on the way."""
    headers = {"Accept-Encoding": "gzip", "Accept": accept}
    request, began = urllib.request.Request(f"http://127.0.0.1:{port}{address}", headers=headers), time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:
        size = len(answer.read())
    return time.perf_counter() - began, size


def timed(name: str, port: int, pid: int, url: str, address: str, rounds: int, limits: tuple[float, float]) -> None:
    """Print how long a page takes, stale and warm, in the client's seconds and in the server's CPU."""
    version, stale, warm, cpu = int(time.time()), [], [], {"stale": 0.0, "warm": 0.0}
    fetch(port, address)
    for n in range(rounds):
        asyncio.run(newer(url, version + n))
        before = spent(pid)
        stale.append(fetch(port, address)[0])
        between = spent(pid)
        warm += [fetch(port, address)[0] for _ in range(5)]
        cpu["stale"] += between - before
        cpu["warm"] += spent(pid) - between
    told = f"stale {1000 * median(stale):4.0f} ms (at most {1000 * limits[0]:.0f})"
    told += f"   warm {1000 * median(warm):4.0f} ms (at most {1000 * limits[1]:.0f})"
    told += f"   CPU {1000 * cpu['stale'] / len(stale):4.0f} and {1000 * cpu['warm'] / len(warm):4.0f} ms"
    print(f"{name:28} {told}   best {1000 * min(stale):4.0f} and {1000 * min(warm):4.0f} ms")


def looked_at(port: int, addresses: dict[str, str]) -> None:
    """Weight of a first load, and layout shift, in a real browser."""
    with chromium() as browser:
        for name, address in addresses.items():
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            asked: list[Request] = []
            page.on("requestfinished", partial(list.append, asked))
            page.goto(f"http://127.0.0.1:{port}{address}", wait_until="networkidle")
            sizes = [one.sizes()["responseBodySize"] for one in asked]
            shift = page.evaluate(SHIFTS)
            told = f"{sum(sizes) / 1024:5.1f} KB in {len(sizes)} requests (at most 150)"
            print(f"{name:28} first load {told}   layout shift {shift:.4f} (must be 0)")
            page.context.close()


def main() -> None:
    """Run all of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--browser", action=argparse.BooleanOptionalAction, default=True)
    given = options.parse_args()
    grid, student = class_url("class-0"), student_url("student-0")
    pages = {
        "a class of 30": grid,
        "a skill": url("skills", "class-0", skill="skill-1"),
        "groups": url("groups", "class-0"),
        "items": url("items", "class-0"),
        "items of all classes": pooled_url(),
        "recommendations": url("recommendations", "class-0"),
        "a student": student,
        "for parents": url("parents", "student-0"),
        "all classes": "/reports",
        "the overview": "/reports/overview",
    }
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/store.db"
        asyncio.run(fill(store))
        with served(OURS, store, Path(folder)) as (port, pid, _):
            print(f"{STUDENTS:,} students, {SKILLS} skills; load of this machine {os.getloadavg()[0]:.1f}")
            timed("a class of 30, 1,000 each", port, pid, store, grid, given.rounds, (0.4, 0.1))
            timed("the school's overview", port, pid, store, "/reports/overview", given.rounds, (1.0, 1.0))
            timed("items of all classes", port, pid, store, pooled_url(), given.rounds, (2.0, 2.0))
            timed("all classes", port, pid, store, "/reports", given.rounds, (1.0, 1.0))
            timed("a student, 1,000 responses", port, pid, store, student, given.rounds, (0.4, 0.4))
            if given.browser and chromium_path():
                looked_at(port, pages)


if __name__ == "__main__":
    main()
