"""What the templates need to know of several runs beside each other."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.report.glyphs import number
from dlrun.report.page.curves import draw_overlaid
from dlrun.report.page.run_part import curve_part
from dlrun.report.page.scores import draw_scores, primary_of
from dlrun.report.page.tables import count_words
from dlrun.report.page.values import Compared, RunView
from dlrun.report.reading import Record, part, real, words
from dlrun.report.scores import interval_words, validation_scores, value_words

Part = dict[str, Any]
_SCORES = (
    "Dots are folds, diamonds scores (of folds the mean), bands 95 % intervals of each run alone. Whether runs differ"
    " cannot be read off overlapping bands: that takes a test."
)
_APART = "These runs are of different tasks or data, so their scores and curves have no axis in common."


def compared_part(views: Sequence[RunView], runs: Sequence[Part], compared: Compared) -> Part:
    """Lay out several runs: the verdict, the scores, the curves over each other, and the specs side by side.

    Args:
        views: of the runs.
        runs: laid out by `run_part`; each gets ``marked``, the lines of its spec and whether all have them.
        compared: what the test said.
    """
    from markupsafe import Markup

    letters = [run["letter"] for run in runs]
    records = [view.record for view in views]
    comparison = compared.comparison
    metric = str(comparison["metric"]) if comparison else primary_of(records[0])
    for run, marked in zip(runs, mark_specs([view.spec for view in views]), strict=True):
        run["marked"] = marked
    return {
        "kicker": f"{len(runs)} runs",
        "title": " against ".join(dict.fromkeys(run["name"] for run in runs)) if _named_apart(runs) else _title(runs),
        "question": f"Which is better by {metric or 'its score'} on unseen rows, and is that more than chance?",
        "sentences": _sentences(comparison, compared.why_not),
        "scores_svg": Markup(draw_scores(records, letters, metric, "scores")) if compared.alike else "",
        "scores_words": _SCORES,
        "apart": "" if compared.alike else _APART,
        "table": _table(records, runs, metric),
        "curves": list(map(curve_part, draw_overlaid(views, letters))) if compared.alike else [],
        "specs_note": "Marked lines are not the same in all of these specs.",
    }


def mark_specs(specs: Sequence[str]) -> list[list[tuple[str, bool]]]:
    """Give each spec's lines, and whether every other spec has the line at that place; comments are left out."""
    lines = [[line for line in spec.splitlines() if not line.startswith("#")] for spec in specs]
    marked = []
    for own in lines:
        same = [True] * len(own)
        for other in lines:
            kept: set[int] = set()
            for block in difflib.SequenceMatcher(a=own, b=other, autojunk=False).get_matching_blocks():
                kept.update(range(block.a, block.a + block.size))
            same = [was and place in kept for place, was in enumerate(same)]
        marked.append(list(zip(own, same, strict=True)))
    return marked


def _named_apart(runs: Sequence[Part]) -> bool:
    return len({run["name"] for run in runs}) == len(runs)


def _title(runs: Sequence[Part]) -> str:
    return f"{len(runs)} runs of {', '.join(dict.fromkeys(run['name'] for run in runs))}"


def _sentences(comparison: Mapping[str, Any] | None, why_not: str) -> list[Part]:
    if comparison is None:
        return [{"label": "not compared", "words": why_not, "tone": "warn"}] if why_not else []
    told = []
    for each in comparison["comparisons"]:
        tested = f" ({each['test']})" if each["test"] else ""
        tone = {"better": "good", "worse": "bad"}.get(str(each["verdict"]), "")
        label = f"{each['letter']} against {each['against']}"
        told.append({"label": label, "words": f"{each['words']}{tested}", "tone": tone})
    return told + [{"label": "note", "words": str(note), "tone": ""} for note in comparison["notes"]]


def _table(records: Sequence[Record], runs: Sequence[Part], metric: str) -> Part:
    rows = []
    for record, run in zip(records, runs, strict=True):
        score = validation_scores(record).get(metric, {})
        rows.append(
            [
                run["letter"],
                run["folder"],
                value_words(score) if score else "n/a",
                interval_words(score).removeprefix("(95 % ").removesuffix(")") if score else "",
                count_words(record.get("seed")),
                count_words(part(record, "model").get("parameters")),
                count_words(part(record, "training").get("epochs")),
                words(part(record, "engine"), "name"),
                number(real(record.get("seconds")), 1) if record.get("seconds") is not None else "",
                words(record, "status"),
            ]
        )
    header = ["run", "folder", metric or "score", "95 %", "seed", "parameters", "epochs", "engine", "seconds", "status"]
    return {"caption": "", "header": header, "rows": rows, "foot": [], "more": ""}
