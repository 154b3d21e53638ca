"""Eight numbers as one: a value for compiled code that holds 8 doubles and is computed with as one.

What a loop over numbers costs is mostly waiting: eight models (eight starts of a fit, eight parameter draws) that read
the same answers cost little more than one. LLVM spreads the type over whatever registers a processor has.

    load(array, i)      the row i of a C-ordered array [n, 8]
    store(array, i, x)
    splat(number)       the number, eight times
    x + y, -, *, /      by lane; numbers mix in
    inverse(x)          1 / x for 1e-37 < |x| < 1e37, to the last bit or two: three times as fast as a division
    log(x)              natural logarithm of positive, normal numbers, to 1e-14
    exp(x)              for -700 < x < 700, to 1e-15 of its value
    choose(a, b, x, y)  x where a >= b, else y
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
_SHORT_REALS = ir.VectorType(ir.FloatType(), LANES)
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
        metadata = {"target": "cpu"}  # noqa: RUF012  # so it is asked before the many that hold for any

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


def _ints(value: int) -> Any:
    return ir.Constant(_INTS, [value] * LANES)


def _reals(value: float) -> Any:
    return ir.Constant(_REALS, [value] * LANES)


def _polynomial(builder: Any, x: Any, coefficients: list[float]) -> Any:
    """By Horner's rule, the highest power first."""
    total = _reals(coefficients[0])
    for coefficient in coefficients[1:]:
        total = builder.fadd(builder.fmul(total, x, flags=_FLAGS), _reals(coefficient), flags=_FLAGS)
    return total


def _inverted(builder: Any, x: Any) -> Any:
    """A division of short numbers, r, is off by some e = 1 - x r; then 1 / x = r (1 + e + e^2 + ...)."""
    one = ir.Constant(_SHORT_REALS, [1.0] * LANES)
    r = builder.fpext(builder.fdiv(one, builder.fptrunc(x, _SHORT_REALS)), _REALS)
    e = builder.fsub(_reals(1.0), builder.fmul(x, r, flags=_FLAGS), flags=_FLAGS)
    more = builder.fadd(e, builder.fmul(e, e, flags=_FLAGS), flags=_FLAGS)
    return builder.fadd(r, builder.fmul(r, more, flags=_FLAGS), flags=_FLAGS)


@intrinsic
def _inverse(typing: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _inverted(builder, args[0])

    return lanes(lanes), generate


@intrinsic
def _log(typing: Any, x: Any) -> Any:
    """x = m 2^k with m in [sqrt 1/2, sqrt 2); then log m = 2 atanh((m - 1) / (m + 1)) by its series."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], _INTS)
        root_half = 0x3FE6A09E667F3BCD  # the bits of sqrt 1/2
        k = builder.ashr(builder.sub(bits, _ints(root_half)), _ints(52))
        m = builder.bitcast(builder.sub(bits, builder.shl(k, _ints(52))), _REALS)
        s = builder.fmul(builder.fsub(m, _reals(1.0)), _inverted(builder, builder.fadd(m, _reals(1.0))))
        series = _polynomial(builder, builder.fmul(s, s), [1 / odd for odd in range(17, 0, -2)])
        of_m = builder.fmul(builder.fmul(_reals(2.0), s), series)
        of_k = builder.fmul(builder.sitofp(k, _REALS), _reals(math.log(2)))
        return builder.fadd(of_k, of_m)

    return lanes(lanes), generate


@intrinsic
def _exp(typing: Any, x: Any) -> Any:
    """x = r + k log 2 with |r| <= log(2) / 2; then e^x = 2^k e^r, by the series of e^r."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        shift = _reals(1.5 * 2.0**52)  # added, it leaves the nearest whole number in the last bits
        shifted = builder.fadd(builder.fmul(args[0], _reals(1 / math.log(2))), shift)
        k = builder.fsub(shifted, shift)
        high = 6.93147180369123816490e-01  # of log 2, in so few bits that its product with k is exact
        r = builder.fsub(args[0], builder.fmul(k, _reals(high)))
        r = builder.fsub(r, builder.fmul(k, _reals(1.90821492927058770002e-10)))
        series = _polynomial(builder, r, [1 / math.factorial(n) for n in range(13, -1, -1)])
        power = builder.shl(builder.bitcast(shifted, _INTS), _ints(52))  # what is above the last bits falls out
        return builder.bitcast(builder.add(builder.bitcast(series, _INTS), power), _REALS)

    return lanes(lanes), generate


@intrinsic
def _choose(typing: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    kinds = [lanes if arg == lanes else types.float64 for arg in (a, b, x, y)]

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b, x, y = (
            value if of == lanes else _spread(builder, value) for value, of in zip(args, sig.args, strict=True)
        )
        return builder.select(builder.fcmp_ordered(">=", a, b), x, y)

    return lanes(*kinds), generate


# To a type checker these are calls like any other, of values like any other.
Lanes = Any
load: Any = _load
store: Any = _store
splat: Any = _splat
inverse: Any = _inverse
log: Any = _log
exp: Any = _exp
choose: Any = _choose
