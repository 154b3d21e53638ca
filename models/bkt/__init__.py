"""Plain Bayesian knowledge tracing, fitted: answer strings, expected counts, the climb, and what it leaves open."""

from models.bkt.learning import Learnt, given, learn
from models.bkt.options import OptionError, Options
from models.bkt.training import assemble, fit, served, with_draws

__all__ = ["Learnt", "OptionError", "Options", "assemble", "fit", "given", "learn", "served", "with_draws"]
