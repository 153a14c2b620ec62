"""How fast the tokenizer encodes and learns, beside tiktoken and Hugging Face's tokenizers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from minigpt.bench.measure import in_turns
from minigpt.bench.table import duration, spread, table, three_digits
from minigpt.corpus import tinytown
from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer
from minigpt.tokenizer.patterns import PATTERNS
from minigpt.tokenizer.tokenizer import END_OF_TEXT

SIZES = (1024, 8192)
WHO = {"minigpt": "minigpt", "tiktoken": "tiktoken", "tokenizers": "tokenizers"}


def stories(n_bytes: int = 1_000_000) -> str:
    """Built-in stories of about so many bytes, one below the other."""
    return "\n".join(story.text for story in tinytown.stories(n_bytes=n_bytes))


def tokenizer(
    text: str, sizes: tuple[int, ...] = SIZES, rounds: int = 5, against: str | None = None
) -> dict:
    """Time encoding a text, with a fresh tokenizer and a used one, and learning from it.

    All encode with the same merges, those of the largest size; ids are compared first.

    Args:
        text: to learn from and to encode.
        sizes: vocabularies to learn.
        rounds: in turns.
        against: any name but None: time tiktoken (it encodes only) and tokenizers as well.

    Returns:
        By task ("encode, cold", "encode, warm", "train 1024" …) and then by name: median seconds,
        spread, and megabytes a second.

    Raises:
        UserError: when `against` is given and a package is missing, or its ids are others.
    """
    n_bytes = len(text.encode("utf-8"))
    if not n_bytes:
        raise UserError("The text is empty; there is nothing to time.")
    learned = Tokenizer.train(text, max(sizes))
    tasks = _encoding(text, learned, rounds, against)
    for size in sizes:
        tasks[f"train {size}"] = _training(text, size, against)
    found = {"bytes": n_bytes, "rounds": rounds, "vocab_size": learned.vocab_size, "tasks": {}}
    for task, contestants in tasks.items():
        timings = in_turns(contestants, rounds)
        found["tasks"][task] = {
            who: {"seconds": timing.median, "spread": timing.spread,
                  "megabytes_per_second": n_bytes / 1e6 / timing.median}
            for who, timing in timings.items()
        }  # fmt: skip
    return found


def _encoding(text: str, learned: Tokenizer, rounds: int, against) -> dict[str, dict]:
    """The two tasks of encoding; a fresh tokenizer for each cold round is made beforehand."""
    with tempfile.TemporaryDirectory() as folder:
        learned.save_pretrained(folder)
        makers = {"minigpt": lambda: Tokenizer.from_pretrained(folder).encode}
        if against:
            makers["tiktoken"] = lambda: _tiktoken(learned)
            makers["tokenizers"] = lambda: _tokenizers(Path(folder))
        warm = {who: make() for who, make in makers.items()}
        expected = learned.encode(text)
        for who, encode in warm.items():
            if encode(text) != expected:
                raise UserError(
                    f"{who} gives this text other ids than minigpt does, so the two can't be "
                    f"compared; choose another text."
                )
        fresh = {who: [make() for _ in range(rounds + 1)] for who, make in makers.items()}
    return {
        "encode, cold": {who: lambda who=who: fresh[who].pop()(text) for who in makers},
        "encode, warm": {who: lambda encode=encode: encode(text) for who, encode in warm.items()},
    }


def _import(name: str):
    """An oracle's module; UserError where it is not installed."""
    try:
        return __import__(name)
    except ImportError as error:
        raise UserError(f"{error}; to compare with it, run: pip install {name}") from error


def _tiktoken(learned: Tokenizer) -> Callable:
    """tiktoken's `encode` with our merges: a token's rank is its id."""
    tiktoken = _import("tiktoken")
    plain = set(range(len(learned))) - set(learned.special_tokens.values())
    encoding = tiktoken.Encoding(
        "minigpt",
        pat_str=PATTERNS[learned.pattern],
        mergeable_ranks={learned.token_bytes(i): i for i in plain},
        special_tokens=learned.special_tokens,
    )
    return encoding.encode_ordinary


def _tokenizers(folder: Path) -> Callable:
    """Hugging Face's `encode` with our files."""
    tokenizers = _import("tokenizers")
    files = str(folder / "vocab.json"), str(folder / "merges.txt")
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE.from_file(*files))
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.pre_tokenizer = byte_level
    return lambda text: theirs.encode(text).ids


def _training(text: str, size: int, against) -> dict[str, Callable]:
    contestants = {"minigpt": lambda: Tokenizer.train(text, size)}
    if against:
        tokenizers = _import("tokenizers")
        byte_level = tokenizers.pre_tokenizers.ByteLevel

        def learn():
            theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
            theirs.pre_tokenizer = byte_level(add_prefix_space=False)
            trainer = tokenizers.trainers.BpeTrainer(
                vocab_size=size, special_tokens=[END_OF_TEXT], show_progress=False,
                initial_alphabet=byte_level.alphabet(),
            )  # fmt: skip
            theirs.train_from_iterator([text], trainer)
            return theirs

        contestants["tokenizers"] = learn
    return contestants


def as_text(found: dict) -> str:
    """The result as a table."""
    some = next(iter(found["tasks"].values()))
    rows = []
    for task, one in found["tasks"].items():
        cells = [task]
        for who in some:
            value = one.get(who)
            cells += [duration(value["seconds"]), spread(value),
                      three_digits(value["megabytes_per_second"])] if value else [""] * 3
        rows.append(cells)
    titles = [""]
    for who in some:
        titles += [WHO[who], "spread", "MB/s"]
    head = (f"{found['bytes'] / 1e6:.2f} MB of text, a vocabulary of {found['vocab_size']} when "
            f"encoding; medians of {found['rounds']} rounds in turns")  # fmt: skip
    return f"{head}\n{table(titles, rows)}"


def message(found: dict) -> str:
    """What the picture says, in a sentence."""
    warm = found["tasks"]["encode, warm"]
    mine = warm["minigpt"]["megabytes_per_second"]
    sentence = f"minigpt encodes {three_digits(mine)} MB/s once warm"
    if "tiktoken" in warm:
        ratio = mine / warm["tiktoken"]["megabytes_per_second"]
        sentence += f", {three_digits(ratio)} times as much as tiktoken"
    return sentence


def panels(found: dict) -> dict[str, dict[str, float]]:
    """Megabytes a second by panel and bar, for `plots.bars`."""
    return {
        task: {WHO[who]: value["megabytes_per_second"] for who, value in one.items()}
        for task, one in found["tasks"].items()
    }
