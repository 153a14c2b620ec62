"""A nested dict of parameters, and the same numbers as one flat buffer.

A *tree* is a dict whose values are arrays or trees: `{"ln_f": {"weight": ..., "bias": ...}}`. Its
paths are the names that GPT-2's checkpoint gives its tensors: `ln_f.weight`. A `FlatTree` is a tree
whose arrays are views of one buffer, so that the optimizer, the gradient norm and a sum over
machines each are one operation on one array.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from minigpt.backend import get_array_module

Tree = dict


def items(tree: Tree, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield `(path, array)` for every array of a tree, depth first, in the dict's order."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from items(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def nest(flat: dict) -> Tree:
    """Undo `dict(items(tree))`: from `{"ln_f.weight": w}` to `{"ln_f": {"weight": w}}`."""
    tree: Tree = {}
    for path, value in flat.items():
        *parents, name = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = value
    return tree


def at_path(tree: Tree, path: str):
    """The tree or array at a path: `at_path(params, "h.0")` is the first block's."""
    for name in path.split("."):
        tree = tree[name]
    return tree


def tree_map(function: Callable, tree: Tree, *others: Tree) -> Tree:
    """Apply `function` to every array of a tree (and its fellows at the same path of `others`)."""
    return {
        key: tree_map(function, value, *(other[key] for other in others))
        if isinstance(value, dict)
        else function(value, *(other[key] for other in others))
        for key, value in tree.items()
    }


class FlatTree(dict):
    """A tree whose arrays are views of the one-dimensional array `buffer`.

    Matrices come first in the buffer and vectors after them, so that what weight decay applies to
    is the slice `buffer[:matrix_size]`. The order of the dict is the order of the given tree.

    Args:
        tree: the arrays; their values are copied.
        dtype: of the buffer; by default the first array's.
    """

    def __init__(self, tree: Tree, dtype=None):
        leaves = dict(items(tree))
        first = next(iter(leaves.values()))
        shapes = {path: leaf.shape for path, leaf in leaves.items()}
        self._lay_out(shapes, dtype or first.dtype, get_array_module(first))
        self.assign(tree)

    @classmethod
    def empty(cls, shapes: dict[str, tuple[int, ...]], dtype, xp=np) -> FlatTree:
        """Return a tree of these shapes, by path, whose numbers are yet to be written."""
        tree = cls.__new__(cls)
        tree._lay_out(shapes, dtype, xp)
        return tree

    def _lay_out(self, shapes: dict[str, tuple[int, ...]], dtype, xp) -> None:
        """Allocate the buffer and fill the dict with views of it."""
        sizes = {path: math.prod(shape) for path, shape in shapes.items()}
        self.buffer = xp.empty(sum(sizes.values()), dtype)
        self.matrix_size = sum(sizes[path] for path, shape in shapes.items() if len(shape) >= 2)
        views, start = {}, 0
        for path in sorted(shapes, key=lambda path: len(shapes[path]) < 2):  # a stable sort
            stop = start + sizes[path]
            views[path] = self.buffer[start:stop].reshape(shapes[path])
            start = stop
        self.update(nest({path: views[path] for path in shapes}))

    def assign(self, tree: Tree) -> None:
        """Copy the values of a tree of the same shape into the buffer."""
        for view, value in self._pairs(tree):
            view[...] = value

    def add(self, tree: Tree) -> None:
        """Add the values of a tree of the same shape to the buffer."""
        for view, value in self._pairs(tree):
            view += value

    def zeros_like(self) -> FlatTree:
        """Return a tree of the same shape, filled with zeros."""
        return FlatTree(tree_map(lambda leaf: get_array_module(leaf).zeros_like(leaf), self))

    def _pairs(self, tree: Tree) -> Iterator[tuple]:
        views, values = dict(items(self)), dict(items(tree))
        assert views.keys() == values.keys(), sorted(views.keys() ^ values.keys())
        for path, view in views.items():
            assert view.shape == values[path].shape, path
            yield view, values[path]
