"""`minigpt sample`: let a trained model write."""

from __future__ import annotations

import argparse
from pathlib import Path

from minigpt.cli.options import latest_run
from minigpt.errors import UserError
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.training.samples import TEMPERATURE, TOP_P, sample_texts

MOST_TEXTS = 1_000_000
EXAMPLES = """\
examples:
  minigpt sample                                   one story by the model trained last
  minigpt sample --n 3 --temperature 1 --top-p 1 --seed 1
  minigpt sample --prompt "On Monday, Mia lost her"
  minigpt sample --model runs/tinytown --top-k 20
"""


def add_parser(commands) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "sample",
        help="let a trained model write",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--model", metavar="FOLDER", help="default: the last one below runs/")
    parser.add_argument("--prompt", default="", help="how the text begins")
    parser.add_argument("--n", type=int, default=1, help="number of texts (1)")
    parser.add_argument("--max-new-tokens", type=int,
                        help="default: what the block has room for; beyond it, the model sees "
                        "its last block_size tokens")  # fmt: skip
    parser.add_argument("--temperature", type=float, default=TEMPERATURE,
                        help=f"0 takes the likeliest ({TEMPERATURE})")  # fmt: skip
    parser.add_argument("--top-k", type=int, help="draw among the k likeliest tokens")
    parser.add_argument("--top-p", type=float, default=TOP_P,
                        help=f"draw among the likeliest with probability p ({TOP_P})")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="equal seeds give equal texts (0)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.set_defaults(run=run)


def run(args) -> int:
    """Print the texts, one blank line between them; returns 0."""
    if not 1 <= args.n <= MOST_TEXTS:
        raise UserError(f"--n must be from 1 to {MOST_TEXTS}, not {args.n}.")
    if args.seed < 0:
        raise UserError(f"--seed must be 0 or above, not {args.seed}.")
    folder = Path(args.model) if args.model else latest_run()
    model = GPT.from_pretrained(folder, device=args.device)
    tokenizer = Tokenizer.from_pretrained(folder)
    length = len(tokenizer.encode(args.prompt)) + (tokenizer.eot is not None)
    if length > model.config.block_size:
        raise UserError(
            f"The prompt has {length} tokens, but the model looks back on {model.config.block_size}"
            f" at most; shorten the prompt."
        )
    options = {name: getattr(args, name) for name in ("temperature", "top_k", "top_p", "seed")}
    texts = sample_texts(
        model, tokenizer, args.n, args.prompt, max_new_tokens=args.max_new_tokens, **options
    )
    print("\n\n".join(texts))
    return 0
