"""Wrong answers to lesson 06, as students write them."""

from minigpt.backend import get_array_module


class Answer01:
    """layernorm: in dx the term with the mean of dn times the normalised values is missing."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mu = xp.mean(x, axis=-1, keepdims=True)
        sigma = xp.sqrt(xp.mean((x - mu) ** 2, axis=-1, keepdims=True) + eps)
        xhat = (x - mu) / sigma
        return xhat * weight + bias, {"xhat": xhat, "sigma": sigma, "weight": weight}

    def layernorm_backward(dy, cache):
        g = dy * cache["weight"]
        dx = (g - g.mean(axis=-1, keepdims=True)) / cache["sigma"]
        lead = tuple(range(dy.ndim - 1))
        return dx, {"weight": (dy * cache["xhat"]).sum(axis=lead), "bias": dy.sum(axis=lead)}


class Answer02:
    """layernorm: the well-known formula with sums and C in front, but without dividing by C."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        istd = 1 / xp.sqrt(x.var(axis=-1, keepdims=True) + eps)
        x_norm = (x - x.mean(axis=-1, keepdims=True)) * istd
        return weight * x_norm + bias, (x_norm, istd, weight)

    def layernorm_backward(dy, cache):
        x_norm, istd, gamma = cache
        D = dy.shape[-1]
        dxn = dy * gamma
        s1 = dxn.sum(axis=-1, keepdims=True)
        s2 = (dxn * x_norm).sum(axis=-1, keepdims=True)
        dx = istd * (D * dxn - s1 - x_norm * s2)
        dgamma = (dy * x_norm).reshape(-1, D).sum(axis=0)
        dbeta = dy.reshape(-1, D).sum(axis=0)
        return dx, {"weight": dgamma, "bias": dbeta}


class Answer03:
    """layernorm: eps is added after the root instead of inside of it."""

    def layernorm(x, weight, bias, eps=1e-5):
        mean = x.mean(-1, keepdims=True)
        std = x.std(-1, keepdims=True)
        n = (x - mean) / (std + eps)
        return n * weight + bias, (n, std + eps, weight)

    def layernorm_backward(dy, cache):
        n, s, w = cache
        h = dy * w
        dx = (h - h.mean(-1, keepdims=True) - n * (h * n).mean(-1, keepdims=True)) / s
        axes = tuple(range(dy.ndim - 1))
        return dx, {"weight": (dy * n).sum(axis=axes), "bias": dy.sum(axis=axes)}


class Answer04:
    """layernorm: the variance is divided by C - 1, as torch.var does, not by C."""

    def layernorm(x, weight, bias, eps=1e-5):
        C = x.shape[-1]
        c = x - x.sum(axis=-1, keepdims=True) / C
        var = (c**2).sum(axis=-1, keepdims=True) / (C - 1)
        inv = (var + eps) ** -0.5
        return c * inv * weight + bias, (c * inv, inv, weight)

    def layernorm_backward(dy, cache):
        n, inv, w = cache
        C = w.size
        rows_n, rows_dy = n.reshape(-1, C), dy.reshape(-1, C)
        g = rows_dy * w
        a = g.sum(axis=1, keepdims=True) / C
        b = (g * rows_n).sum(axis=1, keepdims=True) / (C - 1)
        dx = (g - a - rows_n * b).reshape(dy.shape) * inv
        return dx, {"weight": (rows_dy * rows_n).sum(axis=0), "bias": rows_dy.sum(axis=0)}


class Answer05:
    """layernorm: mean and variance are taken over places and channels together, not per vector."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        over = (-2, -1) if x.ndim > 1 else (-1,)
        m = x.mean(axis=over, keepdims=True)
        v = ((x - m) ** 2).mean(axis=over, keepdims=True)
        r = 1 / xp.sqrt(v + eps)
        z = (x - m) * r
        return z * weight + bias, (z, r, weight, over)

    def layernorm_backward(dy, cache):
        z, r, weight, over = cache
        dz = dy * weight
        dx = r * (dz - dz.mean(axis=over, keepdims=True)
                  - z * (dz * z).mean(axis=over, keepdims=True))
        C = weight.shape[0]
        return dx, {
            "weight": (dy * z).reshape(-1, C).sum(axis=0),
            "bias": dy.reshape(-1, C).sum(axis=0),
        }


class Answer06:
    """layernorm: dx starts from dy, the scale weight is forgotten in it."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        promedio = x.mean(axis=-1, keepdims=True)
        resta = x - promedio
        desviacion = xp.sqrt((resta * resta).mean(axis=-1, keepdims=True) + eps)
        normal = resta / desviacion
        return normal * weight + bias, (normal, desviacion)

    def layernorm_backward(dy, cache):
        normal, desviacion = cache
        producto = dy * normal
        dx = dy - dy.mean(axis=-1, keepdims=True)
        dx -= normal * producto.mean(axis=-1, keepdims=True)
        dx /= desviacion
        n = dy.shape[-1]
        dweight = producto.reshape(-1, n).sum(axis=0)
        return dx, {"weight": dweight, "bias": dy.reshape(-1, n).sum(axis=0)}


class Answer07:
    """layernorm: scale and shift are applied in place, so the cache holds y instead of the
    normalised values.
    """

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        out = x - x.mean(axis=-1, keepdims=True)
        inv_std = 1 / xp.sqrt((out * out).mean(axis=-1, keepdims=True) + eps)
        out *= inv_std
        cache = (out, inv_std, weight)
        out *= weight
        out += bias
        return out, cache

    def layernorm_backward(dy, cache):
        xn, inv_std, weight = cache
        dxn = dy * weight
        m1 = dxn.mean(axis=-1, keepdims=True)
        m2 = (dxn * xn).mean(axis=-1, keepdims=True)
        rows = (-1, weight.size)
        dweight = (dy * xn).reshape(rows).sum(axis=0)
        dbias = dy.reshape(rows).sum(axis=0)
        return inv_std * (dxn - m1 - xn * m2), {"weight": dweight, "bias": dbias}


class Answer08:
    """layernorm: on the way through the variance the power of the root is 2 instead of 3."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mean = x.mean(axis=-1, keepdims=True)
        var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
        y = weight * (x - mean) / xp.sqrt(var + eps) + bias
        return y, (x, mean, var, weight, eps)

    def layernorm_backward(dy, cache):
        x, mean, var, weight, eps = cache
        xp = get_array_module(x)
        N = x.shape[-1]
        xmu = x - mean
        ivar = 1 / xp.sqrt(var + eps)
        dxhat = dy * weight
        dvar = (dxhat * xmu * -0.5 * ivar**2).sum(axis=-1, keepdims=True)
        dmean = (-dxhat * ivar).sum(axis=-1, keepdims=True)
        dx = dxhat * ivar + dvar * 2 * xmu / N + dmean / N
        dweight = (dy * xmu * ivar).reshape(-1, N).sum(axis=0)
        return dx, {"weight": dweight, "bias": dy.reshape(-1, N).sum(axis=0)}


class Answer09:
    """layernorm: the scale is 1 + weight, as in a model whose weights start at zero."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        x0 = x - x.mean(axis=-1, keepdims=True)
        scale = 1 + weight
        rms = xp.sqrt(xp.square(x0).mean(axis=-1, keepdims=True) + eps)
        n = x0 / rms
        return n * scale + bias, (n, rms, scale)

    def layernorm_backward(dy, cache):
        n, rms, scale = cache
        dn = scale * dy
        projection = n * (n * dn).mean(axis=-1, keepdims=True)
        dx = (dn - dn.mean(axis=-1, keepdims=True) - projection) / rms
        leading = tuple(range(dy.ndim - 1))
        return dx, {"weight": (n * dy).sum(leading), "bias": dy.sum(leading)}


class Answer10:
    """layernorm: the variance is the mean of x squared, from which the mean is not subtracted."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mean = x.mean(axis=-1, keepdims=True)
        var = (x * x).mean(axis=-1, keepdims=True)
        rstd = 1 / xp.sqrt(var + eps)
        norm = (x - mean) * rstd
        return norm * weight + bias, (norm, rstd, weight)

    def layernorm_backward(dy, cache):
        norm, rstd, weight = cache
        dnorm = dy * weight
        dx = dnorm - dnorm.mean(axis=-1, keepdims=True)
        dx = dx - norm * (dnorm * norm).mean(axis=-1, keepdims=True)
        dx = rstd * dx
        dweight, dbias = dy * norm, dy
        while dweight.ndim > 1:
            dweight, dbias = dweight.sum(axis=0), dbias.sum(axis=0)
        return dx, {"weight": dweight, "bias": dbias.copy()}


class Answer11:
    """layernorm: in the matrix of slopes the product n n is not divided by C."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        n = x - x.mean(axis=-1, keepdims=True)
        r = (xp.einsum("...c,...c->...", n, n)[..., None] / x.shape[-1] + eps) ** -0.5
        n = n * r
        return xp.einsum("...c,c->...c", n, weight) + bias, (n, r, weight)

    def layernorm_backward(dy, cache):
        n, r, weight = cache
        xp = get_array_module(n)
        C = weight.shape[0]
        N, D, R = n.reshape(-1, C), dy.reshape(-1, C), r.reshape(-1)
        P = xp.eye(C, dtype=n.dtype) - 1 / C
        J = xp.einsum("n,nij->nij", R, P[None] - xp.einsum("ni,nj->nij", N, N))
        dx = xp.einsum("nij,nj,j->ni", J, D, weight).reshape(dy.shape)
        dw = xp.einsum("nc,nc->c", D, N)
        return dx, {"weight": dw, "bias": xp.einsum("nc->c", D)}


class Answer12:
    """layernorm: the backward computes the root anew and forgets eps there."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        d = x - x.mean(axis=-1, keepdims=True)
        v = (d * d).mean(axis=-1, keepdims=True)
        n = d / xp.sqrt(v + eps)
        return n * weight + bias, (n, v, weight)

    def layernorm_backward(dy, cache):
        n, v, weight = cache
        xp = get_array_module(dy)
        t = dy * weight
        t = t - t.mean(axis=-1, keepdims=True) - n * (t * n).mean(axis=-1, keepdims=True)
        dx = t / xp.sqrt(v)
        ax = tuple(range(dy.ndim))[:-1]
        return dx, {"weight": (dy * n).sum(axis=ax), "bias": dy.sum(axis=ax)}


class Answer13:
    """layernorm: the gradient of the bias comes after the scale, so weight is in it."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        y = xp.empty_like(x)
        hat = xp.empty_like(x)
        rows, hats, ys = (a.reshape(-1, x.shape[-1]) for a in (x, hat, y))
        roots = []
        for i in range(rows.shape[0]):
            row = rows[i] - rows[i].mean()
            root = xp.sqrt((row * row).mean() + eps)
            hats[i] = row / root
            ys[i] = hats[i] * weight + bias
            roots.append(root)
        return y, (hat, roots, weight)

    def layernorm_backward(dy, cache):
        hat, roots, weight = cache
        xp = get_array_module(dy)
        C = dy.shape[-1]
        dx = xp.empty_like(dy)
        dweight, dbias = xp.zeros_like(weight), xp.zeros_like(weight)
        hats, outs = hat.reshape(-1, C), dx.reshape(-1, C)
        for i, d in enumerate(dy.reshape(-1, C)):
            dweight += d * hats[i]
            d = d * weight
            dbias += d
            outs[i] = (d - d.mean() - hats[i] * (d * hats[i]).mean()) / roots[i]
        return dx, {"weight": dweight, "bias": dbias}


class Answer14:
    """layernorm: eps stands outside of the root, and the gradient of the bias is a mean."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        m = x.mean(axis=-1, keepdims=True)
        s = xp.sqrt(x.var(axis=-1, keepdims=True)) + eps
        n = (x - m) / s
        return n * weight + bias, dict(n=n, s=s, w=weight)

    def layernorm_backward(dy, cache):
        n, s, w = cache["n"], cache["s"], cache["w"]
        dn = w * dy
        dx = (dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True)) / s
        db = dy.reshape(-1, w.size).mean(axis=0)
        dw = (n * dy).reshape(-1, w.size).sum(axis=0)
        return dx, {"weight": dw, "bias": db}


class Answer15:
    """layernorm: the gradient of the weight is made with the centred values before the division,
    and dx forgets the weight.
    """

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        centre = x - x.mean(axis=-1, keepdims=True)
        ecart = xp.sqrt((centre**2).mean(axis=-1, keepdims=True) + eps)
        return centre / ecart * weight + bias, (centre, ecart)

    def layernorm_backward(dy, cache):
        centre, ecart = cache
        C = centre.shape[-1]
        g = dy / ecart
        proj = (g * centre).mean(axis=-1, keepdims=True) / ecart**2
        dx = g - g.mean(axis=-1, keepdims=True) - centre * proj
        dweight = (dy * centre).reshape(-1, C).sum(axis=0)
        return dx, {"weight": dweight, "bias": dy.reshape(-1, C).sum(axis=0)}
