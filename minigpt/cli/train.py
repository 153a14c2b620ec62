"""`minigpt train`: train a GPT, show that it learned, leave a model that can be sampled."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import signal
import sys
import time
import warnings
from pathlib import Path

from minigpt import plots
from minigpt.backend import DEVICES
from minigpt.classroom.own_layers import load_own
from minigpt.cli.options import new_folder, words_of_config
from minigpt.cli.training_report import (
    kept,
    print_end,
    print_header,
    print_own,
    print_row,
    print_titles,
)
from minigpt.errors import UserError
from minigpt.model.model import PRECISIONS
from minigpt.training.run import Run
from minigpt.training.settings import LAYERS, RECIPES, TOKENIZERS, Settings, recipe
from minigpt.training.trainer import Diverged

EXAMPLES = """\
examples:
  minigpt train                                    the built-in stories
  minigpt train --language zh                      the same stories in Chinese
  minigpt train --text my_notes.txt other_folder   texts of your own
  minigpt train --recipe nanogpt-cpu               tiny Shakespeare with nanoGPT's numbers
  minigpt train --n-layer 2 --n-embd 64 --batch-size 12 --lr 1e-3 --steps 500
  minigpt train --layers clear                     with the textbook layers, slower
  minigpt train --layers mywork                    with the functions that you wrote
  minigpt train --config my_run.toml --seed 1      options from a file; the command line wins
  minigpt train --resume runs/tinytown             go on after Ctrl-C or a crash
"""

HELP = {
    "text": "UTF-8 files, folders, or a public corpus by name (shakespeare)",
    "language": "of the built-in stories: en or zh",
    "corpus_mb": "size of the built-in corpus in megabytes",
    "val_fraction": "share of the text kept for validation",
    "tokenizer": "bpe, char or byte",
    "vocab_size": "number of tokens (bpe)",
    "n_layer": "number of blocks",
    "n_head": "heads of attention in a block",
    "n_embd": "channels",
    "block_size": "tokens that the model can look back on",
    "dropout": "share of activations that training forgets",
    "bias": "biases in linear layers and layer norms",
    "tie_weights": "one matrix for embedding and head",
    "init_std": "spread of the initial weights",
    "batch_size": "sequences in a batch",
    "accumulate": "batches added up for one step",
    "steps": "steps of the optimizer",
    "lr": "highest learning rate",
    "min_lr": "learning rate at the end",
    "warmup": "steps until the highest learning rate",
    "beta1": "AdamW: memory of the gradient",
    "beta2": "AdamW: memory of its square",
    "weight_decay": "AdamW: decay of matrices",
    "clip": "largest norm of the gradient, 0 for none",
    "eval_every": "steps between validations and checkpoints",
    "judged": "stories sampled and judged at the end",
    "layers": "fast, clear (the textbook ones), or a folder with your own exercises",
    "recompute": "compute blocks twice to save memory",
    "threads": "shards of a batch, one thread each (default: cores)",
    "device": "auto, cpu or cuda",
    "precision": "of a GPU's matrix products: fp32, tf32 or bf16",
    "seed": "of data, weights and batches",
}
CHOICES = {
    "tokenizer": TOKENIZERS,
    "language": ("en", "zh"),
    "device": DEVICES,
    "precision": PRECISIONS,
}
KINDS = {"threads": int}  # a field whose default, None, does not tell its type


def add_parser(commands) -> None:
    """Add the command and its options, one for each field of `Settings`."""
    parser = commands.add_parser(
        "train",
        help="train a GPT on the built-in stories or on your own text",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    place = parser.add_argument_group("where")
    place.add_argument("--out", metavar="FOLDER", help="default: a new folder below runs/")
    place.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    place.add_argument("--resume", metavar="FOLDER", help="go on with a run that was stopped")
    what = parser.add_argument_group("what (defaults are those of the recipe)")
    what.add_argument("--recipe", choices=RECIPES, help="all settings together (tinytown)")
    what.add_argument("--config", metavar="FILE", help="a TOML file of options: lr = 1e-3")
    for field in dataclasses.fields(Settings):
        _add_option(what, field)
    parser.set_defaults(run=run, parser=parser)


def _add_option(group, field: dataclasses.Field) -> None:
    option, shown = "--" + field.name.replace("_", "-"), HELP[field.name]
    default = field.default
    if field.name == "text":
        group.add_argument(option, nargs="+", metavar="TEXT", help=shown)
    elif isinstance(default, bool):
        group.add_argument(option, action=argparse.BooleanOptionalAction, help=shown)
    else:
        kind = KINDS.get(field.name, type(default))
        if default is not None:
            shown = f"{shown} ({default:g})" if kind is float else f"{shown} ({default})"
        choices = CHOICES.get(field.name)
        group.add_argument(option, type=kind, choices=choices, metavar=kind.__name__.upper(),
                           help=shown)  # fmt: skip


def run(args) -> int:
    """Train; returns 0, or 130 when stopped by Ctrl-C (after saving)."""
    started = time.perf_counter()
    this = open_run(args)
    print_header(this)
    if this.own:
        print_own(this)
    print_titles()
    with _stop_politely() as asked_to_stop, _progress(this) as on_step:

        def on_evaluation(row):
            print_row(this, row)
            _draw(this)

        try:
            with warnings.catch_warnings():  # a loss that is not finite is told in our own words
                warnings.simplefilter("ignore", RuntimeWarning)
                finished = this.train(on_step, on_evaluation, lambda: bool(asked_to_stop))
        except Diverged as error:
            raise UserError(f"{error}. The last good state is kept: {kept(this)}.") from error
    if not finished:
        print(f"\nStopped and saved after step {this.trainer.step_number}; go on with:")
        print(f'  minigpt train --resume "{this.folder}"')
        return 130
    try:
        print_end(this, time.perf_counter() - started)
    except KeyboardInterrupt:
        print(f'\nThe training is done and saved: minigpt sample --model "{this.folder}"')
        return 130
    return 0


def _draw(this: Run) -> None:
    """Draw loss.png; a picture that can't be drawn ends no training."""
    try:
        plots.loss_curve(this.log, this.rungs, this.folder / "loss.png", this.encoded.dataset.name)
    except (ImportError, ValueError) as error:
        if isinstance(error, UserError):  # the disk is full, say
            raise
        print(f"       (no picture: {str(error).splitlines()[0]})")


def open_run(args) -> Run:
    """The run that the options ask for, resumed or new."""
    if args.config:  # its words come first, so that those of the command line win
        words = words_of_config(args.config, args.parser)
        args = args.parser.parse_args([*words, *args.command_line])
    given = {
        field.name: getattr(args, field.name)
        for field in dataclasses.fields(Settings)
        if getattr(args, field.name) is not None
    }
    if args.resume:
        given |= {name: 1 for name in ("out", "recipe", "overwrite") if getattr(args, name)}
        wrong = [f"--{name.replace('_', '-')}" for name in given]
        if wrong:
            raise UserError(
                f"--resume goes on with the settings of the run; leave out {', '.join(wrong)}."
            )
        return Run(Path(args.resume), None, load_own=load_own)
    if "text" in given:
        given["text"] = tuple(_lasting_name(name) for name in given["text"])
    if given.get("layers", "fast") not in LAYERS:
        given["layers"] = str(Path(given["layers"]).resolve())
    name = args.recipe or ("text" if "text" in given else "tinytown")
    settings = recipe(name, **given)
    if args.out:
        return Run(Path(args.out), settings, args.overwrite, load_own)
    folder = new_folder(args.recipe or _run_name(settings))
    try:
        return Run(folder, settings, load_own=load_own)
    except BaseException:
        with contextlib.suppress(OSError):
            folder.rmdir()  # only if it is empty
        raise


def _lasting_name(text: str) -> str:
    """A path that holds from any folder; the name of a public corpus as it is."""
    path = Path(text)
    return str(path.resolve()) if path.exists() else text


def _run_name(settings: Settings) -> str:
    if settings.text:
        return Path(settings.text[0]).stem[:40] or "text"
    return "tinytown" if settings.language == "en" else f"tinytown-{settings.language}"


@contextlib.contextmanager
def _stop_politely():
    """Turn the first Ctrl-C into an entry of a list, so that no step is cut in half.

    A second Ctrl-C stops at once; the checkpoint of the last validation is still there.
    """
    asked: list[int] = []

    def note(number, frame):
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        os.write(2, b"\nStopping after this step ...\n")  # print could be interrupted in itself

    names = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    try:
        before = [(name, signal.signal(name, note)) for name in names if name]
    except ValueError:  # not in the main thread: signals are somebody else's
        yield asked
        return
    try:
        yield asked
    finally:
        for name, handler in before:
            signal.signal(name, handler)


@contextlib.contextmanager
def _progress(this: Run):
    """A progress bar on a terminal; elsewhere, quiet."""
    from tqdm import tqdm

    steps, trainer = this.settings.steps, this.trainer
    first = trainer.step_number, trainer.tokens_seen
    bar = tqdm(total=steps, initial=first[0], unit="step", leave=False,
               disable=not sys.stderr.isatty(), dynamic_ncols=True)  # fmt: skip

    shown = time.perf_counter()

    def on_step(step: int, loss) -> None:
        nonlocal shown
        bar.update(step - bar.n)
        now = time.perf_counter()
        if not bar.disable and now - shown > 0.5:  # a GPU's loss is waited for
            shown, loss = now, float(loss)
            per_step = (trainer.tokens_seen - first[1]) / max(1, step - first[0])
            rate = (bar.format_dict["rate"] or 0) * per_step
            bar.set_postfix_str(f"loss {loss:.3f}, {rate:,.0f} tokens/s")

    with bar:
        yield on_step
