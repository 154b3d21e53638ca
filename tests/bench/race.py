"""One comparison of the bench of fits: our trainer and pyBKT in turn on the same frame, and who came closer."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from tests.bench import exact, frames, peers
from tests.bench.exact import Strings
from tests.bench.peers import Fitted, PyBKT

SHORT = 0.1  # nats that count as worse
HOPELESS = 3.0  # a setting of pyBKT that was so many times slower than its other one is not run again
SETTINGS = {"all cores": True, "one thread": False}


@dataclass
class Race:
    """Fits by name, in order of their seeds (0, 1, ...); ``faults`` by name."""

    fits: dict[str, list[Fitted]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        """From data frame to parameters; median."""
        return median(found.seconds for found in self.fits[name])

    def fit_seconds(self, name: str) -> float:
        return median(found.fit_seconds for found in self.fits[name])

    @property
    def peer(self) -> str | None:
        """pyBKT's faster setting."""
        peers_run = [name for name in self.fits if name != "ours"]
        return min(peers_run, key=self.seconds) if peers_run else None

    @property
    def ratio(self) -> float | None:
        return self.seconds(self.peer) / self.seconds("ours") if self.peer else None


def workers(stack: ExitStack, path: Path | None, warm: Path) -> dict[str, PyBKT]:
    """A process for each setting of ``parallel``, that has fitted something small."""
    found = {name: stack.enter_context(PyBKT(path, parallel)) for name, parallel in SETTINGS.items()}
    for worker in found.values():
        worker.fit(warm, forgets=True, fits=1)
    return found


def race(data: frames.Data, at: Path, pybkt: dict[str, PyBKT], forgets: bool, rounds: int) -> Race:
    """Ours, theirs, ours, theirs ...: what else the machine does meets both."""
    found = Race({"ours": []})
    running = dict(pybkt)
    for seed in range(rounds):
        for name, worker in list(running.items()):
            found.fits["ours"].append(peers.ours(data.frame, forgets=forgets, seed=seed))
            try:
                found.fits.setdefault(name, []).append(worker.fit(at, forgets=forgets, seed=seed))
            except peers.PyBKTFailed as fault:
                found.faults[name] = str(fault)
                found.fits.pop(name)
                running.pop(name)
        if not running:
            found.fits["ours"].append(peers.ours(data.frame, forgets=forgets, seed=seed))
        running = {name: worker for name, worker in running.items() if not _hopeless(found, name)}
    return found


def _hopeless(found: Race, name: str) -> bool:
    return found.peer is not None and found.seconds(name) > HOPELESS * found.seconds(found.peer)


def of_seed(found: Race, name: str, seed: int) -> Fitted:
    """The first fit made with this seed."""
    return next(fitted for fitted in found.fits[name] if fitted.seed == seed)


@dataclass(frozen=True)
class Optimum:
    """Log-likelihoods by skill, in one order; ``outside`` marks pyBKT parameters that our model cannot hold."""

    ours: exact.Floats
    theirs: exact.Floats
    outside: np.ndarray[tuple[int], np.dtype[np.bool_]]
    reference: exact.Floats | None

    @classmethod
    def of(cls, strings: dict[str, Strings], ours: Fitted, theirs: Fitted, best: dict[str, float] | None) -> Optimum:
        nowhere = np.full(5, np.nan)  # a skill that it left out
        other = [theirs.params.get(skill, nowhere) for skill in strings]
        return cls(
            np.array([exact.log_likelihood(of, ours.params[skill]) for skill, of in strings.items()]),
            np.array([exact.log_likelihood(of, p) for of, p in zip(strings.values(), other, strict=True)]),
            np.array([p[3] + p[4] > exact.ROOM or p[1] + p[2] > 1 for p in other]),
            np.array([best[skill] for skill in strings]) if best else None,
        )

    def lines(self) -> list[str]:
        """Who is short of whom; skills that pyBKT has no number for count apart."""
        worse = self.theirs - self.ours > SHORT
        short = self.ours - self.theirs > SHORT
        gain, loss = np.nansum((self.ours - self.theirs)[short]), np.nansum((self.theirs - self.ours)[worse])
        said = [
            f"ours worse than pyBKT by more than {SHORT} nat on {worse.sum()} of {len(worse)} skills ({loss:.1f} nats; "
            f"{(worse & self.outside).sum()} where pyBKT has what ours forbids: guess + slip > {exact.ROOM}, "
            "or learns + forgets > 1)",
            f"pyBKT worse than ours by more than {SHORT} nat on {short.sum()} skills ({gain:.1f} nats); "
            f"NaN on {np.isnan(self.theirs).sum()}; such forbidden values on {self.outside.sum()}",
        ]
        if self.reference is not None:
            best = np.fmax(self.reference, self.ours)
            said += [_against(name, best - own) for name, own in (("ours", self.ours), ("pyBKT", self.theirs))]
            said.append(_against("the reference itself", best - self.reference))
        return said


def _against(name: str, gap: exact.Floats) -> str:
    return (
        f"{name}: {100 * np.mean(gap <= SHORT):.1f} % of skills within {SHORT} nat of the best known, "
        f"{np.nansum(np.maximum(gap, 0)):.1f} nats short in all"
    )


def verdicts_that_differ(strings: dict[str, Strings], one: Fitted, other: Fitted) -> float:
    """Share of student-skill pairs that one seed calls mastered at the end and the other does not."""
    differ, pairs = 0.0, 0.0
    for skill, of in strings.items():
        pairs += of.weight.sum()
        if skill in one.params and skill in other.params:
            differ += of.weight[exact.mastered(of, one.params[skill]) != exact.mastered(of, other.params[skill])].sum()
    return differ / pairs


def skill_of_size(data: frames.Data, answers: int) -> frames.Data:
    """The one skill of about so many answers: what a slow tool is measured on."""
    counts = data.frame["skill_ids"].value_counts()
    name = (counts - answers).abs().idxmin()
    return frames.Data(data.name, data.real, data.frame[data.frame["skill_ids"] == name].reset_index(drop=True))


def busy() -> str:
    """What else the machine is doing, as far as its load tells."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
