"""Wrong answers to lesson 02, as students write them."""

import math

import numpy as np

from minigpt.backend import get_array_module


class Answer01:
    """numeric_gradient: the difference is divided by step instead of by 2 step."""

    def numeric_gradient(loss, x, step=1e-5):
        out = np.empty(x.shape)
        it = np.nditer(x, flags=["multi_index", "zerosize_ok"])
        for _ in it:
            where = it.multi_index
            old = float(x[where])
            values = []
            for sign in (1, -1):
                x[where] = old + sign * step
                values.append(loss())
            x[where] = old
            out[where] = (values[0] - values[1]) / step
        return out


class Answer02:
    """numeric_gradient: an element is not put back after it was moved down."""

    def numeric_gradient(loss, x, step=1e-5):
        grad = np.zeros_like(x)
        for i in np.ndindex(*x.shape):
            x[i] += step
            plus = loss()
            x[i] -= 2 * step
            minus = loss()
            grad[i] = (plus - minus) / (2 * step)
        return grad


class Answer03:
    """numeric_gradient: a one-sided difference, from x to x + step, instead of the centred one."""

    def numeric_gradient(loss, x, step=1e-5):
        f0 = loss()
        slopes = []
        for idx in np.ndindex(x.shape):
            keep = x[idx].copy()
            x[idx] = keep + step
            slopes.append((loss() - f0) / step)
            x[idx] = keep
        return np.array(slopes, dtype=float).reshape(x.shape)


class Answer04:
    """numeric_gradient: a copy of x is moved, which the loss never sees."""

    def numeric_gradient(loss, x, step=1e-5):
        x = x.copy()
        grad = np.zeros(x.shape)
        flat = x.reshape(-1)
        for n, value in enumerate(list(flat)):
            flat[n] = value + step
            hi = loss()
            flat[n] = value - step
            lo = loss()
            flat[n] = value
            grad.reshape(-1)[n] = (hi - lo) / (step + step)
        return grad


class Answer05:
    """numeric_gradient: a five-point formula in which the outer two values have the wrong sign."""

    def numeric_gradient(loss, x, step=1e-5):
        def f(position, shift):
            before = x[position]
            x[position] = before + shift
            value = loss()
            x[position] = before
            return value

        h = step
        g = np.zeros(x.shape)
        for p in np.ndindex(x.shape):
            g[p] = (f(p, 2 * h) + 8 * f(p, h) - 8 * f(p, -h) - f(p, -2 * h)) / (12 * h)
        return g


class Answer06:
    """numeric_gradient: a whole row is moved at once, not one element."""

    def numeric_gradient(loss, x, step=1e-5):
        grad = np.zeros(x.shape)
        rows = x if x.ndim > 1 else x.reshape(-1)
        grad_rows = grad if x.ndim > 1 else grad.reshape(-1)
        for i in range(len(rows)):
            row = np.array(rows[i])
            rows[i] = row + step
            a = loss()
            rows[i] = row - step
            b = loss()
            rows[i] = row
            grad_rows[i] = (a - b) / (2 * step)
        return grad


class Answer07:
    """numeric_gradient: large elements are moved further than step, but divided by 2 step."""

    def numeric_gradient(loss, x, step=1e-5):
        def probe(k, h):
            x[k] += h
            return loss()

        grad = np.zeros(x.shape)
        for k in np.ndindex(x.shape):
            original = x[k]
            h = step * max(1.0, abs(original))
            up = probe(k, h)
            x[k] = original
            down = probe(k, -h)
            x[k] = original
            grad[k] = (up - down) / (2 * step)
        return grad


class Answer08:
    """numeric_gradient: the two losses are the wrong way round, and the 2 is missing below."""

    def numeric_gradient(loss, x, step=1e-5):
        gradiente = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            guardado = x[i]
            x[i] = guardado - step
            abajo = loss()
            x[i] = guardado + step
            arriba = loss()
            x[i] = guardado
            gradiente[i] = (abajo - arriba) / step
        return gradiente


class Answer09:
    """relative_error: lengths of vectors (root of the sum of squares) instead of largest elements.
    """

    def relative_error(analytic, numeric):
        gap = np.linalg.norm((analytic - numeric).ravel())
        if np.isnan(gap) or np.isinf(gap):
            return math.inf
        scale = max(np.linalg.norm(analytic.ravel()), np.linalg.norm(numeric.ravel()))
        return float(gap / scale) if scale > 0 else 0.0


class Answer10:
    """relative_error: each element is divided by its own size before the maximum is taken."""

    def relative_error(analytic, numeric):
        if not (np.isfinite(analytic).all() and np.isfinite(numeric).all()):
            return math.inf
        worst = 0.0
        for a, n in zip(analytic.flat, numeric.flat):
            bigger = max(abs(a), abs(n))
            if bigger > 0:
                worst = max(worst, abs(a - n) / bigger)
        return float(worst)


class Answer11:
    """relative_error: divided by the sum of the two sizes instead of by the larger one."""

    def relative_error(analytic, numeric):
        def biggest(array):
            return float(np.max(np.abs(array)))

        top, bottom = biggest(analytic - numeric), biggest(analytic) + biggest(numeric)
        if math.isnan(top) or math.isinf(top):
            return math.inf
        return 0.0 if bottom == 0 else top / bottom


class Answer12:
    """relative_error: no absolute value in the difference, so that a gradient that is too small
    everywhere counts as good.
    """

    def relative_error(analytic, numeric):
        diff = np.max(analytic - numeric)
        if not np.isfinite(diff):
            return math.inf
        denominator = np.max([np.abs(analytic), np.abs(numeric)])
        if denominator == 0.0:
            return 0.0
        return float(diff / denominator)


class Answer13:
    """relative_error: where anything is NaN the answer is 0.0, as if all were zeros."""

    def relative_error(analytic, numeric):
        both = np.stack([np.abs(analytic), np.abs(numeric)])
        size = both.max()
        if size > 0:
            return float(np.abs(analytic - numeric).max() / size)
        return 0.0


class Answer14:
    """relative_error: small gradients are compared with 1, not with their own size."""

    def relative_error(analytic, numeric):
        error = abs(analytic - numeric).max()
        if math.isnan(error) or error == math.inf:
            return math.inf
        return float(error / max(1.0, abs(analytic).max(), abs(numeric).max()))


class Answer15:
    """relative_error: the mean of the differences, and only the measured gradient's size below."""

    def relative_error(analytic, numeric):
        delta = np.abs(np.subtract(analytic, numeric))
        reference = np.abs(numeric).max()
        if not np.all(np.isfinite(delta)):
            return math.inf
        if reference == 0:
            return math.inf if delta.max() > 0 else 0.0
        return float(delta.mean() / reference)


class Answer16:
    """swish: in dx the part that goes through the switch is not multiplied by beta."""

    def swish(x, beta):
        xp = get_array_module(x)
        gate = xp.reciprocal(1 + xp.exp(-beta * x))
        y = gate * x
        return y, {"x": x, "beta": beta, "gate": gate, "y": y}

    def swish_backward(dy, cache):
        x, gate, y = cache["x"], cache["gate"], cache["y"]
        dx = dy * (gate + y * (1 - gate))
        dbeta = (dy * x * y * (1 - gate)).sum()
        return dx, {"beta": dbeta}


class Answer17:
    """swish: the gradient of beta is the mean over the elements instead of the sum."""

    def swish(x, beta):
        xp = get_array_module(x)
        e = xp.exp(-(beta * x))
        return x / (1 + e), (x, beta, e)

    def swish_backward(dy, cache):
        x, beta, e = cache
        bottom = 1 + e
        slope = e / (bottom * bottom)
        dx = dy / bottom + dy * x * slope * beta
        return dx, {"beta": (dy * x * x * slope).mean()}


class Answer18:
    """swish: a formula with y in which one of the two betas is missing, s (1 - y) for s (1 - u s).
    """

    def swish(x, beta):
        xp = get_array_module(x)
        sigma = 1.0 / (1.0 + xp.exp(-beta * x))
        f = x * sigma
        return f, (x, beta, sigma, f)

    def swish_backward(dy, cache):
        x, beta, sigma, f = cache
        fprime = beta * f + sigma * (1 - f)
        dbeta = (dy * (x * f - f * f)).sum()
        return dy * fprime, {"beta": dbeta}


class Answer19:
    """swish: the gradient of beta forgets dy, and dx forgets beta."""

    def swish(x, beta):
        xp = get_array_module(x)

        def sigmoid(z):
            return 1 / (1 + xp.exp(-z))

        return x * sigmoid(beta * x), (x, beta)

    def swish_backward(dy, cache):
        x, beta = cache
        xp = get_array_module(x)
        s = 1 / (1 + xp.exp(-beta * x))
        ds_du = s - s * s
        dx = s * dy
        dx += x * ds_du * dy
        dbeta = xp.sum(x**2 * ds_du)
        return dx, {"beta": dbeta}


class Answer20:
    """swish: the gradient of beta stops at u and is not multiplied by x."""

    def swish(x, beta):
        xp = get_array_module(x)
        schalter = 1 / (1 + xp.exp(-beta * x))
        return x * schalter, (x, beta, schalter)

    def swish_backward(dy, cache):
        x, beta, schalter = cache
        d_schalter = dy * x
        d_u = d_schalter * schalter * (1 - schalter)
        d_beta = d_u.sum()
        d_x = dy * schalter + beta * d_u
        return d_x, {"beta": d_beta}


class Answer21:
    """swish: the switch is written with tanh, but tanh(u) stands where tanh(u / 2) should."""

    def swish(x, beta):
        xp = get_array_module(x)
        half = 0.5 * (xp.tanh(x * beta) + 1)
        return half * x, [half, x, beta]

    def swish_backward(dy, cache):
        half, x, beta = cache
        inner = half * (1 - half) * x * dy
        return dy * half + inner * beta, {"beta": (inner * x).sum()}


class Answer22:
    """swish: only the path through the switch is in dx, the factor x in front is forgotten."""

    def swish(x, beta):
        xp = get_array_module(x)
        u = beta * x
        denom = 1 + xp.exp(-u)
        return x / denom, (x, beta, 1 / denom)

    def swish_backward(dy, cache):
        x, beta, s = cache
        common = dy * x * s * (1 - s)
        grads = {"beta": (common * x).sum()}
        return common * beta, grads
