"""The linear layer: every output is a weighted sum of all inputs, plus a bias."""


def linear(x, weight, bias=None):
    """Multiply by a matrix and add a bias.

        y = x @ weight + bias

    Args:
        x: (..., C_in).
        weight: (C_in, C_out), stored as GPT-2 stores it.
        bias: (C_out,), or None for none.

    Returns:
        y of shape (..., C_out), and the cache.
    """
    C_in, C_out = weight.shape
    y = x.reshape(-1, C_in) @ weight  # one large matrix product is faster than B small ones
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], C_out), (x, weight, bias)


def linear_backward(dy, cache):
    """From dy (..., C_out) to dx (..., C_in), dweight and dbias.

    dx = dy @ weight.T        dweight = x.T @ dy        dbias = sum of dy over all but the last axis

    The shapes alone tell which is which: only `x.T @ dy` is (C_in, C_out).
    """
    x, weight, bias = cache
    C_in, C_out = weight.shape
    dy = dy.reshape(-1, C_out)
    dx = (dy @ weight.T).reshape(x.shape)  # y = x @ weight
    grads = {"weight": x.reshape(-1, C_in).T @ dy}  # y = x @ weight
    if bias is not None:
        grads["bias"] = dy.sum(axis=0)  # y += bias, once for each row
    return dx, grads
