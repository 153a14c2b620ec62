"""Live comparison with PyTorch on random sizes, weights and inputs: layers, GPT, training."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # torch_gpt
torch = pytest.importorskip("torch", reason="PyTorch is not installed; see the extra 'oracles'")

import torch_gpt  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from minigpt import layers  # noqa: E402
from minigpt.model import GPT, GPTConfig, gpt, gpt_backward  # noqa: E402
from minigpt.training import Trainer  # noqa: E402
from minigpt.tree import items  # noqa: E402

pytestmark = pytest.mark.oracle
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
SEEDS = range(6)
both = pytest.mark.parametrize("dtype", TOLERANCE)
many = pytest.mark.parametrize("seed", SEEDS)


def assert_close(ours, theirs, name=""):
    """The largest difference, relative to the largest number, fits the arrays' dtype."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
    error = np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30)
    assert error <= TOLERANCE[str(ours.dtype)], f"{name}: relative error {error:.1e}"


def assert_trees_close(ours, theirs: dict):
    ours = dict(items(ours))
    assert ours.keys() == theirs.keys()
    for name in theirs:
        assert_close(ours[name], theirs[name], name)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


class Draw:
    """Random sizes and arrays of one test."""

    def __init__(self, seed, dtype):
        self.rng, self.dtype = np.random.default_rng(seed), dtype

    def sizes(self, n, low=2, high=9):
        return [int(k) for k in self.rng.integers(low, high, n)]

    def normal(self, *shape, scale=1.0):
        return (scale * self.rng.normal(size=shape)).astype(self.dtype)


def compare(theirs, y, backward, cache, dy, inputs: dict):
    """Compare y with `theirs`, and what `backward` gives with the gradients of the leaves.

    The leaf "x" stands for dx; every other name is one of the gradients of parameters.
    """
    assert_close(y, theirs.detach(), "y")
    theirs.backward(torch.tensor(dy))
    dx, grads = backward(dy, cache)
    expected = {name: tensor.grad for name, tensor in inputs.items()}
    if "x" in expected:
        assert_close(dx, expected.pop("x"), "dx")
    assert grads.keys() == expected.keys()
    for name in grads:
        assert_close(grads[name], expected[name], name)


@both
@many
def test_linear(seed, dtype):
    draw = Draw(seed, dtype)
    B, T, C_in, C_out = draw.sizes(4)
    x, weight = draw.normal(B, T, C_in), draw.normal(C_in, C_out)
    given = {"x": leaf(x), "weight": leaf(weight)}
    bias = draw.normal(C_out) if seed % 2 else None
    if bias is not None:
        given["bias"] = leaf(bias)
    theirs = F.linear(given["x"], given["weight"].T, given.get("bias"))
    y, cache = layers.linear(x, weight, bias)
    compare(theirs, y, layers.linear_backward, cache, draw.normal(*y.shape), given)


@both
@many
def test_layernorm(seed, dtype):
    draw = Draw(seed, dtype)
    B, T, C = draw.sizes(3)
    eps = (1e-5, 1e-2)[seed // 2 % 2]
    x = draw.normal(B, T, C) + draw.normal(B, T, 1, scale=3)
    weight = draw.normal(C)
    given = {"x": leaf(x), "weight": leaf(weight)}
    bias = draw.normal(C) if seed % 2 else None
    if bias is not None:
        given["bias"] = leaf(bias)
    theirs = F.layer_norm(given["x"], (C,), given["weight"], given.get("bias"), eps)
    y, cache = layers.layernorm(x, weight, bias, eps)
    compare(theirs, y, layers.layernorm_backward, cache, draw.normal(*y.shape), given)


@both
@pytest.mark.parametrize("name, form", [("gelu", "tanh"), ("gelu_exact", "none")])
@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_gelu(name, form, scale, dtype):
    draw = Draw(0, dtype)
    x = draw.normal(5, 400, scale=scale)
    x[0, :3] = 0, 40, -40
    given = {"x": leaf(x)}
    y, cache = getattr(layers, name)(x)
    backward = getattr(layers, f"{name}_backward")
    compare(F.gelu(given["x"], approximate=form), y, backward, cache, draw.normal(*x.shape), given)


@both
@many
def test_softmax(seed, dtype):
    draw = Draw(seed, dtype)
    x = draw.normal(*draw.sizes(3), scale=10.0**seed / 100)
    given = {"x": leaf(x)}
    y, cache = layers.softmax(x)
    theirs = F.softmax(given["x"], dim=-1)
    compare(theirs, y, layers.softmax_backward, cache, draw.normal(*x.shape), given)


@both
@many
def test_embedding(seed, dtype):
    draw = Draw(seed, dtype)
    V, C, B, T = draw.sizes(4)
    weight, ids = draw.normal(V, C), draw.rng.integers(0, V, (B, 3 * T))  # ids occur many times
    given = {"weight": leaf(weight)}
    y, cache = layers.embedding(ids, weight)
    theirs = F.embedding(torch.tensor(ids), given["weight"])
    compare(theirs, y, layers.embedding_backward, cache, draw.normal(*y.shape), given)


@both
@many
def test_unembedding(seed, dtype):
    draw = Draw(seed, dtype)
    V, C, B, T = draw.sizes(4)
    x, weight = draw.normal(B, T, C), draw.normal(V, C)
    given = {"x": leaf(x), "weight": leaf(weight)}
    y, cache = layers.unembedding(x, weight)
    theirs = F.linear(given["x"], given["weight"])
    compare(theirs, y, layers.unembedding_backward, cache, draw.normal(*y.shape), given)


@both
@pytest.mark.parametrize("scale", [1.0, 100.0])
@many
def test_cross_entropy(seed, scale, dtype):
    draw = Draw(seed, dtype)
    B, T, V = draw.sizes(3)
    logits, targets = draw.normal(B, T, V, scale=scale), draw.rng.integers(0, V, (B, T))
    if seed % 2:
        targets[draw.rng.random((B, T)) < 0.4] = layers.IGNORE
        targets[0, 0] = 0
    x = leaf(logits)
    flat = x.flatten(0, 1), torch.tensor(targets).flatten()
    theirs = F.cross_entropy(*flat, ignore_index=-100)
    loss, cache = layers.cross_entropy(logits, targets)
    assert_close(loss, theirs.detach(), "loss")
    theirs.backward()
    dlogits, grads = layers.cross_entropy_backward(1.0, cache)
    assert_close(dlogits, x.grad, "dlogits")
    assert grads == {}

    summed = F.cross_entropy(*flat, ignore_index=-100, reduction="sum") / 7
    assert_close(layers.cross_entropy(logits, targets, count=7)[0], summed.detach(), "count")


@both
@pytest.mark.parametrize("kind", ["causal", "padding", "per_head", "kv_cache"])
@many
def test_scaled_dot_product(seed, kind, dtype):
    draw = Draw(seed, dtype)
    B, H, T, D = draw.sizes(4)
    T_key = T + 3 if kind == "kv_cache" else T
    q = draw.normal(B, H, T, D, scale=2)
    k, v = draw.normal(B, H, T_key, D), draw.normal(B, H, T_key, D)
    mask = layers.causal_mask(T, T_key, np)
    if kind == "padding":
        mask = mask & (np.arange(T) < draw.rng.integers(1, T + 1, B)[:, None])[:, None, None, :]
    if kind == "per_head":
        mask = (draw.rng.random((B, H, T, T)) < 0.6) | np.eye(T, dtype=bool)
    tensors = [leaf(a) for a in (q, k, v)]
    if kind == "causal":
        theirs = F.scaled_dot_product_attention(*tensors, is_causal=True)
    else:
        theirs = F.scaled_dot_product_attention(*tensors, attn_mask=torch.tensor(mask))
    y, cache = layers.scaled_dot_product(q, k, v, mask)
    assert_close(y, theirs.detach(), "y")
    dy = draw.normal(*y.shape)
    theirs.backward(torch.tensor(dy))
    for name, d, tensor in zip("qkv", layers.scaled_dot_product_backward(dy, cache)[0], tensors,
                               strict=True):  # fmt: skip
        assert_close(d, tensor.grad, f"d{name}")


@both
@many
def test_attention_is_torchs_multi_head_attention(seed, dtype):
    draw = Draw(seed, dtype)
    B, T, H, D = draw.sizes(4)
    C = H * D
    x = draw.normal(B, T, C)
    c_attn = {"weight": draw.normal(C, 3 * C, scale=0.4), "bias": draw.normal(3 * C)}
    c_proj = {"weight": draw.normal(C, C, scale=0.4), "bias": draw.normal(C)}
    module = torch.nn.MultiheadAttention(C, H, batch_first=True, dtype=getattr(torch, dtype))
    theirs = {"in_proj_weight": c_attn["weight"].T, "in_proj_bias": c_attn["bias"],
              "out_proj.weight": c_proj["weight"].T, "out_proj.bias": c_proj["bias"]}  # fmt: skip
    module.load_state_dict({name: torch.tensor(a) for name, a in theirs.items()})
    t = leaf(x)
    forbidden = torch.ones(T, T, dtype=torch.bool).triu(1)
    expected, _ = module(t, t, t, attn_mask=forbidden, need_weights=False)
    y, cache = layers.attention(x, c_attn, c_proj, n_head=H)
    assert_close(y, expected.detach(), "y")

    dy = draw.normal(B, T, C)
    expected.backward(torch.tensor(dy))
    dx, grads = layers.attention_backward(dy, cache)
    assert_close(dx, t.grad, "dx")
    assert_close(grads["c_attn"]["weight"], module.in_proj_weight.grad.T, "c_attn.weight")
    assert_close(grads["c_attn"]["bias"], module.in_proj_bias.grad, "c_attn.bias")
    assert_close(grads["c_proj"]["weight"], module.out_proj.weight.grad.T, "c_proj.weight")
    assert_close(grads["c_proj"]["bias"], module.out_proj.bias.grad, "c_proj.bias")


def random_gpt(seed: int, dtype: str, scale: float = 0.3) -> GPT:
    """A GPT of random sizes and switches, with weights, scales and biases of order `scale`."""
    rng = np.random.default_rng([seed, 5])
    H = int(rng.integers(1, 5))
    config = GPTConfig(
        vocab_size=int(rng.integers(5, 40)),
        block_size=int(rng.integers(6, 16)),
        n_layer=int(rng.integers(1, 4)),
        n_head=H,
        n_embd=H * int(rng.integers(4, 8)),  # two channels would only be +1 and -1 after a norm
        bias=bool(seed & 1),
        tie_weights=bool(seed & 2),
        activation=("gelu_new", "gelu")[seed >> 2 & 1],
        layer_norm_epsilon=float(rng.choice([1e-5, 1e-3])),
    )
    params = {
        name: rng.normal(float(len(shape) == 1 and name.endswith("weight")), scale, shape)
        for name, shape in config.shapes().items()
    }
    params = {name: value.astype(dtype) for name, value in params.items()}
    return GPT(config, device="cpu", dtype=dtype, params=params)


def random_batches(model: GPT, seed: int, steps: int, B: int = 4):
    """Ids and targets (steps, B, T), T <= block_size; in half of the cases some are ignored."""
    rng = np.random.default_rng([seed, 6])
    T = model.config.block_size - int(rng.integers(0, 3))
    ids, targets = rng.integers(0, model.config.vocab_size, (2, steps, B, T))
    if rng.random() < 0.5:
        targets[rng.random(targets.shape) < 0.3] = layers.IGNORE
    return ids, targets


def twin(model: GPT):
    dtype = getattr(torch, str(model.params.buffer.dtype))
    return torch_gpt.load(model.config, dict(items(model.params)), dtype)


@both
@pytest.mark.parametrize("seed", range(12))
def test_the_whole_gpt(seed, dtype):
    model = random_gpt(seed, dtype)
    (ids,), (targets,) = random_batches(model, seed, steps=1)
    module = twin(model)
    theirs = module.loss(torch.tensor(ids), torch.tensor(targets))
    theirs.backward()
    assert_close(model(ids), module(torch.tensor(ids)).detach(), "logits")
    loss, grads = model.loss_and_grads(ids, targets)
    assert_close(loss, theirs.detach(), "loss")
    assert_trees_close(grads, torch_gpt.named(module, gradients=True))


@both
@many
def test_the_whole_gpt_with_padding(seed, dtype):
    model = random_gpt(seed, dtype)
    (ids,), (targets,) = random_batches(model, seed, steps=1)
    lengths = np.random.default_rng(seed).integers(1, ids.shape[1] + 1, len(ids))
    places = np.arange(ids.shape[1])
    real = places < lengths[:, None] if seed % 2 else places[::-1] < lengths[:, None]
    targets[~real] = layers.IGNORE
    targets[0, real[0].argmax()] = 1
    mask = real[:, None, None, :]
    module = twin(model)
    loss = module.loss(torch.tensor(ids), torch.tensor(targets), torch.tensor(mask))
    loss.backward()
    logits, cache = gpt(ids, **model.params, config=model.config, mask=mask)
    ours, loss_cache = layers.cross_entropy(logits, targets)
    assert_close(ours, loss.detach(), "loss")
    _, grads = gpt_backward(layers.cross_entropy_backward(1.0, loss_cache)[0], cache)
    assert_trees_close(grads, torch_gpt.named(module, gradients=True))


@both
@pytest.mark.parametrize("seed", range(8))
def test_ten_steps_of_training(seed, dtype):
    """The bias of the keys is not compared: its gradient is 0 but for rounding.

    It adds the same number to all scores of a query, so the softmax stays as it is; and Adam
    divides the rounding error by its own size.
    """
    model = random_gpt(seed, dtype)
    ids, targets = random_batches(model, seed, steps=10)
    numbers = {"lr": 3e-3, "min_lr": 3e-4, "warmup": 2, "weight_decay": 0.2, "clip": 0.8,
               "betas": (0.9, 0.99)}  # fmt: skip
    module = twin(model)
    theirs, norms = torch_gpt.train(module, torch.tensor(ids), torch.tensor(targets), **numbers)

    class Given:
        pairs = iter(zip(ids, targets, strict=True))

        def next(self):
            return next(self.pairs)

    trainer = Trainer(model, Given(), batch_size=len(ids[0]), steps=10, threads=1, **numbers)
    ours, our_norms = [], []
    for _ in range(10):
        ours.append(trainer.step())
        our_norms.append(trainer.grad_norm)
    assert_close(np.array(ours, dtype), np.array(theirs, dtype), "losses")
    assert_close(np.array(our_norms, dtype), np.array(norms, dtype), "gradient norms")
    C = model.config.n_embd
    expected = torch_gpt.named(module)
    for name, value in items(model.params):
        if name.endswith("c_attn.bias"):
            keys = np.s_[C : 2 * C]
            value, expected[name] = np.delete(value, keys), np.delete(expected[name], keys)
        assert_close(value, expected[name], name)
