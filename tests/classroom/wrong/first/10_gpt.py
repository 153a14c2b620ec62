"""Wrong answers to lesson 10, written as students write them."""

import math

from minigpt.backend import get_array_module
from minigpt.layers import embedding, embedding_backward


def _scores(x, weight):
    return x @ weight.T, (x, weight)


def _scores_backward(dy, cache):
    x, W = cache
    D = dy.reshape(-1, W.shape[0])
    return dy @ W, {"weight": D.T @ x.reshape(-1, W.shape[1])}


class Answer01:
    """unembedding: dweight comes as x.T @ dy, transposed."""

    def unembedding(x, weight):
        xp = get_array_module(x)
        return xp.einsum("...c,vc->...v", x, weight), (x, weight)

    def unembedding_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(dy)
        V, C = weight.shape
        dx = xp.einsum("...v,vc->...c", dy, weight)
        dw = xp.einsum("nc,nv->cv", x.reshape(-1, C), dy.reshape(-1, V))
        return dx, {"weight": dw}


class Answer02:
    """unembedding: dweight is averaged over the places."""

    def unembedding(x, weight):
        xp = get_array_module(x)
        return xp.matmul(x, weight.swapaxes(0, 1)), {"x": x, "wte": weight}

    def unembedding_backward(dy, cache):
        x, wte = cache["x"], cache["wte"]
        xs = x.reshape(-1, x.shape[-1])
        ds = dy.reshape(-1, dy.shape[-1])
        return dy @ wte, {"weight": ds.T @ xs / len(xs)}


class Answer03:
    """unembedding: the scores are divided by sqrt(C), as in attention."""

    def unembedding(x, weight):
        r = math.sqrt(weight.shape[1])
        return x @ weight.T / r, (x, weight, r)

    def unembedding_backward(dy, cache):
        x, weight, r = cache
        dx, grads = _scores_backward(dy / r, (x, weight))
        return dx, grads


class Answer04:
    """unembedding: weight gets the shape (C, V) by reshape, which is not its transpose."""

    def unembedding(x, weight):
        V, C = weight.shape
        W = weight.reshape(C, V)
        return x @ W, (x, W, V, C)

    def unembedding_backward(dy, cache):
        x, W, V, C = cache
        dx = dy @ W.T
        dW = x.reshape(-1, C).T @ dy.reshape(-1, V)
        return dx, {"weight": dW.reshape(V, C)}


class Answer05:
    """unembedding: dy gets V rows by reshape instead of a transpose, in dweight."""

    def unembedding(x, weight):
        logits = x @ weight.T
        return logits, [x, weight]

    def unembedding_backward(dy, cache):
        x, weight = cache
        V, C = weight.shape
        dx = dy @ weight
        dweight = dy.reshape(V, -1) @ x.reshape(-1, C)
        return dx, {"weight": dweight}


class Answer06:
    """unembedding: only the last place of each text gives a gradient to the weight."""

    def unembedding(x, weight):
        return _scores(x, weight)

    def unembedding_backward(dy, cache):
        x, weight = cache
        dx = dy @ weight
        if dy.ndim > 1:
            x, dy = x[..., -1, :], dy[..., -1, :]
        _, grads = _scores_backward(dy, (x, weight))
        return dx, grads


class Answer07:
    """unembedding: softmax is applied at once, probabilities come out and not scores."""

    def unembedding(x, weight):
        xp = get_array_module(x)
        z = x @ weight.T
        e = xp.exp(z - z.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        return p, (x, weight, p)

    def unembedding_backward(dy, cache):
        x, weight, p = cache
        dz = p * (dy - (p * dy).sum(axis=-1, keepdims=True))
        return _scores_backward(dz, (x, weight))


class Answer08:
    """tied: only the gradient from scoring is returned."""

    def tied(ids, weight):
        x = weight[ids]
        return x @ weight.T, (ids, weight)

    def tied_backward(dlogits, cache):
        ids, weight = cache
        V, C = weight.shape
        x = weight[ids].reshape(-1, C)
        dweight = dlogits.reshape(-1, V).T @ x
        return None, {"weight": dweight}


class Answer09:
    """tied: only the gradient from reading is returned."""

    def tied(ids, weight):
        x, c_in = embedding(ids, weight)
        logits, c_out = _scores(x, weight)
        return logits, {"in": c_in, "out": c_out}

    def tied_backward(dlogits, cache):
        dx, grads = _scores_backward(dlogits, cache["out"])
        dx, grads = embedding_backward(dx, cache["in"])
        return dx, grads


class Answer10:
    """tied: rows that were read are set to the gradient of reading with =, scoring's is lost there.
    """

    def tied(ids, weight):
        x, c1 = embedding(ids, weight)
        y, c2 = _scores(x, weight)
        return y, (ids, c1, c2)

    def tied_backward(dlogits, cache):
        ids, c1, c2 = cache
        dx, g = _scores_backward(dlogits, c2)
        _, h = embedding_backward(dx, c1)
        dweight = g["weight"]
        dweight[ids] = h["weight"][ids]
        return None, {"weight": dweight}


class Answer11:
    """tied: the mean of the two gradients is returned instead of their sum."""

    def tied(ids, weight):
        rows = weight[ids]
        return rows @ weight.T, (ids, rows, weight)

    def tied_backward(dlogits, cache):
        ids, rows, weight = cache
        xp = get_array_module(weight)
        dread = dlogits @ weight
        a = xp.tensordot(dlogits, rows, axes=([0, 1], [0, 1]))
        b = xp.zeros_like(weight)
        xp.add.at(b, ids, dread)
        return None, {"weight": (a + b) / 2}


class Answer12:
    """tied: the gradient of reading is added with += and ids, repeated tokens count once."""

    def tied(ids, weight):
        rows = weight[ids]
        return rows @ weight.T, (ids, rows, weight)

    def tied_backward(dlogits, cache):
        ids, rows, weight = cache
        xp = get_array_module(weight)
        dweight = xp.einsum("btv,btc->vc", dlogits, rows)
        dweight[ids] += xp.einsum("btv,vc->btc", dlogits, weight)
        return None, {"weight": dweight}


class Answer13:
    """tied: scoring's gradient is made with the rows of the weight in order, not with those read.
    """

    def tied(ids, weight):
        x, c1 = embedding(ids, weight)
        y, c2 = _scores(x, weight)
        return y, (c1, c2, ids)

    def tied_backward(dlogits, cache):
        c1, (x, weight), ids = cache
        xp = get_array_module(weight)
        V, C = weight.shape
        dx = dlogits @ weight
        _, reading = embedding_backward(dx, c1)
        rows = weight[xp.arange(ids.size) % V]
        scoring = dlogits.reshape(-1, V).T @ rows
        return None, {"weight": scoring + reading["weight"]}


class Answer14:
    """tied: the gradient of reading is subtracted from that of scoring."""

    def tied(ids, weight):
        x, c1 = embedding(ids, weight)
        y, c2 = _scores(x, weight)
        return y, [c1, c2]

    def tied_backward(dlogits, cache):
        c1, c2 = cache
        dx, out = _scores_backward(dlogits, c2)
        _, into = embedding_backward(dx, c1)
        return None, {"weight": out["weight"] - into["weight"]}


class Answer15:
    """tied: two mistakes, reading's gradient is lost and scoring's is averaged over the places."""

    def tied(ids, weight):
        x = weight[ids]
        return x @ weight.T, (x, weight.shape)

    def tied_backward(dlogits, cache):
        x, (V, C) = cache
        table = dlogits.reshape(-1, V)
        return None, {"weight": table.T @ x.reshape(-1, C) / table.shape[0]}


class Answer16:
    """unembedding: two mistakes, scores are divided by sqrt(C), and dweight is a mean over places.
    """

    def unembedding(x, weight):
        return x @ weight.T * weight.shape[1] ** -0.5, (x, weight)

    def unembedding_backward(dy, cache):
        x, weight = cache
        V, C = weight.shape
        dz = dy * C**-0.5
        table = dz.reshape(-1, V)
        return dz @ weight, {"weight": table.T @ x.reshape(-1, C) / table.shape[0]}
