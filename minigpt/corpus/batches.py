"""Batches: which tokens the next training step sees.

Both kinds draw from a generator of their own and know where they are: `state()` goes into a
checkpoint, and a run that resumes sees exactly the batches that it would have seen.
"""

from __future__ import annotations

import numpy as np

from minigpt.errors import UserError
from minigpt.layers import IGNORE

POOL = 16  # batches whose documents are sorted by length together


class WindowBatches:
    """Windows of one long text, in shuffled order, each token once an epoch.

    An epoch cuts the text at every `block_size` tokens, beginning at a random offset, so that the
    cuts fall elsewhere each time. Targets are the inputs one place later: position t is asked for
    token t + 1.

    Raises:
        UserError: when the text is too short for a single window.
    """

    def __init__(self, tokens, batch_size: int, block_size: int, seed: int = 0):
        _check_sizes(batch_size, block_size)
        self.tokens = np.asarray(tokens)
        if len(self.tokens) < block_size + 1:
            raise UserError(
                f"The training text has {len(self.tokens)} tokens, but block_size {block_size} "
                f"needs at least {block_size + 1}; use a longer text or a smaller block_size."
            )
        self.batch_size, self.block_size = batch_size, block_size
        self.rng = np.random.default_rng(seed)
        self._start_epoch()

    def _start_epoch(self) -> None:
        self.epoch_state = self.rng.bit_generator.state
        spare = len(self.tokens) - 1
        offset = int(self.rng.integers(min(self.block_size, spare - self.block_size + 1)))
        starts = np.arange(offset, spare - self.block_size + 1, self.block_size)
        self.starts, self.position = self.rng.permutation(starts), 0

    @property
    def per_epoch(self) -> float:
        """Batches in which the text is seen once; the last may share its rows with the next."""
        return len(self.starts) / self.batch_size

    def next(self) -> tuple[np.ndarray, np.ndarray]:
        """The next (ids, targets), both (batch_size, block_size)."""
        rows = []
        while len(rows) < self.batch_size:
            if self.position == len(self.starts):
                self._start_epoch()
            rows.append(self.starts[self.position])
            self.position += 1
        index = np.array(rows)[:, None] + np.arange(self.block_size + 1)
        windows = self.tokens[index]
        return windows[:, :-1], windows[:, 1:]

    def state(self) -> dict:
        """Where the batches are: what `restore` needs to go on from here."""
        return {"epoch": self.epoch_state, "position": self.position}

    def restore(self, state: dict) -> None:
        """Go on from a `state`."""
        self.rng.bit_generator.state = state["epoch"]
        self._start_epoch()
        self.position = state["position"]


class DocumentBatches:
    """One whole document a row, from its first token, as the model will be asked to write it.

    Documents of like length share a batch, so that little of it is padding (whose targets are
    ignored): the shuffled documents of an epoch are taken `POOL` batches at a time, sorted by
    length within the pool, and the batches of a pool come in random order. The few documents at
    the end of an epoch that fill no batch are left for another one. A document longer than the
    block is cut.

    Args:
        documents: arrays of tokens; each begins with the separator that also ends it, so that its
            first real token is predicted too.
    """

    def __init__(self, documents, batch_size: int, block_size: int, seed: int = 0):
        _check_sizes(batch_size, block_size)
        self.documents = [np.asarray(document)[: block_size + 1] for document in documents]
        if not self.documents or min(map(len, self.documents)) < 2:
            raise UserError("There are no documents to train on; each needs at least two tokens.")
        if len(self.documents) < batch_size:
            raise UserError(
                f"There are {len(self.documents)} documents to train on, too few for a batch of "
                f"{batch_size}; use a smaller batch_size or more text."
            )
        self.batch_size, self.block_size = batch_size, block_size
        self.rng = np.random.default_rng(seed)
        self._start_epoch()

    def _start_epoch(self) -> None:
        self.epoch_state = self.rng.bit_generator.state
        order = self.rng.permutation(len(self.documents))
        order = order[: len(order) // self.batch_size * self.batch_size]
        self.plan, self.position = [], 0
        for i in range(0, len(order), POOL * self.batch_size):
            pool = sorted(order[i : i + POOL * self.batch_size], key=self._length)
            batches = np.array(pool).reshape(-1, self.batch_size)
            self.plan += list(self.rng.permutation(batches))

    @property
    def per_epoch(self) -> int:
        """Batches in which each document is seen once."""
        return len(self.plan)

    def _length(self, i: int) -> int:
        return len(self.documents[i])

    def next(self) -> tuple[np.ndarray, np.ndarray]:
        """The next (ids, targets), both (batch_size, T), T as the longest document asks."""
        if self.position == len(self.plan):
            self._start_epoch()
        rows = [self.documents[i] for i in self.plan[self.position]]
        self.position += 1
        return next(padded([(row[:-1], row[1:]) for row in rows], self.batch_size))

    state, restore = WindowBatches.state, WindowBatches.restore


def _check_sizes(batch_size: int, block_size: int) -> None:
    for name, value in (("batch_size", batch_size), ("block_size", block_size)):
        if value < 1:
            raise UserError(f"{name} must be at least 1, not {value}.")


def windows(tokens, block_size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut a validation text into windows side by side: (ids, targets) each of length <= block_size.

    Every token but the first is a target exactly once; the last window may be shorter.
    """
    tokens = np.asarray(tokens)
    stops = range(0, len(tokens) - 1, block_size)
    return [
        (tokens[i : i + block_size][: len(tokens) - 1 - i], tokens[i + 1 : i + 1 + block_size])
        for i in stops
    ]


def padded(pairs, batch_size: int):
    """Yield batches (ids, targets) of pairs of different lengths, padded with ignored targets."""
    for i in range(0, len(pairs), batch_size):
        part = pairs[i : i + batch_size]
        T = max(len(ids) for ids, _ in part)
        ids = np.zeros((len(part), T), dtype=np.int64)
        targets = np.full_like(ids, IGNORE)
        for row, (x, y) in enumerate(part):
            ids[row, : len(x)], targets[row, : len(y)] = x, y
        yield ids, targets
