"""Wrong answers to lesson 09, written as students write them."""

from minigpt import layers
from minigpt.backend import get_array_module
from minigpt.layers import (
    attention,
    attention_backward,
    layernorm,
    layernorm_backward,
    mlp_backward,
)


def _table(a):
    return a.reshape(-1, a.shape[-1])


class Answer01:
    """residual: dx is only the gradient of the branch, the direct way is lost."""

    def residual(x, weight):
        return x + x @ weight, {"x": x, "w": weight}

    def residual_backward(dy, cache):
        x, w = cache["x"], cache["w"]
        return dy @ w.T, {"weight": _table(x).T @ _table(dy)}


class Answer02:
    """residual: dx is only dy, the way through the branch is lost."""

    def residual(x, weight):
        xp = get_array_module(x)
        return xp.add(x, xp.matmul(x, weight)), x

    def residual_backward(dy, cache):
        xp = get_array_module(dy)
        axes = list(range(dy.ndim - 1))
        return dy.copy(), {"weight": xp.tensordot(cache, dy, axes=(axes, axes))}


class Answer03:
    """residual: dy is changed in place, and dweight is then made from the changed dy."""

    def residual(x, weight):
        y = x.copy()
        y += x @ weight
        return y, (x, weight)

    def residual_backward(dy, cache):
        x, weight = cache
        dy += dy @ weight.T
        dweight = _table(x).T @ _table(dy)
        return dy.copy(), {"weight": dweight}


class Answer04:
    """residual: dweight is made with y, the output, in the place of x."""

    def residual(x, weight):
        x1 = x @ weight
        x = x + x1
        return x, (x, weight)

    def residual_backward(dy, cache):
        x, weight = cache
        g = _table(dy)
        return dy + dy @ weight.T, {"weight": _table(x).T @ g}


class Answer05:
    """residual: the weight is not transposed on the way back."""

    def residual(x, weight):
        xp = get_array_module(x)
        return x + xp.einsum("...i,ij->...j", x, weight), (x, weight)

    def residual_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(dy)
        d = xp.einsum("...i,ij->...j", dy, weight)
        dw = xp.einsum("ni,nj->ij", _table(x), _table(dy))
        return d + dy, {"weight": dw}


class Answer06:
    """residual: dweight comes transposed, dy.T @ x."""

    def residual(x, weight):
        zweig = x @ weight
        return zweig + x, [x, weight]

    def residual_backward(dy, cache):
        x, weight = cache
        dzweig = dy
        dx = dzweig @ weight.swapaxes(0, 1)
        dweight = _table(dzweig).T @ _table(x)
        dx += dy
        return dx, {"weight": dweight}


class Answer07:
    """residual: the gradient is shared between the two ways, each gets one half."""

    def residual(x, weight):
        return x + x @ weight, (x, weight)

    def residual_backward(dy, cache):
        x, weight = cache
        half = 0.5 * dy
        dx = half + half @ weight.T
        return dx, {"weight": _table(x).T @ _table(half)}


class Answer08:
    """block: the layer norms come behind the sums, post-norm."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        a, c_attn = layers.attention(x, **attn, n_head=n_head)
        x, c_ln1 = layers.layernorm(x + a, **ln_1)
        m, c_mlp = layers.mlp(x, **mlp)
        x, c_ln2 = layers.layernorm(x + m, **ln_2)
        return x, (c_attn, c_ln1, c_mlp, c_ln2)

    def block_backward(dx, cache):
        c_attn, c_ln1, c_mlp, c_ln2 = cache
        dx, g_ln2 = layers.layernorm_backward(dx, c_ln2)
        d, g_mlp = layers.mlp_backward(dx, c_mlp)
        dx, g_ln1 = layers.layernorm_backward(dx + d, c_ln1)
        d, g_attn = layers.attention_backward(dx, c_attn)
        return dx + d, {"ln_1": g_ln1, "attn": g_attn, "ln_2": g_ln2, "mlp": g_mlp}


class Answer09:
    """block: the mlp branch starts from the block's input, both branches run side by side."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, k1 = layernorm(x, **ln_1)
        n2, k2 = layernorm(x, **ln_2)
        a, k3 = attention(n1, **attn, n_head=n_head)
        m, k4 = layers.mlp(n2, **mlp)
        return x + a + m, dict(k1=k1, k2=k2, k3=k3, k4=k4)

    def block_backward(dx, cache):
        grads = {}
        da, grads["attn"] = attention_backward(dx, cache["k3"])
        dm, grads["mlp"] = mlp_backward(dx, cache["k4"])
        d1, grads["ln_1"] = layernorm_backward(da, cache["k1"])
        d2, grads["ln_2"] = layernorm_backward(dm, cache["k2"])
        return dx + d1 + d2, grads


class Answer10:
    """block: the second sum is forgotten, x becomes only what mlp returns."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        h, k1 = layernorm(x, **ln_1)
        h, k2 = attention(h, **attn, n_head=n_head)
        x = x + h
        h, k3 = layernorm(x, **ln_2)
        x, k4 = layers.mlp(h, **mlp)
        return x, [k1, k2, k3, k4]

    def block_backward(dx, cache):
        k1, k2, k3, k4 = cache
        dh, g4 = mlp_backward(dx, k4)
        dx, g3 = layernorm_backward(dh, k3)
        dh, g2 = attention_backward(dx, k2)
        dh, g1 = layernorm_backward(dh, k1)
        return dx + dh, dict(ln_1=g1, attn=g2, ln_2=g3, mlp=g4)


class Answer11:
    """block: mlp's result is added to the block's input, so what attention added is lost."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n, c1 = layernorm(x, **ln_1)
        a, c2 = attention(n, **attn, n_head=n_head)
        after_attention = x + a
        n, c3 = layernorm(after_attention, **ln_2)
        m, c4 = layers.mlp(n, **mlp)
        return x + m, (c1, c2, c3, c4)

    def block_backward(dx, cache):
        c1, c2, c3, c4 = cache
        dn, gm = mlp_backward(dx, c4)
        dafter, g2 = layernorm_backward(dn, c3)
        dn, ga = attention_backward(dafter, c2)
        dn, g1 = layernorm_backward(dn, c1)
        return dx + dafter + dn, {"ln_1": g1, "attn": ga, "ln_2": g2, "mlp": gm}


class Answer12:
    """block: the backward loses the direct way past mlp, dx is only the branch's gradient there."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        caches = []
        n, c = layernorm(x, **ln_1)
        caches.append(c)
        n, c = attention(n, **attn, n_head=n_head)
        caches.append(c)
        x = x + n
        n, c = layernorm(x, **ln_2)
        caches.append(c)
        n, c = layers.mlp(n, **mlp)
        caches.append(c)
        return x + n, caches

    def block_backward(dx, cache):
        c_ln1, c_att, c_ln2, c_mlp = cache
        dn, g_mlp = mlp_backward(dx, c_mlp)
        dx, g_ln2 = layernorm_backward(dn, c_ln2)
        dn, g_att = attention_backward(dx, c_att)
        dn, g_ln1 = layernorm_backward(dn, c_ln1)
        dx = dx + dn
        return dx, {"ln_1": g_ln1, "attn": g_att, "ln_2": g_ln2, "mlp": g_mlp}


class Answer13:
    """block: attention's backward gets the gradient behind the block, without that of mlp."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, c1 = layernorm(x, **ln_1)
        a, c2 = attention(n1, **attn, n_head=n_head)
        mid = x + a
        n2, c3 = layernorm(mid, **ln_2)
        m, c4 = layers.mlp(n2, **mlp)
        return mid + m, (c1, c2, c3, c4)

    def block_backward(dx, cache):
        c1, c2, c3, c4 = cache
        dn2, dmlp = mlp_backward(dx, c4)
        dmid, dln2 = layernorm_backward(dn2, c3)
        dn1, dattn = attention_backward(dx, c2)
        dx1, dln1 = layernorm_backward(dn1, c1)
        total = dx + dmid + dx1
        return total, {"ln_1": dln1, "attn": dattn, "ln_2": dln2, "mlp": dmlp}


class Answer14:
    """block: on the way back through mlp's branch dx gets its gradient before the layer norm."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        y, ca = layernorm(x, **ln_1)
        y, cb = attention(y, **attn, n_head=n_head)
        s = x + y
        y, cc = layernorm(s, **ln_2)
        y, cd = layers.mlp(y, **mlp)
        return s + y, (ca, cb, cc, cd)

    def block_backward(dx, cache):
        ca, cb, cc, cd = cache
        g = {}
        d, g["mlp"] = mlp_backward(dx, cd)
        _, g["ln_2"] = layernorm_backward(d, cc)
        dx = dx + d
        d, g["attn"] = attention_backward(dx, cb)
        d, g["ln_1"] = layernorm_backward(d, ca)
        dx = dx + d
        return dx, g


class Answer15:
    """block: the two layer norms are exchanged, attention gets ln_2 and mlp gets ln_1."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        def branch(x, norm, f, params, **options):
            n, c1 = layernorm(x, **norm)
            out, c2 = f(n, **params, **options)
            return x + out, (c1, c2)

        x, first = branch(x, ln_2, attention, attn, n_head=n_head)
        x, second = branch(x, ln_1, layers.mlp, mlp)
        return x, (first, second)

    def block_backward(dx, cache):
        def undo(dx, f_backward, caches):
            d, g = f_backward(dx, caches[1])
            d, g_norm = layernorm_backward(d, caches[0])
            return dx + d, g, g_norm

        first, second = cache
        dx, g_mlp, g_ln_1 = undo(dx, mlp_backward, second)
        dx, g_attn, g_ln_2 = undo(dx, attention_backward, first)
        return dx, {"ln_1": g_ln_1, "attn": g_attn, "ln_2": g_ln_2, "mlp": g_mlp}


class Answer16:
    """block: the gradients of the two layer norms are returned under each other's names."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n, c0 = layernorm(x, **ln_1)
        z, c1 = attention(n, **attn, n_head=n_head)
        x1 = x + z
        n, c2 = layernorm(x1, **ln_2)
        z, c3 = layers.mlp(n, **mlp)
        return x1 + z, (c0, c1, c2, c3)

    def block_backward(dx, cache):
        d, dmlp = mlp_backward(dx, cache[3])
        d, dln_1 = layernorm_backward(d, cache[2])
        dx = dx + d
        d, dattn = attention_backward(dx, cache[1])
        d, dln_2 = layernorm_backward(d, cache[0])
        return d + dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


class Answer17:
    """block: mlp comes first and attention second."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        h, a = layernorm(x, **ln_2)
        h, b = layers.mlp(h, **mlp)
        x = x + h
        h, c = layernorm(x, **ln_1)
        h, d = attention(h, **attn, n_head=n_head)
        return x + h, (a, b, c, d)

    def block_backward(dx, cache):
        a, b, c, d = cache
        dh, g_attn = attention_backward(dx, d)
        dh, g_1 = layernorm_backward(dh, c)
        dx = dx + dh
        dh, g_mlp = mlp_backward(dx, b)
        dh, g_2 = layernorm_backward(dh, a)
        return dx + dh, {"ln_1": g_1, "attn": g_attn, "ln_2": g_2, "mlp": g_mlp}


class Answer18:
    """block: the normalised x goes on as the stream, x = normed + attention(normed), twice."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        x, k1 = layernorm(x, **ln_1)
        a, k2 = attention(x, **attn, n_head=n_head)
        x = x + a
        x, k3 = layernorm(x, **ln_2)
        m, k4 = layers.mlp(x, **mlp)
        x = x + m
        return x, (k1, k2, k3, k4)

    def block_backward(dx, cache):
        k1, k2, k3, k4 = cache
        d, g_mlp = mlp_backward(dx, k4)
        dx, g_2 = layernorm_backward(dx + d, k3)
        d, g_attn = attention_backward(dx, k2)
        dx, g_1 = layernorm_backward(dx + d, k1)
        return dx, {"ln_1": g_1, "attn": g_attn, "ln_2": g_2, "mlp": g_mlp}


class Answer19:
    """block: at the end dx is only the gradient of attention's branch, the stream is lost."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        normed, n1 = layernorm(x, ln_1["weight"], ln_1["bias"])
        added, at = attention(normed, attn["c_attn"], attn["c_proj"], n_head)
        x = x + added
        normed, n2 = layernorm(x, ln_2["weight"], ln_2["bias"])
        added, ml = layers.mlp(normed, mlp["c_fc"], mlp["c_proj"])
        return x + added, {"n1": n1, "at": at, "n2": n2, "ml": ml}

    def block_backward(dx, cache):
        d2, gml = mlp_backward(dx, cache["ml"])
        d2, gn2 = layernorm_backward(d2, cache["n2"])
        d1, gat = attention_backward(dx + d2, cache["at"])
        d1, gn1 = layernorm_backward(d1, cache["n1"])
        return d1, {"ln_1": gn1, "attn": gat, "ln_2": gn2, "mlp": gml}


class Answer20:
    """block: the branches are undone in the order of the forward, attention's first."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        u, c1 = layernorm(x, **ln_1)
        u, c2 = attention(u, **attn, n_head=n_head)
        v = x + u
        w, c3 = layernorm(v, **ln_2)
        w, c4 = layers.mlp(w, **mlp)
        return v + w, ((c1, c2), (c3, c4))

    def block_backward(dx, cache):
        (c1, c2), (c3, c4) = cache
        du, g2 = attention_backward(dx, c2)
        du, g1 = layernorm_backward(du, c1)
        dx = dx + du
        dw, g4 = mlp_backward(dx, c4)
        dw, g3 = layernorm_backward(dw, c3)
        dx = dx + dw
        return dx, {"ln_1": g1, "attn": g2, "ln_2": g3, "mlp": g4}


class Answer21:
    """block: ln_1 is copied into the second line too, so ln_2 is not used at all."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, c1 = layernorm(x, **ln_1)
        a, c2 = attention(n1, **attn, n_head=n_head)
        x = x + a
        n2, c3 = layernorm(x, **ln_1)
        m, c4 = layers.mlp(n2, **mlp)
        x = x + m
        return x, (c1, c2, c3, c4)

    def block_backward(dx, cache):
        c1, c2, c3, c4 = cache
        dn2, g4 = mlp_backward(dx, c4)
        db2, g3 = layernorm_backward(dn2, c3)
        dx = dx + db2
        dn1, g2 = attention_backward(dx, c2)
        db1, g1 = layernorm_backward(dn1, c1)
        return dx + db1, {"ln_1": g1, "attn": g2, "ln_2": g3, "mlp": g4}


class Answer22:
    """block: mlp is fed with x itself, the result of ln_2 is not used."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, c1 = layernorm(x, **ln_1)
        a, c2 = attention(n1, **attn, n_head=n_head)
        x = x + a
        n2, c3 = layernorm(x, **ln_2)
        m, c4 = layers.mlp(x, **mlp)
        return x + m, (c1, c2, c3, c4)

    def block_backward(dx, cache):
        c1, c2, c3, c4 = cache
        dn2, g_mlp = mlp_backward(dx, c4)
        db, g_2 = layernorm_backward(dn2, c3)
        dx = dx + db
        dn1, g_attn = attention_backward(dx, c2)
        db, g_1 = layernorm_backward(dn1, c1)
        dx = dx + db
        return dx, {"ln_1": g_1, "attn": g_attn, "ln_2": g_2, "mlp": g_mlp}


class Answer23:
    """block: two mistakes, both direct ways are lost on the way back, past mlp and attention."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, c1 = layernorm(x, **ln_1)
        a, c2 = attention(n1, **attn, n_head=n_head)
        x = x + a
        n2, c3 = layernorm(x, **ln_2)
        m, c4 = layers.mlp(n2, **mlp)
        return x + m, (c1, c2, c3, c4)

    def block_backward(dx, cache):
        names = ("mlp", "ln_2", "attn", "ln_1")
        steps = (mlp_backward, layernorm_backward, attention_backward, layernorm_backward)
        grads = {}
        for name, step, c in zip(names, steps, reversed(cache)):
            dx, grads[name] = step(dx, c)
        return dx, grads


class Answer24:
    """block: attention's branch is added twice, once by hand and once inside of the mlp sum."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, c1 = layernorm(x, **ln_1)
        a, c2 = attention(n1, **attn, n_head=n_head)
        s = x + a
        n2, c3 = layernorm(s, **ln_2)
        m, c4 = layers.mlp(n2, **mlp)
        return s + a + m, (c1, c2, c3, c4)

    def block_backward(dx, cache):
        c1, c2, c3, c4 = cache
        dn2, g_mlp = mlp_backward(dx, c4)
        ds, g_2 = layernorm_backward(dn2, c3)
        ds = ds + dx
        dn1, g_attn = attention_backward(ds + dx, c2)
        db, g_1 = layernorm_backward(dn1, c1)
        return ds + db, {"ln_1": g_1, "attn": g_attn, "ln_2": g_2, "mlp": g_mlp}


class Answer25:
    """block: two mistakes, the norms' gradients are exchanged, and dx lacks the stream at the end.
    """

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, a = layernorm(x, **ln_1)
        f1, b = attention(n1, **attn, n_head=n_head)
        x = x + f1
        n2, c = layernorm(x, **ln_2)
        f2, d = layers.mlp(n2, **mlp)
        return x + f2, (a, b, c, d)

    def block_backward(dx, cache):
        a, b, c, d = cache
        g, dmlp = mlp_backward(dx, d)
        g, first = layernorm_backward(g, c)
        g, dattn = attention_backward(dx + g, b)
        g, second = layernorm_backward(g, a)
        return g, {"ln_1": first, "attn": dattn, "ln_2": second, "mlp": dmlp}


class Answer26:
    """residual: two mistakes, the weight is not transposed, and dweight is."""

    def residual(x, weight):
        return x @ weight + x, (x, weight)

    def residual_backward(dy, cache):
        x, weight = cache
        return dy + dy @ weight, {"weight": (_table(x).T @ _table(dy)).T.copy()}
