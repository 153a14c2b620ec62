"""Lesson 10: the head, and one matrix for two jobs. Write the functions; `minigpt check 10`.

`embedding` and its backward, of lesson 04, are there for you to use.
"""

from minigpt.layers import embedding, embedding_backward


def unembedding(x, weight):
    """Score each token: the dot product of its row of `weight` with the vector x.

        logits = x @ weight.T

    Args:
        x: (..., C), usually (B, T, C).
        weight: (V, C), one row a token.

    Returns:
        The logits of shape (..., V), and the cache: whatever your backward needs.
    """
    logits = x @ weight.T
    return logits, (x, weight)


def unembedding_backward(dy, cache):
    """From the gradient of the logits to those of x and weight.

        dx = dy @ weight
        dweight = dy.T @ x              for dy and x as tables with one row a place

    Args:
        dy: (..., V), the gradient of the logits.
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and {"weight": (V, C)}.
    """
    x, weight = cache
    V, C = weight.shape
    rows = x.reshape(-1, C)
    drows = dy.reshape(-1, V)
    dx = dy @ weight
    dweight = drows.T @ rows
    return dx, {"weight": dweight}


def tied(ids, weight):
    """The smallest GPT of section 2: read tokens and score tokens with the same matrix.

        x = weight[ids]        logits = x @ weight.T

    Args:
        ids: integers in 0 … V - 1, of shape (B, T).
        weight: (V, C), one row a token.

    Returns:
        The logits of shape (B, T, V), and the cache: whatever your backward needs.
    """
    x, read_cache = embedding(ids, weight)
    scores, score_cache = unembedding(x, weight)
    return scores, (read_cache, score_cache)


def tied_backward(dlogits, cache):
    """Undo the scoring, then the reading; the weight was used twice.

        dweight = gradient from scoring + gradient from reading

    The ids are integers and have no gradient.

    Args:
        dlogits: (B, T, V).
        cache: what the forward returned.

    Returns:
        None in the place of dx, and {"weight": (V, C)}.
    """
    read_cache, score_cache = cache
    dread, scoring = unembedding_backward(dlogits, score_cache)
    _, reading = embedding_backward(dread, read_cache)
    from_scoring = scoring["weight"]
    from_reading = reading["weight"]
    total = from_scoring + from_reading
    return None, {"weight": total}
