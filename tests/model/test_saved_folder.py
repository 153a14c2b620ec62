"""A model as a folder: nothing is lost on the way, and nothing damaged gets in."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig
from minigpt.model.files import CONFIG_FILE, WEIGHTS_FILE
from minigpt.tree import items

CONFIG = GPTConfig(vocab_size=11, block_size=7, n_layer=2, n_head=3, n_embd=12)
VARIANTS = {
    "plain": {},
    "no bias": {"bias": False},
    "untied": {"tie_weights": False},
    "untied, no bias": {"tie_weights": False, "bias": False},
    "everything else": {"activation": "gelu", "dropout": 0.25, "init_std": 0.3,
                        "layer_norm_epsilon": 1e-3},
}  # fmt: skip
IDS = np.random.default_rng(1).integers(0, 11, (2, 5))


def random_model(dtype="float32", **changes) -> GPT:
    """Every number random, biases and norms too, so that a mix-up can't hide."""
    model = GPT(CONFIG.replace(**changes), device="cpu", dtype=dtype)
    model.params.buffer[...] = np.random.default_rng(3).normal(size=model.n_params)
    return model


@pytest.fixture
def folder(tmp_path):
    random_model().save_pretrained(tmp_path)
    return tmp_path


def refused(folder) -> str:
    with pytest.raises(UserError) as caught:
        GPT.from_pretrained(folder, device="cpu")
    assert "\n" not in str(caught.value)
    return str(caught.value)


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
        f"unexpected: h.2.ln_1.weight, lm_head.weight; wrong shape: "
        f"h.0.attn.c_attn.weight is (36, 12), not (12, 36), ln_f.bias is (13,), not (12,)."
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
    (b"[]", "describes a model of type []; minigpt reads 'gpt2'."),
    (b'{"model_type": "llama"}', "describes a model of type 'llama'; minigpt reads 'gpt2'."),
    (b"{}", "describes a model of type None"),
    (b'{"model_type": "gpt2", "n_embd": "12"}', "n_embd must be a whole number"),
    (b'{"model_type": "gpt2", "n_embd": 10, "n_head": 3}', "must be divisible by n_head (3)"),
    (b'{"model_type": "gpt2", "resid_pdrop": null}', "dropout must be a number, not None."),
    (b'{"model_type": "gpt2", "activation_function": "silu"}', "Unknown activation 'silu'"),
])  # fmt: skip
def test_a_config_that_is_damaged_or_of_another_model(folder, content, words):
    (folder / CONFIG_FILE).write_bytes(content)
    assert words in refused(folder)


def test_weights_of_another_kind_of_number(folder):
    """Half precision is widened; what NumPy has no type for is refused in a sentence."""
    path = folder / WEIGHTS_FILE
    tensors = load_file(path)
    save_file({name: value.astype("float16") for name, value in tensors.items()}, path)
    model = GPT.from_pretrained(folder, device="cpu")
    assert model.params["wte"]["weight"].dtype == np.float32
    wte = tensors["transformer.wte.weight"].astype("float16").astype("float32")
    assert (model.params["wte"]["weight"] == wte).all()


def test_bfloat16(folder):
    path = folder / WEIGHTS_FILE
    content = path.read_bytes()
    header = int.from_bytes(content[:8], "little")
    names = json.loads(content[8 : 8 + header])
    for entry in (entry for name, entry in names.items() if name != "__metadata__"):
        entry["dtype"] = "BF16"
        entry["data_offsets"] = [offset // 2 for offset in entry["data_offsets"]]
    new = json.dumps(names).encode()
    data = content[8 + header :]
    path.write_bytes(len(new).to_bytes(8, "little") + new + data[: len(data) // 2])
    assert "bfloat16" in refused(folder).lower()


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "model").write_text("x", encoding="utf-8")
    refused(tmp_path / "model")
    refused(tmp_path / "nowhere")


def test_a_failed_save_leaves_the_old_model(folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    model = random_model()
    model.params.buffer[...] = 0
    monkeypatch.setattr("minigpt.model.files.save", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save_pretrained(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
