"""`ndarray`: an array on the device. It holds a NumPy array and lets nobody see it."""

from __future__ import annotations

import functools

import numpy as np

from cupy import _index
from cupy._manifest import MISSING, NDARRAY, check
from cupy._state import state

REFUSED = (
    "Implicit conversion to a NumPy array is not allowed. "
    "Please use `.get()` to construct a NumPy array explicitly."
)
# How often these look at the device, to know the size of their result or to check it.
LOOKS = {
    **dict.fromkeys("nonzero flatnonzero argwhere compress extract delete unique".split(), 1),
    **dict.fromkeys("union1d unique_values unique_inverse histogram nanmax nanmin".split(), 1),
    **dict.fromkeys("bincount argpartition tril_indices triu_indices putmask".split(), 2),
    **dict.fromkeys("setdiff1d intersect1d setxor1d unique_counts unravel_index".split(), 2),
}
NUMBERS = {"allclose", "array_equal", "array_equiv", "count_nonzero"}  # of the device, as CuPy's


def wrap(result, reuse=()):
    """NumPy's arrays and scalars as arrays of the device, within tuples and lists too."""
    if isinstance(result, (tuple, list)):
        return type(result)([wrap(item, reuse) for item in result])
    if not isinstance(result, (np.generic, np.ndarray)):
        return result
    for x in reuse:
        if x._a is result:
            return x
    return ndarray._of(np.asarray(result))


def unwrap(x):
    """The NumPy array behind an array of the device, within tuples and lists too.

    Raises:
        TypeError: for an array on the host.
    """
    if isinstance(x, ndarray):
        return x._a
    if isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    return type(x)([unwrap(item) for item in x]) if type(x) in (list, tuple) else x


def call(function, arguments: tuple, options: dict, name: str = ""):
    """NumPy's function on what is behind the arguments; its results are on the device."""
    for _ in range(LOOKS.get(name, 0)):
        state.note_transfer()
    reuse = [x for x in (*arguments, *options.values()) if isinstance(x, ndarray)]
    plain = [unwrap(x) for x in arguments]
    options = {key: unwrap(value) for key, value in options.items()}
    try:
        with np.errstate(all="ignore"):  # a GPU says nothing
            result = function(*plain, **options)
    except TypeError as error:  # one of NumPy's own kinds
        raise TypeError(str(error)) from None
    return wrap(np.asarray(result) if name in NUMBERS else result, reuse)


class Flags:
    """`x.flags`."""

    def __init__(self, flags):
        self.c_contiguous, self.f_contiguous = flags.c_contiguous, flags.f_contiguous
        self.owndata, self.forc, self.fnc = flags.owndata, flags.forc, flags.fnc


class MemoryPointer:
    """`x.data`: where the numbers lie."""

    def __init__(self, array: np.ndarray):
        self.ptr, self.device_id, self._keep = array.ctypes.data, 0, array


class flatiter:  # noqa: N801, CuPy's own name
    """`x.flat`."""

    def __init__(self, x: ndarray):
        self._x = x

    def __getitem__(self, index):
        return wrap(self._x._a.flat[index])


class ndarray:  # noqa: N801, CuPy's own name
    """An array on the device; see `wrap`."""

    __array_priority__ = 100
    __hash__ = None
    __slots__ = ("__weakref__", "_a")

    def __init__(self, shape, dtype=float, memptr=None, strides=None, order="C"):
        if memptr is not None or strides is not None:
            raise NotImplementedError(MISSING.format("ndarray(memptr=, strides=)"))
        self._a = dirty(np.empty(shape, dtype, order))
        state.note_array(self._a)

    @classmethod
    def _of(cls, array: np.ndarray) -> ndarray:
        state.note_array(array)
        self = cls.__new__(cls)
        self._a = array
        return self

    def __getattr__(self, name: str):
        if name in NDARRAY:
            raise AttributeError(MISSING.format(f"ndarray.{name}"))
        raise AttributeError(f"'ndarray' object has no attribute {name!r}")

    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    nbytes = property(lambda self: self._a.nbytes)
    itemsize = property(lambda self: self._a.itemsize)
    strides = property(lambda self: self._a.strides)
    flags = property(lambda self: Flags(self._a.flags))
    data = property(lambda self: MemoryPointer(self._a))
    flat = property(flatiter)
    T = property(lambda self: wrap(self._a.T))
    mT = property(lambda self: wrap(self._a.swapaxes(-1, -2)))  # noqa: N815
    real = property(lambda self: wrap(self._a.real, [self]))
    imag = property(lambda self: wrap(self._a.imag.copy()))
    base = property(lambda self: None if self._a.base is None else wrap(self._a.base))
    shape = property(lambda self: self._a.shape, lambda self, s: setattr(self._a, "shape", s))

    @property
    def device(self):
        """The GPU on which it lies."""
        from cupy.cuda import Device

        return Device(0)

    def get(self, stream=None, order="C", out=None, blocking=True) -> np.ndarray:
        """A copy on the host."""
        state.note_transfer()
        if out is None:
            return np.array(self._a, order=order, copy=True)
        if out.dtype != self.dtype or out.shape != self.shape:
            raise ValueError("out has another shape or dtype")
        np.copyto(out, self._a)
        return out

    def set(self, arr, stream=None) -> None:
        """Write an array of the host, of the same shape and dtype, to the device."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if self.dtype != arr.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if self.shape != arr.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if not self._a.flags.forc:
            raise RuntimeError("Cannot set to non-contiguous array")
        state.uploads += 1
        state.send(arr)
        self._a[...] = arr

    def _number(self, convert):
        state.note_transfer()
        if self.size != 1:
            raise TypeError("only length-1 arrays can be converted to Python scalars")
        return convert(self._a.reshape(()))

    def __bool__(self):
        if self.size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous.")
        return self._number(bool)

    __float__ = lambda self: self._number(float)  # noqa: E731
    __int__ = lambda self: self._number(int)  # noqa: E731
    __complex__ = lambda self: self._number(complex)  # noqa: E731

    def item(self):
        """The one number, on the host."""
        return self._number(np.ndarray.item)

    def tolist(self):
        """Nested lists, on the host."""
        return self.get().tolist()

    def tobytes(self, order="C") -> bytes:
        """The bytes, on the host."""
        return self.get().tobytes(order)

    __bytes__ = tobytes
    __repr__ = lambda self: repr(self.get())  # noqa: E731
    __str__ = lambda self: str(self.get())  # noqa: E731
    __format__ = lambda self, spec: format(self.get(), spec)  # noqa: E731
    __len__ = lambda self: len(self._a)  # noqa: E731
    __copy__ = lambda self: self.copy()  # noqa: E731
    __deepcopy__ = lambda self, memo: self.copy()  # noqa: E731

    def __iter__(self):
        return (self[i] for i in range(len(self._a)))

    def __array__(self, dtype=None, copy=None):
        raise TypeError(REFUSED)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        own = getattr(_cupy(), ufunc.__name__, None)
        if own is None:
            return NotImplemented
        if isinstance(options.get("out"), tuple):
            (options["out"],) = options["out"]
        return (own if method == "__call__" else getattr(own, method))(*inputs, **options)

    def __array_function__(self, function, types, arguments, options):
        if not all(kind in (ndarray, np.ndarray) for kind in types):
            return NotImplemented
        try:
            path = [*function.__module__.split(".")[1:], function.__name__]
            own = functools.reduce(getattr, path, _cupy())
        except AttributeError:
            return NotImplemented
        return own(*arguments, **options)

    def __getitem__(self, index):
        return wrap(self._a[_index.on_host(index, self.shape, ndarray)])

    def __setitem__(self, index, value):
        if isinstance(value, (np.ndarray, list, tuple)) and np.ndim(value):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        value = np.asarray(value) if isinstance(value, np.ndarray) else unwrap(value)
        self._a[_index.on_host(index, self.shape, ndarray)] = value


def _cupy():
    import cupy

    return cupy


def dirty(array: np.ndarray) -> np.ndarray:
    """Fill fresh memory with what gives nonsense when it is read: NaN, or a huge number."""
    if array.dtype.kind in "fc":
        array.fill(np.nan)
    elif array.dtype.kind in "iu":
        array.fill(np.iinfo(array.dtype).max // 2)
    return array


BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "matmul": "matmul",
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
COMPARISONS = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "eq": "equal", "ne": "not_equal",
}  # fmt: skip
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}


def _operator(name: str):
    def operator(x, y):
        if getattr(y, "__array_ufunc__", 0) is None:  # the other one's operator is asked
            return NotImplemented
        return getattr(_cupy(), name)(x, y)

    return operator


def _add_operators() -> None:
    """Define `x + y` and all others by the functions of these names."""
    for short, name in {**BINARY, **COMPARISONS}.items():
        setattr(ndarray, f"__{short}__", _operator(name))
    for short, name in BINARY.items():
        setattr(ndarray, f"__r{short}__", lambda x, y, name=name: getattr(_cupy(), name)(y, x))
        if f"__i{short}__" in NDARRAY:
            in_place = lambda x, y, name=name: getattr(_cupy(), name)(x, y, out=x)  # noqa: E731
            setattr(ndarray, f"__i{short}__", in_place)
    for short, name in UNARY.items():
        setattr(ndarray, f"__{short}__", lambda x, name=name: getattr(_cupy(), name)(x))


def _add_methods() -> None:
    """Define CuPy's methods that NumPy has too, with CuPy's parameters."""
    for name, text in NDARRAY.items():
        function = getattr(np.ndarray, name, None) or getattr(np, name, None)
        if text.startswith("(") and name not in vars(ndarray) and function is not None:
            setattr(ndarray, name, _method(name, text, function))


def _method(name: str, text: str, function):
    wraps = {"mode": "wrap"} if name in ("take", "put") else {}  # out of range: silently

    def method(self, *arguments, **options):
        check(name, text, arguments, options)
        return call(function, (self, *arguments), {**wraps, **options}, name)

    method.__name__ = name
    return method


_add_operators()
_add_methods()
ndarray.__module__ = "cupy"
