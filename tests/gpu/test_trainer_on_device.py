"""The trainer on a GPU, played by the stand-in: equal to NumPy's, never waiting, safe."""

import json

import numpy as np
import pytest

from minigpt import GPT, GPTConfig, Trainer
from minigpt.cli import main
from minigpt.errors import UserError
from minigpt.model.account import gpu_bytes, gpu_bytes_per_sequence
from minigpt.training.room import largest_batch
from minigpt.training.trainer import Diverged, evaluate

CONFIG = GPTConfig(vocab_size=65, block_size=16, n_layer=2, n_head=2, n_embd=32)
TOKENS = np.tile(np.random.default_rng(0).integers(0, 65, 11), 46)  # can be learned
NUMBERS = {"batch_size": 4, "steps": 20, "lr": 1e-2, "min_lr": 1e-3, "warmup": 2}


def make_trainer(device, config=CONFIG, **options):
    precision = options.pop("precision", "fp32")
    model = GPT(config, seed=1, device=device, precision=precision)
    return Trainer(model, TOKENS, **{**NUMBERS, **options})


TOLERANCES = [("fp32", 1e-4), ("tf32", 1e-2), ("bf16", 3e-2)]  # of a loss, after 20 steps


@pytest.mark.parametrize("precision, tolerance", TOLERANCES)
def test_twenty_steps_are_those_of_numpy(cupy, precision, tolerance):
    ours, theirs = make_trainer("cuda", precision=precision), make_trainer("cpu", threads=1)
    losses = [ours.step() for _ in range(20)]
    assert type(losses[0]) is float and not cupy.state.float64
    expected = [theirs.step() for _ in range(20)]
    assert np.abs(np.subtract(losses, expected)).max() < tolerance
    assert ours.grad_norm == pytest.approx(theirs.grad_norm, rel=20 * tolerance)
    assert expected[-1] < expected[0] - 0.5  # there was something to compare


def test_steps_never_wait_and_a_report_is_one_copy(cupy):
    trainer = make_trainer("cuda", accumulate=2)
    cupy.state.clear()
    losses = [trainer.advance() for _ in range(5)]
    assert cupy.state.transfers == 0, cupy.state.places
    mean, norm = trainer.read(losses)
    assert cupy.state.transfers == 1
    assert mean == pytest.approx(np.mean([float(loss) for loss in losses]), rel=1e-6)
    assert norm == pytest.approx(trainer.grad_norm)


def test_a_report_before_the_first_step_is_no_failure(cupy):
    trainer = make_trainer("cuda")
    assert np.isnan(trainer.read([])).all()
    assert np.isfinite(trainer.read([trainer.advance()])).all()


def test_a_run_from_its_first_validation_to_its_end(cupy, tmp_path):
    (tmp_path / "text.txt").write_text("to be, or not to be: that is the question. " * 40)
    sizes = {"n-layer": 1, "n-head": 1, "n-embd": 16, "block-size": 8, "batch-size": 2}
    numbers = {**sizes, "steps": 4, "eval-every": 2, "dropout": 0.1}
    words = [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    run = tmp_path / "run"
    given = ["--text", str(tmp_path / "text.txt"), "--tokenizer", "char", *words]
    assert main(["train", *given, "--device", "cuda", "--out", str(run)]) == 0
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["val_loss"]] == [0, 2, 4]
    assert rows[0]["train_loss"] is None and rows[-1]["grad_norm"] > 0
    assert json.loads((run / "summary.json").read_text())["gpu_memory_mb"] > 0


def test_fit_waits_once_at_its_end(cupy):
    trainer = make_trainer("cuda")
    cupy.state.clear()
    assert type(trainer.fit()) is float
    assert cupy.state.transfers == 1, cupy.state.places


def test_equal_seeds_give_equal_bits_with_dropout(cupy):
    config = GPTConfig(65, 16, 2, 2, 32, dropout=0.3)
    runs = []
    for _ in range(2):
        trainer = make_trainer("cuda", config)
        runs.append([trainer.step() for _ in range(4)] + [trainer.model.params.buffer.get()])
    assert runs[0][:4] == runs[1][:4] and (runs[0][4] == runs[1][4]).all()
    assert runs[0][:4] != [make_trainer("cuda", config, seed=5).step() for _ in range(4)]


def test_a_bad_step_changes_nothing_from_there_on(cupy):
    trainer = make_trainer("cuda")
    trainer.read([trainer.advance(), trainer.advance()])
    trainer.model.params["h"]["1"]["ln_2"]["weight"][3] = np.inf
    owned = trainer.model.params.buffer, trainer.optimizer.m, trainer.optimizer.v
    before = [array.get() for array in owned]
    losses = [trainer.advance() for _ in range(3)]
    after = [array.get() for array in owned]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, after, strict=True))
    with pytest.raises(Diverged, match="one of the steps 2 to 4"):
        trainer.read(losses)
    trainer.model.params["h"]["1"]["ln_2"]["weight"][3] = 1  # also when all is well again
    trainer.advance()
    assert (trainer.optimizer.m.get() == before[1]).all()
    with pytest.raises(Diverged):
        trainer.read([])


def test_full_memory_is_one_sentence_with_the_batch_that_fits(cupy):
    trainer = make_trainer("cuda", batch_size=64)
    cupy.state.limit = cupy.get_default_memory_pool().used_bytes() + 100_000
    with pytest.raises(UserError, match="memory .* is full at a batch of 64 sequences"):
        trainer.step()


def test_the_largest_batch_fits_and_one_more_does_not():
    config = GPTConfig.preset("gpt2")
    for precision in ("fp32", "bf16"):
        memory = 80 << 30
        n = largest_batch(config, memory, precision)
        each, fixed = gpu_bytes_per_sequence(config, precision), gpu_bytes(config, precision)
        assert fixed + n * each <= 0.9 * memory < fixed + (n + 1) * each
    assert largest_batch(config, memory, "bf16") > 1.4 * largest_batch(config, memory, "fp32")
    assert largest_batch(config, memory, recompute=True) > 4 * largest_batch(config, memory)
    assert largest_batch(config, 1 << 30) == 0


def test_validation_is_one_copy(cupy):
    trainer, other = make_trainer("cuda"), make_trainer("cpu", threads=1)
    batches = [(TOKENS[None, i : i + 16], TOKENS[None, i + 1 : i + 17]) for i in range(0, 90, 16)]
    cupy.state.clear()
    total, count = evaluate(trainer.model, batches)
    assert cupy.state.transfers == 1 and count == 96
    assert total == pytest.approx(evaluate(other.model, batches, threads=1)[0], rel=1e-5)


def test_a_checkpoint_goes_on_with_the_same_bits(cupy, tmp_path):
    from minigpt.training.checkpoint import load_checkpoint, save_checkpoint

    whole, first, second = (make_trainer("cuda") for _ in range(3))
    expected = [whole.step() for _ in range(6)]
    losses = [first.step() for _ in range(3)]
    save_checkpoint(tmp_path, first, {})
    load_checkpoint(tmp_path, second)
    assert losses + [second.step() for _ in range(3)] == expected


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_precision_is_for_a_gpu(precision):
    with pytest.raises(UserError, match=f"precision {precision} is for float32 models on a GPU"):
        GPT(CONFIG, device="cpu", precision=precision)
    with pytest.raises(UserError, match="Unknown precision 'half'"):
        GPT(CONFIG, device="cpu", precision="half")


def test_a_loss_that_is_not_finite_is_a_bad_step_though_its_gradients_are(cupy):
    trainer = make_trainer("cuda")
    trainer.read([trainer.advance()])
    before = trainer.model.params.buffer.get()
    trainer.update(cupy.asarray(np.float32(np.inf)), 1e-3)
    assert (trainer.model.params.buffer.get() == before).all()
    with pytest.raises(Diverged):
        trainer.read([])
