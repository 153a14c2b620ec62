"""Pictures. matplotlib is imported when one is drawn, and no window is opened."""

from __future__ import annotations

from pathlib import Path

from minigpt.files import atomic_path

# Okabe and Ito's colours, which people with colour-blindness can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#666666"
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
RUNGS = {  # how each rung of the ladder is called in a picture
    "uniform": "guessing: ln V",
    "unigram": "counted tokens",
    "bigram": "counted pairs",
    "floor": "floor: the best any model can do",
}


def loss_curve(log: list[dict], rungs: dict[str, float], path: str | Path, title: str) -> None:
    """Draw training and validation loss by step, with the ladder of losses as lines to beat.

    Args:
        log: rows with "step", "train_loss" (or None) and "val_loss", in nats a token.
        rungs: names and losses, as `ladder` gives them.
        path: a PNG file; replaced in one step.
        title: a heading; the last validation loss is put after it.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        last = log[-1]["step"]
        for name, loss in rungs.items():
            is_floor = name == "floor"
            color = GREEN if is_floor else GREY
            style = {"lw": 2.2, "ls": "-"} if is_floor else {"lw": 1.2, "ls": ":"}
            axes.axhline(loss, color=color, **style)
            text = f"{RUNGS.get(name, name)}, {loss:.2f}"
            axes.annotate(text, (1, loss), (-2, -3 if is_floor else 3), color=color, ha="right",
                          va="top" if is_floor else "bottom", textcoords="offset points",
                          xycoords=("axes fraction", "data"), fontsize=11)  # fmt: skip
        training = [(row["step"], row["train_loss"]) for row in log if row["train_loss"]]
        if training:
            axes.plot(*zip(*training, strict=True), color=BLUE, marker="o", ms=4, label="training")
        steps = [row["step"] for row in log]
        axes.plot(steps, [row["val_loss"] for row in log], color=ORANGE, marker="s", ms=4,
                  label="validation")  # fmt: skip
        axes.set(xlabel="step", ylabel="loss (nats a token)", xlim=(0, max(last, 1)))
        low = min([*rungs.values(), *(row["val_loss"] for row in log)])
        high = max([*rungs.values(), *(row["val_loss"] for row in log)])
        axes.set_ylim(max(0, low - 0.12 * (high - low)), high + 0.06 * (high - low))
        axes.set_title(f"{title}: {log[-1]['val_loss']:.2f} nats a token after {last:,} steps")
        axes.legend(loc="upper right", bbox_to_anchor=(1, 0.88), frameon=False)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png")
