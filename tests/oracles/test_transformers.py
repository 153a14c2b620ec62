"""Models go to Hugging Face's transformers and come back: the same folder, the same numbers."""

import re
import subprocess
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig
from minigpt.model.architectures import architecture_of
from minigpt.tree import items

pytestmark = pytest.mark.oracle

SWITCHES = {
    "tied": {},
    "untied": {"tie_weights": False},
    "no_bias": {"bias": False, "layer_norm_epsilon": 1e-3},
    "exact_gelu": {"activation": "gelu", "tie_weights": False},
    "relu": {"activation": "relu"},
    "gpt1": {"post_norm": True},
    "gpt1_relu": {"post_norm": True, "activation": "relu", "layer_norm_epsilon": 1e-3},
    "gpt1_untied": {"post_norm": True, "tie_weights": False},
    "gpt1_no_bias": {"post_norm": True, "bias": False},
}
BIASED = [case for case in SWITCHES if "no_bias" not in case]  # theirs always are
FLOATS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


def config_of(case: str) -> GPTConfig:
    return GPTConfig(
        vocab_size=29, block_size=11, n_layer=2, n_head=3, n_embd=12, dropout=0.25, **SWITCHES[case]
    )


def our_model(case: str, dtype="float32") -> GPT:
    rng = np.random.default_rng(len(case))
    config = config_of(case)
    params = {
        name: rng.normal(float(len(shape) == 1 and name.endswith("weight")), 0.3, shape)
        for name, shape in config.shapes().items()
    }
    return GPT(config, device="cpu", dtype=dtype, params=params)


def their_config(transformers, case: str):
    ours = config_of(case)
    if ours.post_norm:
        kind, activation = transformers.OpenAIGPTConfig, {"afn": ours.activation[:4]}
    else:
        kind, activation = transformers.GPT2Config, {"activation_function": ours.activation}
    return kind(
        vocab_size=29,
        n_positions=11,
        n_layer=2,
        n_head=3,
        n_embd=12,
        tie_word_embeddings=ours.tie_weights,
        **activation,
        layer_norm_epsilon=ours.layer_norm_epsilon,
        resid_pdrop=0.25,
        embd_pdrop=0.25,
        attn_pdrop=0.25,
        bos_token_id=0,
        eos_token_id=0,
    )


def their_model(torch, transformers, case: str):
    """A random model of theirs whose weights, scales and biases are all of order 0.3."""
    torch.manual_seed(3)
    config = their_config(transformers, case)
    kind = "OpenAIGPTLMHeadModel" if config.model_type == "openai-gpt" else "GPT2LMHeadModel"
    model = getattr(transformers, kind)._from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = "ln_" in name and name.endswith("weight")
            parameter.normal_(float(scale), 0.3)
    return model.eval()


def open_with_transformers(transformers, folder):
    """Load strictly: nothing missing, nothing unexpected."""
    model, told = transformers.AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager", output_loading_info=True
    )
    assert not any(told.values()), told
    return model.eval()


def some_ids(B=4, T=9):
    return np.random.default_rng(1).integers(0, 29, (B, T))


def assert_close(ours, theirs, tolerance, name=""):
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape, name
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    assert error <= tolerance, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("case", SWITCHES)
def test_what_we_save_opens_there(case, tmp_path, torch, transformers):
    ours = our_model(case)
    ours.save_pretrained(tmp_path)
    theirs = open_with_transformers(transformers, tmp_path)
    assert_close(ours(some_ids()), theirs(torch.tensor(some_ids())).logits, 1e-5)
    config = theirs.config
    assert config.n_positions == 11
    assert {config.resid_pdrop, config.embd_pdrop, config.attn_pdrop} == {0.25}


@pytest.mark.parametrize("case", BIASED)
def test_what_they_save_opens_here(case, tmp_path, torch, transformers):
    theirs = their_model(torch, transformers, case)
    theirs.save_pretrained(tmp_path)
    ours = GPT.from_pretrained(tmp_path, device="cpu")
    assert ours.config == config_of(case)
    assert_close(ours(some_ids()), theirs(torch.tensor(some_ids())).logits, 1e-5)


def test_what_older_versions_saved_opens_here(tmp_path, torch, transformers):
    """GPT-2 at Hugging Face holds the causal masks too, and no prefix before the names."""
    theirs = their_model(torch, transformers, "tied")
    theirs.transformer.save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    assert "h.1.attn.c_attn.bias" in tensors
    for i in range(2):
        tensors[f"h.{i}.attn.bias"] = np.tri(11, dtype=np.float32)[None, None]
        tensors[f"h.{i}.attn.masked_bias"] = np.array(-1e4, dtype=np.float32)
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    ours = GPT.from_pretrained(tmp_path, device="cpu")
    assert_close(ours(some_ids()), theirs(torch.tensor(some_ids())).logits, 1e-5)


@pytest.mark.parametrize("case", SWITCHES)
def test_there_and_back_is_the_same_model(case, tmp_path, torch, transformers):
    """Without biases too: transformers writes the zeros that stand for them, and our switch."""
    ours = our_model(case)
    ours.save_pretrained(tmp_path / "ours")
    theirs = open_with_transformers(transformers, tmp_path / "ours")
    theirs.save_pretrained(tmp_path / "theirs")
    back = GPT.from_pretrained(tmp_path / "theirs", device="cpu")
    assert back.config == ours.config
    assert back.params.buffer.tobytes() == ours.params.buffer.tobytes()


@pytest.mark.parametrize("case", ["tied", "untied", "exact_gelu"])
def test_loss_and_gradients_by_name(case, tmp_path, torch, transformers):
    theirs = their_model(torch, transformers, case).double()
    theirs.save_pretrained(tmp_path)
    ours = GPT.from_pretrained(tmp_path, device="cpu", dtype="float64")
    ids = some_ids()
    labels = ids.copy()
    labels[1, 3:6] = -100
    rounded = theirs(torch.tensor(ids), labels=torch.tensor(labels)).loss  # shifts labels itself
    logits = theirs(torch.tensor(ids[:, :-1])).logits
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), torch.tensor(labels[:, 1:]).flatten(), ignore_index=-100
    )
    loss.backward()
    our_loss, grads = ours.loss_and_grads(ids[:, :-1], labels[:, 1:])
    assert_close(our_loss, rounded, 1e-6)  # it takes the logarithm in float32
    assert_close(our_loss, loss, 1e-9)
    grads, expected = dict(items(grads)), dict(theirs.named_parameters())
    assert {name.removeprefix("transformer.") for name in expected} == grads.keys()
    for name, parameter in expected.items():
        assert_close(grads[name.removeprefix("transformer.")], parameter.grad, 1e-9, name)


@pytest.mark.parametrize("left", [True, False])
def test_an_attention_mask_masks_the_same(left, tmp_path, torch, transformers):
    theirs = their_model(torch, transformers, "tied")
    theirs.save_pretrained(tmp_path)
    ours = GPT.from_pretrained(tmp_path, device="cpu")
    ids = some_ids()
    real = np.arange(9) < np.array([9, 2, 5, 1])[:, None]
    real = real[:, ::-1].copy() if left else real
    positions = torch.arange(9).expand(4, 9)  # ours are counted from the left end of the row
    logits = theirs(
        torch.tensor(ids),
        attention_mask=torch.tensor(real.astype(np.int64)),
        position_ids=positions,
    ).logits
    assert_close(ours(ids, mask=real[:, None, None, :])[real], logits[torch.tensor(real)], 1e-5)


def test_greedy_writing_is_the_same(tmp_path, torch, transformers):
    theirs = their_model(torch, transformers, "untied")
    theirs.save_pretrained(tmp_path)
    ours = GPT.from_pretrained(tmp_path, device="cpu")
    ids = some_ids(B=3, T=4)
    options = {"max_new_tokens": 7, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    expected = theirs.generate(torch.tensor(ids), **options).numpy()
    assert np.array_equal(ours.generate(ids, max_new_tokens=7, temperature=0), expected)


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("case", ["tied", "untied", "gpt1"])
def test_every_precision_that_they_save_opens_here(
    case, dtype, sharded, tmp_path, torch, transformers
):
    """To the last bit: each of their numbers is one that float32 has."""
    theirs = their_model(torch, transformers, case).to(getattr(torch, dtype))
    theirs.save_pretrained(tmp_path, max_shard_size="5KB" if sharded else "5GB")
    assert (len(list(tmp_path.glob("*.safetensors"))) > 1) == sharded
    found = set()
    for path in tmp_path.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            found |= {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    assert found == {FLOATS[dtype]}
    ours = GPT.from_pretrained(tmp_path, device="cpu")
    kind = architecture_of(ours.config)
    stored = dict(theirs.float().named_parameters())
    for name, array in items(ours.params):
        assert array.dtype == np.float32
        assert (array == stored[kind.stored_name(name)].detach().numpy()).all(), name
    assert_close(ours(some_ids()), theirs.float()(torch.tensor(some_ids())).logits, 1e-5)


@pytest.mark.parametrize("case", ["tied", "untied", "gpt1", "gpt1_no_bias"])
def test_the_shards_that_we_save_open_there(case, tmp_path, torch, transformers):
    ours = our_model(case)
    ours.save_pretrained(tmp_path, "5kB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 2
    theirs = open_with_transformers(transformers, tmp_path)
    assert_close(ours(some_ids()), theirs(torch.tensor(some_ids())).logits, 1e-5)


@pytest.mark.parametrize("change", [{"window": 3}, {"post_norm": True, "activation": "gelu"}])
def test_what_they_cannot_compute_they_refuse(change, tmp_path, torch, transformers):
    """By their Auto classes, and by the two that might take it for one of theirs."""
    config = config_of("tied").replace(**change)
    GPT(config, device="cpu").save_pretrained(tmp_path)
    for name in ("AutoModelForCausalLM", "GPT2LMHeadModel", "OpenAIGPTLMHeadModel"):
        with pytest.raises(Exception, match="minigpt|activation_function|afn|None"):
            getattr(transformers, name).from_pretrained(tmp_path)


@pytest.mark.parametrize("case", ["tied", "untied", "gpt1"])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt"])
def test_the_command_that_is_told_converts_a_pickle(name, case, tmp_path, torch, transformers):
    theirs = their_model(torch, transformers, case)
    theirs.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(theirs.state_dict(), tmp_path / name)
    with pytest.raises(UserError, match="is a pickle") as caught:
        GPT.from_pretrained(tmp_path, device="cpu")
    code = re.search(r'python -c "([^"]+)"$', str(caught.value))[1]
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, capture_output=True)
    ours = GPT.from_pretrained(tmp_path, device="cpu")
    assert ours.config == config_of(case)
    assert_close(ours(some_ids()), theirs(torch.tensor(some_ids())).logits, 1e-5)
