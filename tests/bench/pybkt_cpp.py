"""pyBKT with its C++ kernel, built from its source into a cache folder: the fast pyBKT, beside pip's slow one.

PyPI's wheel is pure Python. The source holds a C++ kernel too (Eigen, OpenMP), but its setup falls back to pure Python
without a word when anything is missing, as numpy is in pip's own build environments. So we run its setup ourselves, in
this environment, and look for the compiled module.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = "setuptools<81"  # the newest line that was seen to build it
KERNEL = "pyBKT/fit/E_step" + str(sysconfig.get_config_var("EXT_SUFFIX"))


def folder() -> Path:
    """One for each version of pyBKT, Python and numpy: the kernel is bound to all three."""
    kind = f"{version('pyBKT')}-{sys.implementation.cache_tag}-numpy{version('numpy')}"
    return ROOT / ".cache" / "pybkt-cpp" / kind


def ready() -> tuple[Path | None, str]:
    """The folder to put first on the path, built if it is not there yet; or None, and why."""
    target = folder()
    if (target / KERNEL).is_file():
        return target, "built earlier"
    if not (shutil.which("gcc") and shutil.which("g++")):
        return None, "there is no C++ compiler (gcc and g++)"
    try:
        with tempfile.TemporaryDirectory() as work:
            built = _build(Path(work))
            if not (built / KERNEL).is_file():
                return None, "its build left no compiled kernel"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(built, target, dirs_exist_ok=True)
    except subprocess.CalledProcessError as fault:
        return None, f"its build failed: {str(fault.stderr or fault.stdout).strip()[-300:]}"
    return target, "built now"


def _build(work: Path) -> Path:
    """Fetch the source and compile it with its own flags."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    source = f"pyBKT=={version('pyBKT')}"
    tools, built = work / "tools", work / "built"
    _run([*pip, "download", "-q", "--no-binary", "pyBKT", "--no-deps", "-d", str(work), source])
    _run([*pip, "install", "-q", "--target", str(tools), SETUPTOOLS])
    with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
        archive.extractall(work, filter="data")
    unpacked = next(path.parent for path in work.glob("*/setup.py"))
    _run([sys.executable, "setup.py", "-q", "build", "--build-lib", str(built)], unpacked, PYTHONPATH=str(tools))
    return built


def _run(command: list[str], at: Path = ROOT, **environment: str) -> None:
    subprocess.run(command, cwd=at, env=os.environ | environment, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    print(*ready(), sep=": ")
