# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 02 · Is this gradient right?
#
# A GPT learns by gradients, and in this course we write every gradient by hand. A mistake in one of
# them raises no error, and the model still learns, only worse. How can we know that a gradient is
# right, without trusting the person who wrote it, even if that is ourselves?
#
# At the end of this lesson you will have written a checker that finds such mistakes, you will know
# the form that every function in minigpt has, and you will have seen checks that pass although the
# gradient is wrong. You need the derivative and the chain rule from school, and lesson 01. It takes
# about 75 minutes.

# %%
import inspect
import time

import matplotlib.pyplot as plt
import numpy as np

from minigpt import gradcheck, layers
from minigpt.gradcheck import differences
from minigpt.plots import BLUE, GREY, ORANGE, PINK, SKY, lesson_style, show

lesson_style()
LABELS = {
    "secants": "The centred line has nearly the slope of the curve",
    "forward_line": "from 2 to 3: slope {:g}",
    "centred_line": "from 1 to 3: slope {:g}",
    "tangent": "at 2: slope {:g}",
    "step": "step size h",
    "error": "relative error (mean of 200 points)",
    "v_title": "A centred difference has a best step, a complex step needs none",
    "float32 centred": "centred, float32",
    "float64 centred": "centred, float64",
    "float32 complex": "complex step, float32",
    "float64 complex": "complex step, float64",
    "caught": "caught",
    "missed": "MISSED",
    "matrix": "Only the last check catches every mistake",
    "all ones": "dy = all ones",
    "tiny inputs": "tiny inputs,\nabsolute tolerance",
    "one row": "a single row",
    "full": "gradcheck",
    "softmax: dx = 0": "softmax: dx = 0",
    "swish: no dy": "swish: dy forgotten",
    "swish: half of dx": "swish: half of dx",
    "swish: mean": "swish: mean, not sum",
    "swish: writes dy": "swish: writes into dy",
}

# %% [markdown]
# ## 1. A derivative is a ratio
#
# The **derivative** of f at x says how fast f grows there. We can *measure* it: make x a little
# larger and look.
#
# $$f'(x) \approx \frac{f(x + h) - f(x)}{h}$$
#
# The small number h is called the **step**. Take $f(x) = x^3$ at x = 2. From school we know
# $f'(x) = 3x^2$, that is 12.
#
# **Predict:** we measure with h = 0.1. By how much is the result wrong? And if we go to both sides,
# from 1.9 to 2.1? Write your answer down before you run the next cell.


# %%
def cube(x):
    return x**3


print("    h  to one side  to both sides")
for h in (1, 0.1, 0.01):
    one_side = (cube(2 + h) - cube(2)) / h
    both_sides = (cube(2 + h) - cube(2 - h)) / (2 * h)
    print(f"{h:5}  {one_side:11.4f}  {both_sides:13.4f}")

# %% [markdown]
# To both sides is much better. It is called the **centred difference**. Why is it better? Multiply
# out by hand:
#
# $$(2 + h)^3 = 8 + 12h + 6h^2 + h^3 \qquad (2 - h)^3 = 8 - 12h + 6h^2 - h^3$$
#
# To one side, the ratio is $12 + 6h + h^2$: wrong by about 6h. To both sides, the terms $8$ and
# $6h^2$ stand in both lines and cancel. The ratio is
#
# $$\frac{(2 + h)^3 - (2 - h)^3}{2h} = 12 + h^2$$
#
# With h = 0.1 it is wrong by 0.01 instead of 0.61. This is so for every smooth function: near a
# point it looks like a polynomial, and the terms with even powers of h cancel.

# %%
figure, axes = plt.subplots()
places = np.linspace(0.6, 3.15, 200)
axes.plot(places, cube(places), color="black", lw=2.5)
for (x0, x1), colour, name in (((2, 3), ORANGE, "forward_line"), ((1, 3), BLUE, "centred_line")):
    slope = (cube(x1) - cube(x0)) / (x1 - x0)
    axes.plot([x0, x1], [cube(x0), cube(x1)], "o-", color=colour, label=LABELS[name].format(slope))
axes.plot([1.2, 3.1], [8 - 0.8 * 12, 8 + 1.1 * 12], "--", color=GREY,
          label=LABELS["tangent"].format(12))  # fmt: skip
axes.plot(2, 8, "o", color="black")
axes.set(xlabel="x", ylabel="x³", title=LABELS["secants"], ylim=(-3, 31))
axes.legend()
show(figure)

# %% [markdown]
# **What to see:** the dashed line touches the curve at x = 2; its slope is the derivative. The blue
# line, through the points at both sides, is nearly parallel to it. The orange one is too steep. And
# here h is 1, which is huge.
#
# ## 2. Many inputs: the gradient
#
# Training a model means: make one number small. This number says how bad the model is, and it is
# called the **loss**, L. It depends on many numbers at once. If we move only one of them and hold
# the others, the derivative is called a **partial derivative**, written $\partial L / \partial a$.
# All partial derivatives together are the **gradient**. It has one number for each input, so it has
# the same shape as the inputs.
#
# A small loss with two inputs: $L(a, b) = (2a + b - 5)^2$. By the chain rule, outer derivative
# times inner derivative:
#
# $$\frac{\partial L}{\partial a} = 2(2a + b - 5) \cdot 2 \qquad
# \frac{\partial L}{\partial b} = 2(2a + b - 5) \cdot 1$$
#
# At a = 1, b = 1 the bracket is -2, so the gradient is (-8, -4).


# %%
def loss_ab(a, b):
    return (2 * a + b - 5) ** 2


h = 1e-4
measured_a = (loss_ab(1 + h, 1) - loss_ab(1 - h, 1)) / (2 * h)
measured_b = (loss_ab(1, 1 + h) - loss_ab(1, 1 - h)) / (2 * h)
print(f"measured gradient: ({measured_a:.6f}, {measured_b:.6f})")
print("loss at (1, 1):", loss_ab(1, 1))
print("loss after a step of 0.05 against the gradient:", loss_ab(1 + 0.05 * 8, 1 + 0.05 * 4))

# %% [markdown]
# The gradient points to where L grows fastest; a step in the opposite direction makes the loss
# smaller. That is all of "learning" (lesson 11 says how to choose the steps). So we need the
# gradient of the loss by every number of the model.
#
# ## 3. Backwards through a chain
#
# A model is a long chain of functions: the output of one is the input of the next, and at the end
# stands the loss. The trick is to walk through the chain *backwards*. Each function is asked only
# one thing:
#
# > "I tell you how the loss changes with your *output* y. Tell me how it changes with your *input*
# > x."
#
# What it is told is called the **upstream gradient**: $dy = \partial L / \partial y$. What it
# answers is $dx = \partial L / \partial x$. (In this course, d and a name always means "the
# gradient of the loss by" that name. It has the shape of that name.) If y = f(x), the chain rule
# gives the answer:
#
# $$dx = dy \cdot f'(x)$$
#
# The function need not know what comes after it, only dy. Walking forwards is called the **forward
# pass**, walking backwards the **backward pass**.
#
# Our example is called swish: x times a soft switch s between 0 (off) and 1 (on). Besides
# its input x it has one **parameter**, β (beta): a number that belongs to the function itself, and
# that training may move.
#
# $$y = x \cdot s \qquad s = \frac{1}{1 + e^{-u}} \qquad u = \beta x$$
#
# The forward pass has three steps: x → u → s → y. By hand, with x = 2 and β = 0.5: u = 1, s =
# 0.731, y = 1.462. Now backwards, with an upstream gradient dy = 3. One rule at each step.
#
# **Step 1.** $y = x \cdot s$ is a product. With s held still, its derivative by x is s; with x held
# still, its derivative by s is x:
#
# $$ds = dy \cdot x = 3 \cdot 2 = 6 \qquad dx \text{ gets } dy \cdot s = 3 \cdot 0.731 = 2.193$$
#
# **Step 2.** $s = 1 / (1 + e^{-u})$. The chain rule gives $e^{-u} / (1 + e^{-u})^2$. That is
# $s (1 - s)$, since $1 - s = e^{-u} / (1 + e^{-u})$:
#
# $$du = ds \cdot s (1 - s) = 6 \cdot 0.731 \cdot 0.269 = 1.180$$
#
# **Step 3.** $u = \beta x$ is a product again:
#
# $$d\beta = du \cdot x = 1.180 \cdot 2 = 2.359 \quad dx \text{ also gets } du \cdot \beta = 0.590$$
#
# **Step 4.** x was used twice, in step 1 and in step 3. It changes the loss in both ways, so **the
# two parts are added**: dx = 2.193 + 0.590 = 2.783.
#
# Is that right? Measure it. The loss in this example is 3 · y: then its gradient by y is 3.


# %%
def swish_number(x, beta):
    return x / (1 + np.exp(-beta * x))


s = 1 / (1 + np.exp(-1.0))
du = 3 * 2 * s * (1 - s)
dx_by_hand, dbeta_by_hand = 3 * s + du * 0.5, du * 2
dx_measured = 3 * (swish_number(2 + h, 0.5) - swish_number(2 - h, 0.5)) / (2 * h)
dbeta_measured = 3 * (swish_number(2, 0.5 + h) - swish_number(2, 0.5 - h)) / (2 * h)
print(f"s {s:.3f}, y {2 * s:.3f}, du {du:.3f}, dx {3 * s:.3f} + {du * 0.5:.3f}")
print(f"dx    by hand {dx_by_hand:.6f}   measured {dx_measured:.6f}")
print(f"dbeta by hand {dbeta_by_hand:.6f}   measured {dbeta_measured:.6f}")

# %% [markdown]
# ## 4. The contract
#
# Look at what the backward steps needed: x, s and β, all from the forward pass. So the forward
# hands them over, in a bundle called the **cache**. Every function in minigpt comes as such a pair,
# and we call the form of it the **contract**:
#
# ```python
# y, cache  = f(x, weight, ...)        # forward
# dx, grads = f_backward(dy, cache)    # backward; grads = {"weight": ..., ...}
# ```
#
# - `grads` is a dict with one gradient for each parameter, under the name of the parameter.
# - Both functions only *read* what they are given, and return fresh arrays.
# - dx has the shape of x, and each gradient the shape of its parameter.
#
# Now swish for arrays: x has the shape (T, C), T rows with C numbers each, and β has the shape
# (C,), one for each column. Broadcasting (lesson 01) uses the same β in all T rows.
#
# **Predict:** what does that mean for the gradient of β? In section 3 it was `du * x`. That has the
# shape (T, C) now, but dβ must have the shape (C,).


# %%
def swish(x, beta):
    """y = x * s, with s = 1 / (1 + exp(-beta * x)), for x of (T, C) and beta of (C,)."""
    s = 1 / (1 + np.exp(-beta * x))
    return x * s, (x, beta, s)


def swish_backward(dy, cache):
    x, beta, s = cache
    ds = dy * x  # y = x * s
    du = ds * s * (1 - s)  # s = 1 / (1 + exp(-u))
    dx = dy * s + du * beta  # x was used twice: y = x * s and u = beta * x
    dbeta = (du * x).sum(axis=0)  # u = beta * x, with the same beta in all rows
    return dx, {"beta": dbeta}


rng = np.random.default_rng(0)
x, beta = rng.standard_normal((5, 3)), rng.standard_normal(3)
y, cache = swish(x, beta)
dx, grads = swish_backward(np.ones_like(y), cache)
print("y", y.shape, " dx", dx.shape, " dbeta", grads["beta"].shape)

# %% [markdown]
# It is summed over the rows: β is used T times, each use changes the loss, and all changes are
# added. It is the same rule as in step 4. Remember it in this form: **what was repeated forward is
# summed backward.** In general, if one number $x_j$ changes several outputs $y_i$, all ways are
# added:
#
# $$dx_j = \sum_i dy_i \cdot \frac{\partial y_i}{\partial x_j}$$
#
# Is it right? Before we build a checker, one question must be settled.
#
# ## 5. How small should the step be?
#
# The error of the centred difference is about $h^2$ times some number. So a smaller h is better.
# Shall we take $h = 10^{-15}$?
#
# **Predict:** in float64, which step is the best: 1e-2, 1e-5, 1e-8 or 1e-15?

# %%
s = 1 / (1 + np.exp(-1.5))
true_slope = s + 1.5 * s * (1 - s)  # of swish with beta = 1, at x = 1.5
for h in (1e-2, 1e-5, 1e-8, 1e-15):
    measured = (swish_number(1.5 + h, 1) - swish_number(1.5 - h, 1)) / (2 * h)
    print(f"h = {h:.0e}: measured {measured:.12f}, error {abs(measured - true_slope):.0e}")

# %% [markdown]
# With the smallest step the result is useless. Lesson 01 said why: subtracting nearly equal numbers
# destroys digits. Let us write down both errors.
#
# - **From the formula:** about $h^2$. It grows with h.
# - **From rounding:** each value f is known only up to eps · f. The difference of two such values
#   is wrong by about as much, and then we divide it by h: about eps / h. It grows when h shrinks.
#
# Their sum is smallest where both are about equal: $h^2 = \text{eps} / h$, so $h^3 = \text{eps}$.

# %%
for kind in (np.float32, np.float64):
    eps = np.finfo(kind).eps
    print(f"{kind.__name__}: eps = {eps:.1e}, best step about {eps ** (1 / 3):.1e}, "
          f"error there about {eps ** (2 / 3):.1e}")  # fmt: skip

# %% [markdown]
# So in float64 a centred difference is good to about 10 digits, in float32 only to 4 or 5. **That
# is why gradients are checked in float64**, even if the model runs in float32 later.
#
# ## 6. A way around: the complex step
#
# All trouble comes from the subtraction. There is a way to measure a derivative without one, if you
# know complex numbers: numbers with a second part, counted in $i$, where $i^2 = -1$. Python writes
# `1j` for i. Go a step h in the direction of i! Near x the function looks like a polynomial, as
# before:
#
# $$f(x + ih) = f(x) + ih\, f'(x) + (ih)^2 a + (ih)^3 b + \dots$$
#
# Since $i^2 = -1$, the terms with even powers are real and those with odd powers are imaginary. So
# the imaginary part alone is $h f'(x) - h^3 b + \dots$, and
#
# $$f'(x) \approx \frac{\text{imaginary part of } f(x + ih)}{h}$$
#
# with an error of about $h^2$ and no subtraction at all. Nothing cancels, so h can be as small as
# $10^{-30}$.

# %%
z = swish_number(1.5 + 1e-30j, 1)
print("swish(1.5 + 1e-30j) =", z)
print(f"imaginary part / h  = {z.imag / 1e-30:.16f}")
print(f"the derivative      = {true_slope:.16f}")

# %% [markdown]
# All sixteen digits. (It needs a function that accepts complex numbers, and one without `abs` or
# `max` or an `if` on x: those look at the real part only, and the imaginary part is lost.)
#
# Now the whole picture: both methods, both kinds of numbers, steps from 0.1 to $10^{-16}$, and the
# mean error over 200 points.
#
# **Predict:** before you run the cell, draw the four curves: error upwards, step size to the right,
# both logarithmic. Where is each curve lowest?

# %%
points = np.linspace(0.5, 2.5, 200)
s = 1 / (1 + np.exp(-points))
truth = s + points * s * (1 - s)
steps = np.logspace(-16, -1, 61)
errors = {}
for kind, complex_kind in ((np.float32, np.complex64), (np.float64, np.complex128)):
    at = points.astype(kind)
    for method in ("centred", "complex"):
        curve = []
        for step in steps.astype(kind):
            if method == "centred":
                slope = (swish_number(at + step, 1) - swish_number(at - step, 1)) / (2 * step)
            else:
                moved = (at + 1j * step).astype(complex_kind)
                slope = swish_number(moved, 1).imag / step
            assert slope.dtype == kind
            curve.append(np.mean(np.abs(slope - truth) / truth))
        errors[f"{kind.__name__} {method}"] = curve
best = {name: steps[np.argmin(curve)] for name, curve in errors.items()}
for name, curve in errors.items():
    print(f"{name:16} smallest error {min(curve):.0e}")

# %%
figure, axes = plt.subplots(figsize=(8.5, 5.4))
styles = {
    "float32 centred": (ORANGE, "-", (2e-8, 6)),
    "float64 centred": (BLUE, "-", (3e-12, 1e-3)),
    "float32 complex": (PINK, "--", (2e-16, 2e-9)),
    "float64 complex": (SKY, "--", (2e-16, 2e-15)),
}
for name, (colour, line, where) in styles.items():
    axes.loglog(steps, errors[name], line, color=colour)
    axes.text(*where, LABELS[name], color=colour)
for kind in (np.float32, np.float64):
    eps = np.finfo(kind).eps
    axes.plot(eps ** (1 / 3), eps ** (2 / 3), "*", color="black", ms=13, zorder=5)
axes.set(xlabel=LABELS["step"], ylabel=LABELS["error"], ylim=(3e-18, 100))
axes.set_title(LABELS["v_title"], fontsize=13.5)
show(figure)

# %% [markdown]
# **What to see:** read each centred curve from right to left. First it falls along a steep line:
# the error of the formula, $h^2$. Then it turns and climbs: the error of rounding, eps / h. The
# black stars are the two estimates of section 5; they stand near the bottom of each V. The dashed
# curves of the complex step fall in the same way and then stay at the bottom for ever.
#
# ## 7. A checker
#
# The checker must compare *all* partial derivatives of x and of the parameters. And it needs a
# loss, one number, although y is an array. Take fixed random numbers dy and let
#
# $$L = \sum y \cdot dy$$
#
# Then the gradient of L by y is exactly dy. So we call the backward with this dy, and measure L.
#
# How large may the difference be? "Smaller than 0.001" is a bad answer: if the true gradient is
# 0.0001, then 0 would pass. Such a fixed limit is called an **absolute tolerance**. We divide by
# the size of the gradient; that is the **relative error**:
#
# $$\frac{\max |\text{by the backward} - \text{measured}|}{\max |\text{gradient}|}$$
#
# This is the function of the lesson. The first half measures one partial derivative, the second
# half walks through everything.


# %%
def centred(loss, array, index, step):
    """Measure the derivative of loss() by array[index]; the array is restored afterwards."""
    saved = array[index]
    array[index] = saved + step
    above = loss()
    array[index] = saved - step
    below = loss()
    array[index] = saved
    return (above - below) / (2 * step)


def check(f, f_backward, x, params, step=1e-5, seed=0):
    """The largest relative error among the gradients by x and by each parameter."""
    y, cache = f(x, **params)
    dy = np.random.default_rng(seed).standard_normal(y.shape)
    dx, grads = f_backward(dy, cache)

    def loss():
        return (f(x, **params)[0] * dy).sum()

    worst = 0.0
    pairs = [(x, dx), *((params[name], grads[name]) for name in params)]
    for array, gradient in pairs:
        measured = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            measured[index] = centred(loss, array, index, step)
        size = max(np.abs(gradient).max(), np.abs(measured).max())
        worst = max(worst, np.abs(gradient - measured).max() / size)
    return worst


our_error = check(swish, swish_backward, x, {"beta": beta})
print(f"largest relative error: {our_error:.1e}")

# %% [markdown]
# About $10^{-10}$, as section 5 promised for float64. So swish_backward is right.
#
# minigpt has such a checker as well, `gradcheck`. It prints what it did: for each tensor (array)
# the element with the largest error, the number from the backward ("analytic"), the measured one
# ("numeric"), the relative error and the step. It says "right" if no error is above 1e-7.

# %%
report = gradcheck(swish, swish_backward, [x], {"beta": beta})
print(report)
by_complex_step = gradcheck(swish, swish_backward, [x], {"beta": beta}, method="complex")
print(f"\nwith the complex step: {by_complex_step.max_relative_error:.1e}")

# %% [markdown]
# ## 8. Break it on purpose
#
# Both checkers agree. But a checker that never says no is worth nothing. Three mistakes that people
# really make:


# %%
def half_of_dx(dy, cache):
    """Forgets that x was used twice."""
    x, beta, s = cache
    du = dy * x * s * (1 - s)
    return dy * s, {"beta": (du * x).sum(axis=0)}


def mean_not_sum(dy, cache):
    """Takes the mean over the rows, "so that the gradient does not grow with T"."""
    dx, grads = swish_backward(dy, cache)
    return dx, {"beta": grads["beta"] / len(dy)}


def no_dy(dy, cache):
    """Returns the derivative of swish and forgets the upstream gradient."""
    return swish_backward(np.ones_like(dy), cache)


caught = {}
for wrong in (half_of_dx, mean_not_sum, no_dy):
    caught[wrong.__name__] = gradcheck(swish, wrong, [x], {"beta": beta})
    print(f"{wrong.__name__}: our error {check(swish, wrong, x, {'beta': beta}):.2f}")
    print(caught[wrong.__name__], "\n")

# %% [markdown]
# The report tells where to look. `half_of_dx`: the line for x is wrong (XX) and the line for beta
# is right. `mean_not_sum`: only beta is wrong, and numeric / analytic is 5, the number of rows: a
# sum was forgotten or a mean taken. (`no_dy`: our error and minigpt's differ, since minigpt draws
# another random dy.)
#
# A fourth mistake returns the right numbers:


# %%
def writes_into_dy(dy, cache):
    """Saves memory by using dy for a result in between."""
    x, beta, s = cache
    dx = dy * s
    dy *= x * s * (1 - s)  # now it is du
    return dx + dy * beta, {"beta": (dy * x).sum(axis=0)}


y, cache = swish(x, beta)
dy = rng.standard_normal(y.shape)
dx_right, _ = swish_backward(dy, cache)
kept = dy.copy()
dx_same, _ = writes_into_dy(dy, cache)
print("the same dx:", np.allclose(dx_same, dx_right), "  dy unchanged:", np.array_equal(dy, kept))
impolite = gradcheck(swish, writes_into_dy, [x], {"beta": beta})
print("ok:", impolite.ok)
print(*impolite.breaches, sep="\n")

# %% [markdown]
# The numbers are right, but the caller's dy is destroyed. In a GPT one dy often goes to two
# functions (lesson 09), and the second would get garbage. minigpt's checker looks at the manners as
# well, and tells in words what it saw (`report.breaches`): nothing that was given may be changed.
#
# ## 9. Why dy = 1 proves nothing
#
# Many checkers take dy = 1 everywhere, so that L is the sum of all y. It is the simplest choice.
# Let us see what it does with **softmax**, a function that turns scores into shares: it takes the
# exponential of each number in a row and divides by their sum. So all results are positive, and
# **each row sums to 1**. (Lesson 07 needs it, and derives its gradient.)

# %%
scores = rng.standard_normal((4, 3))
shares, softmax_cache = layers.softmax(scores)
print(shares.round(3))
print("sum of each row:", shares.sum(axis=1))

# %% [markdown]
# **Predict:** with dy = 1 everywhere, the loss is the sum of all shares of these four rows. What is
# its value? What is its gradient by the scores?


# %%
def zero_backward(dy, cache):
    """Certainly wrong: claims that softmax has no gradient at all."""
    return np.zeros_like(dy), {}


def ones_check(f, f_backward, x, params=None, tolerance=1e-6):
    """The weak check: dy = 1, and an absolute tolerance. True if it finds nothing."""
    params = params or {}
    y, cache = f(x, **params)
    dx, grads = f_backward(np.ones_like(y), cache)
    good = True
    for array, gradient in [(x, dx), *((params[name], grads[name]) for name in params)]:
        for index in np.ndindex(array.shape):
            measured = centred(lambda: f(x, **params)[0].sum(), array, index, 1e-5)
            good = good and abs(gradient[index] - measured) < tolerance
    return bool(good)


print(f"the loss: {shares.sum():.6f}")
print("dy = 1: the right backward passes:", ones_check(layers.softmax, layers.softmax_backward,
                                                       scores))  # fmt: skip
print("dy = 1: dx = 0 passes:            ", ones_check(layers.softmax, zero_backward, scores))
zero_report = gradcheck(layers.softmax, zero_backward, [scores])
print("random dy:", zero_report, sep="\n")

# %% [markdown]
# The loss is 4, whatever the scores are: each row sums to 1. It can't change, so its gradient is
# zero, and a backward that returns nothing but zeros passes. With dy = 1 we asked a question to
# which every answer is "0".
#
# A stricter tolerance does not help. If we divide by the size of the gradient, we compare rounding
# with rounding, and even the *right* backward fails:

# %%
y, cache = layers.softmax(scores)
dx_ones, _ = layers.softmax_backward(np.ones_like(y), cache)
measured_ones = np.zeros_like(scores)
for index in np.ndindex(scores.shape):
    measured_ones[index] = centred(lambda: layers.softmax(scores)[0].sum(), scores, index, 1e-5)
size = max(np.abs(dx_ones).max(), np.abs(measured_ones).max())
relative_ones = np.abs(dx_ones - measured_ones).max() / size
print(f"the right backward, dy = 1: gradient at most {np.abs(dx_ones).max():.0e}, measured at most "
      f"{np.abs(measured_ones).max():.0e}, relative error {relative_ones:.2f}")  # fmt: skip

# %% [markdown]
# With a random dy, each output counts differently in L. Then a wrong gradient gives the right
# answer only by an incredible chance.
#
# ## 10. Four checks, five mistakes
#
# dy = 1 is not the only weak question. Here are three weak checks, all of them found in real
# projects, beside `gradcheck`:
#
# - **dy = all ones**, with an absolute tolerance of 1e-6;
# - **tiny inputs** of size 0.01, as in a model before training, with an absolute tolerance of 0.02;
# - **a single row**: T = 1.
#
# **Predict:** which mistakes does each of them miss? Fill in a table of five rows and three columns
# before you run the cell.

# %%
CASES = {  # forward, wrong backward, x, params
    "softmax: dx = 0": (layers.softmax, zero_backward, scores, {}),
    "swish: no dy": (swish, no_dy, x, {"beta": beta}),
    "swish: half of dx": (swish, half_of_dx, x, {"beta": beta}),
    "swish: mean": (swish, mean_not_sum, x, {"beta": beta}),
    "swish: writes dy": (swish, writes_into_dy, x, {"beta": beta}),
}


def numbers_agree(f, f_backward, x, params, tolerance, relative):
    """As `check`, with a choice of tolerance; dy is copied, so only numbers are compared."""
    y, cache = f(x, **params)
    dy = np.random.default_rng(0).standard_normal(y.shape)
    dx, grads = f_backward(dy.copy(), cache)
    for array, gradient in [(x, dx), *((params[name], grads[name]) for name in params)]:
        measured = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            measured[index] = centred(lambda: (f(x, **params)[0] * dy).sum(), array, index, 1e-5)
        size = np.abs(measured).max() if relative else 1
        if np.abs(gradient - measured).max() > tolerance * size:
            return False
    return True


CHECKS = {  # True: it finds nothing wrong
    "all ones": lambda f, back, x, params: ones_check(f, back, x, params),
    "tiny inputs": lambda f, back, x, params: numbers_agree(f, back, 0.01 * x, params, 0.02, False),
    "one row": lambda f, back, x, params: numbers_agree(f, back, x[:1], params, 1e-7, True),
    "full": lambda f, back, x, params: bool(gradcheck(f, back, [x], params)),
}
missed = np.array([[run(*case) for run in CHECKS.values()] for case in CASES.values()])
rights = [run(swish, swish_backward, x, {"beta": beta}) for run in CHECKS.values()]
print("missed by each check:", dict(zip(CHECKS, missed.sum(axis=0).tolist(), strict=True)))
print("the right backward passes:", rights)

figure, axes = plt.subplots(figsize=(9.2, 4.6))
for (i, j), passed in np.ndenumerate(missed):
    colour, word = (ORANGE, "missed") if passed else (SKY, "caught")
    axes.add_patch(plt.Rectangle((j, i), 0.96, 0.92, color=colour, alpha=0.9 if passed else 0.35))
    axes.text(j + 0.48, i + 0.46, LABELS[word], ha="center", va="center",
              weight="bold" if passed else "normal")  # fmt: skip
axes.set_xticks(np.arange(4) + 0.48, [LABELS[name] for name in CHECKS], fontsize=12)
axes.set_yticks(np.arange(5) + 0.46, [LABELS[name] for name in CASES])
axes.xaxis.tick_top()
axes.tick_params(length=0)
axes.spines[:].set_visible(False)
axes.set(xlim=(0, 4), ylim=(5, 0))
figure.suptitle(LABELS["matrix"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** each of the first three columns has orange boxes: a mistake, and a check that
# says "fine". This is not invented. A published GPT in NumPy had a wrong gradient in its attention
# (the part that lesson 07 is about) while all of its tests passed: small parameters and an absolute
# tolerance hid it.
#
# So a check that deserves the name uses
#
# 1. a **random** upstream gradient;
# 2. numbers of **ordinary size** (around 1), not tiny ones;
# 3. sizes that are all **different and larger than 1** (lesson 01, section 4);
# 4. a **relative** error, in **float64**;
# 5. **every** element of every input and every parameter;
# 6. and at least one wrong backward that it is seen to reject.
#
# ## 11. What a check costs, and what it can't see
#
# For each element the checker runs the forward twice.
#
# **Predict:** GPT-2 has 124 million parameters. If its forward takes 10 milliseconds, how long does
# the check take: an hour, a day, a month?

# %%
days = 2 * 124e6 * 0.010 / 86400
print(f"{days:.0f} days")

# %% [markdown]
# So one checks a small model with the same code. Or one asks a cheaper question: move *all*
# elements at once, each by h times a random number $v_i$, and measure how fast the loss changes
# with h. By the formula of section 4, that must be the sum $\sum_i g_i v_i$ over the whole gradient
# g. A wrong gradient can agree with this one number only by an incredible chance. This is
# `method="directional"`; it says *that* something is wrong, but not where.

# %%
print("elements  elementwise  directional")
times = {"elementwise": [], "directional": []}
for T in (8, 32, 128):
    some = rng.standard_normal((T, 24)), rng.standard_normal(24)
    for method, found in times.items():
        rounds = []
        for _ in range(3):  # the shortest run was disturbed least
            start = time.perf_counter()
            assert gradcheck(swish, swish_backward, [some[0]], {"beta": some[1]}, method=method)
            rounds.append(time.perf_counter() - start)
        found.append(min(rounds))
    print(f"{T * 24 + 24:8}  {times['elementwise'][-1]:9.3f} s  {times['directional'][-1]:9.4f} s")

# %% [markdown]
# The elementwise time grows with the number of elements. The directional check runs the forward
# only a few times, however many elements there are.
#
# Two things can mislead every such check.
#
# **A corner.** ReLU is max(x, 0): its slope is 0 on the left of x = 0 and 1 on the right. Exactly
# at 0 it has no derivative, and the centred difference measures 0.5 (in the report: half of the
# random dy). That is a false alarm: choose inputs that are not near a corner.

# %%
at_corner = gradcheck(layers.relu, layers.relu_backward, [np.array([-1.0, 0.0, 2.0])])
beside = gradcheck(layers.relu, layers.relu_backward, [np.array([-1.0, 0.3, 2.0])])
print(at_corner)
print("\nwithout the corner:", beside.ok)

# %% [markdown]
# **A wrong forward.** The check says that the backward belongs to *your* forward. If you wrote 2x
# instead of x² and differentiated it correctly, it passes. So forwards are compared with something
# else: a calculation by hand, loops (lesson 01), another library.
#
# ## 12. Exercises
#
# 1. Measure the derivative of $e^x$ at x = 1 to one side and to both sides for h = 0.1 and 0.01. By
#    what factor does each error shrink?
# 2. Write `square(x)` with y = x² and its backward by the contract, and check it. Then forget the
#    2, and look at the report: what is analytic / numeric?
# 3. Write `scale_shift(x, weight, bias)` with y = x · weight + bias, for x of (T, C) and both
#    parameters of (C,), and its backward. Check it. What must be summed?
# 4. Section 6 says that `abs` spoils the complex step. Write `distance(x)` with y = |x| and its
#    backward, and check it at [-1.0, 2.0] by all three methods. What does the complex step measure,
#    and why?
# 5. Run our own `check` on `writes_into_dy`. It reports a large error, although the numbers are
#    right. Why? Change one line of `check` so that it compares only numbers; then add two lines so
#    that it says "wrote into dy".
# 6. Find a wrong backward for softmax, other than dx = 0, that `ones_check` lets pass and
#    `gradcheck` rejects. (Hint: what does `layers.softmax_backward` give for dy = 1?)
#
# **Write it yourself.** `minigpt lesson start 02` puts a file into the folder `mywork`, with
# `numeric_gradient`, `relative_error` and `swish` to be filled in. `minigpt check 02` says what is
# right, and names the mistake if there is one.
#
# ## 13. What you can now read in `minigpt/`
#
# - `minigpt/gradcheck/differences.py`: the three ways to measure a derivative.
# - `minigpt/gradcheck/check.py`: `gradcheck`. Look at `_Case.run`, which watches the manners.
# - `minigpt/layers/relu.py` and `softmax.py`: two short pairs of forward and backward.
# - `tests/gradcheck/wrong_layers.py`: a collection of deliberately wrong backwards. A test demands
#   that every one of them is rejected.
#
# Here is how minigpt measures one derivative. One line is better than ours: it divides by the step
# that was really made, after rounding.

# %%
print(inspect.getsource(differences.centred_difference))

# %%
assert abs((cube(2.1) - cube(2)) / 0.1 - 12.61) < 1e-9
assert abs((cube(2.1) - cube(1.9)) / 0.2 - 12.01) < 1e-9
assert np.allclose([measured_a, measured_b], [-8, -4]) and loss_ab(1, 1) == 4
assert abs(loss_ab(1.4, 1.2) - 1) < 1e-12
assert abs(dx_by_hand - 2.783) < 1e-3 and abs(dbeta_by_hand - 2.359) < 1e-3
assert np.allclose([dx_by_hand, dbeta_by_hand], [dx_measured, dbeta_measured])
assert abs(z.imag / 1e-30 - true_slope) < 1e-15
for kind in (np.float32, np.float64):
    guess = np.finfo(kind).eps ** (1 / 3)
    assert 0.1 < best[f"{kind.__name__} centred"] / guess < 10
assert errors["float64 complex"][0] < 1e-15 and errors["float32 complex"][0] < 1e-6
assert errors["float64 centred"][0] > 0.1 and min(errors["float64 centred"]) < 1e-10
assert 1e-6 < min(errors["float32 centred"]) < 1e-3
assert our_error < 1e-8 and report.ok and by_complex_step.max_relative_error < 1e-14
assert not any(found.ok for found in caught.values())
right_lines = {name: [t.ok for t in found.tensors] for name, found in caught.items()}
assert right_lines["half_of_dx"] == [False, True] and right_lines["mean_not_sum"] == [True, False]
worst_beta = caught["mean_not_sum"].tensors[1]
assert abs(worst_beta.numeric / worst_beta.analytic - 5) < 1e-6
assert np.allclose(dx_same, dx_right) and not np.array_equal(dy, kept)
assert not impolite.ok and "wrote into dy" in impolite.breaches[0]
assert abs(shares.sum() - 4) < 1e-12
assert ones_check(layers.softmax, zero_backward, scores) and not zero_report.ok
assert ones_check(layers.softmax, layers.softmax_backward, scores) and relative_ones > 0.1
assert missed[:, :3].any(axis=0).all() and not missed[:, 3].any() and all(rights)
assert missed.sum(axis=0).tolist() == [3, 3, 2, 0]
assert round(days) == 29 and times["elementwise"][-1] > 3 * times["directional"][-1]
assert not at_corner.ok and beside.ok
print("all claims of this lesson hold")
