"""Invent names of flowers, letter by letter, with three settings of the temperature.

A table counts which letter follows each pair of letters in a list of names. To write a name, the
logarithms of the counts are used as scores (logits), divided by the temperature and turned into
probabilities. A low temperature stays close to the list; a high one is adventurous, and at a very
high one nearly all letters are equally likely.

For each temperature the program prints some names, and which share of their triples of letters
occurs in the list.

Run it. What is strange?
"""

import numpy as np

NAMES = """anemone aster begonia bluebell borage buttercup calendula camellia camomile carnation
celandine clematis clover columbine coriander cornflower cowslip crocus cyclamen daffodil dahlia
daisy dandelion delphinium foxglove freesia gardenia gentian geranium gladiolus hawthorn heather
honeysuckle hyacinth hydrangea iris jasmine larkspur lavender lilac lily lobelia lupin magnolia
marguerite marigold mimosa narcissus nasturtium oleander orchid pansy peony petunia poppy primrose
ranunculus rosemary saffron sage snapdragon snowdrop sorrel sunflower tansy thistle thyme tulip
valerian verbena veronica violet wisteria yarrow zinnia"""
ALPHABET = ".abcdefghijklmnopqrstuvwxyz"  # the dot begins and ends a name


def count(names):
    """How often each letter follows each pair: (27, 27, 27), and a little for what never did."""
    counts = np.full((27, 27, 27), 0.002)
    for name in names:
        ids = [ALPHABET.index(letter) for letter in f"..{name}."]
        np.add.at(counts, (ids[:-2], ids[1:-1], ids[2:]), 1)
    return counts


def probabilities(logits, temperature):
    """The probabilities (V,) of the next letter: softmax of the logits (V,) / temperature."""
    beta = 1 / temperature
    z = logits * beta
    exp = np.exp(z - z.max())
    return exp / exp.sum()


def write(counts, temperature, rng, longest=12):
    """One name, at most `longest` letters long."""
    name = ".."
    while len(name) < longest + 2:
        logits = np.log(counts[ALPHABET.index(name[-2]), ALPHABET.index(name[-1])])
        letter = ALPHABET[rng.choice(27, p=probabilities(logits, temperature))]
        if letter == ".":
            break
        name += letter
    return name[2:]


def known_share(words, names):
    """The share of all triples of letters in words that occur in names."""
    known = {name[i : i + 3] for name in names for i in range(len(name) - 2)}
    triples = [word[i : i + 3] for word in words for i in range(len(word) - 2)]
    return np.mean([triple in known for triple in triples])


def main():
    """Write 200 names at each temperature."""
    names = NAMES.split()
    counts = count(names)
    for temperature in (0.4, 1.0, 2.5):
        rng = np.random.default_rng(0)
        words = [write(counts, temperature, rng) for _ in range(200)]
        share = known_share(words, names)
        print(f"temperature {temperature}: {share:4.0%} known  {', '.join(words[:6])}")


if __name__ == "__main__":
    main()
