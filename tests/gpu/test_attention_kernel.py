"""Fused attention, its CUDA run on the CPU, against `layers.attention` in float64.

Tolerances are shares of the largest number in an array. A factor is rounded by at most 2^-11 (tf32)
or 2^-8 (bf16) of itself. From x to a gradient there are up to six products of two rounded factors;
their errors are independent, so they add up to about sqrt(12) typical roundings, each the half of
the largest: to 1.7 of those. Allowed are four, for scores of order one, whose errors the
exponential passes on as they are. For fp32, sums of some hundred terms are rounded: 1e-5.
"""

import importlib
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from minigpt import layers
from minigpt.tree import items

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="g++ is missing, which runs the CUDA files on the CPU"
)
TOLERANCE = {"fp32": 1e-5, "tf32": 4 * 2**-11, "bf16": 4 * 2**-8}


def module(name):
    return importlib.import_module(f"minigpt.kernels.gpu.{name}")


def draw(*shape, seed=0, scale=1.0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) * np.float32(scale)


def parameters(C, bias=True):
    """Weights that give q, k, v and scores of order one."""
    params = {}
    for seed, (name, width) in enumerate((("c_attn", 3 * C), ("c_proj", C)), start=1):
        params[name] = {"weight": draw(C, width, seed=seed, scale=1 / C**0.5)}
        if bias:
            params[name]["bias"] = draw(width, seed=seed + 5, scale=0.5)
    return params


def mapped(function, tree):
    if isinstance(tree, dict):
        return {key: mapped(function, value) for key, value in tree.items()}
    return function(tree)


def device_arrays(tree):
    """All device arrays in a tree of dicts and tuples."""
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    if isinstance(tree, tuple):
        return [array for item in tree for array in device_arrays(item)]
    return [tree] if hasattr(tree, "get") else []


def as_float32(array):
    """On the host; bf16 is the upper half of a float32."""
    host = array.get()
    return host if host.dtype == np.float32 else (host.astype(np.uint32) << 16).view(np.float32)


def bits(*trees):
    return [array.get().tobytes() for array in device_arrays(trees)]


def clear(x, params, n_head, dy, mask=None):
    """y, dx and the gradients by path, of `layers.attention` in float64."""
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    params = mapped(lambda array: array.astype(np.float64), params)
    y, cache = layers.attention(x, **params, n_head=n_head, dropout_mask=mask)
    dx, grads = layers.attention_backward(dy, cache)
    return {"y": y, "dx": dx, **dict(items(grads))}


def assert_near(found, wanted, tolerance):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == np.float32 and found[name].shape == array.shape, name
        difference = np.abs(found[name].get() - array).max() / np.abs(array).max()
        assert difference <= tolerance, f"{name}: {difference:.2g} of its largest number"


def fused(cupy, x, params, n_head, dy, precision, mask=None):
    """As `clear`, on the device; the fused way is taken, and the contract kept."""
    file = module("attention")
    x, dy, params = cupy.asarray(x), cupy.asarray(dy), mapped(cupy.asarray, params)
    before = bits(x, params, dy)
    cupy.state.clear()
    y, cache = file.attention(x, **params, n_head=n_head, dropout_mask=mask, precision=precision)
    assert not cupy.state.places, "waited for the GPU"
    assert cache[0] is not None, "not fused"
    assert cache[1].dtype == (np.uint16 if precision == "bf16" else np.float32)
    kept = bits(cache)
    cupy.state.clear()
    dx, grads = file.attention_backward(dy, cache)
    again = file.attention_backward(dy, cache)
    assert not cupy.state.places, "waited for the GPU"
    assert bits(dx, grads) == bits(again), "other bits in the second backward"
    assert bits(x, params, dy) == before and bits(cache) == kept, "wrote to what is not its own"
    results = device_arrays((y, dx, grads))
    own = {array.data.ptr for array in results}
    others = {array.data.ptr for array in device_arrays((x, params, dy, cache, again))}
    assert len(own) == len(results) and not own & others, "not fresh"
    assert not cupy.state.float64, cupy.state.float64
    return {"y": y, "dx": dx, **dict(items(grads))}


# Precision, whether there is dropout, D: one compiled file each. Then B, T, H. Tiles have 64 rows,
# 32 (tf32, 64) or 16 (fp32, 128).
CASES = [
    ("fp32", False, 16, [(1, 1, 1), (2, 70, 3), (1, 130, 2), (1, 64, 1)]),
    ("fp32", True, 128, [(1, 66, 1)]),
    ("tf32", False, 64, [(1, 1, 1), (2, 70, 2), (1, 130, 1)]),
    ("tf32", True, 8, [(2, 67, 2)]),
    ("bf16", True, 25, [(2, 129, 2)]),
    ("bf16", False, 64, [(1, 257, 1), (2, 128, 2)]),
]


@pytest.mark.parametrize(("precision", "drop", "D", "sizes"), CASES)
def test_fused_attention_is_attention(cupy, precision, drop, D, sizes):
    for B, T, H in sizes:
        x, dy, params = draw(B, T, H * D, seed=3), draw(B, T, H * D, seed=4), parameters(H * D)
        mask = module("dropout").HashedMask(7 + T, (B, H, T, T), 0.3) if drop else None
        found = fused(cupy, x, params, H, dy, precision, mask)
        numbers = mask and mask.array(cupy).get().astype(np.float64)
        assert_near(found, clear(x, params, H, dy, numbers), TOLERANCE[precision])


def test_biases_may_be_missing_and_inputs_strided(cupy):
    x, params, dy = draw(1, 70, 32, seed=3), parameters(32, bias=False), draw(1, 70, 32, seed=4)
    assert_near(fused(cupy, x, params, 2, dy, "fp32"), clear(x, params, 2, dy), 1e-5)
    file, given = module("attention"), mapped(cupy.asarray, params)
    there = [cupy.asarray(array.swapaxes(0, 1).copy()).swapaxes(0, 1) for array in (x, dy)]
    y, cache = file.attention(there[0], **given, n_head=2, precision="fp32")
    dx = file.attention_backward(there[1], cache)[0]
    wanted = clear(x, params, 2, dy)
    assert_near({"y": y, "dx": dx}, {name: wanted[name] for name in ("y", "dx")}, 1e-5)


@pytest.mark.parametrize(("precision", "D"), [("fp32", 16), ("tf32", 64), ("bf16", 64)])
def test_large_scores_stay_finite_and_nobody_sees_the_future(cupy, precision, D):
    """Of keys in a tile to come, of later keys in the same, and of rows that are not there."""
    B, T, qkv = 2, 140, draw(280, 3 * D, seed=5)

    def run(qkv):
        cast = module("matmul").factor(cupy, cupy.asarray(qkv), precision)
        return module("attention").heads(cupy, cast, None, (B, T, 1, D), precision)

    for array in map(as_float32, run(300 * qkv)):
        assert np.isfinite(array).all() and np.abs(array).max() > 100
    before = [array.get() for array in run(qkv)]
    for first in (64, 67, 139):
        other = qkv.copy()
        other.reshape(B, T, -1)[0, first:, D:] += 3  # keys and values
        after = [array.get() for array in run(other)]
        for a, b in zip(before, after, strict=True):
            a, b = a.reshape(B, T, -1), b.reshape(B, T, -1)
            assert (a[0, :first] == b[0, :first]).all() and (a[1] == b[1]).all()
            assert (a[0, first:] != b[0, first:]).any(axis=-1).all()


def test_what_is_not_a_number_is_not_hidden(cupy):
    for precision, D in (("fp32", 16), ("tf32", 64)):
        qkv = draw(70, 3 * D, seed=5)
        qkv.view(np.uint32)[3, D] = 0x7FFFFFFF  # a key, and not a number as a GPU writes it
        given = cupy.asarray(qkv), None, (1, 70, 1, D), precision
        merged, _ = module("attention").heads(cupy, *given)
        assert np.isnan(merged.get()).all(axis=-1).tolist() == [row >= 3 for row in range(70)]


def test_scores_are_never_stored(cupy):
    """Of 400 positions and 4 heads, the scores would take 2.6 MB; all else takes 1.9."""
    x, dy = (cupy.asarray(draw(1, 400, 64, seed=seed)) for seed in (3, 4))
    params, file = mapped(cupy.asarray, parameters(64)), module("attention")
    before = cupy.get_default_memory_pool().used_bytes()
    cupy.state.limit = before + 4 * 4 * 400 * 400
    y, cache = file.attention(x, **params, n_head=4, precision="fp32")
    file.attention_backward(dy, cache)


def test_other_wishes_are_granted_by_the_clear_attention(cupy):
    """Masks, windows, a student's parts, a mask of dropout as an array, and too large heads."""
    table, HashedMask = module("table"), module("dropout").HashedMask
    parts, calls = table.fast_table("fp32"), []

    def softmax(x):
        calls.append(x.shape)
        return layers.softmax(x)

    x, dy, params = draw(2, 9, 8, seed=3), draw(2, 9, 8, seed=4), parameters(8)
    mask, dropped = np.ones((2, 1, 1, 9), bool), HashedMask(5, (2, 2, 9, 9), 0.4)
    mask[0, ..., :2] = False
    array = dropped.array(cupy)
    for options in (
        {"mask": mask},
        {"window": 3},
        {"parts": SimpleNamespace(**{**vars(parts), "softmax": softmax})},
        {"dropout_mask": array},
        {"dropout_mask": dropped, "window": 3},
    ):
        given = {"parts": parts, "n_head": 2, **mapped(cupy.asarray, params), **options}
        if "mask" in options:
            given["mask"] = cupy.asarray(mask)
        y, cache = parts.attention(cupy.asarray(x), **given)
        assert cache[0] is None
        dx, grads = parts.attention_backward(cupy.asarray(dy), cache)
        if "dropout_mask" in options:
            options = {**options, "dropout_mask": array.get()}
        options.pop("parts", None)
        wanted, clear_cache = layers.attention(x, **params, n_head=2, **options)
        clear_dx, clear_grads = layers.attention_backward(dy, clear_cache)
        assert_near(
            {"y": y, "dx": dx, **dict(items(grads))},
            {"y": wanted, "dx": clear_dx, **dict(items(clear_grads))},
            1e-5,
        )
    assert calls == [(2, 2, 9, 9)]
    x, params = cupy.asarray(draw(1, 2, 129)), mapped(cupy.asarray, parameters(129))
    assert parts.attention(x, **params, n_head=1, parts=parts)[1][0] is None


def test_few_rows_are_multiplied_in_tf32_where_the_table_says_bf16(cupy):
    x, params = cupy.asarray(draw(1, 70, 64)), mapped(cupy.asarray, parameters(64))
    y, cache = module("attention").attention(x, **params, n_head=1, precision="bf16")
    other, _ = module("attention").attention(x, **params, n_head=1, precision="tf32")
    assert cache[1].dtype == np.float32 and bits(y) == bits(other)


# --- The layout of fragments ----------------------------------------------------------------------

FRAGMENTS = """
extern "C" __global__ void fragments(const word* a, const word* b, float* d) {
    int lane = threadIdx.x;
    word left[4] = {a[4 * lane], a[4 * lane + 1], a[4 * lane + 2], a[4 * lane + 3]};
    word right[2] = {b[2 * lane], b[2 * lane + 1]};
    float sums[4] = {0, 0, 0, 0};
    MMA(sums, left, right);
    for (int i = 0; i < 4; i++) d[4 * lane + i] = sums[i];
}
"""


@pytest.mark.parametrize("name", ["mma_tf32", "mma_bf16"])
def test_fragments_lie_where_the_ptx_manual_says(cupy, name):
    """The PTX ISA's tables for "Matrix fragments for mma.m16n8k8" and "mma.m16n8k16"."""
    K, each = (8, 1) if name == "mma_tf32" else (16, 2)  # numbers in a register
    a, b = (np.random.default_rng(0).integers(-8, 9, shape) for shape in ((16, K), (K, 8)))
    left, right = np.zeros((32, 4, each)), np.zeros((32, 2, each))
    found, wanted = np.zeros((32, 4), np.float32), np.zeros((32, 4))
    for lane in range(32):
        group, thread = lane >> 2, lane % 4
        for i in range(4 * each):
            if each == 1:
                row, column = group if i in (0, 2) else group + 8, thread + (0 if i < 2 else 4)
            else:
                row = group if 0 <= i < 2 or 4 <= i < 6 else group + 8
                column = thread * 2 + (i & 1) + (0 if i < 4 else 8)
            left[lane].flat[i] = a[row, column]
        for i in range(2 * each):
            row = thread + 4 * i if each == 1 else thread * 2 + (i & 1) + (0 if i < 2 else 8)
            right[lane].flat[i] = b[row, group]
        for i in range(4):
            wanted[lane, i] = (a @ b)[group if i < 2 else group + 8, thread * 2 + (i & 1)]
    words = left.astype(np.float32), right.astype(np.float32)
    if each == 2:  # the upper halves of float32; whole numbers this small lose nothing
        words = [(array.view(np.uint32) >> 16).astype(np.uint16) for array in words]
    code = (module("launch").SOURCE / "common.cuh").read_text(encoding="utf-8") + FRAGMENTS
    kernel = cupy.RawModule(code=code, options=("-std=c++17", f"-DMMA={name}"))
    given = [cupy.asarray(np.ascontiguousarray(array)) for array in (*words, found)]
    kernel.get_function("fragments")((1,), (32,), tuple(given))
    assert (given[2].get() == wanted).all()
