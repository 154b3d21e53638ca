"""How the kernels of a fit are compiled: kept on disk, letting go of the interpreter, no check for each division.

``kernel`` can be called from Python; ``inner`` from other kernels alone, which saves compiling the way in.
"""

from __future__ import annotations

from typing import Any

from numba import njit

kernel: Any = njit(cache=True, nogil=True, error_model="numpy")
inner: Any = njit(cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
