"""What is certain from a spec alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from dlrun.errors import SpecError
from dlrun.models import check_without_data


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"dataset": {"source": "imdb"}, "last_activation": "softmax"}, ("last_activation",)),
        ({"dataset": {"source": "mnist"}, "loss": "binary_crossentropy"}, ("loss",)),
        ({"dataset": {"source": "boston_housing"}, "metrics": ["accuracy"]}, ("metrics", 0)),
        ({"task": "regression", "loss": "hinge"}, ("loss",)),
        ({"loss": "accuracy"}, ("loss",)),
        ({"regularisation": {"l2": 0.1}, "layers": "none"}, ("regularisation",)),
    ],
)
def test_what_cannot_work_whatever_the_data_hold_is_an_error(make: Any, fields: dict[str, Any], path: Any) -> None:
    layers = [make.layer("Flatten")] if fields.pop("layers", None) else []

    with pytest.raises(SpecError) as caught:
        check_without_data(make.spec(*layers, **fields))

    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_known_number_of_classes_shows_a_bottleneck(make: Any) -> None:
    (warning,) = check_without_data(make.spec(dataset={"source": "reuters"}))

    assert "narrower than the 46 classes" in warning


def test_rates_are_judged_without_knowing_the_task(make: Any) -> None:
    layers = [make.layer("Dense", units=2), make.layer("Dropout", rate=0.9)]

    warnings = check_without_data(make.spec(*layers, optimiser={"adam": {"learning_rate": 1.0}}))

    assert ["learning_rate" in warnings[0], "dropout rate" in warnings[1]] == [True, True]


def test_ranges_are_not_judged_before_they_are_known(make: Any) -> None:
    assert check_without_data(make.spec(task="unit_regression", last_activation="sigmoid")) == ()


def test_checking_needs_neither_numpy_nor_tensorflow() -> None:
    code = (
        "import sys\n"
        "from dlrun.models import check_without_data\n"
        "from dlrun.spec.sections import ExperimentSpec\n"
        "spec = dict(name='a', dataset={'source': 'imdb'}, layers=[{'kind': 'Dense', 'arguments': {'units': 4}}])\n"
        "check_without_data(ExperimentSpec(**spec))\n"
        "print([name for name in ('numpy', 'tensorflow', 'keras') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
