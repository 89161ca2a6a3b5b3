"""Which known name somebody meant who wrote an unknown one."""

from __future__ import annotations

from collections.abc import Iterable

from dlrun.registry.spelling import fold


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a misspelt name is most likely meant to be; None when none is near.

    Near are, in this order: names at most a third of the letters away (counted as insertions, deletions, replacements
    and swaps of neighbours; case, underscores and British or American spelling don't count), the only name that
    contains what was written, and the only one that it abbreviates (``lr`` for ``learning_rate``).
    """
    wanted = fold(name)
    if not wanted or len(wanted) > 100:
        return None
    folded = {candidate: fold(candidate) for candidate in candidates}
    limit = max(1, len(wanted) // 3)
    close = [
        (distance, candidate)
        for candidate, text in folded.items()
        if abs(len(text) - len(wanted)) <= limit
        and (distance := edit_distance(wanted, text)) <= limit
        and distance < len(wanted)
    ]
    if close:
        return min(close)[1]
    holders = [candidate for candidate, text in folded.items() if len(wanted) > 3 and wanted in text]
    abbreviated = [candidate for candidate in folded if wanted == "".join(word[:1] for word in candidate.split("_"))]
    return next((found[0] for found in (holders, abbreviated) if len(found) == 1), None)


def edit_distance(one: str, other: str) -> int:
    """Count the edits between two texts: insert, delete or replace a letter, or swap two neighbours.

    The optimal string alignment distance: no letter is edited twice (Boytsov 2011, "Indexing methods for approximate
    dictionary searching", section 2.2).
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
    return above[-1]
