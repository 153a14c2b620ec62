"""Does a GPU compute what NumPy computes? Whole models, and each function of its table.

The truth is float64 on the CPU with the clear `minigpt.layers`. The error of an array is its
largest difference from the truth, as a share of the truth's largest number.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from minigpt import kernels, layers
from minigpt.backend import to_host
from minigpt.bench.gpu_turns import Plan, failure, precisions_in, sized
from minigpt.bench.parts import Part, make_parts
from minigpt.bench.train import OneBatch
from minigpt.model import GPT
from minigpt.model.gpt import draw_dropout, gpt_loss, gpt_loss_backward
from minigpt.training import Trainer
from minigpt.tree import items, tree_map

# Errors that are allowed. A factor is cut to 24, 11 or 8 bits of precision; the errors of many
# roundings add up, so a whole model is allowed more than a function, and 20 steps more than one.
FUNCTION = {"fp32": 2e-5, "tf32": 5e-3, "bf16": 3e-2}
MODEL = {"fp32": 5e-5, "tf32": 1e-2, "bf16": 8e-2}
STEPS = {"fp32": 3e-4, "tf32": 2e-2, "bf16": 1e-1}
MULTIPLY = ("linear", "mlp", "attention", "unembedding", "head_loss", "scaled_dot_product")
DROPOUT, INIT_STD = 0.2, 0.1


def error_of(found, truth) -> float:
    """The largest difference, as a share of the truth's largest number; NaN counts."""
    difference = float(np.abs(np.asarray(found, np.float64) - truth).max(initial=0))
    return difference / max(float(np.abs(truth).max(initial=0)), 1e-30)


def verdict(found: dict, truth: dict, tolerance: float) -> dict:
    """The worst error of arrays by name, where it is, and whether it is allowed."""
    assert found.keys() == truth.keys(), found.keys() ^ truth.keys()
    errors = {name: error_of(found[name], truth[name]) for name in truth}
    where = max(errors, key=lambda name: (math.isnan(errors[name]), errors[name]))
    return result(errors[where], where, tolerance)


def result(error: float, where: str, tolerance: float) -> dict:
    """A comparison as JSON can hold it: an error that is no finite number is None."""
    finite = math.isfinite(error)
    return {"error": error if finite else None, "where": where, "tolerance": tolerance,
            "ok": finite and error <= tolerance}  # fmt: skip


# ---------------------------------------------------------------- what is in use


def probes(plan: Plan) -> dict[str, Callable[[], dict]]:
    """By precision, whether its table holds all fast functions: it tries them, and drops some."""
    return {precision: functools.partial(in_use, plan, precision) for precision in plan.precisions}


def in_use(plan: Plan, precision: str) -> dict:
    """The fast functions that the table has dropped are a failure, with their own traceback."""
    from minigpt.kernels.gpu import probe, table

    dropped = table.usable(plan.xp, precision)
    if not dropped:
        return {"told": "all fast functions are in use"}
    traces = []
    for name in dropped:
        try:
            probe.CASES[name](plan.xp, table.fast_table(precision))
        except Exception as error:
            traces.append(failure(error)["traceback"])
    return {"failed": "; ".join(dropped.values()), "traceback": "\n".join(traces)}


# ---------------------------------------------------------------- whole models


def models(plan: Plan) -> dict[str, Callable[[], dict]]:
    """The comparisons of whole models, by name."""
    found = {}
    for precision in precisions_in(plan):
        for name, compare in {
            "loss and gradients": loss_and_gradients,
            "with dropout": functools.partial(loss_and_gradients, dropout=DROPOUT),
            "20 steps of AdamW": twenty_steps,
            "the same bits again": same_bits,
        }.items():
            found[f"{name}, {precision}"] = functools.partial(compare, plan, precision)
    first = precisions_in(plan, depends=False)[0]
    return {**found, f"tokens written, {first}": functools.partial(tokens_written, plan, first)}


def pair_of_models(plan: Plan, precision: str, **options) -> tuple[GPT, GPT, int]:
    """A model on the GPU, the same one in float64 on the CPU, and the batch size."""
    config, batch_size = sized(plan.small, **{"init_std": INIT_STD, **options})
    model = GPT(config, seed=0, device=plan.device, precision=precision)
    params = {name: to_host(value).astype(np.float64) for name, value in items(model.params)}
    truth = GPT(config, device="cpu", dtype="float64", layers=layers, params=params)
    return model, truth, batch_size


def loss_and_gradients(plan: Plan, precision: str, dropout: float = 0.0) -> dict:
    """One forward and backward; with dropout, the truth gets the masks that the GPU draws."""
    model, truth, batch_size = pair_of_models(plan, precision, dropout=dropout)
    ids, targets = OneBatch(model.config, batch_size).next()

    def rng():
        return np.random.default_rng(5)

    mask = model.layers.dropout_mask
    masks = draw_dropout(model.config, ids.shape, rng(), model.params.buffer, mask)
    masks = masks and tree_map(lambda mask: as_array(mask, model.xp), masks)
    options = {"config": model.config, "dropout": masks, "layers": layers}
    loss, cache = gpt_loss(ids, targets, **truth.params, **options)
    expected = {"loss": loss, **dict(items(gpt_loss_backward(1.0, cache)[1]))}
    loss, grads = model.loss_and_grads(ids, targets, rng() if dropout else None)
    found = {"loss": loss, **dict(items(grads))}
    return verdict({name: to_host(x) for name, x in found.items()}, expected, MODEL[precision])


def as_array(mask, xp) -> np.ndarray:
    """A dropout mask as float64 on the host; that of the GPU's table is a rule, not an array."""
    if hasattr(mask, "array"):
        mask = mask.array(xp, np.float32)
    return to_host(mask).astype(np.float64)


def twenty_steps(plan: Plan, precision: str, steps: int = 20) -> dict:
    """How far the parameters are from where they should be, as a share of the way they went.

    As a share of lengths, not number by number: AdamW divides by the gradient's size, so one that
    is small moves its parameter as far as any other, wherever rounding sends it.
    """
    model, truth, batch_size = pair_of_models(plan, precision)
    start = flat(truth)
    losses = [train(some, batch_size, steps) for some in (model, truth)]
    way, off = flat(truth) - start, flat(model) - flat(truth)
    off, lost = float(np.linalg.norm(off) / np.linalg.norm(way)), error_of(*losses)
    worst, where = max((off, "parameters"), (lost, "losses"))
    return result(worst, where, STEPS[precision])


def flat(model: GPT) -> np.ndarray:
    """All parameters in one row, but the biases of keys: they change no score, so that their
    gradients are 0, and what moves them is nothing but rounding.
    """  # q . (k + bias) adds the same number, q . bias, to all scores of a query
    arrays = {name: to_host(value) for name, value in items(model.params)}
    C = model.config.n_embd
    for name in (name for name in arrays if name.endswith("c_attn.bias")):
        arrays[name] = np.delete(arrays[name], slice(C, 2 * C))
    return np.concatenate([array.ravel() for array in arrays.values()]).astype(np.float64)


def train(model: GPT, batch_size: int, steps: int) -> np.ndarray:
    """The losses of some steps, on tokens that follow a rule which can be learned."""
    tokens = np.arange(4000) ** 2 % model.config.vocab_size
    trainer = Trainer(model, tokens, batch_size, steps, 1e-3, 1e-4, 2, seed=3)
    return np.array([trainer.step() for _ in range(steps)])


def same_bits(plan: Plan, precision: str) -> dict:
    """Two runs of five steps with dropout: every bit of the parameters must be the same."""
    config, batch_size = sized(plan.small, dropout=DROPOUT)
    runs = []
    for _ in range(2):
        model = GPT(config, seed=0, device=plan.device, precision=precision)
        train(model, batch_size, 5)
        runs.append(to_host(model.params.buffer).view(np.uint32))
    others = int((runs[0] != runs[1]).sum())
    return result(others, "parameters", 0)


def tokens_written(plan: Plan, precision: str) -> dict:
    """Greedy writing: the tokens must be those of the CPU."""
    model, truth, _ = pair_of_models(plan, precision, init_std=0.3)
    ids = np.array([[1, 2, 3], [4, 5, 6]])
    written = [some.generate(ids, 20, do_sample=False) for some in (model, truth)]
    others = int((written[0] != written[1]).sum())
    return result(others, "tokens", 0)


# ---------------------------------------------------------------- each function


def functions(plan: Plan) -> dict[str, Callable[[], dict]]:
    """The comparisons of each pair of functions, by name; the precisions of one in a row."""
    one = functools.partial(one_function, plan)
    return {
        f"{name}, {label}, {precision}": functools.partial(one, sizes, name, precision)
        for label, sizes in plan.functions.items()
        for name, function in CASES.items()
        for precision in precisions_in(plan, function in MULTIPLY)
    }


CASES = {  # by name: the function of the table
    "linear": "linear", "linear without bias": "linear",
    "layernorm": "layernorm", "layernorm without bias": "layernorm",
    "gelu": "gelu", "gelu_exact": "gelu_exact", "relu": "relu", "softmax": "softmax",
    "mlp": "mlp", "mlp with relu": "mlp", "mlp with gelu_exact": "mlp",
    "attention": "attention", "attention with dropout": "attention",
    "attention with padding": "attention", "attention in a window": "attention",
    "scaled_dot_product": "scaled_dot_product", "embedding": "embedding",
    "unembedding": "unembedding", "cross_entropy": "cross_entropy", "head_loss": "head_loss",
    "dropout": "dropout",
}  # fmt: skip


@functools.lru_cache(maxsize=1)
def cases(B: int, T: int, C: int, H: int, V: int) -> dict[str, Part]:
    """Inputs for all of CASES; an option `dropout` is a share, whose mask is drawn later."""
    given = {part.function: part for part in make_parts(B, T, C, H, V)}
    rng = np.random.default_rng(1)
    targets = rng.integers(0, V, (B, T))
    targets[:, ::7] = layers.IGNORE
    real = np.arange(T) >= np.arange(B)[:, None, None, None] * (T // 4)
    q, k, v = rng.standard_normal((3, B, H, T, C // H), dtype=np.float32)
    x, dy, logits = given["mlp"].x, given["mlp"].dy, rng.standard_normal((B, T, V), np.float32)
    dscores = rng.standard_normal((B, H, T, T), np.float32)
    changes = {
        "linear without bias": {"params": {"weight": given["linear"].params["weight"]}},
        "layernorm without bias": {"params": {"weight": given["layernorm"].params["weight"]}},
        "gelu_exact": {**vars(given["gelu"])}, "relu": {**vars(given["gelu"])},
        "softmax": {"x": 4 * dscores[::-1], "params": {}, "dy": dscores},
        "mlp with relu": {"options": {"activation": "relu"}, "params": far_from_0(given["mlp"])},
        "mlp with gelu_exact": {"options": {"activation": "gelu_exact"}},
        "attention with dropout": {"options": {"n_head": H, "dropout": (B, H, T, T)}},
        "attention with padding": {"options": {"n_head": H, "mask": real}},
        "attention in a window": {"options": {"n_head": H, "window": T // 3}},
        "scaled_dot_product": {"x": (q, k, v), "params": {}, "dy": q[::-1],
                               "options": {"mask": layers.causal_mask(T, T, np)}},
        "unembedding": {"x": x, "params": given["embedding"].params, "dy": logits},
        "cross_entropy": {"x": 3 * logits, "params": {}, "dy": None,
                          "options": {"targets": targets}},
        "head_loss": {"options": {"targets": targets}},
        "dropout": {"x": x, "params": {}, "dy": dy, "options": {"dropout": x.shape}},
    }  # fmt: skip
    found = {}
    for name, function in CASES.items():
        begun = vars(given[function]) if function in given else {"options": {}}
        found[name] = Part(**{**begun, **changes.get(name, {}), "name": name, "function": function})
    return found


def far_from_0(mlp: Part) -> dict:
    """The MLP's parameters with biases of 8 or -8: near 0, rounding would decide relu's slope."""
    c_fc = mlp.params["c_fc"]
    bias = np.where(np.arange(len(c_fc["bias"])) % 2, 8, -8).astype(np.float32)
    return {**mlp.params, "c_fc": {**c_fc, "bias": bias}}


def one_function(plan: Plan, sizes: dict, name: str, precision: str) -> dict:
    """y, dx and the gradients of one pair, against those of `minigpt.layers` in float64."""
    xp, part = plan.xp, cases(**sizes)[name]
    table = kernels.fastest(xp, precision)
    found = outcome(part, table, xp.asarray, drawn_mask(part, table, xp))
    tolerance = FUNCTION[precision if part.function in MULTIPLY else "fp32"]
    return verdict(found, truth_of(name, tuple(sizes.items()), xp), tolerance)


@functools.lru_cache(maxsize=1)
def truth_of(name: str, sizes: tuple, xp) -> dict[str, np.ndarray]:
    """What `minigpt.layers` gives in float64; kept for the other precisions."""
    part = cases(**dict(sizes))[name]
    mask = drawn_mask(part, kernels.fastest(xp, "fp32"), xp)
    mask = None if mask is None else as_array(mask, xp)

    def convert(x):
        return x.astype(np.float64) if x.dtype.kind == "f" else x

    return outcome(part, layers, convert, mask)


def drawn_mask(part: Part, table, xp):
    """The dropout mask of a part that has one, drawn by a table; equal for all of a GPU's."""
    shape = part.options.get("dropout")
    like = xp.zeros(1, np.float32)
    return shape and table.dropout_mask(np.random.default_rng(7), shape, DROPOUT, like)


def outcome(part: Part, table, convert: Callable, mask=None) -> dict[str, np.ndarray]:
    """Run a pair of functions of a table: y, dx and the gradients by name, on the host."""
    options = {
        name: convert(option) if isinstance(option, np.ndarray) else option
        for name, option in part.options.items()
        if name != "dropout"
    }
    if mask is not None:
        options["dropout_mask" if part.function == "attention" else "mask"] = mask
    if part.function in ("mlp", "attention", "head_loss", "scaled_dot_product"):
        options["parts"] = table
    xs = part.x if isinstance(part.x, tuple) else (part.x,)
    params = tree_map(convert, part.params)
    y, cache = getattr(table, part.function)(*map(convert, xs), **params, **options)
    dy = 1.0 if part.dy is None else convert(part.dy)
    dx, grads = getattr(table, f"{part.function}_backward")(dy, cache)
    dxs = dx if isinstance(dx, tuple) else (dx,)
    found = {"y": y, **{f"dx {i}": x for i, x in enumerate(dxs) if x is not None}}
    found |= {f"d{name}": grad for name, grad in items(grads)}
    return {name: to_host(array) for name, array in found.items()}
