"""A target policy beside those that were logged: what both would give in each decision, for :mod:`models.offpolicy`.

Only the first item of an answer is judged: what is given second depends on what was given first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.recommend import Choice, Policy
from engine.tracing import AnyState
from models.offpolicy import Decisions, Judgement, judge
from service.choosing import HOUR, Chooser
from service.decisions.log import Logged
from service.decisions.outcomes import Reward
from service.decisions.replay import Remade, Replayer, Unmade
from service.serving import Serving

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALTERNATIVES = 32
"""Items of the target policy's distribution that the reward model is asked about; of more, a sample that is spread
evenly over the distribution."""
UNTOLD, ANOTHER = "no propensity was logged", "made again, it is another one"
DOUBTFUL = 0.01
"""Share of such decisions beyond which no other one is believed either."""


@dataclass
class Gathered:
    """Rows of :class:`~models.offpolicy.Decisions`, decision by decision; ``left_out`` counts the others by reason."""

    target: Chooser
    reward: Reward
    rng: np.random.Generator
    left_out: Counter[str] = field(default_factory=Counter)
    students: list[str] = field(default_factory=list, repr=False)
    figures: list[tuple[float, float, float, float, float]] = field(default_factory=list, repr=False)
    given: list[Floats] = field(default_factory=list, repr=False)
    alternatives: list[tuple[Floats, Floats]] = field(default_factory=list, repr=False)

    def add(self, one: Remade | Unmade) -> None:
        """A decision, where both policies can be told and it has a reward."""
        if one.logged.slot:
            self.left_out["second or later of several items"] += 1
        elif isinstance(one, Unmade):
            self.left_out[one.why] += 1
        elif one.logged.propensity is None:
            self.left_out[UNTOLD] += 1
        elif one.made is None or not one.exact:
            self.left_out[ANOTHER] += 1
        else:
            self._add(one, one.made.item)

    def _add(self, one: Remade, item: int) -> None:
        came = self.reward(one.serving.tracer, one.state, one.history, one.logged.length, one.came)
        if came is None:
            self.left_out[f"no reward: {one.came.status}"] += 1
            return
        choice = Replayer.choose(self.target, one.logged, one.serving, one.state, one.question, one.history)
        if not choice.recommendations:
            self.left_out["the target policy would give nothing"] += 1
            return
        size = len(one.serving.catalog.items)
        logging, target = spread(one.choice, one.policy, size), spread(choice, self.target.policy, size)
        would, weights = self._sample(target)
        told = features(one.serving, one.state, np.append(would, item), one.logged.at - one.logged.at % HOUR)
        unsupported = float(target[logging == 0].sum())
        propensity = float(one.logged.propensity or 0.0)
        self.students.append(one.logged.student_id)
        self.figures.append((came, propensity, float(target[item]), unsupported, float(logging.sum())))
        self.given.append(told[-1])
        self.alternatives.append((told[:-1], weights))

    def _sample(self, target: Floats) -> tuple[Ints, Floats]:
        """What the target policy would give, and how likely each is; sampled where it is much."""
        items = np.flatnonzero(target)
        chances = target[items] / target[items].sum()
        if len(items) <= ALTERNATIVES:
            return items, chances
        places = (np.arange(ALTERNATIVES) + self.rng.random()) / ALTERNATIVES
        at = np.minimum(np.searchsorted(np.cumsum(chances), places), len(items) - 1)
        chosen, counts = np.unique(at, return_counts=True)
        return items[chosen], counts / ALTERNATIVES

    def decisions(self) -> Decisions:
        """All that were added."""
        codes = np.unique(np.array(self.students, dtype=np.str_), return_inverse=True)[1].astype(np.int64)
        rewards, propensities, target, unsupported, mass = np.array(self.figures, np.float64).reshape(-1, 5).T
        nothing = np.empty((0, len(FEATURES)))
        given = np.concatenate([nothing, *(row[None] for row in self.given)])
        starts = np.concatenate([[0], np.cumsum([len(weights) for _, weights in self.alternatives])]).astype(np.int64)
        others = np.concatenate([nothing, *(told for told, _ in self.alternatives)])
        weights = np.concatenate([np.empty(0), *(chances for _, chances in self.alternatives)])
        return Decisions(codes, rewards, propensities, target, unsupported, mass, given, starts, others, weights)

    def judged(self, seed: int = 0) -> Judgement:
        """The judgement, refused where too many propensities are missing or cannot be reproduced."""
        made = self.decisions()
        wrong = self.left_out[UNTOLD] + self.left_out[ANOTHER]
        if wrong > DOUBTFUL * (len(made) + wrong):
            why = (
                f"Of {len(made) + wrong:,} decisions, {self.left_out[UNTOLD]:,} have no propensity and "
                f"{self.left_out[ANOTHER]:,} are not what was logged when they are made again: the log cannot be "
                "relied on. `nextwise decisions replay` tells which."
            )
            return Judgement(len(made), len(np.unique(made.students)), refusal=why)
        return judge(made, seed=seed)


async def gather(
    replayer: Replayer, logged: Sequence[Logged], targets: Sequence[Policy], reward: Reward, seed: int = 0
) -> list[Gathered]:
    """Decisions made again, and beside each what every target policy would have given."""
    found = [Gathered(Chooser(target, b""), reward, np.random.default_rng(seed)) for target in targets]
    async for one in replayer.replay(logged):
        for gathered in found:
            gathered.add(one)
    return found


def spread(choice: Choice, policy: Policy, items: int) -> Floats:
    """P(each item of the catalog is given first), [items]."""
    first = choice.recommendations[0]
    found, ranking = np.zeros(items), first.ranking
    if ranking is None:  # pinned by a teacher
        found[first.item] = first.propensity
    else:
        some, chances = ranking.distribution(policy.exploration)
        found[some] = chances
    return found


FEATURES = (
    "P(correct)",
    "expected gain",
    "mastery",
    "least known",
    "skills",
    "practised",
    "answers",
    "mastery overall",
)


def features(serving: Serving, state: AnyState, items: Ints, now: int) -> Floats:
    """What the reward model is told of giving each item, [items, FEATURES]."""
    tracer, standing = serving.tracer, serving.tracer.standing(state, now)
    start, counts = tracer.start[items], tracer.start[items + 1] - tracer.start[items]
    first = np.cumsum(counts) - counts
    skills = tracer.skills[np.repeat(start - first, counts) + np.arange(int(counts.sum()))]

    def summed(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values[skills], first))

    columns = (
        tracer.predict(state, items, now),
        summed(standing.gain),
        summed(standing.mastery) / counts,
        np.minimum.reduceat(standing.known[skills], first),
        counts,
        np.log1p(summed(state.responses.astype(np.float64))),
        np.full(len(items), np.log1p(state.length)),
        np.full(len(items), standing.mastery.mean()),
    )
    return np.column_stack([np.asarray(column, np.float64) for column in columns])
