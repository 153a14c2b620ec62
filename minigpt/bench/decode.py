"""How fast the model writes: tokens a second, against transformers and the machine's own limit."""

from __future__ import annotations

import numpy as np

from minigpt.bench.measure import in_turns
from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig
from minigpt.tree import items

PROMPT = 16  # tokens


def decode(
    config: GPTConfig,
    tokens: int = 48,
    batch: int = 8,
    rounds: int = 5,
    against: str | None = None,
) -> dict:
    """Write `tokens` tokens greedily after a short prompt, alone and `batch` at once.

    Three things are timed in turns: minigpt; transformers with its cache, on the same weights, if
    `against` is "torch"; and the limit, the time in which this machine's NumPy multiplies all
    weights with a vector once, for each token. The time of the prompt is measured and taken off.

    Returns:
        A dict of tokens a second, their ratios and spreads; see `as_text`.

    Raises:
        UserError: when `against` names what is not installed.
    """
    model = GPT(config, seed=0, device="cpu")
    timings = in_turns(_contestants(model, tokens, batch, against), rounds)
    found = {
        "parameters": model.n_params,
        "prompt": PROMPT,
        "tokens": tokens,
        "rounds": rounds,
        "batch": batch,
        "alone": _speed(timings, "alone", tokens - 1),
        "together": _speed(timings, "batch", batch * (tokens - 1)),
        "limit": _speed(timings, "limit", tokens),
    }
    if against:
        found["transformers"] = _speed(timings, "theirs", tokens - 1)
    return found


def _contestants(model, tokens: int, batch: int, against: str | None) -> dict:
    """What is timed, by name; "…, prompt" is the part that is no decoding."""
    ids = np.random.default_rng(0).integers(0, model.config.vocab_size, (batch, PROMPT))
    one = ids[:1]
    found = {
        "limit": lambda: _read_all_weights(model, tokens),
        "alone": lambda: model.generate(one, tokens, do_sample=False),
        "alone, prompt": lambda: model.generate(one, 1, do_sample=False),
        "batch": lambda: model.generate(ids, tokens, do_sample=False),
        "batch, prompt": lambda: model.generate(ids, 1, do_sample=False),
    }
    if against:
        theirs = _in_transformers(model)
        found |= {"theirs": lambda: theirs(one, tokens), "theirs, prompt": lambda: theirs(one, 1)}
    return found


def _speed(timings: dict, name: str, tokens: int) -> dict:
    """Tokens a second, the time of the prompt taken off."""
    seconds = timings[name].median
    if f"{name}, prompt" in timings:
        seconds -= timings[f"{name}, prompt"].median
    return {"tokens_per_second": tokens / seconds, "spread": timings[name].spread}


def as_text(found: dict) -> str:
    """The result as a table."""
    limit, alone = found["limit"]["tokens_per_second"], found["alone"]["tokens_per_second"]
    rows = [
        ("limit: all weights read once", found["limit"], ""),
        ("minigpt, one text", found["alone"], f"{alone / limit:.0%} of the limit"),
    ]
    if "transformers" in found:
        theirs = found["transformers"]["tokens_per_second"]
        ratio = f"minigpt is {alone / theirs:.2f} times as fast"
        rows.append(("transformers, one text", found["transformers"], ratio))
    together = found["together"]["tokens_per_second"]
    ratio = f"{together / alone:.2f} times one text"
    rows.append((f"minigpt, {found['batch']} texts at once", found["together"], ratio))
    head = (
        f"Writing with a GPT of {found['parameters']:,} random weights in float32: "
        f"{found['tokens']} tokens after a prompt of {found['prompt']}, greedily; medians of "
        f"{found['rounds']} rounds in turns"
    )
    lines = [
        f"  {name:32} {value['tokens_per_second']:8.1f} tokens/s  ±{value['spread']:4.0%}  {note}"
        for name, value, note in rows
    ]
    return "\n".join([head, *map(str.rstrip, lines)])


def _read_all_weights(model, tokens: int) -> None:
    """What writing can't do without: each matrix times one vector, for each token."""
    p = model.params
    C = model.config.n_embd
    narrow, wide = np.ones((1, C), np.float32), np.ones((1, 4 * C), np.float32)
    for _ in range(tokens):
        for block in p["h"].values():
            narrow @ block["attn"]["c_attn"]["weight"]
            narrow @ block["attn"]["c_proj"]["weight"]
            narrow @ block["mlp"]["c_fc"]["weight"]
            wide @ block["mlp"]["c_proj"]["weight"]
        narrow @ p["wte"]["weight"].T


def _in_transformers(model):
    """The same weights in transformers, as a function of ids and a number of tokens."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise UserError(
            f"{error}; to compare with transformers, run: pip install torch transformers"
        ) from error
    transformers.logging.set_verbosity_error()
    config = model.config
    theirs = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=config.vocab_size, n_positions=config.block_size, n_embd=config.n_embd,
            n_layer=config.n_layer, n_head=config.n_head, bos_token_id=0, eos_token_id=None,
        )
    ).eval()  # fmt: skip
    named = dict(theirs.named_parameters())
    with torch.no_grad():
        for name, value in items(model.params):
            named[f"transformer.{name}"].copy_(torch.from_numpy(value))

    def write(ids, tokens: int):
        with torch.inference_mode():
            return theirs.generate(
                torch.from_numpy(ids), attention_mask=torch.ones(ids.shape, dtype=torch.long),
                min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False, pad_token_id=0,
                eos_token_id=None,
            )  # fmt: skip

    return write
