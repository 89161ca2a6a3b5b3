"""How long lists of many runs take: ``python benchmarks/runs.py [--count 5000] [--rounds 5]``.

One run is trained; copies of its record with other names, seeds, scores and specs make the rest. Each command is a
process of its own, from start to end.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COMMANDS = (
    ("runs",),
    ("runs", "--sort", "accuracy"),
    ("runs", "--where", "accuracy>0.9 and optimiser.learning_rate=0.01"),
    ("runs", "--sort", "-seconds", "--where", "not (units=64 or units=16) and created>=2026-11-01", "--limit", "20"),
    ("runs", "--json"),
)


def main() -> None:
    """Make the runs and time the commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        dlrun(runs / "one", "kfold", "configs/breast_cancer.yaml", "--k", "4", "--set", "training.epochs=5", "--quiet")
        (first,) = (path for path in (runs / "one").iterdir() if path.is_dir() and not path.is_symlink())
        size = make(runs / "many", first, asked.count)
        print(f"{asked.count} runs, record.json of {size / 1000:.1f} kB\n")
        print("| command | s, median | range | s of processor |\n|---|---|---|---|")
        report("dlrun runs, the first time", [timed(runs / "many", "runs")])
        for command in COMMANDS:
            shown = " ".join(f"'{part}'" if " " in part else part for part in command)
            report(f"dlrun {shown}", [timed(runs / "many", *command) for _ in range(asked.rounds)])


def make(runs: Path, first: Path, count: int) -> int:
    """Make run folders after the likeness of one; return the size of a record."""
    record = json.loads((first / "record.json").read_text(encoding="utf-8"))
    text = ""
    for number, changed in enumerate(varied(record, count)):
        folder = runs / f"breast_cancer-20261122-{number:06d}-{number % 65536:04x}"
        folder.mkdir(parents=True)
        text = json.dumps(changed | {"run": folder.name}, indent=2, ensure_ascii=False)
        (folder / "record.json").write_text(text, encoding="utf-8")
        (folder / "spec.yaml").write_bytes((first / "spec.yaml").read_bytes())
        (folder / ".lock").touch()
    return len(text.encode())


def varied(record: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    """Give a record other seeds, scores and values in its spec, the same ones each time."""
    draw = random.Random(0)
    for number in range(count):
        other = copy.deepcopy(record)
        other["seed"] = other["spec"]["values"]["seed"] = number
        other["spec"]["values"]["layers.0.Dense.units"] = draw.choice([16, 32, 64, 128])
        other["spec"]["values"]["optimiser.learning_rate"] = draw.choice([0.1, 0.01, 0.001])
        for score in other["scores"]["validation"].values():
            score["mean"] = draw.random()
        yield other


def report(command: str, times: list[tuple[float, float]]) -> None:
    """Print a row of the table."""
    walls, processors = zip(*times, strict=True)
    spread = f"{min(walls):.2f} to {max(walls):.2f}"
    print(f"| `{command}` | {statistics.median(walls):.2f} | {spread} | {statistics.median(processors):.2f} |")


def timed(runs: Path, *arguments: str) -> tuple[float, float]:
    """Return the seconds that a command takes as a process: on the wall, and of the processor."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    dlrun(runs, *arguments)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def dlrun(runs: Path, *arguments: str) -> None:
    """Run a command and throw away what it prints."""
    command = [sys.executable, "-m", "dlrun", *arguments, "--runs", str(runs)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
