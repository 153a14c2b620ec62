"""Lesson 10, with plain loops over places, tokens and channels."""

from minigpt.backend import get_array_module


def unembedding(x, weight):
    """One dot product after another."""
    xp = get_array_module(x)
    V, C = weight.shape
    rows = x.reshape(-1, C)
    logits = xp.zeros((len(rows), V), dtype=x.dtype)
    for n in range(len(rows)):
        for token in range(V):
            score = 0.0
            for c in range(C):
                score += float(rows[n, c]) * float(weight[token, c])
            logits[n, token] = score
    return logits.reshape(x.shape[:-1] + (V,)), (x, weight)


def unembedding_backward(dy, cache):
    """Each score gives something to its place and to its token."""
    x, weight = cache
    V, C = weight.shape
    rows = x.reshape(-1, C)
    drows = dy.reshape(-1, V)
    xp = get_array_module(x)
    dx = xp.zeros_like(rows)
    dweight = xp.zeros_like(weight)
    for n in range(len(rows)):
        for token in range(V):
            d = drows[n, token]
            dx[n] += d * weight[token]
            dweight[token] += d * rows[n]
    return dx.reshape(x.shape), {"weight": dweight}


def tied(ids, weight):
    """For each token that is read, score all tokens."""
    xp = get_array_module(weight)
    B, T = ids.shape
    V = len(weight)
    logits = xp.zeros((B, T, V), dtype=weight.dtype)
    for b in range(B):
        for t in range(T):
            vector = weight[int(ids[b, t])]
            for token in range(V):
                logits[b, t, token] = (vector * weight[token]).sum()
    return logits, (ids, weight)


def tied_backward(dlogits, cache):
    """A product of two rows: each one gets the other one."""
    ids, weight = cache
    xp = get_array_module(weight)
    B, T = ids.shape
    dweight = xp.zeros_like(weight)
    for b in range(B):
        for t in range(T):
            read = int(ids[b, t])
            for token in range(len(weight)):
                d = dlogits[b, t, token]
                dweight[read] += d * weight[token]
                dweight[token] += d * weight[read]
    return None, {"weight": dweight}
