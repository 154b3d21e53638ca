"""Eight numbers as one: a value for compiled code that holds 8 doubles and is computed with as one.

What a loop over numbers costs is mostly waiting: eight models (eight starts of a fit, eight parameter draws) that read
the same answers cost little more than one. LLVM spreads the type over whatever registers a processor has.

    load(array, i)      the row i of a C-ordered array [n, 8]
    store(array, i, x)
    splat(number)       the number, eight times
    log(x)              natural logarithm of positive, normal numbers, to 1e-14
    x + y, -, *, /      by lane; numbers mix in
"""

from __future__ import annotations

import math
import operator
from typing import Any

import llvmlite.ir as ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8

_INT = ir.IntType(64)
_INTS = ir.VectorType(_INT, LANES)
_REALS = ir.VectorType(ir.DoubleType(), LANES)
_FLAGS = ("contract", "nsz")  # multiply and add in one instruction where there is one


class LanesType(types.Type):
    """The type of such a value."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, of: Any) -> None:
        super().__init__(manager, of, _REALS)


def _spread(builder: Any, number: Any) -> Any:
    one = builder.insert_element(ir.Constant(_REALS, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _arithmetic(operation: Any, instruction: str) -> None:
    """Let ``operation`` work on lanes, and on lanes and numbers."""

    @infer_global(operation)
    class _Typing(AbstractTemplate):
        def generic(self, args: Any, keywords: Any) -> Any:
            numbers = types.Float, types.Integer
            if lanes in args and all(arg == lanes or isinstance(arg, numbers) for arg in args):
                return signature(lanes, *[lanes if arg == lanes else types.float64 for arg in args])
            return None

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pair = zip(args, sig.args, strict=True)
        return getattr(builder, instruction)(
            *[value if of == lanes else _spread(builder, value) for value, of in pair], flags=_FLAGS
        )

    for pair in ((lanes, lanes), (lanes, types.float64), (types.float64, lanes)):
        lower_builtin(operation, *pair)(lower)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def _row(context: Any, builder: Any, of: Any, array: Any, i: Any) -> Any:
    data = context.make_array(of)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [builder.mul(i, ir.Constant(_INT, LANES))]), _REALS.as_pointer())


@intrinsic
def _load(typing: Any, array: Any, i: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(_row(context, builder, sig.args[0], *args))
        value.align = 8  # numpy promises no more
        return value

    return lanes(array, types.intp), generate


@intrinsic
def _store(typing: Any, array: Any, i: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        done = builder.store(args[2], _row(context, builder, sig.args[0], args[0], args[1]))
        done.align = 8
        return context.get_dummy_value()

    return types.none(array, types.intp, lanes), generate


@intrinsic
def _splat(typing: Any, number: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _spread(builder, args[0])

    return lanes(types.float64), generate


@intrinsic
def _log(typing: Any, x: Any) -> Any:
    """x = m 2^k with m in [sqrt 1/2, sqrt 2); then log m = 2 atanh((m - 1) / (m + 1)) by its series."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def ints(value: int) -> Any:
            return ir.Constant(_INTS, [value] * LANES)

        def reals(value: float) -> Any:
            return ir.Constant(_REALS, [value] * LANES)

        bits = builder.bitcast(args[0], _INTS)
        root_half = 0x3FE6A09E667F3BCD  # the bits of sqrt 1/2
        k = builder.ashr(builder.sub(bits, ints(root_half)), ints(52))
        m = builder.bitcast(builder.sub(bits, builder.shl(k, ints(52))), _REALS)
        s = builder.fdiv(builder.fsub(m, reals(1.0)), builder.fadd(m, reals(1.0)))
        square = builder.fmul(s, s)
        series = reals(1 / 17)
        for odd in range(15, 0, -2):
            series = builder.fadd(builder.fmul(series, square, flags=_FLAGS), reals(1 / odd), flags=_FLAGS)
        of_m = builder.fmul(builder.fmul(reals(2.0), s), series)
        of_k = builder.fmul(builder.sitofp(k, _REALS), reals(math.log(2)))
        return builder.fadd(of_k, of_m)

    return lanes(lanes), generate


# To a type checker these are calls like any other.
load: Any = _load
store: Any = _store
splat: Any = _splat
log: Any = _log
