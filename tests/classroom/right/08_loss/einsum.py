"""Lesson 08: the target as a row of a table, one at the right token and zero elsewhere."""

from minigpt.backend import get_array_module

IGNORE = -100


def cross_entropy(logits, targets):
    """The row of a place that does not count is zero everywhere."""
    xp = get_array_module(logits)
    V = logits.shape[-1]
    y = (targets.reshape(-1, 1) == xp.arange(V)).astype(logits.dtype)
    counts = xp.einsum("nv->n", y)
    N = max(float(xp.einsum("n->", counts)), 1.0)
    z = logits.reshape(-1, V)
    z = z - z.max(axis=1, keepdims=True)
    exp = xp.exp(z)
    sums = xp.einsum("nv->n", exp)
    minus_log_p = xp.log(sums) - xp.einsum("nv,nv->n", z, y)
    loss = xp.einsum("n,n->", counts, minus_log_p) / N
    p = xp.einsum("nv,n->nv", exp, 1 / sums)
    return loss, {"p": p, "y": y, "counts": counts, "N": N, "shape": logits.shape}


def cross_entropy_backward(dloss, cache):
    """y is zero already at the places that do not count, p is made zero."""
    xp = get_array_module(cache["p"])
    d = xp.einsum("nv,n->nv", cache["p"], cache["counts"]) - cache["y"]
    return d.reshape(cache["shape"]) * (float(dloss) / cache["N"]), {}


def bits_per_byte(loss, tokens, n_bytes):
    """One bit is 0.693... nats."""
    return (tokens / n_bytes) * (loss / 0.6931471805599453)
