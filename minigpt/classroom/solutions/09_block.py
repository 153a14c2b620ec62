"""Lesson 09: the block. Write the functions, then run `minigpt check 09`.

Use `layers.layernorm`, `layers.attention` and `layers.mlp`, and their backwards. They work for
NumPy and CuPy, so nothing here needs to know where the arrays live.
"""

from minigpt import layers


def residual(x, weight):
    """Add what a branch makes of x to x. Here the branch is one matrix.

        y = x + x @ weight

    Args:
        x: (..., C).
        weight: (C, C).

    Returns:
        y of the shape of x, a new array, and the cache: whatever your backward needs.
    """
    branch = x @ weight
    y = x + branch
    return y, (x, weight)


def residual_backward(dy, cache):
    """From the gradient of y to those of x and weight.

    An addition hands the same gradient to both sides. What is used twice gets the sum of two
    gradients. dy belongs to the caller: only read it.

    Args:
        dy: (..., C).
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and {"weight": (C, C)}.
    """
    x, weight = cache
    C = weight.shape[0]
    dbranch = dy @ weight.T
    dx = dy + dbranch
    dweight = x.reshape(-1, C).T @ dy.reshape(-1, C)
    return dx, {"weight": dweight}


def block(x, ln_1, attn, ln_2, mlp, n_head):
    """One block of a GPT, pre-norm: two branches, each added to the stream that passes by.

        x = x + attention(layernorm(x, ln_1), attn)
        x = x + mlp(layernorm(x, ln_2), mlp)

    The second line starts from the x that the first one has made. What the caller gave as x stays
    as it is.

    Args:
        x: (B, T, C).
        ln_1, ln_2: {"weight": (C,), "bias": (C,)}, for `layers.layernorm(x, **ln_1)`.
        attn: {"c_attn": {...}, "c_proj": {...}}, for `layers.attention(x, **attn, n_head=n_head)`.
        mlp: {"c_fc": {...}, "c_proj": {...}}, for `layers.mlp(x, **mlp)`.
        n_head: the number of heads, a divisor of C.

    Returns:
        x of shape (B, T, C) behind the block, and the cache: the caches of the four parts.
    """
    normed_1, ln_1_cache = layers.layernorm(x, **ln_1)
    added_1, attn_cache = layers.attention(normed_1, **attn, n_head=n_head)
    x = x + added_1
    normed_2, ln_2_cache = layers.layernorm(x, **ln_2)
    added_2, mlp_cache = layers.mlp(normed_2, **mlp)
    x = x + added_2
    return x, (ln_1_cache, attn_cache, ln_2_cache, mlp_cache)


def block_backward(dx, cache):
    """From the gradient behind the block to the one in front of it, the last line first.

    Each `x = x + branch` needs three steps: back through the branch's last part, back through its
    layer norm, and the sum of the two gradients.

    Args:
        dx: (B, T, C), the gradient of what the forward returned; it is only read.
        cache: what the forward returned.

    Returns:
        dx (B, T, C), and {"ln_1": {...}, "attn": {...}, "ln_2": {...}, "mlp": {...}}, each with the
        keys of the parameters that the forward took.
    """
    ln_1_cache, attn_cache, ln_2_cache, mlp_cache = cache
    dnormed_2, dmlp = layers.mlp_backward(dx, mlp_cache)
    dbranch_2, dln_2 = layers.layernorm_backward(dnormed_2, ln_2_cache)
    dx = dx + dbranch_2
    dnormed_1, dattn = layers.attention_backward(dx, attn_cache)
    dbranch_1, dln_1 = layers.layernorm_backward(dnormed_1, ln_1_cache)
    dx = dx + dbranch_1
    return dx, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}
