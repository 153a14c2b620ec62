"""`gradcheck` itself: its three methods, its report, and what it says about misuse."""

from functools import partial

import numpy as np
import pytest

from minigpt import layers
from minigpt.errors import UserError
from minigpt.gradcheck import (
    centred_difference,
    complex_step,
    directional_difference,
    gradcheck,
)

METHODS = ("elementwise", "directional", "complex")


def square(x):
    return x * x, x


def square_backward(dy, x):
    return 2 * x * dy, {}


X = np.random.default_rng(0).normal(size=(3, 4))


@pytest.mark.parametrize("method", METHODS)
def test_a_right_gradient(method):
    report = gradcheck(square, square_backward, [X], method=method)
    assert report
    assert report.ok
    assert report.max_relative_error < 1e-9
    assert str(report).startswith(f"square: right  ({method}, tolerance 1e-07)")


def test_the_report_prints_tensor_element_error_and_step():
    def wrong(dy, x):
        dx = 2 * x * dy
        dx[1, 2] *= 1.5
        return dx, {}

    report = gradcheck(square, wrong, [X], name="my square")
    assert not report
    (tensor,) = report.tensors
    assert (tensor.name, tensor.shape, tensor.index) == ("x", (3, 4), (1, 2))
    assert tensor.analytic == pytest.approx(1.5 * tensor.numeric)
    assert tensor.step == 1e-5
    first, header, line = str(report).splitlines()
    assert first == "my square: WRONG  (elementwise, tolerance 1e-07)"
    assert header.split() == [
        "tensor", "shape", "element", "analytic", "numeric", "rel.", "error", "step"
    ]  # fmt: skip
    assert line.split()[:6] == ["XX", "x", "(3,", "4)", "(1,", "2)"]
    assert line.split()[-2:] == [f"{tensor.relative_error:.1e}", "1e-05"]
    assert repr(report) == str(report)


@pytest.mark.parametrize(
    ("error", "tolerance", "ok"),
    [(3e-7, 1e-7, False), (3e-7, 1e-6, True), (3e-8, 1e-7, True), (-3e-7, 1e-7, False)],
)
@pytest.mark.parametrize("method", ["elementwise", "complex"])
def test_the_tolerance_is_of_the_relative_error(error, tolerance, ok, method):
    for scale in (1e-6, 1.0, 1e6):

        def slightly_wrong(dy, x):
            return 2 * x * dy * (1 + error), {}

        options = {"method": method, "tolerance": tolerance, "step": 1e-30}
        if method == "elementwise":
            options["step"] = 1e-4 * scale
        assert gradcheck(square, slightly_wrong, [scale * X], **options).ok == ok


@pytest.mark.parametrize("method", METHODS)
def test_inputs_and_parameters_are_numbered_and_named(method):
    def f(a, ids, b, inner):
        return a @ inner["weight"] + b[ids], (a, ids, b, inner)

    def f_backward(dy, cache):
        a, ids, b, inner = cache
        db = np.zeros_like(b)
        np.add.at(db, ids, dy)
        return (dy @ inner["weight"].T, None, db), {"inner": {"weight": a.T @ dy}}

    rng = np.random.default_rng(1)
    inputs = [rng.normal(size=(3, 4)), np.array([1, 0, 1]), rng.normal(size=(2, 5))]
    report = gradcheck(f, f_backward, inputs, {"inner": {"weight": rng.normal(size=(4, 5))}},
                       method=method)  # fmt: skip
    assert report.ok, report
    assert [t.name for t in report.tensors] == ["input 0", "input 2", "inner.weight"]


def test_what_is_given_stays_as_it_is_and_float32_is_checked_as_float64():
    x, weight = X.astype("float32"), np.ones((4, 2), "float32")
    copies = x.copy(), weight.copy()
    assert gradcheck(layers.linear, layers.linear_backward, [x], {"weight": weight}).ok
    assert (x == copies[0]).all()
    assert (weight == copies[1]).all()
    assert x.dtype == np.float32


def test_equal_seeds_give_equal_reports():
    reports = [str(gradcheck(square, square_backward, [X], method="directional", seed=s))
               for s in (0, 0, 1)]  # fmt: skip
    assert reports[0] == reports[1] != reports[2]


def test_a_partial_is_named_by_its_function():
    check = partial(layers.layernorm, eps=0.1)
    report = gradcheck(check, layers.layernorm_backward, [X], {"weight": np.ones(4)})
    assert str(report).startswith("layernorm: right")


def test_unknown_method():
    with pytest.raises(UserError) as caught:
        gradcheck(square, square_backward, [X], method="numeric")
    assert str(caught.value) == (
        "Unknown gradcheck method 'numeric'; use one of: elementwise, directional, complex."
    )


@pytest.mark.parametrize("returned", [
    lambda dy: 2 * X * dy,  # dx alone, of three rows
    lambda dy: (2 * X * dy)[:2],  # of two: `dx, grads = ...` would unpack it
    lambda dy: None,
    lambda dy: (2 * X * dy, dy),  # an array where the dict should be
    lambda dy: (2 * X * dy, None),
    lambda dy: (2 * X * dy, {}, 1),
])  # fmt: skip
def test_a_backward_that_does_not_return_two_things(returned):
    with pytest.raises(UserError, match=r"must return two things, `dx, grads`: the gradient by"):
        gradcheck(square, lambda dy, cache: returned(dy), [X])


def test_an_error_inside_the_backward_is_its_own():
    def broken(dy, cache):
        a, b, c, d = cache  # a mistake of the student's: not about what is returned
        return dy, {}

    with pytest.raises(ValueError, match="not enough values to unpack") as caught:
        gradcheck(square, broken, [X])
    assert not isinstance(caught.value, UserError)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gradients_that_are_not_finite_fail(method, bad):
    def infinite(dy, x):
        dx = 2 * x * dy
        dx[0, 1] = bad
        return dx, {}

    with np.errstate(invalid="ignore"):
        report = gradcheck(square, infinite, [X], method=method)
    assert not report.ok
    assert not report.tensors[0].ok
    if method != "directional":
        assert report.tensors[0].index == (0, 1)


@pytest.mark.parametrize("method", METHODS)
def test_a_forward_that_is_not_finite_fails(method):
    def f(x):
        return x * np.where(x.real > 0, 1, np.nan), x

    with np.errstate(invalid="ignore"):
        assert not gradcheck(f, lambda dy, x: (dy, {}), [X], method=method).ok


@pytest.mark.parametrize("method", METHODS)
def test_a_gradient_that_is_exactly_zero_passes(method):
    def constant(x, unused):
        return 0 * x + 3, (x, unused)

    def constant_backward(dy, cache):
        return 0 * dy, {"unused": np.zeros_like(cache[1])}

    assert gradcheck(constant, constant_backward, [X], {"unused": np.ones(5)}, method=method).ok


@pytest.mark.parametrize("method", METHODS)
def test_zero_for_a_gradient_that_is_not_and_the_other_way_round(method):
    zero = lambda dy, x: (np.zeros_like(x), {})  # noqa: E731
    assert not gradcheck(square, zero, [1e-9 * X], method=method).ok
    constant = lambda x: (0 * x, x)  # noqa: E731
    assert not gradcheck(constant, lambda dy, x: (1e-9 * dy, {}), [X], method=method).ok


def test_breaches_are_told_in_words():
    def greedy(dy, cache):
        x = cache
        dx = (2 * x * dy).astype("float32")
        x += 1
        dy *= 0
        return dx, {"weight": dx}

    text = str(gradcheck(square, greedy, [X]))
    for breach in (
        "the backward wrote into dy; work on a copy of it",
        "an input or a parameter was written to; it may only be read",
        "the backward wrote into the cache; it may only be read",
        "a second run of the backward gives other numbers",
        "the gradient of x is float32, not float64",
        "there is a gradient for weight, which f did not take",
    ):
        assert f"  XX {breach}" in text, text


def test_gradients_kept_in_one_buffer_are_noticed():
    """The second run adds to the array that the first returned: only copies show it."""
    kept = np.zeros_like(X)

    def accumulating(dy, x):
        kept[...] += 2 * x * dy
        return kept, {}

    report = gradcheck(square, accumulating, [X])
    assert report.breaches == ["a second run of the backward gives other numbers"]
    assert report.tensors[0].ok


def test_a_forward_that_writes_into_its_input():
    def f(x):
        x *= 2
        return x.copy(), None

    report = gradcheck(f, lambda dy, cache: (2 * dy, {}), [X])
    assert "an input or a parameter was written to; it may only be read" in report.breaches


def loss_at(x):
    return lambda: (np.exp(x) * np.sin(3 * x)).sum()


SLOPE = np.exp(0.7) * (np.sin(2.1) + 3 * np.cos(2.1))  # of that loss, at 0.7


def test_the_error_of_the_centred_difference_is_a_v():
    """Truncation falls with step^2, rounding rises with 1/step; they balance near 1e-5."""
    x = np.array([0.7])
    steps = 10.0 ** np.arange(-12, 0)
    errors = np.empty((16, len(steps)))
    for row, shift in zip(errors, np.linspace(0, 1e-3, 16), strict=True):  # rounding is erratic
        x[0] = 0.7 + shift
        slope = np.exp(x[0]) * (np.sin(3 * x[0]) + 3 * np.cos(3 * x[0]))
        row[:] = [abs(centred_difference(loss_at(x), x, (0,), h) / slope - 1) for h in steps]
    errors = np.sqrt((errors**2).mean(axis=0))
    best = steps[errors.argmin()]
    assert 3e-7 < best < 3e-4
    assert errors.min() < 1e-9
    assert errors[0] > 1e-6 < errors[-1]
    right_arm = np.log10(errors[-1] / errors[-3]) / 2
    assert 1.8 < right_arm < 2.2


def test_the_complex_step_is_exact():
    x = np.array([0.7 + 0j])
    for step in (1e-8, 1e-30, 1e-200):
        assert abs(complex_step(loss_at(x), x, (0,), step) / SLOPE - 1) < 1e-14


def test_the_directional_difference_sums_over_all_arrays():
    rng = np.random.default_rng(2)
    xs, directions = [X.copy(), rng.normal(size=5)], [rng.normal(size=(3, 4)), rng.normal(size=5)]

    def loss():
        return np.sin(xs[0]).sum() + (xs[1] ** 3).sum()

    exact = (np.cos(X) * directions[0]).sum() + (3 * xs[1] ** 2 * directions[1]).sum()
    assert directional_difference(loss, xs, directions, 1e-3) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("measure", [centred_difference, complex_step])
def test_a_measurement_puts_back_what_it_changed_even_after_an_error(measure):
    x = X.astype(complex) if measure is complex_step else X.copy()

    def failing():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        measure(failing, x, (1, 1))
    with pytest.raises(ZeroDivisionError):
        directional_difference(failing, [x], [np.ones_like(x)])
    assert (x == X).all()


def test_inputs_drawn_with_our_seed_are_not_our_dy():
    """For x = dy layer norm's dx is almost zero, and a right backward would look wrong."""
    x = np.random.default_rng(0).standard_normal((2, 3, 5))
    params = {"weight": np.ones(5)}
    for method in ("elementwise", "directional", "complex"):
        report = gradcheck(layers.layernorm, layers.layernorm_backward, [x], params, method=method)
        assert report, f"\n{report}"


def test_a_backward_that_writes_into_dy_is_told_so_and_nothing_else():
    def in_place(dy, cache):
        dy *= 2 * cache
        return dy.copy(), {}

    x = np.random.default_rng(1).standard_normal((2, 3))
    report = gradcheck(lambda x: (x * x, x), in_place, [x])
    assert not report.ok and len(report.breaches) == 1 and "wrote into dy" in report.breaches[0]
    assert all(tensor.ok for tensor in report.tensors), f"\n{report}"


def test_a_loss_may_be_a_plain_float():
    def square(x):
        return float((x * x).sum()) if x.dtype.kind == "f" else (x * x).sum(), x

    report = gradcheck(square, lambda dy, x: (2 * x * dy, {}), [np.arange(3.0)])
    assert report.ok, report


def test_gradients_of_several_inputs_may_be_a_list():
    def product(a, b):
        return a * b, (a, b)

    def product_backward(dy, cache):
        a, b = cache
        return [dy * b, dy * a], {}

    report = gradcheck(product, product_backward, [np.arange(3.0), np.ones(3)])
    assert report.ok and [tensor.name for tensor in report.tensors] == ["input 0", "input 1"]


def test_a_cache_may_know_itself():
    def double(x):
        cache = {"x": x}
        cache["self"] = cache
        return 2 * x, cache

    def double_backward(dy, cache):
        cache["self"]["x"][...] = 0
        return 2 * dy, {}

    right = gradcheck(double, lambda dy, cache: (2 * dy, {}), [np.arange(3.0)])
    assert right.ok, right
    assert "the backward wrote into the cache" in str(
        gradcheck(double, double_backward, [np.arange(1.0, 4.0)])
    )
