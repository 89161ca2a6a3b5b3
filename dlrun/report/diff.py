"""Two runs side by side as text: what is the same in a line, what differs in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.report.glyphs import clean, decimals, number
from dlrun.report.lines import broken
from dlrun.report.tables import table

Diff = Mapping[str, Any]
_SAME = ("data", "splits", "spec", "environment")
_NAMES = frozenset({0})
_SHORT_HASH = 12


def render_diff(diff: Diff, width: int = 100, unicode: bool = True) -> str:
    """Write what differs between two runs, A and B."""
    first, second = diff["runs"]
    rows = [[letter, run["run"], run["created"]] for letter, run in (("A", first), ("B", second))]
    blocks = [table(["", "run", "created"], rows, width, unicode, frozenset({1})), _same_words(diff, width, unicode)]
    blocks += [_values("spec", [_spec_row(each) for each in diff["spec"]], width, unicode)]
    for name in ("facts", "environment"):
        head = {"facts": "run", "environment": "environment"}[name]
        found = [[each["name"], _fact(each, "a"), _fact(each, "b")] for each in diff[name]]
        blocks.append(_values(head, found, width, unicode))
    blocks += [_scores(diff["scores"], width, unicode), _notes(diff, width, unicode)]
    return "\n\n".join(block for block in blocks if block)


def _same_words(diff: Diff, width: int, unicode: bool) -> str:
    """Say in a line what is the same and what is not; what nobody knows is not told."""
    same = [name for name in _SAME if diff["same"][name] is True]
    other = [name for name in _SAME if diff["same"][name] is False]
    words = [f"same {', '.join(same)}" if same else "", f"different {', '.join(other)}" if other else ""]
    return "\n".join(broken(clean("; ".join(word for word in words if word), unicode), width))


def _values(head: str, rows: Sequence[Sequence[str]], width: int, unicode: bool) -> str:
    return table([head, "A", "B"], rows, width, unicode, _NAMES) if rows else ""


def _spec_row(each: Mapping[str, Any]) -> list[str]:
    a, b = each["a_path"], each["b_path"]
    here = "-" if a is None else _value(each["a"])
    there = "-" if b is None else _value(each["b"])
    return [_path(a, b), here, there]


def _path(a: str | None, b: str | None) -> str:
    """Name a value by its path; of a layer that has moved, by both of its places: ``layers.1→2.Dense.units``."""
    if a is None or b is None or a == b:
        return str(a if a is not None else b)
    section, here, rest = a.split(".", 2)
    return f"{section}.{here}→{b.split('.', 2)[1]}.{rest}"


def _fact(each: Mapping[str, Any], side: str) -> str:
    value = each[side]
    if value is None:
        return "-"
    return str(value)[:_SHORT_HASH] if each["name"] == "git.commit" else _value(value)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items()) or "-"
    if isinstance(value, list):
        return " ".join(map(_value, value)) or "-"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _scores(scores: Sequence[Mapping[str, Any]], width: int, unicode: bool) -> str:
    """Write the scores, the model's first; beside each pair, how much B is above A and which is the better one."""
    if not scores:
        return ""
    rows = [[_score_name(each), *_figures(each)] for each in scores]
    return table(["score", "A", "B", "B - A", ""], rows, width, unicode, _NAMES)


def _score_name(score: Mapping[str, Any]) -> str:
    kind = "" if score["kind"] == "validation" else f"{score['kind']} "
    return f"{kind}{score['metric']}" + (f" of {score['baseline']}" if score["baseline"] else "")


def _figures(score: Mapping[str, Any]) -> list[str]:
    a, b, difference = score["a"], score["b"], score["difference"]
    if difference is None:
        return [*("" if value is None else number(value) for value in (a, b)), "", ""]
    places = decimals(a, b)
    shown = [number(value, places) for value in (a, b)]
    better = "" if not difference else "B is better" if (difference > 0) == score["higher_is_better"] else "A is better"
    return [*shown, f"{'+' if difference > 0 else ''}{number(difference, places)}", "" if score["baseline"] else better]


def _notes(diff: Diff, width: int, unicode: bool) -> str:
    notes = list(diff["notes"])
    finished = all(run["status"] == "done" for run in diff["runs"])
    if finished and any(each["difference"] for each in diff["scores"]):
        first, second = (run["run"] for run in diff["runs"])
        unpaired = "" if diff["same"]["data"] and diff["same"]["splits"] else " --unpaired"
        notes.append(f"more than luck? dlrun compare {first} {second}{unpaired}")
    return "\n".join(line for note in notes for line in broken(clean(note, unicode), width))
