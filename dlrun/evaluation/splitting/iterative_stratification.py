"""Parts of multi-label rows that keep every label's share.

Source: K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the Stratification of Multi-label Data", ECML PKDD 2011, LNCS
6913, pages 145-158, algorithm 1. Rows go to parts label by label, the rarest label first, because what is rare cannot
be put right later; each row goes to the part that still lacks most rows of that label. One thing is ours: a part takes
no more rows than its size, so that sizes are exact.
"""

from __future__ import annotations

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.seeds import generator


def spread(labels: Array, sizes: Indices, seed: int) -> Indices:
    """Put every row into one part.

    Args:
        labels: 0 or 1, (rows, labels).
        sizes: rows of each part, (parts,); together all rows.
        seed: names the draws that decide between equals.

    Returns:
        The part of each row, from 0, (rows,).
    """
    rows, columns = labels.shape
    random = generator(seed, "iterative stratification")
    order = random.permutation(rows)
    parts = _assign(labels[order] > 0, sizes, random.random((rows, len(sizes))), random.permutation(columns).tolist())
    back = np.empty(rows, np.int64)
    back[order] = parts
    return back


def _assign(labels: Array, sizes: Indices, ties: Array, turns: list[int]) -> list[int]:
    """Carry out the algorithm on shuffled rows.

    Args:
        labels: booleans, (rows, labels).
        sizes: rows of each part, (parts,).
        ties: random numbers that decide between parts that are equally short, (rows, parts).
        turns: a random number for each label, which decides between labels that are equally rare.
    """
    rows = len(labels)
    of_row = [np.flatnonzero(row).tolist() for row in labels]
    of_label = [np.flatnonzero(column).tolist() for column in labels.T]
    left = [len(members) for members in of_label]  # rows of each label that have no part yet
    room = sizes.tolist()  # rows that each part still takes
    # Rows of each label that each part still lacks: (labels, parts). Lists, because one number at a time is read.
    lacks = (labels.sum(axis=0)[:, None] * (sizes / max(rows, 1))[None, :]).tolist()
    tie_of = ties.tolist()
    parts = [-1] * rows

    def place(row: int, wanted: list[float]) -> None:
        tie = tie_of[row]
        part = max((part for part, free in enumerate(room) if free), key=lambda at: (wanted[at], room[at], tie[at]))
        parts[row] = part
        room[part] -= 1
        for label in of_row[row]:
            lacks[label][part] -= 1
            left[label] -= 1

    while rarest := min(((count, turns[label], label) for label, count in enumerate(left) if count), default=None):
        label = rarest[2]
        for row in of_label[label]:
            if parts[row] < 0:
                place(row, lacks[label])
    for row in range(rows):
        if parts[row] < 0:  # no label: it only fills up
            place(row, room)
    return parts
