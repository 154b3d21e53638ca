"""All promotion gates of one registered version, beside the champion: what they say, and whether it may be promoted."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.bundle import AnyModel, load
from engine.mastery import Thresholds
from engine.model import ModelError
from models import gates
from models.crossings import Crossings, Standing, cross, standing
from models.evaluation import predict
from models.gates import Contender, Gate
from models.groups import Group, by_group
from models.log import ResponseLog
from models.registry import Registry, RegistryError

logger = logging.getLogger(__name__)

NEED_ANSWERS = (gates.UNSEEN, gates.LATER, gates.CALIBRATION, gates.CROSSING)
NO_ANSWERS = "there are no answers to judge on"


@dataclass(frozen=True)
class Evidence:
    """What a version is judged on: answers, the class of each student, an attribute of the roster, the marks for
    mastery that a catalog sets for skills; any may lack."""

    log: ResponseLog | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    attribute: Mapping[str, str] | None = None
    marks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """What a school calls mastered, and the share of those flags that a promotion may flip."""

    mastery: Thresholds
    flips: float


@dataclass(frozen=True)
class Verdict:
    """``servable`` is False where no worker would take the bundle: nothing can force that."""

    version: str
    champion: str | None
    gates: Sequence[Gate]
    servable: bool = True
    crossings: Crossings | None = None
    groups: Sequence[Group] | None = None

    @property
    def refused(self) -> list[str]:
        """The gates that stand in the way; empty where it may be promoted."""
        return [gate.name for gate in self.gates if gate.passed is False]


def judge(registry: Registry, version: str, evidence: Evidence, limits: Limits) -> Verdict:
    """Put a version to all gates. Raises :class:`~models.registry.RegistryError` where there is no such version."""
    info = registry.version(version)
    champion = registry.champion()
    gate, model = gates.bundle(registry.bundle(version), version)
    if model is None:
        return Verdict(version, champion, [gate], servable=False)
    rival, unloaded = None, ""
    if champion is not None:
        try:
            served = load(registry.bundle(champion), champion)
            rival = Contender(champion, served, _judged(registry, champion), registry.version(champion).created)
        except (RegistryError, ModelError) as fault:
            unloaded = f"not run: champion {champion} cannot be loaded: {fault}"
    found = put(Contender(version, model, _judged(registry, version), info.created), rival, evidence, limits)
    if unloaded:
        found = _blocked(found, (gates.UNSEEN, gates.LATER, gates.CROSSING), unloaded)
    if evidence.log is None and champion is not None:
        found = _blocked(found, NEED_ANSWERS, f"not run: {NO_ANSWERS}")
    return replace(found, champion=champion, gates=[gate, *found.gates])


def put(candidate: Contender, champion: Contender | None, evidence: Evidence, limits: Limits) -> Verdict:
    """All gates of a candidate whose bundle could be loaded."""
    version, against, log = candidate.version, champion.version if champion else None, evidence.log
    fits = gates.degenerate_fits(candidate)
    if log is None:
        names = (*NEED_ANSWERS, gates.PREDICTOR)
        return Verdict(version, against, [fits, *(Gate(name, None, NO_ANSWERS) for name in names)])
    after = standing(candidate.model, log, limits.mastery, evidence.marks)
    before = standing(champion.model, log, limits.mastery, evidence.marks) if champion else None
    crossings = cross(before, after, log, evidence.classes) if before else None
    groups = of_groups(candidate.model, log, evidence.attribute, after) if evidence.attribute is not None else None
    found = [
        fits,
        gates.unseen_students(candidate, champion, log),
        gates.later_time(candidate, champion, log),
        gates.calibration(candidate, log),
        gates.predictor(candidate, log),
        gates.mastery_threshold(crossings, limits.flips),
        gates.groups(groups),
    ]
    return Verdict(version, against, found, crossings=crossings, groups=groups)


def of_groups(model: AnyModel, log: ResponseLog, attribute: Mapping[str, str], after: Standing) -> list[Group]:
    """Figures by group of what a model serves: on all students, as parameters are shared by all groups."""
    return by_group(log, predict(model, log), attribute, mastered=(after.student, after.mastered))


def _blocked(verdict: Verdict, names: Sequence[str], why: str) -> Verdict:
    """The same, where gates that should have been judged and could not stand in the way."""
    found = [Gate(gate.name, False, why) if gate.name in names else gate for gate in verdict.gates]
    return replace(verdict, gates=found)


def _judged(registry: Registry, version: str) -> AnyModel | None:
    """The fit without held-out students; None where none was kept or it cannot be read."""
    content = registry.judged(version)
    try:
        return None if content is None else load(content, version)
    except ModelError as fault:
        logger.warning("the judged fit of version %s cannot be read: %s", version, fault)
        return None
