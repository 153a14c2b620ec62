"""Lesson 13, attention_step: attention with a cache, the cases and the known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
    """Several sizes, no past, one head, scores where exp overflows."""
    normal = rng.standard_normal

    def case(name, B, t, H, D, scale=1.0, exact=True):
        C = H * D
        c_attn = {"weight": scale * normal((C, 3 * C)) / np.sqrt(C), "bias": normal(3 * C)}
        c_proj = {"weight": normal((C, C)) / np.sqrt(C), "bias": normal(C)}
        past = scale * normal((B, H, t, D)), normal((B, H, t, D))
        params = {"c_attn": c_attn, "c_proj": c_proj}
        sizes = {"B": B, "t": t or 0.5, "H": H, "D": D, "C": C}
        return Case(name, (normal((B, C)), *past), params, {"n_head": H}, sizes, exact=exact)

    return [
        case("plain numbers", 2, 4, 3, 5),
        case("other sizes", 3, 5, 2, 4),
        case("no past yet", 2, 0, 3, 4),
        case("a single head", 4, 3, 1, 5),
        case("large scores", 2, 3, 4, 3, scale=60.0, exact=False),
    ]


PARTS = "q, k, v = xp.split(qkv, 3, axis=-1)"
Q, K, V = (f"{x} = {x}.reshape(B, n_head, 1, D)" for x in "qkv")
KEYS = "keys = xp.concatenate([keys, k], axis=2)"
VALUES = "values = xp.concatenate([values, v], axis=2)"
SCORES = "scores = q @ keys.swapaxes(-1, -2) / math.sqrt(D)"
WEIGHTS = "weights, _ = softmax(scores)"
HEADS = "heads = (weights @ values).reshape(B, C)"
PROJECTED = "y, _ = linear(heads, **c_proj)"
QKV = "qkv, _ = linear(x, **c_attn)"


def interleaved(name: str) -> str:
    return f"{name} = {name}.reshape(B, D, n_head).swapaxes(1, 2).reshape(B, n_head, 1, D)"


MISTAKES = (
    mistake(
        "no_scale",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2)",
        says="the scores are not divided by sqrt(D)",
        section=7,
        hint="Compare your scores with the formula of section 7, factor by factor.",
    ),
    mistake(
        "scale_without_root",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2) / D",
        says="the scores are divided by D instead of sqrt(D)",
        section=7,
        hint="Compare your scores with the formula of section 7, factor by factor.",
    ),
    mistake(
        "scale_of_all_channels",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2) / math.sqrt(C)",
        says="the scores are divided by sqrt(C), C of all heads together, instead of sqrt(D)",
        section=7,
        hint="How many numbers are there in one query of one head?",
    ),
    mistake(
        "scale_multiplied",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2) * math.sqrt(D)",
        says="the scores are multiplied by sqrt(D)",
        section=7,
        hint="Compare your scores with the formula of section 7, factor by factor.",
    ),
    mistake(
        "query_and_key_swapped",
        PARTS,
        "k, q, v = xp.split(qkv, 3, axis=-1)",
        says="the new query and the new key have changed places",
        section=7,
        hint="In which order do query, key and value come out of c_attn? The docstring tells.",
    ),
    mistake(
        "key_and_value_swapped",
        PARTS,
        "q, v, k = xp.split(qkv, 3, axis=-1)",
        says="the new key and the new value have changed places",
        section=7,
        hint="In which order do query, key and value come out of c_attn? The docstring tells.",
    ),
    mistake(
        "query_and_value_swapped",
        PARTS,
        "v, k, q = xp.split(qkv, 3, axis=-1)",
        says="the new query and the new value have changed places",
        section=7,
        hint="In which order do query, key and value come out of c_attn? The docstring tells.",
    ),
    mistake(
        "split_by_heads",
        PARTS,
        "parts = qkv.reshape(B, n_head, 3, D)\n"
        "    q, k, v = parts[:, :, 0], parts[:, :, 1], parts[:, :, 2]",
        says="query, key and value are taken head by head, as if those of one head lay together",
        section=7,
        hint="Where do the first C of the 3 C numbers go? The docstring tells.",
    ),
    mistake(
        "heads_interleaved",
        Q,
        interleaved("q"),
        K,
        interleaved("k"),
        V,
        interleaved("v"),
        says="the heads take turns: each head gets every H-th number instead of D neighbours",
        section=7,
        hint="Which numbers belong to the first head? Print np.arange(6).reshape(2, 3).",
    ),
    mistake(
        "new_ones_in_front",
        KEYS,
        "keys = xp.concatenate([k, keys], axis=2)",
        VALUES,
        "values = xp.concatenate([v, values], axis=2)",
        says="the new key and value are put in front of those of the past",
        section=7,
        hint="Attention does not mind the order, but who reads the cache later does.",
    ),
    mistake(
        "past_forgotten",
        KEYS,
        "keys = k * 1",
        VALUES,
        "values = v * 1",
        says="the past is thrown away: only the new key and value are left",
        section=7,
        hint="Print the shape of your keys before and after. The third number should grow by 1.",
    ),
    mistake(
        "key_as_value",
        VALUES,
        "values = xp.concatenate([values, k], axis=2)",
        says="the new key is put behind the values",
        section=7,
        hint="Read the line that makes the values longer once more.",
    ),
    mistake(
        "value_as_key",
        KEYS,
        "keys = xp.concatenate([keys, v], axis=2)",
        says="the new value is put behind the keys",
        section=7,
        hint="Read the line that makes the keys longer once more.",
    ),
    mistake(
        "key_asks",
        SCORES,
        "scores = k @ keys.swapaxes(-1, -2) / math.sqrt(D)",
        says="the scores are made with the new key instead of the query",
        section=7,
        hint="Who asks, and who is asked? Where is q used in your function?",
    ),
    mistake(
        "values_asked",
        SCORES,
        "scores = q @ values.swapaxes(-1, -2) / math.sqrt(D)",
        says="the scores are made with the values instead of the keys",
        section=7,
        hint="Where are the keys used in your function?",
    ),
    mistake(
        "keys_mixed",
        HEADS,
        "heads = (weights @ keys).reshape(B, C)",
        says="the keys are mixed by the weights instead of the values",
        section=7,
        hint="Where are the values used in your function?",
    ),
    mistake(
        "blind_to_itself",
        WEIGHTS,
        "scores = xp.concatenate([scores[..., :-1], scores[..., -1:] - math.inf], axis=-1)\n"
        f"    {WEIGHTS}",
        says="the new position does not look at itself",
        section=7,
        hint="Position t looks at positions up to t. Is t itself one of them?",
    ),
    mistake(
        "triangle_of_one_row",
        WEIGHTS,
        "scores = xp.concatenate([scores[..., :1], scores[..., 1:] - math.inf], axis=-1)\n"
        f"    {WEIGHTS}",
        says="only the first position is looked at, as with a triangle mask of a single row",
        section=7,
        hint="Print np.tril(np.ones((1, 4))). Does a new position need a mask?",
    ),
    mistake(
        "no_softmax",
        WEIGHTS,
        "weights = scores * 1",
        says="the scores themselves are the weights: the softmax is missing",
        section=7,
        hint="Add up the weights of one head. What should they sum to?",
    ),
    mistake(
        "softmax_over_heads",
        WEIGHTS,
        "weights = softmax(scores.swapaxes(1, -1))[0].swapaxes(1, -1)",
        says="the softmax runs over the heads instead of the positions",
        section=7,
        hint="Add up the weights of one head. What should they sum to?",
    ),
    mistake(
        "overflow",
        WEIGHTS,
        "weights = xp.exp(scores)\n    weights = weights / weights.sum(axis=-1, keepdims=True)",
        says="exp overflows for large scores",
        section=7,
        hint="Lesson 07 subtracts the largest score first. You may also call minigpt's softmax.",
    ),
    mistake(
        "heads_joined_interleaved",
        HEADS,
        "heads = (weights @ values).swapaxes(1, -1).reshape(B, C)",
        says="the heads' outputs are joined number by number instead of head by head",
        section=7,
        hint="Which numbers of the (B, C) array come from the first head?",
    ),
    mistake(
        "not_projected",
        PROJECTED,
        "y = heads * 1",
        says="the last layer, c_proj, is missing",
        section=7,
        hint="Where is c_proj used in your function?",
    ),
    mistake(
        "projected_without_bias",
        PROJECTED,
        'y = heads @ c_proj["weight"]',
        says="the bias of c_proj is not added",
        section=7,
        hint="What does a linear layer do besides the matrix product?",
    ),
    mistake(
        "no_bias_at_the_start",
        QKV,
        'qkv = x @ c_attn["weight"]',
        says="the bias of c_attn is not added",
        section=7,
        hint="What does a linear layer do besides the matrix product?",
    ),
    mistake(
        "no_bias_at_all",
        QKV,
        'qkv = x @ c_attn["weight"]',
        PROJECTED,
        'y = heads @ c_proj["weight"]',
        says="the biases of c_attn and c_proj are not added",
        section=7,
        hint="What does a linear layer do besides the matrix product?",
    ),
    mistake(
        "residual_added",
        PROJECTED,
        f"{PROJECTED}\n    y = y + x",
        says="x is added to the output; that is the task of the block, not of attention",
        section=7,
        hint="Where does the docstring add x?",
    ),
)
