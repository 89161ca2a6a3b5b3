"""Reading runs for their page: record, history, spec, columns, and what held-out predictions show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from dlrun.errors import DlrunError, RunFolderError, UsageError
from dlrun.experiment.comparing import compare_runs
from dlrun.experiment.held_out import NAME
from dlrun.experiment.held_view import held_view
from dlrun.experiment.tables import COLUMNS_HEADER
from dlrun.report.page import render_page
from dlrun.report.page.figures import SERIES
from dlrun.report.page.values import Compared, Held, RunView
from dlrun.runs import read_record
from dlrun.runs.formats import load_csv
from dlrun.runs.history import NAME as HISTORY
from dlrun.runs.history import read_history
from dlrun.runs.rows import scored_data
from dlrun.spec.files import MAX_BYTES
from dlrun.untrusted.files import RefusedError, read_bytes

T = TypeVar("T")
COLUMNS = "columns.csv"
_LARGEST_DRAWING = 600_000
"""Bytes."""
_DRAWINGS = {
    "filters.png": "The kernels of the first convolution",
    "responses.png": "What each layer answers to one row",
}


def page_of(runs: Sequence[Path], *, examples: int) -> str:
    """Write the HTML page of a run, or of several beside each other.

    Args:
        runs: folders, of runs in whatever state.
        examples: how many rows with large errors are shown of each; 0 for none, and no data are loaded.

    Raises:
        RunFolderError: a run has no record, or it cannot be read.
        UsageError: more runs than there are colours to tell them apart.
    """
    if len(runs) > len(SERIES):
        raise UsageError(
            f"{len(runs)} runs; a page has room for {len(SERIES)}", hint="'dlrun compare' takes more, without a page"
        )
    views = [view_of(run, examples=examples) for run in runs]
    return render_page(views, _compared(runs, views) if len(runs) > 1 else None)


def _compared(runs: Sequence[Path], views: Sequence[RunView]) -> Compared:
    """Compare runs where they can be compared; else keep the reason."""
    alike = len({(view.record.get("task"), scored_data(view.record)) for view in views}) == 1
    try:
        return Compared(compare_runs(runs), alike=alike)
    except DlrunError as error:
        return Compared(None, error.message, alike)


def view_of(run: Path, *, examples: int) -> RunView:
    """Read what a page shows of a run; what cannot be read is noted and left out.

    Args:
        run: the folder, of a run in whatever state.
        examples: how many rows with large errors are shown; their inputs are loaded for that. 0 for none.

    Raises:
        RunFolderError: there is no record, or it cannot be read.
    """
    record = read_record(run)
    notes: list[str] = []
    history = _table(run, HISTORY, read_history, "learning curves are", notes)
    columns = _table(run, COLUMNS, _columns, "figures of columns are", notes)
    spec = _spec(run, notes)
    held = Held()
    if (run / NAME).exists():
        try:
            held = held_view(run, record, examples)
        except RunFolderError as error:
            notes.append(f"predictions are not shown: {error.message}")
        except (KeyError, TypeError, IndexError, ValueError) as error:  # of a table or a record that somebody changed
            notes.append(f"predictions are not shown: {NAME} does not fit the record ({error})")
    return RunView(record, history, spec, columns, held, _drawings(run), tuple(notes))


def _drawings(run: Path) -> tuple[tuple[str, bytes], ...]:
    """Read what `dlrun show RUN --filters` has drawn; nothing that is none, or too large for a page."""
    found = []
    for name, caption in _DRAWINGS.items():
        with suppress(OSError):
            if (run / name).stat().st_size <= _LARGEST_DRAWING:
                drawn = (run / name).read_bytes()
                found += [(caption, drawn)] if drawn.startswith(b"\x89PNG") else []
    return tuple(found)


def _table(run: Path, name: str, read: Callable[[Path], Sequence[T]], what: str, notes: list[str]) -> tuple[T, ...]:
    """Read a table of the run; one that is not there is empty, and one that is damaged is noted."""
    if not (run / name).exists():
        return ()
    try:
        return tuple(read(run))
    except (RunFolderError, ValueError) as error:
        notes.append(f"{what} not shown: {getattr(error, 'message', error)}")
        return ()


def _columns(run: Path) -> list[list[str]]:
    _, rows = load_csv(run / COLUMNS)
    for cells in rows:
        _check_column(cells)
    return rows


def _check_column(cells: Sequence[str]) -> None:
    if len(cells) != len(COLUMNS_HEADER):
        raise ValueError(f"{len(cells)} cells in a row; expected {len(COLUMNS_HEADER)}")
    for figure in cells[4:]:
        float(figure or 0)


def _spec(run: Path, notes: list[str]) -> str:
    try:
        return read_bytes(run / "spec.yaml", MAX_BYTES).decode("utf-8", "replace")
    except (RefusedError, OSError) as error:
        notes.append(f"the spec is not shown: {getattr(error, 'strerror', None) or error}")
        return ""
