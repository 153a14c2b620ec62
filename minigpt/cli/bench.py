"""`minigpt bench`: measure how fast minigpt is on this machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from minigpt.bench import decode
from minigpt.bench.measure import machine_in_words
from minigpt.errors import UserError
from minigpt.files import atomic_write
from minigpt.model import GPTConfig

EXAMPLES = """\
examples:
  minigpt bench decode                             tokens a second when writing
  minigpt bench decode --against torch             beside transformers, in one process
"""


def add_parser(commands) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "bench",
        help="measure how fast minigpt is here",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("what", choices=("decode",), help="decode: writing with a GPT-2")
    parser.add_argument("--against", choices=("torch",), help="measure PyTorch beside it")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, in turns (5)")
    parser.add_argument("--preset", default="gpt2", help="the model that writes (gpt2)")
    parser.add_argument("--tokens", type=int, default=48, help="tokens that it writes (48)")
    parser.add_argument("--batch", type=int, default=8, help="texts at once (8)")
    parser.add_argument("--out", metavar="FOLDER", help="write the result as JSON into it")
    parser.set_defaults(run=run)


def run(args) -> int:
    """Measure, print a table, and write the numbers if asked to; returns 0."""
    for name, least in (("rounds", 1), ("tokens", 2), ("batch", 1)):
        if getattr(args, name) < least:
            raise UserError(f"--{name} must be at least {least}, not {getattr(args, name)}.")
    config = GPTConfig.preset(args.preset)
    found = decode.decode(config, args.tokens, args.batch, args.rounds, args.against)
    print(machine_in_words())
    print(decode.as_text(found))
    if args.out:
        path = Path(args.out) / f"{args.what}.json"
        atomic_write(
            path,
            json.dumps({"machine": machine_in_words(), "preset": args.preset, **found}, indent=2)
            + "\n",
        )
        print(f"Written: {path}")
    return 0
