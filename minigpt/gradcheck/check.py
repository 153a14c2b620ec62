"""`gradcheck`: compare a backward pass with derivatives that were measured, and its manners too."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from minigpt.errors import UserError
from minigpt.gradcheck import differences
from minigpt.gradcheck.report import Report, TensorCheck
from minigpt.tree import items, tree_map

# Added to the seed, so that dy is nobody's x: for x = dy, both from default_rng(0), layer norm's dx
# would be almost zero, and its relative error large.
OUR_OWN = 2016
METHODS = {  # and their steps
    "elementwise": differences.STEP,
    "directional": differences.DIRECTIONAL_STEP,
    "complex": differences.COMPLEX_STEP,
}
DIRECTIONS = 2  # a wrong gradient hides from one random direction with probability zero, almost


def gradcheck(
    f: Callable,
    f_backward: Callable,
    inputs: Sequence,
    params: dict | None = None,
    *,
    method: str = "elementwise",
    tolerance: float = 1e-7,
    step: float | None = None,
    seed: int = 0,
    name: str | None = None,
) -> Report:
    """Check `f_backward` against measured derivatives of `f`, for every input and every parameter.

    With a random `dy` of the shape of y (all ones would accept dx = 0 for a softmax), the loss
    `sum(y * dy)` has the gradients that `f_backward(dy, cache)` should return.

    Args:
        f: `y, cache = f(*inputs, **params)`; anything else that it takes, bind beforehand.
        f_backward: `dx, grads = f_backward(dy, cache)`; dx is one array, or a tuple with one for
            each input; None stands for an input of integers.
        inputs: arrays; those of floats are checked. Copies are made, as float64.
        params: a nested dict of arrays, passed by name.
        method: "elementwise" (centred difference of each element), "directional" (two random
            directions for each tensor: fast) or "complex" (each element, exact, analytic f only).
        tolerance: the largest relative error that passes.
        step: of the difference; the method's own by default.

    Returns:
        A `Report`: truthy if all is right; printing it shows where it is not. It also says when dy,
        an input, a parameter or the cache was written to, when a second run gives other bits, and
        when keys, shapes or dtypes of the gradients do not fit.

    Raises:
        UserError: for an unknown method, or when `f_backward` does not return `dx, grads`.
    """
    if method not in METHODS:
        raise UserError(f"Unknown gradcheck method {method!r}; use one of: {', '.join(METHODS)}.")
    name = name or getattr(getattr(f, "func", f), "__name__", "f")  # func: of a partial
    report = Report(name, method, tolerance)
    case = _Case(f, f_backward, inputs, params or {}, complex if method == "complex" else float)
    gradients = case.run(np.random.default_rng([seed, OUR_OWN]), report)
    measure = {"directional": _check_directional}.get(method, _check_elements)
    for path, tensor in case.tensors.items():
        if gradients.get(path) is not None:
            rng = np.random.default_rng([seed, OUR_OWN, len(report.tensors)])
            args = case.loss, tensor, gradients[path], step or METHODS[method], rng, method
            report.tensors.append(_judge(path, tensor, tolerance, *measure(*args)))
    return report


class _Case:
    """One function with arguments of its own, its dy, and the loss that they define."""

    def __init__(self, f, f_backward, inputs, params, kind):
        def own(x):
            x = np.array(x)
            return x.astype(kind) if x.dtype.kind in "fc" else x

        self.f, self.f_backward = f, f_backward
        self.inputs = [own(x) for x in inputs]
        self.params = tree_map(own, params)
        numbered = {f"input {i}": x for i, x in enumerate(self.inputs) if x.dtype.kind in "fc"}
        self.input_paths = [f"input {i}" for i in range(len(inputs))]
        if len(inputs) == 1:
            numbered = dict(zip(["x"], numbered.values(), strict=False))
            self.input_paths = ["x"]
        self.tensors = numbered | dict(items(self.params))

    def loss(self):
        """sum(y * dy), real for a float array and complex for a complex one."""
        y, _ = self.f(*self.inputs, **self.params)
        return (y * self.dy).sum()

    def run(self, rng, report: Report) -> dict[str, np.ndarray]:
        """Call both functions, note every breach of the contract, return gradients by path."""
        before = [x.copy() for x in [*self.inputs, *dict(items(self.params)).values()]]
        y, cache = self.f(*self.inputs, **self.params)
        y = np.asarray(y)  # a loss may be a plain float
        self.dy = np.asarray(rng.standard_normal(y.shape)).astype(y.dtype)
        given_dy = self.dy.copy()
        kept_cache = _frozen(cache)
        first = self._backward(cache)
        if not np.array_equal(self.dy, given_dy):
            report.breaches.append("the backward wrote into dy; work on a copy of it")
            self.dy = given_dy.copy()
        after = [*self.inputs, *dict(items(self.params)).values()]
        if not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)):
            report.breaches.append("an input or a parameter was written to; it may only be read")
        if _frozen(cache) != kept_cache:
            report.breaches.append("the backward wrote into the cache; it may only be read")
        second = self._backward(cache)
        self.dy = given_dy  # what is measured from here on
        same = first.keys() == second.keys() and all(
            np.array_equal(first[path], second[path], equal_nan=True) for path in first
        )
        if not same:
            report.breaches.append("a second run of the backward gives other numbers")
        return self._fitting(first, report)

    def _backward(self, cache) -> dict[str, np.ndarray]:
        returned = self.f_backward(self.dy, cache)
        two = isinstance(returned, (tuple, list)) and len(returned) == 2
        if not (two and isinstance(returned[1], dict)):
            raise UserError(
                "The backward must return two things, `dx, grads`: the gradient by the input and a "
                "dict of the gradients by the parameters."
            )
        dx, grads = returned
        dxs = tuple(dx) if isinstance(dx, (tuple, list)) else (dx,)
        paths = [*self.input_paths, *(f"input {i}" for i in range(len(self.inputs), len(dxs)))]
        found = dict(zip(paths, dxs, strict=False))
        found = {path: g for path, g in found.items() if g is not None} | dict(items(grads))
        return {path: np.array(g) for path, g in found.items()}  # copies: no run sees another's

    def _fitting(self, gradients: dict, report: Report) -> dict[str, np.ndarray]:
        """Keep the gradients that have the tensor's name, shape and dtype; note the others."""
        for path in sorted(self.tensors.keys() - gradients.keys()):
            report.breaches.append(f"there is no gradient for {path}")
        for path in sorted(gradients.keys() - self.tensors.keys()):
            report.breaches.append(f"there is a gradient for {path}, which f did not take")
        fitting = {}
        for path in sorted(self.tensors.keys() & gradients.keys()):
            tensor, gradient = self.tensors[path], gradients[path]
            if np.shape(gradient) != tensor.shape:
                report.breaches.append(
                    f"the gradient of {path} has shape {np.shape(gradient)}, not {tensor.shape}"
                )
            elif gradient.dtype != tensor.dtype:
                report.breaches.append(
                    f"the gradient of {path} is {gradient.dtype}, not {tensor.dtype}"
                )
            else:
                fitting[path] = np.real(gradient)
        return fitting


def _frozen(cache, above: tuple[int, ...] = ()) -> list[bytes]:
    """The bytes of every array in a cache, to see later whether one was written to."""
    if id(cache) in above:  # parts that know each other
        return []
    above = (*above, id(cache))
    if isinstance(cache, dict):
        return [part for item in cache.values() for part in _frozen(item, above)]
    if isinstance(cache, (tuple, list)):
        return [part for item in cache for part in _frozen(item, above)]
    return [cache.tobytes()] if isinstance(cache, (np.ndarray, np.generic)) else []


def _check_elements(loss, tensor, gradient, step, rng, method):
    """Measure every element; return the worst: (index, analytic, numeric, error, step)."""
    measure = differences.complex_step if method == "complex" else differences.centred_difference
    numeric = np.empty(tensor.shape)
    for index in np.ndindex(tensor.shape):
        numeric[index] = measure(loss, tensor, index, step)
    scale = max(np.abs(gradient).max(initial=0), np.abs(numeric).max(initial=0))
    error = np.abs(gradient - numeric)
    worst = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), tensor.shape)
    worst = tuple(int(i) for i in worst)
    return worst, gradient[worst], numeric[worst], _ratio(error[worst], scale), step


def _check_directional(loss, tensor, gradient, step, rng, method):
    """Measure the slope along random directions through the tensor; return the worst."""
    results = []
    for _ in range(DIRECTIONS):
        direction = rng.standard_normal(tensor.shape)
        analytic = float((gradient * direction).sum())
        numeric = differences.directional_difference(loss, [tensor], [direction], step)
        scale = max(abs(analytic), abs(numeric), float(np.sqrt((gradient * gradient).sum())))
        results.append((None, analytic, numeric, _ratio(abs(analytic - numeric), scale), step))
    return max(results, key=lambda result: (math.isnan(result[3]), result[3]))


def _ratio(error: float, scale: float) -> float:
    return 0.0 if error == 0 else float(error / scale) if scale > 0 else math.inf


def _judge(path, tensor, tolerance, index, analytic, numeric, error, step) -> TensorCheck:
    ok = bool(error <= tolerance)  # False for NaN
    values = float(analytic), float(numeric), error, step, ok
    return TensorCheck(path, tensor.shape, index, *values)


