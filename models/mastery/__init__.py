"""The mastery model: knowledge tracing with ability, item difficulty and forgetting, by marginal likelihood."""

from models.mastery.draws import with_draws
from models.mastery.fit import fit, refit
from models.mastery.options import Options
from models.mastery.predict import predict

__all__ = ["Options", "fit", "predict", "refit", "with_draws"]
