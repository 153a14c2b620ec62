"""Training learns: what no table of pairs can know, and what nobody can know is not learnt."""

import math
from collections import Counter

import numpy as np

from minigpt.corpus.batches import padded, windows
from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer, evaluate

V, T = 6, 16
SONG = np.tile(np.random.default_rng(0).integers(0, V, 23), 40)  # one tune, again and again


def counted_bigram(tokens) -> float:
    """Cross-entropy in nats of the best guess that sees one token back, on the text itself."""
    pairs = Counter(zip(tokens[:-1].tolist(), tokens[1:].tolist(), strict=True))
    firsts = Counter(tokens[:-1].tolist())
    n = len(tokens) - 1
    return -sum(k / n * math.log(k / firsts[a]) for (a, _), k in pairs.items())


def trained(tokens, steps):
    config = GPTConfig(V, T, n_layer=2, n_head=2, n_embd=16)
    model = GPT(config, seed=0, device="cpu")
    trainer = Trainer(model, tokens, batch_size=8, steps=steps, lr=1e-2, warmup=10, threads=1)
    return model, [trainer.step() for _ in range(steps)]


def mean_loss(model, tokens) -> float:
    total, count = evaluate(model, padded(windows(tokens, T), 32), threads=1)
    return total / count


def test_the_loss_falls_far_below_its_start_and_below_the_counted_bigram():
    bigram = counted_bigram(SONG)
    assert 0.5 * math.log(V) < bigram < math.log(V)  # one token back tells little
    model, losses = trained(SONG, 400)
    start = model.expected_initial_loss()
    assert abs(losses[0] - start) < 0.1
    final = mean_loss(model, SONG)
    assert final < 0.3 * bigram and final < 0.2 * start
    tune = model.generate(SONG[None, :T], max_new_tokens=60, temperature=0)[0]
    assert np.array_equal(tune, SONG[: T + 60])


def test_pure_chance_is_not_learnt():
    """New draws cost ln V at least; less would mean that a target was seen as an input."""
    rng = np.random.default_rng(1)
    model, _ = trained(rng.integers(0, V, 20_000), 100)
    assert math.log(V) - 0.01 < mean_loss(model, rng.integers(0, V, 8_000)) < math.log(V) + 0.1
