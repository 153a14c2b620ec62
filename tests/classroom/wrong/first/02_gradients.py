"""Wrong answers to lesson 02, written as students write them."""

import math

import numpy as np

from minigpt.backend import get_array_module


class Answer01:
    """numeric_gradient: a one-sided difference, loss(x + step) - loss(x) over step."""

    def numeric_gradient(loss, x, step=1e-5):
        base = loss()
        grad = np.zeros_like(x)
        for i in np.ndindex(*x.shape):
            keep = x[i]
            x[i] += step
            grad[i] = (loss() - base) / step
            x[i] = keep
        return grad


class Answer02:
    """numeric_gradient: the difference is divided by step, not by 2 step."""

    def numeric_gradient(loss, x, step=1e-5):
        grad = np.empty(x.shape)
        it = np.nditer(x, flags=["multi_index"])
        while not it.finished:
            ix = it.multi_index
            old = float(x[ix])
            x[ix] = old + step
            plus = loss()
            x[ix] = old - step
            minus = loss()
            x[ix] = old
            grad[ix] = (plus - minus) / step
            it.iternext()
        return grad


class Answer03:
    """numeric_gradient: x is not put back, each element stays lower by step."""

    def numeric_gradient(loss, x, step=1e-5):
        g = np.zeros(x.shape)
        for idx, value in np.ndenumerate(x.copy()):
            x[idx] = value + step
            hi = loss()
            x[idx] = value - step
            lo = loss()
            g[idx] = (hi - lo) / (2 * step)
        return g


class Answer04:
    """numeric_gradient: the brackets are missing, / 2 * step multiplies by step."""

    def numeric_gradient(loss, x, step=1e-5):
        gradient = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            saved = x[index]
            losses = []
            for shift in (step, -step):
                x[index] = saved + shift
                losses.append(loss())
            x[index] = saved
            gradient[index] = (losses[0] - losses[1]) / 2 * step
        return gradient


class Answer05:
    """numeric_gradient: a copy of x is moved, which the loss never sees, so all is 0."""

    def numeric_gradient(loss, x, step=1e-5):
        gradient = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            moved = x.copy()
            moved[index] += step
            above = loss()
            moved[index] -= 2 * step
            below = loss()
            gradient[index] = (above - below) / (2 * step)
        return gradient


class Answer06:
    """numeric_gradient: all elements are moved together, each gets the sum of all gradients."""

    def numeric_gradient(loss, x, step=1e-5):
        before = x.copy()
        x[...] = before + step
        f1 = loss()
        x[...] = before - step
        f2 = loss()
        x[...] = before
        return np.full(x.shape, (f1 - f2) / (2 * step))


class Answer07:
    """numeric_gradient: the argument step is not used, 1e-5 is written in the loop."""

    def numeric_gradient(loss, x, step=1e-5):
        out = np.zeros(x.shape)
        h = 1e-5

        def at(index, value):
            old = x[index]
            x[index] = value
            result = loss()
            x[index] = old
            return result

        for index in np.ndindex(x.shape):
            out[index] = (at(index, x[index] + h) - at(index, x[index] - h)) / (2 * h)
        return out


class Answer08:
    """relative_error: the mean of the differences is taken instead of the largest."""

    def relative_error(analytic, numeric):
        diff = np.mean(np.abs(analytic - numeric))
        scale = max(np.max(np.abs(analytic)), np.max(np.abs(numeric)))
        if not np.isfinite(diff):
            return math.inf
        return float(diff / scale) if scale > 0 else 0.0


class Answer09:
    """relative_error: each element is divided by its own size, then the largest ratio is taken."""

    def relative_error(analytic, numeric):
        top = np.abs(analytic - numeric)
        if not np.isfinite(top).all():
            return float("inf")
        bottom = np.maximum(np.abs(analytic), np.abs(numeric))
        ratio = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
        return float(ratio.max())


class Answer10:
    """relative_error: it divides by the size of the numeric gradient only."""

    def relative_error(analytic, numeric):
        d = np.abs(analytic - numeric).max()
        n = np.abs(numeric).max()
        if not np.isfinite(d):
            return math.inf
        if d == 0:
            return 0.0
        return float(d / n) if n else math.inf


class Answer11:
    """relative_error: NaN is not caught, the result is NaN and not infinite."""

    def relative_error(analytic, numeric):
        a, b = np.abs(analytic), np.abs(numeric)
        size = np.maximum(a, b).max()
        if size == 0:
            return 0.0
        return float(np.abs(analytic - numeric).max() / size)


class Answer12:
    """relative_error: the sizes of both gradients are added below the line."""

    def relative_error(analytic, numeric):
        zaehler = float(np.max(np.abs(analytic - numeric)))
        nenner = float(np.abs(analytic).max() + np.abs(numeric).max())
        if not math.isfinite(zaehler):
            return math.inf
        if nenner == 0.0:
            return 0.0
        return zaehler / nenner


class Answer13:
    """relative_error: the sign of the difference is kept, abs is missing above the line."""

    def relative_error(analytic, numeric):
        gap = (analytic - numeric).max()
        size = max(np.abs(analytic).max(), np.abs(numeric).max())
        if not np.isfinite(gap):
            return math.inf
        if size == 0:
            return 0.0
        return float(gap / size)


class Answer14:
    """swish: dbeta is not summed, it has one number for each element of x."""

    def swish(x, beta):
        xp = get_array_module(x)
        s = 1.0 / (1.0 + xp.exp(-beta * x))
        return s * x, {"x": x, "beta": beta, "s": s}

    def swish_backward(dy, cache):
        x, beta, s = cache["x"], cache["beta"], cache["s"]
        slope = s * (1 - s)
        dx = dy * (s + x * beta * slope)
        return dx, {"beta": dy * x * x * slope}


class Answer15:
    """swish: dbeta is the mean over the elements, not the sum."""

    def swish(x, beta):
        xp = get_array_module(x)
        e = xp.exp(-(x * beta))
        y = x / (1 + e)
        return y, (x, beta, e)

    def swish_backward(dy, cache):
        x, beta, e = cache
        s = 1 / (1 + e)
        du = dy * x * e * s * s
        return dy * s + beta * du, {"beta": (x * du).mean()}


class Answer16:
    """swish: in dx the inner derivative, the factor beta, is forgotten."""

    def swish(x, beta):
        xp = get_array_module(x)
        gate = 1 / (1 + xp.exp(-beta * x))
        return x * gate, (x, gate)

    def swish_backward(dy, cache):
        x, gate = cache
        dgate = dy * x
        du = dgate * gate * (1 - gate)
        dx = dy * gate + du
        dbeta = (du * x).sum()
        return dx, {"beta": dbeta}


class Answer17:
    """swish: dx has only the way through the switch s, the direct way dy * s is lost."""

    def swish(x, beta):
        xp = get_array_module(x)
        u = x * beta
        s = 0.5 * (1 + xp.tanh(u / 2))
        return x * s, (x, beta, s)

    def swish_backward(dy, cache):
        x, beta, s = cache
        du = dy * x * (s - s * s)
        return du * beta, {"beta": (du * x).sum()}


class Answer18:
    """swish: the derivative of the switch is taken as s, without the factor 1 - s."""

    def swish(x, beta):
        xp = get_array_module(x)
        s = 1 / (1 + xp.exp(-beta * x))
        y = x * s
        return y, (x, beta, s, y)

    def swish_backward(dy, cache):
        x, beta, s, y = cache
        du = dy * y
        dx = dy * s
        dx += beta * du
        return dx, {"beta": (du * x).sum()}


class Answer19:
    """swish: the sign inside of exp is forgotten, the switch is open for negative x."""

    def swish(x, beta):
        xp = get_array_module(x)
        s = 1 / (1 + xp.exp(beta * x))
        return x * s, (x, beta, s)

    def swish_backward(dy, cache):
        x, beta, s = cache
        ds_du = -s * (1 - s)
        dx = dy * (s + x * beta * ds_du)
        return dx, {"beta": (dy * x * x * ds_du).sum()}


class Answer20:
    """swish: two mistakes, dbeta multiplies du by beta where x belongs, and dx misses dy * s."""

    def swish(x, beta):
        xp = get_array_module(x)
        s = 1 / (1 + xp.exp(-beta * x))
        return x * s, (x, beta, s)

    def swish_backward(dy, cache):
        x, beta, s = cache
        du = x * dy * s * (1 - s)
        return du * beta, {"beta": (du * beta).sum()}


class Answer21:
    """numeric_gradient: two mistakes, a one-sided difference, and x is not put back."""

    def numeric_gradient(loss, x, step=1e-5):
        grad = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            before = loss()
            x[i] = x[i] + step
            grad[i] = (loss() - before) / step
        return grad


class Answer22:
    """relative_error: two mistakes, the mean of the differences, over the numeric gradient only."""

    def relative_error(analytic, numeric):
        diff = np.abs(analytic - numeric).mean()
        if not np.isfinite(diff):
            return math.inf
        if diff == 0:
            return 0.0
        size = np.abs(numeric).max()
        return float(diff / size) if size else math.inf
