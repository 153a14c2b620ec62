"""The values that functions are given and return: compared, copied to plain forms, described."""

from __future__ import annotations

import inspect

import numpy as np

from minigpt.backend import to_host


def plain(value):
    """Numbers as arrays, sequences as lists: so that equal answers are equal."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        numbers = bool(value) and all(is_number(x) for x in value)
        return np.array([float(x) for x in value]) if numbers else [plain(x) for x in value]
    if is_number(value):
        return np.asarray(value)
    return np.array(value) if isinstance(value, np.ndarray) else value


def is_number(value) -> bool:
    """Whether a value is one number."""
    numbers = (bool, int, float, np.floating, np.integer, np.bool_)
    return isinstance(value, numbers)


def is_array(value) -> bool:
    """Whether a value is an array, on the host or on a device."""
    return isinstance(value, np.ndarray) or hasattr(value, "get") and hasattr(value, "shape")


def is_numeric(value) -> bool:
    """Whether a value is a real number, or an array of such."""
    if is_number(value):
        return True
    return is_array(value) and np.dtype(value.dtype).kind in "biuf"


def what(value) -> str:
    """What a value is, for a sentence."""
    if value is None:
        return "None"
    if is_array(value):
        return f"an array of {value.dtype} numbers of shape {value.shape}"
    if inspect.isgenerator(value):
        return "a generator (there is a `yield` in the function)"
    return f"a {type(value).__name__}"


def equal(a, b) -> bool:
    """Whether two values are the same, to the last bit."""
    a, b = plain(a), plain(b)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    return type(a) is type(b) and a == b


def bits(value, above: tuple[int, ...] = ()):
    """Everything in a value, to see later whether one was written to."""
    if id(value) in above:  # a cache whose parts know each other
        return "seen"
    if isinstance(value, dict):
        return {key: bits(inner, (*above, id(value))) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [bits(inner, (*above, id(value))) for inner in value]
    if is_array(value):
        return np.asarray(to_host(value)).tobytes()
    if isinstance(value, np.generic):
        return value.tobytes()
    return repr(value)[:200]


def share_memory(values, others) -> bool:
    """Whether an array in `values` has memory in common with one in `others`."""
    return any(np.shares_memory(a, b) for a in arrays_in(values) for b in arrays_in(others))


def arrays_in(value) -> list[np.ndarray]:
    """All arrays in nested dicts, lists and tuples."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [array for inner in value for array in arrays_in(inner)]
    return [value] if isinstance(value, np.ndarray) else []


def on_host(value):
    """An array as NumPy's; anything else as it is."""
    return to_host(value) if is_array(value) else value


def got_instead(returned) -> str:
    """What came instead of two things."""
    if returned is None:
        return "it returned None: is there a `return` in its last line?"
    if isinstance(returned, (tuple, list)):
        kinds = ", ".join(what(x) for x in returned)
        return f"it returned {len(returned)} things ({kinds})"
    return f"it returned {what(returned)} alone"
