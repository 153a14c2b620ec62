"""A model as a folder: nothing is lost on the way, and nothing damaged gets in."""

import errno
import json

import numpy as np
import pytest
from model_file_parts import CONFIG, IDS, random_model, refused
from safetensors.numpy import load_file, save_file

from minigpt.errors import UserError
from minigpt.model import GPT
from minigpt.model.files import CONFIG_FILE, WEIGHTS_FILE
from minigpt.model.tensors import write_tensors
from minigpt.tree import items

VARIANTS = {
    "plain": {},
    "no bias": {"bias": False},
    "untied": {"tie_weights": False},
    "untied, no bias": {"tie_weights": False, "bias": False},
    "everything else": {"activation": "gelu", "dropout": 0.25, "init_std": 0.3,
                        "layer_norm_epsilon": 1e-3},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    random_model().save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_round_trip_keeps_every_bit(variant, dtype, tmp_path):
    model = random_model(dtype, **VARIANTS[variant])
    model.save_pretrained(tmp_path / "new" / "folder")
    other = GPT.from_pretrained(tmp_path / "new" / "folder", device="cpu", dtype=dtype)
    assert other.config == model.config
    for (path, value), (other_path, other_value) in zip(
        items(model.params), items(other.params), strict=True
    ):
        assert path == other_path
        assert value.dtype == other_value.dtype
        assert value.tobytes() == other_value.tobytes(), path
    assert (model(IDS) == other(IDS)).all()


def test_a_float64_model_opens_as_float32(tmp_path):
    model = random_model("float64")
    model.save_pretrained(tmp_path)
    other = GPT.from_pretrained(tmp_path, device="cpu")
    assert (other.params.buffer == model.params.buffer.astype("float32")).all()


def test_saving_twice_gives_the_same_bytes(folder, tmp_path):
    first = (folder / WEIGHTS_FILE).read_bytes()
    random_model().save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / WEIGHTS_FILE).read_bytes() == first


def test_the_files_are_those_of_gpt2(folder):
    stored = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    assert stored["architectures"] == ["GPT2LMHeadModel"]
    assert (stored["n_positions"], stored["activation_function"]) == (7, "gelu_new")
    names = set(load_file(folder / WEIGHTS_FILE))
    assert names == {f"transformer.{name}" for name in CONFIG.shapes()}


def test_without_biases_others_find_zeros_and_untied_the_head_has_no_prefix(tmp_path):
    random_model(bias=False, tie_weights=False).save_pretrained(tmp_path)
    tensors = load_file(tmp_path / WEIGHTS_FILE)
    assert (tensors["transformer.h.1.attn.c_attn.bias"] == np.zeros(36)).all()
    assert "lm_head.weight" in tensors


@pytest.mark.parametrize("kept", [0, 7, 100, 0.5, 0.999])
def test_truncated_weights(folder, kept):
    path = folder / WEIGHTS_FILE
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    message = refused(folder)
    assert message.startswith(f"{path} is truncated or damaged (")
    assert message.endswith("); copy or train the model again.")


@pytest.mark.parametrize("garbage", [b"not a safetensors file", b"\xff" * 500, b"\0" * 500])
def test_corrupted_weights(folder, garbage):
    path = folder / WEIGHTS_FILE
    path.write_bytes(garbage + path.read_bytes()[len(garbage) :])
    assert "is truncated or damaged" in refused(folder)


def test_missing_weights_and_missing_config(folder):
    (folder / WEIGHTS_FILE).unlink()
    assert refused(folder) == f"There are no weights: {folder / WEIGHTS_FILE} is missing."
    (folder / CONFIG_FILE).unlink()
    assert refused(folder).startswith(f"There is no model in {folder}: config.json is missing")


def test_all_tensors_that_do_not_fit_are_named(folder):
    path = folder / WEIGHTS_FILE
    tensors = load_file(path)
    del tensors["transformer.wpe.weight"], tensors["transformer.h.1.ln_2.bias"]
    tensors["transformer.h.2.ln_1.weight"] = np.ones(12, "float32")
    tensors["lm_head.weight"] = np.ones((11, 12), "float32")
    tensors["transformer.h.0.attn.c_attn.weight"] = np.ones((36, 12), "float32")
    tensors["transformer.ln_f.bias"] = np.ones(13, "float32")
    save_file(tensors, path)
    assert refused(folder) == (
        f"{path} does not fit its config.json: missing: h.1.ln_2.bias, wpe.weight; "
        f"unexpected: h.2.ln_1.weight; wrong shape: "
        f"h.0.attn.c_attn.weight is (36, 12), not (12, 36), ln_f.bias is (13,), not (12,); "
        f"not equal to the wte.weight that it is tied to: lm_head.weight."
    )


def test_biases_that_are_not_zero_do_not_fit_a_model_without(tmp_path):
    random_model(bias=False).save_pretrained(tmp_path)
    tensors = load_file(tmp_path / WEIGHTS_FILE)
    tensors["transformer.h.0.mlp.c_fc.bias"][3] = 0.1
    save_file(tensors, tmp_path / WEIGHTS_FILE)
    assert refused(tmp_path).endswith("unexpected: h.0.mlp.c_fc.bias.")


@pytest.mark.parametrize(("content", "words"), [
    (b"{", "is damaged"),
    (b"\xff\xfe", "is damaged"),
    (b"[]", "describes a model of type []; minigpt reads 'gpt2', 'openai-gpt' and its own."),
    (b'{"model_type": "llama"}', "describes a model of type 'llama'; minigpt reads 'gpt2', 'o"),
    (b"{}", "describes a model of type None"),
    (b'{"model_type": "gpt2", "n_embd": "12"}', "n_embd must be a whole number"),
    (b'{"model_type": "gpt2", "n_embd": 10, "n_head": 3}', "must be divisible by n_head (3)"),
    (b'{"model_type": "gpt2", "resid_pdrop": null}', "dropout must be a number, not None."),
    (b'{"model_type": "gpt2", "activation_function": "silu"}', "Unknown activation 'silu'"),
])  # fmt: skip
def test_a_config_that_is_damaged_or_of_another_model(folder, content, words):
    (folder / CONFIG_FILE).write_bytes(content)
    assert words in refused(folder)


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "model").write_text("x", encoding="utf-8")
    refused(tmp_path / "model")
    refused(tmp_path / "nowhere")


@pytest.mark.parametrize("limit", [None, 2000])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), ZeroDivisionError()])
def test_a_failed_save_leaves_the_old_model(error, limit, folder, monkeypatch):
    """The disk is full after the first piece: of the one file, or of the last of several."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    model = random_model(activation="relu", seed=4)

    def half(path, tensors):
        if "transformer.wte.weight" in tensors:  # it is in the last shard
            path.write_bytes(b"half")
            raise error
        write_tensors(path, tensors)

    monkeypatch.setattr("minigpt.model.replace.write_tensors", half)
    with pytest.raises((UserError, ZeroDivisionError)) as caught:
        model.save_pretrained(folder, limit)
    if isinstance(error, OSError):
        assert "the disk is full" in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
