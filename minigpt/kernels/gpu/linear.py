"""The linear layer as one product for each of y, dx and dweight, at the table's precision."""

from __future__ import annotations

import functools

from minigpt.backend import get_array_module
from minigpt.kernels.gpu.columns import add_bias, factor_and_sums, rows_of
from minigpt.kernels.gpu.matmul import factor, matmul

FEW = 256  # rows


@functools.cache
def bound(function, precision: str):
    """`function` with its precision, always the same object, so that tables can be compared."""
    return functools.partial(function, precision=precision)


def precision_for(precision: str, N: int) -> str:
    """The precision of a product of N rows with a weight: bf16 does not pay for few.

    To cast a weight reads 4 and writes 2 bytes for each number; then the product reads 2, where it
    would have read 4.
    """
    return "tf32" if precision == "bf16" and N < FEW else precision


def linear(x, weight, bias=None, precision="fp32"):
    """As `layers.linear`; the cache holds both factors as they were multiplied."""
    xp = get_array_module(x)
    y, cache = linear_rows(xp, rows_of(xp, x), weight, bias, precision)
    return y.reshape(*x.shape[:-1], y.shape[1]), cache


def linear_rows(xp, x, weight, bias, precision: str):
    """`linear` for contiguous rows x (N, C), which may be bf16 already."""
    precision = precision_for(precision, len(x))
    x, weight = factor(xp, x, precision), factor(xp, weight, precision)
    y = matmul(xp, x, weight, precision)
    if bias is not None:
        add_bias(xp, y, bias)
    return y, (precision, x, weight, bias is not None)


def linear_backward(dy, cache):
    """As `layers.linear_backward`."""
    precision, _, _, has_bias = cache
    xp, shape = get_array_module(dy), dy.shape
    dy, dbias = factor_and_dbias(xp, rows_of(xp, dy), precision, has_bias)
    dx, dweight = products(xp, dy, cache)
    grads = {"weight": dweight}
    if has_bias:
        grads["bias"] = dbias
    return dx.reshape(*shape[:-1], dx.shape[1]), grads


def factor_and_dbias(xp, dy, precision: str, has_bias: bool):
    """dy (N, C) as a factor, and its column sums, or None without a bias."""
    if has_bias:
        return factor_and_sums(xp, dy, precision)
    return factor(xp, dy, precision), None


def products(xp, dy, cache, bf16_result: bool = False):
    """dx (in bf16 if asked) and dweight of `linear_rows`, for dy as a factor."""
    precision, x, weight, _ = cache
    dx = matmul(xp, dy, weight.T, precision, bf16_result)
    return dx, matmul(xp, x.T, dy, precision)
