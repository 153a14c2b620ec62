"""Let a model write weather reports, without the silly ones: top-p sampling.

After "Tomorrow it will be" a language model gives a score (logit) to each of some words. Top-p
keeps the fewest words whose probabilities together reach p, likeliest first, and draws among them
alone. Among the words that are kept, the proportions stay those of the model: a word that is twice
as likely as another one is drawn twice as often.

The program draws 10,000 words and counts. It prints the share of each word, and that share divided
by the model's probability.

Run it. What is strange?
"""

import numpy as np

WORDS = {
    "sunny": 0.34,
    "cloudy": 0.25,
    "rainy": 0.17,
    "windy": 0.10,
    "foggy": 0.06,
    "snowy": 0.04,
    "purple": 0.02,
    "delicious": 0.015,
    "Tuesday": 0.005,
}


def softmax(z):
    """Probabilities (V,) from logits (V,)."""
    exp = np.exp(z - z.max())
    return exp / exp.sum()


def draw_top_p(logits, top_p, rng):
    """Draw one token from logits (V,), among the fewest that together have probability top_p.

    Args:
        logits: scores, in any order.
        top_p: 0 < top_p <= 1; at least the likeliest token is kept.
        rng: a `numpy.random.Generator`.
    """
    order = np.argsort(-logits, kind="stable")  # likeliest first
    p = softmax(logits)[order]
    before = np.cumsum(p) - p  # the probability of all likelier tokens
    kept = order[before < top_p]
    ends = np.cumsum(p[before < top_p])
    dart = rng.random() * ends[-1]
    place = np.searchsorted(ends, dart, side="right")
    return int(kept[min(place, len(kept) - 1)])  # rounding could lead one place too far


def main():
    """Draw many times with two values of top_p, and count."""
    words = sorted(WORDS)
    chances = np.array([WORDS[word] for word in words])
    logits = np.log(chances) + 3.0  # softmax takes the 3 out again
    print("           model   top-p 0.9       top-p 0.7")
    shares = []
    for top_p in (0.9, 0.7):
        rng = np.random.default_rng(0)
        drawn = [draw_top_p(logits, top_p, rng) for _ in range(10_000)]
        shares.append(np.bincount(drawn, minlength=len(words)) / len(drawn))
    for i in np.argsort(-chances):
        columns = [f"{share[i]:.3f} ({share[i] / chances[i]:4.2f})" for share in shares]
        print(f"{words[i]:10} {chances[i]:.3f}   {'   '.join(columns)}")


if __name__ == "__main__":
    main()
