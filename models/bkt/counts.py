"""Expected counts of plain BKT on a prefix tree, for eight sets of parameters at once (:mod:`engine.lanes`).

The equations are those of :mod:`engine.bkt`. Between two opportunities known' = (e + (1 - e) learn)(1 - forget), with
e = P(known | answers so far). Two steps, so two expected counts: with u = e + (1 - e) learn and m' = P(known' | all),

    held     P(known after learning | all)  = m' + (1 - m') u forget / (1 - u (1 - forget))
    m        P(known at the answer | all)   = held e / u        (given held, later answers say nothing more)

so forget has (held - m') of held, learn has held (1 - e) learn / u of what was not known. All are linear in m', so the
students who share a node are counted together: a node's mass is the number of them that know.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES, load, log, splat, store
from models.bkt.compiled import inner, kernel
from models.bkt.strings import Strings

Floats = npt.NDArray[np.float64]

TOGETHER = 16  # likelihoods of one answer, each above 1e-13, whose product a double holds
FIRST, LEARNT, MISSED, LOST, HELD, STUDENTS = range(6)  # rows of ``moves``


@kernel
def expect(
    tree: Strings, trans: Floats, read: Floats, value: Floats, moves: Floats, reads: Floats, room: Floats
) -> None:
    """The log-likelihood and the expected counts of one skill, by lane.

    trans [3, 8] prior, learn, forget; read [2 S, 8] likelihood of symbol s where not known (row 2 s) and known;
    value [1, 8] receives the log-likelihood; moves [6, 8] the students who knew at first, who learnt, who did not,
    who forgot, who could have, and all; reads [2 S, 8] the answers of symbol s by students who did not know, and by
    those who did. room [3 n, 8] is scratch space.
    """
    forgets = False
    for lane in range(LANES):
        forgets = forgets or trans[2, lane] > 0.0
    _forward(tree, trans, read, value, room)
    _backward(tree, trans, forgets, moves, reads, room)


@inner
def _forward(tree: Strings, trans: Floats, read: Floats, value: Floats, room: Floats) -> None:
    """Rows of the room, per node: P(known) after learning, P(known) at the answer, and zeros."""
    _, parent, symbol, weight, _ = tree
    prior, learn, keep = load(trans, 0), load(trans, 1), 1.0 - load(trans, 2)
    miss, zero, total, product, pending = 1.0 - learn, splat(0.0), splat(0.0), splat(1.0), 0
    for i in range(len(parent)):
        s = 2 * symbol[i]
        p = prior
        if parent[i] >= 0:
            p = load(room, 3 * parent[i]) * keep
        known = p * load(read, s + 1)
        evidence = known + (1.0 - p) * load(read, s)
        e = known / evidence
        store(room, 3 * i, learn + e * miss)
        store(room, 3 * i + 1, e)
        store(room, 3 * i + 2, zero)
        if weight[i] > 1:
            total = total + float(weight[i]) * log(evidence)
            continue
        product = product * evidence  # a logarithm for each would cost as much as all the rest
        pending += 1
        if pending == TOGETHER:
            total, product, pending = total + log(product), splat(1.0), 0
    store(value, 0, total + log(product))


@inner
def _backward(tree: Strings, trans: Floats, forgets: bool, moves: Floats, reads: Floats, room: Floats) -> None:
    _, parent, symbol, weight, ends = tree
    learn, forget, zero = load(trans, 1), load(trans, 2), splat(0.0)
    keep = 1.0 - forget
    for s in range(len(reads)):
        store(reads, s, zero)
    first, learnt, missed, lost, held, students = zero, zero, zero, zero, zero, zero
    for i in range(len(parent) - 1, -1, -1):
        c, end, s = float(weight[i]), float(ends[i]), 2 * symbol[i]
        e = load(room, 3 * i + 1)
        m = end * e
        if weight[i] > ends[i]:
            after = load(room, 3 * i + 2)  # the mass held at this node by those who go on
            share = after / load(room, 3 * i)
            learnt = learnt + share * (1.0 - e) * learn
            missed = missed + ((c - end) - after)
            m = m + share * e
        store(reads, s, load(reads, s) + (c - m))
        store(reads, s + 1, load(reads, s + 1) + m)
        if parent[i] < 0:
            first, students = first + m, students + c
            continue
        before = m
        if forgets:
            u = load(room, 3 * parent[i])
            before = m + (c - m) * u * forget / (1.0 - u * keep)
            lost = lost + (before - m)
            held = held + before
        store(room, 3 * parent[i] + 2, load(room, 3 * parent[i] + 2) + before)
    store(moves, FIRST, first)
    store(moves, LEARNT, learnt)
    store(moves, MISSED, missed)
    store(moves, LOST, lost)
    store(moves, HELD, held)
    store(moves, STUDENTS, students)
