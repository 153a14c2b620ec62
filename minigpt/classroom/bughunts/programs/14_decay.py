"""Train a small GPT on a rhyme with an AdamW of our own.

The recipe says: weight decay is for matrices (two axes), the embeddings among them. Whatever has
one axis, biases and the scales of the layer norms, is moved by the gradient only. Here the decay
is made strong on purpose, so that one can see what it does in few steps.

The program prints how much is decayed, the loss, and how the parameters have changed: the mean
size of the matrices, and the mean of the layer norms' scales, which all begin at 1. (Do the whole
training again with decay=0 and compare.)

Run it. What is strange?
"""

import numpy as np

from minigpt.model import GPT, GPTConfig
from minigpt.tree import items

RHYME = """A snail set out at half past nine
To see the sea, to see it shine.
It met the moon upon the way,
And reached the beach the other day.
"""


class Optimizer:
    """AdamW (Loshchilov and Hutter, 2019) for a tree of parameters with GPT-2's names."""

    def __init__(self, params, lr=0.01, betas=(0.9, 0.95), eps=1e-8, decay=0.1):
        self.params = dict(items(params))
        self.lr, self.betas, self.eps, self.decay, self.t = lr, betas, eps, decay, 0
        self.m = {name: np.zeros_like(p) for name, p in self.params.items()}
        self.v = {name: np.zeros_like(p) for name, p in self.params.items()}
        self.decayed = {name for name, p in self.params.items() if p.ndim >= 2}

    def step(self, grads):
        """Move every parameter in place, against its gradient; the decayed ones shrink first."""
        beta1, beta2 = self.betas
        self.t += 1
        for name, g in items(grads):
            p, m, v = self.params[name], self.m[name], self.v[name]
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            if name in self.decayed:
                p *= 1 - self.lr * self.decay
            m_hat, v_hat = m / (1 - beta1**self.t), v / (1 - beta2**self.t)
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


def describe(params):
    """The mean size of the matrices' elements, and the mean of the layer norms' scales."""
    named = dict(items(params))
    matrices = np.concatenate([np.abs(p).ravel() for p in named.values() if p.ndim == 2])
    scales = [named[f"{norm}.weight"] for norm in ("h.0.ln_1", "h.0.ln_2", "ln_f")]
    return f"matrices {matrices.mean():.4f}   scales {np.concatenate(scales).mean():.3f}"


def train(steps=150, decay=1.0):
    """Train on the rhyme's letters and print what happens."""
    letters = sorted(set(RHYME))
    ids = np.array([[letters.index(letter) for letter in RHYME]])
    config = GPTConfig(len(letters), block_size=ids.shape[1], n_layer=1, n_head=2, n_embd=32)
    model = GPT(config, seed=0, device="cpu")
    optimizer = Optimizer(model.params, decay=decay)
    sizes = [p.size for name, p in optimizer.params.items() if name in optimizer.decayed]
    print(f"decayed: {len(sizes)} of {len(optimizer.params)} tensors, {sum(sizes):,} numbers")
    print(f"step   0  loss {np.log(len(letters)):.3f} (ln V)  {describe(model.params)}")
    for step in range(1, steps + 1):
        loss, grads = model.loss_and_grads(ids[:, :-1], ids[:, 1:])
        optimizer.step(grads)
        if step % 50 == 0:
            print(f"step {step:3d}  loss {loss:.3f}         {describe(model.params)}")


def main():
    """Train once with the strong decay."""
    train()


if __name__ == "__main__":
    main()
