"""Reads the ``evaluation`` section: columns by name or number, and the file of splits that were made elsewhere."""

from __future__ import annotations

from dlrun.errors import Path
from dlrun.registry.values import show
from dlrun.spec.document import Findings, Raw
from dlrun.spec.fields import fields_of
from dlrun.spec.paths import FolderOf, from_the_root
from dlrun.spec.sections import Evaluation, SplitsFile
from dlrun.spec.shapes import FileShape, long_form
from dlrun.spec.wording import build

_COLUMNS = ("group", "time", "fold")


def parse_evaluation(raw: Raw, path: Path, folder_of: FolderOf, findings: Findings) -> Evaluation | None:
    """Read the section; an empty one means its defaults, and so does a key without a value."""
    values = fields_of({} if raw is None else raw, dict(Evaluation.model_fields), path, findings)
    if values is None:
        return None
    before = len(findings.problems)
    for key in _COLUMNS:
        values[key] = _column(values.get(key))
    if values["time"] is False:
        values["time"] = None
    if values.get("splits") is not None:
        values["splits"] = _parse_splits(values["splits"], (*path, "splits"), folder_of, findings)
    evaluation = build(Evaluation, values, path, findings)
    return None if len(findings.problems) > before else evaluation


def _column(raw: Raw) -> Raw:
    """Take a whole number for the name that a column of a table without a header has."""
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


def _parse_splits(raw: Raw, path: Path, folder_of: FolderOf, findings: Findings) -> SplitsFile | None:
    """Read ``FILE`` or ``{path: FILE, sha256: ...}``; the path becomes absolute."""
    written = long_form(raw, FileShape())
    if not isinstance(written, dict):
        hint = "write splits: FILE (npz or JSON); 'k' is the number of folds that dlrun makes"
        findings.add(f"expected the name of a file, or {{path: FILE}}, not {show(raw)}", path, hint=hint)
        return None
    before = len(findings.problems)
    values = fields_of(written, dict(SplitsFile.model_fields), path, findings) or {}
    file = build(SplitsFile, values, path, findings)
    if file is None or len(findings.problems) > before:
        return None
    full = from_the_root(file.path, (*path, "path"), folder_of, findings)
    return None if full is None else file.model_copy(update={"path": full})
