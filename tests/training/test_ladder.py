"""The ladder, the floor and the samples of a run, against plain loops."""

import math
from collections import Counter

import numpy as np
import pytest

from minigpt import GPT, GPTConfig, Tokenizer
from minigpt.corpus.batches import windows
from minigpt.corpus.dataset import encode_dataset, text_dataset, tinytown_dataset, train_tokenizer
from minigpt.corpus.tinytown import log_prob
from minigpt.training.ladder import ladder
from minigpt.training.samples import sample_stories, sample_texts

V = 7


def test_the_rungs_are_counted_as_their_formulas_say():
    rng = np.random.default_rng(0)
    train, validation = rng.integers(0, V - 1, 300), rng.integers(0, V, 90)  # one token is new
    single = Counter(train.tolist())
    pairs = Counter(zip(train[:-1].tolist(), train[1:].tolist(), strict=True))
    firsts = Counter(train[:-1].tolist())

    def unigram(b):
        return (single[b] + 1) / (len(train) + V)

    def bigram(a, b):
        return (pairs[a, b] + unigram(b)) / (firsts[a] + 1)

    assert sum(bigram(3, b) for b in range(V)) == pytest.approx(1)
    steps = list(zip(validation[:-1].tolist(), validation[1:].tolist(), strict=True))
    rungs = ladder(train, windows(validation, 16), V, floor=1.25)
    assert rungs["uniform"] == math.log(V) and rungs["floor"] == 1.25
    expected = -sum(math.log(unigram(b)) for _, b in steps) / len(steps)
    assert rungs["unigram"] == pytest.approx(expected, rel=1e-12)
    expected = -sum(math.log(bigram(a, b)) for a, b in steps) / len(steps)
    assert rungs["bigram"] == pytest.approx(expected, rel=1e-12)
    assert "floor" not in ladder(train, windows(validation, 16), V, floor=None)


def test_the_floor_is_the_surprise_of_the_grammar_over_the_targets_of_validation():
    dataset = tinytown_dataset("en", 0.1, seed=0, val_fraction=0.1)
    encoded = encode_dataset(dataset, train_tokenizer(dataset, "bpe", 500))
    nats = -sum(log_prob(text) for text in dataset.validation)
    targets = sum(len(targets) for _, targets in encoded.validation_pairs(300))
    assert encoded.floor == pytest.approx(nats / targets, rel=1e-12)
    assert targets == sum(len(ids) - 1 for ids in encoded.validation)


@pytest.mark.parametrize("kind", ["bpe", "char", "byte"])
def test_bytes_that_are_predicted(tmp_path, kind):
    """All of them after a mark; without one, all but those of the first token."""
    path = tmp_path / "a.txt"
    path.write_text("ä long text of one hundred letters or more. ä " * 5, encoding="utf-8")
    dataset = text_dataset([str(path)], 0.2)
    tokenizer = train_tokenizer(dataset, kind, 270)
    encoded = encode_dataset(dataset, tokenizer)
    pairs = encoded.validation_pairs(8)
    predicted = b"".join(tokenizer.token_bytes(int(t)) for _, targets in pairs for t in targets)
    assert len(predicted) == encoded.predicted_bytes
    assert dataset.validation[0].encode().endswith(predicted)


def test_a_sample_is_what_the_model_wrote_and_the_prompt():
    tokenizer = Tokenizer.char("abcdefg")
    model = GPT(GPTConfig(tokenizer.vocab_size, 16, 1, 1, 8), device="cpu")
    assert len(sample_texts(model, tokenizer, 1, max_new_tokens=5)[0]) == 5
    text = sample_texts(model, tokenizer, 1, prompt="bad", max_new_tokens=5)[0]
    assert text.startswith("bad") and len(text) == 8


def test_stories_are_judged_and_many_come_in_batches(monkeypatch):
    tokenizer = Tokenizer.byte(special_tokens=("<|endoftext|>",))
    model = GPT(GPTConfig(tokenizer.vocab_size, 12, 1, 1, 8), device="cpu")
    sizes = []
    generate = model.generate
    monkeypatch.setattr(model, "generate", lambda ids, num_return_sequences, **k: (
        sizes.append(num_return_sequences),
        generate(ids, num_return_sequences=num_return_sequences, **k),
    )[1])  # fmt: skip
    samples = sample_stories(model, tokenizer, 230, "en")
    assert sizes == [100, 100, 30] and len(samples.texts) == 230
    assert samples.well_formed == samples.consistent == 0  # noise is no story
    assert len(set(samples.texts)) > 100
