"""`minigpt info`: what a model costs (parameters, FLOPs, memory), without building it."""

from __future__ import annotations

import argparse
import difflib
import json
from pathlib import Path

from minigpt import machine
from minigpt.errors import UserError
from minigpt.model import PRESETS, GPTConfig
from minigpt.model.account import activations, flops_per_token, memory, parameters_by_part
from minigpt.model.files import CONFIG_FILE, read_config

EXAMPLES = """\
examples:
  minigpt info                      all presets
  minigpt info gpt2
  minigpt info runs/tinytown        a trained model, or any folder with a config.json
  minigpt info gpt3-175b --json
"""
SPEED = 100e9  # FLOP/s: what a good core of a laptop computes in float32
MOST = 10**24  # parameters; beyond it, a config.json is a mistake
LABELS = {"mlp": "MLP", "kv_cache": "KV cache"}
TIMES = (("years", 365.25 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60), ("s", 1),
         ("ms", 1e-3), ("µs", 1e-6))  # fmt: skip


def add_parser(commands) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "info",
        help="what a model costs: parameters, FLOPs and memory",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="NAME_OR_FOLDER",
                        help="a preset, or a folder with a config.json; default: "
                        "a table of all presets")  # fmt: skip
    parser.add_argument("--batch-size", type=int, default=1, metavar="B",
                        help="sequences in a step, for the activations (1)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the same numbers as JSON")
    parser.set_defaults(run=run)


def run(args) -> int:
    """Print the account of one model, or the table of presets; returns 0."""
    if args.name is None:
        rows = [preset_row(name) for name in PRESETS]
        print(json.dumps(rows, indent=2) if args.json else table(rows))
    else:
        if args.batch_size < 1:
            raise UserError(f"--batch-size must be at least 1, not {args.batch_size}.")
        account = examine(args.name, find_config(args.name), args.batch_size)
        print(json.dumps(account, indent=2) if args.json else as_text(account))
    return 0


def find_config(name: str) -> GPTConfig:
    """The configuration of a preset or of a folder.

    Raises:
        UserError: when there is neither, with the presets of nearly that name.
    """
    if name in PRESETS:
        return GPTConfig.preset(name)
    if name and Path(name).is_dir():
        return read_config(Path(name) / CONFIG_FILE)
    close = difflib.get_close_matches(name.lower(), PRESETS)
    hint = f"nearest: {', '.join(close)}" if close else "`minigpt info` lists the presets"
    raise UserError(f"There is no preset and no folder of the name {name!r}; {hint}.")


def preset_row(name: str) -> dict:
    """One line of the table of presets."""
    config = GPTConfig.preset(name)
    return {
        "name": name,
        "parameters": sum(parameters_by_part(config).values()),
        "layers": config.n_layer,
        "heads": config.n_head,
        "width": config.n_embd,
        "block": config.block_size,
    }


def examine(name: str, config: GPTConfig, B: int = 1) -> dict:
    """Everything that is printed about one model; bytes and FLOPs are plain numbers.

    Raises:
        UserError: for sizes that no machine will ever hold.
    """
    parameters = parameters_by_part(config)
    total = sum(parameters.values())
    if total > MOST:
        raise UserError(
            f"The sizes of {name} make more than 10^24 parameters; one of them must be a mistake."
        )
    kept = activations(config, B)
    flops, held, half = flops_per_token(config), memory(config), memory(config, 2)
    return {
        "name": name,
        "config": vars(config),
        "parameters": {**parameters, "total": total},
        "flops_per_token": flops,
        "memory": {
            "weights_as_float32": held["weights"],
            "weights_as_float16": half["weights"],
            "training": held["training"],
            "kv_cache": held["kv_cache"],
        },
        "batch_size": B,
        "activations": {
            **kept,
            "total": sum(kept.values()),
            "if_recomputed": sum(activations(config, B, recompute=True).values()),
        },
        "seconds_to_train_a_token_at_100_gflops": flops["training"] / SPEED,
        "memory_of_this_machine": machine.memory()["total"],
    }


def table(rows: list[dict]) -> str:
    """The presets, one a line, each column under its name."""
    head = list(rows[0])
    lines = [[row["name"], *(f"{row[key]:,}" for key in head[1:])] for row in rows]
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    laid_out = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in [head, *lines]
    ]
    return "\n".join([*laid_out, "", "More about one of them: minigpt info NAME"])


def as_text(account: dict) -> str:
    """Lay the account out for reading: what it is, three tables, and what it means here."""
    config = account["config"]
    block = f"{config['block_size']:,} tokens"
    sections = [
        ("parameters", _parameter_rows(account)),
        (f"FLOPs a token (mean over a block of {block})", _flop_rows(account)),
        ("memory (1 GB = 10^9 bytes)", _memory_rows(account, block)),
        (
            f"activations of a training step, {account['batch_size']:,} x {block}, float32",
            _activation_rows(account),
        ),
    ]
    width = max(len(value) for _, rows in sections for _, value, *_ in rows)
    lines = [
        f"{account['name']}: {account['parameters']['total']:,} parameters",
        f"  {sizes(config)}",
        *(f"  {each}" for each in switches(config)),
    ]
    for title, rows in sections:
        lines += ["", title, *(_line(*row, width) for row in rows)]
    return "\n".join([*lines, "", *meaning(account)])


def _parameter_rows(account: dict) -> list[tuple]:
    parameters = dict(account["parameters"])
    total = parameters.pop("total")
    tied = {"token_embedding": "also the head"} if account["config"]["tie_weights"] else {}
    rows = [(key, f"{n:,}", n / total, tied.get(key, "")) for key, n in parameters.items()]
    return [*rows, ("total", f"{total:,}", None, "")]


def _flop_rows(account: dict) -> list[tuple]:
    flops, total = account["flops_per_token"], account["parameters"]["total"]
    notes = {
        "linear_layers": "2 a weight",
        "attention_pairs": "4 a channel for each place looked at",
        "head": "2 a weight",
        "forward": f"{three_digits(flops['forward'] / total)} a parameter",
        "training": "forward, and twice that backward",
    }
    shares = {key: flops[key] / flops["forward"] for key in list(flops)[:3]}
    return [(key, scaled(n, "FLOP"), shares.get(key), notes[key]) for key, n in flops.items()]


def _memory_rows(account: dict, block: str) -> list[tuple]:
    notes = {
        "training": "float32 weights, gradients and AdamW's two moments",
        "kv_cache": f"float32, for one sequence of {block}",
    }
    held = account["memory"].items()
    return [(key, scaled(n, "B"), None, notes.get(key, "")) for key, n in held]


def _activation_rows(account: dict) -> list[tuple]:
    kept = account["activations"]
    notes = {
        "head": "the gradient of logits or head, and x before it",
        "if_recomputed": "with train --recompute",
    }
    shares = {key: n / kept["total"] for key, n in list(kept.items())[:-2]}
    rows = [(key, scaled(n, "B"), shares.get(key), notes.get(key, "")) for key, n in kept.items()]
    return [row for row in rows if row[1] != scaled(0, "B")]


def _line(key: str, value: str, share: float | None, note: str, width: int) -> str:
    label = LABELS.get(key, key.replace("_", " "))
    percent = "" if share is None else _percent(share)
    return f"  {label:<18}  {value:>{width}}  {percent:>6}  {note}".rstrip()


def _percent(share: float) -> str:
    return "<0.1%" if share < 0.0005 else f"{share:.1%}"


def sizes(config: dict) -> str:
    """The sizes in one line."""
    return (
        f"{config['n_layer']:,} layers, {config['n_head']:,} heads, {config['n_embd']:,} wide, "
        f"block {config['block_size']:,}, vocabulary {config['vocab_size']:,}"
    )


def switches(config: dict) -> list[str]:
    """What makes it different from GPT-2, if anything, in one line."""
    found = {
        "layer norms after the additions (post-norm)": config["post_norm"],
        f"every second block sees {config['window'] or 0:,} places": config["window"],
        "no biases": not config["bias"],
        "a head of its own (not tied)": not config["tie_weights"],
    }
    words = [name for name, here in found.items() if here]
    return ["; ".join(words)] if words else []


def meaning(account: dict) -> list[str]:
    """The numbers in terms of this machine, where it tells its memory, and of a laptop's core."""
    seconds = account["seconds_to_train_a_token_at_100_gflops"]
    lines = [
        f"At 100 GFLOP/s, a good laptop core, training takes {duration(seconds)} a token, "
        f"{duration(seconds * 1e9)} for a billion tokens."
    ]
    has = account["memory_of_this_machine"]
    if has:
        share = account["memory"]["training"] / has
        times = f"{three_digits(share)} times" if share >= 1 else f"{_percent(share)} of"
        lines.append(
            f"It needs {times} this machine's {scaled(has, 'B')} of memory, and room for "
            f"activations."
        )
    return lines


def three_digits(number: float) -> str:
    """0.123 -> "0.12", 12.34 -> "12.3", 1234.5 -> "1,234": two decimals at most."""
    decimals = 2 if number < 9.995 else 1 if number < 99.95 else 0
    return f"{number:,.{decimals}f}"


def scaled(number: float, unit: str) -> str:
    """1.5e9, "B" -> "1.50 GB": powers of 1000, three digits."""
    for prefix in ("", "k", "M", "G", "T", "P"):
        if number < 999.5:
            return f"{three_digits(number)} {prefix}{unit}"
        number /= 1000
    return f"{three_digits(number)} E{unit}"


def duration(seconds: float) -> str:
    """0.0085 -> "8.50 ms", 3e6 -> "34.7 days"."""
    name, size = next((each for each in TIMES if seconds >= each[1]), TIMES[-1])
    return f"{three_digits(seconds / size)} {name}"
