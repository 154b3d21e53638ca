"""Arrays that compiled code reads and writes without counting who holds them.

Each time a kernel hands an array on, or takes a part of one, numba counts: an atomic step, for which two threads that
share the array wait for each other. In a loop over answers that is half of the time. What is borrowed is not counted;
whoever lends it must hold it until the kernel returns: its caller, from Python.

    borrowed(array)              the same array
    borrowed((array, (x, ...)))  tuples, also named ones, of arrays, numbers and tuples
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_zero: Any = cgutils.get_null_value  # numba has no types


def _lend(context: Any, builder: Any, of: Any, value: Any) -> Any:
    if isinstance(of, types.Array):
        struct = context.make_array(of)(context, builder, value)
        for field in ("meminfo", "parent"):
            setattr(struct, field, _zero(getattr(struct, field).type))
        return struct._getvalue()
    if isinstance(of, types.BaseTuple):
        kinds: Any = of
        parts = [_lend(context, builder, kind, builder.extract_value(value, at)) for at, kind in enumerate(kinds)]
        return context.make_tuple(builder, of, parts)
    return value


@intrinsic
def _borrowed(typing: Any, value: Any) -> Any:  # noqa: ARG001  # the signature is numba's
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _lend(context, builder, sig.args[0], args[0])

    return value(value), generate


borrowed: Any = _borrowed  # to a type checker a call like any other
