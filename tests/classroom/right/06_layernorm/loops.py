"""Lesson 06, with plain loops over rows and channels."""

import math

from minigpt.backend import get_array_module


def layernorm(x, weight, bias, eps=1e-5):
    """One row after another."""
    xp = get_array_module(x)
    C = x.shape[-1]
    rows = x.reshape(-1, C)
    y = xp.zeros(rows.shape, dtype=x.dtype)
    for r in range(len(rows)):
        row = [float(rows[r, c]) for c in range(C)]
        mean = sum(row) / C
        variance = 0.0
        for value in row:
            variance += (value - mean) ** 2
        variance /= C
        for c in range(C):
            n = (row[c] - mean) / math.sqrt(variance + eps)
            y[r, c] = n * float(weight[c]) + float(bias[c])
    return y.reshape(x.shape), (x, weight, eps)


def layernorm_backward(dy, cache):
    """Each output of a row depends on each input of it: two loops over channels."""
    x, weight, eps = cache
    xp = get_array_module(x)
    C = x.shape[-1]
    rows = x.reshape(-1, C)
    drows = dy.reshape(-1, C)
    dx = xp.zeros(rows.shape, dtype=x.dtype)
    dweight = [0.0] * C
    dbias = [0.0] * C
    for r in range(len(rows)):
        row = [float(rows[r, c]) for c in range(C)]
        mean = sum(row) / C
        std = math.sqrt(sum((value - mean) ** 2 for value in row) / C + eps)
        n = [(value - mean) / std for value in row]
        dn = [float(drows[r, c]) * float(weight[c]) for c in range(C)]
        for j in range(C):
            total = 0.0
            for i in range(C):
                same = 1.0 if i == j else 0.0
                total += dn[i] * (same - 1 / C - n[i] * n[j] / C) / std
            dx[r, j] = total
            dweight[j] += float(drows[r, j]) * n[j]
            dbias[j] += float(drows[r, j])
    return dx.reshape(x.shape), {
        "weight": xp.array(dweight, dtype=weight.dtype),
        "bias": xp.array(dbias, dtype=weight.dtype),
    }
