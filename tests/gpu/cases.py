"""What CuPy is asked: lines whose outcomes are in `manifest.json`, as the real one gave them.

`make_manifest.py` and `../gpu/check_cupy.py` ask the real CuPy, `test_standin.py` the stand-in. The
outcome of a line is the type, dtype and shape of its result, or the type of what it raises, and how
often it brings something to the host. No outcome may depend on numbers that a kernel computes.
"""

from __future__ import annotations

import copy
import math
import warnings

import numpy as np

LINES = """
x + x; x + 1; x + 1.0; 1.0 + x; x * True; x - x[0]; x / 8; x // 2; x % 2; x ** 2; x ** 0.5; 2 ** x
x + h; h + x; x + h[0]; h[0] + x; x + np.float64(3); np.float64(3) * x; x + np.array(3.0)
x / math.sqrt(8); x / np.sqrt(8); x * z; x * i[0]; x * i; i / 2; i * 2.0; i + h[0]; x * f64
i ** 2
x == x; x != h; x > 0; x > z; -x; abs(x); ~b; b & b; b | ~b; +x; x @ x.T; y @ y; x @ h; x @ y
x += 1; x += h; x *= z; x += f64; x *= np.float64(2); i += 1; i += 1.5; i /= 2; z += 1; z *= y[0]
x @= x.T; b &= b; b &= ~b; x[0] += 1; x[i] += 1; x[i, i] -= 1; y **= 2
x.sum(); x.sum(axis=-1); x.sum(axis=(0, 1)); x.sum(axis=0, keepdims=True); b.sum(); i.sum()
x.mean(); x.mean(axis=-1, keepdims=True); i.mean(); b.mean(); x.var(axis=-1); x.std(); x.max()
x.max(axis=-1, keepdims=True); x.min(); x.ptp(); x.prod(); x.argmax(); x.argmax(axis=-1); x.any()
x.all(axis=0); x.cumsum(); b.cumsum(axis=1); x.clip(0); x.clip(0, 1); x.clip(-1, None); i.clip(1)
x.sum(dtype="float64"); x.sum(dtype="float32"); x.sum(where=b); x.sum(initial=0); x.max(initial=0)
x.round(1); x.conj(); x.trace(); x.diagonal(); x.dot(y); x.dot(h); x.take(i); x.take(i, axis=0)
x.copy(); x.copy(order="F"); x.astype("float64"); x.astype(cupy.int32); x.astype("f4", copy=False)
x.view("int32"); x.view(cupy.uint16); x.reshape(-1); x.reshape(2, -1); x.reshape((4, 3))
x.ravel()
x.flatten(); x.squeeze(); x.T; x.swapaxes(0, 1); x.transpose(1, 0); x.repeat(2)
x.repeat(2, axis=0)
x.fill(0); x.sort(); y.argsort(); y.searchsorted(y); y.put(i, 1); x.real; x.imag
x.shape; x.size; x.ndim; x.nbytes; x.itemsize; x.dtype; x.strides; x.data.ptr; x.device; x.base
x.flags.c_contiguous; x.T.flags.f_contiguous; x.flags.owndata; x.flags.writeable; x.flat; x.mT
x.foo; x.ctypes; x.resize; x.newbyteorder; x.tostring; x.itemset; x.setflags; x.getfield
float(z); int(z); bool(z); complex(z); z.item(); y[0].item(); y.item(0); float(y); bool(x)
1 if z else 0; math.sqrt(z); str(z); repr(z); f"{z:.3f}"; format(z, ".3f"); round(z); hash(x)
x.get(); x.tolist(); x.tobytes(); bytes(x); len(x); list(y); sum(y)
range(i[0]); [1, 2, 3][i[0]]; h[i]; h[i[0]]; h[z > 0]; x is x; x in [x]; not z; z and z; x == None
np.asarray(x); np.array(z); np.array([z]); memoryview(x); float(x.sum()); x.__array__()
x.set(full); x.set(full.astype("f8")); x.set(h); x.T.set(full.T); x.get(out=full)
x.get(order="F")
x[0]; x[1, 2]; x[9]; x[-1]; x[...]; x[..., -1]; x[:, 1:3]; x[::2]; x[::-1]; x[:, None]; x[None]
x[i]; x[i, i]; x[:, i]; x[i, :2]; x[[0, 1]]; x[np.array([0, 1])]; x[(0, 1), (1, 2)]; x[i[0]]
x[i, [0, 1, 2]]; y[cupy.asarray([9])]; y[cupy.asarray([-9])]; x[none]; x[none[0], 0]; x[b] = 1
x[None, ..., 0]; x[np.int64(0)]; x[np.array(0)]; x[0:i[0]]; x[f64]
x[0] = 1; x[1, 2] = 3.0; x[...] = 0; x[...] = x; x[...] = h; x[:] = h; x[0] = h
x[1] = [1, 2, 3, 4]
x[0] = np.float32(3); x[...] = np.array(3.0); x[i] = 0; x[i, i] = y[:3]; x[none] = 0
x[:, 0] = y[:3]; x[0, 0] = z; x[0] = y.astype("f8"); x[9] = 1; x[0] = True; x[i] = x[i]
x[b] = h[0]
cupy.add(x, 1); cupy.add(x, x, out=x); cupy.add(x, f64, out=x); cupy.add(x, x, where=b)
cupy.add(x, 1, out=y); cupy.sqrt(x, out=x); cupy.sqrt(2.0); cupy.maximum(x, 0); cupy.maximum(1, 2)
cupy.multiply(x, x, dtype="float64"); cupy.add(x, x, casting="no"); cupy.add(x, x, order="C")
cupy.divide(x, x, out=x); cupy.tanh(h); cupy.exp(x); cupy.log(x); cupy.abs(x); cupy.rint(x)
cupy.isfinite(x); cupy.isfinite(x).all(); cupy.logical_not(b); cupy.reciprocal(x); cupy.square(x)
cupy.add.at(x, i, x[i]); cupy.add.reduceat(y, i); cupy.add.reduce(x); cupy.maximum.reduce(x)
cupy.multiply.at(x, i, x[i]); cupy.maximum.at(x, i, x[i]); cupy.add.accumulate(y)
cupy.add.outer(y, y)
cupy.multiply.reduceat(y, i); cupy.multiply.outer(y, y); cupy.multiply.reduce(y)
cupy.sum(x, axis=0); cupy.sum(x, where=b); cupy.mean(x, dtype="f4"); cupy.max(x); cupy.amax(x)
cupy.where(b, x, 0); cupy.where(b, x, 0.0); cupy.where(b, h, 0); cupy.where(b, x, f64)
cupy.where(none)
cupy.where(b, x, cupy.finfo(x.dtype).min); cupy.where(b, np.float64(1), x)
cupy.where(b, 1.0, 0.0)
cupy.where(h > 0, 1.0, x[0]); cupy.where(z > 0, x, 0); cupy.where(b, z, 0)
cupy.einsum("ij,kj->ik", x, x); cupy.einsum("ij,kj->ik", x, x, out=x)
cupy.dot(y, y); cupy.matmul(x, x.T); cupy.vdot(y, y); cupy.outer(y, y); cupy.linalg.norm(y)
cupy.tensordot(x, x, 2); cupy.inner(y, y); cupy.matmul(x, x.T, out=cupy.empty((3, 3), "f4"))
cupy.concatenate([x, x]); cupy.concatenate([x, x], axis=-1); cupy.concatenate([x, full])
cupy.stack([z, z]); cupy.stack([z, 1.0]); cupy.asarray([z, z]); cupy.asarray([z, 1.0])
cupy.array(z)
cupy.split(x, 2, axis=-1); cupy.array_split(y, 3); cupy.tile(y, 2); cupy.repeat(y, 2)
cupy.roll(y, 1)
cupy.flip(y); cupy.expand_dims(y, 0); cupy.broadcast_to(y, (3, 4)); cupy.pad(x, 1); cupy.triu(x)
cupy.moveaxis(x, 0, 1); cupy.hstack([y, y]); cupy.vstack([y, y]); cupy.squeeze(x); cupy.ravel(x)
cupy.array([1.0, 2.0]); cupy.array([1, 2]); cupy.array([1.0], dtype="f4"); cupy.asarray(h)
cupy.asarray(h, "f8"); cupy.asarray(h, dtype="int32"); cupy.asarray(x) is x; cupy.array(x) is x
cupy.asarray(3.0); cupy.asarray(3); cupy.asarray(True); cupy.asarray(np.float32(3))
cupy.asarray("a")
cupy.asarray(x, dtype="f4") is x; cupy.asarray(i, dtype="f4"); cupy.ascontiguousarray(x) is x
cupy.ascontiguousarray(x.T); cupy.ascontiguousarray(h); cupy.asnumpy(x); cupy.asnumpy(h)
cupy.empty((2,)); cupy.empty((2,), "f4"); cupy.empty((2,), cupy.uint16); cupy.empty_like(x)
cupy.zeros((2,)); cupy.zeros((), "f4"); cupy.zeros_like(x); cupy.zeros_like(h)
cupy.ones((2,), "f4")
cupy.ones_like(x); cupy.full((2,), 3.0); cupy.full((2,), 3.0, "f4"); cupy.full((2,), z)
cupy.full_like(x, 2); cupy.zeros_like(x, dtype=cupy.uint16); cupy.full((2,), h[0])
cupy.full((2,), h[:2])
cupy.arange(3); cupy.arange(1, 3, dtype="f4"); cupy.arange(3.0); cupy.eye(3)
cupy.tri(3, 4, 1, dtype=bool); cupy.tri(3, 4, dtype="f4"); cupy.linspace(0, 1, 5)
cupy.identity(3)
cupy.nan_to_num(x); cupy.clip(x, 0, 1); cupy.cumsum(y); cupy.argsort(y); cupy.sort(y)
cupy.diff(y)
cupy.compress(none[0], x); cupy.nonzero(none)
cupy.flatnonzero(none); cupy.argwhere(none); cupy.take(x, i, axis=0)
cupy.take_along_axis(x, x.argsort(), 1); cupy.bincount(i, minlength=7); cupy.count_nonzero(none)
cupy.array_equal(y, y); cupy.allclose(y, y); cupy.isclose(y, y); cupy.copyto(x, x)
cupy.copyto(x, h)
cupy.put(y, i, 1); cupy.median(y); cupy.partition(y, 2); cupy.searchsorted(y, y)
cupy.shares_memory(x, x)
cupy.may_share_memory(x, x); cupy.shape(x); cupy.ndim(x); cupy.size(x); cupy.isscalar(1.0)
cupy.result_type(x, 1.0); cupy.can_cast("f8", "f4"); cupy.finfo("f4").min; cupy.dtype("f4")
cupy.float32(3); cupy.errstate(all="ignore"); cupy.seterr(all="ignore"); cupy.foo; cupy.erf
cupy.inf
cupy.newaxis; cupy.pi; cupy.float_; cupy.bool_; cupy.intp; cupy.ndarray; cupy.ufunc
cupy.iinfo("i4").max
cupy.get_array_module(x).__name__; cupy.get_array_module(h).__name__; cupy.iscomplexobj(x)
np.tanh(x); np.add(x, x); np.add(x, h); np.sum(x); np.mean(x, axis=-1); np.concatenate([x, x])
np.where(b, x, 0); np.isfinite(x); np.isfinite(x).all(); np.exp(x, out=x); np.stack([z, z])
np.sqrt(z)
np.add.at(x, i, x[i]); np.add.reduce(x); np.linalg.norm(y); np.dot(y, y); np.matmul(x, x.T)
np.max(x)
np.concatenate([x, full]); np.tanh(h, out=y); np.asarray(y, dtype="f4"); np.zeros_like(x)
np.testing.assert_allclose(x, x); np.shape(x); np.ascontiguousarray(x); np.array_equal(y, y)
np.size(x)
np.multiply(2.0, x); np.prod(x.shape); np.float32(z); np.full(3, z)
full[0] = y; full[0, 0] = z; full += x; h[0] + z; h * z; np.negative(x, where=b)
np.einsum("ij->i", x)
x * own; own * x; x *= own; copy.deepcopy(x); copy.copy(x)
cupy.random.default_rng(0).permutation(3)
"""


class Own:
    """Something that wants to be multiplied by its own rules."""

    __array_ufunc__ = None
    __rmul__ = __mul__ = lambda self, other: True


def lines() -> list[str]:
    """The lines one by one."""
    return [part.strip() for part in LINES.replace("\n", ";").split(";") if part.strip()]


def things(cupy) -> dict:
    """What the lines speak about, fresh for each."""
    full = np.arange(12, dtype=np.float32).reshape(3, 4)
    none = np.zeros((3, 4), bool)
    x = cupy.asarray(full)
    return {
        **{"cupy": cupy, "np": np, "math": math, "copy": copy},
        **{"full": full.copy(), "h": full[0].copy()},  # on the host
        **{"x": x, "y": cupy.asarray(full[0]), "z": cupy.asarray(full)[1, 1]},
        **{"own": Own(), "f64": x.astype("f8"), "i": cupy.asarray(np.array([0, 2, 1]))},
        **{"b": cupy.asarray(full > 5), "none": cupy.asarray(none)},
    }


def outcome(line: str, given: dict, to_host) -> str:
    """What a line gives, for `given` as of `things`; `to_host()` counts copies to the host."""
    before = to_host()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = _run(line, given)
    except Exception as error:
        return type(error).__name__
    copies = to_host() - before
    return result + (f", {copies} to the host" if copies else "")


def _run(line: str, given: dict) -> str:
    try:
        code = compile(line, "line", "eval")
    except SyntaxError:
        exec(line, given)
        return "done"
    return _described(eval(code, given), given["cupy"])


def _described(result, cupy) -> str:
    if isinstance(result, cupy.ndarray):
        return f"{result.dtype} {result.shape}"
    if isinstance(result, (list, tuple)) and any(isinstance(x, cupy.ndarray) for x in result):
        return f"{type(result).__name__} of {', '.join(_described(x, cupy) for x in result)}"
    if isinstance(result, np.ndarray):
        return f"NumPy's {result.dtype} {result.shape}"
    if isinstance(result, (bool, str)) and len(str(result)) < 6:
        return repr(result)
    return result.__name__ if isinstance(result, type) else type(result).__name__
