"""Measure whether many folds cost more and more: seconds and resident memory of one process, fold after fold.

python benchmarks/folds.py [FOLDS]      200 folds of a small net on scikit-learn's diabetes rows, ``engine: keras``
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from dlrun import load_spec, run
from dlrun.events import Event, FitEnded

SPEC = """\
dataset: diabetes
preprocessing: [normalise]
layers:
  - Dense: 16
evaluation: {{protocol: kfold, k: {folds}, test: none}}
training: {{epochs: 3, batch_size: 64, engine: keras}}
"""
STEP = 20


def resident() -> float:
    """Return the resident memory of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def main(folds: int) -> None:
    """Print a line every few folds."""
    seen: list[tuple[float, float]] = [(time.perf_counter(), 0.0)]

    def listen(event: Event) -> None:
        if isinstance(event, FitEnded):
            seen.append((time.perf_counter(), resident()))
            at = len(seen) - 1
            if at % STEP == 0 or at in (1, 2, 12):
                seconds = seen[at][0] - seen[at - 1][0]
                print(f"fold {at:4}   {seconds:6.3f} s for the last one   {seen[at][1]:6.0f} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "folds.yaml"
        spec.write_text(SPEC.format(folds=folds))
        run(load_spec(spec), runs_dir=Path(folder) / "runs", on_event=listen)
    early = min(STEP, folds)
    print(f"memory after fold {folds} against fold {early}: {seen[folds][1] / seen[early][1] - 1:+.1%}")
    half = folds // 2
    first = (seen[half][0] - seen[early][0]) / max(1, half - early)
    second = (seen[folds][0] - seen[half][0]) / max(1, folds - half)
    print(f"seconds a fold: {first:.3f} up to fold {half}, {second:.3f} after it")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
