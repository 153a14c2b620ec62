"""What `minigpt train` leaves behind opens with transformers' Auto classes and goes on the same."""

import os

import numpy as np
import pytest

from minigpt.cli import main
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer

REASON = "{} is not installed; see the extra 'oracles'"
pytestmark = pytest.mark.oracle
SMALL = ("--corpus-mb 0.2 --block-size 384 --n-layer 2 --n-head 2 --n-embd 32 --batch-size 8 "
         "--steps 40 --eval-every 40 --judged 1").split()  # fmt: skip
PROMPTS = ("On Monday, Mia", "Once upon a time", " The", "你好, Mia!")


@pytest.fixture(scope="module", params=["bpe", "byte"])
def folder(request, tmp_path_factory):
    pytest.importorskip("torch", reason=REASON.format("PyTorch"))
    folder = tmp_path_factory.mktemp("run") / "run"
    options = ["--tokenizer", request.param]
    options += ["--vocab-size", "600"] if request.param == "bpe" else []
    assert main(["train", *SMALL, *options, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def theirs(folder):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.setdefault(name, "1")
    transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    return model, transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_is_continued_with_the_same_greedy_tokens(folder, theirs, prompt):
    import torch

    their_model, their_tokenizer = theirs
    model, tokenizer = GPT.from_pretrained(folder, device="cpu"), Tokenizer.from_pretrained(folder)
    ids = tokenizer.encode(prompt)
    assert their_tokenizer(prompt)["input_ids"] == ids
    expected = their_model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=20, do_sample=False, eos_token_id=tokenizer.eot, pad_token_id=0,
    )[0].tolist()  # fmt: skip
    written = model.generate([ids], 20, do_sample=False, eos_token_id=tokenizer.eot)[0]
    assert written.tolist() == expected
    assert their_tokenizer.decode(expected) == tokenizer.decode(written)
    assert np.array_equal(written[: len(ids)], ids) and len(written) > len(ids)
