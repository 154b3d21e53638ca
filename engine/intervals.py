"""How sure a mean of few is."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def mean_interval(values: Floats, share: float = 0.9) -> tuple[float, float, float]:
    """The mean of ``values`` [n] and the ends of its interval, ``mean -+ t sd / sqrt(n)``. ValueError below two.

    >>> [round(x, 2) for x in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, 0.31, 3.69]
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"{n} values: an interval needs two")
    mean = float(values.mean())
    half = student_t(0.5 + share / 2, n - 1) * float(values.std(ddof=1)) / sqrt(n)
    return mean, mean - half, mean + half


def student_t(p: float, df: int) -> float:
    """The quantile of Student's t: Fisher's expansion in 1 / df (Abramowitz and Stegun 26.7.5), exact for
    one and two degrees of freedom."""
    if df == 1:
        return float(np.tan(np.pi * (p - 0.5)))
    if df == 2:
        return (2 * p - 1) * sqrt(2 / (4 * p * (1 - p)))
    z = NormalDist().inv_cdf(p)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / df**power for power, term in enumerate(terms)))
