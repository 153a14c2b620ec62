"""The same GPT and the same training as PyTorch users write them, to compare ours with.

Modules carry GPT-2's names. An `nn.Linear` stores its weight as (out, in), GPT-2 and minigpt as
(in, out): `load` and `named` turn the matrices of the blocks over; the embeddings and the head are
(V, C) on both sides.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.n_head = config.n_head
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)

    def forward(self, x, mask):
        B, T, C = x.shape
        heads = (B, T, self.n_head, C // self.n_head)
        q, k, v = (z.view(heads).transpose(1, 2) for z in self.c_attn(x).split(C, dim=2))
        if mask is None:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:  # written out: the fused one has its own answer for queries that may look nowhere
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
            allowed = torch.ones(T, T, dtype=torch.bool).tril() & mask
            scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
            y = F.softmax(scores, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias)
        self.gelu = nn.GELU(approximate="tanh" if config.activation == "gelu_new" else "none")

    def forward(self, x):
        return self.c_proj(self.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        norm = {"eps": config.layer_norm_epsilon, "bias": config.bias}
        self.ln_1 = nn.LayerNorm(config.n_embd, **norm)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd, **norm)
        self.mlp = MLP(config)

    def forward(self, x, mask):
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class TorchGPT(nn.Module):
    """A GPT-2 without dropout, of the sizes of a `minigpt.GPTConfig`."""

    def __init__(self, config):
        super().__init__()
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.block_size, config.n_embd)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon, bias=config.bias)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        if config.tie_weights:
            self.lm_head.weight = self.wte.weight

    def forward(self, ids, mask=None):
        x = self.wte(ids) + self.wpe(torch.arange(ids.size(1)))
        for block in self.h:
            x = block(x, mask)
        return self.lm_head(self.ln_f(x))

    def loss(self, ids, targets, mask=None):
        logits = self(ids, mask)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)


def load(config, weights: dict, dtype) -> TorchGPT:
    """Make a `TorchGPT` from arrays by GPT-2's names."""
    model = TorchGPT(config).to(dtype)
    parameters = dict(model.named_parameters())  # a tied head is not named twice
    assert parameters.keys() == weights.keys(), parameters.keys() ^ weights.keys()
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.from_numpy(turned(name, np.asarray(weights[name]))))
    return model


def named(model: TorchGPT, gradients: bool = False) -> dict:
    """Copy the parameters, or their gradients, into arrays by GPT-2's names."""
    return {
        name: turned(name, (p.grad if gradients else p.detach()).numpy()).copy()
        for name, p in model.named_parameters()
    }


def turned(name: str, array: np.ndarray) -> np.ndarray:
    return array.T if array.ndim == 2 and name.startswith("h.") else array


def train(model, ids, targets, mask=None, *, lr, min_lr, warmup, betas, weight_decay, clip):
    """Train on ids and targets (steps, B, T), a batch a step; return losses and gradient norms."""
    parameters = list(model.parameters())
    matrices = {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay}
    vectors = {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}
    optimizer = torch.optim.AdamW([matrices, vectors], lr=lr, betas=betas, eps=1e-8)
    losses, norms = [], []
    for step in range(len(ids)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, len(ids), lr, min_lr, warmup)
        optimizer.zero_grad()
        loss = model.loss(ids[step], targets[step], mask)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, clip).item())
        optimizer.step()
        losses.append(loss.item())
    return losses, norms


def learning_rate(it, steps, learning_rate, min_lr, warmup_iters):
    """nanoGPT's schedule, written as there."""
    if it < warmup_iters:
        return learning_rate * (it + 1) / (warmup_iters + 1)
    decay_ratio = (it - warmup_iters) / (steps - warmup_iters)
    coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio))
    return min_lr + coeff * (learning_rate - min_lr)
