"""How the kernels of a fit are compiled: kept on disk, letting go of the interpreter, no check for each division.

``kernel`` can be called from Python; ``inner`` from other kernels alone, which saves compiling the way in. What the
first fit on a machine waits for is the volume of code, most of all of code that stands in several kernels: so there are
few of them, which pass on plain arrays and make none.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from models.compiling import undisturbed

undisturbed()
_njit: Any = njit  # its type knows not all of its options

kernel = _njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
inner = _njit(cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
# What a kernel has in one place only, so that it is not compiled alone first; or what is so short and so often called
# that a call would cost more than the work.
inlined = _njit(inline="always")
