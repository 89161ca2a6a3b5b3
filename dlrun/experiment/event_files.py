"""TensorBoard's event files, written while a run goes on, or from the history of one that has ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.events import EpochEnded, Event, FitEnded, OnEvent, RunStarted, Warned, ignore
from dlrun.experiment.history import PARTS, Part, history_points
from dlrun.runs import inner_folder, read_record, reopen_run
from dlrun.training.contract import fit_name

FOLDER = "tensorboard"
_FLUSHED_EVERY = 1000  # milliseconds: a person who looks on should not have to wait for the end of a fold


@contextmanager
def event_files(on_event: OnEvent = ignore) -> Iterator[OnEvent]:
    """Give a listener for `run` that writes ``tensorboard/i1-f1/train`` and ``.../validation`` into the run's folder.

    They hold the loss and each metric of every epoch. Files that cannot be written end no run: a warning says so.

    Args:
        on_event: what else is to be told; it hears of each event after its value has been written.
    """
    writing = _EventFiles(on_event)
    try:
        yield writing
    finally:
        writing.close()


def write_event_files(run: Path) -> Path:
    """Write the event files of a run that has ended, from its ``history.csv``; return the folder they are in.

    Those that are there already stay.

    Raises:
        RunFolderError: the run is not finished, its history cannot be read, or the files cannot be written.
    """
    record = read_record(run)
    with reopen_run(run) as folder:
        if (run / FOLDER).exists():
            return run / FOLDER
        epochs = _epochs(run)
        with event_files(_raise_warnings) as listener:
            listener(RunStarted(str(folder.path), record, len({place[:2] for place in epochs}), len(epochs)))
            for fold, places in groupby(epochs, lambda place: place[:2]):
                for place in places:
                    listener(EpochEnded(*place, len(epochs), epochs[place]["train"], epochs[place]["validation"], 0.0))
                listener(FitEnded(fold[0], fold[1], len(epochs)))
    return run / FOLDER


Values = dict[str, float]


def _epochs(run: Path) -> dict[tuple[int, int, int], dict[Part, Values]]:
    """Read what a run's history says of each epoch: by iteration, fold and epoch."""
    epochs: dict[tuple[int, int, int], dict[Part, Values]] = {}
    for point in history_points(run):
        parts = epochs.setdefault((point.iteration, point.fold, point.epoch), {"train": {}, "validation": {}})
        parts[point.part][point.metric] = point.value
    return epochs


def _raise_warnings(event: Event) -> None:
    if isinstance(event, Warned):
        raise RunFolderError(event.message)


class _EventFiles:
    """Two writers for each fold that is being trained: curves of one name in both are drawn into one figure."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._run: Path | None = None
        self._writers: dict[tuple[int, int], dict[str, Any]] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._run = Path(event.folder)
        elif isinstance(event, EpochEnded):
            self._guarded(event)
        elif isinstance(event, FitEnded):
            self._close(event.iteration, event.fold)
        self._on_event(event)

    def close(self) -> None:
        """Write what is still held back: also where a run was interrupted."""
        for place in list(self._writers):
            self._close(*place)

    def _guarded(self, event: EpochEnded) -> None:
        import tensorflow as tf

        if self._run is None:
            return
        try:
            self._write(self._run, event)
        except (RunFolderError, OSError, tf.errors.OpError) as error:
            self._run = None
            self._on_event(Warned(f"no more event files for TensorBoard are written: {error}"))

    def _write(self, run: Path, event: EpochEnded) -> None:
        writers = self._writers.get((event.iteration, event.fold))
        if writers is None:
            writers = self._writers[event.iteration, event.fold] = _open(run, event)
        for part, values in zip(PARTS, (event.train, event.validation), strict=True):
            _write_scalars(writers[part], values, event.epoch)

    def _close(self, iteration: int, fold: int) -> None:
        import tensorflow as tf

        for writer in self._writers.pop((iteration, fold), {}).values():
            try:
                writer.close()
            except tf.errors.OpError as error:
                self._on_event(Warned(f"the last values for TensorBoard could not be written: {error.message}"))


def _open(run: Path, event: EpochEnded) -> dict[str, Any]:
    import tensorflow as tf

    home = f"{FOLDER}/{fit_name(event.iteration, event.fold)}"
    return {
        part: tf.summary.create_file_writer(
            str(inner_folder(run, f"{home}/{part}")), flush_millis=_FLUSHED_EVERY, name=f"{home}/{part}"
        )
        for part in PARTS
    }


def _write_scalars(writer: Any, values: Mapping[str, float], step: int) -> None:
    """Write values of an epoch as TensorBoard's scalars; `tf.summary.scalar` would need the package ``tensorboard``."""
    import tensorflow as tf

    metadata = tf.compat.v1.SummaryMetadata(plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"))
    with writer.as_default(step=step):
        for name, value in values.items():
            tf.summary.write(name, tf.constant(value, tf.float32), metadata=metadata)
