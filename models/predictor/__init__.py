"""The response predictor: boosted trees on the student's past and on what the mastery model believes of it.

Fitting is :func:`models.predictor.fit.fit`: scikit-learn, which it needs, is too slow an import for who only serves.
"""

from models.predictor.predictor import Predictor, dump, load, of, predict
from models.predictor.serve import Shelf, Student

__all__ = ["Predictor", "Shelf", "Student", "dump", "load", "of", "predict"]
