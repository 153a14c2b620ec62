"""A GPT learns times tables, with a learning rate that rises first and falls then.

The 30 rows, from "1 2 3 4 5 6 7" to "30 60 90 ...", are shuffled into batches once, and the model
goes through all batches in many rounds. A schedule should help: a slow start, so that Adam gets to
know the sizes of the gradients, then full speed, then quiet at the end. For comparison the program
trains a second model with a constant learning rate, which is half of the highest one.

Run it. What is strange?
"""

from functools import partial

import numpy as np

from minigpt import GPT, AdamW, GPTConfig
from minigpt.layers import IGNORE

LETTERS = "\n 0123456789"
LONGEST, ROUNDS, LR, WARMUP = 26, 24, 0.02, 40


def rise_and_fall(step, steps, lr, warmup):
    """The learning rate of step 0, 1, … steps - 1: a line up to `lr`, then a line down to 0.

    lr * (step + 1) / (warmup + 1)                  for step < warmup
    lr * (steps - step) / (steps - warmup)          from then on
    """
    if step < warmup:
        return lr * (step + 1) / (warmup + 1)
    return lr * (steps - step) / (steps - warmup)


def make_batches(rng):
    """The 30 rows in six batches (ids, targets); short rows are filled up with ignored targets."""
    ids = np.zeros((30, LONGEST), dtype=int)
    targets = np.full_like(ids, IGNORE)
    for i, number in enumerate(rng.permutation(np.arange(1, 31))):
        text = "\n" + " ".join(str(number * k) for k in range(1, 8)) + "\n"
        row = [LETTERS.index(letter) for letter in text]
        ids[i, : len(row) - 1], targets[i, : len(row) - 1] = row[:-1], row[1:]
    return list(zip(np.split(ids, 6), np.split(targets, 6), strict=True))


def train(model, batches, rounds, schedule):
    """Take all batches in each round, one step of AdamW for each; return the rounds' mean losses.

    Args:
        schedule: a function of the step, 0, 1, …, and of the number of steps in the training; it
            gives the learning rate of this step.
    """
    optimizer = AdamW(model.params, weight_decay=0.01)
    steps = rounds * len(batches)
    means = np.zeros(rounds)
    for number in range(rounds):
        losses = []
        for i, (ids, targets) in enumerate(batches):
            step = number * len(batches) + i
            loss, grads = model.loss_and_grads(ids, targets)
            optimizer.step(grads, lr=schedule(step, steps))
            losses.append(float(loss))
        means[number] = np.mean(losses)
    return means


def main():
    """Train both models and print the mean losses of every fourth round."""
    config = GPTConfig(len(LETTERS), LONGEST, n_layer=1, n_head=4, n_embd=32, init_std=0.1)
    batches = make_batches(np.random.default_rng(0))
    columns = []
    for schedule in (partial(rise_and_fall, lr=LR, warmup=WARMUP), lambda step, steps: LR / 2):
        columns.append(train(GPT(config, seed=0, device="cpu"), batches, ROUNDS, schedule))
    print("round   rise and fall   constant")
    for number in range(3, ROUNDS, 4):
        print(f"{number + 1:>5} {columns[0][number]:>15.3f} {columns[1][number]:>10.3f}")


if __name__ == "__main__":
    main()
