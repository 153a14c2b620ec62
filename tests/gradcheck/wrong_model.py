"""Wrong backwards of the block, in both orders of its norms, and of the GPT."""

from types import SimpleNamespace

from wrong_layers import nothing_dropped, repeated_tokens_dropped
from zoo import B, wrong

from minigpt import layers
from minigpt.model import block_backward, gpt_backward, post_norm_block_backward

# --- block ----------------------------------------------------------------------------------------


def with_layers(cache, **functions):
    """A block's or GPT's cache with some backwards of its table of functions replaced."""
    return (SimpleNamespace(**{**vars(cache[0]), **functions}), *cache[1:])


def block_halves(dx, cache, first=1.0, second=1.0):
    """The block's backward, where a share of 0 or 1 of the stream passes each half by."""
    table, ln_1, attn, drop_1, ln_2, mlp, drop_2 = cache
    dnormed, dmlp = table.mlp_backward(table.dropout_backward(dx, drop_2)[0], mlp)
    dbranch, dln_2 = table.layernorm_backward(dnormed, ln_2)
    dx = second * dx + dbranch
    dnormed, dattn = table.attention_backward(table.dropout_backward(dx, drop_1)[0], attn)
    dbranch, dln_1 = table.layernorm_backward(dnormed, ln_1)
    return first * dx + dbranch, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


@wrong("block", "x ")
def first_residual_forgotten(dx, cache):
    return block_halves(dx, cache, first=0.0)


@wrong("block", "attn.c_proj.weight")
def second_residual_forgotten(dx, cache):
    return block_halves(dx, cache, second=0.0)


@wrong("block", "mlp.c_fc.bias")
def both_dropouts_forgotten(dx, cache):
    return block_backward(dx, with_layers(cache, dropout_backward=nothing_dropped))


@wrong("block", "ln_1.weight")
def two_norms_swapped(dx, cache):
    dx, grads = block_backward(dx, cache)
    return dx, {**grads, "ln_1": grads["ln_2"], "ln_2": grads["ln_1"]}


@wrong("block", "ln_1.bias")
def norms_passed_over(dx, cache):
    def passed(dy, cache):
        return dy.copy(), layers.layernorm_backward(dy, cache)[1]

    return block_backward(dx, with_layers(cache, layernorm_backward=passed))


@wrong("block", "the backward wrote into dy")
def the_stream_added_up_in_place(dx, cache):
    result, grads = block_backward(dx, cache)
    dx += result
    return result, grads


# --- gpt ------------------------------------------------------------------------------------------


def trunk_with(cache, **functions):
    """The GPT's cache with some backwards below its head replaced, but not within its blocks."""
    table, tied, trunk_cache, head_cache = cache
    return table, tied, with_layers(trunk_cache, **functions), head_cache


@wrong("gpt", "wte.weight")
def tied_weight_without_the_head(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    _, dhead = layers.unembedding_backward(dlogits, cache[-1])
    return None, {**grads, "wte": {"weight": grads["wte"]["weight"] - dhead["weight"]}}


@wrong("gpt", "wte.weight")
def tied_weight_without_the_embedding(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    _, dhead = layers.unembedding_backward(dlogits, cache[-1])
    return None, {**grads, "wte": dhead}


@wrong("gpt", "wte.weight")
def gpt_with_repeated_tokens_dropped(dlogits, cache):
    return gpt_backward(dlogits, trunk_with(cache, embedding_backward=repeated_tokens_dropped))


@wrong("gpt", "wpe.weight")
def positions_a_mean_over_the_batch(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    return None, {**grads, "wpe": {"weight": grads["wpe"]["weight"] / B}}


@wrong("gpt", "wpe.weight")
def first_dropout_forgotten(dlogits, cache):
    return gpt_backward(dlogits, trunk_with(cache, dropout_backward=nothing_dropped))


@wrong("gpt", "h.0.mlp.c_fc.weight")
def blocks_in_the_wrong_order(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    return None, {**grads, "h": {"0": grads["h"]["1"], "1": grads["h"]["0"]}}


@wrong("gpt", "there is no gradient for ln_f.bias")
def last_norm_forgotten(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    return None, {path: g for path, g in grads.items() if path != "ln_f"}


@wrong("gpt", "h.1.mlp.c_proj.weight")
def last_norm_passed_over(dlogits, cache):
    def passed(dy, cache):
        return dy.copy(), layers.layernorm_backward(dy, cache)[1]

    return gpt_backward(dlogits, trunk_with(cache, layernorm_backward=passed))


@wrong("gpt", "there is a gradient for lm_head.weight, which f did not take")
def head_as_if_untied(dlogits, cache):
    table, _, trunk_cache, head_cache = cache
    return gpt_backward(dlogits, (table, False, trunk_cache, head_cache))


# --- the post-norm block --------------------------------------------------------------------------


@wrong("post_norm_block", "x ")
def undone_as_if_pre_norm(dx, cache):
    return block_backward(dx, cache)


@wrong("post_norm_block", "x ")
def the_stream_does_not_pass_the_mlp(dx, cache):
    table, ln_1, attn, drop_1, ln_2, mlp, drop_2 = cache
    dsum, dln_2 = table.layernorm_backward(dx, ln_2)
    dx, dmlp = table.mlp_backward(table.dropout_backward(dsum, drop_2)[0], mlp)
    dsum, dln_1 = table.layernorm_backward(dx, ln_1)
    dbranch, dattn = table.attention_backward(table.dropout_backward(dsum, drop_1)[0], attn)
    return dsum + dbranch, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


@wrong("post_norm_block", "x ")
def the_stream_passes_the_norm_by(dx, cache):
    found, grads = post_norm_block_backward(dx, cache)
    return found + dx, grads


@wrong("post_norm_block", "attn.c_attn.weight")
def its_attention_dropout_forgotten(dx, cache):
    return post_norm_block_backward(dx, with_layers(cache, dropout_backward=nothing_dropped))
