"""Nothing leaks: held-out rows may hold any garbage, and what is fitted and trained stays the same to the last bit.

Metamorphic tests: splits are drawn once and pinned (``evaluation.splits``), rows that a fold must not learn from are
replaced by huge numbers, unseen categories and unseen tokens, and everything that training can see is compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data.encoded import MultiHotRows
from dlrun.evaluation import Split
from dlrun.experiment import Experiment
from dlrun.experiment.folds import encode_fold, fold_data
from dlrun.spec import LoadedSpec
from dlrun.spec.steps import STEPS

PROTOCOLS = {
    "hold-out": "{protocol: holdout}",
    "hold-out in time": "{protocol: holdout, time: when}",
    "K-fold": "{protocol: kfold, k: 2, duplicates: allow}",
    "duplicates together": "{protocol: kfold, k: 2, duplicates: together}",
    "iterated K-fold": "{protocol: iterated_kfold, k: 2, iterations: 2}",
    "forward chaining": "{protocol: kfold, k: 2, time: when, gap: 1}",
    "groups": "{protocol: kfold, k: 2, group: who}",
}

each_step = pytest.mark.parametrize(
    "step", [pytest.param(step, marks=pytest.mark.tensorflow) if step == "tokenise" else step for step in STEPS]
)
each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
each_stop = pytest.mark.parametrize("stopping", [False, True], ids=["all epochs", "early stopping"])


def bits(encoded: Any) -> tuple[str, tuple[int, ...], bytes]:
    """An array, or multi-hot rows, to be compared to the last bit."""
    array = encoded.bits if isinstance(encoded, MultiHotRows) else np.asarray(encoded)
    return str(array.dtype), encoded.shape, array.tobytes()


def known(experiment: Experiment, split: Split, *, scored: bool = False) -> dict[str, Any]:
    """All that an engine gets of a fold to train with and to stop by; with ``scored``, of its validation rows too."""
    fold = encode_fold(experiment.spec, experiment.dataset, experiment.splits, split)
    data = fold_data(experiment.spec, experiment.dataset, fold, experiment.metrics)
    count = len(fold.rows) if scored else len(fold.train) + len(fold.monitor)
    inputs = fold.inputs if isinstance(fold.inputs, np.ndarray) else fold.inputs.bits
    return {
        "state": json.dumps(fold.fitted.state()),
        "shape": fold.inputs.shape[1:],
        "rows": bits(fold.rows[:count]),
        "train": bits(data.train),
        "monitor": None if data.monitor is None else bits(data.monitor),
        "inputs": bits(inputs[:count]),
        "targets": bits(data.targets[:count]),
        "weights": None if data.weights is None else bits(data.weights[:count]),
        # Where the files lie and what they hold is said here; all the rest makes the model.
        "spec": experiment.spec.model_copy(update={"dataset": None, "evaluation": None}),
    }


def without_overlap(warnings: Iterable[str]) -> list[str]:
    """Leave out the report on test rows that repeat others: it is there to compare the two."""
    return [warning for warning in warnings if "test rows also stand among" not in warning]


def test_every_step_has_a_case_and_is_in_it(cases: Any) -> None:
    assert set(cases) == set(STEPS)
    assert all(step in case.steps for step, case in cases.items())


@each_stop
@each_protocol
@each_step
def test_garbage_in_a_folds_validation_rows_changes_nothing_that_it_is_fitted_on(
    workshop: Any, step: str, protocol: str, stopping: bool
) -> None:
    pinned = workshop.pinned(step, PROTOCOLS[protocol])
    clean = workshop.experiment(step, pinned, stopping=stopping)

    for at, split in enumerate(clean.splits.splits):
        garbled = workshop.experiment(step, pinned, split.validation, stopping=stopping)

        assert garbled.splits.fingerprint == clean.splits.fingerprint
        assert garbled.dataset.fingerprint != clean.dataset.fingerprint
        assert known(garbled, garbled.splits.splits[at]) == known(clean, split)


@each_protocol
@each_step
def test_garbage_in_the_test_rows_changes_nothing_that_is_known_before_training(
    workshop: Any, step: str, protocol: str
) -> None:
    pinned = workshop.pinned(step, PROTOCOLS[protocol])
    clean = workshop.experiment(step, pinned, stopping=True)

    garbled = workshop.experiment(step, pinned, clean.splits.test, stopping=True)

    assert garbled.dataset.fingerprint != clean.dataset.fingerprint
    assert garbled.facts == clean.facts
    assert without_overlap(garbled.warnings) == without_overlap(clean.warnings)
    assert asdict(garbled.summary) == asdict(clean.summary)
    for after, before in zip(garbled.splits.splits, clean.splits.splits, strict=True):
        assert known(garbled, after, scored=True) == known(clean, before, scored=True)


@each_protocol
@each_step
def test_garbage_in_the_rows_that_early_stopping_watches_is_not_fitted_on(
    workshop: Any, step: str, protocol: str
) -> None:
    pinned = workshop.pinned(step, PROTOCOLS[protocol])
    clean = workshop.experiment(step, pinned, stopping=True)
    split = clean.splits.splits[-1]
    fold = encode_fold(clean.spec, clean.dataset, clean.splits, split)

    # Their targets stay, and rows that another training row equals: which rows are watched is drawn by class, and equal
    # ones together.
    hashes = clean.dataset.hashes
    alone = [row for row in fold.monitor if (hashes[split.train] == hashes[row]).sum() == 1]
    spoiled = workshop.experiment(step, pinned, alone, stopping=True, targets=False)
    again = encode_fold(spoiled.spec, spoiled.dataset, spoiled.splits, spoiled.splits.splits[-1])

    assert alone
    assert again.monitor.tolist() == fold.monitor.tolist()
    assert again.fitted.state() == fold.fitted.state()


@each_protocol
@each_step
def test_garbage_in_one_training_row_is_noticed(workshop: Any, cases: Any, step: str, protocol: str) -> None:
    pinned = workshop.pinned(step, PROTOCOLS[protocol])
    clean = workshop.experiment(step, pinned)

    for at, split in enumerate(clean.splits.splits):
        garbled = workshop.experiment(step, pinned, split.train[:1], targets=False)

        after, before = known(garbled, garbled.splits.splits[at]), known(clean, split)
        assert after["inputs"] != before["inputs"]
        assert (after["state"] != before["state"]) == cases[step].fitted


def trained(fits: Sequence[tuple[Experiment, Split]]) -> list[tuple[dict[str, Any], dict[str, Any], int]]:
    """Train folds of several experiments on equal nets: initial weights, final weights, and the epoch of those.

    One call of the engine, so that what it traces is traced once.
    """
    from dlrun.events import ignore
    from dlrun.experiment.training import training_plan
    from dlrun.training.contract import FitResult, FoldData, FoldTask
    from dlrun.training.keras_engine import KerasEngine
    from dlrun.training.weights import named_weights

    experiment, queue, initial = fits[0][0], iter(fits), []
    planned = training_plan(experiment)

    def build(shape: tuple[int | None, ...], seed: int) -> Any:
        model = planned.build(shape, seed)
        initial.append({path: bits(array) for path, array in named_weights(model).items()})
        return model

    def prepare(task: FoldTask) -> FoldData:
        own, split = next(queue)
        return fold_data(own.spec, own.dataset, encode_fold(own.spec, own.dataset, own.splits, split), own.metrics)

    tasks = [FoldTask(split.iteration, split.fold, own.spec.seed) for own, split in fits]
    results: Iterator[FitResult] = KerasEngine().fit(tasks, prepare, replace(planned, build=build), ignore)
    found = []
    for result in results:
        assert result.failure is None
        final = {path: bits(array) for path, array in result.weights.items()}
        found.append((initial[-1], final, result.final_epoch))
    assert len(initial) == len(found)
    return found


@pytest.mark.tensorflow
@each_step
def test_garbage_in_a_folds_validation_rows_changes_no_weight_under_any_protocol(workshop: Any, step: str) -> None:
    fits = []
    for protocol in PROTOCOLS.values():
        pinned = workshop.pinned(step, protocol)
        clean = workshop.experiment(step, pinned, stopping=True)
        split = clean.splits.splits[-1]
        garbled = workshop.experiment(step, pinned, split.validation, stopping=True)
        fits += [(clean, split), (garbled, garbled.splits.splits[-1])]
    spoiled = workshop.experiment(step, pinned, split.train, stopping=True, targets=False)

    weights = trained([*fits, (spoiled, spoiled.splits.splits[-1])])

    assert all(after == before for before, after in zip(weights[:-1:2], weights[1:-1:2], strict=True))
    assert all(initial != final for initial, final, _ in weights)
    assert weights[-1][1] != weights[-2][1]  # garbage in the training rows is noticed


def left_by(loaded: LoadedSpec, folder: Path) -> Path:
    """Run a spec to its end; return the run's folder."""
    from dlrun import run

    return run(loaded, runs_dir=folder / "runs").folder


def weights_in(model: Path) -> list[tuple[str, tuple[int, ...], bytes]]:
    """The weights in a ``.keras`` file, which also says when it was saved."""
    import keras

    return [bits(array) for array in keras.models.load_model(model).get_weights()]


def traces(run: Path) -> dict[str, Any]:
    """Everything in a run folder, less fingerprints, the overlap report, times, names and environment."""
    left: dict[str, Any] = {}
    for path in sorted(path for path in run.rglob("*") if path.is_file() and path.name != ".lock"):
        name = str(path.relative_to(run))
        if name == "record.json":
            record = json.loads(path.read_text())
            for key in ("run", "created", "finished", "seconds", "environment"):
                del record[key]
            for key in ("fingerprint", "files", "overlap"):
                del record["data"][key]
            # Of the run's spec.yaml, in which the data have their sha256.
            del record["spec"]["fingerprint"]
            record["spec"]["values"] = {
                path: value for path, value in record["spec"]["values"].items() if not path.startswith("dataset.sha256")
            }
            left[name] = {**record, "warnings": without_overlap(record["warnings"])}
        elif name == "model.keras":
            left[name] = weights_in(path)
        elif name == "spec.yaml":
            left[name] = [line for line in path.read_text().splitlines() if "sha256:" not in line]
        elif name == "log.txt":
            lines = path.read_text().splitlines()
            left[name] = without_overlap(re.sub(r"  [\d.]+ m?s$", "", line) for line in lines)
        else:
            left[name] = path.read_bytes()
    return left


@pytest.mark.tensorflow
def test_garbage_in_a_folds_validation_rows_changes_no_file_of_the_fold_that_was_learnt(
    workshop: Any, tmp_path: Path
) -> None:
    pinned = workshop.pinned("one_hot", PROTOCOLS["K-fold"])
    clean = left_by(workshop.spec("one_hot", pinned), tmp_path)

    for fold in (1, 2):
        with np.load(clean / "splits.npz") as splits:
            garbage = splits[f"i1-f{fold}_validation"]
        garbled = left_by(workshop.spec("one_hot", pinned, garbage), tmp_path)

        same = {
            (file, home): (clean / "folds" / home / file).read_bytes() == (garbled / "folds" / home / file).read_bytes()
            for file in ("preprocessing.json", "weights.npz", "outcome.npz")
            for home in ("i1-f1", "i1-f2")
        }
        own, other = f"i1-f{fold}", f"i1-f{3 - fold}"
        assert same["preprocessing.json", own]
        assert same["weights.npz", own]
        # These rows train the other fold, and what is predicted for garbage is garbage: both are noticed.
        assert not any((same["preprocessing.json", other], same["weights.npz", other], same["outcome.npz", own]))
        after, before = traces(garbled), traces(clean)
        changed = {name for name in before if after[name] != before[name]}
        assert changed >= {"record.json", "log.txt", "history.csv", "curve.csv", "predictions.csv", "curves.png"}


@pytest.mark.tensorflow
def test_garbage_in_the_validation_rows_changes_no_weight_of_the_model_of_a_hold_out(
    workshop: Any, tmp_path: Path
) -> None:
    pinned = workshop.pinned("one_hot", PROTOCOLS["hold-out"])
    clean = left_by(workshop.spec("one_hot", pinned, stopping=True), tmp_path)
    with np.load(clean / "splits.npz") as splits:
        garbage = splits["i1-f1_validation"]

    garbled = left_by(workshop.spec("one_hot", pinned, garbage, stopping=True), tmp_path)

    assert (garbled / "preprocessing.json").read_bytes() == (clean / "preprocessing.json").read_bytes()
    assert weights_in(garbled / "model.keras") == weights_in(clean / "model.keras")
    assert (garbled / "predictions.csv").read_bytes() != (clean / "predictions.csv").read_bytes()


@pytest.mark.tensorflow
@pytest.mark.parametrize("test", ["drawn", "provided"])
@pytest.mark.parametrize("protocol", ["hold-out", "K-fold"])
def test_garbage_in_the_test_rows_changes_nothing_that_a_run_leaves(
    workshop: Any, tmp_path: Path, protocol: str, test: str
) -> None:
    provided = test == "provided"
    # Splits beside a provided test set need no pinning: it has no part in them.
    evaluation = PROTOCOLS[protocol] if provided else workshop.pinned("one_hot", PROTOCOLS[protocol])
    clean = left_by(workshop.spec("one_hot", evaluation, provided=provided), tmp_path)
    with np.load(clean / "splits.npz") as splits:
        rows = splits["test"]

    garbled = left_by(workshop.spec("one_hot", evaluation, rows, provided=provided), tmp_path)

    assert traces(garbled) == traces(clean)
    files = {"record.json", "spec.yaml", "log.txt", "splits.npz", "history.csv", "predictions.csv", "curves.png"}
    assert traces(clean).keys() >= files
    found = [json.loads((run / "record.json").read_text())["data"] for run in (clean, garbled)]
    assert found[0]["fingerprint"] != found[1]["fingerprint"]
    assert found[0]["overlap"] != found[1]["overlap"] or not provided
