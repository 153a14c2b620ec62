"""`fit(epochs=…)`: how many steps that is, that all data is seen, and what is refused."""

import numpy as np
import pytest

from minigpt.corpus.batches import DocumentBatches, WindowBatches
from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer

V, T = 13, 6


def make_trainer(batches, **options) -> Trainer:
    model = GPT(GPTConfig(V, T, n_layer=1, n_head=2, n_embd=8), device="cpu")
    options = {"batch_size": 4, "steps": 1, "lr": 1e-2, "min_lr": 1e-3, "warmup": 0, **options}
    return Trainer(model, batches, threads=1, **options)


def documents(n: int):
    return [np.full(4, i % V) for i in range(n)]


@pytest.mark.parametrize(("epochs", "steps"), [(1, 5), (2, 10), (0.5, 3), (3.0, 15)])
def test_epochs_of_documents_are_so_many_steps(epochs, steps):
    trainer, rates = make_trainer(DocumentBatches(documents(23), 4, T)), []
    trainer.fit(lambda trainer, loss: rates.append(trainer.current_lr), epochs=epochs)
    assert trainer.step_number == trainer.steps == steps
    assert rates == sorted(rates, reverse=True)  # the schedule spans the epochs
    assert rates[-1] == pytest.approx(1e-3)


def test_accumulated_batches_make_fewer_steps():
    trainer = make_trainer(DocumentBatches(documents(40), 4, T), accumulate=3)
    trainer.fit(epochs=1)
    assert trainer.step_number == 4  # 10 batches, three a step


def test_an_epoch_of_windows_asks_for_each_token_once():
    tokens = np.arange(200)
    batches = WindowBatches(tokens, 4, T, seed=1)
    seen = np.zeros(200, int)
    for _ in range(int(batches.per_epoch)):
        np.add.at(seen, batches.next()[1].ravel(), 1)
    assert seen.max() == 1
    assert seen.sum() > 200 - 4 * T - 2 * T
    trainer = make_trainer(np.random.default_rng(0).integers(0, V, 200))
    trainer.fit(epochs=3)
    assert trainer.step_number == np.ceil(3 * 33 / 4) or trainer.step_number == np.ceil(3 * 32 / 4)


def test_epochs_go_on_from_where_the_training_is():
    trainer = make_trainer(DocumentBatches(documents(20), 4, T))
    trainer.fit(epochs=1)
    trainer.fit(epochs=2)
    assert trainer.step_number == 15
    trainer.fit()
    assert trainer.step_number == 15


@pytest.mark.parametrize("epochs", [0, -1, float("nan"), float("inf"), "2", True])
def test_epochs_that_are_no_number_above_0(epochs):
    trainer = make_trainer(DocumentBatches(documents(20), 4, T))
    with pytest.raises(UserError, match="epochs must be a number above 0, not"):
        trainer.fit(epochs=epochs)
    assert trainer.steps == 1


def test_batches_that_know_no_epochs():
    class Given:
        def next(self):
            return np.zeros((2, T), int), np.zeros((2, T), int)

    with pytest.raises(UserError, match="do not tell their number in an epoch"):
        make_trainer(Given()).fit(epochs=1)
