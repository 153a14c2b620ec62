"""safetensors files: every float that they may hold, straight into place, by its name."""

import subprocess
import sys
import tracemalloc
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from model_file_parts import (
    CONFIG,
    file_of,
    opened,
    random_model,
    refused,
    same,
    tensors_of,
    zeros,
)
from safetensors.numpy import load_file, save

from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig, tensors
from minigpt.model.files import WEIGHTS_FILE, load_folder, save_folder
from minigpt.tree import FlatTree, items

NAME = "transformer.wte.weight"


@pytest.fixture
def folder(tmp_path):
    random_model().save_pretrained(tmp_path)
    return tmp_path


def as_floats(raw: bytes, dtype: str) -> bytes:
    """Write the float32 numbers of `raw` as another type of float."""
    x = np.frombuffer(raw, "<f4")
    if dtype == "BF16":
        return (x.view("<u4") >> 16).astype("<u2").tobytes()
    return x.astype({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype]).tobytes()


def expected(raw: bytes, dtype: str, into: str) -> np.ndarray:
    x = np.frombuffer(raw, "<f4")
    if dtype == "BF16":  # only the upper 16 bits of a float32 are kept
        return (x.view("<u4") & 0xFFFF0000).view("<f4").astype(into)
    return x.astype("float16").astype(into) if dtype == "F16" else x.astype(into)


@pytest.mark.parametrize("piece", [1 << 20, 7])  # in one go, and in pieces that do not divide it
@pytest.mark.parametrize("into", ["float32", "float64"])
@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32", "F64"])
def test_every_kind_of_float_is_read_into_the_models_own(dtype, into, piece, folder, monkeypatch):
    monkeypatch.setattr(tensors, "PIECE", piece)
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    converted = {n: (dtype, shape, as_floats(raw, dtype)) for n, (_, shape, raw) in stored.items()}
    (folder / WEIGHTS_FILE).write_bytes(file_of(converted))
    model = opened(folder, dtype=into)
    for name, value in items(model.params):
        raw = stored["transformer." + name][2]
        assert value.dtype == into
        assert value.tobytes() == expected(raw, dtype, into).tobytes(), name


def test_bfloat16_keeps_what_is_not_a_number(folder):
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    stored = {n: ("BF16", shape, as_floats(raw, "BF16")) for n, (_, shape, raw) in stored.items()}
    special = np.array([0x7F80, 0xFF80, 0x7FC0, 0x8000, 0x0001, 0x3F80], "<u2")
    stored[NAME] = (*stored[NAME][:2], special.tobytes() + stored[NAME][2][12:])
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored))
    found = opened(folder).params["wte"]["weight"].reshape(-1)[:6]
    assert found[0] == np.inf and found[1] == -np.inf and np.isnan(found[2]) and found[5] == 1
    assert found[3] == 0 and np.signbit(found[3]) and found[4] == 2.0**-133


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32", "F64"])
@pytest.mark.parametrize("limit", [None, "200kB"])
def test_no_second_copy_of_the_weights(dtype, limit, tmp_path, monkeypatch):
    monkeypatch.setattr(tensors, "PIECE", 4096)
    sizes = {"vocab_size": 1000, "n_embd": 96, "n_layer": 4}
    random_model(**sizes).save_pretrained(tmp_path, limit)
    for path in tmp_path.glob("*.safetensors"):
        stored = tensors_of(path.read_bytes()).items()
        path.write_bytes(
            file_of({n: (dtype, s, as_floats(raw, dtype)) for n, (_, s, raw) in stored})
        )
    opened(tmp_path)
    tracemalloc.start()
    try:
        model = opened(tmp_path)
        _, read = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        model.save_pretrained(tmp_path / "again", limit)
        written = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    weights = model.params.buffer.nbytes
    largest = max(value.nbytes for _, value in items(model.params))
    assert weights > 2_000_000 > 4 * largest
    assert read < weights + largest and written < largest


def test_ours_are_the_bytes_of_the_safetensors_library(folder):
    """Order, padding and all; so whoever has read its files can read ours."""
    path = folder / WEIGHTS_FILE
    assert path.read_bytes() == save(load_file(path), metadata={"format": "pt"})
    assert tensors_of(path.read_bytes()).keys() == {
        f"transformer.{name}" for name in CONFIG.shapes()
    }
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0


@pytest.mark.parametrize("dtype", ["I64", "U8", "BOOL", "F8_E4M3"])
def test_numbers_that_are_no_floats_are_refused_by_name(dtype, folder):
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    size = 8 if dtype == "I64" else 1
    stored[NAME] = zeros(dtype, size, stored[NAME][1])
    stored["transformer.ln_f.bias"] = zeros(dtype, size, [5])
    del stored["transformer.wpe.weight"]
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored))
    assert refused(folder).endswith(
        f"does not fit its config.json: missing: wpe.weight; wrong shape: ln_f.bias is (5,), not "
        f"(12,); not floats: ln_f.bias is {dtype}, wte.weight is {dtype}."
    )


@pytest.mark.parametrize("prefix", ["", "transformer."])
@pytest.mark.parametrize("dtype", ["F32", "U8", "BOOL"])
def test_masks_are_ignored_by_name_and_nothing_else_is(prefix, dtype, folder):
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    stored = {name.replace("transformer.", prefix): value for name, value in stored.items()}
    masks = {f"{prefix}h.{i}.attn.bias": zeros(dtype, 4 if dtype == "F32" else 1, [1, 1, 7, 7])
             for i in range(2)}  # fmt: skip
    masks[f"{prefix}h.1.attn.masked_bias"] = zeros("F32", 4, [])
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored | masks))
    assert same(opened(folder), random_model())
    for name in ("h.x.attn.bias", "h.0.attn.bias.bias", "attn.bias", "h.0.mlp.bias"):
        (folder / WEIGHTS_FILE).write_bytes(file_of(stored | {name: zeros("F32", 4, [3])}))
        assert refused(folder).endswith(f"unexpected: {name}.")


def test_a_tensor_with_and_without_prefix_is_there_twice(folder):
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    stored["wte.weight"] = stored[NAME]
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored))
    assert refused(folder).endswith("there twice: wte.weight.")


def test_a_name_that_would_break_the_line_is_quoted(folder):
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    stored["a\nb"] = zeros("F32", 4, [1])
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored))
    assert refused(folder).endswith(r"unexpected: 'a\nb'.")


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16", "F64"])
def test_a_tied_head_may_be_repeated_but_not_contradicted(dtype, folder):
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    stored = {n: (dtype, s, as_floats(raw, dtype)) for n, (_, s, raw) in stored.items()}
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored))
    alone = opened(folder)
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored | {"lm_head.weight": stored[NAME]}))
    assert same(opened(folder), alone)
    raw = bytearray(stored[NAME][2])
    raw[-1] ^= 0x40
    other = (dtype, stored[NAME][1], bytes(raw))
    turned = (dtype, [12, 11], stored[NAME][2])
    for head in (other, turned, zeros("I8", 1, [11, 12])):
        (folder / WEIGHTS_FILE).write_bytes(file_of(stored | {"lm_head.weight": head}))
        assert refused(folder).endswith("the wte.weight that it is tied to: lm_head.weight.")


@pytest.mark.parametrize("change", [
    lambda dtype, shape, raw: ("F32", [35], raw[:-4]),
    lambda dtype, shape, raw: ("I32", shape, raw),
    lambda dtype, shape, raw: ("F32", shape, raw[:-4] + b"\0\0\0\1"),
])  # fmt: skip
def test_only_zeros_of_the_right_shape_stand_for_no_bias(change, tmp_path):
    random_model(bias=False).save_pretrained(tmp_path)
    path, name = tmp_path / WEIGHTS_FILE, "transformer.h.1.attn.c_attn.bias"
    stored = tensors_of(path.read_bytes())
    assert not any(stored[name][2]) and stored[name][1] == [36]
    del stored["transformer.h.0.attn.c_attn.bias"]  # one more or less of them is no harm
    path.write_bytes(file_of(stored))
    assert same(opened(tmp_path), random_model(bias=False))
    path.write_bytes(file_of(stored | {name: change(*stored[name])}))
    assert refused(tmp_path).endswith("unexpected: h.1.attn.c_attn.bias.")


def test_weights_that_are_given_are_copied_unless_they_are_a_flat_tree():
    """So a folder is read into the one buffer that the model keeps."""
    model = random_model()
    copy = GPT(model.config, device="cpu", params=dict(items(model.params)))
    assert same(copy, model) and not np.shares_memory(copy.params.buffer, model.params.buffer)
    assert GPT(model.config, device="cpu", params=model.params).params is model.params
    with pytest.raises(UserError, match="a FlatTree of float32, not of float64"):
        GPT(model.config, device="cpu", dtype="float64", params=model.params)


def test_an_unknown_dtype_is_refused_before_anything_is_read(folder):
    assert refused(folder / "nowhere", dtype="float16").startswith("Unknown dtype 'float16'; use")


class DeviceArray:
    """An array that lives elsewhere: it takes only its own kind, and leaves by `get` alone."""

    def __init__(self, host):
        self.host, self.dtype, self.shape = host, host.dtype, host.shape
        self.nbytes = host.nbytes

    def get(self):
        return self.host.copy()

    def reshape(self, *shape):
        return DeviceArray(self.host.reshape(*shape))

    def __getitem__(self, where):
        return DeviceArray(self.host[where])

    def __setitem__(self, where, value):
        assert type(value) is DeviceArray, "a NumPy array in a device's"
        self.host[where] = value.host

    def __array__(self, *arguments, **options):
        raise TypeError("implicit conversion to a NumPy array")


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32", "F64"])
def test_arrays_of_a_gpu_are_filled_and_written(dtype, folder, tmp_path, monkeypatch):
    """By a stand-in for CuPy, so that this needs no GPU."""
    monkeypatch.setattr(tensors, "PIECE", 7)
    module = ModuleType("device")
    module.empty = lambda *arguments: DeviceArray(np.empty(*arguments))
    module.asarray = lambda x: DeviceArray(x.copy())
    monkeypatch.setitem(sys.modules, "device", module)
    monkeypatch.setattr(DeviceArray, "__module__", "device")
    stored = tensors_of((folder / WEIGHTS_FILE).read_bytes())
    stored = {n: (dtype, s, as_floats(raw, dtype)) for n, (_, s, raw) in stored.items()}
    (folder / WEIGHTS_FILE).write_bytes(file_of(stored))
    config, params = load_folder(folder, "float32", module)
    assert type(params.buffer) is DeviceArray
    assert params.buffer.host.tobytes() == opened(folder).params.buffer.tobytes()
    save_folder(tmp_path / "again", config, params)
    assert same(opened(tmp_path / "again"), opened(folder))


OPEN = """
import re, sys, time
from pathlib import Path
from minigpt import GPT

def peak():  # in kB; what getrusage says may be the parent process's
    status = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) if status.exists() else 0

before, start = peak(), time.perf_counter()
model = GPT.from_pretrained(sys.argv[1], device="cpu")
print(time.perf_counter() - start, (peak() - before) * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_a_checkpoint_of_124_million_parameters_opens_within_two_seconds(dtype, tmp_path):
    """And without a second copy of the weights, whatever they are stored as."""
    config = GPTConfig.preset("gpt2")
    params = FlatTree.empty(config.shapes(), "float32")
    np.random.default_rng(0).standard_normal(out=params.buffer, dtype="float32")
    save_folder(tmp_path, config, params)
    if dtype != "F32":
        stored = tensors_of((tmp_path / WEIGHTS_FILE).read_bytes())
        stored = {n: (dtype, s, as_floats(raw, dtype)) for n, (_, s, raw) in stored.items()}
        (tmp_path / WEIGHTS_FILE).write_bytes(file_of(stored))
    runs = []
    for _ in range(3):
        command = [sys.executable, "-c", OPEN, tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
        runs.append([float(number) for number in done.stdout.split()])
    weights, largest = params.buffer.nbytes, params["wte"]["weight"].nbytes
    assert min(seconds for seconds, _ in runs) < 2, runs
    if Path("/proc/self/status").exists():
        assert 0.99 * weights < max(memory for _, memory in runs) < weights + largest, runs
