"""A zoo of wrong backwards: the mistakes that people make, and mistakes that were published.

Each stands for one part of the GPT, with sizes at which its shapes still fit, so that only the
numbers (or the manners) give it away. `tells` is what the report must name: a tensor's path, or
words of the breach.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace

import numpy as np

from minigpt import layers
from minigpt.layers.gelu import SQRT_2_OVER_PI
from minigpt.model import GPTConfig, block, block_backward, draw_dropout, gpt, gpt_backward
from minigpt.tree import nest

rng = np.random.default_rng(21)
normal = rng.standard_normal


@dataclass
class Part:
    forward: Callable
    backward: Callable
    inputs: list
    params: dict = field(default_factory=dict)


@dataclass
class Wrong:
    part: str
    name: str
    backward: Callable
    tells: str


def affine(C_in, C_out):
    return {"weight": normal((C_in, C_out)), "bias": normal(C_out)}


def left_padding(B, T):
    mask = np.ones((B, 1, 1, T), dtype=bool)
    mask[0, ..., :2] = False  # two queries of the first sequence may look nowhere
    return mask


B, T, H, C = 2, 5, 3, 6
CONFIG = GPTConfig(vocab_size=11, block_size=7, n_layer=2, n_head=H, n_embd=C, dropout=0.3)
GPT_PARAMS = nest({name: normal(shape) for name, shape in CONFIG.shapes().items()})
IDS = np.array([[3, 0, 3, 3, 6], [6, 9, 1, 3, 0]])
MASKS = draw_dropout(CONFIG, (B, T), rng, normal(2))
TARGETS = np.array([[4, -100, 0, 4], [2, 6, -100, 1], [4, 3, 5, -100]])

PARTS = {
    # C_in == C_out: a transposed gradient has the right shape
    "linear": Part(layers.linear, layers.linear_backward, [normal((2, 3, 4))], affine(4, 4)),
    "embedding": Part(
        layers.embedding, layers.embedding_backward, [IDS], {"weight": normal((11, 4))}
    ),
    "unembedding": Part(  # V == C, for the same reason
        layers.unembedding, layers.unembedding_backward, [normal((2, 3, 4))],
        {"weight": normal((4, 4))},
    ),  # fmt: skip
    "layernorm": Part(
        layers.layernorm, layers.layernorm_backward, [normal((2, 3, 4))],
        {"weight": normal(4), "bias": normal(4)},
    ),  # fmt: skip
    "gelu": Part(layers.gelu, layers.gelu_backward, [normal((3, 7))]),
    "gelu_exact": Part(layers.gelu_exact, layers.gelu_exact_backward, [normal((3, 7))]),
    "softmax": Part(layers.softmax, layers.softmax_backward, [normal((2, 3, 5))]),
    "attention": Part(
        partial(
            layers.attention, n_head=H, mask=left_padding(B, T),
            dropout_mask=layers.dropout_mask(rng, (B, H, T, T), 0.3, normal(2)),
        ),
        layers.attention_backward, [normal((B, T, C))],
        {"c_attn": affine(C, 3 * C), "c_proj": affine(C, C)},
    ),  # fmt: skip
    "mlp": Part(
        layers.mlp, layers.mlp_backward, [normal((2, 3, 4))],
        {"c_fc": affine(4, 4), "c_proj": affine(4, 4)},
    ),  # fmt: skip
    "dropout": Part(
        partial(layers.dropout, mask=layers.dropout_mask(rng, (2, 3, 4), 0.4, normal(2))),
        layers.dropout_backward, [normal((2, 3, 4))],
    ),  # fmt: skip
    "cross_entropy": Part(
        partial(layers.cross_entropy, targets=TARGETS), layers.cross_entropy_backward,
        [normal((3, 4, 7))],
    ),  # fmt: skip
    "block": Part(
        partial(block, config=CONFIG, mask=left_padding(B, T), dropout=MASKS["h"]["0"]),
        block_backward, [normal((B, T, C))], GPT_PARAMS["h"]["0"],
    ),  # fmt: skip
    "gpt": Part(
        partial(gpt, config=CONFIG, mask=left_padding(B, T), dropout=MASKS), gpt_backward, [IDS],
        GPT_PARAMS,
    ),  # fmt: skip
}  # fmt: skip

ZOO: list[Wrong] = []


def wrong(part: str, tells: str):
    """Register a backward that is wrong about `tells`."""

    def register(backward):
        ZOO.append(Wrong(part, backward.__name__, backward, tells))
        return backward

    return register


def changed(part: str, tells: str, name: str, change: Callable):
    """Register the right backward with its result changed: `change(dx, grads, dy, cache)`."""

    def backward(dy, cache):
        dx, grads = PARTS[part].backward(dy, cache)
        return change(dx, grads, dy, cache)

    ZOO.append(Wrong(part, name, backward, tells))


# --- what can go wrong with any of them -----------------------------------------------------------

for part in PARTS:
    if part not in ("embedding", "gpt"):  # integers have no gradient
        changed(part, "x ", "only_the_first_of_the_batch",
                lambda dx, g, dy, c: (np.concatenate([dx[:1], 0 * dx[1:]]), g))  # fmt: skip
        changed(part, "the gradient of x is float32, not float64", "wrong_dtype",
                lambda dx, g, dy, c: (dx.astype("float32"), g))  # fmt: skip
        changed(part, "there is no gradient for x", "no_dx", lambda dx, g, dy, c: (None, g))
    else:
        changed(part, "there is a gradient for x, which f did not take", "a_gradient_for_the_ids",
                lambda dx, g, dy, c: (np.zeros(IDS.shape), g))  # fmt: skip


# --- linear ---------------------------------------------------------------------------------------


@wrong("linear", "weight")
def weight_transposed(dy, cache):
    dx, grads = layers.linear_backward(dy, cache)
    return dx, {**grads, "weight": grads["weight"].T}


@wrong("linear", "x ")
def weight_not_transposed_for_dx(dy, cache):
    _, grads = layers.linear_backward(dy, cache)
    return dy @ cache[1], grads


@wrong("linear", "the gradient of bias has shape (3, 4), not (4,)")
def bias_summed_over_the_batch_only(dy, cache):
    dx, grads = layers.linear_backward(dy, cache)
    return dx, {**grads, "bias": dy.sum(axis=0)}


@wrong("linear", "bias")
def bias_summed_over_the_wrong_axis(dy, cache):
    dx, grads = layers.linear_backward(dy, cache)
    return dx, {**grads, "bias": dx.reshape(-1, 4).sum(axis=0)}


@wrong("linear", "bias")
def bias_a_mean_instead_of_a_sum(dy, cache):
    dx, grads = layers.linear_backward(dy, cache)
    return dx, {**grads, "bias": dy.reshape(-1, 4).mean(axis=0)}


@wrong("linear", "there is no gradient for bias")
def bias_forgotten(dy, cache):
    dx, grads = layers.linear_backward(dy, cache)
    return dx, {"weight": grads["weight"]}


@wrong("linear", "the backward wrote into dy")
def dy_reused_for_dx(dy, cache):
    dx, grads = layers.linear_backward(dy, cache)
    dy[...] = dx
    return dy, grads


@wrong("linear", "an input or a parameter was written to")
def weight_updated_on_the_way(dy, cache):
    dx, grads = layers.linear_backward(dy, cache)
    weight = cache[1]
    weight -= 0.1 * grads["weight"]
    return dx, grads


@wrong("linear", "a second run of the backward gives other numbers")
def gradients_added_to_the_last_ones(dy, cache, total=[0.0]):  # noqa: B006
    dx, grads = layers.linear_backward(dy, cache)
    total[0] = total[0] + grads["weight"]
    return dx, {**grads, "weight": total[0]}


# --- embedding and unembedding --------------------------------------------------------------------


@wrong("embedding", "weight")
def repeated_tokens_dropped(dy, cache):
    ids, weight = cache
    dweight = np.zeros_like(weight)
    dweight[ids] += dy
    return None, {"weight": dweight}


@wrong("embedding", "weight")
def mean_over_the_places_of_a_token(dy, cache):
    ids, weight = cache
    counts = np.bincount(ids.ravel(), minlength=len(weight)).clip(1)
    _, grads = layers.embedding_backward(dy, cache)
    return None, {"weight": grads["weight"] / counts[:, None]}


@wrong("embedding", "weight")
def only_the_first_sequence(dy, cache):
    ids, weight = cache
    return layers.embedding_backward(dy[0], (ids[0], weight))


@wrong("embedding", "the gradient of weight has shape (2, 5, 4), not (11, 4)")
def dy_itself(dy, cache):
    return None, {"weight": dy.copy()}


@wrong("unembedding", "weight")
def head_transposed(dy, cache):
    dx, grads = layers.unembedding_backward(dy, cache)
    return dx, {"weight": grads["weight"].T}


@wrong("unembedding", "x ")
def head_weight_transposed_for_dx(dy, cache):
    _, grads = layers.unembedding_backward(dy, cache)
    return dy @ cache[1].T, grads


@wrong("unembedding", "weight")
def head_only_the_last_position(dy, cache):
    x, weight = cache
    dx, _ = layers.unembedding_backward(dy, cache)
    return dx, {"weight": dy[:, -1].T @ x[:, -1]}


# --- layernorm ------------------------------------------------------------------------------------


def layernorm_terms(dy, cache):
    normalised, rstd, weight, _ = cache
    dn = dy * weight
    mean = dn.mean(axis=-1, keepdims=True)
    along = normalised * (dn * normalised).mean(axis=-1, keepdims=True)
    return dn, mean, along, rstd, layers.layernorm_backward(dy, cache)[1]


@wrong("layernorm", "x ")
def the_mean_a_constant(dy, cache):
    dn, _, along, rstd, grads = layernorm_terms(dy, cache)
    return rstd * (dn - along), grads


@wrong("layernorm", "x ")
def the_variance_a_constant(dy, cache):
    dn, mean, _, rstd, grads = layernorm_terms(dy, cache)
    return rstd * (dn - mean), grads


@wrong("layernorm", "x ")
def not_divided_by_the_deviation(dy, cache):
    dn, mean, along, _, grads = layernorm_terms(dy, cache)
    return dn - mean - along, grads


@wrong("layernorm", "x ")
def the_scale_forgotten(dy, cache):
    normalised, rstd, weight, bias = cache
    dx, _ = layers.layernorm_backward(dy, (normalised, rstd, np.ones_like(weight), bias))
    return dx, layers.layernorm_backward(dy, cache)[1]


@wrong("layernorm", "bias")
def weight_and_bias_swapped(dy, cache):
    dx, grads = layers.layernorm_backward(dy, cache)
    return dx, {"weight": grads["bias"], "bias": grads["weight"]}


@wrong("layernorm", "the backward wrote into the cache")
def the_cache_overwritten(dy, cache):
    result = layers.layernorm_backward(dy, cache)
    normalised = cache[0]
    normalised *= dy
    return result


# --- gelu -----------------------------------------------------------------------------------------


@wrong("gelu", "x ")
def the_inner_derivative_forgotten(dy, cache):
    x, tanh = cache
    return dy * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh)), {}


@wrong("gelu", "x ")
def the_cubic_term_forgotten(dy, cache):
    x, tanh = cache
    return dy * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * SQRT_2_OVER_PI), {}


@wrong("gelu", "x ")
def the_product_rule_forgotten(dy, cache):
    _, tanh = cache
    return dy * 0.5 * (1 + tanh), {}


@wrong("gelu", "x ")
def the_exact_form_instead(dy, cache):
    return layers.gelu_exact_backward(dy, layers.gelu_exact(cache[0])[1])


@wrong("gelu_exact", "x ")
def the_tanh_form_instead(dy, cache):
    return layers.gelu_backward(dy, layers.gelu(cache[0])[1])


@wrong("gelu_exact", "x ")
def the_bell_not_normalised(dy, cache):
    x, cdf = cache
    return dy * (cdf + x * np.exp(-0.5 * x * x)), {}


@wrong("gelu_exact", "x ")
def the_bell_of_another_width(dy, cache):
    x, cdf = cache
    return dy * (cdf + x * np.exp(-x * x) / math.sqrt(2 * math.pi)), {}


@wrong("gelu_exact", "x ")
def the_cdf_only(dy, cache):
    return dy * cache[1], {}


# --- softmax --------------------------------------------------------------------------------------


@wrong("softmax", "x ")
def zero_which_ones_upstream_would_accept(dy, y):
    return np.zeros_like(y), {}


@wrong("softmax", "x ")
def the_diagonal_only(dy, y):
    return dy * y * (1 - y), {}


@wrong("softmax", "x ")
def summed_over_the_wrong_axis(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True)), {}


@wrong("softmax", "x ")
def the_other_sign(dy, y):
    return -layers.softmax_backward(dy, y)[0], {}


@wrong("softmax", "the backward wrote into the cache")
def in_place(dy, y):
    dx, _ = layers.softmax_backward(dy, y)
    y[...] = dx
    return dx, {}


# --- attention ------------------------------------------------------------------------------------


def attention_with(product_backward):
    """The attention's backward with another one for the scaled dot product."""

    def backward(dy, cache):
        _, n_head, qkv_cache, heads_cache, proj_cache = cache
        dmerged, dc_proj = layers.linear_backward(dy, proj_cache)
        dqkv = product_backward(layers.split_heads(dmerged, n_head), heads_cache)
        dqkv = np.concatenate([layers.merge_heads(d) for d in dqkv], axis=-1)
        dx, dc_attn = layers.linear_backward(dqkv, qkv_cache)
        return dx, {"c_attn": dc_attn, "c_proj": dc_proj}

    return backward


def dot_product_backward(dy, cache, *, softmax=layers.softmax_backward, scaled=True, dropped=True,
                         masked=True, k_transposed=True):  # fmt: skip
    _, q, k, v, mask, softmax_cache, dropout_mask, kept = cache
    dweights = dy @ v.swapaxes(-1, -2)
    dv = kept.swapaxes(-1, -2) @ dy
    if dropped:
        dweights = dweights * dropout_mask
    dscores, _ = softmax(dweights, softmax_cache)
    if masked:
        dscores = np.where(mask, dscores, 0)
    if scaled:
        dscores = dscores / math.sqrt(q.shape[-1])
    return dscores @ k, (dscores.swapaxes(-1, -2) if k_transposed else dscores) @ q, dv


def diagonal(dy, y):
    """The softmax taken for a function of each element by itself."""
    return dy * y * (1 - y), {}


ATTENTIONS = {
    "not_scaled": {"scaled": False},
    "mask_forgotten": {"masked": False},  # shows in queries that may look nowhere
    "dropout_forgotten": {"dropped": False},
    "dk_not_transposed": {"k_transposed": False},
    "softmax_without_its_sum": {"softmax": diagonal},
    "softmax_passed_over": {"softmax": lambda dy, y: (dy, {})},
}
for name, options in ATTENTIONS.items():
    backward = attention_with(partial(dot_product_backward, **options))
    ZOO.append(Wrong("attention", name, backward, "c_attn.weight"))


def swapped(dy, cache):
    dq, dk, dv = dot_product_backward(dy, cache)
    return dk, dq, dv


def values_only(dy, cache):
    dq, dk, dv = dot_product_backward(dy, cache)
    return 0 * dq, 0 * dk, dv


def dropout_forgotten_in_dv(dy, cache):
    dq, dk, _ = dot_product_backward(dy, cache)
    return dq, dk, cache[5].swapaxes(-1, -2) @ dy  # weights, where kept was used


for product in (swapped, values_only, dropout_forgotten_in_dv):
    ZOO.append(Wrong("attention", product.__name__, attention_with(product), "c_attn.bias"))


@wrong("attention", "c_attn.weight")
def heads_not_split_but_reshaped(dy, cache):
    _, n_head, qkv_cache, heads_cache, proj_cache = cache
    dmerged, dc_proj = layers.linear_backward(dy, proj_cache)
    dheads = dmerged.reshape(B, n_head, T, C // n_head)
    dqkv = dot_product_backward(dheads, heads_cache)
    dqkv = np.concatenate([layers.merge_heads(d) for d in dqkv], axis=-1)
    dx, dc_attn = layers.linear_backward(dqkv, qkv_cache)
    return dx, {"c_attn": dc_attn, "c_proj": dc_proj}


# --- mlp, dropout ---------------------------------------------------------------------------------


@wrong("mlp", "c_fc.weight")
def the_activation_passed_over(dy, cache):
    _, _, fc_cache, _, proj_cache = cache
    dactive, dc_proj = layers.linear_backward(dy, proj_cache)
    dx, dc_fc = layers.linear_backward(dactive, fc_cache)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}


@wrong("mlp", "c_fc.bias")
def the_other_activation(dy, cache):
    parts, _, fc_cache, (hidden, _), proj_cache = cache
    other = layers.gelu_exact(hidden)[1]
    return layers.mlp_backward(dy, (parts, "gelu_exact", fc_cache, other, proj_cache))


changed("mlp", "c_proj.weight", "the_two_layers_swapped",
        lambda dx, g, dy, c: (dx, {"c_fc": g["c_proj"], "c_proj": g["c_fc"]}))  # fmt: skip
changed("mlp", "there is no gradient for c_proj.bias", "one_bias_forgotten",
        lambda dx, g, dy, c: (dx, {**g, "c_proj": {"weight": g["c_proj"]["weight"]}}))  # fmt: skip


@wrong("dropout", "x ")
def nothing_dropped(dy, mask):
    return dy.copy(), {}


@wrong("dropout", "x ")
def not_scaled_up(dy, mask):
    return dy * (mask > 0), {}


@wrong("dropout", "x ")
def a_new_mask(dy, mask):
    return dy * np.roll(mask, 1), {}


@wrong("dropout", "the backward wrote into dy")
def dy_multiplied_in_place(dy, mask):
    dy *= mask
    return dy, {}


# --- cross_entropy --------------------------------------------------------------------------------

changed("cross_entropy", "x ", "not_divided_by_the_count",
        lambda dx, g, dy, cache: (dx * cache[-1], g))  # fmt: skip
changed("cross_entropy", "x ", "divided_by_all_positions",
        lambda dx, g, dy, cache: (dx * cache[-1] / TARGETS.size, g))  # fmt: skip
changed("cross_entropy", "x ", "dloss_forgotten", lambda dx, g, dy, cache: (dx / dy, g))


@wrong("cross_entropy", "x ")
def the_one_forgotten(dloss, cache):
    shape, exp, total, rows, targets, counted, count = cache
    return (exp / total[:, None] * counted[:, None] / count * dloss).reshape(shape), {}


@wrong("cross_entropy", "x ")
def ignored_positions_count(dloss, cache):
    shape, exp, total, rows, targets, counted, count = cache
    dlogits = exp / total[:, None]
    dlogits[rows, targets] -= 1
    return (dlogits * (dloss / count)).reshape(shape), {}


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
    return gpt_backward(dlogits, with_layers(cache, embedding_backward=repeated_tokens_dropped))


@wrong("gpt", "wpe.weight")
def positions_a_mean_over_the_batch(dlogits, cache):
    _, grads = gpt_backward(dlogits, cache)
    return None, {**grads, "wpe": {"weight": grads["wpe"]["weight"] / B}}


@wrong("gpt", "wpe.weight")
def first_dropout_forgotten(dlogits, cache):
    return gpt_backward(dlogits, with_layers(cache, dropout_backward=nothing_dropped))


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

    return gpt_backward(dlogits, with_layers(cache, layernorm_backward=passed))


@wrong("gpt", "there is a gradient for lm_head.weight, which f did not take")
def head_as_if_untied(dlogits, cache):
    table, (undo_block, _, same_positions), *caches = cache
    return gpt_backward(dlogits, (table, (undo_block, False, same_positions), *caches))
