"""The stand-in answers as the real CuPy did, also where it refuses; what it counts and computes."""

import gc
import importlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from minigpt import backend

sys.path.append(str(Path(__file__).parents[1] / "gpu"))

import cases  # noqa: E402
import real_cupy  # noqa: E402

MANIFEST = json.loads((Path(__file__).parent / "manifest.json").read_text(encoding="utf-8"))
OTHERS, ONE = MANIFEST["others"], np.array([1, 0], np.float32)


@pytest.mark.parametrize("line", cases.lines())
def test_it_answers_as_cupy_did(cupy, line):
    found = cases.outcome(line, cases.things(cupy), lambda: cupy.state.transfers)
    assert found == MANIFEST["outcomes"][line]


def test_the_manifest_knows_refusals_and_copies():
    outcomes = MANIFEST["outcomes"]
    assert outcomes["x + h"] == "TypeError"
    assert outcomes['cupy.einsum("ij,kj->ik", x, x, out=x)'] == "TypeError"
    assert outcomes["x[none] = 0"] == "done, 1 to the host"
    assert outcomes["x / np.sqrt(8)"] == "float64 (3, 4)"
    assert sum("Error" in each for each in outcomes.values()) > 80


def test_its_own_functions_have_cupys_parameters(cupy):
    for name in set(cupy.__all__) - {"state", "RawModule"}:
        assert real_cupy.signature(getattr(cupy, name), cupy) == MANIFEST["names"][name], name
    for name in ("get", "set", "item", "tolist", "tobytes"):
        found = real_cupy.signature(getattr(cupy.ndarray, name), cupy)
        assert found == MANIFEST["ndarray"][name], name


@pytest.mark.parametrize("path", OTHERS)
def test_what_it_has_besides_has_cupys_parameters(cupy, path):
    owner, _, name = path.rpartition(".")
    on_instances = owner.endswith((".Device", ".Stream")) and not OTHERS[path]
    thing = getattr(real_cupy.find(owner)(), name) if on_instances else real_cupy.find(path)
    assert real_cupy.signature(thing, cupy) == OTHERS[path]


@pytest.mark.parametrize("path", ["cuda", "cuda.Stream", "cuda.Event", "cuda.Device",
    "cuda.MemoryPool"])  # fmt: skip
def test_it_has_nothing_besides(cupy, path):
    thing = real_cupy.find(f"cupy.{path}")
    names = [name for name in getattr(thing, "__all__", vars(thing)) if name[0] != "_"]
    for name in names:
        assert any(f"{other}.".startswith(f"cupy.{path}.{name}.") for other in OTHERS), name


def test_no_attribute_that_cupy_has_not(cupy):
    public = {name for name in dir(cupy.ndarray) if not hasattr(object, name)}
    own = {"_a", "_number", "_of", "__weakref__", "__getattr__"}
    assert public - own <= set(MANIFEST["ndarray"])
    assert not hasattr(cupy.ndarray, "__index__")
    with pytest.raises(AttributeError, match="the stand-in has no ndarray.toDlpack"):
        cupy.zeros(3).toDlpack()
    with pytest.raises(AttributeError, match="the stand-in has no cupy.fuse"):
        cupy.fuse()


def test_values_are_numpys(cupy):
    x = np.random.default_rng(0).standard_normal((3, 4)).astype("f4")
    y = cupy.asarray(x)
    pairs = [
        (y.sum(axis=0), x.sum(axis=0)), (cupy.tanh(y) @ y.T, np.tanh(x) @ x.T),
        (2 - y / 3, 2 - x / 3), (cupy.where(y > 0, y, 0), np.where(x > 0, x, 0)),
        (y[:, ::2].T, x[:, ::2].T), (cupy.asarray([1, 7, -5]) % 3, np.array([1, 1, 1])),
    ]  # fmt: skip
    for found, expected in pairs:
        assert found.dtype == expected.dtype
        assert (found.get() == expected).all()
    y[1:] *= 2
    y[0] -= y[1]
    assert (y.get() == [x[0] - 2 * x[1], 2 * x[1], 2 * x[2]]).all()


def test_an_index_out_of_range_wraps_silently(cupy):
    x = cupy.arange(4)
    assert x[cupy.asarray([5, -1, -5])].tolist() == [1, 3, 3]
    x[cupy.asarray([6])] = 9
    assert x.tolist() == [0, 1, 9, 3]
    assert x.take(cupy.asarray([5])).tolist() == [1]


def test_fresh_memory_is_nonsense(cupy):
    assert np.isnan(cupy.empty(3, "f4").get()).all()
    assert np.isnan(cupy.empty_like(cupy.zeros(3)).get()).all()
    assert (cupy.ndarray((3,), "i4").get() > 1e8).all()


def test_copies_to_the_host_are_counted_with_their_lines(cupy):
    x = cupy.ones(3, "f4")
    total = x.sum() * 2
    assert cupy.state.transfers == 0
    assert float(total) == 6
    assert cupy.state.places == [f"{__file__}:{sys._getframe().f_lineno - 1}"]
    cupy.cuda.Device().synchronize()
    assert (cupy.state.transfers, cupy.state.waits) == (1, 1)


def test_float64_is_noted_with_its_line(cupy):
    x = cupy.ones(3, "f4")
    assert not (x + 1.5, x / 3, cupy.state.float64)[-1]
    x * np.float64(3)
    assert cupy.state.float64 == [((3,), f"{__file__}:{sys._getframe().f_lineno - 1}")]
    x.astype("f8")[1:]  # a view is not another array
    assert len(cupy.state.float64) == 2


def test_memory_is_counted_and_has_an_end(cupy):
    gc.collect()
    pool, used = cupy.get_default_memory_pool(), cupy.state.used
    x = cupy.zeros((1000,), "f4")
    view = x[10:20].reshape(2, 5)
    assert pool.used_bytes() == used + 4000
    del x
    assert pool.used_bytes() == used + 4000, "the view needs it"
    del view
    assert pool.used_bytes() == used
    assert pool.total_bytes() >= used + 4000
    cupy.state.limit = used + 100
    with pytest.raises(cupy.cuda.memory.OutOfMemoryError, match="Out of memory allocating 400 b"):
        cupy.zeros((100,), "f4")
    assert cupy.cuda.Device().mem_info == (100, used + 100)


def test_pinned_memory_must_stay_as_it_is_until_it_was_sent(cupy):
    import cupyx

    def send(change):
        cupy.state.clear()
        pinned, x = cupyx.empty_pinned((3,), "f4"), cupy.empty((3,), "f4")
        pinned[...] = 1
        x.set(pinned, stream=cupy.cuda.get_current_stream())
        sent = cupy.cuda.get_current_stream().record()
        if change:
            pinned[0] = 2
        sent.synchronize()
        pinned[0] = 3
        return cupy.state.mistakes

    assert send(change=False) == []
    assert "changed while it was sent" in send(change=True)[0]
    x, pinned = cupy.empty((3,), "f4"), cupyx.zeros_pinned((3,), "f4")
    x.set(pinned)
    assert len(cupy.state.mistakes) == 1
    del pinned
    assert "freed while it was sent" in cupy.state.mistakes[1]


def test_streams_and_events(cupy):
    stream, before = cupy.cuda.Stream(non_blocking=True), cupy.cuda.get_current_stream()
    with stream:
        assert cupy.cuda.get_current_stream() is stream
        event = stream.record()
    assert cupy.cuda.get_current_stream() is before
    before.wait_event(event)
    assert event.done and cupy.state.waits == 0
    with pytest.raises(AssertionError, match="never recorded"):
        before.wait_event(cupy.cuda.Event())


def gemm(cupy, a, b, c, compute=68, **changes):
    """c.T = b.T @ a.T, as cuBLAS sees it, of contiguous arrays."""
    from cupy_backends.cuda.libs import cublas

    kinds = [14 if x.dtype == np.uint16 else 0 for x in (a, b, c)]
    (m, k), n = a.shape, b.shape[1]
    given = {
        "handle": cupy.cuda.device.get_cublas_handle(), "transa": 0, "transb": 0,
        "m": n, "n": m, "k": k, "alpha": ONE.ctypes.data, "A": b.data.ptr, "Atype": kinds[1],
        "lda": n, "B": a.data.ptr, "Btype": kinds[0], "ldb": k, "beta": ONE.ctypes.data + 4,
        "C": c.data.ptr, "Ctype": kinds[2], "ldc": n, "computeType": compute, "algo": -1,
    }  # fmt: skip
    cublas.gemmEx(**{**given, **changes})
    return c.get()


@pytest.fixture
def factors(cupy):
    """Two float32 matrices, (5, 7) and (7, 3), on the host and on the device."""
    rng = np.random.default_rng(0)
    pair = [rng.standard_normal(shape).astype("f4") for shape in ((5, 7), (7, 3))]
    return *pair, *map(cupy.asarray, pair)


def test_matrix_products_by_address(cupy, factors):
    a, b, on_a, on_b = factors
    fresh = cupy.empty((5, 3), "f4")  # full of NaN, which beta = 0 does not read
    np.testing.assert_allclose(gemm(cupy, on_a, on_b, fresh), a @ b, rtol=1e-5)
    flipped = {"transa": 1, "lda": 7, "A": cupy.asarray(b.T.copy())}
    y = gemm(cupy, on_a, on_b, fresh, **{**flipped, "A": flipped["A"].data.ptr})
    np.testing.assert_allclose(y, a @ b, rtol=1e-5)
    added = gemm(cupy, on_a, on_b, fresh, beta=ONE.ctypes.data)
    np.testing.assert_allclose(added, 2 * (a @ b), rtol=1e-5)
    part = cupy.zeros((5, 9), "f4")  # of which the middle three columns are written
    gemm(cupy, on_a, on_b, part, C=part.data.ptr + 12, ldc=9)
    assert (part.get()[:, 3:6] == y).all() and part.get()[:, 6:].max() == 0


def test_precision_of_matrix_products(cupy, factors):
    a, b, on_a, on_b = factors
    exact = a.astype("f8") @ b
    y = gemm(cupy, on_a, on_b, cupy.empty((5, 3), "f4"), compute=77)
    assert 1e-5 < np.abs(y - exact).max() < 4e-3  # 11 bits of each factor
    bf16 = [cupy.asarray((x.view(np.uint32) >> 16).astype(np.uint16)) for x in (a, b)]
    cut = [(x.view(np.uint32) & 0xFFFF0000).view(np.float32) for x in (a, b)]
    y = gemm(cupy, *bf16, cupy.empty((5, 3), "f4"))
    np.testing.assert_allclose(y, cut[0] @ cut[1], rtol=1e-5)
    short = gemm(cupy, *bf16, cupy.empty((5, 3), np.uint16)).astype(np.uint32) << 16
    np.testing.assert_allclose(short.view(np.float32), y, rtol=2**-8)


def test_rounding_of_the_factors_and_of_the_result(cupy):
    one, c = cupy.ones((1, 1), "f4"), cupy.empty((1, 1), "f4")
    for given, expected in [
        (1 + 2**-10, 1 + 2**-10), (1 + 2**-11, 1 + 2**-10), (1 + 2**-12, 1),
        (-1 - 2**-11, -1 - 2**-10), (np.inf, np.inf), (np.nan, np.nan),
    ]:  # fmt: skip
        x = cupy.full((1, 1), given, "f4")
        np.testing.assert_equal(gemm(cupy, x, one, c, compute=77)[0, 0], np.float32(expected))
    one, c = cupy.asarray(np.array([[0x3F80]], np.uint16)), cupy.empty((1, 1), np.uint16)
    for given, expected in [(0x3F81, 0x3F81), (0x7F80, 0x7F80), (0x7FC0, 0x7FFF)]:
        x = cupy.asarray(np.array([[given]], np.uint16))
        assert gemm(cupy, x, one, c)[0, 0] == expected
    two = cupy.asarray(np.array([[0x3F80, 0x3B80]], np.uint16))  # 1 and 2^-8: a tie
    ones = cupy.asarray(np.array([[0x3F80], [0x3F80]], np.uint16))
    assert gemm(cupy, two, ones, c)[0, 0] == 0x3F80


def test_what_cublas_refuses(cupy, factors):
    from cupy_backends.cuda.libs import cublas

    _, _, a, b = factors
    c = cupy.empty((5, 3), "f4")
    for status, changes in [
        (15, {"computeType": 64}), (15, {"Atype": 14}), (15, {"Atype": 14, "Btype": 14,
         "computeType": 77}), (7, {"lda": 2}), (7, {"transa": 1}), (7, {"m": -1}), (7, {"ldc": 2}),
    ]:  # fmt: skip
        with pytest.raises(cublas.CUBLASError) as caught:
            gemm(cupy, a, b, c, **changes)
        assert caught.value.status == status, changes
    with pytest.raises(AssertionError, match="do not lie within one array"):
        gemm(cupy, a, b, c, A=b.data.ptr + 4)
    with pytest.raises(AssertionError, match="do not lie within one array"):
        gemm(cupy, a, b, c, ldc=4)


def test_products_side_by_side(cupy):
    from cupy_backends.cuda.libs import cublas

    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal(s).astype("f4") for s in ((4, 5, 6), (4, 6, 3)))
    x, y, z = cupy.asarray(a), cupy.asarray(b), cupy.empty((4, 5, 3), "f4")
    cublas.gemmStridedBatchedEx(
        1, 0, 0, 3, 5, 6, ONE.ctypes.data, y.data.ptr, 0, 3, 18, x.data.ptr, 0, 6, 30,
        ONE.ctypes.data + 4, z.data.ptr, 0, 3, 15, 4, 68, -1,
    )  # fmt: skip
    np.testing.assert_allclose(z.get(), a @ b, rtol=1e-4)


@pytest.mark.skipif(not shutil.which("g++"), reason="kernels are compiled with g++")
def test_a_kernel_runs_on_its_arrays(cupy):
    code = 'extern "C" __global__ void twice(float* x, int n) { x[threadIdx.x % n] *= 2; }'
    x = cupy.ones(32, "f4")
    twice = cupy.RawModule(code=code, options=("-std=c++17",)).get_function("twice")
    twice((1,), (32,), (x, np.int32(32)))
    assert (x.get() == 2).all()
    with pytest.raises(AssertionError, match="not contiguous"):
        twice((1,), (32,), (cupy.ones((32, 2), "f4")[:, 0], np.int32(32)))


def test_backend_takes_it_for_a_gpu(cupy):
    assert backend.gpu_status() == (True, "Stand-in")
    assert backend.select_device("auto") == (cupy, "GPU (Stand-in)")
    assert backend.get_array_module(cupy.zeros(3)) is cupy
    assert backend.to_host(cupy.zeros(3)).tolist() == [0, 0, 0]


def test_what_was_there_before_comes_back(request, monkeypatch):
    plugins = request.config.pluginmanager.get_plugins()
    installed = next(p for p in plugins if hasattr(p, "standin_installed")).standin_installed
    monkeypatch.setitem(sys.modules, "cupy", None)  # `import cupy` raises ImportError
    assert backend.gpu_status()[1].startswith("CuPy is not installed")
    places = list(sys.path)
    for _ in range(2):
        with installed() as module:
            assert importlib.import_module("cupy") is module
            assert backend.gpu_status() == (True, "Stand-in")
        assert sys.modules["cupy"] is None and "cupyx" not in sys.modules
        assert backend.gpu_status()[1].startswith("CuPy is not installed")
        assert sys.path == places
    backend.gpu_status.cache_clear()
