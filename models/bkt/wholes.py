"""Answers on several skills read as a whole: a combination as a skill of its own, beside the skills that it asks for.

Two readings of the same answers, each right in part: that every skill is practised, so that one answer tells of both
(:mod:`models.bkt.links`); and that doing both at once is one thing more to be learnt, of which answers on each alone
tell nothing. A skill that stands in combinations is read both ways too, with them and without. Their mean predicts
better than either (docs/experiments.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.bkt.learning import Learnt, learn_strings, symbols
from models.bkt.options import Options
from models.bkt.strings import Forest
from models.fanout import Executor
from models.log import Answers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

JOINED = ";"  # between the skills of a combination that is read as a skill of its own
Sets = tuple[tuple[str, ...], ...]
NONE: tuple[Sets, None] = (), None


class Wholes:
    """Those sets of skills in ``names`` that are read as a whole, and the strings of their answers as they grow.

    ``sets`` are their skills, sorted.
    """

    def __init__(self, names: Answers, scores: Floats) -> None:
        size, self._scores = np.diff(names.tag_start), scores
        joint = names.tag_skill[np.repeat(size > 1, size)]
        chosen = (size > 1) | np.isin(names.tag_skill[names.tag_start[:-1]], joint)
        self.sets = tuple(names.tags[tag] for tag in np.flatnonzero(chosen).tolist())
        self._place = np.where(chosen, np.cumsum(chosen) - 1, -1)
        self._forest = Forest(len(self.sets))

    def add(self, student: Ints, tag: Ints, symbol: Ints) -> None:
        """Answers, each student's together and in order of time; ``symbol`` is a place in the scores."""
        place = self._place[tag]
        if (whole := place >= 0).any():
            self._forest.add(student[whole], place[whole], symbol[whole])

    def fit(
        self, options: Options, *, jobs: int | None = None, executor: Executor | None = None
    ) -> tuple[Sets, Learnt | None]:
        """The sets, and what was learnt of each, if there are any; bounds of a skill hold for what is asked of it alone
        as well."""
        strings = self._forest.strings()
        if len(strings.parent) == 0:
            return NONE
        names = tuple(map(JOINED.join, self.sets))
        return self.sets, learn_strings(
            names, strings, self._scores, options.among(names), jobs=jobs, executor=executor
        )


def fit_wholes(
    answers: Answers, options: Options, *, jobs: int | None = None, executor: Executor | None = None
) -> tuple[Sets, Learnt | None]:
    """:meth:`Wholes.fit` of some answers."""
    scores, symbol = symbols(answers.score)
    wholes = Wholes(answers, scores)
    wholes.add(answers.student, answers.tag, symbol)
    return wholes.fit(options, jobs=jobs, executor=executor)
