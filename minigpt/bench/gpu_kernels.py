"""How fast single functions are on a GPU: matrix products, and each part of a step."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from minigpt import kernels
from minigpt.bench import parts, torch_gpt
from minigpt.bench.gpu_turns import (
    Contestant,
    Plan,
    compare,
    noise,
    ours,
    precisions_in,
    sized,
    theirs,
)
from minigpt.bench.parts import Part
from minigpt.kernels.gpu.matmul import factor, matmul
from minigpt.training.adamw import AdamW
from minigpt.training.update import DeviceUpdate
from minigpt.tree import FlatTree, tree_map

TIMED = {  # of `parts.make_parts`: whether it multiplies matrices
    "layernorm": False, "mlp": True, "attention": True, "head + cross-entropy": True,
    "embedding": False,
}  # fmt: skip

# ---------------------------------------------------------------- matrix products


def products(plan: Plan) -> dict[str, Callable[[], dict]]:
    """The products to time, by name: large squares, and the shapes of a model's step."""
    k = plan.kernels
    N, C, V = k["B"] * k["T"], k["C"], k["V"]
    shapes = {f"{n} x {n} x {n}": (n, n, n, False) for n in plan.squares} | {
        "MLP, forward": (N, C, 4 * C, False),
        "MLP, weight's gradient": (C, N, 4 * C, True),
        "projection, forward": (N, C, C, False),
        "head, forward": (N, C, V, False),
    }
    return {
        f"{name}, {precision}": functools.partial(one_product, plan, *shape, precision)
        for name, shape in shapes.items()
        for precision in precisions_in(plan)
    }


def one_product(plan: Plan, M: int, K: int, N: int, flipped: bool, precision: str) -> dict:
    """(M, K) @ (K, N), where the left factor may be a transposed view; adds TFLOP/s."""
    a, b = noise((K, M) if flipped else (M, K)), noise((K, N))

    def our_product() -> Contestant:
        xp = plan.xp
        x, y = (factor(xp, xp.asarray(array), precision) for array in (a, b))
        x = x.T if flipped else x
        return ours(xp, lambda: matmul(xp, x, y, precision, bf16_result=precision == "bf16"))

    def their_product() -> Contestant:
        torch = torch_gpt.import_torch()
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        x, y = (torch.from_numpy(array).to(plan.their_device, dtype) for array in (a, b))
        x = x.T if flipped else x

        def step():
            with torch_gpt.in_precision(precision, plan.their_device):
                torch.matmul(x, y)

        return theirs(plan, step)

    found = compare(plan, pair(plan, our_product, their_product))
    for one in (found[who] for who in ("minigpt", "torch") if "seconds" in found.get(who, {})):
        one["tflops"] = 2e-12 * M * K * N / one["seconds"]
    return found


def pair(plan: Plan, our: Callable, their: Callable) -> dict[str, Callable]:
    """Both contestants' makers, or minigpt's alone."""
    return {"minigpt": our, "torch": their} if plan.against else {"minigpt": our}


# ---------------------------------------------------------------- parts of a step


def functions(plan: Plan) -> dict[str, Callable[[], dict]]:
    """The parts to time, forward and backward, by name; and what follows the gradients."""
    found = {
        f"{name}, {precision}": functools.partial(one_part, plan, name, precision)
        for name, multiplies in TIMED.items()
        for precision in precisions_in(plan, multiplies)
    }
    first = precisions_in(plan, depends=False)[0]
    return {**found, f"norm, clipping, AdamW, {first}": functools.partial(optimizer, plan)}


@functools.lru_cache(maxsize=1)
def made_parts(**sizes) -> dict[str, Part]:
    """All parts of a size, by name."""
    return {part.name: part for part in parts.make_parts(**sizes)}


def one_part(plan: Plan, name: str, precision: str) -> dict:
    """Forward and backward of one part of the model."""
    part = made_parts(**plan.kernels)[name]
    our = functools.partial(our_part, plan.xp, part, kernels.fastest(plan.xp, precision))
    their = functools.partial(their_part, plan, part, precision)
    return compare(plan, pair(plan, our, their))


def our_part(xp, part: Part, table) -> Contestant:
    """A part by a table of functions, with its arrays on the GPU."""
    options = {
        name: xp.asarray(option) if isinstance(option, np.ndarray) else option
        for name, option in part.options.items()
    }
    if part.function in ("mlp", "attention", "head_loss"):
        options["parts"] = table
    forward, backward = (getattr(table, part.function + end) for end in ("", "_backward"))
    x, params = xp.asarray(part.x), tree_map(xp.asarray, part.params)
    dy = 1.0 if part.dy is None else xp.asarray(part.dy)

    def step():
        _, cache = forward(x, **params, **options)
        backward(dy, cache)

    return ours(xp, step)


def their_part(plan: Plan, part: Part, precision: str) -> Contestant:
    """The matching module of PyTorch."""
    torch, device = torch_gpt.import_torch(), plan.their_device
    module = parts._module(part, torch, torch_gpt).to(device)
    x = torch.from_numpy(part.x).to(device)
    x.requires_grad_(x.is_floating_point())
    targets = part.options.get("targets")
    if targets is not None:
        targets = torch.from_numpy(targets).flatten().to(device)

    def forward():
        with torch_gpt.in_precision(precision, device):
            y = module(x)
            if targets is None:
                return y
            return torch.nn.functional.cross_entropy(y.flatten(0, 1), targets)

    dy = part.dy
    if dy is not None:  # of the dtype that autocast gives y
        dy = torch.from_numpy(dy).to(device, forward().dtype)

    def step():
        module.zero_grad(set_to_none=True)
        x.grad = None
        forward().backward(dy)

    return theirs(plan, step)


def optimizer(plan: Plan) -> dict:
    """The gradient's norm, clipping and AdamW, over all parameters of the largest model."""
    config, _ = sized(list(plan.models.values())[-1])
    shapes = config.shapes()
    our = functools.partial(our_optimizer, plan.xp, shapes)
    return compare(plan, pair(plan, our, functools.partial(their_optimizer, plan, shapes)))


def our_optimizer(xp, shapes: dict) -> Contestant:
    """`DeviceUpdate`, as `Trainer` uses it."""
    params, grads = (FlatTree.empty(shapes, np.float32, xp) for _ in range(2))
    params.buffer[...], grads.buffer[...] = 0.02, 1e-3
    update = DeviceUpdate(AdamW(params, 1e-4, (0.9, 0.99), weight_decay=0.1), grads, 1.0)
    loss = xp.zeros((), np.float32)
    return ours(xp, lambda: update(loss, 1e-4))


def their_optimizer(plan: Plan, shapes: dict) -> Contestant:
    """`clip_grad_norm_` and the fused AdamW."""
    torch = torch_gpt.import_torch()
    options = {"device": plan.their_device, "requires_grad": True}
    tensors = [torch.full(shape, 0.02, **options) for shape in shapes.values()]
    for tensor in tensors:
        tensor.grad = torch.full_like(tensor, 1e-3)
    adamw = torch.optim.AdamW(tensors, 1e-4, (0.9, 0.99), weight_decay=0.1, fused=True)

    def step():
        torch.nn.utils.clip_grad_norm_(tensors, 1.0)
        adamw.step()

    return theirs(plan, step)
