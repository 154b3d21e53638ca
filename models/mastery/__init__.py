"""The mastery model: knowledge tracing with ability, item difficulty and forgetting, by marginal likelihood."""

from models.mastery.fit import fit, refit
from models.mastery.options import Options
from models.mastery.parameters import Parameters, dump, load
from models.mastery.predict import Mastery, mastery, predict

__all__ = ["Mastery", "Options", "Parameters", "dump", "fit", "load", "mastery", "predict", "refit"]
