"""Train the configs on real data with three seeds and print the scores: what a change must not make worse.

python benchmarks/scores.py [CONFIG...]       default: imdb reuters mnist boston
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SEEDS = (0, 1, 2)


def scores_of(config: str, runs: str) -> list[tuple[float, float]]:
    """Train with each seed; returns the primary score at the last and at the best epoch."""
    found = []
    for seed in SEEDS:
        command = [sys.executable, "-m", "dlrun", "train", f"configs/{config}.yaml", "--seed", str(seed)]
        done = subprocess.run([*command, "--runs", runs, "--json", "-q"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        record = json.loads(done.stdout)
        primary = record["primary"]
        found.append(tuple(record["scores"][part][primary]["mean"] for part in ("validation", "selected")))
    return found


def main(configs: list[str]) -> None:
    """Print a line for each config."""
    print(f"{'config':10} {'last epoch':>24} {'median':>8} {'best epoch':>26} {'median':>8}")
    with tempfile.TemporaryDirectory() as runs:
        for config in configs:
            last, best = zip(*scores_of(config, runs), strict=True)
            cells = [
                f"{'  '.join(f'{score:.4f}' for score in part):>24} {statistics.median(part):8.4f}"
                for part in (last, best)
            ]
            print(f"{config:10} {'   '.join(cells)}", flush=True)


main(sys.argv[1:] or ["imdb", "reuters", "mnist", "boston"])
