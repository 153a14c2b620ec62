"""Write the golden files: what PyTorch computes for small GPTs, so that tests need no PyTorch.

    python tests/golden/make_golden.py            (needs PyTorch; writes tests/golden/*.npz)

A file holds, computed in float64:

    config                   GPTConfig's fields, as JSON
    ids, targets             (10, B, T): one batch for each of ten steps
    mask                     (B, 1, 1, T), True for real tokens; only where there is padding
    weights/NAME             the start; float32 numbers, so that a float32 model starts equal
    logits, loss             of the first batch
    grads/NAME               of the first batch, every one
    losses, norms            of ten steps of AdamW, before each step
    after/NAME               the parameters after the ten steps

The weights have a standard deviation of 0.3 instead of 0.02, and scales and biases are random too:
with GPT-2's start a wrong gradient hides in attention that is nearly uniform. No two sizes are
equal, so a transposed or mixed up axis can't pass.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
STEPS, B, T = 10, 5, 7
SIZES = {"vocab_size": 19, "block_size": 9, "n_layer": 2, "n_head": 3, "n_embd": 12}
TRAINING = {"lr": 1e-2, "min_lr": 1e-3, "warmup": 3, "betas": (0.9, 0.99), "weight_decay": 0.1,
            "clip": 1.0}  # fmt: skip
CASES = {
    "tied": {},
    "untied": {"tie_weights": False, "layer_norm_epsilon": 1e-2},
    "no_bias": {"bias": False, "activation": "gelu"},
    "untied_no_bias": {"bias": False, "tie_weights": False},
    "ignored_targets": {"activation": "gelu", "n_layer": 1, "n_head": 4},
    "padding": {"tie_weights": False, "n_layer": 3, "n_head": 2, "n_embd": 8},
}


def start(config, rng) -> dict:
    """Weights of order 0.3, rounded to float32."""
    weights = {}
    for name, shape in config.shapes().items():
        centre = 1.0 if len(shape) == 1 and name.endswith("weight") else 0.0
        weights[name] = rng.normal(centre, 0.3, shape).astype(np.float32)
    return weights


def data(case: str, config, rng) -> dict:
    """Ids and targets for ten steps, with some targets ignored or padding left and right."""
    ids = rng.integers(0, config.vocab_size, (STEPS, B, T + 1))
    arrays = {"ids": ids[..., :-1].copy(), "targets": ids[..., 1:].copy()}
    if case == "ignored_targets":
        arrays["targets"][rng.random((STEPS, B, T)) < 0.4] = -100
        arrays["targets"][0, 1] = -100  # a whole row
    if case == "padding":
        real = np.ones((B, T), dtype=bool)
        real[0, :3], real[1, :1], real[2, 4:] = False, False, False
        arrays["mask"] = real[:, None, None, :]
        arrays["targets"][:, ~real] = -100
    return arrays


def compute(case: str) -> dict:
    """All arrays of one golden file."""
    import torch
    import torch_gpt

    from minigpt.model import GPTConfig

    config = GPTConfig(**{**SIZES, **CASES[case]})
    rng = np.random.default_rng([20, list(CASES).index(case)])
    weights, arrays = start(config, rng), data(case, config, rng)
    batch = [torch.from_numpy(arrays["ids"]), torch.from_numpy(arrays["targets"])]
    mask = torch.from_numpy(arrays["mask"]) if "mask" in arrays else None

    model = torch_gpt.load(config, weights, torch.float64)
    loss = model.loss(batch[0][0], batch[1][0], mask)
    loss.backward()
    result = {
        "config": np.array(json.dumps({**SIZES, **CASES[case]})),
        **arrays,
        "logits": model(batch[0][0], mask).detach().numpy(),
        "loss": loss.detach().numpy(),
    }
    grads = torch_gpt.named(model, gradients=True)
    losses, norms = torch_gpt.train(model, *batch, mask, **TRAINING)
    result |= {"losses": np.array(losses), "norms": np.array(norms)}
    for kind, tree in (("weights", weights), ("grads", grads), ("after", torch_gpt.named(model))):
        result |= {f"{kind}/{name}": value for name, value in tree.items()}
    return result


def main():
    for case in CASES:
        arrays = compute(case)
        np.savez_compressed(HERE / f"{case}.npz", **arrays)
        size = (HERE / f"{case}.npz").stat().st_size
        print(f"{case}: {size // 1000} kB, losses {arrays['losses'].round(3)},"
              f" norms {arrays['norms'].round(2)}")  # fmt: skip


sys.path.insert(0, str(HERE.parent / "oracles"))  # torch_gpt
if __name__ == "__main__":
    main()
