# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 05 · Linear layers and the MLP
#
# After lesson 04 every token is a vector of C numbers. How can a model compute something new from
# them? The cheapest answer is a matrix product. But if a matrix product is all we have, then a
# hundred layers can do no more than one. What is missing?
#
# At the end of this lesson you will have written a linear layer, the activation function GELU and
# the MLP, each with its gradient. In GPT-2 nearly half of all numbers that are learned sit in MLPs.
# It takes about 75 minutes.

# %%
import inspect
import itertools
import time

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPTConfig, gradcheck, layers
from minigpt.plots import BLUE, GREY, ORANGE, SKY, lesson_style, show
from minigpt.tree import items

lesson_style()
LABELS = {
    "x": "x",
    "value": "the functions",
    "slope": "their derivatives",
    "relu": "ReLU",
    "gelu": "GELU",
    "bend": "GELU is a ReLU with a rounded corner",
    "fit": "Without a bend, a line; the more bends, the closer",
    "linear": "one linear layer",
    "hidden": "{} hidden numbers",
    "target": "target",
    "layer": "what the layer gives",
    "unit": "one hidden number's part",
    "time": "Where the time of an MLP goes",
    "milliseconds": "milliseconds",
    "c_fc": "c_fc",
    "c_proj": "c_proj",
    "forward": "forward",
    "backward": "backward",
}

# %% [markdown]
# ## 1. A linear layer by hand
#
# A **linear layer** turns a vector x of $C_{in}$ numbers into a vector y of $C_{out}$ numbers. Each
# output is a sum of all inputs, each multiplied by a number of its own, plus one more number:
#
# $$y_j = \sum_i x_i\, W_{ij} + b_j$$
#
# $W_{ij}$ is called a **weight**: it says how much input i counts for output j. $b_j$ is called a
# **bias**: it is what output j is when all inputs are zero. Weights and biases are learned;
# together they are called the **parameters** of the layer. (The tables of lesson 04 were parameters
# too.)
#
# With two inputs and three outputs it fits on paper.

# %%
x = np.array([[2.0, 1.0]])
weight = np.array([[1.0, 0.0, 3.0],
                   [4.0, 1.0, -1.0]])  # fmt: skip
bias = np.array([10.0, 20.0, 30.0])
y = x @ weight + bias
print("y_0 = 2 * 1 + 1 * 4    + 10 =", 2 * 1 + 1 * 4 + 10)
print("y_1 = 2 * 0 + 1 * 1    + 20 =", 2 * 0 + 1 * 1 + 20)
print("y_2 = 2 * 3 + 1 * (-1) + 30 =", 2 * 3 + 1 * (-1) + 30)
print("x @ weight + bias =", y)

# %% [markdown]
# x may have many rows, one for each token of each text. Every row is treated alike, with the same
# weights.
#
# **Predict:** a linear layer has 128 inputs and 512 outputs. How many parameters does it have? And
# does the number change when there are 1,000 tokens instead of one? Write your answer down before
# you run the next cell.

# %%
parameters = 128 * 512 + 512
print(f"{parameters:,}, for any number of tokens")

# %% [markdown]
# ## 2. The gradients, from the indices
#
# Let x have N rows. Row n gives
#
# $$y_{nj} = \sum_i x_{ni}\, W_{ij} + b_j$$
#
# We are given $dy_{nj} = \partial L / \partial y_{nj}$ and want the gradients of W, b and x.
#
# **Step 1.** Look at one single product of the sum, $x_{ni}\, W_{ij}$. It stands in $y_{nj}$ and
# nowhere else. Its derivative by $W_{ij}$ is $x_{ni}$. Its derivative by $x_{ni}$ is $W_{ij}$. So,
# with the chain rule, this one product sends
#
# - to $dW_{ij}$ the amount $x_{ni}\, dy_{nj}$,
# - to $dx_{ni}$ the amount $W_{ij}\, dy_{nj}$.
#
# **Step 2.** Add up all amounts that arrive at the same place (L depends on $W_{ij}$ through every
# row n, and on $x_{ni}$ through every output j):
#
# $$dW_{ij} = \sum_n x_{ni}\, dy_{nj} \qquad\quad dx_{ni} = \sum_j dy_{nj}\, W_{ij}$$
#
# **Step 3.** $b_j$ stands in $y_{nj}$ with the factor 1, in every row n:
#
# $$db_j = \sum_n dy_{nj}$$
#
# **Step 4.** A matrix product sums over the *last* index of its left factor, which is the *first*
# index of its right one. In $dW$ the sum runs over n, the first index of x. So x on the left must
# be transposed. In $dx$ it runs over j, the last index of W. So W on the right must be transposed:
#
# $$dW = x^T\, dy \qquad\quad dx = dy\; W^T$$
#
# Now with numbers, two rows. The loops below follow step 1: each multiplication of the forward
# becomes two multiplications in the backward.
#
# **Predict:** the second row of x begins with 0. What does that row contribute to `dweight[0]`?

# %%
x = np.array([[2.0, 1.0], [0.0, 3.0]])
dy = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
dx, dweight = np.zeros_like(x), np.zeros_like(weight)
for n, i, j in itertools.product(range(2), range(2), range(3)):
    # forward: y[n, j] += x[n, i] * weight[i, j]
    dweight[i, j] += x[n, i] * dy[n, j]
    dx[n, i] += weight[i, j] * dy[n, j]
print("dW =", *dweight, "and x.T @ dy =", *(x.T @ dy))
print("dx =", *dx, "and dy @ W.T =", *(dy @ weight.T))
print("db =", dy.sum(axis=0))

# %% [markdown]
# Nothing: an input that is zero gives its weights no gradient. Changing a weight that is multiplied
# by zero changes nothing.
#
# ## 3. The gradients, from the shapes
#
# You need not remember these formulas. You can find them again from two facts: a gradient has the
# shape of the thing itself; dW is made of x and dy, and dx is made of dy and W.
#
# **Predict:** N = 4, $C_{in}$ = 2, $C_{out}$ = 3, so x is (4, 2), W is (2, 3) and dy is (4, 3).
# Take two different ones of these three, in any order, each transposed or not. That makes 24
# products. How many of them have the shape of dW, (2, 3)? And how many if all three sizes are 3?


# %%
def products_of_shape(wanted, N, C_in, C_out):
    """All products of two of the three arrays that have the wanted shape."""
    arrays = {"x": np.ones((N, C_in)), "W": np.ones((C_in, C_out)), "dy": np.ones((N, C_out))}
    arrays |= {f"{name}.T": array.T for name, array in arrays.items()}
    found = []
    for a, b in itertools.permutations(arrays, 2):
        different = a.removesuffix(".T") != b.removesuffix(".T")
        if different and arrays[a].shape[1] == arrays[b].shape[0]:
            product = arrays[a] @ arrays[b]
            if product.shape == wanted:
                found.append(f"{a} @ {b}")
    return found


fits_weight = products_of_shape((2, 3), N=4, C_in=2, C_out=3)
fits_x = products_of_shape((4, 2), N=4, C_in=2, C_out=3)
all_equal = products_of_shape((3, 3), N=3, C_in=3, C_out=3)
print("shape of dW:", fits_weight)
print("shape of dx:", fits_x)
print("all sizes 3:", len(all_equal), "products fit, such as", all_equal[:3])

# %% [markdown]
# With distinct sizes, the shapes leave one possibility. With equal sizes they leave all 24, and a
# wrong formula raises no error. So when you test a layer, take sizes that are all different.
#
# Shapes do not tell everything: they do not see a sign, a factor, or a mean instead of a sum. For
# that we have the gradient check.
#
# ## 4. The function
#
# Inputs have the shape (B, T, C). `reshape(-1, C)` makes one table of them, with a row for each of
# the B times T tokens; at the end y gets its shape back. The sums over n then run over all tokens
# of all texts.


# %%
def linear(x, weight, bias):
    """y = x @ weight + bias, for x of shape (..., C_in)."""
    C_in, C_out = weight.shape
    y = x.reshape(-1, C_in) @ weight + bias
    return y.reshape(*x.shape[:-1], C_out), (x, weight)


def linear_backward(dy, cache):
    """dx = dy @ weight.T, dweight = x.T @ dy, dbias = the sum of dy over all tokens."""
    x, weight = cache
    C_in, C_out = weight.shape
    dy = dy.reshape(-1, C_out)
    dx = (dy @ weight.T).reshape(x.shape)
    return dx, {"weight": x.reshape(-1, C_in).T @ dy, "bias": dy.sum(axis=0)}


# %%
rng = np.random.default_rng(5)
x = rng.standard_normal((2, 5, 3))  # B = 2, T = 5, C_in = 3
params = {"weight": rng.standard_normal((3, 4)), "bias": rng.standard_normal(4)}
report = gradcheck(linear, linear_backward, [x], params)
print(report)

y, cache = linear(x, **params)
dy = rng.standard_normal(y.shape)
dx, grads = linear_backward(dy, cache)
y_theirs, cache_theirs = layers.linear(x, **params)
dx_theirs, grads_theirs = layers.linear_backward(dy, cache_theirs)
same = [np.allclose(y, y_theirs), np.allclose(dx, dx_theirs),
        *(np.allclose(grads[name], grads_theirs[name]) for name in params)]  # fmt: skip
print("y, dx, dweight, dbias as minigpt's:", same)

# %% [markdown]
# ## 5. Break it on purpose
#
# Three mistakes that are easy to make.


# %%
def not_transposed(dy, cache):  # dx = dy @ W: raises no error if W is square
    dx, grads = linear_backward(dy, cache)
    return dy @ cache[1], grads


def bias_a_mean(dy, cache):
    dx, grads = linear_backward(dy, cache)
    return dx, {**grads, "bias": grads["bias"] / dy[..., 0].size}


def bias_over_texts_only(dy, cache):  # forgets that T is an axis too
    dx, grads = linear_backward(dy, cache)
    return dx, {**grads, "bias": dy.sum(axis=0)}


square = {"weight": rng.standard_normal((3, 3)), "bias": rng.standard_normal(3)}
linear_wrongs = [
    gradcheck(linear, not_transposed, [x], square, name="not_transposed"),
    gradcheck(linear, bias_a_mean, [x], params, name="bias_a_mean"),
    gradcheck(linear, bias_over_texts_only, [x], params, name="bias_over_texts_only"),
]
for wrong in linear_wrongs:
    print(wrong, "\n")

# %% [markdown]
# Each report names the tensor: the first mistake shows in x, the second in the bias, the third is a
# gradient of the wrong shape.
#
# ## 6. Why one linear layer after another is not enough
#
# **Predict:** the layer A turns 8 numbers into 32, and the layer B turns these 32 into 8. Together
# they have 512 weights. How many weights does a single layer need that does exactly the same?

# %%
A, B = rng.standard_normal((8, 32)), rng.standard_normal((32, 8))
rows = rng.standard_normal((10, 8))
merged = A @ B
print("two layers: ", A.size + B.size, "weights; one layer:", merged.size, "weights")
print("same output:", np.allclose((rows @ A) @ B, rows @ merged))

# %% [markdown]
# 64, because $(xA)B = x(AB)$: matrix products can be put together. With biases it is the same. A
# hundred linear layers are one linear layer.
#
# And one is not enough. Take two inputs, each 0 or 1, and ask for "exactly one of the two":
#
# | $x_1$ | $x_2$ | wanted |
# |---|---|---|
# | 0 | 0 | 0 |
# | 0 | 1 | 1 |
# | 1 | 0 | 1 |
# | 1 | 1 | 0 |
#
# A linear layer gives $y = x_1 w_1 + x_2 w_2 + b$. Add the outputs of the first and the last row:
# $b + (w_1 + w_2 + b)$. Add those of the two rows between: $(w_2 + b) + (w_1 + b)$. It is the same
# sum, whatever the parameters are. But we want 0 + 0 on one side and 1 + 1 on the other.
#
# What helps is a function that is not a straight line, put between two linear layers: an
# **activation function**. The plainest is $\max(0, x)$, called **ReLU**: what is below zero does
# not pass. The numbers between the two layers are called the **hidden layer**. Two hidden numbers
# are enough here:
#
# $$h_1 = \max(0,\, x_1 + x_2) \qquad h_2 = \max(0,\, x_1 + x_2 - 1) \qquad y = h_1 - 2 h_2$$

# %%
four = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
hidden, _ = layers.relu(four @ np.array([[1.0, 1.0], [1.0, 1.0]]) + np.array([0.0, -1.0]))
exactly_one = hidden @ np.array([1.0, -2.0])
for row, h, y in zip(four, hidden, exactly_one, strict=True):
    print("x", row, "  h", h, "  y", y)
straight = four @ rng.standard_normal(2) + rng.standard_normal()
print(f"any linear layer: {straight[0] + straight[3]:.6f} = {straight[1] + straight[2]:.6f}")

# %% [markdown]
# ## 7. GELU, a bend without a corner
#
# ReLU has a weak point: where x is below zero, its derivative is zero. A hidden number that is
# below zero for *all* inputs gets no gradient and can never come back. GPT-2 uses a smoother
# function, **GELU** (Hendrycks and Gimpel, 2016). It multiplies x by a factor between 0 and 1:
#
# $$\text{gelu}(x) = x \cdot P(Z \le x)$$
#
# Z is a random number such as `standard_normal` draws: mostly near 0, rarely far from it (the bell
# curve). $P(Z \le x)$ is the probability that Z is at most x. We can estimate it by drawing.
#
# **Predict:** what is the factor at x = 0? And is it nearer to 0 or to 1 at x = 3 and at x = -3?

# %%
draws = rng.standard_normal(100_000)
factors = {x: np.mean(draws <= x) for x in (-3, -1, 0, 1, 3)}
for x, factor in factors.items():
    print(f"x = {x:2}: factor {factor:.3f}, gelu about {x * factor:6.3f}")

# %% [markdown]
# A large x passes nearly unchanged, a very negative one is nearly stopped, and between them the
# change is smooth. GPT-2 does not use the probability itself but a formula that is close to it,
# with the function tanh, which rises smoothly from -1 to 1:
#
# $$\text{gelu}(x) \approx \frac{x}{2}\,\bigl(1 + \tanh(u)\bigr) \qquad
# u = k\,(x + 0.044715\, x^3) \qquad k = \sqrt{2/\pi}$$
#
# ## 8. The derivative of GELU
#
# **Step 1, the product rule.** The function is a product of $x/2$ and $(1 + \tanh u)$:
#
# $$\frac{dy}{dx} = \frac{1}{2}(1 + \tanh u) + \frac{x}{2} \cdot \frac{d \tanh u}{dx}$$
#
# **Step 2, the chain rule.** The derivative of tanh is $1 - \tanh^2$ (from a table of derivatives;
# exercise 1 lets you measure it):
#
# $$\frac{d \tanh u}{dx} = (1 - \tanh^2 u) \cdot \frac{du}{dx}$$
#
# **Step 3, the inside.** $\;du/dx = k\,(1 + 3 \cdot 0.044715\, x^2)$.
#
# Each element of y depends only on the same element of x, so the backward multiplies: dx = dy times
# this derivative, element by element. The cache holds x and tanh(u), so that tanh, the slow part,
# is not computed twice.

# %%
K = np.sqrt(2 / np.pi).item()  # .item(): a number of Python, so that float32 stays float32


def gelu(x):
    """y = x/2 * (1 + tanh(K * (x + 0.044715 x^3)))."""
    tanh = np.tanh(K * (x + 0.044715 * (x * x * x)))
    return 0.5 * x * (1 + tanh), (x, tanh)


def gelu_backward(dy, cache):
    """dx = dy * (1/2 (1 + tanh) + x/2 (1 - tanh^2) * K (1 + 3 * 0.044715 x^2))."""
    x, tanh = cache
    inside = K * (1 + 3 * 0.044715 * (x * x))
    return dy * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * inside), {}


# %% [markdown]
# **Predict:** what is the derivative at x = 0, and for a large x? Is GELU rising everywhere?

# %%
line = np.linspace(-4, 4, 801)
value, cache = gelu(line)
slope, _ = gelu_backward(np.ones_like(line), cache)  # dy = 1 gives the derivative itself
lowest = line[value.argmin()]
print(f"derivative at 0: {slope[400]:.3f}, at 4: {slope[800]:.3f}, largest {slope.max():.3f}")
print(f"lowest value {value.min():.3f} at x = {lowest:.2f}; left of it the derivative is negative")
exact, _ = layers.gelu_exact(line)
print(f"largest distance from the exact GELU: {np.abs(value - exact).max():.5f}")

figure, panels = plt.subplots(1, 2, figsize=(10, 4.4))
relu, relu_slope = np.maximum(line, 0), np.where(line > 0, 1.0, 0.0)
for axes, soft, hard, name in ((panels[0], value, relu, "value"),
                               (panels[1], slope, relu_slope, "slope")):  # fmt: skip
    axes.plot(line, hard, color=ORANGE, label=LABELS["relu"])
    axes.plot(line, soft, color=BLUE, label=LABELS["gelu"])
    axes.axhline(0, color=GREY, lw=0.8, zorder=0)
    axes.set(xlabel=LABELS["x"], xlim=(-4, 4))
    axes.set_title(LABELS[name], fontsize=13, weight="normal")
panels[0].legend(loc="upper left")
figure.suptitle(LABELS["bend"], x=0.01, ha="left", weight="bold")
show(figure)

# %% [markdown]
# **What to see:** on the left, GELU follows ReLU but turns smoothly, with a small valley below
# zero. On the right, the derivative of ReLU jumps from 0 to 1; that of GELU rises smoothly, is
# negative in one region and a little above 1 in another. Left of zero it is small but not zero, so
# a gradient still passes. Only far below zero does it vanish too.
#
# Now the check, the comparison, and two mistakes. The first forgets step 3, the second forgets the
# second term of step 1.


# %%
def inside_forgotten(dy, cache):
    x, tanh = cache
    return dy * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh)), {}


def product_rule_forgotten(dy, cache):
    x, tanh = cache
    return dy * 0.5 * (1 + tanh), {}


x = rng.standard_normal((4, 5))
gelu_report = gradcheck(gelu, gelu_backward, [x])
gelu_wrongs = [
    gradcheck(gelu, inside_forgotten, [x], name="inside_forgotten"),
    gradcheck(gelu, product_rule_forgotten, [x], name="product_rule_forgotten"),
]
print(gelu_report)
for wrong in gelu_wrongs:
    print(wrong)
dy = rng.standard_normal(x.shape)
ours = gelu(x)[0], gelu_backward(dy, gelu(x)[1])[0]
theirs = layers.gelu(x)[0], layers.gelu_backward(dy, layers.gelu(x)[1])[0]
gelu_same = [np.allclose(a, b, rtol=1e-13) for a, b in zip(ours, theirs, strict=True)]
print("y and dx as minigpt's:", gelu_same)

# %% [markdown]
# Look at the error of the first mistake: it is only a few per cent, because du/dx is not far from 1
# for the numbers that we used. A check with a tolerance of 10 % would have let it pass. The
# tolerance of `gradcheck` is 0.0000001.
#
# ## 9. The MLP
#
# Two linear layers with an activation between them are called an **MLP** (for *multi-layer
# perceptron*, an old name) or a *feed-forward* layer. In a GPT the hidden layer is four times as
# wide as the vector: widen, bend, narrow. GPT-2 calls the two linear layers `c_fc` (*fully
# connected*, another name of a linear layer) and `c_proj` (*projection*), and we keep these names:
#
# $$h = x\, W_{fc} + b_{fc} \qquad a = \text{gelu}(h) \qquad y = a\, W_{proj} + b_{proj}$$
#
# The backward takes the same three steps in the opposite order. Each one is a function that we
# have: it gets the upstream gradient from the step after it and hands its dx on.
#
# | forward | backward |
# |---|---|
# | `hidden = linear(x, c_fc)` | 3. `dx = linear_backward(dhidden)` |
# | `active = gelu(hidden)` | 2. `dhidden = gelu_backward(dactive)` |
# | `y = linear(active, c_proj)` | 1. `dactive = linear_backward(dy)` |
#
# No new derivative is needed. That is what the contract (y and cache, dx and grads) is for. The
# gradients are a dict of dicts, with the same names as the parameters.


# %%
def mlp(x, c_fc, c_proj):
    """y = gelu(x @ c_fc) @ c_proj, with biases."""
    hidden, fc_cache = linear(x, **c_fc)
    active, gelu_cache = gelu(hidden)
    y, proj_cache = linear(active, **c_proj)
    return y, (fc_cache, gelu_cache, proj_cache)


def mlp_backward(dy, cache):
    """The three steps in the opposite order."""
    fc_cache, gelu_cache, proj_cache = cache
    dactive, dc_proj = linear_backward(dy, proj_cache)
    dhidden, _ = gelu_backward(dactive, gelu_cache)
    dx, dc_fc = linear_backward(dhidden, fc_cache)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}


def draw_mlp(C, hidden, rng):
    """Random parameters of order one, so that no mistake hides behind small numbers."""
    return {
        "c_fc": {"weight": rng.normal(0, 0.7, (C, hidden)), "bias": rng.normal(0, 0.7, hidden)},
        "c_proj": {"weight": rng.normal(0, 0.7, (hidden, C)), "bias": rng.normal(0, 0.7, C)},
    }


x = rng.standard_normal((2, 5, 3))
params = draw_mlp(3, 12, rng)
mlp_report = gradcheck(mlp, mlp_backward, [x], params)
print(mlp_report)
y, cache = mlp(x, **params)
dy = rng.standard_normal(y.shape)
dx, grads = mlp_backward(dy, cache)
y_theirs, cache_theirs = layers.mlp(x, **params)
dx_theirs, grads_theirs = layers.mlp_backward(dy, cache_theirs)
# items: all arrays of a dict of dicts, with their names
mlp_same = np.allclose(y, y_theirs) and np.allclose(dx, dx_theirs) and all(
    np.allclose(a, b) for (_, a), (_, b) in zip(items(grads), items(grads_theirs), strict=True)
)  # fmt: skip
print("as minigpt's:", mlp_same)

# %% [markdown]
# Two mistakes again. The first leaves the activation out of the backward. The second is subtle: the
# derivative of GELU is taken at `active`, what came *out* of it, instead of at `hidden`, what went
# in.


# %%
def gelu_passed_over(dy, cache):
    fc_cache, _, proj_cache = cache
    dactive, dc_proj = linear_backward(dy, proj_cache)
    dx, dc_fc = linear_backward(dactive, fc_cache)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}


def derivative_at_the_output(dy, cache):
    fc_cache, _, proj_cache = cache
    dactive, dc_proj = linear_backward(dy, proj_cache)
    active = proj_cache[0]
    dhidden, _ = gelu_backward(dactive, gelu(active)[1])
    dx, dc_fc = linear_backward(dhidden, fc_cache)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}


mlp_wrongs = [
    gradcheck(mlp, gelu_passed_over, [x], params, name="gelu_passed_over"),
    gradcheck(mlp, derivative_at_the_output, [x], params, name="derivative_at_the_output"),
]
for wrong in mlp_wrongs:
    print(wrong)

# %% [markdown]
# In both reports `c_proj` is "ok"; `c_fc` and x are wrong. The backward runs from the end to the
# start: first `c_proj`, then GELU, then `c_fc`, then x. A mistake spoils all that comes after it on
# this way. So it lies between the last right gradient and the first wrong one: in GELU. You can
# find a mistake in any chain of layers like this.
#
# One more property, which we will need in lesson 07.
#
# **Predict:** we change the vector of token 0 of a text. Which rows of the MLP's output change?

# %%
changed = x.copy()
changed[0, 0] += 1
rows_changed = np.argwhere(np.any(mlp(changed, **params)[0] != y, axis=-1)).tolist()
print("text and token whose output changed:", rows_changed)

# %% [markdown]
# Only its own. An MLP works on each token by itself; it cannot look at the others. That will be the
# task of attention.
#
# ## 10. What a bend buys
#
# An experiment: learn a curve. The input is one number x, the wanted output ("target") is
# $t = \sin(2x)$. The loss is the mean of the squared differences,
# $L = \frac{1}{N}\sum_n (y_n - t_n)^2$, so its gradient is $dy_n = \frac{2}{N}(y_n - t_n)$. Then we
# take small steps against the gradient, as in lesson 04, section 10.
#
# **Predict:** what does the best linear layer look like? What can an MLP do with 4 hidden numbers,
# and with 32?

# %%
points = np.linspace(-3, 3, 61)[:, None]
target = np.sin(2 * points)


def learn(f, f_backward, params, step_size, steps):
    """Move the parameters in place, `steps` times; return the last loss."""
    with threadpool_limits(1):  # these products are too small to share between cores
        for _ in range(steps):
            y, cache = f(points, **params)
            _, grads = f_backward(2 * (y - target) / y.size, cache)
            for (_, p), (_, g) in zip(items(params), items(grads), strict=True):
                p -= step_size * g
        return float(np.mean((f(points, **params)[0] - target) ** 2))


def draw_curve(hidden, seed):
    rng = np.random.default_rng(seed)
    return {
        "c_fc": {"weight": rng.normal(0, 1, (1, hidden)), "bias": rng.normal(0, 1, hidden)},
        "c_proj": {"weight": rng.normal(0, 0.5 / hidden**0.5, (hidden, 1)), "bias": np.zeros(1)},
    }


line_params = {"weight": np.zeros((1, 1)), "bias": np.zeros(1)}
curves = {4: draw_curve(4, seed=4), 32: draw_curve(32, seed=0)}
curve_losses = {0: learn(linear, linear_backward, line_params, 0.02, 1000)}
for hidden, curve in curves.items():
    curve_losses[hidden] = learn(mlp, mlp_backward, curve, 0.02, 6000)
for hidden, loss in curve_losses.items():
    print(f"{hidden:2} hidden numbers: loss {loss:.3f}")

# %%
figure, panels = plt.subplots(1, 3, figsize=(12, 4.6), sharey=True)
outputs = {0: linear(points, **line_params)[0]}
for hidden, curve in curves.items():
    outputs[hidden] = mlp(points, **curve)[0]
for axes, (hidden, output) in zip(panels, outputs.items(), strict=True):
    if hidden:
        active = gelu(linear(points, **curves[hidden]["c_fc"])[0])[0]
        parts = active * curves[hidden]["c_proj"]["weight"][:, 0]  # the sum of these is y - bias
        axes.plot(points, parts, color=SKY, lw=1, alpha=0.9 if hidden == 4 else 0.4)
        axes.plot([], [], color=SKY, lw=1, label=LABELS["unit"])
    axes.plot(points, target, ".", color=ORANGE, label=LABELS["target"])
    axes.plot(points, output, color=BLUE, label=LABELS["layer"])
    name = LABELS["hidden"].format(hidden) if hidden else LABELS["linear"]
    axes.set_title(name, fontsize=13, weight="normal")
    axes.set(xlabel=LABELS["x"], ylim=(-2.6, 2.6))
figure.legend(*panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
figure.suptitle(LABELS["fit"], x=0.01, ha="left", weight="bold")
show(figure)

# %% [markdown]
# **What to see:** the linear layer can only draw a line. In the other two panels each thin line is
# one hidden number after its bend, times its weight in `c_proj`. The blue curve is their sum (and a
# bias). Four bends give a coarse curve, 32 come closer to the target: the more hidden numbers, the
# more places to bend. That is why the MLP first widens.
#
# ## 11. What it costs
#
# A matrix product of (N, C) and (C, 4C) takes $2 \cdot N \cdot C \cdot 4C$ FLOP (lesson 01). The
# MLP has two of them forward.
#
# **Predict:** how many products of this size does the backward have? So how much longer should it
# take? And what share of GPT-2's parameters is in its MLPs?

# %%
C, N = 256, 512
flop = {"forward": 2 * 2 * N * C * 4 * C, "backward": 4 * 2 * N * C * 4 * C}
config = GPTConfig.preset("gpt2")
shapes = config.shapes()
total = sum(int(np.prod(shape)) for shape in shapes.values())
in_mlps = sum(int(np.prod(shape)) for name, shape in shapes.items() if ".mlp." in name)
print(f"GFLOP: forward {flop['forward'] / 1e9:.1f}, backward {flop['backward'] / 1e9:.1f}")
print(f"GPT-2: {in_mlps:,} of {total:,} parameters are in MLPs, {in_mlps / total:.0%}")

# %%
big = draw_mlp(C, 4 * C, rng)
big = {name: {k: v.astype(np.float32) for k, v in part.items()} for name, part in big.items()}
x = rng.standard_normal((N, C), dtype=np.float32)


took = {"forward": {}, "backward": {}}


def timed(direction, name, function, *args):
    """The function's result; its shortest time until now is kept, in milliseconds."""
    start = time.perf_counter()
    result = function(*args)
    ms = 1e3 * (time.perf_counter() - start)
    took[direction][name] = min(ms, took[direction].get(name, ms))
    return result


with threadpool_limits(1):  # one core
    for _ in range(12):  # in turn, so that other programs disturb all parts alike
        hidden, fc_cache = timed("forward", "c_fc", linear, x, *big["c_fc"].values())
        active, gelu_cache = timed("forward", "gelu", gelu, hidden)
        y, proj_cache = timed("forward", "c_proj", linear, active, *big["c_proj"].values())
        dactive, _ = timed("backward", "c_proj", linear_backward, x, proj_cache)  # x serves as dy
        dhidden, _ = timed("backward", "gelu", gelu_backward, dactive, gelu_cache)
        dx, _ = timed("backward", "c_fc", linear_backward, dhidden, fc_cache)
for direction, parts in took.items():
    listed = ", ".join(f"{name} {ms:.2f}" for name, ms in parts.items())
    print(f"{direction:8} {sum(parts.values()):6.2f} ms: {listed}")
assert dx.dtype == np.float32

figure, axes = plt.subplots(figsize=(8.5, 3))
for row, direction in enumerate(took):
    left = 0.0
    for name, colour in (("c_fc", BLUE), ("gelu", ORANGE), ("c_proj", SKY)):
        ms = took[direction][name]
        label = LABELS[name] if row == 0 else None
        axes.barh(row, ms, left=left, color=colour, label=label, height=0.6)
        left += ms
axes.set_yticks([0, 1], [LABELS["forward"], LABELS["backward"]])
axes.invert_yaxis()
axes.set(xlabel=LABELS["milliseconds"], title=LABELS["time"])
axes.legend(loc="upper right", ncols=1)
show(figure)

# %% [markdown]
# **What to see:** each product of the forward needs two in the backward, one for dx and one for dW.
# By the count of FLOPs the two blue parts should be twice as long. GELU is not a product and has
# few FLOPs, but it takes a share too: NumPy reads and writes the whole hidden array for each
# of its small steps. FLOPs alone do not tell the time. minigpt's fast twin of this layer,
# `kernels/mlp.py`, works on small pieces that stay in the fast memory of the processor.
#
# ## 12. Exercises
#
# 1. Measure the derivative of tanh at 0.5 with a centred difference (lesson 02), and compare it
#    with $1 - \tanh^2$.
# 2. Write `x**3` instead of `x * x * x` in a copy of `gelu`. Measure both on the array `hidden` of
#    section 11, several times each.
# 3. Write `relu` and `relu_backward` and put them into the MLP in place of GELU. Check it. Then let
#    all biases of `c_fc` be -100: what are the gradients of `c_fc`, and what does that mean for
#    learning?
# 4. Learn "exactly one of the two" (section 6) with an MLP with 2 inputs and 4 hidden numbers, with
#    a copy of `learn` for these four rows. Does it work from every random start?
# 5. Derive the backward of a linear layer with *tied* matrices, $y = (x W) W^T$. W is used twice;
#    each use sends its own gradient, and they add up. Check it with `gradcheck`. (Lesson 10 has a
#    GPT with such a matrix.)
#
# **Write it yourself.** `minigpt lesson start 05` puts a file into the folder `mywork`, with
# `linear`, `gelu` and `mlp` to be filled in. `minigpt check 05` says what is right, and names the
# mistake if there is one. Here is the same check on both functions of this lesson; every line
# should be green:

# %%
from minigpt.classroom import check

check(linear, linear_backward)

# %% [markdown]
# ## 13. What you can now read in `minigpt/`
#
# - `minigpt/layers/linear.py`: as ours, and the bias may be left out.
# - `minigpt/layers/gelu.py`: the tanh form and the exact one. `erf.py` computes the probability.
# - `minigpt/layers/relu.py`, and `minigpt/layers/mlp.py`, where the activation is chosen by name.
# - `tests/gradcheck/wrong_layers.py`: most mistakes of this lesson, and many more; a test makes
#   sure that each is caught.
#
# Here is minigpt's backward. `parts` is the table that the functions are taken from: those of
# `layers`, or their fast twins of `kernels`. The activation is found by its name.

# %%
print(inspect.getsource(layers.mlp_backward))

# %%
assert np.array_equal(np.array([[2.0, 1.0]]) @ weight + bias, [[16, 21, 35]])
assert parameters == 66_048
assert np.array_equal(dweight, [[2, 0, 0], [1, 3, 6]])
assert fits_weight == ["x.T @ dy"] and fits_x == ["dy @ W.T"] and len(all_equal) == 24
assert report.ok and all(same)
assert not any(wrong.ok for wrong in linear_wrongs + gelu_wrongs + mlp_wrongs)
assert "shape" in linear_wrongs[2].breaches[0]
assert np.allclose((rows @ A) @ B, rows @ merged) and (A.size + B.size, merged.size) == (512, 64)
assert np.array_equal(exactly_one, [0, 1, 1, 0])
assert np.isclose(straight[0] + straight[3], straight[1] + straight[2])
assert abs(factors[0] - 0.5) < 0.01 and factors[3] > 0.99 and factors[-3] < 0.01
assert np.isclose(slope[400], 0.5) and abs(slope[800] - 1) < 0.01 and 1 < slope.max() < 1.2
assert -0.18 < value.min() < -0.16 and -0.8 < lowest < -0.7 and np.abs(value - exact).max() < 5e-4
assert gelu_report.ok and all(gelu_same) and mlp_report.ok and mlp_same
for wrong in mlp_wrongs:
    fine = {tensor.name for tensor in wrong.tensors if tensor.ok}
    assert fine == {"c_proj.weight", "c_proj.bias"}
assert rows_changed == [[0, 0]]
assert curve_losses[32] < curve_losses[4] / 2 < curve_losses[4] < curve_losses[0] / 2
assert flop["backward"] == 2 * flop["forward"] and 0.4 < in_mlps / total < 0.5
assert sum(took["backward"].values()) > sum(took["forward"].values())
assert took["forward"]["gelu"] > 0.03 * sum(took["forward"].values())
assert 1e-3 < gelu_wrongs[0].max_relative_error < 0.1
assert check(linear, linear_backward)
print("all claims of this lesson hold")
