"""Splits as values: row indices, never data; and the rows that early stopping may cut off a split's training rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dlrun import fingerprint
from dlrun.data.dataset import Indices
from dlrun.evaluation.cutting import Size, cut
from dlrun.evaluation.split_rules import Rules
from dlrun.seeds import child_seed
from dlrun.spec.sections import Evaluation


@dataclass(frozen=True)
class Split:
    """One train/validation pair. Iterations and folds count from 1; rows are in ascending order."""

    iteration: int
    fold: int
    train: Indices
    validation: Indices


@dataclass(frozen=True)
class SplitPlan:
    """Every split of a protocol, and the rows that none of them may see.

    Args:
        splits: in the order of iteration and fold.
        test: rows that stay unseen until ``dlrun test``; may be empty.
        pool: rows that may be trained on once the test rows are scored: all but those, the dropped ones and, under
            time, those in the gap before the test rows.
        dropped: rows that repeat an earlier one and are in no part (``duplicates: drop``).
        repeated: for each split, how many validation rows also stand among the training rows, exactly.
        evaluation: complete: every default filled in, so that the same splits come of it again.
        stratified: whether every part that was drawn keeps the classes' shares.
        notes: what a person should know about these splits, one sentence each.
        fingerprint: of all row indices: two runs with the same one are scored on the same rows.
        rules: what every further cut has to keep.
    """

    splits: tuple[Split, ...]
    test: Indices
    pool: Indices
    dropped: Indices
    repeated: tuple[int, ...]
    evaluation: Evaluation
    stratified: bool
    notes: tuple[str, ...]
    fingerprint: str
    rules: Rules = field(repr=False, compare=False)

    def inner(self, split: Split, share: float | int) -> tuple[Indices, Indices]:
        """Cut rows for early stopping off the training rows of a split, by the rules that made the split.

        Units and groups stay whole; under time the last rows are cut off, with the gap before them. Where a class is
        too small to be kept in proportion, rows are drawn without classes.

        Args:
            split: one of ``splits``.
            share: of the split's training rows, or a number of them.

        Returns:
            The rows that are left to train on and the rows that were cut off, both in ascending order.

        Raises:
            SpecError: one of the two would be empty.
        """
        size = Size(share, ("training", "early_stopping", "inner"), "training rows")
        # The first split's draw has kept the name that it had when hold-out was the only protocol.
        place = () if (split.iteration, split.fold) == (1, 1) else (split.iteration, split.fold)
        seed = child_seed(self.evaluation.split_seed, "inner split", *place)
        parts = cut(replace(self.rules, required=False), split.train, size, seed)
        return parts.kept, parts.held


def fingerprint_of(splits: tuple[Split, ...], test: Indices) -> str:
    """Digest every row index of every part."""
    arrays = {"test": test}
    for split in splits:
        arrays[f"i{split.iteration}-f{split.fold}-train"] = split.train
        arrays[f"i{split.iteration}-f{split.fold}-validation"] = split.validation
    return fingerprint.of_arrays(arrays)
