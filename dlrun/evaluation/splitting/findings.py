"""What came out of drawing rows, or of reading splits: what has to hold is asserted, what is unusual becomes a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlrun.data.dataset import Dataset, Indices
from dlrun.evaluation.splitting import notes as words
from dlrun.evaluation.splitting.cutting import Cut
from dlrun.evaluation.splitting.plan import Split, SplitPlan, fingerprint_of
from dlrun.evaluation.splitting.provided import check_apart
from dlrun.evaluation.splitting.rules import Rules, made_elsewhere, stays_whole, units_of
from dlrun.evaluation.splitting.windows import check_no_shared_step
from dlrun.spec.sections import Evaluation


@dataclass(frozen=True)
class Drawn:
    """Rows of every part before anybody has looked at what came out.

    Args:
        test: test rows.
        pool: rows that may be trained on once the test rows are scored.
        splits: in the order of iteration and fold.
        reasons: as in `Cut`, one for each draw.
        cuts: test and validation part, where they were drawn.
    """

    test: Indices
    pool: Indices
    splits: tuple[Split, ...]
    reasons: tuple[str, ...] = ()
    cuts: tuple[tuple[str, Cut], ...] = ()


def finish(dataset: Dataset, evaluation: Evaluation, rules: Rules, drawn: Drawn, dropped: Indices) -> SplitPlan:
    """Check what came out, count repeated rows, and say what a person should know.

    Raises:
        SpecError: a provided part, or splits made elsewhere, share groups with training rows or are not later.
    """
    pairs = [(split.train, split.validation) for split in drawn.splits]
    assert all(len(train) and len(validation) for train, validation in pairs), "a part is empty"
    check_apart(rules, pairs, drawn.test)
    check_no_shared_step(dataset, pairs, drawn.test)
    repeated = tuple(int(np.isin(dataset.hashes[late], dataset.hashes[early]).sum()) for early, late in pairs)
    reasons = [reason for reason in dict.fromkeys(drawn.reasons) if reason]
    stratified = rules.classes is not None and not reasons and _is_drawn(evaluation)
    notes = [f"not stratified: {reason}" for reason in reasons]
    for part, made in drawn.cuts:
        notes += words.note_on_size(part, [(len(made.held), made.asked)], stays_whole(rules))
    notes += words.notes_on_unused(dataset, evaluation, np.union1d(drawn.pool, drawn.test))
    notes += words.notes_on_classes(dataset, pairs)
    notes += words.note_on_repeats(repeated, pairs, _remedy(dataset, evaluation, pairs))
    notes += words.note_on_overlap(dataset, drawn.pool, drawn.test)
    notes += words.note_on_sameness(_iterations(drawn.splits), _why_the_same(evaluation, rules, drawn))
    notes += _notes_on_left_out(dataset, evaluation, rules, drawn, dropped)
    notes += words.note_on_scored_twice(_scored_twice(drawn.splits))
    return SplitPlan(
        splits=drawn.splits,
        test=drawn.test,
        pool=drawn.pool,
        dropped=dropped,
        repeated=repeated,
        # Where a part could not be stratified, the default stays: the same draw must come of it again.
        evaluation=evaluation.model_copy(update={"stratify": True}) if stratified else evaluation,
        stratified=stratified,
        notes=tuple(notes),
        fingerprint=fingerprint_of(drawn.splits, drawn.test),
        rules=rules,
    )


def _is_drawn(evaluation: Evaluation) -> bool:
    """Whether dlrun has made the splits, or cut off the test rows before them."""
    if made_elsewhere(evaluation):
        return False
    return evaluation.validation != "provided" or isinstance(evaluation.test, int | float)


def _remedy(dataset: Dataset, evaluation: Evaluation, pairs: Sequence[tuple[Indices, Indices]]) -> str:
    """Say what would keep equal rows off two sides; "" where nothing would."""
    if made_elsewhere(evaluation) or evaluation.time is not None:
        return ""
    if evaluation.validation != "provided":
        return "'duplicates: together' keeps them on one side"
    ((train, validation),) = pairs
    others = "'validation: 0.2' draws other rows instead"
    if np.isin(dataset.hashes[validation], dataset.hashes[train]).all():
        return others
    return f"'duplicates: drop' takes them out, {others}"


def _iterations(splits: Sequence[Split]) -> list[frozenset[bytes]]:
    """Return for each iteration the set of its validation parts."""
    parts: dict[int, set[bytes]] = {}
    for split in splits:
        parts.setdefault(split.iteration, set()).add(split.validation.tobytes())
    return [frozenset(found) for found in parts.values()]


def _why_the_same(evaluation: Evaluation, rules: Rules, drawn: Drawn) -> str:
    """Say why iterations may hold the same folds."""
    if made_elsewhere(evaluation):
        return "the others repeat them"
    if evaluation.k == len(np.unique(units_of(rules, drawn.pool))):
        what = "one row, or rows that are equal" if rules.groups is None else "one group"
        return f"every fold is {what}, and there is one way to do so. Use protocol: kfold"
    if rules.groups is None:
        return "so few rows can be cut into folds in few ways. Use protocol: kfold"
    by_class = ", or 'stratify: false'" if rules.classes is not None else ""
    dealt = "groups are dealt out by their classes and sizes" if by_class else "groups are dealt out by their sizes"
    return f"{dealt}, and where no two are alike there is one way to do so. Use protocol: kfold{by_class}"


def _notes_on_left_out(
    dataset: Dataset, evaluation: Evaluation, rules: Rules, drawn: Drawn, dropped: Indices
) -> list[str]:
    """Count the rows that could be split and are in no part; of a provided part that is not used there is a note."""
    parts = [rows for split in drawn.splits for rows in (split.train, split.validation)]
    used = np.unique(np.concatenate([drawn.test, dropped, *parts]))
    rows = dataset.train_rows
    if evaluation.splits is not None:
        for part in (dataset.validation_rows, dataset.test_rows):
            rows = np.union1d(rows, part) if np.isin(part, used).any() else rows
    left = len(np.setdiff1d(rows, used))
    reasons = [f"the gap of {rules.gap:,} distinct times"] if rules.gap else []
    if rules.times is not None and rules.groups is not None:
        reasons.append("groups that stand among later rows too")
    if evaluation.splits is not None:
        reasons = ["the file of splits does not name them"]
    return words.note_on_left_out(left, len(rows), reasons)


def _scored_twice(splits: Sequence[Split]) -> int:
    """Count the validation rows that another split of their iteration has too, over all iterations."""
    found = [split.validation for split in splits]
    iterations = np.repeat([split.iteration for split in splits], [len(rows) for rows in found])
    _, counts = np.unique(np.stack([iterations, np.concatenate(found)]), axis=1, return_counts=True)
    return int((counts > 1).sum())
