"""The kernels of rows, elements and embeddings, run on the CPU, against `layers` in float64."""

import importlib
import shutil
from functools import partial

import numpy as np
import pytest

from minigpt import layers
from minigpt.tree import items

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="g++ is missing, which runs the CUDA files on the CPU"
)

TOLERANCE = {"fp32": 3e-6, "tf32": 2e-3, "bf16": 1.5e-2}  # of the largest number
SIZES = [(1, 5), (7, 768), (1000, 130)]


def module(name):
    return importlib.import_module(f"minigpt.kernels.gpu.{name}")


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def mapped(function, tree):
    """A tree of dicts, tuples and lists, with the function applied to its arrays."""
    if isinstance(tree, dict):
        return {key: mapped(function, value) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        return type(tree)(mapped(function, value) for value in tree)
    return function(tree) if hasattr(tree, "dtype") and hasattr(tree, "flags") else tree


def bits(tree):
    """The bytes of all device arrays in a tree, in order."""
    found = []
    mapped(lambda x: found.append(x.get().tobytes() if hasattr(x, "get") else b""), tree)
    return found


def as_float64(tree):
    return mapped(lambda x: x.astype(np.float64) if x.dtype == np.float32 else x, tree)


def assert_near(found, wanted, tolerance, name=""):
    found = found.get()
    assert found.dtype == np.float32 and found.shape == np.shape(wanted), name
    difference = np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-30)
    assert difference <= tolerance, f"{name}: {difference:.2g} of the largest number"


def check_pair(cupy, fast, clear, inputs, params, tolerance, options=None):
    """A fast pair of functions equals the clear one in float64, and keeps the contract."""
    (forward, backward), options = fast, options or {}
    y, cache = clear[0](*as_float64(inputs), **as_float64(params), **options)
    (dy,) = draw(np.shape(y), seed=9)
    dx, grads = clear[1](dy.astype(np.float64), cache)
    given = [*mapped(cupy.asarray, inputs), cupy.asarray(dy)]
    named = mapped(cupy.asarray, params)
    before, parameters_before = bits(given), bits(named)

    cupy.state.clear()
    found, cache = forward(*given[:-1], **named, **options)
    kept = bits(cache)
    cupy.state.clear()
    found_dx, found_grads = backward(given[-1], cache)
    assert not cupy.state.places, "waited for the GPU"
    again = backward(given[-1], cache)
    assert not cupy.state.float64, cupy.state.float64
    assert bits([found_dx, found_grads]) == bits(list(again)), "other bits in the second backward"
    assert bits(forward(*given[:-1], **named, **options)[0]) == bits(found)
    assert (bits(given), bits(named), bits(cache)) == (before, parameters_before, kept)
    places = {x.data.ptr for x in [found_dx, *dict(items(found_grads)).values()] if x is not None}
    others = []
    mapped(lambda x: others.append(x.data.ptr), [given, named, list(again), cache])
    assert not places & set(others), "not fresh"

    assert_near(found, y, tolerance, "y")
    if dx is not None:
        assert_near(found_dx, dx, tolerance, "dx")
    assert dict(items(found_grads)).keys() == dict(items(grads)).keys()
    for (path, found), (_, wanted) in zip(items(found_grads), items(grads), strict=True):
        assert_near(found, wanted, tolerance, path)


# --- layer norm, linear, GELU, MLP ----------------------------------------------------------------


@pytest.mark.parametrize(("N", "C", "bias"), [(1, 5, True), (7, 768, True), (7, 768, False),
                         (1000, 130, True), (30, 5, False), (3, 1, True)])  # fmt: skip
def test_layernorm(cupy, N, C, bias):
    file = module("layernorm")
    x, weight, shift = draw((N, C), C, C)
    params = {"weight": weight, "bias": shift} if bias else {"weight": weight}
    fast, clear = (file.layernorm, file.layernorm_backward), (
        layers.layernorm, layers.layernorm_backward)  # fmt: skip
    tolerance = 3e-6 if C > 1 else 1e-2  # of one column only rounding is left
    check_pair(cupy, fast, clear, [3 * x + 5], params, tolerance)


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("N", "C"), SIZES)
def test_linear(cupy, N, C, bias, precision):
    file = module("linear")
    x, weight, shift = draw((N, C), (C, 24), 24)
    params = {"weight": weight, "bias": shift} if bias else {"weight": weight}
    fast = partial(file.linear, precision=precision), file.linear_backward
    clear = layers.linear, layers.linear_backward
    check_pair(cupy, fast, clear, [x.reshape(1, N, C)], params, TOLERANCE[precision])


@pytest.mark.parametrize("bf16", [False, True])
def test_the_cache_holds_bf16_where_it_pays(cupy, bf16):
    file, N = module("linear"), 256 if bf16 else 255
    x, weight = map(cupy.asarray, draw((N, 8), (8, 8)))
    _, (precision, rows, factor, _) = file.linear(x, weight, precision="bf16")
    expected = ("bf16", np.uint16) if bf16 else ("tf32", np.float32)
    assert (precision, rows.dtype, factor.dtype) == (*expected, expected[1])


@pytest.mark.parametrize(("N", "C"), SIZES)
def test_gelu(cupy, N, C):
    file = module("mlp")
    (x,) = draw((1, N, C))
    fast, clear = (file.gelu, file.gelu_backward), (layers.gelu, layers.gelu_backward)
    check_pair(cupy, fast, clear, [4 * x], {}, 3e-6)


def test_gelu_far_out_is_a_line_and_nothing(cupy):
    file = module("mlp")
    x = cupy.asarray(np.array([[-1e4, -30, 30, 1e4]], np.float32))
    y, cache = file.gelu(x)
    assert y.get().tolist() == [[0, 0, 30, 1e4]]
    assert file.gelu_backward(cupy.ones_like(x), cache)[0].get().tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("N", "C", "hidden"), [(1, 5, 20), (7, 64, 768), (1000, 130, 40)])
def test_mlp(cupy, N, C, hidden, bias, precision):
    file = module("mlp")
    x, *rest = draw((N, C), (C, hidden), hidden, (hidden, C), C)
    rest = [array / np.sqrt(len(array), dtype=np.float32) for array in rest]
    params = {"c_fc": {"weight": rest[0], "bias": rest[1]},
              "c_proj": {"weight": rest[2], "bias": rest[3]}}  # fmt: skip
    if not bias:
        params = {name: {"weight": part["weight"]} for name, part in params.items()}
    fast = partial(file.mlp, precision=precision), file.mlp_backward
    check_pair(cupy, fast, (layers.mlp, layers.mlp_backward), [x], params, TOLERANCE[precision])


@pytest.mark.parametrize(("N", "C"), [*SIZES, (5000, 12)])
def test_column_sums_of_float32_and_of_bf16(cupy, N, C):
    columns, to_bf16 = module("columns"), module("matmul").factor
    (x,) = draw((N, C))
    given = cupy.asarray(x)
    assert_near(columns.column_sums(cupy, given), x.sum(axis=0, dtype=np.float64), 3e-6)
    half = to_bf16(cupy, given, "bf16")
    values = (half.get().astype(np.uint32) << 16).view(np.float32)
    assert np.abs(values - x).max() < 2**-8 * np.abs(x).max()
    assert_near(columns.column_sums(cupy, half), values.sum(axis=0, dtype=np.float64), 3e-6)
    cast, sums = columns.factor_and_sums(cupy, given, "bf16")
    assert (cast.get() == half.get()).all()
    assert (sums.get() == columns.column_sums(cupy, given).get()).all()


def test_rounding_to_bf16_is_to_the_nearest_even(cupy):
    bits32 = [0x3F800000, 0x3F808000, 0x3F818000, 0x3F808001, 0x7F7FFFFF, 0x7F800000, 0xFF800000]
    expected = [0x3F80, 0x3F80, 0x3F82, 0x3F81, 0x7F80, 0x7F80, 0xFF80]
    for size in range(1, len(bits32) + 1):  # with and without packs of four
        x = cupy.asarray(np.array(bits32[:size], np.uint32).view(np.float32))
        assert module("matmul").factor(cupy, x, "bf16").get().tolist() == expected[:size]
    nan = cupy.asarray(np.array([np.nan], np.float32))
    assert module("matmul").factor(cupy, nan, "bf16").get()[0] & 0x7FFF > 0x7F80


def test_rows_that_do_not_begin_at_multiples_of_sixteen_bytes(cupy):
    """Views of a flat buffer: the kernels must not move packs of four there."""
    buffer = cupy.asarray(draw(1 + 8 * 64 + 64 * 3)[0])
    x, weight = buffer[1:513].reshape(8, 64), buffer[513:577]
    aligned = cupy.asarray(x.get()), cupy.asarray(weight.get())
    mask = module("dropout").HashedMask(3, x.shape, 0.5)
    for name in ("layernorm", "gelu", "dropout"):
        file = module("mlp" if name == "gelu" else name)
        given = {"layernorm": [weight], "gelu": [], "dropout": [mask]}[name]
        y, cache = getattr(file, name)(x, *given)
        given = {"layernorm": [aligned[1]], "gelu": [], "dropout": [mask]}[name]
        expected, other = getattr(file, name)(aligned[0], *given)
        np.testing.assert_allclose(y.get(), expected.get(), rtol=1e-5, atol=1e-6)
        dx, _ = getattr(file, f"{name}_backward")(x, cache)
        expected, _ = getattr(file, f"{name}_backward")(aligned[0], other)
        np.testing.assert_allclose(dx.get(), expected.get(), rtol=1e-4, atol=1e-5)


# --- embeddings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1 << 16, 100])
@pytest.mark.parametrize("kind", ["random", "equal", "often", "once"])
@pytest.mark.parametrize(("V", "N", "C"), [(3, 7, 5), (256, 1000, 12), (257, 1, 5),
                         (1001, 1000, 130), (1001, 70, 768), (300, 64, 4)])  # fmt: skip
def test_embedding(cupy, V, N, C, kind, piece, monkeypatch):
    file = module("embedding")
    monkeypatch.setattr(file, "PIECE", piece)
    rng = np.random.default_rng(1)
    ids = {"random": rng.integers(0, V, N), "often": rng.zipf(1.5, N) % V,
           "equal": np.full(N, V - 1), "once": rng.permutation(V + N)[:N] % V}[kind]  # fmt: skip
    weight, dy, total = draw((V, C), (1, N, C), (V, C))
    wanted = np.zeros((V, C))
    np.add.at(wanted, ids, dy[0].astype(np.float64))
    given = cupy.asarray(ids[None]), cupy.asarray(weight)
    for _ in range(2):
        none, grads = file.embedding_backward(cupy.asarray(dy), given)
        assert none is None
        assert_near(grads["weight"], wanted, 3e-6)
    again = file.embedding_backward(cupy.asarray(dy), given)[1]
    assert bits(again) == bits(grads)
    into = cupy.asarray(total)
    file.add_rows(into, given[0], cupy.asarray(dy))
    assert_near(into, total + wanted, 3e-6)
    assert not cupy.state.float64


def test_runs_of_equal_ids_keep_the_order_of_their_positions(cupy):
    """Numbers whose float32 sum depends on the order: 1e8 + 1 - 1e8 is not 1."""
    file = module("embedding")
    dy = np.array([1e8, 1, -1e8], np.float32)[:, None]
    for order, expected in (([0, 1, 2], 0), ([0, 2, 1], 1)):
        total = cupy.zeros((300, 1), np.float32)
        file.add_rows(total, cupy.asarray(np.array([5, 5, 5])), cupy.asarray(dy[order]))
        assert total.get()[5, 0] == expected


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize(("N", "C", "V"), [(1, 5, 3), (7, 768, 65), (300, 20, 1001)])
def test_unembedding(cupy, N, C, V, precision):
    file = module("embedding")
    x, weight = draw((N, C), (V, C))
    fast = partial(file.unembedding, precision=precision), file.unembedding_backward
    clear = layers.unembedding, layers.unembedding_backward
    check_pair(cupy, fast, clear, [x], {"weight": weight}, TOLERANCE[precision])


# --- head and loss --------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize(("N", "C", "V", "piece"), [(1, 5, 3, 1), (7, 130, 65, 1),
                         (7, 130, 65, 1000), (24, 12, 1001, 1 << 28), (24, 12, 1001, 30_000),
                         (260, 8, 64, 1 << 28), (260, 8, 64, 30_000)])  # fmt: skip
def test_head_loss(cupy, N, C, V, piece, precision, monkeypatch):
    file, tolerance = module("head_loss"), TOLERANCE[precision]
    monkeypatch.setattr(file, "PIECE", piece)
    x, weight, total = draw((1, N, C), (V, C), (V, C))
    x, weight = x / np.sqrt(C, dtype=np.float32), 2 * weight
    targets = np.random.default_rng(2).integers(0, V, (1, N))
    targets[0, 3::5] = -100
    device = [cupy.asarray(array) for array in (x, weight, targets)]
    before = bits(device)
    for count in (None, 20):
        loss, clear = layers.head_loss(*as_float64([x, weight]), targets, count)
        dx, grads = layers.head_loss_backward(0.7, clear)
        cupy.state.clear()
        found, cache = file.head_loss(*device, count, precision=precision)
        found_dx, found_grads = file.head_loss_backward(0.7, cache)
        other_dx, add = file.head_loss_adding(cache)
        into = cupy.asarray(total)
        add(into)
        alone = file.loss_only(*device, count, precision=precision)
        assert not cupy.state.places and not cupy.state.float64
        assert_near(found, loss, tolerance)
        assert bits([alone]) == bits([found])
        assert_near(found_dx, dx, tolerance)
        assert_near(found_grads["weight"], grads["weight"], tolerance)
        assert_near(0.7 * other_dx, dx, tolerance)
        assert_near(0.7 * (into - cupy.asarray(total)), grads["weight"], max(tolerance, 1e-4))
        assert bits(file.head_loss_backward(0.7, cache)[1]) == bits(found_grads)
        one = file.head_loss_backward(1.0, cache)
        assert_near(0.7 * one[0], dx, tolerance)
        if cache[4] is not None:
            assert cache[4].data.ptr not in (one[0].data.ptr, other_dx.data.ptr), "not fresh"
    assert bits(device) == before


def test_the_loss_where_all_is_ignored_is_zero(cupy):
    file = module("head_loss")
    x, weight = map(cupy.asarray, draw((4, 5), (9, 5)))
    loss, cache = file.head_loss(x, weight, cupy.full(4, -100))
    assert loss.get() == 0
    assert not np.any(file.head_loss_backward(1.0, cache)[0].get())


@pytest.mark.parametrize("V", [64, 65, 5001, 20_000])  # a thread meets up to 20 of them
def test_softmax_of_large_small_growing_and_forbidden_logits(cupy, V):
    file = module("head_loss")
    (logits,) = draw((4, V))
    logits[0] += 1e4
    logits[1, ::3] = -np.inf
    logits[2] = np.linspace(-1e4, -1e4 + 30, V)
    targets = np.array([0, 1, V - 1, V // 2])
    loss, clear = layers.cross_entropy(logits.astype(np.float64), targets, count=1)
    wanted, _ = layers.cross_entropy_backward(1.0, clear)
    losses, scale = cupy.empty(4, np.float32), cupy.ones((), np.float32)
    given = cupy.asarray(logits), cupy.asarray(targets), scale, losses
    found = file._softmax_minus_target(cupy, *given, "fp32", gradients=True)
    assert_near(losses.sum(), loss, 1e-5)
    assert_near(found, wanted, 3e-6)
