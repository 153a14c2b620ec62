"""Run a function, or a forward and its backward, on a case, and write down all that it did."""

from __future__ import annotations

import copy
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from minigpt.classroom.exercise import Case, Part
from minigpt.classroom.values import (
    bits,
    equal,
    got_instead,
    is_array,
    is_numeric,
    on_host,
    plain,
    share_memory,
    what,
)
from minigpt.tree import items, tree_map

REAL = "an array of real numbers"
DY = 2016  # the seed of dy: it must be nobody's x


@dataclass
class Failure:
    """Why a function gave nothing to compare: one sentence, and the function's name.

    kind: "missing" (there is no such function), "unwritten" (it still raises NotImplementedError),
    "raised" (another exception) or "structure" (what it returned does not keep the contract).
    """

    kind: str
    function: str
    sentence: str


@dataclass
class Observation:
    """What was seen on one case.

    Attributes:
        values: by output ("y", "dx", "weight", "c_attn.bias"), on the host.
        failure: what ended it early, or None.
        changed: what was written to although it may only be read, in words.
        shared: what was returned and shares memory with an argument or dy, where that counts.
        other_bits: whether a second run of the backward gave other numbers.
        dy: the gradient that the backward was given.
        strangers: outputs that should live on the device, and don't.
        dtypes: of the outputs that are arrays.
    """

    values: dict[str, object] = field(default_factory=dict)
    failure: Failure | None = None
    changed: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    other_bits: bool = False
    dy: object = None
    strangers: list[str] = field(default_factory=list)
    dtypes: dict[str, str] = field(default_factory=dict)


def observe(
    part: Part,
    functions,
    case: Case,
    dy=None,
    to_device: Callable | None = None,
    manners: bool = True,
) -> Observation:
    """Run a part's functions on one case.

    Args:
        functions: an object that has them as attributes.
        dy: for a layer; drawn, where it is None.
        to_device: moves an array to the device on which all is to be done; None: NumPy's own.
        manners: note what is written to, and run the backward twice.
    """
    seen = Observation()
    if not callable(getattr(functions, part.functions[0], None)):
        seen.failure = _missing(part.functions[0])
        return seen
    args, params, options = copy.deepcopy((case.args, case.params, case.options))
    if to_device:
        args = tuple(_move(x, to_device) for x in args)
        params = _move(params, to_device)
        options = {key: _move(value, to_device) for key, value in options.items()}
    run = _run_layer if part.is_layer else _run_function
    run(part, functions, (args, params, options), dy, to_device, seen, manners)
    return seen


def _move(value, to_device):
    if isinstance(value, dict):
        return tree_map(lambda x: _move(x, to_device), value)
    return to_device(value) if isinstance(value, np.ndarray) else value


def _run_layer(part, functions, arguments, dy, to_device, seen, manners) -> None:
    args, params, options = arguments
    forward, backward = (getattr(functions, name, None) for name in part.functions)
    given = _named(forward, args, params | options) if manners else {}
    before = bits(given)
    returned = _call(forward, part.functions[0], seen, *args, **params, **options)
    if seen.failure:
        return
    if not (isinstance(returned, (tuple, list)) and len(returned) == 2):
        got = got_instead(returned)
        _fail(seen, part.functions[0], f"must return two things, `y, cache`; {got}")
        return
    y, cache = returned
    if not is_numeric(y):
        _fail(seen, part.functions[0], f"returned {what(y)} as y; it must be {REAL}")
        return
    seen.values["y"] = _keep("y", y, seen, to_device)
    seen.shared += ["y"] * (part.fresh and manners and share_memory(y, given))
    if not callable(backward):
        seen.failure = _missing(part.functions[1])
        return
    dy = _draw(np.shape(seen.values["y"]), seen.values["y"].dtype) if dy is None else dy
    seen.dy = dy
    if np.shape(dy) != np.shape(seen.values["y"]):
        return  # there is no gradient of such a y
    device_dy = to_device(np.array(dy)) if to_device else np.array(dy)
    if np.shape(dy) == () and not to_device:
        device_dy = dy.dtype.type(dy) if hasattr(dy, "dtype") else dy
    before_dy, before_cache = (bits(device_dy), bits(cache)) if manners else (None, None)
    first = _gradients(part, backward, device_dy, cache, seen)
    if seen.failure:
        return
    first = {name: _keep(name, value, seen, to_device) for name, value in first.items()}
    seen.values |= first
    if not manners:
        return
    changed = [name for name, value in given.items() if bits(value) != before[name]]
    seen.changed += [f"its argument {name}" for name in changed]
    dy_changed = bits(device_dy) != before_dy
    seen.changed += ["dy"] * dy_changed + ["the cache"] * (bits(cache) != before_cache)
    if dy_changed:  # so that the second run sees what the first one saw
        device_dy = to_device(np.array(dy)) if to_device else np.array(dy)
    second = _gradients(part, backward, device_dy, cache, seen)
    seen.failure = None
    same = first.keys() == second.keys() and all(
        equal(first[name], on_host(second[name])) for name in first
    )
    seen.other_bits = not same


def _run_function(part, functions, arguments, dy, to_device, seen, manners) -> None:
    args, params, options = arguments
    (name,) = part.functions
    function = getattr(functions, name)
    given = _named(function, args, params | options) if manners else {}
    before = bits(given)
    returned = _call(function, name, seen, *args, **params, **options)
    if seen.failure:
        return
    if part.fresh and share_memory(returned, given):
        seen.shared.append(" or ".join(part.outputs))
    several = len(part.outputs) > 1
    if several and not (isinstance(returned, (tuple, list)) and len(returned) == len(part.outputs)):
        _fail(seen, name, f"must return {len(part.outputs)} things: {', '.join(part.outputs)}")
        return
    for output, value in zip(part.outputs, returned if several else (returned,), strict=True):
        if value is None:
            _fail(seen, name, "returned None; is a `return` missing?")
            return
        if isinstance(value, dict) and value and all(is_array(x) for x in value.values()):
            for key, inner in value.items():
                seen.values[f"{output}.{key}"] = _keep(f"{output}.{key}", inner, seen, to_device)
        else:
            seen.values[output] = _keep(output, value, seen, to_device)
    changed = [key for key, value in given.items() if bits(value) != before[key]]
    seen.changed += [f"its argument {key}" for key in changed]


def _missing(name: str) -> Failure:
    return Failure("missing", name, f"There is no function named {name}.")


def _draw(shape, dtype):
    return np.asarray(np.random.default_rng([DY, *shape]).standard_normal(shape)).astype(dtype)


def _call(function, name, seen, *args, **kwargs):
    try:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)
    except NotImplementedError:
        seen.failure = Failure("unwritten", name, f"{name} is not written yet.")
    except SystemExit:
        seen.failure = Failure("raised", name, f"{name} ended the program (sys.exit).")
    except Exception as error:
        seen.failure = Failure("raised", name, f"{name} stopped with {_tell(error, function)}")
    return None


def _tell(error: Exception, function) -> str:
    """The exception, and the line of the student's file that it comes from."""
    home = getattr(getattr(function, "__code__", None), "co_filename", None)
    try:
        sentence = f"{type(error).__name__}: {error}".strip().rstrip(":.")
    except Exception:  # of a class of theirs that can't be printed
        sentence = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.line and frame.filename == home:
            return f"{sentence} (line {frame.lineno}: `{frame.line}`)."
    return f"{sentence}."


def _fail(seen: Observation, function: str, what: str) -> None:
    seen.failure = Failure("structure", function, f"{function} {what}.")


def _gradients(part, backward, dy, cache, seen) -> dict[str, object]:
    """What a backward returned, by output; a copy."""
    name = part.functions[1]
    returned = _call(backward, name, seen, dy, cache)
    if seen.failure:
        return {}
    pair = isinstance(returned, (tuple, list)) and len(returned) == 2
    if not (pair and isinstance(returned[1], dict)):
        inputs = ", ".join(str(g) for g in part.gradients)
        first = f"({inputs})" if len(part.gradients) > 1 else inputs
        _fail(seen, name, f"must return two things, `{first}, grads`: the gradient by the input, "
              f"and a dict of the gradients by the parameters (empty if there are none); "
              f"{got_instead(returned)}")  # fmt: skip
        return {}
    dx, grads = returned
    count = len(dx) if isinstance(dx, (tuple, list)) else 1
    if count != len(part.gradients):
        expected = ", ".join(str(g) for g in part.gradients)
        _fail(seen, name, f"must return the gradients ({expected}) first, but there are {count}")
        return {}
    found = gradients_by_name(part, dx, grads)
    if part.fresh:
        seen.shared += [key for key, value in found.items() if share_memory(value, dy)]
    for key, value in found.items():
        if not is_numeric(value):
            _fail(seen, name, f"returned {what(value)} as {key}; it must be {REAL}")
            return {}
    return {key: copy.copy(value) for key, value in found.items()}


def gradients_by_name(part: Part, dx, grads: dict) -> dict[str, object]:
    """What a backward returns, by output; the gradient of integers is None and has no name."""
    dxs = dx if isinstance(dx, (tuple, list)) else [dx]
    named = {f"the ids' gradient {i}" if key is None else key: value
             for i, (key, value) in enumerate(zip(part.gradients, dxs, strict=False))}  # fmt: skip
    found = {key: value for key, value in named.items() if value is not None}
    return found | dict(items(grads))


def _keep(name, value, seen: Observation, to_device):
    """A value on the host, in a plain form; note what left the device."""
    if to_device and isinstance(value, np.ndarray) and value.ndim:
        seen.strangers.append(name)
    if hasattr(value, "dtype"):
        seen.dtypes[name] = str(value.dtype)
    return plain(on_host(value))


def _named(function: Callable, args: tuple, kwargs: dict) -> dict[str, object]:
    """The arguments by name."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"number {i + 1}" for i in range(len(names), len(args))]
    return dict(zip(names, args, strict=False)) | kwargs
