"""Makes passengers.csv: 300 passengers of a ship that never sailed. Every one of them is made up.

``python configs/data/passengers.py > configs/data/passengers.csv`` writes the file again, byte for byte. It is like
real passenger lists: categories, ages and decks that are missing, and rules that no straight line can follow. Children
are saved, women of the better classes, a part of the men of the first, and hardly anybody with a large family.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterator
from typing import TextIO

ROWS, SEED = 300, 1912
HEADER = ("number", "saved", "class", "sex", "age", "companions", "fare", "deck", "port")
CLASSES, PORTS = ("first", "second", "third"), ("Avonmouth", "Bergen", "Calais")


def passengers() -> Iterator[tuple[object, ...]]:
    """Draw the rows; an empty text is a missing value."""
    draw = random.Random(SEED).random  # the one method whose values Python promises to keep
    for row in range(ROWS):
        rank = min(int(draw() * 4), 2)  # half of them third class
        sex = "female" if draw() < 0.4 else "male"
        age = int(draw() * 14) if draw() < 0.18 else 16 + int((draw() + draw()) * 28)
        companions = int(draw() * draw() * 8)
        fare = round((60, 22, 9)[rank] * (0.6 + draw()) * (1 + 0.5 * companions), 2)
        odds = 0.97 if age < 14 else (0.97, 0.95, 0.15)[rank] if sex == "female" else (0.6, 0.03, 0.03)[rank]
        saved = draw() < (0.04 if companions > 3 else odds)
        yield (
            f"P{row + 1:03}",
            "yes" if saved else "no",
            CLASSES[rank],
            sex,
            "" if draw() < 0.2 else age,
            companions,
            fare,
            "" if draw() < (0.2, 0.7, 0.95)[rank] else "ABCDEF"[2 * rank + int(draw() * 2)],
            "" if draw() < 0.02 else PORTS[int(draw() * draw() * 3)],
        )


def write(stream: TextIO) -> None:
    """Write the table as CSV."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(passengers())


if __name__ == "__main__":
    write(sys.stdout)
