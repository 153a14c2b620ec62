"""What several folders of tests share: the gradient check, and the manners of the one contract."""

import importlib
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from minigpt.gradcheck import gradcheck
from minigpt.tree import items

# Tables of cases that several files import: layer_parts, model_parts, wrong, answers.
ROOMS = ("layers", "model", "gradcheck", "classroom")
sys.path[:0] = [str(Path(__file__).parent / room) for room in ROOMS]

ALL_METHODS = ("elementwise", "directional", "complex")


@pytest.fixture(scope="session")
def assert_right():
    """Run `gradcheck` by each method; fail with the printed report."""

    def check(forward, backward, inputs, params=None, methods=ALL_METHODS, **options):
        for method in methods:
            report = gradcheck(forward, backward, inputs, params, method=method, **options)
            assert report.ok, f"\n{report}"
            found = {tensor.name for tensor in report.tensors}
            floats = sum(np.asarray(x).dtype.kind == "f" for x in inputs)
            assert len(found) == floats + len(dict(items(params or {}))), f"\n{report}"

    return check


@pytest.fixture(scope="session")
def assert_manners():
    """Dtypes, keys, purity, fresh results and re-entrance of one pair, on float32 arguments."""

    def check(forward, backward, inputs, params):
        given = [*inputs, *dict(items(params)).values()]
        before = bits(given)
        y, cache = forward(*inputs, **params)
        dy = np.asarray(np.random.default_rng(9).standard_normal(np.shape(y)), dtype=y.dtype)
        dy_before, cache_before = bits(dy), bits(cache)
        dx, grads = backward(dy, cache)

        for array in arrays((y, cache, dx, grads)):
            assert array.dtype.kind not in "fc" or array.dtype == np.float32, array.dtype
        shapes = {path: array.shape for path, array in items(params)}
        assert {path: array.shape for path, array in items(grads)} == shapes

        assert bits(given) == before, "an input or a parameter was written to"
        assert bits(dy) == dy_before, "dy was written to"
        assert bits(cache) == cache_before, "the cache was written to"
        results = list(arrays((dx, grads)))
        for result in [*arrays(y), *results]:
            assert not any(np.shares_memory(result, x) for x in arrays([*given, dy])), "not fresh"
        for i, result in enumerate(results):
            others = [*results[:i], *arrays(cache)]
            assert not any(np.shares_memory(result, x) for x in others), "not fresh"

        def run(_):
            y, cache = forward(*inputs, **params)
            return bits((y, backward(dy, cache)))

        first = bits((y, (dx, grads)))
        with ThreadPoolExecutor(2) as pool:
            assert all(other == first for other in pool.map(run, range(8))), "other bits"

    return check


def arrays(tree):
    """Every array within nested tuples, lists and dicts; what is not an array is passed over."""
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    if isinstance(tree, (tuple, list)):
        for item in tree:
            yield from arrays(item)
    elif isinstance(tree, (np.ndarray, np.generic)):
        yield tree


def bits(tree) -> list[bytes]:
    return [array.tobytes() for array in arrays(tree)]


@pytest.fixture
def cupy():
    """The stand-in in CuPy's place, for this test: see `tests/standin/cupy`."""
    with standin_installed() as module:
        yield module


@contextmanager
def standin_installed():
    """Put the stand-in's packages in `sys.modules`, and what was there back afterwards."""
    from minigpt import backend
    from minigpt.kernels.gpu import launch

    caches = backend.gpu_status, launch.compiled, launch.function
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_cupy(name)}
    sys.modules.update(STANDIN)
    sys.path.insert(0, str(Path(__file__).parent / "standin"))
    try:
        module = importlib.import_module("cupy")
        module.state.clear()
        for cache in caches:
            cache.cache_clear()
        yield module
    finally:
        sys.path.remove(str(Path(__file__).parent / "standin"))
        for name in [name for name in sys.modules if _is_cupy(name)]:
            STANDIN[name] = sys.modules.pop(name)
        sys.modules.update(before)
        for cache in caches:
            cache.cache_clear()


def _is_cupy(name: str) -> bool:
    return name.partition(".")[0] in ("cupy", "cupyx", "cupy_backends")


STANDIN: dict = {}  # its modules, which are imported once
