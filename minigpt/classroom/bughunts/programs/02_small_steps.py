"""A GPT with RMS norm in place of layer norm, as newer models have it.

RMS norm leaves the mean out: it only divides each vector by the root of its mean square. We wrote
its forward and its backward and put both into the table of functions that the model uses. (The
bias is kept, so that the parameters of the GPT are the same as before.)

To be sure of the gradients, the program measures the slope of the loss in the direction of the
gradient, before the training and after it. Along its own direction a gradient promises a slope
equal to its length, and the model computes in float64; so promised and measured slope should agree
in all printed digits.

Run it. What is strange?
"""

from types import SimpleNamespace

import numpy as np

from minigpt import GPT, AdamW, GPTConfig, layers

V, BLOCK = 12, 16


def rmsnorm(x, weight, bias=None, eps=1e-5):
    """Divide each vector by the root of its mean square, then scale and shift it.

        normalised = x / sqrt(mean(x^2) + eps)        y = normalised * weight + bias

    Args:
        x: (..., C).
        weight: (C,), the scale.
        bias: (C,), the shift, or None for none.
        eps: added to the mean square, inside of the root.
    """
    scale = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    normalised = x * scale
    y = normalised * weight
    if bias is not None:
        y = y + bias
    return y, (normalised, scale, weight, bias)


def rmsnorm_backward(dy, cache):
    """From dy to dx and the gradients of weight and bias; x moves its root mean square, too."""
    normalised, scale, weight, bias = cache
    C = weight.shape[0]
    dn = dy * weight
    dx = scale * (dn - normalised * (dn * normalised).mean(axis=-1, keepdims=True))
    grads = {"weight": (dy * normalised).reshape(-1, C).sum(axis=0)}
    if bias is not None:
        grads["bias"] = dy.reshape(-1, C).sum(axis=0)
    return dx, grads


def compare_slopes(model, ids, targets, h=1e-5):
    """The slope of the loss along its gradient: as the gradient promises it, and as measured."""
    _, grads = model.loss_and_grads(ids, targets)
    gradient = model.params.zeros_like()
    gradient.assign(grads)
    length = np.sqrt((gradient.buffer**2).sum())
    start, sides = model.params.buffer.copy(), []
    for sign in (1, -1):
        model.params.buffer[...] = start + sign * h * gradient.buffer / length
        sides.append(float(model.loss(ids, targets)))
    model.params.buffer[...] = start
    return length, (sides[0] - sides[1]) / (2 * h)


def main():
    """Train on sequences that count up or down by 1, 2 or 3; compare slopes before and after."""
    names = {"layernorm": rmsnorm, "layernorm_backward": rmsnorm_backward}
    table = SimpleNamespace(**{**vars(layers), **names})
    config = GPTConfig(V, BLOCK, n_layer=2, n_head=2, n_embd=16, init_std=0.2)
    model = GPT(config, seed=0, device="cpu", dtype="float64", layers=table)
    optimizer, rng = AdamW(model.params, lr=1e-2), np.random.default_rng(0)
    for step in range(151):
        start, stride = rng.integers(0, V, (8, 1)), rng.choice([-3, -2, -1, 1, 2, 3], (8, 1))
        rows = (start + stride * np.arange(BLOCK + 1)) % V
        loss, grads = model.loss_and_grads(rows[:, :-1], rows[:, 1:])
        if step in (0, 150):
            promised, measured = compare_slopes(model, rows[:, :-1], rows[:, 1:])
            print(f"           slope: promised {promised:.5f}, measured {measured:.5f}")
        if step % 50 == 0:
            print(f"step {step:>3}: loss {loss:.3f}")
        optimizer.step(grads)


if __name__ == "__main__":
    main()
