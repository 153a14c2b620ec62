"""The checker's lines, words and hints; each with an answer that breaks one thing."""

import dataclasses
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest
from answers import written

from minigpt import layers
from minigpt.backend import get_array_module
from minigpt.classroom import check, pretend_gpu
from minigpt.classroom.checker import check_part, refuse_imports
from minigpt.classroom.compare import same_answer, same_value
from minigpt.classroom.exercises import EXERCISES
from minigpt.errors import UserError

E06, E05 = EXERCISES["06"], EXERCISES["05"]
LAYERNORM, LINEAR = E06.part("layernorm"), E05.part("linear")
RIGHT = written(E06)


def report_of(exercise, part, **functions):
    """The report on the solution with some functions replaced."""
    names = vars(written(exercise)) | functions
    return check_part(exercise, exercise.part(part), SimpleNamespace(**names))


def line(report, name):
    return next(line for line in report.lines if line.name == name)


def red(report):
    return [line.name for line in report.lines if line.ok is False]


def changed(change, part=LAYERNORM):
    """layernorm_backward with its results changed by `change(dx, grads, dy, cache)`."""

    def layernorm_backward(dy, cache):
        dx, grads = RIGHT.layernorm_backward(dy, cache)
        return change(dx, grads, dy, cache)

    names = vars(RIGHT) | {"layernorm_backward": layernorm_backward}
    return check_part(E06, part, SimpleNamespace(**names))


UNKNOWING = dataclasses.replace(LAYERNORM, mistakes=())  # so that only the numbers can tell


def test_the_solution_passes_with_all_lines():
    report = report_of(E06, "layernorm")
    assert report.ok and report.problem == "" and report.diagnoses == []
    assert len(report.lines) == 10


def test_a_known_mistake_in_words_with_its_numbers_and_hints():
    mistake = next(m for m in LAYERNORM.mistakes if m.name == "variance_a_constant")
    functions = written(E06, [mistake])
    report = check_part(E06, LAYERNORM, functions)
    assert report.problem.startswith(
        "Your layernorm_backward is right, except that the gradient through the variance is "
        "missing (lesson 06, section 4)."
    )
    assert "dx[" in report.problem and "y, weight and bias are right" in report.problem
    assert report.hints[0] == mistake.hint and len(report.hints) == 3
    right = [right.strip() for right, _ in mistake.edits if right.strip()]
    assert all(line in report.hints[2] for line in right)
    assert "section 4" in report.advice and red(report) == ["backward", "gradient check"]


def test_the_worst_number_is_told_truly():
    report = changed(lambda dx, g, dy, c: (dx + np.eye(dx.size)[5].reshape(dx.shape), g))
    student = RIGHT.layernorm_backward
    case = LAYERNORM.make_cases(0)[0]
    y, cache = RIGHT.layernorm(*case.args, **case.params)
    from minigpt.classroom.diagnose import reference

    dx, _ = student(reference("06", "layernorm", 0)[0].dy, cache)
    at = np.unravel_index(5, dx.shape)
    assert f"dx[{', '.join(map(str, at))}] is {dx[at] + 1:.6g} and should be {dx[at]:.6g}" in (
        report.problem.replace("\n", " ")
    )


# --- whose code it is -----------------------------------------------------------------------------


def calls_the_answer(x, weight, bias, eps=1e-5):
    return layers.layernorm(x, weight, bias, eps)


def through_the_kernels(x, weight, bias, eps=1e-5):
    from minigpt import kernels

    return kernels.layernorm(x, weight, bias, eps)


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (layers.layernorm, "layernorm is minigpt's own function"),
        (calls_the_answer, "calls minigpt's own layernorm"),
        (through_the_kernels, "calls minigpt's own layernorm"),
        (len, "is not written in Python by you"),
    ],
)
def test_an_answer_that_is_not_ones_own_is_noticed(forward, words):
    report = report_of(E06, "layernorm", layernorm=forward)
    assert not report.ok and words in line(report, "your own code").seen


def test_what_earlier_lessons_built_may_be_used():
    assert report_of(EXERCISES["07"], "attention").ok  # it calls minigpt's linear
    assert report_of(EXERCISES["09"], "block").ok


IMPORTS = [
    "import torch",
    "from jax import grad",
    "import autograd.numpy",
    "from minigpt.classroom.exercises import EXERCISES",
    "from minigpt import classroom",
]


@pytest.mark.parametrize("text", IMPORTS)
def test_a_framework_and_the_solutions_are_refused(tmp_path, text):
    path = tmp_path / "06_layernorm.py"
    path.write_text(f"def f():\n    {text}\n", encoding="utf-8")
    report = report_of(E06, "layernorm")
    refuse_imports(report, path)
    assert not report.ok and "imports" in report.problem
    path.write_text("import numpy  # torch\n", encoding="utf-8")
    report = report_of(E06, "layernorm")
    refuse_imports(report, path)
    assert report.ok


# --- what is not there ----------------------------------------------------------------------------


def not_written(*args, **kwargs):
    raise NotImplementedError("lesson 06")


def test_a_blank_file_fails():
    names = dict.fromkeys(LAYERNORM.functions, not_written)
    report = check_part(E06, LAYERNORM, SimpleNamespace(**names))
    assert not report.ok and report.unwritten
    assert "layernorm is not written yet" in report.problem
    report = check_part(E06, LAYERNORM, SimpleNamespace())
    assert not report.ok and not report.unwritten
    assert "no function named layernorm" in report.problem


@pytest.mark.parametrize("absent", [{"layernorm_backward": not_written}, {"layernorm_backward": 0}])
def test_half_a_pair_is_judged_for_what_is_there(absent):
    report = report_of(E06, "layernorm", **absent)
    assert line(report, "forward").ok and red(report) == ["backward"]
    assert "Your layernorm is right." in report.problem
    wrong = written(E06, [m for m in LAYERNORM.mistakes if m.name == "no_eps"])
    report = report_of(E06, "layernorm", layernorm=wrong.layernorm, **absent)
    assert "eps is missing" in report.problem


def test_an_exception_is_told_with_its_line():
    def layernorm(x, weight, bias, eps=1e-5):
        return x @ weight.no_such_thing, None

    report = report_of(E06, "layernorm", layernorm=layernorm)
    assert "AttributeError" in report.problem and "no_such_thing" in report.problem
    assert "`return x @ weight.no_such_thing, None`" in report.problem
    assert line(report, "forward").ok is None


def test_an_exception_in_one_case_only_says_in_which():
    def layernorm(x, weight, bias, eps=1e-5):
        B, T, C = x.shape
        return RIGHT.layernorm(x, weight, bias, eps)

    report = report_of(E06, "layernorm", layernorm=layernorm)
    assert "This happens for x of shape (T, C); the plain case runs." in report.problem


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "must return two things, `y, cache`"),
        ((None, 1), "returned None as y"),
        (("no", 1), "returned a str as y"),
    ],
)
def test_a_forward_that_breaks_the_contract(result, words):
    report = report_of(E06, "layernorm", layernorm=lambda *a, **k: result)
    assert words in report.problem


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda dx, g, dy, c: dx, "must return two things, `dx, grads`"),
        (lambda dx, g, dy, c: (dx, [1]), "must return two things, `dx, grads`"),
        (lambda dx, g, dy, c: ((dx, dx), g), "must return the gradients (dx) first"),
        (lambda dx, g, dy, c: (dx, {**g, "bias": None}), "returned None as bias"),
        (lambda dx, g, dy, c: (None, g), "there is no dx. y, weight and bias are"),
        (lambda dx, g, dy, c: (dx, {"weight": g["weight"]}), "there is no bias. y, dx and"),
        (lambda dx, g, dy, c: (dx, {"w": g["weight"], "b": g["bias"]}),
         "the names w and b should be weight and bias"),
        (lambda dx, g, dy, c: (dx, {**g, "eps": dx}), "eps was returned, but there is no such"),
        (lambda dx, g, dy, c: (dx.T, g), "dx is transposed"),
        (lambda dx, g, dy, c: (dx, {**g, "bias": g["bias"][None]}), "has the right numbers, but"),
        (lambda dx, g, dy, c: (dx.sum(0), g), "dx has the shape"),
    ],
)
def test_a_backward_that_breaks_the_contract(change, words):
    report = changed(change)
    assert not report.ok and words in report.problem.replace("\n", " "), report.problem


# --- facts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (lambda dx, g, dy, c: (-dx, g), "sign", "dx has the wrong sign"),
        (lambda dx, g, dy, c: (dx, {**g, "bias": dy.sum(axis=-1)}), "sum_of_dy", "the axis -1"),
        (lambda dx, g, dy, c: (2 * dx, g), "factor", "dx is twice what it should be"),
        (lambda dx, g, dy, c: (dx / dx.shape[-1], g), "factor_1/C", "dx is 1/C times"),
        (lambda dx, g, dy, c: (dx * dx.shape[-1] ** 0.5, g), "factor_√C", "dx is √C times"),
        (lambda dx, g, dy, c: (0.37 * dx, g), "factor", "dx is 0.37 times what it should be"),
        (lambda dx, g, dy, c: (0 * dx, g), "zeros", "dx is all zeros"),
        (lambda dx, g, dy, c: (dx + 0.5, g), "offset", "dx is too large by 0.5 everywhere"),
        (lambda dx, g, dy, c: (dx[::-1].copy(), g), "reversed", "dx is in the opposite order"),
        (lambda dx, g, dy, c: (np.concatenate([dx[:1], 0 * dx[1:]]), g), "first_only", "first row"),
        (lambda dx, g, dy, c: (np.roll(dx, 1, axis=-1), g), "off_by_one", "shifted by one place"),
        (lambda dx, g, dy, c: (np.where(dx > 9, dx, np.nan), g), "nan", "is not finite"),
    ],
)
def test_a_fact_about_the_numbers(change, name, words):
    report = changed(change, UNKNOWING)
    assert [(one.kind, one.name) for one in report.diagnoses] == [("fact", name)], report.problem
    assert words in report.problem.replace("\n", " ")


def test_a_factor_must_hold_in_every_case():
    report = changed(lambda dx, g, dy, c: (dx * (2 if dx.ndim == 3 else 1), g), UNKNOWING)
    assert [one.name for one in report.diagnoses] == ["some_cases"]
    assert "is right for x of shape (T, C)" in report.problem.replace("\n", " ")


def test_places_with_a_name_are_told():
    part = EXERCISES["04"].part("embedding")
    right = written(EXERCISES["04"])
    marked = {word for case in part.make_cases(0) for word in case.marks.get("weight", {})}
    assert marked, "the exercise names its rows"

    def embedding_backward(dy, cache):
        _, grads = right.embedding_backward(dy, cache)
        ids = np.array([i for i in cache if getattr(i, "dtype", None) == np.int64][0])
        found, counts = np.unique(ids, return_counts=True)
        wrong = grads["weight"].copy()
        wrong[found[counts > 1]] *= np.linspace(1.2, 1.9, wrong.shape[1])
        return None, {"weight": wrong}

    names = {"embedding": right.embedding, "embedding_backward": embedding_backward}
    report = check_part(EXERCISES["04"], part, SimpleNamespace(**names))
    assert "repeated" in report.problem or "several" in report.problem, report.problem


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_noise_is_never_given_a_name(exercise):
    """Answers of the right shape with random numbers: nothing known explains them."""
    right = written(exercise)
    for part in exercise.parts:
        if not part.arrays:
            continue
        rng = np.random.default_rng(5)

        def noisy(value, rng=rng):
            if isinstance(value, dict):
                return {key: noisy(inner) for key, inner in value.items()}
            if isinstance(value, tuple):
                return tuple(noisy(inner) for inner in value)
            is_float = hasattr(value, "dtype") and value.dtype.kind == "f"
            return value + 0.3 * rng.standard_normal(np.shape(value)) if is_float else value

        def wrapped(function, keep_cache, noisy=noisy):
            def run(*args, **kwargs):
                result = function(*args, **kwargs)
                return (noisy(result[0]), result[1]) if keep_cache else noisy(result)

            return run

        for broken in part.functions:
            forward = part.is_layer and broken == part.functions[0]
            names = vars(right) | {broken: wrapped(getattr(right, broken), forward)}
            report = check_part(exercise, part, SimpleNamespace(**names))
            assert not report.ok
            assert [d.name for d in report.diagnoses if d.kind == "known"] == [], report.problem


# --- manners --------------------------------------------------------------------------------------


def test_writing_into_dy_the_cache_or_an_input_is_told():
    def into_dy(dy, cache):
        result = RIGHT.layernorm_backward(dy, cache)
        dy *= 2
        return result

    def into_the_cache(dy, cache):
        result = RIGHT.layernorm_backward(dy, cache)
        cache[0][...] = 0
        return result

    def into_x(x, weight, bias, eps=1e-5):
        result = RIGHT.layernorm(x, weight, bias, eps)
        x += 1
        return result

    for functions, words in (
        ({"layernorm_backward": into_dy}, "writes into dy."),
        ({"layernorm_backward": into_the_cache}, "writes into the cache."),
        ({"layernorm": into_x}, "writes into its argument x."),
    ):
        report = report_of(E06, "layernorm", **functions)
        assert words in report.problem and line(report, "inputs unchanged").ok is False
        assert line(report, "forward").ok and line(report, "backward").ok


def test_what_is_kept_between_calls_is_told():
    total = [0.0]

    def layernorm_backward(dy, cache):
        dx, grads = RIGHT.layernorm_backward(dy, cache)
        total[0] = total[0] + 1e-12 * float(grads["bias"].sum())
        return dx + total[0], grads

    report = report_of(E06, "layernorm", layernorm_backward=layernorm_backward)
    assert red(report) == ["called twice"] and "kept between the calls" in report.problem


def test_float64_from_float32_is_told():
    def layernorm(x, weight, bias, eps=1e-5):
        y, cache = RIGHT.layernorm(x, weight, bias, eps)
        return y * np.float64(1), cache

    report = report_of(E06, "layernorm", layernorm=layernorm)
    assert red(report) == ["float32"] and "y is float64 although" in report.problem


def test_numpys_own_arrays_are_not_ready_for_a_gpu():
    def layernorm_backward(dy, cache):
        dx, grads = RIGHT.layernorm_backward(dy, cache)
        fresh = np.zeros(dx.shape, dx.dtype)
        fresh += dx
        return fresh, grads

    report = report_of(E06, "layernorm", layernorm_backward=layernorm_backward)
    assert red(report) == ["ready for a GPU"] and "get_array_module" in report.problem


# --- in a notebook --------------------------------------------------------------------------------


def test_check_in_a_notebook():
    report = check(RIGHT.layernorm, RIGHT.layernorm_backward)
    assert report and "layernorm: right" in str(report)
    page = report._repr_html_()
    assert page.count("<tr>") == 10 and "✓" in page and "✗" not in page
    wrong = written(E06, [m for m in LAYERNORM.mistakes if m.name == "no_eps"])
    page = check(wrong.layernorm, wrong.layernorm_backward)._repr_html_()
    assert "✗" in page and "eps is missing" in page


@pytest.mark.parametrize(
    ("functions", "words"),
    [
        ((), "Give check the functions"),
        ((RIGHT.layernorm,), "Give check both functions: check(layernorm, layernorm_backward)"),
        ((RIGHT.layernorm, layers.gelu), "gelu does not belong to layernorm"),
        ((textwrap.dedent,), "No exercise has a function named 'dedent'"),
    ],
)
def test_check_with_the_wrong_functions(functions, words):
    with pytest.raises(UserError, match=words.replace("(", r"\(").replace(")", r"\)")):
        check(*functions)


def test_wrong_in_one_case_and_stopping_in_another():
    """Nothing known fits, and it does not even run everywhere: the worst number is told."""

    def layernorm(x, weight, bias, eps=1e-5):
        y, cache = RIGHT.layernorm(x, weight, bias, eps)
        return y + np.arange(y.size).reshape(y.shape) % 7, cache

    def layernorm_backward(dy, cache):
        if dy.ndim == 2:
            raise ValueError("three axes, please")
        return RIGHT.layernorm_backward(dy, cache)

    functions = {"layernorm": layernorm, "layernorm_backward": layernorm_backward}
    report = report_of(E06, "layernorm", **functions)
    assert red(report)[:2] == ["runs", "forward"] and "three axes" in report.problem


def test_a_y_of_the_wrong_shape_gets_no_gradient():
    def layernorm(x, weight, bias, eps=1e-5):
        y, cache = RIGHT.layernorm(x, weight, bias, eps)
        return y.reshape(-1, y.shape[-1]), cache

    def layernorm_backward(dy, cache):
        return RIGHT.layernorm_backward(dy.reshape(cache[0].shape[0], -1, cache[2].size), cache)

    functions = {"layernorm": layernorm, "layernorm_backward": layernorm_backward}
    report = report_of(E06, "layernorm", **functions)
    assert line(report, "runs").ok and line(report, "shapes").seen.startswith("y is (6, 5)")


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({1: 2, 3: 4}, {1: 2, 3: 4}, True),
        ({1: 2, 3: 4}, {3: 4, 1: 2}, False),  # the order of a dict counts
        ([[b"a", np.array([1.0])]], [[b"a", np.array([1.0])]], True),
        ([[b"a", np.array([1.0])]], [[b"a", np.array([2.0])]], False),
        ([b"a"], [b"a", b"b"], False),
        ("1", b"1", False),
    ],
)
def test_equal_values(a, b, same):
    assert same_value(a, b) is same


def test_wrong_counts_are_the_same_mistake_in_any_order():
    right = {"a": 1, "b": 2}
    assert same_answer({"a": 5, "b": 6}, {"b": 6, "a": 5}, right)
    assert not same_answer({"b": 2, "a": 1}, {"a": 1, "b": 2}, right)  # only the order is wrong


def test_ids_where_tokens_should_be():
    """Numbers in a list of pairs: told, and no crash."""

    def learn(words, new_tokens):
        return [(256, 257)] * new_tokens

    report = report_of(EXERCISES["03"], "learn", learn=learn)
    assert not report.ok and line(report, "numbers").ok is False


def test_the_solutions_own_functions_are_no_answer():
    """Whatever way they come: as the functions themselves, or called where dy is not all ones."""
    report = check_part(E06, LAYERNORM, E06.variant())
    assert "layernorm is minigpt's own function" in line(report, "your own code").seen
    sneaky = written(E06)

    def layernorm_backward(dy, cache):
        if dy.max() == dy.min():
            return dy, {}
        normalised, rstd, weight = cache
        return layers.layernorm_backward(dy, (normalised, rstd, weight, weight))

    names = vars(sneaky) | {"layernorm_backward": layernorm_backward}
    report = check_part(E06, LAYERNORM, SimpleNamespace(**names))
    assert "calls minigpt's own layernorm_backward" in line(report, "your own code").seen


def test_a_backward_must_use_its_cache():
    """Two layer norms run before the first backward: what the last one left is not enough."""
    last = {}

    def layernorm(x, weight, bias, eps=1e-5):
        y, last["cache"] = RIGHT.layernorm(x, weight, bias, eps)
        return y, None

    def layernorm_backward(dy, cache):
        return RIGHT.layernorm_backward(dy, last["cache"])

    functions = {"layernorm": layernorm, "layernorm_backward": layernorm_backward}
    report = report_of(E06, "layernorm", **functions)
    assert red(report) == ["called twice"] and "instead of its cache" in report.problem


@pytest.mark.parametrize(
    ("number", "part", "change"),
    [
        ("04", "positions", {"positions_backward": lambda dy, cache: (dy, None)}),
        ("11", "clip_by_norm", {"clip_by_norm": None}),
    ],
)
def test_what_should_be_fresh_is_no_view(number, part, change):
    exercise = EXERCISES[number]
    right = written(exercise)

    def positions_backward(dy, cache):
        _, grads = right.positions_backward(dy, cache)
        return dy, grads

    def clip_by_norm(grads, limit):
        clipped, norm = right.clip_by_norm(grads, limit)
        same = all((clipped[name] == grads[name]).all() for name in grads)
        return (grads if same else clipped), norm

    functions = {"positions_backward": positions_backward, "clip_by_norm": clip_by_norm}
    report = report_of(exercise, part, **{name: functions[name] for name in change})
    assert red(report) == ["inputs unchanged"] and "memory of something" in report.problem


def test_complex_numbers_are_none():
    report = changed(lambda dx, g, dy, c: (dx + 1j, g))
    assert "an array of complex128 numbers" in report.problem


def test_a_tiny_error_is_not_given_a_big_name():
    part = EXERCISES["07"].part("softmax")
    right = written(EXERCISES["07"])

    def softmax_backward(dy, cache):
        dx, grads = right.softmax_backward(dy, cache)
        return dx * (1 + 3e-6), grads

    names = vars(right) | {"softmax_backward": softmax_backward}
    report = check_part(EXERCISES["07"], part, SimpleNamespace(**names))
    assert not report.ok and [d.kind for d in report.diagnoses] == ["fact"]
    assert "1 + 3.0e-06 times" in report.problem


def test_what_several_pairs_explain_is_told_as_far_as_it_is_sure():
    """One of the two mistakes is certain; which the other one is, these numbers leave open."""
    exercise = EXERCISES["02"]
    part = exercise.part("relative_error")
    two = [m for m in part.mistakes if m.name in ("lengths", "nan_returned")]
    report = check_part(exercise, part, written(exercise, two))
    assert [d.name for d in report.diagnoses] == ["lengths", "and_more"]
    assert "is right, except" not in report.problem and "in a second way" in report.problem


def test_two_wrong_answers_are_the_same_only_if_their_errors_agree():
    right = np.array([1.0, 2.0, 3.0])
    wrong = right + np.array([0.5, 0.0, -0.25])
    assert same_answer(wrong * (1 + 1e-11), wrong, right)
    assert not same_answer(wrong + 1e-4 * (wrong - right), wrong, right)


def test_a_second_backward_must_give_the_same():
    """Gradients are added up until the next forward: only a second backward shows it."""
    total = {}

    def layernorm(x, weight, bias, eps=1e-5):
        total.clear()
        return RIGHT.layernorm(x, weight, bias, eps)

    def layernorm_backward(dy, cache):
        dx, grads = RIGHT.layernorm_backward(dy, cache)
        total["bias"] = total.get("bias", 0) + grads["bias"]
        return dx, {**grads, "bias": total["bias"]}

    functions = {"layernorm": layernorm, "layernorm_backward": layernorm_backward}
    assert red(report_of(E06, "layernorm", **functions)) == ["called twice"]


def test_the_gradient_check_sees_repeated_tokens():
    exercise = EXERCISES["04"]

    def embedding(ids, weight):
        return weight[ids], (ids, weight)

    def embedding_backward(dy, cache):
        ids, weight = cache
        dweight = 0 * weight
        dweight[ids] += dy
        return None, {"weight": dweight}

    names = {"embedding": embedding, "embedding_backward": embedding_backward}
    report = report_of(exercise, "embedding", **names)
    assert red(report)[:2] == ["backward", "gradient check"]


def test_the_pretended_gpu_refuses_numpys_arrays():
    x = pretend_gpu.to_device(np.ones(3))
    xp = get_array_module(x)
    assert float((xp.ones(3) + x).sum()) == 6
    for mix in (lambda: x + np.ones(3), lambda: xp.maximum(np.ones(3), x), lambda: np.asarray(x)):
        with pytest.raises(pretend_gpu.Mixed):
            mix()


def test_edits_must_occur_once():
    here = LAYERNORM.mistakes[0].edits[0][0]
    nowhere = dataclasses.replace(LAYERNORM.mistakes[0], edits=(("no such line", ""),))
    twice = dataclasses.replace(LAYERNORM.mistakes[0], edits=(("dy", ""),))
    assert E06.edited([nowhere]) is None and E06.edited([twice]) is None
    assert here in E06.code and E06.edited([LAYERNORM.mistakes[0]]) is not None
