"""What our rule believes of a student: BKT on a grid of ability and pace, a graph that carries evidence, and memory.

A student's ability theta and pace rho lie on a grid of G points with weights w. Given a point, every skill k has two
probabilities: x_k, that it is known if its prerequisites are, and y_k, that it is known if they are not.

    known       P_k = x_k R_k + y_k (1 - R_k),   R_k = prod of its prerequisites' P
    memory      x_k, y_k <- x_k keep^steps, y_k keep^steps since k was last practised; keep = 1: nothing is lost
    predict     P(right) = u + (h - u) J,   J = prod of P_k over the item's skills;   u, h: guess and 1 - slip, moved
                by the item's difficulty
    evidence    Bayes for x and y of the item's skills and of all that they build on, by the likelihood of the answer
                where each is known and where it is not: a right one speaks for all, a wrong one against the
                doubtful. What builds on them follows, since its P is made of theirs.
    learn       x_k <- x_k + (1 - x_k) learn_k(theta, rho),   y_k <- y_k + (1 - y_k) learn_k(theta, rho) unready;
                what builds on k is not known because k was learnt now: its P stays, and its x is mixed with y

and w is multiplied by P(s) and normalised. "By designing for the average we are designing for none": individual
parameters after Yudelson et al. 2013 and Lee & Brunskill 2012; prerequisites as a leaky and-gate (Pearl 1988), its
messages passed once along the graph. Exact where every skill builds on one at most and none is learnt; else close.

``course.traits`` has, all fitted from logs:

    ability   logits of the prior, and ``pace_of_ability`` log units of the learning rate, per standard deviation
    pace      standard deviation of the log learning rate among students of the same ability
    unready   share of the learning rate that is left where prerequisites are not known
    forget    P(lost) in a step
    share     share of its learning rate at which an item with several skills teaches each
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.model import GUESS, LEARN, PRIOR, SLIP
from engine.policies.course import Course
from engine.policies.filtering import TINY, Graph, closures, note_all

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TRAITS = {
    "ability": 0.0,
    "pace_of_ability": 0.0,
    "pace": 0.0,
    "unready": 1.0,
    "forget": 0.0,
    "share": 1.0,
}
MOST_LEARN = 0.8


class Belief:
    """S students of one course. ``held`` [S, 2, G, K] is x and y as of step ``touched`` [S, K]; ``weight`` [S, G].

    ``step`` counts answers: all students take one at a time.
    """

    def __init__(self, course: Course, students: int, points: tuple[int, int] = (5, 3)) -> None:
        traits = {**TRAITS, **course.traits}
        theta, pace, weight = grid(*points)
        params, shift = course.params if course.informed is None else course.informed, traits["ability"] * theta
        ready, unready = params[:, PRIOR], params[:, PRIOR] if course.unready_prior is None else course.unready_prior
        self.course, self.step = course, 0
        self.learn = rates(params[:, LEARN], theta * traits["pace_of_ability"] + pace * traits["pace"])
        self.held = np.tile(np.stack([_on_odds(ready, shift), _on_odds(unready, shift)]), (students, 1, 1, 1))
        self.weight = np.tile(weight, (students, 1))
        self.touched = np.zeros((students, len(params)), np.int64)
        self.unready, self.forget, self.share = traits["unready"], traits["forget"], traits["share"]
        self.traits = np.array([self.unready, self.forget, self.share])
        self.guess, self.right = answers(course, params)
        self.graph = Graph(*course.links, *course.parents, *course.children, *closures(course))

    def note(self, items: Ints, scores: Floats) -> None:
        """One answer of every student."""
        state = (self.held, self.weight, self.touched)
        note_all(items, scores, self.step, self.learn, self.guess, self.right, self.graph, self.traits, *state)
        self.step += 1

    def now(self) -> tuple[Floats, Floats]:
        """P(known), and P(prerequisites known) given that it is not, of every grid point and skill, [S, G, K]."""
        since, lost = self.step - self.touched, self.forget
        known, ready = _known(self.held, self.course.order, *self.course.parents)
        return (known if lost == 0.0 else known * ((1.0 - lost) ** since)[:, None, :]), ready


def grid(abilities: int, paces: int) -> tuple[Floats, Floats, Floats]:
    """Gauss-Hermite points of two independent standard normals and their weights, each [G]."""
    (a, wa), (b, wb) = (np.polynomial.hermite_e.hermegauss(n) for n in (abilities, paces))
    theta, pace = (axis.ravel() for axis in np.meshgrid(a, b, indexing="ij"))
    weight = np.outer(wa, wb).ravel()
    return theta, pace, weight / weight.sum()


def rates(learn: Floats, log_pace: Floats) -> Floats:
    """Learning rates [G, K] of skills [K] at each log pace [G]."""
    return np.asarray(np.minimum(learn[None, :] * np.exp(log_pace)[:, None], MOST_LEARN))


def answers(course: Course, params: Floats) -> tuple[Floats, Floats]:
    """P(right) where not all skills are known and where all are, each [I]: the skills' mean, moved by difficulty."""
    start, skills = course.links
    means = np.add.reduceat(params[skills][:, [GUESS, SLIP]], start[:-1]) / np.diff(start)[:, None]
    guess = _on_odds(means[:, 0], -course.difficulty[None, :])[0]
    return guess, np.maximum(_on_odds(1.0 - means[:, 1], -course.difficulty[None, :])[0], guess + 1e-3)


@njit(cache=True, error_model="numpy")
def _known(held: Floats, order: Ints, first: Ints, parents: Ints) -> Any:
    students, _, points, skills = held.shape
    known, ready = np.empty((students, points, skills)), np.empty((students, points, skills))
    for s in range(students):
        for g in range(points):
            for n in range(skills):
                k, r = order[n], 1.0
                for j in range(first[k], first[k + 1]):
                    r *= known[s, g, parents[j]]
                x, y = held[s, 0, g, k], held[s, 1, g, k]
                known[s, g, k] = x * r + y * (1.0 - r)
                ready[s, g, k] = r * (1.0 - x) / (1.0 - known[s, g, k])
    return known, ready


def _on_odds(p: Floats, shift: Floats) -> Floats:
    """Probabilities [K] moved by shifts [G] (or [1, K]) of logits: [G, K]."""
    logit = np.log(np.clip(p, TINY, 1 - TINY) / (1 - np.clip(p, TINY, 1 - TINY)))
    moved = logit[None, :] + (shift[:, None] if shift.ndim == 1 else shift)
    return np.asarray(1.0 / (1.0 + np.exp(-moved)))
