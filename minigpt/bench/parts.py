"""How fast each layer is, forward and backward: clear, fast, and PyTorch's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from minigpt import layers
from minigpt.bench.measure import in_turns
from minigpt.bench.table import duration, table, three_digits, times
from minigpt.bench.train import per_step, steps_in
from minigpt.machine import keep_freed_memory, usable_cores
from minigpt.model import GPTConfig
from minigpt.training.threads import shared_out
from minigpt.tree import items

SIZES = {"B": 8, "T": 256, "C": 384, "H": 6, "V": 512}
WHO = {"clear": "minigpt.layers", "fast": "minigpt.kernels", "torch": "PyTorch"}
TURN = 0.1  # seconds


@dataclass
class Part:
    """One layer with an input: x (B, T, …), parameters, and the gradient dy of its output."""

    name: str
    function: str  # of the table, with its backward
    x: np.ndarray
    params: dict
    dy: np.ndarray | None  # None: the output is the loss
    options: dict


def make_parts(B: int, T: int, C: int, H: int, V: int) -> list[Part]:
    """All layers at one size, with random float32 arrays."""
    rng = np.random.default_rng(0)

    def normal(*shape, scale=1.0):
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    def linear(n_in, n_out):
        return {"weight": normal(n_in, n_out, scale=n_in**-0.5), "bias": normal(n_out)}

    narrow, wide, dy = normal(B, T, C), normal(B, T, 4 * C), normal(B, T, C)
    ids, targets = rng.integers(0, V, (B, T)), rng.integers(0, V, (B, T))
    mlp = {"c_fc": linear(C, 4 * C), "c_proj": linear(4 * C, C)}
    attention = {"c_attn": linear(C, 3 * C), "c_proj": linear(C, C)}
    rows = {"weight": normal(V, C, scale=0.02)}
    norm = {"weight": normal(C), "bias": normal(C)}
    return [
        Part("linear", "linear", narrow, linear(C, 4 * C), wide, {}),
        Part("layernorm", "layernorm", narrow, norm, dy, {}),
        Part("gelu", "gelu", wide, {}, normal(B, T, 4 * C), {}),
        Part("mlp", "mlp", narrow, mlp, dy, {"activation": "gelu"}),
        Part("attention", "attention", narrow, attention, dy, {"n_head": H}),
        Part("embedding", "embedding", ids, rows, dy, {}),
        Part("head + cross-entropy", "head_loss", narrow, rows, None, {"targets": targets}),
    ]


def tables() -> dict:
    """The functions of "clear" and, where `minigpt.kernels` can be imported, of "fast"."""
    try:
        from minigpt import kernels
    except ImportError:
        return {"clear": layers}
    own = {name: getattr(kernels, name) for name in dir(kernels) if name[0] != "_"}
    clear = {name: getattr(layers, name) for name in layers.__all__}
    return {"clear": layers, "fast": SimpleNamespace(**{**clear, **own})}


def has_own(functions, part: Part) -> bool:
    """Whether a table has a function of its own for the part, and not the clear one."""
    return functions is layers or any(
        getattr(functions, name) is not getattr(layers, name)
        for name in (part.function, f"{part.function}_backward")
    )


def run_ours(part: Part, functions, threads: int, repeats: int = 1) -> tuple:
    """y, dx and the gradients, with the batch cut into one shard a thread, as `Trainer` does."""
    shards = np.array_split(np.arange(len(part.x)), min(threads, len(part.x)))
    with shared_out(threads) as run_all:
        for _ in range(repeats):
            results = list(run_all(lambda rows: _one_shard(part, functions, rows), shards))
            ys, dxs, all_grads = zip(*results, strict=True)
            grads = dict(items(all_grads[0]))
            for others in all_grads[1:]:
                for name, grad in items(others):
                    grads[name] = grads[name] + grad
    return ys, dxs, grads


def _one_shard(part: Part, functions, rows) -> tuple:
    """y, dx and the gradients of one shard, as the model calls the part's functions."""
    rows = slice(rows[0], rows[-1] + 1)
    options, dy = dict(part.options), 1.0
    if part.function in ("mlp", "attention", "head_loss"):
        options["parts"] = functions
    if part.dy is not None:
        dy = part.dy[rows]
    else:
        options |= {"targets": options["targets"][rows], "count": options["targets"].size}
    y, cache = getattr(functions, part.function)(part.x[rows], **part.params, **options)
    return y, *getattr(functions, f"{part.function}_backward")(dy, cache)


def run_torch(part: Part, threads: int) -> Callable:
    """The matching module of PyTorch with the same weights: a function that gives y, dx, grads."""
    from minigpt.bench import torch_gpt

    torch = torch_gpt.import_torch()
    module = _module(part, torch, torch_gpt)
    x = torch.from_numpy(part.x)
    dy = None if part.dy is None else torch.from_numpy(part.dy)
    targets = torch.from_numpy(part.options["targets"]).flatten() if dy is None else None

    def run(repeats: int = 1) -> tuple:
        torch.set_num_threads(threads)
        x.requires_grad_(x.is_floating_point())
        for _ in range(repeats):
            module.zero_grad(set_to_none=True)
            x.grad = None
            y = module(x)
            if targets is not None:
                y = torch.nn.functional.cross_entropy(y.flatten(0, 1), targets)
            y.backward(dy)
        return y, x.grad, {name: p.grad for name, p in module.named_parameters()}

    return run


def _module(part: Part, torch, torch_gpt):
    """An `nn.Module` with the part's weights; those of linear layers are turned over."""
    nn, C = torch.nn, part.x.shape[-1]
    config = GPTConfig(n_embd=C, n_head=part.options.get("n_head", 1)) if part.x.ndim == 3 else None
    make = {
        "linear": lambda: nn.Linear(C, 4 * C),
        "layernorm": lambda: nn.LayerNorm(C),
        "gelu": lambda: nn.GELU(approximate="tanh"),
        "mlp": lambda: torch_gpt.mlp_class()(config),
        "attention": lambda: torch_gpt.attention_class()(config),
        "embedding": lambda: nn.Embedding(*part.params["weight"].shape),
        "head + cross-entropy": lambda: nn.Linear(*part.params["weight"].shape[::-1], bias=False),
    }
    module, given = make[part.name](), dict(items(part.params))
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.from_numpy(turned(part, given[name])))
    return module


def turned(part: Part, array: np.ndarray) -> np.ndarray:
    """A linear layer's matrix turned over, to PyTorch's way of storing it or back."""
    return array.T if array.ndim == 2 and part.name in ("linear", "mlp", "attention") else array


def parts(
    sizes: dict[str, int] | None = None,
    rounds: int = 5,
    against: str | None = None,
    threads: int | None = None,
    turn: float = TURN,
) -> dict:
    """Time each layer forward and backward, in turns.

    Args:
        sizes: B, T, C, H and V; None: SIZES.
        rounds, against, threads, turn: see `train`.

    Returns:
        By part, then by "clear", "fast" and "torch": median seconds and spread. A part that
        `minigpt.kernels` does not have is left out there.
    """
    sizes, threads = sizes or SIZES, threads or usable_cores()
    keep_freed_memory()
    found = {"sizes": sizes, "rounds": rounds, "threads": threads, "parts": {}}
    for part in make_parts(**sizes):
        runs = {
            who: functools.partial(run_ours, part, functions, threads)
            for who, functions in tables().items()
            if has_own(functions, part)
        }
        if against:
            runs["torch"] = run_torch(part, threads)
        found["parts"][part.name] = _timed(runs, rounds, turn)
    return found


def _timed(runs: dict[str, Callable], rounds: int, turn: float) -> dict:
    """Median seconds of one call and the spread, by name."""
    calls = {who: steps_in(run, turn) for who, run in runs.items()}
    turns = {who: lambda who=who: runs[who](repeats=calls[who]) for who in runs}
    timings = per_step(in_turns(turns, rounds), calls)
    return {who: {"seconds": t.median, "spread": t.spread} for who, t in timings.items()}


def best(one: dict) -> float:
    """Seconds of minigpt's faster function."""
    return min(one[who]["seconds"] for who in ("clear", "fast") if who in one)


def as_text(found: dict) -> str:
    """The result as a table."""
    rows = []
    for name, one in found["parts"].items():
        seconds = {who: one.get(who, {}).get("seconds") for who in WHO}
        ratio = one["torch"]["seconds"] / best(one) if "torch" in one else None
        gain = one["clear"]["seconds"] / one["fast"]["seconds"] if "fast" in one else None
        rows.append((name, *map(duration, seconds.values()), times(gain), times(ratio)))
    titles = ("forward + backward", "clear", "fast", "PyTorch", "clear / fast", "PyTorch / minigpt")
    sizes = ", ".join(f"{name} = {value}" for name, value in found["sizes"].items())
    head = (f"Layers at {sizes} in float32: medians of {found['rounds']} rounds in turns,\n"
            f"{found['threads']} threads")  # fmt: skip
    return f"{head}\n{table(titles, rows)}"


def message(found: dict) -> str:
    """What the picture says, in a sentence."""
    every = found["parts"].values()
    if any("torch" in one for one in every):
        won = sum(best(one) < one["torch"]["seconds"] for one in every)
        return f"Forward + backward: minigpt is the faster one in {won} of {len(every)} layers"
    slowest = max(found["parts"], key=lambda name: best(found["parts"][name]))
    return f"The slowest layer is {slowest}: {three_digits(best(found['parts'][slowest]) * 1e3)} ms"


def panels(found: dict) -> dict[str, dict[str, float]]:
    """Milliseconds by panel and bar, for `plots.bars`."""
    return {
        name: {WHO[who]: one[who]["seconds"] * 1e3 for who in WHO if who in one}
        for name, one in found["parts"].items()
    }
