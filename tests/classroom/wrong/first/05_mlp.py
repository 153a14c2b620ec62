"""Wrong answers to lesson 05, written as students write them."""

import math

from minigpt.backend import get_array_module

K = math.sqrt(2.0 / math.pi)


def _linear(x, weight, bias):
    return x @ weight + bias, (x, weight)


def _linear_backward(dy, cache):
    x, w = cache
    X, D = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    return dy @ w.T, {"weight": X.T @ D, "bias": D.sum(axis=0)}


def _gelu(x):
    xp = get_array_module(x)
    t = xp.tanh(K * (x + 0.044715 * x**3))
    return x * (1 + t) / 2, (x, t)


def _gelu_backward(dy, cache):
    x, t = cache
    slope = (1 + t) / 2 + x / 2 * (1 - t**2) * K * (1 + 0.134145 * x**2)
    return dy * slope, {}


class Answer01:
    """linear: dbias is the mean over the rows, not the sum."""

    def linear(x, weight, bias):
        return x @ weight + bias, {"x": x, "W": weight}

    def linear_backward(dy, cache):
        x, W = cache["x"], cache["W"]
        x2d = x.reshape((-1, W.shape[0]))
        dy2d = dy.reshape((-1, W.shape[1]))
        return dy @ W.T, {"weight": x2d.T @ dy2d, "bias": dy2d.mean(axis=0)}


class Answer02:
    """linear: dbias is summed over the first axis only, so the axis of the tokens stays."""

    def linear(x, weight, bias):
        xp = get_array_module(x)
        out = xp.matmul(x, weight)
        out += bias
        return out, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        n_in, n_out = weight.shape
        dx = dy @ weight.swapaxes(0, 1)
        dw = x.reshape(-1, n_in).T @ dy.reshape(-1, n_out)
        db = dy.sum(axis=0)
        return dx, {"weight": dw, "bias": db}


class Answer03:
    """linear: dweight comes transposed, as dy.T @ x."""

    def linear(x, weight, bias):
        xp = get_array_module(x)
        y = xp.einsum("...i,io->...o", x, weight)
        return y + bias, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(dy)
        zeilen = x.reshape(-1, x.shape[-1])
        gradienten = dy.reshape(-1, dy.shape[-1])
        dx = xp.einsum("...o,io->...i", dy, weight)
        dweight = xp.einsum("no,ni->oi", gradienten, zeilen)
        return dx, {"weight": dweight, "bias": gradienten.sum(axis=0)}


class Answer04:
    """linear: the bias is not added in the forward."""

    def linear(x, weight, bias):
        return x @ weight, (x, weight, bias)

    def linear_backward(dy, cache):
        x, weight, bias = cache
        rows, drows = x.reshape(-1, weight.shape[0]), dy.reshape(-1, bias.shape[0])
        dx = (drows @ weight.T).reshape(x.shape)
        return dx, {"weight": rows.T @ drows, "bias": drows.sum(0)}


class Answer05:
    """linear: the bias is taken for a constant and gets a gradient of zeros."""

    def linear(x, weight, bias):
        y = x @ weight
        return y + bias, (x, weight, bias)

    def linear_backward(dy, cache):
        x, weight, bias = cache
        xp = get_array_module(dy)
        grads = {"weight": None, "bias": xp.zeros_like(bias)}
        flat_x = x.reshape(-1, x.shape[-1])
        flat_dy = dy.reshape(-1, dy.shape[-1])
        grads["weight"] = xp.dot(flat_x.T, flat_dy)
        return xp.dot(flat_dy, weight.T).reshape(x.shape), grads


class Answer06:
    """linear: dweight uses dx, which has the same shape, in the place of x."""

    def linear(x, weight, bias):
        return (x @ weight) + bias, (x, weight)

    def linear_backward(dy, cache):
        x, w = cache
        dx = dy @ w.T
        a = dx.reshape(-1, dx.shape[-1])
        b = dy.reshape(-1, dy.shape[-1])
        return dx, {"weight": a.T @ b, "bias": b.sum(axis=0)}


class Answer07:
    """linear: for dweight the rows are turned into columns by reshape instead of a transpose."""

    def linear(x, weight, bias):
        y = x @ weight + bias
        return y, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        C_in, C_out = weight.shape
        dx = dy @ weight.T
        xt = x.reshape(C_in, -1)  # (C_in, rows)
        d = dy.reshape(-1, C_out)  # (rows, C_out)
        return dx, {"weight": xt @ d, "bias": d.sum(axis=0)}


class Answer08:
    """linear: dx multiplies by weight.reshape(C_out, C_in), which is not the transposed weight."""

    def linear(x, weight, bias):
        y = x @ weight
        y += bias
        return y, (weight, x)

    def linear_backward(dy, cache):
        weight, x = cache
        cin, cout = weight.shape
        grad_in = dy @ weight.reshape(cout, cin)
        grad_w = 0
        grad_b = 0
        for xi, di in zip(x.reshape(-1, cin), dy.reshape(-1, cout)):
            grad_w = grad_w + xi[:, None] * di[None, :]
            grad_b = grad_b + di
        return grad_in, {"weight": grad_w, "bias": grad_b}


class Answer09:
    """linear: dweight is divided by the number of texts, as if the texts were averaged."""

    def linear(x, weight, bias):
        xp = get_array_module(x)
        return xp.tensordot(x, weight, axes=1) + bias, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        xp = get_array_module(dy)
        axes = list(range(dy.ndim - 1))
        dweight = xp.tensordot(x, dy, axes=(axes, axes)) / len(x)
        dbias = dy.sum(axis=tuple(axes))
        return xp.tensordot(dy, weight.T, axes=1), {"weight": dweight, "bias": dbias}


class Answer10:
    """linear: two mistakes, dweight and dbias are both averaged over all rows, and not summed."""

    def linear(x, weight, bias):
        return x @ weight + bias, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        x_ = x.reshape(-1, weight.shape[0])
        dy_ = dy.reshape(-1, weight.shape[1])
        N = x_.shape[0]
        dW = x_.T @ dy_ / N
        db = dy_.sum(axis=0) / N
        return dy @ weight.T, {"weight": dW, "bias": db}


class Answer11:
    """linear: dweight is made from the first text only."""

    def linear(x, weight, bias):
        return x @ weight + bias, (x, weight)

    def linear_backward(dy, cache):
        x, weight = cache
        dx = dy @ weight.T
        x0, dy0 = x, dy
        while x0.ndim > 2:
            x0, dy0 = x0[0], dy0[0]
        x0 = x0.reshape(-1, x0.shape[-1])
        dy0 = dy0.reshape(-1, dy0.shape[-1])
        dbias = dy.reshape(-1, weight.shape[1]).sum(axis=0)
        return dx, {"weight": x0.T @ dy0, "bias": dbias}


class Answer12:
    """linear: the bias is added to the input of the product's gradient, dx = (dy + bias) @ W.T."""

    def linear(x, weight, bias):
        return bias + x @ weight, (x, weight, bias)

    def linear_backward(dy, cache):
        x, weight, bias = cache
        d = dy.reshape(-1, bias.shape[0])
        dx = (dy + bias) @ weight.T
        dweight = x.reshape(-1, weight.shape[0]).T @ d
        return dx, {"weight": dweight, "bias": d.sum(axis=0)}


class Answer13:
    """gelu: the derivative of tanh is taken as 1 - tanh, without the square."""

    def gelu(x):
        xp = get_array_module(x)
        t = xp.tanh(K * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + t), (x, t)

    def gelu_backward(dy, cache):
        x, t = cache
        left = 0.5 * (1 + t)
        right = 0.5 * x * (1 - t) * K * (1 + 3 * 0.044715 * x**2)
        return dy * (left + right), {}


class Answer14:
    """gelu: the inner derivative du/dx is forgotten."""

    def gelu(x):
        xp = get_array_module(x)
        u = K * (x + 0.044715 * x * x * x)
        return x / 2 * (1 + xp.tanh(u)), (x, u)

    def gelu_backward(dy, cache):
        x, u = cache
        xp = get_array_module(x)
        th = xp.tanh(u)
        sech2 = 1 - th * th
        return dy * ((1 + th) / 2 + x / 2 * sech2), {}


class Answer15:
    """gelu: the derivative of x^3 is written x^2, without its factor 3."""

    def gelu(x):
        xp = get_array_module(x)
        inner = x * K * (1 + 0.044715 * x * x)
        t = xp.tanh(inner)
        return 0.5 * (x + x * t), {"x": x, "t": t}

    def gelu_backward(dy, cache):
        x, t = cache["x"], cache["t"]
        dt = dy * 0.5 * x
        dinner = dt * (1 - t**2)
        dx = dy * 0.5 * (1 + t)
        dx += dinner * (K + K * 0.044715 * x**2)
        return dx, {}


class Answer16:
    """gelu: the forward takes K as 2 / pi, without the square root."""

    def gelu(x):
        xp = get_array_module(x)
        k = 2 / math.pi
        s = xp.tanh(k * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + s), (x, s, k)

    def gelu_backward(dy, cache):
        x, s, k = cache
        ds = (1 - s * s) * k * (1 + 3 * 0.044715 * x**2)
        return dy * 0.5 * (1 + s + x * ds), {}


class Answer17:
    """gelu: the product rule's first half is lost, only the derivative of tanh remains."""

    def gelu(x):
        xp = get_array_module(x)
        tanh = xp.tanh(K * (x + 0.044715 * x**3))
        return (1 + tanh) * x * 0.5, (x, tanh)

    def gelu_backward(dy, cache):
        x, tanh = cache
        dtanh = dy * x * 0.5
        du = (1 - tanh**2) * dtanh
        dx = du * K * (1 + 0.134145 * x**2)
        return dx, {}


class Answer18:
    """gelu: the derivative is returned without multiplying it by dy."""

    def gelu(x):
        xp = get_array_module(x)
        th = xp.tanh((x * x * x * 0.044715 + x) * K)
        half = 0.5 * (1 + th)
        slope = half + 0.5 * x * (1 - th * th) * K * (1 + 3 * 0.044715 * x * x)
        return x * half, slope

    def gelu_backward(dy, cache):
        slope = cache
        return slope.copy(), {}


class Answer19:
    """gelu: the other approximation is written, x * sigmoid(1.702 x), with its own derivative."""

    def gelu(x):
        xp = get_array_module(x)
        s = 1 / (1 + xp.exp(-1.702 * x))
        return x * s, (x, s)

    def gelu_backward(dy, cache):
        x, s = cache
        return dy * (s + 1.702 * x * s * (1 - s)), {}


class Answer20:
    """gelu: K multiplies only x, and not the cubic term."""

    def gelu(x):
        xp = get_array_module(x)
        u = K * x + 0.044715 * x**3
        wt = xp.tanh(u)
        return 0.5 * x * (1 + wt), (x, wt)

    def gelu_backward(dy, cache):
        x, wt = cache
        du = K + 3 * 0.044715 * x**2
        erster = 0.5 * (1 + wt)
        zweiter = 0.5 * x * (1 - wt**2) * du
        return (erster + zweiter) * dy, {}


class Answer21:
    """gelu: the backward takes the derivative at y, the output, where it needs x."""

    def gelu(x):
        xp = get_array_module(x)
        y = 0.5 * x * (1 + xp.tanh(K * (x + 0.044715 * x**3)))
        return y, y

    def gelu_backward(dy, cache):
        x = cache
        xp = get_array_module(x)
        t = xp.tanh(K * (x + 0.044715 * x**3))
        d = 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * K * (1 + 3 * 0.044715 * x**2)
        return d * dy, {}


class Answer22:
    """gelu: tanh is differentiated like a sigmoid, tanh * (1 - tanh)."""

    def gelu(x):
        xp = get_array_module(x)
        z = K * (x + 0.044715 * (x**3))
        a = xp.tanh(z)
        return 0.5 * x * (1 + a), (x, a)

    def gelu_backward(dy, cache):
        x, a = cache
        dz_dx = K * (1 + 3 * 0.044715 * (x**2))
        da_dx = a * (1 - a) * dz_dx
        return dy * (0.5 * (1 + a) + 0.5 * x * da_dx), {}


class Answer23:
    """gelu: the factor 1/2 is missing in the second half of the product rule."""

    def gelu(x):
        xp = get_array_module(x)
        cube = xp.power(x, 3)
        th = xp.tanh(K * (x + 0.044715 * cube))
        return 0.5 * x * (1.0 + th), (x, th)

    def gelu_backward(dy, cache):
        x, th = cache
        g = 0.5 * (1.0 + th) + x * (1.0 - th**2) * K * (1.0 + 0.134145 * x**2)
        return dy * g, {}


class Answer24:
    """gelu: two mistakes, the inner derivative misses K and the cube's factor 3."""

    def gelu(x):
        xp = get_array_module(x)
        t = xp.tanh(K * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + t), (x, t)

    def gelu_backward(dy, cache):
        x, t = cache
        inner = 1 + 0.044715 * x**2
        return dy * (0.5 * (1 + t) + 0.5 * x * inner * (1 - t**2)), {}


class Answer25:
    """gelu: the constant is mistyped as 0.44715."""

    def gelu(x):
        xp = get_array_module(x)
        c = 0.44715
        t = xp.tanh(K * (x + c * x**3))
        return 0.5 * x * (1 + t), (x, t, c)

    def gelu_backward(dy, cache):
        x, t, c = cache
        dt = (1 - t**2) * K * (1 + 3 * c * x**2)
        return dy * 0.5 * ((1 + t) + x * dt), {}


class Answer26:
    """mlp: the activation is forgotten, the two linear layers follow each other directly."""

    def mlp(x, c_fc, c_proj):
        h, first = _linear(x, c_fc["weight"], c_fc["bias"])
        y, second = _linear(h, c_proj["weight"], c_proj["bias"])
        return y, [first, second]

    def mlp_backward(dy, cache):
        dh, g2 = _linear_backward(dy, cache[1])
        dx, g1 = _linear_backward(dh, cache[0])
        return dx, {"c_fc": g1, "c_proj": g2}


class Answer27:
    """mlp: the backward leaves out the step through gelu."""

    def mlp(x, c_fc, c_proj):
        hidden, cache1 = _linear(x, **c_fc)
        active, _ = _gelu(hidden)
        y, cache2 = _linear(active, **c_proj)
        return y, (cache1, cache2)

    def mlp_backward(dy, cache):
        cache1, cache2 = cache
        dhidden, grads_proj = _linear_backward(dy, cache2)
        dx, grads_fc = _linear_backward(dhidden, cache1)
        return dx, dict(c_fc=grads_fc, c_proj=grads_proj)


class Answer28:
    """mlp: the gradients are handed back under exchanged names, c_fc gets those of c_proj."""

    def mlp(x, c_fc, c_proj):
        y, caches = x, []
        for f, params in ((_linear, c_fc), (_gelu, {}), (_linear, c_proj)):
            y, c = f(y, **params)
            caches.append(c)
        return y, caches

    def mlp_backward(dy, cache):
        d, grads = dy, []
        for f, c in zip((_linear_backward, _gelu_backward, _linear_backward), cache[::-1]):
            d, g = f(d, c)
            grads.append(g)
        return d, {"c_fc": grads[0], "c_proj": grads[2]}


class Answer29:
    """mlp: the input x is added to the result, as a residual, which belongs to the block."""

    def mlp(x, c_fc, c_proj):
        a, c1 = _linear(x, **c_fc)
        b, c2 = _gelu(a)
        c, c3 = _linear(b, **c_proj)
        return x + c, (c1, c2, c3)

    def mlp_backward(dy, cache):
        c1, c2, c3 = cache
        db, proj = _linear_backward(dy, c3)
        da, _ = _gelu_backward(db, c2)
        dx, fc = _linear_backward(da, c1)
        return dx + dy, {"c_fc": fc, "c_proj": proj}


class Answer30:
    """mlp: dweight of c_proj is made with the numbers before gelu, not with those behind it."""

    def mlp(x, c_fc, c_proj):
        pre = x @ c_fc["weight"] + c_fc["bias"]
        post, g = _gelu(pre)
        y = post @ c_proj["weight"] + c_proj["bias"]
        return y, (x, pre, g, c_fc["weight"], c_proj["weight"])

    def mlp_backward(dy, cache):
        x, pre, g, w1, w2 = cache
        d2 = dy.reshape(-1, dy.shape[-1])
        dpost = dy @ w2.T
        proj = {"weight": pre.reshape(-1, pre.shape[-1]).T @ d2, "bias": d2.sum(axis=0)}
        dpre, _ = _gelu_backward(dpost, g)
        d1 = dpre.reshape(-1, dpre.shape[-1])
        fc = {"weight": x.reshape(-1, x.shape[-1]).T @ d1, "bias": d1.sum(axis=0)}
        return dpre @ w1.T, {"c_fc": fc, "c_proj": proj}


class Answer31:
    """mlp: the backward bends with the derivative of ReLU, the forward with gelu."""

    def mlp(x, c_fc, c_proj):
        hidden, fc = _linear(x, **c_fc)
        y, proj = _linear(_gelu(hidden)[0], **c_proj)
        return y, (fc, hidden, proj)

    def mlp_backward(dy, cache):
        fc, hidden, proj = cache
        dactive, dproj = _linear_backward(dy, proj)
        dhidden = dactive * (hidden > 0)
        dx, dfc = _linear_backward(dhidden, fc)
        return dx, {"c_fc": dfc, "c_proj": dproj}


class Answer32:
    """mlp: gelu is applied a second time, to the result of the second layer."""

    def mlp(x, c_fc, c_proj):
        caches = {}
        h, caches["fc"] = _linear(x, **c_fc)
        h, caches["gelu"] = _gelu(h)
        h, caches["proj"] = _linear(h, **c_proj)
        h, caches["gelu2"] = _gelu(h)
        return h, caches

    def mlp_backward(dy, cache):
        d, _ = _gelu_backward(dy, cache["gelu2"])
        d, proj = _linear_backward(d, cache["proj"])
        d, _ = _gelu_backward(d, cache["gelu"])
        d, fc = _linear_backward(d, cache["fc"])
        return d, {"c_fc": fc, "c_proj": proj}


class Answer33:
    """mlp: two mistakes, the backward skips gelu and leaves the bias of c_proj at zero."""

    def mlp(x, c_fc, c_proj):
        h, c1 = _linear(x, **c_fc)
        y, c2 = _linear(_gelu(h)[0], **c_proj)
        return y, (c1, c2)

    def mlp_backward(dy, cache):
        dh, g2 = _linear_backward(dy, cache[1])
        g2["bias"] = 0 * g2["bias"]
        dx, g1 = _linear_backward(dh, cache[0])
        return dx, {"c_fc": g1, "c_proj": g2}


class Answer34:
    """gelu: two mistakes, dy is forgotten, and tanh is differentiated without the square."""

    def gelu(x):
        xp = get_array_module(x)
        t = xp.tanh(K * x * (1 + 0.044715 * x**2))
        return x * (0.5 + 0.5 * t), [x, t]

    def gelu_backward(dy, cache):
        x, t = cache
        return 0.5 * (1 + t) + 0.5 * x * (1 - t) * K * (1 + 0.134145 * x**2), {}
