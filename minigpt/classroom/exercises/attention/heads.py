"""Lesson 07, split_heads and merge_heads: their cases and their known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def numbered(B, T, C):
    """Numbers that tell where they come from: 1203 is text 1, token 2, channel 3."""
    texts, tokens, channels = np.ogrid[:B, :T, :C]
    return 1000.0 * texts + 100.0 * tokens + channels


def heads_sizes(B, H, T, D):
    return {"B": B, "H": H, "T": T, "D": D, "C": H * D}


def split_cases(rng) -> list[Case]:
    """Numbers that tell their place; random ones; more heads than channels in a head."""

    def case(name, B, T, H, D, x):
        marks = {"result": {"the first token of each head": np.zeros((B, H, T, D), bool)}}
        marks["result"]["the first token of each head"][:, :, 0] = True
        return Case(
            name, (x,), options={"n_head": H}, sizes=heads_sizes(B, H, T, D), marks=marks
        )  # fmt: skip

    return [
        case("numbered channels", 2, 5, 3, 4, numbered(2, 5, 12)),
        case("random numbers", 3, 4, 2, 5, rng.standard_normal((3, 4, 10))),
        case("many small heads", 4, 3, 7, 2, rng.standard_normal((4, 3, 14))),
    ]


PIECES = "pieces = x.reshape(B, T, n_head, D)"
SPLIT = "return pieces.swapaxes(1, 2)"

SPLIT_MISTAKES = (
    mistake(
        "reshaped_at_once",
        PIECES,
        "pieces = x.reshape(B, n_head, T, D)",
        SPLIT,
        "return pieces",
        says="x is read as (B, H, T, D) at once: a head gets pieces of other tokens",
        section=6,
        hint="In the small case of section 6, which of the two results is yours?",
    ),
    mistake(
        "not_swapped",
        SPLIT,
        "return pieces",
        says="the axis of the heads stands after that of the tokens: (B, T, H, D)",
        section=6,
        hint="Compare the shape of your result with the docstring.",
    ),
    mistake(
        "interleaved",
        PIECES,
        "pieces = x.reshape(B, T, D, n_head).swapaxes(2, 3)",
        says="the channels are dealt out like cards: head 0 gets channels 0, H, 2H, … instead of "
        "the first D",
        section=6,
        hint="Print head 0 of the numbered channels. Which channels should be in it?",
    ),
    mistake(
        "heads_and_channels_confused",
        PIECES,
        "pieces = x.reshape(B, T, D, n_head)",
        says="there are D heads of n_head channels instead of n_head heads of D channels",
        section=6,
        hint="Compare the shape of your result with the docstring, axis by axis.",
    ),
    mistake(
        "tokens_last",
        SPLIT,
        "return pieces.swapaxes(1, 2).swapaxes(2, 3)",
        says="the last two axes are exchanged: (B, H, D, T)",
        section=6,
        hint="Compare the shape of your result with the docstring, axis by axis.",
    ),
    mistake(
        "heads_first",
        SPLIT,
        "return pieces.swapaxes(1, 2).swapaxes(0, 1)",
        says="the axis of the heads stands in front of that of the texts: (H, B, T, D)",
        section=6,
        hint="Which axis should be the first one?",
    ),
    mistake(
        "swapped_before_the_cut",
        PIECES,
        "pieces = x.swapaxes(1, 2).reshape(B, n_head, T, D)",
        SPLIT,
        "return pieces",
        says="the axes are exchanged before the reshape instead of after it",
        section=6,
        hint="A reshape reads the numbers row by row. Which D numbers should stay side by side?",
    ),
    mistake(
        "from_the_back",
        SPLIT,
        "return pieces.swapaxes(1, 2)[:, ::-1]",
        says="the heads are in the opposite order: head 0 has the last D channels",
        section=6,
        hint="Print head 0 of the numbered channels. Which channels should be in it?",
    ),
    mistake(
        "channels_reversed",
        SPLIT,
        "return pieces.swapaxes(1, 2)[..., ::-1]",
        says="the channels inside of a head are in the opposite order",
        section=6,
        hint="Print head 0 of the numbered channels. In which order should they stand?",
    ),
    mistake(
        "tokens_reversed",
        SPLIT,
        "return pieces.swapaxes(1, 2)[:, :, ::-1]",
        says="the tokens are in the opposite order",
        section=6,
        hint="Print head 0 of the numbered channels. Which token should stand first?",
    ),
    mistake(
        "read_as_channels_first",
        PIECES,
        "pieces = x.reshape(B, n_head, D, T)",
        SPLIT,
        "return pieces.swapaxes(2, 3)",
        says="x is read as (B, H, D, T) at once and then swapped: a head gets pieces of other "
        "tokens",
        section=6,
        hint="A reshape reads the numbers row by row. What are the rows of x?",
    ),
    mistake(
        "channels_first_at_once",
        PIECES,
        "pieces = x.reshape(B, n_head, D, T)",
        SPLIT,
        "return pieces",
        says="x is read as (B, H, D, T) at once",
        section=6,
        hint="Compare the shape of your result with the docstring, axis by axis.",
    ),
    mistake(
        "heads_into_the_batch",
        SPLIT,
        "return pieces.swapaxes(1, 2).reshape(B * n_head, T, D)",
        says="texts and heads share one axis: (B H, T, D)",
        section=6,
        hint="How many axes should the result have?",
    ),
    mistake(
        "heads_as_tokens",
        SPLIT,
        "return pieces.swapaxes(1, 2).reshape(B, n_head * T, D)",
        says="the heads are put one after the other as if they were more tokens: (B, H T, D)",
        section=6,
        hint="How many axes should the result have?",
    ),
    mistake(
        "small_tokens",
        SPLIT,
        "return pieces.reshape(B, T * n_head, D)",
        says="each token becomes H small tokens: (B, T H, D)",
        section=6,
        hint="How many axes should the result have?",
    ),
    mistake(
        "nothing_done",
        SPLIT,
        "return x.copy()",
        says="x comes back as it is: it is not cut",
        section=6,
        hint="How many axes should the result have?",
    ),
    mistake(
        "first_head_only",
        SPLIT,
        "return pieces.swapaxes(1, 2)[:, 0]",
        says="there is only the first head: (B, T, D)",
        section=6,
        hint="Where are all the other channels?",
    ),
    mistake(
        "first_head_everywhere",
        SPLIT,
        "return pieces[:, :, :1].repeat(n_head, axis=2).swapaxes(1, 2)",
        says="every head gets the channels of head 0",
        section=6,
        hint="Print head 1 of the numbered channels. Which channels should be in it?",
    ),
    mistake(
        "all_channels_for_each_head",
        SPLIT,
        "return x[:, None].repeat(n_head, axis=1)",
        says="every head gets all C channels instead of its own D",
        section=6,
        hint="How long should the last axis be?",
    ),
)


def merge_cases(rng) -> list[Case]:
    """What split_heads makes of numbered channels; random ones; many small heads."""

    def case(name, x):
        B, H, T, D = x.shape
        marks = {"result": {"the channels of head 0": np.zeros((B, T, H * D), bool)}}
        marks["result"]["the channels of head 0"][..., :D] = True
        return Case(name, (x,), sizes=heads_sizes(B, H, T, D), marks=marks)

    channels = numbered(2, 5, 12).reshape(2, 5, 3, 4).swapaxes(1, 2).copy()
    return [
        case("numbered channels", channels),
        case("random numbers", rng.standard_normal((3, 2, 4, 5))),
        case("many small heads", rng.standard_normal((4, 7, 3, 2))),
    ]


TOKENS = "tokens = x.swapaxes(1, 2)"
MERGE = "return tokens.reshape(B, T, H * D)"

MERGE_MISTAKES = (
    mistake(
        "reshaped_at_once",
        TOKENS,
        "tokens = x",
        says="the swap is missing: x is reshaped as it is, which mixes tokens",
        section=6,
        hint="Merge the heads of one token by hand. Do its numbers lie side by side in x?",
    ),
    mistake(
        "interleaved",
        MERGE,
        "return tokens.swapaxes(2, 3).reshape(B, T, H * D)",
        says="the channels of the heads alternate instead of standing head by head",
        section=6,
        hint="Which channels of the result should come from head 0?",
    ),
    mistake(
        "heads_as_tokens",
        TOKENS,
        "tokens = x",
        MERGE,
        "return tokens.reshape(B, H * T, D)",
        says="the heads are put one after the other as if they were more tokens: (B, H T, D)",
        section=6,
        hint="How many tokens and how many channels should the result have?",
    ),
    mistake(
        "not_merged",
        MERGE,
        "return tokens",
        says="the heads are not merged: the result is (B, T, H, D)",
        section=6,
        hint="Which two axes should become one?",
    ),
    mistake(
        "added_up",
        MERGE,
        "return tokens.sum(axis=2)",
        says="the heads are added up instead of put side by side",
        section=6,
        hint="How many channels should a token have, D or H * D?",
    ),
    mistake(
        "wrong_swap",
        TOKENS,
        "tokens = x.swapaxes(2, 3)",
        says="the wrong two axes are exchanged before the reshape: those of T and D",
        section=6,
        hint="Before the reshape, which two axes must stand last?",
    ),
    mistake(
        "channels_first",
        TOKENS,
        "tokens = x.swapaxes(2, 3)",
        MERGE,
        "return tokens.reshape(B, H * D, T)",
        says="the channels stand in front of the tokens: (B, C, T)",
        section=6,
        hint="Compare the shape of your result with the docstring.",
    ),
    mistake(
        "from_the_back",
        TOKENS,
        "tokens = x[:, ::-1].swapaxes(1, 2)",
        says="the heads stand side by side in the opposite order, the last one first",
        section=6,
        hint="Which channels of the result should come from head 0?",
    ),
    mistake(
        "channels_reversed",
        TOKENS,
        "tokens = x[..., ::-1].swapaxes(1, 2)",
        says="the channels of each head are in the opposite order",
        section=6,
        hint="Merge the heads of one token by hand. In which order do its channels come?",
    ),
    mistake(
        "tokens_reversed",
        TOKENS,
        "tokens = x[:, :, ::-1].swapaxes(1, 2)",
        says="the tokens are in the opposite order",
        section=6,
        hint="Which token should stand first?",
    ),
    mistake(
        "averaged",
        MERGE,
        "return tokens.mean(axis=2)",
        says="the heads are averaged instead of put side by side",
        section=6,
        hint="How many channels should a token have, D or H * D?",
    ),
    mistake(
        "sums_side_by_side",
        MERGE,
        "total = tokens.sum(axis=2, keepdims=True).repeat(H, axis=2)\n"
        "    return total.reshape(B, T, H * D)",
        says="the heads are added up, and their sum stands in the result H times",
        section=6,
        hint="Which channels of the result should come from head 0 alone?",
    ),
    mistake(
        "first_head_only",
        MERGE,
        "return tokens[:, :, 0]",
        says="only the first head is there: (B, T, D)",
        section=6,
        hint="How many channels should a token have, D or H * D?",
    ),
    mistake(
        "first_head_everywhere",
        MERGE,
        "return tokens[:, :, :1].repeat(H, axis=2).reshape(B, T, H * D)",
        says="the first head stands in the result H times",
        section=6,
        hint="Which channels of the result should come from head 1?",
    ),
    mistake(
        "texts_for_tokens",
        TOKENS,
        "tokens = x.swapaxes(0, 1)",
        says="the wrong two axes are exchanged before the reshape: those of B and H",
        section=6,
        hint="Before the reshape, which two axes must stand last?",
    ),
    mistake(
        "channels_for_heads",
        TOKENS,
        "tokens = x.swapaxes(1, 3)",
        says="the wrong two axes are exchanged before the reshape: those of H and D",
        section=6,
        hint="Before the reshape, which two axes must stand last?",
    ),
    mistake(
        "tokens_last",
        TOKENS,
        "tokens = x.transpose(0, 3, 1, 2)",
        says="the axes are brought into the order (B, D, H, T) before the reshape",
        section=6,
        hint="Before the reshape, which two axes must stand last?",
    ),
    mistake(
        "nothing_done",
        MERGE,
        "return x.copy()",
        says="x comes back as it is: nothing is merged",
        section=6,
        hint="How many axes should the result have?",
    ),
    mistake(
        "texts_merged_too",
        MERGE,
        "return tokens.reshape(B * T, H * D)",
        says="the texts are merged as well: (B T, C)",
        section=6,
        hint="How many axes should the result have?",
    ),
    mistake(
        "heads_before_tokens",
        TOKENS,
        "tokens = x",
        MERGE,
        "return tokens.reshape(B, H * D, T)",
        says="x is reshaped to (B, C, T) as it is",
        section=6,
        hint="Compare the shape of your result with the docstring.",
    ),
)
