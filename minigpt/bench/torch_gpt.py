"""The reference: the same GPT and the same training step, as PyTorch's users write them.

PyTorch is imported when one is made, not before, so the classes stand inside of functions.
Parameters carry GPT-2's names; an `nn.Linear` stores its weight as (out, in), minigpt as (in, out).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np

from minigpt.errors import UserError
from minigpt.tree import items


def import_torch():
    """The module `torch`; UserError where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise UserError(f"{error}; to compare with PyTorch, run: pip install torch") from error
    return torch


@contextmanager
def in_precision(precision: str, device: str):
    """Compute within as PyTorch's users do: "tf32" by the process's switch, "bf16" by autocast.

    The switch stays as it was set, since the backward, which is run outside, must find it too.
    """
    torch = import_torch()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
        yield


@functools.cache
def attention_class():
    """Masked multi-head attention with PyTorch's fused kernel."""
    from torch import nn
    from torch.nn import functional as F  # noqa: N812

    class Attention(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.n_head = config.n_head
            self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
            self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)

        def forward(self, x):
            B, T, C = x.shape
            heads = (B, T, self.n_head, C // self.n_head)
            q, k, v = (z.view(heads).transpose(1, 2) for z in self.c_attn(x).split(C, dim=2))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.c_proj(y.transpose(1, 2).reshape(B, T, C))

    return Attention


@functools.cache
def mlp_class():
    """Widen, bend, narrow."""
    from torch import nn

    class MLP(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
            self.gelu = nn.GELU(approximate="tanh")
            self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias)

        def forward(self, x):
            return self.c_proj(self.gelu(self.c_fc(x)))

    return MLP


@functools.cache
def block_class():
    """GPT-2's pre-norm block."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, config):
            super().__init__()
            norm = {"eps": config.layer_norm_epsilon, "bias": config.bias}
            self.ln_1 = nn.LayerNorm(config.n_embd, **norm)
            self.attn = attention_class()(config)
            self.ln_2 = nn.LayerNorm(config.n_embd, **norm)
            self.mlp = mlp_class()(config)

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            return x + self.mlp(self.ln_2(x))

    return Block


@functools.cache
def gpt_class():
    """A GPT-2 without dropout whose forward gives the loss; the head's weight is tied."""
    import torch
    from torch import nn
    from torch.nn import functional as F  # noqa: N812

    class TorchGPT(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.wte = nn.Embedding(config.vocab_size, config.n_embd)
            self.wpe = nn.Embedding(config.block_size, config.n_embd)
            self.h = nn.ModuleList(block_class()(config) for _ in range(config.n_layer))
            self.ln_f = nn.LayerNorm(config.n_embd, config.layer_norm_epsilon, bias=config.bias)
            self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
            self.lm_head.weight = self.wte.weight
            for matrix in (p for p in self.parameters() if p.dim() == 2):
                nn.init.normal_(matrix, std=config.init_std)

        def forward(self, ids, targets):
            x = self.wte(ids) + self.wpe(torch.arange(ids.size(1), device=ids.device))
            for block in self.h:
                x = block(x)
            logits = self.lm_head(self.ln_f(x))
            return F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    return TorchGPT


def make_model(config, weights: dict | None = None, device: str = "cpu"):
    """A `TorchGPT` of a config's sizes, with weights of its own or those of a `GPT.params`."""
    torch = import_torch()
    assert config.tie_weights and config.activation == "gelu_new" and not config.dropout
    model = gpt_class()(config)
    if weights is not None:
        named = dict(model.named_parameters())  # a tied head is not named twice
        given = {name: turned(name, value) for name, value in items(weights)}
        assert named.keys() == given.keys(), named.keys() ^ given.keys()
        with torch.no_grad():
            for name, parameter in named.items():
                parameter.copy_(torch.from_numpy(given[name]))
    return model.to(device)


def turned(name: str, array: np.ndarray) -> np.ndarray:
    """A matrix of a block turned over, from minigpt's (in, out) to PyTorch's, or back."""
    return array.T if array.ndim == 2 and name.startswith("h.") else array


def make_step(
    model, ids: np.ndarray, targets: np.ndarray, compile: bool = False, precision: str = "fp32"
) -> Callable:
    """One training step on ids and targets (B, T), as a function; it returns the loss.

    Gradients to None, forward, loss, backward, clipping at 1, fused AdamW with weight decay on
    matrices only, where the model is. On a GPU the loss is a tensor, which nobody waits for.

    Args:
        compile: put the model through `torch.compile`.
        precision: "fp32", "tf32" or "bf16", see `in_precision`.
    """
    torch = import_torch()
    parameters = list(model.parameters())
    device = parameters[0].device
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.99), fused=True)
    ids, targets = torch.from_numpy(ids).to(device), torch.from_numpy(targets).to(device)
    forward = torch.compile(model) if compile else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        with in_precision(precision, device.type):
            loss = forward(ids, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item() if device.type == "cpu" else loss.detach()

    return step
