"""The sum of the shards' gradients: in their order, whatever their timing, and never stuck."""

import threading
import time

import numpy as np
import pytest

from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer
from minigpt.training.gradients import GradientSum
from minigpt.tree import FlatTree

TOKENS = np.random.default_rng(8).integers(0, 13, 400)


def total():
    return FlatTree({"a": {"weight": np.full(3, 7.0)}, "h": {"0": {"b": np.full(2, 7.0)}}})


def test_the_first_shard_replaces_and_the_others_add():
    for fresh, start in ((True, 0.0), (False, 7.0)):
        tree = total()
        summed = GradientSum(tree, fresh)
        for shard in range(3):
            take = summed.taker(shard)
            take("a", {"weight": np.array([1.0, 2.0, 3.0]) * 10**shard})
            take("h.0", {"b": np.ones(2)})
        assert tree["a"]["weight"].tolist() == [start + 111, start + 222, start + 333]
        assert tree["h"]["0"]["b"].tolist() == [start + 3, start + 3]


def test_shards_that_come_in_another_order_wait_for_their_turn():
    """1e16 + 1 - 1e16 is 0 in this order and 1 in another."""
    tree = total()
    summed, values = GradientSum(tree, fresh=True), [1e16, 1.0, -1e16]

    def give(shard):
        time.sleep(0.02 * (2 - shard))  # the last one comes first
        summed.taker(shard)("a", {"weight": np.full(3, values[shard])})

    threads = [threading.Thread(target=give, args=(shard,)) for shard in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert tree["a"]["weight"].tolist() == [0.0] * 3


@pytest.mark.parametrize("broken", [0, 1])
def test_a_shard_that_fails_leaves_nobody_waiting(broken):
    model = GPT(GPTConfig(13, 6, n_layer=2, n_head=2, n_embd=8), device="cpu")
    trainer = Trainer(model, TOKENS, batch_size=4, steps=3, threads=2)
    original = model.loss_and_grads

    def failing(ids, targets, rng, count, take):
        if (ids == trainer_ids[2 * broken]).all(axis=1).any():
            raise ZeroDivisionError("planted")
        return original(ids, targets, rng, count, take)

    state = trainer.batches.state()
    trainer_ids = trainer.batches.next()[0]
    trainer.batches.restore(state)
    model.loss_and_grads = failing
    done = []

    def run():
        with pytest.raises(ZeroDivisionError, match="planted"):
            trainer.step()
        done.append(True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert done
