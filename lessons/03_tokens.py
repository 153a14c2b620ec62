# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 03 · From text to tokens
#
# A model calculates with numbers, and a text is no number. So somebody has to cut the text into
# pieces and give each piece a number, before the model sees anything. Which pieces: words? Letters?
# And why do the large models count "Hello" and " Hello" as two different things?
#
# At the end of this lesson you will have written the algorithm that GPT-2, GPT-3 and GPT-4 use to
# find their pieces. You will have trained it on a sentence, with pencil and paper, and on hundreds
# of stories, in English and in Chinese. It takes about 60 minutes. There is no gradient in this
# lesson: cutting is done before the learning begins.

# %%
import inspect
import sys
import textwrap
import time
import unicodedata
from collections import Counter
from itertools import pairwise

import matplotlib.pyplot as plt

from minigpt import GPTConfig, Tokenizer
from minigpt.corpus import tinytown
from minigpt.plots import BLUE, GREEN, GREY, ORANGE, PINK, SKY, lesson_style, show
from minigpt.tokenizer import slow
from minigpt.tokenizer.patterns import split_words

if hasattr(sys.stdout, "reconfigure"):  # a script on Windows: let it print every character
    sys.stdout.reconfigure(encoding="utf-8")
lesson_style()
LABELS = {
    "merges": "Each merge glues the commonest pair together",
    "after": "merges: {}",
    "before": "the bytes",
    "pieces": "{} tokens",
    "vocabulary": "size of the vocabulary",
    "bytes": "bytes a token",
    "compression": "A larger vocabulary helps less and less",
    "en": "English, learned on English",
    "zh": "Chinese, learned on Chinese",
    "zh by en": "Chinese, learned on English",
}

# %% [markdown]
# ## 1. Words, letters, or something else?
#
# The first idea: one number for each **word**. Let us collect all words of some small stories and
# try them on a new sentence. (The stories are built into minigpt. They come from TinyTown, a world
# that we wrote for this course.)

# %%
stories = [story.text for story in tinytown.stories(0, 150_000)]
print(textwrap.fill(stories[1], 90), "\n")
known = {word for story in stories for word in story.split()}
sentence = "Mia emailed a photo to her favourite cousin."
print(f"{len(known):,} different words in {len(stories)} stories")
for word in sentence.split():
    print(f"  {word:10} {'known' if word in known else 'UNKNOWN'}")

# %% [markdown]
# Half of the sentence is unknown. The list is never complete: names, spelling mistakes, new words,
# other languages. And "cousin." with its full stop would count as another word than "cousin".
#
# The second idea: one number for each **character**. Then nothing is unknown, if the list is long
# enough.
#
# **Predict:** how many characters are there in all scripts of the world, as a computer knows them?
# Write your answer down before you run the next cell.

# %%
assigned = sum(unicodedata.category(chr(i)) not in ("Cn", "Co", "Cs") for i in range(0x110000))
letters = sum(map(len, stories)) / sum(len(story.split()) for story in stories)
print(f"this Python knows {assigned:,} characters")
print(f"a word of the stories, with its space, has {letters:.1f} of them on average")

# %% [markdown]
# Far too many: most of them would occur so rarely that a model could learn nothing about them. And
# a text becomes long: five or six numbers for a word, and a model has to work for each of them.
#
# What we want is in between: frequent words as one piece, rare words in a few pieces, and nothing
# that can't be written. Such a piece is called a **token**, its number is the **id**, and all
# tokens together are the **vocabulary**. To find a good vocabulary we start from the smallest
# pieces that exist.
#
# ## 2. Characters are numbers, and bytes
#
# A computer already has a number for each character: its **code point**, from 0 to 1,114,111.
# Python shows it with `ord`. To store text, the code points are written as **bytes**; a byte is a
# number from 0 to 255, that is, eight binary digits. The usual way to write them is called
# **UTF-8**: small code points take one byte, large ones up to four.
#
# **Predict:** how many bytes are "e", "é", "猫" (cat) and "😀"? And how long is "👩‍🚀" (a woman
# astronaut) for Python, `len("👩‍🚀")`?

# %%
ASTRONAUT = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}"
for character in ("e", "é", "猫", "😀", ASTRONAUT):
    points = [ord(c) for c in character]
    data = character.encode("utf-8")
    print(f"{character}  code points {points}  len {len(character)}  bytes {list(data)}")

# %% [markdown]
# The astronaut is three code points: a woman, an invisible joiner and a rocket. So not even a
# "character" is a clear thing. Bytes are.
#
# How does "é", code point 233, become the bytes 195 and 169? In binary digits 233 is 11101001. That
# is too long for a UTF-8 byte of its own, which has room for 7 digits. Two bytes have room for 5 +
# 6 digits behind fixed signs, `110` for "I begin a character of two bytes" and `10` for "I
# continue":
#
# ```
#     110_____   10______
#     110 00011  10 101001      233 = 00011 101001
#     = 195      = 169
# ```

# %%
first, second = 0b11000000 | (233 >> 6), 0b10000000 | (233 & 0b111111)
print(bytes([first, second]).decode("utf-8"), [first, second])

# %% [markdown]
# A byte that continues always begins with `10`, so a program can see where characters begin. And
# not every row of bytes is a text: 169 alone is half of something.
#
# Now we have a vocabulary that is complete: the **256 bytes**. Every text in every language is a
# row of them, and nothing is ever unknown. Its one fault: the rows are long.

# %%
byte_tokenizer = Tokenizer.byte()
print("'Mia!' as ids:", byte_tokenizer.encode("Mia!"))
print(f"{len(stories[1])} characters are {len(byte_tokenizer.encode(stories[1]))} tokens")

# %% [markdown]
# ## 3. Pairs and merges, by hand
#
# The way out: glue frequent neighbours together. Count all **pairs** of neighbours, take the
# commonest pair, and make it one new token. That is called a **merge**. Then count again, and so
# on. This is **byte-pair encoding**, BPE.
#
# One rule first: the text is cut into words, and nothing is glued across a cut. The space belongs
# to the word that follows it. (Section 6 says why.) Our sentence:

# %%
SENTENCE = "the cat sat on the mat, the rat sat on the cat"
words = split_words(SENTENCE)
print(words)

# %% [markdown]
# Take a pencil. Every letter is a token at first, and so is every space.
#
# **Predict:** which pair is the commonest, and how often does it occur? And which is the next one,
# after the first has become a single token?


# %%
def count_pairs(pieces):
    """Count the neighbours in each word; `pieces` is a list of words, each a list of tokens."""
    pairs = Counter()
    for tokens in pieces:
        pairs.update(pairwise(tokens))
    return pairs


def merge(tokens, pair):
    """Replace the pair by one token, from left to right."""
    merged, i = [], 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(tokens[i])
            i += 1
    return merged


pieces = [[bytes([byte]) for byte in word.encode("utf-8")] for word in words]
history, by_hand = [pieces], []
for number in range(1, 9):
    pairs = count_pairs(pieces)
    best = max(pairs, key=pairs.get)  # of several, the one that was seen first
    by_hand.append((best, pairs[best]))
    others = ", ".join(f"{a + b!r} {n}" for (a, b), n in pairs.most_common(4)[1:])
    print(f"merge {number}: {best[0]!r:>6} + {best[1]!r:6} {pairs[best]} times   then {others}")
    pieces = [merge(tokens, best) for tokens in pieces]
    history.append(pieces)

# %% [markdown]
# (Python writes bytes as `b'at'`.) "at" comes first, with six occurrences. Then "th" and "he" are
# equally frequent, with four. A rule must decide: we take the pair that is seen first in the text.
# After "th" has become a token, there is no pair "h", "e" any more, but a new pair "th", "e".
#
# So tokens grow: "t" + "h", then "th" + "e", then " " + "the". Here is the whole sentence.

# %%
TOKEN_COLOURS = [SKY, ORANGE, GREEN, PINK, BLUE, "#F0E442"]


def draw_tokens(axes, pieces, row, colour_of):
    """Draw the tokens of a sentence as boxes, one box a token, as wide as its letters."""
    x = 0
    for token in (token for tokens in pieces for token in tokens):
        long = len(token) > 1
        colour = colour_of.setdefault(token, len(colour_of)) if long else None
        box = TOKEN_COLOURS[colour % len(TOKEN_COLOURS)] if long else "#E8E8E8"
        axes.add_patch(plt.Rectangle((x + 0.05, row), len(token) - 0.1, 0.8, color=box,
                                     alpha=0.65 if long else 1, lw=0))  # fmt: skip
        for i, letter in enumerate(token.decode().replace(" ", "␣")):
            axes.text(x + i + 0.5, row + 0.4, letter, ha="center", va="center", fontsize=10.5,
                      family="monospace")  # fmt: skip
        x += len(token)
    return sum(map(len, pieces))


figure, axes = plt.subplots(figsize=(11, 4.2))
colour_of = {}
for row, number in enumerate((0, 1, 2, 3, 4, 6, 8)):
    count = draw_tokens(axes, history[number], row, colour_of)
    name = LABELS["after"].format(number) if number else LABELS["before"]
    axes.text(-0.6, row + 0.4, name, ha="right", va="center", fontsize=11.5)
    axes.text(len(SENTENCE) + 0.6, row + 0.4, LABELS["pieces"].format(count), va="center",
              fontsize=11.5)  # fmt: skip
axes.set(xlim=(-7.5, len(SENTENCE) + 6), ylim=(7.1, -0.3))
axes.axis("off")
figure.suptitle(LABELS["merges"], x=0.01, ha="left", fontsize=15, fontweight="bold")
show(figure)

# %% [markdown]
# **What to see:** each row is the same sentence (␣ is a space). Grey boxes are single bytes,
# coloured boxes are tokens that a merge has made. From row to row the boxes grow and become fewer.
# After four merges "␣the" is one token; after eight, "␣cat" and "␣sat" are.
#
# ## 4. The function
#
# What we did by hand, as a function. It returns the list of merges, in their order: that is all
# that a BPE tokenizer has to remember. To be faster, it works on each *different* word once and
# counts it as often as it occurs; a text has few different words.


# %%
def learn(words, new_tokens):
    """Byte-pair encoding: merge the commonest pair, `new_tokens` times; return the merges."""
    counts = Counter(words)
    pieces = {word: [bytes([byte]) for byte in word.encode("utf-8")] for word in counts}
    merges = []
    for _ in range(new_tokens):
        pairs = Counter()
        for word, tokens in pieces.items():
            for pair in pairwise(tokens):
                pairs[pair] += counts[word]
        if not pairs:  # every word is one token
            break
        best = max(pairs, key=pairs.get)
        merges.append(best)
        pieces = {word: merge(tokens, best) for word, tokens in pieces.items()}
    return merges


ours = learn(words, 8)
theirs = Tokenizer.train(SENTENCE, vocab_size=256 + 8, special_tokens=(), ties="first").merges
print("as by hand:      ", ours == [pair for pair, _ in by_hand])
print("as minigpt's own:", ours == theirs)

# %% [markdown]
# (`ties="first"` asks minigpt for our rule about equal counts. There are others; what matters is
# that there is one, so that everybody who trains on the same text gets the same tokens.)
#
# Now on the stories: 256 merges instead of 8. Both must agree again.

# %%
story_words = [word for story in stories for word in split_words(story)]


def timed(function, rounds=3):
    """The result and the seconds of the shortest run: the one that was disturbed least."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return result, min(times)


merges, our_seconds = timed(lambda: learn(story_words, 256), rounds=1)
tok, their_seconds = timed(
    lambda: Tokenizer.train(stories, vocab_size=512, special_tokens=(), ties="first")
)
print("equal:", merges == tok.merges)
print(f"ours {our_seconds:.2f} s, minigpt's {their_seconds:.2f} s")
print("first: ", *[repr((a + b).decode()) for a, b in merges[:12]])
print("last:  ", *[repr((a + b).decode()) for a, b in merges[-12:]])

# %% [markdown]
# The first merges are frequent pairs of letters, the last ones are whole words of our stories.
#
# ## 5. Cutting a text, and putting it together
#
# To cut a new text, start from its bytes again and replay the merges, *in the order in which they
# were learned*. To put it together, join the bytes.


# %%
def encode(text, merges):
    """Cut a text into tokens."""
    tokens = []
    for word in split_words(text):
        piece = [bytes([byte]) for byte in word.encode("utf-8")]
        for pair in merges:
            piece = merge(piece, pair)
        tokens += piece
    return tokens


def decode(tokens):
    """Join the bytes first, then read them as text."""
    return b"".join(tokens).decode("utf-8")


cut = encode(sentence, merges)
print([token.decode() for token in cut])
print("the same text again:", decode(cut) == sentence)
ids = tok.encode(sentence)
print("minigpt's tokens are equal:", [tok.token_bytes(i) for i in ids] == cut)
print("as ids:", ids)

# %% [markdown]
# "emailed" and "cousin" never occurred in the stories, and still nothing is unknown: they fall into
# smaller pieces. Frequent words such as " her" and " to" are one token each.
#
# An id is only the place of a token in a list: the 256 bytes first, then the merges in their order.
# (minigpt lists the bytes in the order of GPT-2's files, so a byte's id is not the byte itself.)
#
# ## 6. Why "Hello" and " Hello" differ
#
# Why is text cut into words first, and why does the space go with the following word? Let us leave
# the cut out, and learn from whole stories:

# %%
uncut = learn(stories[:80], 300)
longest = sorted({a + b for a, b in uncut}, key=len)[-6:]
print("longest tokens without the cut:", *[repr(token.decode()) for token in longest], sep="\n  ")

# %% [markdown]
# Without the cut, BPE glues whole phrases together, with signs and spaces in the middle. Each is
# good for one phrase only, and the vocabulary is spent on them. So GPT-2 and its successors cut
# first, by a pattern. This part is called the **pre-tokenizer**.
#
# It could throw the spaces away, but then a text could not be put together again. GPT-2's pattern
# keeps each space and puts it in front of the next word. The price: a word at the beginning of a
# text has no space in front.
#
# **Predict:** we train on a text with many "Hello". Into how many tokens does the tokenizer then
# cut "Hello Hello", and "hello" in small letters? Is one of the ids used twice?

# %%
greetings = "Hello, Mia. Hello, Tom. Then Sam said Hello to Mia, and Ann said Hello to Tom."
hello = Tokenizer.train(greetings, vocab_size=256 + 24, special_tokens=())
for text in ("Hello", " Hello", "hello", "Hello Hello"):
    tokens = [hello.token_text(i) for i in hello.encode(text)]
    print(f"{text!r:14} ids {hello.encode(text)}  tokens {tokens}")

# %% [markdown]
# Two different rows of bytes, so two tokens with two ids. The model is not told that they have
# anything to do with each other; it has to learn that from the texts. And "hello" in small letters
# is a third thing, here in several pieces.
#
# This has a consequence that costs people hours. We train with 2,048 tokens, as `minigpt train`
# does, and ask for a continuation of "Mia met ", with a space at the end:

# %%
main = Tokenizer.train(stories, vocab_size=2048)
with_space = [main.token_text(i) for i in main.encode("Mia met ")]
without = [main.token_text(i) for i in main.encode("Mia met")]
space = main.encode(" ")[0]
seen = sum(main.encode(story).count(space) for story in stories)
print("with the space:   ", with_space)
print("without the space:", without)
print(f"the token ' ' alone occurs {seen} times in all {len(stories)} stories")

# %% [markdown]
# The space at the end becomes a token of its own, since no word follows it. In the stories, words
# carry their space in front, and this token never occurs. A model trained on them has never seen
# such a text and can only guess. So: **no space at the end of a prompt.** (A prompt is the text
# that a model is asked to continue.)
#
# ## 7. Chinese and emoji
#
# Now a text of which our vocabulary knows nothing: 米娅找到一只猫。 (It means "Mia found a cat.")
#
# **Predict:** our tokenizer has learned from English stories only. Into how many tokens does it cut
# these 8 Chinese characters?

# %%
chinese = "米娅找到一只猫。"
chinese_ids = tok.encode(chinese)
in_bytes = len(chinese.encode("utf-8"))
print(f"{len(chinese)} characters, {in_bytes} bytes, {len(chinese_ids)} tokens")
print("first token:", tok.token_bytes(chinese_ids[0]), " all together:", tok.decode(chinese_ids))

# %% [markdown]
# One token for each byte, three for each character: nothing was learned that could be merged. But
# it works, without an error and without loss.
#
# A token may be a third of a character. That is a trap when a model writes and we want to show each
# token at once:

# %%
one_by_one = "".join(tok.decode([i]) for i in chinese_ids[:6])
as_stream = list(tok.decode_stream(chinese_ids))
print("each token by itself:", one_by_one)
print("decode_stream, which waits for whole characters:", as_stream)
print("emoji:", *[tok.token_text(i) for i in tok.encode(ASTRONAUT)])

# %% [markdown]
# The sign � means: these bytes are no character. Join the bytes first, and read them as text
# afterwards.
#
# How much does it cost that a vocabulary was made for another language? TinyTown tells the same
# stories in English and in Chinese, so we can compare. We train one tokenizer on each language,
# with 1,024 tokens.

# %%
texts = {
    language: [story.text for story in tinytown.stories(0, n_bytes, language)][:600]
    for language, n_bytes in (("en", 180_000), ("zh", 200_000))
}
tokenizers = {language: Tokenizer.train(texts[language][:550], 1024) for language in texts}
new = {language: texts[language][550:] for language in texts}  # not used for training
cost = {}
for language in ("en", "zh"):
    for learned_on in ("en", "zh"):
        cost[language, learned_on] = sum(
            len(tokenizers[learned_on].encode(text)) for text in new[language]
        )
        print(f"the same 50 stories in {language}, tokenizer learned on {learned_on}: "
              f"{cost[language, learned_on]:6,} tokens")  # fmt: skip
phrases = [(a + b).decode("utf-8", "ignore") for a, b in tokenizers["zh"].merges]
print("long Chinese tokens:", *sorted(phrases, key=len)[-5:])

# %% [markdown]
# The same stories cost more than three times as many tokens, if the vocabulary was made for the
# other language. Many services count, and charge, by the token: this is why some languages are
# dearer than others. With a vocabulary of its own, Chinese is as short as English.
#
# (Chinese writes no spaces, so a "word" of the pattern is everything between two signs. That is why
# whole phrases become tokens there.)
#
# ## 8. Break it on purpose
#
# When is a tokenizer right? The text must come back, for every text. And the tokens must be the
# same as those of the training; else the model sees pieces that it never learned. So we check both,
# on texts that are chosen to be nasty.

# %%
NASTY = ["", "Mia lost her  ball \n\n and\tfound it ", "naïve Zoë", chinese, ASTRONAUT + " 3 < 4",
         "aaa aaaa", *stories[:20]]  # fmt: skip


def complaints(encode, decode):
    """What is wrong with a pair of encode and decode that use `merges`."""
    found = Counter()
    for text in NASTY:
        tokens = encode(text, merges)
        if decode(tokens) != text:
            found["the text does not come back"] += 1
        if tokens != [tok.token_bytes(i) for i in tok.encode(text)]:
            found["other tokens than in training"] += 1
    return dict(found)


print("ours:", complaints(encode, decode))

# %% [markdown]
# Four mistakes, all of them seen in real code.


# %%
def longest_first(text, merges):
    """Takes the longest token that fits, instead of replaying the merges."""
    vocabulary = {a + b for a, b in merges} | {bytes([byte]) for byte in range(256)}
    tokens = []
    for word in split_words(text):
        data = word.encode("utf-8")
        while data:
            end = next(n for n in range(len(data), 0, -1) if data[:n] in vocabulary)
            tokens.append(data[:end])
            data = data[end:]
    return tokens


def glued_text(text, merges):
    """Writes the tokens with | between them and replaces text: fast, and wrong."""
    tokens = []
    for word in split_words(text):
        line = b"|".join(bytes([byte]) for byte in word.encode("utf-8"))
        for a, b in merges:
            line = line.replace(a + b"|" + b, a + b)
        tokens += line.split(b"|")
    return tokens


def without_spaces(text, merges):
    """Cuts by Python's split, which throws away all spaces and line ends."""
    return encode(" ".join(text.split()), merges)


def token_by_token(tokens):
    """Reads each token as text by itself."""
    return "".join(token.decode("utf-8", "replace") for token in tokens)


broken = {
    "longest first": complaints(longest_first, decode),
    "glued text": complaints(glued_text, decode),
    "without spaces": complaints(without_spaces, decode),
    "token by token": complaints(encode, token_by_token),
}
for name, found in broken.items():
    print(f"{name:15} {found}")

# %% [markdown]
# The first two are dangerous: the text always comes back, and only the second complaint gives them
# away. Where do they go wrong?

# %%
for name, wrong in (("longest first", longest_first), ("glued text", glued_text)):
    word = next(word for word in story_words if wrong(word, merges) != encode(word, merges))
    print(f"{name}: {word!r} becomes {wrong(word, merges)}, but in training {encode(word, merges)}")

# %% [markdown]
# "Longest first" knows the tokens but not the order of the merges. "Glued text" does not see where
# a token begins: it looks for `m|et`, and also finds it at the end of ` m|et`, where the tokens are
# " m" and "et".
#
# ## 9. Compression, measured
#
# How good is a vocabulary? Count the **bytes a token**: how many bytes of text one token stands
# for, on average, in texts that were not used for the training. With single bytes it is 1.
#
# **Predict:** how many bytes a token do we get with 512, 1,024 and 4,096 tokens? If the vocabulary
# is twice as large, are the texts half as long?

# %%
sizes = [260, 300, 400, 512, 1024, 2048, 4096]
curves = {"en": [], "zh": [], "zh by en": []}


def bytes_a_token(tokenizer, texts):
    in_bytes = sum(len(text.encode("utf-8")) for text in texts)
    return in_bytes / sum(len(tokenizer.encode(text)) for text in texts)


learned = {language: [Tokenizer.train(texts[language][:550], size) for size in sizes]
           for language in texts}  # fmt: skip
for small_en, small_zh in zip(learned["en"], learned["zh"], strict=True):
    curves["en"].append(bytes_a_token(small_en, new["en"]))
    curves["zh"].append(bytes_a_token(small_zh, new["zh"]))
    curves["zh by en"].append(bytes_a_token(small_en, new["zh"]))
for i, size in enumerate(sizes):
    print(f"{size:5} tokens asked for:  en {curves['en'][i]:.2f}   zh {curves['zh'][i]:.2f}   "
          f"zh by en {curves['zh by en'][i]:.2f}")  # fmt: skip

figure, axes = plt.subplots()
for name, colour in (("en", BLUE), ("zh", ORANGE), ("zh by en", PINK)):
    reached = [tokenizer.vocab_size for tokenizer in learned[name[-2:]]]
    axes.plot(reached, curves[name], "o-", color=colour, label=LABELS[name])
axes.axhline(1, color=GREY, ls=":", lw=1.2, zorder=0)
axes.set_xticks([256, 1024, 2048, 3072, 4096])
axes.set(xlabel=LABELS["vocabulary"], ylabel=LABELS["bytes"], title=LABELS["compression"])
axes.set_ylim(0)
axes.legend(loc="center right", bbox_to_anchor=(1, 0.33))
show(figure)

# %% [markdown]
# **What to see:** the first merges bring most: they are the commonest pairs, by definition. Twice
# as many tokens never make the texts half as long. English stops at about 2,000 tokens and 4 bytes:
# then every word of the stories is one token, and nothing can be merged. Chinese goes on, since its
# "words" are whole phrases. A vocabulary for the wrong language (the lowest line) does not help at
# all, however large it is.
#
# So why not take a million tokens? Because each token needs a row of numbers in the model (lesson
# 04), and a rare token is seen too seldom to learn its row. GPT-2 has 50,257 tokens. For our small
# stories, minigpt takes 2,048.
#
# The merges of a small vocabulary are the first merges of a larger one: training longer only adds
# tokens.

# %%
prefix = all(
    large.merges[: len(small.merges)] == small.merges
    for small, large in zip(learned["en"], learned["en"][1:], strict=False)
)
print("each list of merges begins with the shorter one:", prefix)

# %% [markdown]
# And the speed? Our `encode` replays every merge for every word. minigpt remembers each word that
# it has cut once.

# %%
some = stories[:60]
_, our_time = timed(lambda: [encode(story, merges) for story in some], rounds=1)
_, their_time = timed(lambda: [tok.encode(story) for story in some])
size = sum(len(story.encode("utf-8")) for story in some)
print(f"ours {size / our_time / 1e6:.3f} MB/s, minigpt {size / their_time / 1e6:.1f} MB/s")

# %% [markdown]
# ## 10. A token that is no text
#
# A model reads many texts. How does it know where one ends and the next begins? There is a
# **special token** for this, `<|endoftext|>`. It has an id but no bytes of its own, and no text
# that a user types becomes this id by accident:

# %%
english = tokenizers["en"]
typed = english.encode("The end.<|endoftext|>")
allowed = english.encode("The end.<|endoftext|>", allowed_special="all")
print("its id:", english.eot)
print("typed by a user:      ", [english.token_text(i) for i in typed])
print("when we mean the mark:", [english.token_text(i) for i in allowed])

# %% [markdown]
# ## 11. Exercises
#
# 1. Do three merges by hand on the words "banana" and "bandana". Check them with
#    `learn(["banana", "bandana"], 3)`.
# 2. "é" can also be written as two code points, an "e" and an accent: `"e\u0301"`. Compare the
#    bytes and the tokens of both. What happens to a word that a student typed in the other way?
#    Find `unicodedata.normalize`.
# 3. Which 20 tokens occur most often in the stories, and what share of all tokens are they? Use
#    `Counter` and `english.encode`.
# 4. Train one tokenizer with 2,048 tokens on both languages together, `texts["en"] + texts["zh"]`.
#    How many tokens do the 50 new stories cost in each language? Compare with section 7.
# 5. Change `learn` so that it stops when the commonest pair occurs fewer than `least` times. How
#    many tokens do you get on the stories with `least=20`?
# 6. GPT-4's pattern is in minigpt too: `split_words(text, "gpt4")`. Find three texts that it cuts
#    differently from GPT-2's, and say what each difference is good for. (Try digits, capital
#    letters and line ends.)
#
# **Write it yourself.** `minigpt lesson start 03` puts a file into the folder `mywork`, with
# `count_pairs`, `merge`, `learn`, `encode` and `decode` to be filled in. `minigpt check 03` says
# what is right, and names the mistake if there is one.
#
# ## 12. What you can now read in `minigpt/`
#
# - `minigpt/tokenizer/slow.py`: this lesson in 80 lines; its `learn_merges_slowly` is our `learn`.
# - `minigpt/tokenizer/train.py`: the same merges, much faster, by three ideas that its first lines
#   tell.
# - `minigpt/tokenizer/patterns.py`: how text is cut into words, with a comment for each part.
# - `minigpt/tokenizer/tokenizer.py`: the class `Tokenizer` with everything around it.
# - On the command line: `minigpt tokenize "Hello, world" --tokenizer byte`.
#
# This is how minigpt chooses among equal pairs; "first" is our rule.

# %%
print(inspect.getsource(slow.commonest))

# %%
assert [word in known for word in sentence.split()].count(False) == 4 == len(sentence.split()) / 2
assert assigned > 100_000 and len(ASTRONAUT) == 3 and len(ASTRONAUT.encode()) == 11
assert [len(c.encode()) for c in "eé猫😀"] == [1, 2, 3, 4]
assert bytes([first, second]).decode() == "é" and (first, second) == (195, 169)
assert [(a + b, n) for (a, b), n in by_hand[:4]] == [
    (b"at", 6), (b"th", 4), (b"the", 4), (b" the", 3)]  # fmt: skip
assert {b" the"} <= {t for p in history[4] for t in p}
assert {b" cat", b" sat"} <= {t for p in history[8] for t in p}
assert ours == theirs == [pair for pair, _ in by_hand]
assert merges == tok.merges and our_seconds > 3 * their_seconds
assert 5 < letters < 6 and GPTConfig.preset("gpt2").vocab_size == 50_257
assert decode(cut) == sentence and [tok.token_bytes(i) for i in ids] == cut
assert {b" her", b" to"} <= set(cut)
assert all(b" " in token.strip() for token in longest)
assert len(hello.encode("Hello")) == len(hello.encode(" Hello")) == 1
assert hello.encode("Hello") != hello.encode(" Hello") and len(hello.encode("hello")) > 1
assert with_space[-1] == " " and seen == 0
assert len(chinese) == 8 and len(chinese_ids) == 24
assert "\ufffd" in one_by_one and "".join(as_stream) == chinese
assert 0.9 < cost["zh", "zh"] / cost["en", "en"] < 1.1
assert cost["zh", "en"] > 3 * cost["zh", "zh"] and cost["en", "zh"] > 3 * cost["en", "en"]
assert not complaints(encode, decode) and all(broken.values())
assert glued_text(" met", merges) == [b" met"] and encode(" met", merges) == [b" m", b"et"]
for name in ("longest first", "glued text"):
    assert list(broken[name]) == ["other tokens than in training"]
for name in ("without spaces", "token by token"):
    assert "the text does not come back" in broken[name]
for curve in (curves["en"], curves["zh"]):
    assert curve == sorted(curve) and curve[-1] / curve[-2] < curve[4] / curve[3] < 2
assert curves["zh by en"][-1] < 1.05 and prefix
english_end = learned["en"][-1]
assert 1900 < english_end.vocab_size < 2200 and 3.9 < curves["en"][-1] < 4.3
learned_words = {word for text in texts["en"][:550] for word in split_words(text)}
assert all(len(english_end.encode(word)) == 1 for word in learned_words)
assert our_time > 3 * their_time
assert len(typed) > len(allowed) and allowed[-1] == english.eot and english.eot not in typed
print("all claims of this lesson hold")
