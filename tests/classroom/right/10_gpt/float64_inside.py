"""Lesson 10, in float64 inside; the results have the dtype of the weight."""

from minigpt.layers import embedding, embedding_backward


def unembedding(x, weight):
    """The product in float64."""
    wide = x.astype("float64")
    logits = wide @ weight.astype("float64").T
    return logits.astype(x.dtype), (wide, weight)


def unembedding_backward(dy, cache):
    """Both products in float64."""
    x, weight = cache
    d = dy.astype("float64")
    dx = d @ weight.astype("float64")
    dweight = d.reshape(-1, d.shape[-1]).T @ x.reshape(-1, x.shape[-1])
    return dx.astype(weight.dtype), {"weight": dweight.astype(weight.dtype)}


def tied(ids, weight):
    """Read from a wide copy of the weight, and score with it."""
    wide = weight.astype("float64")
    x, cache = embedding(ids, wide)
    return (x @ wide.T).astype(weight.dtype), (x, wide, cache, weight.dtype)


def tied_backward(dlogits, cache):
    """Two gradients for one matrix."""
    x, wide, read, dtype = cache
    V, C = wide.shape
    d = dlogits.astype("float64")
    dweight = d.reshape(-1, V).T @ x.reshape(-1, C)
    _, reading = embedding_backward(d @ wide, read)
    return None, {"weight": (dweight + reading["weight"]).astype(dtype)}
