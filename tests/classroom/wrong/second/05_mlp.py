"""Wrong answers to lesson 05, as students write them."""

import math

from minigpt.backend import get_array_module

_K = math.sqrt(2 / math.pi)


def _linear(x, weight, bias):
    return x @ weight + bias, (x, weight)


def _linear_backward(dy, cache):
    x, weight = cache
    flat_x = x.reshape(-1, x.shape[-1])
    flat_dy = dy.reshape(-1, dy.shape[-1])
    return dy @ weight.T, {"weight": flat_x.T @ flat_dy, "bias": flat_dy.sum(axis=0)}


def _gelu(x):
    xp = get_array_module(x)
    t = xp.tanh(_K * x * (1 + 0.044715 * x * x))
    return 0.5 * x * (1 + t), (x, t)


def _gelu_backward(dy, cache):
    x, t = cache
    slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _K * (1 + 0.134145 * x * x)
    return dy * slope, {}


class Answer01:
    """linear: the gradient of the bias is summed over the first axis only, not over the places."""

    def linear(x, weight, bias):
        return x @ weight + bias, {"x": x, "weight": weight}

    def linear_backward(dy, cache):
        x, weight = cache["x"], cache["weight"]
        dweight = x.reshape(-1, weight.shape[0]).T @ dy.reshape(-1, weight.shape[1])
        return dy @ weight.T, {"weight": dweight, "bias": dy.sum(axis=0)}


class Answer02:
    """linear: the gradient of the bias is a mean over the tokens instead of a sum."""

    def linear(x, weight, bias):
        xp = get_array_module(x)
        return xp.einsum("...i,io->...o", x, weight) + bias, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(x)
        dx = xp.einsum("...o,io->...i", dy, weight)
        xs, dys = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        dw = xp.einsum("ni,no->io", xs, dys)
        db = xp.einsum("no->o", dys) / dys.shape[0]
        return dx, {"weight": dw, "bias": db}


class Answer03:
    """linear: the gradient of the weight comes out transposed, as (C_out, C_in)."""

    def linear(x, weight, bias):
        out = x.dot(weight)
        out += bias
        return out, (x, weight)

    def linear_backward(dy, cache):
        inp, weight = cache
        grad_input = dy.dot(weight.T)
        grad_output = dy.reshape(-1, dy.shape[-1])
        inp2d = inp.reshape(-1, inp.shape[-1])
        grad_weight = grad_output.T.dot(inp2d)
        grad_bias = grad_output.sum(0)
        return grad_input, {"weight": grad_weight, "bias": grad_bias}


class Answer04:
    """linear: the gradient of the weight is divided by the number of tokens."""

    def linear(x, weight, bias):
        return bias + x @ weight, [x, weight]

    def linear_backward(dy, cache):
        [x, weight] = cache
        m = x.size // x.shape[-1]
        X = x.reshape(m, -1)
        dZ = dy.reshape(m, -1)
        dW = (X.T @ dZ) / m
        db = dZ.sum(axis=0)
        dX = (dZ @ weight.T).reshape(x.shape)
        return dX, {"weight": dW, "bias": db}


class Answer05:
    """linear: x is reshaped to (C_in, rows) instead of transposed, which mixes up its numbers."""

    def linear(x, weight, bias):
        y = x @ weight
        y = y + bias
        return y, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        n_in, n_out = weight.shape
        d = dy.reshape(-1, n_out)
        x_t = x.reshape(n_in, -1)
        return (d @ weight.T).reshape(x.shape), {"weight": x_t @ d, "bias": d.sum(axis=0)}


class Answer06:
    """linear: the rows of x and dy have different letters in einsum, so they are summed one by one
    and not in pairs.
    """

    def linear(x, weight, bias):
        xp = get_array_module(x)
        return xp.tensordot(x, weight, axes=1) + bias, (x, weight)

    def linear_backward(dy, cache):
        x, W = cache
        xp = get_array_module(dy)
        a = x.reshape((-1, W.shape[0]))
        g = dy.reshape((-1, W.shape[1]))
        return xp.einsum("...k,jk->...j", dy, W), {
            "weight": xp.einsum("mj,nk->jk", a, g),
            "bias": xp.einsum("nk->k", g),
        }


class Answer07:
    """linear: the gradient of the bias is 1 everywhere, since y has the slope 1 in it; dy is
    forgotten.
    """

    def linear(x, weight, bias):
        return x @ weight + bias, (x, weight, bias)

    def linear_backward(dy, cache):
        x, weight, bias = cache
        xp = get_array_module(x)
        dweight = xp.zeros_like(weight)
        X, D = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        for n in range(X.shape[0]):
            dweight += xp.outer(X[n], D[n])
        return dy @ weight.T, {"weight": dweight, "bias": xp.ones_like(bias)}


class Answer08:
    """linear: the bias is not added."""

    def linear(x, weight, bias):
        y = x @ weight
        y + bias
        return y, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        table = dy.reshape(-1, dy.shape[-1])
        grads = {}
        grads["bias"] = table.sum(axis=0)
        grads["weight"] = x.reshape(-1, x.shape[-1]).T @ table
        dx = dy @ weight.swapaxes(0, 1)
        return dx, grads


class Answer09:
    """linear: a hundredth of the weight is added to its gradient, as if there were weight decay."""

    def linear(x, weight, bias):
        y = x @ weight + bias
        return y, (x, weight)

    def linear_backward(dy, cache):
        reg = 0.01
        x, w = cache
        dout = dy.reshape(-1, w.shape[1])
        dw = x.reshape(-1, w.shape[0]).T.dot(dout) + reg * w
        db = dout.sum(axis=0)
        dx = dout.dot(w.T).reshape(x.shape)
        return dx, {"weight": dw, "bias": db}


class Answer10:
    """linear: only the last text counts for the weight, and the bias is summed over texts only."""

    def linear(x, weight, bias):
        return x @ weight + bias, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        poids = weight.T
        texte_x = x if x.ndim == 3 else x.reshape(1, -1, x.shape[-1])
        texte_dy = dy if dy.ndim == 3 else dy.reshape(1, -1, dy.shape[-1])
        dbias = 0
        for entree, sortie in zip(texte_x, texte_dy):
            dweight = entree.T @ sortie
            dbias = dbias + sortie
        return dy @ poids, {"weight": dweight, "bias": dbias}


class Answer11:
    """linear: the bias is missing in y, and its gradient is a mean."""

    def linear(x, weight, bias):
        xp = get_array_module(x)
        return xp.matmul(x, weight), {"inp": x, "w": weight}

    def linear_backward(dy, cache):
        x, w = cache["inp"], cache["w"]
        rows_out = dy.reshape(-1, w.shape[1])
        rows_in = x.reshape(-1, w.shape[0])
        g = {"weight": (rows_out.T @ rows_in).T, "bias": rows_out.mean(axis=0)}
        return dy @ w.T, g


class Answer12:
    """gelu: the 3 from the derivative of the cube is missing."""

    def gelu(x):
        xp = get_array_module(x)
        inner = _K * (x + 0.044715 * x**3)
        th = xp.tanh(inner)
        return x / 2 * (1 + th), {"x": x, "th": th}

    def gelu_backward(dy, cache):
        x, th = cache["x"], cache["th"]
        sech2 = 1 - th**2
        dinner = _K * (1 + 0.044715 * x**2)
        return dy * (0.5 * (1 + th) + 0.5 * x * sech2 * dinner), {}


class Answer13:
    """gelu: x times a logistic switch of 1.702 x, another approximation than the tanh one."""

    def gelu(x):
        xp = get_array_module(x)
        s = 1 / (1 + xp.exp(-1.702 * x))
        return x * s, (x, s)

    def gelu_backward(dy, cache):
        x, s = cache
        return dy * (s + 1.702 * x * s * (1 - s)), {}


class Answer14:
    """gelu: the exact curve with the normal distribution's integral, not the tanh one of GPT-2."""

    def gelu(x):
        xp = get_array_module(x)
        values = [math.erf(float(v) / math.sqrt(2)) for v in x.reshape(-1)]
        erf = xp.array(values, dtype=x.dtype).reshape(x.shape)
        Phi = 0.5 * (1 + erf)
        return x * Phi, (x, Phi)

    def gelu_backward(dy, cache):
        x, Phi = cache
        xp = get_array_module(x)
        phi = xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return dy * (Phi + x * phi), {}


class Answer15:
    """gelu: the constant is the root of 2 divided by pi, not the root of 2 / pi."""

    def gelu(x):
        xp = get_array_module(x)
        k = math.sqrt(2) / math.pi
        u = k * (x + 0.044715 * x * x * x)
        tanh_u = xp.tanh(u)
        return 0.5 * x * (1 + tanh_u), (x, tanh_u, k)

    def gelu_backward(dy, cache):
        x, tanh_u, k = cache
        links = 0.5 * (1 + tanh_u)
        rechts = 0.5 * x * (1 - tanh_u * tanh_u) * k * (1 + 3 * 0.044715 * x * x)
        return dy * links + dy * rechts, {}


class Answer16:
    """gelu: the derivative of the inner part u by x is forgotten."""

    def gelu(x):
        xp = get_array_module(x)
        t = xp.tanh(_K * (x + 0.044715 * x * x * x))
        gate = (1 + t) / 2
        return x * gate, (x, t, gate)

    def gelu_backward(dy, cache):
        x, t, gate = cache
        dgate = dy * x
        dt = dgate / 2
        du = dt * (1 - t * t)
        dx = dy * gate + du
        return dx, {}


class Answer17:
    """gelu: 1 is added to tanh in place, and the cache then holds 1 + tanh where the backward
    takes it for tanh.
    """

    def gelu(x):
        xp = get_array_module(x)
        tmp = x * x
        tmp *= 0.044715
        tmp += 1
        tmp *= x
        tmp *= _K
        tanh = xp.tanh(tmp)
        cache = (x, tanh)
        tanh += 1
        return tanh * x * 0.5, cache

    def gelu_backward(dy, cache):
        x, tanh = cache
        a = (1 + tanh) * 0.5
        b = x * 0.5 * (1 - tanh**2) * _K * (1 + 3 * 0.044715 * x**2)
        return (a + b) * dy, {}


class Answer18:
    """gelu: the backward lets dy pass where x is above 0, as ReLU does."""

    def gelu(x):
        xp = get_array_module(x)
        return 0.5 * x * (1 + xp.tanh(_K * (x + 0.044715 * x * x * x))), x

    def gelu_backward(dy, cache):
        dx = dy.copy()
        dx[cache <= 0] = 0
        return dx, {}


class Answer19:
    """gelu: the derivative of tanh is written with cosh, at x instead of at u."""

    def gelu(x):
        xp = get_array_module(x)
        u = _K * (x + 0.044715 * (x * x * x))
        return 0.5 * x * (1 + xp.tanh(u)), (x, u)

    def gelu_backward(dy, cache):
        x, u = cache
        xp = get_array_module(x)
        sech = 1 / xp.cosh(x)
        dudx = _K + _K * 3 * 0.044715 * (x * x)
        derivative = 0.5 + 0.5 * xp.tanh(u) + 0.5 * x * sech * sech * dudx
        return xp.multiply(dy, derivative), {}


class Answer20:
    """gelu: the factor 1/2 is missing in the second part of the product rule."""

    def gelu(x):
        xp = get_array_module(x)
        th = xp.tanh(_K * x + _K * 0.044715 * x * x * x)
        return 0.5 * (x + x * th), (x, th)

    def gelu_backward(dy, cache):
        x, th = cache
        part1 = dy * (0.5 + 0.5 * th)
        part2 = dy * x * (1 - th) * (1 + th) * (_K + 3 * _K * 0.044715 * x * x)
        return part1 + part2, {}


class Answer21:
    """gelu: the derivative is not derived but measured, with a step that is far too long."""

    def gelu(x):
        y, _ = _gelu(x)
        return y, x

    def gelu_backward(dy, cache):
        h = 0.05
        above, _ = _gelu(cache + h)
        below, _ = _gelu(cache - h)
        return dy * (above - below) / (2 * h), {}


class Answer22:
    """gelu: a zero is lost in the constant, 0.44715, in both functions."""

    def gelu(x):
        xp = get_array_module(x)
        c = 0.44715
        e = xp.exp(2 * xp.clip(_K * (x + c * x**3), -15, 15))
        th = (e - 1) / (e + 1)
        return 0.5 * x * (1 + th), (x, th, c)

    def gelu_backward(dy, cache):
        x, th, c = cache
        dth = (1 - th**2) * _K * (1 + 3 * c * x**2)
        return dy * 0.5 * ((1 + th) + x * dth), {}


class Answer23:
    """gelu: the derivative of tanh is 1 - tanh without the square, and the 3 is missing."""

    def gelu(x):
        xp = get_array_module(x)
        tanhu = xp.tanh(_K * (x + 0.044715 * x * x * x))
        y = x * (tanhu + 1) / 2
        return y, (x, tanhu)

    def gelu_backward(dy, cache):
        x, tanhu = cache
        du = _K * (1 + 0.044715 * x * x)
        dtanh = (1 - tanhu) * du
        return dy * ((1 + tanhu) / 2 + x * dtanh / 2), {}


class Answer24:
    """mlp: the input is added to the output, as the block does later."""

    def mlp(x, c_fc, c_proj):
        h, cache1 = _linear(x, c_fc["weight"], c_fc["bias"])
        a, cache2 = _gelu(h)
        out, cache3 = _linear(a, c_proj["weight"], c_proj["bias"])
        return x + out, [cache1, cache2, cache3]

    def mlp_backward(dy, cache):
        c1, c2, c3 = cache
        da, g3 = _linear_backward(dy, c3)
        dh, _ = _gelu_backward(da, c2)
        dx, g1 = _linear_backward(dh, c1)
        return dx + dy, {"c_fc": g1, "c_proj": g3}


class Answer25:
    """mlp: the backward leaves out the step of GELU."""

    def mlp(x, c_fc, c_proj):
        caches = {}
        x, caches["fc"] = _linear(x, **c_fc)
        x, caches["gelu"] = _gelu(x)
        x, caches["proj"] = _linear(x, **c_proj)
        return x, caches

    def mlp_backward(dy, cache):
        grads = {}
        d, grads["c_proj"] = _linear_backward(dy, cache["proj"])
        d, grads["c_fc"] = _linear_backward(d, cache["fc"])
        return d, grads


class Answer26:
    """mlp: GELU's derivative is taken at its output instead of at its input."""

    def mlp(x, c_fc, c_proj):
        hidden = x @ c_fc["weight"] + c_fc["bias"]
        active, _ = _gelu(hidden)
        y = active @ c_proj["weight"] + c_proj["bias"]
        return y, (x, active, c_fc["weight"], c_proj["weight"])

    def mlp_backward(dy, cache):
        x, active, w1, w2 = cache
        _, at_active = _gelu(active)
        dactive, proj = _linear_backward(dy, (active, w2))
        dhidden, _ = _gelu_backward(dactive, at_active)
        dx, fc = _linear_backward(dhidden, (x, w1))
        return dx, {"c_fc": fc, "c_proj": proj}


class Answer27:
    """mlp: the gradient of c_proj's weight is made with the values before GELU."""

    def mlp(x, c_fc, c_proj):
        pre, fc_cache = _linear(x, c_fc["weight"], c_fc["bias"])
        post, gelu_cache = _gelu(pre)
        y, _ = _linear(post, c_proj["weight"], c_proj["bias"])
        return y, {"fc": fc_cache, "pre": pre, "gelu": gelu_cache, "W2": c_proj["weight"]}

    def mlp_backward(dy, cache):
        dpost, dproj = _linear_backward(dy, (cache["pre"], cache["W2"]))
        dpre, _ = _gelu_backward(dpost, cache["gelu"])
        dx, dfc = _linear_backward(dpre, cache["fc"])
        return dx, dict(c_fc=dfc, c_proj=dproj)


class Answer28:
    """mlp: GELU stands after both linear layers, also at the output."""

    def mlp(x, c_fc, c_proj):
        stack = []
        for layer in (c_fc, c_proj):
            x, cache = _linear(x, **layer)
            stack.append((_linear_backward, cache))
            x, cache = _gelu(x)
            stack.append((_gelu_backward, cache))
        return x, stack

    def mlp_backward(dy, cache):
        collected = []
        for backward, saved in reversed(cache):
            dy, grads = backward(dy, saved)
            if grads:
                collected.append(grads)
        dproj, dfc = collected
        return dy, {"c_fc": dfc, "c_proj": dproj}


class Answer29:
    """mlp: ReLU instead of GELU."""

    def mlp(x, c_fc, c_proj):
        xp = get_array_module(x)
        h, fc = _linear(x, **c_fc)
        r = xp.maximum(h, 0)
        y, proj = _linear(r, **c_proj)
        return y, (fc, h > 0, proj)

    def mlp_backward(dy, cache):
        fc, positive, proj = cache
        dr, gproj = _linear_backward(dy, proj)
        dx, gfc = _linear_backward(dr * positive, fc)
        return dx, {"c_fc": gfc, "c_proj": gproj}


class Answer30:
    """mlp: the names of the two gradients are exchanged."""

    def mlp(x, c_fc, c_proj):
        breit, cache_a = _linear(x, **c_fc)
        aktiv, cache_b = _gelu(breit)
        schmal, cache_c = _linear(aktiv, **c_proj)
        return schmal, (cache_a, cache_b, cache_c)

    def mlp_backward(dy, cache):
        cache_a, cache_b, cache_c = cache
        d_aktiv, erste = _linear_backward(dy, cache_c)
        d_breit = _gelu_backward(d_aktiv, cache_b)[0]
        dx, zweite = _linear_backward(d_breit, cache_a)
        return dx, {"c_fc": erste, "c_proj": zweite}
