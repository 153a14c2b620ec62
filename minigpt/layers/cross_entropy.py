"""The loss: how surprised the model is by what really came next."""

from minigpt.backend import get_array_module

IGNORE = -100  # the target of a position that does not count, as PyTorch has it


def cross_entropy(logits, targets, ignore_index=IGNORE, count=None):
    """Mean of -ln p(target), in nats, with p = softmax(logits).

        loss = sum over counted positions of (ln sum_v exp(logits_v) - logits_target) / count

    Args:
        logits: (..., V).
        targets: integers in 0 … V - 1, of shape `logits.shape[:-1]`; positions where the target is
            `ignore_index` add nothing.
        count: what the sum is divided by; by default the number of counted positions, or 1 if
            there are none. A shard of a batch gets the whole batch's count, so shards add up.

    Returns:
        The loss, an array without dimensions, and the cache.
    """
    xp = get_array_module(logits)
    shape, V = logits.shape, logits.shape[-1]
    logits, targets = logits.reshape(-1, V), targets.reshape(-1)
    counted = targets != ignore_index
    targets = xp.where(counted, targets, 0)
    rows = xp.arange(len(targets))
    if count is None:
        count = counted.sum().clip(1)
    count = xp.asarray(count, dtype=logits.real.dtype)  # an integer of NumPy's gives float64

    shifted = logits - logits.max(axis=-1, keepdims=True)
    exp = xp.exp(shifted)
    total = exp.sum(axis=-1)
    losses = xp.log(total) - shifted[rows, targets]
    loss = xp.where(counted, losses, 0).sum() / count
    return loss, (shape, exp, total, rows, targets, counted, count)


def cross_entropy_backward(dloss, cache):
    """The gradient of the logits is the probabilities, minus one at the target, over the count.

        dlogits = dloss * (p - one_hot(target)) / count       and 0 where the target is ignored

    Args:
        dloss: the gradient of the loss by itself, usually 1.0.

    Returns:
        dlogits, of the shape of the logits, and {}.
    """
    shape, exp, total, rows, targets, counted, count = cache
    xp = get_array_module(exp)
    scale = xp.where(counted, dloss / count, 0).astype(exp.dtype)  # loss = sum / count
    dlogits = exp * (scale / total)[:, None]  # log(sum(exp)): its gradient is softmax
    dlogits[rows, targets] -= scale  # - logits[target]
    return dlogits.reshape(shape), {}
