"""Damaged data files, thousands of ways: each is read, or refused as data, and none takes more memory than it may.

``DLRUN_MUTANTS=20000 DLRUN_MUTANT_SEED=7 pytest tests/data/test_mutated_files.py -s`` looks wider, and prints how many
were read and which took longest.
"""

from __future__ import annotations

import io
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlrun.data import load_dataset
from dlrun.data.dataset import Dataset
from dlrun.errors import DataError, SpecError
from dlrun.spec.sources import (
    DatasetSpec,
    ImageFolderSource,
    NpySource,
    NpzSource,
    ParquetSource,
    TableSource,
    TextFolderSource,
    TimeseriesSource,
)

MUTANTS = int(os.environ.get("DLRUN_MUTANTS", "600"))
"""For each kind of file."""
SEED = int(os.environ.get("DLRUN_MUTANT_SEED", "0"))
MOST_MEMORY = 2 << 30
"""Bytes that the process may grow by: a few copies of the largest picture that is decoded, in four channels 0.36 GB."""

TABLE = "age,sex,ill\n" + "".join(f"{20 + row}.5,{'fm'[row % 2]},{row // 2 % 2}\n" for row in range(28))
SERIES = "when,heat\n" + "".join(f"2024-01-{1 + row:02d},{row * row % 7}.25\n" for row in range(28))
ODD = [
    *(b"", b"nan", b"inf", b"1e999", b"-0", b"9" * 400, b'"', b'""', b"\0", b"\xff", b"\n", b"\r", b",", b";", b"\t"),
    *(b"\xef\xbb\xbf", "\u202e".encode(), "é".encode(), b"2024-99-99", b"True", b"NA", b"0x1F", b"=1+1", b"a" * 5000),
]
SIZES = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\x00\x00\x01\x00", b"\xff" * 8]


@dataclass(frozen=True)
class Kind:
    """Files of one kind: the sound one, where it lies, and what reads it."""

    content: bytes
    place: str
    source: Callable[[Path], DatasetSpec]
    beside: tuple[tuple[str, bytes], ...] = ()


def saved(write: Callable[..., Any], *values: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    write(stream, *values, **options)
    return stream.getvalue()


def parquet() -> bytes:
    import pandas as pd

    return saved(lambda stream: pd.read_csv(io.StringIO(TABLE)).to_parquet(stream))


def picture(form: str, shade: int = 90) -> bytes:
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3) + np.uint8(shade)
    return saved(lambda stream: Image.fromarray(pixels).save(stream, form))


def pictures(form: str) -> Kind:
    def source(folder: Path) -> DatasetSpec:
        return ImageFolderSource(source="image_folder", path=str(folder))

    return Kind(picture(form), f"a/1.{form.lower()}", source, (("b/2.png", picture("PNG", 7)),))


def table(folder: Path) -> DatasetSpec:
    return TableSource(source="csv", path=(str(folder / "t.csv"),), target=("ill",))


def series(folder: Path) -> DatasetSpec:
    return TimeseriesSource(
        source="timeseries", path=(str(folder / "t.csv"),), time="when", target=("heat",), lookback=4
    )


def archive(folder: Path) -> DatasetSpec:
    return NpzSource(source="npz", path=(str(folder / "t.npz"),), inputs="x", targets="y")


def pair(folder: Path) -> DatasetSpec:
    return NpySource(source="npy", path=str(folder / "x.npy"), targets=str(folder / "y.npy"))


def frame(folder: Path) -> DatasetSpec:
    return ParquetSource(source="parquet", path=(str(folder / "t.parquet"),), target=("ill",))


def texts(folder: Path) -> DatasetSpec:
    return TextFolderSource(source="text_folder", path=str(folder))


ROWS, LABELS = np.arange(120.0, dtype=np.float32).reshape(30, 4), np.arange(30) % 2
KINDS = {
    "csv": Kind(TABLE.encode(), "t.csv", table),
    "timeseries": Kind(SERIES.encode(), "t.csv", series),
    "parquet": Kind(parquet(), "t.parquet", frame),
    "npz": Kind(saved(np.savez, x=ROWS, y=LABELS), "t.npz", archive),
    "npz packed": Kind(saved(np.savez_compressed, x=ROWS, y=LABELS), "t.npz", archive),
    "npy inputs": Kind(saved(np.save, ROWS), "x.npy", pair, (("y.npy", saved(np.save, LABELS)),)),
    "npy targets": Kind(saved(np.save, LABELS), "y.npy", pair, (("x.npy", saved(np.save, ROWS)),)),
    "text": Kind("Schön, but long.\n".encode(), "a/1.txt", texts, (("b/1.txt", b"short"),)),
    **{form: pictures(form) for form in ("JPEG", "PNG", "GIF", "BMP")},
}


def mutated(draw: random.Random, content: bytes) -> bytes:
    """Damage a file's bytes once to four times: flipped, cut, repeated, moved, sizes in them made huge."""
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 4])):
        here = draw.randrange(len(changed) + 1)
        there = min(len(changed), here + draw.choice([1, 2, 4, 16, 100]))
        match draw.randrange(8):
            case 0 | 1 if here < len(changed):
                changed[here] = draw.randrange(256)
            case 2 if here < len(changed):
                changed[here] ^= 1 << draw.randrange(8)
            case 3:
                del changed[here:]
            case 4:
                del changed[here:there]
            case 5:
                changed[here:here] = changed[here:there] * draw.choice([1, 50])
            case 6:
                changed[here:there] = draw.choice(ODD)
            case _:
                size = draw.choice(SIZES)
                changed[here : here + len(size)] = size
    return bytes(changed)


def fault_of(kind: Kind, content: bytes, folder: Path) -> tuple[str, str]:
    """Load a file; returns how that ended, and what is wrong with it ('' for nothing)."""
    (folder / kind.place).write_bytes(content)
    try:
        found = load_dataset(kind.source(folder))
    except (DataError, SpecError) as error:
        return "refused", "" if error.message.strip() else "says nothing"
    except Exception as error:
        return "broken", f"raises {type(error).__name__}: {error}"
    return "read", "" if isinstance(found, Dataset) and found.rows > 0 else f"gives {type(found)}"


def peak() -> int:
    """Return the most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_read_or_refused_as_data(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    for place, content in (*kind.beside, (kind.place, kind.content)):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(content)
    sound = load_dataset(kind.source(tmp_path))
    before = peak()
    ends: Counter[str] = Counter()
    faults: list[str] = []
    slowest = (0.0, -1)

    for number in range(MUTANTS):
        content = mutated(random.Random(f"{SEED}-{name}-{number}"), kind.content)
        started = time.process_time()
        end, fault = fault_of(kind, content, tmp_path)
        slowest = max(slowest, (time.process_time() - started, number))
        ends[end] += 1
        if fault:
            faults.append(f"mutant {number} of seed {SEED} of {name} {fault}\n  {content[:2000]!r}")
    grown = peak() - before
    print(f"\n{name}: {dict(ends)}, slowest {slowest[0]:.2f} s (mutant {slowest[1]}), grown by {grown >> 20} MiB")  # noqa: T201

    assert sound.rows > 0
    assert ends["refused"] > 0
    assert not faults, "\n\n".join(faults[:10])
    assert grown < MOST_MEMORY
