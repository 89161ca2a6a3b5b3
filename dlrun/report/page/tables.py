"""Tables of a page: header and rows of text each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlrun.report.glyphs import grouped, number
from dlrun.report.page.values import Confusion
from dlrun.report.reading import Record, items, part, real, sections, whole, words
from dlrun.report.scores import failed_fits, places_of, validation_scores, value_words

_MOST_CONFUSED = 12
_MOST_CLASSES = 60
_MOST_COLUMNS = 100
Table = dict[str, Any]


def fold_table(record: Record) -> Table | None:
    """Write a line for each fit: scores, best epoch, rows; the mean below. None where no split is known."""
    folds = sections(part(record, "splits"), "folds")
    if not folds:
        return None
    scores, failed, training = validation_scores(record), failed_fits(record), part(record, "training")
    several = any((whole(fold.get("iteration")) or 1) > 1 for fold in folds)
    extra = [key for key in ("monitor", "repeated") if any(whole(fold.get(key)) for fold in folds)]
    grouped_by = any(fold.get("groups") for fold in folds)
    restored = ["final_epoch"] if training.get("stop_watched") == "inner" else []
    rows = []
    for place, fold in enumerate(folds):
        at, number_of = whole(fold.get("iteration")) or 1, whole(fold.get("fold")) or place + 1
        reason = failed.get((at, number_of))
        cells = [f"{at}.{number_of}" if several else str(number_of)]
        cells += [_fold_score(score, at, number_of) for score in scores.values()]
        cells += [_listed(training, key, place) for key in ("best_epoch", "epochs_trained", *restored)]
        cells += [count_words(fold.get(key)) for key in ("train", *extra, "validation")]
        cells += [_groups(fold)] if grouped_by else []
        rows.append([*cells, reason] if reason else [*cells, *([""] if failed else [])])
    header = [
        "iteration.fold" if several else "fold",
        *scores,
        "best epoch",
        "epochs",
        *(["weights of epoch"] if restored else []),
        "train",
        *("early stopping" if key == "monitor" else "repeated in training" for key in extra),
        "validation rows",
        *(["groups (train / validation)"] if grouped_by else []),
        *(["failed"] if failed else []),
    ]
    mean = ["mean", *(value_words(score) for score in scores.values()), *[""] * (len(header) - 1 - len(scores))]
    return {
        "caption": "Scores with the weights that early stopping went back to"
        if restored
        else "Scores at the last epoch",
        "header": header,
        "rows": rows,
        "foot": [mean] if len(folds) > 1 and not failed and scores else [],
        "more": "",
    }


def balance_table(record: Record) -> Table | None:
    """Write each class's share in all rows, and between which shares the folds' parts lie; None without classes."""
    folds = sections(part(record, "splits"), "folds")
    classes = part(record, "data", "classes")
    spread = [part(fold, "classes") for fold in folds]
    if not classes or not any(spread):
        return None
    total = sum(whole(count) or 0 for count in classes.values()) or 1
    of_rows = whole(part(record, "data").get("rows")) or total
    rows = []
    for name, count in list(classes.items())[:_MOST_CLASSES]:
        shares = {
            side: [
                (whole(part(each, name).get(side)) or 0) / (whole(fold.get(side)) or 1)
                for each, fold in zip(spread, folds, strict=True)
            ]
            for side in ("train", "validation")
        }
        cells = [str(name), count_words(count), f"{(whole(count) or 0) / of_rows:.1%}"]
        rows.append([*cells, *(_range(shares[side]) for side in ("train", "validation"))])
    rest = len(classes) - _MOST_CLASSES
    return {
        "caption": "Classes in all rows but the test rows, and their share in each part",
        "header": ["class", "rows", "share", "in training", "in validation"],
        "rows": rows,
        "foot": [],
        "more": f"and {rest} more classes" if rest > 0 else "",
    }


def confusion_cells(confusion: Confusion) -> Table:
    """Write a matrix of few classes cell by cell, with recall beside it and precision below."""
    counts = confusion.counts
    rows = []
    for true, row in enumerate(counts):
        whole_row = sum(row)
        cells = [
            {
                "count": grouped(count),
                "share": f"{count / whole_row if whole_row else 0:.3f}",
                "class": "on" if true == said else "off",
            }
            for said, count in enumerate(row)
        ]
        rows.append({"name": confusion.classes[true], "cells": cells, "recall": _ratio(row[true], whole_row)})
    columns = [sum(row[said] for row in counts) for said in range(len(counts))]
    return {
        "classes": confusion.classes,
        "rows": rows,
        "precision": [_ratio(counts[said][said], columns[said]) for said in range(len(counts))],
    }


def confused_table(confusion: Confusion) -> Table:
    """List which classes were taken for which most often."""
    pairs = [
        (count, true, said)
        for true, row in enumerate(confusion.counts)
        for said, count in enumerate(row)
        if true != said and count
    ]
    pairs.sort(key=lambda pair: -pair[0])
    classes = confusion.classes
    rows = [
        [classes[true], classes[said], grouped(count), _ratio(count, sum(confusion.counts[true]))]
        for count, true, said in pairs[:_MOST_CONFUSED]
    ]
    return {
        "caption": "What was taken for what most often",
        "header": ["true", "predicted", "rows", "of the class"],
        "rows": rows,
        "foot": [],
        "more": "",
    }


def layer_rows(record: Record) -> Table | None:
    """Write the layers with their output shapes and parameters; None where the record has none."""
    layers = sections(part(record, "model"), "layers")
    if not layers:
        return None
    rows = [
        [
            words(layer, "name"),
            words(layer, "kind"),
            _shape(items(layer, "output_shape")),
            count_words(layer.get("parameters")),
        ]
        for layer in layers
    ]
    total = ["in all", "", "", count_words(part(record, "model").get("parameters"))]
    return {
        "caption": "",
        "header": ["layer", "kind", "output", "parameters"],
        "rows": rows,
        "foot": [total],
        "more": "",
    }


def column_table(columns: Sequence[Sequence[str]]) -> Table | None:
    """Write the figures of numeric targets and inputs, column by column; None where there are none."""
    if not columns:
        return None
    rows = []
    for name, role, _, missing, *figures in columns[:_MOST_COLUMNS]:
        shown = [number(float(figure)) if figure else "" for figure in figures]
        rows.append([name if role == "input" else f"{name} (target)", *shown, missing])
    rest = len(columns) - _MOST_COLUMNS
    return {
        "caption": "Of all rows but the test rows",
        "header": ["column", "lowest", "highest", "mean", "missing"],
        "rows": rows,
        "foot": [],
        "more": f"and {grouped(rest)} more: see columns.csv" if rest > 0 else "",
    }


def pair_facts(section: Record) -> list[tuple[str, str]]:
    """Write a section of the record as label and words, nested sections with their keys."""
    return [(str(key), _said(value)) for key, value in section.items() if value is not None]


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(inner)}" for key, inner in value.items() if inner is not None)
    return " ".join(map(_said, value)) if isinstance(value, list | tuple) else str(value)


def _fold_score(score: Record, iteration: int, fold: int) -> str:
    lists = [one for one in items(score, "per_fold") if isinstance(one, list)]
    values = lists[iteration - 1] if iteration <= len(lists) else []
    value = real(values[fold - 1]) if fold <= len(values) else None
    return number(value, places_of(score))


def _listed(training: Record, key: str, place: int) -> str:
    values = items(training, key)
    return count_words(values[place]) if place < len(values) else ""


def _groups(fold: Record) -> str:
    sides = part(fold, "groups")
    return " / ".join(count_words(sides.get(side)) for side in ("train", "validation"))


def count_words(value: Any) -> str:
    """Write a count; empty for what is none."""
    count = whole(value)
    return "" if count is None else grouped(count)


def _ratio(part_of: int, all_of: int) -> str:
    return f"{part_of / all_of:.1%}" if all_of else "n/a"


def _range(shares: Sequence[float]) -> str:
    low, high = min(shares), max(shares)
    return f"{low:.1%}" if f"{low:.1%}" == f"{high:.1%}" else f"{low:.1%} to {high:.1%}"


def _shape(sizes: Sequence[Any]) -> str:
    return " × ".join("any" if size is None else count_words(size) for size in sizes[1:])
