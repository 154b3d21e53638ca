"""One student in service: a past that grows, and P(correct) of a shortlist of items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.log import Floats, Ints, ResponseLog
from models.predictor import history
from models.predictor.facts import facts
from models.predictor.figures import COLUMNS, LATELY_RIGHT, RESULT
from models.predictor.habits import KINDS
from models.predictor.predictor import Predictor

Asked = tuple[str, tuple[str, ...]]  # an item, and the skills that it asks for


class Shelf:
    """The items that may be given, as the kernels read them: made once for a predictor and a catalog, whose order of
    items is the shelf's."""

    def __init__(self, predictor: Predictor, items: Sequence[Asked]) -> None:
        self.predictor = predictor
        log = _as_log(items)
        self.facts, self.tag = facts(predictor.mastery, predictor.memory, predictor.names, log), log.tag


class Student:
    """What is remembered of one student. Times are in seconds where ``real``, else they count the student's answers."""

    def __init__(self, shelf: Shelf, real: bool = True) -> None:
        self._shelf, self._real, self._unit = shelf, real, 1.0 if real else history.ANSWER
        self._slot: dict[int, int] = {}  # of the items met; row 0 of the state is of those that were not
        self._state = history.newcomer(shelf.facts, 1)

    def add(self, item: Ints, at: Floats, scores: Floats) -> None:
        """Answers that came, in order of time; ``item`` by its place on the shelf."""
        for place in item.tolist():
            self._slot.setdefault(place, len(self._slot) + 1)
        self._grow(len(self._slot) + 1)
        none, key = np.empty((0, len(history.FEATURES))), np.empty((0, len(KINDS)), np.int64)
        slot, at, scores = self._slots(item), self._unit * np.asarray(at, np.float64), np.asarray(scores, np.float64)
        known = self._shelf.facts, self._shelf.predictor.habits, self._state
        history.follow(*known, slot, item, self._shelf.tag[item], at, self._real, scores, none, key)

    def predict(self, item: Ints, at: float) -> Floats:
        """P(correct) of each item (places on the shelf), were it given now [n]."""
        shelf = self._shelf
        known = shelf.facts, shelf.predictor.habits, self._state
        slot = self._slots(item)
        x = history.candidates(*known, slot, item, shelf.tag[item], self._unit * at, self._real)
        return shelf.predictor.of_features(x)

    def _slots(self, item: Ints) -> Ints:
        return np.array([self._slot.get(place, 0) for place in item.tolist()], np.int64)

    def _grow(self, rows: int) -> None:
        table, known = self._state.by_item, self._state.item_known
        if rows > len(table):
            more = np.zeros((max(rows, 2 * len(table)) - len(table), COLUMNS))
            more[:, RESULT:LATELY_RIGHT] = np.nan
            wider = np.zeros((len(more), known.shape[1]))
            self._state = self._state._replace(
                by_item=np.concatenate([table, more]), item_known=np.concatenate([known, wider])
            )


def _as_log(items: Sequence[Asked]) -> ResponseLog:
    """Items and their skills as a log of one answer each: names and numbers in one place."""
    skills = tuple(sorted({skill for _, of in items for skill in of}))
    number = {skill: at for at, skill in enumerate(skills)}
    sets = sorted({tuple(sorted(set(of))) for _, of in items})
    of_set = {of: at for at, of in enumerate(sets)}
    n = np.arange(len(items))
    return ResponseLog(
        students=("",),
        skills=skills,
        student=np.zeros(len(items), np.int64),
        tag=np.array([of_set[tuple(sorted(set(of)))] for _, of in items], np.int64),
        score=np.zeros(len(items)),
        tag_start=np.cumsum([0, *map(len, sets)]).astype(np.int64),
        tag_skill=np.array([number[skill] for of in sets for skill in of], np.int64),
        items=tuple(name for name, _ in items),
        item=n,
        at=n,
    )
