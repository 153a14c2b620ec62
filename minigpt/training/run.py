"""A whole run: from settings to a folder with a model that can be sampled.

    model.safetensors, config.json, vocab.json …    the best model so far, and its tokenizer
    checkpoint.safetensors                           the latest state, to go on from
    run.json, log.jsonl, samples.txt, summary.json   settings, the course of the run, its end
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import minigpt.layers
from minigpt import kernels
from minigpt.backend import gpu_memory, select_device
from minigpt.corpus.batches import padded
from minigpt.corpus.dataset import (
    Dataset,
    encode_dataset,
    text_dataset,
    tinytown_dataset,
    train_tokenizer,
)
from minigpt.errors import UserError
from minigpt.files import atomic_write
from minigpt.machine import memory, peak_memory_mb
from minigpt.model import GPT, GPTConfig
from minigpt.model.files import CONFIG_FILE, WEIGHTS_FILE
from minigpt.tokenizer import Tokenizer
from minigpt.training.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint
from minigpt.training.ladder import ladder
from minigpt.training.samples import Samples, sample_texts
from minigpt.training.settings import LAYERS, SETTINGS_FILE, Settings
from minigpt.training.trainer import Diverged, Trainer, evaluate
from minigpt.version import __version__

LOG_FILE, SAMPLES_FILE, SUMMARY_FILE = "log.jsonl", "samples.txt", "summary.json"
FILES = (  # that a run writes; --out must not hold any
    *(CHECKPOINT_FILE, SETTINGS_FILE, LOG_FILE, SAMPLES_FILE, SUMMARY_FILE, "loss.png"),
    *(WEIGHTS_FILE, CONFIG_FILE, "vocab.json", "merges.txt", "tokenizer.json"),
)
LOG_ROWS = 100  # about as many points of the training loss go into the log
EVALUATION_TOKENS = 8192  # in one batch of validation, padding included


class Run:
    """A run in a folder, new or resumed.

    Args:
        folder: where it lives.
        settings: of a new run; None resumes the one that the folder holds.
        overwrite: start anew although the folder holds a run.
        load_own: loads functions of the user's own from the folder that `settings.layers` names:
            `refuse(config)` raises UserError for a model that they can't compute, `table(base)` is
            the table for the model, `equip(trainer)` sets what else there is.

    Attributes:
        encoded: the data; tokenizer, model, trainer: what their names say.
        rungs: the ladder of losses to compare with.
        log: the rows written to `log.jsonl` so far.

    Raises:
        UserError: for a folder that holds a run already, or none to resume; for bad settings.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings | None,
        overwrite: bool = False,
        load_own: Callable[[str], object] | None = None,
    ):
        self.folder = Path(folder)
        resume = settings is None
        self.settings = settings = Settings.load(self.folder) if resume else settings
        if not resume:
            self._check_free(overwrite)
        dataset = load_dataset(settings)
        if resume:
            self.tokenizer = Tokenizer.from_pretrained(self.folder)
        else:
            self.tokenizer = train_tokenizer(dataset, settings.tokenizer, settings.vocab_size)
        self.encoded = encode_dataset(dataset, self.tokenizer)
        config = settings.model_config(self.tokenizer.vocab_size)
        xp, _ = select_device(settings.device)
        if xp is np:
            check_memory(config, settings.batch_size, settings.accumulate)
        self.own = None if settings.layers in LAYERS else _load(load_own, settings.layers)
        if self.own:
            self.own.refuse(config)
        self.model = self.new_model(config, self.own)
        self.trainer = self.new_trainer(self.model)
        if self.own:
            self.own.equip(self.trainer)
        self.pairs = self.encoded.validation_pairs(settings.block_size)
        V, floor = self.tokenizer.vocab_size, self.encoded.floor
        self.rungs = ladder(self.encoded.train_tokens, self.pairs, V, floor)
        self.seconds, self.best, self.log = 0.0, math.inf, []
        self._resume() if resume else self._create()

    def new_model(self, config: GPTConfig, own=None) -> GPT:
        """An untrained model of this run, with functions of one's own or the settings'."""
        settings = self.settings
        layers = minigpt.layers if settings.layers == "clear" else None
        if own:
            xp, _ = select_device(settings.device)
            layers = own.table(kernels.fastest(xp, settings.precision))
        options = {"layers": layers, "recompute": settings.recompute}
        options["precision"] = settings.precision
        return GPT(config, settings.seed, settings.device, **options)

    def new_trainer(self, model: GPT) -> Trainer:
        """A trainer of this run, at its first step."""
        settings = self.settings
        batches = self.encoded.batches(settings.batch_size, settings.block_size, settings.seed)
        return Trainer(model, batches, **settings.trainer_options())

    def _check_free(self, overwrite: bool) -> None:
        if overwrite:
            return
        if (self.folder / CHECKPOINT_FILE).exists():
            raise UserError(
                f"{self.folder} already holds a run; go on with it by "
                f'`minigpt train --resume "{self.folder}"`, add --overwrite, or name another --out.'
            )
        found = [name for name in FILES if (self.folder / name).exists()]
        if found:
            raise UserError(
                f"{self.folder} already holds {found[0]}; add --overwrite, or name another --out."
            )

    def _create(self) -> None:
        """Write the untrained model, largest file first: a full disk then leaves the old run."""
        self.model.save_pretrained(self.folder)
        self.tokenizer.save_pretrained(self.folder)
        self.settings = dataclasses.replace(self.settings, threads=self.trainer.threads)
        self.settings.save(self.folder)
        for name in (CHECKPOINT_FILE, LOG_FILE, SAMPLES_FILE, SUMMARY_FILE, "loss.png"):
            with contextlib.suppress(OSError):  # what can't be deleted will be replaced
                (self.folder / name).unlink()

    def _resume(self) -> None:
        extra = load_checkpoint(self.folder, self.trainer)
        if extra["data"] != self.encoded.fingerprint:
            raise UserError(
                "The text is not the one that this run began with; put the old text back, or start "
                "a new run in another --out."
            )
        self.seconds = extra["seconds"]
        whole = all((self.folder / name).exists() for name in (WEIGHTS_FILE, CONFIG_FILE))
        self.best = extra["best"] if whole else math.inf  # then the next model is written again
        self.log = [row for row in read_log(self.folder) if row["step"] <= self.trainer.step_number]

    def train(
        self,
        on_step: Callable[[int, object], None],
        on_evaluation: Callable[[dict], None],
        should_stop: Callable[[], bool],
    ) -> bool:
        """Do all steps that remain; return False if it was stopped before the end.

        Args:
            on_step: called after each step with its number and loss, which is a float on the CPU,
                and on a GPU a 0-d array: to look at it is to wait for it.
            on_evaluation: called with the row of the log after each validation.
            should_stop: asked after each step.
        """
        started, steps = time.perf_counter() - self.seconds, self.settings.steps
        log_every = max(1, steps // LOG_ROWS)
        losses: list = []
        if not self.log:
            on_evaluation(self.evaluate(losses))
        while self.trainer.step_number < steps and not should_stop():
            losses.append(self.trainer.advance())
            step, self.seconds = self.trainer.step_number, time.perf_counter() - started
            on_step(step, losses[-1])
            if step % self.settings.eval_every == 0 or step == steps:
                on_evaluation(self.evaluate(losses))
                self.seconds = time.perf_counter() - started
            elif step % log_every == 0:
                self.log.append(self._row(losses))
        if self.trainer.step_number < steps:
            self.trainer.read(losses)  # a step that was not finite must not become a checkpoint
            self.checkpoint()
            return False
        return True

    def _row(self, losses: list, val_loss=None, bits_per_byte=None) -> dict:
        """A row of the log; empties the list of training losses, of which it holds the mean."""
        trainer = self.trainer
        loss, norm = trainer.read(losses)
        row = {
            "step": trainer.step_number,
            "train_loss": round(loss, 5) if losses else None,
            "val_loss": val_loss,
            "bits_per_byte": bits_per_byte,
            "lr": trainer.current_lr,
            "grad_norm": round(norm, 4) if losses else None,
            "seconds": round(self.seconds, 2),
            "tokens": trainer.tokens_seen,
        }
        losses.clear()
        return row

    def evaluate(self, losses: list) -> dict:
        """Measure the validation loss; write log, samples, checkpoint, and the model if best.

        Args:
            losses: of the training steps since the last row; emptied.

        Raises:
            Diverged: when the loss is not finite; nothing is written then.
        """
        val_loss, bits_per_byte = self.validation_loss()
        if not math.isfinite(val_loss):
            raise Diverged(self.trainer.why_diverged(val_loss))
        row = self._row(losses, round(val_loss, 5), round(bits_per_byte, 5))
        self.log.append(row)
        self._write_sample()
        if val_loss < self.best:
            self.best = val_loss
            self.model.save_pretrained(self.folder)
        self.checkpoint()
        return row

    def validation_loss(self) -> tuple[float, float]:
        """Nats a token and bits a byte, over the whole validation part."""
        per_batch = max(1, EVALUATION_TOKENS // self.settings.block_size)
        nats, count = evaluate(self.model, padded(self.pairs, per_batch), self.settings.threads)
        return nats / count, nats / math.log(2) / self.encoded.predicted_bytes

    def floor_bits_per_byte(self) -> float | None:
        """The loss floor in bits a byte, where it is known."""
        nats = self.encoded.dataset.floor_nats
        return nats and nats / math.log(2) / self.encoded.predicted_bytes

    def checkpoint(self) -> None:
        """Write the log, and the state of the run, from which `--resume` goes on."""
        text = "".join(json.dumps(row) + "\n" for row in self.log)
        atomic_write(self.folder / LOG_FILE, text)
        extra = {"seconds": self.seconds, "best": self.best, "data": self.encoded.fingerprint}
        save_checkpoint(self.folder, self.trainer, extra)

    def _write_sample(self) -> None:
        path = self.folder / SAMPLES_FILE
        before = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        text = sample_texts(self.model, self.tokenizer, 1, seed=self.trainer.step_number)[0]
        atomic_write(path, f"{before}--- step {self.trainer.step_number} ---\n{text}\n\n")

    def use_best_model(self) -> None:
        """Read back the weights that had the lowest validation loss."""
        settings = self.settings
        options = {"device": settings.device, "precision": settings.precision}
        if self.own:
            options["layers"] = self.model.layers
        self.model = GPT.from_pretrained(self.folder, **options)

    def finish(self, samples: Samples | None) -> dict:
        """Write `summary.json` for the model as it is now; returns it."""
        val_loss, bits_per_byte = self.validation_loss()
        xp = self.model.xp
        summary = {
            "val_loss": val_loss,
            "floor": self.encoded.floor,
            "bits_per_byte": bits_per_byte,
            "floor_bits_per_byte": self.floor_bits_per_byte(),
            "ladder": self.rungs,
            "seconds": self.seconds,
            "tokens_per_second": self.trainer.tokens_seen / max(self.seconds, 1e-9),
            "peak_memory_mb": peak_memory_mb(),
            "gpu_memory_mb": None if xp is np else round(gpu_memory(xp)["peak"] / 2**20, 1),
            "parameters": self.model.n_params,
            "steps": self.trainer.step_number,
            "well_formed": samples and samples.well_formed,
            "consistent": samples and samples.consistent,
            "versions": {
                "minigpt": __version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
                "platform": sys.platform,
            },
        }
        atomic_write(self.folder / SUMMARY_FILE, json.dumps(summary, indent=2) + "\n")
        return summary


def _load(load_own: Callable[[str], object] | None, folder: str):
    if load_own is None:
        raise UserError(f"The layers {folder!r} need a function that loads them; see `Run`.")
    return load_own(folder)


def read_log(folder: Path) -> list[dict]:
    """The rows of a run's log; raises UserError when it is missing or damaged."""
    path = Path(folder) / LOG_FILE
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert all({"step", "train_loss", "val_loss"} <= row.keys() for row in rows)
        return rows
    except (OSError, ValueError, AttributeError, AssertionError) as error:
        raise UserError(
            f"{path} is missing or damaged; the run can't go on, but its model can be sampled."
        ) from error


def check_memory(config: GPTConfig, batch_size: int, accumulate: int = 1) -> None:
    """Refuse sizes that this machine's memory can't hold, before any of it is taken.

        4 bytes * (5 P + B T (3 V + L (30 C + 5 H T) + 4 accumulate))

    Weights, gradients of two shards, and AdamW's two memories for P parameters; logits with their
    gradient; about 30 vectors and 5 squares of attention kept for the backward of each of L blocks;
    ids and targets of the batches of a step.

    Raises:
        UserError: with both numbers.
    """
    V, C, L, H, T = (getattr(config, name) for name in
                     ("vocab_size", "n_embd", "n_layer", "n_head", "block_size"))  # fmt: skip
    parameters = V * C * (1 if config.tie_weights else 2) + T * C + L * 12 * C * C
    each = 3 * V + L * (30 * C + 5 * H * T) + 4 * accumulate
    needed = 4 * (5 * parameters + batch_size * T * each)
    total = memory()["total"]
    if total is not None and needed > total:
        raise UserError(
            f"These sizes need about {needed / 1e9:,.0f} GB of memory, but this machine has "
            f"{total / 1e9:,.0f} GB; lower batch_size, block_size, n_embd or n_layer."
        )


def load_dataset(settings: Settings) -> Dataset:
    """The texts that the settings name."""
    if settings.text:
        return text_dataset(list(settings.text), settings.val_fraction)
    return tinytown_dataset(
        settings.language, settings.corpus_mb, settings.seed, settings.val_fraction
    )
