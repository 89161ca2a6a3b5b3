import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dlrun.errors import RunFolderError, UsageError
from dlrun.experiment.comparing import compare_runs

Make = Callable[..., Path]
CLASSES = ("no", "=yes")
FOLD = {"iteration": 1, "train": 75, "validation": 25, "monitor": 0}


@pytest.fixture
def run(tmp_path: Path) -> Make:
    """Writes a finished run folder, as dlrun does, with these scores."""

    def make(
        name: str,
        per_fold: Sequence[float],
        metric: str = "mae",
        *,
        task: str = "regression",
        predictions: tuple[Sequence[Any], Sequence[float]] | None = None,
        **changed: Any,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        score = {"mean": float(np.mean(per_fold)), "std": None, "low": None, "high": None, "n": len(per_fold)}
        record = {
            "schema_version": 1,
            "status": "done",
            "name": name,
            "task": task,
            "seed": 0,
            "split_seed": 0,
            "primary": metric,
            "protocol": {"name": "kfold", "k": len(per_fold), "iterations": 1, "validation": 25},
            "splits": {"fingerprint": "s", "folds": [FOLD] * len(per_fold)},
            "data": {
                "source": "d",
                "fingerprint": "d",
                "files": [],
                "classes": dict.fromkeys(CLASSES, 5) if task == "binary" else None,
            },
            "scores": {"validation": {metric: {**score, "per_fold": [list(per_fold)]}}},
            **changed,
        }
        (folder / "record.json").write_text(json.dumps(record))
        (folder / "spec.yaml").write_text(f"dataset: make_moons\nlayers: [Dense: 1]\nmetrics: [{metric}]\n")
        if predictions is not None:
            with (folder / "predictions.csv").open("w", newline="") as stream:
                last = "probability" if task == "binary" else "prediction"
                writer = csv.writer(stream)
                writer.writerow(
                    ["iteration", "fold", "row", "target", *(["predicted"] if task == "binary" else []), last]
                )
                for row, (target, said) in enumerate(zip(*predictions, strict=True)):
                    middle = ["?"] if task == "binary" else []
                    writer.writerow([1, 1, row, target, *middle, said])
        return folder

    return make


def test_folds_are_paired_and_a_lower_error_is_better(run: Make) -> None:
    ours, theirs = [2.0, 2.2, 1.9, 2.1], [2.5, 2.6, 2.5, 2.7]
    found = compare_runs([run("a", theirs), run("b", ours)])["comparisons"][0]

    differences = np.subtract(theirs, ours)
    error = np.sqrt((1 / 4 + 25 / 75) * differences.var(ddof=1))
    assert found["difference"] == pytest.approx(differences.mean())
    assert found["p"] == pytest.approx(2 * stats.t.sf(differences.mean() / error, 3))
    assert found["verdict"] == "better"
    assert found["words"].startswith("B is better than A by 0.525 mae (95 % ")


def test_what_cannot_be_told_apart_says_what_would_show_it(run: Make) -> None:
    a, b = run("a", [2.0, 2.2, 1.9, 2.1]), run("b", [2.1, 2.1, 2.0, 2.1])
    words = compare_runs([a, b])["comparisons"][0]["words"]

    assert words.startswith("no difference between B and A that 4 folds could show: 0.025 mae worse")
    assert words.endswith("no number of iterations would, only more rows or a larger k")


def test_several_comparisons_are_corrected(run: Make) -> None:
    rows = [[2.0, 2.2, 1.9, 2.1], [1.5, 1.6, 1.5, 1.5], [1.9, 2.3, 1.8, 2.1]]
    found = compare_runs([run(name, row) for name, row in zip("xyz", rows, strict=True)])["comparisons"]

    smaller, larger = sorted(each["p"] for each in found)
    assert sorted(each["p_holm"] for each in found) == pytest.approx([2 * smaller, max(2 * smaller, larger)])


def test_a_region_of_equivalence_gives_three_probabilities(run: Make) -> None:
    found = compare_runs([run("a", [0.90, 0.92], "r2"), run("b", [0.91, 0.92], "r2")], rope=0.05)["comparisons"][0]

    assert sum(found["posterior"].values()) == pytest.approx(1)
    assert found["posterior"]["equivalent"] > 0.9


def test_two_classifiers_on_the_same_rows_are_told_apart_by_mcnemar(run: Make) -> None:
    targets = ["'=yes"] * 20 + ["no"] * 20  # as the table writes a name that a spreadsheet would carry out
    right, wrong = [0.9] * 20 + [0.1] * 20, [0.9] * 12 + [0.1] * 28  # 8 rows that the second gets wrong
    pair = [
        run(name, [score], "accuracy", task="binary", predictions=(targets, said))
        for name, score, said in (("a", 0.8, wrong), ("b", 1.0, right))
    ]
    found = compare_runs(pair)["comparisons"][0]

    assert found["p"] == pytest.approx(2 * 0.5**8)
    assert found["low"] == pytest.approx(0.2 - 1.96 * np.sqrt(0.2 * 0.8 / 40), abs=0.03)


def test_a_region_of_equivalence_that_says_nothing_is_told(run: Make) -> None:
    pair = [run(name, [1.0], predictions=([1.0, 2.0, 4.0], [1.5, 2.0, 3.0])) for name in "ab"]

    assert compare_runs(pair, rope=0.1)["notes"] == ["--rope says nothing of B: it takes folds that are paired"]


def test_errors_on_the_same_rows_are_told_apart_by_a_paired_bootstrap(run: Make) -> None:
    random = np.random.default_rng(3)
    targets = random.normal(0, 5, 200)
    said = [targets + random.normal(0, 1, 200), targets + random.normal(0, 1.3, 200)]
    errors = [np.abs(each.astype(np.float32) - targets) for each in said]
    pair = [
        run(name, [float(error.mean())], predictions=(targets, each.astype(np.float32)))
        for name, error, each in zip("ab", errors, said, strict=True)
    ]
    found = compare_runs(pair)["comparisons"][0]

    student = stats.ttest_1samp(errors[0] - errors[1], 0).confidence_interval(0.95)
    assert (found["low"], found["high"]) == pytest.approx((student.low, student.high), abs=0.02)
    assert found["verdict"] == "worse"


def test_windows_that_overlap_are_drawn_together(run: Make) -> None:
    random = np.random.default_rng(5)
    targets = random.normal(0, 5, 400)
    drift = np.repeat(random.normal(0, 1, 20), 20)  # errors that neighbours share
    said = [targets + 3, targets + 3 + drift]
    mean = [float(np.abs(each.astype(np.float32) - targets).mean()) for each in said]
    widths = []
    for gap in (0, 19):
        protocol = {"name": "holdout", "k": 1, "iterations": 1, "validation": 400, "gap": gap}
        pair = [
            run(f"{name}{gap}", [score], task="forecasting", predictions=(targets, each), protocol=protocol)
            for name, score, each in zip("ab", mean, said, strict=True)
        ]
        found = compare_runs(pair)["comparisons"][0]
        widths.append(found["high"] - found["low"])

    assert widths[1] > 2.5 * widths[0]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data": {"source": "e", "fingerprint": "e", "files": [], "classes": None}}, r"the data differ \(d, e\)"),
        ({"split_seed": 1, "splits": {"fingerprint": "t", "folds": [FOLD] * 4}}, r"the split seeds differ \(0, 1\)"),
        ({"splits": {"fingerprint": "t", "folds": [FOLD] * 4}}, "their splits differ"),
    ],
)
def test_runs_on_other_rows_are_refused_with_the_reason(run: Make, changed: dict[str, Any], reason: str) -> None:
    pair = [run("a", [2.0, 2.2, 1.9, 2.1]), run("b", [1.0, 1.2, 0.9, 1.1], **changed)]

    with pytest.raises(UsageError, match=reason):
        compare_runs(pair)
    insisted = compare_runs(pair, unpaired=True)
    assert insisted["comparisons"][0]["verdict"] == "better"
    assert "is not paired with A" in insisted["notes"][0]


def test_the_same_file_under_other_columns_is_still_the_same_data(run: Make) -> None:
    files = [{"path": "t.csv", "bytes": 1, "sha256": "f"}]
    data = {"source": "t", "files": files, "classes": None}
    pair = [
        run("a", [2.0, 2.2], data={**data, "fingerprint": "all columns"}),
        run("b", [2.1, 2.3], data={**data, "fingerprint": "some columns"}),
    ]

    assert compare_runs(pair)["notes"] == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"task": "binary"}, "measure different things"),
        ({"status": "failed"}, "it is failed"),
        ({"status": "partial"}, "some of its folds failed"),
    ],
)
def test_what_has_no_comparable_score_is_refused(run: Make, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare_runs([run("a", [2.0, 2.2]), run("b", [2.1, 2.3], **changed)])


def test_losses_of_different_kinds_are_refused(run: Make) -> None:
    pair = [run(name, [2.0, 2.2], "loss", model={"loss": loss}) for name, loss in (("a", "mse"), ("b", "mae"))]

    with pytest.raises(UsageError, match=r"different measures \(mse, mae\)"):
        compare_runs(pair)


def test_autoencoders_with_other_steps_are_scored_in_other_units_and_refused(run: Make) -> None:
    pair = [run(name, [2.0, 2.2], "mse", task="autoencoder") for name in "ab"]
    steps = "dataset: make_moons\nlayers: [Dense: 1]\nmetrics: [mse]\npreprocessing: [normalise]\n"
    (pair[1] / "spec.yaml").write_text(steps)

    with pytest.raises(UsageError, match="their preprocessing differs"):
        compare_runs(pair)
    (pair[0] / "spec.yaml").write_text(steps)
    assert compare_runs(pair)["comparisons"][0]["difference"] == 0


def test_predictions_too_wide_for_a_table_are_read_from_their_arrays(run: Make) -> None:
    random = np.random.default_rng(2)
    targets = random.normal(size=(60, 3)).astype(np.float32)
    pair = []
    for name, noise in (("a", 0.5), ("b", 0.1)):
        said = (targets + random.normal(0, noise, targets.shape)).astype(np.float32)
        folder = run(name, [float(np.square(said - targets).mean())], "mse", task="autoencoder")
        (folder / "predictions.csv").write_text(
            "iteration,fold,row,error\n" + "".join(f"1,1,{row},0\n" for row in range(60))
        )
        np.savez(folder / "predictions.npz", rows=np.arange(60), targets=targets, predictions=said)
        pair.append(folder)

    assert compare_runs(pair)["comparisons"][0]["verdict"] == "better"


@pytest.mark.parametrize("key", ["data", "splits", "scores", "protocol", "split_seed", "task", "name"])
def test_a_record_that_lacks_something_is_called_damaged(run: Make, key: str) -> None:
    pair = [run("a", [2.0, 2.2]), run("b", [2.1, 2.3])]
    record = json.loads((pair[1] / "record.json").read_text())
    del record[key]
    (pair[1] / "record.json").write_text(json.dumps(record))

    with pytest.raises(RunFolderError, match=r"b/record\.json is damaged"):
        compare_runs(pair)


def test_a_score_that_was_not_measured_is_refused_with_a_suggestion(run: Make) -> None:
    with pytest.raises(UsageError, match="did you mean 'mae'"):
        compare_runs([run("a", [2.0, 2.2]), run("b", [2.1, 2.3])], metric="mea")


def test_a_hold_out_run_beside_folds_is_not_tested(run: Make) -> None:
    found = compare_runs(
        [run("a", [2.0, 2.2]), run("b", [2.3], splits={"fingerprint": "t", "folds": [FOLD]})], unpaired=True
    )["comparisons"][0]

    assert (found["verdict"], found["p"]) == ("untested", None)
    assert found["words"].endswith("not tested: one of the two has a single split")


def test_damaged_predictions_are_named(run: Make) -> None:
    pair = [run(name, [2.0], predictions=([1.0], [1.0])) for name in "ab"]
    (pair[1] / "predictions.csv").write_text("row,target,prediction\n1,2\n")

    with pytest.raises(RunFolderError, match="damaged"):
        compare_runs(pair)
