"""`minigpt bench`: measure how fast minigpt is on this machine."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path

from minigpt import plots
from minigpt.bench import decode, gpu, gpu_report, parts, scaling, tokenizer, train
from minigpt.bench.gpu_turns import Plan
from minigpt.bench.measure import machine_in_words
from minigpt.corpus.dataset import text_files
from minigpt.errors import UserError
from minigpt.files import atomic_write
from minigpt.model import GPTConfig

EXAMPLES = """\
examples:
  minigpt bench decode                             tokens a second when writing
  minigpt bench decode --against torch             beside transformers, in one process
  minigpt bench train --against torch --compile    a training step, four sizes of models
  minigpt bench train --config small medium        two of them
  minigpt bench parts --against torch              each layer, forward and backward
  minigpt bench scaling                            over context, width, batch and threads
  minigpt bench tokenizer --against others         beside tiktoken and tokenizers
  minigpt bench gpu --against torch --out gpu      all that a GPU can show, in 8 minutes
"""
WHAT = ("decode", "train", "parts", "scaling", "tokenizer", "gpu")
# Options that not every benchmark has: to which they belong, and what they are by default.
BELONGS = {
    "preset": (("decode",), "gpt2"),
    "tokens": (("decode",), 48),
    "batch": (("decode",), 8),
    "config": (("train",), list(train.CONFIGS)),
    "compile": (("train",), False),
    "sizes": (("parts",), list(parts.SIZES.values())),
    "memory": (("scaling",), False),
    "threads": (("train", "parts", "scaling"), None),
    "text": (("tokenizer",), None),
    "minutes": (("gpu",), Plan.minutes),
    "budget": (("gpu",), None),
}


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
    add = parser.add_argument
    add("what", choices=WHAT, help="writing with a GPT-2; a training step; each layer; a training "
        "step over sizes and threads; encoding and learning a vocabulary; all of a GPU: is it "
        "equal to NumPy, how fast is it, does it keep its pace")  # fmt: skip
    add("--against", choices=("torch", "others"), help="measure PyTorch beside it; for decode "
        "transformers, for tokenizer tiktoken and tokenizers")  # fmt: skip
    add("--rounds", type=int, default=5, help="rounds, in turns (5)")
    add("--out", metavar="FOLDER", help="write WHAT.json and the picture WHAT.png into it")
    add("--preset", help="decode: the model that writes (gpt2)")
    add("--tokens", type=int, help="decode: tokens that it writes (48)")
    add("--batch", type=int, help="decode: texts at once (8)")
    add("--config", nargs="+", choices=train.CONFIGS, help="train: which sizes (all)")
    add("--compile", action="store_true", default=None, help="train: torch.compile as well")
    add("--sizes", type=int, nargs=5, metavar=tuple(parts.SIZES), help="parts: batch, context, "
        "channels, heads and vocabulary (8 256 384 6 512)")  # fmt: skip
    add("--memory", action="store_true", default=None, help="scaling: peak memory as well")
    add("--threads", type=int, help="train, parts, scaling: threads of all (the cores)")
    add("--text", nargs="+", help="tokenizer: files (1 MB of the built-in stories)")
    add("--minutes", type=float, help="gpu: of training in one piece (1)")
    add("--budget", type=float, help="gpu: seconds after which nothing new is begun (460, and "
        "the minutes beyond one)")  # fmt: skip
    parser.set_defaults(run=run)


def run(args) -> int:
    """Measure, print a table, and write numbers and picture if asked to; returns 0.

    With `gpu`: 1 if something failed or is not equal to NumPy.
    """
    _check(args)
    if args.what == "gpu":
        return _gpu(args)
    measure = {"decode": _decode, "train": _train, "parts": _parts, "scaling": _scaling,
               "tokenizer": _tokenizer}[args.what]  # fmt: skip
    found, text = measure(args)
    print(machine_in_words())
    print(text)
    if args.out:
        path = Path(args.out) / f"{args.what}.json"
        told = json.dumps({"machine": machine_in_words(), **found}, indent=2)
        atomic_write(path, told + "\n")
        picture = path.with_suffix(".png")
        _draw(args.what, found, picture)
        print(f"Written: {path} and {picture}")
    return 0


def _check(args) -> None:
    """Refuse options of other benchmarks and numbers that measure nothing; fill in defaults."""
    for name, (owners, default) in BELONGS.items():
        if getattr(args, name) is None:
            setattr(args, name, default)
        elif args.what not in owners:
            raise UserError(
                f"--{name} belongs to `bench {'`, `'.join(owners)}`, not to `bench {args.what}`; "
                f"leave it out."
            )
    for name, least in (("rounds", 1), ("tokens", 2), ("batch", 1), ("threads", 1),
                        ("minutes", 0), ("budget", 1)):  # fmt: skip
        value = getattr(args, name)
        if value is not None and not least <= value < math.inf:
            raise UserError(f"--{name} must be at least {least}, not {value}.")
    if args.compile and not args.against:
        raise UserError("--compile is PyTorch's; add --against torch.")
    if min(args.sizes) < 1 or args.sizes[2] % args.sizes[3]:
        raise UserError("--sizes must be at least 1 each, and C divisible by H.")


def _decode(args) -> tuple[dict, str]:
    config = GPTConfig.preset(args.preset)
    found = decode.decode(config, args.tokens, args.batch, args.rounds, args.against)
    return {"preset": args.preset, **found}, decode.as_text(found)


def _train(args) -> tuple[dict, str]:
    results = {
        name: train.train(*train.standard(name), args.rounds, args.against, args.compile,
                          args.threads)
        for name in args.config
    }  # fmt: skip
    return {"configs": results}, train.as_text(results)


def _parts(args) -> tuple[dict, str]:
    sizes = dict(zip(parts.SIZES, args.sizes, strict=True))
    found = parts.parts(sizes, args.rounds, args.against, args.threads)
    return found, parts.as_text(found)


def _scaling(args) -> tuple[dict, str]:
    found = scaling.scaling(args.rounds, args.against, args.memory, args.threads)
    return found, scaling.as_text(found)


def _tokenizer(args) -> tuple[dict, str]:
    text = "\n".join(text_files(args.text)) if args.text else tokenizer.stories()
    found = tokenizer.tokenizer(text, rounds=args.rounds, against=args.against)
    return found, tokenizer.as_text(found)


def _gpu(args) -> int:
    """All of a GPU, in workers: what is measured is on the disk at once."""
    budget = args.budget or Plan.budget + 60 * max(0, args.minutes - 1)
    plan = Plan(args.against, args.rounds, args.minutes, budget)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(args.out or folder) / "gpu.json"
        found = gpu.measure(plan, path)
        code, told = gpu_report.verdict(found)
        print(f"\n{told}")
        if args.out:
            drawn = gpu_report.draw(found, path.parent)
            print(f"Written: {', '.join(map(str, [path, *drawn]))}")
    return code


def _draw(what: str, found: dict, path: Path) -> None:
    """The picture of a benchmark."""
    if what == "scaling":
        unit = "microseconds a token; lower is better"
        plots.lines(scaling.panels(found), path, scaling.message(found), unit)
        return
    speed, wait = "{}; longer is better", "milliseconds, {}; shorter is better"
    if what == "decode":
        drawn = decode_panels(found), decode_message(found), speed.format("tokens a second")
    elif what == "train":
        results = found["configs"]
        drawn = train.panels(results), train.message(results), wait.format("a training step")
    elif what == "parts":
        drawn = parts.panels(found), parts.message(found), wait.format("forward and backward")
    else:
        unit = speed.format("megabytes of text a second")
        drawn = tokenizer.panels(found), tokenizer.message(found), unit
    panels, title, unit = drawn
    plots.bars(panels, path, title, unit)


def decode_panels(found: dict) -> dict[str, dict[str, float]]:
    """Tokens a second of one text, by bar, for `plots.bars`."""
    names = {"limit": "limit", "alone": "minigpt", "transformers": "transformers"}
    heading = f"one text, {found['parameters']:,} parameters"
    return {heading: {names[who]: found[who]["tokens_per_second"] for who in names if who in found}}


def decode_message(found: dict) -> str:
    """What the picture says, in a sentence."""
    alone = found["alone"]["tokens_per_second"]
    if "transformers" in found:
        ratio = alone / found["transformers"]["tokens_per_second"]
        return f"Writing: minigpt is {ratio:.2f} times as fast as transformers"
    share = alone / found["limit"]["tokens_per_second"]
    return f"Writing: minigpt reaches {share:.0%} of the machine's limit"
