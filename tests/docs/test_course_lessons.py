"""Every lesson of the course runs, and shows what it says that it shows.

The lessons are run from top to bottom, as their notebooks are, with fewer series and
epochs.
"""

import re
from pathlib import Path

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot", reason="the lessons draw with it")

EXAMPLES = Path(__file__).parents[2] / "examples"
LESSONS = EXAMPLES / "course"


@pytest.fixture
def run(monkeypatch):
    """A function that runs a lesson in small, and returns its names."""

    def run_lesson(name, **small):
        source = (LESSONS / f"plot_{name}.py").read_text()
        for constants in re.findall(r"^[A-Z_]+(?:, [A-Z_]+)* = [\d, ]+$", source, re.M):
            names = constants.partition(" = ")[0].split(", ")
            if set(names) & set(small):
                values = ", ".join(str(small.pop(name)) for name in names)
                source = source.replace(constants, f"{', '.join(names)} = {values}")
        assert not small, f"the lesson has no constants {list(small)}"
        namespace = {"__name__": "__main__"}
        exec(compile(source, name, "exec"), namespace)
        return namespace

    monkeypatch.chdir(LESSONS)  # as Sphinx-Gallery does
    monkeypatch.setattr(plt, "show", lambda: None)
    backend = plt.get_backend()
    plt.switch_backend("Agg")
    yield run_lesson
    plt.close("all")
    plt.switch_backend(backend)


def test_the_recurrence_by_hand_is_the_network(run):
    lesson = run("01_recurrence", N_SERIES=100, MAX_EPOCHS=2)
    np.testing.assert_allclose(
        lesson["by_hand"], lesson["forecasts"], rtol=1e-4, atol=1e-5
    )
    assert lesson["n_weights"] == lesson["n_weights_of_torch"] == 97
    assert lesson["no_memory"][0] == pytest.approx(lesson["no_memory"][1])
    assert lesson["h"] == pytest.approx(lesson["smoothed"])


def test_the_shapes_that_see_more_forecast_better(run):
    lesson = run("02_shapes", N_SERIES=300, MAX_EPOCHS=6)
    assert lesson["outputs"].shape == (60, 50, 1, 1, 1)
    first = {name: errors[0] for name, errors in lesson["errors"].items()}
    for name in ("many to one", "many to many, aligned"):
        assert first[name] < min(first["naive"], first["one to one"])
    assert lesson["n_weights"](lesson["delayed"], 10) == lesson["n_weights"](
        lesson["delayed"], 20
    )


def test_the_gradient_by_hand_is_that_of_torch(run):
    lesson = run("03_backpropagation")
    assert max(lesson["differences"].values()) < 1e-12
    assert lesson["finite_difference"] == pytest.approx(lesson["dW_h"][1, 2], rel=1e-6)
    for (r, linear), norms in lesson["norms"].items():
        powers = float(r) ** np.arange(41)
        if linear:
            np.testing.assert_allclose(norms, powers)
        else:
            assert np.all(norms[1:] < powers[1:])
    assert np.count_nonzero(lesson["truncated"]) == 10
    assert np.all(lesson["truncated"][:-10] == 0)


def test_the_first_systems_beat_the_naive_forecast(run):
    lesson = run("04_first_systems", N_SERIES=400, MAX_EPOCHS=15)
    errors = lesson["errors"]
    assert len(errors) == 6
    assert max(errors["perceptron"], errors["deep RNN"]) < errors["naive"]
    assert lesson["exact_loss"] <= lesson["trained_loss"]
    assert lesson["n_weights"]["deep RNN"] == 1321
    assert lesson["n_weights"]["simple RNN"] == 4  # three, and torch's second bias


def test_all_ways_of_several_steps_beat_the_naive_forecast(run):
    lesson = run("05_several_steps", N_SERIES=300, MAX_EPOCHS=5)
    errors = lesson["errors"]
    assert len(errors) == 4
    assert errors["naive"] == max(errors.values())
    assert lesson["far_forecast"].shape == (30, 30)


def test_dropout_alone_holds_less_than_it_promises(run):
    lesson = run("06_mc_dropout", N_SERIES=200, MAX_EPOCHS=5)
    inside = {name: coverage for name, (coverage, _) in lesson["scores"].items()}
    assert inside["Monte Carlo dropout"] < 0.8
    assert min(inside["with a normal distribution"], inside["conformal"]) > 0.8


def test_the_gates_by_hand_are_the_networks(run):
    lesson = run("07_gates", N_SERIES=100, MAX_EPOCHS=2)
    assert lesson["difference"] < 1e-5
    assert lesson["gru_difference"] < 1e-5
    np.testing.assert_allclose(lesson["c"], 1, atol=1e-5)  # the cell that keeps


def test_the_receptive_fields_are_those_of_the_formula(run):
    lesson = run("08_convolutions", N_SERIES=100, MAX_EPOCHS=2)
    # 1 + (2 - 1) * (1 + 2 + 4 + 8 + 16); the others have read the whole window.
    assert lesson["receptive_field"] == {"GRU": 50, "ConvRNN": 50, "WaveNet": 32}
    assert lesson["by_hand"] == pytest.approx(lesson["of_torch"].item(), abs=1e-5)


def test_the_table_has_all_rows_and_the_numbers_of_the_course(run, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    numbers = pytest.importorskip("course_table").NUMBERS
    lesson = run("09_table")
    rows = {row["row"]: row for row in lesson["measured"]["table"]}
    assert list(rows) == list(numbers)
    for name, (horizon, course, keras, must_reach, _) in numbers.items():
        row = rows[name]
        assert (row["horizon"], row["course"], row["keras"]) == (horizon, course, keras)
        if must_reach is not None and row["ours"] is not None:
            assert row["ours"] < must_reach + 1e-5
    # What the series themselves say.
    for name, error in lesson["naive_errors"].items():
        assert rows[name]["ours"] == pytest.approx(error)


def test_every_lesson_is_in_the_contents():
    contents = (LESSONS / "index.rst").read_text().partition(".. toctree::")[2]
    lessons = sorted(file.stem for file in LESSONS.glob("plot_*.py"))
    assert re.findall(r"plot_\w+", contents) == lessons
    assert len(lessons) == 9
