"""Rules of the house that nothing else would notice being broken."""

import subprocess
import sys
from pathlib import Path

import pytest

import engine
import models
import service

ROOT = Path(__file__).parents[1]
HEAVY = ("mlflow", "pandas", "pyarrow", "duckdb", "sklearn", "matplotlib", "pyBKT")


@pytest.mark.parametrize("package", [engine, models, service])
def test_the_packages_are_ours(package: object) -> None:
    """Another distribution with a top-level ``models`` would overwrite ours without a word."""
    assert Path(str(getattr(package, "__file__", ""))).parent.parent == ROOT


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("service.api.app", (*HEAVY, "redis", "models.bkt")),  # an API worker starts fast and small
        ("engine.simulate", (*HEAVY, "redis", "fastapi", "pydantic")),
        ("models", (*HEAVY, "numba")),
    ],
)
def test_nothing_heavy_comes_along(module: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[name for name in {forbidden!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_the_constraints_name_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert all("==" in pin and "/" not in pin and "@" not in pin for pin in pins)
