"""Bug hunt 18: a cache that counts its places wrongly."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.model import GPT, GPTConfig

PIECES = ((5, 1, 1, 1, 1), (1, 1, 1, 1, 1, 1), (2, 3, 1, 4), (9,))


def verify(module) -> str | None:
    """Read a text in pieces of several lengths and compare with minigpt's own scores."""
    rng = np.random.default_rng(18)
    config = GPTConfig(vocab_size=13, block_size=12, n_layer=3, n_head=2, n_embd=8, init_std=0.6)
    model = GPT(config, seed=3, device="cpu", dtype="float64")
    ids = rng.integers(0, 13, 11).tolist()
    for lengths in PIECES:
        cache, done = {}, 0
        for number, length in enumerate(lengths, 1):
            scores = np.array(module.read(model.params, config, ids[done : done + length], cache))
            done += length
            want = model([ids[:done]])[0, -1]
            if scores.shape != want.shape:
                return f"The scores have the shape {scores.shape}, not {want.shape}."
            if not np.allclose(scores, want, atol=1e-8):
                pieces = " + ".join(map(str, lengths[:number]))
                return (
                    f"A text read in pieces of {pieces} tokens: after {done} tokens the scores "
                    f"differ from minigpt's by {np.abs(scores - want).max():.2g}."
                )
            pairs = [cache.get(name, ()) for name in model.params["h"]]
            if any([np.shape(array) for array in pair] != [(1, 2, done, 4)] * 2 for pair in pairs):
                return f"After {done} tokens the cache does not hold keys and values of {done}."
    keys, values = cache["0"]
    cache["0"] = keys, np.zeros_like(values)
    scores = module.read(model.params, config, ids[done : done + 1], cache)
    if np.allclose(scores, model([ids[: done + 1]])[0, -1], atol=1e-8):
        return "Other values in the cache do not change the scores of the next token."
    return None


HUNT = Hunt(
    number="18",
    name="recital",
    symptom="With the cache the verse begins well and then goes wrong; without it, it is recited "
    "without a fault.",
    edits=(
        (
            'past = cache["0"][0].shape[2] if cache else 0',
            'past = cache["0"][0].shape[2] - 1 if cache else 0',
        ),
    ),
    verify=verify,
    hints=(
        "The scores after the prompt agree, those after the next letter do not. What is different "
        "in `read` the second time?",
        "Compare both ways line by line for the newest letter: print the ids, the places, then x "
        "before the first block.",
        "The prompt has 11 letters, at the places 0 to 10. At which place stands the next one, "
        "and which does `places` say?",
    ),
    answer="With t places in the cache, the new token stands at place t, since places are counted "
    "from 0; the program took t - 1, the place of the token before it. Nothing fails: the model "
    "gets a position embedding, only a wrong one, so each letter believes to stand one place "
    "earlier. The prompt is read with an empty cache and is right, and texts that depend little "
    "on the place look nearly normal. The KV cache and its places: lesson 13, section 7.",
    lesson="13",
)
