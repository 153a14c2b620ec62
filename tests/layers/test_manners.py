"""The one contract: float32 stays float32, nothing given is written to, results are fresh."""

import numpy as np
import pytest
from layer_parts import NAMES, parts

from minigpt import kernels, layers
from minigpt.tree import items, tree_map

both = pytest.mark.parametrize("table", [layers, kernels], ids=["clear", "fast"])


@both
@pytest.mark.parametrize("name", NAMES)
def test_manners(name, table, assert_manners):
    part = parts("float32", table)[name]
    assert_manners(part.forward, part.backward, part.inputs, part.params)


class Single(np.ndarray):
    """An array that raises as soon as anything computed from it is a float64, named or not."""

    def __array_finalize__(self, obj):
        assert self.dtype != np.float64, "a float64 array appeared"


Single.__module__ = "numpy"  # so that get_array_module takes it for NumPy's


def test_the_float64_alarm_rings():
    with pytest.raises(AssertionError, match="a float64 array appeared"):
        np.ones(3, "float32").view(Single) / np.sqrt(8)


@both
@pytest.mark.parametrize("name", NAMES)
def test_no_float64_appears_on_the_way(name, table):
    part = parts("float32", table)[name]
    inputs = [x.view(Single) for x in part.inputs]
    params = tree_map(lambda x: x.view(Single), part.params)
    y, cache = part.forward(*inputs, **params)
    dy = np.ones_like(y)
    part.backward(dy.view(Single) if isinstance(dy, np.ndarray) else dy, cache)


def strided(x):
    """The same numbers in an array that is neither C- nor Fortran-contiguous."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype) if x.ndim else x
    if x.ndim == 0:
        return x
    wide[..., ::2] = x
    return wide[..., ::2]


@pytest.mark.parametrize("layout", [strided, np.asfortranarray], ids=["strided", "fortran"])
@both
@pytest.mark.parametrize("name", NAMES)
def test_the_layout_in_memory_changes_nothing(name, table, layout):
    part = parts(table=table)[name]

    def run(change):
        y, cache = part.forward(*map(change, part.inputs), **tree_map(change, part.params))
        dy = np.random.default_rng(1).standard_normal(np.shape(y))
        dx, grads = part.backward(change(np.asarray(dy)), cache)
        dxs = [d for d in (dx if isinstance(dx, tuple) else (dx,)) if d is not None]
        return [y, *dxs, *dict(items(grads)).values()]

    for plain, other in zip(run(np.ascontiguousarray), run(layout), strict=True):
        np.testing.assert_allclose(other, plain, rtol=1e-11, atol=1e-13)
