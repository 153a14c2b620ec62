"""Embeddings: from token ids to vectors, and from vectors back to a score for each token."""

from minigpt.backend import get_array_module


def embedding(ids, weight):
    """Look up one row of `weight` for each id.

        y[b, t] = weight[ids[b, t]]

    It equals `one_hot(ids) @ weight` without building the one-hot matrix.

    Args:
        ids: integers in 0 … V - 1, of any shape, usually (B, T).
        weight: (V, C), one row a token (or a position).

    Returns:
        y of shape `ids.shape + (C,)`, and the cache.
    """
    return weight[ids], (ids, weight)


def embedding_backward(dy, cache):
    """Give each row of `weight` the sum of the gradients of all places that looked it up.

        dweight[v] = sum of dy[b, t] over all (b, t) with ids[b, t] == v

    `dweight[ids] += dy` would be wrong: where a token occurs twice, it keeps only the last one.
    The ids are integers and have no gradient: dx is None.
    """
    ids, weight = cache
    xp = get_array_module(weight)
    dweight = xp.zeros_like(weight)
    xp.add.at(dweight, ids.reshape(-1), dy.reshape(-1, weight.shape[1]))  # y = weight[ids]
    return None, {"weight": dweight}


def unembedding(x, weight):
    """Score each token by the dot product of its row of `weight` with `x`: the head of the GPT.

        y = x @ weight.T

    With tied weights this is the same matrix that `embedding` looked up (Press and Wolf, 2017).

    Args:
        x: (..., C).
        weight: (V, C).

    Returns:
        y of shape (..., V), the logits, and the cache.
    """
    return x @ weight.T, (x, weight)


def unembedding_backward(dy, cache):
    """From the gradient of the logits, (..., V), to those of `x`, (..., C), and `weight`, (V, C).

    dx = dy @ weight        dweight = dy.T @ x, summed over all leading axes
    """
    x, weight = cache
    V, C = weight.shape
    dx = dy @ weight  # y = x @ weight.T
    dweight = dy.reshape(-1, V).T @ x.reshape(-1, C)  # y = x @ weight.T
    return dx, {"weight": dweight}
