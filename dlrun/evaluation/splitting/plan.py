"""Splits as values: row indices, never data; and the rows that early stopping may cut off a split's training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dlrun import fingerprint
from dlrun.data.dataset import Indices
from dlrun.errors import SpecError
from dlrun.evaluation.splitting.cutting import Cut, cut
from dlrun.evaluation.splitting.notes import note_on_size
from dlrun.evaluation.splitting.rules import Rules, Size, stays_whole
from dlrun.seeds import child_seed
from dlrun.spec.sections import Evaluation

_STOP_OTHERWISE = "write early_stopping: {on: validation}, or leave it out and choose a number of epochs"


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
        watched: for each iteration and fold, the rows that are left to train on and those that early stopping watches;
            None until `watching` has cut them.
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
    watched: Mapping[tuple[int, int], tuple[Indices, Indices]] | None = field(default=None, repr=False, compare=False)

    def watching(self, share: float | int) -> SplitPlan:
        """Return this plan with the rows that early stopping watches, cut once and for every split.

        Args:
            share: of a split's training rows, or a number of them.

        Raises:
            SpecError: see `inner`.
        """
        cuts = {(split.iteration, split.fold): self._cut_inner(split, share) for split in self.splits}
        sizes = [(len(made.held), made.asked) for made in cuts.values()]
        notes = note_on_size("early stopping's", sizes, stays_whole(self.rules))
        watched = {place: (made.kept, made.held) for place, made in cuts.items()}
        return replace(self, watched=watched, notes=(*self.notes, *notes))

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
        made = self._cut_inner(split, share)
        return made.kept, made.held

    def _cut_inner(self, split: Split, share: float | int) -> Cut:
        size = Size(share, ("training", "early_stopping", "inner"), f"training rows{self._of(split)}")
        # The first split's draw has kept the name that it had when hold-out was the only protocol.
        place = () if (split.iteration, split.fold) == (1, 1) else (split.iteration, split.fold)
        seed = child_seed(self.evaluation.split_seed, "inner split", *place)
        try:
            return cut(replace(self.rules, required=False), split.train, size, seed)
        except SpecError as error:
            raise SpecError(
                [
                    replace(problem, hint=f"{problem.hint}; or {_STOP_OTHERWISE}" if problem.hint else _STOP_OTHERWISE)
                    for problem in error.problems
                ]
            ) from error

    def _of(self, split: Split) -> str:
        """Name a split where there are several."""
        iteration = f"iteration {split.iteration}, " if self.splits[-1].iteration > 1 else ""
        return f" of {iteration}fold {split.fold}" if len(self.splits) > 1 else ""


def fingerprint_of(splits: tuple[Split, ...], test: Indices) -> str:
    """Digest every row index of every part."""
    arrays = {"test": test}
    for split in splits:
        arrays[f"i{split.iteration}-f{split.fold}-train"] = split.train
        arrays[f"i{split.iteration}-f{split.fold}-validation"] = split.validation
    return fingerprint.of_arrays(arrays)
