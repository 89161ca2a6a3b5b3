"""Which known name somebody meant who wrote an unknown one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dlrun.registry.spelling import fold

_LONGEST = 100
"""Letters. What is longer is no misspelt name."""
_MOST_CELLS = 20_000
"""Of the tables of edits that are filled for one name: some milliseconds. A file may hold many names."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a misspelt name is most likely meant to be; None when none is near.

    Near are, in this order: names at most a third of the letters away (counted as insertions, deletions, replacements
    and swaps of neighbours; case, underscores and British or American spelling don't count), the only name that
    contains what was written, and the only one that it abbreviates (``lr`` for ``learning_rate``).

    Among thousands of names that are made of the same letters, only the first hundreds are looked at.
    """
    wanted = fold(name) if len(name) <= 2 * _LONGEST else ""
    if not wanted or len(wanted) > _LONGEST:
        return None
    folded = {candidate: fold(candidate) for candidate in candidates if len(candidate) <= 2 * _LONGEST}
    if close := _closest(wanted, folded):
        return close
    holders = [candidate for candidate, text in folded.items() if len(wanted) > 3 and wanted in text]
    abbreviated = [candidate for candidate in folded if wanted == "".join(word[:1] for word in candidate.split("_"))]
    return next((found[0] for found in (holders, abbreviated) if len(found) == 1), None)


def _closest(wanted: str, folded: dict[str, str]) -> str | None:
    """Return the name that the fewest edits lead to, at most a third of the letters; None for none."""
    limit, letters, left = max(1, len(wanted) // 3), Counter(wanted), _MOST_CELLS
    close: list[tuple[int, str]] = []
    for candidate, text in folded.items():
        if abs(len(text) - len(wanted)) > limit or not _of_like_letters(letters, Counter(text), limit):
            continue
        distance = edit_distance(wanted, text, limit)
        if distance <= limit and distance < len(wanted):
            close.append((distance, candidate))
        left -= len(wanted) * len(text)
        if left < 0:
            break
    return min(close)[1] if close else None


def _of_like_letters(one: Counter[str], other: Counter[str], most: int) -> bool:
    """Tell whether so few edits may be enough: each takes one letter away, brings one, or does both."""
    return (one - other).total() <= most and (other - one).total() <= most


def edit_distance(one: str, other: str, most: int | None = None) -> int:
    """Count the edits between two texts: insert, delete or replace a letter, or swap two neighbours.

    The optimal string alignment distance: no letter is edited twice (Boytsov 2011, "Indexing methods for approximate
    dictionary searching", section 2.2).

    Args:
        one: a text.
        other: another.
        most: where there are more edits than so many, any number above it may be returned, which is quicker.
    """
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, twin in enumerate(other, 1):
            best = min(above[column] + 1, current[-1] + 1, above[column - 1] + (letter != twin))
            swapped = row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == twin
            current.append(min(best, before[column - 2] + 1) if swapped else best)
        before, above = above, current
        # No later row has less than the lesser of two rows.
        if most is not None and min(above) > most and min(before) > most:
            return most + 1
    return above[-1]
