"""TensorBoard's event files, read back by TensorFlow: while a run goes on, and from one that has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlrun import load_spec, run
from dlrun.errors import RunFolderError
from dlrun.events import EpochEnded, Event, FitEnded, RunStarted, Warned
from dlrun.experiment.event_files import event_files, write_event_files
from dlrun.experiment.history import history_points

pytestmark = pytest.mark.tensorflow

SPEC = """\
task: binary
dataset: {source: make_moons, n_samples: 60}
layers: [Dense: 2]
training: {epochs: 3}
evaluation: {protocol: kfold, k: 2}
"""
Values = dict[tuple[int, int, int, str, str], float]


def read_back(folder: Path) -> Values:
    """Every scalar below a folder: by iteration, fold, epoch, part and metric."""
    import tensorflow as tf

    values = {}
    for path in folder.glob("i*-f*/*/events.out.tfevents.*"):
        iteration, fold = (int(part[1:]) for part in path.parts[-3].split("-"))
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                number = float(tf.make_ndarray(value.tensor))
                values[iteration, fold, event.step, path.parts[-2], value.tag] = number
    return values


def in_history(folder: Path) -> Values:
    return {
        (point.iteration, point.fold, point.epoch, point.part, point.metric): point.value
        for point in history_points(folder)
    }


def epoch(number: int, loss: float = 0.5) -> EpochEnded:
    return EpochEnded(1, 1, number, 9, {"loss": loss}, {"loss": 2 * loss}, 0.1)


@pytest.mark.parametrize("engine", ["keras", "compiled"])
def test_event_files_hold_the_history_of_every_fold(tmp_path: Path, engine: str) -> None:
    (tmp_path / "moons.yaml").write_text(SPEC)
    spec = load_spec(tmp_path / "moons.yaml", [f"training.engine={engine}"])

    with event_files() as listener:
        done = run(spec, runs_dir=tmp_path / "runs", on_event=listener)

    history = in_history(done.folder)
    assert len({place[:2] for place in history}) == 2
    assert read_back(done.folder / "tensorboard") == pytest.approx(history, rel=1e-6)


def test_a_finished_run_gets_them_from_its_history_once(tmp_path: Path) -> None:
    (tmp_path / "moons.yaml").write_text(SPEC)
    done = run(tmp_path / "moons.yaml", runs_dir=tmp_path / "runs")

    made = write_event_files(done.folder)
    again = write_event_files(done.folder)

    assert made == again == done.folder / "tensorboard"
    assert read_back(made) == pytest.approx(in_history(done.folder), rel=1e-6)
    assert len(list(made.glob("*/*/*"))) == 4


def test_a_run_that_is_interrupted_has_the_epochs_that_it_finished(tmp_path: Path) -> None:
    def until_second(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            raise KeyboardInterrupt

    def interrupted() -> None:
        with event_files(until_second) as listener:
            for event in (RunStarted(str(tmp_path), {}, 1, 9), epoch(1), epoch(2)):
                listener(event)

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert {place[2] for place in read_back(tmp_path / "tensorboard")} == {1, 2}


def test_files_that_cannot_be_written_are_one_warning_and_end_no_run(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    heard: list[Event] = []

    with event_files(heard.append) as listener:
        for event in (RunStarted(str(tmp_path), {}, 1, 9), epoch(1), epoch(2), FitEnded(1, 1, 2)):
            listener(event)

    (warning,) = (event for event in heard if isinstance(event, Warned))
    assert "no more event files for TensorBoard" in warning.message
    assert heard[-1] == FitEnded(1, 1, 2)


def test_a_run_that_is_not_there_or_not_finished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"has no record\.json"):
        write_event_files(tmp_path)
