"""What the options of `generate` do, and the sentences for those that make no sense."""

import warnings

import numpy as np
import pytest

from minigpt.errors import UserError
from minigpt.layers import causal_mask
from minigpt.model import GPT, GPTConfig
from minigpt.model.choose import penalize
from minigpt.tokenizer import Tokenizer

SIZES = {"vocab_size": 11, "block_size": 16, "n_layer": 2, "n_head": 3, "n_embd": 12}


def small_model(dtype="float64", **changes) -> GPT:
    return GPT(GPTConfig(**{**SIZES, "init_std": 0.5, **changes}), 0, "cpu", dtype)


ROWS = [[3, 1, 4, 1, 5], [9], [2, 6, 5]]


# --- prompts of different lengths -----------------------------------------------------------------


VARIANTS = [{}, {"post_norm": True}, {"window": 3}, {"tie_weights": False, "bias": False}]


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("n", [6, 14])  # 14: past the block of 16 for the longest
def test_a_padded_prompt_is_continued_as_if_it_stood_alone(options, n):
    model = small_model(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = model.generate(ROWS, n, do_sample=False, pad_token_id=7)
        assert together.shape == (3, 5 + n)
        for row, written in zip(ROWS, together, strict=True):
            assert written[: 5 - len(row)].tolist() == [7] * (5 - len(row))
            if 5 + n <= 16:
                alone = model.generate([row], n, do_sample=False)[0]
                assert written[5 - len(row) :].tolist() == alone.tolist()


def test_log_probabilities_of_padded_prompts_are_those_of_the_full_pass():
    model = small_model()
    out, logprobs = model.generate(ROWS, 5, return_logprobs=True, seed=4)
    for row, written, given in zip(ROWS, out, logprobs, strict=True):
        text = written[5 - len(row) :]
        logits = model([text[:-1]])[0]
        expected = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        expected = expected[np.arange(len(text) - 1), text[1:]][-5:]
        np.testing.assert_allclose(given, expected, atol=1e-10)


@pytest.mark.parametrize("where", ["left", "right", "scattered"])
def test_padding_may_stand_anywhere(where):
    model = small_model()
    rng = np.random.default_rng(2)
    ids, mask = rng.integers(0, 11, (3, 9)), np.zeros((3, 9), int)  # random tokens at the padding
    for i, row in enumerate(ROWS):
        places = {"left": np.arange(9 - len(row), 9), "right": np.arange(len(row)),
                  "scattered": np.sort(rng.permutation(9)[: len(row)])}[where]  # fmt: skip
        ids[i, places], mask[i, places] = row, 1
    plain = model.generate(ROWS, 7, seed=1)
    assert (model.generate(ids, 7, attention_mask=mask, seed=1) == plain).all()
    assert (model.generate(ids, 7, attention_mask=mask.astype(bool), seed=1) == plain).all()


def test_a_table_with_its_own_attention_sees_no_padding_either():
    """It can't use the cache, so the whole pass gets the mask and the places."""
    from types import SimpleNamespace

    from minigpt import layers

    own = SimpleNamespace(**vars(layers))
    own.attention = lambda *args, **options: layers.attention(*args, **options)
    plain, other = small_model(), GPT(small_model().config, 0, "cpu", "float64", layers=own)
    for options in ({"do_sample": False}, {"num_beams": 3}, {"num_return_sequences": 2}):
        expected = plain.generate(ROWS, 6, **options)
        assert (other.generate(ROWS, 6, **options) == expected).all()


@pytest.mark.parametrize(("ids", "mask", "sentence"), [
    ([[1, 2], []], None, "Prompt 1 is empty; give it one token at least, such as the one that "
                         "begins a document (tok.eot)."),
    ([[1, 2], [3, 4]], [[1, 1], [0, 0]], "Prompt 1 is empty; give it one token at least, such as "
                                         "the one that begins a document (tok.eot)."),
    ([[1, 2]], [[1]], "attention_mask must have the shape of the ids: a 0 or 1 for each."),
    ([[1, 2]], [[1, 1], [1, 1]], "attention_mask must have the shape of the ids: a 0 or 1 for "
                                 "each."),
    ([[]], None, "There are no token ids; give the model at least one."),
    ([[1, 2], [3, 11]], None, "Token id 11 is out of range: the model knows 0 to 10; was the text "
                              "encoded with another tokenizer?"),
])  # fmt: skip
def test_prompts_that_make_no_sense(ids, mask, sentence):
    with pytest.raises(UserError) as caught:
        small_model().generate(ids, 3, attention_mask=mask)
    assert str(caught.value) == sentence


# --- how long, and what ends a text ---------------------------------------------------------------


def test_max_length_counts_the_prompt_and_20_is_what_nobody_asked_for():
    model = small_model(block_size=40)
    assert model.generate([[1, 2, 3]], max_length=9).shape == (1, 9)
    assert model.generate([[1, 2, 3]]).shape == (1, 23)


def test_several_tokens_may_end_a_text_and_the_rest_is_padding():
    model = small_model()
    free = model.generate([[1, 2]], 12, seed=3)[0, 2:].tolist()
    ends = sorted(set(free))[:2]
    first = min(free.index(end) for end in ends)
    out, logprobs = model.generate(
        [[1, 2], [5, 5]], 12, seed=3, eos_token_id=ends, pad_token_id=10, return_logprobs=True
    )
    for row, given in zip(out[:, 2:].tolist(), logprobs, strict=True):
        end = next((i for i, token in enumerate(row) if token in ends), len(row))
        assert set(row[end + 1 :]) <= {10}
        assert (given[end + 1 :] == 0).all()
        assert (given[: end + 1] < 0).all()
    alone = model.generate([[1, 2]], 12, seed=3, eos_token_id=ends)[0, 2:].tolist()
    assert alone == free[: first + 1]


@pytest.fixture(scope="module")
def letters():
    return Tokenizer.char("abcdefghijk")


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_stop_string_ends_a_text_where_it_is_complete(letters, length):
    model = small_model(block_size=64)
    free = letters.decode(model.generate([[1, 2]], 30, seed=5)[0, 2:])
    for start in (4, 11):
        string = free[start : start + length]
        out = model.generate([[1, 2]], 30, seed=5, stop_strings=string, tokenizer=letters)
        written = letters.decode(out[0, 2:])
        assert written == free[: free.index(string) + length]
    both = [free[20:23], free[9:11]]
    out = model.generate([[1, 2]], 30, seed=5, stop_strings=both, tokenizer=letters)
    end = min(free.index(string) + len(string) for string in both)
    assert letters.decode(out[0, 2:]) == free[:end]


def test_a_stop_string_in_the_prompt_or_across_its_end_does_not_count(letters):
    model = small_model(block_size=64)
    free = model.generate([[1, 2]], 20, do_sample=False)[0]
    text = letters.decode(free)
    string = text[1:3]
    if string in text[2:]:
        pytest.skip("the model repeats it")
    out = model.generate([[1, 2]], 20, do_sample=False, stop_strings=string, tokenizer=letters)
    assert (out[0] == free).all()


def test_a_stop_string_may_end_inside_a_token_of_several_bytes():
    text = " ".join(f"{a}{b}{c}" for a in "abcdef" for b in "ghijk" for c in "lmnop")
    tok = Tokenizer.train(text, vocab_size=420, special_tokens=())
    model = GPT(GPTConfig(**{**SIZES, "vocab_size": tok.vocab_size, "block_size": 128}), 1, "cpu")
    ids = model.generate([[1]], 100, seed=2)[0, 1:].tolist()
    pieces = [tok.token_bytes(i) for i in ids]
    long = [k for k in range(1, 100) if len(pieces[k]) > 2]
    long = [k for k in long if (pieces[k - 1] + pieces[k]).isascii()]
    assert long
    for k in long:
        string = (pieces[k - 1] + pieces[k][:2]).decode()  # ends before the token does
        first = next(n for n in range(101) if string.encode() in b"".join(pieces[:n]))
        out = model.generate([[1]], 100, seed=2, stop_strings=string, tokenizer=tok)
        assert out[0, 1:].tolist() == ids[:first]


# --- several texts, streams, penalties ------------------------------------------------------------


def test_return_sequences_stand_side_by_side_and_differ():
    model = small_model()
    out = model.generate([[1, 2], [3, 4]], 8, num_return_sequences=3, seed=2)
    assert out[:, :2].tolist() == [[1, 2]] * 3 + [[3, 4]] * 3
    assert len({tuple(row) for row in out.tolist()}) == 6
    repeated = model.generate([[1, 2]] * 3 + [[3, 4]] * 3, 8, seed=2)
    assert (out == repeated).all()


def test_a_stream_gives_what_generate_gives():
    model = small_model()
    for options in ({}, {"do_sample": False}, {"num_return_sequences": 2}, {"eos_token_id": 3}):
        out = model.generate(ROWS, 9, seed=6, **options)
        steps = list(model.stream(ROWS, 9, seed=6, **options))
        assert (np.stack(steps, axis=1) == out[:, 5:]).all()


def test_a_stream_comes_while_it_is_written_and_complains_at_once():
    model = small_model()
    steps = model.stream([[1, 2]], 1000, seed=0)
    first = next(steps)
    assert first.shape == (1,)
    with pytest.raises(UserError, match="Beam search knows its text at the end only"):
        model.stream([[1, 2]], 5, num_beams=2)
    with pytest.raises(UserError, match="Token id 99"):
        model.stream([[99]], 5)


def test_repetition_is_penalised_by_the_formula():
    scores = np.array([[2.0, -1.0, 0.5, 3.0], [1.0, 1.0, 1.0, 1.0]])
    penalize(scores, [np.array([0, 1, 1]), np.array([3])], repetition_penalty=2.0)
    assert scores.tolist() == [[1.0, -2.0, 0.5, 3.0], [1.0, 1.0, 1.0, 0.5]]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_ngram_comes_twice(n):
    model = small_model(block_size=64, vocab_size=30)
    for options in ({"do_sample": False}, {"seed": 2}, {"num_beams": 3}):
        text = model.generate([[1, 2, 1, 3]], 20, no_repeat_ngram_size=n, **options)[0].tolist()
        ngrams = [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]
        of_prompt = 4 - n + 1
        new = ngrams[of_prompt:]
        assert len(set(new)) == len(new)
        assert not set(new) & set(ngrams[:of_prompt])


def test_no_ngram_left_is_told():
    with pytest.raises(UserError, match="no_repeat_ngram_size=1 forbids every token"):
        small_model().generate([[1]], 14, no_repeat_ngram_size=1)


# --- past the block -------------------------------------------------------------------------------


def test_outgrowing_the_block_warns_once_and_only_then():
    model = small_model()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.generate([[1, 2, 3]], 14).shape == (1, 17)  # the last token is never read
        list(model.stream([[1] * 16], 1))
    with pytest.warns(UserWarning, match="outgrown the block of 16 tokens.* sees its last 16 only"):
        model.generate([[1, 2, 3]], 15)


@pytest.mark.parametrize("changes", VARIANTS)
def test_past_the_block_beams_and_draws_are_those_without_a_cache(changes):
    from types import SimpleNamespace

    from minigpt import layers

    own = SimpleNamespace(**vars(layers))
    own.attention = lambda *args, **options: layers.attention(*args, **options)
    cached = small_model(block_size=8, **changes)
    uncached = GPT(cached.config, 0, "cpu", "float64", layers=own)
    for options in ({"seed": 1}, {"num_beams": 3}, {"repetition_penalty": 1.4, "seed": 2}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = uncached.generate(ROWS, 12, **options)
            assert (cached.generate(ROWS, 12, **options) == expected).all()


def test_a_long_prompt_is_read_in_pieces():
    model = small_model(block_size=300)
    ids = np.random.default_rng(0).integers(0, 11, (2, 290))
    expected = model(ids)[:, -1]
    from minigpt.model import KVCache, next_logits

    cache = KVCache(model, 2)
    np.testing.assert_allclose(next_logits(model, ids, cache), expected, atol=1e-10)
    assert cache.length == 290


def test_a_banded_block_sees_its_window_through_the_cache():
    model = small_model(window=3, n_layer=2)
    changed = [[1, 2, 3, 4, 5, 6]], [[9, 2, 3, 4, 5, 6]]
    assert not causal_mask(1, 6, np, 3)[0, :3].any()
    for ids in changed:
        out, logprobs = model.generate(ids, 1, do_sample=False, return_logprobs=True)
        logits = model(ids)[0, -1]
        assert out[0, -1] == logits.argmax()
        assert abs(logprobs[0, 0] - (logits.max() - np.log(np.exp(logits).sum()))) < 1e-10


# --- options that make no sense -------------------------------------------------------------------


@pytest.mark.parametrize(("options", "sentence"), [
    ({"max_new_tokens": 3, "max_length": 9}, "max_new_tokens and max_length both limit the length; "
                                             "give one."),
    ({"max_length": 2}, "max_length 2 leaves no room after a prompt of 2 tokens; raise it, or use "
                        "max_new_tokens, which does not count the prompt."),
    ({"max_new_tokens": 2.5}, "max_new_tokens must be a whole number, not 2.5."),
    ({"temperature": "hot"}, "temperature must be a number, not 'hot'."),
    ({"top_k": 1.5}, "top_k must be a whole number, not 1.5."),
    ({"top_p": "0.9"}, "top_p must be a number, not '0.9'."),
    ({"do_sample": True, "temperature": 0}, "do_sample=True contradicts temperature=0, the "
                                            "likeliest; give one."),
    ({"do_sample": False, "top_p": 0.9}, "do_sample=False takes the likeliest token each time, so "
                                         "temperature, top_k and top_p would do nothing; leave "
                                         "them out, or do_sample."),
    ({"do_sample": "yes"}, "do_sample must be True or False, not 'yes'."),
    ({"num_beams": 3, "do_sample": True}, "Beam search draws nothing: num_beams above 1 "
                                          "contradicts do_sample, temperature, top_k and top_p; "
                                          "leave them out, or num_beams."),
    ({"num_beams": 2, "num_return_sequences": 3}, "num_return_sequences (3) can't be above "
                                                  "num_beams (2); use more beams."),
    ({"do_sample": False, "num_return_sequences": 2}, "Without drawing all num_return_sequences "
                                                      "would be the same text; raise temperature, "
                                                      "or use num_beams."),
    ({"num_beams": 0}, "num_beams must be at least 1, not 0."),
    ({"repetition_penalty": 0}, "repetition_penalty must be above 0 (1 for none), not 0."),
    ({"length_penalty": float("nan")}, "length_penalty must be finite, not nan."),
    ({"early_stopping": "soon"}, "early_stopping must be True, False or 'never', not 'soon'."),
    ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size must be at least 0, not -1."),
    ({"eos_token_id": 11}, "The end or padding token 11 is out of range: the model knows 0 to 10."),
    ({"pad_token_id": -1}, "The end or padding token -1 is out of range: the model knows 0 to 10."),
    ({"stop_strings": "x"}, "stop_strings needs the tokenizer: pass tokenizer=tok as well."),
    ({"stop_strings": [""]}, "stop_strings must be texts that are not empty, not ''."),
    ({"seed": -1}, "seed must be at least 0, not -1."),
    ({"top_n": 3}, "generate has no option 'top_n'; did you mean 'top_p'?"),
    ({"temprature": 3}, "generate has no option 'temprature'; did you mean 'temperature'?"),
])  # fmt: skip
def test_options_that_make_no_sense(options, sentence):
    model = small_model()
    for call in (model.generate, model.stream):
        with pytest.raises(UserError) as caught:
            call([[1, 2]], **options)
        assert str(caught.value) == sentence
