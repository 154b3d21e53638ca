"""The graph model (:mod:`engine.graph`) fitted from logs."""

from models.graph.fit import beside, fit

__all__ = ["beside", "fit"]
