"""Whether a run came out the same again, as text: the verdict, what differs and where, and what could be the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from dlrun.report.glyphs import clean, decimals, grouped, number, settle
from dlrun.report.lines import Line, layout
from dlrun.report.reading import Record, items, part, parts, real, whole, words
from dlrun.report.surroundings import around_lines

Group = Sequence[tuple[str, Record]]
"""Files of one name, by path."""
_MOST = 8
"""Scores that are written out."""


def render_verification(told: Record, width: int = 100, unicode: bool = True) -> str:
    """Write the verdict on a rerun.

    Args:
        told: a `Verification` as JSON has it (docs/rerun.md).
        width: of the terminal, in columns.
        unicode: whether the stream can show more than ASCII.
    """
    lines = [line for line in _lines(told) if any(line.items)]
    cleaned = [Line(clean(line.label, unicode), tuple(clean(item, unicode) for item in line.items)) for line in lines]
    return settle("\n".join(layout(cleaned, width)), unicode)


def _lines(told: Record) -> Iterator[Line]:
    same = told.get("identical") is True
    yield Line("rerun", (f"{'bit-identical' if same else 'not bit-identical'} with {words(told, 'first')}",))
    yield Line("status", (_change(part(told, "status")),))
    yield from _scores(parts(told, "scores"))
    for name, folds, group in _files(parts(told, "files"), same=False):
        yield Line(name, (f"in {folds}: {_differing(group)}" if folds else _differing(group),))
    yield Line("record", (_results(told),))
    yield Line("same", (_same(told),))
    yield from around_lines(told)
    yield Line("not compared", (_not_compared(told),))


def _change(status: Record) -> str:
    before, after = words(status, "before"), words(status, "after")
    return "" if before == after else f"{before} → {after}"


def _scores(scores: Mapping[str, Record]) -> Iterator[Line]:
    """Write the scores that differ, one a line; those that are the same at their mean are named together."""
    differing = {name: score for name, score in scores.items() if score.get("same") is False}
    moved = [name for name, score in differing.items() if "mean" in items(score, "parts")]
    for place, name in enumerate(moved[:_MOST]):
        yield Line("" if place else "scores", (f"{_score_name(name)} {_values(differing[name])}",))
    rest = [_score_name(name) for name in differing if name not in moved]
    if len(moved) > _MOST:
        yield Line("", (f"and {len(moved) - _MOST} more scores",))
    if rest:
        yield Line("" if moved else "scores", (f"the same mean, but other bits around it: {', '.join(rest)}",))


def _score_name(name: str) -> str:
    """Write ``validation.mae`` as ``validation mae``, ``baselines.linear.mae`` as ``mae of linear``."""
    kind, _, rest = name.partition(".")
    if kind != "baselines":
        return f"{kind} {rest}"
    baseline, _, metric = rest.rpartition(".")
    return f"{metric} of {baseline}"


def _values(pair: Record) -> str:
    """Write two values and how far they lie apart; where three digits look alike, all of them."""
    before, after = pair.get("before"), pair.get("after")
    ours, theirs = real(before), real(after)
    if ours is None or theirs is None or (isinstance(before, int) and isinstance(after, int)):  # a row, a count
        return f"{'nothing' if before is None else before} → {'nothing' if after is None else after}"
    places = decimals(ours, theirs)
    shown = [number(value, places) for value in (ours, theirs)]
    if shown[0] == shown[1]:
        shown = [repr(ours), repr(theirs)]
    difference = real(pair.get("difference"))
    beside = "" if difference is None else f" ({'+' if difference > 0 else ''}{number(difference)})"
    return f"{shown[0]} → {shown[1]}{beside}"


def _files(files: Mapping[str, Record], *, same: bool) -> Iterator[tuple[str, str, Group]]:
    """Give the files with one verdict; those of folds by their name, with the number of folds in words."""
    groups: dict[str, list[tuple[str, Record]]] = {}
    for path, verdict in files.items():
        if verdict.get("same") is same:
            groups.setdefault(PurePosixPath(path).name, []).append((path, verdict))
    for name, group in groups.items():
        folds = len([path for path, _ in group if "/" in path])
        yield name, f"{folds} fold{'' if folds == 1 else 's'}" if folds else "", group


def _differing(group: Group) -> str:
    """Say how many values differ, which is the first, and where the difference is largest."""
    if why := next((f"{_where(path)}{words(verdict, 'why')}" for path, verdict in group if verdict.get("why")), ""):
        return why
    differing, values = (sum(whole(verdict.get(key)) or 0 for _, verdict in group) for key in ("differing", "values"))
    first_path, first = next(((path, part(each, "first")) for path, each in group if each.get("first")), ("", {}))
    path, largest = max(((path, part(each, "largest")) for path, each in group), key=lambda each: _size(each[1]))
    count = f"{grouped(differing)} of {grouped(values)} values differ"
    begins = "" if differing == 1 else f"; the first: {_where(first_path)}{words(first, 'place')}"
    most = "" if differing == 1 else "the largest: "
    return f"{count}{begins}; {most}{_where(path)}{words(largest, 'place')} {_values(largest)}"


def _where(path: str) -> str:
    """Name the fold that a file is of: ``folds/i1-f3/weights.npz`` is ``i1-f3 ``."""
    return f"{PurePosixPath(path).parent.name} " if "/" in path else ""


def _size(pair: Record) -> float:
    difference = real(pair.get("difference"))
    return -1.0 if difference is None else abs(difference)


def _results(told: Record) -> str:
    names = [str(name) for name in items(told, "results")]
    return f"what it says of {', '.join(names)} differs" if names else ""


def _same(told: Record) -> str:
    """Name what is the same, the scores first."""
    scores = [score.get("same") for score in parts(told, "scores").values()]
    names = ["scores"] if True in scores and False not in scores else []
    names += [f"{name} of {folds}" if folds else name for name, folds, _ in _files(parts(told, "files"), same=True)]
    return ", ".join(names)


def _not_compared(told: Record) -> str:
    """Say what was left out, and why."""
    lacking = [name for name, score in parts(told, "scores").items() if score.get("same") is None]
    lacking += [name for name, verdict in parts(told, "files").items() if verdict.get("same") is None]
    notes = [str(note) for note in items(told, "notes")]
    if lacking:
        notes.append(f"the first run has no {', '.join(lacking)}")
    return "; ".join(notes)
