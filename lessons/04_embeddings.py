# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 04 · Embeddings
#
# Lesson 03 turned a text into ids: 17, 4, 250. But what should a model do with such a number? Is
# token 18 "one more" than token 17? Can it add two ids, or take their mean?
#
# At the end of this lesson you will have written the first layer of a GPT, which turns ids into
# vectors, and its gradient. You will also know a line of NumPy that looks right, raises no error,
# and throws most of that gradient away. It takes about 60 minutes.

# %%
import inspect
import re
import time
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import Tokenizer, gradcheck, kernels, layers
from minigpt.corpus import tinytown
from minigpt.plots import BLUE, GREEN, GREY, ORANGE, PINK, SKY, lesson_style, show

lesson_style()
LABELS = {
    "vocabulary": "size of the vocabulary, V",
    "seconds": "seconds",
    "product": "one-hot product",
    "lookup": "lookup",
    "cost": "A lookup gives the same rows, at almost no cost",
    "channels": "channels, C",
    "share": "read correctly (%)",
    "token": "which token",
    "place": "which place",
    "read": "With enough channels, a sum of two vectors still tells both",
    "arrive": "arrive",
    "kept": "kept by +=",
    "rows": "gradient rows in one batch",
    "lost": "For each token, += keeps one row and loses the others",
    "before": "before: random",
    "after": "after: words of a kind are together",
    "names": "names",
    "colours": "colours",
    "days": "days",
    "feelings": "feelings",
}

# %% [markdown]
# ## 1. What is wrong with the id itself?
#
# Let us take whole words as tokens, and a vocabulary of only four. Its order is the order of the
# alphabet.
#
# **Predict:** a model calculates with the ids and takes the mean of "cat" and "saw". Which word
# does it get? And what if the vocabulary had another order? Write your answer down before you run
# the next cell.

# %%
VOCABULARY = ["cat", "dog", "saw", "the"]


def mean_word(a, b, vocabulary):
    return vocabulary[(vocabulary.index(a) + vocabulary.index(b)) // 2]


first_order = mean_word("cat", "saw", VOCABULARY)
other_order = mean_word("cat", "saw", ["cat", "the", "saw", "dog"])
print("mean of cat and saw:", first_order)
print("in another order:   ", other_order)

# %% [markdown]
# "A dog is the mean of a cat and a saw" is nonsense, and it changes with the order of a list. An id
# is a name, like the number on a football shirt. It is not a quantity.
#
# So we give each token not one number but a row of C numbers, a vector. All rows together are a
# table of shape (V, C), where V is the size of the vocabulary. This table is called an
# **embedding**. Each of its C columns is called a **channel**. Nobody writes its numbers by hand:
# they are random at first, and then the gradient moves them, as we will see in section 10. To take
# the row of a token is called a **lookup**.
#
# ## 2. A lookup by hand
#
# A table for our four words with C = 3, and the sentence "the cat saw the dog".

# %%
weight = np.array(
    [[1.0, 0.0, 2.0],  # 0 cat
     [1.0, 0.0, 3.0],  # 1 dog
     [0.0, 5.0, 0.0],  # 2 saw
     [7.0, 7.0, 7.0]]  # 3 the
)  # fmt: skip
words = "the cat saw the dog".split()
ids = np.array([VOCABULARY.index(word) for word in words])
print("ids", ids)
for word, row in zip(words, weight[ids], strict=True):
    print(f"{word:4}", row)

# %% [markdown]
# In NumPy a lookup is `weight[ids]`: index an array with an array of integers, and you get one row
# for each integer. (In minigpt all tables of learned numbers are called `weight`; lesson 05 says
# why.) "the" occurs twice, so its row comes twice.
#
# A model reads B texts of T tokens at once, so its ids have the shape (B, T).
#
# **Predict:** which shape has `weight[ids]` for ids of shape (2, 5) and a table of shape (4, 3)?

# %%
two_texts = np.array([ids, ids[::-1]])
print(two_texts.shape, "->", weight[two_texts].shape)

# %% [markdown]
# The shape of the ids, and then C: here (2, 5, 3), in general (B, T, C). Each id was replaced by
# its row.
#
# ## 3. The same as a matrix product
#
# There is a second way to write a lookup. It is slow, but it is useful for thinking, because it is
# a matrix product, and we know how to calculate with those. Turn each id into a row of V numbers,
# all 0, with a single 1 at the place of the id. Such a row is called **one-hot**.

# %%
one_hot = (ids[:, None] == np.arange(4)).astype(float)  # (5, 1) == (4,) gives (5, 4)
print(one_hot)
print("one_hot @ weight equals weight[ids]:", np.array_equal(one_hot @ weight, weight[ids]))

# %% [markdown]
# Why is it the same? Element (i, c) of the product is a sum over all V rows of the table:
#
# $$(\text{onehot} \cdot W)_{ic} = \sum_{v} \text{onehot}_{iv}\, W_{vc} = W_{\text{ids}_i,\,c}$$
#
# All terms of the sum are 0 but one, the one with $v = \text{ids}_i$, and there the factor is 1.
#
# So V - 1 of V multiplications are by zero, and a lookup skips them all. How much does that save?
#
# **Predict:** GPT-2 has V = 50,257 tokens and C = 768. A text of 1,024 tokens: how many megabytes
# does its one-hot matrix take in float32 (4 bytes a number)? How many does the lookup read?

# %%
V, C, N = 50_257, 768, 1024
one_hot_mb, lookup_mb = N * V * 4 / 1e6, N * C * 4 / 1e6
product_gflop = 2 * N * V * C / 1e9
print(f"one-hot matrix {one_hot_mb:.0f} MB, its product {product_gflop:.0f} GFLOP")
print(f"rows that the lookup reads: {lookup_mb:.1f} MB, no FLOP at all")

# %% [markdown]
# Let us measure both for growing vocabularies, with 256 tokens and C = 128.


# %%
def seconds(function, rounds=9):
    """The shortest of some runs on one core: the one that other programs disturbed least."""
    times = []
    with threadpool_limits(1):
        function()  # once without the clock, so that nothing is done for the first time
        for _ in range(rounds):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return min(times)


def multiply(ids, table):
    return (ids[:, None] == np.arange(len(table))).astype(table.dtype) @ table


rng = np.random.default_rng(0)
sizes = [256, 1024, 4096, 16384]
product_times, lookup_times = [], []
for V in sizes:
    table = rng.standard_normal((V, 128), dtype=np.float32)
    some = rng.integers(0, V, 256)
    product_times.append(seconds(lambda some=some, table=table: multiply(some, table)))
    lookup_times.append(seconds(lambda some=some, table=table: table[some]))
    print(f"V = {V:6,}: {product_times[-1]:.6f} s and {lookup_times[-1]:.6f} s")

figure, axes = plt.subplots()
axes.loglog(sizes, product_times, "o-", color=ORANGE)
axes.loglog(sizes, lookup_times, "o-", color=BLUE)
axes.text(sizes[-1], product_times[-1] / 5, LABELS["product"], color=ORANGE, ha="right")
axes.text(sizes[-1], lookup_times[-1] * 1.8, LABELS["lookup"], color=BLUE, ha="right")
axes.set_xticks(sizes, [f"{V:,}" for V in sizes])
axes.minorticks_off()
axes.set(xlabel=LABELS["vocabulary"], ylabel=LABELS["seconds"], title=LABELS["cost"])
show(figure)

# %% [markdown]
# **What to see:** the time of the product grows with the vocabulary; the time of the lookup
# hardly changes. (Both axes are logarithmic: one step up is ten times longer.) So a program does
# lookups. But the product is the better picture for deriving the gradient, in section 5.
#
# ## 4. Where does a token stand?
#
# A lookup gives a token the same row wherever it stands. That is a problem for any part of the
# model that treats all rows alike and then adds up what it found. (Attention, lesson 07, is such a
# part.) As a stand-in for it we square all numbers and add up the rows.
#
# **Predict:** does this sum tell "Mia thanked Tom" from "Tom thanked Mia"?

# %%
wte = rng.standard_normal((3, 4)).round(1)  # rows for Mia, thanked, Tom
mia_first, tom_first = np.array([0, 1, 2]), np.array([2, 1, 0])


def added_up(x):
    return (x * x).sum(axis=0)


print("Mia thanked Tom:", added_up(wte[mia_first]))
print("Tom thanked Mia:", added_up(wte[tom_first]))

# %% [markdown]
# It does not: the rows are the same, only their order differs. So GPT has a second table, with one
# row for each *place*, and adds it. Place 0 has a row, place 1 has a row, up to the longest text
# that the model can read. This is a **position embedding**. GPT-2 calls its tables `wte` (for
# tokens) and `wpe` (for positions), and we keep these names:
#
# $$x_{bt} = \text{wte}[\text{ids}_{bt}] + \text{wpe}[t]$$

# %%
wpe = rng.standard_normal((3, 4)).round(1)  # rows for the places 0, 1, 2
with_places = [added_up(wte[ids] + wpe[np.arange(3)]) for ids in (mia_first, tom_first)]
print("Mia thanked Tom:", with_places[0])
print("Tom thanked Mia:", with_places[1])

# %% [markdown]
# Now they differ. For B texts at once the addition is a broadcast: (B, T, C) + (T, C). Every text
# gets the same rows of `wpe`, since place 3 is place 3 in every text.
#
# But does the sum not mix up *what* and *where*? From the number 7 alone nobody can tell whether it
# was 3 + 4 or 5 + 2.
#
# Let us try. We take 500 random token rows and 64 random place rows, and all their sums. To read
# the token back from a sum, we compare the sum with the row of every token: multiply the two number
# by number, and add up (the *dot product*). The token with the largest result is our guess. One
# matrix product does all of this: `sums @ tokens.T`, where `.T`, the **transpose**, turns rows into
# columns.
#
# **Predict:** in what share of the sums is the guess right with C = 8, and with C = 64?


# %%
def random_rows(count, C):
    """Random rows of length 1."""
    rows = rng.standard_normal((count, C))
    return rows / np.sqrt((rows * rows).sum(axis=1, keepdims=True))


widths, read = [2, 4, 8, 16, 32, 64], {"token": [], "place": []}
for C in widths:
    tokens, places = random_rows(500, C), random_rows(64, C)
    sums = (tokens[:, None] + places).reshape(-1, C)  # all 500 * 64 sums
    true_token, true_place = np.divmod(np.arange(500 * 64), 64)
    read["token"].append(100 * np.mean((sums @ tokens.T).argmax(axis=1) == true_token))
    read["place"].append(100 * np.mean((sums @ places.T).argmax(axis=1) == true_place))
    print(f"C = {C:2}: token {read['token'][-1]:5.1f} %, place {read['place'][-1]:5.1f} %")

figure, axes = plt.subplots()
for kind, colour in (("place", ORANGE), ("token", BLUE)):
    axes.plot(widths, read[kind], "o-", color=colour, label=LABELS[kind], clip_on=False)
axes.set_xscale("log", base=2)
axes.set_xticks(widths, [str(C) for C in widths])
axes.set(xlabel=LABELS["channels"], ylabel=LABELS["share"], title=LABELS["read"], ylim=(0, 105))
axes.legend()
show(figure)

# %% [markdown]
# **What to see:** with few channels the sum is a mixture. With 64 channels every token and every
# place is read correctly, although nobody arranged the rows: two random directions in a space of
# many dimensions are almost at right angles, so they hardly disturb each other. Real models have
# hundreds of channels or more, and their rows are learned, not random.
#
# ## 5. The gradient, step by step
#
# We number all B times T positions 0, 1, 2, … Forward, position i takes the row of its token:
#
# $$y_{ic} = W_{\text{ids}_i,\,c}$$
#
# The ids are integers. They cannot be moved a little, so there is no gradient for them. What we
# want is $\partial L / \partial W_{vc}$ for every row v and channel c. We are given the upstream
# gradient $dy_{ic} = \partial L / \partial y_{ic}$.
#
# **Step 1, the chain rule.** L depends on $W_{vc}$ through all y, so we add up all ways:
#
# $$\frac{\partial L}{\partial W_{vc}} = \sum_i \sum_k dy_{ik}\,
# \frac{\partial y_{ik}}{\partial W_{vc}}$$
#
# **Step 2, the inner derivative.** $y_{ik}$ *is* one element of W. So its derivative by that
# element is 1, and by every other element 0. It is 1 if the row fits ($\text{ids}_i = v$) and the
# channel fits ($k = c$).
#
# **Step 3, put it in.** The sum over k keeps only $k = c$, and the sum over i keeps only the
# positions that took row v:
#
# $$dW_{vc} = \sum_{i \,:\, \text{ids}_i = v} dy_{ic}$$
#
# In words: *each position sends its gradient to the row that it took. Gradients that meet in one
# row add up. A row that nobody took gets zero.* This is called a **scatter-add**: the rows of dy
# are scattered over the table, and where they meet, they are added.
#
# With the one-hot matrix the same formula reads $dW_{vc} = \sum_i \text{onehot}_{iv}\, dy_{ic}$,
# that is `one_hot.T @ dy`. Forward we multiplied by one_hot, backward by its transpose. You will
# see this again in lesson 05.
#
# Our sentence again, "the cat saw the dog", with an upstream gradient that is easy to follow.
#
# **Predict:** which row does "the" (id 3) get?

# %%
ids = np.array([3, 0, 2, 3, 1])
dy = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0], [5.0, 50.0]])

by_hand = np.zeros((4, 2))
for i in range(5):
    by_hand[ids[i]] += dy[i]
one_hot = (ids[:, None] == np.arange(4)).astype(float)
for word, row in zip(VOCABULARY, by_hand, strict=True):
    print(f"{word:4}", row)
print("one_hot.T @ dy gives the same:", np.array_equal(one_hot.T @ dy, by_hand))

# %% [markdown]
# "the" stood at the positions 0 and 3, so its row gets 1 + 4 and 10 + 40.
#
# The table of positions is no special case: its "ids" are 0, 1, … T - 1. Since all B texts took the
# same rows, their gradients meet there: `dwpe[t]` is the sum of `dx[b, t]` over b. What was
# broadcast forward is summed backward.
#
# ## 6. The line that loses rows
#
# A loop in Python is slow. Surely NumPy can do it in one line, without the loop.
#
# **Predict:** what does `lossy[ids] += dy` put into the row of "the"?

# %%
lossy = np.zeros((4, 2))
lossy[ids] += dy
for word, row, right in zip(VOCABULARY, lossy, by_hand, strict=True):
    print(f"{word:4}", row, "" if np.array_equal(row, right) else f"<- should be {right}")

# %% [markdown]
# Only the last gradient is there. No error, no warning. Why? Python makes three steps out of
# `lossy[ids] += dy`:

# %%
steps = np.zeros((4, 2))
taken = steps[ids]  # 1. a copy of the five rows: all zero
taken = taken + dy  # 2. added to the copy
steps[ids] = taken  # 3. written back one by one: the second "the" overwrites the first
print("the same three steps:", np.array_equal(steps, lossy))

# %% [markdown]
# Both occurrences of "the" start from the *old* row. Neither sees what the other added, and the
# last one to write wins. NumPy has a function that really goes row by row, and adds to what is
# there at that moment: `np.add.at(array, ids, values)`.
#
# ## 7. The function
#
# As in lesson 02: the forward returns y and a cache, the backward returns dx and a dict of
# gradients. The input is a table of integers, so dx is None.


# %%
def embedding(ids, weight):
    """y[b, t] = weight[ids[b, t]], of shape ids.shape + (C,)."""
    return weight[ids], (ids, weight)


def embedding_backward(dy, cache):
    """dweight[v] = the sum of all dy[b, t] with ids[b, t] == v."""
    ids, weight = cache
    dweight = np.zeros_like(weight)
    C = weight.shape[1]
    np.add.at(dweight, ids.reshape(-1), dy.reshape(-1, C))
    return None, {"weight": dweight}


# %% [markdown]
# The check of lesson 02: a random upstream gradient, and every element of the table measured. The
# ids hold repeats (5 and 2 occur more than once) and leave out three rows (1, 6 and 7).

# %%
ids = np.array([[5, 2, 5, 0], [2, 4, 5, 3]])
table = rng.standard_normal((8, 3))
report = gradcheck(embedding, embedding_backward, [ids], {"weight": table})
print(report)

# %%
y, cache = embedding(ids, table)
dy = rng.standard_normal(y.shape)
_, ours = embedding_backward(dy, cache)
y_theirs, cache_theirs = layers.embedding(ids, table)
_, theirs = layers.embedding_backward(dy, cache_theirs)
print("same y:       ", np.array_equal(y, y_theirs))
print("same gradient:", np.allclose(ours["weight"], theirs["weight"], rtol=1e-12))
print("rows 1, 6 and 7, which nobody took:", ours["weight"][[1, 6, 7]].ravel())

# %% [markdown]
# ## 8. Break it on purpose
#
# **Mistake 1: the line of section 6.**


# %%
def repeats_lost(dy, cache):
    ids, weight = cache
    dweight = np.zeros_like(weight)
    dweight[ids] += dy
    return None, {"weight": dweight}


caught = gradcheck(embedding, repeats_lost, [ids], {"weight": table})
print(caught)

# %% [markdown]
# The report names the tensor, the worst element, and both numbers: what the backward said and what
# was measured.
#
# **Predict:** now we check the same wrong function with other ids, in which every token occurs
# once. What does the report say?

# %%
distinct = np.array([[6, 2, 5, 0], [1, 4, 7, 3]])
fooled = gradcheck(embedding, repeats_lost, [distinct], {"weight": table})
print(fooled)

# %% [markdown]
# "right". Without a repeat the wrong line *is* right. A check sees only what happens in its data.
# Before you trust one, ask which case the data leaves out. minigpt's tests therefore use ids with
# repeats, on purpose.
#
# **Mistake 2: a mean.** Somebody thinks: a token that occurs ten times should not move ten times as
# far, so let us divide by the number of places. That may even sound wise, but it is not the
# derivative of anything here.
#
# **Mistake 3: a sum that is kept.** Somebody allocates the table of gradients once, in the forward,
# to save time. The first backward is right. The second one adds to the first.


# %%
def mean_of_places(dy, cache):
    ids, weight = cache
    _, grads = embedding_backward(dy, cache)
    count = np.bincount(ids.reshape(-1), minlength=len(weight)).clip(1)
    return None, {"weight": grads["weight"] / count[:, None]}


def embedding_with_buffer(ids, weight):
    return weight[ids], (ids, np.zeros_like(weight))


def buffer_kept(dy, cache):
    ids, dweight = cache
    np.add.at(dweight, ids, dy)
    return None, {"weight": dweight}


mean_report = gradcheck(embedding, mean_of_places, [ids], {"weight": table})
kept_report = gradcheck(embedding_with_buffer, buffer_kept, [ids], {"weight": table})
print(mean_report)
print(kept_report)

# %% [markdown]
# In the last report the *numbers* are right, and still the verdict is WRONG: the check also asks
# whether the backward keeps to the contract (it may only read the cache, and a second run must give
# the same). That is what the two lines below the table say.
#
# ## 9. How much is lost in a real text?
#
# Repeats are not rare in language. We take stories of TinyTown, the small world that comes with
# minigpt, and a tokenizer of 512 tokens (lesson 03). From the text we cut a *batch*: some pieces
# that a model reads at once, here 16 pieces of 64 tokens.
#
# **Predict:** 1,024 gradient rows arrive at the table. How many of them survive `+=`?

# %%
stories = [story.text for story in tinytown.stories(0, 300_000)]
tokenizer = Tokenizer.train(stories, vocab_size=512)
row_of_tokens = np.array(tokenizer.encode("\n".join(stories[:100])))
batch = row_of_tokens[: 16 * 64].reshape(16, 64)

count = Counter(batch.ravel().tolist())
survive = len(count)
print(f"{batch.size} rows arrive, {survive} survive: {1 - survive / batch.size:.0%} are lost")
larger = row_of_tokens[: 64 * 64]
lost_of_larger = 1 - len(np.unique(larger)) / larger.size
print(f"in a batch of {larger.size}: {lost_of_larger:.0%}")

figure, axes = plt.subplots(figsize=(8.5, 5))
top = count.most_common(12)
names = [repr(tokenizer.decode([token])) for token, _ in top]
axes.barh(names, [n for _, n in top], color=SKY, label=LABELS["arrive"])
axes.barh(names, [1] * len(top), color=ORANGE, label=LABELS["kept"])
axes.invert_yaxis()
axes.set(xlabel=LABELS["rows"], title=LABELS["lost"])
axes.legend(loc="lower right")
show(figure)

# %% [markdown]
# **What to see:** each light bar is the number of gradient rows that one token should receive, and
# the small orange piece is the one row that `+=` keeps. (The quotes show the space with which many
# tokens begin.) The most frequent tokens lose nearly everything. Larger batches lose even more,
# since the vocabulary does not grow with them.
#
# Three right ways, measured on this batch with C = 128. The third is minigpt's fast twin of the
# same function; it sorts the ids, so that equal ones stand together, and then adds neighbours.

# %%
table = np.zeros((tokenizer.vocab_size, 128), dtype=np.float32)
dy = rng.standard_normal((*batch.shape, 128), dtype=np.float32)


def by_product(dy, cache):
    ids, weight = cache
    hot = (ids.reshape(-1, 1) == np.arange(len(weight))).astype(dy.dtype)
    return None, {"weight": hot.T @ dy.reshape(-1, dy.shape[-1])}


WAYS = {"np.add.at": embedding_backward, "one_hot.T @ dy": by_product,
        "minigpt.kernels": kernels.embedding_backward}  # fmt: skip
results = {}
for name, way in WAYS.items():
    results[name] = way(dy, (batch, table))[1]["weight"]
    took = seconds(lambda way=way: way(dy, (batch, table)))
    print(f"{name:16} {1e3 * took:6.2f} ms, {results[name].dtype}")

# %% [markdown]
# All three give the same sums up to the rounding of float32, and float32 stays float32.
#
# ## 10. What does the table learn?
#
# The rows begin as random numbers. Let us watch the gradient move them. The task: given one word,
# guess the next. A second table, `head`, turns the vector of the word into a score for every word.
# The loss is small when the word that really came next got a high score. (Lesson 08 explains it;
# here we use minigpt's `head_loss` as it is.) The gradient says in which direction the loss grows,
# so we take a step in the opposite direction, again and again:
#
# $$W \leftarrow W - \text{step size} \cdot dW$$
#
# Tokens are the 250 most frequent words and punctuation marks of our stories; all others share one
# id. With C = 2, each row is a point in the plane, and we can draw the table.
#
# **Predict:** the model never hears that "Mia" and "Tom" are names or that "red" and "blue" are
# colours. Will their points come together? Why should they?

# %%
text = re.findall(r"\w+|[^\w\s]", " ".join(stories))
common = [word for word, _ in Counter(text).most_common(250)]
number = {word: i for i, word in enumerate(common)}
sequence = np.array([number.get(word, 250) for word in text])


def learn(C, steps, step_size, backward):
    """Move both tables `steps` times; return the first one before and after, and the losses."""
    rng = np.random.default_rng(0)
    table, head = rng.normal(0, 0.1, (2, 251, C)).astype(np.float32)
    before, losses = table.copy(), []
    with threadpool_limits(1):  # these products are too small to share between cores
        for _ in range(steps):
            at = rng.integers(0, len(sequence) - 1, 512)
            x, cache = embedding(sequence[at], table)
            loss, head_cache = layers.head_loss(x, head, sequence[at + 1])
            dx, dhead = layers.head_loss_backward(1.0, head_cache)
            _, grads = backward(dx, cache)
            table -= step_size * grads["weight"]
            head -= step_size * dhead["weight"]
            losses.append(float(loss))
    return before, table, losses


before, after, losses = learn(2, 1500, 3, embedding_backward)
print(f"loss {losses[0]:.2f} before, {np.mean(losses[-50:]):.2f} after")

# %%
GROUPS = {
    "names": (BLUE, "Mia Tom Sam Jack Anna Emma Lily Zoe Ella Nora Ben Leo"),
    "colours": (ORANGE, "red blue green white brown orange grey black yellow pink purple silver"),
    "days": (GREEN, "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "feelings": (PINK, "happy glad unhappy jolly cheerful miserable delighted thrilled joyful"),
}
figure, panels = plt.subplots(1, 2, figsize=(10.5, 5))
spread = {}
for axes, points, title in zip(panels, (before, after), ("before", "after"), strict=True):
    axes.scatter(*points[:250].T, s=8, color=GREY, alpha=0.3)
    for group, (colour, members) in GROUPS.items():
        rows = points[[number[word] for word in members.split() if word in number]]
        spread[title, group] = rows.std(axis=0).max() / points[:250].std(axis=0).max()
        axes.scatter(*rows.T, s=45, color=colour)
        if title == "after":
            left = group == "names"
            edge = rows[:, 0].min() if left else rows[:, 0].max()
            axes.annotate(LABELS[group], (edge, rows[:, 1].mean()), (-9 if left else 9, 0),
                          textcoords="offset points", color=colour, weight="bold", va="center",
                          ha="right" if left else "left")  # fmt: skip
    low, high = np.percentile(points[:250], [1, 99], axis=0)  # a few words lie far outside
    room = 0.25 * (high - low)
    axes.set_title(LABELS[title], fontsize=13)
    axes.set(xticks=[], yticks=[], xlim=(low[0] - room[0], high[0] + room[0]),
             ylim=(low[1] - room[1], high[1] + room[1]))  # fmt: skip
show(figure)
for group in GROUPS:
    print(f"{group:8} spread {spread['before', group]:.2f} -> {spread['after', group]:.2f}")

# %% [markdown]
# **What to see:** on the left every colour is everywhere. On the right each kind of word has a
# place of its own. (The numbers below the figure say how wide each kind is spread; the whole table
# is 1.) Nobody told the table what a name is. But after "Mia" come the same words as after "Tom",
# so both rows get similar gradients, step after step, and end in the same region.
#
# Now the last question. What happens if we learn with the wrong gradient of section 6?
#
# **Predict:** does the loss still fall? Does it end higher or lower than with the right gradient?

# %%
ends = {}
for step_size in (3, 10):
    for backward in (embedding_backward, repeats_lost):
        _, _, losses = learn(8, 600, step_size, backward)
        last = losses[-50:]
        ends[step_size, backward.__name__] = np.mean(last)
        print(f"step size {step_size:2}, {backward.__name__:18} {losses[0]:.2f} -> "
              f"{np.mean(last):.2f}, at last between {min(last):.2f} and {max(last):.2f}"
        )  # fmt: skip

# %% [markdown]
# With the wrong gradient the loss falls too. With the smaller step size it ends higher, as it
# should. But with the larger one it ends *lower* than with the right gradient. There the steps of
# the right gradient are too large for the most frequent words, which get the most rows, so its loss
# jumps up and down; the mistake happens to make just those steps smaller. Somebody who only looked
# at the loss would keep the mistake.
#
# So a falling loss does not prove that a gradient is right. That is what the check is for.
#
# ## 11. Exercises
#
# 1. Change the ids of section 7 so that *all* eight positions hold the same token. Which row is not
#    zero, and what is in it? Compare with `dy.reshape(-1, 3).sum(axis=0)`.
# 2. Write `np.zeros(weight.shape)` instead of `np.zeros_like(weight)` in `embedding_backward`. Why
#    does `gradcheck` say "right"? Find the difference with a float32 table, by looking at `dtype`.
# 3. Write `positions(x, wpe)` with y = x + wpe[0 … T-1] and its backward. Its input x has the shape
#    (B, T, C), and it has two gradients: dx, and {"wpe": …}. Check it with `gradcheck`. (Let `wpe`
#    have more than T rows: what must the gradient of the rows be that were not used?)
# 4. Write a backward without `np.add.at`: sort the ids with `np.argsort`, find where each run of
#    equal ids starts, and use `np.add.reduceat`. Compare it with `theirs` and measure it as in
#    section 9. (Ids that do not occur need care.)
# 5. Repeat the last cell of section 10 with the step sizes 1, 2, 5, 20. Then divide each row of the
#    right gradient by the square root of its number of places. What changes at large steps? (Lesson
#    11, on Adam, comes back to this: different rows want different step sizes.)
#
# **Write it yourself.** `minigpt lesson start 04` puts a file into the folder `mywork`, with
# `embedding` and `positions` to be filled in. `minigpt check 04` says what is right, and names the
# mistake if there is one. Here is the same check on both functions of this lesson; every line
# should be green:

# %%
from minigpt.classroom import check

check(embedding, embedding_backward)

# %% [markdown]
# ## 12. What you can now read in `minigpt/`
#
# - `minigpt/layers/embedding.py`: the function of this lesson. Below it stands `unembedding`, which
#   uses the same kind of table the other way round, to score tokens; it waits for lesson 10.
# - `minigpt/kernels/embedding.py`: the fast twin. `add_rows` uses the one-hot product when the
#   table is small, and else sorts and adds two by two.
# - `minigpt/model/gpt.py`: in `trunk` you find `tokens + places`, in `trunk_backward` the sum over
#   the batch for `wpe`.
#
# Here is minigpt's backward. Only its first lines are new: `get_array_module`, so that it runs on
# a GPU too (lesson 01).

# %%
print(inspect.getsource(layers.embedding_backward))

# %%
assert (first_order, other_order) == ("dog", "the")
assert weight[two_texts].shape == (2, 5, 3)
assert round(one_hot_mb) == 206 and round(product_gflop) == 79 and round(lookup_mb, 1) == 3.1
assert product_times[-1] > product_times[0] and product_times[-1] > 10 * lookup_times[-1]
assert np.allclose(added_up(wte[mia_first]), added_up(wte[tom_first]))
assert not np.allclose(*with_places)
assert read["token"][widths.index(8)] < 30 and read["token"][-1] > 99 and read["place"][-1] > 99
assert np.array_equal(by_hand, [[2, 20], [5, 50], [3, 30], [5, 50]])
assert np.array_equal(lossy, [[2, 20], [5, 50], [3, 30], [4, 40]]) and np.array_equal(steps, lossy)
assert report.ok and np.allclose(ours["weight"], theirs["weight"], rtol=1e-12)
assert not ours["weight"][[1, 6, 7]].any()
assert not caught.ok and fooled.ok and not mean_report.ok
assert not kept_report.ok and kept_report.max_relative_error < 1e-7
assert larger.size == 64 * 64 and lost_of_larger > 1 - survive / batch.size > 0.5
for other in results.values():
    assert other.dtype == np.float32 and np.allclose(other, results["np.add.at"], atol=1e-4)
assert all(spread["after", group] < 0.5 * spread["before", group] for group in GROUPS)
assert ends[3, "embedding_backward"] < ends[3, "repeats_lost"] - 0.05
assert ends[10, "repeats_lost"] < ends[10, "embedding_backward"] - 0.05
assert check(embedding, embedding_backward)
print("all claims of this lesson hold")
