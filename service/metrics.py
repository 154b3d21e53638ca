"""Prometheus metrics. With ``PROMETHEUS_MULTIPROC_DIR`` set, all workers of a machine answer for each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

responses = Counter("nextwise_responses", "Responses by what became of them", ["outcome"])
requests = Histogram(
    "nextwise_request_seconds", "Requests by route, method and status", ["route", "method", "status"], buckets=SECONDS
)
recommendations = Counter("nextwise_recommendations", "Items recommended, by reason", ["reason"])
dropped = Counter("nextwise_decisions_dropped", "Recommendations that could not be logged: the store was away too long")
shed = Counter("nextwise_shed", "Requests that were refused unread, by why", ["reason"])
load_failures = Counter("nextwise_load_failures", "Catalogs and models that were refused", ["kind"])
_serving = Gauge(
    "nextwise_serving_info", "1 for what is served", ["model_version", "catalog_version"], multiprocess_mode="livemax"
)
_served: list[tuple[str, str]] = []

# A counter that shows 0 can be alerted on before the first event.
OUTCOMES = {outcome: responses.labels(outcome) for outcome in ("recorded", "replayed", "conflict", "rejected")}
for _reason in ("overload", "rate limit"):
    shed.labels(_reason)


@lru_cache(1_000)
def request(route: str, method: str, status: int) -> Histogram:
    """The series of requests like this one: looking it up costs more than counting."""
    return requests.labels(route, method, status)


def recorded(outcomes: Sequence[str]) -> None:
    """Count what became of responses."""
    for outcome, series in OUTCOMES.items():
        if count := outcomes.count(outcome):
            series.inc(count)


@lru_cache(100)
def recommendation(reason: str) -> Counter:
    """The series of recommendations for this reason."""
    return recommendations.labels(reason)


def serving(model_version: str, catalog_version: str) -> None:
    """Tell what is served from now on."""
    for labels in _served:
        _serving.labels(*labels).set(0)
    _served[:] = [(model_version, catalog_version)]
    _serving.labels(model_version, catalog_version).set(1)


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
