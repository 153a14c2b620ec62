"""Bug hunt 06: a small GPT invents names of villages."""

import numpy as np

from minigpt.classroom.bughunt import Hunt


def verify(module) -> str | None:
    """Train on two names of different lengths and ask for the next letters."""
    names, end = ["pqrstu", "xyz"], 26
    model, losses = module.train(names * 2, 80, seed=1)
    if len(losses) != 80 or not 2.2 < losses[0] < 4.5:
        return "Before the training, the loss is not near ln 28 = 3.33."

    def code(text):
        return [ord(letter) - ord("a") for letter in text]

    for name in names:
        for length in range(1, len(name) + 1):
            ids = [end, *code(name[:length])]
            scores = np.asarray(model(np.array([ids])))[0, -1]
            right = [*code(name), end][length]
            if scores.argmax() != right:
                chosen, wanted = (
                    "END" if i == end else repr(chr(ord("a") + int(i))) if i < end else "FILL"
                    for i in (scores.argmax(), right)
                )
                return (
                    f"After a training on {names[0]!r} and {names[1]!r} only, the model goes on "
                    f"from {name[:length]!r} with {chosen}, not with {wanted}."
                )
    if losses[-1] > 0.5:
        return f"A training on two names ends at a loss of {losses[-1]:.2f}; it should be near 0.2."
    if losses[-1] < 0.05:
        return f"A training on two names ends at {losses[-1]:.3f}: nobody can know which one comes."
    return None


HUNT = Hunt(
    number="06",
    name="villages",
    symptom="The loss falls nearly to 0, and each of the new names is one letter again and again.",
    edits=(("return filled[:, :-1], labels[:, 1:]", "return filled, labels"),),
    verify=verify,
    hints=(
        "The loss of a name's first letter alone can't be 0, since 32 different names may come. A "
        "loss that is too good means that the answer stands in the question.",
        "What has the model learned? Give it some letters and look at the most likely next one. "
        "Is it the mask of attention (the leak probe tells), or the data?",
        "Print ids and labels of collate(['kelby']) one below the other. Which token should the "
        "model say at the place of the k, and which one do the labels ask for?",
    ),
    answer=(
        "The labels were not shifted: at each place the model was asked for the token at this very "
        "place, and learned to copy. In some libraries that is right, because there the model "
        "shifts the labels itself; here the batch must bring the targets, one place later. No "
        "shape is wrong and the loss looks wonderful, so it hides until somebody reads what the "
        "model writes. Lesson 08, section 7, trains such a model; it is also in the gallery of "
        "lesson 12, section 7."
    ),
    lesson="08",
)
