"""Coverage-guided fuzzing of what reads files of strangers, with atheris (https://github.com/google/atheris).

By hand, in an environment of its own, since atheris is no dependency of dlrun:

    python -m venv .venv-fuzz && .venv-fuzz/bin/pip install atheris --editable .
    .venv-fuzz/bin/python fuzz/readers.py spec -max_total_time=300
    .venv-fuzz/bin/python fuzz/readers.py npz crash-1234...           # one input again

The targets are listed at the end. What is read or refused in words
is as it should be; anything else ends the run, and leaves the input in a file ``crash-*``. Options are libFuzzer's;
inputs that reached something new are kept in ``fuzz/corpus/<target>/``. Mend what is found, with a test of its own.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

MOST_MEMORY = 3000
"""MB. More is a finding too."""

with atheris.instrument_imports(include=["dlrun", "zipfile", "csv", "yaml", "numpy.lib", "ast", "json", "PIL"]):
    import json

    import numpy as np
    from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin

    from dlrun.data import load_dataset
    from dlrun.data.sources import archives, parquet_files, pictures
    from dlrun.data.sources.pictures import BadPicture, Form
    from dlrun.errors import DataError, RunFolderError, SpecError, UsageError
    from dlrun.runs import formats, listing, query
    from dlrun.runs.history import read_history
    from dlrun.runs.looks import parse_line
    from dlrun.runs.record import read_record
    from dlrun.spec import expressions, load_spec
    from dlrun.spec.sources import TableSource

DECODERS = (BmpImagePlugin, GifImagePlugin, ImageOps, JpegImagePlugin, PngImagePlugin)
"""Imported above so that they are watched: Pillow would import them when the first picture is decoded."""
ROOT = Path(__file__).parents[1]
PLACE = Path(tempfile.mkdtemp(prefix="dlrun-fuzz-"))


def put(name: str, data: bytes) -> Path:
    """Write an input where a reader finds it."""
    path = PLACE / name
    path.write_bytes(data)
    return path


def read_spec(data: bytes) -> None:
    """Read a spec; what is said about a bad one has no control characters."""
    try:
        load_spec(put("spec.yaml", data))
    except SpecError as error:
        texts = [text for problem in error.problems for text in (problem.message, problem.hint or "")]
        assert all(text.isprintable() for text in texts), texts


def read_csv(data: bytes) -> None:
    """Read a table, and make a data set of it."""
    path = put("t.csv", data)
    with suppress(DataError, SpecError):
        load_dataset(TableSource(source="csv", path=(str(path),), target=("ill",)))


def read_npz(data: bytes) -> None:
    """Read an archive as data and as part of a run folder."""
    path = put("a.npz", data)
    with suppress(DataError):
        archives.read_npz(path, archives.names_in(path))
    with suppress(RunFolderError):
        formats.load_npz(path)


def read_npy(data: bytes) -> None:
    """Read an array whole, and mapped."""
    path = put("a.npy", data)
    for read in (archives.read_npy, archives.map_npy):
        with suppress(DataError):
            read(path)


def read_picture(data: bytes) -> None:
    """Decode a picture."""
    with pictures.strictly(), suppress(BadPicture):
        pictures.decode(data, Form(colour="rgb", size=(8, 8)))


def read_parquet(data: bytes) -> None:
    """Read a Parquet file."""
    path = put("t.parquet", data)
    with suppress(DataError):
        parquet_files.read(str(path))


def read_run(data: bytes) -> None:
    """List a run by its record."""
    put("record.json", data)
    with suppress(RunFolderError):
        read_record(PLACE)
    listing.row_at(PLACE)


def read_ledger(data: bytes) -> None:
    """Read a line of the ledger."""
    parse_line(data)


def read_table(data: bytes) -> None:
    """Read a table of a run folder."""
    path = put("history.csv", data)
    with suppress(RunFolderError):
        formats.load_csv(path)
    with suppress(RunFolderError):
        read_history(PLACE)


def read_where(data: bytes) -> None:
    """Parse a condition of ``--where``."""
    with suppress(UsageError):
        query.parse_where(data.decode("utf-8", "surrogateescape"))


def read_expression(data: bytes) -> None:
    """Parse an expression of ``derive``."""
    with suppress(SpecError):
        expressions.read_expression(data.decode("utf-8", "surrogateescape"))


def saved(write: Callable[..., object], *values: object, **arrays: object) -> bytes:
    """Return what a function writes into a file."""
    stream = io.BytesIO()
    write(stream, *values, **arrays)
    return stream.getvalue()


def arrays_of_all_kinds() -> list[object]:
    """Make an array of each kind that NumPy writes."""
    return [np.arange(6.0).reshape(2, 3), np.arange(3, dtype=">i2"), np.array(["α"]), np.array([True]), np.float32(1)]


def picture_seeds() -> list[bytes]:
    """Make a small picture of each format."""
    image = Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    return [saved(image.save, form) for form in pictures.FORMATS]


def parquet_seeds() -> list[bytes]:
    """Make a small Parquet file."""
    import pandas as pd

    frame = pd.DataFrame(
        {"a": [1.5, None], "b": ["x", "é"], "c": [True, False], "d": pd.to_datetime(["2024-01-31"] * 2)}
    )
    return [saved(frame.to_parquet)]


def spec_seeds() -> list[bytes]:
    """Take the configs of the project."""
    return [path.read_bytes() for path in sorted((ROOT / "configs").glob("*.yaml"))]


RECORD = {
    "schema_version": 1,
    "status": "done",
    "name": "a",
    "created": "2026-01-01T00:00:00Z",
    "seed": 1,
    "task": "binary",
    "primary": "mae",
    "scores": {"validation": {"mae": {"mean": 1.5}}, "baselines": {"mean": {"mae": 2}}},
    "data": {"source": "x", "files": [{"sha256": "ab"}]},
    "splits": {"fingerprint": "c"},
    "seconds": 1.5,
    "model": {"parameters": 3, "outline": "Dense 1"},
    "spec": {"values": {"layers.0": 1}},
    "shared": {"folds": ["i1-f1"]},
}
TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "spec": (read_spec, spec_seeds),
    "csv": (
        read_csv,
        lambda: [b"age,sex,ill\n20.5,f,0\n21,m,1\n", b'a;"b"\n1;"2\n3"\n', b"\xef\xbb\xbfill,b\n1,2024-01-31\n0,\n"],
    ),
    "npz": (
        read_npz,
        lambda: [
            saved(write, **{f"a{number}": array for number, array in enumerate(arrays_of_all_kinds())})
            for write in (np.savez, np.savez_compressed)
        ],
    ),
    "npy": (read_npy, lambda: [saved(np.save, array) for array in arrays_of_all_kinds()]),
    "picture": (read_picture, picture_seeds),
    "parquet": (read_parquet, parquet_seeds),
    "record": (read_run, lambda: [json.dumps(RECORD).encode()]),
    "table": (read_table, lambda: [b"iteration,fold,epoch,metric,train,validation\n1,1,1,mae,0.5,\n"]),
    "ledger": (
        read_ledger,
        lambda: [b'{"version": 1, "run": "a", "rows": 0, "digest": "x", "records": ""}', b'{"version": 2}'],
    ),
    "where": (read_where, lambda: [b"mae<2.5 and (not dataset='a b' or name~x)"]),
    "expression": (
        read_expression,
        lambda: [b"log(a) + col('b c') ** 2 - max(a, 1)", b"where(a > 1 and not b == 'x', a, b)"],
    ),
}


def main() -> None:
    """Fuzz the target that the command line names, with libFuzzer's options behind it."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage: python fuzz/readers.py TARGET [OPTION ...]   TARGET: {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    read, seeds = TARGETS[name]
    corpus = ROOT / "fuzz" / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    options = [f"-rss_limit_mb={MOST_MEMORY}", "-timeout=20", "-max_len=4096", *sys.argv[1:]]
    atheris.Setup([sys.argv[0], *options, *([] if given else [str(corpus)])], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
