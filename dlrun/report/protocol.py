"""How the rows were divided, in words: ``4-fold``, ``3 × 4-fold``, stratified, groups, time's arrow, repeated rows."""

from __future__ import annotations

from typing import Any

from dlrun.report.glyphs import grouped
from dlrun.report.reading import Record, part, sections, whole, words

_NAMES = {"holdout": "hold-out", "kfold": "K-fold", "iterated_kfold": "iterated K-fold"}
_PARTS = {"train": "train", "monitor": "early stopping", "validation": "validation", "test": "test"}


def protocol_name(name: Any, k: Any = None, iterations: Any = None) -> str:
    """Name a protocol: ``hold-out``, ``4-fold``, ``3 × 4-fold``; without the counts, ``K-fold``."""
    folds, times = whole(k), whole(iterations)
    if name == "kfold" and folds:
        return f"{grouped(folds)}-fold"
    if name == "iterated_kfold" and folds and times:
        return f"{grouped(times)} × {grouped(folds)}-fold"
    return _NAMES.get(name, name) if isinstance(name, str) else ""


def protocol_label(record: Record) -> str:
    """Name the protocol of a record; folds that no ``k`` counts are counted themselves."""
    protocol = part(record, "protocol")
    k = whole(protocol.get("k")) or len({whole(fold.get("fold")) for fold in sections(part(record, "splits"), "folds")})
    return protocol_name(protocol.get("name"), k, protocol.get("iterations"))


def division_words(record: Record) -> list[str]:
    """Say by what rule rows went to one side or the other, an item each; nothing that is not known."""
    protocol = part(record, "protocol")
    group, stratified = words(protocol, "group"), protocol.get("stratified") is True
    items = [_time_words(protocol), "stratified" if stratified else "", f"groups by {group}" if group else ""]
    return [item for item in (*items, repeat_words(record)) if item]


def part_words(record: Record) -> str:
    """Count the rows of each part: of the one split; under K-fold of the test set, since the table has the rest."""
    protocol = part(record, "protocol")
    shown = _PARTS if protocol.get("name") in ("holdout", None) else {"test": "test"}
    counts = [(label, whole(protocol.get(name))) for name, label in shown.items()]
    listed = ", ".join(f"{label} {grouped(rows)}" for label, rows in counts if rows)
    return f"{listed} rows" if listed else ""


def _time_words(protocol: Record) -> str:
    time, gap = protocol.get("time"), whole(protocol.get("gap"))
    if not time:
        return ""
    way = "in the order of time" if protocol.get("name") == "holdout" else "forward chaining"
    by = f" by {time}" if isinstance(time, str) else ""
    return f"{way}{by}" + (f", gap {grouped(gap)}" if gap else "")


def repeat_words(record: Record) -> str:
    """Say what was done about repeated rows; empty where there are none, or nothing is known of it."""
    protocol, splits = part(record, "protocol"), part(record, "splits")
    dropped, duplicates = whole(splits.get("dropped")), whole(part(record, "data").get("duplicates"))
    rule = words(protocol, "duplicates")
    if rule == "drop" and dropped:
        return f"{grouped(dropped)} duplicate{'s' if dropped > 1 else ''} dropped"
    repeated = sum(whole(fold.get("repeated")) or 0 for fold in sections(splits, "folds"))
    if repeated:
        return f"{grouped(repeated)} validation row{'s' if repeated > 1 else ''} also stood in training"
    return "duplicates kept together" if rule == "together" and duplicates else ""
