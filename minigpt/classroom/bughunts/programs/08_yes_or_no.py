"""A tiny network answers questions: "is 7 greater than 3?", "yes".

A question is two numbers, an answer is one of the words "yes" and "no". Numbers and answers have
their rows in one table, which the network uses twice, as a GPT does: it looks the two numbers up in
it, and it scores all words, the answers among them, with it. After the training the program says
how far the rows of the table have moved from where they began.

Run it. What is strange?
"""

import numpy as np

from minigpt import AdamW, layers
from minigpt.tree import FlatTree

NUMBERS = 10
WORDS = [*map(str, range(NUMBERS)), "yes", "no"]


def loss_and_grads(params, questions, answers):
    """The mean cross-entropy, and the gradients by name.

        x = words[first], words[second] side by side        hidden = gelu(x @ mix)
        logits = hidden @ words.T

    Args:
        params: "words" (V, C), and "mix" (2C, C).
        questions: integers (N, 2).
        answers: integers (N,).
    """
    N, C = len(questions), params["words"].shape[1]
    pairs, read_cache = layers.embedding(questions, params["words"])  # (N, 2, C)
    mixed, mix_cache = layers.linear(pairs.reshape(N, 2 * C), params["mix"])
    hidden, gelu_cache = layers.gelu(mixed)
    logits, score_cache = layers.unembedding(hidden, params["words"])
    loss, loss_cache = layers.cross_entropy(logits, answers)

    dlogits, _ = layers.cross_entropy_backward(1.0, loss_cache)
    dhidden, found = layers.unembedding_backward(dlogits, score_cache)
    grads = {"words": found["weight"]}
    dmixed, _ = layers.gelu_backward(dhidden, gelu_cache)
    dpairs, found = layers.linear_backward(dmixed, mix_cache)
    grads["mix"] = found["weight"]
    _, found = layers.embedding_backward(dpairs.reshape(N, 2, C), read_cache)
    grads["words"] += found["weight"]
    return float(loss), grads


def make_questions(count, rng):
    """Random pairs of numbers, and the right answers to "is the first one greater?"."""
    questions = rng.integers(0, NUMBERS, (count, 2))
    greater = questions[:, 0] > questions[:, 1]
    return questions, np.where(greater, WORDS.index("yes"), WORDS.index("no"))


def main():
    """Train with AdamW; print the loss, and how far each word's row has moved."""
    rng = np.random.default_rng(0)
    shapes = {"words": (len(WORDS), 8), "mix": (16, 8)}
    params = FlatTree({name: 0.3 * rng.standard_normal(shape) for name, shape in shapes.items()})
    start = params["words"].copy()
    optimizer = AdamW(params, lr=1e-2, weight_decay=0.0)
    for step in range(301):
        loss, grads = loss_and_grads(params, *make_questions(64, rng))
        optimizer.step(grads)
        if step % 100 == 0:
            print(f"step {step:>3}: loss {loss:.3f}")
    moved = np.sqrt(((params["words"] - start) ** 2).sum(axis=1))
    print("moved by:", *(f"{word} {far:.2f}" for word, far in zip(WORDS, moved, strict=True)))


if __name__ == "__main__":
    main()
