"""Layer norm in chunks of rows that stay in the cache; sums of products without temporaries."""

import numpy as np

from minigpt.kernels.chunks import row_chunks
from minigpt.kernels.linear import column_sums


def layernorm(x, weight, bias=None, eps=1e-5):
    """As `layers.layernorm`."""
    C = x.shape[-1]
    rows = x.reshape(-1, C)
    normalised, y = np.empty(rows.shape, rows.dtype), np.empty(rows.shape, rows.dtype)
    rstd = np.empty((len(rows), 1), rows.dtype)
    mean_of = np.full(C, 1 / C, rows.dtype)
    for part in row_chunks(rows, temporaries=2):
        n = normalised[part]
        np.subtract(rows[part], (rows[part] @ mean_of)[:, None], out=n)
        variance = np.einsum("ij,ij->i", n, n)[:, None]
        variance *= 1 / C
        rstd[part] = 1 / np.sqrt(variance + eps)
        n *= rstd[part]
        np.multiply(n, weight, out=y[part])
        if bias is not None:
            y[part] += bias
    return y.reshape(x.shape), (normalised, rstd, weight, bias)


def layernorm_backward(dy, cache):
    """As `layers.layernorm_backward`."""
    normalised, rstd, weight, bias = cache
    C = weight.shape[0]
    rows = dy.reshape(-1, C)
    dx, dweight = np.empty(rows.shape, rows.dtype), np.zeros_like(weight)
    mean_of = weight * (1 / C)  # rows @ mean_of is the mean of rows * weight
    for part in row_chunks(rows, temporaries=2):
        dy_n = np.multiply(rows[part], normalised[part], out=dx[part])
        dweight += column_sums(dy_n)
        along = (dy_n @ mean_of)[:, None]
        dn = np.multiply(rows[part], weight, out=dx[part])
        dn -= (rows[part] @ mean_of)[:, None]
        dn -= normalised[part] * along
        dn *= rstd[part]
    grads = {"weight": dweight}
    if bias is not None:
        grads["bias"] = column_sums(rows)
    return dx.reshape(dy.shape), grads
