"""``mastery = fold(model, history)``: a pure function, and what may be cached of it.

A :class:`Tracer` is a model bound to a catalog (:func:`bind`). It folds a history of packed records, in order of time,
into a :class:`State`; a state folded further is the same as everything folded at once, so a stored state (a snapshot)
is a cache and nothing more.
"""

from engine.belief import NEVER
from engine.catalog import Catalog
from engine.mastery_model import MasteryModel
from engine.model import Model
from engine.tracing.ability import AbilityTracer
from engine.tracing.base import RECENT, AnyState, AnyTracer, Standing, State, Step, Told, Tracer
from engine.tracing.plain import PlainTracer

__all__ = ["NEVER", "RECENT", "AnyState", "AnyTracer", "Standing", "State", "Step", "Told", "Tracer", "bind"]


def bind(model: Model | MasteryModel, catalog: Catalog, compact: bool = False) -> AnyTracer:
    """The tracer of a model's kind. ``compact`` makes a mastery model's snapshots smaller, at some cost in accuracy."""
    if isinstance(model, MasteryModel):
        return AbilityTracer(model, catalog, compact)
    return PlainTracer(model, catalog)
