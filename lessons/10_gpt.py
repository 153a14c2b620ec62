# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 10 · A whole GPT
#
# You now know every part: embeddings, attention, the MLP, layer norm, the block, the loss. How do
# these parts become a GPT? And if every part is right, is the whole right too? Not always: joining
# parts makes new kinds of mistakes possible, and no check of a part can find them.
#
# At the end of this lesson you will have a GPT of your own in about thirty lines, forward and
# backward. You will have checked all of its gradients at once. You will have tested that it cannot
# see the future. And you will have counted the 124 million parameters of GPT-2 with a pencil.
#
# Time: about 90 minutes.

# %%
import inspect
import time
from collections import Counter
from functools import partial
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPT, GPTConfig, gradcheck, layers
from minigpt.corpus import tinytown
from minigpt.model import account, block, block_backward
from minigpt.model import gpt as minigpt_gpt
from minigpt.model import gpt_backward as minigpt_gpt_backward
from minigpt.plots import BLUE, GREY, ORANGE, PINK, SKY, lesson_style, show
from minigpt.tree import items, nest

lesson_style()
threadpool_limits(1)  # our matrices are small: one core is enough for them

LABELS = {
    "map_title": "One matrix, wte, stands at both ends of a GPT",
    "map_boxes": ["ids", "look up\nwte, wpe", "block 0", "block 1", "ln_f", "head:\nx @ wte.T",
                  "logits"],
    "map_shapes": ["(B, T)", "(B, T, C)", "(B, T, C)", "(B, T, C)", "(B, T, C)", "(B, T, V)"],
    "map_forward": "forward",
    "map_backward": "backward",
    "map_reading": "gradient from reading",
    "map_scoring": "gradient from scoring",
    "map_sum": "gradient of wte\n= the sum of both",
    "two_title": "Reading reaches the tokens of the text, scoring reaches all",
    "two_x": "token",
    "two_y": "length of the row's gradient",
    "two_reading": "from reading (look-up)",
    "two_scoring": "from scoring (head)",
    "loss_title": "A wrong gradient learns too, but worse",
    "loss_x": "step",
    "loss_y": "loss (nats a token)",
    "loss_right": "both gradients",
    "loss_no_reading": "without reading",
    "loss_no_scoring": "without scoring",
    "leak_title": "A change may only reach places that come later",
    "leak_models": ["our GPT", "mask forgotten", "norm over time"],
    "leak_x": "place whose scores we look at",
    "leak_y": "place that we change",
    "count_title": "The larger the model, the smaller the share of its embeddings",
    "count_x": "share of all parameters",
    "count_parts": {"token_embedding": "tokens (wte)", "position_embedding": "positions (wpe)",
                    "attention": "attention", "mlp": "MLP", "layer_norms": "layer norms"},
    "count_ours": "minigpt train",
}  # fmt: skip

# %% [markdown]
# ## 1. The last step: a score for each token
#
# The blocks give us one vector of `C` numbers at each place of the text. We need `V` numbers: one
# score (a **logit**, lesson 08) for each token that could come next. The part that makes scores
# from vectors is called the **head**, or the **unembedding**, because it goes the way of the
# embedding backwards.
#
# It works with dot products. Each token owns one row of `C` numbers. The score of a token is the
# dot product of its row with the vector `x`: large where both point in the same direction.
#
# A tiny case with `C = 2` and three tokens:
#
# | token | row |
# |---|---|
# | cat | (2, 0) |
# | dog | (1, 1) |
# | sun | (0, 2) |
#
# **Predict:** the vector at the last place is `x = (1, 0.5)`. Compute the three scores on paper.
# Which token will the model think most likely? Write your answer down before you run the next cell.

# %%
rows = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])  # (V, C)
x = np.array([1.0, 0.5])  # (C,)
for token, row in zip(["cat", "dog", "sun"], rows, strict=True):
    print(f"{token}: {row[0]} * {x[0]} + {row[1]} * {x[1]} = {row @ x}")
print("all at once, x @ rows.T:", x @ rows.T)

# %% [markdown]
# All dot products at once are one matrix product: `logits = x @ rows.T`. With `x` of shape
# `(B, T, C)` and `rows` of shape `(V, C)` the logits have the shape `(B, T, V)`. This is what
# minigpt's `unembedding` does. Its gradients are those of a linear layer without a bias (lesson
# 05), with the matrix turned round:
#
# $$dx = dy \, W \qquad dW = dy^T x$$
#
# As in lesson 05, the shapes alone tell which is which.

# %%
print(inspect.getsource(layers.unembedding_backward))

# %% [markdown]
# ## 2. One matrix, two jobs
#
# Where do the rows of the head come from? They could be a new matrix of shape `(V, C)`. But we have
# a matrix of exactly this shape already: the token embedding `wte`. It holds one row for each
# token, too. GPT-2 uses it for both jobs:
#
# - **reading**: `wte[ids]` gives the vector that stands for a token in the input;
# - **scoring**: `x @ wte.T` compares a vector with all tokens.
#
# This is called **weight tying**, and `wte` is a **tied weight** (Press and Wolf, 2017). It saves a
# whole matrix, and it makes sense: tokens with a similar meaning should have similar rows in both
# jobs.
#
# But now one parameter is used twice. What is its gradient?
#
# Take the smallest GPT that we can think of: no position, no block, no norm. Two tokens, and
# `C = 1` number for each: `wte = (a, b)` with `a = 3` and `b = 2`. The input is token 0. So
#
# $$x = a \qquad \text{logit}_0 = x \cdot a = a \cdot a = 9 \qquad
# \text{logit}_1 = x \cdot b = a \cdot b = 6$$
#
# Let the upstream gradient be `dlogits = (1, 10)`. That is the same as saying that the loss is
# $L = 1 \cdot a a + 10 \cdot a b$.
#
# **Predict:** how large is the derivative of $L$ by `a`? A student follows the head and says: "In
# `logit_0 = x * a` the factor in front of `a` is `x`, so it is `1 * 3 = 3`." Is that right? Write
# your number down before you run the next cell.

# %%
a, b = 3.0, 2.0
dlogits_by_hand = np.array([1.0, 10.0])


def loss_by_hand(a, b):
    x = a  # reading token 0
    return dlogits_by_hand[0] * (x * a) + dlogits_by_hand[1] * (x * b)  # scoring both tokens


h_step = 1e-5
measured_a = (loss_by_hand(a + h_step, b) - loss_by_hand(a - h_step, b)) / (2 * h_step)
measured_b = (loss_by_hand(a, b + h_step) - loss_by_hand(a, b - h_step)) / (2 * h_step)
print(f"measured: by a {measured_a:.4f}, by b {measured_b:.4f}")

# %% [markdown]
# The measured derivative by `a` is 26, not 3. The student forgot that `x` is `a` as well. Let us do
# it properly.
#
# **Step 1.** Give the two jobs two names: $a_r$ and $b_r$ for reading, $a_s$ and $b_s$ for scoring.
# Then $L = 1 \cdot a_r a_s + 10 \cdot a_r b_s$.
#
# **Step 2.** Derive by each name alone. The others stand still.
#
# $$\frac{\partial L}{\partial a_s} = a_r = 3 \qquad
# \frac{\partial L}{\partial b_s} = 10 \, a_r = 30 \qquad
# \frac{\partial L}{\partial a_r} = a_s + 10 \, b_s = 3 + 20 = 23 \qquad
# \frac{\partial L}{\partial b_r} = 0$$
#
# **Step 3.** Both names of `a` are the same number: $a_r = a$ and $a_s = a$. The chain rule says:
# add up what comes along every path.
#
# $$\frac{dL}{da} = \frac{\partial L}{\partial a_r} \cdot \frac{da_r}{da}
# + \frac{\partial L}{\partial a_s} \cdot \frac{da_s}{da} = 23 \cdot 1 + 3 \cdot 1 = 26$$
#
# So the rule is: **a weight that is used twice gets the sum of two gradients.** This is the same
# rule as for a residual connection (lesson 09), where `x` is used twice.
#
# Look at `b` also: token 1 was never read, and yet its gradient is 30. The head scores all tokens
# at every place. It pushes the scores of the wrong tokens down, and for this it must know their
# rows. minigpt's functions give the same numbers:

# %%
wte_by_hand = np.array([[a], [b]])  # (V, C) = (2, 1)
x, read_cache = layers.embedding(np.array([0]), wte_by_hand)
logits, score_cache = layers.unembedding(x, wte_by_hand)
dx, from_scoring = layers.unembedding_backward(dlogits_by_hand[None], score_cache)
_, from_reading = layers.embedding_backward(dx, read_cache)
print("logits      ", logits)
print("from reading", from_reading["weight"].ravel())
print("from scoring", from_scoring["weight"].ravel())
print("sum         ", (from_reading["weight"] + from_scoring["weight"]).ravel())

# %% [markdown]
# ## 3. Put together: the forward pass
#
# Here is the whole GPT. Follow the blue arrows first.

# %%
BOX = {"boxstyle": "round,pad=0.45", "fc": "white", "lw": 2.4}
figure, axes = plt.subplots(figsize=(9.5, 4.4))
axes.set(xlim=(-0.6, 6.6), ylim=(-2.15, 1.25))
axes.axis("off")
axes.set_title(LABELS["map_title"])
for k, text in enumerate(LABELS["map_boxes"]):
    tied = k in (1, 5)
    edge = "none" if k in (0, 6) else PINK if tied else GREY
    axes.text(k, 0, text, ha="center", va="center", fontsize=12, zorder=3,
              bbox={**BOX, "ec": edge})  # fmt: skip
for k, text in enumerate(LABELS["map_shapes"]):
    axes.annotate("", (k + 0.72, 0.42), (k + 0.28, 0.42),
                  arrowprops={"arrowstyle": "-|>", "color": BLUE, "lw": 2.2})  # fmt: skip
    axes.text(k + 0.5, 0.52, text, ha="center", color=BLUE, fontsize=10.5)
    if k:
        axes.annotate("", (k + 0.28, -0.46), (k + 0.72, -0.46),
                      arrowprops={"arrowstyle": "-|>", "color": ORANGE, "lw": 2.2})  # fmt: skip
axes.text(0.5, 0.85, LABELS["map_forward"], color=BLUE, fontweight="bold", ha="center")
axes.text(5.5, -0.8, LABELS["map_backward"], color=ORANGE, fontweight="bold", ha="center")
for k, side, name in ((1, -1, "map_reading"), (5, 1, "map_scoring")):
    axes.annotate("", (3 + 0.85 * side, -1.72), (k, -0.46),
                  arrowprops={"arrowstyle": "-|>", "color": ORANGE, "lw": 2.2})  # fmt: skip
    axes.text(k + 0.25 * side, -1.3, LABELS[name], color=ORANGE, ha="center", fontsize=11)
axes.text(3, -1.8, LABELS["map_sum"], ha="center", va="center", fontsize=12,
          bbox={**BOX, "ec": PINK})  # fmt: skip
show(figure)

# %% [markdown]
# **What to see:** the shapes above the blue arrows: between the look-up and the head, everything is
# `(B, T, C)`. The two boxes with a pink border use the same matrix. Each sends a gradient down, and
# the gradient of `wte` is the sum.
#
# In code this is one line a box. The parameters come with the names that GPT-2 gives them: `wte`
# (token embedding), `wpe` (position embedding), `h` (the blocks, `"0"`, `"1"`, …), `ln_f` (the last
# layer norm). A pre-norm GPT needs this last norm: in a block the norms stand in the branches, so
# nobody has normalised the stream itself (lesson 06).
#
# `config` holds the sizes. `table` is the set of functions to compute with, at first
# `minigpt.layers`. Later we put a broken part into it.


# %%
def gpt(ids, wte, wpe, h, ln_f, *, config, table=layers):
    """From ids (B, T) to logits (B, T, V), and the cache."""
    eps = config.layer_norm_epsilon
    tokens, wte_cache = table.embedding(ids, **wte)  # (B, T, C)
    places, wpe_cache = table.embedding(np.arange(ids.shape[1]), **wpe)  # (T, C)
    x = tokens + places
    block_caches = {}
    for i, parameters in h.items():
        x, block_caches[i] = block(x, **parameters, config=config, layers=table)
    x, ln_f_cache = table.layernorm(x, **ln_f, eps=eps)
    logits, head_cache = table.unembedding(x, **wte)  # the tied weight again
    return logits, (table, wte_cache, wpe_cache, block_caches, ln_f_cache, head_cache)


# %% [markdown]
# Let us run it on a tiny model. A `GPT` of minigpt draws the first parameters for us.

# %%
tiny = GPTConfig(vocab_size=7, block_size=5, n_layer=2, n_head=2, n_embd=6)
start_params = GPT(tiny, seed=0, device="cpu", dtype="float64").params
ids = np.array([[3, 1, 3, 0], [5, 3, 2, 2]])  # (B, T) = (2, 4); some tokens occur twice
logits, cache = gpt(ids, **start_params, config=tiny)
for name, array in items(start_params):
    if not name.startswith("h.1."):  # block 1 has the same shapes as block 0
        print(f"{name:<24} {array.shape}")
print("ids", ids.shape, "-> logits", logits.shape)

# %% [markdown]
# ## 4. The backward pass
#
# We go through the forward pass from its last line to its first. For each line we ask: what went
# in, and which backward undoes it? All backwards are known from earlier lessons.
#
# | forward line | backward line | from lesson |
# |---|---|---|
# | `logits = unembedding(x, wte)` | `dx`, and the gradient from scoring | this one |
# | `x = layernorm(x, ln_f)` | `dx`, and the gradient of `ln_f` | 06 |
# | `x = block(x)`, for `"0"`, `"1"`, … | `dx`, and each block's gradients, **last first** | 09 |
# | `x = tokens + places` | an addition hands `dx` to both sides | 09 |
# | `places = embedding(0 … T-1, wpe)` | all `B` sequences used each place: sum over `B` | 04 |
# | `tokens = embedding(ids, wte)` | the gradient from reading | 04 |
#
# Two lines deserve a second look.
#
# - **The positions.** `tokens` is `(B, T, C)`, `places` is `(T, C)`. Broadcasting (lesson 01) adds
#   the same `places` to every sequence. What is used `B` times gets the sum of `B` gradients:
#   `dx.sum(axis=0)`. It is the rule of section 2 again.
# - **The tied weight.** Two gradients of shape `(V, C)`, added.


# %%
def gpt_backward(dlogits, cache):
    """From dlogits (B, T, V) to the gradients of all parameters; the ids have none."""
    table, wte_cache, wpe_cache, block_caches, ln_f_cache, head_cache = cache
    dx, scoring = table.unembedding_backward(dlogits, head_cache)
    dx, dln_f = table.layernorm_backward(dx, ln_f_cache)
    dh = {}
    for i in reversed(block_caches):
        dx, dh[i] = block_backward(dx, block_caches[i])
    _, dwpe = table.embedding_backward(dx.sum(axis=0), wpe_cache)
    _, reading = table.embedding_backward(dx, wte_cache)
    dwte = {"weight": reading["weight"] + scoring["weight"]}
    return None, {"wte": dwte, "wpe": dwpe, "h": dh, "ln_f": dln_f}


# %% [markdown]
# The `None` is the place of the gradient by `ids`. They are integers and have no derivative.
#
# Now look at both gradients of the tied weight in a model that reads a real sentence. Its tokens
# are letters. First we need text: TinyTown, the built-in world of minigpt, writes stories for us.
#
# **Predict:** the sentence will be `the cat sat on the mat`. Which letters get a gradient from
# reading? Which from scoring? And what about the letter `z`? Write your answer down before you run
# the next cell.

# %%
stories, _ = tinytown.corpus(0, 60_000, "en", 0.05)
text = "\n".join(story.text for story in stories)
letters = sorted(set(text))
id_of = {letter: number for number, letter in enumerate(letters)}
text_ids = np.array([id_of[letter] for letter in text])

small = GPTConfig(vocab_size=len(letters), block_size=32, n_layer=2, n_head=4, n_embd=32)
model = GPT(small, seed=0, device="cpu", dtype="float64")
sentence = np.array([[id_of[letter] for letter in "the cat sat on the mat"]])
logits, cache = gpt(sentence[:, :-1], **model.params, config=small)
loss, loss_cache = layers.cross_entropy(logits, sentence[:, 1:])
dlogits, _ = layers.cross_entropy_backward(1.0, loss_cache)
_, grads = gpt_backward(dlogits, cache)


def scoring_part(dlogits, cache):
    """What the head alone gives to wte; cache is that of `gpt`."""
    return layers.unembedding_backward(dlogits, cache[-1])[1]["weight"]


scoring = scoring_part(dlogits, cache)
reading = grads["wte"]["weight"] - scoring
length_of = {"reading": np.linalg.norm(reading, axis=1), "scoring": np.linalg.norm(scoring, axis=1)}
read_letters = sorted(set("the cat sat on the mat"[:-1]))
touched = {name: int((lengths > 0).sum()) for name, lengths in length_of.items()}
print(f"{len(letters)} letters in all, {len(read_letters)} of them read")
print("rows of wte with a gradient:", touched)
print("z:", {name: float(lengths[id_of["z"]].round(4)) for name, lengths in length_of.items()})

# %%
shown = [id_of[letter] for letter in " abcdefghijklmnopqrstuvwxyz"]
figure, axes = plt.subplots()
ticks = np.arange(len(shown))
axes.bar(ticks - 0.2, length_of["reading"][shown], 0.4, color=BLUE, label=LABELS["two_reading"])
axes.bar(ticks + 0.2, length_of["scoring"][shown], 0.4, color=ORANGE, label=LABELS["two_scoring"])
axes.set_xticks(ticks, ["␣" if letters[i] == " " else letters[i] for i in shown])
axes.set(title=LABELS["two_title"], xlabel=LABELS["two_x"], ylabel=LABELS["two_y"])
axes.legend(frameon=False)
show(figure)

# %% [markdown]
# **What to see:** only letters of the sentence have a blue bar (the sign ␣ is the space). All
# letters have an orange bar. It is high for letters that were a target, because there the score
# must rise; it is low, but not zero, for letters such as `z`, whose score must fall a little.
#
# Where a letter has both bars, they are of the same order. Neither of the two gradients is small
# enough to be forgotten.

# %% [markdown]
# ## 5. A gradient check of the entire model
#
# Every part was checked in its own lesson. Now we check the whole: does each of its gradients agree
# with a measured derivative?
#
# `gradcheck` (lesson 02) takes each number of each parameter, moves it a bit up and down, and runs
# the whole GPT both times. For this test we draw all parameters at random with numbers of order
# one. The numbers of a new model are small (about 0.02), and so are many of its gradients; a
# careless comparison with a fixed tolerance, such as `np.allclose`, would accept wrong ones.
#
# **Predict:** how many times must the GPT run for this check? The tiny model has a few more than a
# thousand parameters. Write your guess down before you run the next cell.

# %%
rng = np.random.default_rng(1)
params = nest({name: rng.standard_normal(shape) for name, shape in tiny.shapes().items()})
n_tiny = sum(array.size for _, array in items(params))

seconds = time.perf_counter()
report = gradcheck(partial(gpt, config=tiny), gpt_backward, [ids], params, name="our GPT")
seconds = time.perf_counter() - seconds
print(f"{n_tiny} parameters, so {2 * n_tiny} runs forward; {seconds:.1f} seconds\n")
print(report)

# %% [markdown]
# Every line says `ok`. For each tensor the report shows its worst element, and even there the
# relative error is below 1e-7.
#
# Two runs for each parameter: that is fine for a thousand parameters, and hopeless for a million.
# For larger models there is a **directional check**. It draws a random arrow through all numbers of
# one tensor at once and moves along it. The slope along the arrow must be the dot product of the
# gradient with the arrow. One wrong number in the gradient makes the dot product wrong, except by a
# rare accident, and two different arrows make this accident rarer still. This costs a few runs for
# each *tensor*, not for each number.

# %%
seconds = time.perf_counter()
quick = gradcheck(partial(gpt, config=tiny), gpt_backward, [ids], params, method="directional")
seconds = time.perf_counter() - seconds
print(f"directional: ok is {quick.ok}, {seconds:.2f} seconds")

logits, cache = gpt(ids, **params, config=tiny)
dlogits = rng.standard_normal(logits.shape)
theirs, their_cache = minigpt_gpt(ids, **params, config=tiny)
ours_flat = dict(items(gpt_backward(dlogits, cache)[1]))
theirs_flat = dict(items(minigpt_gpt_backward(dlogits, their_cache)[1]))
difference = max(np.abs(ours_flat[name] - theirs_flat[name]).max() for name in ours_flat)
print("minigpt's logits, largest difference:", np.abs(logits - theirs).max())
print("minigpt's gradients, largest difference:", difference)

# %% [markdown]
# One more test costs nothing: the loss before any training. Lesson 08 said that it should be about
# $\ln V$. The logits of a new model are small but not all equal, which adds a little;
# `expected_initial_loss` knows how much.

# %%
windows = text_ids[:3300].reshape(100, 33)
first_loss, _ = layers.cross_entropy(
    gpt(windows[:, :-1], **model.params, config=small)[0], windows[:, 1:]
)
print(f"ln V = {np.log(small.vocab_size):.3f}   expected {model.expected_initial_loss():.3f}")
print(f"measured {first_loss:.3f}")

# %% [markdown]
# ## 6. Break it
#
# Now we make three mistakes that people really make. For each one: would you see it without a
# check?
#
# 1. **The head's gradient is forgotten.** The author handled `wte` in the embedding, and did not
#    think of it again in the head.
# 2. **The embedding's gradient is forgotten.** The second gradient *replaced* the first instead of
#    being added to it: `=` instead of `+=`.
# 3. **The blocks are undone in the wrong order**, first block first.
#
# **Predict:** which lines of the report will turn from `ok` to `XX` for each mistake? Only `wte`?
# Or more? Write it down before you run the next cell.


# %%
def without_scoring(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    weight = grads["wte"]["weight"] - scoring_part(dlogits, cache)
    return None, {**grads, "wte": {"weight": weight}}


def without_reading(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    return None, {**grads, "wte": {"weight": scoring_part(dlogits, cache)}}


def first_block_first(dlogits, cache):
    table, wte_cache, wpe_cache, block_caches, *rest = cache
    turned = dict(reversed(block_caches.items()))
    return gpt_backward(dlogits, (table, wte_cache, wpe_cache, turned, *rest))


def right_ones(report):
    return [tensor.name for tensor in report.tensors if tensor.ok]


def by_part(names):
    """How many tensors of each part: {"wte": 1, "h.0": 12, ...}."""
    places = [name[:3] if name.startswith("h.") else name.split(".")[0] for name in names]
    return dict(Counter(places))


broken = {}
for wrong in (without_scoring, without_reading, first_block_first):
    found = gradcheck(partial(gpt, config=tiny), wrong, [ids], params, method="directional")
    assert not found.ok
    broken[wrong.__name__] = [tensor.name for tensor in found.tensors if not tensor.ok]
    for mark, names in (("XX", broken[wrong.__name__]), ("ok", right_ones(found))):
        print(f"{wrong.__name__:<18} {mark} {by_part(names)}")

# %% [markdown]
# A forgotten half of the tied weight spoils one tensor, `wte.weight`. All others stay right, so the
# place of the mistake is clear. The wrong order spoils everything below the last norm: only `ln_f`,
# which was undone before the blocks, stays right. On its way back the gradient met `ln_f` first and
# then the blocks: **the mistake is where right turns into wrong.**
#
# The third mistake teaches something about tests. With one single block, first and last are the
# same:

# %%
one_block = GPTConfig(vocab_size=7, block_size=5, n_layer=1, n_head=2, n_embd=6)
one_params = nest({name: rng.standard_normal(shape) for name, shape in one_block.shapes().items()})
blind = gradcheck(
    partial(gpt, config=one_block), first_block_first, [ids], one_params, method="directional"
)
print("wrong order, but only one block: ok is", blind.ok)

# %% [markdown]
# The mistake is there, and the check accepts it. So a check needs **at least two of everything**:
# two blocks, two heads, two sequences, and a token that occurs twice.
#
# Do we need checks at all? Would a wrong gradient not show, because the model does not learn?
#
# We train three times from the same start: with the right gradient, without scoring and without
# reading. A step of this training is as simple as can be: every parameter moves a little against
# its gradient, `p -= 0.2 * gradient`. Lesson 11 is about better steps.
#
# Note that the update takes each gradient **by its name**. Our `dh` was filled from the last block
# to the first, so its order differs from that of the parameters. Taken by position, block 0 would
# get the gradient of block 1. The shapes agree, so there would be no error message. The gradient
# check would not see it either, because the mistake is outside of the backward pass.
#
# **Predict:** will the loss fall in all three trainings? Write your answer down before you run the
# next cell.

# %%
STEPS, STEP_SIZE = 200, 0.2


def train(backward):
    """The loss at each step, from the same start and on the same pieces of text."""
    learner = GPT(small, seed=0, device="cpu").params
    order, losses = np.random.default_rng(0), []
    for _ in range(STEPS):
        starts = order.integers(0, len(text_ids) - 33, 16)
        pieces = text_ids[starts[:, None] + np.arange(33)]  # (B, T + 1)
        logits, cache = gpt(pieces[:, :-1], **learner, config=small)
        loss, loss_cache = layers.cross_entropy(logits, pieces[:, 1:])
        dlogits, _ = layers.cross_entropy_backward(1.0, loss_cache)
        gradient = dict(items(backward(dlogits, cache)[1]))
        for name, parameter in items(learner):
            parameter -= STEP_SIZE * gradient[name]
        losses.append(float(loss))
    return losses


backwards = {"right": gpt_backward, "no_reading": without_reading, "no_scoring": without_scoring}
curves = {name: train(backward) for name, backward in backwards.items()}
last = {name: float(np.mean(losses[-20:])) for name, losses in curves.items()}
print(f"first loss: {curves['right'][0]:.2f}; mean of the last 20:")
print({name: round(loss, 2) for name, loss in last.items()})

# %%
figure, axes = plt.subplots()
for (name, losses), colour in zip(curves.items(), (BLUE, ORANGE, PINK), strict=True):
    smooth = np.convolve(losses, np.ones(10) / 10, "valid")
    axes.plot(np.arange(10, STEPS + 1), smooth, color=colour)
    axes.text(STEPS + 2, smooth[-1], LABELS[f"loss_{name}"], color=colour, va="center")
axes.set(title=LABELS["loss_title"], xlabel=LABELS["loss_x"], ylabel=LABELS["loss_y"])
axes.set_xlim(0, STEPS * 1.32)
axes.set_xticks(range(0, STEPS + 1, 50))
show(figure)

# %% [markdown]
# **What to see:** all three curves fall (each point is the mean of ten steps). If you had only the
# pink curve, you would say: "It learns." You could not know that it should learn faster. So "the
# loss goes down" proves nothing about a gradient. That is the job of the gradient check.

# %% [markdown]
# ## 7. The leak probe
#
# There is a second kind of mistake. A GPT must predict the next token from the tokens *before* it.
# If a later token reaches an earlier place, the model can read its own answer. This is called a
# **leak**. In training the loss of a leaking model can become wonderfully small; when it has to
# write, it is useless, because then nobody gives it the answer.
#
# The test is short. Change one token, run the model again, and see which logits changed. If we
# change the token at place `k`, then all logits at places before `k` must stay the same.
#
# We probe three models. The second one forgot the mask in attention. The third one has a layer norm
# that takes its mean over the wrong axis: over time instead of over channels.


# %%
def mask_forgotten(q, k, v, mask, dropout_mask=None, parts=None):
    return layers.scaled_dot_product(q, k, v, np.ones_like(mask), dropout_mask, parts)


def norm_over_time(x, weight, bias=None, eps=1e-5):
    centred = x - x.mean(axis=1, keepdims=True)  # axis 1 of (B, T, C) is time: wrong
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps) * weight + bias, None


tables = [
    layers,
    SimpleNamespace(**{**vars(layers), "scaled_dot_product": mask_forgotten}),
    SimpleNamespace(**{**vars(layers), "layernorm": norm_over_time}),
]


def leak_probe(run, ids, vocab_size):
    """Entry [k, t]: by how much the logits at place t change when the token at place k changes."""
    T = len(ids)
    before = run(ids[None])[0]  # (T, V)
    change = np.zeros((T, T))
    for k in range(T):
        other = ids.copy()
        other[k] = (other[k] + 1) % vocab_size
        change[k] = np.abs(run(other[None])[0] - before).max(axis=-1)
    return change


# %% [markdown]
# **Predict:** draw a square of 8 x 8 fields. Row `k` is the place that we change, column `t` the
# place whose logits we look at. Shade the fields where a model without a leak may change. Then
# guess how the two broken models look.

# %%
probe_config = GPTConfig(vocab_size=7, block_size=8, n_layer=2, n_head=2, n_embd=6)
shapes = probe_config.shapes().items()
probe_params = nest({name: rng.standard_normal(shape) for name, shape in shapes})
probe_ids = np.array([3, 1, 4, 1, 5, 2, 6, 5])
changes = []
for table, name in zip(tables, ["ours", "mask forgotten", "norm over time"], strict=True):

    def run(ids, table=table):
        return gpt(ids, **probe_params, config=probe_config, table=table)[0]

    changes.append(leak_probe(run, probe_ids, probe_config.vocab_size))
    leak = np.tril(changes[-1], -1).max()  # below the diagonal: places before the change
    print(f"{name:<15} largest change at an earlier place: {leak:.3g}")

# %%
figure, all_axes = plt.subplots(1, 3, figsize=(10, 4.2), sharey=True)
for axes, change, name in zip(all_axes, changes, LABELS["leak_models"], strict=True):
    early = np.tril(np.ones_like(change), -1) > 0
    picture = np.where(change <= 1e-12, 0, np.where(early, 2, 1))
    colours = plt.matplotlib.colors.ListedColormap(["#EEEEEE", SKY, ORANGE])
    axes.imshow(picture, cmap=colours, vmin=0, vmax=2)
    axes.set_title(name, fontweight="normal", fontsize=13)
    axes.set_xticks(range(0, 8, 2))
    axes.set_yticks(range(0, 8, 2))
    axes.set_xticks(np.arange(0.5, 7), minor=True)
    axes.set_yticks(np.arange(0.5, 7), minor=True)
    axes.grid(which="minor", color="white", lw=2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
all_axes[0].set_ylabel(LABELS["leak_y"])
all_axes[1].set_xlabel(LABELS["leak_x"])
figure.suptitle(LABELS["leak_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** blue is an allowed change, grey is no change, orange is a leak: a change at an
# earlier place. Our GPT has no orange field. In the other two every field below the diagonal leaks.
#
# Now the important question: does the gradient check see a leak? Try it on the model without a
# mask.

# %%
leaky = gradcheck(
    partial(gpt, config=tiny, table=tables[1]), gpt_backward, [ids], params, method="directional"
)
print("gradient check of the model that leaks: ok is", leaky.ok)

# %% [markdown]
# It passes. The backward of the leaking model is the right backward of a wrong function. **The two
# tests look for different mistakes: the gradient check asks whether forward and backward belong
# together, the leak probe asks whether the forward is a GPT.** You need both.
#
# ## 8. Counting parameters
#
# How large is a GPT? A **parameter** (lesson 05) is one number that training may change. Count them
# in one block with `C` channels:
#
# | part | weights | biases |
# |---|---|---|
# | `ln_1`, `ln_2` | `2 C` | `2 C` |
# | `attn.c_attn`, from `C` to `3 C` | `3 C²` | `3 C` |
# | `attn.c_proj`, from `C` to `C` | `C²` | `C` |
# | `mlp.c_fc`, from `C` to `4 C` | `4 C²` | `4 C` |
# | `mlp.c_proj`, from `4 C` to `C` | `4 C²` | `C` |
#
# Added up: `12 C²` in the matrices and `13 C` in the vectors. Outside of the blocks there are `V C`
# in `wte`, `block_size * C` in `wpe` and `2 C` in `ln_f`. The head is tied: it adds nothing.
#
# $$N = V C + T_{max} C + L \, (12 C^2 + 13 C) + 2 C$$
#
# where $L$ is the number of blocks and $T_{max}$ is `block_size`.
#
# By hand for our tiny model, with `V = 7`, `T_max = 5`, `L = 2` and `C = 6`:
# `42 + 30 + 2 (432 + 78) + 12 = 1104`. The gradient check of section 5 counted the same.
#
# **Predict:** GPT-2 has `V = 50257`, `T_max = 1024`, `L = 12`, `C = 768`. Where are most of its
# parameters: in the embeddings, in attention or in the MLPs? Order the three before you run the
# next cell.


# %%
def count_parameters(V, T_max, L, C):
    return V * C + T_max * C + L * (12 * C**2 + 13 * C) + 2 * C


assert count_parameters(7, 5, 2, 6) == n_tiny == 1104
gpt2 = GPTConfig.preset("gpt2")
n_gpt2 = count_parameters(gpt2.vocab_size, gpt2.block_size, gpt2.n_layer, gpt2.n_embd)
parts = account.parameters_by_part(gpt2)
print(f"our formula: {n_gpt2:,}   minigpt: {sum(parts.values()):,}\n")
for part, number in parts.items():
    print(f"{part:<20} {number:>12,}  {number / n_gpt2:6.1%}")
untied = sum(account.parameters_by_part(gpt2.replace(tie_weights=False)).values())
print(f"\nwith a head of its own it would be {untied:,}")

# %% [markdown]
# 124,439,808: this is the "124M" of the published GPT-2. The MLPs hold almost half of it, the token
# embedding nearly a third, attention less than a quarter. Without tying it would be 163 million.
#
# You may read "117M" in the paper and in many articles. OpenAI wrote later, in the README of the
# code that they published, that the counts in the paper were wrong. So you can count better than
# the paper.
#
# Here are all four sizes of GPT-2, next to the names that OpenAI gave to the files:

# %%
published = {"gpt2": 124, "gpt2-medium": 355, "gpt2-large": 774, "gpt2-xl": 1558}  # millions
for name, millions in published.items():
    config = GPTConfig.preset(name)
    number = count_parameters(config.vocab_size, config.block_size, config.n_layer, config.n_embd)
    assert number == sum(account.parameters_by_part(config).values())
    assert round(number / 1e6) == millions
    sizes = f"{config.n_layer:>3} blocks of {config.n_embd:>4}"
    print(f"{name:<12} {sizes}  {number:>13,}  {millions}M")

# %%
default = GPTConfig(vocab_size=2048, block_size=128, n_layer=2, n_head=4, n_embd=128)
shown = {LABELS["count_ours"]: default}  # what `minigpt train` trains if you ask for nothing
shown |= {name: GPTConfig.preset(name) for name in ("gpt2", "gpt2-xl", "gpt3-175b")}
figure, axes = plt.subplots()
colours = [ORANGE, PINK, BLUE, SKY, GREY]
shares = {name: account.parameters_by_part(config) for name, config in shown.items()}
left = np.zeros(len(shown))
for (part, label), colour in zip(LABELS["count_parts"].items(), colours, strict=True):
    width = np.array([found[part] / sum(found.values()) for found in shares.values()])
    axes.barh(list(shown), width, left=left, color=colour, label=label, height=0.65)
    left += width
names = [f"{name}\n{sum(found.values()):,}" for name, found in shares.items()]
axes.set_yticks(range(len(names)), names, fontsize=11)
axes.invert_yaxis()
axes.set(xlabel=LABELS["count_x"], xlim=(0, 1))
figure.suptitle(LABELS["count_title"], x=0.01, ha="left", fontsize=15, fontweight="bold")
axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=5, frameon=False, fontsize=11,
            columnspacing=1.0, handlelength=1.0)  # fmt: skip
show(figure)

# %% [markdown]
# **What to see:** the blocks grow with `C²`, the embeddings only with `C`. In GPT-3 nearly
# everything is attention (one third) and MLP (two thirds). The layer norms are too few to be seen.
#
# ## 9. Counting FLOPs
#
# How much work is one token? Count the matrix products (lesson 01: a product with a matrix costs
# two FLOPs for each weight, one multiplication and one addition).
#
# - **Linear layers:** `12 C²` weights in a block, so `2 * 12 C² * L`.
# - **Head:** `2 C V`. The tied matrix costs no parameters of its own, but it costs work.
# - **Look-up:** no product at all. It only copies rows.
# - **Attention:** a place compares its query with the keys of the places that it sees: `2 C` for
#   each (all heads together). Then it adds up the values: `2 C` again. The first place sees one
#   place, the last one sees `T`; the mean is `(T + 1) / 2`. So `4 C * (T + 1) / 2 * L`.
#
# Norms, GELU and softmax are left out: in a wide model they are little work next to the products.
#
# The backward pass computes two products for each forward one: one for `dx`, one for `dW`. So
# training on a token costs **three** times the forward pass.

# %%
V, T, L, C = gpt2.vocab_size, gpt2.block_size, gpt2.n_layer, gpt2.n_embd
by_hand = {
    "linear_layers": 2 * 12 * C**2 * L,
    "attention_pairs": 4 * C * (T + 1) / 2 * L,
    "head": 2 * C * V,
}
forward = sum(by_hand.values())
flops = account.flops_per_token(gpt2)
for part, number in by_hand.items():
    print(f"{part:<16} {number / 1e6:7.1f} million   minigpt {flops[part] / 1e6:7.1f}")
print(f"{'forward':<16} {forward / 1e6:7.1f} million, {forward / n_gpt2:.2f} for each parameter")
print(f"{'training':<16} {flops['training'] / 1e6:7.1f} million")

# %% [markdown]
# A rule to remember: **about 2 FLOPs a parameter for each token forward, about 6 in training.**
#
# Is this formula true? Let us test it. We put functions into the table that count each product
# which is really computed, and run our own GPT.

# %%
counted = {"linear_layers": 0, "attention_pairs": 0, "head": 0}


def counting_linear(x, weight, bias=None):
    counted["linear_layers"] += 2 * (x.size // x.shape[-1]) * weight.size
    return layers.linear(x, weight, bias)


def counting_attention(q, k, v, *args, **options):
    counted["attention_pairs"] += 2 * q.size * k.shape[-2] + 2 * q.size * v.shape[-2]
    return layers.scaled_dot_product(q, k, v, *args, **options)


def counting_head(x, weight):
    counted["head"] += 2 * (x.size // x.shape[-1]) * weight.size
    return layers.unembedding(x, weight)


table = SimpleNamespace(**{**vars(layers), "linear": counting_linear, "unembedding": counting_head,
                           "scaled_dot_product": counting_attention})  # fmt: skip
pieces = text_ids[: 4 * 32].reshape(4, 32)
gpt(pieces, **model.params, config=small, table=table)
expected = account.flops_per_token(small, T=32)
for part, number in counted.items():
    print(f"{part:<16} {number / pieces.size:9.0f} counted, {expected[part]:9.0f} by the formula")

# %% [markdown]
# Linear layers and head agree exactly. Attention does almost twice the work of the formula: our
# `scaled_dot_product` computes the whole square of scores, and the mask then hides half of them.
# The formula counts only what is needed. minigpt's faster twin in `minigpt/kernels/attention.py`
# skips most of the hidden half when the text is long.
#
# Last, the clock. How many FLOPs in a second does our GPT reach on one core of your computer, and
# how many does one large matrix product reach? The difference is the price of norms, softmax,
# copies and small matrices. (1 GFLOP/s is $10^9$ FLOPs in a second.)


# %%
def best_seconds(run, times=3):
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


medium = GPTConfig(vocab_size=1000, block_size=64, n_layer=4, n_head=4, n_embd=128)
medium_params = GPT(medium, seed=0, device="cpu").params  # float32
medium_ids = np.random.default_rng(2).integers(0, 1000, (8, 64))
dlogits = np.random.default_rng(3).standard_normal((8, 64, 1000)).astype("float32")
_, medium_cache = gpt(medium_ids, **medium_params, config=medium)
square = np.random.default_rng(4).standard_normal((768, 768)).astype("float32")

t_forward = best_seconds(lambda: gpt(medium_ids, **medium_params, config=medium))
t_backward = best_seconds(lambda: gpt_backward(dlogits, medium_cache))
t_square = best_seconds(lambda: square @ square)
work = account.flops_per_token(medium, T=64)["forward"] * medium_ids.size
speed = 3 * work / (t_forward + t_backward)
print(f"forward {1e3 * t_forward:.0f} ms, backward {1e3 * t_backward:.0f} ms")
print(f"GPT {speed / 1e9:.0f} GFLOP/s, one product {2 * 768**3 / t_square / 1e9:.0f} GFLOP/s")
days = flops["training"] * 1e9 / speed / 86400
print(f"GPT-2 on a billion tokens, at the speed of this GPT, on this core: {days:.0f} days")

# %% [markdown]
# Now you know why the models of this course are small, and why people who train large ones count
# FLOPs before they begin.
#
# ## Exercises
#
# 1. **Easy.** Count the parameters of a GPT with `V = 256`, `block_size = 64`, 3 blocks and
#    `C = 48` on paper. Check it with `count_parameters`, then with
#    `GPT(GPTConfig(...), device="cpu").n_params` (3 blocks of 48 channels need a number of heads
#    that divides 48).
# 2. **Easy.** In section 2 let the input be token 1 instead of token 0. Compute the gradients of
#    `a` and `b` by hand, for reading and for scoring, then change the cell and compare.
# 3. **Medium.** Write `gpt_untied` and its backward with a parameter `lm_head` for the head. Check
#    it with `gradcheck` (`tiny.replace(tie_weights=False).shapes()` has the shapes), and compare it
#    with minigpt's `gpt`.
# 4. **Medium.** A leak can also go from one *sequence* to another, if both are computed at once.
#    Write a probe for it: change a token in `ids[1]`, and demand that the logits of `ids[0]` stay
#    the same. Then write a layer norm that leaks in this way, and see your probe find it.
# 5. **Medium.** In section 6 let the update take the gradients by position:
#    `for (_, p), (_, g) in zip(items(learner), items(backward(dlogits, cache)[1]))`. Train, and
#    compare the last loss with the three of the lesson. (The first version of this lesson had this
#    mistake. Nothing failed; the "right" curve was only strangely bad.)
# 6. **Hard.** Replace the sum of the two gradients of `wte` by their mean. Does the check catch it?
#    Train with it as in section 6. Then explain the curve: which step size would the right gradient
#    need for `wte` to behave in the same way?
#
# **Write it yourself.** `minigpt lesson start 10` puts a file into the folder `mywork`, with
# `unembedding` and `tied` to be filled in. `minigpt check 10` says what is right, and names the
# mistake if there is one.
#
# ## What you can now read in minigpt/
#
# - `minigpt/model/config.py` and `presets.py`: the sizes of the published models.
# - `minigpt/model/gpt.py`: the GPT that you wrote, with more options. Find the line where the two
#   gradients of the tied weight are added.
# - `minigpt/model/model.py`: the class `GPT`, which holds parameters and functions together.
# - `minigpt/model/account.py`: all the counting of sections 8 and 9. On the command line:
#   `minigpt info gpt2`.
# - `tests/gradcheck/wrong_model.py`: wrong backwards of the block and of the GPT, each rejected by
#   a test.
#
# This is the part of `minigpt.model.account` that you have derived. (A *banded* block is one whose
# attention looks back only over the last `window` places. GPT-2 has none, GPT-3 has them in every
# other block.)

# %%
print(inspect.getsource(account.flops_per_token))

# %% [markdown]
# ## The claims of this lesson, as assertions

# %%
# section 1 and 2
assert (rows @ np.array([1.0, 0.5])).tolist() == [2.0, 1.5, 1.0]
assert abs(measured_a - 26) < 1e-6 and abs(measured_b - 30) < 1e-6
assert from_reading["weight"].ravel().tolist() == [23.0, 0.0]
assert from_scoring["weight"].ravel().tolist() == [3.0, 30.0]
# section 4: reading reaches the letters that were read, scoring all
assert touched == {"reading": len(read_letters), "scoring": len(letters)}
assert length_of["reading"][id_of["z"]] == 0 < length_of["scoring"][id_of["z"]]
ratios = length_of["reading"] / length_of["scoring"]
assert all(1 / 4 < ratios[id_of[letter]] < 4 for letter in read_letters)
# section 5
assert report.ok and quick.ok and report.max_relative_error < 1e-7
assert n_tiny == 1104 and difference < 1e-12
assert tiny.init_std == 0.02
assert abs(float(first_loss) - model.expected_initial_loss()) < 0.1
# section 6
assert broken["without_scoring"] == broken["without_reading"] == ["wte.weight"]
assert len(broken["first_block_first"]) == len(report.tensors) - 2
assert not any(name.startswith("ln_f") for name in broken["first_block_first"])
assert blind.ok
assert last["right"] + 0.1 < last["no_reading"] < last["no_scoring"] - 0.1
assert last["no_scoring"] < curves["right"][0] - 0.3
# section 7: no leak in ours; a leak at every earlier place in the others, which gradcheck accepts
below = np.tri(8, k=-1, dtype=bool)
assert changes[0][below].max() <= 1e-12 and changes[0][~below].min() > 1e-6
assert all(change[below].min() > 1e-12 for change in changes[1:])
assert leaky.ok
# section 8 and 9
assert n_gpt2 == sum(parts.values()) == 124_439_808 and untied == 163_037_184
assert parts["mlp"] > parts["token_embedding"] > parts["attention"]
assert 0.4 < parts["mlp"] / n_gpt2 < 0.5 and parts["attention"] / n_gpt2 < 0.25
assert 0.3 < parts["token_embedding"] / n_gpt2 < 1 / 3
assert sum(account.parameters_by_part(default).values()) == 675_328
large = account.parameters_by_part(GPTConfig.preset("gpt3-175b"))
assert (large["mlp"] + large["attention"]) / sum(large.values()) > 0.99
assert 0.32 < large["attention"] / sum(large.values()) < 0.34
assert all(by_hand[part] == flops[part] for part in by_hand)
assert flops["training"] == 3 * flops["forward"] and 2 < forward / n_gpt2 < 2.2
assert counted["linear_layers"] == expected["linear_layers"] * pieces.size
assert counted["head"] == expected["head"] * pieces.size
assert 1.9 < counted["attention_pairs"] / (expected["attention_pairs"] * pieces.size) < 2
print("All claims hold.")
