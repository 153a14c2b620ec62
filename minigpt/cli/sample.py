"""`minigpt sample`: let a trained model write."""

from __future__ import annotations

import argparse
import sys
import warnings

from minigpt.backend import DEVICES
from minigpt.cli.options import latest_run
from minigpt.errors import UserError
from minigpt.model import GPT
from minigpt.model.model import PRECISIONS
from minigpt.tokenizer import Tokenizer
from minigpt.training.samples import TEMPERATURE, TOP_P, prompt_ids, sample_texts, stream_text

MOST_TEXTS = 1_000_000
EXAMPLES = """\
examples:
  minigpt sample                                   one story by the model trained last
  minigpt sample --n 3 --temperature 1 --top-p 1 --seed 1
  minigpt sample --prompt "On Monday, Mia lost her" --stop .
  minigpt sample --model runs/tinytown --num-beams 4
  minigpt sample --model gpt2 --prompt "To be" --repetition-penalty 1.2
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
    parser.add_argument("--model", metavar="FOLDER", help="default: the last one below runs/; or a "
                        "name at Hugging Face, such as gpt2")  # fmt: skip
    parser.add_argument("--prompt", default="", help="how the text begins")
    parser.add_argument("--n", type=int, default=1, help="number of texts (1)")
    parser.add_argument("--max-new-tokens", type=int,
                        help="default: what the block has room for; beyond it, the model sees "
                        "its last block_size tokens")  # fmt: skip
    parser.add_argument("--temperature", type=float,
                        help=f"0 takes the likeliest ({TEMPERATURE})")  # fmt: skip
    parser.add_argument("--top-k", type=int, help="draw among the k likeliest tokens")
    parser.add_argument("--top-p", type=float,
                        help=f"draw among the likeliest with probability p ({TOP_P})")  # fmt: skip
    parser.add_argument("--repetition-penalty", type=float, default=1.0,
                        help="above 1: what was written becomes less likely (1)")  # fmt: skip
    parser.add_argument("--no-repeat-ngram-size", type=int, default=0, metavar="N",
                        help="no sequence of N tokens comes twice")  # fmt: skip
    parser.add_argument("--num-beams", type=int, default=1, metavar="N",
                        help="search the likeliest text with N beams instead of drawing")
    parser.add_argument("--length-penalty", type=float, default=1.0, metavar="P",
                        help="with beams: above 0 favours longer texts (1)")  # fmt: skip
    parser.add_argument("--stop", action="append", default=[], metavar="TEXT",
                        help="end after this text; may be given several times")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="equal seeds give equal texts (0)")
    parser.add_argument("--device", default="auto", choices=DEVICES, help="auto, cpu or cuda")
    parser.add_argument("--precision", default="fp32", choices=PRECISIONS,
                        help="of a GPU's matrix products: fp32, tf32 or bf16")  # fmt: skip
    parser.set_defaults(run=run)


def run(args) -> int:
    """Print one text as it is written, or several with a blank line between them; returns 0."""
    if not 1 <= args.n <= MOST_TEXTS:
        raise UserError(f"--n must be from 1 to {MOST_TEXTS}, not {args.n}.")
    if args.seed < 0:
        raise UserError(f"--seed must be 0 or above, not {args.seed}.")
    folder = args.model or latest_run()
    model = GPT.from_pretrained(folder, device=args.device, precision=args.precision)
    tokenizer = Tokenizer.from_pretrained(folder)
    _check_room(model, len(prompt_ids(tokenizer, args.prompt)), args.max_new_tokens)
    options = _options(args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what outgrowing the block means was told already
        if args.n == 1 and args.num_beams == 1:
            for piece in stream_text(model, tokenizer, args.prompt, **options):
                print(piece, end="", flush=True)
            print()
        else:
            print("\n\n".join(sample_texts(model, tokenizer, args.n, args.prompt, **options)))
    return 0


def _options(args) -> dict:
    """The options of `generate`; ours for drawing hold unless beams search or others are given."""
    names = ("temperature", "top_k", "top_p", "repetition_penalty", "no_repeat_ngram_size",
             "num_beams", "length_penalty", "max_new_tokens", "seed")  # fmt: skip
    options = {name: getattr(args, name) for name in names}
    ours = {} if args.num_beams > 1 else {"temperature": TEMPERATURE, "top_p": TOP_P}
    for name in ("temperature", "top_p", "top_k"):
        if options[name] is None:
            del options[name]
    return {**ours, **options, "stop_strings": args.stop}


def _check_room(model, length: int, max_new_tokens: int | None) -> None:
    """Refuse a prompt longer than the block; tell when the text may outgrow it."""
    block_size = model.config.block_size
    if length > block_size:
        raise UserError(
            f"The prompt has {length} tokens, but the model looks back on {block_size} at most; "
            f"shorten the prompt."
        )
    if length + (max_new_tokens or 0) > block_size + 1:
        print(
            f"Note: beyond {block_size} tokens the model sees its last {block_size} only, and "
            f"each token costs a whole pass.",
            file=sys.stderr,
        )
