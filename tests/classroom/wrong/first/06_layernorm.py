"""Wrong answers to lesson 06, written as students write them."""

from minigpt.backend import get_array_module


def _rows(a):
    return a.reshape(-1, a.shape[-1])


class Answer01:
    """layernorm: eps is added to the standard deviation, outside of the root."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mu = xp.mean(x, axis=-1, keepdims=True)
        sigma = xp.sqrt(((x - mu) ** 2).mean(axis=-1, keepdims=True))
        inv = 1.0 / (sigma + eps)
        xhat = (x - mu) * inv
        return weight * xhat + bias, {"xhat": xhat, "inv": inv, "gamma": weight}

    def layernorm_backward(dy, cache):
        xhat, inv, gamma = cache["xhat"], cache["inv"], cache["gamma"]
        dxhat = gamma * dy
        m1 = dxhat.mean(-1, keepdims=True)
        m2 = (xhat * dxhat).mean(-1, keepdims=True)
        dx = inv * (dxhat - m1 - xhat * m2)
        return dx, {"weight": _rows(dy * xhat).sum(0), "bias": _rows(dy).sum(0)}


class Answer02:
    """layernorm: in dx the standard deviation is taken as a constant, only the mean is undone."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        v = x.var(axis=-1, keepdims=True)
        std = xp.sqrt(v + eps)
        z = (x - x.mean(axis=-1, keepdims=True)) / std
        return z * weight + bias, (z, std, weight)

    def layernorm_backward(dy, cache):
        z, std, weight = cache
        axes = tuple(range(dy.ndim - 1))
        grad_weight = (dy * z).sum(axis=axes)
        grad_bias = dy.sum(axis=axes)
        dz = dy * weight
        dcentred = dz / std
        dx = dcentred - dcentred.mean(axis=-1, keepdims=True)
        return dx, {"weight": grad_weight, "bias": grad_bias}


class Answer03:
    """layernorm: dx takes mean and variance as constants, it is only dy * weight / std."""

    def layernorm(x, weight, bias, eps=1e-5):
        C = x.shape[-1]
        mean = x.sum(axis=-1, keepdims=True) / C
        d = x - mean
        var = (d * d).sum(axis=-1, keepdims=True) / C
        std = (var + eps) ** 0.5
        out = d / std * weight + bias
        return out, (d, std, weight)

    def layernorm_backward(dy, cache):
        d, std, weight = cache
        C = d.shape[-1]
        dweight = (dy * d / std).reshape(-1, C).sum(axis=0)
        dbias = dy.reshape(-1, C).sum(axis=0)
        dx = dy * weight / std
        return dx, dict(weight=dweight, bias=dbias)


class Answer04:
    """layernorm: dx is computed from dy, without multiplying by the scale first."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        moyenne = x.mean(axis=-1)[..., None]
        ecart = x - moyenne
        variance = xp.square(ecart).mean(axis=-1)[..., None]
        inverse = 1 / xp.sqrt(eps + variance)
        reduit = ecart * inverse
        return bias + weight * reduit, (reduit, inverse)

    def layernorm_backward(dy, cache):
        reduit, inverse = cache
        C = dy.shape[-1]
        dx = dy - dy.mean(axis=-1)[..., None] - reduit * (dy * reduit).mean(axis=-1)[..., None]
        dx *= inverse
        plat = dy.reshape(-1, C)
        return dx, {"weight": (plat * reduit.reshape(-1, C)).sum(axis=0), "bias": plat.sum(axis=0)}


class Answer05:
    """layernorm: the variance is divided by C - 1, as in statistics, not by C."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        centred = x - x.mean(axis=-1, keepdims=True)
        rstd = 1 / xp.sqrt(x.var(axis=-1, keepdims=True, ddof=1) + eps)
        normalised = centred * rstd
        return normalised * weight + bias, (centred, rstd, weight)

    def layernorm_backward(dy, cache):
        centred, rstd, weight = cache
        C = weight.shape[0]
        dn = dy * weight
        # the way through the variance: dvar, then 2 (x - mean) / (C - 1)
        dvar = (dn * centred).sum(axis=-1, keepdims=True) * -0.5 * rstd**3
        dcentred = dn * rstd + dvar * 2 * centred / (C - 1)
        dx = dcentred - dcentred.mean(axis=-1, keepdims=True)
        dweight = (dy * centred * rstd).reshape(-1, C).sum(axis=0)
        return dx, {"weight": dweight, "bias": dy.reshape(-1, C).sum(axis=0)}


class Answer06:
    """layernorm: dweight multiplies dy by x - mean, not yet divided by the standard deviation."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        xc = x - x.mean(-1, keepdims=True)
        rstd = (xc**2).mean(-1, keepdims=True)
        rstd += eps
        rstd = 1 / xp.sqrt(rstd)
        return xc * rstd * weight + bias, (xc, rstd, weight)

    def layernorm_backward(dy, cache):
        xc, rstd, weight = cache
        axes = tuple(range(dy.ndim - 1))
        dn = dy * weight
        dx = (dn - dn.mean(-1, keepdims=True)) * rstd
        dx -= xc * rstd**3 * (dn * xc).mean(-1, keepdims=True)
        return dx, {"weight": (dy * xc).sum(axes), "bias": dy.sum(axes)}


class Answer07:
    """layernorm: dbias is the mean of dy over all tokens in place of the sum."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        normed = (x - x.mean(axis=-1, keepdims=True)) / xp.sqrt(
            x.var(axis=-1, keepdims=True) + eps
        )
        return normed * weight + bias, (x, normed, weight, eps)

    def layernorm_backward(dy, cache):
        x, normed, weight, eps = cache
        xp = get_array_module(dy)
        std = xp.sqrt(x.var(axis=-1, keepdims=True) + eps)
        C = weight.shape[0]
        g = dy * weight
        dx = (C * g - g.sum(-1, keepdims=True) - normed * (g * normed).sum(-1, keepdims=True)) / C
        dx = dx / std
        dweight = _rows(dy * normed).sum(axis=0)
        dbias = _rows(dy).mean(axis=0)
        return dx, {"weight": dweight, "bias": dbias}


class Answer08:
    """layernorm: mean and variance are taken over the tokens and channels of a text together."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        axes = tuple(range(1, x.ndim)) or (0,)
        mean = x.mean(axis=axes, keepdims=True)
        var = x.var(axis=axes, keepdims=True)
        inv_std = 1.0 / xp.sqrt(var + eps)
        norm = (x - mean) * inv_std
        return norm * weight + bias, (norm, inv_std, weight, axes)

    def layernorm_backward(dy, cache):
        norm, inv_std, weight, axes = cache
        dnorm = dy * weight
        dx = dnorm - dnorm.mean(axis=axes, keepdims=True)
        dx = dx - norm * (dnorm * norm).mean(axis=axes, keepdims=True)
        dx = dx * inv_std
        C = weight.shape[0]
        dweight = (dy * norm).reshape(-1, C).sum(axis=0)
        return dx, {"weight": dweight, "bias": dy.reshape(-1, C).sum(axis=0)}


class Answer09:
    """layernorm: dx is not divided by the standard deviation at the end."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        a = x - x.mean(axis=-1, keepdims=True)
        b = xp.sqrt((a * a).mean(axis=-1, keepdims=True) + eps)
        n = a / b
        return weight * n + bias, (n, b, weight)

    def layernorm_backward(dy, cache):
        n, b, w = cache

        def avg(t):
            return t.mean(axis=-1, keepdims=True)

        dn = dy * w
        dx = dn - avg(dn) - n * avg(dn * n)
        return dx, {"weight": _rows(dy * n).sum(axis=0), "bias": _rows(dy).sum(axis=0)}


class Answer10:
    """layernorm: the term of the variance is added to dx, it must be subtracted."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mean = x.mean(axis=-1, keepdims=True)
        rstd = 1 / xp.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + eps)
        y = (x - mean) * rstd * weight + bias
        return y, (x, mean, rstd, weight)

    def layernorm_backward(dy, cache):
        x, mean, rstd, weight = cache
        C = weight.shape[0]
        xhat = (x - mean) * rstd
        dxhat = dy * weight
        direct = dxhat * rstd
        via_mean = -dxhat.mean(axis=-1, keepdims=True) * rstd
        via_var = xhat * (dxhat * xhat).mean(axis=-1, keepdims=True) * rstd
        dx = direct + via_mean + via_var
        dweight = (dy * xhat).reshape(-1, C).sum(axis=0)
        dbias = dy.reshape(-1, C).sum(axis=0)
        return dx, {"weight": dweight, "bias": dbias}


class Answer11:
    """layernorm: the term of the variance takes the sum of dn * normalised, not its mean."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        x = x - x.mean(axis=-1, keepdims=True)
        s = 1 / xp.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
        x = x * s
        return x * weight + bias, (x, s, weight)

    def layernorm_backward(dy, cache):
        xn, s, weight = cache
        xp = get_array_module(dy)
        dn = dy * weight
        dot = xp.einsum("...c,...c->...", dn, xn)[..., None]
        dx = s * (dn - dn.mean(axis=-1, keepdims=True) - dot * xn)
        C = weight.shape[0]
        dw = xp.einsum("nc,nc->c", dy.reshape(-1, C), xn.reshape(-1, C))
        db = dy.reshape(-1, C).sum(axis=0)
        return dx, {"weight": dw, "bias": db}


class Answer12:
    """layernorm: the root is forgotten, the vector is divided by its variance."""

    def layernorm(x, weight, bias, eps=1e-5):
        mean = x.mean(axis=-1, keepdims=True)
        var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
        scale = 1 / (var + eps)
        n = (x - mean) * scale
        y = n * weight + bias
        return y, (n, scale, weight)

    def layernorm_backward(dy, cache):
        n, scale, weight = cache
        C = weight.shape[0]
        dn = dy * weight
        dx = dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True)
        return scale * dx, {
            "weight": (dy * n).reshape(-1, C).sum(axis=0),
            "bias": dy.reshape(-1, C).sum(axis=0),
        }


class Answer13:
    """layernorm: the backward takes the scaled vector, normalised * weight, for the normalised."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        out = x - x.mean(axis=-1, keepdims=True)
        std = xp.sqrt(xp.mean(out**2, axis=-1, keepdims=True) + eps)
        out /= std
        out = out * weight
        return out + bias, (out, std, weight)

    def layernorm_backward(dy, cache):
        n, std, weight = cache
        dn = dy * weight
        t1 = dn.mean(axis=-1, keepdims=True)
        t2 = (dn * n).mean(axis=-1, keepdims=True)
        dx = (dn - t1 - n * t2) / std
        return dx, {"weight": _rows(dy * n).sum(axis=0), "bias": _rows(dy).sum(axis=0)}


class Answer14:
    """layernorm: two mistakes, dx is made without the scale and dweight is a mean, not a sum."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        n = (x - mean) / xp.sqrt(var + eps)
        return n * weight + bias, (n, var, eps)

    def layernorm_backward(dy, cache):
        n, var, eps = cache
        xp = get_array_module(dy)
        dx = dy - dy.mean(-1, keepdims=True)
        dx = dx - n * (dy * n).mean(-1, keepdims=True)
        dx = dx / xp.sqrt(var + eps)
        return dx, {"weight": _rows(dy * n).mean(0), "bias": _rows(dy).sum(0)}


class Answer15:
    """layernorm: the variance is the mean of x squared, without subtracting the mean before."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mean = x.mean(axis=-1, keepdims=True)
        rms = xp.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
        y = (x - mean) / rms
        return y * weight + bias, (x, mean, rms, weight)

    def layernorm_backward(dy, cache):
        x, mean, rms, weight = cache
        C = weight.shape[0]
        n = (x - mean) / rms
        dn = dy * weight
        d1 = dn / rms
        d1 = d1 - d1.mean(axis=-1, keepdims=True)
        d2 = -x * (dn * (x - mean)).mean(axis=-1, keepdims=True) / rms**3
        dweight = (dy * n).reshape(-1, C).sum(axis=0)
        dbias = dy.reshape(-1, C).sum(axis=0)
        return d1 + d2, {"weight": dweight, "bias": dbias}


class Answer16:
    """layernorm: the derivative of the root misses its factor 1/2 in the way through the variance.
    """

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        C = x.shape[-1]
        mu = x.sum(axis=-1, keepdims=True) / C
        xmu = x - mu
        sq = xmu**2
        var = sq.sum(axis=-1, keepdims=True) / C
        sqrtvar = xp.sqrt(var + eps)
        ivar = 1 / sqrtvar
        xhat = xmu * ivar
        return weight * xhat + bias, (xhat, weight, xmu, ivar, sqrtvar, C)

    def layernorm_backward(dy, cache):
        xhat, weight, xmu, ivar, sqrtvar, C = cache
        dbias = _rows(dy).sum(axis=0)
        dweight = _rows(dy * xhat).sum(axis=0)
        dxhat = dy * weight
        divar = (dxhat * xmu).sum(axis=-1, keepdims=True)
        dxmu1 = dxhat * ivar
        dsqrtvar = -divar / sqrtvar**2
        dvar = dsqrtvar * ivar
        dsq = dvar / C
        dxmu2 = 2 * xmu * dsq
        dx1 = dxmu1 + dxmu2
        dmu = -dx1.sum(axis=-1, keepdims=True)
        return dx1 + dmu / C, {"weight": dweight, "bias": dbias}


class Answer17:
    """layernorm: the square of x - mean is differentiated without its factor 2."""

    def layernorm(x, weight, bias, eps=1e-5):
        mean = x.mean(axis=-1, keepdims=True)
        variance = x.var(axis=-1, keepdims=True)
        r = (variance + eps) ** -0.5
        return (x - mean) * r * weight + bias, (x - mean, r, weight)

    def layernorm_backward(dy, cache):
        c, r, weight = cache
        C = c.shape[-1]
        dn = dy * weight
        dr = (dn * c).sum(axis=-1, keepdims=True)
        dvariance = -0.5 * r * r * r * dr
        dc = dn * r + dvariance * c / C
        dx = dc - dc.sum(axis=-1, keepdims=True) / C
        dw = (dy * c * r).reshape(-1, C).sum(axis=0)
        return dx, {"weight": dw, "bias": dy.reshape(-1, C).sum(axis=0)}


class Answer18:
    """layernorm: the bias is added before the scale, y = (normalised + bias) * weight."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        mean = x.mean(axis=-1, keepdims=True)
        std = xp.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + eps)
        normed = (x - mean) / std
        shifted = normed + bias
        return shifted * weight, (normed, shifted, std, weight)

    def layernorm_backward(dy, cache):
        normed, shifted, std, weight = cache
        dweight = _rows(dy * shifted).sum(axis=0)
        dshifted = dy * weight
        dbias = _rows(dshifted).sum(axis=0)
        dx = dshifted - dshifted.mean(axis=-1, keepdims=True)
        dx = dx - normed * (dshifted * normed).mean(axis=-1, keepdims=True)
        return dx / std, {"weight": dweight, "bias": dbias}


class Answer19:
    """layernorm: two mistakes, eps is outside of the root, and dbias is a mean over the tokens."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        c = x - x.mean(axis=-1, keepdims=True)
        sd = eps + xp.sqrt((c * c).mean(axis=-1, keepdims=True))
        return c / sd * weight + bias, (c / sd, sd, weight)

    def layernorm_backward(dy, cache):
        n, sd, w = cache
        d = dy * w
        dx = d - d.mean(axis=-1, keepdims=True) - n * (d * n).mean(axis=-1, keepdims=True)
        return dx / sd, {"weight": _rows(dy * n).sum(axis=0), "bias": _rows(dy).mean(axis=0)}


class Answer20:
    """layernorm: two mistakes, the term of the mean is missing in dx, and so is 1 / std."""

    def layernorm(x, weight, bias, eps=1e-5):
        xp = get_array_module(x)
        centre = x - x.mean(axis=-1, keepdims=True)
        ecart_type = xp.sqrt(x.var(axis=-1, keepdims=True) + eps)
        z = centre / ecart_type
        return weight * z + bias, (z, weight)

    def layernorm_backward(dy, cache):
        z, weight = cache
        dz = weight * dy
        dx = dz - z * (z * dz).mean(axis=-1, keepdims=True)
        return dx, {"weight": _rows(z * dy).sum(axis=0), "bias": _rows(dy).sum(axis=0)}
