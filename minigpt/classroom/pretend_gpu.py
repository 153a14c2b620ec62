"""Arrays that behave as CuPy's do where that differs from NumPy, on a machine without a GPU.

They answer to the functions of their own library, and to NumPy's where NumPy hands the call over
(`np.exp(x)`, `np.sum(x)`). Like CuPy's, they refuse to be mixed with NumPy's arrays and to become
one: what a student made by `np.zeros(…)` lives on another machine. So "runs on a GPU" can be
checked in every classroom. (The tests of minigpt's own kernels use a stricter and larger stand-in.)
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

NAME = "minigpt_pretend_gpu"


class Mixed(TypeError):
    """An array of NumPy's met one of the GPU's."""


MIXED = (
    "an array of NumPy's meets an array of the GPU; make it with xp, which is "
    "get_array_module(x), instead of np"
)


class Array(NDArrayOperatorsMixin):
    """An array that lives elsewhere."""

    __array_priority__ = 100

    def __init__(self, values: np.ndarray):
        self._values = np.asarray(values)

    def get(self) -> np.ndarray:
        """A copy on the host."""
        return self._values.copy()

    def __array__(self, *args, **kwargs):
        raise Mixed(MIXED)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, where=True, **kwargs):
        if where is not True:
            raise TypeError("CuPy's functions know no `where=`; use xp.where")
        outs = () if out is None else out
        with np.errstate(all="ignore"):
            result = getattr(ufunc, method)(
                *(_enter(x) for x in inputs),
                **kwargs,
                **({"out": tuple(_enter(x) for x in outs)} if outs else {}),
            )
        return outs[0] if outs and outs[0] is not None else _leave(result)

    def __array_function__(self, function, kinds, args, kwargs):
        return _call(function, args, kwargs)

    def __getitem__(self, index):
        return _leave(self._values[_enter(index)])

    def __setitem__(self, index, value):
        self._values[_enter(index)] = _enter(value)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self._values, name)
        return _wrapped(found) if callable(found) else _leave(found)

    def __setattr__(self, name, value):
        if name == "_values":
            object.__setattr__(self, name, value)
        else:  # such as x.shape = …
            setattr(self._values, name, value)

    def __format__(self, how):
        return format(self._values, how)

    def __len__(self):
        return len(self._values)

    def __iter__(self):
        return (_leave(x) for x in self._values)

    def __bool__(self):
        return bool(self._values)

    def __float__(self):
        return float(self._values)

    def __int__(self):
        return int(self._values)

    def __index__(self):
        return self._values.__index__()

    def __repr__(self):
        return f"gpu {self._values!r}"


Array.__module__ = NAME


class _Ufunc:
    """`xp.add`, a ufunc with a method: xp.add.at(x, ids, values)."""

    def __init__(self, ufunc):
        self.ufunc = ufunc

    def __call__(self, *args, **kwargs):
        return _call(self.ufunc, args, kwargs)

    def __getattr__(self, name):
        return _wrapped(getattr(self.ufunc, name))


class _Indexed:
    """`xp.ogrid[:3, :3]`, `xp.c_[a, b]`: functions that are written as an index."""

    def __init__(self, maker):
        self.maker = maker

    def __getitem__(self, index):
        return _leave(self.maker[_enter(index)])


class _Module(types.ModuleType):
    """The library: NumPy's functions, which return arrays of ours."""

    def __getattr__(self, name):
        found = getattr(np, name)
        if isinstance(found, np.ufunc):
            return _Ufunc(found)
        if name in ("c_", "r_", "ogrid", "mgrid"):
            return _Indexed(found)
        is_plain = isinstance(found, type) or not callable(found) or name in ("finfo", "iinfo")
        return found if is_plain else _wrapped(found)


def _wrapped(function: Callable) -> Callable:
    def call(*args, **kwargs):
        return _call(function, args, kwargs)

    return call


def _call(function, args, kwargs):
    with np.errstate(all="ignore"):
        found = function(*_enter(args), **{key: _enter(value) for key, value in kwargs.items()})
    return _leave(found)


def _enter(value):
    """What a function of ours may be given, as NumPy takes it; refuses NumPy's own arrays."""
    if isinstance(value, Array):
        return value._values
    if isinstance(value, np.ndarray) and value.ndim:
        raise Mixed(MIXED)
    if isinstance(value, (tuple, list)):
        return _like(value, (_enter(x) for x in value))
    return value


def _like(sequence, values):
    """A list or a tuple, as `sequence` is; a named tuple becomes a plain one."""
    return list(values) if isinstance(sequence, list) else tuple(values)


def _leave(value):
    if isinstance(value, np.ndarray):
        return Array(value)
    if isinstance(value, np.generic):  # every reduction is an array without dimensions
        return Array(np.asarray(value))
    if isinstance(value, (tuple, list)) and any(isinstance(x, np.ndarray) for x in value):
        return _like(value, (_leave(x) for x in value))
    return value


def to_device(values: np.ndarray) -> Array:
    """Copy an array to the machine that is not there."""
    if NAME not in sys.modules:
        module = _Module(NAME)
        module.ndarray = Array
        module.asarray = module.array = _make
        sys.modules[NAME] = module
    return Array(np.array(values))


def _make(value, dtype=None, **_):
    """`cupy.asarray`: the one door for arrays of NumPy's."""

    def plain(x):
        if isinstance(x, (list, tuple)):
            return [plain(inner) for inner in x]
        return x._values if isinstance(x, Array) else x

    return Array(np.array(plain(value), dtype=dtype))
