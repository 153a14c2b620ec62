"""How the time of a training step grows with context, width, batch and threads."""

from __future__ import annotations

from minigpt.bench.measure import in_turns
from minigpt.bench.table import duration, spread, table, three_digits, times
from minigpt.bench.train import WHO, peak_memory, per_step, repeat, stepper, steps_in
from minigpt.machine import usable_cores
from minigpt.model import GPTConfig

BASE = {"T": 256, "width": 256, "batch": 4}
HEAD_SIZE, LAYERS, VOCABULARY = 64, 4, 512
TURN = 0.3  # seconds
AXES = {
    "T": (64, 128, 256, 512, 1024),
    "width": (64, 128, 256, 512),
    "batch": (1, 2, 4, 8, 16),
    "threads": (1, 2),
}


def scaling(
    rounds: int = 5,
    against: str | None = None,
    memory: bool = False,
    threads: int | None = None,
    axes: dict[str, tuple[int, ...]] | None = None,
    turn: float = TURN,
) -> dict:
    """Time a training step while one size varies and the others stay at BASE.

    Args:
        rounds, against, threads, turn: see `train`.
        memory: measure the peak memory of each as well, in a fresh process.
        axes: the values of "T", "width", "batch" and "threads"; None: AXES.

    Returns:
        "rows": for each value what varies, its value, tokens in a step, and by "minigpt" and
        "torch" seconds a step, spread, seconds a token, and peak_mb.
    """
    threads = threads or usable_cores()
    base = {**BASE, "threads": threads}
    names = ["minigpt", *(["torch"] if against else [])]
    rows = []
    for axis, values in (axes or AXES).items():
        for value in values:
            rows.append({"axis": axis, "value": value})
            rows[-1] |= _measured({**base, axis: value}, names, rounds, memory, turn)
    return {"base": base, "layers": LAYERS, "vocabulary": VOCABULARY, "head_size": HEAD_SIZE,
            "rounds": rounds, "rows": rows}  # fmt: skip


def _measured(sizes: dict, names: list[str], rounds: int, memory: bool, turn: float) -> dict:
    width = sizes["width"]
    config = GPTConfig(VOCABULARY, sizes["T"], LAYERS, max(1, width // HEAD_SIZE), width)
    given = config, sizes["batch"], sizes["threads"]
    found = {who: peak_memory(who, *given) if memory else {} for who in names}
    steppers = {who: stepper(who, *given) for who in names}
    counts = {who: steps_in(step, turn) for who, step in steppers.items()}
    turns = {who: lambda who=who: repeat(steppers[who], counts[who]) for who in names}
    timings = per_step(in_turns(turns, rounds), counts)
    tokens = sizes["batch"] * sizes["T"]
    for who in names:
        timing = timings[who]
        found[who] |= {"seconds": timing.median, "spread": timing.spread,
                       "seconds_per_token": timing.median / tokens}  # fmt: skip
    return {"tokens": tokens, **found}


def as_text(found: dict) -> str:
    """The result as a table."""
    against = any("torch" in row for row in found["rows"])
    memory = any("peak_mb" in row["minigpt"] for row in found["rows"])
    rows, axis = [], None
    for row in found["rows"]:
        cells = [row["axis"] if row["axis"] != axis else "", str(row["value"])]
        for who in ("minigpt", "torch") if against else ("minigpt",):
            one = row[who]
            cells += [duration(one["seconds"]), spread(one)]
            cells += [three_digits(one["seconds_per_token"] * 1e6)]
            cells += [f"{one.get('peak_mb') or 0:,.0f}"] if memory else []
        if against:
            cells.append(times(row["torch"]["seconds"] / row["minigpt"]["seconds"]))
        rows.append(cells)
        axis = row["axis"]
    columns = ["a step", "spread", "us/token", *(["MB"] if memory else [])]
    titles = ["", "", "minigpt", *columns[1:]]
    titles += ["PyTorch", *columns[1:], "/ minigpt"] if against else []
    base = ", ".join(f"{name} {value}" for name, value in found["base"].items())
    head = (f"A training step of {LAYERS} layers with a vocabulary of {VOCABULARY}, one size varied"
            f", the others at\n{base}; medians of {found['rounds']} rounds in turns")  # fmt: skip
    return f"{head}\n{table(titles, rows)}"


def message(found: dict) -> str:
    """What the picture says, in a sentence."""
    rows = [row for row in found["rows"] if row["axis"] == found["rows"][0]["axis"]]
    first, last = rows[0], rows[-1]
    growth = last["minigpt"]["seconds_per_token"] / first["minigpt"]["seconds_per_token"]
    ratio = last["value"] / first["value"]
    return (f"{three_digits(ratio).removesuffix('.00')} times the {NAMED[first['axis']]} costs "
            f"{three_digits(growth)} times as much a token")  # fmt: skip


NAMED = {"T": "context", "width": "width", "batch": "batch", "threads": "threads"}
LABELS = {"T": "T, tokens of context", "width": "width C, channels",
          "batch": "B, sequences in a batch", "threads": "threads"}  # fmt: skip


def panels(found: dict) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Microseconds a token: panel, line, points; for `plots.lines`."""
    drawn: dict = {}
    for row in found["rows"]:
        lines = drawn.setdefault(LABELS[row["axis"]], {})
        for who in (who for who in WHO if who in row):
            point = (row["value"], row[who]["seconds_per_token"] * 1e6)
            lines.setdefault(WHO[who], []).append(point)
    return drawn
