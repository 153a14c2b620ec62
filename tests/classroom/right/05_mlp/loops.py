"""Lesson 05, with plain loops over rows and columns."""

import math

from minigpt.backend import get_array_module


def linear(x, weight, bias):
    """Each output is a sum over the inputs."""
    xp = get_array_module(x)
    n_in, n_out = weight.shape
    rows = x.reshape(-1, n_in)
    table = xp.zeros((len(rows), n_out), dtype=x.dtype)
    for r in range(len(rows)):
        for j in range(n_out):
            total = float(bias[j])
            for i in range(n_in):
                total += float(rows[r, i]) * float(weight[i, j])
            table[r, j] = total
    return table.reshape(x.shape[:-1] + (n_out,)), (x, weight)


def linear_backward(dy, cache):
    """Each product of the forward sends its gradient to both of its factors."""
    x, weight = cache
    xp = get_array_module(x)
    n_in, n_out = weight.shape
    rows = x.reshape(-1, n_in)
    drows = dy.reshape(-1, n_out)
    dx = xp.zeros(rows.shape, dtype=x.dtype)
    dweight = xp.zeros(weight.shape, dtype=weight.dtype)
    dbias = xp.zeros(n_out, dtype=weight.dtype)
    for r in range(len(rows)):
        for j in range(n_out):
            dbias[j] += drows[r, j]
            for i in range(n_in):
                dx[r, i] += drows[r, j] * weight[i, j]
                dweight[i, j] += drows[r, j] * rows[r, i]
    return dx.reshape(x.shape), {"weight": dweight, "bias": dbias}


def gelu(x):
    """One number after another."""
    xp = get_array_module(x)
    values = x.reshape(-1)
    y = xp.zeros(len(values), dtype=x.dtype)
    for i in range(len(values)):
        v = float(values[i])
        u = math.sqrt(2 / math.pi) * (v + 0.044715 * v * v * v)
        y[i] = v / 2 * (1 + math.tanh(u))
    return y.reshape(x.shape), x


def gelu_backward(dy, cache):
    """One number after another, with tanh computed again."""
    x = cache
    xp = get_array_module(x)
    values = x.reshape(-1)
    dvalues = dy.reshape(-1)
    dx = xp.zeros(len(values), dtype=x.dtype)
    for i in range(len(values)):
        v = float(values[i])
        t = math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v * v * v))
        slope = (1 + t) / 2
        slope += v / 2 * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * v * v)
        dx[i] = float(dvalues[i]) * slope
    return dx.reshape(x.shape), {}


def mlp(x, c_fc, c_proj):
    """Three steps; every cache is kept in a list."""
    caches = []
    hidden, cache = linear(x, c_fc["weight"], c_fc["bias"])
    caches.append(cache)
    active, cache = gelu(hidden)
    caches.append(cache)
    y, cache = linear(active, c_proj["weight"], c_proj["bias"])
    caches.append(cache)
    return y, caches


def mlp_backward(dy, cache):
    """The last step first."""
    grads = {}
    d, grads["c_proj"] = linear_backward(dy, cache[2])
    d, _ = gelu_backward(d, cache[1])
    d, grads["c_fc"] = linear_backward(d, cache[0])
    return d, grads
