"""The results of `minigpt bench gpu` as lines, as a verdict, and as pictures."""

from __future__ import annotations

from pathlib import Path

from minigpt import plots
from minigpt.bench.gpu_turns import Plan
from minigpt.bench.table import duration, three_digits
from minigpt.files import atomic_path

NAME = {"functions": 37}  # columns for the name of an item; else:
SHORT = 28
TIMED = ("training", "kernels", "products")
EQUAL = 0.97  # of PyTorch's speed: as fast, as far as can be measured


def heading(section: str, title: str, plan: Plan) -> str:
    """The line above a section."""
    told = {
        "machine": "",
        "probes": ": each is tried once, and not used where it is wrong",
        "models": ": error, allowed, where it is largest",
        "functions": ": error, allowed, where it is largest",
        "writing": ": tokens a second",
        "pace": f": {plan.minutes:g} minutes of training steps",
    }.get(section, f": medians of {plan.rounds} rounds in turns")
    if section not in TIMED:
        return f"\n{title}{told}"
    columns = f"{'minigpt':>9}"
    if plan.against:
        columns += f" {'PyTorch':>9}  {'times':10}"
    if section == "products":
        columns += f"{'TFLOP/s':>12}"
    elif section == "training":
        columns += f"{'GiB':>11}{'host':>10}  bar"
    return f"\n{title}{told}\n  {'':{SHORT}} {columns}"


def line(section: str, name: str, result: dict) -> str:
    """One result as a line."""
    begin = f"  {name:{NAME.get(section, SHORT)}} "
    if "skipped" in result:
        return f"{begin}skipped: {result['skipped']}"
    if "failed" in result:
        timed = any("seconds" in one for one in _both(result))
        return f"{begin}{_timed(result) + '  ' if timed else ''}failed: {result['failed']}"
    tell = {"machine": _told, "probes": _told, "models": _compared, "functions": _compared,
            "writing": _written, "pace": _kept}.get(section, _timed)  # fmt: skip
    return (begin + tell(result)).rstrip()


def _told(result: dict) -> str:
    return result["told"]


def _compared(result: dict) -> str:
    error = "no number" if result["error"] is None else f"{result['error']:.1e}"
    allowed = f"{result['tolerance']:.0e}" if result["tolerance"] else "0"
    ok = "ok" if result["ok"] else "NOT EQUAL"
    return f"{error:>9} {allowed:>7}  {ok:9} {result['where']}"


def _both(result: dict) -> list[dict]:
    return [result.get(who, {}) for who in ("minigpt", "torch")]


def _timed(result: dict) -> str:
    mine, other = _both(result)
    found = f"{duration(mine.get('seconds')):>9}"
    if "torch" in result:
        times = f"{result['ratio']:.2f} ±{result['ratio_spread']:.0%}" if "ratio" in result else ""
        found += f" {duration(other.get('seconds')):>9}  {times:10}"
    if "tflops" in mine:
        speeds = " / ".join(three_digits(x["tflops"]) for x in (mine, other) if x)
        return f"{found}{speeds:>12}"
    if "tokens_per_second" in mine:
        memory = " / ".join(f"{x['memory'] / 2**30:.1f}" for x in (mine, other) if x)
        found += f"{memory:>11}{duration(mine['host_seconds']):>10}  "
    if "bar" in result:
        found += f"{result['bar']:.1f} {reached(result['reached'])}"
    return found


def reached(yes: bool) -> str:
    return "reached" if yes else "NOT REACHED"


def _written(result: dict) -> str:
    return ", ".join(
        f"{name}: {three_digits(one['tokens_per_second'])} ±{one['spread']:.0%}"
        for name, one in result.items()
        if name.startswith("batch")
    )


def _kept(result: dict) -> str:
    before, after = (result[f"memory_{when}"] / 2**30 for when in ("before", "after"))
    return (f"{result['steps']} steps of {duration(result['seconds'])}, the slowest "
            f"{result['slowest']:.2f} times that,\n  {'':{SHORT}} {result['slow_steps']} above "
            f"{result['bar']:.1f}; memory {before:.1f} -> {after:.1f} GiB: "
            f"{reached(result['reached'])}")  # fmt: skip


# ---------------------------------------------------------------- the verdict


def every(found: dict):
    """Yield (section, name, result) of all items."""
    for section, items in found["sections"].items():
        for name, result in items.items():
            yield section, name, result


def verdict(found: dict) -> tuple[int, str]:
    """The exit code, 1 if something failed or is not equal, and what to remember in some lines."""
    compared = [result["ok"] for _, _, result in every(found) if "ok" in result]
    bars = [result["reached"] for _, _, result in every(found) if "reached" in result]
    lines = [f"Equal to NumPy: {sum(compared)} of {len(compared)}",
             f"Bars reached: {sum(bars)} of {len(bars)}"]  # fmt: skip
    wrong = {
        "Not reached": lambda result: result.get("reached") is False,
        "Not equal": lambda result: result.get("ok") is False,
        "Failed": lambda result: "failed" in result,
        "Skipped": lambda result: "skipped" in result,
    }
    for title, is_so in wrong.items():
        for section, items in found["sections"].items():
            names = [name for name, result in items.items() if is_so(result)]
            if names:
                lines.append(f"{title}, {section} ({len(names)}): {'; '.join(names)}")
    if not found.get("done"):
        lines.append("Failed: it did not come to its end")
    bad = any(line.startswith(("Not equal", "Failed")) for line in lines)
    return int(bad), "\n".join(lines)


# ---------------------------------------------------------------- pictures


def draw(found: dict, folder: Path) -> list[Path]:
    """Write a picture for each section that was timed; return their paths."""
    drawn = []
    gpu = found["sections"].get("machine", {}).get("GPU", {}).get("told", "a GPU")
    for section in TIMED:
        results = found["sections"].get(section, {})
        path = Path(folder) / f"gpu_{section}.png"
        ratios = {name: one for name, one in results.items() if "ratio" in one}
        seconds = {name: one["minigpt"]["seconds"] * 1e3 for name, one in results.items()
                   if "seconds" in one.get("minigpt", {})}  # fmt: skip
        if ratios:
            draw_ratios(ratios, path, message(section, ratios), f"{WHAT[section]} on {gpu}")
        elif seconds:
            unit = "milliseconds; shorter is better"
            plots.bars({f"{WHAT[section]} on {gpu}": seconds}, path, slowest(seconds), unit)
        else:
            continue
        drawn.append(path)
    return drawn


WHAT = {
    "training": "a training step",
    "kernels": "forward and backward of each part",
    "products": "cuBLAS, called by minigpt and by PyTorch,",
}


def message(section: str, results: dict) -> str:
    """What a picture says, in a sentence."""
    bars = [one["reached"] for one in results.values() if "bar" in one]
    if bars:
        return f"Training: {sum(bars)} of {len(bars)} bars are reached"
    enough = sum(one["ratio"] >= EQUAL for one in results.values())
    what = {"kernels": "Parts of a step", "products": "Matrix products"}.get(section, "Training")
    return f"{what}: minigpt is as fast as PyTorch in {enough} of {len(results)}"


def slowest(seconds: dict[str, float]) -> str:
    """The same, where there is nothing to compare with."""
    name = max(seconds, key=seconds.get)
    return f"The slowest is {name}: {three_digits(seconds[name])} ms"


def draw_ratios(results: dict[str, dict], path: Path, title: str, what: str) -> None:
    """Horizontal bars: how many times as fast as PyTorch, with a line at 1 and marks to reach.

    A bar that reaches its mark is blue, others are orange and hatched; one without a mark is grey,
    or, where none has a mark, has EQUAL to reach.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(plots.STYLE):
        figure = Figure(figsize=(10, 2 + 0.38 * len(results)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        with_bars = any("bar" in one for one in results.values())
        for row, one in enumerate(results.values()):
            _draw_ratio(axes, row, one, None if with_bars else EQUAL)
        axes.axvline(1, color=plots.GREY, lw=1.6, zorder=1)
        axes.set_yticks(range(len(results)), list(results))
        axes.set_ylim(len(results) - 0.4, -1.1)
        axes.annotate("PyTorch", (1, -0.75), (4, 0), textcoords="offset points", va="center",
                      color=plots.GREY, fontsize=12)  # fmt: skip
        axes.set_xlim(0, 1.08 * max(1, *(one["ratio"] for one in results.values())))
        axes.set_xlabel("times as fast as PyTorch; longer is better", parse_math=False)
        axes.tick_params(axis="y", length=0)
        axes.set_title(what, fontsize=12.5, fontweight="normal", parse_math=False)
        figure.suptitle(title, x=0.012, ha="left", fontsize=16, fontweight="bold", parse_math=False)
        _explain(figure, with_bars)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png")


LOOK = {True: {"color": plots.BLUE}, False: {"color": plots.ORANGE, "hatch": "//"},
        None: {"color": plots.GREY}}  # fmt: skip


def _draw_ratio(axes, row: int, one: dict, least: float | None) -> None:
    least = one.get("bar", least)
    enough = None if least is None else one["ratio"] >= least
    axes.barh(row, one["ratio"], height=0.7, edgecolor="white", zorder=2, **LOOK[enough])
    mine, place = one["minigpt"], {"textcoords": "offset points", "va": "center",
                                   "xycoords": ("axes fraction", "data")}  # fmt: skip
    told = f"{three_digits(mine['tflops'])} TFLOP/s" if "tflops" in mine \
        else duration(mine["seconds"])  # fmt: skip
    axes.annotate(f"{one['ratio']:.2f}", (1, row), (6, 0), fontweight="bold", **place)
    axes.annotate(told, (1, row), (52, 0), **place)
    if "bar" in one:
        axes.plot([one["bar"]] * 2, [row - 0.42, row + 0.42], color="black", lw=3.5, zorder=3)


def _explain(figure, with_bars: bool) -> None:
    """A legend below the axes."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    words = {True: "as fast", False: "slower"}
    if with_bars:
        words = {True: "reached", False: "not reached", None: "nothing to reach"}
    handles = [Patch(label=word, edgecolor="white", facecolor=LOOK[yes]["color"],
                     hatch=LOOK[yes].get("hatch")) for yes, word in words.items()]  # fmt: skip
    if with_bars:
        mark = {"marker": "|", "ms": 18, "mew": 3.5, "ls": "none"}
        handles.append(Line2D([], [], color="black", label="to be reached", **mark))
    figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False)
