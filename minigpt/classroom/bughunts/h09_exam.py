"""Bug hunt 09: a GPT that learns few stories by heart, its validation and its exam."""

import numpy as np

from minigpt.classroom.bughunt import Hunt


def verify(module) -> str | None:
    """Split a row of numbers that are all different, so that each tells where it stood."""
    width = module.BLOCK + 1
    for count, share in ((2000, 0.1), (901, 0.3)):
        parts = module.split(np.arange(count), share, np.random.default_rng(9))
        if len(parts) != 2 or any(np.ndim(rows) != 2 or len(rows) == 0 for rows in parts):
            return f"From {count} tokens, split does not make two tables with rows of tokens."
        training, validation = (np.asarray(rows) for rows in parts)
        for rows in (training, validation):
            if rows.shape[1] != width or (np.diff(rows, axis=1) != 1).any():
                return f"Not every row is a piece of {width} tokens that follow one another."
        asked = [set(rows[:, 1:].ravel().tolist()) for rows in (training, validation)]
        both = len(asked[0] & asked[1]) / len(asked[1])
        if both:
            return f"Of the tokens that validation asks for, {both:.0%} were trained on, too."
        if not 0.6 * share <= len(asked[1]) / count <= 1.4 * share:
            return (
                f"Validation asks for {len(asked[1]) / count:.0%} of all tokens; "
                f"it should be about {share:.0%}."
            )
        if len(asked[0]) / count < 0.8 * (1 - share):
            return f"Only {len(asked[0]) / count:.0%} of all tokens are trained on."
    return None


HUNT = Hunt(
    number="09",
    name="exam",
    symptom="The validation loss falls all the time, but the exam is far worse than it.",
    edits=(
        (
            "    cut = int(len(tokens) * (1 - share))\n"
            "    training, validation = "
            "windows(tokens[:cut], BLOCK // 4), windows(tokens[cut:], BLOCK // 4)\n"
            "    return rng.permutation(training), validation\n",
            "    rows = rng.permutation(windows(tokens, BLOCK // 4))\n"
            "    cut = int(len(rows) * (1 - share))\n"
            "    return rows[:cut], rows[cut:]\n",
        ),
    ),
    verify=verify,
    hints=(
        "The validation loss never rises, though so few stories must be learned by heart. Is the "
        "exam too hard, or the validation too easy? Has the model seen the validation text?",
        "Call split with np.arange(200) in place of a text: then each token says where it stood. "
        "Which numbers are in both tables?",
        "Each row shares three quarters of its tokens with the next one. What does a row of "
        "validation share with the rows before and after it in the text, and where are those?",
    ),
    answer=(
        "The rows were cut first, with overlap, and shuffled and divided afterwards: so nearly all "
        "tokens of a validation row also stood in training rows, and the validation measured how "
        "well they were learned by heart. It could hide because no row is in both parts and the "
        "curve looks like a healthy one; only the exam tells. Cut the text first, then make rows "
        "of each part. Lesson 12, sections 5 and 6."
    ),
    lesson="12",
)
