"""What checkpoints cost: ``python benchmarks/checkpoints.py [--rounds 5] [--only NAME]``.

Each run is made in turn with checkpoints as they are by default and with none (``--checkpoint inf``), each in a process
of its own. Beside the ratio of the medians, which moves with whatever else the machine does, stands the time spent on
checkpoints itself, measured inside of the process: copying, writing, syncing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = {
    "boston 4-fold, compiled, 2000 epochs": ("boston.yaml", "kfold", ["training.epochs=2000"]),
    "boston 4-fold, keras, 20 epochs": ("boston.yaml", "kfold", ["training.epochs=20", "training.engine=keras"]),
    "mnist convnet, 1 epoch": ("mnist_convnet.yaml", "holdout", ["training.epochs=1"]),
    "mnist convnet, 6 epochs": ("mnist_convnet.yaml", "holdout", ["training.epochs=6"]),
}
INSIDE = """
import json, sys, time
from dlrun import load_spec
from dlrun.experiment import checkpointing, run
spent, count = 0.0, 0
offer = checkpointing.RunCheckpoints.offer
def timed(self, tasks, take):
    global spent, count
    began, before = time.perf_counter(), self._next
    offer(self, tasks, take)
    spent, count = spent + time.perf_counter() - began, count + (self._next != before)
checkpointing.RunCheckpoints.offer = timed
spec, runs, every, *overrides = sys.argv[1:]
loaded = load_spec(spec, overrides)
began = time.perf_counter()
result = run(loaded, runs_dir=runs, checkpoint_every=float(every))
print(json.dumps({"seconds": time.perf_counter() - began, "spent": spent, "count": count}))
"""


def once(spec: Path, overrides: list[str], every: str) -> dict[str, float]:
    """Make one run in a process of its own."""
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-c", INSIDE, str(spec), runs, every, *overrides]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def main() -> None:
    """Measure in turn, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="runs whose names contain this")
    asked = parser.parse_args()
    print("| run | s, without | s, with | ratio (range over rounds) | checkpoints | s in them | share |")
    print("|---|---|---|---|---|---|---|")
    for name, (file, protocol, overrides) in RUNS.items():
        if asked.only in name:
            report(name, ROOT / "configs" / file, [f"evaluation.protocol={protocol}", *overrides], asked.rounds)


def report(name: str, spec: Path, overrides: list[str], rounds: int) -> None:
    """Print a run's line."""
    pairs = []
    for number in range(rounds):
        order = ("inf", "10") if number % 2 else ("10", "inf")
        made = {every: once(spec, overrides, every) for every in order}
        pairs.append((made["inf"], made["10"]))
        time.sleep(1)
    ratios = sorted(after["seconds"] / before["seconds"] for before, after in pairs)
    without, beside = (statistics.median(pair[side]["seconds"] for pair in pairs) for side in (0, 1))
    spent = statistics.median(after["spent"] for _, after in pairs)
    count = statistics.median(after["count"] for _, after in pairs)
    share = statistics.median(after["spent"] / after["seconds"] for _, after in pairs)
    told = f"{statistics.median(ratios):.3f} ({ratios[0]:.3f}-{ratios[-1]:.3f})"
    print(f"| {name} | {without:.1f} | {beside:.1f} | {told} | {count:g} | {spent:.3f} | {share:.2%} |", flush=True)


if __name__ == "__main__":
    main()
