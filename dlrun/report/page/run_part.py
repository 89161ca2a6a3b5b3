"""What the templates need to know of one run: words, tables and figures, ready to be written down."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from dlrun.report.glyphs import group_digits, grouped, number
from dlrun.report.last_step import last_lines
from dlrun.report.page.curves import Curve, best_epoch, draw_run_curves
from dlrun.report.page.figures import SERIES
from dlrun.report.page.held import (
    draw_confusion,
    draw_errors,
    draw_pairs,
    draw_precision_recall,
    draw_residuals,
    draw_roc,
)
from dlrun.report.page.honesty import honesty_notes
from dlrun.report.page.pictures import is_coarse, picture, png_address
from dlrun.report.page.scores import draw_scores, primary_of
from dlrun.report.page.tables import (
    balance_table,
    column_table,
    confused_table,
    confusion_cells,
    fold_table,
    layer_rows,
    pair_facts,
)
from dlrun.report.page.values import Confusion, Example, Held, RunView
from dlrun.report.protocol import division_words, protocol_label
from dlrun.report.reading import Record, items, part, parts, real, sections, whole, words
from dlrun.report.scores import failed_fits, failed_words, interval_words, score_lines, validation_scores, value_words
from dlrun.report.text import status_lines

_MOST_CELLS = 12
"""Up to so many classes, the confusion matrix is a table."""
_LABELS = {
    "power": "against guessing",
    "linear": "against a linear model",
    "selected": "best epoch",
    "curve": "overfitting",
    "advice": "what to try next",
    "test": "test set",
}
"""What a page calls the lines of `dlrun show`, where there is room for it."""
Part = dict[str, Any]


def run_part(view: RunView, letter: str, place: int, prefix: str) -> Part:
    """Lay out one run.

    Args:
        view: what is known of it.
        letter: what it is called among several; empty for a single one.
        place: among several, from 0: it chooses the colour.
        prefix: of all anchors and ids, unique on the page.
    """
    record, held = view.record, view.held
    metric = primary_of(record)
    folds = fold_table(record)
    return {
        "id": prefix,
        "letter": letter,
        "place": place % len(SERIES),
        "name": words(record, "name") or "a run",
        "folder": PurePath(words(record, "run")).name,
        "kicker": _kicker(record),
        "question": _question(record),
        "trouble": _trouble(view),
        "verdict": _verdict(record, metric),
        "scores_svg": _markup(draw_scores([record], [""], metric, f"{prefix}scores")),
        "scores_words": _strip_words(record),
        "sentences": _sentences(record),
        "curves": list(map(curve_part, draw_run_curves(view, f"{prefix}curve"))),
        "curve_legend": _curve_legend(view),
        "curve_note": _curve_note(record),
        "folds": folds if validation_scores(record) else None,
        "folds_title": "Folds" if folds and len(folds["rows"]) > 1 else "The split",
        **_confusion(record, held.confusion, prefix),
        **_ranked(held, prefix),
        **_paired(held, prefix),
        "examples": [_example(each) for each in held.examples],
        "examples_note": held.examples_note,
        "drawings": [(caption, png_address(png)) for caption, png in view.drawings],
        "balance": balance_table(record),
        "honesty": honesty_notes(record, view.notes),
        "layers": layer_rows(record),
        "data": _data(record),
        "columns": column_table(view.columns),
        "spec": view.spec.splitlines(),
        "environment": pair_facts(part(record, "environment")),
    }


def _trouble(view: RunView) -> str:
    """Say what kept a run from its end, and how far it came; empty for one that is done."""
    lines = [f"{line.label}: {line.items[0]}" for line in status_lines(view.record)]
    fits = sections(part(view.record, "splits"), "folds")
    begun = {row[:2] for row in view.history}
    if lines and len(fits) > 1 and len(begun) < len(fits):
        lines.append(f"epochs of {grouped(len(begun))} of {grouped(len(fits))} folds are in history.csv")
    return "; ".join(lines)


def _markup(svg: str) -> Any:
    """Mark a figure of ours as safe: matplotlib has escaped what is written in it."""
    from markupsafe import Markup

    return Markup(svg)


def _kicker(record: Record) -> str:
    created = words(record, "created").replace("T", " ").replace("Z", " UTC")
    task = words(record, "task").replace("_", " ")
    items = (task, protocol_label(record), created, words(record, "run"))
    return " · ".join(item for item in items if item)


def _question(record: Record) -> str:
    data, model = part(record, "data"), part(record, "model")
    outline = words(model, "outline") or "this net"
    rows = group_digits(words(data, "input_words"))
    source = words(data, "source") or "these data"
    return f"How well does {outline} do on rows of {source} that it has not seen{f' ({rows})' if rows else ''}?"


def _verdict(record: Record, metric: str) -> Part | None:
    score = validation_scores(record).get(metric)
    if score is None or failed_fits(record):
        return None
    protocol = part(record, "protocol")
    count = whole(protocol.get("validation"))
    folds = (whole(protocol.get("k")) or 1) * (whole(protocol.get("iterations")) or 1)
    value, _, spread = value_words(score).partition(" ± ")
    over = f"mean over {grouped(folds)} folds" if folds > 1 else f"on {grouped(count)} validation rows" if count else ""
    return {
        "metric": metric,
        "value": value,
        "spread": spread,
        "interval": interval_words(score).strip("()"),
        "rows": over,
    }


def _strip_words(record: Record) -> str:
    folds = len(sections(part(record, "splits"), "folds"))
    each = "Each dot is a fold, the diamond" if folds > 1 else "The diamond is the score"
    mean = " their mean" if folds > 1 else ""
    return f"{each}{mean}, the band its 95 % interval; dashed lines are what has to be beaten."


def _sentences(record: Record) -> list[Part]:
    """Say what came of it, with a tone for those that are good or bad news."""
    lines = [line for line in score_lines(record) if line.label not in validation_scores(record)]
    lines += last_lines(record) if validation_scores(record) or part(record, "retrained") else []
    tones = _tones(record)
    return [
        {
            "label": _LABELS.get(line.label, line.label),
            "words": "   ".join(line.items),
            "tone": tones.get(line.label, ""),
        }
        for line in lines
        if any(line.items)
    ]


def _tones(record: Record) -> dict[str, str]:
    """Colour what the intervals say: above 0 the model is better than a baseline."""
    known = parts(record, "comparisons")
    naive = [one for name, one in known.items() if name != "linear" and real(one.get("difference")) is not None]
    strongest = min(naive, key=lambda one: real(one.get("difference")) or 0.0, default={})
    diagnosis = part(record, "diagnosis")
    troubled = diagnosis.get("overfits_from") is not None or diagnosis.get("underfits") is True
    return {
        "power": _tone(real(strongest.get("low")), real(strongest.get("high"))),
        "linear": _tone(real(known.get("linear", {}).get("low")), real(known.get("linear", {}).get("high"))),
        "curve": "warn" if troubled else "good",
        "selected": "warn",
    }


def _tone(low: float | None, high: float | None) -> str:
    if low is not None and low > 0:
        return "good"
    return "bad" if high is not None and high < 0 else "warn"


def curve_part(curve: Curve) -> Part:
    """Lay out a learning curve with what its slider reads out."""
    return {
        "metric": curve.metric,
        "svg": _markup(curve.svg),
        "reading": dict(curve.reading),
        "epochs": curve.epochs,
        "start": curve.start,
    }


def _curve_legend(view: RunView) -> list[tuple[str, str]]:
    both = [("training", "training (dashed)"), ("validation", "validation")]
    several = len({row[:2] for row in view.history}) > 1
    return [*both, ("folds", "each fold"), ("spread", "± 1 standard deviation")] if several else both


def _curve_note(record: Record) -> str:
    best = "The dotted line is the best epoch. " if best_epoch(record) else ""
    failed = (
        f" {failed_words(record)}: drawn up to a cross, and in no mean.".capitalize() if failed_fits(record) else ""
    )
    return (
        f"{best}Slide, or move over a figure, to read an epoch. Training values are Keras's: a running average over the"
        f" epoch, with dropout on, so they may look worse than validation.{failed}"
    )


def _confusion(record: Record, confusion: Confusion | None, prefix: str) -> Part:
    nothing: Part = {"confusion": None, "confusion_svg": "", "confused": None, "confusion_note": ""}
    if confusion is None:
        return nothing
    iterations = whole(part(record, "protocol").get("iterations")) or 1
    note = f"Each row counts {grouped(iterations)} times, once an iteration." if iterations > 1 else ""
    kept = {**nothing, "confusion_note": note}
    if len(confusion.classes) <= _MOST_CELLS:
        return {**kept, "confusion": confusion_cells(confusion)}
    drawn = _markup(draw_confusion(confusion, f"{prefix}confusion"))
    return {**kept, "confusion_svg": drawn, "confused": confused_table(confusion)}


def _ranked(held: Held, prefix: str) -> Part:
    if not held.rankings:
        return {"rankings": (), "roc_svg": "", "precision_recall_svg": "", "ranking_note": ""}
    several = any(ranking.folds for ranking in held.rankings)
    thin = "Thin lines are folds, the thick one their mean. " if several else ""
    base = "The dotted lines are what guessing reaches. " if len(held.rankings) == 1 else ""
    rest = "Each of them is told from the rest. " if len(held.rankings) > 1 else ""
    return {
        "rankings": held.rankings,
        "roc_svg": _markup(draw_roc(held.rankings, f"{prefix}roc")),
        "precision_recall_svg": _markup(draw_precision_recall(held.rankings, f"{prefix}pr")),
        "ranking_note": f"{thin}{base}{rest}{held.ranking_note}".strip(),
    }


def _paired(held: Held, prefix: str) -> Part:
    return {
        "pairs": [
            {
                "name": pairs.name,
                "svg": _markup(draw_pairs(pairs, f"{prefix}pairs-{place}")),
                "residuals": _markup(draw_residuals(pairs, f"{prefix}residuals-{place}")),
            }
            for place, pairs in enumerate(held.pairs)
        ],
        "pairs_note": held.pairs_note,
        "errors_svg": _markup(draw_errors(held.errors, f"{prefix}errors")) if held.errors else "",
    }


def _example(example: Example) -> Part:
    return {
        "row": example.row,
        "facts": example.facts,
        "picture": picture(example.image) if example.image is not None else "",
        "coarse": example.image is not None and is_coarse(example.image),
        "text": example.text,
        "features": example.features,
    }


def _data(record: Record) -> list[tuple[str, str]]:
    data, protocol = part(record, "data"), part(record, "protocol")
    counts = [(name, whole(protocol.get(name))) for name in ("train", "monitor", "validation", "test")]
    rows = ", ".join(f"{name} {grouped(count)}" for name, count in counts if count)
    files = sections(data, "files")
    told = [
        ("source", words(data, "source")),
        ("inputs", group_digits(words(data, "input_words"))),
        ("rows of the first split", rows),
        ("rule", ", ".join([protocol_label(record), *division_words(record)])),
        ("missing values", number(real(data.get("missing")), 0) if data.get("missing") is not None else ""),
        ("fingerprint", words(data, "fingerprint")[:16]),
        *(("file", f"{file.get('path')} ({grouped(whole(file.get('bytes')) or 0)} bytes)") for file in files[:5]),
        *(("note", str(note)) for note in items(data, "notes")),
    ]
    return [(label, said) for label, said in told if said]
