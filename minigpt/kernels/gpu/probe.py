"""Whether a fast function does on this GPU what the clear one does: both are run on small arrays.

A case is given a table of functions and returns all arrays that it computed with it.
"""

from __future__ import annotations

import numpy as np

from minigpt.backend import get_array_module, to_host
from minigpt.kernels.gpu.dropout import HashedMask, dropout
from minigpt.tree import FlatTree, items

N, C = 256, 64  # rows, as many as a product in bf16 needs, and columns


def why_not(xp, name: str, fast, clear, tolerance: float) -> str | None:
    """None if two tables do the same, else a sentence that says what is wrong with the fast one.

    Args:
        name: of the case.
        tolerance: how far numbers may be apart, as a share of the largest one in their array.
    """
    wanted = [to_host(array) for array in CASES[name](xp, clear)]
    try:
        found = [to_host(array) for array in CASES[name](xp, fast)]
    except Exception as error:  # the compiler, the driver, cuBLAS: each has its own types
        return f"{name} fails with {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    assert len(found) == len(wanted), name
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        difference = np.abs(a - b).max() / max(np.abs(b).max(), 1e-30)
        if a.dtype != b.dtype or a.shape != b.shape or not difference <= tolerance:
            return (
                f"{name} differs from the clear one: result {number} by {difference:.1g} of its "
                f"largest number, where {tolerance:g} is allowed"
            )
    return None


def _arrays(xp, *shapes, seed: int = 0) -> list:
    rng = np.random.default_rng(seed)
    return [xp.asarray(rng.standard_normal(shape, dtype=np.float32)) for shape in shapes]


def _both(forward, backward, x, *, seed: int = 1, **arguments) -> list:
    """y, dx and all gradients of a pair of functions."""
    y, cache = forward(x, **arguments)
    (dy,) = _arrays(get_array_module(y), y.shape, seed=seed)
    dx, grads = backward(dy, cache)
    return [y, dx, *(grad for _, grad in items(grads))]


def _linear(xp, f) -> list:
    x, weight, bias = _arrays(xp, (N, C), (C, 24), (24,))
    with_bias = _both(f.linear, f.linear_backward, x, weight=weight, bias=bias)
    return with_bias + _both(f.linear, f.linear_backward, x, weight=weight)


def _gelu(xp, f) -> list:
    (x,) = _arrays(xp, (9, 33))
    return _both(f.gelu, f.gelu_backward, 3 * x)


def _mlp(xp, f) -> list:
    x, *rest = _arrays(xp, (N, C), (C, 72), (72,), (72, C), (C,))
    c_fc, c_proj = ({"weight": rest[i], "bias": rest[i + 1]} for i in (0, 2))
    return _both(f.mlp, f.mlp_backward, x, c_fc=c_fc, c_proj=c_proj, parts=f)


def _layernorm(xp, f) -> list:
    x, weight, bias = _arrays(xp, (70, C), (C,), (C,))
    return _both(f.layernorm, f.layernorm_backward, 2 * x + 1, weight=weight, bias=bias)


def _attention(xp, f) -> list:
    x, *rest = _arrays(xp, (2, N // 2, C), (C, 3 * C), (3 * C,), (C, C), (C,))
    rest = [0.2 * array for array in rest]
    c_attn, c_proj = ({"weight": rest[i], "bias": rest[i + 1]} for i in (0, 2))
    options = {"c_attn": c_attn, "c_proj": c_proj, "n_head": 1, "parts": f}
    mask = _mask(f, (2, 1, N // 2, N // 2), x)
    dropped = _both(f.attention, f.attention_backward, x, dropout_mask=mask, **options)
    return dropped + _both(f.attention, f.attention_backward, x, **options)


def _embedding(xp, f) -> list:
    weight, dy, total = _arrays(xp, (300, C), (N, C), (300, C))  # too many for one-hot rows
    ids = xp.asarray(np.random.default_rng(2).zipf(1.3, N) % 300)  # some of them often
    f.add_rows(total, ids, dy)
    return [total, f.embedding_backward(dy, (ids, weight))[1]["weight"]]


def _unembedding(xp, f) -> list:
    x, weight = _arrays(xp, (N, C), (70, C))
    return _both(f.unembedding, f.unembedding_backward, x, weight=weight)


def _head_loss(xp, f) -> list:
    x, weight, total = _arrays(xp, (N, C), (70, C), (70, C))
    targets = np.random.default_rng(3).integers(0, 70, N)
    targets[::7] = -100
    given = x, weight, xp.asarray(targets)
    loss, cache = f.head_loss(*given, parts=f)
    dx, grads = f.head_loss_backward(0.5, cache)
    other_dx, add = f.head_loss_adding(cache)
    add(total)
    return [loss, dx, grads["weight"], other_dx, total, f.loss_only(*given, count=50, parts=f)]


def _dropout(xp, f) -> list:
    (x,) = _arrays(xp, (9, 33))
    return _both(f.dropout, f.dropout_backward, x, mask=_mask(f, x.shape, x))


def _mask(f, shape, like):
    """The same mask for both tables: hashed where there is the function for it, else an array."""
    mask = HashedMask(7, shape, 0.3)
    return mask if f.dropout is dropout else mask.array(get_array_module(like), like.dtype)


def _adamw(xp, f) -> list:
    weight, bias, *rest = _arrays(xp, (40, 10), (11,), (40, 10), (11,), 411, 411)
    params = FlatTree({"weight": weight, "bias": bias})
    grads = FlatTree({"weight": rest[0], "bias": rest[1]})
    m, v, norm = rest[2], rest[3] * rest[3], f.global_norm(grads.buffer)
    for t, length in ((1, norm), (2, norm + np.nan)):
        options = {"t": t, "lr": 1e-2, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}
        f.adamw_step(params, grads, m, v, norm=length, clip=1.0, **options)
    return [norm, params.buffer, m, v]


CASES = {
    **{"linear": _linear, "gelu": _gelu, "mlp": _mlp, "layernorm": _layernorm},
    **{"attention": _attention, "embedding": _embedding, "unembedding": _unembedding},
    **{"head_loss": _head_loss, "dropout": _dropout, "adamw": _adamw},
}
