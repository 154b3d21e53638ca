"""How the kernels of a fit are compiled: kept on disk, letting go of the interpreter, no check for each division.

``kernel`` can be called from Python; ``inner`` from other kernels alone, which saves compiling the way in.
"""

from __future__ import annotations

from typing import Any

from numba import njit

_njit: Any = njit  # its type knows not all of its options

kernel = _njit(cache=True, nogil=True, error_model="numpy")
inner = _njit(cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
