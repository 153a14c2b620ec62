"""GPT-2, GPT-1 and our own words: every model is written as what computes the same."""

import dataclasses
import itertools
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_file_parts import (
    CONFIG,
    IDS,
    file_of,
    opened,
    random_model,
    refused,
    same,
    tensors_of,
    zeros,
)

from minigpt.errors import UserError
from minigpt.model import GPTConfig
from minigpt.model.architectures import read_config
from minigpt.model.files import CONFIG_FILE, WEIGHTS_FILE

SWITCHES = {
    "post_norm": [False, True],
    "window": [None, 3],
    "tie_weights": [True, False],
    "bias": [True, False],
    "activation": ["gelu_new", "gelu", "relu"],
}


def config_of(folder) -> dict:
    return json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))


def write_config(folder, config) -> None:
    (folder / CONFIG_FILE).write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture
def gpt1(tmp_path):
    random_model(post_norm=True).save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("values", [*itertools.product(*SWITCHES.values())])
def test_every_switch_survives_a_round_trip(values, tmp_path):
    numbers = {"dropout": 0.25, "layer_norm_epsilon": 1e-3, "init_std": 0.3}
    changes = dict(zip(SWITCHES, values, strict=True)) | numbers
    model = random_model(**changes)
    model.save_pretrained(tmp_path)
    assert same(opened(tmp_path), model)
    assert (opened(tmp_path)(IDS) == model(IDS)).all()
    config = model.config
    expected = "openai-gpt" if config.post_norm else "gpt2"
    if config.window or (config.post_norm and config.activation == "gelu"):
        expected = "minigpt"
    assert config_of(tmp_path)["model_type"] == expected


def test_the_round_trips_know_all_fields_of_the_config():
    sizes = {"vocab_size", "block_size", "n_layer", "n_head", "n_embd"}
    numbers = {"dropout", "layer_norm_epsilon", "init_std"}
    assert {f.name for f in dataclasses.fields(GPTConfig)} == sizes | numbers | SWITCHES.keys()


def test_gpt1_is_written_in_the_words_of_transformers(gpt1):
    stored = tensors_of((gpt1 / WEIGHTS_FILE).read_bytes())
    assert stored["transformer.tokens_embed.weight"][1] == [11, 12]
    assert stored["transformer.positions_embed.weight"][1] == [7, 12]
    assert not any("ln_f" in name or "wte" in name for name in stored)
    found = config_of(gpt1)
    assert found["architectures"] == ["OpenAIGPTLMHeadModel"]
    assert (found["afn"], found["n_positions"], "activation_function" in found) == (
        "gelu",
        7,
        False,
    )


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_gpt1s_of_the_hub_hold_more_and_say_less(prefix, gpt1):
    """No prefix, masks, places, the head once more; and a config without what is usual."""
    stored = tensors_of((gpt1 / WEIGHTS_FILE).read_bytes())
    stored = {name.replace("transformer.", prefix): value for name, value in stored.items()}
    stored["lm_head.weight"] = stored[prefix + "tokens_embed.weight"]
    stored[prefix + "position_ids"] = zeros("I64", 8, [7])
    stored[prefix + "h.0.attn.bias"] = zeros("F32", 4, [1, 1, 7, 7])
    (gpt1 / WEIGHTS_FILE).write_bytes(file_of(stored))
    config = config_of(gpt1) | {"n_ctx": 7, "n_special": 0, "predict_special_tokens": True}
    del config["bias"], config["tie_word_embeddings"]
    write_config(gpt1, config)
    assert same(opened(gpt1), random_model(post_norm=True))


def test_gpt1s_config_has_defaults_of_its_own(tmp_path):
    write_config(tmp_path, {"model_type": "openai-gpt", "afn": "relu"})
    found = read_config(tmp_path / CONFIG_FILE)
    assert (found.vocab_size, found.block_size, found.post_norm) == (40478, 512, True)
    assert (found.activation, found.tie_weights) == ("relu", True)


def test_the_names_of_one_are_not_those_of_the_other(gpt1):
    found = config_of(gpt1) | {"model_type": "gpt2", "activation_function": "gelu_new"}
    write_config(gpt1, found)
    assert refused(gpt1).endswith(
        "missing: ln_f.bias, ln_f.weight, wpe.weight, wte.weight; "
        "unexpected: positions_embed.weight, tokens_embed.weight."
    )


def test_our_own_words_are_refused_where_they_are_unknown(tmp_path):
    random_model(window=3).save_pretrained(tmp_path)
    found = config_of(tmp_path)
    assert found["architectures"] == ["MinigptForCausalLM"] and found["window"] == 3
    assert found["activation_function"] is None is found["afn"]  # what GPT2Config stumbles over
    write_config(tmp_path, found | {"rotary": True})
    assert refused(tmp_path) == (
        f"{tmp_path / CONFIG_FILE} has 'rotary', which this minigpt does not know."
    )
    write_config(tmp_path, found | {"transformers_version": "5.0", "dtype": "float32"})
    assert same(opened(tmp_path), random_model(window=3))


@pytest.mark.parametrize(("theirs", "ours"), [
    ("gelu_new", "gelu_new"), ("gelu_pytorch_tanh", "gelu_new"), ("gelu", "gelu"), ("relu", "relu"),
])  # fmt: skip
def test_the_names_of_activations(theirs, ours, tmp_path):
    random_model(activation=ours).save_pretrained(tmp_path)
    write_config(tmp_path, config_of(tmp_path) | {"activation_function": theirs})
    assert opened(tmp_path).config.activation == ours


@pytest.mark.parametrize(("kind", "name"), [
    ("gpt2", "silu"), ("gpt2", "tanh"), ("gpt2", ["gelu"]), ("gpt2", None), ("gpt2", {}),
    ("openai-gpt", "silu"), ("openai-gpt", "swish"), ("openai-gpt", ["gelu"]),
])  # fmt: skip
def test_other_activations_are_refused_by_name(kind, name, tmp_path):
    random_model(post_norm=kind != "gpt2").save_pretrained(tmp_path)
    write_config(tmp_path, config_of(tmp_path) | {"activation_function": name, "afn": name})
    assert f"Unknown activation {name!r}" in refused(tmp_path)


@pytest.mark.parametrize(("name", "wrong", "right"), [
    ("scale_attn_weights", [False, 0, "yes", None], True),
    ("scale_attn_by_inverse_layer_idx", [True, [], "no"], False),
    ("add_cross_attention", [True, None], False),
    ("reorder_and_upcast_attn", [None, "no"], True),
    ("n_inner", [47, "48", [48]], 48),
])  # fmt: skip
def test_switches_of_gpt2_that_compute_something_else(name, wrong, right, tmp_path):
    random_model().save_pretrained(tmp_path)
    config = config_of(tmp_path)
    for value in wrong:
        write_config(tmp_path, config | {name: value})
        assert f"has {name} = {value!r}; minigpt can't compute that." in refused(tmp_path)
    write_config(tmp_path, config | {name: right})
    assert same(opened(tmp_path), random_model())


@pytest.mark.parametrize("kind", ["llama", "gpt_neo", "GPT2", "", 5, None, ["gpt2"], {}, "a\nb"])
def test_other_architectures_are_named(kind, tmp_path):
    random_model().save_pretrained(tmp_path)
    write_config(tmp_path, config_of(tmp_path) | {"model_type": kind})
    assert refused(tmp_path) == (
        f"{tmp_path / CONFIG_FILE} describes a model of type {kind!r}; minigpt reads 'gpt2', "
        f"'openai-gpt' and its own."
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([10**400, -1, 0, 12, 2**63, "12", "gelu", float("nan"), "gpt2", "minigpt"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    found = []
    for change in ({}, {"post_norm": True}, {"window": 3}):
        folder = tmp_path_factory.mktemp("model")
        random_model(**change).save_pretrained(folder)
        found.append((folder, config_of(folder)))
    return found


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2), st.data())
def test_a_config_of_nonsense_never_gives_a_traceback(models, which, data):
    folder, config = models[which]
    names = sorted({*config, "n_inner", "scale_attn_weights", "bias", "rotary"})
    changes = data.draw(st.dictionaries(st.sampled_from(names), VALUES, min_size=1, max_size=3))
    write_config(folder, config | changes)
    try:
        opened(folder)(IDS)
    except UserError as error:
        assert "\n" not in str(error)


def test_a_config_of_other_line_endings_is_the_same(tmp_path):
    """Git on Windows writes them."""
    random_model().save_pretrained(tmp_path)
    text = (tmp_path / CONFIG_FILE).read_bytes().replace(b"\n", b"\r\n")
    (tmp_path / CONFIG_FILE).write_bytes(text)
    assert same(opened(tmp_path), random_model())


# ------------------------------------------------------------------ pickles, and single files


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_model.bin",
        "pytorch_model-00001-of-00002.bin",
        "weights.pt",
        "model.pth",
        "last.ckpt",
        "consolidated.bin",
    ],
)
@pytest.mark.parametrize("itself", [True, False])
def test_pickles_are_refused_with_the_reason_and_the_way_to_convert(itself, name, tmp_path):
    random_model().save_pretrained(tmp_path)
    weights = (tmp_path / WEIGHTS_FILE).read_bytes()
    (tmp_path / WEIGHTS_FILE).unlink()
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'echo hacked'\ntR.")
    message = refused(tmp_path / name if itself else tmp_path)
    assert message.startswith(
        f"{tmp_path / name} is a pickle, which can run code when it is opened"
    )
    command = re.search(r'python -c "([^"]+)"$', message)[1]
    compile(command, "the command", "exec")
    assert tmp_path.as_posix() in command
    assert ("from_pretrained(" in command) == name.startswith("pytorch_model")
    assert ("weights_only=True" in command) != name.startswith("pytorch_model")
    (tmp_path / WEIGHTS_FILE).write_bytes(weights)
    assert same(opened(tmp_path), random_model())  # a pickle beside the real thing is no harm


def test_a_pickle_goes_before_a_missing_config(tmp_path):
    (tmp_path / "ckpt.pt").write_bytes(b"x")
    assert "is a pickle" in refused(tmp_path)


def test_the_file_of_weights_itself(tmp_path):
    random_model().save_pretrained(tmp_path)
    path = tmp_path / WEIGHTS_FILE
    assert refused(path) == f"{path} is one file of a model; name its folder: {tmp_path}"


def test_the_small_config_is_that_of_the_other_tests():
    assert CONFIG.n_embd == 12 and CONFIG.block_size == 7  # which stand in the texts above
