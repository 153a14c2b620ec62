"""Makes `golden.json` with Hugging Face's `tokenizers` and OpenAI's `tiktoken`.

Run it as `python tests/tokenizer/make_golden.py` with the `oracles` extra installed. The ids of
GPT-2 are made if the environment variable MINIGPT_DATA names a folder with GPT-2's files; else
those of the present `golden.json` are kept. The tests read the file, so that they compare with
both libraries even where these are not installed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

HERE = Path(__file__).parent

# name -> texts. Small and full of ties: repetitions, runs of one letter, other scripts, digits.
CORPORA = {
    "sea": [
        "She sells sea shells by the sea shore. The shells she sells are sea shells, I'm sure.\n"
        "So if she sells shells on the sea shore, then I'm sure she sells sea shore shells.\n"
    ],
    "runs": ["aaaa aaaaaaa aaaaaaaaaaaaa bababababab abababa aabbaabbaabb  \n\n\n    x" + "-" * 33],
    "scripts": [
        "Der Fuchs läuft über die Straße; où est la forêt? Žluťoučký kůň.",
        "我们在学习语言模型。语言模型学习我们的语言。",
        "שלום עולם 😀😀👩‍👩‍👧 مرحبا بالعالم 123 1234 12345 3.14159\t\x00\x01\x7f",
    ],
}
VOCAB_SIZES = {"sea": 320, "runs": 290, "scripts": 400}
SPECIAL = "<|endoftext|>"


def train_with_huggingface(texts: list[str], vocab_size: int):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def merges_of(tokenizer) -> list[str]:
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [pair if isinstance(pair, str) else " ".join(pair) for pair in merges]


def gpt2_with_tiktoken(folder: Path):
    import tiktoken
    from tiktoken.load import data_gym_to_mergeable_bpe_ranks

    os.environ["TIKTOKEN_CACHE_DIR"] = ""  # no cache: the files are here already
    ranks = data_gym_to_mergeable_bpe_ranks(
        str(folder / "gpt2-merges.txt"), str(folder / "gpt2-vocab.json")
    )
    pattern = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
    return tiktoken.Encoding(
        "gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={SPECIAL: 50256}
    )


def main() -> None:
    strings = json.loads((HERE / "hard_strings.json").read_text(encoding="utf-8"))
    place = HERE / "golden.json"
    golden = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    golden["trained"] = {}
    for name, texts in CORPORA.items():
        tokenizer = train_with_huggingface(texts, VOCAB_SIZES[name])
        # The library puts the special token first; we, like GPT-2, last.
        ids = [[i - 1 for i in tokenizer.encode(text).ids] for text in strings]
        golden["trained"][name] = {"merges": merges_of(tokenizer), "ids": ids}
    if "MINIGPT_DATA" in os.environ:
        encoding = gpt2_with_tiktoken(Path(os.environ["MINIGPT_DATA"]))
        golden["gpt2"] = [encoding.encode_ordinary(text) for text in strings]
    place.write_text(json.dumps(golden) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
