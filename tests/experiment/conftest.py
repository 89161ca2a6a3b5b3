"""Data of every kind that steps work on, written to files clean or with some rows turned into garbage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec
from dlrun.data.dataset import Indices, TokenRows
from dlrun.experiment import Experiment, plan
from dlrun.registry.plugins import plugin_datasets
from dlrun.spec import LoadedSpec

ROWS, TWINS, TEST_FILE = 48, 8, 10
"""The last 8 rows repeat the first 8: inputs, targets and groups. The last 10 may stand in a file of their own."""
PLUGIN = """
import numpy as np
from dlrun.data.assembly import assemble
from dlrun.data.dataset import TokenRows

def load(path):
    with np.load(path) as file:
        rows, columns = TokenRows(file["tokens"], file["offsets"]), {name: file[name] for name in ("who", "when")}
        return assemble("texts", "binary", rows, file["y"], columns=columns)
"""


@dataclass(frozen=True)
class Case:
    """A spec for one preprocessing step: its data, the steps, the net, and whether the step learns from rows."""

    kind: str
    steps: str
    layers: str = "[Dense: 3]"
    fitted: bool = True


CASES = {
    "normalise": Case("numbers", "[normalise]"),
    "scale": Case("numbers", "[scale]"),
    "rescale": Case("pictures", "[rescale: 1/255]", "[Flatten, Dense: 3]", fitted=False),
    "one_hot": Case(
        "mixed",
        "[{one_hot: {columns: [letter, rooms]}}, {normalise: {columns: [a, b]}}]",
        "[Dense: 3, Dropout: 0.3]",
    ),
    "derive": Case("numbers", "[{derive: {both: a * b, more: 'where(both > 0, a, b)'}}, normalise]"),
    "drop_columns": Case("numbers", "[{derive: {both: a * b}}, drop_columns: a, normalise]"),
    "impute": Case("gappy", "[{impute: {with: mean, indicator: true}}, one_hot, normalise]"),
    "drop_missing": Case("gappy", "[{drop_missing: 0.2}, {impute: mean}, one_hot]"),
    "multi_hot": Case("tokens", "[multi_hot]"),
    "count": Case("tokens", "[count]"),
    "tokenise": Case("texts", "[tokenise: 30, multi_hot]"),
    "augment": Case(
        "pictures",
        "[{rescale: 1/255}, {augment: [RandomFlip: horizontal, RandomRotation: 0.1]}]",
        "[{Reshape: [3, 4, 1]}, Flatten, Dense: 3]",
        fitted=False,
    ),
    "pad": Case(
        "tokens", "[pad: 5]", "[{Embedding: {input_dim: 100, output_dim: 2}}, Flatten, Dense: 3]", fitted=False
    ),
}
DATASETS = {
    "numbers": "{source: csv, path: %s/table.csv, target: y, features: [a, b]}",
    "mixed": "{source: csv, path: %s/table.csv, target: y, features: [a, b, letter, rooms]}",
    "gappy": "{source: csv, path: %s/table.csv, target: y, features: [a, b, letter, rooms]}",
    "pictures": "{source: npz, path: %s/pictures.npz}",
    "tokens": "{source: texts_in_npz, path: %s/texts.npz}",
    "texts": "{source: csv, path: %s/texts.csv, target: y, text: review}",
}
SPEC = """\
task: %s
dataset: %s
preprocessing: %s
layers: %s
evaluation: %s
training: {epochs: 2, batch_size: 8, class_weight: %s, early_stopping: %s}
"""


def write_data(folder: Path, kind: str, garbage: Indices, *, targets: bool = True) -> None:
    """Write a data set in which some rows hold garbage; ``targets``: in the targets too. Other rows never change."""
    random, noise = np.random.default_rng(1), np.random.default_rng(2)
    times = np.sort(random.integers(0, 16, ROWS)).astype(float)
    groups = random.permutation(ROWS) % 12
    original = np.where(np.arange(ROWS) < ROWS - TWINS, np.arange(ROWS), np.arange(ROWS) - (ROWS - TWINS))
    columns = {"who": groups[original], "when": times}
    labels = random.integers(0, 2, ROWS)[original]
    if targets:
        labels[garbage] = 1 - labels[garbage]
    if kind == "pictures":
        pictures = random.integers(0, 256, (ROWS, 3, 4)).astype(np.float32)[original]
        amounts = pictures.mean(axis=(1, 2))
        pictures[garbage] = noise.normal(0, 1e6, (len(garbage), 3, 4))
        amounts[garbage] += 1e6 * targets
        np.savez(folder / "pictures.npz", x=pictures, y=amounts, **columns)
    elif kind in ("tokens", "texts"):
        texts = [random.integers(1, 20, random.integers(2, 9)).tolist() for _ in range(ROWS)]
        texts = [texts[row] for row in original]
        for row in garbage:  # tokens that no other row has, and lengths too; some have none
            texts[row] = noise.integers(20, 100, noise.integers(kind == "texts", 30)).tolist()
        rows = TokenRows.of(texts)
        words = (" ".join(f"w{token}" for token in text) for text in texts)
        lines = zip(words, labels, *columns.values(), strict=True)
        write_table(folder / "texts.csv", "review,y,who,when", lines)
        np.savez(folder / "texts.npz", tokens=rows.tokens, offsets=rows.offsets, y=labels, **columns)
    else:
        inputs = table_columns(original, garbage, random, noise)
        if kind == "gappy":
            inputs = with_gaps(inputs, original, garbage, random, noise)
        lines = zip(*inputs, labels, *columns.values(), strict=True)
        write_table(folder / "table.csv", "a,b,letter,rooms,y,who,when", lines)


def write_table(path: Path, header: str, lines: Iterable[Iterable[object]]) -> None:
    path.write_text("\n".join([header, *(",".join(map(str, line)) for line in lines)]) + "\n")


def table_columns(
    original: Indices, garbage: Indices, random: np.random.Generator, noise: np.random.Generator
) -> Sequence[list[Any]]:
    """Two columns of numbers, one of texts and one of whole numbers; ``original``: which row each row repeats."""
    numbers, letters = random.normal(size=(ROWS, 2))[original], random.choice(["mm", "nn", "pp"], ROWS)[original]
    rooms = random.integers(1, 4, ROWS)[original]
    numbers[garbage] = noise.normal(0, 1e6, (len(garbage), 2))
    # Categories that stand before and after the others: the numbers of all of them move.
    letters[garbage], rooms[garbage] = noise.choice(["AA", "zz"], len(garbage)), noise.choice([-9, 99], len(garbage))
    return numbers[:, 0].tolist(), numbers[:, 1].tolist(), letters.tolist(), rooms.tolist()


def with_gaps(
    columns: Sequence[list[Any]], original: Indices, garbage: Indices, random: np.random.Generator, noise: Any
) -> list[list[Any]]:
    """Empty some cells of the first three columns; garbage has gaps of its own."""
    gaps = (random.random((3, ROWS)) < 0.25)[:, original]
    gaps[:, garbage] = noise.random((3, len(garbage))) < 0.5
    emptied = [np.where(empty, "", column).tolist() for empty, column in zip(gaps, columns[:3], strict=True)]
    return [*emptied, *columns[3:]]


class Workshop:
    """Makes experiments on data that are clean, or partly garbage, with splits that are drawn once and then pinned."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def spec(
        self,
        step: str,
        evaluation: str,
        garbage: Sequence[int] = (),
        *,
        stopping: bool = False,
        targets: bool = True,
        provided: bool = False,
    ) -> LoadedSpec:
        """Write data and a spec; ``garbage``: which rows hold it; ``provided``: a table's last rows are a test file."""
        case = CASES[step]
        write_data(self._folder, case.kind, np.asarray(garbage, np.int64), targets=targets)
        dataset = DATASETS[case.kind] % self._folder
        if provided:
            lines = (self._folder / "table.csv").read_text().splitlines(keepends=True)
            (self._folder / "table.csv").write_text("".join(lines[:-TEST_FILE]))
            (self._folder / "test.csv").write_text("".join([lines[0], *lines[-TEST_FILE:]]))
            table = f"{self._folder}/table.csv"
            dataset = dataset.replace(table, f"[{table}, {self._folder}/test.csv]")
        numeric = case.kind == "pictures"
        values = (
            "regression" if numeric else "binary",
            dataset,
            case.steps,
            case.layers,
            evaluation,
            "null" if numeric else "balanced",
            "{patience: 1, inner: 0.25}" if stopping else "null",
        )
        path = self._folder / "leak.yaml"
        path.write_text(SPEC % values)
        return load_spec(path)

    def pinned(self, step: str, protocol: str) -> str:
        """Draw splits on clean data as a protocol says; return the section that takes exactly these again."""
        drawn = plan(self.spec(step, protocol)).splits
        arrays = {"test": drawn.test}
        for split in drawn.splits:
            arrays[f"i{split.iteration}-f{split.fold}_train"] = split.train
            arrays[f"i{split.iteration}-f{split.fold}_validation"] = split.validation
        np.savez(self._folder / "splits.npz", **arrays)
        roles = [word for word in ("group: who", "time: when") if word in protocol]
        return "{" + ", ".join([f"splits: {self._folder}/splits.npz", *roles]) + "}"

    def experiment(
        self, step: str, evaluation: str, garbage: Sequence[int] = (), *, stopping: bool = False, targets: bool = True
    ) -> Experiment:
        """Plan an experiment, as `spec` says it."""
        return plan(self.spec(step, evaluation, garbage, stopping=stopping, targets=targets))


@pytest.fixture
def cases() -> dict[str, Case]:
    """Every preprocessing step's case."""
    return CASES


@pytest.fixture
def workshop(tmp_path: Path, texts_in_npz: Callable[[], None]) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def texts_in_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs a source of token rows that says nothing of their vocabulary."""
    site = tmp_path / "site-packages"
    metadata = site / "texts_in_npz-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "texts_in_npz_code.py").write_text(PLUGIN)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: texts_in_npz\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[dlrun.datasets]\ntexts_in_npz = texts_in_npz_code:load\n")
    monkeypatch.syspath_prepend(site)
    plugin_datasets.cache_clear()
    yield
    plugin_datasets.cache_clear()
