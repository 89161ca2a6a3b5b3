"""What lies around a run and the one that it repeats, in lines: spec, data, splits, versions, machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlrun.report.lines import Line
from dlrun.report.reading import Record, items, part, parts, sections, words

_MACHINE = ("platform", "cpu", "cpus", "cpu_features", "devices")
_SHORT = 12
"""Of a checksum or a commit: enough to tell two apart."""
_NAMES = {
    "cpu": "CPU",
    "cpus": "CPUs",
    "cpu_features": "CPU features",
    "git.commit": "commit",
    "git.dirty": "uncommitted",
}


def around_lines(told: Record) -> Iterator[Line]:
    """Say what differs around two runs; nothing of what is the same, but where nothing explains a difference.

    Args:
        told: a `Verification` as JSON has it.
    """
    lines = [
        *_lines("spec", _spec(part(told, "spec"))),
        *_lines("data", _data(part(told, "data"))),
        *_lines("splits", ["other rows are held out than then"] if told.get("splits") is False else []),
        *_environment(parts(told, "environment")),
    ]
    yield from lines
    unknown = [_NAMES.get(str(name), str(name)) for name in items(told, "unknown")]
    yield Line("unknown", (f"the first run's record does not say: {', '.join(unknown)}" if unknown else "",))
    if told.get("identical") is not True and not lines:
        yield Line(
            "reason",
            (
                "none is on record: what is told of spec, data, splits, versions and machine is the same. Were files"
                " of the run edited? Some operations, on a GPU above all, are not deterministic",
            ),
        )


def _lines(label: str, texts: list[str]) -> list[Line]:
    return [Line("" if place else label, (text,)) for place, text in enumerate(texts)]


def _spec(spec: Record) -> list[str]:
    """Say what was edited, or what this dlrun makes otherwise of the same file."""
    edits, completed = (sections(spec, key) for key in ("edits", "completed"))
    if spec.get("edited") is True:
        found = ", ".join(map(_edit, edits)) or "its record does not say from what, or only the way it is written"
        return [f"spec.yaml was edited since: {found}"]
    return [f"this dlrun fills in otherwise: {', '.join(map(_edit, completed))}"] if completed else []


def _edit(each: Record) -> str:
    before, after = words(each, "a_path"), words(each, "b_path")
    if not before or not after:
        kind, value = ("new", each.get("b")) if after else ("gone", each.get("a"))
        return f"{before or after} {_value(value)} is {kind}"
    return f"{after} {_value(each.get('a'))} → {_value(each.get('b'))}"


def _data(data: Record) -> list[str]:
    """Say which files are others now; where they are the same, whether what was loaded of them is."""
    texts = [_file(file) for file in sections(data, "files")]
    changed = any(file.get("kind") != "moved" for file in sections(data, "files"))
    if changed and data.get("values") is True:
        texts.append("the values that were loaded are the same all the same")
    elif not changed and data.get("values") is False:
        texts.append("other values were loaded than then, by the same name or of the same files")
    return texts


def _file(file: Record) -> str:
    path, before, after = (words(file, key) for key in ("path", "before", "after"))
    match words(file, "kind"):
        case "moved":
            return f"{path} lies at {words(file, 'moved_to')} now, with the same content"
        case "gone":
            return f"{path} is no longer read"
        case "new":
            return f"{path} was not read then"
    moved = words(file, "moved_to")
    at = f", read from {moved} now" if moved else ""
    return f"{path} has another content{at} (sha256 {before[:_SHORT]}… then, {after[:_SHORT]}… now)"


def _environment(changes: dict[str, Record]) -> list[Line]:
    """Sort what differs into machine, variables, git and versions."""
    groups: dict[str, list[str]] = {"versions": [], "machine": [], "variables": [], "git": []}
    for name, change in changes.items():
        section, _, rest = name.partition(".")
        label = section if section in ("variables", "git") else "machine" if name in _MACHINE else "versions"
        shown = _NAMES.get(name) or (rest if label == "variables" else name)
        groups[label].append(f"{shown} {_changed(name, change)}")
    return [Line(label, (", ".join(texts),)) for label, texts in groups.items() if texts]


def _changed(name: str, change: Record) -> str:
    before, after = change.get("before"), change.get("after")
    if isinstance(before, list) and isinstance(after, list):
        only = (("only then", before, after), ("only now", after, before))
        told = [(when, [str(each) for each in ours if each not in theirs]) for when, ours, theirs in only]
        return ", ".join(f"{when}: {' '.join(names)}" for when, names in told if names)
    if name == "git.commit":
        before, after = (str(value)[:_SHORT] for value in (before, after))
    return f"{_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
