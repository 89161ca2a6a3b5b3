"""Steps for targets: figures against scikit-learn, back and forth, and targets that no step fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.data.target_steps import AS_THEY_ARE, check_target_steps, fit_targets
from dlrun.errors import DataError, SpecError

RANDOM = np.random.default_rng(2)
PRICES, PAIRS = RANDOM.lognormal(3, 1, 50), RANDOM.lognormal([3, 0], [1, 0.1], (50, 2))


def dataset_of(targets: Any, task: Any = "regression") -> Dataset:
    targets = np.asarray(targets)
    return assemble("sample", task, np.zeros((len(targets), 1)), targets)


@pytest.mark.parametrize("targets", [PRICES, PAIRS], ids=["one", "two"])
@pytest.mark.parametrize(("step", "twin"), [("normalise", "StandardScaler"), ("scale", "MinMaxScaler")])
def test_figures_are_those_of_scikit_learn(step: str, twin: str, targets: Any) -> None:
    import sklearn.preprocessing

    columns = targets.reshape(50, -1)
    theirs = getattr(sklearn.preprocessing, twin)().fit(columns[:30])

    fitted = fit_targets([step], targets[:30])

    np.testing.assert_allclose(fitted.transform(targets).reshape(50, -1), theirs.transform(columns))
    predictions = RANDOM.normal(size=columns.shape).astype(np.float32)
    np.testing.assert_allclose(fitted.inverse(predictions), theirs.inverse_transform(predictions), rtol=1e-5, atol=1e-5)


def test_a_step_is_fitted_on_what_the_steps_before_it_leave() -> None:
    logs = np.log(PRICES)

    fitted = fit_targets(["log", "normalise"], PRICES[:30])

    np.testing.assert_allclose(fitted.transform(PRICES), (logs - logs[:30].mean()) / logs[:30].std())
    assert [state["step"] for state in fitted.state()] == ["log", "normalise"]
    assert fitted.state()[1]["offset"] == pytest.approx(logs[:30].mean())


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=20),
    st.lists(st.sampled_from(["normalise", "scale"]), max_size=2, unique=True),
    st.sampled_from([[], ["log1p"]]),
)
def test_what_is_transformed_comes_back(values: list[float], rest: list[str], first: list[str]) -> None:
    targets = np.array(values)
    fitted = fit_targets([*first, *rest], targets)

    back = fitted.inverse(fitted.transform(targets).astype(np.float32)[:, None])

    np.testing.assert_allclose(back[:, 0], targets, rtol=1e-4, atol=max(values) * 1e-5 + 1e-30)


def test_without_steps_nothing_changes() -> None:
    predictions = np.ones((3, 1), np.float32)

    assert AS_THEY_ARE.transform(PRICES) is PRICES
    assert AS_THEY_ARE.inverse(predictions) is predictions
    assert fit_targets([], PRICES) == AS_THEY_ARE


def test_a_constant_target_becomes_zero_and_comes_back() -> None:
    fitted = fit_targets(["normalise"], np.full(5, 0.1))

    assert fitted.transform(np.array([0.1, 0.4])).tolist() == pytest.approx([0, 0.3])
    assert fitted.inverse(np.zeros((1, 1), np.float32)) == pytest.approx(0.1)


def test_predictions_beyond_float32_are_infinite_and_no_warning() -> None:
    assert np.isinf(fit_targets(["log"], PRICES).inverse(np.full((1, 1), 1e4, np.float32))).all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_classes_take_no_steps(task: str) -> None:
    targets = np.zeros((4, 2), np.uint8) if task == "multilabel" else np.array([0, 1, 0, 1])

    with pytest.raises(SpecError, match=f"targets of a {task} task are classes"):
        check_target_steps(["normalise"], dataset_of(targets, task))
    check_target_steps([], dataset_of(targets, task))


@pytest.mark.parametrize(
    ("steps", "targets", "message"),
    [
        (["log"], [0.0, 2, 3], r"log needs targets above 0, and 1 of 3 are not(?s:.)*use log1p"),
        (["log"], [-5.0, 2, -3], r"2 of 3 are not(?s:.)*leave it out"),
        (["log1p"], [-1.0, 2, 3], r"log1p needs targets above -1, and 1 of 3"),
    ],
)
def test_targets_without_a_logarithm_are_a_problem_of_the_step(steps: Any, targets: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        check_target_steps(steps, dataset_of(targets))

    assert caught.value.problems[0].path == ("targets", 0)


def test_targets_in_0_to_1_take_no_steps() -> None:
    with pytest.raises(SpecError, match="say task: regression"):
        check_target_steps(["scale"], dataset_of([0.1, 0.2], "unit_regression"))


def test_targets_too_large_to_compute_with_are_refused() -> None:
    with pytest.raises(DataError, match="targets: normalise cannot compute"):
        fit_targets(["normalise"], np.array([1e200, -1e200]))
