"""Lesson 04, with einsum: to look up is to multiply by a table of zeros and ones."""

from minigpt.backend import get_array_module


def embedding(ids, weight):
    """y = one_hot @ weight."""
    xp = get_array_module(weight)
    one_hot = (ids[..., None] == xp.arange(weight.shape[0])).astype(weight.dtype)
    return xp.einsum("...v,vc->...c", one_hot, weight), one_hot


def embedding_backward(dy, cache):
    """dweight = one_hot.T @ dy, over all places."""
    one_hot = cache
    xp = get_array_module(dy)
    axes = tuple(range(dy.ndim - 1))
    return None, {"weight": xp.tensordot(one_hot, dy, axes=(axes, axes))}


def positions(x, wpe):
    """The rows are picked by a table with ones on the diagonal."""
    xp = get_array_module(x)
    pick = xp.eye(x.shape[1], wpe.shape[0], dtype=x.dtype)
    return x + xp.einsum("ts,sc->tc", pick, wpe), pick


def positions_backward(dy, cache):
    """Sum over b in one step with the picking."""
    pick = cache
    xp = get_array_module(dy)
    return dy.copy(), {"wpe": xp.einsum("btc,ts->sc", dy, pick)}
