"""On a real GPU: equal to NumPy, reproducible, safe when it fails. Skipped where there is none."""

import numpy as np
import pytest

from minigpt import GPT, GPTConfig, Trainer
from minigpt.backend import gpu_status, select_device, to_host
from minigpt.bench import gpu_parity
from minigpt.bench.gpu_turns import Plan
from minigpt.bench.train import OneBatch
from minigpt.errors import UserError
from minigpt.training.checkpoint import load_checkpoint, save_checkpoint
from minigpt.training.trainer import Diverged

pytestmark = pytest.mark.gpu
PLAN = Plan()
MODELS, FUNCTIONS = gpu_parity.models(PLAN), gpu_parity.functions(PLAN)
CONFIG = GPTConfig(vocab_size=65, block_size=64, n_layer=2, n_head=2, n_embd=128)
TOKENS = np.random.default_rng(0).integers(0, 65, 5000)


@pytest.fixture(autouse=True)
def cuda():
    """The module cupy, where there is a GPU; its memory is free again afterwards."""
    usable, why = gpu_status()
    if not usable:
        pytest.skip(why)
    xp, _ = select_device("cuda")
    pool = xp.get_default_memory_pool()
    limit = pool.get_limit()
    yield xp
    pool.set_limit(size=limit)
    pool.free_all_blocks()


def make_trainer(config=CONFIG, precision="fp32", **options):
    model = GPT(config, seed=1, device="cuda", precision=precision)
    numbers = {"batch_size": 4, "steps": 40, "lr": 1e-3, "min_lr": 1e-4, "warmup": 2}
    return Trainer(model, TOKENS, **{**numbers, **options})


@pytest.mark.parametrize("name", MODELS)
def test_a_model_equals_numpy_s(name):
    result = MODELS[name]()
    assert result["ok"], result


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if ", odd" in name])
def test_a_function_equals_the_clear_one(name):
    result = FUNCTIONS[name]()
    assert result["ok"], result


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if ", large" in name])
def test_a_function_equals_the_clear_one_at_the_sizes_of_gpt2(name):
    result = FUNCTIONS[name]()
    assert result["ok"], result


def test_every_pair_of_the_table_is_compared():
    from minigpt.kernels import fastest

    names = set(vars(fastest(select_device("cuda")[0], "fp32")))
    pairs = {name for name in names if f"{name}_backward" in names}
    assert pairs <= set(gpu_parity.CASES.values()), pairs - set(gpu_parity.CASES.values())


def test_each_precision_is_what_it_says():
    errors = {
        precision: MODELS[f"loss and gradients, {precision}"]()["error"]
        for precision in PLAN.precisions
    }
    assert errors["fp32"] < errors["tf32"] / 10 < errors["bf16"] / 20, errors


def test_a_bad_step_changes_nothing_and_is_told_when_it_is_read():
    trainer = make_trainer()
    trainer.read([trainer.advance() for _ in range(3)])
    weight = trainer.model.params["h"]["1"]["ln_2"]["weight"]
    weight[3] = np.inf
    before = [to_host(x) for x in (trainer.model.params.buffer, trainer.optimizer.m)]
    losses = [trainer.advance() for _ in range(3)]
    after = [to_host(x) for x in (trainer.model.params.buffer, trainer.optimizer.m)]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, after, strict=True))
    with pytest.raises(Diverged, match="one of the steps 3 to 5"):
        trainer.read(losses)


def test_full_memory_is_one_sentence_with_a_batch_that_fits(cuda):
    pool = cuda.get_default_memory_pool()
    pool.free_all_blocks()
    unlimited = pool.get_limit()
    many = 1 << 19  # sequences: hundreds of gigabytes
    trainer = Trainer(GPT(CONFIG, device="cuda"), OneBatch(CONFIG, many), many, 10)
    pool.set_limit(size=pool.used_bytes() + (1 << 30))
    with pytest.raises(UserError, match=r"full at a batch of 524288 sequences; --batch-size \d+ "):
        trainer.step()
    pool.set_limit(size=unlimited)
    assert np.isfinite(make_trainer().step())  # a smaller batch trains in the same process


@pytest.mark.parametrize("precision", PLAN.precisions)
def test_a_checkpoint_goes_on_with_the_same_bits(precision, tmp_path):
    config = CONFIG.replace(dropout=0.1)
    whole, first, second = (make_trainer(config, precision) for _ in range(3))
    expected = [whole.step() for _ in range(6)]
    losses = [first.step() for _ in range(3)]
    save_checkpoint(tmp_path, first, {"told": 1})
    assert load_checkpoint(tmp_path, second) == {"told": 1}
    assert losses + [second.step() for _ in range(3)] == expected
    assert to_host(second.model.params.buffer).tobytes() == to_host(
        whole.model.params.buffer
    ).tobytes()


def test_memory_does_not_grow_from_step_to_step(cuda):
    trainer, pool = make_trainer(), cuda.get_default_memory_pool()
    held = []
    for _ in range(6):
        trainer.read([trainer.advance() for _ in range(5)])
        held.append(pool.total_bytes())
    assert held[-1] == held[1], held


def test_a_model_that_learned_on_the_gpu_writes_the_same_on_the_cpu(tmp_path):
    trainer = make_trainer()
    trainer.fit()
    trainer.model.save_pretrained(tmp_path)
    there, here = (GPT.from_pretrained(tmp_path, device=device) for device in ("cuda", "cpu"))
    ids = np.array([[1, 2, 3]])
    for model in (trainer.model, there):
        found = model.generate(ids, 30, do_sample=False)
        assert (found == here.generate(ids, 30, do_sample=False)).all()
