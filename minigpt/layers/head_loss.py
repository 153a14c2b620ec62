"""The head and the loss as one function, since nobody else looks at the logits in training."""

from types import SimpleNamespace

from minigpt.layers.cross_entropy import cross_entropy, cross_entropy_backward
from minigpt.layers.embedding import unembedding, unembedding_backward

PARTS = SimpleNamespace(
    **{"unembedding": unembedding, "unembedding_backward": unembedding_backward},
    **{"cross_entropy": cross_entropy, "cross_entropy_backward": cross_entropy_backward},
)  # what it is made of; a student's table replaces any of them


def head_loss(x, weight, targets, count=None, parts=PARTS):
    """Score each token, and measure the surprise at the right one.

        loss = cross_entropy(x @ weight.T, targets)

    Args:
        x: (..., C), what the last layer norm gives.
        weight: (V, C), the head.
        targets: integers of shape `x.shape[:-1]`; see `cross_entropy`, also for the count.
        parts: the table that `unembedding` and `cross_entropy` are taken from.

    Returns:
        The loss, an array without dimensions, and the cache.
    """
    logits, head_cache = parts.unembedding(x, weight)
    loss, loss_cache = parts.cross_entropy(logits, targets, count=count)
    return loss, (parts, head_cache, loss_cache)


def head_loss_backward(dloss, cache):
    """From dloss, usually 1.0, to dx of the shape of x and the gradient of the weight."""
    parts, head_cache, loss_cache = cache
    dlogits, _ = parts.cross_entropy_backward(dloss, loss_cache)
    return parts.unembedding_backward(dlogits, head_cache)
