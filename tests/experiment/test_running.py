"""A whole run: what it leaves, that it can be repeated, and that it never looks at the test rows."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.errors import SpecError
from dlrun.events import BatchEnded, EpochEnded, Event, FitEnded, FitStarted, RunStarted, Warned

pytestmark = pytest.mark.tensorflow

ROWS, TEST = 90, 30


def arrays(folder: Path, *, spoil_test: bool = False) -> None:
    """A training file and a test file; ``spoil_test`` fills the test inputs with garbage."""
    random = np.random.default_rng(3)
    inputs = random.normal(size=(ROWS + TEST, 5)).astype(np.float32)
    targets = (inputs[:, 0] + 0.3 * inputs[:, 1] > 0).astype(np.int64)
    if spoil_test:
        inputs[ROWS:] = random.normal(1e3, 1e3, size=(TEST, 5))
    np.savez(folder / "train.npz", x=inputs[:ROWS], y=targets[:ROWS])
    np.savez(folder / "test.npz", x=inputs[ROWS:], y=targets[ROWS:])


SPEC = """\
task: binary
dataset: {source: npz, path: [train.npz, test.npz]}
preprocessing: [normalise]
layers:
  - Dense: 8
regularisation: {l2: 0.01, dropout: 0.3}
training: {epochs: 4, batch_size: 16}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    arrays(tmp_path)
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    return path


def train(spec: Path, *overrides: str, into: str = "runs", on_event: Any = lambda event: None) -> Path:
    return run(load_spec(spec, overrides), runs_dir=spec.parent / into, on_event=on_event).folder


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "record.json").read_text())
    return record


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def outcome(folder: Path) -> tuple[bytes, bytes, Any]:
    """What must be the same when a run is repeated."""
    return (folder / "history.csv").read_bytes(), (folder / "predictions.csv").read_bytes(), record_of(folder)["scores"]


def test_the_same_seed_gives_the_same_bits(spec: Path) -> None:
    assert outcome(train(spec)) == outcome(train(spec))


def test_running_the_runs_own_spec_again_gives_the_same_run(spec: Path) -> None:
    first = train(spec)

    again = train(first / "spec.yaml")

    assert outcome(again) == outcome(first)
    assert (again / "spec.yaml").read_text().splitlines()[1:] == [
        line for line in (first / "spec.yaml").read_text().splitlines()[1:] if not line.startswith("# regularisation")
    ]


def test_a_run_that_could_stratify_only_one_part_is_repeated_by_its_spec(tmp_path: Path) -> None:
    lines = [f"{row % 11},{0 if row < 60 else 1 if row < 98 else 2}" for row in range(100)]
    (tmp_path / "table.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    spec = tmp_path / "rare.yaml"
    spec.write_text(
        "task: multiclass\ndataset: {source: csv, path: table.csv, target: b}\nlayers: [Dense: 4]\n"
        "evaluation: {test: 0.5}\ntraining: {epochs: 1}\n"
    )

    first = train(spec)

    again = train(first / "spec.yaml")
    assert record_of(again)["splits"] == record_of(first)["splits"]


@pytest.mark.parametrize("name", ["mean_absolute_error", "MeanAbsoluteError", "mae"])
def test_early_stopping_may_watch_a_metric_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    spec = tmp_path / "stop.yaml"
    spec.write_text("dataset: diabetes\npreprocessing: [normalise]\nlayers: [Dense: 4]\ntraining: {epochs: 2}\n")

    folder = train(spec, f"training.early_stopping={{monitor: {name}}}")

    assert "monitor: mae" in (folder / "spec.yaml").read_text()


def test_early_stopping_on_what_is_not_measured_is_a_spec_error(spec: Path) -> None:
    with pytest.raises(SpecError, match=r"'mae' is not measured(?s:.)*loss, accuracy, roc_auc"):
        train(spec, "training.early_stopping={monitor: mae}")


def test_an_optimiser_that_keras_refuses_is_found_before_a_folder_is_made(spec: Path) -> None:
    with pytest.raises(SpecError):
        train(spec, "optimiser={name: sgd, momentum: 2}")

    assert not (spec.parent / "runs").exists()


def test_another_seed_changes_the_weights_and_not_the_splits(spec: Path) -> None:
    first, second = train(spec), train(spec, "seed=1")

    assert (first / "splits.npz").read_bytes() == (second / "splits.npz").read_bytes()
    assert (first / "predictions.csv").read_bytes() != (second / "predictions.csv").read_bytes()
    assert record_of(first)["splits"] == record_of(second)["splits"]


def test_another_split_seed_changes_the_splits(spec: Path) -> None:
    first, second = train(spec), train(spec, "evaluation.split_seed=1")

    assert record_of(first)["splits"]["fingerprint"] != record_of(second)["splits"]["fingerprint"]


def test_garbage_in_the_test_rows_changes_nothing_that_a_run_leaves(spec: Path) -> None:
    clean = train(spec)
    arrays(spec.parent, spoil_test=True)

    spoiled = train(spec)

    assert outcome(spoiled) == outcome(clean)
    for name in ("splits.npz", "preprocessing.json"):
        assert (spoiled / name).read_bytes() == (clean / name).read_bytes()
    model = "import keras, sys; print([w.tolist() for w in keras.models.load_model(sys.argv[1]).get_weights()])"
    weights = [
        subprocess.run([sys.executable, "-c", model, folder / "model.keras"], capture_output=True, check=True).stdout
        for folder in (clean, spoiled)
    ]
    assert weights[0] == weights[1]


def test_the_model_loads_with_plain_keras_and_predicts_what_the_run_says(spec: Path) -> None:
    folder = train(spec)
    state = json.loads((folder / "preprocessing.json").read_text())

    program = """
import json, sys
import keras, numpy as np
folder = sys.argv[1]
model = keras.models.load_model(folder + "/model.keras", safe_mode=True)
splits, inputs = np.load(folder + "/splits.npz"), np.load(sys.argv[2])["x"]
train, held_out = inputs[splits["i1-f1_train"]].astype(float), inputs[splits["i1-f1_validation"]]
scaled = (held_out - train.mean(axis=0)) / train.std(axis=0)
assert "dlrun" not in sys.modules
print(json.dumps(model.predict(scaled.astype("float32"), verbose=0)[:, 0].tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), str(spec.parent / "train.npz")],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )

    predicted = [float(row["probability"]) for row in table(folder / "predictions.csv")]
    assert state[0]["step"] == "normalise"
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), predicted, atol=1e-5)


def test_scores_are_those_that_scikit_learn_computes_from_the_predictions_file(spec: Path) -> None:
    from sklearn.metrics import accuracy_score, roc_auc_score

    folder = train(spec)

    rows = table(folder / "predictions.csv")
    scores = record_of(folder)["scores"]["validation"]
    truth = [int(row["target"]) for row in rows]
    assert scores["accuracy"]["mean"] == pytest.approx(accuracy_score(truth, [int(row["predicted"]) for row in rows]))
    area = roc_auc_score(truth, [float(row["probability"]) for row in rows])
    assert scores["roc_auc"]["mean"] == pytest.approx(area)
    assert scores["accuracy"]["low"] <= scores["accuracy"]["mean"] <= scores["accuracy"]["high"]


def test_history_has_a_line_for_each_epoch_and_metric(spec: Path) -> None:
    folder = train(spec)

    rows = table(folder / "history.csv")
    assert [(row["epoch"], row["metric"]) for row in rows[:3]] == [("1", "loss"), ("1", "accuracy"), ("1", "roc_auc")]
    assert len(rows) == 4 * 3
    last = record_of(folder)["scores"]["validation"]
    assert float(rows[-2]["validation"]) == pytest.approx(last["accuracy"]["mean"])
    assert float(rows[-3]["validation"]) == pytest.approx(last["loss"]["mean"])


def test_selected_is_the_best_epoch_of_the_history(spec: Path) -> None:
    record = record_of(folder := train(spec))

    accuracies = [float(row["validation"]) for row in table(folder / "history.csv") if row["metric"] == "accuracy"]
    selected = record["scores"]["selected"]["accuracy"]
    assert selected["mean"] == pytest.approx(max(accuracies))
    assert selected["epoch"] == accuracies.index(max(accuracies)) + 1


def test_no_test_score_is_computed(spec: Path) -> None:
    folder = train(spec)

    assert "test" not in record_of(folder)["scores"]
    splits = np.load(folder / "splits.npz")
    predicted = {int(row["row"]) for row in table(folder / "predictions.csv")}
    assert predicted == set(splits["i1-f1_validation"].tolist())
    assert not predicted & set(splits["test"].tolist())


def test_events_come_in_order(spec: Path) -> None:
    events: list[Event] = []

    train(spec, on_event=events.append)

    kinds = [type(event) for event in events if not isinstance(event, Warned | BatchEnded)]
    assert kinds == [RunStarted, FitStarted, *[EpochEnded] * 4, FitEnded]


def test_regularisation_is_spread_and_visible_in_the_runs_spec(spec: Path) -> None:
    text = (train(spec) / "spec.yaml").read_text()

    assert "# regularisation (l2 0.01, dropout 0.3) is spread over the layers below" in text
    assert "kernel_regularizer" in text
    assert "- Dropout: " in text


def test_a_layer_that_does_not_fit_is_found_before_a_folder_is_made(spec: Path) -> None:
    with pytest.raises(SpecError) as caught:
        train(spec, "layers=[{Conv2D: {filters: 2, kernel_size: 3}}]", "regularisation={}")

    assert caught.value.problems[0].path[:2] == ("layers", 0)
    assert not (spec.parent / "runs").exists()


def test_early_stopping_on_inner_rows_keeps_the_validation_rows_out_of_it(spec: Path) -> None:
    stopping = "training.early_stopping={patience: 2, on: inner, inner: 0.25}"

    record = record_of(train(spec, stopping, "training.epochs=2000"))

    parts = record["protocol"]
    assert (parts["train"], parts["monitor"], parts["validation"], parts["test"]) == (54, 18, 18, 30)
    folder = next((spec.parent / "runs").glob("spec-*"))
    splits = np.load(folder / "splits.npz")
    assert len(splits["i1-f1_monitor"]) == 18
    assert set(splits["i1-f1_monitor"].tolist()) < set(splits["i1-f1_train"].tolist())
    assert not set(splits["i1-f1_train"].tolist()) & set(splits["i1-f1_validation"].tolist())
    assert record["training"]["stopped_early"]
    assert record["training"]["final_epoch"][0] == record["training"]["epochs_trained"][0] - 2


@pytest.mark.parametrize("weights", ["balanced", "{0: 1.0, 1: 5.0}"])
def test_class_weights_move_predictions_towards_the_heavy_class(spec: Path, weights: str) -> None:
    plain, weighted = train(spec), train(spec, f"training.class_weight={weights}")

    def mean_probability(folder: Path) -> float:
        return float(np.mean([float(row["probability"]) for row in table(folder / "predictions.csv")]))

    if weights == "balanced":
        assert mean_probability(weighted) != mean_probability(plain)
    else:
        assert mean_probability(weighted) > mean_probability(plain)


@pytest.mark.parametrize("labels", ["one_hot", "integer"])
def test_balanced_weights_find_the_rare_one_of_three_classes_more_often(tmp_path: Path, labels: str) -> None:
    random = np.random.default_rng(0)
    classes = np.repeat([0, 1, 2], [170, 20, 10])
    np.savez(tmp_path / "x.npz", x=random.normal(size=(200, 2)) + np.eye(3, 2)[classes], y=classes)
    spec = tmp_path / "rare.yaml"
    spec.write_text(
        "task: multiclass\ndataset: {source: npz, path: x.npz}\nlayers: [Dense: 8]\nlabels: " + labels + "\n"
        "optimiser: {name: adam, learning_rate: 0.01}\ntraining: {epochs: 15}\nevaluation: {validation: 0.4}\n"
    )

    plain, weighted = record_of(train(spec)), record_of(train(spec, "training.class_weight=balanced"))

    recall = [record["scores"]["validation"]["recall"]["mean"] for record in (plain, weighted)]
    assert recall[1] > recall[0] + 0.1
    assert list(plain["scores"]["validation"]) == ["loss", "pr_auc", "precision", "recall"]
    assert any("class 0 has 8" in warning and "% of the training rows" in warning for warning in plain["warnings"])


@pytest.mark.parametrize(
    ("task", "dataset", "layers", "columns"),
    [
        ("multiclass", "{source: make_blobs, n_samples: 90, centers: 3}", "[Dense: 8]", 3),
        ("multilabel", "{source: make_multilabel_classification, n_samples: 90, n_classes: 4}", "[Dense: 8]", 4),
        ("regression", "{source: make_friedman1, n_samples: 90}", "[Dense: 8]", 1),
        ("vector_regression", "linnerud", "[Dense: 8]", 3),
    ],
)
def test_every_task_trains_and_has_scores_and_baselines(
    tmp_path: Path, task: str, dataset: str, layers: str, columns: int
) -> None:
    spec = tmp_path / "task.yaml"
    spec.write_text(f"task: {task}\ndataset: {dataset}\npreprocessing: [normalise]\nlayers: {layers}\n")

    folder = train(spec, "training.epochs=2")

    record = record_of(folder)
    metrics = set(record["scores"]["validation"]) - {"loss"}
    assert metrics
    assert all(set(scores) == metrics for scores in record["scores"]["baselines"].values())
    header = (folder / "predictions.csv").read_text().splitlines()[0].split(",")
    assert sum(name.startswith(("probability", "prediction")) for name in header) == columns


def test_integer_labels_and_one_hot_labels_learn_the_same(tmp_path: Path) -> None:
    spec = tmp_path / "wine.yaml"
    spec.write_text("dataset: wine\npreprocessing: [normalise]\nlayers: [Dense: 8]\ntraining: {epochs: 3}\n")

    one_hot = record_of(train(spec, "labels=one_hot"))["scores"]["validation"]
    integer = record_of(train(spec, "labels=integer"))["scores"]["validation"]

    assert one_hot["loss"]["mean"] == pytest.approx(integer["loss"]["mean"], abs=1e-6)
    assert one_hot["accuracy"] == integer["accuracy"]


def test_branches_merge(tmp_path: Path) -> None:
    spec = tmp_path / "branches.yaml"
    spec.write_text(
        "dataset: wine\npreprocessing: [normalise]\ntraining: {epochs: 1}\nlayers:\n"
        "  - Dense: {units: 8, name: a}\n"
        "  - Dense: {units: 4, name: b, from: input}\n"
        "  - Concatenate: {from: [a, b]}\n"
    )

    record = record_of(train(spec))

    assert record["status"] == "done"
    assert record["model"]["parameters"] == (13 * 8 + 8) + (13 * 4 + 4) + (12 * 3 + 3)


def test_ids_of_a_table_name_the_predicted_rows_and_are_no_inputs(tmp_path: Path) -> None:
    lines = [f"p{row},{row % 7},{row % 5},{row % 2}" for row in range(60)]
    (tmp_path / "table.csv").write_text("patient,a,b,ill\n" + "\n".join(lines) + "\n")
    spec = tmp_path / "ids.yaml"
    spec.write_text(
        "dataset: {source: csv, path: table.csv, target: ill, ids: [patient]}\npreprocessing: [normalise]\n"
        "layers: [Dense: 2]\ntraining: {epochs: 1}\n"
    )

    folder = train(spec)

    assert record_of(folder)["data"]["shape"] == [2]
    assert all(row["patient"] == f"p{row['row']}" for row in table(folder / "predictions.csv"))


@pytest.mark.parametrize(("duplicates", "warned"), [("together", False), ("drop", False), ("allow", True)])
def test_rows_that_stand_on_both_sides_of_the_split_are_warned_of(
    tmp_path: Path, duplicates: str, warned: bool
) -> None:
    lines = [f"{row % 20},{row % 2}" for row in range(100)]
    (tmp_path / "table.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    spec = tmp_path / "twice.yaml"
    spec.write_text("dataset: {source: csv, path: table.csv, target: b}\nlayers: [Dense: 2]\ntraining: {epochs: 1}\n")

    record = record_of(train(spec, f"evaluation.duplicates={duplicates}"))

    (fold,) = record["splits"]["folds"]
    assert (fold["repeated"] > 0) == warned
    assert any("also stand" in text and "training rows" in text for text in record["warnings"]) == warned
