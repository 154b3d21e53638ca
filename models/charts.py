"""Figures that are logged with a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.metrics import Bin


def calibration(bins: Sequence[Bin], title: str = "Calibration") -> Any:
    """A matplotlib figure: observed against predicted P(correct), and below it how many answers each point holds."""
    # The figure alone, without pyplot: no backend is chosen and nothing is kept in a global list.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 6), layout="constrained")
    curve, counts = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    curve.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="perfect")
    curve.plot([b.predicted for b in bins], [b.observed for b in bins], marker="o", color="#1f5fa8", label="model")
    curve.set(title=title, ylabel="share answered correctly", xlim=(0, 1), ylim=(0, 1))
    curve.legend(loc="upper left")
    counts.bar(
        [b.low for b in bins], [b.answers for b in bins], [b.high - b.low for b in bins], align="edge", color="#9db8d6"
    )
    counts.set(xlabel="predicted P(correct)", ylabel="answers")
    return figure
