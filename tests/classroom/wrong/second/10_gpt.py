"""Wrong answers to lesson 10, written as students write them."""

import math

from minigpt.backend import get_array_module
from minigpt.layers import embedding, embedding_backward


def _scores(x, weight):
    return x @ weight.T, (x, weight)


def _scores_back(dy, cache):
    x, weight = cache
    V, C = weight.shape
    return dy @ weight, {"weight": dy.reshape(-1, V).T @ x.reshape(-1, C)}


class Answer01:
    """unembedding: dweight has the shape (C, V), it is transposed."""

    def unembedding(x, weight):
        W = weight.T
        return x @ W, (x, W)

    def unembedding_backward(dy, cache):
        x, W = cache
        C, V = W.shape
        dW = x.reshape(-1, C).T @ dy.reshape(-1, V)
        return dy @ W.T, {"weight": dW}


class Answer02:
    """unembedding: dweight is the mean over the sequences of the batch, not the sum."""

    def unembedding(x, weight):
        xp = get_array_module(x)
        return xp.einsum("...c,vc->...v", x, weight), (x, weight)

    def unembedding_backward(dy, cache):
        xp = get_array_module(dy)
        x, weight = cache
        batch = x.shape[0]
        dx = xp.einsum("...v,vc->...c", dy, weight)
        outer = tuple(range(x.ndim - 1))
        dw = xp.tensordot(dy, x, (outer, outer)) / batch
        return dx, {"weight": dw}


class Answer03:
    """unembedding: the loop over the places overwrites dweight, so only the last place counts."""

    def unembedding(x, weight):
        logits = (weight @ x.reshape(-1, x.shape[-1]).T).T
        return logits.reshape(*x.shape[:-1], len(weight)), (x, weight)

    def unembedding_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(dy)
        V, C = weight.shape
        dw = xp.zeros_like(weight)
        xs = x.reshape(-1, C)
        dys = dy.reshape(-1, V)
        for i in range(len(xs)):
            dw = xp.outer(dys[i], xs[i])
        dx = (dys @ weight).reshape(x.shape)
        return dx, {"weight": dw}


class Answer04:
    """unembedding: the logits are divided by sqrt(C), as in attention, and so are the gradients."""

    def unembedding(x, weight):
        scale = 1 / math.sqrt(x.shape[-1])
        small = weight * scale
        return x @ small.T, (x, small, scale)

    def unembedding_backward(dy, cache):
        x, small, scale = cache
        V, C = small.shape
        dsmall = dy.reshape(-1, V).T @ x.reshape(-1, C)
        return dy @ small, {"weight": dsmall * scale}


class Answer05:
    """unembedding: dweight counts the last place of each sequence only."""

    def unembedding(x, weight):
        xp = get_array_module(x)
        return xp.matmul(x, weight.T), {"x": x, "weight": weight}

    def unembedding_backward(dy, cache):
        x, weight = cache["x"], cache["weight"]
        dx = dy @ weight
        # the next token is predicted from the last position
        last_x = x[..., -1, :].reshape(-1, weight.shape[1])
        last_dy = dy[..., -1, :].reshape(-1, weight.shape[0])
        return dx, {"weight": last_dy.T @ last_x}


class Answer06:
    """tied: only the gradient from scoring is returned, reading is forgotten."""

    def tied(ids, weight):
        x, _ = embedding(ids, weight)
        logits, cache = _scores(x, weight)
        return logits, cache

    def tied_backward(dlogits, cache):
        _, grads = _scores_back(dlogits, cache)
        return None, grads


class Answer07:
    """tied: `+=` with ids as an index loses the gradient of repeated tokens."""

    def tied(ids, weight):
        x = weight[ids]
        return x @ weight.T, (ids, x, weight)

    def tied_backward(dlogits, cache):
        ids, x, weight = cache
        V, C = weight.shape
        dx = dlogits @ weight
        dweight = dlogits.reshape(-1, V).T @ x.reshape(-1, C)
        dweight[ids] += dx
        return None, {"weight": dweight}


class Answer08:
    """tied: the two gradients are averaged instead of added."""

    def tied(ids, weight):
        tok, c1 = embedding(ids, weight)
        out, c2 = _scores(tok, weight)
        return out, {"wte": c1, "lm_head": c2}

    def tied_backward(dlogits, cache):
        dtok, head = _scores_back(dlogits, cache["lm_head"])
        _, wte = embedding_backward(dtok, cache["wte"])
        return None, {"weight": 0.5 * (head["weight"] + wte["weight"])}


class Answer09:
    """tied: the rows of the tokens that were read are set, not added to, so scoring is lost there.
    """

    def tied(ids, weight):
        xp = get_array_module(weight)
        onehot = (ids[..., None] == xp.arange(len(weight))).astype(weight.dtype)
        x = onehot @ weight
        return x @ weight.T, (onehot, x, weight)

    def tied_backward(dlogits, cache):
        onehot, x, weight = cache
        xp = get_array_module(weight)
        scoring = xp.einsum("btv,btc->vc", dlogits, x)
        reading = xp.einsum("btv,btc->vc", onehot, dlogits @ weight)
        seen = onehot.any(axis=(0, 1))
        total = xp.where(seen[:, None], reading, scoring)
        return None, {"weight": total}


class Answer10:
    """tied: the gradient from reading is built with x itself instead of its gradient."""

    def tied(ids, weight):
        x, ids_cache = embedding(ids, weight)
        y, (x, weight) = _scores(x, weight)
        return y, (ids_cache, x, weight)

    def tied_backward(dy, cache):
        ids_cache, x, weight = cache
        dx, d1 = _scores_back(dy, (x, weight))
        _, d2 = embedding_backward(x, ids_cache)
        return None, {"weight": d1["weight"] + d2["weight"]}


class Answer11:
    """tied: two mistakes: only each token's last place counts in reading, scoring is a mean."""

    def tied(ids, weight):
        x = weight[ids]
        logits = x @ weight.T
        return logits, [ids, weight]

    def tied_backward(dlogits, cache):
        ids, weight = cache
        xp = get_array_module(weight)
        B, T, V = dlogits.shape
        dread = xp.zeros_like(weight)
        dscore = xp.zeros_like(weight)
        for b in range(B):
            for t in range(T):
                token = int(ids[b, t])
                dread[token] = dlogits[b, t] @ weight
                dscore += xp.outer(dlogits[b, t], weight[token])
        return None, {"weight": dread + dscore / (B * T)}


class Answer12:
    """tied: x is multiplied by sqrt(C) after reading, as in the first transformer."""

    def tied(ids, weight):
        root = math.sqrt(weight.shape[1])
        x, read = embedding(ids, weight)
        out, score = _scores(x * root, weight)
        return out, (root, read, score)

    def tied_backward(dlogits, cache):
        root, read, score = cache
        dx, g = _scores_back(dlogits, score)
        _, h = embedding_backward(dx * root, read)
        return None, {name: g[name] + h[name] for name in g}
