"""Calibrate a thermometer: fit temperature = a + b * reading + c * reading^2, with Adam.

A cheap sensor gives readings between -1 and 1; a good thermometer beside it gave the true
temperatures. Adam finds the three coefficients from their errors.

Before it fits, the program tests its Adam on a slope: a loss whose gradient is the same number at
every place. The mean of equal gradients is each of them, so on a slope every step of Adam should
have the length of the learning rate, whether the slope is gentle or steep.

Run it. What is strange?
"""

import numpy as np


def new_state(params):
    """What Adam remembers about a dict of arrays: two running means for each, and a count."""
    return {
        "t": 0,
        "mean": {name: np.zeros_like(p) for name, p in params.items()},
        "square": {name: np.zeros_like(p) for name, p in params.items()},
    }


def adam_step(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """Move the params in place by one step of Adam (Kingma and Ba, 2015) and update the state.

    Args:
        params, grads: dicts of float arrays with the same names and shapes.
        state: of these params, made by `new_state`.
    """
    beta1, beta2 = betas
    t = state["t"] + 1
    for name, g in grads.items():
        mean, square = state["mean"][name], state["square"][name]
        mean += (1 - beta1) * (g - mean)
        square += (1 - beta2) * (g * g - square)
        mean_hat = mean / (1 - beta1**t)
        square_hat = square / (1 - beta2**t)
        params[name] -= lr * mean_hat / (np.sqrt(square_hat) + eps)
    state["t"] = t


def lengths_on_a_slope(slope, steps, lr=0.01):
    """The length of each step, divided by lr, where the gradient is `slope` everywhere."""
    params = {"x": np.zeros(1)}
    state, lengths = new_state(params), []
    for _ in range(steps):
        before = params["x"].copy()
        adam_step(params, {"x": np.array([slope])}, state, lr)
        lengths.append(abs(float(params["x"][0] - before[0])) / lr)
    return lengths


def fit(readings, temperatures, steps=600, lr=0.2):
    """The coefficients (3,), and the mean squared error before each step."""
    powers = np.stack([readings**0, readings, readings**2], axis=1)  # (N, 3)
    params = {"coefficients": np.zeros(3)}
    state, errors = new_state(params), []
    for _ in range(steps):
        error = powers @ params["coefficients"] - temperatures
        errors.append(float(np.mean(error**2)))
        adam_step(params, {"coefficients": 2 * powers.T @ error / len(error)}, state, lr)
    return params["coefficients"], errors


def main():
    """Test Adam on two slopes, then fit the thermometer."""
    moments = (1, 2, 5, 12, 100, 1000, 4000)
    print("length of a step on a slope / learning rate")
    print("    step  " + "".join(f"{moment:8d}" for moment in moments))
    for slope in (0.5, 80.0):
        lengths = lengths_on_a_slope(slope, moments[-1])
        shown = "".join(f"{lengths[moment - 1]:8.3f}" for moment in moments)
        print(f"slope {slope:4g}{shown}")

    rng = np.random.default_rng(0)
    readings = rng.uniform(-1, 1, 200)
    temperatures = 18 + 25 * readings - 4 * readings**2 + rng.normal(0, 0.3, 200)
    coefficients, errors = fit(readings, temperatures)
    print("mean squared error:", ", ".join(f"{errors[i]:.3g}" for i in (0, 50, 150, 300, 599)))
    print("coefficients:", coefficients.round(2), "(true: 18, 25, -4)")


if __name__ == "__main__":
    main()
