"""What came of a run, for a program: its folder, its record, and its tables."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import RunFolderError
from dlrun.report.text import render_record
from dlrun.runs import find_run, read_record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RunRecord:
    """What came of a run. Printed, it is what ``dlrun show`` prints; in a notebook too.

    Args:
        folder: where its files lie (docs/run-folder.md).
        record: what ``record.json`` in it says.
    """

    folder: Path
    record: Mapping[str, Any] = field(repr=False)

    @property
    def status(self) -> str:
        """How it ended: ``done``, or ``partial`` where some folds failed."""
        return str(self.record["status"])

    @property
    def scores(self) -> Mapping[str, Any]:
        """The scores of the record: ``scores["validation"]["accuracy"]["mean"]``; empty while there are none."""
        scores: Mapping[str, Any] = self.record.get("scores") or {}
        return scores

    def history(self) -> pd.DataFrame:
        """Read the learning curves: iteration, fold, epoch, metric, train, validation. Raises RunFolderError."""
        return self._table("history.csv")

    def predictions(self) -> pd.DataFrame:
        """Read the predictions of validation rows, each by a model that has not seen it. Raises RunFolderError."""
        return self._table("predictions.csv")

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        path = self.folder / name
        try:
            return pd.read_csv(path)
        except FileNotFoundError as error:
            raise RunFolderError(f"{self.folder} has no {name}: the run is {self.status}") from error
        except (OSError, ValueError) as error:
            raise RunFolderError(f"cannot read {path}: {error}") from error

    def __str__(self) -> str:
        return render_record({**self.record, "run": str(self.folder)})

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def load_run(run: str | PathLike[str] = "latest", *, runs_dir: str | PathLike[str] = "runs") -> RunRecord:
    """Read a run that is there already.

    Args:
        run: a folder, its name, a unique prefix of it, or ``latest``.
        runs_dir: where names are looked up.

    Raises:
        RunFolderError: there is no such run, or its record is damaged.
    """
    folder = find_run(Path(runs_dir), str(run))
    return RunRecord(folder, read_record(folder))
