# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 13 · Writing
#
# A GPT gives a probability to every possible next token, and nothing else. How does that become a
# text? Somebody has to choose one token, add it, and ask again. How to choose is a question with
# several good answers. The same model can sound dull, lively or confused by the choice alone.
#
# At the end of this lesson you will have written greedy choice, temperature, top-k and top-p, you
# will know when a beam search finds what greedy choice misses, and you will have derived the **KV
# cache**, which makes writing faster without changing the text. There is no gradient in this
# lesson: a model that writes does not learn. It takes 60 to 90 minutes.

# %%
import textwrap
import time

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPT, GPTConfig, Trainer, layers
from minigpt.corpus import tinytown
from minigpt.corpus.dataset import encode_dataset, tinytown_dataset, train_tokenizer
from minigpt.model.cache import KVCache, next_logits
from minigpt.model.choose import choose
from minigpt.plots import BLUE, GREEN, ORANGE, lesson_style, show
from minigpt.training.samples import sample_texts

lesson_style()
LABELS = {
    "token": "next token",
    "probability": "probability",
    "temperature": "temperature",
    "temperatures": "Temperature sharpens or flattens the same scores",
    "known": "words that exist",
    "different": "different words",
    "share": "share",
    "trade": "A higher temperature: more variety, more errors",
    "position": "tokens written so far",
    "ms": "milliseconds for the next token",
    "whole": "all positions again",
    "cached": "with the KV cache",
    "cache": "Without a cache, each token costs more than the last",
}

# %% [markdown]
# ## 1. A writer to experiment with
#
# First we need a model. This is the training of lesson 12, on the stories of TinyTown; it takes
# some seconds.

# %%
dataset = tinytown_dataset("en", megabytes=2.0, seed=0, val_fraction=0.02)
tokenizer = train_tokenizer(dataset, "bpe", 1024)
encoded = encode_dataset(dataset, tokenizer)
config = GPTConfig(tokenizer.vocab_size, block_size=144, n_layer=2, n_head=4, n_embd=96,
                   init_std=0.08)  # fmt: skip
model = GPT(config, seed=0, device="cpu")
trainer = Trainer(model, encoded.batches(12, 144, 0), 12, steps=350, lr=8e-3, min_lr=1e-5,
                  warmup=40, weight_decay=0.01)  # fmt: skip
last_loss = trainer.fit()
print(f"loss after {trainer.step_number} steps: {last_loss:.2f} nats a token")

# %% [markdown]
# A **prompt** is the text that the model has to continue. Its answer is one row of logits (lesson
# 08): a score for each of the 1024 tokens. Here are the likeliest continuations of a prompt.

# %%
prompt = [tokenizer.eot, *tokenizer.encode("Mia lost her")]
logits = model([prompt])[0, -1]
probabilities = np.exp(logits - logits.max())
probabilities /= probabilities.sum()
order = np.argsort(-probabilities)
for token in order[:8]:
    print(f"{probabilities[token]:6.3f}  {tokenizer.decode([int(token)])!r}")
print(f"{probabilities[order[8:]].sum():6.3f}  all {len(order) - 8} others together")

# %% [markdown]
# ## 2. Greedy, and drawing at random
#
# The simplest choice is **greedy**: always the likeliest token. We let the model continue the
# prompt greedily, twice.
#
# **Predict:** will both texts be the same? Write your answer down before you run the next cell.

# %%
greedy = model.generate([prompt], max_new_tokens=60, temperature=0)[0]
print(textwrap.fill(tokenizer.decode(greedy[1:].tolist()), 90))
again = model.generate([prompt], max_new_tokens=60, temperature=0)[0]
print("\nthe same text again:", np.array_equal(greedy, again))

# %% [markdown]
# This is the only text that greedy choice can ever give for this prompt. Ask for a hundred stories,
# and you get one story a hundred times.
#
# The other extreme: **draw** the next token with exactly the probability that the model gives it.
# How does a program draw from a list of probabilities? Put them one after another on a line from 0
# to 1, and throw a dart at the line. By hand, with the three probabilities 0.5, 0.3 and 0.2 (`ends`
# are the ends of the pieces on the line):

# %%
p = np.array([0.5, 0.3, 0.2])
ends = np.cumsum(p)
print("ends of the pieces:", ends)
for dart in (0.10, 0.55, 0.95):
    print(f"dart {dart:.2f} hits token {int(np.searchsorted(ends, dart, side='right'))}")

# %% [markdown]
# ## 3. Temperature
#
# Between greedy choice and drawing there is the **temperature** $\tau$ (tau): divide all logits by
# it before the softmax.
#
# $$p_i = \frac{e^{z_i / \tau}}{\sum_j e^{z_j / \tau}}$$
#
# If the logits of two tokens differ by $d$, the ratio of their probabilities is $e^{d/\tau}$. For
# $\tau = 1$ it is the model's own. For $\tau \to 0$ the ratio becomes infinite: only the likeliest
# token is left, and drawing becomes greedy choice. For $\tau \to \infty$ all ratios become 1: pure
# noise.
#
# **Predict:** two tokens have the probabilities 0.8 and 0.2; their ratio is 4. What are their
# probabilities at $\tau = 0.5$?

# %%
z = np.log([0.8, 0.2])
cold = np.exp(z / 0.5) / np.exp(z / 0.5).sum()
print("temperature 0.5:", cold.round(3), " ratio", (cold[0] / cold[1]).round(1))

# %% [markdown]
# The ratio is squared: $4^{1/0.5} = 16$. Now the next token after our prompt, at three
# temperatures:

# %%
figure, axes = plt.subplots()
shown = order[:8]
for i, (temperature, colour) in enumerate(((0.5, BLUE), (1.0, GREEN), (2.0, ORANGE))):
    q = np.exp((logits - logits.max()) / temperature)
    q /= q.sum()
    axes.bar(np.arange(8) + 0.27 * (i - 1), q[shown], 0.26, color=colour,
             label=f"{LABELS['temperature']} {temperature:g}")  # fmt: skip
names = [tokenizer.decode([int(t)]).strip() or "␣" for t in shown]
axes.set_xticks(range(8), names, fontsize=11, rotation=0 if max(map(len, names)) < 8 else 20)
axes.set(xlabel=LABELS["token"], ylabel=LABELS["probability"], title=LABELS["temperatures"])
axes.legend()
show(figure)

# %% [markdown]
# **What to see:** the likeliest token gains at 0.5 and loses at 2, where the bars become flat. What
# is missing there has gone to the thousand tokens that are not in the picture.
#
# ## 4. Top-k and top-p: cutting the tail
#
# These thousand unlikely tokens are called the **tail**, and the tail is the trouble. Each of its
# tokens is unlikely, but together they are not. Let the tail have the probability 10 %, and let a
# story have 60 tokens. Then the story never hits the tail with the probability $0.9^{60}$.
#
# **Predict:** how much is that, roughly?

# %%
print(f"{0.9**60:.4f}")

# %% [markdown]
# So we cut. **Top-k** keeps the k likeliest tokens. **Top-p**, also called nucleus sampling, keeps
# the fewest tokens that together have at least probability p: few where the model is sure, many
# where it is not (Holtzman et al., 2020). Then we draw among those that are left.
#
# Here is the function of this lesson.


# %%
def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """Choose one token from logits (V,) by a number `dart` between 0 and 1.

    Args:
        temperature: 0 takes the likeliest token.
        top_k: draw among the k likeliest only.
        top_p: draw among the fewest tokens that together have probability p.
    """
    if temperature == 0:
        return int(logits.argmax())
    ids = np.argsort(-logits, kind="stable")[:top_k]  # likeliest first
    z = logits[ids].astype(np.float64) / temperature
    p = np.exp(z - z.max())
    p /= p.sum()
    if top_p is not None:
        before = np.cumsum(p) - p  # the probability of all likelier tokens
        ids, p = ids[before < top_p], p[before < top_p]
    ends = np.cumsum(p)
    return int(ids[min(np.searchsorted(ends, dart * ends[-1], side="right"), len(ids) - 1)])


# %% [markdown]
# **Predict:** three tokens have the probabilities 0.5, 0.3 and 0.2. Which of them does top-p keep
# for p = 0.4, 0.5, 0.51 and 0.9?

# %%
p = np.array([0.5, 0.3, 0.2])
for top_p in (0.4, 0.5, 0.51, 0.9):
    kept = {choose_token(np.log(p), dart, top_p=top_p) for dart in np.linspace(0, 1, 201)}
    print(f"top_p {top_p:4.2f} keeps tokens {sorted(kept)}")

# %% [markdown]
# The first token has 0.5. That is enough for p = 0.5, but not for 0.51, where the second one is
# needed as well. Both have 0.8, which is not enough for 0.9.
#
# Does it choose what minigpt's own `choose` does, for the same darts?


# %%
def agreement(mine, temperature, top_k, top_p, n=300):
    """The share of n random rows of logits for which both choose the same token."""
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 2, (n, 50))
    theirs = choose(rows, np.random.default_rng(1), temperature, top_k, top_p)
    darts = np.random.default_rng(1).random(n)
    pairs = zip(rows, darts, strict=True)
    ours = [mine(row, dart, temperature, top_k, top_p) for row, dart in pairs]
    return np.mean(np.equal(ours, theirs))


SETTINGS = [(0, None, None), (0.7, 10, None), (1.0, None, 0.9), (1.5, 20, 0.8)]
for setting in SETTINGS:
    print(f"temperature {setting[0]}, top_k {setting[1]}, top_p {setting[2]}: "
          f"{agreement(choose_token, *setting):.0%} equal")  # fmt: skip

# %% [markdown]
# Now we break it on purpose, with two usual mistakes: a top-p that leaves out the token which
# crosses p, and a temperature that multiplies instead of dividing.


# %%
def stingy_top_p(logits, dart, temperature=1.0, top_k=None, top_p=None):
    ids = np.argsort(-logits, kind="stable")[:top_k]
    z = logits[ids] / temperature
    p = np.exp(z - z.max())
    p /= p.sum()
    if top_p is not None:
        kept = np.cumsum(p) <= top_p  # the token that crosses top_p is lost
        ids, p = ids[kept], p[kept]
    ends = np.cumsum(p)
    return int(ids[min(np.searchsorted(ends, dart * ends[-1]), len(ids) - 1)]) if len(ids) else -1


def hot_when_cold(logits, dart, temperature=1.0, top_k=None, top_p=None):
    wrong = logits * temperature**2  # choose_token divides by the temperature once
    return choose_token(wrong, dart, temperature, top_k, top_p)


for wrong in (stingy_top_p, hot_when_cold):
    shares = [agreement(wrong, *setting) for setting in SETTINGS[1:]]
    print(f"{wrong.__name__}: {', '.join(f'{share:.0%}' for share in shares)} equal")

# %% [markdown]
# Each mistake has one setting where it can't show, with 100 %: no top-p for the first, temperature
# 1 for the second. So test more than one setting.
#
# With `stingy_top_p` a model that is very sure (its first token has 0.95, p is 0.9) has nothing
# left to choose from: the program fails exactly when the model is at its best.
#
# ## 5. What the choice does to the text
#
# We let the model write 16 stories at each of five temperatures and count two things: how many of
# their words exist in the training text, and how many of their words are different ones.
#
# **Predict:** which of the two numbers rises with the temperature?

# %%
vocabulary = set(" ".join(dataset.train).replace(".", " ").replace(",", " ").split())
TEMPERATURES = (0.1, 0.4, 0.7, 1.0, 1.5)
known, different = [], []
for temperature in TEMPERATURES:
    texts = sample_texts(model, tokenizer, 16, seed=1, temperature=temperature, max_new_tokens=70)
    words = " ".join(texts).replace(".", " ").replace(",", " ").split()
    known.append(np.mean([word in vocabulary for word in words]))
    different.append(len(set(words)) / len(words))
    print(f"{temperature:4}  {known[-1]:.0%} exist, {different[-1]:.0%} are different")
    print(f"      {textwrap.shorten(texts[0], 80, placeholder=' …')}")

# %%
figure, axes = plt.subplots()
axes.plot(TEMPERATURES, known, "o-", color=BLUE, ms=9)
axes.plot(TEMPERATURES, different, "s-", color=ORANGE, ms=9)
axes.text(1.02, known[3] + 0.03, LABELS["known"], color=BLUE, va="bottom")
axes.text(1.02, different[3] - 0.06, LABELS["different"], color=ORANGE, va="top")
axes.set(xlabel=LABELS["temperature"], ylabel=LABELS["share"], title=LABELS["trade"])
axes.set_ylim(0, 1.12)
show(figure)

# %% [markdown]
# **What to see:** from left to right one curve falls and the other one rises. No temperature is
# right for all purposes: a poem may be hotter than an answer to a question. minigpt writes its
# stories with 0.7 and top-p 0.9.
#
# ## 6. Beam search: when the likeliest text is wanted
#
# Greedy choice takes the likeliest token each time. Is the result the likeliest *text*?
#
# A small world by hand: the first token is A with 0.5 or B with 0.4 (or something else). After A,
# the best continuation has 0.4. After B, it has 0.9.
#
# **Predict:** which text of two tokens is the likeliest, and does greedy choice find it?

# %%
print(f"greedy, over A: 0.5 * 0.4 = {0.5 * 0.4:.2f}")
print(f"over B:         0.4 * 0.9 = {0.4 * 0.9:.2f}")

# %% [markdown]
# It does not: it can't know at the first token what comes later. A **beam search** keeps the n
# likeliest beginnings (beams) instead of one, extends each by every token, and keeps the best n
# again. Logarithms turn the product of probabilities into a sum: the number in
# front of each text is this sum. Greedy choice is a beam search with one beam.


# %%
def log_probability(ids):
    """The sum of the log-probabilities of all tokens of `ids` after the prompt."""
    z = model([ids[:-1]])[0].astype(np.float64)
    z -= z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    first = len(prompt) - 1
    return log_p[np.arange(first, len(ids) - 1), ids[first + 1 :]].sum()


best = {}
for beams in (1, 8):
    options = {"num_beams": beams, "do_sample": False}
    found = model.generate([prompt], max_new_tokens=10, **options)[0].tolist()
    best[beams] = log_probability(found)
    print(f"num_beams={beams}: {best[beams]:6.2f}  {tokenizer.decode(found[1:])!r}")

# %% [markdown]
# Not even a beam search is sure to find the likeliest text: the beginning of that text may be among
# the unlikely ones, and is dropped. It helps where one text is right (a translation, an answer).
# For stories it is no help: the likeliest text is a dull one.
#
# ## 7. The KV cache, derived
#
# To write token number 101, the model computes attention for 100 positions. For number 102 it
# computes 101 positions, of which 100 are the same as before. Are they really the same?
#
# In lesson 07 we saw that nothing leaks: position t looks at positions up to t, never later. So its
# key, its value and its output do not change when tokens are added after it. This output goes into
# the next block, so there it is the same again. Only the query of the new position is new. It needs
# the keys and values of all positions before. Therefore we keep them:
#
# $$\text{new output} = \text{softmax}\left(\frac{q_{new} K^\top}{\sqrt{D}}\right) V, \qquad K, V
# \text{ extended by one row each step}$$
#
# No mask is needed: everything in K and V lies in the past. For each new token, the model computes
# one row instead of T.


# %%
def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """Attention for one new position x (B, C); returns its output and the longer keys and values.

    keys, values: (B, H, t, D), those of the t positions before.
    """
    B, C = x.shape
    qkv, _ = layers.linear(x, **c_attn)
    q, k, v = (part.reshape(B, n_head, 1, C // n_head) for part in np.split(qkv, 3, axis=-1))
    keys, values = np.concatenate([keys, k], axis=2), np.concatenate([values, v], axis=2)
    scores = q @ keys.swapaxes(-1, -2) / float(C // n_head) ** 0.5  # (B, H, 1, t + 1)
    weights, _ = layers.softmax(scores)
    y, _ = layers.linear((weights @ values).reshape(B, C), **c_proj)
    return y, keys, values


rng = np.random.default_rng(0)
attn = model.params["h"]["0"]["attn"]
x = rng.normal(size=(2, 20, 96)).astype(np.float32)
whole, _ = layers.attention(x, **attn, n_head=4)
keys = values = np.zeros((2, 4, 0, 24), np.float32)
stepwise = []
for t in range(20):
    y, keys, values = attention_step(x[:, t], keys, values, **attn, n_head=4)
    stepwise.append(y)
error = np.abs(np.stack(stepwise, axis=1) - whole).max()
print(f"largest difference: {error:.1e}")

# %% [markdown]
# The same to the last bits of float32. minigpt's `KVCache` does this for all blocks. A classic
# mistake is to forget that the new token has a *place*: without its position the model believes
# that each new token stands at the beginning.

# %%
ids = np.array([prompt + tokenizer.encode(" red ball.")])


def cached_logits(ids, broken=False):
    """The logits after the last of ids (1, T), token by token through a cache."""
    cache = KVCache(model, 1)
    if broken:
        cache.positions = lambda start, stop: np.zeros(stop - start, int)
    for t in range(ids.shape[1]):
        out = next_logits(model, ids[:, t : t + 1], cache)
    return out[0]


right = model(ids)[0, -1]
for broken in (False, True):
    difference = np.abs(cached_logits(ids, broken) - right).max()
    print(f"{'positions forgotten' if broken else 'cache':20} differs by {difference:.1e}")

# %% [markdown]
# ## 8. How much faster?
#
# **Predict:** without a cache, is the 100th token as expensive as the 10th? And with a cache?
# Sketch both curves.
#
# A laptop always does other things as well, and one measurement can catch such a moment. So we go
# through all places fifteen times and keep the fastest time of each place.

# %%
text = np.array([[tokenizer.eot, *encoded.train_tokens[1:140]]])
PLACES = list(range(10, 140, 26))
cache = KVCache(model, 1)
next_logits(model, text[:, : PLACES[-1] + 1], cache)  # fill the cache once


def whole(place):
    return model(text[:, : place + 1])[0, -1]


def cached(place):
    cache.length = place  # forget what comes later
    return next_logits(model, text[:, place : place + 1], cache)[0]


fastest = {"whole": dict.fromkeys(PLACES, np.inf), "cached": dict.fromkeys(PLACES, np.inf)}
with threadpool_limits(1):  # one core: so small products gain nothing from more
    for _ in range(15):
        for place in PLACES:
            for way, next_token in (("whole", whole), ("cached", cached)):
                start = time.perf_counter()
                next_token(place)
                seconds = time.perf_counter() - start
                fastest[way][place] = min(fastest[way][place], seconds)
times = {way: [1e3 * found[place] for place in PLACES] for way, found in fastest.items()}
for way, found in times.items():
    print(f"{LABELS[way]:<20} " + " ".join(f"{ms:6.2f}" for ms in found) + "  ms")
gain = times["whole"][-1] / times["cached"][-1]
print(f"after {PLACES[-1]} tokens: {gain:.1f} times faster")
same = max(np.abs(whole(place) - cached(place)).max() for place in PLACES)
print(f"largest difference of the logits: {same:.1e}")

# %%
figure, axes = plt.subplots()
axes.plot(PLACES, times["whole"], "o-", color=ORANGE, ms=9, label=LABELS["whole"])
axes.plot(PLACES, times["cached"], "s-", color=BLUE, ms=9, label=LABELS["cached"])
axes.set(xlabel=LABELS["position"], ylabel=LABELS["ms"], title=LABELS["cache"])
axes.set_ylim(0, 1.15 * max(map(max, times.values())))
# below the axes: no line can run into the names, whatever the times are
axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, frameon=False)
show(figure)

# %% [markdown]
# **What to see:** without a cache the price of a token grows with the text; with the cache it grows
# very little. What the cache costs is memory: for each block and position a key and a value of C
# numbers. `minigpt info gpt2` tells how much that is for the published sizes.
#
# ## 9. How good are the stories?
#
# TinyTown has a grammar, so a program can tell whether a story is **well formed**: whether it is
# one that the grammar could have told.

# %%
verdict = tinytown.check(dataset.train[0], "en")
print("a story of the corpus:", verdict.well_formed)
mine = sample_texts(model, tokenizer, 1, seed=3, temperature=0.7, top_p=0.9)[0]
print(textwrap.fill(mine, 90))
print("a story of ours:      ", tinytown.check(mine, "en").well_formed)

# %% [markdown]
# After some seconds of training, few stories are right from the first to the last word. One right
# sentence is easy; sixty tokens without a slip are not. `minigpt train` trains for some minutes,
# then samples 100 stories and judges them. README.md tells how many were well formed.
#
# ## 10. Exercises
#
# 1. Write a prompt that is not from TinyTown ("The computer"). Which tokens does the model think
#    likely, and why?
# 2. `choose_token` sorts all logits. For top-k alone that is not needed: look up `np.argpartition`.
# 3. Give the story model a *repetition penalty*: divide the logit of every token that has occurred
#    by 1.3 (what about negative logits?), and let it write greedily. Compare with
#    `model.generate(..., repetition_penalty=1.3)`.
# 4. Write a beam search of two beams for three tokens, by loops over the vocabulary, and compare
#    with `num_beams=2`.
# 5. The cache holds keys and values for each of H heads. If all heads shared one key and one value
#    (multi-query attention), how much memory would it save for `GPTConfig.preset("gpt2")`?
#
# **Write it yourself.** `minigpt lesson start 13` puts a file into the folder `mywork`, with
# `top_p_ids`, `choose_token` and `attention_step` to be filled in. `minigpt check 13` says what is
# right, and names the mistake if there is one.
#
# ## 11. What you can now read in `minigpt/`
#
# `minigpt/model/choose.py` (choosing), `minigpt/model/cache.py` (the KV cache),
# `minigpt/model/generate.py` (the loop around them), `minigpt/model/beams.py`. On the command line:
# `minigpt sample --temperature 0.7 --top-p 0.9`.

# %% [markdown]
# ## The claims of this lesson, as assertions

# %%
assert np.array_equal(greedy, again) and last_loss < 2.5
assert abs(cold[0] / cold[1] - 16) < 1e-9 and 0.9**60 < 0.01
assert all(agreement(choose_token, *setting) == 1 for setting in SETTINGS)
assert agreement(stingy_top_p, *SETTINGS[2]) < 1 and agreement(hot_when_cold, *SETTINGS[1]) < 1
assert agreement(stingy_top_p, *SETTINGS[1]) == agreement(hot_when_cold, *SETTINGS[2]) == 1
kept = {p_: {choose_token(np.log(p), d, top_p=p_) for d in np.linspace(0, 1, 201)}
        for p_ in (0.4, 0.5, 0.51, 0.9)}  # fmt: skip
assert list(kept.values()) == [{0}, {0}, {0, 1}, {0, 1, 2}]
assert known[0] > known[-1] and different[0] < different[-1]
assert best[8] > best[1] and error < 1e-5
assert np.abs(cached_logits(ids) - right).max() < 1e-3
assert np.abs(cached_logits(ids, broken=True) - right).max() > 0.1
# times: only what a busy machine can't turn round
assert gain > 1.1 and same < 1e-3 and verdict.well_formed
print("all claims of this lesson hold")
