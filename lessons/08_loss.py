# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 08 · The loss
#
# A GPT has read `Mia saw a`. At the last place it has computed one score for each token of its
# vocabulary, thousands of them. The text goes on with `dog`. How good were the scores? We need one
# number, a small one if the model was right and a large one if it was wrong. And we need the
# gradient of this number, because everything that a model learns comes from there.
#
# At the end of this lesson you will have written the loss of every GPT, forward and backward. You
# will have trained your first language model, a very small one. And when somebody says "my loss is
# 3.1", you will know which questions to ask. It takes about 75 minutes.

# %%
import inspect
import math
import zlib
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPT, GPTConfig, Tokenizer, gradcheck, layers
from minigpt.corpus import tinytown
from minigpt.plots import BLUE, GREEN, GREY, ORANGE, PINK, lesson_style, show
from minigpt.training.ladder import ladder

lesson_style()
threadpool_limits(1)  # our matrices are small: one core is enough for them

LABELS = {
    "surprise_title": "A confident mistake is expensive",
    "surprise_x": "probability that the model gave to the right token",
    "surprise_y": "loss -ln p (nats)",
    "push_title": "Up with the right token, down with the others",
    "push_p": "probability p",
    "push_step": "where the logit goes: y - p",
    "start_title": "A model that knows nothing loses ln V",
    "start_x": "V, number of different tokens",
    "start_y": "first loss (nats a token)",
    "start_line": "ln V",
    "start_measured": "untrained GPT",
    "shift_title": "The targets are the ids, one place later",
    "shift_ids": "ids",
    "shift_targets": "targets",
    "learn_title": "The best loss belongs to the worst model",
    "learn_x": "step",
    "learn_y": "loss (nats a character)",
    "learn_right": "one place later (right)",
    "learn_zero": "not shifted",
    "learn_two": "two places later",
    "learn_floor": "counted pairs",
    "units_title": "The same method: more loss a token, fewer bits a byte",
    "units_nats": "loss (nats a token)",
    "units_bits": "bits a byte",
    "units_zip": "zip",
    "units_best": "best possible",
    "units_letters": "characters",
}

# %% [markdown]
# ## 1. From scores to probabilities
#
# The scores that a GPT gives to the tokens are called **logits**. They may be any numbers. We want
# **probabilities**: numbers from 0 to 1 that add up to 1. The softmax of lesson 07 does it:
#
# $$p_j = \frac{e^{z_j}}{\sum_i e^{z_i}}$$
#
# A small case: a vocabulary of three tokens, `cat`, `dog` and `sun`, with the logits $z = (\ln 5,
# \ln 3, \ln 2) \approx (1.609, 1.099, 0.693)$. Since $e^{\ln 5} = 5$, you can do it in your head.
#
# **Predict:** which three probabilities are these? And what do they become if we add 100 to each
# logit? Write your answer down before you run the next cell.

# %%
tokens = ["cat", "dog", "sun"]
z = np.log([5.0, 3.0, 2.0])
p, _ = layers.softmax(z)
p_plus, _ = layers.softmax(z + 100)
print("logits          ", z.round(3))
print("exp             ", np.exp(z).round(3), " sum", np.exp(z).sum().round(3))
print("probabilities   ", p.round(3))
print("with 100 added  ", p_plus.round(3))

# %% [markdown]
# Only the differences of logits matter: $e^{z + 100} = e^z e^{100}$, and the factor $e^{100}$
# stands above and below the fraction.
#
# ## 2. How surprised are you?
#
# The text says what really came next. This token is called the **target**. The model gave it the
# probability $p_{target}$. The loss is
#
# $$L = -\ln p_{target}$$
#
# It is 0 if the model was certain and right ($p = 1$), and it grows without end as $p$ goes to 0.
# You can read it as surprise. Its unit is called **nat** (from the natural logarithm).
#
# Why the logarithm, and not just $1 - p$? A text is many tokens. The probability that the model
# gives to a whole text is the *product* of the probabilities of its tokens. A product of a thousand
# small numbers is too small for a computer. The logarithm makes a sum of it:
#
# $$\ln (p_1 \, p_2 \cdots p_n) = \ln p_1 + \ln p_2 + \dots + \ln p_n$$
#
# So the sum of the losses tells the probability of the text. We take the mean instead of the sum,
# so that long and short texts can be compared. This mean is called **cross-entropy**.

# %%
thousand = np.full(1000, 0.1)
print("product of 1000 times 0.1:", np.prod(thousand))
print("sum of the logarithms:    ", np.log(thousand).sum().round(1))

# %% [markdown]
# **Predict:** two models read the same three tokens. Model A gives the right tokens the
# probabilities 0.9, 0.9 and 0.001. Model B is unsure: 0.5, 0.5 and 0.5. Which one has the better
# (smaller) mean loss? Write your answer down before you run the next cell.

# %%
model_a, model_b = np.array([0.9, 0.9, 0.001]), np.array([0.5, 0.5, 0.5])
loss_a, loss_b = -np.log(model_a).mean(), -np.log(model_b).mean()
print("A:", -np.log(model_a).round(2), f"mean {loss_a:.2f}")
print("B:", -np.log(model_b).round(2), f"mean {loss_b:.2f}")

# %%
figure, axes = plt.subplots()
curve = np.linspace(0.0005, 1, 800)
axes.plot(curve, -np.log(curve), color=BLUE)
for probability in (0.9, 0.5, 0.1, 0.01, 0.001):
    surprise = -math.log(probability)
    axes.plot(probability, surprise, "o", color=ORANGE, ms=8, zorder=3)
    axes.annotate(f"p = {probability:g}: {surprise:.2f}", (probability, surprise), (9, 3),
                  textcoords="offset points")  # fmt: skip
axes.set(xlabel=LABELS["surprise_x"], ylabel=LABELS["surprise_y"], xlim=(-0.01, 1.12),
         ylim=(0, 8), title=LABELS["surprise_title"])  # fmt: skip
show(figure)

# %% [markdown]
# **What to see:** going from 0.9 to 0.5 costs little. Going from 0.01 to 0.001 costs four times as
# much. One token to which A gave almost no chance makes A worse than B. A model with a low loss
# must be honest about what it does not know.
#
# ## 3. The logarithm of a sum of exponentials
#
# Put the softmax into the loss. With $\ln (a / b) = \ln a - \ln b$ we get
#
# $$L = -\ln \frac{e^{z_t}}{\sum_j e^{z_j}} = \ln \sum_j e^{z_j} - z_t$$
#
# where $t$ is the target. The first part has a name: **log-sum-exp**. On paper, all three forms are
# the same. In the computer they are not.
#
# **Predict:** the logits are (1000, 999, 998) and the target is the first. From the differences you
# know that the loss is small: about 0.41. What does each line of the next cell print?

# %%
large = np.array([1000.0, 999.0, 998.0])
with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
    plain_large = -np.log(np.exp(large[0]) / np.exp(large).sum())
    print("plain formula, large logits:", plain_large)
    far = np.array([0.0, -1000.0])  # the target is the second: a surprise of 1000
    plain_far = -np.log(layers.softmax(far)[0][1])
    print("softmax first, then log:    ", plain_far)
print("the largest x for exp(x):    float64", int(np.log(np.finfo("float64").max)), " float32",
      int(np.log(np.finfo("float32").max)))  # fmt: skip

# %% [markdown]
# In the first, `exp` overflows: infinity divided by infinity is `nan`, not a number. In the second,
# the softmax is careful, but the probability of the target is smaller than any number in the
# computer. It becomes 0, and $-\ln 0$ is infinite.
#
# The repair is one line of algebra. Let $m$ be the largest logit. Then
#
# $$\ln \sum_j e^{z_j} = \ln \Big( e^m \sum_j e^{z_j - m} \Big) = m + \ln \sum_j e^{z_j - m}$$
#
# Now the largest exponent is $0$, so nothing overflows. One term of the sum is $e^0 = 1$, so the
# logarithm never sees a 0. And the probability of the target is never computed at all.


# %%
def log_sum_exp(z):
    m = z.max(axis=-1)
    return m + np.log(np.exp(z - m[..., None]).sum(axis=-1))


print(f"large logits: {log_sum_exp(large) - large[0]:.4f}")
print(f"far away:     {log_sum_exp(far) - far[1]:.1f}")

# %% [markdown]
# In old code you will find another repair: `-np.log(p + 1e-9)`. It gives no error, but a wrong
# number: a surprise of 1000 becomes 20.7. We will meet it again in section 5.
#
# ## 4. The gradient: p - y
#
# This derivation is short, and the result is worth knowing by heart.
#
# **Step 1.** $L = \ln S - z_t$ with $S = \sum_i e^{z_i}$.
#
# **Step 2.** The first part, by the chain rule. The derivative of $\ln S$ by $S$ is $1 / S$, and
# the derivative of $S$ by $z_j$ is $e^{z_j}$, because $z_j$ stands in one term only:
#
# $$\frac{\partial \ln S}{\partial z_j} = \frac{1}{S} \, e^{z_j} = p_j$$
#
# **Step 3.** The second part: $-z_t$ changes only with $z_t$ itself. Its derivative by $z_j$ is
# $-1$ for $j = t$ and $0$ for all others. With the one-hot vector $y$ of the target (lesson 04: 1
# at the target, 0 elsewhere) this is $-y_j$.
#
# **Step 4.** Together:
#
# $$\frac{\partial L}{\partial z_j} = p_j - y_j$$
#
# **Step 5.** The loss of $N$ places is the mean: each place counts $1/N$. So the gradient is $(p -
# y) / N$.
#
# **Predict:** in the small case $p = (0.5, 0.3, 0.2)$, and the target is `dog`. What is the
# gradient? Which logit should go up, which down? What is the sum of the three numbers? Write it
# down before you run the next cell.

# %%
y = np.array([0.0, 1.0, 0.0])  # dog
dz = p - y
measured = np.array([
    (log_sum_exp(z + step) - (z + step)[1] - log_sum_exp(z - step) + (z - step)[1]) / 2e-5
    for step in 1e-5 * np.eye(3)
])  # fmt: skip
print("p - y   ", dz.round(4))
print("measured", measured.round(4), " (centred difference, lesson 02)")

# %% [markdown]
# The sum is 0, as for every softmax: what one token wins, the others lose. Training goes against
# the gradient, so the logits move by $y - p$:

# %%
figure, all_axes = plt.subplots(1, 2, sharey=True, figsize=(8.5, 3.4))
pushes = (("push_p", p, [GREY, BLUE, GREY]), ("push_step", y - p, [ORANGE, BLUE, ORANGE]))
for axes, (name, values, colours) in zip(all_axes, pushes, strict=True):
    drawn = axes.bar(tokens, values, color=colours, width=0.6)
    axes.bar_label(drawn, [f"{value:+.1f}" if name == "push_step" else f"{value:.1f}"
                           for value in values], padding=3)  # fmt: skip
    axes.axhline(0, color="black", lw=1)
    axes.set_title(LABELS[name], fontsize=13, fontweight="normal")
    axes.set_ylim(-0.7, 0.95)
    axes.tick_params(length=0)
figure.suptitle(LABELS["push_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** the right token, `dog`, is pushed up by the probability that it lacks. Each wrong
# token is pushed down by the probability that it has: `cat`, the more confident mistake, is pushed
# down more than `sun`. When the model is certain and right, nothing moves any more.
#
# Let us follow this push for some steps, with the step size 1.

# %%
z_now, first_losses = z.copy(), []
for step in range(6):
    p_now, _ = layers.softmax(z_now)
    first_losses.append(-math.log(p_now[1]))
    print(f"step {step}: p {p_now.round(3)}  loss {first_losses[-1]:.3f}")
    z_now = z_now - 1.0 * (p_now - y)

# %% [markdown]
# There is a second way to this gradient: go back through the logarithm ($dp_t = -1 / p_t$), then
# through the softmax with its Jacobian (lesson 07). On paper both are the same: the $p_t$ of the
# Jacobian cancels the $1 / p_t$. In the computer they are not the same when $p_t$ is tiny:

# %%
p_far, softmax_cache = layers.softmax(far)
with np.errstate(divide="ignore", invalid="ignore"):
    dp = np.array([0.0, -1.0]) / p_far
    long_way = layers.softmax_backward(dp, softmax_cache)[0]
short_way = p_far - np.array([0.0, 1.0])
print("the long way, through log and softmax:", long_way)
print("the short way, p - y:                 ", short_way)

# %% [markdown]
# This is why a GPT treats softmax and loss as one function. A model that is very wrong needs its
# gradient most, and the long way gives it `nan`.
#
# ## 5. The function, checked and broken
#
# Two details are left.
#
# - **Places that do not count.** Texts of different lengths in one batch are filled up at the end.
#   What stands there must not be learned. Such a place gets a special target, the **ignore index**,
#   by custom -100. It adds nothing to the loss, gets the gradient 0, and is not counted in $N$.
# - **The upstream gradient** (lesson 02). The loss is the last thing that is computed, so its
#   gradient by itself, `dloss`, is 1. But our contract has it, and `gradcheck` uses it.

# %%
IGNORE = layers.IGNORE  # -100


def cross_entropy(logits, targets):
    """Mean of -ln p(target) over all places that count.

    logits: (..., V). targets: integers of shape (...,), IGNORE for a place that does not count.
    """
    counted = targets != IGNORE
    where = np.where(counted, targets, 0)[..., None]  # any valid index for the ignored ones
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exp = np.exp(shifted)
    total = exp.sum(axis=-1, keepdims=True)
    losses = np.log(total) - np.take_along_axis(shifted, where, axis=-1)
    count = max(1, int(counted.sum()))
    loss = (losses[..., 0] * counted).sum() / count
    return loss, (exp / total, where, counted, count)


def cross_entropy_backward(dloss, cache):
    """dlogits = dloss * (p - y) / count, and 0 at places that do not count."""
    p, where, counted, count = cache
    dlogits = p.copy()  # the cache may only be read
    right = np.take_along_axis(dlogits, where, axis=-1)
    np.put_along_axis(dlogits, where, right - 1, axis=-1)  # p - y
    return dlogits * counted[..., None] * (dloss / count), {}


# %% [markdown]
# `take_along_axis` takes from each row the number at its target; `put_along_axis` writes there.
# `shifted` is section 3: the largest logit is subtracted, and the logarithm of `p` is never taken.

# %%
rng = np.random.default_rng(0)
logits = 2 * rng.standard_normal((2, 4, 5))  # (B, T, V)
targets = rng.integers(0, 5, (2, 4))
targets[1, 2:] = IGNORE  # the second text is shorter
report = gradcheck(cross_entropy, cross_entropy_backward, [logits, targets])
print(report)
loss_ours, cache_ours = cross_entropy(logits, targets)
loss_theirs, cache_theirs = layers.cross_entropy(logits, targets)
difference = np.abs(
    cross_entropy_backward(1.0, cache_ours)[0] - layers.cross_entropy_backward(1.0, cache_theirs)[0]
).max()
print(f"loss: ours {loss_ours:.12f}, minigpt {loss_theirs:.12f}")
print(f"gradients: largest difference {difference:.1e}")

# %% [markdown]
# (The targets are `input 1`. They are integers and have no gradient.)
#
# ### Break it on purpose
#
# - **not divided:** the gradient of the sum, not of the mean;
# - **divided by all:** divided by the number of all places, ignored ones too;
# - **ignored ones pushed:** `counted` is forgotten in the backward;
# - **written into the cache:** `dlogits = p` without a copy;
# - **epsilon:** forward `-log(p + 1e-9)`, backward $p - y$.
#
# **Predict:** which of the five does `gradcheck` find? For one of them it depends on the logits:
# for which one, and why?


# %%
def broken_backward(dloss, cache, mistake):
    p, where, counted, count = cache
    dlogits = p if mistake == "written into the cache" else p.copy()
    np.put_along_axis(dlogits, where, np.take_along_axis(dlogits, where, axis=-1) - 1, axis=-1)
    if mistake == "not divided":
        count = 1
    if mistake == "divided by all":
        count = counted.size
    if mistake != "ignored ones pushed":
        dlogits = dlogits * counted[..., None]
    return dlogits * (dloss / count), {}


def epsilon_cross_entropy(logits, targets):
    _, (p, where, counted, count) = cross_entropy(logits, targets)
    losses = -np.log(np.take_along_axis(p, where, axis=-1) + 1e-9)[..., 0]
    return (losses * counted).sum() / count, (p, where, counted, count)


mistakes = ["not divided", "divided by all", "ignored ones pushed", "written into the cache"]
broken = {}
for mistake in mistakes:
    backward = partial(broken_backward, mistake=mistake)
    broken[mistake] = gradcheck(cross_entropy, backward, [logits, targets], name=mistake)
for factor in (0.1, 20):
    broken[f"epsilon, logits times {factor:g}"] = gradcheck(
        epsilon_cross_entropy, cross_entropy_backward, [factor * logits, targets]
    )
for name, found in broken.items():
    print(f"{name:<26} ok {found.ok!s:<6} worst error {found.max_relative_error:.0e}",
          *found.breaches[:1])  # fmt: skip

# %% [markdown]
# All are found but one: with small logits every probability is far above `1e-9`, and the epsilon
# does not matter. It hurts exactly where the model is badly wrong. So check with large numbers too.
#
# Look also at "not divided": it is wrong by a factor only, so the *direction* is right. A training
# with it runs, with a step size that is wrong by the same factor. Such mistakes live long.
#
# ## 6. Why ln V at the start?
#
# You start a training, and the first line says `loss 7.63`. Is that good? Before the first step the
# model knows nothing. A model that knows nothing should give every token the same probability, $1 /
# V$. Then the loss is
#
# $$-\ln \frac{1}{V} = \ln V$$
#
# **Predict:** what is the first loss of a model of 65 characters? And of GPT-2 with its 50257
# tokens, 773 times as many? ($\ln 65 \approx 4.2$, $\ln 773 \approx 6.7$, and the logarithm of a
# product is a sum.) Write it down before you run the next cell, which makes untrained GPTs and
# gives them random texts.

# %%
vocabularies = [16, 65, 256, 1024, 4096, 50257]
first_loss = []
for V in vocabularies:
    config = GPTConfig(vocab_size=V, block_size=32, n_layer=1, n_head=2, n_embd=32)
    untrained = GPT(config, seed=0, device="cpu")
    text = np.random.default_rng(1).integers(0, V, (8, 33))
    first_loss.append(float(untrained.loss(text[:, :-1], text[:, 1:])))
    print(f"V {V:6d}   ln V {math.log(V):7.3f}   measured {first_loss[-1]:7.3f}")

# %%
figure, axes = plt.subplots()
axes.plot(vocabularies, np.log(vocabularies), color=GREY, lw=1.8, label=LABELS["start_line"])
axes.plot(vocabularies, first_loss, "o", color=BLUE, ms=9, label=LABELS["start_measured"])
for V, value in zip(vocabularies, first_loss, strict=True):
    axes.annotate(f"{V}: {value:.2f}", (V, value), (9, -14), textcoords="offset points")
axes.set_xscale("log")
axes.set(xlabel=LABELS["start_x"], ylabel=LABELS["start_y"], title=LABELS["start_title"],
         xlim=(10, 250_000), ylim=(0, 12))  # fmt: skip
axes.legend(frameon=False)
show(figure)

# %% [markdown]
# **What to see:** the points lie on the line, whatever the vocabulary. So `loss 7.63` is a good
# start if V = 2048: $\ln 2048 = 7.62$.
#
# Look closely at the table: the measured loss is a little larger than $\ln V$. Random weights give
# logits that are not all equal, so the model has opinions, and they have nothing to do with the
# text. If the logits follow a normal distribution (the bell curve) with mean 0 and variance $s^2$,
# the mean of $e^z$ is $e^{s^2 / 2}$. Then log-sum-exp is $\ln V + s^2 / 2$, and the logit of the
# target is 0 on average. So the first loss is $\ln V + s^2 / 2$. Larger first weights make larger
# logits. In minigpt their standard deviation is called `init_std`, and GPT-2's is 0.02:

# %%
print("init_std   measured   ln V + s²/2")
spread = {}
for init_std in (0.02, 0.1, 0.2, 0.3):
    config = GPTConfig(vocab_size=1024, block_size=32, n_layer=1, n_head=2, n_embd=32,
                       init_std=init_std)  # fmt: skip
    untrained = GPT(config, seed=0, device="cpu")
    text = np.random.default_rng(1).integers(0, 1024, (64, 33))
    spread[init_std] = float(untrained.loss(text[:, :-1], text[:, 1:]))
    print(f"{init_std:8g} {spread[init_std]:10.2f} {untrained.expected_initial_loss():13.2f}")

# %% [markdown]
# This gives a rule that finds many mistakes in the first second of a training. **The first loss is
# $\ln V$ and a little.** Much more: the first weights are too large. Less: the sum is divided by
# too many places, or the model can see its targets (next section).
#
# ## 7. Shifted targets
#
# Where do targets come from? From the text itself. A row of $T + 1$ tokens gives $T$ exercises: the
# first $T$ tokens are the ids, the last $T$ are the targets.

# %%
row = ["Mia", "saw", "a", "dog", ",", "and", "it"]
ids_row, targets_row = row[:-1], row[1:]
figure, axes = plt.subplots(figsize=(9, 2.9))
for k, (seen, wanted) in enumerate(zip(ids_row, targets_row, strict=True)):
    for text, height, colour in ((seen, 1.0, BLUE), (wanted, 0.0, ORANGE)):
        axes.text(k, height, text, ha="center", va="center", fontsize=14,
                  bbox={"boxstyle": "round,pad=0.4", "fc": "white", "ec": colour, "lw": 2})
    axes.annotate("", (k, 0.27), (k, 0.73),
                  arrowprops={"arrowstyle": "-|>", "color": "black", "lw": 1.8})
    if k:
        axes.plot([k - 0.12, k - 0.88], [0.72, 0.28], color=GREY, lw=2, ls=":", zorder=0)
axes.text(-0.8, 1, LABELS["shift_ids"], color=BLUE, ha="right", va="center", fontweight="bold")
axes.text(-0.8, 0, LABELS["shift_targets"], color=ORANGE, ha="right", va="center",
          fontweight="bold")  # fmt: skip
axes.set(xlim=(-1.8, len(ids_row) - 0.4), ylim=(-0.4, 1.4))
axes.set_title(LABELS["shift_title"])
axes.axis("off")
show(figure)

# %% [markdown]
# **What to see:** follow a black arrow: at `saw` the model must say `a`. The dotted lines join
# equal tokens: every target is an id one place to the right. The mask of lesson 07 hides that id.
# Without the mask, or with a wrong shift, the model could copy the answer.
#
# Now we train the smallest language model that there is. It has one parameter for each pair of
# tokens: a table `(V, V)`. The logits after a token are its row of the table. So the forward pass
# is a look-up (lesson 04) and our loss:
#
# `logits = table[ids]` and `loss = cross_entropy(logits, targets)`
#
# The text comes from TinyTown, the built-in world of minigpt. The tokens are single characters. In
# each step we take 2000 random places, compute the gradient of the table, and move the table
# against it.
#
# We train it three times: with the right targets, with targets that are not shifted, and with
# targets two places later (this happens when two people shift, each in their own part of the code).
#
# **Predict:** which of the three reaches the smallest loss? Which of the three models is useful?
# Write your answers down before you run the next cell.

# %%
train_stories, test_stories = tinytown.corpus(0, 300_000, "en", 0.1)
train_text = "\n".join(story.text for story in train_stories)
test_text = "\n".join(story.text for story in test_stories)
letters = sorted(set(train_text))
V = len(letters)
all_ids = np.array([letters.index(letter) for letter in train_text[:100_000]])


def train_table(shift, steps=400, lr=20.0):
    rng = np.random.default_rng(0)
    table = np.zeros((V, V))
    losses = []
    for _ in range(steps):
        places = rng.integers(0, len(all_ids) - 2, 2000)
        logits, lookup_cache = layers.embedding(all_ids[places], table)
        loss, loss_cache = cross_entropy(logits, all_ids[places + shift])
        dlogits, _ = cross_entropy_backward(1.0, loss_cache)
        _, grads = layers.embedding_backward(dlogits, lookup_cache)
        table = table - lr * grads["weight"]
        losses.append(loss)
    return table, losses


runs = {"learn_right": train_table(1), "learn_zero": train_table(0), "learn_two": train_table(2)}
for name, (_, losses) in runs.items():
    print(f"{LABELS[name]:<24} first loss {losses[0]:.2f}   last {np.mean(losses[-20:]):.2f}")

# %% [markdown]
# Is there a best table? Yes, and no training is needed to find it. Count how often each character
# follows each other one, and divide by the sum of the row. No table can have a smaller loss on the
# counted text, because these *are* the probabilities of the pairs in it. We call it **counted
# pairs**.

# %%
counts = np.zeros((V, V))
np.add.at(counts, (all_ids[:-1], all_ids[1:]), 1)
chances = counts / counts.sum(axis=1, keepdims=True).clip(1)
pairs_loss = -np.log(chances[all_ids[:-1], all_ids[1:]]).mean()
print(f"ln V = {math.log(V):.2f}, counted pairs {pairs_loss:.3f}")

figure, axes = plt.subplots()
for (name, (_, losses)), colour in zip(runs.items(), (BLUE, PINK, ORANGE), strict=True):
    axes.plot(losses, color=colour, label=LABELS[name])
axes.axhline(pairs_loss, color=GREEN, lw=1.5, ls="--", label=LABELS["learn_floor"])
axes.set(xlabel=LABELS["learn_x"], ylabel=LABELS["learn_y"], title=LABELS["learn_title"],
         ylim=(0, 4.5))  # fmt: skip
axes.legend(frameon=False, loc="upper right", ncols=2)
show(figure)

# %% [markdown]
# **What to see:** all three begin at $\ln V$. The pink one, not shifted, goes to 0: it has learned
# to repeat the character that it sees. The right one comes down to the line of counted pairs
# and can go no further. The orange one is worse: two places later there is less to know.
#
# A loss cannot tell you that the exercise was wrong. What the models write can:


# %%
def write(table, start, length=60, seed=3):
    rng, text = np.random.default_rng(seed), start
    for _ in range(length):
        p, _ = layers.softmax(table[letters.index(text[-1])])
        text += letters[rng.choice(V, p=p)]
    return text


written = {name: write(table, "T") for name, (table, _) in runs.items()}
for name, text in written.items():
    print(f"{LABELS[name]:<24} {text!r}")

# %% [markdown]
# The first one looks like English from far away: it knows which letters stand side by side, and
# nothing else. To do better, a model must look further back than one character. That is what the
# attention of lesson 07 is for.
#
# ## 8. Perplexity, and bits per byte
#
# A loss in nats is hard to imagine. Two other units help.
#
# **Perplexity** is $e^L$. If a model gives each of $k$ tokens the probability $1/k$, its loss is
# $\ln k$ and its perplexity is $k$. So a perplexity of 10 says: the model is as unsure as if it had
# to choose among 10 equally likely tokens.
#
# But neither the loss nor the perplexity of two models can be compared if their tokens are
# different. A model of characters has many easy exercises. A model of long tokens has few hard
# ones. What both share is the text, counted in bytes (lesson 03). So we count the surprise of the
# whole text and divide it by its bytes:
#
# $$\text{bits per byte} = \frac{L \cdot \text{number of tokens}}{\ln 2 \cdot \text{number of
# bytes}} = \frac{L}{\ln 2 \cdot \text{bytes per token}}$$
#
# One bit is $\ln 2 \approx 0.693$ nats: the surprise of a coin. By hand: a loss of $1.386 = 2 \ln
# 2$ nats is 2 bits a token; with 4 bytes a token that is 0.5 bits per byte.
#
# **Predict:** we count pairs once more, with four vocabularies: characters, and BPE (lesson 03)
# with 300, 512 and 2048 tokens, each on the same text. Which one has the smallest loss a token?
# Which one has the fewest bits per byte?

# %%
texts = [story.text for story in train_stories]
tokenizers = {LABELS["units_letters"]: Tokenizer.char([train_text, test_text])}
for size in (300, 512, 2048):
    tokenizers[f"BPE {size}"] = Tokenizer.train(texts, vocab_size=size)
test_bytes = len(test_text.encode("utf-8"))
nats, bits = {}, {}
print("tokens        V   bytes/token   ln V   loss   perplexity   bits/byte")
for name, tokenizer in tokenizers.items():
    train_ids, test_ids = (np.array(tokenizer.encode(text)) for text in (train_text, test_text))
    size = tokenizer.vocab_size
    pairs = [(test_ids[:-1], test_ids[1:])]
    nats[name] = ladder(train_ids, pairs, size, floor=None)["bigram"]  # counted pairs
    bits[name] = nats[name] * len(test_ids) / (math.log(2) * test_bytes)
    print(f"{name:<11} {size:4d} {test_bytes / len(test_ids):10.2f} {math.log(size):9.2f} "
          f"{nats[name]:6.2f} {math.exp(nats[name]):10.1f} {bits[name]:11.2f}")  # fmt: skip

# %% [markdown]
# (`ladder` counts pairs in the training text and measures the loss on other stories, which it has
# not seen. Lesson 12 comes back to it.)
#
# Bits per byte also tell how small a text could be packed: with a good guess of the next token, a
# file needs to hold only the surprise. So we can compare a language model with the program that
# makes zip files. We let that program look at the end of the training text first, since our model
# has seen that text too.
#
# And TinyTown can tell what is possible at all: it knows the exact probability of each of its
# stories, because it has written them by rules. No model can be better than the rules themselves
# (lesson 12).

# %%
packer = zlib.compressobj(9, zdict=train_text.encode("utf-8")[-32768:])
packed = len(packer.compress(test_text.encode("utf-8")) + packer.flush())
zip_bits = 8 * packed / test_bytes
best_bits = -sum(story.log_prob for story in test_stories) / (math.log(2) * test_bytes)
print(f"zip: {zip_bits:.2f} bits per byte (unpacked: 8), best possible: {best_bits:.2f}")

figure, all_axes = plt.subplots(1, 2, figsize=(9, 3.8))
shown = {**bits, LABELS["units_zip"]: zip_bits, LABELS["units_best"]: best_bits}
colour_of = {LABELS["units_zip"]: GREY, LABELS["units_best"]: GREEN}
for axes, name, numbers in ((all_axes[0], "units_nats", nats), (all_axes[1], "units_bits", shown)):
    drawn = axes.barh(list(numbers), list(numbers.values()), height=0.65,
                      color=[colour_of.get(key, BLUE) for key in numbers])  # fmt: skip
    axes.bar_label(drawn, [f"{value:.2f}" for value in numbers.values()], padding=4)
    axes.set_title(LABELS[name], fontsize=13, fontweight="normal")
    axes.set_xlim(0, 1.2 * max(numbers.values()))
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
figure.suptitle(LABELS["units_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** on the left, characters seem to be best. On the right, in the fair unit, they are
# worst: a pair of long tokens sees more text than a pair of characters. Counted pairs of 512 tokens
# already beat zip. And the green bar shows how much is left to learn for a model that can look back
# further than one token: a GPT.
#
# So when somebody says "my loss is 3.1", ask: per which token? How many bytes has a token? Which
# text? And what would counted pairs reach?
#
# ## 9. Exercises
#
# 1. **Easy.** The logits are $(0, 0, \ln 2)$, the target is the third token. Compute the
#    probabilities, the loss and the gradient on paper. Check with `cross_entropy` and its backward.
# 2. **Easy.** A friend's model of characters (1 byte each) has a loss of 1.5. Yours has tokens of
#    3.8 bytes and a loss of 3.6, on the same text. Who has the better model?
# 3. **Medium.** In section 5, compute the loss of `logits[:1]` and `logits[1:]` separately. Is the
#    loss of the whole batch the mean of the two? If not, what is it? (Look at the argument `count`
#    of `layers.cross_entropy`.)
# 4. **Medium.** Some people train with softened targets: instead of 1 and 0, the target gets $1 -
#    \varepsilon$, and $\varepsilon$ is shared equally among all $V$ tokens. The loss is then the
#    mean of $-\ln p_j$, weighted with these shares. Derive the gradient (it is one line), write
#    both functions and check them.
# 5. **Hard.** Make the table of section 7 look back two characters: `(V, V, V)`, or `(V * V, V)`
#    with the row `V * before + now`. Train it, compare with counted triples, and let it write. How
#    many parameters has it? How many would a table for ten characters have?
#
# **Write it yourself.** `minigpt lesson start 08` puts a file into the folder `mywork`, with
# `cross_entropy` and `bits_per_byte` to be filled in. `minigpt check 08` says what is right, and
# names the mistake if there is one. Here is the same check on both functions of this lesson; every
# line should be green:

# %%
from minigpt.classroom import check

check(cross_entropy, cross_entropy_backward)

# %% [markdown]
# ## 10. What you can now read in `minigpt/`
#
# - `minigpt/layers/cross_entropy.py`: the same function. It keeps `exp` and its sum, and divides
#   only once.
# - `minigpt/layers/head_loss.py` and `minigpt/kernels/head_loss.py`: the loss together with the
#   last linear layer, in pieces, so that the logits of all places never exist at once.
# - `minigpt/corpus/batches.py`: where minigpt shifts its targets, at one place only. Search for
#   `[:, 1:]`.
# - `GPT.expected_initial_loss` in `minigpt/model/model.py`: section 6 as a method.
#
# This is minigpt's backward pass:

# %%
print(inspect.getsource(layers.cross_entropy_backward))

# %% [markdown]
# ## The claims of this lesson, as assertions

# %%
# sections 1 and 2
assert np.allclose(p, [0.5, 0.3, 0.2]) and np.allclose(p, p_plus)
assert np.prod(thousand) == 0 and round(np.log(thousand).sum(), 1) == -2302.6
assert loss_b < loss_a and round(loss_a, 2) == 2.37
assert math.isclose(math.log(0.01 / 0.001), math.log(10)) and 3.8 < math.log(10) / 0.59 < 4.2
# section 3
assert math.isnan(plain_large) and math.isinf(plain_far)
assert round(log_sum_exp(large) - large[0], 4) == 0.4076 and log_sum_exp(far) - far[1] == 1000
assert round(-math.log(0 + 1e-9), 1) == 20.7
# section 4
assert np.allclose(dz, [0.5, -0.7, 0.2]) and np.abs(dz - measured).max() < 1e-9
assert first_losses == sorted(first_losses, reverse=True)
assert np.isnan(long_way).all() and short_way.tolist() == [1.0, -1.0]
# section 5
assert report.ok and report.max_relative_error < 1e-7
assert abs(loss_ours - loss_theirs) < 1e-12 and difference < 1e-12
assert [name for name, found in broken.items() if found.ok] == ["epsilon, logits times 0.1"]
assert any("cache" in breach for breach in broken["written into the cache"].breaches)
single, single_cache = cross_entropy(logits.astype("float32"), targets)
assert single.dtype == cross_entropy_backward(1.0, single_cache)[0].dtype == np.float32
# section 6
assert round(math.log(2048), 2) == 7.62 and round(50257 / 65) == 773
assert round(math.log(65), 1) == 4.2 and round(math.log(773), 1) == 6.7
assert all(abs(m - math.log(V)) < 0.05 for m, V in zip(first_loss, vocabularies, strict=True))
assert abs(spread[0.3] - (math.log(1024) + 0.3**2 * 32 / 2)) < 0.2 and spread[0.3] > 8
# section 7
final = {name: np.mean(losses[-20:]) for name, (_, losses) in runs.items()}
assert all(abs(losses[0] - math.log(len(letters))) < 0.01 for _, losses in runs.values())
assert final["learn_zero"] < 0.05 < final["learn_right"] < final["learn_two"] - 0.1
assert abs(final["learn_right"] - pairs_loss) < 0.15
assert written["learn_zero"].startswith("TTTTT")
# section 8
assert list(nats.values()) == sorted(nats.values())
assert list(bits.values()) == sorted(bits.values(), reverse=True)
assert bits["BPE 512"] < zip_bits and best_bits < 0.2
assert round(2 * math.log(2), 3) == 1.386
assert check(cross_entropy, cross_entropy_backward)
print("All claims hold.")
