"""The course text: each part of a GPT, its forward pass right above its backward pass.

    y, cache  = layernorm(x, weight, bias)
    dx, grads = layernorm_backward(dy, cache)      # grads == {"weight": ..., "bias": ...}

`grads` has the keys of the parameters that the forward took. Both are pure: what they are given is
only read, what they return is fresh. Read in this order: linear, gelu, mlp, embedding, layernorm,
softmax, attention, cross_entropy, dropout, relu. This package, as a value, is the table of
functions that the model uses.
"""

from minigpt.layers.attention import (
    attention,
    attention_backward,
    causal_mask,
    merge_heads,
    scaled_dot_product,
    scaled_dot_product_backward,
    split_heads,
)
from minigpt.layers.cross_entropy import IGNORE, cross_entropy, cross_entropy_backward
from minigpt.layers.dropout import dropout, dropout_backward, dropout_mask
from minigpt.layers.embedding import (
    embedding,
    embedding_backward,
    unembedding,
    unembedding_backward,
)
from minigpt.layers.gelu import gelu, gelu_backward, gelu_exact, gelu_exact_backward
from minigpt.layers.head_loss import head_loss, head_loss_backward
from minigpt.layers.layernorm import layernorm, layernorm_backward
from minigpt.layers.linear import linear, linear_backward
from minigpt.layers.mlp import mlp, mlp_backward
from minigpt.layers.relu import relu, relu_backward
from minigpt.layers.softmax import softmax, softmax_backward

__all__ = [
    "IGNORE",
    "attention",
    "attention_backward",
    "causal_mask",
    "cross_entropy",
    "cross_entropy_backward",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "embedding",
    "embedding_backward",
    "gelu",
    "gelu_backward",
    "gelu_exact",
    "gelu_exact_backward",
    "head_loss",
    "head_loss_backward",
    "layernorm",
    "layernorm_backward",
    "linear",
    "linear_backward",
    "merge_heads",
    "mlp",
    "mlp_backward",
    "relu",
    "relu_backward",
    "scaled_dot_product",
    "scaled_dot_product_backward",
    "softmax",
    "softmax_backward",
    "split_heads",
    "unembedding",
    "unembedding_backward",
]
