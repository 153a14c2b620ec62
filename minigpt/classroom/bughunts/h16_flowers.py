"""Bug hunt 16: a temperature that heats where it should cool."""

import numpy as np

from minigpt.classroom.bughunt import Hunt

TEMPERATURES = (1.0, 0.5, 0.8, 2.0, 7.0)


def verify(module) -> str | None:
    """Compare the probabilities at several temperatures; count what a hot and a cold pen write."""
    rng = np.random.default_rng(16)
    logits = rng.normal(0, 2, 9)
    for temperature in TEMPERATURES:
        p = np.array(module.probabilities(logits.copy(), temperature))
        want = np.exp(logits / temperature) / np.exp(logits / temperature).sum()
        if p.shape != want.shape or not np.allclose(p, want, atol=1e-9):
            shown = f"{np.max(p):.3f}, it should be {want.max():.3f}"
            return f"At temperature {temperature} the largest of nine probabilities is {shown}."
    counts = module.count(["abababababab"])
    for temperature, low, high in ((0.5, 0.99, 1.0), (8.0, 0.0, 0.4)):
        name = "".join(module.write(counts, temperature, rng, 20) for _ in range(30))
        share = np.mean([letter in "ab" for letter in name])
        if not low <= share <= high:
            return (
                f"After reading only the letters a and b, {share:.0%} of the letters written at "
                f"temperature {temperature} are an a or a b."
            )
    return None


HUNT = Hunt(
    number="16",
    name="flowers",
    symptom="The low temperature writes noise, and the high one always the same names.",
    edits=(("z = logits * beta", "z = logits / beta"),),
    verify=verify,
    hints=(
        "At temperature 1 all is well. Which operation with the temperature changes nothing when "
        "it is 1?",
        "Two logits, ln 0.8 and ln 0.2: at temperature 0.5 the probabilities should be 0.94 and "
        "0.06 (lesson 13, section 3). What does `probabilities` give?",
        "beta is 1 / temperature. What is logits / beta, then?",
    ),
    answer="Dividing by beta = 1 / temperature multiplies the logits by the temperature: a low one "
    "makes all letters nearly equally likely, a high one always takes the likeliest. At "
    "temperature 1 both are the same, and that is the setting that everybody tests. Temperature: "
    "lesson 13, section 3.",
    lesson="13",
)
