"""The graph model (:mod:`engine.graph`) fitted from logs."""

from models.graph.em import beside, fit

__all__ = ["beside", "fit"]
