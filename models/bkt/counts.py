"""Expected counts of plain BKT on a prefix tree, for eight sets of parameters at once (:mod:`engine.lanes`).

The equations are those of :mod:`engine.bkt`. Between two opportunities known' = (e + (1 - e) learn)(1 - forget), with
e = P(known | answers so far). Two steps, so two expected counts: with u = e + (1 - e) learn and m' = P(known' | all),

    held     P(known after learning | all)  = m' + (1 - m') u forget / (1 - u (1 - forget))
    m        P(known at the answer | all)   = held e / u        (given held, later answers say nothing more)

so forget has (held - m') of held, learn has held (1 - e / u) of what was not known. All are linear in m', so the
students who share a node are counted together: a node's mass is the number of them that know.

Everything about one skill stands in one array ``at`` [rows, 8], made by :func:`models.bkt.objective.room`: one array is
quickly compiled and passed on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.lanes import inverse, load, log, splat, store
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.bkt.compiled import inner
from models.bkt.strings import ENDS, PARENT, SYMBOL, WEIGHT, Shorts

Floats = npt.NDArray[np.float64]

TOGETHER = 20  # likelihoods of one answer, each above 1e-13, whose product a double holds
FEW = 4  # of one node that are multiplied

# Rows of ``at``, each with a number a lane. Five rows have one for each parameter, in the order of PARAMETERS.
PARAMS = 0
DONE, OF = 5, 10  # expected successes and trials
VALUE = 15  # log-likelihood
READ = 100  # two for each symbol: its likelihood where not known, and where known; then two for each node


@inner
def forward(tree: Shorts, symbols: int, at: Floats) -> None:
    """From PARAMS and READ to VALUE. Leaves in the rows of node i, from READ + 2 (symbols + i): u, and e / u."""
    first = READ + 2 * symbols
    prior, learn, keep = load(at, PARAMS + PRIOR), load(at, PARAMS + LEARN), 1.0 - load(at, PARAMS + FORGET)
    miss, total, product, pending = 1.0 - learn, splat(0.0), splat(1.0), 0
    for i in range(len(tree)):
        parent, row = tree[i, PARENT], READ + 2 * tree[i, SYMBOL]
        p = prior
        if parent >= 0:
            p = load(at, first + 2 * parent) * keep
        known = p * load(at, row + 1)
        evidence = known + (1.0 - p) * load(at, row)
        u = learn * evidence + known * miss  # times the evidence
        both = inverse(u * evidence)
        store(at, first + 2 * i, u * u * both)
        store(at, first + 2 * i + 1, known * evidence * both)
        weight = tree[i, WEIGHT]
        if weight > FEW:
            total = total + float(weight) * log(evidence)
            continue
        pending += weight
        while weight > 0:  # a logarithm for each would cost as much as all the rest
            product = product * evidence
            weight -= 1
        if pending > TOGETHER - FEW:
            total, product, pending = total + log(product), splat(1.0), 0
    store(at, VALUE, total + log(product))


@inner
def backward(tree: Shorts, scores: Floats, at: Floats) -> None:
    """From what :func:`forward` left to DONE and OF. Leaves m in the first row of each node."""
    first, n = READ + 2 * len(scores), len(tree)
    forget, zero = load(at, PARAMS + FORGET), splat(0.0)
    keep = 1.0 - forget
    forgets = at[PARAMS + FORGET, 0] > 0.0
    answers, right, goers, students, child = 0, 0.0, 0, 0, n - 1
    held, stayed, known, known_right, at_first = zero, zero, zero, zero, zero
    for i in range(n - 1, -1, -1):
        weight, score = tree[i, WEIGHT], scores[tree[i, SYMBOL]]
        u, after, go_on = load(at, first + 2 * i), zero, weight - tree[i, ENDS]
        if go_on > 0:
            while tree[child, PARENT] == i:  # by depth, children stand in the order of their parents
                after = after + load(at, first + 2 * child)
                child -= 1
            if forgets:
                after = after + (float(go_on) - after) * u * forget * inverse(1.0 - u * keep)
        share = load(at, first + 2 * i + 1)
        m = (after + float(tree[i, ENDS]) * u) * share
        store(at, first + 2 * i, m)
        held, stayed = held + after, stayed + after * share
        known, known_right = known + m, known_right + score * m
        answers, right, goers = answers + weight, right + score * weight, goers + go_on
    for i in range(child + 1):  # the roots
        at_first, students = at_first + load(at, first + 2 * i), students + tree[i, WEIGHT]
    store(at, DONE + PRIOR, at_first)
    store(at, OF + PRIOR, splat(float(students)))
    store(at, DONE + LEARN, held - stayed)
    store(at, OF + LEARN, float(goers) - stayed)
    store(at, DONE + GUESS, right - known_right)
    store(at, OF + GUESS, float(answers) - known)
    store(at, DONE + SLIP, known - known_right)
    store(at, OF + SLIP, known)
    store(at, DONE + FORGET, held - (known - at_first))
    store(at, OF + FORGET, held)
