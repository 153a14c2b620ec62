# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 09 · The block
#
# We have attention (lesson 07), the MLP (05) and layer norm (06). GPT-2 uses them twelve times, one
# after the other. Why does a stack of so many layers learn at all? And a second question, which you
# may have asked since lesson 02: why must every backward pass be given a cache? PyTorch users never
# write one. Where has it gone?
#
# At the end of this lesson you will have written the **block**, of which every GPT is made. You
# will have written a small program that finds gradients by itself, in less than thirty lines, and
# you will know what it costs. And you will count the memory of a training, byte by byte. It takes
# about 90 minutes.

# %%
import inspect
import itertools
import math
import time
import tracemalloc
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPT, GPTConfig, gradcheck, kernels, layers
from minigpt.model import account
from minigpt.model import block as minigpt_block
from minigpt.model import block_backward as minigpt_block_backward
from minigpt.model.block import recomputed
from minigpt.model.gpt import gpt_loss
from minigpt.plots import BLUE, GREEN, GREY, ORANGE, PINK, SKY, lesson_style, show
from minigpt.training.settings import Settings
from minigpt.tree import items, nest, tree_map

lesson_style()
threadpool_limits(1)  # our matrices are small: one core is enough for them

LABELS = {
    "deep_title": "The addition keeps a way open for the gradient",
    "deep_x": "layer (the gradient comes from the right)",
    "deep_y": "length of the gradient",
    "deep_plain": "x = f(x)",
    "deep_residual": "x = x + f(x)",
    "deep_small": "x = x + f(x) / √24",
    "map_title": "Each part reads from the stream and adds to it",
    "map_stream": "residual stream",
    "map_boxes": ["ln_1", "attention", "ln_2", "MLP"],
    "kept_title": "How much GELU must remember depends on who wrote it",
    "kept_x": "arrays of the size of x that the forward keeps",
    "kept_names": ["tape of small steps", "minigpt.layers", "minigpt.kernels"],
    "memory_title": "Most of the memory is not the parameters",
    "memory_x": "share of the memory of a training step",
    "memory_parts": ["weights", "gradients", "optimizer", "activations"],
    "memory_again": "computed again",
}

# %% [markdown]
# ## 1. Why deep stacks go deaf
#
# Take the simplest stack: 20 layers, and each multiplies its input by 0.05. The gradient goes back
# through all of them, and each multiplies it by 0.05 as well (chain rule).
#
# Now the same stack with one change. Each layer *adds* its result to its input: $x \to x + 0.05 x$.
# Its derivative is $1 + 0.05$.
#
# **Predict:** how large is the gradient at the bottom, in each of the two stacks, if it is 1 at the
# top? Guess the power of ten. Write your answer down before you run the next cell.

# %%
plain_20, residual_20 = 0.05**20, (1 + 0.05) ** 20
print(f"x = 0.05 x:     {plain_20:.1e}")
print(f"x = x + 0.05 x: {residual_20:.2f}")

# %% [markdown]
# The first stack is deaf: whatever the loss says, nothing arrives at the bottom. In the second one
# the 1 keeps a way open.
#
# This way is called a **residual connection** (He and others, 2015): the layer does not compute the
# new `x`, it computes what is *added* to the old one. The other way, through `f`, is called the
# **branch**. You met it in lesson 06, section 9.
#
# Is it the same with real layers? Let us stack 24 MLPs with random weights and without any norm,
# and send a random gradient back: without the residual connection, with it, and with branches that
# are made smaller by $\sqrt{24}$.

# %%
C_deep, depth = 32, 24
rng = np.random.default_rng(0)


def random_linear(rng, C_in, C_out, std):
    return {"weight": std * rng.standard_normal((C_in, C_out)), "bias": np.zeros(C_out)}


deep_layers = [
    {"c_fc": random_linear(rng, C_deep, 4 * C_deep, 1 / math.sqrt(C_deep)),
     "c_proj": random_linear(rng, 4 * C_deep, C_deep, 1 / math.sqrt(4 * C_deep))}
    for _ in range(depth)
]  # fmt: skip
x_deep, dy_deep = rng.standard_normal((2, 50, C_deep))


def gradient_lengths(residual, scale=1.0):
    x, caches = x_deep, []
    for parameters in deep_layers:
        added, cache = layers.mlp(x, **parameters)
        x = x + scale * added if residual else added
        caches.append(cache)
    dx, lengths = dy_deep, [np.linalg.norm(dy_deep)]
    for cache in reversed(caches):
        dbranch, _ = layers.mlp_backward(scale * dx, cache)
        dx = dx + dbranch if residual else dbranch
        lengths.append(np.linalg.norm(dx))
    return lengths[::-1]  # from the bottom to the top


deep = {"deep_residual": gradient_lengths(True),
        "deep_small": gradient_lengths(True, 1 / math.sqrt(depth)),
        "deep_plain": gradient_lengths(False)}  # fmt: skip
figure, axes = plt.subplots()
for (name, lengths), colour in zip(deep.items(), (SKY, BLUE, ORANGE), strict=True):
    axes.plot(lengths, "o-", ms=5, color=colour, label=LABELS[name])
    print(f"{LABELS[name]:<18} top {lengths[-1]:.0f}   bottom {lengths[0]:.1e}")
axes.set_yscale("log")
axes.set(xlabel=LABELS["deep_x"], ylabel=LABELS["deep_y"], title=LABELS["deep_title"])
axes.legend(frameon=False, loc="center left")
show(figure)

# %% [markdown]
# **What to see:** read from right to left, as the gradient travels. The orange line loses a part of
# it in every layer, and the lower layers hear nothing. With the addition (light blue) nothing is
# lost; the gradient grows. With smaller branches (dark blue) it stays nearly as it is. GPT-2 starts
# in this way: it divides the first weights of everything that is added to `x` by the root of the
# number of additions.
#
# (A layer norm in each layer would keep the size of the gradient as well, even without the
# addition. But its direction would be lost: lesson 06, section 9. A GPT has both.)
#
# ## 2. What is used twice gets two gradients
#
# What is the backward pass of $y = x + f(x)$? Take numbers: $f(x) = x^2$, so $y = x + x^2$, at $x =
# 3$, with the upstream gradient `dy = 1`.
#
# **Step 1.** The addition. Let $y = a + b$ with $a = x$ and $b = x^2$. If $a$ grows by a little,
# $y$ grows by the same; so does $b$. **An addition hands the same gradient to both sides:** `da =
# dy`, `db = dy`.
#
# **Step 2.** The branch. $b = x^2$ has the slope $2x = 6$. So `dx` from the branch is $6 \cdot db$.
#
# **Step 3.** The fork. $x$ was used twice: once as $a$, once in the branch. If $x$ moves, both
# move. The chain rule adds up all ways (lesson 02). **What is used twice gets the sum of two
# gradients:** `dx = da + 6 * db = 1 + 6 = 7`.

# %%
h = 1e-5
measured = ((3 + h + (3 + h) ** 2) - (3 - h + (3 - h) ** 2)) / (2 * h)
da, db = 1.0, 1.0  # the addition
by_hand_fork = da + 2 * 3 * db  # the fork
print(f"by hand {by_hand_fork}, measured {measured:.6f}")

# %% [markdown]
# Both rules together are the whole backward pass of a residual connection: `dx = dy +
# (what comes back through the branch)`. The first `dy` is the 1 that keeps the way open.
#
# ## 3. The block
#
# A GPT's block has two residual connections: one around attention, one around the MLP. In front of
# each stands a layer norm, inside the branch (pre-norm, lesson 06).
#
# $$x \leftarrow x + \text{attention}(\text{layernorm}_1(x)) \qquad x \leftarrow x +
# \text{mlp}(\text{layernorm}_2(x))$$

# %%
figure, axes = plt.subplots(figsize=(9.5, 3.6))
axes.annotate("", (10.4, 0), (-0.4, 0), arrowprops={"arrowstyle": "-|>", "lw": 5, "color": BLUE})
axes.text(-0.3, -0.55, LABELS["map_stream"] + "   (B, T, C)", color=BLUE, fontweight="bold")
for start, names, colour in ((0.8, LABELS["map_boxes"][:2], ORANGE),
                             (5.6, LABELS["map_boxes"][2:], GREEN)):  # fmt: skip
    end = start + 3.9
    axes.plot([start, start, end, end], [0, 1.4, 1.4, 0.5], color=colour, zorder=0)
    axes.annotate("", (end, 0.18), (end, 0.8),
                  arrowprops={"arrowstyle": "-|>", "lw": 2.2, "color": colour})  # fmt: skip
    for k, name in enumerate(names):
        axes.text(start + 1 + 1.75 * k, 1.4, name, ha="center", va="center", fontsize=13,
                  bbox={"boxstyle": "round,pad=0.45", "fc": "white", "ec": colour, "lw": 2.2})
    axes.text(end, 0, "+", ha="center", va="center", fontsize=17, fontweight="bold",
              bbox={"boxstyle": "circle,pad=0.12", "fc": "white", "ec": BLUE, "lw": 2.2})
axes.set(xlim=(-0.6, 10.6), ylim=(-0.8, 2.1))
axes.set_title(LABELS["map_title"])
axes.axis("off")
show(figure)

# %% [markdown]
# **What to see:** the blue arrow goes through the whole block and is only ever added to. This is
# the **residual stream**. Think of a notebook that is handed from one layer to the next. Each reads
# all of it, and adds something of its own. Attention brings in what other places know; the MLP
# works on it at each place by itself. The shape stays `(B, T, C)`, so blocks can be stacked.
#
# Here is the forward pass: four calls and two additions. The parameters carry GPT-2's names.


# %%
def block(x, ln_1, attn, ln_2, mlp, n_head):
    """x = x + attention(layernorm(x)), then x = x + mlp(layernorm(x))."""
    normed, ln_1_cache = layers.layernorm(x, **ln_1)
    added, attn_cache = layers.attention(normed, **attn, n_head=n_head)
    x = x + added
    normed, ln_2_cache = layers.layernorm(x, **ln_2)
    added, mlp_cache = layers.mlp(normed, **mlp)
    x = x + added
    return x, (ln_1_cache, attn_cache, ln_2_cache, mlp_cache)


# %% [markdown]
# ## 4. The backward pass of the block
#
# We go from the last line to the first. At each line: what does it undo, and by which rule?
#
# | forward line | backward line | rule |
# |---|---|---|
# | `x = x + added` | `dadded = dx`, and `dx` goes on | an addition hands on the same |
# | `added = mlp(normed)` | `dnormed = mlp_backward(dadded)` | lesson 05 |
# | `normed = layernorm(x)` | `dbranch = layernorm_backward(dnormed)` | lesson 06 |
# | `x` was used twice | `dx = dx + dbranch` | two gradients add up |
#
# And the same four lines for attention.


# %%
def block_backward(dx, cache):
    """From dx (B, T, C) behind the block to dx in front of it, and the gradients of all parts."""
    ln_1_cache, attn_cache, ln_2_cache, mlp_cache = cache
    dnormed, dmlp = layers.mlp_backward(dx, mlp_cache)  # x = x + mlp(normed)
    dbranch, dln_2 = layers.layernorm_backward(dnormed, ln_2_cache)
    dx = dx + dbranch
    dnormed, dattn = layers.attention_backward(dx, attn_cache)  # x = x + attention(normed)
    dbranch, dln_1 = layers.layernorm_backward(dnormed, ln_1_cache)
    dx = dx + dbranch
    return dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


B, T, C, H = 2, 3, 8, 4
config = GPTConfig(vocab_size=10, block_size=T, n_layer=1, n_head=H, n_embd=C)
shapes = {name[4:]: shape for name, shape in config.shapes().items() if name.startswith("h.0.")}
params = nest({name: rng.standard_normal(shape) for name, shape in shapes.items()})
x = rng.standard_normal((B, T, C))
report = gradcheck(partial(block, n_head=H), block_backward, [x], params)
print(report)

# %%
y_ours, cache_ours = block(x, **params, n_head=H)
y_theirs, cache_theirs = minigpt_block(x, **params, config=config)
dy = rng.standard_normal(x.shape)
dx_ours, grads_ours = block_backward(dy, cache_ours)
dx_theirs, grads_theirs = minigpt_block_backward(dy, cache_theirs)
by_path = dict(items(grads_theirs))
difference = max(np.abs(grad - by_path[path]).max() for path, grad in items(grads_ours))
print(f"largest difference from minigpt: y {np.abs(y_ours - y_theirs).max():.1e}, "
      f"dx {np.abs(dx_ours - dx_theirs).max():.1e}, parameters {difference:.1e}")  # fmt: skip

# %% [markdown]
# ### Break it on purpose
#
# Four mistakes that people make in exactly these lines:
#
# - **lost residual:** `dx = dbranch`; the 1 is forgotten;
# - **too early:** attention gets the `dx` from behind the block, without what came back through the
#   MLP;
# - **in place, backward:** `dx += dbranch`. It is shorter and saves memory;
# - **in place, forward:** `x += added`.
#
# **Predict:** which ones give wrong numbers? And if the numbers are right, is there anything wrong
# with it at all?


# %%
def lost_residual(dx, cache):
    ln_1_cache, attn_cache, ln_2_cache, mlp_cache = cache
    dnormed, dmlp = layers.mlp_backward(dx, mlp_cache)
    dx, dln_2 = layers.layernorm_backward(dnormed, ln_2_cache)  # the sum is forgotten
    dnormed, dattn = layers.attention_backward(dx, attn_cache)
    dx, dln_1 = layers.layernorm_backward(dnormed, ln_1_cache)
    return dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


def too_early(dx, cache):
    ln_1_cache, attn_cache, ln_2_cache, mlp_cache = cache
    dnormed, dmlp = layers.mlp_backward(dx, mlp_cache)
    dbranch_2, dln_2 = layers.layernorm_backward(dnormed, ln_2_cache)
    dnormed, dattn = layers.attention_backward(dx, attn_cache)  # dx + dbranch_2 would be right
    dbranch_1, dln_1 = layers.layernorm_backward(dnormed, ln_1_cache)
    return dx + dbranch_1 + dbranch_2, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


def in_place_backward(dx, cache):
    ln_1_cache, attn_cache, ln_2_cache, mlp_cache = cache
    dnormed, dmlp = layers.mlp_backward(dx, mlp_cache)
    dbranch, dln_2 = layers.layernorm_backward(dnormed, ln_2_cache)
    dx += dbranch  # writes into the dx that was handed in
    dnormed, dattn = layers.attention_backward(dx, attn_cache)
    dbranch, dln_1 = layers.layernorm_backward(dnormed, ln_1_cache)
    dx += dbranch
    return dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


def in_place_forward(x, ln_1, attn, ln_2, mlp, n_head):
    normed, ln_1_cache = layers.layernorm(x, **ln_1)
    added, attn_cache = layers.attention(normed, **attn, n_head=n_head)
    x += added  # writes into the x that was handed in
    normed, ln_2_cache = layers.layernorm(x, **ln_2)
    added, mlp_cache = layers.mlp(normed, **mlp)
    x += added
    return x, (ln_1_cache, attn_cache, ln_2_cache, mlp_cache)


broken = {}
forward = partial(block, n_head=H)
for f, f_backward, name in ((forward, lost_residual, "lost residual"),
                            (forward, too_early, "too early"),
                            (forward, in_place_backward, "in place, backward"),
                            (partial(in_place_forward, n_head=H), block_backward,
                             "in place, forward")):  # fmt: skip
    found = broken[name] = gradcheck(f, f_backward, [x], params, method="directional", name=name)
    wrong = [tensor.name for tensor in found.tensors if not tensor.ok]
    why = found.breaches[0] if found.breaches else f"{len(wrong)} of {len(found.tensors)} wrong"
    print(f"{name:<19} ok {found.ok!s:<6} {why}")

dy_shared = dy.copy()  # one dy that two readers get, one after the other
_, cache = block(x, **params, n_head=H)
first, second = (in_place_backward(dy_shared, cache)[0].copy() for _ in range(2))
print("in place, first reader right:", np.allclose(first, dx_ours),
      "  second reader right:", np.allclose(second, dx_ours))  # fmt: skip

# %% [markdown]
# (`method="directional"` measures along random directions instead of element by element: lesson 02.
# It is faster for many parameters.)
#
# In the first two, the gradients of `mlp` and `ln_2` are right, because on the way back the mistake
# comes after them. Everything further down is wrong.
#
# The formulas of the two "in place" versions are right. They break the contract: a function may
# only *read* what it is given. `dy` belongs to somebody else. At a fork one array goes to two
# readers; if the first one writes into it, the second one reads something else, and no error is
# raised. The last line of the cell shows it. The forward version writes into `x`, which the caller
# may still need.
#
# ## 5. Why a backward needs what the forward saw
#
# Now the second question of this lesson. The backward pass gets `dy`. Why is that not enough?
#
# Take $y = x^2$ and `dy = 1`. The gradient is $2x$: it is 6 if `x` was 3, and 10 if `x` was 5. `dy`
# does not tell which of the two it was. The forward pass saw `x` and must keep it for the backward
# pass. What is kept is the **cache**.
#
# **Predict:** which of these functions need a cache, and what must it hold? Write a list: $3 x$,
# $e^x$, $\max(x, 0)$, $a + b$ and $a \cdot b$ (both as functions of $a$). The next cell gives a
# hint: it measures the slope of each function at two places. If the slope is the same everywhere,
# nothing needs to be remembered.


# %%
def slope(f, at, h=1e-5):
    return (f(at + h) - f(at - h)) / (2 * h)


b_fixed = 4.0
functions = {"3 x": lambda x: 3 * x, "exp(x)": np.exp, "max(x, 0)": lambda x: np.maximum(x, 0),
             "a + b": lambda a: a + b_fixed, "a * b": lambda a: a * b_fixed}  # fmt: skip
for name, f in functions.items():
    print(f"{name:<10} slope at -1: {slope(f, -1.0):7.3f}   at 2: {slope(f, 2.0):7.3f}")

# %% [markdown]
# The answers:
#
# | function | gradient | what must be kept |
# |---|---|---|
# | $y = a + b$ | `da = db = dy` | nothing |
# | $y = 3 x$ | `dx = 3 dy` | nothing |
# | $y = a \cdot b$ | `da = dy * b`, `db = dy * a` | both inputs |
# | $y = e^x$ | `dx = dy * y` | the *output* |
# | $y = \max(x, 0)$ | `dx = dy` where `x > 0`, else 0 | one bit for each number |
# | `y = x @ W` | `dx = dy @ W.T`, `dW = x.T @ dy` | both inputs |
#
# A rule of thumb: for the gradient by `x`, what is linear in `x` needs no `x`. (`a * b` has the
# same slope everywhere, but this slope is `b`, so `b` must be kept.) There is often a choice: for
# $e^x$ we may keep `x` or `y`, for GELU `x` or the finished slope. This choice decides about memory
# (section 8).
#
# ## 6. Cache or closure
#
# Our functions return the cache, and somebody has to carry it to the backward pass. There is
# another way to carry it. In Python a function that is defined inside another one can see the
# variables of the outer one, and it keeps them alive. This is called a **closure**.


# %%
def linear_with_closure(x, weight):
    y = x @ weight

    def backward(dy):  # it remembers x and weight
        return dy @ weight.T, {"weight": x.T @ dy}

    return y, backward


x_small, w_small = rng.standard_normal((4, 3)), rng.standard_normal((3, 2))
y_small, backward = linear_with_closure(x_small, w_small)
dy_small = rng.standard_normal((4, 2))
dx_closure, grads_closure = backward(dy_small)
y_cache, small_cache = layers.linear(x_small, w_small)
dx_cache, grads_cache = layers.linear_backward(dy_small, small_cache)
print("the same gradients:", np.array_equal(dx_closure, dx_cache))
remembered = dict(zip(backward.__code__.co_freevars, backward.__closure__, strict=True))
for name, cell in remembered.items():
    print(f"the closure keeps {name:<7} {cell.cell_contents.nbytes} bytes")
print("the cache keeps  ", [part.nbytes for part in small_cache if part is not None], "bytes")

# %% [markdown]
# Both keep exactly the same arrays. Cache or closure is a question of taste:
#
# - A closure is convenient: `y, backward = f(x)`, and nobody can give the wrong cache to the wrong
#   backward.
# - A cache is honest: you see what is kept, you can count it, compare it before and after
#   (`gradcheck` does), and throw it away. minigpt uses caches for this reason.
#
# ## 7. A tape: gradients that find themselves
#
# If every function brings its backward along, nobody needs to write `block_backward` by hand. We
# write down each call while the forward pass runs. Then we go through the list backwards. Such a
# list is called a **tape**, and the method is called **automatic differentiation**, or
# **autograd**. PyTorch and JAX do this.
#
# Our tape uses the contract that you know. `Value` is an array with a number, so that the tape can
# say "the gradient of value 7". The two rules of section 2 are in it: the fork is the line with
# `+`.


# %%
class Value:
    """An array with a number of its own, by which a tape knows it."""

    numbers = itertools.count()

    def __init__(self, data):
        self.data, self.number = data, next(Value.numbers)


class Tape:
    """Writes down every call, and plays the list backwards."""

    def __init__(self):
        self.calls = []

    def run(self, f, f_backward, *inputs, **params):
        """Compute y, cache = f(*inputs, **params), and write the call down."""
        arrays = tree_map(lambda value: value.data, params)
        y, cache = f(*(value.data for value in inputs), **arrays)
        out = Value(y)
        names = {path: value.number for path, value in items(params)}
        self.calls.append((out.number, [v.number for v in inputs], names, f_backward, cache))
        return out

    def backward(self, out, dy):
        """The gradients of everything that `out` depends on, by number."""
        found = {out.number: dy}
        for number, inputs, names, f_backward, cache in reversed(self.calls):
            if number in found:
                dx, grads = f_backward(found[number], cache)
                dx = dx if isinstance(dx, tuple) else (dx,)
                pairs = [*zip(inputs, dx, strict=True), *((names[p], g) for p, g in items(grads))]
                for name, grad in pairs:
                    found[name] = found[name] + grad if name in found else grad
        return found


def add(a, b):
    return a + b, None


def add_backward(dy, cache):
    return (dy, dy), {}


methods = Value.__init__, Tape.__init__, Tape.run, Tape.backward
lines = sum(len(inspect.getsource(method).splitlines()) for method in methods)
print("lines of these four methods:", lines)

# %% [markdown]
# First the example of section 2 on the tape, $y = x + x \cdot x$ at 3. We need one more function
# with its backward, the product. In $x \cdot x$ the value `x` is used twice by one call; that is
# two forks, and three ways in all.


# %%
def multiply(a, b):
    return a * b, (a, b)


def multiply_backward(dy, cache):
    a, b = cache
    return (dy * b, dy * a), {}


tape, three = Tape(), Value(np.array(3.0))
square = tape.run(multiply, multiply_backward, three, three)
total = tape.run(add, add_backward, three, square)
print("y =", total.data, "  dy/dx =", tape.backward(total, np.array(1.0))[three.number])

# %% [markdown]
# Now the block. Only the forward pass is written; the functions and their backwards are minigpt's.


# %%
def block_on_tape(tape, x, p, n_head):
    attention = partial(layers.attention, n_head=n_head)
    normed = tape.run(layers.layernorm, layers.layernorm_backward, x, **p["ln_1"])
    added = tape.run(attention, layers.attention_backward, normed, **p["attn"])
    x = tape.run(add, add_backward, x, added)
    normed = tape.run(layers.layernorm, layers.layernorm_backward, x, **p["ln_2"])
    added = tape.run(layers.mlp, layers.mlp_backward, normed, **p["mlp"])
    return tape.run(add, add_backward, x, added)


def taped(x, n_head, make_tape=Tape, **arrays):
    """The block as y, cache = f(x, **params): the cache is the tape."""
    tape, x, p = make_tape(), Value(x), tree_map(Value, arrays)
    out = block_on_tape(tape, x, p, n_head)
    return out.data, (tape, x, p, out)


def taped_backward(dy, cache):
    tape, x, p, out = cache
    found = tape.backward(out, dy)
    return found[x.number], tree_map(lambda value: found[value.number], p)


report_tape = gradcheck(partial(taped, n_head=H), taped_backward, [x], params)
print(f"{report_tape.name}: ok {report_tape.ok}, {len(report_tape.tensors)} gradients")
y_taped, tape_cache = taped(x, n_head=H, **params)
dx_taped, grads_taped = taped_backward(dy, tape_cache)
by_path = dict(items(grads_ours))
same_bits = np.array_equal(dx_taped, dx_ours) and all(
    np.array_equal(grad, by_path[path]) for path, grad in items(grads_taped)
)
print("equal to our block_backward, to the last bit:", same_bits)

# %% [markdown]
# The tape computes the same numbers by the same steps: it is `block_backward`, written by a
# machine. This is the bridge to PyTorch. When you call `loss.backward()` there, a list like
# `tape.calls` is played backwards.
#
# **Predict:** what happens if the fork is forgotten, `found[name] = grad` instead of the sum? Which
# gradients of the block become wrong?


# %%
class ForgetfulTape(Tape):
    def backward(self, out, dy):
        found = {out.number: dy}
        for number, inputs, names, f_backward, cache in reversed(self.calls):
            if number in found:
                dx, grads = f_backward(found[number], cache)
                dx = dx if isinstance(dx, tuple) else (dx,)
                found.update(zip(inputs, dx, strict=True))
                found.update((names[path], grad) for path, grad in items(grads))
        return found


forgetful = gradcheck(
    partial(taped, n_head=H, make_tape=ForgetfulTape), taped_backward, [x], params,
    method="directional", name="forgetful",
)  # fmt: skip
print(f"forgetful tape: ok {forgetful.ok}; right are only",
      sorted({tensor.name.split(".")[0] for tensor in forgetful.tensors if tensor.ok}))  # fmt: skip

# %% [markdown]
# It is the "lost residual" of section 4 again: the last gradient overwrites the first.
#
# ### Small steps or large ones
#
# A tape can also record much smaller steps. Then nobody needs to derive anything: a handful of
# functions such as `add`, `multiply` and `tanh` is enough for every formula. Let us write GELU
# (lesson 05) in small steps, without a backward of its own:
#
# $$\text{gelu}(x) = 0.5 \, x \, (1 + \tanh(\sqrt{2 / \pi} \, (x + 0.044715 \, x^3)))$$
#
# **Predict:** minigpt's `gelu` keeps two arrays for its backward, `x` and the `tanh`. How many
# arrays of the size of `x` do the small steps keep? Go through the formula with the table of
# section 5.


# %%
def scale(x, by):
    return by * x, by


def scale_backward(dy, by):
    return by * dy, {}


def add_number(x, number):
    return x + number, None


def add_number_backward(dy, cache):
    return dy, {}


def tanh(x):
    y = np.tanh(x)
    return y, y


def tanh_backward(dy, y):
    return dy * (1 - y * y), {}


def gelu_in_small_steps(tape, x):
    def times(a, by):
        return tape.run(partial(scale, by=by), scale_backward, a)

    x2 = tape.run(multiply, multiply_backward, x, x)
    x3 = tape.run(multiply, multiply_backward, x2, x)
    inner = tape.run(add, add_backward, x, times(x3, 0.044715))
    bend = tape.run(tanh, tanh_backward, times(inner, math.sqrt(2 / math.pi)))
    one_more = tape.run(partial(add_number, number=1.0), add_number_backward, bend)
    return times(tape.run(multiply, multiply_backward, x, one_more), 0.5)


# %% [markdown]
# To count, we need a helper. It walks through a cache and collects the arrays in it, each of them
# once: two entries of a cache may be the same array.


# %%
def kept_arrays(cache, found=None):
    """All arrays that a cache keeps alive, each of them once."""
    found = {} if found is None else found
    if isinstance(cache, np.ndarray):
        while isinstance(cache.base, np.ndarray):  # a view keeps the whole array
            cache = cache.base
        found[id(cache)] = cache
    elif isinstance(cache, dict):
        kept_arrays(tuple(cache.values()), found)
    elif isinstance(cache, (tuple, list)):
        for part in cache:
            kept_arrays(part, found)
    return found


def kept_bytes(cache, but=()):
    ours = kept_arrays(list(but))
    return sum(a.nbytes for key, a in kept_arrays(cache).items() if key not in ours)


x_gelu = rng.standard_normal((512, 512))
tape, x_value = Tape(), Value(x_gelu)
out = gelu_in_small_steps(tape, x_value)
y_layer, layer_cache = layers.gelu(x_gelu)
_, kernel_cache = kernels.gelu(x_gelu)
dx_steps = tape.backward(out, np.ones_like(x_gelu))[x_value.number]
dx_layer, _ = layers.gelu_backward(np.ones_like(x_gelu), layer_cache)
print(f"differences: y {np.abs(out.data - y_layer).max():.1e}, "
      f"dx {np.abs(dx_steps - dx_layer).max():.1e}")  # fmt: skip
caches = ([call[4] for call in tape.calls], layer_cache, kernel_cache)
kept = [kept_bytes(cache) / x_gelu.nbytes for cache in caches]
for name, arrays in zip(LABELS["kept_names"], kept, strict=True):
    print(f"{name:<20} arrays of the size of x that it keeps: {arrays:.0f}")

# %%
figure, axes = plt.subplots(figsize=(8.5, 2.8))
drawn = axes.barh(LABELS["kept_names"], kept, color=[ORANGE, SKY, BLUE], height=0.65)
axes.bar_label(drawn, fmt="%.0f", padding=5)
axes.invert_yaxis()
axes.set_xticks([])
axes.spines["bottom"].set_visible(False)
axes.tick_params(length=0)
axes.set(xlabel=LABELS["kept_x"])
figure.suptitle(LABELS["kept_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** three programs, one formula, the same gradient. The tape of small steps keeps
# `x`, `x²`, `tanh` and `1 + tanh`, since it does not know what they are for. The person who wrote
# `minigpt.layers` knew that two are enough. `minigpt.kernels` computes the slope at once, in the
# forward pass, and keeps only that: its backward is one multiplication.
#
# So a tape saves work for you, and a derivation by hand saves work for the machine. In practice
# people use both: a tape of large steps, each of them derived by hand.
#
# ## 8. Counting the memory
#
# The numbers that the forward pass computes on its way are called **activations**. What the caches
# hold of them is often the largest part of the memory of a training. Let us count one block of
# `minigpt.layers`, in numbers for each place of the text:
#
# | part | what is kept | numbers |
# |---|---|---|
# | `ln_1` | the normalised x | $C$ |
# | `c_attn` | its input | $C$ |
# | attention | queries, keys and values | $3 C$ |
# | attention | the weights: $H$ heads, $T$ keys each | $H T$ |
# | `c_proj` | its input | $C$ |
# | `ln_2` | the normalised x | $C$ |
# | `c_fc` | its input | $C$ |
# | GELU | its input and the tanh, $4 C$ each | $8 C$ |
# | `c_proj` of the MLP | its input | $4 C$ |
#
# Together $20 C + H T$, and a float32 has 4 bytes.
#
# **Predict:** let `C = 128`, `H = 4`, and a batch of 8 texts of 128 places. A block has $12 C^2 +
# 13 C$ parameters (lesson 10 counts them). What takes more memory, the parameters of the block or
# its activations, and how many times more? Write your answer down before you run the next cell.

# %%
config = GPTConfig(vocab_size=2048, block_size=128, n_layer=2, n_head=4, n_embd=128)
model = GPT(config, seed=0, device="cpu")  # float32
first_block = model.params["h"]["0"]
B, T, C, H = 8, config.block_size, config.n_embd, config.n_head
x = np.random.default_rng(1).standard_normal((B, T, C)).astype("float32")

by_hand = 4 * B * T * (20 * C + H * T)
block(x, **first_block, n_head=H)  # once before measuring
tracemalloc.start()  # from now on, Python notes every byte that is asked for
before, _ = tracemalloc.get_traced_memory()
y, cache = block(x, **first_block, n_head=H)
after, _ = tracemalloc.get_traced_memory()
tracemalloc.stop()
traced = after - before - y.nbytes  # y is the result, no cache
walked = kept_bytes(cache, but=[model.params.buffer])  # the weights are kept anyway
weights = sum(array.nbytes for _, array in items(first_block))
print(f"counted on paper        {by_hand / 1e6:6.2f} MB")
print(f"arrays in the cache     {walked / 1e6:6.2f} MB")
print(f"measured by tracemalloc {traced / 1e6:6.2f} MB")
print(f"parameters of the block {weights / 1e6:6.2f} MB")

# %% [markdown]
# Three ways, nearly the same number. (The small rest: one number a row from each layer norm, and
# the mask.) And the activations are many times larger than the parameters. They also grow with the
# batch, which the parameters do not.
#
# `minigpt.model.account` does this for whole models. It counts the fast functions of
# `minigpt.kernels`, which keep less: one array of $4 C$ for GELU instead of two. Is it right? We
# measure a forward pass of the whole model, up to the loss. (`head` in the table is not a head of
# attention: it is the last layer of the model, which makes the logits. Lesson 10 is about it.)

# %%
ids = np.random.default_rng(2).integers(0, config.vocab_size, (B, T))
options = {"config": config, "layers": kernels}
gpt_loss(ids, ids, **model.params, **options)  # once before measuring
tracemalloc.start()
before, _ = tracemalloc.get_traced_memory()
loss, cache = gpt_loss(ids, ids, **model.params, **options)
after, _ = tracemalloc.get_traced_memory()
tracemalloc.stop()
counted = account.activations(config, B, T)
for part, number in counted.items():
    print(f"{part:<14} {number / 1e6:6.2f} MB")
print(f"counted {sum(counted.values()) / 1e6:.2f} MB, measured {(after - before) / 1e6:.2f} MB")

# %% [markdown]
# Now the whole account of a training step: the weights, one gradient for each weight, two numbers
# for each weight that the optimizer keeps (Adam, lesson 11), and the activations. Two models: the
# one that `minigpt train` trains if you ask for nothing (it reads 16 texts of 128 tokens at once),
# and GPT-2 with 8 texts of 1024 tokens.

# %%
trainings = {"minigpt train": (config, 16), "GPT-2 (124M)": (GPTConfig.preset("gpt2"), 8)}
bars = {}
for name, (sizes, batch) in trainings.items():
    weight_bytes = account.memory(sizes)["weights"]
    for again in (False, True):
        label = f"{name},\n{LABELS['memory_again']}" if again else name
        held = sum(account.activations(sizes, batch, recompute=again).values())
        bars[label] = [weight_bytes, weight_bytes, 2 * weight_bytes, held]
figure, axes = plt.subplots(figsize=(9, 4.2))
left = np.zeros(len(bars))
shares = np.array([[part / sum(parts) for part in parts] for parts in bars.values()])
for part, colour, width in zip(LABELS["memory_parts"], (PINK, SKY, GREY, ORANGE), shares.T,
                               strict=True):  # fmt: skip
    axes.barh(list(bars), width, left=left, color=colour, label=part, height=0.68)
    left += width
for row, parts in enumerate(bars.values()):
    axes.text(1.01, row, f"{sum(parts) / 1e6:,.0f} MB", va="center")
axes.invert_yaxis()
axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
axes.set(xlabel=LABELS["memory_x"], xlim=(0, 1))
axes.tick_params(axis="y", length=0)
axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.22), ncols=4, frameon=False)
figure.suptitle(LABELS["memory_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** orange, the activations, is the largest part of both trainings. If your computer
# says that its memory is full, a smaller batch helps more than a smaller model. The second and the
# fourth bar are the next section.
#
# ## 9. Forget, and compute again
#
# There is a trade. The backward pass of a block needs its caches, but only at the moment when it is
# this block's turn. So we may throw all caches of a block away and keep only its input. When the
# gradient arrives, we run the forward pass of the block once more, and the caches are there again
# (Chen and others, 2016).
#
# **Predict:** a backward pass costs about two forward passes (each matrix product has two
# gradients). How much longer does a training step take if every block is computed twice? What
# happens to the gradients? minigpt's `recomputed` turns a block into one that forgets:

# %%
forward = partial(block, n_head=H)
forward_again, backward_again = recomputed(forward, block_backward)
dy = np.random.default_rng(3).standard_normal(x.shape).astype("float32")


def step(run, undo):
    y, cache = run(x, **first_block)
    dx, grads = undo(dy, cache)
    return dx, grads, kept_bytes(cache, but=[model.params.buffer])


def seconds(function, times=5):
    found = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
    return min(found)


dx_kept, grads_kept, bytes_kept = step(forward, block_backward)
dx_again, grads_again, bytes_again = step(forward_again, backward_again)
t_kept = seconds(lambda: step(forward, block_backward))
t_again = seconds(lambda: step(forward_again, backward_again))
print(f"caches kept:    {bytes_kept / 1e6:6.2f} MB  {1e3 * t_kept:6.1f} ms")
print(f"computed again: {bytes_again / 1e6:6.2f} MB  {1e3 * t_again:6.1f} ms")
print("equal gradients:", np.array_equal(dx_kept, dx_again))

# %% [markdown]
# The work of three forward passes became the work of four: a third more. The gradients are equal to
# the last bit, because the same numbers were computed again. In minigpt this is `--recompute`. The
# whole trick is seven lines, and here you see closures at work:

# %%
print(inspect.getsource(recomputed))

# %% [markdown]
# ## 10. Exercises
#
# 1. **Easy.** The stack of section 1 with $x \to x + 0.5 x$: how large is the gradient after 20
#    layers? And with $x \to x + 0.5 x / \sqrt{20}$? Find the line in `init_params` (in
#    `minigpt/model/gpt.py`) that does this division for a GPT.
# 2. **Easy.** Compute $y = x \cdot x \cdot x$ at $x = 2$ on the tape, and the gradient on paper.
# 3. **Medium.** Write the post-norm block, `x = layernorm(x + attention(x))` and `x = layernorm(x +
#    mlp(x))`, with its backward pass. Check it and compare with `minigpt.model.post_norm_block`. Is
#    there still a way through the block on which the gradient meets nothing but additions?
# 4. **Medium.** Count the activations of GPT-2 (`C = 768`, `H = 12`, 12 blocks) for one text of
#    1024 places with $20 C + H T$ on paper. From which `T` on do the attention weights take more
#    than everything else in a block?
# 5. **Hard.** Write layer norm in small steps on the tape. You need `mean` over the last axis, a
#    power, and an `add` and a `multiply` that can broadcast: their backwards sum over the axes
#    along which an input was stretched (lesson 05 did this for the bias). Check it, and count the
#    arrays that it keeps.
#
# **Write it yourself.** `minigpt lesson start 09` puts a file into the folder `mywork`, with
# `residual` and `block` to be filled in. `minigpt check 09` says what is right, and names the
# mistake if there is one. Here is the same check on both functions of this lesson; every line
# should be green:

# %%
from minigpt.classroom import check

check(block, block_backward)

# %% [markdown]
# ## 11. What you can now read in `minigpt/`
#
# - `minigpt/model/block.py`: the block with dropout and windows (exercises of lesson 07) and with
#   pre-norm or post-norm.
# - `minigpt/model/account.py`: `activations` and `memory`.
# - `minigpt/kernels/mlp.py`: the GELU that keeps only its slope.
# - `minigpt/gradcheck/check.py`: how a broken contract is noticed. Look for `report.breaches`.
#
# This is minigpt's backward pass of the block. `forget_backward` undoes dropout; without dropout it
# returns what it is given.

# %%
print(inspect.getsource(minigpt_block_backward))

# %% [markdown]
# ## The claims of this lesson, as assertions

# %%
# sections 1 and 2
assert 1e-27 < plain_20 < 1e-25 and 2.6 < residual_20 < 2.7
assert deep["deep_plain"][0] < 1e-3 * deep["deep_plain"][-1]
assert deep["deep_residual"][0] > 10 * deep["deep_residual"][-1]
assert 0.5 < deep["deep_small"][0] / deep["deep_small"][-1] < 3
assert by_hand_fork == 7 and abs(measured - 7) < 1e-6
# sections 3 and 4
assert report.ok and report.max_relative_error < 1e-7 and difference < 1e-10
assert np.abs(dx_ours - dx_theirs).max() < 1e-10
assert not any(found.ok for found in broken.values())
for name in ("lost residual", "too early"):
    right = {tensor.name.split(".")[0] for tensor in broken[name].tensors if tensor.ok}
    assert right == {"mlp", "ln_2"} and not broken[name].breaches
assert all(broken[f"in place, {way}"].breaches for way in ("forward", "backward"))
assert np.allclose(first, dx_ours) and not np.allclose(second, dx_ours)
# section 5
same_slope = [name for name, f in functions.items() if abs(slope(f, -1.0) - slope(f, 2.0)) < 1e-6]
assert same_slope == ["3 x", "a + b", "a * b"]
# sections 6 and 7
assert np.array_equal(dx_closure, dx_cache) and set(remembered) == {"x", "weight"}
assert np.array_equal(grads_closure["weight"], grads_cache["weight"])
assert 20 <= lines < 30
assert report_tape.ok and same_bits and not forgetful.ok
assert np.abs(dx_steps - dx_layer).max() < 1e-12 and [round(k) for k in kept] == [4, 2, 1]
# section 8
assert abs(walked / by_hand - 1) < 0.02 and abs(traced / by_hand - 1) < 0.02
assert by_hand > 10 * weights and weights == 4 * (12 * C**2 + 13 * C)
assert abs((after - before) / sum(counted.values()) - 1) < 0.03
assert all(parts[3] > sum(parts[:3]) for parts in list(bars.values())[::2])
plain = Settings()  # what `minigpt train` takes if nothing is asked for
assert (plain.vocab_size, plain.n_layer, plain.n_head, plain.n_embd) == (2048, 2, 4, 128)
assert (plain.block_size, plain.batch_size) == (128, trainings["minigpt train"][1]) == (128, 16)
# section 9
assert bytes_again < bytes_kept / 10 and np.array_equal(dx_kept, dx_again)
by_path = dict(items(grads_again))
assert all(np.array_equal(grad, by_path[path]) for path, grad in items(grads_kept))
assert check(block, block_backward)
print("All claims hold.")
