"""The sum of the shards' gradients: in their order, whatever their timing, and never stuck."""

import itertools
import threading

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
            summed.take(shard, "a", {"weight": np.array([1.0, 2.0, 3.0]) * 10**shard})
            summed.take(shard, "h.0", {"b": np.ones(2)})
        assert tree["a"]["weight"].tolist() == [start + 111, start + 222, start + 333]
        assert tree["h"]["0"]["b"].tolist() == [start + 3, start + 3]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_shards_are_added_in_their_order_whatever_their_timing(order):
    """1e16 + 1 - 1e16 is 0 in this order and 1 in another."""
    tree = total()
    summed, values = GradientSum(tree, fresh=True), [1e16, 1.0, -1e16]

    for shard in order:
        summed.take(shard, "a", {"weight": np.full(3, values[shard])})
    assert tree["a"]["weight"].tolist() == [0.0] * 3


def test_functions_add_in_the_same_order():
    tree = total()
    summed = GradientSum(tree, fresh=True)

    def adding(number):
        def add(view):
            view += number

        return add

    for shard in (1, 0, 2):
        summed.take(shard, "a", {"weight": adding(10.0**shard)})
    assert tree["a"]["weight"].tolist() == [111.0] * 3


def test_many_threads_at_once_give_the_same_bits():
    values = np.random.default_rng(0).normal(size=(8, 50, 3))
    expected = None
    for _ in range(20):
        tree = FlatTree({f"p{i}": np.zeros(3) for i in range(50)})
        summed = GradientSum(FlatTree({"x": tree}), fresh=True)
        threads = [
            threading.Thread(
                target=summed.take, args=(k, "x", {f"p{i}": values[k, i] for i in range(50)})
            )
            for k in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        bits = summed.total.buffer.tobytes()
        expected = expected or bits
        assert bits == expected


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
