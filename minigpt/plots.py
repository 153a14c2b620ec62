"""Pictures. matplotlib is imported when one is drawn, and no window is opened."""

from __future__ import annotations

import itertools
import os
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

from minigpt.bench.table import three_digits
from minigpt.files import atomic_path

# Okabe and Ito's colours, which people with colour-blindness can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#666666"
SKY, PINK = "#56B4E9", "#CC79A7"
CONTESTANTS = {  # of the benchmarks
    "minigpt": BLUE, "minigpt.kernels": BLUE, "minigpt.layers": SKY, "limit": GREY,
    "PyTorch": ORANGE, "torch.compile": PINK, "transformers": ORANGE, "tiktoken": ORANGE,
    "tokenizers": GREEN,
}  # fmt: skip
STYLE = {
    "font.size": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 15,
    "axes.titleweight": "bold",
    "figure.dpi": 120,
    "lines.linewidth": 2.2,
}
_numbers = itertools.count(1)  # of the figures of a lesson
RUNGS = {  # how each rung of the ladder is called in a picture
    "uniform": "guessing: ln V",
    "unigram": "counted tokens",
    "bigram": "counted pairs",
    "floor": "floor: the best any model can do",
}


def lesson_style() -> None:
    """Let all figures of matplotlib.pyplot, from here on, look as the course's do."""
    import matplotlib.pyplot as plt

    colours = plt.cycler(color=[BLUE, ORANGE, GREEN, PINK, SKY, GREY])
    plt.rcParams.update({**STYLE, "figure.constrained_layout.use": True, "axes.prop_cycle": colours,
                         "figure.figsize": (8.5, 4.6), "image.cmap": "cividis"})  # fmt: skip


def show(figure) -> None:
    """Show a figure of a lesson: in a notebook or a window, as it is; else it is put away.

    The environment variable MINIGPT_FIGURES may name a folder: figures are saved there as well,
    numbered, after the script that drew them.
    """
    import matplotlib.pyplot as plt

    folder = os.environ.get("MINIGPT_FIGURES")
    if folder:
        stem = Path(getattr(sys.modules["__main__"], "__file__", "figure")).stem
        figure.savefig(Path(folder) / f"{stem}-{next(_numbers)}.png", format="png")
    if plt.get_backend().lower() != "agg":
        plt.show()
    plt.close(figure)


def loss_curve(log: list[dict], rungs: dict[str, float], path: str | Path, title: str) -> None:
    """Draw training and validation loss by step, with the ladder of losses as lines to beat.

    Args:
        log: rows with "step", "train_loss" and "val_loss", in nats a token; each may be None.
        rungs: names and losses, as `ladder` gives them.
        path: a PNG file; replaced in one step.
        title: a heading; the last validation loss is put after it.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    with rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        last = log[-1]["step"]
        _draw_rungs(axes, rungs)
        lines = {"train_loss": {"label": "training", "color": BLUE},
                 "val_loss": {"label": "validation", "color": ORANGE, "marker": "o", "ms": 9,
                              "ls": "none"}}  # fmt: skip
        for name, style in lines.items():
            points = [(row["step"], row[name]) for row in log if row[name] is not None]
            if points:
                axes.plot(*zip(*points, strict=True), **style, clip_on=False, zorder=3)
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_locator(LogLocator(base=2, subs=(1.0, 1.5)))
        axes.yaxis.set_major_formatter(lambda loss, _: f"{loss:g}")
        axes.set(xlabel="step", ylabel="loss (nats a token)", xlim=(0, max(last, 1) * 1.01))
        losses = [row[name] for row in log for name in lines if row[name] is not None]
        losses += rungs.values()
        axes.set_ylim(min(losses) * 0.87, max(losses) * 1.1)
        title = title.encode("utf-8", "replace").decode()
        axes.set_title(f"{title}: {points[-1][1]:.2f} nats a token after {last:,} steps", pad=12,
                       parse_math=False)  # fmt: skip
        axes.legend(loc="center", bbox_to_anchor=(0.55, 0.5), frameon=True, edgecolor="none")
        with atomic_path(path) as temporary, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a sign that the font lacks
            figure.savefig(temporary, format="png")


def _draw_rungs(axes, rungs: dict[str, float]) -> None:
    """A dotted line for each loss to beat, and the floor, if it is known, as a solid one."""
    for name, loss in rungs.items():
        is_floor = name == "floor"
        color = GREEN if is_floor else GREY
        style = {"lw": 2.2, "ls": "-"} if is_floor else {"lw": 1.2, "ls": ":"}
        axes.axhline(loss, color=color, **style)
        text = f"{RUNGS.get(name, name)}, {loss:.2f}"
        axes.annotate(text, (1, loss), (-2, -3 if is_floor else 3), color=color, ha="right",
                      va="top" if is_floor else "bottom", textcoords="offset points",
                      xycoords=("axes fraction", "data"), fontsize=11)  # fmt: skip


def bars(panels: dict[str, dict[str, float]], path: str | Path, title: str, unit: str) -> None:
    """Draw one panel of horizontal bars for each thing measured, each with a scale of its own.

    Args:
        panels: the heading of a panel, then names and numbers.
        path: a PNG file; replaced in one step.
        title: what the picture says.
        unit: of the numbers, and which way is better.
    """
    longest = max(map(len, panels.values()))
    with _panels(len(panels), 0.75 + 0.42 * longest, path, title, unit) as all_axes:
        for axes, (heading, numbers) in zip(all_axes, panels.items(), strict=True):
            colours = [CONTESTANTS.get(name, GREEN) for name in numbers]
            drawn = axes.barh(list(numbers), list(numbers.values()), color=colours, height=0.72)
            axes.bar_label(drawn, [three_digits(number) for number in numbers.values()], padding=4)
            axes.set_title(heading, fontsize=12.5, fontweight="normal", parse_math=False)
            axes.set_xlim(0, 1.25 * max(numbers.values()))  # room for the labels
            axes.set_ylim(longest - 0.5, -0.5)  # the first one on top; bars equally thick
            axes.set_xticks([])
            axes.spines["bottom"].set_visible(False)
            axes.tick_params(length=0)


def lines(panels: dict, path: str | Path, title: str, unit: str) -> None:
    """Draw one panel of lines for each size that varies, over powers of two, from 0 upwards.

    Args:
        panels: the name of the size, then names and points (size, number).
        path, title, unit: see `bars`.
    """
    with _panels(len(panels), 2.6, path, title, unit) as all_axes:
        for axes, (heading, drawn) in zip(all_axes, panels.items(), strict=True):
            for name, points in drawn.items():
                colour = CONTESTANTS.get(name, GREEN)
                axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=name)
            sizes = sorted({size for points in drawn.values() for size, _ in points})
            axes.set_xscale("log", base=2)
            axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
            axes.set_xlabel(heading, parse_math=False)
            axes.set_ylim(0)
            axes.grid(axis="y", lw=0.5, alpha=0.5)
        all_axes[0].legend(frameon=False)


@contextmanager
def _panels(count: int, height: float, path, title: str, unit: str):
    """Lend axes in one or two columns; afterwards the picture is written."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(count, 2)
    rows = -(-count // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 0.8 + rows * height), layout="constrained")
        FigureCanvasAgg(figure)
        all_axes = [figure.add_subplot(rows, columns, 1 + k) for k in range(count)]
        yield all_axes
        figure.suptitle(f"{title}\n", x=0.012, ha="left", fontsize=15, fontweight="bold",
                        parse_math=False)  # fmt: skip
        figure.text(0.012, 1 - 0.55 / figure.get_figheight(), unit, color=GREY, fontsize=12)
        figure.get_layout_engine().set(h_pad=0.1)  # inches
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png")
