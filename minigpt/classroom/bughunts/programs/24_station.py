"""Measure the perplexity of a model of station announcements.

The model is a table: how often does each letter follow each other one in the announcements that it
has learned from? It is measured on others. The perplexity is the exponential of the mean loss of
all letters; a model that guesses among k equally likely letters has the perplexity k.

The announcements are measured in batches, as a large model would do it. How many there are in a
batch is a matter of speed and memory: the result is a property of the model and of the text.

Run it. What is strange?
"""

import math

import numpy as np

LEARNED = """the train to the coast leaves from track two
the train to the lakes is late
please mind the gap between the train and the platform
the next train does not stop here
track four
please keep your bags with you at all times
the train to the mountains leaves from track nine
all trains to the north are on time
the last train to the lakes leaves now from track one
please let others get off the train first"""
MEASURED = """the train to the north leaves from track three
quiet zone
the next train to the coast is late
sorry!
please do not leave your bags on the platform between the trains
taxi zone b
the train to the mountains does not stop here
the last train leaves from the platform on the left
fire drill
all other trains to the lakes are on time"""


def count_pairs(texts, letters):
    """The probability (V, V) of each letter after each letter, with half a count for all pairs."""
    counts = np.full((len(letters), len(letters)), 0.5)
    for ids in encode(texts, letters):
        np.add.at(counts, (ids[:-1], ids[1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def encode(texts, letters):
    """An array of ids for each text, between two line ends."""
    return [np.array([letters.index(letter) for letter in f"\n{text}\n"]) for text in texts]


def losses(probabilities, batch):
    """The loss of every predicted letter of a batch of texts, one behind the other."""
    return np.concatenate([-np.log(probabilities[ids[:-1], ids[1:]]) for ids in batch])


def perplexity(probabilities, texts, batch_size):
    """The perplexity of the table on texts (arrays of ids), measured batch by batch."""
    total, count = 0.0, 0
    for start in range(0, len(texts), batch_size):
        found = losses(probabilities, texts[start : start + batch_size])
        total += found.sum()
        count += len(found)
    return math.exp(total / count)


def main():
    """Count pairs, then measure with batches of several sizes."""
    learned, measured = LEARNED.split("\n"), MEASURED.split("\n")
    letters = sorted(set("\n" + LEARNED + MEASURED))
    probabilities = count_pairs(learned, letters)
    texts = encode(measured, letters)
    print(f"{len(letters)} different letters; {len(texts)} announcements to measure on")
    for batch_size in (1, 2, 3, 5, 10):
        found = perplexity(probabilities, texts, batch_size)
        print(f"measured {batch_size:2d} at a time: perplexity {found:.3f}")


if __name__ == "__main__":
    main()
