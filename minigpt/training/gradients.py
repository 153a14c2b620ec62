"""Adding up the gradients of the shards of a batch while they are still being computed."""

from __future__ import annotations

import threading

from minigpt.tree import FlatTree, Tree, at_path, items


class GradientSum:
    """Takes the gradients of each part of the model, shard after shard.

    A part's gradients are added in the order of the shards, whatever their timing: those of a shard
    that is early are put by until its turn comes. So the bits are the same from run to run, nobody
    waits, and no shard has to hold the gradients of the whole model.

    Args:
        total: what is added to, by name.
        fresh: the first shard's gradients replace what `total` holds.
    """

    def __init__(self, total: FlatTree, fresh: bool):
        self.total, self.fresh = total, fresh
        self.turns: dict[str, int] = {}  # whose turn it is, by part
        self.early: dict[tuple[str, int], Tree] = {}
        self.lock = threading.Lock()

    def take(self, shard: int, path: str, grads: Tree) -> None:
        """Take the gradients of one part of one shard; add what can be added now.

        In place of an array there may be a function that adds it to one.
        """
        with self.lock:
            if self.turns.get(path, 0) != shard:
                self.early[path, shard] = grads
                return
        while grads is not None:  # nobody else adds to this part before its turn is passed on
            self._add(path, grads, replace=self.fresh and shard == 0)
            shard += 1
            with self.lock:
                self.turns[path] = shard
                grads = self.early.pop((path, shard), None)

    def _add(self, path: str, grads: Tree, replace: bool) -> None:
        views = dict(items(at_path(self.total, path)))
        for name, values in items(grads):
            view = views[name]
            if callable(values):
                if replace:
                    view[...] = 0
                values(view)
            elif replace:
                view[...] = values
            else:
                view += values
