"""Wrong backwards of single layers."""

import math

import numpy as np
from zoo import TARGETS, changed, wrong

from minigpt import layers
from minigpt.layers.gelu import SQRT_2_OVER_PI

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


# --- relu -----------------------------------------------------------------------------------------


@wrong("relu", "x ")
def relu_lets_everything_pass(dy, cache):
    return dy.copy(), {}


@wrong("relu", "x ")
def relu_times_its_value(dy, cache):
    return dy * np.maximum(cache, 0), {}


@wrong("relu", "x ")
def relu_asks_for_the_sign_of_dy(dy, cache):
    return dy * (dy > 0), {}
