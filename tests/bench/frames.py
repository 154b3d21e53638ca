"""What the fits are measured on: one row an answer, in order of time, and one skill each.

The skills of an answer are joined into one name, a combination being a skill of its own: so that every tool fits the
same thing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.real.sets import SETS

# Stand-ins of about the same size: students, skills, skills a student, answers on each.
SIZES = {"assist2009": (3_114, 149, 13, 7), "assist2015": (19_093, 100, 6, 6)}


@dataclass(frozen=True)
class Data:
    """``frame`` has student_id (whole numbers), skill_ids, correct."""

    name: str
    real: bool
    frame: pd.DataFrame

    @property
    def title(self) -> str:
        kind = "" if self.real else ", SIMULATED, of its size"
        skills, students = self.frame["skill_ids"].nunique(), self.frame["student_id"].nunique()
        return f"{self.name}{kind}: {len(self.frame):,} answers, {skills} skills, {students:,} students"


def load(name: str) -> Data:
    """The real set where it is present, else a simulated one of its size."""
    found = next(data for data in SETS if data.name == name)
    if not found.table.is_file():
        return Data(name, False, simulated(*SIZES[name], seed=0, names=True))
    table = pd.read_parquet(found.table)
    students = pd.factorize(table["student_id"])[0].astype(np.int64)
    joined = table["skill_ids"].str.replace(";", "+", regex=False)
    frame = pd.DataFrame({"student_id": students, "skill_ids": joined, "correct": table["correct"].astype(np.int64)})
    return Data(name, True, frame)


def simulated(students: int, skills: int, own: int, answers: int, *, seed: int, names: bool = False) -> pd.DataFrame:
    """BKT students, each on ``own`` skills in a run of ``answers`` each; skills as numbers, or as names."""
    rng = np.random.default_rng(seed)
    draw = rng.uniform(size=(4, skills))
    prior, learn, guess, slip = np.array([[0.1, 0.05, 0.1, 0.03]]).T + np.array([[0.6, 0.3, 0.2, 0.15]]).T * draw
    skill = ((rng.integers(skills, size=(students, 1)) + np.arange(own)) % skills).ravel()
    right = _answers(rng, answers, prior[skill], learn[skill], guess[skill], slip[skill])
    codes = np.repeat(skill, answers)
    column = pd.Series(np.array([f"skill {k}" for k in range(skills)], object)[codes], dtype="str") if names else codes
    student = np.repeat(np.arange(students), own * answers)
    return pd.DataFrame({"student_id": student, "skill_ids": column, "correct": right.ravel()})


def _answers(rng: np.random.Generator, answers: int, *params: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    prior, learn, guess, slip = params
    right = np.empty((len(prior), answers), np.int64)
    known = rng.random(len(prior)) < prior
    for turn in range(answers):
        right[:, turn] = rng.random(len(prior)) < np.where(known, 1 - slip, guess)
        known |= rng.random(len(prior)) < learn
    return right


def part(frame: pd.DataFrame, students: int) -> pd.DataFrame:
    """The answers of some students, evenly taken: a subset for tools that are slow."""
    chosen = np.linspace(0, frame["student_id"].max(), students).astype(np.int64)
    return frame[frame["student_id"].isin(chosen)].reset_index(drop=True)
