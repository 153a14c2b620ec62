"""A run that stopped and went on is, to the last bit, the run that never stopped."""

import numpy as np
import pytest

from minigpt.corpus.batches import DocumentBatches
from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer

V, T = 13, 6
RNG = np.random.default_rng(8)
TOKENS = RNG.integers(0, V, 100)  # about four steps an epoch
DOCUMENTS = [np.array([0, *RNG.integers(1, V, n), 0]) for n in RNG.integers(1, 8, 11)]


def make_trainer(kind, model_seed=1, batches_seed=4, **options) -> Trainer:
    config = GPTConfig(V, T, n_layer=2, n_head=2, n_embd=8, dropout=0.2)
    model = GPT(config, seed=model_seed, device="cpu")
    documents = DocumentBatches(DOCUMENTS, 4, T, batches_seed)
    source = documents if kind == "documents" else TOKENS
    numbers = {"batch_size": 4, "steps": 30, "lr": 1e-2, "warmup": 5, "seed": 4, "threads": 1}
    return Trainer(model, source, **{**numbers, **options})


def go(trainer, steps) -> list[float]:
    return [trainer.step() for _ in range(steps)]


@pytest.mark.parametrize("options", [{}, {"threads": 2}, {"accumulate": 2}])
@pytest.mark.parametrize("stop", [0, 1, 4, 7, 12])
@pytest.mark.parametrize("kind", ["windows", "documents"])
def test_a_restored_run_goes_on_with_the_same_bits(kind, stop, options):
    whole = make_trainer(kind, **options)
    losses = go(whole, stop + 10)

    first = make_trainer(kind, **options)
    go(first, stop)
    second = make_trainer(kind, model_seed=9, batches_seed=9, **options)
    go(second, 2)  # whatever it did before is forgotten
    second.model.params.buffer[...] = first.model.params.buffer
    second.restore(first.state())
    assert second.current_lr == first.current_lr
    assert go(second, 10) == losses[stop:]
    assert second.model.params.buffer.tobytes() == whole.model.params.buffer.tobytes()
    assert second.optimizer.v.tobytes() == whole.optimizer.v.tobytes()
    assert second.grad_norm == whole.grad_norm
    assert second.tokens_seen == whole.tokens_seen


def test_a_state_stays_as_it_was_while_the_training_goes_on():
    trainer = make_trainer("windows")
    go(trainer, 3)
    state, params = trainer.state(), trainer.model.params.buffer.copy()
    losses = go(trainer, 5)
    trainer.model.params.buffer[...] = params
    trainer.restore(state)
    assert go(trainer, 5) == losses


def test_two_trainers_restored_from_one_state_do_not_share_memory():
    trainer = make_trainer("windows")
    go(trainer, 3)
    state, params = trainer.state(), trainer.model.params.buffer.copy()
    runs = []
    for _ in range(2):
        other = make_trainer("windows")
        other.model.params.buffer[...] = params
        other.restore(state)
        runs.append(go(other, 4))
    assert runs[0] == runs[1]
