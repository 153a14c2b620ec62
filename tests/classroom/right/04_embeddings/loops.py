"""Lesson 04, with plain loops over the places."""

import itertools

from minigpt.backend import get_array_module


def embedding(ids, weight):
    """Copy one row for each id."""
    xp = get_array_module(weight)
    V, C = weight.shape
    y = xp.zeros(ids.shape + (C,), dtype=weight.dtype)
    for place in itertools.product(*[range(n) for n in ids.shape]):
        token = int(ids[place])
        y[place] = weight[token]
    return y, (ids, V)


def embedding_backward(dy, cache):
    """Add each gradient to the row of its token."""
    ids, V = cache
    xp = get_array_module(dy)
    C = dy.shape[-1]
    dweight = xp.zeros((V, C), dtype=dy.dtype)
    for place in itertools.product(*[range(n) for n in ids.shape]):
        token = int(ids[place])
        for c in range(C):
            dweight[token, c] += dy[place][c]
    return None, {"weight": dweight}


def positions(x, wpe):
    """Add, for each text and each place."""
    xp = get_array_module(x)
    B, T, C = x.shape
    y = xp.zeros((B, T, C), dtype=x.dtype)
    for b in range(B):
        for t in range(T):
            y[b, t] = x[b, t] + wpe[t]
    return y, wpe.shape[0]


def positions_backward(dy, cache):
    """Copy for x, add up for wpe."""
    T_max = cache
    xp = get_array_module(dy)
    B, T, C = dy.shape
    dx = xp.zeros((B, T, C), dtype=dy.dtype)
    dwpe = xp.zeros((T_max, C), dtype=dy.dtype)
    for b in range(B):
        for t in range(T):
            for c in range(C):
                dx[b, t, c] = dy[b, t, c]
                dwpe[t, c] += dy[b, t, c]
    return dx, {"wpe": dwpe}
