"""Wrong answers to lesson 13, written as students write them."""

import math

import numpy as np

from minigpt.backend import get_array_module
from minigpt.layers import linear, softmax


def _top_p(p, top_p):
    """Right: the places of a ranked p that are kept, likeliest first."""
    n, before = 0, 0.0
    while n < len(p) and (n == 0 or before < top_p):
        before += p[n]
        n += 1
    return n


def _dart(q, dart):
    """Right: the place that a dart hits."""
    ends = np.cumsum(q)
    return min(int((ends <= dart * ends[-1]).sum()), len(q) - 1)


def _exp(z):
    q = np.exp(np.asarray(z, dtype=float) - np.max(z))
    return q / q.sum()


class Answer01:
    """top_p_ids: the token that crosses top_p is not kept."""

    def top_p_ids(p, top_p):
        ids = np.argsort(-p, kind="stable")
        total = np.cumsum(p[ids])
        n = max(1, int((total <= top_p).sum()))
        return ids[:n]


class Answer02:
    """top_p_ids: one more token is kept where the sum already is exactly top_p."""

    def top_p_ids(p, top_p):
        order = sorted(range(len(p)), key=lambda i: -p[i])
        kept, so_far = [], 0.0
        for i in order:
            if so_far > top_p:
                break
            kept.append(i)
            so_far += p[i]
        return kept


class Answer03:
    """top_p_ids: the tokens are ranked from the unlikeliest."""

    def top_p_ids(p, top_p):
        reihe = np.argsort(p, kind="stable")
        summe = np.cumsum(p[reihe])
        davor = summe - p[reihe]
        return [int(i) for i, s in zip(reihe, davor) if s < top_p]


class Answer04:
    """top_p_ids: the kept tokens come in the order of their ids, not likeliest first."""

    def top_p_ids(p, top_p):
        order = np.argsort(-p, kind="stable")
        r = p[order]
        keep = np.zeros(len(p), dtype=bool)
        keep[order[np.cumsum(r) - r < top_p]] = True
        return np.nonzero(keep)[0].tolist()


class Answer05:
    """top_p_ids: of equally likely tokens the larger id comes first."""

    def top_p_ids(p, top_p):
        order = np.argsort(p, kind="stable")[::-1]
        out, total = [], 0.0
        for token in order:
            out.append(int(token))
            total += float(p[token])
            if total >= top_p:
                break
        return out


class Answer06:
    """top_p_ids: the places in the ranking are returned, 0, 1, 2, and not the ids."""

    def top_p_ids(p, top_p):
        ranked = -np.sort(-p)
        before = np.cumsum(ranked) - ranked
        return np.flatnonzero(before < top_p)


class Answer07:
    """top_p_ids: each token is compared by itself, those with p of at least 1 - top_p are kept."""

    def top_p_ids(p, top_p):
        order = np.argsort(-p, kind="stable")
        good = [int(i) for i in order if p[i] >= 1 - top_p]
        return good or [int(order[0])]


class Answer08:
    """choose_token: the logits are multiplied by the temperature."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(np.argmax(logits))
        order = np.argsort(-logits, kind="stable")
        if top_k is not None:
            order = order[:top_k]
        q = _exp(logits[order] * temperature)
        if top_p is not None:
            n = _top_p(q, top_p)
            order, q = order[:n], q[:n]
        return int(order[_dart(q, dart)])


class Answer09:
    """choose_token: with temperature 0 it goes on as with temperature 1."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        ranked = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
        ranked = ranked[: top_k or len(ranked)]
        q = _exp([logits[i] / (temperature or 1.0) for i in ranked])
        if top_p:
            q = q[: _top_p(q, top_p)]
        target = dart * q.sum()
        for token, end in zip(ranked, np.cumsum(q)):
            if target < end:
                return token
        return ranked[len(q) - 1]


class Answer10:
    """choose_token: one token too many is kept, top_k + 1."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        k = len(logits) if top_k is None else top_k
        kept = []
        for place, token in enumerate(np.argsort(-logits, kind="stable")):
            if place > k:
                break
            kept.append(int(token))
        q = _exp(logits[kept] / temperature)
        if top_p is not None:
            q = q[: _top_p(q, top_p)]
        return kept[_dart(q, dart)]


class Answer11:
    """choose_token: after top_p the probabilities are not stretched, the line ends before 1."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")[:top_k]
        probs = _exp(logits[ids] / temperature)
        if top_p is not None:
            n = _top_p(probs, top_p)
            ids, probs = ids[:n], probs[:n]
        place = np.searchsorted(np.cumsum(probs), dart, side="right")
        return int(ids[min(place, len(ids) - 1)])


class Answer12:
    """choose_token: top_p is applied before top_k, on the probabilities of all tokens."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        p = _exp(logits / temperature)
        ids = np.argsort(-logits, kind="stable")
        p = p[ids]
        if top_p is not None:
            n = _top_p(p, top_p)
            ids, p = ids[:n], p[:n]
        if top_k is not None:
            ids, p = ids[:top_k], p[:top_k]
        p = p / p.sum()
        return int(ids[_dart(p, dart)])


class Answer13:
    """choose_token: top_p leaves out the token that crosses it."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")[:top_k]
        q = _exp(logits[ids] / temperature)
        if top_p is not None:
            keep = np.cumsum(q) <= top_p
            keep[0] = True
            ids, q = ids[keep], q[keep]
        return int(ids[_dart(q, dart)])


class Answer14:
    """choose_token: a dart on the border of two tokens hits the first one."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")[:top_k]
        q = _exp(logits[ids] / temperature)
        if top_p is not None:
            q = q[: _top_p(q, top_p)]
        ends = np.cumsum(q)
        goal = dart * ends[-1]
        place = 0
        while place < len(ends) - 1 and ends[place] < goal:
            place += 1
        return int(ids[place])


class Answer15:
    """choose_token: of equally likely tokens the larger id is ranked first."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(logits, kind="stable")[::-1][:top_k]
        q = _exp(logits[ids] / temperature)
        if top_p is not None:
            ids = ids[: _top_p(q, top_p)]
            q = q[: len(ids)]
        return int(ids[_dart(q, dart)])


class Answer16:
    """choose_token: the place in the ranking is returned in the place of the token's id."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        z = -np.sort(-logits)
        q = _exp(z[:top_k] / temperature)
        if top_p is not None:
            q = q[: _top_p(q, top_p)]
        return _dart(q, dart)


class Answer17:
    """choose_token: top_p is measured at temperature 1, the temperature only comes afterwards."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")[:top_k]
        if top_p is not None:
            ids = ids[: _top_p(_exp(logits[ids]), top_p)]
        q = _exp(logits[ids] / temperature)
        return int(ids[_dart(q, dart)])


class Answer18:
    """choose_token: the line is laid in the order of the ids, not likeliest first."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")[:top_k]
        q = _exp(logits[ids] / temperature)
        if top_p is not None:
            ids = ids[: _top_p(q, top_p)]
        p = np.zeros(len(logits))
        p[ids] = q[: len(ids)]
        kept = np.sort(ids)
        return int(kept[_dart(p[kept], dart)])


class Answer19:
    """choose_token: a dart at 1 goes round and hits the first token."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")[:top_k]
        q = _exp(logits[ids] / temperature)
        n = len(q) if top_p is None else _top_p(q, top_p)
        ends = np.cumsum(q[:n])
        place = int(np.searchsorted(ends, dart * ends[-1], side="right")) % n
        return int(ids[place])


class Answer20:
    """choose_token: if top_k is given, top_p is not looked at (elif)."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")
        z = logits / temperature
        if top_k is not None:
            ids = ids[:top_k]
        elif top_p is not None:
            ids = ids[: _top_p(_exp(z[ids]), top_p)]
        return int(ids[_dart(_exp(z[ids]), dart)])


class Answer21:
    """choose_token: the largest logit is not subtracted, so large logits overflow."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")[:top_k]
        with np.errstate(all="ignore"):
            q = np.exp(logits[ids] / temperature)
            q = q / q.sum()
        if top_p is not None:
            before = np.cumsum(q) - q
            n = max(1, int((before < top_p).sum()))
            ids, q = ids[:n], q[:n]
        ends = np.cumsum(q)
        place = np.searchsorted(ends, dart * ends[-1], side="right")
        return int(ids[min(place, len(ids) - 1)])


class Answer22:
    """choose_token: all tokens as likely as the last of the top_k are kept as well."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")
        if top_k is not None:
            threshold = logits[ids[min(top_k, len(ids)) - 1]]
            ids = ids[logits[ids] >= threshold]
        q = _exp(logits[ids] / temperature)
        if top_p is not None:
            q = q[: _top_p(q, top_p)]
        return int(ids[_dart(q, dart)])


class Answer23:
    """choose_token: two mistakes, it multiplies by the temperature and ranks unlikeliest first."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(logits, kind="stable")[:top_k]
        q = _exp(logits[ids] * temperature)
        if top_p is not None:
            q = q[: _top_p(q, top_p)]
        return int(ids[_dart(q, dart)])


class Answer24:
    """attention_step: the scores are not divided by sqrt(D)."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        qkv = (x @ c_attn["weight"] + c_attn["bias"]).reshape(B, 3, n_head, C // n_head)
        q = qkv[:, 0]
        K = xp.concatenate([keys, qkv[:, 1][:, :, None]], axis=2)
        V = xp.concatenate([values, qkv[:, 2][:, :, None]], axis=2)
        w, _ = softmax(xp.einsum("bhd,bhtd->bht", q, K))
        out = xp.einsum("bht,bhtd->bhd", w, V).reshape(B, C)
        return out @ c_proj["weight"] + c_proj["bias"], K, V


class Answer25:
    """attention_step: the scores are divided by sqrt(C), not by sqrt(D)."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        a, _ = linear(x, **c_attn)
        q, k, v = [z.reshape(B, n_head, 1, C // n_head) for z in xp.split(a, 3, axis=1)]
        keys = xp.concatenate((keys, k), axis=2)
        values = xp.concatenate((values, v), axis=2)
        att, _ = softmax((q * keys).sum(axis=-1) / math.sqrt(C))
        y = (att[..., None] * values).sum(axis=2).reshape(B, C)
        return linear(y, **c_proj)[0], keys, values


class Answer26:
    """attention_step: the new key and value are put in front of the past, not behind it."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q = qkv[:, :C].reshape(B, n_head, 1, D)
        k = qkv[:, C : 2 * C].reshape(B, n_head, 1, D)
        v = qkv[:, 2 * C :].reshape(B, n_head, 1, D)
        K, V = xp.concatenate([k, keys], axis=2), xp.concatenate([v, values], axis=2)
        w, _ = softmax(q @ K.swapaxes(2, 3) / math.sqrt(D))
        y, _ = linear((w @ V).reshape(B, C), **c_proj)
        return y, K, V


class Answer27:
    """attention_step: the new position looks only at the past, and not at itself."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(B, n_head, 1, D) for t in xp.split(qkv, 3, axis=-1))
        if keys.shape[2] == 0:
            out = xp.zeros_like(v)
        else:
            w, _ = softmax(q @ keys.swapaxes(-1, -2) / math.sqrt(D))
            out = w @ values
        y, _ = linear(out.reshape(B, C), **c_proj)
        return y, xp.concatenate([keys, k], 2), xp.concatenate([values, v], 2)


class Answer28:
    """attention_step: keys and values are returned as they came, without the new position."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(B, n_head, 1, D) for t in xp.split(qkv, 3, axis=-1))
        all_keys = xp.concatenate([keys, k], axis=-2)
        all_values = xp.concatenate([values, v], axis=-2)
        w, _ = softmax(xp.matmul(q, xp.swapaxes(all_keys, -1, -2)) / math.sqrt(D))
        y, _ = linear(xp.matmul(w, all_values).reshape(B, C), **c_proj)
        return y, keys, values


class Answer29:
    """attention_step: the layer's outputs are read in the order key, query, value."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        out = (x @ c_attn["weight"] + c_attn["bias"]).reshape(B, 3, n_head, 1, D)
        k, q, v = out[:, 0], out[:, 1], out[:, 2]
        keys = xp.concatenate([keys, k], axis=2)
        values = xp.concatenate([values, v], axis=2)
        s = (keys @ q.swapaxes(-1, -2))[..., 0] / D**0.5
        w, _ = softmax(s)
        heads = (w[..., None] * values).sum(axis=2)
        return linear(heads.reshape(B, C), **c_proj)[0], keys, values


class Answer30:
    """attention_step: the channels are dealt to the heads in turn, by reshape to (B, D, H)."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (
            t.reshape(B, D, n_head).swapaxes(1, 2)[:, :, None, :] for t in xp.split(qkv, 3, axis=1)
        )
        keys = xp.concatenate([keys, k], axis=2)
        values = xp.concatenate([values, v], axis=2)
        w, _ = softmax(q @ keys.swapaxes(-1, -2) / math.sqrt(D))
        heads = (w @ values)[:, :, 0, :].swapaxes(1, 2).reshape(B, C)
        y, _ = linear(heads, **c_proj)
        return y, keys, values


class Answer31:
    """attention_step: when the heads are put side by side their channels are mixed."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(B, n_head, 1, D) for t in xp.split(qkv, 3, axis=-1))
        keys = xp.concatenate([keys, k], axis=2)
        values = xp.concatenate([values, v], axis=2)
        w, _ = softmax(q @ keys.transpose(0, 1, 3, 2) / math.sqrt(D))
        o = w @ values  # (B, H, 1, D)
        o = o.transpose(0, 2, 3, 1).reshape(B, C)
        return o @ c_proj["weight"] + c_proj["bias"], keys, values


class Answer32:
    """attention_step: the heads' outputs are returned without the layer c_proj."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        new = qkv.reshape(B, 3 * n_head, 1, D)
        q, k, v = new[:, :n_head], new[:, n_head : 2 * n_head], new[:, 2 * n_head :]
        keys, values = xp.concatenate([keys, k], 2), xp.concatenate([values, v], 2)
        w = softmax(q @ keys.swapaxes(-1, -2) / math.sqrt(D))[0]
        return (w @ values).reshape(B, C), keys, values


class Answer33:
    """attention_step: the new key is also put behind the values, a slip of copying."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = xp.split(qkv, 3, axis=-1)
        q = q.reshape(B, n_head, 1, D)
        k = k.reshape(B, n_head, 1, D)
        v = v.reshape(B, n_head, 1, D)
        keys = xp.concatenate([keys, k], axis=2)
        values = xp.concatenate([values, k], axis=2)
        w, _ = softmax(q @ keys.swapaxes(2, 3) * D**-0.5)
        y, _ = linear((w @ values).reshape(B, C), **c_proj)
        return y, keys, values


class Answer34:
    """attention_step: softmax runs over the heads instead of the positions."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(B, n_head, 1, D) for t in xp.split(qkv, 3, axis=-1))
        keys = xp.concatenate([keys, k], axis=2)
        values = xp.concatenate([values, v], axis=2)
        s = q @ keys.swapaxes(-1, -2) / math.sqrt(D)
        e = xp.exp(s - s.max(axis=1, keepdims=True))
        w = e / e.sum(axis=1, keepdims=True)
        y, _ = linear((w @ values).reshape(B, C), **c_proj)
        return y, keys, values


class Answer35:
    """attention_step: the key goes into the cache already divided by sqrt(D)."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(B, n_head, 1, D) for t in xp.split(qkv, 3, axis=-1))
        k = k / math.sqrt(D)
        keys = xp.concatenate([keys, k], axis=2)
        values = xp.concatenate([values, v], axis=2)
        w, _ = softmax(q @ keys.swapaxes(-1, -2))
        y, _ = linear((w @ values).reshape(B, C), **c_proj)
        return y, keys, values


class Answer36:
    """attention_step: a causal mask of one row is applied, it shows only the oldest position."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(B, n_head, 1, D) for t in xp.split(qkv, 3, axis=-1))
        keys = xp.concatenate([keys, k], axis=2)
        values = xp.concatenate([values, v], axis=2)
        scores = q @ keys.swapaxes(-1, -2) / math.sqrt(D)
        mask = xp.tri(1, keys.shape[2], dtype=bool)
        scores = xp.where(mask, scores, xp.finfo(scores.dtype).min)
        w, _ = softmax(scores)
        y, _ = linear((w @ values).reshape(B, C), **c_proj)
        return y, keys, values


class Answer37:
    """attention_step: two mistakes, no sqrt(D), and the new position is put before the past."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        shape = (B, n_head, 1, C // n_head)
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(shape) for t in xp.split(qkv, 3, axis=-1))
        K = xp.concatenate([k, keys], axis=2)
        V = xp.concatenate([v, values], axis=2)
        w, _ = softmax(q @ K.swapaxes(-1, -2))
        return linear((w @ V).reshape(B, C), **c_proj)[0], K, V


class Answer38:
    """attention_step: the oldest position is dropped, the cache keeps its length."""

    def attention_step(x, keys, values, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, C = x.shape
        D = C // n_head
        qkv, _ = linear(x, **c_attn)
        q, k, v = (t.reshape(B, n_head, 1, D) for t in xp.split(qkv, 3, axis=-1))
        keys = xp.concatenate([keys[:, :, 1:], k], axis=2)
        values = xp.concatenate([values[:, :, 1:], v], axis=2)
        w, _ = softmax(q @ keys.swapaxes(-1, -2) / math.sqrt(D))
        y, _ = linear((w @ values).reshape(B, C), **c_proj)
        return y, keys, values


class Answer39:
    """top_p_ids: two mistakes, the crossing token is left out, and equals come larger id first."""

    def top_p_ids(p, top_p):
        order = np.argsort(p, kind="stable")[::-1]
        n = int((np.cumsum(p[order]) <= top_p).sum())
        return [int(i) for i in order[: max(n, 1)]]


class Answer40:
    """choose_token: two mistakes, one token too many by top_k, and a border hits the first one."""

    def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
        if temperature == 0:
            return int(logits.argmax())
        ids = np.argsort(-logits, kind="stable")
        if top_k is not None:
            ids = ids[: top_k + 1]
        q = _exp(logits[ids] / temperature)
        if top_p is not None:
            q = q[: _top_p(q, top_p)]
        ends = np.cumsum(q)
        place = int(np.searchsorted(ends, dart * ends[-1], side="left"))
        return int(ids[min(place, len(q) - 1)])
