"""``nextwise simulate``: policies teach simulated students, and are compared."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.common import progress, say

if TYPE_CHECKING:
    from engine.policies.policy import Policy
    from models.trials.figures import Figures


def add_to(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    students: Annotated[
        str, typer.Option(help="bkt, pfa, forgetting, wheel-spinning, or your own as package.module:Name.")
    ] = "bkt",
    policy: Annotated[str, typer.Option(help="Policies with commas: names, or JSON files; or 'all'.")] = "default",
    worlds: Annotated[int, typer.Option(min=1, help="How many worlds.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures into this file.")] = None,
    per_world: Annotated[int, typer.Option("--per-world", min=2, help="Students in a world.")] = 50,
    missing: Annotated[float, typer.Option(min=0, max=1, help="Share of prerequisites the catalog lacks.")] = 0.0,
    false: Annotated[float, typer.Option(min=0, max=1, help="Share of prerequisites it makes up.")] = 0.0,
    logs: Annotated[int, typer.Option(min=1, help="Students whose answers the engine learns a world from.")] = 500,
    exploration: Annotated[float | None, typer.Option(min=0, max=1, help="Exploration floor of every policy.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Cores to work on. Default: all.")] = None,
) -> None:
    """Let policies teach simulated students, and compare what these truly learn.

    Every policy meets the same students with the same luck, in worlds of 100 skills and 2,000 items, for 150 items a
    student. The engine knows of a world what logs of other students tell. An omniscient planner is the yardstick.
    """
    from engine.policies.policy import shipped
    from models.trials.figures import summarise
    from models.trials.many import family_of, run_many
    from models.trials.trial import Setting

    family_of(students)
    chosen = _chosen(policy, shipped())
    if exploration is not None:
        chosen = {name: replace(one, exploration=exploration) for name, one in chosen.items()}
    setting = Setting(replace(Setting().plan, missing=missing, false=false), per_world, logs)
    began, cores = time.perf_counter(), jobs or min(worlds, os.cpu_count() or 1)
    with progress("simulating") as told:
        found = run_many(students, chosen, setting, worlds, seed, cores, lambda done, of: told(done, of, "worlds"))
    figures = summarise(found, seed)
    about = {"students": students, "worlds": worlds, "seed": seed, "setting": asdict(setting)}
    result = {**about, "seconds": time.perf_counter() - began, "policies": {n: asdict(f) for n, f in figures.items()}}
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(_table(figures))
    say(f"{students}: {worlds} worlds, {per_world} students each, {result['seconds']:.0f} s")


def _chosen(names: str, known: Mapping[str, Policy]) -> dict[str, Policy]:
    """Policies by name, and those that stand in files by the name that they give themselves."""
    wanted = list(known) if names == "all" else [name.strip() for name in names.split(",")]
    found = {}
    for name in wanted:
        if name not in known and not Path(name).is_file():
            raise ValueError(f"no policy is called {name!r}; there are {', '.join(known)}, all, or name a file")
        one = known[name] if name in known else _own(Path(name))
        found[one.name] = one
    return found


def _own(file: Path) -> Policy:
    """A policy from a file. One of the served rule is held to what the service asks of it."""
    from engine.policies.policy import Policy
    from service.policies import RULE, parse

    text = file.read_bytes()
    try:
        own = Policy(**{"rule": RULE} | json.loads(text))
    except (json.JSONDecodeError, TypeError) as fault:
        raise ValueError(f"{file} is no policy (an object with name, version, rule, settings): {fault}") from None
    if own.rule == RULE:
        own = replace(own, exploration=parse(text, str(file)).exploration)
    return own


def _table(figures: dict[str, Figures]) -> str:
    lines = [f"{'policy':18}{'gain':>7}{'95 % interval':>16}{'of omniscient':>15}{'worst tenth':>13}{'wasted':>8}"]
    for name, of in sorted(figures.items(), key=lambda pair: -pair[1].gain):
        share = "-" if of.share_of_omniscient is None else f"{of.share_of_omniscient:.1f} %"
        span = f"{of.interval[0]:.2f} - {of.interval[1]:.2f}"
        lines.append(f"{name:18}{of.gain:7.2f}{span:>16}{share:>15}{of.worst_tenth:13.2f}{100 * of.wasted:6.0f} %")
    return "\n".join(lines)
