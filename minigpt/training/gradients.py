"""Adding up the gradients of the shards of a batch while they are still being computed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from minigpt.tree import FlatTree, Tree, at_path, items


class GradientSum:
    """Takes the gradients of each part of the model, shard after shard.

    A part's gradients are added in the order of the shards, whatever their timing: a shard that is
    early waits for its turn. So the bits are the same from run to run, and no shard has to hold
    more than the gradients of one part.

    Args:
        total: what is added to, by name.
        fresh: the first shard's gradients replace what `total` holds.
    """

    def __init__(self, total: FlatTree, fresh: bool):
        self.total, self.fresh = total, fresh
        self.turns: dict[str, int] = {}
        self.changed = threading.Condition()
        self.stopped = False

    def taker(self, shard: int) -> Callable[[str, Tree], None]:
        """The function that takes the parts of one shard, as `take(path, gradients)`."""

        def take(path: str, grads: Tree) -> None:
            with self.changed:
                self.changed.wait_for(lambda: self.stopped or self.turns.get(path, 0) == shard)
            if self.stopped:
                return
            views = dict(items(at_path(self.total, path)))
            for name, values in items(grads):
                first = shard == 0 and self.fresh
                if callable(values):
                    if first:
                        views[name][...] = 0
                    values(views[name])
                elif first:
                    views[name][...] = values
                else:
                    views[name] += values
            with self.changed:
                self.turns[path] = shard + 1
                self.changed.notify_all()

        return take

    def stop(self) -> None:
        """Let nobody wait any more: a shard has failed."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
