"""What the tests of a model's files share: a random model, its opening, and files made by hand."""

import json
import math

import numpy as np
import pytest

from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig

CONFIG = GPTConfig(vocab_size=11, block_size=7, n_layer=2, n_head=3, n_embd=12)
IDS = np.random.default_rng(1).integers(0, 11, (2, 5))


def random_model(dtype="float32", seed=3, **changes) -> GPT:
    """Every number random, biases and norms too, so that a mix-up can't hide."""
    model = GPT(CONFIG.replace(**changes), device="cpu", dtype=dtype)
    model.params.buffer[...] = np.random.default_rng(seed).normal(size=model.n_params)
    return model


def opened(folder, **options) -> GPT:
    return GPT.from_pretrained(folder, device="cpu", **options)


def refused(folder, **options) -> str:
    """What is told, in one line, about a folder that can't be opened."""
    with pytest.raises(UserError) as caught:
        opened(folder, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def same(a: GPT, b: GPT) -> bool:
    """Whether two models are equal to the last bit."""
    return a.config == b.config and a.params.buffer.tobytes() == b.params.buffer.tobytes()


def with_header(header, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file by hand: any header, true or not; `length` lies about it."""
    if not isinstance(header, bytes):
        header = json.dumps(header).encode()
    length = len(header) if length is None else length
    return length.to_bytes(8, "little") + header + data


def file_of(tensors: dict) -> bytes:
    """A safetensors file by hand: name -> (dtype, shape, bytes)."""
    header, last = {}, 0
    for name, (dtype, shape, raw) in tensors.items():
        first, last = last, last + len(raw)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [first, last]}
    return with_header(header, b"".join(raw for _, _, raw in tensors.values()))


def tensors_of(content: bytes) -> dict:
    """Undo `file_of`."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        found[name] = (entry["dtype"], entry["shape"], content[start + first : start + last])
    return found


def zeros(dtype: str, size: int, shape) -> tuple:
    return dtype, shape, bytes(size * math.prod(shape))
