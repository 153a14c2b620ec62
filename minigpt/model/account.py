"""What a GPT costs, computed from its sizes alone: parameters, FLOPs and memory.

Nothing is allocated, and one block is counted for all, so the answer is as quick for GPT-3.
"""

from __future__ import annotations

import math

from minigpt.errors import UserError
from minigpt.kernels.attention import kept_scores
from minigpt.kernels.head_loss import keeps_logits
from minigpt.model.config import GPTConfig

PARTS = {  # of a parameter's name: what it belongs to
    "wte": "token_embedding",
    "wpe": "position_embedding",
    "attn": "attention",
    "mlp": "mlp",
    "ln_1": "layer_norms",
    "ln_2": "layer_norms",
    "ln_f": "layer_norms",
    "lm_head": "head",
}
TRAINED = 4  # numbers that training keeps for each parameter
GPU_PIECE = 256 << 20  # bytes of logits that a GPU computes at once


def parameters_by_part(config: GPTConfig) -> dict[str, int]:
    """Count the parameters of each part; the values add up to those of the whole model.

        attention: n_layer (4 C^2 + 4 C)      MLP: n_layer (8 C^2 + 5 C)      (C: biases)

    Returns:
        Numbers by "token_embedding", "position_embedding", "attention", "mlp", "layer_norms", and
        "head" where it has weights of its own. A tied head is the token embedding, counted once.
    """
    found = dict.fromkeys(PARTS.values(), 0)
    for name, shape in config.replace(n_layer=1).shapes().items():
        in_block = name.startswith("h.0.")
        part = PARTS[name.removeprefix("h.0.").split(".")[0]]
        found[part] += math.prod(shape) * (config.n_layer if in_block else 1)
    if config.tie_weights:
        del found["head"]
    return found


def flops_per_token(config: GPTConfig, T: int | None = None) -> dict[str, float]:
    """Count the floating-point operations for one token, the mean over a sequence of T.

        linear_layers   = 2 * 12 C^2 * n_layer            c_attn, c_proj; c_fc, c_proj
        attention_pairs = 4 C * keys, added over blocks   q . k and weight * v, 2 C each
        head            = 2 C V                           a tied head multiplies as well
        forward         = their sum                       training = 3 forward

    A product with a matrix costs 2 a weight: one multiplication, one addition. `keys` is the mean
    number of places that a query sees: (T + 1) / 2 in a dense block, the mean of min(t, window)
    over t = 1 … T in a banded one. A function that computes the whole square of scores and hides
    half of it, as the clear `attention` does, executes up to twice as many of these. The backward
    pass costs two forward ones: each product has two factors, and each factor a gradient.

    Left out is what grows with C only: biases, norms, GELU, softmax and the look-up of embeddings.
    For wide models and short blocks, forward is about 2 for each parameter.

    Args:
        config: the sizes.
        T: length of the sequence, 1 to block_size; None: block_size.

    Raises:
        UserError: for a T that the model can't take.

    Kaplan et al., "Scaling laws for neural language models" (2020), section 2.1 and table 1; Brown
    et al., "Language models are few-shot learners" (2020), appendix D.
    """
    T = config.block_size if T is None else T
    if not 1 <= T <= config.block_size:
        raise UserError(f"T must be from 1 to the block_size of {config.block_size}, not {T}.")
    C, banded = config.n_embd, config.n_layer // 2  # see GPTConfig.window_of
    dense = config.n_layer - banded
    pairs = dense * _pairs(T, T) + banded * _pairs(T, config.window or T)
    flops = {
        "linear_layers": 2 * 12 * C**2 * config.n_layer,
        "attention_pairs": 4 * C * pairs / T,
        "head": 2 * C * config.vocab_size,
    }
    forward = sum(flops.values())
    return {**flops, "forward": forward, "training": 3 * forward}


def _pairs(T: int, window: int) -> int:
    """The (query, key) pairs of T places, each seeing itself and those before it in the window."""
    window = min(T, window)
    return window * (window + 1) // 2 + (T - window) * window


def activations(
    config: GPTConfig, B: int, T: int | None = None, recompute: bool = False
) -> dict[str, int]:
    """Count the bytes that a training step remembers from its forward pass, float32.

    For each block, with N = B T rows: the normalised x twice and what the norms made of it (4 C),
    q, k and v (3 C), the merged heads (C), GELU's output and its slope (8 C), and exp(scores) of
    the triangle of places that see each other, unless they are computed again: see `kernels/`.
    Banded blocks are counted as dense ones.

    Args:
        B, T: the batch; T None: block_size.
        recompute: only the input of each block is kept, and what one block needs.

    Returns:
        Bytes by "attention", "mlp", "layer_norms", "block_inputs", "head".
    """
    T = config.block_size if T is None else T
    C, H, V = config.n_embd, config.n_head, config.vocab_size
    N, blocks = B * T, 1 if recompute else config.n_layer
    numbers = {
        "attention": blocks * (4 * N * C + B * H * T + kept_scores(B, H, T)),
        "mlp": blocks * 8 * N * C,
        "layer_norms": blocks * (4 * N * C + 2 * N) + N * C + N,
        "block_inputs": config.n_layer * N * C if recompute else 0,
        "head": N * C + (N * V if keeps_logits(N, V) else N * C + V * C),
    }
    return {name: 4 * count for name, count in numbers.items()}


def gpu_bytes(config: GPTConfig, precision: str = "fp32") -> int:
    """Count the bytes that a training step on a GPU holds whatever its batch is.

    Weights, gradients and AdamW's two moments; in bf16 the weights once more, cut; a gradient of
    the head; and the logits of one piece.
    """
    held = memory(config)["training"] + 4 * config.vocab_size * config.n_embd + GPU_PIECE
    return held + (memory(config, 2)["weights"] if precision == "bf16" else 0)


def gpu_bytes_per_sequence(
    config: GPTConfig, precision: str = "fp32", recompute: bool = False
) -> int:
    """Count the bytes that a training step on a GPU holds for each sequence of block_size tokens.

    For each token and block in fp32 or tf32, as numbers of 4 bytes: the stream before both norms
    (2 C), both normalised (2 C), q, k and v (3 C), merged heads (C), the hidden values before and
    after GELU (8 C), and statistics of norms and softmax (4 + H). In bf16 all but the stream and
    the statistics takes half of that. Besides, what the head and one block's backward need (14 C).

    Args:
        recompute: the input of each block is kept, and what one block needs.
    """
    C, H, L = config.n_embd, config.n_head, config.n_layer
    half = 0.5 if precision == "bf16" else 1
    block = 2 * C + half * 14 * C + 4 + H
    kept = L * C + block if recompute else L * block
    return int(4 * config.block_size * (kept + 14 * C + 4))


def memory(config: GPTConfig, bytes_per_number: int = 4) -> dict[str, int]:
    """Count the bytes of what has to be held, in numbers of 4 bytes (float32) or other ones.

        weights  = one number a parameter
        training = 4 * weights            weights, gradients and AdamW's two moments
        kv_cache = 2 * n_layer * block_size * C      keys and values of one sequence

    In float32, training takes 16 bytes a parameter. Activations are not counted: they grow with
    the batch, and for small models they are most of it; nor are the gradients of single shards
    before they are added up. The cache has room for a whole block in every layer, also in banded
    ones, which would need only their window.

    Returns:
        Bytes by "weights", "training" and "kv_cache".
    """
    weights = sum(parameters_by_part(config).values()) * bytes_per_number
    cached = 2 * config.n_layer * config.block_size * config.n_embd
    return {
        "weights": weights,
        "training": TRAINED * weights,
        "kv_cache": cached * bytes_per_number,
    }
