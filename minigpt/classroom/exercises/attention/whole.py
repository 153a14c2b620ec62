"""Lesson 07, the whole attention: its cases and its known mistakes."""

from minigpt.classroom.exercise import Case, mistake
from minigpt.classroom.exercises.attention.heads import heads_sizes


def attention_cases(rng) -> list[Case]:
    """Several heads, larger heads, a single head, and a single token."""
    normal = rng.standard_normal

    def case(name, B, T, H, D):
        C = H * D
        params = {
            "c_attn": {"weight": 1.5 * normal((C, 3 * C)) / C**0.5, "bias": normal(3 * C)},
            "c_proj": {"weight": normal((C, C)) / C**0.5, "bias": normal(C)},
        }
        sizes = heads_sizes(B, H, T, D) | {"N": B * T}
        return Case(name, (normal((B, T, C)),), params, {"n_head": H}, sizes)

    return [
        case("plain numbers", 2, 5, 3, 4),
        case("two larger heads", 4, 3, 2, 6),
        case("one head", 2, 4, 1, 5),
        case("texts of one token", 2, 1, 3, 4),
    ]


CAUSAL = "causal = xp.tri(x.shape[1], dtype=bool)"
THREE = "q, k, v = xp.split(qkv, 3, axis=-1)"
SPLIT_Q = "q = split_heads(q, n_head)"
SPLIT_K = "k = split_heads(k, n_head)"
SPLIT_V = "v = split_heads(v, n_head)"
HEADS = "heads, heads_cache = scaled_dot_product(q, k, v, causal)"
MERGED = "merged = merge_heads(heads)"
LINEAR_IN = "qkv, attn_cache = linear(x, **c_attn)"
LINEAR_OUT = "y, proj_cache = linear(merged, **c_proj)"
DHEADS = "dheads = split_heads(dmerged, n_head)"
AT_ONCE = ".reshape(x.shape[0], n_head, x.shape[1], -1)"
DEALT = ".reshape(*x.shape[:2], -1, n_head).transpose(0, 3, 1, 2)"  # heads get every H-th channel

FORWARD = (
    mistake(
        "no_mask",
        CAUSAL,
        "causal = xp.ones((x.shape[1], x.shape[1]), dtype=bool)",
        says="there is no mask: each place sees all later ones",
        section=2,
        hint="Change the last token of x. May y change at the first place?",
    ),
    mistake(
        "one_place_too_far",
        CAUSAL,
        "causal = xp.tri(x.shape[1], k=1, dtype=bool)",
        says="the mask is one place too far: each place sees the next one",
        section=2,
        hint="Print your mask for T = 3. What may the first place see?",
    ),
    mistake(
        "not_itself",
        CAUSAL,
        "causal = xp.tri(x.shape[1], k=-1, dtype=bool)",
        says="the mask forbids a place to look at itself",
        section=2,
        hint="Print your mask for T = 3. What may the first place see?",
    ),
    mistake(
        "into_the_future",
        CAUSAL,
        "causal = xp.tri(x.shape[1], dtype=bool).T",
        says="the mask is transposed: a place sees itself and the later ones, not the earlier ones",
        section=2,
        hint="Rows of the mask are queries. Which triangle is True for earlier keys?",
    ),
    mistake(
        "one_head",
        SPLIT_Q,
        "q = split_heads(q, 1)",
        SPLIT_K,
        "k = split_heads(k, 1)",
        SPLIT_V,
        "v = split_heads(v, 1)",
        DHEADS,
        "dheads = split_heads(dmerged, 1)",
        says="there is one head with all channels, whatever n_head is",
        section=6,
        hint="How many softmaxes should each place have? How many has it in your function?",
    ),
    mistake(
        "scaled_by_all_channels",
        HEADS,
        "heads, heads_cache = scaled_dot_product(q / math.sqrt(n_head), k, v, causal)",
        says="the scores are divided by sqrt(C), where it should be sqrt(D) of one head",
        section=3,
        hint="How many products are added up in one score of one head?",
    ),
    mistake(
        "q_and_k_exchanged",
        THREE,
        "k, q, v = xp.split(qkv, 3, axis=-1)",
        says="queries and keys have changed places: c_attn gives q first, then k, then v",
        section=6,
        hint="In which order do q, k and v stand in the 3C numbers of a place?",
    ),
    mistake(
        "k_and_v_exchanged",
        THREE,
        "q, v, k = xp.split(qkv, 3, axis=-1)",
        says="keys and values have changed places: c_attn gives q first, then k, then v",
        section=6,
        hint="In which order do q, k and v stand in the 3C numbers of a place?",
    ),
    mistake(
        "cut_into_heads_first",
        THREE,
        "q, k, v = xp.split(split_heads(qkv, n_head), 3, axis=-1)",
        SPLIT_Q,
        "",
        SPLIT_K,
        "",
        SPLIT_V,
        "",
        says="the 3C numbers of a place are cut into heads first, and then into q, k and v",
        section=6,
        hint="First all queries, then all keys, then all values: which cut has to come first?",
    ),
    mistake(
        "heads_without_swap",
        SPLIT_Q,
        "q = q" + AT_ONCE,
        SPLIT_K,
        "k = k" + AT_ONCE,
        SPLIT_V,
        "v = v" + AT_ONCE,
        says="q, k and v are reshaped to (B, H, T, D) at once: a head gets pieces of other tokens",
        section=6,
        hint="Which two ways to cut does section 6 compare? Which one is yours?",
    ),
    mistake(
        "merged_without_swap",
        MERGED,
        "merged = heads.reshape(x.shape)",
        says="the heads are merged by a reshape alone, which mixes the tokens",
        section=6,
        hint="Who notices a change of the last token? Section 6 has a function that tells.",
    ),
    mistake(
        "no_projection",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    y = merged",
        says="c_proj is not applied at the end",
        section=6,
        hint="Which of the parameters does your y depend on? Try a c_proj of zeros.",
    ),
    mistake(
        "bias_of_c_proj_forgotten",
        LINEAR_OUT,
        'y, proj_cache = linear(merged, **c_proj)\n    y = y - c_proj["bias"]',
        says="the bias of c_proj is not added",
        section=6,
        hint="What is y for a c_proj whose weight is all zeros?",
    ),
    mistake(
        "bias_of_c_attn_forgotten",
        LINEAR_IN,
        'qkv, attn_cache = linear(x, **c_attn)\n    qkv = qkv - c_attn["bias"]',
        says="the bias of c_attn is not added",
        section=6,
        hint="What are q, k and v for an x of all zeros?",
    ),
    mistake(
        "x_added",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    y = y + x",
        says="x is added to y; that is the matter of the block (lesson 09), not of attention",
        section=6,
        hint="What should y be when all parameters are 0?",
    ),
    mistake(
        "only_the_future",
        CAUSAL,
        "causal = ~xp.tri(x.shape[1], dtype=bool)",
        says="the mask is turned round: a place sees only the later ones",
        section=2,
        hint="Print your mask for T = 3. What may the last place see?",
    ),
    mistake(
        "only_itself",
        CAUSAL,
        "causal = xp.eye(x.shape[1], dtype=bool)",
        says="each place gets only its own value: it does not look at any other place",
        section=2,
        hint="Print your mask for T = 3. What may the last place see?",
    ),
    mistake(
        "window_of_two",
        CAUSAL,
        "causal = xp.tri(x.shape[1], dtype=bool) & ~xp.tri(x.shape[1], k=-2, dtype=bool)",
        says="each place sees only itself and the one before it",
        section=2,
        hint="Print your mask for T = 5. What may the last place see?",
    ),
    mistake(
        "two_places_too_far",
        CAUSAL,
        "causal = xp.tri(x.shape[1], k=2, dtype=bool)",
        says="the mask is two places too far: each place sees the next two",
        section=2,
        hint="Print your mask for T = 3. What may the first place see?",
    ),
    mistake(
        "not_scaled",
        HEADS,
        "heads, heads_cache = scaled_dot_product(q * math.sqrt(q.shape[-1]), k, v, causal)",
        says="the scores are not divided by sqrt(D)",
        section=3,
        hint="Compare the size of your scores for D = 4 and D = 400.",
    ),
    mistake(
        "scaled_twice",
        HEADS,
        "heads, heads_cache = scaled_dot_product(q / math.sqrt(q.shape[-1]), k, v, causal)",
        says="the scores are divided by D instead of sqrt(D)",
        section=3,
        hint="How often are your scores divided? Look at scaled_dot_product too.",
    ),
    mistake(
        "root_of_T",
        HEADS,
        "heads, heads_cache = scaled_dot_product("
        "q * math.sqrt(q.shape[-1] / q.shape[-2]), k, v, causal)",
        says="the scores are divided by sqrt(T), where it should be sqrt(D)",
        section=3,
        hint="How many products are added up in one score of one head?",
    ),
    mistake(
        "root_of_H",
        HEADS,
        "heads, heads_cache = scaled_dot_product("
        "q * math.sqrt(q.shape[-1] / n_head), k, v, causal)",
        says="the scores are divided by sqrt(H), where it should be sqrt(D)",
        section=3,
        hint="How many products are added up in one score of one head?",
    ),
    mistake(
        "heads_and_sizes_confused",
        SPLIT_Q,
        "q = split_heads(q, q.shape[-1] // n_head)",
        SPLIT_K,
        "k = split_heads(k, k.shape[-1] // n_head)",
        SPLIT_V,
        "v = split_heads(v, v.shape[-1] // n_head)",
        DHEADS,
        "dheads = split_heads(dmerged, dmerged.shape[-1] // n_head)",
        says="n_head is taken for the size of a head: there are D heads of H channels",
        section=6,
        hint="Print the shape of q behind split_heads. Which axis should be n_head long?",
    ),
    mistake(
        "order_v_k_q",
        THREE,
        "v, k, q = xp.split(qkv, 3, axis=-1)",
        says="the three are taken as v, k, q; c_attn gives q first, then k, then v",
        section=6,
        hint="In which order do q, k and v stand in the 3C numbers of a place?",
    ),
    mistake(
        "order_k_v_q",
        THREE,
        "k, v, q = xp.split(qkv, 3, axis=-1)",
        says="the three are taken as k, v, q; c_attn gives q first, then k, then v",
        section=6,
        hint="In which order do q, k and v stand in the 3C numbers of a place?",
    ),
    mistake(
        "order_v_q_k",
        THREE,
        "v, q, k = xp.split(qkv, 3, axis=-1)",
        says="the three are taken as v, q, k; c_attn gives q first, then k, then v",
        section=6,
        hint="In which order do q, k and v stand in the 3C numbers of a place?",
    ),
    mistake(
        "dealt_out_in_threes",
        THREE,
        "q, k, v = qkv[..., 0::3], qkv[..., 1::3], qkv[..., 2::3]",
        says="the 3C numbers are dealt out in turn: q gets 0, 3, 6, … instead of the first C",
        section=6,
        hint="First all queries, then all keys, then all values. Which numbers are the queries?",
    ),
    mistake(
        "cut_across_the_tokens",
        THREE,
        "q, k, v = qkv.reshape(x.shape[0], 3, *x.shape[1:]).swapaxes(0, 1)",
        says="the numbers of a text are reshaped to (3, T, C), which mixes its tokens",
        section=6,
        hint="Each place has a query, a key and a value of its own: which axis has to be cut?",
    ),
    mistake(
        "cut_across_the_texts",
        THREE,
        "q, k, v = qkv.reshape(3, *x.shape)",
        says="all numbers are reshaped to (3, B, T, C), which mixes tokens and texts",
        section=6,
        hint="Each place has a query, a key and a value of its own: which axis has to be cut?",
    ),
    mistake(
        "keys_are_queries",
        THREE,
        "q, k, v = xp.split(qkv, 3, axis=-1)\n    k = q",
        says="the queries are used as keys too: the second third of c_attn is not used",
        section=6,
        hint="Change the keys' third of c_attn. Does y change?",
    ),
    mistake(
        "values_are_keys",
        THREE,
        "q, k, v = xp.split(qkv, 3, axis=-1)\n    v = k",
        says="the keys are used as values too: the last third of c_attn is not used",
        section=6,
        hint="Change the values' third of c_attn. Does y change?",
    ),
    mistake(
        "values_are_x",
        THREE,
        "q, k, v = xp.split(qkv, 3, axis=-1)\n    v = x",
        says="x itself is averaged instead of the values that c_attn makes of it",
        section=6,
        hint="Change the values' third of c_attn. Does y change?",
    ),
    mistake(
        "heads_dealt_out",
        SPLIT_Q,
        "q = q" + DEALT,
        SPLIT_K,
        "k = k" + DEALT,
        SPLIT_V,
        "v = v" + DEALT,
        says="head h gets every H-th channel of q, k and v instead of D channels side by side",
        section=6,
        hint="Print head 0 for numbered channels. Which ones should be in it?",
    ),
    mistake(
        "heads_dealt_out_and_back",
        SPLIT_Q,
        "q = q" + DEALT,
        SPLIT_K,
        "k = k" + DEALT,
        SPLIT_V,
        "v = v" + DEALT,
        MERGED,
        "merged = heads.transpose(0, 2, 3, 1).reshape(x.shape)",
        says="head h gets every H-th channel instead of D channels side by side, and they are "
        "merged in the same way",
        section=6,
        hint="Print head 0 for numbered channels. Which ones should be in it?",
    ),
    mistake(
        "merged_in_turn",
        MERGED,
        "merged = heads.transpose(0, 2, 3, 1).reshape(x.shape)",
        says="the heads are merged in turn, a channel of each, instead of side by side",
        section=6,
        hint="merge_heads undoes split_heads. Which channels of merged come from head 0?",
    ),
    mistake(
        "merged_from_the_back",
        MERGED,
        "merged = merge_heads(heads[:, ::-1])",
        says="the heads are merged in the opposite order",
        section=6,
        hint="Which channels of merged should come from head 0?",
    ),
    mistake(
        "only_q_without_swap",
        SPLIT_Q,
        "q = q" + AT_ONCE,
        says="q is reshaped to (B, H, T, D) at once, which mixes its tokens",
        section=6,
        hint="Which two ways to cut does section 6 compare? Which one does q take?",
    ),
    mistake(
        "only_k_without_swap",
        SPLIT_K,
        "k = k" + AT_ONCE,
        says="k is reshaped to (B, H, T, D) at once, which mixes its tokens",
        section=6,
        hint="Which two ways to cut does section 6 compare? Which one does k take?",
    ),
    mistake(
        "only_v_without_swap",
        SPLIT_V,
        "v = v" + AT_ONCE,
        says="v is reshaped to (B, H, T, D) at once, which mixes its tokens",
        section=6,
        hint="Which two ways to cut does section 6 compare? Which one does v take?",
    ),
    mistake(
        "c_proj_transposed",
        LINEAR_OUT,
        'y, proj_cache = linear(merged, c_proj["weight"].T, c_proj["bias"])',
        says="the weight of c_proj is transposed",
        section=6,
        hint="A square matrix hides it. How does lesson 05 multiply x and weight?",
    ),
    mistake(
        "merged_added",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    y = y + merged",
        says="what the heads have found is added to y once more",
        section=6,
        hint="What should y be when all parameters of c_proj are 0?",
    ),
    mistake(
        "scaled_output",
        LINEAR_OUT,
        "y, proj_cache = linear(merged / math.sqrt(n_head), **c_proj)",
        says="what the heads have found is divided by sqrt(H) in front of c_proj",
        section=6,
        hint="Which numbers does the docstring divide, and by what?",
    ),
    mistake(
        "averaged_heads",
        LINEAR_OUT,
        "y, proj_cache = linear(merged / n_head, **c_proj)",
        says="what the heads have found is divided by H in front of c_proj",
        section=6,
        hint="Are the heads averaged, or put side by side?",
    ),
    mistake(
        "hidden_by_zero",
        HEADS,
        HEADS + "\n    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])"
        "\n    heads = softmax(scores * causal)[0] @ v",
        says="hidden scores become 0, and exp(0) is 1: what is hidden still gets a weight",
        section=2,
        hint="Which number must stand before exp so that 0 comes out behind it?",
    ),
    mistake(
        "mask_too_late",
        HEADS,
        HEADS + "\n    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])"
        "\n    heads = (softmax(scores)[0] * causal) @ v",
        says="the mask comes after the softmax: the hidden scores still stand in its sum",
        section=2,
        hint="What does each row of your weights add up to?",
    ),
    mistake(
        "not_low_enough",
        HEADS,
        HEADS + "\n    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])"
        "\n    heads = softmax(xp.where(causal, scores, -10.0))[0] @ v",
        says="hidden scores are replaced by -10, which still gets a small weight",
        section=2,
        hint="How large is exp of the number that you put in? What should be left of it?",
    ),
    mistake(
        "softmax_over_the_queries",
        HEADS,
        HEADS + "\n    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])"
        "\n    scores = xp.where(causal, scores, xp.finfo(scores.dtype).min)"
        "\n    heads = softmax(scores.swapaxes(-1, -2))[0].swapaxes(-1, -2) @ v",
        says="the softmax runs over the queries instead of the keys: the columns of the weights "
        "add up to 1",
        section=2,
        hint="One query shares out its attention. Which numbers of the weights must add up to 1?",
    ),
)
