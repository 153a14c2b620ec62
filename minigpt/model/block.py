"""One block of the GPT: attention, then an MLP, each added to the stream that passes by."""

import minigpt.layers

NO_DROPOUT = {"weights": None, "attn": None, "mlp": None}
# The config's name of an activation: the function's name.
ACTIVATIONS = {"gelu_new": "gelu", "gelu": "gelu_exact", "relu": "relu"}


def block(
    x,
    ln_1,
    attn,
    ln_2,
    mlp,
    *,
    config,
    mask=None,
    window=None,
    dropout=NO_DROPOUT,
    layers=minigpt.layers,
):
    """The pre-norm block of GPT-2 (Radford et al., 2019, section 2.3).

        x = x + attention(layernorm(x))
        x = x + mlp(layernorm(x))

    Args:
        x: (B, T, C), the residual stream.
        ln_1, attn, ln_2, mlp: the parameters of the four parts.
        config: a `GPTConfig`.
        mask: boolean, broadcasts to (B, H, T, T), or None: see `attention`.
        window: how many places a query sees, or None for all: see `attention`.
        dropout: masks for the attention "weights" and for what "attn" and "mlp" add to the stream.
        layers: the table of functions to use.

    Returns:
        x (B, T, C), and the cache.
    """
    eps = config.layer_norm_epsilon
    normed, ln_1_cache = layers.layernorm(x, **ln_1, eps=eps)
    added, attn_cache = _attention(normed, attn, config, mask, window, dropout, layers)
    added, drop_1_cache = forget(layers, added, dropout["attn"])
    x = x + added

    normed, ln_2_cache = layers.layernorm(x, **ln_2, eps=eps)
    added, mlp_cache = _mlp(normed, mlp, config, layers)
    added, drop_2_cache = forget(layers, added, dropout["mlp"])
    x = x + added
    return x, (layers, ln_1_cache, attn_cache, drop_1_cache, ln_2_cache, mlp_cache, drop_2_cache)


def block_backward(dx, cache):
    """Undo the block from its last line to its first.

    An addition hands the same gradient to both of its branches; where x was used twice, the two
    gradients add up: `dx = dx + (what came back through the branch)`.
    """
    layers, ln_1_cache, attn_cache, drop_1_cache, ln_2_cache, mlp_cache, drop_2_cache = cache

    dadded = forget_backward(layers, dx, drop_2_cache)  # x = x + dropout(added)
    dnormed, dmlp = layers.mlp_backward(dadded, mlp_cache)
    dbranch, dln_2 = layers.layernorm_backward(dnormed, ln_2_cache)
    dx = dx + dbranch

    dadded = forget_backward(layers, dx, drop_1_cache)  # x = x + dropout(added)
    dnormed, dattn = layers.attention_backward(dadded, attn_cache)
    dbranch, dln_1 = layers.layernorm_backward(dnormed, ln_1_cache)
    dx = dx + dbranch
    return dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


def post_norm_block(
    x,
    ln_1,
    attn,
    ln_2,
    mlp,
    *,
    config,
    mask=None,
    window=None,
    dropout=NO_DROPOUT,
    layers=minigpt.layers,
):
    """The post-norm block of GPT-1 (Radford et al., 2018) and of Vaswani et al. (2017).

        x = layernorm(x + attention(x))
        x = layernorm(x + mlp(x))

    The norm stands in the stream itself, so no gradient passes by it unchanged: deep stacks of
    these need a warm-up, and GPT-2 moved the norm into the branches. Arguments as for `block`.
    """
    eps = config.layer_norm_epsilon
    added, attn_cache = _attention(x, attn, config, mask, window, dropout, layers)
    added, drop_1_cache = forget(layers, added, dropout["attn"])
    x, ln_1_cache = layers.layernorm(x + added, **ln_1, eps=eps)

    added, mlp_cache = _mlp(x, mlp, config, layers)
    added, drop_2_cache = forget(layers, added, dropout["mlp"])
    x, ln_2_cache = layers.layernorm(x + added, **ln_2, eps=eps)
    return x, (layers, ln_1_cache, attn_cache, drop_1_cache, ln_2_cache, mlp_cache, drop_2_cache)


def post_norm_block_backward(dx, cache):
    """Undo the post-norm block: first the norm, then both branches of the addition before it."""
    layers, ln_1_cache, attn_cache, drop_1_cache, ln_2_cache, mlp_cache, drop_2_cache = cache

    dsum, dln_2 = layers.layernorm_backward(dx, ln_2_cache)  # x = layernorm(x + dropout(added))
    dadded = forget_backward(layers, dsum, drop_2_cache)
    dbranch, dmlp = layers.mlp_backward(dadded, mlp_cache)
    dx = dsum + dbranch

    dsum, dln_1 = layers.layernorm_backward(dx, ln_1_cache)  # x = layernorm(x + dropout(added))
    dadded = forget_backward(layers, dsum, drop_1_cache)
    dbranch, dattn = layers.attention_backward(dadded, attn_cache)
    dx = dsum + dbranch
    return dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}


def recomputed(run_block, undo_block):
    """A block and its backward that remember nothing but the block's input.

    The backward runs the forward once more: a third more work, and the memory of one block instead
    of all (Chen et al., "Training deep nets with sublinear memory cost", 2016).
    """

    def run(x, **options):
        return run_block(x, **options)[0], (x, options)

    def undo(dx, cache):
        x, options = cache
        return undo_block(dx, run_block(x, **options)[1])

    return run, undo


def forget(layers, x, mask):
    """Dropout where there is a mask; without one x itself passes on, and the cache is None."""
    return (x, None) if mask is None else layers.dropout(x, mask)


def forget_backward(layers, dx, cache):
    """Undo `forget`."""
    return dx if cache is None else layers.dropout_backward(dx, cache)[0]


def _attention(x, attn, config, mask, window, dropout, layers):
    banded = {} if window is None else {"window": window}  # a student's need not know of it
    return layers.attention(
        x,
        **attn,
        n_head=config.n_head,
        mask=mask,
        dropout_mask=dropout["weights"],
        parts=layers,
        **banded,
    )


def _mlp(x, mlp, config, layers):
    return layers.mlp(x, **mlp, activation=ACTIVATIONS[config.activation], parts=layers)
