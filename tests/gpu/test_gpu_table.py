"""Dropout, AdamW and the table of functions for a GPU, on the stand-in for CuPy."""

import importlib
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from minigpt import kernels, layers
from minigpt.training.adamw import adamw_update
from minigpt.training.schedule import clip_factor
from minigpt.tree import FlatTree

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="g++ is missing, which runs the CUDA files on the CPU"
)
TOLERANCE = {"fp32": 3e-6, "tf32": 2e-3, "bf16": 1.5e-2}  # of the largest number


def module(name):
    return importlib.import_module(f"minigpt.kernels.gpu.{name}")


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def bits(arrays):
    return [array.get().tobytes() for array in arrays]


def assert_near(found, wanted, tolerance):
    difference = np.abs(found.get() - wanted).max() / np.abs(wanted).max()
    assert found.dtype == np.float32 and difference <= tolerance, difference


# --- dropout --------------------------------------------------------------------------------------


def splitmix(seed, i):
    """The definition of the hash, in Python's integers."""
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def test_the_hash_is_splitmix64():
    """Its published first numbers for seed 1234567, the test vector of several libraries."""
    first = [splitmix(1234567, i) for i in range(3)]
    assert first == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.99])
def test_forward_backward_and_array_have_the_same_mask(cupy, p):
    file, shape = module("dropout"), (3, 41, 33)
    mask = file.dropout_mask(np.random.default_rng(3), shape, p, cupy.zeros(1, np.float32))
    x, dy = map(cupy.asarray, draw(shape, shape))
    before = bits([x, dy])
    y, cache = file.dropout(x, mask)
    dx, grads = file.dropout_backward(dy, cache)
    numbers = mask.array(cupy).get()
    assert numbers.dtype == np.float32 and not grads
    assert (y.get() == x.get() * numbers).all() and (dx.get() == dy.get() * numbers).all()
    assert ((x * mask).get() == y.get()).all()  # as a student's dropout has it
    assert bits([x, dy]) == before and not cupy.state.float64
    for i in (0, 1, 77, 3 * 41 * 33 - 1):
        kept = splitmix(int(mask.seed), i) >> 32 >= round(p * 2**32)
        assert numbers.flat[i] == (np.float32(1 / (1 - p)) if kept else 0)
    share, spread = np.count_nonzero(numbers) / numbers.size, (p * (1 - p) / numbers.size) ** 0.5
    assert abs(share - (1 - p)) < 4 * spread
    other = file.dropout_mask(np.random.default_rng(4), shape, p, x).array(cupy).get()
    assert abs(np.mean((other > 0) == (numbers > 0)) - (p**2 + (1 - p) ** 2)) < 0.03


def test_dropout_takes_no_mask_an_array_and_a_mask_to_broadcast(cupy):
    file = module("dropout")
    assert file.dropout_mask(np.random.default_rng(0), (3,), 0, None) is None
    (x,) = map(cupy.asarray, draw((4, 6)))
    y, cache = file.dropout(x)
    assert (y.get() == x.get()).all() and y is not x and cache is None
    array, hashed = cupy.asarray(np.eye(4, 6, dtype=np.float32)), file.HashedMask(5, (1, 6), 0.5)
    for mask, numbers in ((array, array), (hashed, hashed.array(cupy))):
        y, cache = file.dropout(x, mask)
        dx, _ = file.dropout_backward(x, cache)
        assert (y.get() == (x * numbers).get()).all() and (dx.get() == y.get()).all()


# --- AdamW ----------------------------------------------------------------------------------------


def adamw_trees(cupy=None, sizes=((41, 10), (11,), (7,))):
    """Parameters, gradients of 20 steps; on the device if there is one."""
    names = ("weight", "bias", "scale")
    place = cupy.asarray if cupy else np.array
    trees = [dict(zip(names, map(place, draw(*sizes, seed=k)), strict=True)) for k in range(21)]
    return FlatTree(trees[0]), [FlatTree(tree) for tree in trees[1:]]


@pytest.mark.parametrize("step", ["adamw_step", "adamw_kernel", "adamw_plain"])
@pytest.mark.parametrize("clip", [0.0, 5.0, 1e6])
def test_twenty_steps_of_adamw_are_those_of_numpy(cupy, clip, step):
    file, (params, grads), (wanted, host) = module("adamw"), adamw_trees(cupy), adamw_trees()
    m, v = cupy.zeros_like(params.buffer), cupy.zeros_like(params.buffer)
    m64, v64, p64 = (np.zeros(wanted.buffer.size) for _ in range(3))
    p64 += wanted.buffer
    cut, given = wanted.matrix_size, bits([tree.buffer for tree in grads])
    options = {"lr": 1e-2, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.3}
    for t, (g, h) in enumerate(zip(grads, host, strict=True), 1):
        norm, h = file.global_norm(g.buffer), h.buffer.astype(np.float64)
        length = np.sqrt(h @ h)
        assert norm.shape == () and norm.dtype == np.float32
        assert float(norm.get()) == pytest.approx(length, rel=1e-6)
        cupy.state.clear()
        getattr(file, step)(params, g, m, v, t, norm=norm, clip=clip, **options)
        assert not cupy.state.places and not cupy.state.float64
        for part, decay in ((slice(0, cut), 0.3), (slice(cut, None), 0.0)):
            rest = {**options, "weight_decay": decay, "scale": clip_factor(length, clip)}
            adamw_update(p64[part], h[part], m64[part], v64[part], t, **rest)
    assert_near(params.buffer, p64, 2e-6)
    assert_near(m, m64, 2e-6)
    assert_near(v, v64, 2e-6)
    assert bits([tree.buffer for tree in grads]) == given
    assert np.abs(p64 - wanted.buffer).max() > 0.05


@pytest.mark.parametrize("step", ["adamw_kernel", "adamw_plain"])
@pytest.mark.parametrize("norm", [np.nan, np.inf, -np.inf])
def test_a_norm_that_is_not_finite_changes_nothing(cupy, norm, step):
    file, (params, grads) = module("adamw"), adamw_trees(cupy)
    m, v = cupy.ones_like(params.buffer), cupy.ones_like(params.buffer)
    grads[0].buffer[5] = norm
    before = bits([params.buffer, m, v])
    arguments = {"t": 1, "lr": 1e-2, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.3}
    for clip in (0.0, 1.0):
        given = cupy.full((), norm, np.float32)
        getattr(file, step)(params, grads[0], m, v, norm=given, clip=clip, **arguments)
        assert bits([params.buffer, m, v]) == before
    getattr(file, step)(params, grads[1], m, v, norm=cupy.ones((), np.float32), clip=0, **arguments)
    assert bits([params.buffer, m, v]) != before


@pytest.mark.parametrize("size", [1, 3, 4, 1000, 20_001])
def test_global_norm(cupy, size):
    file, (x,) = module("adamw"), draw(size)
    wanted = np.sqrt((x.astype(np.float64) ** 2).sum())
    for norm in (file.norm_kernel, file.norm_plain):
        assert_near(norm(cupy.asarray(x)), wanted, 1e-6)
    x[size // 2] = np.inf
    assert not np.isfinite(file.norm_kernel(cupy.asarray(x)).get())


# --- the table ------------------------------------------------------------------------------------


def test_a_table_has_all_functions_compiled_as_variants_says(cupy, monkeypatch):
    launch, file, used = module("launch"), module("table"), set()
    compiled = launch.compiled

    def note(xp, name, macros=()):
        used.add((name, macros))
        return compiled(xp, name, macros)

    monkeypatch.setattr(launch, "compiled", note)
    for cache in (file._table, file.usable, module("adamw").why_not_kernel):
        cache.cache_clear()
    tables = {precision: kernels.fastest(cupy, precision) for precision in TOLERANCE}
    for precision, table in tables.items():
        assert file.usable(cupy, precision) == {}
        assert set(vars(table)) == set(kernels.__all__) - {"fastest", "family"}
        assert kernels.fastest(cupy, precision) is table
        for name in ("linear", "mlp", "unembedding", "head_loss", "loss_only", "attention"):
            assert getattr(table, name).keywords == {"precision": precision}
    assert len({table.linear for table in tables.values()}) == 3
    assert len({table.layernorm for table in tables.values()}) == 1

    known = {(name, tuple(sorted(macros.items())))
             for name, variants in file.VARIANTS.items() for macros in variants}  # fmt: skip
    assert used <= known
    attention = {each for each in known if each[0] == "attention.cu"}
    assert used - attention == known - attention
    files = {path.name for path in launch.SOURCE.glob("*.cu")}
    assert files == {name for name, _ in known}


def test_a_students_part_is_honoured(cupy):
    """With another linear or GELU in the table, the MLP is made of them; so with the head."""
    table, calls = kernels.fastest(cupy), []
    x, *weights = map(cupy.asarray, draw((4, 5), (5, 8), (8, 5), (9, 5)))

    def noted(name):
        def function(*arguments, **options):
            calls.append(name)
            return getattr(table, name)(*arguments, **options)

        return function

    def run(name):
        parts = SimpleNamespace(**{**vars(table), name: noted(name)})
        c_fc, c_proj = ({"weight": weight} for weight in weights[:2])
        y, cache = parts.mlp(x, c_fc, c_proj, parts=parts)
        wanted = [{"weight": weight.get()} for weight in weights[:2]]
        assert_near(y, layers.mlp(x.get(), *wanted)[0], 3e-6)
        parts.mlp_backward(y, cache)
        loss, cache = parts.head_loss(x, weights[2], cupy.asarray(np.arange(4)), parts=parts)
        parts.head_loss_backward(1.0, cache)
        assert_near(parts.loss_only(x, weights[2], cupy.asarray(np.arange(4)), parts=parts),
                    loss.get(), 3e-6)  # fmt: skip

    counts = {"linear": 2, "linear_backward": 2, "gelu": 1, "gelu_backward": 1, "cross_entropy": 2,
              "unembedding": 2, "unembedding_backward": 1}  # fmt: skip
    for name, times in counts.items():
        calls.clear()
        run(name)
        assert calls == [name] * times
    calls.clear()
    run("relu")
    assert calls == []


BROKEN = {"layernorm": ["layernorm"], "dropout": ["dropout"], "sort_ids": ["embedding"],
          "to_bf16": ["linear", "mlp"]}  # fmt: skip


@pytest.mark.parametrize(("broken", "groups"), BROKEN.items(), ids=list(BROKEN))
def test_what_fails_or_is_wrong_is_replaced_and_told(cupy, broken, groups, monkeypatch):
    file, real = module("table"), module("launch").launch
    fast = file.fast_table("bf16")

    def failing(xp, name, kernel, *arguments, **macros):
        if kernel != broken:
            return real(xp, name, kernel, *arguments, **macros)
        if broken == "dropout":  # wrong numbers
            return arguments[3].fill(0)
        raise RuntimeError("no such kernel\non this GPU")

    for name in ("columns", "layernorm", "mlp", "embedding", "head_loss", "dropout", "matmul"):
        monkeypatch.setattr(module(name), "launch", failing)
    monkeypatch.setattr(file, "GROUPS", {name: file.GROUPS[name] for name in [*groups, "gelu"]})
    monkeypatch.setattr(file, "fast_table", lambda precision: fast)
    monkeypatch.setattr(file, "usable", file.usable.__wrapped__)
    table, reasons = file._table.__wrapped__(cupy, "bf16"), file.usable(cupy, "bf16")
    assert list(reasons) == groups
    for name in groups:
        assert all(getattr(table, each) is getattr(layers, each, None) or "clear" in
                   getattr(table, each).__name__ for each in file.GROUPS[name])  # fmt: skip
        said = f"{name} fails with RuntimeError: no such kernel"
        assert reasons[name] == said or broken == "dropout" and "result 0 by 1 " in reasons[name]
    assert table.gelu is module("mlp").gelu


def test_what_is_switched_off_is_not_even_tried(cupy, monkeypatch):
    file, tried = module("table"), []
    monkeypatch.setenv("MINIGPT_PLAIN", "attention,gelu")
    monkeypatch.setattr(file, "why_not", lambda xp, name, *rest: tried.append(name))
    monkeypatch.setattr(file, "usable", file.usable.__wrapped__)
    table = file._table.__wrapped__(cupy, "tf32")
    assert table.attention is layers.attention and table.gelu is layers.gelu
    assert table.layernorm is not layers.layernorm
    assert set(tried) == set(file.GROUPS) - {"attention", "gelu"}
    assert file.usable(cupy, "tf32")["gelu"] == "gelu is switched off by MINIGPT_PLAIN"
