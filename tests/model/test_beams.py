"""Beam search against an exhaustive search, and the promises of its options."""

import itertools

import numpy as np
import pytest

from minigpt.model import GPT, GPTConfig

V = 5


def small_model(seed=0) -> GPT:
    config = GPTConfig(vocab_size=V, block_size=10, n_layer=1, n_head=2, n_embd=8, init_std=1.0)
    return GPT(config, seed, "cpu", "float64")


def logprob(model, prompt, new) -> float:
    logits = model([prompt + list(new)])[0]
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return sum(logs[len(prompt) - 1 + i, token] for i, token in enumerate(new))


def texts(length, end=None):
    """All texts of up to `length` tokens that end with `end` or are as long as may be."""
    for n in range(1, length + 1):
        for text in itertools.product(range(V), repeat=n):
            early = end is not None and end in text[:-1]
            if not early and (n == length or text[-1] == end):
                yield text


@pytest.mark.parametrize("seed", range(3))
def test_with_as_many_beams_as_texts_the_best_of_all_is_found(seed):
    model, prompt = small_model(seed), [1, 3]
    best = sorted(texts(3), key=lambda new: -logprob(model, prompt, new))
    out, logprobs = model.generate(
        [prompt], 3, num_beams=V**2, num_return_sequences=4, return_logprobs=True
    )
    assert [tuple(row) for row in out[:, 2:].tolist()] == best[:4]
    expected = [logprob(model, prompt, new) for new in best[:4]]
    np.testing.assert_allclose(logprobs.sum(axis=1), expected, atol=1e-10)


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.5, -1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_of_all_lengths_by_score_over_length_to_the_penalty(seed, penalty):
    model, prompt, end = small_model(seed), [1, 3], 2

    def score(new):
        return logprob(model, prompt, new) / len(new) ** penalty

    best = max(texts(4, end), key=score)
    out = model.generate(
        [prompt], 4, num_beams=V**3, length_penalty=penalty, eos_token_id=end,
        early_stopping="never", pad_token_id=0,
    )  # fmt: skip
    assert out[0, 2 : 2 + len(best)].tolist() == list(best)
    assert (out[0, 2 + len(best) :] == 0).all()


def test_more_beams_find_nothing_worse():
    model, prompt = small_model(7), [0, 4, 4]
    found = [
        logprob(model, prompt, model.generate([prompt], 6, num_beams=n)[0, 3:]) for n in (2, 4, 200)
    ]
    greedy = logprob(model, prompt, model.generate([prompt], 6, do_sample=False)[0, 3:])
    exhaustive = max(logprob(model, prompt, new) for new in itertools.product(range(V), repeat=6))
    assert greedy <= found[-1]
    assert found[-1] == pytest.approx(exhaustive)
    assert max(found) <= found[-1] + 1e-12


def test_a_batch_is_its_prompts_and_prompts_may_differ_in_length():
    model = small_model(3)
    rows = [[1, 3, 0], [2], [4, 4]]
    options = {"num_beams": 3, "num_return_sequences": 2, "eos_token_id": 2, "pad_token_id": 0}
    together = model.generate(rows, 5, **options)
    for i, row in enumerate(rows):
        alone = model.generate([row], 5, **options)
        for a, b in zip(together[2 * i : 2 * i + 2, 3:].tolist(), alone[:, len(row) :].tolist(),
                        strict=True):  # fmt: skip
            assert a[: len(b)] == b
            assert set(a[len(b) :]) <= {0}


def test_early_stopping_ends_with_the_first_beams_full():
    """It asks the model less often and can't find a better text than "never" does."""
    model, calls = small_model(5), []
    plain = model.layers.unembedding

    def counted(*args, **options):
        calls.append(1)
        return plain(*args, **options)

    from types import SimpleNamespace

    table = SimpleNamespace(**{**vars(model.layers), "unembedding": counted})
    model = GPT(model.config, 5, "cpu", "float64", layers=table)
    asked, scores = {}, {}
    for early in (True, False, "never"):
        calls.clear()
        out, logprobs = model.generate(
            [[1, 3]], 8, num_beams=2, early_stopping=early, eos_token_id=2, return_logprobs=True
        )
        asked[early] = len(calls)
        n = (logprobs[0] != 0).sum()
        scores[early] = logprobs[0].sum() / n
    assert asked[True] <= asked[False] <= asked["never"]
    assert scores[True] <= scores["never"] + 1e-12


def test_stop_strings_end_beams_too():
    from minigpt.tokenizer import Tokenizer

    tok = Tokenizer.char("abcde")
    model = small_model(1)
    free = tok.decode(model.generate([[1, 3]], 7, num_beams=3)[0, 2:])
    out = model.generate([[1, 3]], 7, num_beams=3, stop_strings=free[2:4], tokenizer=tok,
                         num_return_sequences=3)  # fmt: skip
    for row, text in zip(out, map(tok.decode, out[:, 2:]), strict=True):
        if free[2:4] in text:
            rest = row[2 + text.index(free[2:4]) + 2 :]
            assert (rest == 0).all()
    assert any(free[2:4] in tok.decode(row[2:]) for row in out)
