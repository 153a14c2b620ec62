"""Wrong answers to lesson 09, written as students write them."""

import math

from minigpt import layers
from minigpt.backend import get_array_module


class Answer01:
    """residual: dx is only what comes back through the branch, the direct way is forgotten."""

    def residual(x, weight):
        return x + x @ weight, {"x": x, "w": weight}

    def residual_backward(dy, cache):
        x, w = cache["x"], cache["w"]
        flat_x = x.reshape(-1, x.shape[-1])
        flat_dy = dy.reshape(-1, dy.shape[-1])
        dweight = flat_x.T @ flat_dy
        dx = (flat_dy @ w.T).reshape(x.shape)
        return dx, {"weight": dweight}


class Answer02:
    """residual: dweight is built with the summed dx, because dy is overwritten too early."""

    def residual(x, weight):
        y = x.copy()
        y += x @ weight
        return y, (x, weight)

    def residual_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(dy)
        dy = dy + dy @ weight.T
        dweight = xp.einsum("ni,nj->ij", x.reshape(-1, len(weight)), dy.reshape(-1, len(weight)))
        return dy, {"weight": dweight}


class Answer03:
    """residual: dweight is transposed, which nobody sees because it is square."""

    def residual(x, weight):
        xp = get_array_module(x)
        y = x + xp.einsum("...i,ij->...j", x, weight)
        return y, [x, weight]

    def residual_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(dy)
        dx = dy + xp.einsum("...j,ij->...i", dy, weight)
        axes = list(range(dy.ndim - 1))
        dweight = xp.tensordot(dy, x, axes=(axes, axes))
        return dx, {"weight": dweight}


class Answer04:
    """residual: dweight is built with the output y instead of the input x."""

    def residual(x, weight):
        xp = get_array_module(x)
        identity = xp.eye(weight.shape[0], dtype=weight.dtype)
        A = identity + weight
        y = x @ A
        return y, (y, A)

    def residual_backward(dy, cache):
        y, A = cache
        n = A.shape[0]
        return dy @ A.T, {"weight": y.reshape(-1, n).T @ dy.reshape(-1, n)}


class Answer05:
    """residual: the gradient of the direct way is counted twice."""

    def residual(x, weight):
        side = x @ weight
        return side + x, (x, weight)

    def residual_backward(dy, cache):
        x, weight = cache
        c = x.shape[-1]
        dleft = dy
        dright = dy + dy @ weight.T
        # x is used twice: sum of two gradients
        return dleft + dright, {"weight": x.reshape(-1, c).T @ dy.reshape(-1, c)}


class Answer06:
    """block: post-norm, the layer norm comes after the addition."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        a, tape_a = layers.attention(x, attn["c_attn"], attn["c_proj"], n_head)
        x, tape_1 = layers.layernorm(x + a, ln_1["weight"], ln_1["bias"])
        m, tape_m = layers.mlp(x, **mlp)
        x, tape_2 = layers.layernorm(x + m, ln_2["weight"], ln_2["bias"])
        return x, [tape_a, tape_1, tape_m, tape_2]

    def block_backward(dx, cache):
        tape_a, tape_1, tape_m, tape_2 = cache
        dx, g_ln_2 = layers.layernorm_backward(dx, tape_2)
        dm, g_mlp = layers.mlp_backward(dx, tape_m)
        dx = dx + dm
        dx, g_ln_1 = layers.layernorm_backward(dx, tape_1)
        da, g_attn = layers.attention_backward(dx, tape_a)
        return dx + da, {"ln_1": g_ln_1, "attn": g_attn, "ln_2": g_ln_2, "mlp": g_mlp}


class Answer07:
    """block: the second branch starts from the x of the caller, beside the first one."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        caches = {}
        a, caches["ln_1"] = layers.layernorm(x, **ln_1)
        b, caches["ln_2"] = layers.layernorm(x, **ln_2)
        a, caches["attn"] = layers.attention(a, **attn, n_head=n_head)
        b, caches["mlp"] = layers.mlp(b, **mlp)
        return x + a + b, caches

    def block_backward(dx, cache):
        grads = {}
        da, grads["attn"] = layers.attention_backward(dx, cache["attn"])
        db, grads["mlp"] = layers.mlp_backward(dx, cache["mlp"])
        da, grads["ln_1"] = layers.layernorm_backward(da, cache["ln_1"])
        db, grads["ln_2"] = layers.layernorm_backward(db, cache["ln_2"])
        return dx + da + db, grads


class Answer08:
    """block: the skip around the MLP is missing in the backward."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        h, c1 = layers.layernorm(x, **ln_1)
        h, c2 = layers.attention(h, **attn, n_head=n_head)
        h = h + x
        out, c3 = layers.layernorm(h, **ln_2)
        out, c4 = layers.mlp(out, **mlp)
        return out + h, (c4, c3, c2, c1)

    def block_backward(dout, cache):
        c4, c3, c2, c1 = cache
        dh, dmlp = layers.mlp_backward(dout, c4)
        dh, dln_2 = layers.layernorm_backward(dh, c3)
        da, dattn = layers.attention_backward(dh, c2)
        da, dln_1 = layers.layernorm_backward(da, c1)
        return dh + da, dict(ln_1=dln_1, attn=dattn, ln_2=dln_2, mlp=dmlp)


class Answer09:
    """block: the attention's backward gets the gradient from behind the block, not the sum."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        n1, c_n1 = layers.layernorm(x, **ln_1)
        att, c_att = layers.attention(n1, **attn, n_head=n_head)
        mid = x + att
        n2, c_n2 = layers.layernorm(mid, **ln_2)
        ff, c_ff = layers.mlp(n2, **mlp)
        return mid + ff, {"n1": c_n1, "att": c_att, "n2": c_n2, "ff": c_ff}

    def block_backward(dy, cache):
        dff, g_ff = layers.mlp_backward(dy, cache["ff"])
        dff, g_n2 = layers.layernorm_backward(dff, cache["n2"])
        datt, g_att = layers.attention_backward(dy, cache["att"])
        datt, g_n1 = layers.layernorm_backward(datt, cache["n1"])
        dx = dy + dff + datt
        return dx, {"ln_1": g_n1, "attn": g_att, "ln_2": g_n2, "mlp": g_ff}


class Answer10:
    """block: the normalised x is added back, not x itself."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        x, k1 = layers.layernorm(x, **ln_1)
        zu, k2 = layers.attention(x, **attn, n_head=n_head)
        x = x + zu
        x, k3 = layers.layernorm(x, **ln_2)
        zu, k4 = layers.mlp(x, **mlp)
        x = x + zu
        return x, (k1, k2, k3, k4)

    def block_backward(dx, cache):
        k1, k2, k3, k4 = cache
        dzu, g4 = layers.mlp_backward(dx, k4)
        dx, g3 = layers.layernorm_backward(dx + dzu, k3)
        dzu, g2 = layers.attention_backward(dx, k2)
        dx, g1 = layers.layernorm_backward(dx + dzu, k1)
        return dx, {"ln_1": g1, "attn": g2, "ln_2": g3, "mlp": g4}


class Answer11:
    """block: the backward goes past the layer norms, whose dx is thrown away."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        def branch_a(z):
            n, first = layers.layernorm(z, **ln_1)
            out, second = layers.attention(n, **attn, n_head=n_head)
            return out, (first, second)

        def branch_b(z):
            n, first = layers.layernorm(z, **ln_2)
            out, second = layers.mlp(n, **mlp)
            return out, (first, second)

        a, cache_a = branch_a(x)
        x = x + a
        b, cache_b = branch_b(x)
        return x + b, (cache_a, cache_b)

    def block_backward(dx, cache):
        cache_a, cache_b = cache
        db, dmlp = layers.mlp_backward(dx, cache_b[1])
        _, dln_2 = layers.layernorm_backward(db, cache_b[0])
        dx = dx + db
        da, dattn = layers.attention_backward(dx, cache_a[1])
        _, dln_1 = layers.layernorm_backward(da, cache_a[0])
        dx = dx + da
        return dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


class Answer12:
    """block: the last sum starts from the gradient behind the block, so dx lacks the MLP's way."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        x0 = x
        x1, c1 = layers.layernorm(x0, **ln_1)
        x2, c2 = layers.attention(x1, **attn, n_head=n_head)
        x3 = x0 + x2
        x4, c3 = layers.layernorm(x3, **ln_2)
        x5, c4 = layers.mlp(x4, **mlp)
        x6 = x3 + x5
        return x6, (c1, c2, c3, c4)

    def block_backward(dx6, cache):
        c1, c2, c3, c4 = cache
        dx4, mlp = layers.mlp_backward(dx6, c4)
        dx3, ln_2 = layers.layernorm_backward(dx4, c3)
        dx2 = dx6 + dx3
        dx1, attn = layers.attention_backward(dx2, c2)
        dx0, ln_1 = layers.layernorm_backward(dx1, c1)
        return dx6 + dx0, {"ln_1": ln_1, "attn": attn, "ln_2": ln_2, "mlp": mlp}


class Answer13:
    """block: both sums are divided by sqrt(2), to keep the variance at 1, there and back."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        damp = 1 / math.sqrt(2)
        tapes = []
        for norm, layer, kwargs in (
            (ln_1, layers.attention, {**attn, "n_head": n_head}),
            (ln_2, layers.mlp, mlp),
        ):
            h, tape = layers.layernorm(x, **norm)
            tapes.append(tape)
            h, tape = layer(h, **kwargs)
            tapes.append(tape)
            x = (x + h) * damp
        return x, tapes

    def block_backward(dx, tapes):
        damp = 1 / math.sqrt(2)
        dx = dx * damp
        d, g_mlp = layers.mlp_backward(dx, tapes[3])
        d, g_ln_2 = layers.layernorm_backward(d, tapes[2])
        dx = (dx + d) * damp
        d, g_attn = layers.attention_backward(dx, tapes[1])
        d, g_ln_1 = layers.layernorm_backward(d, tapes[0])
        return dx + d, {"ln_1": g_ln_1, "attn": g_attn, "ln_2": g_ln_2, "mlp": g_mlp}


class Answer14:
    """block: two mistakes: ln_1 is used in both branches, and nothing is added to the MLP's output.
    """

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        h1, t1 = layers.layernorm(x, **ln_1)
        h2, t2 = layers.attention(h1, **attn, n_head=n_head)
        h3 = x + h2
        h4, t3 = layers.layernorm(h3, **ln_1)
        h5, t4 = layers.mlp(h4, **mlp)
        return h5, (t1, t2, t3, t4)

    def block_backward(dh5, cache):
        t1, t2, t3, t4 = cache
        dh4, g4 = layers.mlp_backward(dh5, t4)
        dh3, g3 = layers.layernorm_backward(dh4, t3)
        dh1, g2 = layers.attention_backward(dh3, t2)
        dx, g1 = layers.layernorm_backward(dh1, t1)
        dx += dh3
        return dx, {"ln_1": g1, "attn": g2, "ln_2": g3, "mlp": g4}


class Answer15:
    """block: two mistakes: the skip around attention is missing behind, ln_1 and ln_2 are swapped.
    """

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        norm_a, save_norm_a = layers.layernorm(x, **ln_1)
        att, save_att = layers.attention(norm_a, n_head=n_head, **attn)
        stream = x + att
        norm_b, save_norm_b = layers.layernorm(stream, **ln_2)
        ffn, save_ffn = layers.mlp(norm_b, **mlp)
        saved = dict(a=save_norm_a, att=save_att, b=save_norm_b, ffn=save_ffn)
        return stream + ffn, saved

    def block_backward(dx, saved):
        dnorm_b, dffn = layers.mlp_backward(dx, saved["ffn"])
        dstream, dweights_b = layers.layernorm_backward(dnorm_b, saved["b"])
        dstream = dstream + dx
        dnorm_a, datt = layers.attention_backward(dstream, saved["att"])
        dx, dweights_a = layers.layernorm_backward(dnorm_a, saved["a"])
        return dx, {"ln_1": dweights_b, "ln_2": dweights_a, "attn": datt, "mlp": dffn}


class Answer16:
    """block: the attention always runs with one head, n_head is not handed on."""

    def block(x, ln_1, attn, ln_2, mlp, n_head):
        head_count = 1  # one is enough to begin with
        y, s0 = layers.layernorm(x, **ln_1)
        y, s1 = layers.attention(y, **attn, n_head=head_count)
        y = y + x
        z, s2 = layers.layernorm(y, **ln_2)
        z, s3 = layers.mlp(z, **mlp)
        z = z + y
        return z, (s0, s1, s2, s3)

    def block_backward(dz, cache):
        s0, s1, s2, s3 = cache
        g = {}
        t, g["mlp"] = layers.mlp_backward(dz, s3)
        t, g["ln_2"] = layers.layernorm_backward(t, s2)
        dy = dz + t
        t, g["attn"] = layers.attention_backward(dy, s1)
        t, g["ln_1"] = layers.layernorm_backward(t, s0)
        return dy + t, g
