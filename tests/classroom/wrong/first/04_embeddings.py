"""Wrong answers to lesson 04, written as students write them."""

import math

from minigpt.backend import get_array_module


def _scatter(ids, dy, weight):
    """The right gradient of the rows, for answers whose mistake is elsewhere."""
    xp = get_array_module(weight)
    V, C = weight.shape
    hot = (ids.reshape(-1)[:, None] == xp.arange(V)).astype(dy.dtype)
    return hot.T @ dy.reshape(-1, C)


class Answer01:
    """embedding: += with an array of ids, a token that occurs twice keeps only one gradient."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        grad = xp.zeros(weight.shape, dtype=weight.dtype)
        grad[ids] += dy
        return None, {"weight": grad}


class Answer02:
    """embedding: a loop sets the row of a token with = and so forgets its earlier places."""

    def embedding(ids, weight):
        xp = get_array_module(weight)
        rows = [weight[int(i)] for i in ids.reshape(-1)]
        y = xp.stack(rows).reshape(ids.shape + (weight.shape[1],))
        return y, dict(ids=ids, weight=weight)

    def embedding_backward(dy, cache):
        W = cache["weight"]
        dW = W * 0
        flach = dy.reshape(-1, W.shape[1])
        for n, token in enumerate(cache["ids"].reshape(-1)):
            dW[int(token)] = flach[n]
        return None, {"weight": dW}


class Answer03:
    """embedding: the gradient of a row is divided by how often its token occurs."""

    def embedding(ids, weight):
        xp = get_array_module(weight)
        return xp.take(weight, ids, axis=0), (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(dy)
        V, C = weight.shape
        flat = ids.reshape(-1)
        total = xp.zeros_like(weight)
        xp.add.at(total, flat, dy.reshape(-1, C))
        n = xp.bincount(flat, minlength=V)[:, None]
        return None, {"weight": total / xp.maximum(n, 1).astype(weight.dtype)}


class Answer04:
    """embedding: the gradient is divided by the number of all places, B T."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        dweight = xp.zeros_like(weight)
        for v in range(weight.shape[0]):
            here = (ids == v)[..., None]
            dweight[v] = (dy * here).reshape(-1, weight.shape[1]).mean(axis=0)
        return None, {"weight": dweight}


class Answer05:
    """embedding: dweight has one row a place, it is dy and not yet added up by token."""

    def embedding(ids, weight):
        return weight[ids], weight.shape[1]

    def embedding_backward(dy, cache):
        C = cache
        return None, {"weight": dy.reshape(-1, C).copy()}


class Answer06:
    """embedding: the gradients are added to a copy of the weight instead of to zeros."""

    def embedding(ids, weight):
        y = weight[ids, :]
        return y, (ids.reshape(-1), weight)

    def embedding_backward(dy, cache):
        flat, weight = cache
        xp = get_array_module(weight)
        g = weight.copy()
        xp.add.at(g, flat, dy.reshape(flat.shape[0], -1))
        return None, {"weight": g}


class Answer07:
    """embedding: only the first text gives gradients."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        while ids.ndim > 1:
            ids, dy = ids[0], dy[0]
        ids = ids.reshape(-1)
        return None, {"weight": _scatter(ids, dy, weight)}


class Answer08:
    """embedding: the gradients are subtracted, as if the step downhill were made here already."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        dweight = xp.zeros_like(weight)
        C = dweight.shape[-1]
        xp.subtract.at(dweight, ids.reshape(-1), dy.reshape(-1, C))
        return None, {"weight": dweight}


class Answer09:
    """embedding: ids are read as counted from 1, the row of ids - 1 is taken."""

    def embedding(ids, weight):
        idx = ids - 1
        return weight[idx], (idx, weight)

    def embedding_backward(dy, cache):
        idx, weight = cache
        xp = get_array_module(weight)
        out = xp.zeros_like(weight)
        xp.add.at(out, idx, dy)
        return None, {"weight": out}


class Answer10:
    """embedding: the rows are multiplied by sqrt(C), as in the first transformer."""

    def embedding(ids, weight):
        scale = math.sqrt(weight.shape[1])
        return weight[ids] * scale, (ids, weight, scale)

    def embedding_backward(dy, cache):
        ids, weight, scale = cache
        return None, {"weight": _scatter(ids, dy * scale, weight)}


class Answer11:
    """embedding: every token of a text gets the gradient of the whole text, not of its places."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        V, C = weight.shape
        ids2 = ids.reshape(-1, ids.shape[-1]) if ids.ndim else ids.reshape(1, 1)
        dy3 = dy.reshape(ids2.shape + (C,))
        contains = (ids2[:, :, None] == xp.arange(V)).any(axis=1).astype(weight.dtype)
        return None, {"weight": contains.T @ dy3.sum(axis=1)}


class Answer12:
    """embedding: the loop over the places starts at 1 and forgets the first place."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        grad = xp.zeros_like(weight)
        list_of_ids = ids.reshape(-1).tolist()
        list_of_dy = dy.reshape(-1, weight.shape[1])
        for i in range(1, len(list_of_ids)):
            grad[list_of_ids[i]] += list_of_dy[i]
        return None, {"weight": grad}


class Answer13:
    """embedding: for a token that occurs more than once only its first place counts."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        tokens, first = xp.unique(ids, return_index=True)
        dweight = xp.zeros_like(weight)
        dweight[tokens] = dy.reshape(-1, weight.shape[1])[first]
        return None, {"weight": dweight}


class Answer14:
    """embedding: two mistakes, repeated tokens are lost, and the rest is divided by their number.
    """

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        dweight = xp.zeros_like(weight)
        dweight[ids] += dy / max(1, ids.size)
        return None, {"weight": dweight}


class Answer15:
    """embedding: dy is handed on as the gradient of the ids, where None belongs."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        return dy.copy(), {"weight": _scatter(ids, dy, weight)}


class Answer16:
    """positions: dwpe has only T rows, the rows that were not used are missing."""

    def positions(x, wpe):
        B, T, C = x.shape
        return x + wpe[None, :T, :], None

    def positions_backward(dy, cache):
        return dy.copy(), {"wpe": dy.sum(axis=0)}


class Answer17:
    """positions: dwpe is the mean over the texts, not the sum."""

    def positions(x, wpe):
        xp = get_array_module(x)
        place = xp.arange(x.shape[1])
        return x + wpe[place], wpe.shape

    def positions_backward(dy, cache):
        xp = get_array_module(dy)
        dwpe = xp.zeros(cache, dtype=dy.dtype)
        dwpe[: dy.shape[1]] = dy.mean(axis=0)
        return +dy, {"wpe": dwpe}


class Answer18:
    """positions: all used rows get the same gradient, summed over the texts and the places."""

    def positions(x, wpe):
        y = x.copy()
        y += wpe[: x.shape[1]]
        return y, wpe

    def positions_backward(dy, cache):
        xp = get_array_module(dy)
        g = xp.zeros_like(cache)
        g[: dy.shape[1]] = dy.sum(axis=(0, 1))
        return dy.copy(), {"wpe": g}


class Answer19:
    """positions: the last T rows of wpe are taken, not the first T."""

    def positions(x, wpe):
        T = x.shape[1]
        return x + wpe[wpe.shape[0] - T :], (wpe, T)

    def positions_backward(dy, cache):
        wpe, T = cache
        xp = get_array_module(wpe)
        dwpe = xp.zeros_like(wpe)
        dwpe[-T:] = dy.sum(axis=0)
        return dy * 1, {"wpe": dwpe}


class Answer20:
    """positions: place t gets row t - 1, and so the first place the last row of all."""

    def positions(x, wpe):
        xp = get_array_module(x)
        rows = xp.arange(x.shape[1]) - 1
        return x + wpe[rows], (rows, wpe)

    def positions_backward(dy, cache):
        rows, wpe = cache
        xp = get_array_module(dy)
        dwpe = xp.zeros_like(wpe)
        dwpe[rows] = dy.sum(axis=0)
        return dy.copy(), {"wpe": dwpe}


class Answer21:
    """positions: the rows that were not used keep the numbers of wpe where zeros belong."""

    def positions(x, wpe):
        return x + wpe[: x.shape[1]], {"wpe": wpe}

    def positions_backward(dy, cache):
        dwpe = cache["wpe"].copy()
        t = dy.shape[1]
        dwpe[:t] = dy.sum(axis=0)
        return dy.copy(), {"wpe": dwpe}


class Answer22:
    """positions: a loop over the texts sets dwpe with =, so only the last text counts."""

    def positions(x, wpe):
        xp = get_array_module(x)
        y = xp.stack([text + wpe[: text.shape[0]] for text in x])
        return y, (wpe, x.shape)

    def positions_backward(dy, cache):
        wpe, (B, T, C) = cache
        xp = get_array_module(dy)
        dwpe = xp.zeros_like(wpe)
        for b in range(B):
            dwpe[:T] = dy[b]
        return dy.copy(), {"wpe": dwpe}


class Answer23:
    """positions: the gradient of the rows is added to dx once more."""

    def positions(x, wpe):
        return x + wpe[: x.shape[1]], wpe

    def positions_backward(dy, cache):
        wpe = cache
        xp = get_array_module(dy)
        T = dy.shape[1]
        rest = xp.zeros((wpe.shape[0] - T, wpe.shape[1]), dtype=wpe.dtype)
        dwpe = xp.concatenate([dy.sum(axis=0), rest])
        dx = dy + dwpe[:T]
        return dx, {"wpe": dwpe}


class Answer24:
    """embedding: two mistakes, the row of ids - 1 is taken, and repeated tokens are lost."""

    def embedding(ids, weight):
        return weight[ids - 1], (ids - 1, weight)

    def embedding_backward(dy, cache):
        rows, weight = cache
        xp = get_array_module(weight)
        dweight = xp.zeros_like(weight)
        dweight[rows] = dweight[rows] + dy
        return None, {"weight": dweight}


class Answer25:
    """positions: two mistakes, dwpe is a mean over the texts and has only the T used rows."""

    def positions(x, wpe):
        return x + wpe[: x.shape[1]], ()

    def positions_backward(dy, cache):
        return 1 * dy, {"wpe": dy.mean(axis=0)}
