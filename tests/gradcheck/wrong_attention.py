"""Wrong backwards of attention, published ones among them."""

import math
from functools import partial

import numpy as np
from zoo import ZOO, B, C, T, Wrong, wrong

from minigpt import layers

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
