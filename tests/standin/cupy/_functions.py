"""CuPy's functions: its own here, all others NumPy's, with CuPy's parameters."""

from __future__ import annotations

import numpy as np

from cupy._array import LOOKS, call, dirty, ndarray, unwrap, wrap
from cupy._manifest import MISSING, NAMES, check
from cupy._state import state

KEYWORDS = {"out", "casting", "dtype"}  # of every function of elements
SUPPORTED = {
    "at": ("add", "maximum", "minimum"),
    "reduce": ("add", "multiply"),
    "reduceat": ("add",),
    "accumulate": ("add", "multiply"),
}
SEQUENCES = set("concatenate concat stack hstack vstack dstack column_stack row_stack".split())
ALIASES = {"float_": "float64", "complex_": "complex128", "int_": "int64"}
PLAIN = (bool, int, float, complex, np.generic)


class ufunc:  # noqa: N801, CuPy's own name
    """A function of elements, such as `cupy.add`."""

    def __init__(self, function: np.ufunc):
        self._function, self.__name__, self.name = function, function.__name__, function.__name__
        self.nin, self.nout, self.nargs = function.nin, function.nout, function.nargs

    def __call__(self, *arguments, **options):
        if wrong := options.keys() - KEYWORDS:
            raise TypeError(f"Wrong arguments {sorted(wrong)}")
        if not self.nin <= len(arguments) <= self.nargs:
            raise TypeError(f"Wrong number of arguments for {self.name}: {len(arguments)}")
        return call(self._function, arguments, options)

    def _supported(self, method: str):
        if self.name not in SUPPORTED[method]:
            raise NotImplementedError(f"`cupy_{self.name}.{method}` is not supported yet")
        return getattr(self._function, method)

    def at(self, a, indices, b=None):
        """Places that occur twice in the indices count twice."""
        call(self._supported("at"), (a, indices, b), {})

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        """As `sum` for `add`."""
        options = {"axis": axis, "dtype": dtype, "out": out, "keepdims": keepdims}
        return call(self._supported("reduce"), (array,), options)

    def reduceat(self, array, indices, axis=0, dtype=None, out=None):
        """As `reduce`, for each piece from one index to the next."""
        options = {"axis": axis, "dtype": dtype, "out": out}
        return call(self._supported("reduceat"), (array, indices), options)

    def accumulate(self, array, axis=0, dtype=None, out=None):
        """As `cumsum` for `add`."""
        options = {"axis": axis, "dtype": dtype, "out": out}
        return call(self._supported("accumulate"), (array,), options)

    def outer(self, A, B, **options):
        """For all pairs."""
        return call(self._function.outer, (A, B), options)


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    """An array of the device, from numbers, lists or an array of the host."""
    if isinstance(obj, ndarray):
        copied = np.array(obj._a, dtype, copy=copy or None, order=order, ndmin=ndmin)
        return wrap(copied, [obj])
    if isinstance(obj, (list, tuple)) and any(isinstance(x, ndarray) for x in obj):
        if not all(isinstance(x, ndarray) for x in obj):
            raise TypeError("Implicit conversion to a NumPy array is not allowed.")
        return wrap(np.array(unwrap(list(obj)), dtype, ndmin=ndmin))
    found = np.array(obj, dtype, order=order, ndmin=ndmin)
    if found.dtype.kind not in "biufc":
        raise ValueError(f"Unsupported dtype {found.dtype}")
    state.uploads += 1
    if blocking:
        state.note_wait()
    return wrap(found)


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    """As `array`; what is on the device already, in this dtype, is not copied."""
    return array(a, dtype, bool(copy), order or "K", blocking=blocking)


def ascontiguousarray(a, dtype=None):
    """The array itself, or a copy whose rows lie one after another."""
    if not isinstance(a, ndarray):
        raise TypeError("Argument 'a' has incorrect type")
    return call(np.ascontiguousarray, (a, dtype), {})


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    """A copy on the host."""
    return a.get(stream, order, out, blocking) if isinstance(a, ndarray) else np.asarray(a)


def empty(shape, dtype=float, order="C"):
    """Fresh memory; what is in it is nonsense."""
    return wrap(dirty(np.empty(shape, dtype, order)))


def empty_like(prototype, dtype=None, order="K", subok=None, shape=None):
    """Fresh memory as of an array, of the device or of the host."""
    return wrap(dirty(np.empty_like(_either(prototype), dtype, order, shape=shape)))


def zeros_like(a, dtype=None, order="K", subok=None, shape=None):
    """Zeros as of an array, of the device or of the host."""
    return wrap(np.zeros_like(_either(a), dtype, order, shape=shape))


def ones_like(a, dtype=None, order="K", subok=None, shape=None):
    """Ones as of an array, of the device or of the host."""
    return wrap(np.ones_like(_either(a), dtype, order, shape=shape))


def full(shape, fill_value, dtype=None, order="C"):
    """One number everywhere."""
    if isinstance(fill_value, np.ndarray) and fill_value.ndim:
        raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
    return wrap(np.full(shape, _either(fill_value), dtype, order))


def where(condition, x=None, y=None):
    """x where the condition holds, else y; with the condition alone, the places where it holds."""
    if not isinstance(condition, ndarray):
        raise (TypeError if isinstance(condition, np.ndarray) else AttributeError)("condition")
    if x is None and y is None:
        return nonzero(condition)
    for value in (x, y):
        if not isinstance(value, (ndarray, *PLAIN)):
            raise TypeError(f"Unsupported type {type(value)}")
    return call(np.where, (condition, x, y), {})


def nonzero(a):
    """The places that are not 0; how many there are is copied to the host."""
    return a.nonzero()


def copyto(dst, src, casting="same_kind", where=None):
    """Write src into dst."""
    if isinstance(src, np.ndarray) and src.ndim:
        raise ValueError("non-scalar numpy.ndarray cannot be used for copyto")
    options = {"casting": casting, **({} if where is None else {"where": where})}
    call(np.copyto, (dst, src), options)


def get_array_module(*args):
    """This module if one of the arguments is on the device, else NumPy."""
    import cupy

    return cupy if any(isinstance(x, ndarray) for x in args) else np


def _either(x):
    return x._a if isinstance(x, ndarray) else x


def named(name: str):
    """What `cupy.<name>` is, where it is not defined above.

    Raises:
        AttributeError: if CuPy has no such name, or the stand-in does not.
    """
    if name not in NAMES:
        raise AttributeError(f"module 'cupy' has no attribute {name!r}")
    original, text = getattr(np, ALIASES.get(name, name), None), NAMES[name]
    if text == "ufunc" and isinstance(original, np.ufunc):
        return ufunc(original)
    if text.startswith("(") and callable(original):
        return _function(name, text, original)
    is_type = isinstance(original, type) and issubclass(original, (np.generic, np.dtype))
    if is_type or name in ("finfo", "iinfo", "newaxis") or isinstance(original, float):
        return original
    raise AttributeError(MISSING.format(f"cupy.{name}"))


def _function(name: str, text: str, original):
    def function(*arguments, **options):
        check(name, text, arguments, options)
        parts = arguments[0] if arguments and name in SEQUENCES else ()
        if not all(isinstance(x, (ndarray, np.ndarray)) for x in parts):
            raise TypeError("Argument 'a' has incorrect type")
        return call(original, arguments, options, name)

    function.__name__ = function.__qualname__ = name
    return function


assert set(LOOKS) <= set(NAMES), set(LOOKS) - set(NAMES)
