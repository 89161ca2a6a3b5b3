"""What lies around two runs and can be the reason that they differ: machine, versions, data, the spec itself.

Records are read as they come: one of an older dlrun lacks some facts, and these are unknown, not different.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dlrun.experiment.recording import fingerprint_of
from dlrun.runs.spec_diff import diff_specs
from dlrun.spec import flat_values
from dlrun.spec.sections import ExperimentSpec

Record = Mapping[str, Any]
_NO_REASON = frozenset({"command"})
"""Facts of an environment that change nothing."""
_SECTIONS = ("variables", "git")
"""Those that are several facts by name."""
_CONTENT = ("dataset.path", "dataset.sha256", "evaluation.splits.path", "evaluation.splits.sha256")
"""What a spec says of where data lie and what is in them; the data themselves are compared by content."""


@dataclass(frozen=True)
class Changed:
    """A fact that is another one now."""

    before: Any
    after: Any


@dataclass(frozen=True)
class DataFileChange:
    """A data file that is not as it was.

    Args:
        kind: ``changed``: other content; ``moved``: the same content elsewhere; ``gone``; ``new``.
        path: where it was read; of a new one, where it lies.
        before: its sha256 then.
        after: its sha256 now.
        moved_to: where the same content lies now.
    """

    kind: Literal["changed", "moved", "gone", "new"]
    path: str
    before: str | None = None
    after: str | None = None
    moved_to: str | None = None


@dataclass(frozen=True)
class DataVerdict:
    """Whether the second run had the data of the first.

    Args:
        same: whether files (where there are any) and loaded values are the same; None where a record does not say it.
        values: the same of the values alone, as they were loaded.
        files: those that are not as they were.
    """

    same: bool | None
    values: bool | None
    files: tuple[DataFileChange, ...] = ()


@dataclass(frozen=True)
class SpecVerdict:
    """Whether the second run was of the spec of the first.

    Args:
        same: whether it was run with the same values, wherever its files lie; None where the record does not say them.
        edited: whether the first run's ``spec.yaml`` is another than the one that its record names.
        edits: what was changed in it.
        completed: what this dlrun filled in otherwise.
    """

    same: bool | None
    edited: bool
    edits: tuple[Mapping[str, Any], ...] = ()
    completed: tuple[Mapping[str, Any], ...] = ()


def environment_changes(first: Record, second: Record) -> tuple[dict[str, Changed], tuple[str, ...]]:
    """Compare the environments of two records.

    Returns:
        What differs by name, and the names of what the first record does not say.
    """
    before, after = (_mapping(record.get("environment")) for record in (first, second))
    plain = [name for name in before if name not in _NO_REASON and not isinstance(after.get(name), Mapping)]
    changed = {name: Changed(before[name], after.get(name)) for name in plain if before[name] != after.get(name)}
    for section in _SECTIONS:
        changed |= _inside(section, before.get(section), after.get(section))
    unknown = [name for name in after if name not in before and name not in _NO_REASON]
    return {name: each for name, each in changed.items() if name not in _SECTIONS}, tuple(unknown)


def _inside(section: str, before: Any, after: Any) -> dict[str, Changed]:
    """Compare what both records say; a folder outside of any repository has no git state to compare."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return {}
    names = dict.fromkeys((*before, *after))
    pairs = {f"{section}.{name}": Changed(before.get(name), after.get(name)) for name in names}
    return {name: each for name, each in pairs.items() if each.before != each.after}


def compare_data(first: Record, second: Record) -> DataVerdict:
    """Compare the data of two records by content."""
    before, after = (_mapping(record.get("data")) for record in (first, second))
    values = _same(before.get("fingerprint"), after.get("fingerprint"))
    if not isinstance(before.get("files"), list):
        return DataVerdict(values if values is False else None, values)
    changes = _file_changes(_files(before), _files(after))
    kept = all(change.kind == "moved" for change in changes)
    return DataVerdict(kept and values if kept else False, values, tuple(changes))


def _files(data: Record) -> list[tuple[str, str]]:
    """List path and sha256 of the files of a record."""
    files = data.get("files") or []
    return [(str(file.get("path")), str(file.get("sha256"))) for file in files if isinstance(file, Mapping)]


def _file_changes(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> list[DataFileChange]:
    """Put files beside each other by their place in the list, as the spec names them; tell those that differ."""
    changes = []
    for place, (path, digest) in enumerate(before):
        if place >= len(after):
            changes.append(DataFileChange("gone", path, digest))
            continue
        now, found = after[place]
        if found != digest:
            changes.append(DataFileChange("changed", path, digest, found, None if now == path else now))
        elif now != path:
            changes.append(DataFileChange("moved", path, digest, found, now))
    return changes + [DataFileChange("new", path, None, digest) for path, digest in after[len(before) :]]


def compare_spec(first: Record, loaded: ExperimentSpec, second: Record) -> SpecVerdict:
    """Compare the spec that the first record names with the file as it is now, and with what the second was run with.

    Args:
        first: record of the run that was there.
        loaded: its ``spec.yaml`` as read now, checksums and all.
        second: record of the new run.
    """
    told = _mapping(first.get("spec"))
    known = told.get("fingerprint")
    edited = known is not None and known != fingerprint_of(loaded)
    if not (before := _mapping(told.get("values"))):
        return SpecVerdict(None if edited or known is None else True, edited)
    now = flat_values(loaded)
    after = _mapping(_mapping(second.get("spec")).get("values"))
    edits = [asdict(each) for each in diff_specs(before, now)] if edited else []
    completed = [asdict(each) for each in diff_specs(_apart_from_content(now), _apart_from_content(after))]
    changed = diff_specs(_apart_from_content(before), _apart_from_content(after))
    return SpecVerdict(not changed, edited, tuple(edits), tuple(completed))


def _apart_from_content(values: Record) -> dict[str, Any]:
    return {path: value for path, value in values.items() if not path.startswith(_CONTENT)}


def same_splits(first: Record, second: Record) -> bool | None:
    """Tell whether the rows were split alike; None where a record does not say it."""
    return _same(*(_mapping(record.get("splits")).get("fingerprint") for record in (first, second)))


def _same(before: Any, after: Any) -> bool | None:
    return None if before is None or after is None else before == after


def _mapping(value: Any) -> Record:
    return value if isinstance(value, Mapping) else {}
