# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 01 · Arrays on two machines
#
# A GPT writes a word by multiplying and adding numbers: no rules of grammar, no search. How many
# numbers, and how can a laptop do that in a fraction of a second?
#
# At the end of this lesson you will know arrays well enough to read every line of minigpt: shapes,
# axes, broadcasting, matrix products, and the two kinds of numbers that it uses. You will write a
# function that runs on a processor and on a graphics card without a change, and you will know what
# a matrix product costs. You need Python and nothing else. It takes about 60 minutes.

# %%
import inspect
import random
import textwrap
import time

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from minigpt import GPTConfig, layers
from minigpt.backend import get_array_module, select_device, to_host
from minigpt.model.account import parameters_by_part
from minigpt.plots import BLUE, GREY, ORANGE, lesson_style, show

lesson_style()
LABELS = {
    "broadcast": "Broadcasting: each array is repeated where it has size 1",
    "shape": "shape {}",
    "repeated": "pale: repeated",
    "gap_title": "A float keeps a number of digits, not a distance",
    "number": "number",
    "gap": "distance to the next number",
    "gap_two": "here float32 skips\nevery second integer",
    "size": "n, of two arrays of n × n numbers",
    "speed": "billion operations a second",
    "speed_title": "A product works, an addition waits for the memory",
    "product": "x @ w",
    "addition": "x + w",
}

# %% [markdown]
# ## 1. How long does one word take in plain Python?
#
# The smallest published GPT-2 holds 124 million numbers (lesson 10 counts them one by one). To
# write one word, or a piece of a word, it multiplies nearly each of them by something and adds up
# the products. So one word costs about 124 million multiplications and as many additions.
#
# **Predict:** how long would a loop in plain Python need for one word? A millisecond, a second, a
# minute? Write your answer down before you run the next cell.

# %%
numbers = sum(parameters_by_part(GPTConfig.preset("gpt2")).values())
print(f"GPT-2 holds {numbers:,} numbers")


def seconds(function, rounds=5):
    """The shortest of some runs: the one that other programs disturbed least."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def multiply_and_add(a, b):
    total = 0.0
    for one, other in zip(a, b, strict=True):
        total += one * other
    return total


random.seed(0)
a, b = ([random.random() for _ in range(10_000)] for _ in range(2))
one_step = seconds(lambda: multiply_and_add(a, b)) / len(a)
plain_python = one_step * numbers
print(f"one multiplication and one addition: {1e9 * one_step:.0f} nanoseconds")
print(f"one word of GPT-2 in plain Python:   {plain_python:.1f} seconds")

# %% [markdown]
# It takes seconds for every word. (The exact number depends on your computer; all times in this
# course are measured while you watch, so yours differ from your neighbour's.)
#
# Python is slow here because it treats every number as a separate object: it looks up what kind of
# thing it is, finds out how to multiply such things, makes a new object for the result. The
# multiplication itself is the smallest part. An **array** avoids this: many numbers of one kind in
# one block of memory, and one command for all of them. NumPy is the library for arrays in Python.

# %%
array_a, array_b = np.array(a), np.array(b)
one_step_numpy = seconds(lambda: array_a @ array_b) / len(a)
print(f"one multiplication and one addition: {1e9 * one_step_numpy:.2f} nanoseconds")
print("the same result:", np.isclose(array_a @ array_b, multiply_and_add(a, b)))

# %% [markdown]
# ## 2. Shape, axis, dtype
#
# An array has a **shape**: how many numbers it has in each direction. A direction is called an
# **axis**; axes are counted from 0. This table has 2 rows and 3 columns, so its shape is (2, 3):
# axis 0 goes down, axis 1 goes to the right.

# %%
table = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
print(table)
print("shape", table.shape, "  number of axes", table.ndim, "  numbers in all", table.size)
print("kind of number (dtype):", table.dtype)

# %% [markdown]
# All numbers of an array are of one kind, its **dtype**. Here it is `float64`; section 6 says what
# that means.
#
# To add up "over an axis" means: walk along this axis and add what you meet. The axis is gone
# afterwards, the others stay.
#
# **Predict:** what is `table.sum(axis=0)`, and which shape does it have?

# %%
print("sum over axis 0:", table.sum(axis=0), " shape", table.sum(axis=0).shape)
print("sum over axis 1:", table.sum(axis=1), " shape", table.sum(axis=1).shape)
print("kept as size 1: ", table.sum(axis=1, keepdims=True).tolist(), " shape (2, 1)")

# %% [markdown]
# Many people expect the opposite. Remember it by the shape: `axis=0` removes the first number of
# (2, 3), and (3,) remains. The last axis is also called -1, the one before it -2. With
# `keepdims=True` the axis stays, with size 1. You will soon see why that is useful.
#
# Three letters go through the whole course. A GPT reads **B** texts at once, each of **T** tokens
# (a token is a word or a piece of one), and holds **C** numbers for each token. So nearly every
# array in a GPT has the shape (B, T, C). Here are 2 texts of 5 tokens, with 3 numbers for each
# token:

# %%
B, T, C = 2, 5, 3
x = np.arange(B * T * C, dtype=float).reshape(B, T, C)
print(x)
print("text 1, token 4:   ", x[1, 4], "  shape", x[1, 4].shape)
print("token 0 of each:   ", x[:, 0].tolist(), "  shape", x[:, 0].shape)
print("all tokens in rows: shape", x.reshape(-1, C).shape)

# %% [markdown]
# `reshape` keeps the numbers and their order and only cuts the rows elsewhere. -1 means "as many as
# are left": 2 · 5 · 3 numbers in rows of 3 are 10 rows. We will use `x.reshape(-1, C)` all the
# time: it forgets which token belongs to which text.
#
# **Predict:** we take a row out of a table and set its first number to 99. Does the table change?

# %%
view_table = np.array([[1.0, 2.0], [3.0, 4.0]])
row = view_table[1]
row[0] = 99
print(view_table)
copied = view_table[1].copy()
copied[0] = -1
print("after a change of a copy:", view_table[1])

# %% [markdown]
# It does. `view_table[1]` copies nothing: it is a **view**, another way to look at the same block
# of memory. So is `x.reshape(...)` above. That is fast, and it has a price: a function that writes
# into an array that it was given changes the data of its caller. All functions of minigpt therefore
# only *read* what they are given.
#
# ## 3. Broadcasting
#
# What is `table + 100`? NumPy adds 100 to each number: it behaves as if the 100 were repeated to
# the shape of the table. This is **broadcasting**, and it works for arrays as well. The rule has
# two parts:
#
# 1. Write the two shapes one below the other, aligned at the *right*. Where one is shorter, put 1
#    in front.
# 2. At each axis the sizes must be equal, or one of them must be 1. An axis of size 1 is repeated.
#
# For a table of shape (2, 3) and a row of shape (3,):
#
# ```
#     2  3
#     1  3      <- (3,) with a 1 in front
#     2  3      the result; the row is repeated 2 times
# ```

# %%
column = np.array([[0.0], [10.0], [20.0], [30.0]])  # (4, 1)
row = np.array([1.0, 2.0, 3.0])  # (3,)
total = column + row
print(column.shape, "+", row.shape, "=", total.shape)
print(total)


def draw_grid(axes, left, values, solid, colour, title):
    """Draw a table of numbers as boxes; those that are only repeated are pale."""
    for (i, j), value in np.ndenumerate(values):
        alpha = 0.9 if solid(i, j) else 0.25
        axes.add_patch(plt.Rectangle((left + j, -i), 0.94, 0.94, color=colour, alpha=alpha, lw=0))
        axes.text(left + j + 0.47, -i + 0.47, f"{value:g}", ha="center", va="center",
                  color="white" if solid(i, j) else "black")  # fmt: skip
    axes.text(left + values.shape[1] / 2, 1.25, title, ha="center")


figure, axes = plt.subplots(figsize=(8.5, 3.9))
wide_column, wide_row = np.broadcast_arrays(column, row)
shape = LABELS["shape"]
draw_grid(axes, 0, wide_column, lambda i, j: j == 0, BLUE, shape.format(column.shape))
draw_grid(axes, 4.2, wide_row, lambda i, j: i == 0, "#A66F00", shape.format(row.shape))
draw_grid(axes, 8.4, total, lambda i, j: True, "#007A59", shape.format(total.shape))
for left, sign in ((3.55, "+"), (7.75, "=")):
    axes.text(left, -1.05, sign, ha="center", va="center", fontsize=20)
axes.text(0, -3.2, LABELS["repeated"], color=GREY, va="top")
axes.set(xlim=(-0.1, 11.5), ylim=(-3.9, 2), aspect="equal", title=LABELS["broadcast"])
axes.axis("off")
show(figure)

# %% [markdown]
# **What to see:** the column has only four numbers, and the row only three (the dark boxes).
# Broadcasting repeats the column to the right and the row downwards, until both have the shape (4,
# 3). Nothing is copied in memory: the pale boxes exist only in our minds.
#
# **Predict:** which of these work, and with which shape?
#
# 1. (2, 5, 3) + (3,)
# 2. (2, 5, 3) + (5, 3)
# 3. (2, 5, 3) + (2, 5)
# 4. (2, 5, 3) + (2, 5, 1)
# 5. (5, 1) + (1, 3)


# %%
def sum_shape(*shapes):
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return "error"


pairs = [((2, 5, 3), (3,)), ((2, 5, 3), (5, 3)), ((2, 5, 3), (2, 5)), ((2, 5, 3), (2, 5, 1)),
         ((5, 1), (1, 3))]  # fmt: skip
answers = [sum_shape(*pair) for pair in pairs]
for number, (pair, answer) in enumerate(zip(pairs, answers, strict=True), 1):
    print(f"{number}. {pair[0]} + {pair[1]}: {answer}")

# %% [markdown]
# The third fails: aligned at the right, 3 stands above 5. The fourth repairs it with an axis of
# size 1, which is what `keepdims=True` produces.
#
# ## 4. When broadcasting hides a mistake
#
# Three students wrote three tests. We want to subtract from each student's points the mean of that
# student, to see which test went better for whom.

# %%
points = np.array([[9.0, 8.0, 7.0], [3.0, 2.0, 1.0], [6.0, 5.0, 4.0]])  # a row for each student
wrong = points - points.mean(axis=1)
right = points - points.mean(axis=1, keepdims=True)
print("means of the students:", points.mean(axis=1))
print("wrong:\n", wrong)
print("right:\n", right)

# %% [markdown]
# Both lines run. The first gives nonsense: `points.mean(axis=1)` has the shape (3,), is aligned at
# the right, and so the mean of *student* 1 is subtracted from *test* 1. No error, no warning, and
# the numbers look harmless.
#
# **Predict:** what happens with a fourth test, so that the table is 3 by 4?

# %%
four_tests = np.hstack([points, [[8.0], [2.0], [5.0]]])
try:
    four_tests - four_tests.mean(axis=1)
    caught_by_sizes = False
except ValueError as error:
    caught_by_sizes = True
    print("ValueError:", error)

# %% [markdown]
# Now NumPy refuses. Remember this as the first rule of testing: **test with sizes that are all
# different, and none of them 1.** With B = T = C = 4 many mistakes give a result of the right
# shape.
#
# ## 5. The matrix product
#
# The work of a GPT is mostly one operation: **each output is a weighted sum of all inputs.** That
# is: each input is multiplied by a number, its **weight**, and the products are added. Three
# inputs, two outputs: we need 3 · 2 weights. They stand in a table `w` of shape (3, 2), a column
# for each output.

# %%
x_small = np.array([1.0, 2.0, 3.0])
w_small = np.array([[10.0, 0.0], [0.0, 1.0], [5.0, -1.0]])
by_hand = [1 * 10 + 2 * 0 + 3 * 5, 1 * 0 + 2 * 1 + 3 * (-1)]
print("by hand:  ", by_hand)
print("by NumPy: ", x_small @ w_small)

# %% [markdown]
# As a formula, with C inputs and D outputs:
#
# $$y_d = \sum_{c} x_c \, w_{cd}$$
#
# The sign `@` is the **matrix product**. If x has several rows, each row is treated in the same
# way, and $y_{nd} = \sum_c x_{nc}\, w_{cd}$. The rule for shapes: the two inner sizes must be
# equal, and they vanish: (N, C) @ (C, D) gives (N, D).
#
# Our function adds a second array `b`, one number for each output, so that an output need not be 0
# when all inputs are 0. And x may have any number of axes in front, (B, T, C) for instance. First
# written as loops, which is slow but hard to get wrong:


# %%
def mix_by_loops(x, w, b):
    """y[i, t, d] = sum over c of x[i, t, c] * w[c, d], plus b[d]."""
    (B, T, C), D = x.shape, w.shape[1]
    y = np.zeros((B, T, D))
    for i in range(B):
        for t in range(T):
            for d in range(D):
                y[i, t, d] = b[d] + sum(x[i, t, c] * w[c, d] for c in range(C))
    return y


# %% [markdown]
# Now the function of this lesson, with what you know from sections 2, 3 and 5: `reshape` makes one
# long table of all tokens, `@` computes all weighted sums at once, broadcasting adds `b` to each
# row, and `reshape` restores the axes.


# %%
def mix(x, w, b):
    """Weighted sums over the last axis: (..., C) and (C, D) give (..., D)."""
    C, D = w.shape
    y = x.reshape(-1, C) @ w + b
    return y.reshape(*x.shape[:-1], D)


rng = np.random.default_rng(0)  # random numbers that are the same in every run
x = rng.standard_normal((2, 5, 3))
w, b = rng.standard_normal((3, 4)), rng.standard_normal(4)
y = mix(x, w, b)
y_minigpt, _ = layers.linear(x, w, b)
print(x.shape, "->", y.shape)
print("equals the loops:       ", np.allclose(y, mix_by_loops(x, w, b), rtol=1e-12))
print("equals minigpt's linear:", np.array_equal(y, y_minigpt))

# %% [markdown]
# (minigpt returns a second value, which we put aside as `_`. Lesson 02 explains it.)
#
# Why `np.allclose` for the loops, and not `==`? Because the two add in another order, and with
# rounded numbers the order matters. That is the next section.
#
# ## 6. float32 and float64
#
# A computer stores a number as a fixed number of binary digits and a power of two, like
# $1.23 \cdot 10^5$ in decimal. `float64` uses 64 bits (8 bytes) and keeps about 16 decimal digits.
# `float32` uses 32 bits (4 bytes) and keeps about 7. Everything beyond is rounded away.
#
# **Predict:** what is 16,777,216 + 1 in float32?

# %%
big = np.float32(16_777_216)
print("float32: 16,777,216 + 1 =", f"{big + np.float32(1):,.0f}")
print("float64: 16,777,216 + 1 =", f"{np.float64(16_777_216) + 1:,.0f}")
print("0.1 + 0.2 == 0.3 in float64:", np.float64(0.1) + np.float64(0.2) == 0.3)
for kind in (np.float32, np.float64):
    print(f"{kind.__name__}: after 1 the next number is 1 + {np.finfo(kind).eps:.2e}")

# %% [markdown]
# In float32, adding 1 changed nothing! The number is $2^{24}$, and its 24 binary digits are used
# up. The distance from 1 to the next number is called **eps**: $2^{-23}$ for float32, $2^{-52}$ for
# float64.

# %%
places = np.logspace(-3, 9, 400)
figure, axes = plt.subplots()
for kind, colour in ((np.float32, ORANGE), (np.float64, BLUE)):
    gaps = np.spacing(places.astype(kind))
    axes.loglog(places, gaps, color=colour)
    axes.text(1, 8 * np.spacing(kind(1)), kind.__name__, color=colour, ha="right", va="bottom")
axes.plot(2**24, np.spacing(np.float32(2**24)), "o", color="black", ms=7)
axes.annotate(LABELS["gap_two"], (2**24, 2), (3e4, 300), fontsize=12,
              arrowprops={"arrowstyle": "-", "color": GREY})  # fmt: skip
axes.set(xlabel=LABELS["number"], ylabel=LABELS["gap"], title=LABELS["gap_title"])
axes.set_ylim(1e-20, 1e6)
show(figure)

# %% [markdown]
# **What to see:** (both axes are logarithmic: from label to label is a factor of 100, or of 1,000.)
# The larger a number, the larger the distance to its neighbour, in steps of a factor of two. The
# *relative* distance, distance divided by number, stays nearly the same: about 1e-7 for float32 and
# 1e-16 for float64.
#
# Three things follow. First: a long sum can go wrong.
#
# **Predict:** add 0.1 ten million times in float32, one after the other. The right answer is
# 1,000,000. How far off is the computer: 0.001 %, 0.1 %, or nearly 10 %?

# %%
tenths = np.full(10_000_000, 0.1, dtype=np.float32)
one_by_one = tenths.cumsum()[-1]  # adds from left to right
print(f"one by one:      {one_by_one:,.0f}")
print(f"np.sum:          {tenths.sum():,.0f}")
print(f"sum in float64:  {tenths.sum(dtype=np.float64):,.0f}")

# %% [markdown]
# The larger the total grows, the more of each 0.1 is rounded away. NumPy's own `sum` adds up parts
# first and then the parts, so that it hardly adds a small number to a large one. Order matters.
#
# Second: **subtracting two nearly equal numbers destroys digits.** They agree in front, so the
# front cancels, and what remains is mostly rounding.

# %%
for kind in (np.float32, np.float64):
    difference = (kind(1) + kind(1e-6)) - kind(1)
    off = abs(float(difference) - 1e-6) / 1e-6
    print(f"{kind.__name__}: (1 + 0.000001) - 1 = {difference:.10f}, wrong by {off:.1e} of it")
    if kind is np.float32:
        lost = off

# %% [markdown]
# Of seven good digits one or two are left. Keep this in mind: lesson 02 measures derivatives by
# subtracting nearly equal numbers.
#
# Third: a model trains in float32, since it needs half the memory and less time, and seven digits
# are enough. We check formulas in float64. But one number of the wrong kind is enough to
# turn a whole model into float64, silently:

# %%
x32 = rng.standard_normal((2, 5, 3), dtype=np.float32)
print("x / 8.0 ** 0.5      ", (x32 / 8.0**0.5).dtype)
print("x / np.sqrt(8)      ", (x32 / np.sqrt(8)).dtype, "  <- np.sqrt gives a float64 of NumPy")
print("x + np.zeros(3)     ", (x32 + np.zeros(3)).dtype, "  <- np.zeros makes float64")
print("x + np.zeros_like(x)", (x32 + np.zeros_like(x32)).dtype)

# %% [markdown]
# Python's own numbers adapt to the array; NumPy's do not. minigpt makes new arrays with
# `zeros_like` or with a `dtype`, and takes square roots with `math.sqrt`.
#
# ## 7. Break it on purpose
#
# A function like `mix` can be wrong in three ways: wrong numbers, wrong dtype, or it writes into
# what it was given. Here is a check that looks for all three. It uses float32 and sizes that are
# all different.


# %%
def complaints(function):
    """Compare a function with the loops; return a list of what is wrong with it."""
    rng = np.random.default_rng(1)
    shapes = (2, 5, 3), (3, 4), (4,)
    given = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    expected, kept = mix_by_loops(*given), [array.copy() for array in given]
    try:
        y = function(*given)
    except ValueError as error:
        return [f"it fails: {str(error).split(',')[0]}"]
    found = []
    if y.shape != expected.shape:
        found.append(f"its shape is {y.shape}, not {expected.shape}")
    elif not np.allclose(y, expected, rtol=1e-4, atol=1e-5):
        found.append(f"its numbers are wrong, by up to {np.abs(y - expected).max():.2g}")
    if y.dtype != np.float32:
        found.append(f"it was given float32 and returned {y.dtype}")
    for name, array, before in zip("xwb", given, kept, strict=True):
        if not np.array_equal(array, before):
            found.append(f"it wrote into {name}")
    return found


print("mix:", complaints(mix))

# %% [markdown]
# Nothing to complain about. Now three mistakes, all of them taken from life. (`w.T` is w turned
# over: its rows become columns.)


# %%
def wrong_side(x, w, b):
    """The weights turned over. With a square w this has the right shape."""
    return x @ w.T + b


def new_array(x, w, b):
    """Fills a new array, without saying of which kind."""
    y = np.zeros((*x.shape[:-1], w.shape[1]))
    y += x @ w + b
    return y


def halved(x, w, b):
    """Halves x and doubles the product, to keep the numbers in between small."""
    x *= 0.5
    return 2 * (x @ w) + b


broken = {function.__name__: complaints(function) for function in (wrong_side, new_array, halved)}
for name, found in broken.items():
    print(f"{name:11}", found)

square = rng.standard_normal((6, 4)), rng.standard_normal((4, 4)), np.zeros(4)
square_shape = wrong_side(*square).shape
print("wrong_side with a square w: shape", square_shape, "as it should be, and no error")

# %% [markdown]
# The last two return the right numbers. A test that only compares numbers would let them pass, and
# you would search for days: the second makes the model slower and twice as large, the third changes
# the data of somebody else.
#
# ## 8. What does a product cost?
#
# One multiplication or one addition of two floats is called a **FLOP** (floating-point
# operation); a GFLOP is a billion of them. For (N, C) @ (C, D) we compute N · D outputs, and each
# needs C multiplications and C additions:
#
# $$\text{FLOPs} = 2 \cdot N \cdot C \cdot D$$
#
# So a row of x costs **2 FLOPs for each weight**. And the bytes? Both factors must be read from
# memory and the result written. How many bytes a second the memory can move is its **bandwidth**.
#
# **Predict:** which keeps the processor busier, the product of two n × n arrays or their sum? Count
# FLOPs for each byte that is moved, in float32, for n = 512.

# %%
n = 512
bytes_moved = 3 * 4 * n * n  # read two arrays, write one
product_intensity = 2 * n**3 / bytes_moved
addition_intensity = n * n / bytes_moved
print(f"product:  {product_intensity:.1f} FLOPs a byte (n / 6)")
print(f"addition: {addition_intensity:.3f} FLOPs a byte (1 / 12, for every n)")

# %% [markdown]
# In a product each number is used n times once it is there; in an addition only once. Let us
# measure, with one core of the processor for both. (NumPy multiplies with all cores, but adds with
# one.)

# %%
sizes, speed = [8, 16, 32, 64, 128, 256, 512, 1024, 2048], {"product": [], "addition": []}
for n in sizes:
    left, right_side = rng.standard_normal((2, n, n), dtype=np.float32)
    out = np.empty_like(left)
    repeats = max(1, 200_000 // n**2)
    for name, operation, flops in (
        ("product", np.matmul, 2 * n**3),
        ("addition", np.add, n**2),
    ):

        def run(operation=operation, left=left, right=right_side, out=out, repeats=repeats):
            for _ in range(repeats):
                operation(left, right, out=out)

        with threadpool_limits(1):
            speed[name].append(flops * repeats / seconds(run, rounds=4) / 1e9)
    print(f"n = {n:4}: product {speed['product'][-1]:7.2f}, addition {speed['addition'][-1]:6.2f} "
          "GFLOP a second")  # fmt: skip

source = np.ones(16_000_000, dtype=np.float32)  # 64 MB
target = np.empty_like(source)
bandwidth = 2 * source.nbytes / seconds(lambda: np.copyto(target, source))
print(f"copying 64 MB: {bandwidth / 1e9:.1f} GB read and written a second")

# %%
figure, axes = plt.subplots()
for name, colour in (("product", BLUE), ("addition", ORANGE)):
    axes.loglog(sizes, speed[name], "o-", color=colour)
    axes.text(1.15 * sizes[-1], speed[name][-1], LABELS[name], color=colour, va="center")
axes.set_xticks(sizes, [str(n) for n in sizes])
axes.minorticks_off()
axes.set(xlabel=LABELS["size"], ylabel=LABELS["speed"], title=LABELS["speed_title"])
show(figure)

# %% [markdown]
# **What to see:** tiny arrays are slow in both cases, since starting a command costs more than the
# work. With growing n the product becomes faster and faster, until the processor can do no more.
# The addition stays far below: it uses each number once, so it waits for the memory. (On most
# computers it becomes slower again at the right end: the largest arrays no longer fit into the
# small, fast memory inside the processor.)
#
# Now we can estimate a word of GPT-2 with arrays in two ways. Nearly all of its numbers are
# weights. Each weight costs 2 FLOPs; and each weight must be read once.

# %%
weight_bytes = 4 * numbers
reading = weight_bytes / bandwidth
computing = 2 * numbers / (max(speed["product"]) * 1e9)
print(f"GPT-2 in float32: {weight_bytes / 1e6:.0f} MB")
print(f"one word, by the FLOPs:     {1e3 * computing:.1f} ms")
print(f"one word, by the bandwidth: {1e3 * reading:.1f} ms")
print(f"one word, in plain Python:  {1e3 * plain_python:.0f} ms")

# %% [markdown]
# Compare the first two times. On most computers the reading takes longer than the computing: the
# answer to the question of this lesson is decided by the bandwidth. If we write 8 texts at once,
# each weight is read once and used 8 times. That is why models are trained, and asked, in groups of
# texts: the letter **B** of our shapes.
#
# ## 9. Two machines
#
# A graphics card (GPU) has thousands of small processors and a memory of its own with a much larger
# bandwidth. NumPy can't use it. CuPy can: it is a library for NVIDIA cards with the same functions
# under the same names. So one program can serve both machines, if it does not write `np.tanh` but
# asks its argument where it lives. The answer is a module, `numpy` or `cupy`; minigpt calls it
# `xp`:


# %%
def squash(x):
    xp = get_array_module(x)
    return xp.tanh(x)


print("the module of a NumPy array:", get_array_module(x32).__name__)
print(inspect.getsource(get_array_module))

# %% [markdown]
# There is no switch for the whole program. Each function looks at its argument, and arrays of both
# machines may exist side by side. `mix` needs no `xp` at all: `reshape`, `@` and `+` belong to the
# array itself.
#
# Which machine have you got? `select_device` tries the card with a real calculation (a library that
# can be imported is no proof that the card works) and says in a sentence what it found:

# %%
xp, why = select_device("auto")
print(textwrap.fill(why, 90))

# %% [markdown]
# Without a card this is no problem: everything in this course runs on the processor. The next cell
# runs on whatever was chosen: `xp.asarray` brings an array to that machine, `to_host` brings it
# back.

# %%
w32, b32 = w.astype(np.float32), b.astype(np.float32)
on_device = mix(xp.asarray(x32), xp.asarray(w32), xp.asarray(b32))
y_device = to_host(squash(on_device))
y_host = squash(mix(x32, w32, b32))
print("computed with", get_array_module(on_device).__name__)
print("largest difference from NumPy:", np.abs(y_device - y_host).max())

# %% [markdown]
# On a GPU the last digits may differ, because thousands of processors add in another order (section
# 6). Two traps to know before you use one: a copy between the two memories is slow, so data should
# stay where it is; and the card works while Python already runs on, so a clock that is stopped too
# early measures nothing.
#
# ## 10. Exercises
#
# 1. `x` has the shape (2, 5, 3). Which shapes have `x.mean(axis=-1)`, `x.mean(axis=(0, 1))`,
#    `x[0]`, `x[:, :, None]`, `x.swapaxes(1, 2)`? Write them down, then print them.
# 2. Subtract from each row of a (4, 6) table its mean and divide by its standard deviation (`std`),
#    without a loop. Check that each row of the result has mean 0 and standard deviation 1. (You
#    have just written the heart of lesson 06.)
# 3. Write `distances(p, q)` for points p of shape (N, 2) and q of shape (M, 2): the array (N, M) of
#    all distances, without a loop. Hint: `p[:, None]`. Check one element by hand.
# 4. Add `mixed_up(x, w, b)` with a mistake of your own that `complaints` does not find. What must
#    be added to `complaints` to find it? (One idea: what if x has only two axes?)
# 5. In section 8, measure the product with float64 as well. How many times slower is it? Then
#    measure `left.T @ right_side`: does the turned array cost time?
# 6. Compute the sum of 1/n² for n = 1 … 1,000,000 in float32 with `cumsum`, once from large to
#    small terms and once from small to large. Which is nearer to π²/6, and why?
#
# ## 11. What you can now read in `minigpt/`
#
# - `minigpt/backend.py`: `get_array_module`, `to_host` and `select_device`, with all the reasons
#   why a graphics card may not work and a sentence for each.
# - `minigpt/layers/linear.py`: our `mix`, called `linear`. Only its first function; the second one,
#   `linear_backward`, waits for lessons 02 and 05. Here is the first:

# %%
print(inspect.getsource(layers.linear))

# %%
assert numbers == 124_439_808 and round(weight_bytes / 1e6) == 498
assert one_step > 3 * one_step_numpy and plain_python > 3 * computing
assert table.sum(axis=0).tolist() == [11, 22, 33] and table.sum(axis=1).tolist() == [6, 60]
assert view_table[1, 0] == 99
assert np.array_equal(total, [[1, 2, 3], [11, 12, 13], [21, 22, 23], [31, 32, 33]])
assert answers == [(2, 5, 3), (2, 5, 3), "error", (2, 5, 3), (5, 3)]
assert np.allclose(right.mean(axis=1), 0) and not np.allclose(wrong.mean(axis=1), 0)
assert caught_by_sizes and by_hand == [25, -1] and np.array_equal(x_small @ w_small, by_hand)
assert np.allclose(y, mix_by_loops(x, w, b), rtol=1e-12) and np.array_equal(y, y_minigpt)
assert big + np.float32(1) == big and np.float64(big) + 1 != big
assert np.finfo(np.float32).eps == 2.0**-23 and np.finfo(np.float64).eps == 2.0**-52
assert abs(one_by_one / 1e6 - 1) > 0.05 and abs(tenths.sum() / 1e6 - 1) < 1e-4
assert 0.01 < lost < 0.1
assert (x32 / np.sqrt(8)).dtype == np.float64 and (x32 / 8.0**0.5).dtype == np.float32
assert not complaints(mix) and all(broken.values()) and square_shape == (6, 4)
assert "fails" in broken["wrong_side"][0] and "float64" in broken["new_array"][0]
assert broken["halved"] == ["it wrote into x"]
assert round(product_intensity, 1) == 85.3 and round(addition_intensity, 3) == 0.083
assert max(speed["product"]) > 3 * max(speed["addition"])
assert y_device.dtype == np.float32 and np.allclose(y_device, y_host, atol=1e-5)
print("all claims of this lesson hold")
