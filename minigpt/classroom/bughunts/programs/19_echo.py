"""Teach a GPT with an attention of our own to echo: the second half of a text repeats the first.

The texts are eight random letters, a bar, and the same eight letters again: "qbzzmakt|qbzzmakt".
The first half can't be guessed (ln 26 = 3.26 a letter), but the second half can: the model has to
look eight letters back, so this is a task for attention.

After the training the program measures the loss of the second half. It also measures the loss of
places 9 to 12 twice: once in whole texts, once in texts that are cut off behind these places. A
GPT looks only at what came before, so what comes later, or that nothing comes, must not matter.

Run it. What is strange?
"""

import math
from types import SimpleNamespace

import numpy as np

import minigpt.layers
from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer

HALF, BAR = 8, 26  # letters are 0 … 25


def softmax(x, axis):
    """Probabilities along one axis."""
    exp = np.exp(x - x.max(axis=axis, keepdims=True))
    return exp / exp.sum(axis=axis, keepdims=True)


def softmax_backward(dp, p, axis):
    """From the gradient of the probabilities p to that of x."""
    return p * (dp - (dp * p).sum(axis=axis, keepdims=True))


def dot_product(q, k, v, mask, dropout_mask=None, parts=None):
    """Attention for all heads at once; the last two arguments are minigpt's and not used here.

    Args:
        q, k, v: queries, keys and values, (B, H, T, D).
        mask: boolean (T, T), True where a query may look.

    Returns:
        y (B, H, T, D), and the cache.
    """
    scale = 1 / math.sqrt(q.shape[-1])
    scores = scale * (q @ k.swapaxes(2, 3))  # (B, H, T, T)
    scores = np.where(mask, scores, np.finfo(scores.dtype).min)
    weights = softmax(scores, axis=3)
    return weights @ v, (q, k, v, mask, weights, scale)


def dot_product_backward(dy, cache):
    """From dy (B, H, T, D) to the tuple (dq, dk, dv)."""
    q, k, v, mask, weights, scale = cache
    dv = weights.swapaxes(2, 3) @ dy
    dweights = dy @ v.swapaxes(2, 3)
    dscores = scale * np.where(mask, softmax_backward(dweights, weights, axis=3), 0)
    return (dscores @ k, dscores.swapaxes(2, 3) @ q, dv), {}


class Echoes:
    """Batches of new random texts, for a `Trainer`."""

    def __init__(self, batch_size, seed):
        self.batch_size, self.rng = batch_size, np.random.default_rng(seed)

    def next(self):
        """The ids (B, T) and the targets, one place later."""
        letters = self.rng.integers(0, 26, (self.batch_size, HALF))
        bar = np.full((self.batch_size, 1), BAR)
        texts = np.concatenate([letters, bar, letters], axis=1)
        return texts[:, :-1], texts[:, 1:]


def main():
    """Train, then measure."""
    layers = SimpleNamespace(**vars(minigpt.layers))
    layers.scaled_dot_product = dot_product
    layers.scaled_dot_product_backward = dot_product_backward
    config = GPTConfig(27, block_size=2 * HALF, n_layer=2, n_head=2, n_embd=32, init_std=0.1)
    model = GPT(config, seed=0, device="cpu", layers=layers)
    trainer = Trainer(model, Echoes(8, 0), 8, 300, lr=1e-2, min_lr=1e-4, warmup=20, threads=1)
    trainer.fit()
    ids, targets = Echoes(200, 1).next()
    second = targets.copy()
    second[:, :HALF] = minigpt.layers.IGNORE
    print(f"second half: loss {model.loss(ids, second):.2f} (guessing: {math.log(26):.2f})")
    few = second.copy()
    few[:, HALF + 4 :] = minigpt.layers.IGNORE
    print(f"places 9 to 12, in whole texts:   loss {model.loss(ids, few):.4f}")
    cut = slice(0, HALF + 4)
    print(f"places 9 to 12, in texts cut off: loss {model.loss(ids[:, cut], few[:, cut]):.4f}")


if __name__ == "__main__":
    main()
