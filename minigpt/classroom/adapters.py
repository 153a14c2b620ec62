"""From what a model calls to what a student writes: a student's pair, with the model's arguments.

The model gives more than the exercises ask for: masks for padding, dropout, a table of parts, no
biases. What a student's function can't do is refused in one sentence, before anything is trained.
"""

from __future__ import annotations

import minigpt.layers
from minigpt.backend import get_array_module
from minigpt.errors import UserError
from minigpt.layers import IGNORE


def as_it_is(forward, backward):
    """The pair itself: it has the arguments that the model gives."""
    return forward, backward


def _zeros(weight):
    return get_array_module(weight).zeros(weight.shape[-1], weight.dtype)


def _linear(forward, backward):
    """A model without biases gives none; the student's function gets zeros."""

    def linear(x, weight, bias=None):
        y, cache = forward(x, weight, _zeros(weight) if bias is None else bias)
        return y, (cache, bias is None)

    def linear_backward(dy, cache):
        cache, no_bias = cache
        dx, grads = backward(dy, cache)
        return dx, {"weight": grads["weight"]} if no_bias else grads

    return linear, linear_backward


def _layernorm(forward, backward):
    def layernorm(x, weight, bias=None, eps=1e-5):
        y, cache = forward(x, weight, _zeros(weight) if bias is None else bias, eps)
        return y, (cache, bias is None)

    def layernorm_backward(dy, cache):
        cache, no_bias = cache
        dx, grads = backward(dy, cache)
        return dx, {"weight": grads["weight"]} if no_bias else grads

    return layernorm, layernorm_backward


def _filled(part: dict) -> dict:
    return part if "bias" in part else {**part, "bias": _zeros(part["weight"])}


def _as_given(grads: dict, given: dict[str, dict]) -> dict:
    """The gradients of the parameters that there are."""
    return {name: {key: grads[name][key] for key in part} for name, part in given.items()}


def _scaled_dot_product(forward, backward):
    def scaled_dot_product(q, k, v, mask, dropout_mask=None, parts=None):
        if dropout_mask is not None:
            raise UserError("Your scaled_dot_product knows no dropout; train with --dropout 0.")
        return forward(q, k, v, mask)

    return scaled_dot_product, backward


def _attention(forward, backward):
    def attention(x, c_attn, c_proj, n_head, mask=None, dropout_mask=None, parts=None, window=None):
        if dropout_mask is not None:
            raise UserError("Your attention knows no dropout; train with --dropout 0.")
        if mask is not None or window is not None:  # padding or a band: another function's work
            return minigpt.layers.attention(
                x, c_attn, c_proj, n_head, mask, None, parts or minigpt.layers, window
            )
        y, cache = forward(x, _filled(c_attn), _filled(c_proj), n_head)
        return y, (cache, {"c_attn": c_attn, "c_proj": c_proj})

    def attention_backward(dy, cache):
        if len(cache) != 2:
            return minigpt.layers.attention_backward(dy, cache)
        dx, grads = backward(dy, cache[0])
        return dx, _as_given(grads, cache[1])

    return attention, attention_backward


def _mlp(forward, backward):
    def mlp(x, c_fc, c_proj, activation="gelu", parts=None):
        if activation != "gelu":
            raise UserError(f"Your mlp knows GELU only, and this model has {activation}.")
        y, cache = forward(x, _filled(c_fc), _filled(c_proj))
        return y, (cache, {"c_fc": c_fc, "c_proj": c_proj})

    def mlp_backward(dy, cache):
        dx, grads = backward(dy, cache[0])
        return dx, _as_given(grads, cache[1])

    return mlp, mlp_backward


def _cross_entropy(forward, backward):
    """A shard's mean is over its own places; its share of the batch's is asked for."""

    def cross_entropy(logits, targets, ignore_index=IGNORE, count=None):
        loss, cache = forward(logits, targets)
        share = 1.0
        if count is not None:
            share = max(1, int((targets != IGNORE).sum())) / float(count)
        loss = get_array_module(logits).asarray(loss, dtype=logits.dtype)
        return loss * logits.dtype.type(share), (cache, share, logits.dtype)

    def cross_entropy_backward(dloss, cache):
        cache, share, dtype = cache
        return backward(dtype.type(dloss * share), cache)

    return cross_entropy, cross_entropy_backward


def _block(forward, backward):
    def block(x, ln_1, attn, ln_2, mlp, *, config, mask=None, window=None, dropout=None,
              layers=None):  # fmt: skip
        if dropout and any(m is not None for m in dropout.values()):
            raise UserError("Your block knows no dropout; train with --dropout 0.")
        if mask is not None or window is not None or config.layer_norm_epsilon != 1e-5:
            raise UserError("Your block knows neither masks, windows nor another eps than 1e-5.")
        given = {"ln_1": ln_1, "attn": attn, "ln_2": ln_2, "mlp": mlp}
        x, cache = forward(x, **{k: _filled_all(v) for k, v in given.items()}, n_head=config.n_head)
        return x, (cache, given)

    def block_backward(dx, cache):
        dx, grads = backward(dx, cache[0])
        return dx, {name: _as_given(grads[name], part) if "weight" not in part else
                    {key: grads[name][key] for key in part}
                    for name, part in cache[1].items()}  # fmt: skip

    return block, block_backward


def _filled_all(part: dict) -> dict:
    if "weight" in part:
        return _filled(part)
    return {name: _filled(inner) for name, inner in part.items()}


ADAPTERS = {
    "linear": _linear,
    "layernorm": _layernorm,
    "scaled_dot_product": _scaled_dot_product,
    "attention": _attention,
    "mlp": _mlp,
    "cross_entropy": _cross_entropy,
    "block": _block,
}
