"""Runs that were broken off and are resumed: the same end bit for bit, or a refusal that says why."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlrun import load_spec
from dlrun.errors import RunFolderError, TrainingError
from dlrun.events import EpochEnded, Event, FitEnded, FitResumed, RunStarted, Warned
from dlrun.experiment import checkpointing, resume, run, run_fold
from dlrun.runs import read_record
from tests.torture.comparing import differences

pytestmark = pytest.mark.tensorflow

SPEC = """\
name: flowers
dataset: iris
preprocessing: [normalise]
layers: [Dense: 6, Dropout: 0.3]
optimiser: {name: adam, learning_rate: 0.01}
evaluation: %s
training: {epochs: 6, batch_size: 16, engine: %s}
"""
PROTOCOLS = {"holdout": "{protocol: holdout, validation: 0.3}", "kfold": "{protocol: kfold, k: 3}"}


def write(folder: Path, protocol: str = "kfold", engine: str = "compiled") -> Path:
    path = folder / "flowers.yaml"
    path.write_text(SPEC % (PROTOCOLS[protocol], engine))
    return path


class StopAt:
    """Ctrl-C after the end of an epoch of some fold."""

    def __init__(self, fold: int, epoch: int) -> None:
        self._place = fold, epoch

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded) and (event.fold, event.epoch) == self._place:
            raise KeyboardInterrupt


def interrupted(folder: Path, protocol: str = "kfold", engine: str = "keras", fold: int = 2, epoch: int = 4) -> Path:
    """Run a spec until somebody stops it; checkpoints after every epoch."""
    runs = folder / "broken"
    with pytest.raises(KeyboardInterrupt):
        run(load_spec(write(folder, protocol, engine)), runs_dir=runs, on_event=StopAt(fold, epoch), checkpoint_every=0)
    return (runs / "latest").resolve()


@pytest.mark.parametrize("engine", ["keras", "compiled"])
@pytest.mark.parametrize(("protocol", "fold"), [("holdout", 1), ("kfold", 2)])
def test_a_run_stopped_twice_ends_as_one_that_was_left_alone(
    protocol: str, fold: int, engine: str, tmp_path: Path
) -> None:
    whole = run(load_spec(write(tmp_path, protocol, engine)), runs_dir=tmp_path / "whole")
    path = interrupted(tmp_path, protocol, engine, fold, epoch=3)
    with pytest.raises(KeyboardInterrupt):
        resume(path, on_event=StopAt(fold, 5), checkpoint_every=0)

    done = resume(path)

    assert differences(whole.folder, path) == []
    assert done.status == "done"
    assert [each["was"] for each in done.record["resumed"]] == ["interrupted", "interrupted"]
    assert not list(path.rglob("checkpoint.npz"))


def test_finished_folds_are_not_trained_again_and_the_others_go_on(tmp_path: Path) -> None:
    path, told = interrupted(tmp_path, fold=2, epoch=4), list[Event]()

    resume(path, on_event=told.append)

    (started,) = [event for event in told if isinstance(event, RunStarted)]
    assert (started.fits, started.finished) == (2, 1)
    trained = {(event.fold, event.epoch) for event in told if isinstance(event, EpochEnded)}
    assert trained == {(2, epoch) for epoch in (4, 5, 6)} | {(3, epoch) for epoch in range(1, 7)}
    assert [(event.fold, event.epoch) for event in told if isinstance(event, FitResumed)] == [(2, 3)]
    assert [event.fold for event in told if isinstance(event, FitEnded)] == [2, 3]


def test_a_run_broken_off_after_its_last_fold_trains_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(load_spec(write(tmp_path)), runs_dir=tmp_path / "whole")

    def break_off(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("dlrun.experiment.recording.write_results", break_off)
        with pytest.raises(KeyboardInterrupt):
            run(load_spec(write(tmp_path)), runs_dir=tmp_path / "runs")
    told: list[Event] = []

    done = resume((tmp_path / "runs" / "latest").resolve(), on_event=told.append)

    assert differences(whole.folder, done.folder) == []
    assert [(event.fits, event.finished) for event in told if isinstance(event, RunStarted)] == [(0, 3)]
    assert not any(isinstance(event, EpochEnded) for event in told)


def test_a_history_that_is_broken_off_again_keeps_the_epochs_from_before(tmp_path: Path) -> None:
    path = interrupted(tmp_path, fold=2, epoch=4)
    with pytest.raises(KeyboardInterrupt):
        resume(path, on_event=StopAt(3, 1))

    lines = (path / "history.csv").read_text().splitlines()[1:]

    epochs = sorted({tuple(map(int, line.split(",")[1:3])) for line in lines})
    assert epochs == [(1, epoch) for epoch in range(1, 7)] + [(2, epoch) for epoch in range(1, 7)] + [(3, 1)]


def test_a_damaged_checkpoint_is_said_and_costs_no_more_than_its_epochs(tmp_path: Path) -> None:
    whole = run(load_spec(write(tmp_path, engine="keras")), runs_dir=tmp_path / "whole")
    path, told = interrupted(tmp_path), list[Event]()
    checkpoint = path / "checkpoint.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-200])

    resume(path, on_event=told.append)

    assert differences(whole.folder, path) == []
    assert any("trained from their beginning" in event.message for event in told if isinstance(event, Warned))


def test_a_checkpoint_that_cannot_be_written_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise RunFolderError("cannot write checkpoint.npz: No space left on device")

    monkeypatch.setattr("dlrun.runs.files.RunFiles.write_state", refuse)
    told: list[Event] = []

    done = run(load_spec(write(tmp_path)), runs_dir=tmp_path / "runs", on_event=told.append, checkpoint_every=0)

    warnings = [event.message for event in told if isinstance(event, Warned) and "checkpoint" in event.message]
    assert done.status == "done"
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads((path / "record.json").read_bytes())
    change(record)
    (path / "record.json").write_text(json.dumps(record))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A run of a table in a file that was stopped in its second fold."""
    lines = (f"{number % 7},{number % 5},{number % 7 + 2 * (number % 5)}" for number in range(60))
    (tmp_path / "table.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    write(tmp_path, engine="keras").write_text(
        (SPEC % (PROTOCOLS["kfold"], "keras")).replace(
            "iris", "{source: csv, path: table.csv, target: y}\ntask: regression"
        )
    )
    with pytest.raises(KeyboardInterrupt):
        run(load_spec(tmp_path / "flowers.yaml"), runs_dir=tmp_path / "runs", on_event=StopAt(2, 2), checkpoint_every=0)
    return (tmp_path / "runs" / "latest").resolve()


def refused(path: Path, **named: Any) -> str:
    """Resume in vain; the run stays what it was."""
    before = (path / "record.json").read_bytes()
    with pytest.raises(RunFolderError) as caught:
        resume(path, **named)
    assert (path / "record.json").read_bytes() == before
    assert caught.value.exit_code == 6
    return str(caught.value)


def test_an_edited_spec_is_refused_whatever_is_forced(broken: Path) -> None:
    spec = broken / "spec.yaml"
    spec.write_text(spec.read_text().replace("epochs: 6", "epochs: 7"))

    assert "was edited since" in refused(broken, force=True)


def test_a_spec_that_was_edited_into_nonsense_is_refused_with_its_problems(broken: Path) -> None:
    (broken / "spec.yaml").write_text("layers: [Dens: 3]\n")

    assert "was edited and has problems now" in refused(broken)


def test_other_data_are_refused_whatever_is_forced(broken: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(table.read_text().replace("6,0,6", "6,0,7", 1))

    told = refused(broken, force=True)

    assert "are not what they were" in told
    assert "table.csv' has changed" in told
    (tmp_path / "table.csv").unlink()
    assert "table.csv" in refused(broken)


def test_data_that_are_put_back_are_gone_on_with(broken: Path, tmp_path: Path) -> None:
    moved = (tmp_path / "table.csv").rename(tmp_path / "elsewhere.csv")
    refused(broken)
    moved.rename(tmp_path / "table.csv")

    assert resume(broken).status == "done"


def test_other_versions_are_refused_unless_forced(broken: Path) -> None:
    edit(broken, lambda record: record["environment"].update(tensorflow="1.15.0", cpu="abacus"))

    told = refused(broken)
    done = resume(broken, force=True)

    assert "tensorflow 1.15.0 → " in told
    assert "--force" in told
    assert [each.split()[0] for each in done.record["resumed"][-1]["differs"]] == ["tensorflow", "cpu"]


def test_another_processor_is_only_said(broken: Path) -> None:
    edit(broken, lambda record: record["environment"].update(cpu="abacus"))
    told: list[Event] = []

    done = resume(broken, on_event=told.append)

    assert done.status == "done"
    assert any("cpu abacus → " in event.message for event in told if isinstance(event, Warned))


def test_a_run_that_is_done_has_nothing_to_resume(broken: Path) -> None:
    resume(broken)

    assert "nothing to resume" in refused(broken, force=True)


def test_a_run_that_diverged_is_refused_and_tried_again_when_forced(tmp_path: Path) -> None:
    path = write(tmp_path, engine="keras")
    path.write_text(path.read_text().replace("adam, learning_rate: 0.01", "sgd, learning_rate: 1.0e+30"))
    with pytest.raises(TrainingError):
        run(load_spec(path), runs_dir=tmp_path / "runs")
    failed = (tmp_path / "runs" / "latest").resolve()

    assert "would end so again" in refused(failed)
    with pytest.raises(TrainingError, match="all 3 folds failed"):
        resume(failed, force=True)
    assert read_record(failed)["status"] == "failed"


def test_a_shared_run_gets_the_folds_that_are_missing_and_the_bits_of_one_in_one_go(tmp_path: Path) -> None:
    loaded = load_spec(write(tmp_path))
    whole = run(loaded, runs_dir=tmp_path / "whole")
    path, told = tmp_path / "shared", list[Event]()
    run_fold(loaded, 2, path)
    with pytest.raises(KeyboardInterrupt):
        run_fold(loaded, 3, path, on_event=StopAt(3, 4), checkpoint_every=0)

    done = resume(path, on_event=told.append)

    assert done.status == "done"
    assert differences(whole.folder, path) == []
    assert [(event.fold, event.epoch) for event in told if isinstance(event, FitResumed)] == [(3, 3)]
    assert {event.fold for event in told if isinstance(event, EpochEnded)} == {1, 3}


def test_checkpoints_are_rare_where_they_take_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(float(second) for second in range(1000))
    monkeypatch.setattr(checkpointing, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    written: list[float] = []

    class Folder:
        def write_state(self, name: str, arrays: Any) -> None:
            written.append(next(clock))

    checkpoints = checkpointing.RunCheckpoints(Folder(), "", 10.0, {}, lambda event: None)  # type: ignore[arg-type]
    for _ in range(300):
        checkpoints.offer([], dict)

    # Each takes two seconds by this clock, so that a hundred lie between one's end and the next one's beginning.
    assert all(second - first >= 100 for first, second in itertools.pairwise(written))
    assert len(written) >= 3
