# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 07 · Masked attention
#
# *Mia saw Tom, then she smiled.* Who smiled? You know it because at the word `she` you looked back
# and found `Mia`. The parts of the earlier lessons cannot do that: an embedding, an MLP and a layer
# norm look at one place of the text at a time. How can the vector at one place learn something from
# the other places?
#
# At the end of this lesson you will have written **attention**, forward and backward, with several
# heads. You will have proved that no place can look into the future. You will have trained a small
# GPT on your own attention, and you will see what each head looks at. It takes about 100 minutes.

# %%
import inspect
import math
import random
import textwrap
import time
from functools import partial
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPT, GPTConfig, Tokenizer, Trainer, gradcheck, kernels, layers
from minigpt.corpus import tinytown
from minigpt.corpus.batches import DocumentBatches
from minigpt.plots import BLUE, GREY, ORANGE, lesson_style, show

lesson_style()
threadpool_limits(1)  # our matrices are small: one core is enough for them

LABELS = {
    "six_title": "No word looks at a later one",
    "six_x": "key: the word that is looked at",
    "six_y": "query: the word that looks",
    "six_bar": "attention weight",
    "scale_title": "Without the division, one place takes all",
    "scale_x": "D, the length of queries and keys",
    "scale_y": "largest of 16 weights (mean)",
    "scale_raw": "softmax(q · k)",
    "scale_divided": "softmax(q · k / √D)",
    "loss_title": "Looking back halves the loss",
    "loss_x": "step",
    "loss_y": "loss (smaller is better)",
    "loss_blind": "each place sees only itself",
    "loss_ours": "with our attention",
    "heads_title": "Four heads at the same place",
    "heads_head": "head",
    "person_title": "Another place, another question",
}

# %% [markdown]
# ## 1. Six words, three vectors each
#
# Attention is a search. Think of a room with labelled boxes. You come with a question. You compare
# it with all labels, and you take something out of each box: much where the label fits, little
# where it does not. In attention every place of the text has three vectors of `D` numbers:
#
# - a **query** `q`: what am I looking for?
# - a **key** `k`: what can I be found by? (the label)
# - a **value** `v`: what do I hand over? (what is in the box)
#
# In a GPT these vectors are computed by linear layers (lesson 05), and their weights are learned.
# Here we write them by hand for six words, with `D = 4`. The four numbers of queries and keys mean:
# is a person, is female, is male, is an action. The four numbers of the values mean: Mia, Tom,
# seeing, smiling.
#
# `she` asks for a person who is female: its query is `(4, 4, 0, 0)`. Its own key is empty: the word
# `she` alone does not say who she is. `Mia` and `then` ask for nothing.

# %%
words = ["Mia", "saw", "Tom", "then", "she", "smiled"]
MIA, SAW, TOM, THEN, SHE, SMILED = range(6)
q = np.array([[0, 0, 0, 0], [4, 0, 0, 0], [0, 0, 0, 4],  # saw: which person? Tom: which action?
              [0, 0, 0, 0], [4, 4, 0, 0], [4, 0, 0, 0]], dtype=float)  # fmt: skip
k = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0],
              [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], dtype=float)  # fmt: skip
v = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0],
              [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], dtype=float)  # fmt: skip
T, D = q.shape
for word, query, key, value in zip(words, q, k, v, strict=True):
    print(f"{word:<7} q {query}  k {key}  v {value}")

# %% [markdown]
# How well does a key fit a query? We take the dot product and divide it by $\sqrt{D} = 2$ (section
# 3 tells why). The result is called a **score**.
#
# Scores can be any numbers. We want shares: positive numbers that add up to 1. For this we take
# `exp` of each score, which is positive, and divide by the sum. That is the **softmax**:
#
# $$w_j = \frac{e^{s_j}}{e^{s_0} + e^{s_1} + \dots} \qquad s_j = \frac{q \cdot k_j}{\sqrt{D}}$$
#
# The shares $w_j$ are the **attention weights**. The result is the average of the values with these
# weights: $y = \sum_j w_j v_j$.
#
# **Predict:** `she` looks at the five words up to itself. Compute its five scores on paper. Which
# word gets the largest weight? And does `Tom`, who is a person but not female, get nothing? ($e^0 =
# 1$, $e^2 \approx 7.4$, $e^4 \approx 54.6$.) Write your answer down before you run the next cell.

# %%
scores_she = q[SHE] @ k[: SHE + 1].T / math.sqrt(D)
exp = np.exp(scores_she)
weights_she = exp / exp.sum()
y_she = weights_she @ v[: SHE + 1]
print("words  ", *(f"{word:>6}" for word in words[: SHE + 1]))
print("scores ", *(f"{s:6.1f}" for s in scores_she))
print("exp    ", *(f"{e:6.1f}" for e in exp), f"   sum {exp.sum():.1f}")
print("weights", *(f"{w:6.3f}" for w in weights_she), f"   sum {weights_she.sum():.1f}")
print("y      ", y_she.round(3), "  (Mia, Tom, seeing, smiling)")

# %% [markdown]
# The vector at `she` now says: 84 % Mia, 11 % Tom. Softmax never gives exactly zero, so `Tom` gets
# a little as well. That is not a mistake. It makes the function smooth: a small change of a query
# moves the weights a little, and so there is a gradient to learn from.
#
# ## 2. The mask, and why nothing leaks
#
# All six places can be computed at once: `q @ k.T` is a 6 × 6 table, one row for each query. But
# there is a rule. At every place a GPT has to say which word comes next. At `she` it must guess
# `smiled`. If `she` could look at `smiled`, there would be nothing to guess: the model would copy,
# and when it writes a text of its own, there is nothing to copy from.
#
# So a place may look at itself and at the places before it, never at a later one. This is the
# **causal mask**: a table of True and False, the lower triangle. Where it says False, the score is
# replaced by the smallest number there is, and `exp` of that is 0.

# %%
mask = np.tri(T, dtype=bool)  # True where a query (row) may look at a key (column)
print(mask.astype(int))


def attend(q, k, v, mask):
    """Scores, mask, softmax, average of the values; the weights as well, to look at them."""
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
    scores = np.where(mask, scores, np.finfo(scores.dtype).min)
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exp / exp.sum(axis=-1, keepdims=True)
    return weights @ v, weights


y, weights = attend(q, k, v, mask)

# %% [markdown]
# One line is new: we subtract the largest score of each row before `exp`. This changes nothing,
# because $e^{s - m} = e^s / e^m$ and the factor $e^m$ stands above and below the fraction. But it
# keeps `exp` from becoming too large for the computer (lesson 08 comes back to this).
#
# `k.swapaxes(-1, -2)` exchanges the last two axes. For one table it is `k.T`; later we shall have
# many tables side by side.
#
# Here are all weights.

# %%
figure, axes = plt.subplots(figsize=(7.6, 5.6))
image = axes.imshow(np.where(mask, weights, np.nan), vmin=0, vmax=1)
for i in range(T):
    for j in range(i + 1):
        colour = "white" if weights[i, j] < 0.6 else "black"
        axes.text(j, i, f"{weights[i, j]:.2f}", ha="center", va="center", color=colour)
axes.set_xticks(range(T), words)
axes.set_yticks(range(T), words)
axes.set(xlabel=LABELS["six_x"], ylabel=LABELS["six_y"], title=LABELS["six_title"])
axes.tick_params(length=0)
axes.spines[:].set_visible(False)
figure.colorbar(image, label=LABELS["six_bar"], shrink=0.8)
show(figure)

# %% [markdown]
# **What to see:** read it row by row; each row adds up to 1. `Mia` is the first word and has no
# choice: it looks at itself. `she` looks at `Mia`. `smiled` asks for any person and shares between
# `Mia` and `Tom`. `then` asks for nothing and takes the plain mean of all that it sees.
#
# Now the proof that nothing leaks. We change the last word: `smiled` becomes `cried`, with another
# query, another key and another value.
#
# **Predict:** which of the six rows of `y` change, with the mask and without it? Write your answer
# down before you run the next cell.

# %%
q_new, k_new, v_new = q.copy(), k.copy(), v.copy()
q_new[SMILED], k_new[SMILED], v_new[SMILED] = [0, 0, 0, 4], [0, 1, 0, 2], [0, 0, 0, -1]


def changed_words(attention_function, mask):
    before, _ = attention_function(q, k, v, mask)
    after, _ = attention_function(q_new, k_new, v_new, mask)
    return [words[i] for i in range(T) if not np.array_equal(before[i], after[i])]


no_mask = np.ones((T, T), dtype=bool)
print("with the mask   ", changed_words(attend, mask))
print("without the mask", changed_words(attend, no_mask))

# %% [markdown]
# With the mask, only the place of the changed word is different. All others are equal to the last
# bit. Without it, every place has noticed the change.
#
# A mask is easy to get wrong. Two mistakes that people really make:
#
# 1. **One place too far:** `np.tri(T, k=1)` lets each place see the next word. This is the worst
#    one. The loss becomes wonderful, and the model is useless.
# 2. **Too late:** take the softmax of all scores, and multiply the weights by the mask afterwards.
#    Then no later *value* gets through. Is that enough?


# %%
def attend_mask_too_late(q, k, v, mask):
    _, weights = attend(q, k, v, np.ones_like(mask))
    weights = weights * mask
    return weights @ v, weights


one_too_far = np.tri(T, k=1, dtype=bool)
print("one place too far", changed_words(attend, one_too_far))
print("mask too late    ", changed_words(attend_mask_too_late, mask))
print("row sums, too late", attend_mask_too_late(q, k, v, mask)[1].sum(axis=1).round(2))

# %% [markdown]
# It is not enough: `Tom` and `she` notice the change. (`Mia` and `then` do not, because they ask
# for nothing; `saw` asks for something that neither the old nor the new key has.) The later words
# hand over no value, but they stand in the sum below the fraction and make the other weights
# smaller. The row sums show it: only the last row adds up to 1. **The mask belongs in front of the
# softmax.**
#
# ## 3. Why divide by √D?
#
# Take two random vectors of `D` numbers with mean 0 and variance 1. Their dot product is a sum of
# `D` products, each with mean 0 and variance 1. For independent numbers variances add up. So the
# dot product has the variance `D`, and its standard deviation is $\sqrt{D}$. (The standard
# deviation, the square root of the variance, is the typical distance from the mean.)
#
# So long vectors give large scores, for no good reason. Divided by $\sqrt{D}$, the scores have a
# standard deviation of 1 for every `D`. What is bad about large scores?

# %%
rng = np.random.default_rng(0)
sizes = [1, 4, 16, 64, 256]
largest = {"scale_raw": [], "scale_divided": []}
slopes = {"scale_raw": [], "scale_divided": []}
print("   D   std of q·k   mean of w(1-w): without, with the division")
for size in sizes:
    queries, keys = rng.standard_normal((2000, 1, size)), rng.standard_normal((2000, 16, size))
    dots = (queries * keys).sum(axis=-1)  # (2000, 16): 2000 queries, 16 keys each
    for name, scores in (("scale_raw", dots), ("scale_divided", dots / math.sqrt(size))):
        w, _ = layers.softmax(scores)
        largest[name].append(w.max(axis=1).mean())
        slopes[name].append((w * (1 - w)).mean())
    print(f"{size:4d} {dots.std():12.2f} {slopes['scale_raw'][-1]:19.4f} "
          f"{slopes['scale_divided'][-1]:9.4f}")  # fmt: skip

# %%
figure, axes = plt.subplots()
for name, colour in (("scale_raw", ORANGE), ("scale_divided", BLUE)):
    axes.plot(sizes, largest[name], "o-", color=colour, label=LABELS[name])
axes.set_xscale("log", base=2)
axes.set_xticks(sizes, sizes)
axes.set(xlabel=LABELS["scale_x"], ylabel=LABELS["scale_y"], title=LABELS["scale_title"],
         ylim=(0, 1))  # fmt: skip
axes.legend(frameon=False)
show(figure)

# %% [markdown]
# **What to see:** the blue line hardly changes with `D`. The orange one goes up: with `D = 256` one
# key takes nearly all of the weight, and which key is an accident of the first random numbers.
#
# The last columns of the table tell why that is bad. In the next section you will see that `w (1 -
# w)` is the slope of the softmax. If one weight is almost 1 and the others almost 0, all slopes are
# almost 0: nothing can be learned any more.
#
# ## 4. The gradient of the softmax
#
# The forward pass has four steps: scores, mask, softmax, average. Three of them you know how to
# undo. The softmax is new, because **every** input reaches **every** output: raise one score, and
# all other weights go down.
#
# **Step 1.** Write $y_i = e^{x_i} / S$ with $S = \sum_j e^{x_j}$. How does $y_i$ change with $x_j$?
# The quotient rule says $(u/S)' = (u' S - u S') / S^2$, and the derivative of $S$ by $x_j$ is
# $e^{x_j}$.
#
# **Step 2.** There are two cases.
#
# $$i = j: \quad \frac{\partial y_i}{\partial x_i} = \frac{e^{x_i} S - e^{x_i} e^{x_i}}{S^2} = y_i -
# y_i y_i = y_i (1 - y_i)$$
#
# $$i \ne j: \quad \frac{\partial y_i}{\partial x_j} = \frac{0 \cdot S - e^{x_i} e^{x_j}}{S^2} = -
# y_i y_j$$
#
# **Step 3.** All these numbers together are a table with one row for each output and one column for
# each input. Such a table of all partial derivatives is called the **Jacobian** $J$.
#
# **Step 4.** The chain rule adds up all ways by which $x_j$ reaches the loss (lesson 02): $dx_j =
# \sum_i dy_i \, \partial y_i / \partial x_j$. In words: multiply `dy` by the table.
#
# A case for paper: three scores whose softmax is $y = (0.5, 0.3, 0.2)$.
#
# **Predict:** fill in the 3 × 3 table on paper. What is the sum of each row? And what is `dx` for
# `dy = (1, 1, 1)`? Write your answers down before you run the next cell.

# %%
y3 = np.array([0.5, 0.3, 0.2])
J = np.diag(y3) - np.outer(y3, y3)
print(J.round(2))
print("row sums          ", J.sum(axis=1).round(12) + 0.0)
print("dy = (1, 1, 1): dx", (np.ones(3) @ J).round(12) + 0.0)
print("dy = (1, 0, 0): dx", np.array([1.0, 0, 0]) @ J)

# %% [markdown]
# Each row adds up to 0. It must: add the same number to all scores, and the weights stay as they
# are. So for `dy = (1, 1, 1)` the gradient is 0. That is why a check with a `dy` of ones proves
# nothing about a softmax (lesson 02), and why `gradcheck` takes a random `dy`.
#
# **Step 5.** Now a trick: we never need the table, only its product with `dy`. Put the two cases
# into the sum of step 4:
#
# $$dx_j = dy_j \, y_j - \sum_i dy_i \, y_i \, y_j = y_j \Big( dy_j - \sum_i dy_i \, y_i \Big)$$
#
# The sum is one number for the whole row: the mean of `dy`, weighted with `y`. So the rule can be
# said in words. **A score goes up if its `dy` is better than the average, and down if it is worse;
# and it moves in proportion to its weight.**
#
# By hand with `dy = (1, 0, 0)`: the average is $0.5$, so $dx = (0.5 \cdot 0.5,\; 0.3 \cdot (-0.5),
# \; 0.2 \cdot (-0.5)) = (0.25, -0.15, -0.10)$, the first row of the table.


# %%
def softmax(x):
    """Positive numbers that sum to 1 over the last axis; the cache is y itself."""
    exp = np.exp(x - x.max(axis=-1, keepdims=True))
    y = exp / exp.sum(axis=-1, keepdims=True)
    return y, y


def softmax_backward(dy, y):
    """dx = y * (dy - sum(dy * y)), without building the Jacobian."""
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True)), {}


print(softmax_backward(np.array([1.0, 0, 0]), y3)[0])
report_softmax = gradcheck(softmax, softmax_backward, [rng.standard_normal((2, 3, 5))])
print(report_softmax)

# %% [markdown]
# What does the trick save? In attention with `T` places, each of the `T` rows has a Jacobian of `T
# × T` numbers. Let us measure it for 4 heads and `T = 160`.

# %%
y_large, _ = softmax(rng.standard_normal((4, 160, 160)))
dy_large = rng.standard_normal(y_large.shape)


def backward_with_jacobians(dy, y):
    J = np.eye(y.shape[-1]) * y[..., None, :] - y[..., :, None] * y[..., None, :]  # (4, T, T, T)
    return (dy[..., None, :] @ J)[..., 0, :], J.nbytes


def seconds(run, times=3):
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


dx_built, jacobian_bytes = backward_with_jacobians(dy_large, y_large)
dx_short, _ = softmax_backward(dy_large, y_large)
t_built = seconds(lambda: backward_with_jacobians(dy_large, y_large))
t_short = seconds(lambda: softmax_backward(dy_large, y_large))
print(f"largest difference {np.abs(dx_built - dx_short).max():.1e}")
print(f"built:     {jacobian_bytes / 1e6:6.1f} MB, {1e3 * t_built:6.1f} ms")
print(f"not built: {dx_short.nbytes / 1e6:6.1f} MB, {1e3 * t_short:6.1f} ms")

# %% [markdown]
# The same numbers, with 160 times less memory.
#
# ## 5. Attention, forward and backward
#
# Now we can undo all four steps, from the last to the first. The rule for a matrix product is known
# from lesson 05: from `y = a @ b` follow `da = dy @ b.T` and `db = a.T @ dy`.
#
# | forward | backward | rule |
# |---|---|---|
# | `y = weights @ v` | `dweights = dy @ v.T` and `dv = weights.T @ dy` | matrix product |
# | `weights = softmax(scores)` | `dscores = softmax_backward(dweights)` | section 4 |
# | hidden scores become constants | `dscores` is 0 there | a constant has slope 0 |
# | `scores = q @ k.T / sqrt(D)` | `dq = dscores @ k / sqrt(D)` | matrix product |
# | the same line, for `k` | `dk = dscores.T @ q / sqrt(D)` | matrix product |
#
# In words: `dv` says that a value gets its gradient from all places that looked at it, each with
# its weight. `dweights` asks for each pair: would it help to look there more?
#
# We write it for arrays of any number of leading axes, `(..., T, D)`. We take `math.sqrt`, not
# `np.sqrt`: NumPy's gives a float64 and would turn a float32 model into a float64 one (lesson 01).


# %%
def dot_product(q, k, v, mask):
    """y = softmax(q @ k.T / sqrt(D), where the mask is True) @ v, for (..., T, D)."""
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
    scores = np.where(mask, scores, np.finfo(scores.dtype).min)
    weights, softmax_cache = softmax(scores)
    return weights @ v, (q, k, v, mask, weights, softmax_cache)


def dot_product_backward(dy, cache):
    """From dy to the tuple (dq, dk, dv)."""
    q, k, v, mask, weights, softmax_cache = cache
    dweights = dy @ v.swapaxes(-1, -2)  # y = weights @ v
    dv = weights.swapaxes(-1, -2) @ dy  # y = weights @ v
    dscores, _ = softmax_backward(dweights, softmax_cache)
    dscores = np.where(mask, dscores, 0)  # scores = where(mask, scores, min)
    dscores = dscores / math.sqrt(q.shape[-1])
    dq = dscores @ k  # scores = q @ k.T / sqrt(D)
    dk = dscores.swapaxes(-1, -2) @ q  # scores = q @ k.T / sqrt(D)
    return (dq, dk, dv), {}


shape = (2, 3, 5, 4)  # (B, H, T, D)
qkv = [rng.standard_normal(shape) for _ in range(3)]
triangle = np.tri(5, dtype=bool)
report = gradcheck(partial(dot_product, mask=triangle), dot_product_backward, qkv)
print(report)

# %% [markdown]
# (`partial` binds the mask, so that `gradcheck` sees a function of `q`, `k` and `v`, here `input
# 0`, `1` and `2`.) And minigpt's own function gives the same:

# %%
y_ours, cache_ours = dot_product(*qkv, triangle)
y_minigpt, cache_minigpt = layers.scaled_dot_product(*qkv, triangle)
dy = rng.standard_normal(shape)
ours, _ = dot_product_backward(dy, cache_ours)
theirs, _ = layers.scaled_dot_product_backward(dy, cache_minigpt)
pairs = zip([y_ours, *ours], [y_minigpt, *theirs], strict=True)
difference = max(np.abs(a - b).max() for a, b in pairs)
print(f"largest difference from minigpt: {difference:.1e}")

# %% [markdown]
# ### Break it on purpose
#
# Four changes to the backward pass:
#
# - **diagonal:** somebody takes the softmax for a function of each element by itself, with the
#   slope $y (1 - y)$, and forgets the other entries of the Jacobian;
# - **not transposed:** `dk = dscores @ q`. The shapes fit, since `dscores` is square;
# - **not scaled:** the division by $\sqrt{D}$ is forgotten on the way back;
# - **no mask:** the line `dscores = np.where(mask, dscores, 0)` is left out.
#
# **Predict:** which of the four does `gradcheck` find? One of them it does not. Which one, and why?


# %%
def broken_backward(dy, cache, mistake):
    q, k, v, mask, weights, softmax_cache = cache
    dweights = dy @ v.swapaxes(-1, -2)
    dv = weights.swapaxes(-1, -2) @ dy
    dscores, _ = softmax_backward(dweights, softmax_cache)
    if mistake == "diagonal":
        dscores = dweights * weights * (1 - weights)
    if mistake != "no mask":
        dscores = np.where(mask, dscores, 0)
    if mistake != "not scaled":
        dscores = dscores / math.sqrt(q.shape[-1])
    dk = dscores @ q if mistake == "not transposed" else dscores.swapaxes(-1, -2) @ q
    return (dscores @ k, dk, dv), {}


broken = {}
for mistake in ("diagonal", "not transposed", "not scaled", "no mask"):
    backward = partial(broken_backward, mistake=mistake)
    found = gradcheck(partial(dot_product, mask=triangle), backward, qkv, name=mistake)
    broken[mistake] = found
    wrong = [f"d{'qkv'[n]}" for n, tensor in enumerate(found.tensors) if not tensor.ok]
    print(f"{mistake:<15} ok {found.ok!s:<6} worst error {found.max_relative_error:.0e}  {wrong}")

# %% [markdown]
# The first three are found. The diagonal mistake spoils `dq` and `dk`; `dv` does not pass through
# the softmax and stays right.
#
# "No mask" passes, and it is no mistake here. At a hidden place the weight is exactly 0, and
# `softmax_backward` multiplies by the weight: what is hidden gets the gradient 0 by itself. Why do
# we keep the line? Because of a query that may look *nowhere*. Then all its scores are the same
# smallest number, and its weights are all equal instead of 0. This happens when texts of different
# lengths share a batch and the gap in front of the short ones is hidden. Let us see:

# %%
with_gap = triangle & (np.arange(5) > 0)  # nobody may look at place 0, not even place 0
gap = gradcheck(
    partial(dot_product, mask=with_gap), partial(broken_backward, mistake="no mask"), qkv
)
print("with a query that may look nowhere, 'no mask':", gap.ok)
print("the same, with the line:",
      gradcheck(partial(dot_product, mask=with_gap), dot_product_backward, qkv).ok)  # fmt: skip

# %% [markdown]
# ## 6. Several heads
#
# One softmax gives one average. But a place may have several questions: who did it, what was it,
# which word stood just before me? A single average would mix the answers. So a GPT does attention
# several times side by side, with smaller vectors. Each of these is a **head**; together they are
# **multi-head attention**. With `C` channels and `H` heads each head has `D = C / H` numbers.
#
# Where do queries, keys and values come from? From one linear layer, called `c_attn` in GPT-2. It
# turns the `C` numbers of a place into `3 C`: first all queries, then all keys, then all values. At
# the end a second linear layer, `c_proj`, mixes what the heads have found.
#
# `x` → `c_attn` → `q`, `k`, `v` → cut into heads → attention in each head → side by side → `c_proj`
# → `y`
#
# To cut `C` into heads is a matter of shapes. A small case: `T = 2` places (tens digit), `C = 4`
# channels (ones digit), `H = 2` heads.

# %%
x_small = np.array([[[10, 11, 12, 13], [20, 21, 22, 23]]])  # (B, T, C) = (1, 2, 4)
right = x_small.reshape(1, 2, 2, 2).swapaxes(1, 2)  # (B, T, H, D) -> (B, H, T, D)
wrong = x_small.reshape(1, 2, 2, 2)  # read as (B, H, T, D) at once
print("right: head 0 has", right[0, 0].tolist(), " head 1 has", right[0, 1].tolist())
print("wrong: head 0 has", wrong[0, 0].tolist(), " head 1 has", wrong[0, 1].tolist())

# %% [markdown]
# In the right one, head 0 has channels 0 and 1 of both places. In the wrong one, head 0 has all of
# the first place (the tens), cut into two "places" that do not exist. Both have the same shape, and
# no error message tells you. Remember this for the end of the section.
#
# Here is the function of this lesson. It calls minigpt's `linear` (lesson 05) and our
# `dot_product`. The backward goes the same way home: undo `c_proj`, cut into heads, undo the dot
# product, put `dq`, `dk` and `dv` side by side, undo `c_attn`.


# %%
def split_heads(x, n_head):
    """(B, T, C) -> (B, H, T, D)."""
    B, T, C = x.shape
    return x.reshape(B, T, n_head, C // n_head).swapaxes(1, 2)


def merge_heads(x):
    """(B, H, T, D) -> (B, T, C)."""
    B, H, T, D = x.shape
    return x.swapaxes(1, 2).reshape(B, T, H * D)


def attention(x, c_attn, c_proj, n_head, merge=merge_heads):
    """Masked multi-head attention: x (B, T, C) -> y (B, T, C)."""
    mask = np.tri(x.shape[1], dtype=bool)
    qkv, qkv_cache = layers.linear(x, **c_attn)  # (B, T, 3C)
    q, k, v = (split_heads(part, n_head) for part in np.split(qkv, 3, axis=-1))
    heads, heads_cache = dot_product(q, k, v, mask)
    y, proj_cache = layers.linear(merge(heads), **c_proj)
    return y, (n_head, qkv_cache, heads_cache, proj_cache)


def attention_backward(dy, cache, split=split_heads):
    """From dy (B, T, C) to dx and the gradients of c_attn and c_proj."""
    n_head, qkv_cache, heads_cache, proj_cache = cache
    dmerged, dc_proj = layers.linear_backward(dy, proj_cache)
    dheads = split(dmerged, n_head)  # undoes merge
    dqkv, _ = dot_product_backward(dheads, heads_cache)
    dqkv = np.concatenate([merge_heads(d) for d in dqkv], axis=-1)  # undoes the split into three
    dx, dc_attn = layers.linear_backward(dqkv, qkv_cache)
    return dx, {"c_attn": dc_attn, "c_proj": dc_proj}


B, T_x, C, H = 2, 3, 8, 2
x = rng.standard_normal((B, T_x, C))
params = {
    "c_attn": {"weight": rng.standard_normal((C, 3 * C)), "bias": rng.standard_normal(3 * C)},
    "c_proj": {"weight": rng.standard_normal((C, C)), "bias": rng.standard_normal(C)},
}
report_attention = gradcheck(partial(attention, n_head=H), attention_backward, [x], params)
print(report_attention)
y_ours, cache_ours = attention(x, **params, n_head=H)
y_theirs, cache_theirs = layers.attention(x, **params, n_head=H)
dy = rng.standard_normal(x.shape)
dx_ours, dx_theirs = (attention_backward(dy, cache_ours)[0],
                      layers.attention_backward(dy, cache_theirs)[0])  # fmt: skip
print(f"largest difference from minigpt: y {np.abs(y_ours - y_theirs).max():.1e}, "
      f"dx {np.abs(dx_ours - dx_theirs).max():.1e}")  # fmt: skip

# %% [markdown]
# Now a mistake that you will find in real code: somebody forgets `swapaxes` in `merge_heads` and
# writes `heads.reshape(B, T, C)`. All shapes fit. There are two cases. In the first, the backward
# pass is the right one from above. In the second, the same person writes the backward pass, and
# undoes the wrong merge exactly, with `dmerged.reshape(B, H, T, D)`.
#
# **Predict:** does `gradcheck` find the mistake in the first case? And in the second?


# %%
def merge_wrong(x):
    B, H, T, D = x.shape
    return x.reshape(B, T, H * D)


def undo_merge_wrong(x, n_head):
    B, T, C = x.shape
    return x.reshape(B, n_head, T, C // n_head)


wrong_attention = partial(attention, n_head=H, merge=merge_wrong)
fitting_backward = partial(attention_backward, split=undo_merge_wrong)
first_case = gradcheck(wrong_attention, attention_backward, [x], params)
second_case = gradcheck(wrong_attention, fitting_backward, [x], params)
print(f"wrong merge, right backward:   ok {first_case.ok}")
print(f"wrong merge, fitting backward: ok {second_case.ok}")

# %% [markdown]
# The second passes. Forward and backward fit together; they are the right pair for a wrong
# function. `gradcheck` asks one question only: is this the gradient of that forward? To find a
# wrong *forward* we need the other test, the one of section 2: change a place and see who notices.
# Here it is for any function of `x`.


# %%
def who_notices(f, x):
    """A table (T, T): True where a change of x at place j (column) changes y at place i (row)."""
    y, _ = f(x)
    table = np.zeros((x.shape[1],) * 2, dtype=bool)
    for j in range(x.shape[1]):
        changed = x.copy()
        changed[:, j] += 1.0
        table[:, j] = (f(changed)[0] != y).any(axis=(0, 2))
    return table


seen = who_notices(partial(attention, **params, n_head=H), x)
seen_wrong = who_notices(partial(wrong_attention, **params), x)
print("ours:", *seen.astype(int), sep="\n")
print("wrong merge:", *seen_wrong.astype(int), sep="\n")

# %% [markdown]
# Ours is the lower triangle: place `i` notices changes at `j <= i` only. The wrong merge has ones
# above the diagonal: places that see the future. **A gradient check and a leak test find different
# mistakes. You need both.**
#
# ## 7. What does it cost?
#
# The weights are a table of `T × T` for each head and each text.
#
# **Predict:** a text becomes twice as long, `T = 256` instead of 128. How many times as many
# weights are there? How many times as much work have the linear layers `c_attn` and `c_proj`?
# Write your answers down before you run the next cell.

# %%
big_rng = np.random.default_rng(1)
C_big, H_big = 64, 4
big = {
    "c_attn": {"weight": big_rng.standard_normal((C_big, 3 * C_big)).astype("float32") / 8},
    "c_proj": {"weight": big_rng.standard_normal((C_big, C_big)).astype("float32") / 8},
}
weight_bytes = {}
print("    T   linear layers   scores and average      weights     time")
for length in (64, 128, 256, 512):
    x_big = big_rng.standard_normal((1, length, C_big)).astype("float32")
    took = seconds(lambda x_big=x_big: attention(x_big, **big, n_head=H_big), times=5)
    _, (_, _, heads_cache, _) = attention(x_big, **big, n_head=H_big)
    weight_bytes[length] = heads_cache[4].nbytes
    linear_flops = 2 * 4 * length * C_big**2  # lesson 01: 2 FLOPs for each weight and row
    pair_flops = 2 * 2 * length**2 * C_big
    print(f"{length:5d} {linear_flops / 1e6:8.1f} MFLOP {pair_flops / 1e6:14.1f} MFLOP "
          f"{weight_bytes[length] / 1e6:9.2f} MB {1e3 * took:6.1f} ms")  # fmt: skip

# %% [markdown]
# Linear layers grow with `T`, attention grows with `T²`: four times as many weights for twice as
# much text. This is why long texts are expensive for a GPT. And half of the table is hidden: we
# compute scores only to throw them away. minigpt's fast twin in `minigpt/kernels/attention.py`
# leaves most of the hidden half out and keeps the table in small tiles.
#
# ## 8. A GPT with your attention
#
# Does it learn to look back? We train a GPT with a single block, whose attention is the function
# that you have just read. How a GPT is put together and trained is the matter of lessons 08 to 12;
# here we use minigpt's `GPT` and `Trainer` as they are. The model takes its functions from a table,
# and we put ours into it.
#
# The text: short stories from TinyTown, the world that is built into minigpt. In these stories two
# people play with a thing, and one hides it. To guess the next word one must remember who they are
# and what the thing is. Most words are one token (lesson 03). `init_std=0.1` makes the first
# weights five times as large as GPT-2's: so small a model then needs less time to get going.

# %%
story_rng = random.Random(0)
texts = [tinytown.story(story_rng, kind="hide").text for _ in range(2500)]
tokenizer = Tokenizer.train(texts, vocab_size=1000)
documents = [np.array([tokenizer.eot, *tokenizer.encode(text), tokenizer.eot]) for text in texts]
config = GPTConfig(vocab_size=tokenizer.vocab_size, block_size=max(map(len, documents)), n_layer=1,
                   n_head=4, n_embd=64, init_std=0.1)  # fmt: skip
print(textwrap.fill(texts[0], 90))
print(f"{tokenizer.vocab_size} different tokens, at most {config.block_size} in a story")

# %% [markdown]
# For comparison we train a second model, which is blind: each of its places sees only itself. Its
# "attention" passes on the value of its own place. All other parts, and the number of parameters,
# are the same.
#
# The **loss** says how badly the next words are guessed, less is better (lesson 08).


# %%
def our_attention(x, c_attn, c_proj, n_head, **_):  # the model passes more options than we know
    return attention(x, c_attn, c_proj, n_head)


def blind_attention(x, c_attn, c_proj, n_head, **_):
    qkv, qkv_cache = layers.linear(x, **c_attn)
    y, proj_cache = layers.linear(np.split(qkv, 3, axis=-1)[2], **c_proj)  # v alone
    return y, (qkv_cache, proj_cache)


def blind_attention_backward(dy, cache):
    qkv_cache, proj_cache = cache
    dv, dc_proj = layers.linear_backward(dy, proj_cache)
    nothing = np.zeros_like(dv)
    dx, dc_attn = layers.linear_backward(np.concatenate([nothing, nothing, dv], axis=-1), qkv_cache)
    return dx, {"c_attn": dc_attn, "c_proj": dc_proj}


def trained(forward, backward, steps=400):
    table = SimpleNamespace(**vars(kernels))  # minigpt's fast functions, one pair replaced
    table.attention, table.attention_backward = forward, backward
    model = GPT(config, seed=1, device="cpu", layers=table)
    batches = DocumentBatches(documents, batch_size=8, block_size=config.block_size, seed=0)
    trainer = Trainer(model, batches, batch_size=8, steps=steps, lr=0.01, min_lr=0.001, warmup=30,
                      threads=1)  # fmt: skip
    return model, [trainer.step() for _ in range(steps)]


start = time.perf_counter()
model, losses = trained(our_attention, attention_backward)
_, blind_losses = trained(blind_attention, blind_attention_backward)
print(f"two trainings in {time.perf_counter() - start:.1f} s")
last, blind_last = np.mean(losses[-50:]), np.mean(blind_losses[-50:])
print(f"mean loss of the last 50 steps: blind {blind_last:.2f}, with our attention {last:.2f}")

# %%
figure, axes = plt.subplots()
for values, name, colour in ((blind_losses, "loss_blind", GREY), (losses, "loss_ours", BLUE)):
    smooth = np.convolve(values, np.ones(10) / 10, mode="valid")  # mean of 10 steps
    axes.plot(np.arange(10, len(values) + 1), smooth, color=colour)
    axes.annotate(LABELS[name], (len(values), smooth[-1]), (-6, 8), textcoords="offset points",
                  color=colour, ha="right")  # fmt: skip
axes.set(xlabel=LABELS["loss_x"], ylabel=LABELS["loss_y"], title=LABELS["loss_title"], ylim=(0, 7))
show(figure)

# %% [markdown]
# **What to see:** both models learn quickly which words often follow each other. Then the blind one
# is stuck, and the other falls on: it has found out how to look back.
#
# Now let us see where it looks. We take a new story and stop before the thing is named again. Which
# words have the largest weights, in each of the four heads?
#
# **Predict:** you read *Leo had a truck and showed it to Finn. Leo left the truck in the tree and
# went out. Then Finn hid the* … Which earlier words would *you* look at to say what comes next?

# %%
watched = []


def watching_attention(x, c_attn, c_proj, n_head, **_):
    y, cache = attention(x, c_attn, c_proj, n_head)
    watched.append(cache[2][4][0])  # the weights (H, T, T) of the first sequence
    return y, cache


watcher = SimpleNamespace(**vars(kernels))
watcher.attention = watching_attention
watching_model = GPT(config, params=model.params, device="cpu", layers=watcher)


def look(text):
    """Tokens as texts, weights (H, T, T), probabilities (T, V) of what comes next, ids."""
    ids = np.array([tokenizer.eot, *tokenizer.encode(text)])
    watched.clear()
    logits = watching_model(ids[None])[0]
    return [tokenizer.token_text(int(i)) for i in ids], watched[0], softmax(logits)[0], ids


new_rng = random.Random(5)
story = tinytown.story(new_rng, kind="hide")
facts = story.facts  # "x" is the thing, "A" and "B" are the people
pieces, head_weights, chances, ids = look(story.text)
mentions = {key: [i for i, piece in enumerate(pieces) if piece.strip() == facts[key]]
            for key in "xAB"}  # fmt: skip
thing_place = mentions["x"][-1] - 1  # where the thing is to be named for the last time
person_place = max(mentions["A"] + mentions["B"]) - 1  # the same for a person
print(textwrap.fill(story.text, 90))
for place in (thing_place, person_place):
    print("\nthe model reads up to: …" + "".join(pieces[place - 4 : place + 1]))
    for i in np.argsort(-chances[place])[:3]:
        print(f"  next {tokenizer.token_text(int(i))!r:<12} {chances[place, i]:.3f}")

# %%
WIDTH = 76  # characters in a line


def draw_weights(axes, place, head):
    """Write the text up to `place`, each word on a ground as dark as its weight."""
    line, column = 0, 0
    for i, piece in enumerate(pieces[: place + 1]):
        if i == 0:
            continue  # the end-of-text token, which has no text
        if column + len(piece) > WIDTH:
            line, column = line + 1, 0
        word = piece.lstrip()
        left = column + (len(piece) - len(word) if column else 0)
        column = left + len(word)
        ground = plt.cm.YlOrBr(0.65 * head_weights[head, place, i] ** 0.5)
        edge = BLUE if i == place else "none"
        box = plt.Rectangle((left, line - 0.42), len(word), 0.84, fc=ground, ec=edge, lw=2.5)
        axes.add_patch(box)
        axes.text(left + len(word) / 2, line, word, ha="center", va="center", fontsize=12.5,
                  family="monospace")  # fmt: skip
    axes.set(xlim=(-0.5, WIDTH + 0.5), ylim=(line + 0.6, -0.6))
    axes.set_title(f"{LABELS['heads_head']} {head}", fontsize=12)
    axes.axis("off")


figure, all_axes = plt.subplots(config.n_head, figsize=(9.5, 5.2))
for head, axes in enumerate(all_axes):
    draw_weights(axes, thing_place, head)
figure.suptitle(LABELS["heads_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** the place that looks has a blue frame. The darker a word, the larger its weight.
# The heads differ: at least one has found the thing, others spread their weights and seem to have
# nothing to do here.
#
# Now another place of the same story: the next word is the name of a person. Here is the head that
# looks most at the people.

# %%
people = [i for key in "AB" for i in mentions[key] if i <= person_place]
person_head = int(head_weights[:, person_place, people].sum(axis=1).argmax())
figure, axes = plt.subplots(figsize=(9.5, 2.6))
draw_weights(axes, person_place, person_head)
figure.suptitle(LABELS["person_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** now a name is dark. The keys of the words are the same as before; the query
# is another one.
#
# One story may be an accident. So we count over 60 new stories: just before the thing (or a person)
# is named again, how much weight lies on its earlier mentions, and how likely does the model think
# the right word?

# %%
share = {key: np.zeros(config.n_head) for key in "xAB"}
right_chance = {key: [] for key in "xAB"}
for _ in range(60):
    one = tinytown.story(new_rng, kind="hide")
    pieces, head_weights, chances, ids = look(one.text)
    for key in "xAB":
        found = [i for i, piece in enumerate(pieces) if piece.strip() == one.facts[key]]
        for place in found[1:]:
            earlier = [i for i in found if i < place]
            share[key] += head_weights[:, place - 1, earlier].sum(axis=1)
            right_chance[key].append(chances[place - 1, ids[place]])
names = {"x": "the thing", "A": "person 1", "B": "person 2"}
print("weight on earlier mentions of    head 0  head 1  head 2  head 3    right word")
for key, name in names.items():
    share[key] /= len(right_chance[key])
    shares = "  ".join(f"{s:6.2f}" for s in share[key])
    print(f"{name:<30} {shares} {np.mean(right_chance[key]):12.2f}")

# %% [markdown]
# Nobody told the model that there are people and things. It found out that it pays to look for
# them, because every gradient that you derived in sections 4 to 6 pushed it a little in that
# direction.
#
# A word of caution: attention weights show where a head takes values from. They do not show what
# `c_proj` and the MLP make of them. Do not read a picture of attention as the reason of a model.
#
# ## 9. Exercises
#
# 1. **Easy.** A man instead: give `she` the query of `he`, `(4, 0, 4, 0)`. Compute the five weights
#    on paper, then change `q[SHE]` in a copy and compare with `attend`.
# 2. **Easy.** Put the six words in another order (`order = [2, 0, 1, 5, 4, 3]`, and `q[order]`,
#    `k[order]`, `v[order]`) and call `attend` without a mask. Compare with the old result in the
#    same order. What does attention know about the order of words? From which lesson does a GPT
#    know it?
# 3. **Medium.** Somebody fills the hidden scores with 0 instead of the smallest number. Does
#    `gradcheck` find it? Does `who_notices`?
# 4. **Medium.** Build a mask for a window: a place sees itself and the two places before it. You
#    need two calls of `np.tri`. Compare with `layers.causal_mask(6, 6, np, window=3)`.
# 5. **Medium.** Train the model of section 8 without the division by $\sqrt{D}$ (in both passes),
#    and with `n_head=1`. Which of the two hurts more?
# 6. **Hard.** In training, weights are often multiplied by a table with random zeros: `kept =
#    weights * dropout_mask`, and `y = kept @ v`. This is called **dropout**. Add it to
#    `dot_product` and its backward, check it, and compare with
#    `layers.scaled_dot_product(q, k, v, mask, dropout_mask)`.
#
# **Write it yourself.** `minigpt lesson start 07` puts a file into the folder `mywork`, with
# `softmax`, `scaled_dot_product`, `split_heads`, `merge_heads` and `attention` to be filled in.
# `minigpt check 07` says what is right, and names the mistake if there is one.
#
# ## 10. What you can now read in `minigpt/`
#
# - `minigpt/layers/softmax.py` and `minigpt/layers/attention.py`: what you wrote, and more
#   options: dropout (exercise 6), gaps (section 5) and windows (exercise 4).
# - `tests/gradcheck/wrong_attention.py`: wrong backward passes of attention, some of them from
#   published code; each is found by a test.
# - `minigpt/kernels/attention.py`: the same formulas in tiles. Here the weights are never divided;
#   the result is, which is a smaller table.
#
# This is minigpt's forward pass. Two things are new: the dropout mask of exercise 6, and `parts`,
# a table of functions. It lets a student put in a softmax of their own.

# %%
print(inspect.getsource(layers.scaled_dot_product))

# %% [markdown]
# ## The claims of this lesson, as assertions

# %%
# sections 1 and 2
assert scores_she.tolist() == [4.0, 0.0, 2.0, 0.0, 0.0]
assert weights_she.round(2).tolist() == [0.84, 0.02, 0.11, 0.02, 0.02]
assert weights[SHE].argmax() == MIA and weights[SMILED, MIA] == weights[SMILED, TOM]
assert np.allclose(weights.sum(axis=1), 1) and not weights[~mask].any()
assert np.allclose(weights[THEN, : THEN + 1], 1 / 4)
assert changed_words(attend, mask) == ["smiled"]
assert changed_words(attend, no_mask) == words
assert changed_words(attend, one_too_far) == ["she", "smiled"]
assert changed_words(attend_mask_too_late, mask) == ["Tom", "she", "smiled"]
# section 3
assert np.ptp(largest["scale_divided"]) < 0.1 and largest["scale_raw"][-1] > 0.85
assert slopes["scale_raw"][-1] < slopes["scale_divided"][-1] / 5
# section 4
assert np.allclose(J.sum(axis=1), 0) and np.allclose(np.ones(3) @ J, 0)
assert np.allclose(softmax_backward(np.array([1.0, 0, 0]), y3)[0], [0.25, -0.15, -0.10])
assert report_softmax.ok and np.allclose(y_large, layers.softmax(np.log(y_large))[0])
assert np.abs(dx_built - dx_short).max() < 1e-12 and jacobian_bytes == 160 * dx_short.nbytes
assert t_built > 3 * t_short
# section 5
assert report.ok and report.max_relative_error < 1e-7 and difference < 1e-12
assert [name for name, found in broken.items() if found.ok] == ["no mask"]
assert [tensor.ok for tensor in broken["diagonal"].tensors] == [False, False, True]
assert not gap.ok
# section 6
assert report_attention.ok and np.abs(dx_ours - dx_theirs).max() < 1e-10
assert not first_case.ok and second_case.ok
assert np.array_equal(seen, np.tri(3, dtype=bool)) and np.triu(seen_wrong, 1).any()
# section 7
assert weight_bytes[256] == 4 * weight_bytes[128] and weight_bytes[512] == 4 * weight_bytes[256]
assert weight_bytes[64] == 4 * H_big * 64 * 64  # 4 bytes: it is still float32
# section 8
told = "Leo had a truck and showed it to Finn. Leo left the truck in the tree and went out."
assert story.text.startswith(told + " Then Finn hid the truck")
assert last < 0.5 * blind_last
assert all(share[key].max() > 0.5 for key in "xAB")
assert np.mean(right_chance["x"]) > 0.8
print("All claims hold.")
