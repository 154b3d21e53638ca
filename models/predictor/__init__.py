"""The response predictor: boosted trees on the student's past and on what the mastery model believes of it."""

from models.predictor.fit import fit
from models.predictor.predictor import Predictor, dump, load, predict
from models.predictor.serve import Shelf, Student

__all__ = ["Predictor", "Shelf", "Student", "dump", "fit", "load", "predict"]
