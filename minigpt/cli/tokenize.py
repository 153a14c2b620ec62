"""`minigpt tokenize`: see how a text is cut into tokens, or turn a large file into ids."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from minigpt.cli.options import latest_run
from minigpt.corpus import tinytown
from minigpt.corpus.dataset import text_files
from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer

EXAMPLES = """\
examples:
  minigpt tokenize "Hello, world"                  with the tokenizer of the last run
  minigpt tokenize "Hello" --tokenizer byte        the bytes themselves
  minigpt tokenize --text notes.txt --train 1024 --out my_tokenizer
                                                   train a tokenizer of 1024 tokens and save it
  minigpt tokenize "Hello" --model my_tokenizer --json
  minigpt tokenize --file big.txt --out-ids ids.bin --model my_tokenizer
                                                   a file of any size to ids for NumPy
"""


def add_parser(commands) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "tokenize",
        help="see how a text is cut into tokens, or train a tokenizer",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("words", nargs="?", metavar="STRING", help="the text; - reads the input")
    parser.add_argument("--model", metavar="FOLDER", help="whose tokenizer (the last run's)")
    parser.add_argument("--tokenizer", choices=("byte",), help="the plain bytes, without a model")
    parser.add_argument("--train", type=int, metavar="VOCAB_SIZE", help="train a new tokenizer")
    parser.add_argument("--text", nargs="+", help="files to train it on; default: the stories")
    parser.add_argument("--out", metavar="FOLDER", help="where to save it")
    parser.add_argument("--json", action="store_true", help="print the ids as JSON")
    parser.add_argument("--file", metavar="TEXT", help="a UTF-8 file of any size to encode")
    parser.add_argument("--out-ids", metavar="FILE", help="where its ids go, for numpy.fromfile")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="processes that encode it; default: all cores if it is large")
    parser.set_defaults(run=run)


def run(args) -> int:
    """Print ids, tokens and how many bytes a token stands for; returns 0."""
    _check(args)
    tokenizer = _train(args) if args.train is not None else _load(args)
    if args.words is not None:
        text = _standard_input() if args.words == "-" else args.words
        _print_tokens(tokenizer, text, args.json)
    if args.file is not None:
        _encode_file(tokenizer, args)
    return 0


def _check(args) -> None:
    """UserError for options that do nothing together."""
    if args.train is None and (args.text or args.out):
        raise UserError("--text and --out belong to training a tokenizer; add --train VOCAB_SIZE.")
    if (args.file is None) != (args.out_ids is None):
        raise UserError("--file needs --out-ids, where its ids go, and --out-ids needs --file.")
    if args.file is None and args.workers is not None:
        raise UserError("--workers is for a large file; add --file and --out-ids.")
    if args.file is not None and (args.words is not None or args.json):
        raise UserError("--file writes ids to --out-ids; leave out the STRING and --json.")
    if args.words is None and args.train is None and args.file is None:
        raise UserError('There is nothing to do; give a text, as in `minigpt tokenize "Hello"`.')


def _train(args) -> Tokenizer:
    """Train a tokenizer, save it if asked, and tell how fast it learned and how fast it encodes."""
    if args.model or args.tokenizer:
        raise UserError("--train makes a new tokenizer; leave out --model and --tokenizer.")
    texts = text_files(args.text) if args.text else [each.text for each in tinytown.stories()]
    started = time.perf_counter()
    tokenizer = Tokenizer.train(texts, vocab_size=args.train)
    seconds = time.perf_counter() - started
    if args.out:
        if Path(args.out, "model.safetensors").exists():
            raise UserError(f"{args.out} holds a model with its own tokenizer; name another --out.")
        tokenizer.save_pretrained(args.out)
    for _ in range(2):  # the second time, its cache of words is warm
        started = time.perf_counter()
        tokens = sum(len(tokenizer.encode(text)) for text in texts)
    speed = sum(len(text.encode("utf-8")) for text in texts) / (time.perf_counter() - started)
    print(f"{tokenizer.vocab_size} tokens, {len(tokenizer.merges)} of them merged, learned in "
          f"{seconds:.2f} s; the text is {tokens:,} tokens, encoded at {speed / 1e6:.1f} MB/s"
          + (f"; saved in {args.out}" if args.out else ""), file=sys.stderr)  # fmt: skip
    return tokenizer


def _standard_input() -> str:
    if sys.stdin is None:
        raise UserError("There is no standard input to read; give the text itself.")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"The input is not UTF-8 (at byte {error.start}).") from error


def _load(args) -> Tokenizer:
    if args.tokenizer == "byte":
        return Tokenizer.byte()
    return Tokenizer.from_pretrained(args.model or latest_run())


def _print_tokens(tokenizer: Tokenizer, text: str, as_json: bool) -> None:
    ids = tokenizer.encode(text)
    if as_json:
        print(json.dumps({"ids": ids, "tokens": [tokenizer.token_text(i) for i in ids]},
                         ensure_ascii=False))  # fmt: skip
        return
    for i in ids:
        print(f"{i:>6}  {tokenizer.token_text(i)}")
    size = len(text.encode("utf-8"))
    each = f", {size / len(ids):.2f} bytes a token" if ids else ""
    print(f"{len(ids)} tokens for {len(text)} characters, {size} bytes{each}")


def _encode_file(tokenizer: Tokenizer, args) -> None:
    """Write the ids of a file of any size, and tell how many, how fast and how to read them."""
    started = time.perf_counter()
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    ids = tokenizer.encode_file(args.file, args.out_ids, progress=on_terminal,
                                workers=args.workers)  # fmt: skip
    seconds, size = time.perf_counter() - started, Path(args.file).stat().st_size
    print(f"{len(ids):,} tokens for {size:,} bytes, {size / len(ids):.2f} bytes a token, "
          f"{size / 1e6 / seconds:.1f} MB/s")  # fmt: skip
    print(f"Read them: numpy.fromfile({args.out_ids!r}, dtype={ids.dtype.str!r})")
