"""The package of docs/metrics.md, installed: its metrics are named by a spec, computed, judged and listed."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.errors import SpecError
from dlrun.evaluation import metrics_for
from dlrun.spec.sections import Named

Install = Callable[[str, Mapping[str, str], str], None]
PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
SPEC = """\
task: binary
dataset: breast_cancer
preprocessing: [normalise]
layers: [Dense: 4]
metrics: [{screening_cost: {missed: 5}}, specificity]
training: {epochs: 3, batch_size: 64, engine: %s, early_stopping: {monitor: screening_cost, patience: 1}}
"""


@pytest.fixture
def screening(install: Install) -> None:
    """Installs the package as the page writes it."""
    page = PAGE.read_text()
    (project,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    points = tomllib.loads(project)["project"]["entry-points"]["dlrun.metrics"]
    references = {f"dlrun.metrics: {name}": value.replace(":", "_code:") for name, value in points.items()}
    install("screening", references, code)


@pytest.mark.tensorflow
@pytest.mark.parametrize("engine", ["keras", "compiled"])
def test_both_kinds_of_metric_are_scored_on_all_validation_rows(engine: str, tmp_path: Path, screening: None) -> None:
    path = tmp_path / "screening.yaml"
    path.write_text(SPEC % engine)

    done = run(load_spec(path), runs_dir=tmp_path / "runs")

    with (done.folder / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    ill, said = (np.array([row[key] == "benign" for row in rows]) for key in ("target", "predicted"))  # class 1
    scores = {name: score["mean"] for name, score in done.record["scores"]["validation"].items()}
    assert scores["screening_cost"] == pytest.approx((5 * (ill & ~said) + (~ill & said)).mean())
    assert scores["specificity"] == pytest.approx((~ill & ~said).sum() / (~ill).sum(), rel=1e-6)
    assert done.record["primary"] == "screening_cost"
    assert set(done.record["scores"]["baselines"]["majority"]) == {"screening_cost", "specificity"}
    with (done.folder / "history.csv").open() as stream:
        assert {"screening_cost", "specificity"} <= {row["metric"] for row in csv.DictReader(stream)}


@pytest.mark.tensorflow
def test_a_package_says_itself_which_way_is_up(screening: None) -> None:
    cost, specificity = metrics_for([Named(name="screening_cost"), Named(name="specificity")], "binary", 1)

    assert (cost.higher_is_better, specificity.higher_is_better) == (False, True)


@pytest.mark.tensorflow
def test_what_keras_metrics_name_says_counts_where_a_package_says_nothing(install: Install) -> None:
    code = "import keras\nclass Lateness(keras.metrics.Mean):\n    higher_is_better = False\n"
    code += "class ScreeningError(keras.metrics.Mean): pass\n"
    points = {f"dlrun.metrics: {name}": f"late_code:{name}" for name in ("Lateness", "ScreeningError")}
    install("late", points, code)

    lateness, error = metrics_for([Named(name="Lateness"), Named(name="ScreeningError")], "regression", 1)

    assert (lateness.higher_is_better, error.higher_is_better) == (False, False)


@pytest.mark.tensorflow
def test_a_task_that_a_metric_is_not_for_is_refused(screening: None) -> None:
    with pytest.raises(SpecError, match="'screening_cost' does not fit a multiclass task"):
        metrics_for([Named(name="screening_cost")], "multiclass", 3)


@pytest.mark.tensorflow
def test_its_arguments_are_checked_and_its_names_listed(
    tmp_path: Path, screening: None, capsys: pytest.CaptureFixture[str]
) -> None:
    from dlrun.cli.main import app

    path = tmp_path / "wrong.yaml"
    path.write_text((SPEC % "auto").replace("missed: 5", "mised: 5"))

    with pytest.raises(SpecError, match=r"no argument 'mised'; did you mean 'missed'\?"):
        load_spec(path)
    with pytest.raises(SystemExit):
        app(["list", "metrics", "--json"])
    listed: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["metrics"]
    assert {row["name"]: row["origin"] for row in listed}["screening_cost"] == "screening"
