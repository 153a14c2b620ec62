"""Writing against `transformers.generate`: the same tokens, and the same chances."""

import numpy as np
import pytest

from minigpt.model import GPT, GPTConfig

pytestmark = pytest.mark.oracle
V, BLOCK, PAD = 29, 24, 28  # not 0: transformers takes a padding token of 0 for none in beams


@pytest.fixture(scope="module")
def pairs(tmp_path_factory, torch, transformers):
    """Random models by seed, each as ours and as theirs."""
    made = {}

    def pair(seed: int):
        if seed not in made:
            config = GPTConfig(
                vocab_size=V, block_size=BLOCK, n_layer=2, n_head=3, n_embd=12, init_std=0.6
            )
            rng = np.random.default_rng(seed)
            params = {
                name: rng.normal(float(len(shape) == 1 and name.endswith("weight")), 0.5, shape)
                for name, shape in config.shapes().items()
            }
            ours = GPT(config, device="cpu", params=params)
            folder = tmp_path_factory.mktemp(f"pair{seed}")
            ours.save_pretrained(folder)
            made[seed] = ours, transformers.GPT2LMHeadModel.from_pretrained(folder).eval()
        return made[seed]

    return pair


def prompts(seed: int):
    """Three prompts of 6, 2 and 4 tokens, as left-padded ids and their attention mask."""
    rng = np.random.default_rng(100 + seed)
    ids, mask = rng.integers(1, V, (3, 6)), np.ones((3, 6), dtype=int)
    for row, length in enumerate((6, 2, 4)):
        ids[row, : 6 - length], mask[row, : 6 - length] = PAD, 0
    return ids, mask


def both(pairs, torch, seed, **options):
    """What both write; `options` by the names of transformers."""
    ours, theirs = pairs(seed)
    ids, mask = prompts(seed)
    options = {"pad_token_id": PAD, "max_new_tokens": 12, **options}
    expected = theirs.generate(
        torch.tensor(ids), attention_mask=torch.tensor(mask), do_sample=False,
        **{"eos_token_id": None, **options},
    ).numpy()  # fmt: skip
    beams = {} if options.get("num_beams", 1) > 1 else {"do_sample": False}
    return ours.generate(ids, attention_mask=mask, **beams, **options), expected


def common_end(seed: int, pairs) -> int:
    """A token that the model likes to write, so that texts end early and at different places."""
    ours, _ = pairs(seed)
    ids, mask = prompts(seed)
    written = ours.generate(ids, 12, attention_mask=mask, seed=seed)[:, 6:]
    return int(np.bincount(written.ravel(), minlength=V)[1:].argmax()) + 1


OPTIONS = {
    "plain": {},
    "repetition": {"repetition_penalty": 1.7},
    "ngrams": {"no_repeat_ngram_size": 2},
    "both": {"repetition_penalty": 1.3, "no_repeat_ngram_size": 3},
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("ends", [False, True])
def test_greedy_in_a_padded_batch(pairs, torch, seed, name, ends):
    options = OPTIONS[name] | ({"eos_token_id": common_end(seed, pairs)} if ends else {})
    if name == "plain":
        written, expected = both(pairs, torch, seed, **options)
        assert written.tolist() == expected.tolist()
    else:
        same_row_by_row(pairs, torch, seed, do_sample=False, **options)


def same_row_by_row(pairs, torch, seed, **options):
    """The penalties of transformers count the padding as written, so theirs write without any."""
    ours, theirs = pairs(seed)
    ids, mask = prompts(seed)
    options = {"pad_token_id": PAD, "max_new_tokens": 12, "eos_token_id": None, **options}
    written = ours.generate(ids, attention_mask=mask, **options)
    for row, length in enumerate((6, 2, 4)):
        alone = torch.tensor(ids[row : row + 1, 6 - length :])
        expected = theirs.generate(
            alone, attention_mask=torch.ones_like(alone), **{"do_sample": False, **options}
        )[0].tolist()
        found = written[row, 6 - length :].tolist()
        assert found == expected + [PAD] * (len(found) - len(expected))


BEAMS = {
    "two": {"num_beams": 2},
    "five": {"num_beams": 5, "num_return_sequences": 3},
    "long": {"num_beams": 4, "length_penalty": 2.0, "num_return_sequences": 4},
    "short": {"num_beams": 4, "length_penalty": -1.0, "num_return_sequences": 2},
    "no penalty": {"num_beams": 3, "length_penalty": 0.0},
    "early": {"num_beams": 4, "early_stopping": True, "num_return_sequences": 4},
    "never": {"num_beams": 4, "early_stopping": "never", "num_return_sequences": 2},
    "never, short": {"num_beams": 3, "early_stopping": "never", "length_penalty": -0.5},
    "ngrams": {"num_beams": 3, "no_repeat_ngram_size": 2},
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", BEAMS)
@pytest.mark.parametrize("ends", ["none", "one", "two"])
def test_beams_in_a_padded_batch(pairs, torch, seed, name, ends):
    end = common_end(seed, pairs)
    ids = {"none": {}, "one": {"eos_token_id": end}, "two": {"eos_token_id": [end, end % 7 + 1]}}
    if "no_repeat_ngram_size" in BEAMS[name]:
        return same_row_by_row(pairs, torch, seed, **BEAMS[name], **ids[ends])
    written, expected = both(pairs, torch, seed, **BEAMS[name], **ids[ends])
    assert written.tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(2))
def test_log_probabilities_of_beams_and_greedy(pairs, torch, seed):
    ours, theirs = pairs(seed)
    ids, mask = prompts(seed)
    for options in ({"do_sample": False}, {"num_beams": 3, "num_return_sequences": 2}):
        expected = theirs.generate(
            torch.tensor(ids), attention_mask=torch.tensor(mask), max_new_tokens=9,
            eos_token_id=None, pad_token_id=PAD, output_scores=True, output_logits=True,
            return_dict_in_generate=True, **{"do_sample": False, **options},
        )  # fmt: skip
        scores = theirs.compute_transition_scores(
            expected.sequences, expected.scores, expected.get("beam_indices"),
            normalize_logits=options.get("num_beams") is None,
        )  # fmt: skip
        written, logprobs = ours.generate(
            ids, 9, attention_mask=mask, return_logprobs=True, pad_token_id=PAD, **options
        )
        assert written.tolist() == expected.sequences.tolist()
        np.testing.assert_allclose(logprobs, scores, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [{}, {"temperature": 0.6}, {"top_k": 5}, {"top_p": 0.8}, {"top_k": 9, "top_p": 0.7},
     {"temperature": 1.8, "top_p": 0.9}, {"repetition_penalty": 1.5}],
)  # fmt: skip
def test_what_is_drawn_follows_their_processed_chances(pairs, torch, transformers, options):
    """Many draws of one token against the probabilities that transformers would draw it with."""
    ours, theirs = pairs(1)
    ids = np.array([[3, 7, 7, 12]])
    expected = theirs.generate(
        torch.tensor(ids), max_new_tokens=1, do_sample=True, output_scores=True, pad_token_id=0,
        return_dict_in_generate=True, eos_token_id=None, **{"top_k": 0, **options},
    )  # fmt: skip
    p = expected.scores[0][0].softmax(-1).double().numpy()
    n = 20000
    drawn = ours.generate(ids, 1, num_return_sequences=n, seed=3, **options)[:, -1]
    counts = np.bincount(drawn, minlength=V)
    assert (counts[p == 0] == 0).all()
    common = n * p >= 5
    chi_square = ((counts - n * p)[common] ** 2 / (n * p)[common]).sum()
    degrees = common.sum() - 1
    assert chi_square < degrees + 4 * np.sqrt(2 * degrees) + 4  # beyond the 99.9th percentile
    assert abs(counts[~common].sum() - n * p[~common].sum()) < 6 + 4 * np.sqrt(
        n * p[~common].sum() + 1
    )
