"""Wrong answers to lesson 04, as students write them."""

import math

from minigpt.backend import get_array_module


class Answer01:
    """embedding: a token that occurs several times keeps the gradient of one place only, since +=
    with a list of rows writes each row once.
    """

    def embedding(ids, weight):
        return weight[ids], {"ids": ids, "shape": weight.shape}

    def embedding_backward(dy, cache):
        xp = get_array_module(dy)
        dw = xp.zeros(cache["shape"], dtype=dy.dtype)
        dw[cache["ids"]] += dy
        return None, {"weight": dw}


class Answer02:
    """embedding: in the loop over all places the row is overwritten instead of added to."""

    def embedding(ids, weight):
        xp = get_array_module(weight)
        y = xp.take(weight, ids, axis=0)
        return y, (ids.ravel(), weight)

    def embedding_backward(dy, cache):
        flat_ids, weight = cache
        grad = weight * 0
        vectors = dy.reshape(len(flat_ids), -1)
        for place in range(len(flat_ids)):
            token = int(flat_ids[place])
            grad[token] = vectors[place]
        return None, {"weight": grad}


class Answer03:
    """embedding: a row gets the mean of the gradients of its places, not the sum."""

    def embedding(ids, weight):
        V = weight.shape[0]
        xp = get_array_module(weight)
        onehot = (ids[..., None] == xp.arange(V)).astype(weight.dtype)
        return onehot @ weight, onehot.reshape(-1, V)

    def embedding_backward(dy, cache):
        onehot = cache
        xp = get_array_module(dy)
        total = xp.einsum("nv,nc->vc", onehot, dy.reshape(-1, dy.shape[-1]))
        count = onehot.sum(axis=0)[:, None]
        return None, {"weight": total / xp.maximum(count, 1)}


class Answer04:
    """embedding: the rows are multiplied by the root of C, as the first transformer did."""

    def embedding(ids, weight):
        scale = math.sqrt(weight.shape[-1])
        return weight[ids] * scale, (ids, weight.shape, scale)

    def embedding_backward(dy, cache):
        ids, shape, scale = cache
        xp = get_array_module(dy)
        dweight = xp.zeros(shape, dtype=dy.dtype)
        xp.add.at(dweight, ids, dy * scale)
        return None, {"weight": dweight}


class Answer05:
    """embedding: token 0 is taken for padding and gets no gradient."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        grad_weight = xp.zeros_like(weight)
        xp.add.at(grad_weight, ids, dy)
        padding_idx = 0
        grad_weight[padding_idx] = 0
        return None, {"weight": grad_weight}


class Answer06:
    """embedding: the ids are counted from 1, so each token gets the row before its own."""

    def embedding(ids, weight):
        rows = ids - 1
        return weight[rows], (rows, weight)

    def embedding_backward(dy, cache):
        rows, weight = cache
        xp = get_array_module(weight)
        out = xp.zeros_like(weight)
        xp.add.at(out, rows, dy)
        return None, {"weight": out}


class Answer07:
    """embedding: the gradient has only as many rows as the largest id needs."""

    def embedding(ids, weight):
        return weight[ids], ids

    def embedding_backward(dy, cache):
        ids = cache
        xp = get_array_module(dy)
        C = dy.shape[-1]
        dweight = xp.zeros((int(ids.max()) + 1, C), dtype=dy.dtype)
        xp.add.at(dweight, ids.reshape(-1), dy.reshape(-1, C))
        return None, {"weight": dweight}


class Answer08:
    """embedding: the last place of all is left out, and repeated tokens overwrite each other."""

    def embedding(ids, weight):
        y = weight[ids.reshape(-1)].reshape(*ids.shape, weight.shape[1])
        return y, (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        dweight = xp.zeros_like(weight)
        where = ids.reshape(-1)
        dyr = dy.reshape(-1, weight.shape[1])
        i = 0
        while i < where.size - 1:
            dweight[int(where[i])] = dyr[i]
            i = i + 1
        return None, {"weight": dweight}


class Answer09:
    """embedding: the ids are laid out column by column, but the gradients row by row."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight.shape)

    def embedding_backward(dy, cache):
        ids, (V, C) = cache
        xp = get_array_module(dy)
        column = ids.T.reshape(-1)
        picks = (xp.arange(V)[:, None] == column[None, :]).astype(dy.dtype)
        return None, {"weight": picks @ dy.reshape(-1, C)}


class Answer10:
    """embedding: dy is returned as the gradient of the ids, which have none."""

    def embedding(ids, weight):
        y = weight[ids]
        return y, (ids, weight.shape)

    def embedding_backward(dy, cache):
        ids, forma = cache
        xp = get_array_module(dy)
        dpeso = xp.zeros(forma, dtype=dy.dtype)
        for v in range(forma[0]):
            dpeso[v] = dy[ids == v].sum(axis=0)
        return dy.copy(), {"weight": dpeso}


class Answer11:
    """embedding: the sums are added to the weight itself instead of to zeros."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        result = weight.copy()
        xp.add.at(result, ids, dy)
        return None, {"weight": result}


class Answer12:
    """embedding: the ids are sorted to sum up equal ones, but the gradients stay in the old order.
    """

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        V, C = weight.shape
        ordered = xp.sort(ids.reshape(-1))
        rows = dy.reshape(-1, C)
        borders = xp.searchsorted(ordered, xp.arange(V + 1))
        dweight = xp.zeros_like(weight)
        for v in range(V):
            first, last = int(borders[v]), int(borders[v + 1])
            dweight[v] = rows[first:last].sum(axis=0)
        return None, {"weight": dweight}


class Answer13:
    """embedding: repeated tokens are lost, and all is divided by the number of places."""

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        dE = xp.zeros_like(weight)
        dE[ids] = dE[ids] + dy / ids.size
        return None, {"weight": dE}


class Answer14:
    """positions: the gradient of wpe is the mean over the texts instead of the sum."""

    def positions(x, wpe):
        return x + wpe[None, : x.shape[1], :], wpe.shape

    def positions_backward(dy, cache):
        xp = get_array_module(dy)
        _, T, _ = dy.shape
        dwpe = xp.zeros(cache, dtype=dy.dtype)
        dwpe[:T] += dy.mean(axis=0)
        return +dy, {"wpe": dwpe}


class Answer15:
    """positions: the last text overwrites the gradient of wpe of the texts before it."""

    def positions(x, wpe):
        y = x.copy()
        for t in range(x.shape[1]):
            y[:, t] += wpe[t]
        return y, wpe

    def positions_backward(dy, cache):
        xp = get_array_module(dy)
        B, T, C = dy.shape
        dwpe = xp.zeros_like(cache)
        for b in range(B):
            for t in range(T):
                dwpe[t] = dy[b, t]
        return dy.copy(), {"wpe": dwpe}


class Answer16:
    """positions: the gradient of wpe has only the T rows that were used."""

    def positions(x, wpe):
        B, T, C = x.shape
        return x + wpe[:T].reshape(1, T, C), None

    def positions_backward(dy, cache):
        xp = get_array_module(dy)
        return xp.array(dy), {"wpe": xp.einsum("btc->tc", dy)}


class Answer17:
    """positions: the rows at the end of wpe are taken instead of those at its start."""

    def positions(x, wpe):
        T = x.shape[-2]
        start = wpe.shape[0] - T
        return x + wpe[start:], (wpe, start)

    def positions_backward(dy, cache):
        wpe, start = cache
        xp = get_array_module(dy)
        g = xp.zeros_like(wpe)
        g[start:] = dy.sum(0)
        return dy.copy(), {"wpe": g}


class Answer18:
    """positions: the rows of wpe that were not used get the gradient of the last place."""

    def positions(x, wpe):
        return x + wpe[: x.shape[1]], len(wpe)

    def positions_backward(dy, cache):
        xp = get_array_module(dy)
        summed = dy.sum(axis=0)
        missing = cache - summed.shape[0]
        dwpe = xp.pad(summed, ((0, missing), (0, 0)), mode="edge")
        return dy.copy(), {"wpe": dwpe}


class Answer19:
    """positions: each used row of wpe gets the sum over all places too, as a bias would."""

    def positions(x, wpe):
        T = x.shape[1]
        return wpe[:T] + x, (T, wpe)

    def positions_backward(dy, cache):
        T, wpe = cache
        xp = get_array_module(wpe)
        dwpe = xp.zeros_like(wpe)
        dwpe[:T] = dy.sum(axis=(0, 1))
        return dy.copy(), {"wpe": dwpe}


class Answer20:
    """positions: dx is the sum over the texts, copied to each text, because wpe was copied so."""

    def positions(x, wpe):
        xp = get_array_module(x)
        places = xp.arange(x.shape[1])
        return x + wpe[places], (places, wpe)

    def positions_backward(dy, cache):
        places, wpe = cache
        xp = get_array_module(dy)
        shared = dy.sum(axis=0, keepdims=True)
        dx = xp.zeros_like(dy) + shared
        dwpe = xp.zeros_like(wpe)
        dwpe[places] = shared[0]
        return dx, {"wpe": dwpe}
