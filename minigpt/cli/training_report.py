"""What `minigpt train` prints: before the first step, at each validation, and at the end."""

from __future__ import annotations

import sys
import warnings

import numpy as np

from minigpt import plots
from minigpt.classroom import own_layers
from minigpt.training.run import Run
from minigpt.training.samples import TEMPERATURE, TOP_P, sample_stories, sample_texts


def print_header(this: Run) -> None:
    """Data, model, device, and the losses to expect."""
    encoded, model, settings = this.encoded, this.model, this.settings
    dataset, trainer = encoded.dataset, this.trainer
    per_token = dataset.train_bytes / max(1, len(encoded.train_tokens))
    print(f"data       {dataset.name}: {dataset.train_bytes / 1e6:.1f} MB to train on, "
          f"{dataset.validation_bytes / 1e6:.2f} MB to validate")  # fmt: skip
    print(f"tokens     {settings.tokenizer}, {this.tokenizer.vocab_size} different, "
          f"{per_token:.2f} bytes each; {len(encoded.train_tokens):,} to train on")  # fmt: skip
    print(f"model      {settings.n_layer} layers, {settings.n_head} heads, {settings.n_embd} wide, "
          f"block {settings.block_size}: {model.n_params:,} parameters")  # fmt: skip
    products = "" if model.xp is np else f", matrix products in {model.precision}"
    print(f"device     {model.device}{products}")
    print(f"training   {settings.steps} steps of {trainer.batch_size * trainer.accumulate} x "
          f"{settings.block_size} tokens, learning rate {settings.lr:g}, "
          f"{trainer.threads} thread{'s' * (trainer.threads > 1)}")  # fmt: skip
    print(f"folder     {this.folder}")
    print(f"expect     a loss of about {model.expected_initial_loss():.2f} before the first step "
          f"(ln {this.tokenizer.vocab_size} = {this.rungs['uniform']:.2f}, and a little for the "
          f"spread of random weights), then:")  # fmt: skip
    for line in ladder_lines(this.rungs):
        print(f"  {line}")


def print_titles() -> None:
    """The titles of the columns that `print_row` fills."""
    print(f"\n{'step':>6} {'training':>9} {'validation':>10} {'bits/byte':>9} {'tokens/s':>9} "
          f"{'left':>6}")  # fmt: skip


def print_own(this: Run) -> None:
    """Which functions are the user's own, and how they compare with the package's."""
    own, config = this.own, this.model.config
    rest = [name for name in own_layers.USABLE if name not in own.names]
    print(f"yours      {', '.join(own.names)} (from {own.folder})")
    print(f"package's  {', '.join(rest) or 'none of those that could be yours'}")
    idle = [name for name in own.idle if name not in own_layers.USABLE]
    if idle:
        print(f"not used   {', '.join(idle)}: no training calls them")
    for name in own.wrong:
        number = own.reports[name].exercise
        print(f"careful    your {name} does not pass its check; `minigpt check {number} --folder "
              f'"{own.folder}"` says why')  # fmt: skip

    def make_model(functions):
        return this.new_model(config, functions)

    found = own.compare(make_model, this.new_trainer)
    steps, times = found["steps"], found["own_ms"] / max(found["package_ms"], 1e-9)
    print(f"compare    {steps} steps: yours {found['own_ms']:,.1f} ms a step, "
          f"the package's {found['package_ms']:,.1f} ms ({times:.2g} times); their losses, "
          f"{found['own_loss']:.4f} and {found['package_loss']:.4f}, differ by "
          f"{found['difference']:.1g} of it at most")  # fmt: skip
    minutes = found["own_ms"] * this.settings.steps / 60000
    if minutes > 10:
        print(f"           all {this.settings.steps} steps will take about {minutes:,.0f} minutes; "
              f"Ctrl-C saves, and --steps, --n-embd or --batch-size make it shorter")  # fmt: skip


def ladder_lines(rungs: dict[str, float], model_loss: float | None = None) -> list[str]:
    """The ladder as text, worst first, with the model's place on it if its loss is given."""
    rows = [(loss, plots.RUNGS[name], " ") for name, loss in rungs.items()]
    if model_loss is not None:
        rows.append((model_loss, "this model", ">"))
    return [f"{mark} {loss:6.3f}  {name}" for loss, name, mark in sorted(rows, reverse=True)]


def print_row(this: Run, row: dict) -> None:
    """A row of the log, above the progress bar if there is one."""
    train_loss = "–" if row["train_loss"] is None else f"{row['train_loss']:.4f}"
    speed, left = "–", "–"
    if row["step"] and row["seconds"]:
        speed = f"{row['tokens'] / row['seconds']:,.0f}"
        remaining = row["seconds"] / row["step"] * (this.settings.steps - row["step"])
        left = f"{int(remaining // 60)}:{int(remaining % 60):02d}"
    line = (f"{row['step']:>6} {train_loss:>9} {row['val_loss']:>10.4f} "
            f"{row['bits_per_byte']:>9.4f} {speed:>9} {left:>6}")  # fmt: skip
    from tqdm import tqdm

    tqdm.write(line, file=sys.stdout)
    sys.stdout.flush()


def print_end(this: Run, seconds: float) -> None:
    """Samples of the best model, its place on the ladder of losses, time and memory."""
    samples = None
    this.use_best_model()
    if not this.settings.text:
        n, language = this.settings.judged, this.settings.language
        samples = sample_stories(this.model, this.tokenizer, n, language)
        texts = samples.texts[:3]
    else:
        with warnings.catch_warnings():  # that 200 tokens may outgrow the block is no news here
            warnings.simplefilter("ignore", UserWarning)
            texts = sample_texts(this.model, this.tokenizer, 1, max_new_tokens=200)
    summary = this.finish(samples)
    print("\nThree samples:" if samples else "\nA sample:")
    print("\n".join(f"  {text}" for text in texts))
    print(f"\nThe ladder of losses, in nats a token ({summary['bits_per_byte']:.3f} bits a byte):")
    print("\n".join(ladder_lines(this.rungs, summary["val_loss"])))
    if summary["floor"] is not None:
        print(f"{summary['val_loss'] - summary['floor']:.3f} nats above the floor, which is "
              f"{summary['floor_bits_per_byte']:.3f} bits a byte; ", end="")  # fmt: skip
    below = this.rungs["bigram"] - summary["val_loss"]
    print(f"{abs(below):.2f} nats {'below' if below >= 0 else 'above'} counted pairs.")
    if samples:
        print(f"Of {len(samples.texts)} stories sampled (temperature {TEMPERATURE}, top-p {TOP_P}),"
              f" {samples.well_formed:.0%} are well formed and {samples.consistent:.0%} agree with "
              f"themselves.")  # fmt: skip
    memory, gpu = summary["peak_memory_mb"], summary["gpu_memory_mb"]
    print(f"{seconds:.0f} s in all, {summary['tokens_per_second']:,.0f} tokens/s"
          + (f", {memory:,.0f} MB at most" if memory else "")
          + (f", {gpu:,.0f} MB on the GPU" if gpu else "") + ".")  # fmt: skip
    print(f"\nPicture: {this.folder / 'loss.png'}")
    print(f'Write more: minigpt sample --model "{this.folder}"')


def kept(this: Run) -> str:
    """What a run that failed leaves behind, in words."""
    steps = [row["step"] for row in this.log if row["val_loss"] is not None]
    return f"step {steps[-1]} in {this.folder}" if steps else "none yet"
