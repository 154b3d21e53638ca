import numpy as np
import pytest

from engine.graph.model import PLAIN, GraphModel, points
from engine.model import ModelError


def model(**wrong: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> GraphModel:
    one = np.array([0.4, 0.1, 0.2, 0.2, 0.1])
    right = {"values": one[None], "population": one, "difficulty": np.zeros(2), "traits": PLAIN, "grid": points(3, 2)}
    return GraphModel(**(right | wrong))


def test_faults_are_told_together() -> None:
    model()
    bad = np.array([[0.4, 1.5, 0.2, 0.6, 0.6]])
    with pytest.raises(ModelError, match=r"values holds a value outside 0\.\.1.*weights of its grid"):
        model(values=bad, grid=points(3, 2) * 2)
    with pytest.raises(ModelError, match="guess \\+ slip"):
        model(population=np.array([0.4, 0.1, 0.2, 0.6, 0.5]))
    with pytest.raises(ModelError, match=r"traits has shape \(5,\).*not finite"):
        model(traits=np.zeros(5), difficulty=np.array([np.nan]))
    with pytest.raises(ModelError, match="traits"):
        model(traits=PLAIN * 2)


def test_the_grid_is_of_standard_normals() -> None:
    theta, pace, weight = points(5, 3)
    assert weight.sum() == pytest.approx(1.0)
    assert (weight * theta).sum() == pytest.approx(0.0, abs=1e-12)
    assert (weight * theta**2).sum() == pytest.approx(1.0)
    assert (weight * pace**4).sum() == pytest.approx(3.0)
