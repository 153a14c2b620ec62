"""Lesson 09: a class for "x plus a branch", used by both exercises; the caches are objects."""

from functools import partial, reduce

from minigpt.layers import (
    attention,
    attention_backward,
    layernorm,
    layernorm_backward,
    linear,
    linear_backward,
    mlp_backward,
)
from minigpt.layers import mlp as two_layers


class Plus:
    """x plus what a chain of (name, forward, backward) makes of x."""

    def __init__(self, *chain):
        self.chain = chain
        self.caches = []

    def forward(self, x):
        """Through the chain, then the sum."""
        h = x
        for _, go, _ in self.chain:
            h, cache = go(h)
            self.caches.append(cache)
        return x + h

    def backward(self, dy):
        """The gradient of x, and the gradients of each link by its name."""
        d, grads = dy, {}
        for (name, _, back), cache in zip(self.chain[::-1], self.caches[::-1], strict=True):
            d, grads[name] = back(d, cache)
        return dy + d, grads


def residual(x, weight):
    """A chain of one linear layer without a bias."""
    sum_of_two = Plus(("linear", partial(linear, weight=weight), linear_backward))
    return sum_of_two.forward(x), sum_of_two


def residual_backward(dy, cache):
    """The gradients of the only link."""
    dx, grads = cache.backward(dy)
    return dx, grads["linear"]


def block(x, ln_1, attn, ln_2, mlp, n_head):
    """Two chains of two links."""
    stages = (
        Plus(
            ("ln_1", lambda h: layernorm(h, **ln_1), layernorm_backward),
            ("attn", lambda h: attention(h, **attn, n_head=n_head), attention_backward),
        ),
        Plus(
            ("ln_2", lambda h: layernorm(h, **ln_2), layernorm_backward),
            ("mlp", lambda h: two_layers(h, **mlp), mlp_backward),
        ),
    )
    return reduce(lambda h, stage: stage.forward(h), stages, x), stages


def block_backward(dx, cache):
    """The second chain first."""
    first, second = cache
    dx, late = second.backward(dx)
    dx, early = first.backward(dx)
    return dx, early | late
