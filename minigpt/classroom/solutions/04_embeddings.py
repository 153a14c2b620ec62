"""Lesson 04: embeddings. Write the four functions, then run `minigpt check 04`.

Arrays may live on a GPU: `xp = get_array_module(weight)` is numpy or cupy, so write `xp.add.at`.
"""

from minigpt.backend import get_array_module


def embedding(ids, weight):
    """Look up one row of `weight` for each id.

        y[b, t] = weight[ids[b, t]]

    Args:
        ids: integers in 0 … V - 1, of any shape, usually (B, T).
        weight: (V, C), one row a token.

    Returns:
        y of shape ids.shape + (C,), and the cache: whatever your backward needs.
    """
    y = weight[ids]
    return y, (ids, weight)


def embedding_backward(dy, cache):
    """Give each row of `weight` the sum of the gradients of all places that looked it up.

        dweight[v] = sum of dy[b, t] over all (b, t) with ids[b, t] == v

    A row that nobody looked up gets zeros. The ids are integers and have no gradient.

    Args:
        dy: of shape ids.shape + (C,).
        cache: what the forward returned.

    Returns:
        None in the place of dx, and {"weight": (V, C)}.
    """
    ids, weight = cache
    C = weight.shape[1]
    xp = get_array_module(weight)
    dweight = xp.zeros_like(weight)
    flat = ids.reshape(-1)
    drows = dy.reshape(-1, C)
    xp.add.at(dweight, flat, drows)
    return None, {"weight": dweight}


def positions(x, wpe):
    """Add to each vector the row of its place; place t has the same row in every text.

        y[b, t] = x[b, t] + wpe[t]        for t = 0 … T - 1

    Args:
        x: (B, T, C), B texts of T tokens.
        wpe: (T_max, C), one row a place, with T_max >= T: the rows from T on are not used.

    Returns:
        y of the shape of x, and the cache: whatever your backward needs.
    """
    T = x.shape[1]
    rows = wpe[:T]
    y = x + rows
    return y, wpe


def positions_backward(dy, cache):
    """From the gradient of y to those of x and wpe.

        dx = dy
        dwpe[t] = sum of dy[b, t] over b, and zeros for the rows that were not used

    What is returned is fresh: dx holds the numbers of dy, but it is an array of its own.

    Args:
        dy: (B, T, C).
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and {"wpe": (T_max, C)}.
    """
    wpe = cache
    xp = get_array_module(dy)
    T = dy.shape[1]
    dx = dy.copy()
    dwpe = xp.zeros_like(wpe)
    for_each_place = dy.sum(axis=0)
    dwpe[:T] = for_each_place
    return dx, {"wpe": dwpe}
