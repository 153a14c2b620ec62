"""Our GPT against files that PyTorch made once (make_golden.py); no PyTorch is needed here."""

import importlib.util
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from minigpt.layers import cross_entropy, cross_entropy_backward
from minigpt.model import GPT, GPTConfig, gpt, gpt_backward
from minigpt.training import AdamW, Trainer, clip_by_global_norm, warmup_cosine
from minigpt.tree import FlatTree, items

HERE = Path(__file__).parent
CASES = ("tied", "untied", "no_bias", "untied_no_bias", "ignored_targets", "padding")
UNPADDED = [case for case in CASES if case != "padding"]
TRAINING = {"lr": 1e-2, "min_lr": 1e-3, "warmup": 3, "betas": (0.9, 0.99), "weight_decay": 0.1,
            "clip": 1.0}  # fmt: skip
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


@cache
def golden(case: str) -> dict:
    with np.load(HERE / f"{case}.npz") as file:
        return dict(file)


def part(case: str, kind: str) -> dict:
    prefix = f"{kind}/"
    found = {k.removeprefix(prefix): v for k, v in golden(case).items() if k.startswith(prefix)}
    assert found
    return found


def make_model(case: str, dtype: str) -> GPT:
    config = GPTConfig(**json.loads(str(golden(case)["config"])))
    return GPT(config, device="cpu", dtype=dtype, params=part(case, "weights"))


def assert_close(ours, theirs, tolerance: float, name: str):
    """The largest difference, relative to the tensor's largest number, is at most `tolerance`."""
    ours = np.asarray(ours)
    assert ours.shape == theirs.shape, name
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    assert error <= tolerance, f"{name}: relative error {error:.1e}"


def assert_trees_close(ours, theirs: dict, tolerance: float):
    ours = dict(items(ours))
    assert ours.keys() == theirs.keys()
    for name in theirs:
        assert_close(ours[name], theirs[name], tolerance, name)


def loss_and_grads(model: GPT, ids, targets, mask):
    """`model.loss_and_grads` with a mask; also the logits."""
    logits, cache = gpt(ids, **model.params, config=model.config, mask=mask)
    loss, loss_cache = cross_entropy(logits, targets)
    dlogits, _ = cross_entropy_backward(1.0, loss_cache)
    return logits, loss, gpt_backward(dlogits, cache)[1]


def test_the_files_are_what_they_should_be():
    files = list(HERE.glob("*.npz"))
    assert {file.stem for file in files} == set(CASES)
    assert sum(file.stat().st_size for file in files) < 1_000_000
    for case in CASES:
        shapes = GPTConfig(**json.loads(str(golden(case)["config"]))).shapes()
        for kind in ("weights", "grads", "after"):
            assert {name: a.shape for name, a in part(case, kind).items()} == shapes
        assert golden(case)["norms"].max() > TRAINING["clip"]  # clipping is at work


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", CASES)
def test_logits_loss_and_every_gradient(case, dtype):
    file, model = golden(case), make_model(case, dtype)
    ids, targets, mask = file["ids"][0], file["targets"][0], file.get("mask")
    logits, loss, grads = loss_and_grads(model, ids, targets, mask)
    assert {a.dtype for _, a in items(grads)} == {logits.dtype} == {np.dtype(dtype)}
    assert_close(logits, file["logits"], TOLERANCE[dtype], "logits")
    assert_close(loss, file["loss"], TOLERANCE[dtype], "loss")
    assert_trees_close(grads, part(case, "grads"), TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", UNPADDED)
def test_the_model_object_gives_the_same(case, dtype):
    file, model = golden(case), make_model(case, dtype)
    ids, targets = file["ids"][0], file["targets"][0]
    assert_close(model(ids), file["logits"], TOLERANCE[dtype], "logits")
    assert_close(model.loss(ids, targets), file["loss"], TOLERANCE[dtype], "loss")
    loss, grads = model.loss_and_grads(ids, targets)
    assert_close(loss, file["loss"], TOLERANCE[dtype], "loss")
    assert_trees_close(grads, part(case, "grads"), TOLERANCE[dtype])


def test_the_mask_of_the_padding_is_at_work():
    file, model = golden("padding"), make_model("padding", "float64")
    ids = file["ids"][0]
    assert_close(model(ids, mask=file["mask"]), file["logits"], 1e-10, "logits")
    assert np.abs(model(ids) - file["logits"]).max() > 0.1
    real = file["mask"][:, 0, 0]
    garbled = np.where(real, ids, (ids + 1) % model.config.vocab_size)
    logits = model(garbled, mask=file["mask"])
    assert_close(logits[real], file["logits"][real], 1e-10, "logits of real tokens")


class Given:
    """Batches that are given, for the trainer."""

    def __init__(self, ids, targets):
        self.pairs = iter(zip(ids, targets, strict=True))

    def next(self):
        return next(self.pairs)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", UNPADDED)
def test_ten_steps_of_the_trainer(case, threads):
    file, model = golden(case), make_model(case, "float64")
    batches = Given(file["ids"], file["targets"])
    trainer = Trainer(model, batches, batch_size=5, steps=10, threads=threads, **TRAINING)
    losses, norms = [], []
    for _ in range(10):
        losses.append(trainer.step())
        norms.append(trainer.grad_norm)
    assert_close(losses, file["losses"], 1e-9, "losses")
    assert_close(norms, file["norms"], 1e-9, "norms")
    assert_trees_close(model.params, part(case, "after"), 1e-9)


def test_ten_steps_with_padding_by_hand():
    file, model = golden("padding"), make_model("padding", "float64")
    rule = {key: TRAINING[key] for key in ("lr", "min_lr", "warmup")}
    optimizer = AdamW(model.params, betas=(0.9, 0.99), weight_decay=0.1)
    losses, norms = [], []
    for step, (ids, targets) in enumerate(zip(file["ids"], file["targets"], strict=True)):
        _, loss, grads = loss_and_grads(model, ids, targets, file["mask"])
        grads = FlatTree(grads)
        norms.append(clip_by_global_norm(grads, TRAINING["clip"]))
        optimizer.step(grads, warmup_cosine(step, 10, **rule))
        losses.append(loss)
    assert_close(losses, file["losses"], 1e-9, "losses")
    assert_close(norms, file["norms"], 1e-9, "norms")
    assert_trees_close(model.params, part("padding", "after"), 1e-9)


@pytest.mark.parametrize("case", UNPADDED)
def test_ten_steps_in_float32(case):
    file, model = golden(case), make_model(case, "float32")
    trainer = Trainer(
        model, Given(file["ids"], file["targets"]), batch_size=5, steps=10, threads=1, **TRAINING
    )
    losses = [trainer.step() for _ in range(10)]
    assert_close(losses, file["losses"], 1e-4, "losses")


@pytest.mark.oracle
@pytest.mark.parametrize("case", CASES)
def test_the_script_still_makes_these_files(case):
    pytest.importorskip("torch", reason="PyTorch makes the golden files; see the extra 'oracles'")
    spec = importlib.util.spec_from_file_location("make_golden", HERE / "make_golden.py")
    make_golden = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_golden)
    made = make_golden.compute(case)
    assert made.keys() == golden(case).keys()
    assert make_golden.TRAINING == TRAINING and tuple(make_golden.CASES) == CASES
    for name, value in made.items():
        if value.dtype.kind == "f":
            assert_close(value, golden(case)[name], 1e-9, name)
        else:
            assert np.array_equal(value, golden(case)[name]), name
