# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 12 · Training
#
# We have a whole GPT (lesson 10), all of its gradients, and AdamW, which turns gradients into
# better parameters (lesson 11). Two things are missing: the loop that feeds it, and the eye that
# tells whether it goes well. Most of the work with real models is the second one. A loss is a
# number, and a number says nothing until you know what to compare it with.
#
# At the end of this lesson you will have written a training loop, you will know four numbers that
# every loss should be compared with, and you will have seen what five common mistakes look like.
# It takes 60 to 90 minutes.

# %%
import math
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPT, AdamW, GPTConfig, Trainer
from minigpt.corpus.batches import padded
from minigpt.corpus.dataset import encode_dataset, tinytown_dataset, train_tokenizer
from minigpt.plots import BLUE, GREEN, GREY, ORANGE, PINK, lesson_style, show
from minigpt.training.ladder import ladder
from minigpt.training.schedule import clip_by_global_norm, warmup_cosine
from minigpt.training.trainer import Diverged, evaluate

lesson_style()
threadpool_limits(1)  # our matrices are small: one core is enough for them

LABELS = {
    "step": "step",
    "loss": "loss (nats a token)",
    "one_batch": "One batch can be learned by heart",
    "ln_v": "guessing: ln V",
    "training": "training",
    "validation": "validation",
    "curve": "The model climbs down the ladder",
    "uniform": "guessing: ln V",
    "unigram": "counted tokens",
    "bigram": "counted pairs",
    "floor": "floor: no model can do better",
    "overfit": "Three stories: the model learns them, not the language",
    "gallery": "Five mistakes, and how their losses look",
    "healthy": "healthy",
    "high_lr": "learning rate 100 times too high",
    "unshifted": "targets not shifted",
    "kept": "old gradients kept",
    "no_update": "step in the wrong direction",
    "shuffled": "targets of another text",
}

# %% [markdown]
# ## 1. What is a batch?
#
# The model learns from a long row of tokens. A **batch** is a handful of pieces cut out of it: B
# pieces of T tokens, an array of shape (B, T). For each piece the **targets** are the same tokens,
# one place later, since at each place the model has to say what comes next (lesson 08).
#
# Here is a text of eleven tokens, cut into pieces of five.

# %%
text = np.arange(100, 111)
T = 5
starts = [0, 5]
ids = np.array([text[s : s + T] for s in starts])
targets = np.array([text[s + 1 : s + T + 1] for s in starts])
print("text   ", text)
print("ids    ", *ids)
print("targets", *targets)

# %% [markdown]
# Each token but the first is a target exactly once: an **epoch** is one pass through the text in
# which every token has been a target. A **step** is one batch: loss, gradients, one move of the
# optimizer.
#
# **Predict:** a text of 1,000,001 tokens, batches of 16 pieces of 64 tokens. How many steps are an
# epoch? Write your answer down before you run the next cell.

# %%
steps_per_epoch = 1_000_000 / (16 * 64)
print(f"{steps_per_epoch:.0f} steps")

# %% [markdown]
# ## 2. Two small batches or a large one?
#
# The loss of a batch is the mean over its tokens, so its gradient is the mean of the gradients of
# its tokens. Therefore a large batch can be computed in parts. Let the batch have N tokens, in two
# parts of N/2 each, with losses $L_1$ and $L_2$:
#
# $$L = \frac{1}{N} \sum_{i=1}^{N} \ell_i = \frac{1}{2} L_1 + \frac{1}{2} L_2
# \qquad\Rightarrow\qquad \frac{\partial L}{\partial w} = \frac{1}{2}\frac{\partial L_1}{\partial w}
# + \frac{1}{2}\frac{\partial L_2}{\partial w}$$
#
# The derivative of a sum is the sum of the derivatives, nothing else. This is how minigpt uses all
# cores (each computes its part of the batch) and how several machines train one model. It is also
# how a small GPU trains with a large batch: one part after another. That is called *gradient
# accumulation*.
#
# **Predict:** if the two parts have 8 and 24 tokens, is the gradient of the whole still the plain
# mean of both gradients? Write your answer down before you run the next cell.

# %%
config = GPTConfig(vocab_size=50, block_size=8, n_layer=2, n_head=2, n_embd=16)
small = GPT(config, seed=0, device="cpu", dtype="float64")
rng = np.random.default_rng(0)
ids, targets = rng.integers(0, 50, (2, 4, 8))
rows = {"all": slice(0, 4), "first": slice(0, 1), "rest": slice(1, 4)}
grads = {
    name: small.loss_and_grads(ids[part], targets[part])[1]["wte"]["weight"]
    for name, part in rows.items()
}
weighted = (8 * grads["first"] + 24 * grads["rest"]) / 32
plain = (grads["first"] + grads["rest"]) / 2
print(f"weighted by tokens: differs by {np.abs(weighted - grads['all']).max():.1e}")
print(f"plain mean:         differs by {np.abs(plain - grads['all']).max():.1e}")

# %% [markdown]
# No: each part counts by its number of tokens, $(8 L_1 + 24 L_2) / 32$. Hugging Face's
# `transformers` had just this mistake until October 2024 ("Fixing Gradient Accumulation", on its
# blog): with texts of different lengths, accumulated batches were not the batches that they
# claimed to be. Therefore `loss_and_grads` can be told `count`, the number of tokens of
# the *whole* batch, and divides by it.
#
# ## 3. The training loop
#
# Now the function that this lesson is about. A step of it is: get a batch; compute loss and
# gradients; clip the gradients; take the learning rate of this step from the schedule; let AdamW
# move (the last three are from lesson 11).


# %%
def train(model, batches, steps, lr, min_lr, warmup=10, weight_decay=0.1, clip=1.0):
    """Train `model` in place; return the loss of every step.

    Args:
        batches: an object with next() -> (ids, targets), both (B, T).
        lr, min_lr, warmup: of the schedule, see lesson 11.
    """
    optimizer = AdamW(model.params, betas=(0.9, 0.99), weight_decay=weight_decay)
    losses = []
    for step in range(steps):
        ids, targets = batches.next()
        loss, grads = model.loss_and_grads(ids, targets)
        total = model.params.zeros_like()
        total.assign(grads)  # one flat array, so that clipping sees all gradients at once
        clip_by_global_norm(total, clip)
        optimizer.step(total, lr=warmup_cosine(step, steps, lr, min_lr, warmup))
        losses.append(float(loss))
    return losses


# %% [markdown]
# First test: does it do what minigpt's own `Trainer` does? Both start from the same weights and see
# the same batches.


# %%
class Repeated:
    """The same batch again and again."""

    def __init__(self, ids, targets):
        self.batch = ids, targets

    def next(self):
        return self.batch


ours = train(GPT(config, seed=0, device="cpu"), Repeated(ids, targets), 20, lr=1e-2, min_lr=1e-3)
trainer = Trainer(
    GPT(config, seed=0, device="cpu"), Repeated(ids, targets), batch_size=4, steps=20,
    lr=1e-2, min_lr=1e-3, warmup=10, weight_decay=0.1, clip=1.0, threads=1,
)  # fmt: skip
theirs = [trainer.step() for _ in range(20)]
print("ours  ", [round(x, 4) for x in ours[:5]])
print("theirs", [round(x, 4) for x in theirs[:5]])

# %% [markdown]
# ## 4. The first thing to try: learn one batch by heart
#
# Before you train for an hour, train for some seconds on a single batch. Our model has 7,520
# parameters: it can surely memorise 32 tokens. If it can't, something is broken: the gradient, the
# optimizer, the targets. The test costs little and finds many mistakes.
#
# **Predict:** at which loss does it begin, and where does it end after 150 steps? (There are 50
# different tokens, and lesson 08 said how large the loss of a model is that knows nothing.)

# %%
overfit = train(
    GPT(config, seed=0, device="cpu"), Repeated(ids, targets), 150, lr=1e-2, min_lr=1e-3
)
print(f"first loss {overfit[0]:.2f}, ln 50 = {math.log(50):.2f}, last loss {overfit[-1]:.4f}")

# %%
figure, axes = plt.subplots()
axes.plot(overfit, color=BLUE)
axes.axhline(math.log(50), color=GREY, ls="--", lw=1.5)
axes.text(60, math.log(50) + 0.1, LABELS["ln_v"], color=GREY)
axes.set(xlabel=LABELS["step"], ylabel=LABELS["loss"], title=LABELS["one_batch"], ylim=(0, 4.5))
show(figure)

# %% [markdown]
# **What to see:** the loss begins at ln 50 = 3.91 and falls close to zero. Random targets hold
# nothing that could be understood; the model has learned them by heart. That is what we wanted to
# see here, and what we do not want to see later.
#
# ## 5. What to compare a loss with
#
# Now real stories. minigpt brings a small world of its own, TinyTown: short stories written by a
# grammar. Its great advantage for us: since we know the grammar, we know the probability of every
# story, and so the **loss floor**: the loss that even a perfect model has, because nobody can know
# whether the next story is about Mia or about Lucy.
#
# Of the stories we keep a few per cent apart, for **validation**: the model never trains on them,
# so their loss shows what it has understood rather than remembered.

# %%
dataset = tinytown_dataset("en", megabytes=1.0, seed=0, val_fraction=0.05)
tokenizer = train_tokenizer(dataset, "bpe", 512)
encoded = encode_dataset(dataset, tokenizer)
print(textwrap.fill(tokenizer.decode(encoded.train_tokens[:120].tolist()), 90))
print(f"\n{len(encoded.train_tokens):,} tokens, {tokenizer.vocab_size} different ones")

# %% [markdown]
# Four rungs of a ladder, each the loss of something simpler than our model:
#
# - **guessing**: every token equally likely, $\ln V$;
# - **counted tokens**: how often each token occurs in the training text;
# - **counted pairs**: how often each token follows the one before it. No neural network, just a
#   table. A GPT that is not better than this table has learned nothing about the past;
# - **the floor**: the true probabilities.
#
# All four are measured on the validation stories. `pairs` holds the `(ids, targets)` of each of
# them. Later, `padded` puts stories of different lengths into one batch: it fills up the short
# ones, and the targets there are ignored (lesson 08).

# %%
BLOCK, BATCH = 200, 12
pairs = encoded.validation_pairs(BLOCK)
rungs = ladder(encoded.train_tokens, pairs, tokenizer.vocab_size, encoded.floor)
for name, loss in rungs.items():
    print(f"{loss:6.3f}  {LABELS[name]}")

# %% [markdown]
# **Predict:** our model has two blocks and will see each story about once, in less than a minute.
# Between which rungs will it end?

# %%
config = GPTConfig(tokenizer.vocab_size, BLOCK, n_layer=2, n_head=4, n_embd=64, init_std=0.08)
model = GPT(config, seed=0, device="cpu")
STEPS = 300
trainer = Trainer(model, encoded.batches(BATCH, BLOCK, 0), BATCH, STEPS, lr=1e-2, min_lr=1e-4,
                  warmup=20, weight_decay=0.01)  # fmt: skip
some = pairs[:120]
curve = {"training": [], "validation": []}
for step in range(STEPS + 1):
    if step % 50 == 0:
        total, count = evaluate(model, padded(some, 40))
        curve["validation"].append((step, total / count))
    if step < STEPS:
        curve["training"].append((step, trainer.step()))
first, last = curve["validation"][0][1], curve["validation"][-1][1]
print(f"validation: {first:.2f} before the first step, {last:.2f} after {STEPS} steps")

# %%
figure, axes = plt.subplots()
axes.plot(*zip(*curve["training"], strict=True), color=BLUE, lw=1.3, label=LABELS["training"])
axes.plot(*zip(*curve["validation"], strict=True), "o", color=ORANGE, ms=9, zorder=3, clip_on=False,
          label=LABELS["validation"])  # fmt: skip
for name, loss in rungs.items():
    axes.axhline(loss, color=GREY, ls="--", lw=1.2, zorder=0)
    axes.text(STEPS, loss + 0.12, LABELS[name], color=GREY, ha="right")
axes.set(xlabel=LABELS["step"], ylabel=LABELS["loss"], title=LABELS["curve"], xlim=(0, STEPS),
         ylim=(0, first + 0.6))  # fmt: skip
axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.7))
show(figure)

# %% [markdown]
# **What to see:** the loss begins above guessing. (Our initial weights are large, so the untrained
# model is sure of something, and wrong.) It passes the counted tokens within some steps, then the
# counted pairs, and comes towards the floor. Training and validation lie on each other: nothing is
# learned by heart yet, so more steps or a larger model would still help.
#
# How to read any loss curve:
#
# | what you see | what it means |
# |---|---|
# | begins far above ln V | initial weights too large, or a bug in the loss |
# | flat from the start | the gradient does not arrive, or the learning rate is far too small |
# | falls, then jumps up and stays | learning rate too high, no clipping |
# | training falls, validation rises | learned by heart: more data, or stop here |
# | below the floor | a bug: the model sees the answer |
#
# ## 6. Learning by heart, seen from outside
#
# The same model, but with only three stories to learn from. (We take three of the validation
# stories, and test on forty others of them. This model has not seen any of them.)
#
# **Predict:** what happens to the loss of the three stories, and what to the loss of the others?
# Can it become worse than pure guessing?


# %%
class Few:
    """A batch of the first stories again and again."""

    def __init__(self, pairs):
        self.batch = next(iter(padded(pairs, len(pairs))))

    def next(self):
        return self.batch


few, others = Few(pairs[:3]), pairs[10:50]
memory = GPT(config, seed=0, device="cpu")
trainer = Trainer(memory, few, 3, 120, lr=1e-2, min_lr=1e-3, warmup=10)
seen, unseen = [], []
for step in range(121):
    if step % 10 == 0:
        for losses, some in ((seen, pairs[:3]), (unseen, others)):
            total, count = evaluate(memory, padded(some, 40))
            losses.append((step, total / count))
    if step < 120:
        trainer.step()
print(f"the three stories {seen[-1][1]:.2f}, other stories {unseen[-1][1]:.2f}")

# %%
figure, axes = plt.subplots()
axes.plot(*zip(*seen, strict=True), color=BLUE, label=LABELS["training"])
axes.plot(*zip(*unseen, strict=True), color=ORANGE, marker="o", label=LABELS["validation"])
axes.axhline(rungs["uniform"], color=GREY, ls="--", lw=1.2)
axes.text(118, rungs["uniform"] + 0.15, LABELS["uniform"], color=GREY, ha="right")
axes.set(xlabel=LABELS["step"], ylabel=LABELS["loss"], title=LABELS["overfit"], xlim=(0, 122))
axes.legend(loc="center right")
show(figure)

# %% [markdown]
# **What to see:** the training loss goes to zero, far below the floor of the language. The loss on
# other stories falls a little and then rises above pure guessing. A model that is sure of the wrong
# thing has a larger loss than one that knows that it knows nothing. **Overfitting** is this gap,
# and only the validation loss shows it.
#
# ## 7. A gallery of mistakes
#
# Each of these mistakes has cost somebody an afternoon. We make them on purpose, for 45 steps each:
#
# 1. the learning rate is 100 times too high;
# 2. the targets are not shifted: the target at each place is the token at this place;
# 3. the gradients of old steps are kept: the new ones are added to them;
# 4. the step goes in the wrong direction, with the gradient instead of against it;
# 5. the targets come from another text of the batch.
#
# **Predict:** sketch the five loss curves. Which of them looks *better* than that of a healthy run?


# %%
def broken_run(kind, steps=45):
    """The losses of a run with one mistake."""
    model = GPT(config, seed=0, device="cpu")
    optimizer = AdamW(model.params, betas=(0.9, 0.99), weight_decay=0.01)
    batches = encoded.batches(BATCH, BLOCK, 0)
    total, losses = model.params.zeros_like(), []
    for step in range(steps):
        ids, targets = batches.next()
        if kind == "unshifted":
            targets = np.where(targets == -100, -100, ids)
        if kind == "shuffled":
            targets = np.roll(targets, 1, axis=0)
        loss, grads = model.loss_and_grads(ids, targets)
        total.add(grads) if kind == "kept" else total.assign(grads)
        clip_by_global_norm(total, 1.0)
        lr = warmup_cosine(step, 1000, 1e-2, 1e-3, 20)
        lr *= {"high_lr": 100, "no_update": -1}.get(kind, 1)
        optimizer.step(total, lr=lr)
        losses.append(float(loss))
    return losses


KINDS = {"healthy": BLUE, "high_lr": PINK, "unshifted": GREEN, "kept": ORANGE,
         "no_update": "black", "shuffled": GREY}  # fmt: skip
gallery = {}
with np.errstate(all="ignore"):
    for kind in KINDS:
        gallery[kind] = broken_run(kind)
        print(f"{LABELS[kind]:34} {gallery[kind][0]:6.3f} -> {gallery[kind][-1]:8.3f}")

# %%
figure, axes = plt.subplots(figsize=(8.5, 5.6))
for kind, colour in KINDS.items():
    axes.plot(gallery[kind], color=colour, label=LABELS[kind], lw=3 if kind == "healthy" else 1.8)
axes.set(xlabel=LABELS["step"], ylabel=LABELS["loss"], title=LABELS["gallery"], yscale="log",
         xlim=(0, 44), ylim=(3e-4, 300))  # fmt: skip
axes.set_yticks([0.001, 0.01, 0.1, 1, 10, 100], ["0.001", "0.01", "0.1", "1", "10", "100"])
axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=2, frameon=False, fontsize=11)
show(figure)

# %% [markdown]
# **What to see:** only two of the five look like disasters.
#
# - **Targets not shifted** looks *wonderful*: its loss falls below the floor. The answer stands in
#   the question, and the model learns to copy. A loss that is too good is a bug, and the floor is
#   how you notice.
# - **Old gradients kept**: the model learns, but worse.
# - **Targets of another text** ends near the counted tokens. The past says nothing about the
#   answer, so the model can learn only which tokens are common.
#
# There is a sixth mistake that has no curve at all. A number that grows too large for float32
# becomes infinite, and $\infty - \infty$ gives **NaN**, *not a number*. We make a single parameter
# infinite and let minigpt's `Trainer` try a step:

# %%
sick = GPT(config, seed=0, device="cpu")
sick.params["h"]["0"]["mlp"]["c_fc"]["weight"][0, 0] = np.inf
trainer = Trainer(sick, encoded.batches(BATCH, BLOCK, 0), BATCH, 10, threads=1)
before = sick.params.buffer.copy()
try:
    with np.errstate(all="ignore"):
        trainer.step()
    stopped = ""
except Diverged as error:
    stopped = str(error)
print(textwrap.fill(stopped, 90))
untouched = np.array_equal(before, sick.params.buffer)
print("parameters untouched:", untouched)

# %% [markdown]
# With one NaN in the gradient, its norm is NaN as well, and clipping multiplies everything by it.
# After one step every parameter would be NaN, and the model would be lost. So the trainer looks at
# the loss and at the norm *before* it changes anything.
#
# ## 8. Breaking our loop, and catching it
#
# A training loop has no gradient of its own to check. It is checked as in section 3: against an
# independent one, step by step, on the same batches. Two realistic mistakes:


# %%
def train_without_clipping(model, batches, steps, **options):
    return train(model, batches, steps, **options, clip=0.0)


def train_without_warmup(model, batches, steps, **options):
    return train(model, batches, steps, **options, warmup=0)


tiny, batch = GPTConfig(50, 8, 2, 2, 16), Repeated(ids, targets)
right = train(GPT(tiny, seed=0, device="cpu"), batch, 20, lr=1e-2, min_lr=1e-3)
for wrong in (train_without_clipping, train_without_warmup):
    found = wrong(GPT(tiny, seed=0, device="cpu"), batch, 20, lr=1e-2, min_lr=1e-3)
    differs = int(np.flatnonzero(np.abs(np.subtract(found, right)) > 1e-5)[0])
    print(f"{wrong.__name__}: the losses differ from step {differs} on")

# %% [markdown]
# ## 9. Exercises
#
# 1. Train the model of section 5 with a quarter and with four times the learning rate. Which ends
#    lowest after 300 steps?
# 2. Count with `tokenizer.encode` how many tokens a story has on average. How many stories does one
#    batch of section 5 hold?
# 3. Give `train` an argument `accumulate`: each step uses the gradient of so many batches together.
#    Check it against a `Trainer` with the same argument.
# 4. Make the validation set tiny (one story) and measure its loss at every step. Why does nobody
#    choose the best step by such a set?
# 5. Let a model see its own answer in another way: take your `gpt` of lesson 10 and give it a table
#    whose causal mask is shifted by one place, so that each place also sees the next one. Train it.
#    How far below the floor does the loss fall?
#
# ## 10. What you can now read in `minigpt/`
#
# `minigpt/training/trainer.py` (the loop, in shards over the cores), `minigpt/training/ladder.py`
# (the rungs), `minigpt/corpus/batches.py` (windows, and stories of like length together),
# `minigpt/training/run.py` (log, validation, checkpoints). On the command line, `minigpt train`
# does all of this lesson in some minutes, with a larger model.

# %% [markdown]
# ## The claims of this lesson, as assertions

# %%
assert np.array_equal(text[1:6], [101, 102, 103, 104, 105]) and round(steps_per_epoch) == 977
assert np.abs(weighted - grads["all"]).max() < 1e-12 < np.abs(plain - grads["all"]).max()
assert np.allclose(ours, theirs, rtol=1e-5) and trainer.step_number == 0
assert small.n_params == 7520
assert abs(overfit[0] - 3.91) < 0.1 and overfit[-1] < 0.1
assert rungs["floor"] < last < rungs["bigram"] < rungs["unigram"] < rungs["uniform"] < first
assert abs(curve["training"][-1][1] - last) < 0.3
assert seen[-1][1] < rungs["floor"]
assert unseen[-1][1] > rungs["uniform"] > min(loss for _, loss in unseen)
assert gallery["unshifted"][-1] < rungs["floor"] < gallery["healthy"][-1] < gallery["kept"][-1]
assert rungs["unigram"] - 0.5 < gallery["shuffled"][-1] and "not finite at step 0" in stopped
assert untouched and differs < 20
# only two of the five rise
rising = {kind for kind, losses in gallery.items() if not losses[-1] < losses[0]}
assert rising == {"high_lr", "no_update"}
print("all claims of this lesson hold")
