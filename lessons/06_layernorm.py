# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 06 · Layer norm
#
# One MLP works (lesson 05). So let us take forty, one after another. Why does that fail at once,
# even before anything is learned? And why do all GPTs have a layer that does nothing but shift and
# scale numbers?
#
# At the end of this lesson you will have written layer norm. Its gradient has three terms, and it
# is one of the hardest of this course: you will derive each term, take it away and see what
# happens. GPT-1 and GPT-2 have their layer norms at different places; at the end you will measure
# what that changes. It takes about 80 minutes.

# %%
import inspect

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import gradcheck, layers
from minigpt.plots import BLUE, GREEN, GREY, ORANGE, PINK, lesson_style, show
from minigpt.tree import items

lesson_style()
LABELS = {
    "terms": "Three terms, and their sum",
    "direct": "1. direct",
    "mean": "2. through the mean",
    "variance": "3. through the variance",
    "sum": "sum: dx",
    "element": "element of x",
    "circle": "What is left of a gradient is tangent to the circle",
    "n": "n",
    "dn": "dn without its mean",
    "along": "taken away",
    "dx": "what is left",
    "width": "The wider the layer, the smaller the mistake looks",
    "channels": "channels, C",
    "relative": "relative error of dx",
    "without_mean": "without term 2",
    "without_variance": "without term 3",
    "tolerance": "a tolerance of 1 %",
    "depth": "layers that the gradient went through",
    "size": "size of the gradient",
    "cosine": "likeness to where it started",
    "flow": "Layer norm keeps the size; pre-norm keeps the direction longest",
    "plain": "no norm",
    "norm": "norm, nothing added",
    "post": "post-norm",
    "pre": "pre-norm",
    "learning": "The deeper the stack, the more pre-norm helps",
    "layers": "{} layers",
    "step": "step",
    "loss": "loss",
    "constant": "answers that ignore x",
}

# %% [markdown]
# ## 1. Numbers that run away
#
# We stack 40 MLPs with random weights and look at the **size** of the numbers: the root of the mean
# of their squares. We draw the weights in two scales. In scale 1 a linear layer by itself would
# keep the size; in scale 1.5 all weights are 1.5 times as large.
#
# **Predict:** at the start the size is 1. What is it after 40 layers, in both cases? Guess the
# power of ten, and write it down before you run the next cell.


# %%
def draw_stack(depth, C, scale, seed=0):
    """Random parameters of `depth` MLPs, four times as wide inside."""
    rng = np.random.default_rng(seed)

    def linear(C_in, C_out):
        weight = rng.normal(0, scale / C_in**0.5, (C_in, C_out))
        return {"weight": weight, "bias": np.zeros(C_out)}

    return [{"c_fc": linear(C, 4 * C), "c_proj": linear(4 * C, C)} for _ in range(depth)]


def size(x):
    return float(np.sqrt((x * x).mean()))


x_start = np.random.default_rng(1).standard_normal((32, 64))
run_away = {}
for scale in (1.0, 1.5):
    x, sizes = x_start, []
    for parameters in draw_stack(40, 64, scale):
        x, _ = layers.mlp(x, **parameters)
        sizes.append(size(x))
    run_away[scale] = sizes[-1]
    shown = ", ".join(f"{sizes[depth - 1]:.0e}" for depth in (1, 10, 20, 40))
    print(f"scale {scale}: after 1, 10, 20, 40 layers {shown}")

# %% [markdown]
# Every layer multiplies the size by some factor. A factor somewhat below 1, forty times, leaves
# almost nothing; a factor somewhat above 1 makes millions. And no choice of weights stays right
# while they are being learned. We need something that sets the size back to 1, again and again,
# whatever comes.
#
# ## 2. Layer norm by hand
#
# **Layer norm** (Ba, Kiros and Hinton, 2016) takes one vector of C numbers and does two things to
# it: it shifts the numbers so that their mean is 0, and it scales them so that their typical size
# is 1. That is called to **normalise** them.
#
# - the **mean**: $m = \frac{1}{C} \sum_i x_i$
# - the **variance**, the mean of the squared distances from the mean:
#   $v = \frac{1}{C} \sum_i (x_i - m)^2$
# - its root is the *standard deviation*: how far the numbers lie from their mean, typically
# - the result: $n_i = (x_i - m) \,/\, \sqrt{v}$
#
# An example that fits on paper: x = (1, 3, 4, 5, 7).

# %%
x = np.array([1.0, 3.0, 4.0, 5.0, 7.0])
mean = x.mean()
centred = x - mean
variance = (centred * centred).mean()
normalised = centred / np.sqrt(variance)
print("mean       (1 + 3 + 4 + 5 + 7) / 5 =", mean)
print("centred   ", centred)
print("variance   (9 + 1 + 0 + 1 + 9) / 5 =", variance, "  standard deviation", np.sqrt(variance))
print("normalised", normalised)

# %% [markdown]
# **Predict:** what is the normalised vector of 10 x + 100, that is of (110, 130, 140, 150, 170)?

# %%
moved = 10 * x + 100
moved_normalised = (moved - moved.mean()) / moved.std()
print(moved_normalised)

# %% [markdown]
# The same. Layer norm forgets where a vector lies and how long it is; it keeps only the pattern.
# Remember this sentence: the whole gradient follows from it.
#
# ## 3. The whole layer
#
# Three things are still missing.
#
# **eps.** If all numbers of x are equal, the variance is 0, and we would divide 0 by 0. So a small
# number, called **eps**, 0.00001 in GPT-2, is added: $r = 1 / \sqrt{v + \text{eps}}$, and
# $n_i = (x_i - m)\, r$. We write r, for "one over the root".
#
# **Scale and shift.** Perhaps a later layer works better if channel 3 is larger than the others. So
# each channel gets a parameter that multiplies it and one that is added: `weight` and `bias`, both
# of shape (C,). At the beginning of a training they are 1 and 0.
#
# $$y_i = n_i\, w_i + b_i$$
#
# **The axis.** Every token is normalised by itself, over its own C channels: the last axis. Nothing
# passes from one token to another, or from one text to another.
#
# ## 4. The gradient: three ways
#
# We know dy and want dx, dw and db. The last line is like the linear layer of lesson 05, only
# element by element, and summed over all tokens:
#
# $$dw_i = \sum_{\text{tokens}} dy_i\, n_i \qquad db_i = \sum_{\text{tokens}} dy_i
# \qquad dn_i = dy_i\, w_i$$
#
# Now the hard part: from $dn$ to $dx$. Look at $n_j = (x_j - m)\, r$. If we move one number $x_i$ a
# little, then $n$ changes in three ways: because $x_i$ itself stands there, because the mean m
# moves, and because the variance, and so r, moves. The chain rule says: take each way alone, hold
# the other two fixed, and add up the results.
#
# **Term 1, direct.** With m and r fixed, $n_i = (x_i - m)\, r$ has the derivative r:
#
# $$\text{term}_1 = r\, dn_i$$
#
# **Term 2, through the mean.** Let only m move, with r fixed. Every $n_j$ has the derivative $-r$
# by m, so $dm = -r \sum_j dn_j$. And m has the derivative $1/C$ by $x_i$. Together:
#
# $$\text{term}_2 = -\, r \cdot \frac{1}{C} \sum_j dn_j = -\, r \cdot \text{mean}(dn)$$
#
# **Term 3, through the variance.** Let only r move. The derivative of $n_j$ by r is $x_j - m$, so
# $dr = \sum_j dn_j\, (x_j - m)$. Next, $r = (v + \text{eps})^{-1/2}$ has the derivative
# $-\frac{1}{2} (v + \text{eps})^{-3/2} = -\frac{1}{2} r^3$ by v (the power rule). Last, how does v
# move with $x_i$? $(x_i - m)^2 / C$ gives $2 (x_i - m) / C$; that m moves too adds nothing, because
# the numbers $x_j - m$ sum to zero. Multiply the three, and write $n$ for $(x - m)\, r$ wherever it
# appears:
#
# $$\text{term}_3 = \Bigl(\sum_j dn_j (x_j - m)\Bigr) \cdot \Bigl(-\frac{r^3}{2}\Bigr) \cdot
# \frac{2 (x_i - m)}{C} = -\, r\, n_i \cdot \text{mean}(dn \cdot n)$$
#
# **The sum:**
#
# $$dx_i = r\, \bigl( dn_i - \text{mean}(dn) - n_i \cdot \text{mean}(dn \cdot n) \bigr)$$
#
# Back to our example, with weight 1 and eps 0, so r = 1/2. Let the gradient ask only for a larger
# first element: dn = (1, 0, 0, 0, 0).
#
# **Predict:** is dx zero in the other four elements? What is the sum of all five?

# %%
n, r = normalised, 0.5
dn = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
terms = {
    "direct": r * dn,
    "mean": -r * dn.mean() * np.ones(5),
    "variance": -r * n * (dn * n).mean(),
}
dx = sum(terms.values())
for name, term in terms.items():
    print(f"{LABELS[name]:24}", np.round(term, 4))
print(f"{LABELS['sum']:24}", np.round(dx, 4))
print(f"sum of dx {abs(dx.sum()):.6f}, sum of dx * n {abs((dx * n).sum()):.6f}")

# %%
figure, panels = plt.subplots(1, 4, figsize=(12, 3.6), sharey=True)
bars = {**terms, "sum": dx}
for axes, (name, values) in zip(panels, bars.items(), strict=True):
    colour = {"direct": BLUE, "mean": ORANGE, "variance": GREEN, "sum": GREY}[name]
    axes.bar(range(5), values, color=colour)
    axes.axhline(0, color="black", lw=0.8)
    axes.set_title(LABELS[name], fontsize=12.5, weight="normal")
    axes.set(xlabel=LABELS["element"], xticks=range(5))
figure.suptitle(LABELS["terms"], x=0.01, ha="left", weight="bold")
show(figure)

# %% [markdown]
# **What to see:** the first term moves only the element that was asked for. The second lowers all
# elements by the same amount. The third is a multiple of n, larger at both ends. Their sum moves
# *every* element, and the sum of its bars is zero.
#
# ## 5. The same in one picture
#
# There is a way to see without formulas that dx must look like this. Layer norm forgets where a
# vector lies and how long it is (section 2). So:
#
# - Moving all elements up together changes nothing. So dx has no part in the direction
#   (1, 1, …, 1): its elements sum to zero. Term 2 takes that part away.
# - Making $x - m$ longer changes nothing (but for eps). So dx has no part in the direction of n.
#   Term 3 takes that part away.
#
# What is left stands at right angles to both. With C = 3 we can draw it: vectors with mean 0 lie in
# a plane, and those with variance 1 lie in this plane on a circle.

# %%
axis_1 = np.array([1.0, -1.0, 0.0]) / np.sqrt(2)  # two directions of the plane, of length 1,
axis_2 = np.array([1.0, 1.0, -2.0]) / np.sqrt(6)  # at right angles to each other and to (1, 1, 1)
x3, dn3 = np.array([2.6, 0.3, -0.8]), np.array([0.8, 0.7, -0.8])
n3 = (x3 - x3.mean()) / x3.std()
level = dn3 - dn3.mean()  # terms 1 and 2
along = n3 * (dn3 * n3).mean()  # what term 3 takes away
left = level - along
print(f"sum of what is left {abs(left.sum()):.6f}, times n {abs((left * n3).sum()):.6f}")


def in_plane(vector):
    return np.array([vector @ axis_1, vector @ axis_2])


figure, axes = plt.subplots(figsize=(6.4, 5.6))
angle = np.linspace(0, 2 * np.pi, 200)
axes.plot(np.sqrt(3) * np.cos(angle), np.sqrt(3) * np.sin(angle), color=GREY, lw=1.5)
point = in_plane(n3)
axes.plot([0, point[0]], [0, point[1]], ":", color=GREY, lw=1.5)
axes.plot(*point, "o", color="black", ms=8, zorder=4)
axes.annotate(LABELS["n"], point, (9, -8), textcoords="offset points")
for start, vector, colour, name, offset in (
    (point, in_plane(level), BLUE, "dn", (10, 0)),
    (point + in_plane(left), in_plane(along), ORANGE, "along", (-102, 6)),
    (point, in_plane(left), GREEN, "dx", (-92, -16)),
):
    end = start + vector
    axes.annotate("", end, start,
                  arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2.5, "shrinkA": 0,
                              "shrinkB": 0})  # fmt: skip
    axes.annotate(LABELS[name], (start + end) / 2, offset, textcoords="offset points",
                  color=colour, weight="bold")  # fmt: skip
axes.set(aspect="equal", xticks=[], yticks=[], xlim=(-2, 3.4), ylim=(-2, 3))
for spine in axes.spines.values():
    spine.set_visible(False)
figure.suptitle(LABELS["circle"], x=0.01, ha="left", weight="bold")
show(figure)

# %% [markdown]
# **What to see:** n can move only along the circle, whatever x does. The part of dn that points
# outward asks for something that layer norm will undo, so it is taken away. The rest is tangent to
# the circle.
#
# ## 6. The function


# %%
def layernorm(x, weight, bias, eps=1e-5):
    """y = (x - mean) / sqrt(variance + eps) * weight + bias, over the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    r = 1 / np.sqrt(variance + eps)
    n = centred * r
    return n * weight + bias, (n, r, weight)


def layernorm_backward(dy, cache):
    """dx = r * (dn - mean(dn) - n * mean(dn * n)), with dn = dy * weight."""
    n, r, weight = cache
    C = len(weight)
    dn = dy * weight
    mean_of_dn = dn.mean(axis=-1, keepdims=True)
    along_n = (dn * n).mean(axis=-1, keepdims=True)
    dx = r * (dn - mean_of_dn - n * along_n)
    grads = {"weight": (dy * n).reshape(-1, C).sum(axis=0), "bias": dy.reshape(-1, C).sum(axis=0)}
    return dx, grads


# %%
rng = np.random.default_rng(6)
x = rng.standard_normal((2, 3, 5)) * 2 + 1  # mean and size that are not 0 and 1
params = {"weight": rng.standard_normal(5), "bias": rng.standard_normal(5)}
report = gradcheck(layernorm, layernorm_backward, [x], params)
print(report)

y, cache = layernorm(x, **params)
dy = rng.standard_normal(y.shape)
dx, grads = layernorm_backward(dy, cache)
y_theirs, cache_theirs = layers.layernorm(x, **params)
dx_theirs, grads_theirs = layers.layernorm_backward(dy, cache_theirs)
same = [np.allclose(y, y_theirs), np.allclose(dx, dx_theirs),
        *(np.allclose(grads[name], grads_theirs[name]) for name in params)]  # fmt: skip
print("y, dx, dweight, dbias as minigpt's:", same)

# %% [markdown]
# ## 7. Break it: each term removed in turn
#
# Now we take away each part of the formula and ask the check.
#
# **Predict:** which of the four mistakes gives the largest error: without term 1, without term 2,
# without term 3, or without the factor r?


# %%
def backward_without(part):
    """layernorm_backward with one part of the formula left out."""

    def backward(dy, cache):
        n, r, weight = cache
        dn = dy * weight
        terms = {
            "term 1, direct": dn,
            "term 2, mean": -dn.mean(axis=-1, keepdims=True),
            "term 3, variance": -n * (dn * n).mean(axis=-1, keepdims=True),
        }
        terms.pop(part, None)
        dx = sum(terms.values()) + np.zeros_like(dy)  # the shape of dy, whatever is left
        return (dx if part == "factor r" else r * dx), layernorm_backward(dy, cache)[1]

    return backward


PARTS = ["nothing", "term 1, direct", "term 2, mean", "term 3, variance", "factor r"]
removed = {}
for part in PARTS:
    backward = backward_without(part)
    removed[part] = gradcheck(layernorm, backward, [x], params, name=f"without {part}")
    verdict = "right" if removed[part].ok else "WRONG"
    error = removed[part].tensors[0].relative_error
    print(f"left out: {part:17} {verdict}  error of dx {error:.1e}")
print(removed["term 3, variance"])

# %% [markdown]
# All four are caught. Without term 1 the error is largest, but the others are large too. The
# gradients of weight and bias are right in every case: they do not use the formula.
#
# Then how could such a mistake stay unseen in a program? In two ways. First, by a weak test. Lesson
# 02 warned of an upstream gradient of all ones.
#
# **Predict:** weight 1, dy all ones. What is dx? Which of the terms can be missing without anybody
# noticing?

# %%
ones = {"weight": np.ones(5), "bias": np.zeros(5)}
_, cache_ones = layernorm(x, **ones)
dx_ones = {}
for part in PARTS:
    dx_ones[part], _ = backward_without(part)(np.ones_like(x), cache_ones)
    print(f"left out: {part:17} largest element of dx {np.abs(dx_ones[part]).max():.1e}")

# %% [markdown]
# The right dx is zero: y always has the sum 0 (its mean is 0), so its sum can't change. Without
# term 3, or without r, it is zero as well. That test would accept them, and it would accept
# `dx = 0` too.
#
# The second way: the mistake gets smaller when the layer gets wider. Here is how far dx is from the
# right one, for random gradients and growing C.

# %%
widths, errors = [4, 16, 64, 256, 1024], {"term 2, mean": [], "term 3, variance": []}
for C in widths:
    params_wide = {"weight": np.ones(C), "bias": np.zeros(C)}
    _, cache_wide = layernorm(rng.standard_normal((200, C)), **params_wide)
    dy_wide = rng.standard_normal((200, C))
    right, _ = layernorm_backward(dy_wide, cache_wide)
    for part, found in errors.items():
        wrong, _ = backward_without(part)(dy_wide, cache_wide)
        found.append(size(wrong - right) / size(right))
for part, found in errors.items():
    print(f"left out: {part:17}", " ".join(f"{100 * error:4.1f} %" for error in found))

figure, axes = plt.subplots()
for (_part, found), colour, marker, name in zip(
    errors.items(), (BLUE, ORANGE), "os", ("without_mean", "without_variance"), strict=True
):
    axes.loglog(widths, found, color=colour, marker=marker, label=LABELS[name])
axes.axhline(0.01, color=GREY, ls="--", lw=1.5)
axes.text(4, 0.0108, LABELS["tolerance"], color=GREY, va="bottom")
axes.set_xticks(widths, [f"{C:,}" for C in widths])
axes.set_yticks([0.01, 0.1, 0.5], ["1 %", "10 %", "50 %"])
axes.minorticks_off()
axes.set(xlabel=LABELS["channels"], ylabel=LABELS["relative"], title=LABELS["width"],
         ylim=(0.007, 1))  # fmt: skip
axes.legend()
show(figure)

# %% [markdown]
# **What to see:** four times as many channels, half the error. Each missing term is one direction
# out of C, and a random gradient has only a small part in each single direction. With 1,024
# channels the wrong dx is only about 3 % off, and nobody sees that by looking at numbers. So check
# with small sizes and a small tolerance.
#
# ## 8. Mistakes that a gradient check can't see
#
# A gradient check asks whether the backward fits the forward. If the *forward* is wrong and the
# backward fits it, the report says "right".
#
# **Mistake 1: the wrong axis.** This version normalises over T, each channel over all tokens of its
# text. (It swaps the last two axes, calls layer norm, and swaps back.)


# %%
def over_the_tokens(x):
    T = x.shape[1]
    y, cache = layernorm(x.swapaxes(1, 2), np.ones(T), np.zeros(T))
    return y.swapaxes(1, 2), cache


def over_the_tokens_backward(dy, cache):
    dx, _ = layernorm_backward(dy.swapaxes(1, 2), cache)
    return dx.swapaxes(1, 2), {}


axis_report = gradcheck(over_the_tokens, over_the_tokens_backward, [x])
print(axis_report)
y_axis, y_right = over_the_tokens(x)[0], layers.layernorm(x, **ones)[0]
print("same values as minigpt's:", np.allclose(y_axis, y_right))

# %% [markdown]
# The comparison of *values* with an independent program finds it. And it matters:
#
# **Predict:** we change the last token of each text. Does the output of the first token change,
# with the right axis and with the wrong one?

# %%
later = x.copy()
later[:, -1] += 1
leaks = {
    "over the channels": not np.allclose(layernorm(later, **ones)[0][:, 0], y_right[:, 0]),
    "over the tokens": not np.allclose(over_the_tokens(later)[0][:, 0], y_axis[:, 0]),
}
print("the first token's output changes:", leaks)

# %% [markdown]
# With the wrong axis the first token knows something of the last one. A model that is to guess the
# next token would see a bit of the answer. (Lesson 07 takes great care that nothing leaks.)
#
# **Mistake 2: the short formula.** In mathematics, $v = \text{mean}(x^2) - \text{mean}(x)^2$ is the
# same variance, and it needs no `centred`. In float32, with numbers that lie far from zero, it is a
# difference of two huge, nearly equal numbers (lesson 01: float32 keeps about seven digits).

# %%
far = (1000 + 0.1 * rng.standard_normal((6, 64))).astype(np.float32)
short = (far * far).mean(axis=1) - far.mean(axis=1) ** 2
ours = ((far - far.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)
true = far.astype(np.float64).var(axis=1)
print("true variance ", np.round(true, 4))
print("centred first ", np.round(ours, 4))
print("short formula ", np.round(short, 4))

# %% [markdown]
# The short formula does not have one right digit: near a million, two neighbouring float32 numbers
# are 0.0625 apart, and what is left of the difference are a few such steps. It can even be
# negative, and then the root is NaN ("not a number"). So: centre first.
#
# ## 9. Where to put the norm: the residual stream, first sight
#
# In section 1, each layer *replaced* the vector by a new one. A GPT does something milder: each
# layer *adds* something to the vector.
#
# $$x \leftarrow x + f(x)$$
#
# The vector that passes by all layers, and to which each of them adds, is called the **residual
# stream**; lesson 09 looks at it closely. The backward of this line: the gradient goes unchanged to
# x, and through f to x, and both are added: `dx = dy + f_backward(dy)`.
#
# Now there are two places for the layer norm. GPT-1 normalised the sum (**post-norm**); GPT-2
# normalises only what goes into f (**pre-norm**):
#
# | | forward |
# |---|---|
# | post-norm | `x = norm(x + f(x))` |
# | pre-norm | `x = x + f(norm(x))` |
#
# It looks like a detail. Let us think about the gradient that walks back from the end. In pre-norm
# there is a way on which it meets only additions: it arrives at the first layer exactly as it left
# the end, and what came through the layers is added to it. In post-norm every way leads through all
# the norms. If x and f(x) both have a size near 1, their sum is larger than 1, so the norm
# multiplies by an r below 1; after 48 layers, the direct way has a factor of about $r^{48}$.
#
# We measure. The functions below are a stack of MLPs in four kinds: without a norm; with a norm,
# but nothing is added; post-norm; pre-norm. The backward returns the gradient at every layer. (A
# pre-norm stack has one more norm at its end, since its stream grows. GPT-2 calls it `ln_f`.)


# %%
def norm(x):
    """Layer norm with weight 1 and bias 0."""
    C = x.shape[-1]
    return layers.layernorm(x, np.ones(C, x.dtype), np.zeros(C, x.dtype))


def stack(kind, x, parameters):
    """Run all MLPs; return the last x, and a cache of (norm's cache, MLP's cache) for each."""
    caches = []
    for p in parameters:
        into = x
        if kind in ("norm", "pre"):
            into, norm_cache = norm(x)
        added, mlp_cache = layers.mlp(into, **p)
        x = x + added if kind in ("post", "pre") else added
        if kind == "post":
            x, norm_cache = norm(x)
        caches.append((None if kind == "plain" else norm_cache, mlp_cache))
    last_cache = None
    if kind == "pre":
        x, last_cache = norm(x)
    return x, (caches, last_cache)


def stack_backward(kind, dx, cache):
    """Return the gradients of x at every layer, from the end to the start, and of the MLPs."""
    caches, last_cache = cache
    if kind == "pre":
        dx, _ = layers.layernorm_backward(dx, last_cache)
    at_layers, grads = [dx], []
    for norm_cache, mlp_cache in reversed(caches):
        if kind == "post":
            dx, _ = layers.layernorm_backward(dx, norm_cache)
        dadded, grad = layers.mlp_backward(dx, mlp_cache)
        if kind in ("norm", "pre"):
            dadded, _ = layers.layernorm_backward(dadded, norm_cache)
        dx = dx + dadded if kind in ("post", "pre") else dadded
        at_layers.append(dx)
        grads.append(grad)
    return at_layers, grads[::-1]


stack_reports = [
    gradcheck(
        lambda x, kind=kind: stack(kind, x, draw_stack(3, 5, 1.0)),
        lambda dy, cache, kind=kind: (stack_backward(kind, dy, cache)[0][-1], {}),
        [x], name=kind,
    )
    for kind in ("plain", "norm", "post", "pre")
]  # fmt: skip
for stack_report in stack_reports:
    verdict = "right" if stack_report.ok else "WRONG"
    print(f"{stack_report.name:5} {verdict}  error {stack_report.max_relative_error:.1e}")

# %% [markdown]
# We checked our measuring instrument before using it. Now 48 layers (as many as the largest GPT-2
# has), 64 channels. For each layer we print two things: the size of the gradient, and how much its
# *direction* is still that of the gradient at the end. For the second we use the **cosine**: 1 for
# the same direction, 0 for right angles.
#
# **Predict:** for which of the four kinds does the gradient arrive at the first layer with about
# the same size? And for which with about the same direction?

# %%
DEPTH = 48
parameters = draw_stack(DEPTH, 64, 1.0)
dy_end = np.random.default_rng(2).standard_normal(x_start.shape)


def cosine(a, b):
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


flow, streams = {}, {}
print("after 0, 12, 24, 48 layers of the way back:")
for kind in ("plain", "norm", "post", "pre"):
    _, cache = stack(kind, x_start, parameters)
    at_layers, _ = stack_backward(kind, dy_end, cache)
    flow[kind] = [size(g) for g in at_layers], [cosine(g, at_layers[0]) for g in at_layers]
    streams[kind] = cache
    sizes = " ".join(f"{flow[kind][0][i]:.0e}" for i in (0, 12, 24, 48))
    likeness = " ".join(f"{flow[kind][1][i]:5.2f}" for i in (0, 12, 24, 48))
    print(f"{LABELS[kind]:20} size {sizes}   cosine {likeness}")

direct = np.prod([norm_cache[1].mean() for norm_cache, _ in streams["post"][0]])
print(f"factor of the direct way: post-norm {direct:.1e}, pre-norm 1")
grown = 1 / streams["pre"][1][1].mean()
print(f"size of the pre-norm stream at its end: {grown:.1f}")

# %%
figure, panels = plt.subplots(1, 2, figsize=(11, 4.8))
COLOURS = {"plain": GREY, "norm": PINK, "post": ORANGE, "pre": BLUE}
for kind, (sizes, likeness) in flow.items():
    panels[0].semilogy(sizes, color=COLOURS[kind], label=LABELS[kind])
    panels[1].plot(likeness, color=COLOURS[kind])
for axes, name in zip(panels, ("size", "cosine"), strict=True):
    axes.set_title(LABELS[name], fontsize=13, weight="normal")
    axes.set(xlabel=LABELS["depth"], xlim=(0, DEPTH))
panels[1].axhline(0, color="black", lw=0.8)
panels[0].legend(loc="lower left")
figure.suptitle(LABELS["flow"], x=0.01, ha="left", weight="bold")
show(figure)

# %% [markdown]
# **What to see:** on the left, only the stack without a norm loses the size, by many powers of ten.
# (Pre-norm starts lower: its last norm divides by the size of the stream.) One often reads that
# post-norm makes gradients vanish; in this stack they do not, their size is kept. On the right is
# the difference. In post-norm the gradient has forgotten after some ten layers in which direction
# it started: all the random layers on the way have turned it. In pre-norm it keeps most of its
# direction over half of the layers. It loses more and more at the first ones, where the stream is
# still small and each MLP weighs nearly as much as all that came before.
#
# ## 10. Does it matter for learning?
#
# A small task: from a random vector x of 32 numbers, compute the normalised ReLU of x @ M, with a
# fixed random matrix M. The loss is the mean of the squared differences. For two normalised vectors
# that have nothing to do with each other it is near 2 (the mean square of one, 1, plus that of the
# other). We also compute the loss of the best normalised answer that is the same for every x. A
# stack that does not get below it has learned nothing about x.
#
# Everything is learned by small steps against the gradient. So that the comparison is fair, each
# stack is tried with four step sizes, and we keep the best.
#
# **Predict:** with 8 layers, and with 32: does post-norm learn, does pre-norm?

# %%
M = np.random.default_rng(3).normal(0, 32**-0.5, (32, 32)).astype(np.float32)
many = np.random.default_rng(5).standard_normal((5000, 32), dtype=np.float32)
targets, _ = norm(np.maximum(many @ M, 0))
constant, _ = norm(targets.mean(axis=0))
constant_loss = float(np.mean((constant - targets) ** 2))
print(f"the best answer that ignores x has a loss of {constant_loss:.2f}")


def learn(kind, depth, step_size, steps=120):
    """The losses of all steps."""
    parameters = draw_stack(depth, 32, 1.0)
    parameters = [{name: {k: v.astype(np.float32) for k, v in part.items()}
                   for name, part in p.items()} for p in parameters]  # fmt: skip
    rng = np.random.default_rng(4)
    losses = []
    for _ in range(steps):
        x = rng.standard_normal((64, 32), dtype=np.float32)
        target, _ = norm(np.maximum(x @ M, 0))
        y, cache = stack(kind, x, parameters)
        losses.append(float(np.mean((y - target) ** 2)))
        _, grads = stack_backward(kind, 2 * (y - target) / y.size, cache)
        for p, g in zip(parameters, grads, strict=True):
            for (_, value), (_, gradient) in zip(items(p), items(g), strict=True):
                value -= step_size * gradient
    return losses


best, worst = {}, {}
with threadpool_limits(1):  # these products are too small to share between cores
    for depth in (8, 32):
        for kind in ("post", "pre"):
            runs = {s: learn(kind, depth, s) for s in (0.03, 0.1, 0.3, 1)}
            ends = {s: float(np.mean(losses[-20:])) for s, losses in runs.items()}
            chosen = min(ends, key=ends.get)
            best[kind, depth], worst[kind, depth] = runs[chosen], max(ends.values())
            shown = ", ".join(f"{s}: {end:.2f}" for s, end in ends.items())
            print(f"{depth:2} layers, {LABELS[kind]:9}  loss at the end by step size  {shown}")

figure, panels = plt.subplots(1, 2, figsize=(10.5, 4.4), sharey=True)
for axes, depth in zip(panels, (8, 32), strict=True):
    for kind in ("post", "pre"):
        axes.plot(best[kind, depth], color=COLOURS[kind], label=LABELS[kind])
    axes.axhline(constant_loss, color=GREY, ls="--", lw=1.5)
    axes.set_title(LABELS["layers"].format(depth), fontsize=13, weight="normal")
    axes.set(xlabel=LABELS["step"], xlim=(0, 119), ylim=(0, 2.3))
panels[0].set_ylabel(LABELS["loss"])
panels[0].text(118, constant_loss + 0.03, LABELS["constant"], color=GREY, ha="right", va="bottom")
panels[0].legend()
figure.suptitle(LABELS["learning"], x=0.01, ha="left", weight="bold")
show(figure)

# %% [markdown]
# **What to see:** with 8 layers there is not much between them. With 32 layers pre-norm learns
# nearly as well as before, post-norm much worse, even with the best of its step sizes. Look at the
# printed table too: with the largest step the deep post-norm stack does about as badly as the
# dashed line, the answer that ignores x.
#
# This is a small experiment with plain steps. Deep post-norm stacks can be trained, with care: very
# small steps at the beginning (a warm-up, lesson 11), or initial weights that suit the depth. GPT-1
# had 12 layers with post-norm (each an attention and an MLP; lesson 09 calls it a block). GPT-2
# went up to 48, and it moved the norm to the input of each part; that is the order that minigpt
# uses. The price of pre-norm is the stream that grows, and the one more norm at the end.
#
# ## 11. Exercises
#
# 1. Take x = (0, 0, 3, 3) and dn = (0, 0, 0, 4), with eps 0. Compute the three terms on paper, then
#    with the cell of section 4.
# 2. Give `layernorm` a very large eps, such as 100. Does the gradient check still pass? Is dx still
#    at right angles to n? Which of the sentences of section 5 needed a small eps?
# 3. *RMS norm* leaves the mean out: $n = x / \sqrt{\text{mean}(x^2) + \text{eps}}$. Which term
#    falls away? Write it with its backward and check it.
# 4. Write a layer norm whose backward computes `n *= ...` in place, to save memory. What does the
#    check say, and why would a second user of the cache get wrong numbers?
# 5. Repeat section 9 with initial weights of scale 0.5 and 1.5. Then give c_proj a scale divided by
#    $\sqrt{2 \cdot \text{depth}}$, as GPT-2 does. What happens to the stream, and to the two cosine
#    curves?
#
# **Write it yourself.** `minigpt lesson start 06` puts a file into the folder `mywork`, with
# `layernorm` to be filled in. `minigpt check 06` says what is right, and names the mistake if there
# is one. Here is the same check on both functions of this lesson; every line should be green:

# %%
from minigpt.classroom import check

check(layernorm, layernorm_backward)

# %% [markdown]
# ## 12. What you can now read in `minigpt/`
#
# - `minigpt/layers/layernorm.py`: the function of this lesson. It also allows a missing bias.
# - `minigpt/kernels/layernorm.py`: the fast twin. It works on some rows at a time, so that they
#   stay in the fast memory of the processor, and it computes means as matrix products.
# - `minigpt/model/block.py`: `block` is pre-norm, `post_norm_block` is GPT-1's. You know every part
#   of it now, except attention (lesson 07).

# %%
print(inspect.getsource(layers.layernorm_backward))

# %%
assert run_away[1.0] < 1e-6 and run_away[1.5] > 1e6
assert (mean, variance) == (4, 4) and np.allclose(normalised, [-1.5, -0.5, 0, 0.5, 1.5])
assert np.allclose(moved_normalised, normalised)
assert np.allclose(sum(terms.values()), [0.175, -0.175, -0.1, -0.025, 0.125])
assert abs(left.sum()) < 1e-12 and abs((left * n3).sum()) < 1e-12
assert report.ok and all(same)
assert [part for part in PARTS if removed[part].ok] == ["nothing"]
for part in PARTS[1:]:
    assert [tensor.name for tensor in removed[part].tensors if not tensor.ok] == ["x"]
    assert removed[part].tensors[0].relative_error > 0.1
    assert removed[part].max_relative_error <= removed[PARTS[1]].max_relative_error
hidden = [part for part in PARTS if np.abs(dx_ones[part]).max() < 1e-12]
assert hidden == ["nothing", "term 3, variance", "factor r"]
for found in errors.values():
    assert all(1.5 < a / b < 3 for a, b in zip(found, found[1:], strict=False)) and found[-1] < 0.05
assert axis_report.ok and not np.allclose(y_axis, y_right)
assert leaks == {"over the channels": False, "over the tokens": True}
assert np.abs(ours / true - 1).max() < 0.01 < 0.5 < np.abs(short / true - 1).min()
assert short.min() < 0 and np.spacing(np.float32(1e6)) == 0.0625
assert all(stack_report.ok for stack_report in stack_reports)
assert flow["plain"][0][-1] < 1e-10 * flow["plain"][0][0]
for kind in ("norm", "post", "pre"):
    assert 0.1 < flow[kind][0][-1] / flow[kind][0][0] < 10
assert flow["post"][1][12] < 0.3 < 0.6 < flow["pre"][1][24] and flow["pre"][1][-1] < 0.4
assert direct < 0.01 and grown > 2
last = {key: np.mean(losses[-20:]) for key, losses in best.items()}
assert last["pre", 8] < 0.5 and last["post", 8] < 0.5 and last["pre", 32] < 0.5
assert last["post", 32] > 0.9 and worst["post", 32] > constant_loss - 0.1
assert check(layernorm, layernorm_backward)
print("all claims of this lesson hold")
