# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 11 · Adam
#
# The gradient says which way is down. It does not say how far to go. Should each step be long or
# short? And should all 124 million parameters of a GPT-2 take steps of the same kind?
#
# The rule that turns gradients into steps is called an **optimizer**. In this lesson you build four
# of them, each from the one before: SGD, momentum, Adam, AdamW. You do each step by hand, on one or
# two numbers. At the end your AdamW agrees with minigpt's to twelve digits, you have watched all
# four walk over the same landscape, and you have trained a small GPT with each of them.
#
# Time: about 90 minutes (sections 1 to 5, a break, sections 6 to 11).

# %%
import inspect
import math

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPT, AdamW, GPTConfig, gradcheck
from minigpt.corpus import tinytown
from minigpt.model.account import memory
from minigpt.plots import BLUE, GREEN, GREY, ORANGE, PINK, lesson_style, show
from minigpt.training.adamw import adamw_update
from minigpt.training.schedule import clip_by_global_norm, warmup_cosine
from minigpt.tree import FlatTree, items

lesson_style()
threadpool_limits(1)  # our matrices are small: one core is enough for them

LABELS = {
    "bowl_title": "Too small is slow, too large flies away",
    "bowl_panel": "learning rate {}",
    "bowl_x": "parameter",
    "bowl_y": "loss",
    "sizes_title": "Gradients of one GPT: the largest is {:.0f} times the smallest",
    "sizes_x": "typical size of the gradient (root of the mean square)",
    "bias_title": "Without the correction the first steps are far too long",
    "bias_x": "step",
    "bias_y": "length of the step / learning rate",
    "bias_with": "with bias correction",
    "bias_without": "without",
    "path_title": "After {} steps Adam is nearest to the lowest point",
    "path_names": {"sgd": "SGD", "momentum": "momentum", "adam": "Adam", "adamw": "AdamW"},
    "schedule_title": "Large steps to get there, small steps to stay there",
    "schedule_names": ["always large", "always small", "warm-up and cosine"],
    "schedule_x": "step",
    "schedule_rate": "learning rate",
    "schedule_distance": "mean distance",
    "clip_title": "One huge gradient, and Adam nearly stands still",
    "clip_x": "step",
    "clip_y": "length of the step / learning rate",
    "clip_without": "without clipping",
    "clip_with": "with clipping",
    "clip_here": "the huge gradient",
    "race_title": "The same GPT, the same text: Adam learns fastest",
    "race_x": "step",
    "race_y": "loss (nats a token)",
}

# %% [markdown]
# ## 1. One number: SGD
#
# We begin with a single parameter `p` and a loss that you can draw: the parabola
# $L(p) = \frac{1}{2} p^2$. Its derivative is $p$. The smallest loss is at `p = 0`.
#
# The gradient points uphill, so we go against it. How far? We multiply the gradient by a small
# number of our choice, the **learning rate** `lr`:
#
# $$p \leftarrow p - lr \cdot g$$
#
# This rule is called **gradient descent**. In the training of a GPT the gradient comes from a few
# pieces of text only, chosen at random. So it is a bit wrong each time, in a random way. A word for
# "random" is stochastic: hence **SGD**, stochastic gradient descent.
#
# **Predict:** we start at `p = 4`. Do three steps by hand with `lr = 0.5`, and three with
# `lr = 1.5`. What happens with `lr = 2`? And with `lr = 2.5`? Write your answers down before you
# run the next cell.

# %%
sgd_paths = {}
for lr in (0.5, 1.5, 2.0, 2.5):
    p, path = 4.0, [4.0]
    for _ in range(3):
        g = p  # the derivative of p^2 / 2
        p = p - lr * g
        path.append(p)
    sgd_paths[lr] = path
    print(f"lr {lr}:  " + "  ->  ".join(f"{p:g}" for p in path))

# %% [markdown]
# Why 2? Put the gradient $g = p$ into the rule:
#
# $$p - lr \cdot p = (1 - lr) \, p$$
#
# Each step multiplies `p` by the same factor $1 - lr$. With `lr = 0.5` the factor is 0.5. With
# `lr = 1.5` it is -0.5: we jump over the minimum, but come nearer. With `lr = 2` it is -1, for ever
# from one side to the other. With `lr = 2.5` it is -1.5: each jump is longer than the last. This is
# called **divergence**.
#
# For a steeper parabola, $L = \frac{1}{2} a p^2$ with the derivative $a p$, the factor is
# $1 - lr \cdot a$. It must stay between -1 and 1, so
#
# $$0 < lr < \frac{2}{a}$$
#
# **The steeper the curve, the smaller the learning rate must be.** Remember this formula: it is the
# reason for all that follows.

# %%
figure, all_axes = plt.subplots(1, 4, figsize=(10, 3.6), sharex=True, sharey=True)
ground = np.linspace(-5.6, 5.6, 200)
for axes, lr in zip(all_axes, (0.1, 0.5, 1.5, 2.1), strict=True):
    path = 4 * (1 - lr) ** np.arange(7)
    inside = path[: 1 + next((t for t in range(7) if abs(path[t]) > 5.6), 7)]
    axes.plot(ground, ground**2 / 2, color=GREY, lw=1.2)
    axes.plot(inside, inside**2 / 2, "o-", color=BLUE, ms=6, lw=1.2)
    axes.plot(4, 8, "o", color=ORANGE, ms=9)
    axes.set_title(LABELS["bowl_panel"].format(lr), fontweight="normal", fontsize=12)
    axes.set(xlabel=LABELS["bowl_x"], xlim=(-5.6, 5.6), ylim=(-0.6, 15.7))
all_axes[0].set_ylabel(LABELS["bowl_y"])
figure.suptitle(LABELS["bowl_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** each path starts at the orange point and makes six steps. The first one is still
# on its way. The second one arrives. The third one jumps from side to side and arrives. The fourth
# one climbs.
#
# ## 2. Two directions, one learning rate
#
# Now two parameters, and a bowl that is steep in one direction and flat in the other:
#
# $$L(x, y) = \tfrac{1}{2} x^2 + \tfrac{1}{2} \cdot 25 \, y^2 \qquad
# \frac{\partial L}{\partial x} = x \qquad \frac{\partial L}{\partial y} = 25 \, y$$
#
# Each direction has a factor of its own: $1 - lr$ for `x`, and $1 - 25 \, lr$ for `y`. But there is
# only one learning rate. Because of `y` it must be below $2 / 25 = 0.08$. Take `lr = 0.07`.
#
# **Predict:** we start at `x = 10`. After how many steps is `x` below 0.1? (The factor is 0.93. Is
# it nearer to 5, 20, 60 or 1000 steps?) And what does `y` do, with its factor of 1 - 1.75 = -0.75?
# Write your answers down before you run the next cell.

# %%
x, y, steps_needed = 10.0, 1.0, 0
while x >= 0.1:
    x, y = x - 0.07 * x, y - 0.07 * 25 * y
    steps_needed += 1
    if steps_needed <= 4:
        print(f"step {steps_needed}: x = {x:7.4f}   y = {y:7.4f}")
print(f"x is below 0.1 after {steps_needed} steps; y is {y:.1g} by then")

# %% [markdown]
# The steep direction decides how large the learning rate may be. The flat direction pays for it
# with many steps, while `y` jumps from side to side.
#
# Is this only a toy? Let us look at a GPT. How large are the gradients of its tensors at the first
# step? As the size of a tensor's gradient we take the root of the mean of its squares. (The model
# is the small one of lesson 10; its tokens are letters.)

# %%
stories, _ = tinytown.corpus(0, 60_000, "en", 0.05)
text = "\n".join(story.text for story in stories)
letters = sorted(set(text))
id_of = {letter: number for number, letter in enumerate(letters)}
text_ids = np.array([id_of[letter] for letter in text])
small = GPTConfig(vocab_size=len(letters), block_size=32, n_layer=2, n_head=4, n_embd=32)


def draw_pieces(rng, B=16, T=32):
    """B pieces of the text: ids (B, T), and the targets, one place later."""
    starts = rng.integers(0, len(text_ids) - T - 1, B)
    pieces = text_ids[starts[:, None] + np.arange(T + 1)]
    return pieces[:, :-1], pieces[:, 1:]


model = GPT(small, seed=0, device="cpu")
_, grads = model.loss_and_grads(*draw_pieces(np.random.default_rng(0)))
sizes = {name: float(np.sqrt((g**2).mean())) for name, g in items(grads)}
spread = max(sizes.values()) / min(sizes.values())
print(f"smallest: {min(sizes, key=sizes.get)} {min(sizes.values()):.1e}")
print(f"largest:  {max(sizes, key=sizes.get)} {max(sizes.values()):.1e}, {spread:.0f} times that")

# %%
figure, axes = plt.subplots(figsize=(8.5, 6.2))
ordered = sorted(sizes, key=sizes.get)
axes.hlines(range(len(ordered)), min(sizes.values()) / 2, [sizes[name] for name in ordered],
            color="#DDDDDD", lw=1.2)  # fmt: skip
axes.plot([sizes[name] for name in ordered], range(len(ordered)), "o", color=BLUE)
axes.set_xscale("log")
axes.set_xlim(min(sizes.values()) / 2, max(sizes.values()) * 2)
axes.set_yticks(range(len(ordered)), ordered, fontsize=9)
axes.set_xlabel(LABELS["sizes_x"])
figure.suptitle(LABELS["sizes_title"].format(spread), x=0.01, ha="left", fontsize=15,
                fontweight="bold")  # fmt: skip
show(figure)

# %% [markdown]
# **What to see:** the scale is logarithmic, each mark is ten times the one before. With one
# learning rate for all, the tensors at the top take steps that are hundreds of times longer than
# those of the tensors at the bottom. What is small enough for the first is far too small for the
# others. A GPT looks like our bowl, only in thousands of directions. We need something better.
#
# ## 3. Momentum: what persists and what alternates
#
# Look at section 2 again. In `y` the gradient changes its sign at each step: `+ - + -`. In `x` it
# keeps its sign: `+ + + +`. So let us take a mean of the last gradients! What alternates cancels,
# and what persists stays.
#
# We don't store all old gradients. We store one number `m`, and mix a bit of the new gradient into
# it:
#
# $$m \leftarrow \beta \, m + (1 - \beta) \, g \qquad p \leftarrow p - lr \cdot m$$
#
# This is a **running mean**. $\beta$ (beta) says how much of the old mean is kept, usually 0.9. The
# optimizer is called **momentum**: like a heavy ball, it keeps on moving in its direction. (Other
# books and PyTorch write $m \leftarrow \beta m + g$. Then `m` is $1 / (1 - \beta)$ times larger,
# and `lr` must be smaller by that factor.)
#
# **Predict:** let $\beta = 0.5$ and start with `m = 0`. Compute four steps of `m` by hand, first
# for the gradients 8, 8, 8, 8, then for 8, -8, 8, -8. Write them down before you run the next cell.


# %%
def running_means(gradients, beta):
    m, means = 0.0, []
    for g in gradients:
        m = beta * m + (1 - beta) * g
        means.append(m)
    return means


print("8,  8, 8,  8:", running_means([8, 8, 8, 8], 0.5))
print("8, -8, 8, -8:", running_means([8, -8, 8, -8], 0.5))
persists = running_means([8] * 100, 0.9)[-1]
alternates = running_means([8, -8] * 50, 0.9)[-1]
print(f"beta 0.9, after 100 steps: {persists:.4f} and {alternates:.4f}")

# %% [markdown]
# A gradient that persists arrives whole. A gradient that alternates is made small. How small? In
# the long run `m` alternates too, between $M$ and $-M$. Put $-M$ (old) and $M$ (new) into the rule:
#
# $$M = \beta \cdot (-M) + (1 - \beta) \, g \quad \Rightarrow \quad M (1 + \beta) = (1 - \beta) \, g
# \quad \Rightarrow \quad M = \frac{1 - \beta}{1 + \beta} \, g$$
#
# With $\beta = 0.9$ this is $0.1 / 1.9$, about a nineteenth. So in the steep direction the jumps
# from side to side are damped, and we may use a much larger learning rate.
#
# ## 4. Adam: divide by the size
#
# Momentum helps, but all parameters still share one learning rate. **Adam** (Kingma and Ba, 2015)
# gives each parameter a step size of its own. The idea: find out how large the gradient of this
# parameter usually is, and divide by it.
#
# For the usual size Adam keeps a second running mean, that of the *square* of the gradient:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1) \, g \qquad
# v \leftarrow \beta_2 v + (1 - \beta_2) \, g^2$$
#
# A square has no sign, so nothing cancels. $\sqrt{v}$ is the typical size of the gradient, as in
# the figure of section 2. The usual numbers are $\beta_1 = 0.9$ and $\beta_2 = 0.999$. For the
# moment let us imagine that `m` and `v` are already good means. Then the step is
#
# $$p \leftarrow p - lr \cdot \frac{m}{\sqrt{v}}$$
#
# **Predict:** two parameters. The first has the gradient 100 at every step, the second 0.001 at
# every step. With `lr = 0.1`, how far does each of them move in a step of Adam? Write both numbers
# down before you run the next cell.

# %%
g = np.array([100.0, 0.001])
m, v = g, g**2  # good means of a gradient that is always the same
print("SGD would move by", [float(step) for step in 0.1 * g])
print("Adam moves by    ", [float(step) for step in 0.1 * m / np.sqrt(v)])

# %% [markdown]
# Both move by 0.1. **The learning rate of Adam is a length:** about how far a parameter goes in one
# step, if its gradient keeps its sign. If the gradient alternates, `m` is small compared with
# $\sqrt{v}$, and the step is shorter.
#
# There is a second way to say it. Multiply the loss by 1000. All gradients become 1000 times
# larger, `m` as well, $\sqrt{v}$ as well, and the steps stay the same. The steps of SGD would
# become 1000 times longer.
#
# ## 5. Bias correction
#
# `m` and `v` start at 0. That is a wrong guess, and it takes time until it is forgotten. At the
# first step, with $\beta_1 = 0.9$ and $\beta_2 = 0.999$ and a gradient of 1:
#
# $$m = 0.9 \cdot 0 + 0.1 \cdot 1 = 0.1 \qquad v = 0.999 \cdot 0 + 0.001 \cdot 1 = 0.001$$
#
# Both are much too small: they should be 1.
#
# **Predict:** if we use them as they are, is the first step $m / \sqrt{v}$ too short, right or too
# long? Compute it.

# %%
m1, v1 = 0.1, 0.001
print(f"m / sqrt(v) = {m1} / {math.sqrt(v1):.4f} = {m1 / math.sqrt(v1):.2f}, and it should be 1")

# %% [markdown]
# More than three times too long. `v` is wrong by a larger factor than `m`, and it stands in the
# denominator.
#
# How wrong are they exactly? Let the gradient be the same number $g$ at each step and write out `m`
# after $t$ steps:
#
# $$m_1 = (1 - \beta) \, g$$
# $$m_2 = \beta (1 - \beta) \, g + (1 - \beta) \, g = (1 - \beta)(1 + \beta) \, g$$
# $$m_t = (1 - \beta)(1 + \beta + \beta^2 + \dots + \beta^{t-1}) \, g$$
#
# The long bracket is a geometric sum. It equals $(1 - \beta^t) / (1 - \beta)$; multiply it by
# $1 - \beta$ and nearly everything cancels. So
#
# $$m_t = (1 - \beta^t) \, g$$
#
# The missing factor is known: $1 - \beta^t$. So divide by it. This is the **bias correction**:
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t} \qquad
# p \leftarrow p - lr \cdot \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$
#
# (The small $\epsilon$, epsilon, usually $10^{-8}$, avoids a division by 0 where a gradient has
# always been 0.) The steps are counted from `t = 1`. What if we leave the correction out?

# %%
t = np.arange(1, 4001)
without = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)  # m / sqrt(v) for a gradient that is always 1
worst, back = int(without.argmax()), int(np.argmax((without < 1.1) & (t > 100)))
print(f"step 1: {without[0]:.2f} times too long; step {t[worst]}: {without[worst]:.2f} times")
print(f"only after step {t[back]} the error is below 10 percent")

# %%
figure, axes = plt.subplots()
axes.plot(t, without, color=ORANGE)
axes.plot(t, np.ones(len(t)), color=BLUE)
axes.text(60, without.max() * 0.93, LABELS["bias_without"], color=ORANGE)
axes.text(60, 0.45, LABELS["bias_with"], color=BLUE)
axes.set_xscale("log")
axes.set(title=LABELS["bias_title"], xlabel=LABELS["bias_x"], ylabel=LABELS["bias_y"])
axes.set_ylim(0, 7.2)
axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
show(figure)

# %% [markdown]
# **What to see:** the blue line is always 1: with the correction each step has the right length
# from the start. The orange line begins above 3, rises above 6, and needs more than a thousand
# steps to come back. So a new GPT would get its longest steps at the very beginning, when nothing
# is known yet about its gradients.
#
# ## 6. Weight decay: from Adam to AdamW
#
# One more wish. Large weights make a model fragile: a small change of its input becomes a large
# change of its output. So we let each weight shrink a little at each step, unless the gradient
# holds against it. This is **weight decay**:
#
# $$p \leftarrow p - lr \cdot \lambda \cdot p = (1 - lr \cdot \lambda) \, p$$
#
# where $\lambda$ (lambda, in code `weight_decay`) is often 0.1. By hand: `p = 2`, `lr = 0.1`,
# `weight_decay = 0.5` gives `2 - 0.1 * 0.5 * 2 = 1.9`.
#
# The old way was another one: add $\lambda p$ to the gradient. With SGD this is the same: the step
# is $lr \cdot (g + \lambda p)$. With Adam it is not, because Adam divides all that it is given by
# $\sqrt{v}$. **AdamW** (Loshchilov and Hutter, 2019) shrinks the weight beside Adam, not through
# it. Does the difference matter?
#
# Here is the whole of AdamW as one function. Read it line by line: you know each of them. Below it
# stands the old way.


# %%
def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """One step of AdamW, t = 1, 2, …; returns the new p, m and v and changes nothing."""
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g  # running mean of the gradient
    v = beta2 * v + (1 - beta2) * g * g  # and of its square
    m_hat = m / (1 - beta1**t)  # bias correction
    v_hat = v / (1 - beta2**t)
    p = p - lr * weight_decay * p  # weight decay, beside Adam
    p = p - lr * m_hat / (np.sqrt(v_hat) + eps)
    return p, m, v


def decay_through_adam(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    return adamw_step(p, g + weight_decay * p, m, v, t, lr, betas, eps)


# %% [markdown]
# **Predict:** take many weights, all 1 at the start. Half of them get random gradients of +10 or
# -10, the other half of +0.1 or -0.1. On average these push nowhere, so only the decay should be
# seen. Which half decays faster when the decay goes through Adam, and which with AdamW? Write your
# answer down before you run the next cell.

# %%
means = {}
for step in (decay_through_adam, adamw_step):
    rng = np.random.default_rng(0)
    sizes_of_g = np.repeat([10.0, 0.1], 1000)
    p, m, v = np.ones(2000), np.zeros(2000), np.zeros(2000)
    for t in range(1, 301):
        g = rng.choice([-1.0, 1.0], 2000) * sizes_of_g
        p, m, v = step(p, g, m, v, t, lr=0.01, weight_decay=0.5)
    means[step.__name__] = p[:1000].mean(), p[1000:].mean()
    large, little = means[step.__name__]
    print(f"{step.__name__:<20} gradients of 10: {large:.2f}   gradients of 0.1: {little:.2f}")
print(f"(1 - 0.01 * 0.5) ** 300 = {(1 - 0.01 * 0.5) ** 300:.2f}")

# %% [markdown]
# Through Adam, the weights with large gradients hardly decay, and those with small gradients are
# gone. With AdamW both halves shrink as the formula says.
#
# One convention: minigpt shrinks **matrices only** (embeddings included), as most trainings of a
# GPT do. Biases and the scales of layer norms are left alone. There are few of them, and a scale
# that shrinks to 0 would switch its channel off.
#
# ## 7. The whole step, against minigpt
#
# Let us follow `adamw_step` on two numbers: `p = (1, 1)`, gradients `(4, -0.02)` at the first step
# and `(2, 0.02)` at the second, `lr = 0.1`, `betas = (0.5, 0.75)`, no decay.
#
# Step 1: `m = (2, -0.01)`, `v = (4, 0.0001)`. Corrected by `1 - 0.5 = 0.5` and `1 - 0.75 = 0.25`:
# `m_hat = (4, -0.02)`, `v_hat = (16, 0.0004)`. The step is `0.1 * (4 / 4, -0.02 / 0.02)`, so
# `p = (0.9, 1.1)`.
#
# **Predict:** compute step 2 by hand, at least for the first number. (You need `1 - 0.25 = 0.75`
# and `1 - 0.5625 = 0.4375` for the correction.)

# %%
p, m, v = np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
two_steps = []
for t, g in ((1, np.array([4.0, -0.02])), (2, np.array([2.0, 0.02]))):
    p, m, v = adamw_step(p, g, m, v, t, lr=0.1, betas=(0.5, 0.75))
    two_steps.append(p)
    shown = [f"({pair[0]:.4g}, {pair[1]:.4g})" for pair in (m, v, p)]
    print(f"t = {t}: m = {shown[0]}, v = {shown[1]}, p = {shown[2]}")

# %% [markdown]
# How do we check an optimizer? It has no backward pass, so `gradcheck` can't help. But minigpt has
# an `AdamW` that was written independently of this lesson and is tested against PyTorch's. Both
# start from the same GPT and get the same twenty random gradients, of very different sizes. After
# that all parameters must agree.
#
# minigpt keeps all parameters behind one another in one long array, `params.buffer`, matrices
# first. So its optimizer works on one array instead of thirty. Ours takes each tensor by its name.


# %%
def difference_from_minigpt(step, decays=lambda p: p.ndim >= 2):
    """The largest relative difference of any parameter after 20 steps."""
    rng = np.random.default_rng(0)
    model = GPT(small, seed=0, device="cpu", dtype="float64")
    ours = {name: (p.copy(), np.zeros_like(p), np.zeros_like(p)) for name, p in items(model.params)}
    theirs = AdamW(model.params, lr=0.01, betas=(0.9, 0.95), weight_decay=0.1)
    scales = {name: 10 ** rng.uniform(-4, 1) for name in ours}
    grads = FlatTree(model.params)
    for t in range(1, 21):
        for name, g in items(grads):
            g[...] = scales[name] * rng.standard_normal(g.shape)
            decay = 0.1 if decays(g) else 0.0
            p, m, v = ours[name]
            ours[name] = step(p, g, m, v, t, 0.01, (0.9, 0.95), 1e-8, decay)
        theirs.step(grads)
    return max(
        float(np.abs(ours[name][0] - p).max() / np.abs(p).max()) for name, p in items(model.params)
    )


right = difference_from_minigpt(adamw_step)
print(f"adamw_step: largest relative difference {right:.1e}")

# %% [markdown]
# Now break it. Four mistakes that people make:
#
# 1. no bias correction;
# 2. the decay goes through Adam;
# 3. biases and scales decay, too;
# 4. steps are counted from 0.
#
# **Predict:** which of them would you notice in a training, without minigpt to compare with?


# %%
def no_correction(p, g, m, v, t, *options):
    return adamw_step(p, g, m, v, 10**9, *options)  # beta ** t is 0, so nothing is corrected


def counted_from_zero(p, g, m, v, t, *options):
    return adamw_step(p, g, m, v, t - 1, *options)


wrong = {"no correction": difference_from_minigpt(no_correction)}
wrong["decay through Adam"] = difference_from_minigpt(decay_through_adam)
wrong["everything decays"] = difference_from_minigpt(adamw_step, decays=lambda p: True)
with np.errstate(divide="ignore", invalid="ignore"):
    wrong["counted from 0"] = difference_from_minigpt(counted_from_zero)
for name, difference in wrong.items():
    print(f"{name:<20} {difference:.1e}")
    assert not difference < 1e-6

# %% [markdown]
# The last one shows itself: it divides 0 by 0, and everything becomes `nan` (not a number). With
# the other three all numbers stay finite and nothing complains. Only the comparison tells.
#
# ## 8. A loss surface to look at
#
# Now all four walk over the same landscape: a bent valley, flat along its floor and steep across.
#
# $$u = y + 0.1 \sin x \qquad L(x, y) = \tfrac{1}{2} \left( 0.02 \, (x - 2)^2 + 8 \, u^2 \right)$$
#
# The floor of the valley is where $u = 0$, and on it the lowest point has $x = 2$. We need the
# gradient. Step by step, with the chain rule:
#
# - $L$ depends on $u$: $\partial L / \partial u = 8 u$.
# - $u$ depends on $y$ directly: $\partial u / \partial y = 1$. So $\partial L / \partial y = 8 u$.
# - $u$ depends on $x$ through the sine: $\partial u / \partial x = 0.1 \cos x$.
# - $L$ depends on $x$ in two ways, and we add them:
#   $\partial L / \partial x = 0.02 \, (x - 2) + 8 u \cdot 0.1 \cos x$.


# %%
def valley(p):
    """p (2,) -> the loss, and the cache."""
    x, y = p
    u = y + 0.1 * np.sin(x)
    return 0.5 * (0.02 * (x - 2) ** 2 + 8 * u**2), (x, u)


def valley_backward(dloss, cache):
    x, u = cache
    dx = 0.02 * (x - 2) + 8 * u * 0.1 * np.cos(x)
    dy = 8 * u
    return dloss * np.array([dx, dy]), {}


start = np.array([-3.0, 1.2])
report = gradcheck(valley, valley_backward, [start])
print(report)

# %% [markdown]
# The gradient is right. Now each optimizer gets a learning rate that suits it, and the same number
# of steps. AdamW gets a strong weight decay, so that we can see it.
#
# **Predict:** the start is at `x = -3`, `y = 1.2`, on the steep side. In which direction does SGD
# take its first step? And Adam?

# %%
WALK = 60


def walk(step):
    """The path of `step(p, g, m, v, t)` from the start."""
    p, m, v, path = start, np.zeros(2), np.zeros(2), [start]
    for t in range(1, WALK + 1):
        g, _ = valley_backward(1.0, valley(p)[1])
        p, m, v = step(p, g, m, v, t)
        path.append(p)
    return np.array(path)


def sgd_step(p, g, m, v, t, lr=0.2):
    return p - lr * g, m, v


def momentum_step(p, g, m, v, t, lr=0.8, beta=0.9):
    m = beta * m + (1 - beta) * g
    return p - lr * m, m, v


def adam_walk(p, g, m, v, t):
    return adamw_step(p, g, m, v, t, lr=0.3, betas=(0.9, 0.99))


def adamw_walk(p, g, m, v, t):
    return adamw_step(p, g, m, v, t, lr=0.3, betas=(0.9, 0.99), weight_decay=0.1)


steps = {"sgd": sgd_step, "momentum": momentum_step, "adam": adam_walk, "adamw": adamw_walk}
paths = {name: walk(step) for name, step in steps.items()}
for name, path in paths.items():
    loss = valley(path[-1])[0]
    first = "({:5.2f}, {:5.2f})".format(*(path[1] - path[0]))
    end = "({:5.2f}, {:5.2f})".format(*path[-1])
    print(f"{name:<9} first step {first}   end {end}   loss {loss:.4f}")
print(f"lowest point                        ({2:5.2f}, {-0.1 * np.sin(2):5.2f})")

# %%
figure, all_axes = plt.subplots(2, 2, figsize=(10, 5.8), sharex=True, sharey=True)
X, Y = np.meshgrid(np.linspace(-3.6, 3.4, 200), np.linspace(-1.3, 1.5, 200))
height = valley((X, Y))[0]
for axes, (name, path) in zip(all_axes.flat, paths.items(), strict=True):
    axes.contour(X, Y, height, np.geomspace(0.004, 16, 13), colors="#BBBBBB", linewidths=0.8)
    axes.plot(*path.T, "o-", color=BLUE, ms=4, lw=1.2)
    axes.plot(*path[-1], "o", color=ORANGE, ms=10)
    axes.plot(2, -0.1 * np.sin(2), "*", color="black", ms=15)
    axes.set_title(LABELS["path_names"][name], fontweight="normal", fontsize=13)
    axes.set(xlim=(-3.6, 3.4), ylim=(-1.3, 1.5))
figure.suptitle(LABELS["path_title"].format(WALK), x=0.01, ha="left", fontsize=15,
                fontweight="bold")  # fmt: skip
show(figure)

# %% [markdown]
# **What to see:** grey lines connect points of equal loss; the star is the lowest point; the orange
# point is the end of the walk.
#
# - **SGD** is on the floor of the valley soon, and then hardly moves: the floor is flat, and the
#   steep sides allow no learning rate above 2 / 8 = 0.25 (section 1).
# - **Momentum** swings across the valley like a ball, but it gets on along the floor.
# - **Adam** takes its first steps diagonally, 0.3 in both directions, although one gradient is many
#   times the other. It comes closest.
# - **AdamW** stops short of the star: weight decay pulls `x` towards 0. That is not a mistake. It
#   is what we asked for.
#
# ## 9. The schedule
#
# Which learning rate is right? At the beginning we are far away, and long steps help. At the end
# they hurt: the gradients are random, and long steps jump about the minimum. So the learning rate
# should change during the training. The plan for it is called the **schedule**.
#
# The usual one has two parts:
#
# - **Warm-up:** from nearly 0 up to `lr` in a straight line. At its very first step Adam moves
#   *every* parameter by exactly `lr`, since $\hat m / \sqrt{\hat v} = g / |g|$: also those whose
#   gradient is nothing but noise. It does not know the sizes yet. So the first steps should be
#   short.
# - **Cosine:** from `lr` down to `min_lr` along half a cosine, slowly, then fast, then slowly:
#
# $$min\_lr + (lr - min\_lr) \cdot \frac{1 + \cos(\pi \cdot done)}{2}$$
#
# where $done$ goes from 0 at the end of the warm-up to 1 at the end of the training.
#
# **Predict:** a training has 100 steps, 20 of them warm-up, `lr = 1`, `min_lr = 0.1`. What is the
# learning rate at step 20? At step 60, half way between the end of the warm-up and the end of the
# training? (The steps are counted from 0 here.)

# %%
plan = [warmup_cosine(step, steps=100, lr=1.0, min_lr=0.1, warmup=20) for step in range(100)]
for step in (0, 9, 19, 20, 40, 60, 80, 99):
    print(f"step {step:>2}: {plan[step]:.3f}")

# %% [markdown]
# Half way it is exactly the middle of `lr` and `min_lr`, because $\cos(\pi / 2) = 0$. (The warm-up
# begins at `lr / 21`, not at 0: a step of length 0 would be wasted.)
#
# Are the first steps of Adam really so long? We measure it in our small GPT: the mean length of a
# step, divided by the learning rate.

# %%
model = GPT(small, seed=0, device="cpu")
p, m, v = model.params.buffer, 0.0, 0.0
grads, rng, lengths = model.params.zeros_like(), np.random.default_rng(1), {}
for t in range(1, 51):
    grads.assign(model.loss_and_grads(*draw_pieces(rng))[1])
    new, m, v = adamw_step(p, grads.buffer, m, v, t, lr=1e-3)
    lengths[t] = float(np.abs(new - p).mean() / 1e-3)
    p[...] = new  # the model looks at this array
    if t in (1, 2, 5, 10, 20, 50):
        print(f"step {t:>2}: mean length {lengths[t]:.2f} learning rates")

# %% [markdown]
# At step 1 all parameters take the full step. Later the steps are much shorter, because by then
# Adam knows which gradients change their sign all the time.
#
# Now the other end. We take the parabola of section 1, but each gradient has a random error, as in
# a real training. We let 500 parameters walk, each by itself, from `p = 5`. So we can look at their
# mean distance from the minimum.
#
# **Predict:** which of three plans ends nearest to the minimum: always a large learning rate,
# always a small one, or warm-up and cosine?

# %%
ROUNDS = 200
plans = {
    "large": [0.5] * ROUNDS,
    "small": [0.01] * ROUNDS,
    "cosine": [warmup_cosine(step, ROUNDS, 0.5, 0.005, 20) for step in range(ROUNDS)],
}
distances = {}
for name, rates in plans.items():
    rng, p, found = np.random.default_rng(0), np.full(500, 5.0), []
    for rate in rates:
        p = p - rate * (p + rng.standard_normal(500))  # gradient p, and an error
        found.append(float(np.abs(p).mean()))
    distances[name] = found
    print(f"{name:<7} distance after 50 steps {found[49]:.2f}, at the end {found[-1]:.2f}")

# %%
figure, (upper, lower) = plt.subplots(2, 1, figsize=(8.5, 5.4), sharex=True)
names = zip(plans, LABELS["schedule_names"], (ORANGE, PINK, BLUE), strict=True)
for name, label, colour in names:
    upper.plot(plans[name], color=colour, label=label)
    lower.plot(distances[name], color=colour)
upper.set(title=LABELS["schedule_title"], ylabel=LABELS["schedule_rate"])
upper.legend(frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.95), fontsize=11)
lower.set_yscale("log")
lower.set(xlabel=LABELS["schedule_x"], ylabel=LABELS["schedule_distance"])
lower.set_yticks([0.1, 1], ["0.1", "1"])
show(figure)

# %% [markdown]
# **What to see:** the orange line is quick, but then it stays where it is: its long steps jump
# about the minimum. The pink line has not arrived yet. The blue line is quick at first and quiet at
# the end, and ends lowest.
#
# ## 10. Clipping
#
# Sometimes one gradient is hundreds of times larger than all others: a strange piece of text, an
# unlucky place in the landscape. With SGD and `lr = 0.1`, a gradient of 1000 moves a parameter by
# 100, away from all that it has learned. So we cut it: if the length of the gradient is above a
# limit, it is shortened to the limit. This is **clipping**.
#
# The length (the **norm**) is that of the whole gradient, all tensors together:
#
# $$norm = \sqrt{\sum g_i^2} \qquad g \leftarrow g \cdot \min \left( 1, \frac{limit}{norm} \right)$$
#
# By hand: `g = (3, 4)` has the norm $\sqrt{9 + 16} = 5$. With the limit 1 it becomes `(0.6, 0.8)`:
# shorter, but in the same direction. A common mistake is to cut each number by itself. With the
# same limit that gives `(1, 1)`, which is another direction.

# %%
tree = FlatTree({"p": np.array([3.0, 4.0])})
norm_before = clip_by_global_norm(tree, 1.0)
by_norm, by_element = tree["p"].copy(), np.clip([3.0, 4.0], -1, 1)
print(f"norm {norm_before}; clipped by the norm {by_norm.round(4)}, each by itself {by_element}")

# %% [markdown]
# What does one huge gradient do to Adam? Adam divides by the size, so perhaps nothing?
#
# **Predict:** one parameter has the gradient 1 at each step, but at step 100 it is 1000. Adam uses
# `betas = (0.9, 0.99)` and no clipping. How long is its step at step 100, and how long are the
# steps after it? Sketch the curve before you run the next cell.

# %%
after = {}
for limit in (None, 1.0):
    p, m, v, found = 0.0, 0.0, 0.0, []
    for t in range(1, 601):
        g = 1000.0 if t == 100 else 1.0
        g = g if limit is None else g * min(1, limit / abs(g))
        new, m, v = adamw_step(p, g, m, v, t, lr=0.1, betas=(0.9, 0.99))
        found.append(float(p - new) / 0.1)
        p = new
    after[limit] = np.array(found)
for t in (99, 100, 120, 150, 300, 600):
    print(f"step {t}: {after[None][t - 1]:.3f} learning rates, clipped {after[1.0][t - 1]:.3f}")
asleep = int((after[None] < 0.1).sum())
print(f"{asleep} steps were shorter than a tenth of the learning rate")

# %%
figure, axes = plt.subplots()
axes.plot(range(1, 601), after[None], color=ORANGE)
axes.plot(range(1, 601), after[1.0], color=BLUE)
axes.axvline(100, color=GREY, lw=1, ls=":")
axes.text(106, 1.14, LABELS["clip_here"], color=GREY)
axes.text(400, 1.04, LABELS["clip_with"], color=BLUE)
axes.text(400, 0.14, LABELS["clip_without"], color=ORANGE)
axes.set(title=LABELS["clip_title"], xlabel=LABELS["clip_x"], ylabel=LABELS["clip_y"])
axes.set_ylim(0, 1.25)
show(figure)

# %% [markdown]
# **What to see:** at step 100 itself the orange line does not rise: Adam divides the huge gradient
# by its own size, and does not jump away as SGD would. But then the line falls to nearly 0. `m`
# forgets within some tens of steps, but `v` remembers for hundreds, and as long as it is large,
# every step is short. With clipping (blue) nothing happens at all. So clipping is useful for Adam,
# too, but for another reason: not because it would jump, but because it would stand still.
#
# ## 11. On a real GPT
#
# At last: the small GPT, 200 steps from the same start, on the same pieces of text. We try three
# learning rates for each optimizer and keep the best. (To compare optimizers at one common learning
# rate would not be fair: section 4 says that it does not even mean the same thing.)

# %%
STEPS = 200


def train(name, lr):
    """The loss at each step."""
    model, order, losses = GPT(small, seed=0, device="cpu"), np.random.default_rng(0), []
    params, grads = model.params, model.params.zeros_like()
    m, v = np.zeros_like(params.buffer), np.zeros_like(params.buffer)
    adamw = AdamW(params, lr, betas=(0.9, 0.99), weight_decay=0.1)
    for t in range(1, STEPS + 1):
        loss, found = model.loss_and_grads(*draw_pieces(order))
        grads.assign(found)
        losses.append(float(loss))
        p, g = params.buffer, grads.buffer
        if name == "sgd":
            p[...] = p - lr * g
        elif name == "momentum":
            p[...], m, v = momentum_step(p, g, m, v, t, lr)
        elif name == "adam":
            p[...], m, v = adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.99))
        else:
            adamw.step(grads)
    return losses


rates = {"sgd": (0.1, 0.2, 0.4), "momentum": (0.5, 1.0, 2.0), "adam": (0.001, 0.003, 0.01),
         "adamw": (0.001, 0.003, 0.01)}  # fmt: skip
curves, last, ends_of = {}, {}, {}
for name, candidates in rates.items():
    runs = {lr: train(name, lr) for lr in candidates}
    ends = {lr: float(np.mean(losses[-20:])) for lr, losses in runs.items()}
    best, ends_of[name] = min(ends, key=ends.get), ends
    curves[name], last[name] = runs[best], ends[best]
    tried = "   ".join(f"lr {lr:g}: {loss:.2f}" for lr, loss in ends.items())
    print(f"{name:<9} {tried}   best: {best:g}")

# %%
figure, axes = plt.subplots()
colours = dict(zip(rates, (GREY, GREEN, ORANGE, BLUE), strict=True))
for name, losses in curves.items():
    smooth = np.convolve(losses, np.ones(10) / 10, "valid")
    label = LABELS["path_names"][name]
    axes.plot(range(10, STEPS + 1), smooth, color=colours[name], label=label,
              ls="--" if name == "adamw" else "-")  # fmt: skip
axes.set(title=LABELS["race_title"], xlabel=LABELS["race_x"], ylabel=LABELS["race_y"])
axes.legend(frameon=False)
show(figure)

# %% [markdown]
# **What to see:** each curve is the best of three learning rates, and each point the mean of ten
# steps. Adam and AdamW leave the flat part first and end lowest. The two lie nearly on one another:
# in so short a training, weight decay has no time to do anything.
#
# In the printed table look at the largest learning rate of Adam. It is only a few times the best
# one, and with it Adam is worse than momentum at its best. A good learning rate matters as much as
# the optimizer.
#
# What does Adam cost? It keeps `m` and `v`: two more numbers for each parameter. Together with the
# parameter and its gradient these are four numbers, 16 bytes in float32. For GPT-2:

# %%
gpt2 = GPTConfig.preset("gpt2")
held = memory(gpt2)
for name in ("weights", "training"):
    print(f"{name:<9} {held[name] / 1e9:.2f} GB")

# %% [markdown]
# ## Exercises
#
# 1. **Easy.** In section 1 take the steeper parabola `L = 5 p²` (so `a = 10`). Which learning rates
#    lead to the minimum? Which one arrives in a single step? Check with the first cell.
# 2. **Easy.** Multiply the loss of the valley by 1000 (multiply `g` in `walk`). Which of the four
#    paths change? Predict first.
# 3. **Medium.** In section 8, find the learning rate with the lowest final loss for each optimizer,
#    by a loop over twenty values. How many of your twenty work well for SGD, and how many for Adam?
# 4. **Medium.** Write `warmup_cosine` yourself, then one that falls in a straight line to 0 instead
#    of a cosine. Compare the first with minigpt's at every step, and both in the experiment with
#    noise. Then give such a plan to `adamw.step(grads, lr)` in section 11: does it help at a
#    learning rate of 0.01?
# 5. **Hard.** Lion is an optimizer that keeps only `m`: its step is `lr * sign(0.9 * m + 0.1 * g)`,
#    and afterwards `m = 0.99 * m + 0.01 * g` (Chen et al., 2023). Write `lion_step`, add it to the
#    walk and to the training of section 11, and find a good learning rate. How many bytes does it
#    keep for each parameter?
#
# **Write it yourself.** `minigpt lesson start 11` puts a file into the folder `mywork`, with
# `adamw_step`, `warmup_cosine` and `clip_by_norm` to be filled in. `minigpt check 11` says what is
# right, and names the mistake if there is one. Here is the same check on the function of this
# lesson; every line should be green:

# %%
from minigpt.classroom import check

check(adamw_step)

# %% [markdown]
# ## What you can now read in minigpt/
#
# - `minigpt/training/adamw.py`: the same formulas, in place and in pieces that fit into a fast part
#   of the processor's memory.
# - `minigpt/training/schedule.py`: `warmup_cosine`, `clip_by_global_norm`.
# - `minigpt/tree.py`: `FlatTree`, all parameters in one array, matrices first.
# - `minigpt/training/update.py`: norm, clipping and the step, in this order.
#
# This is the heart of minigpt's AdamW. Compare it line by line with yours: it writes into the
# arrays that it is given, because fresh ones would cost time.

# %%
print(inspect.getsource(adamw_update))

# %% [markdown]
# ## The claims of this lesson, as assertions

# %%
# sections 1 to 3
assert sgd_paths[0.5] == [4, 2, 1, 0.5] and sgd_paths[1.5] == [4, -2, 1, -0.5]
assert sgd_paths[2.0] == [4, -4, 4, -4] and sgd_paths[2.5] == [4, -6, 9, -13.5]
assert steps_needed == 64
assert spread > 100
assert running_means([8, 8, 8, 8], 0.5) == [4, 6, 7, 7.5]
assert running_means([8, -8, 8, -8], 0.5) == [4, -2, 3, -2.5]
assert abs(persists - 8) < 0.001 and abs(alternates + 8 / 19) < 0.001
# section 5
assert 3.16 < without[0] < 3.17 and 6 < without.max() < 7 and back > 1000
# section 6
assert means["decay_through_adam"][0] > 0.8 and means["decay_through_adam"][1] < 0.1
assert all(abs(mean - (1 - 0.01 * 0.5) ** 300) < 0.03 for mean in means["adamw_step"])
# section 7
assert np.allclose(two_steps[0], [0.9, 1.1], atol=1e-6)
m_hat, v_hat = 2 / 0.75, 4 / 0.4375
assert abs(two_steps[1][0] - (0.9 - 0.1 * m_hat / v_hat**0.5)) < 1e-6
assert right < 1e-12
assert math.isnan(wrong.pop("counted from 0")) and all(map(math.isfinite, wrong.values()))
# section 8
assert report.ok
final = {name: float(valley(path[-1])[0]) for name, path in paths.items()}
assert final["adam"] < final["momentum"] < final["sgd"]
assert np.abs(paths["sgd"][1] - start).max() > 5 * np.abs(paths["sgd"][1] - start).min()
assert np.allclose(np.abs(paths["adam"][1] - paths["adam"][0]), 0.3, atol=1e-3)
louder = walk(lambda p, g, m, v, t: adam_walk(p, 1000 * g, m, v, t))
assert np.allclose(louder, paths["adam"], atol=1e-4)  # section 4: the size of the loss is no matter
assert paths["adamw"][-1][0] < paths["adam"][-1][0] - 0.2
# sections 9 and 10
assert abs(plan[0] - 1 / 21) < 1e-12 and abs(plan[20] - 1) < 1e-12
assert abs(plan[60] - 0.55) < 1e-12
assert lengths[1] > 0.95 and lengths[50] < 0.6
assert distances["cosine"][-1] < 0.5 * min(distances["large"][-1], distances["small"][-1])
assert np.allclose(by_norm, [0.6, 0.8], atol=1e-5) and norm_before == 5
assert by_element.tolist() == [1, 1]
assert after[None].max() < 1.01 and asleep > 200 and np.allclose(after[1.0], 1, atol=1e-6)
# section 11
assert last["adam"] < last["momentum"] < last["sgd"]
assert ends_of["adam"][0.01] > last["momentum"]
assert abs(last["adamw"] - last["adam"]) < 0.1
assert held["training"] == 16 * 124_439_808
assert check(adamw_step)
print("All claims hold.")
