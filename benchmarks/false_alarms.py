"""Count how often `dlrun compare` claims a difference: where there is none, and where there is one, on fresh data each.

python benchmarks/false_alarms.py [--draws 200] [--first 0] [--out FILE]      about 7 s a draw on one core

Each draw makes other rows of scikit-learn's Friedman 1 (y = 10 sin(π x0 x1) + 20 (x2 - 0.5)² + 10 x3 + 5 x4 + noise),
runs four specs on them from YAML to run folder, and compares the folders. Two specs that agree in all but their seed
are equal; with the same seed too they would be the same run twice. Two that lack x0 or x1 are equal as well, for x0 and
x1 play the same part; but here what the nets see differs, so on given rows either may really be better. One that sees
all five features is better than one that lacks x0.

The draws are added to FILE, one a line, and those that are there are not run again. With 0 draws it only sums up FILE.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from dlrun.backend import prepare_backend

SPEC = """\
task: regression
dataset: {{source: make_friedman1, n_samples: 200, n_features: 5, noise: 1, random_state: {draw}}}
preprocessing: [{drop}normalise]
layers:
  - Dense: 16
optimiser: {{name: adam, learning_rate: 0.02}}
metrics: [mae]
evaluation: {{protocol: iterated_kfold, k: 4, iterations: 5, test: none}}
training: {{epochs: 20, batch_size: 30, engine: compiled, program: vectorized}}
seed: {seed}
"""
SPECS: dict[str, tuple[str, int]] = {"all": ("", 0), "again": ("", 1), "no x0": ("x0", 0), "no x1": ("x1", 0)}
"""What each spec leaves out, and which of a draw's two seeds it has."""
PAIRS = {"equal but for the seed": ("all", "again"), "without x0, without x1": ("no x0", "no x1")}
"""No difference, for two reasons."""
DIFFERENT = ("no x0", "all")
FOLDS, SHARE, LEVEL = 20, 1 / 3, 0.05
"""Differences of a pair; validation rows over training rows; of the tests."""

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Pair:
    """What all draws say of two specs.

    Args:
        differences: (draws, folds); above 0: the second is better.
        p: (draws,) as `dlrun compare` reports it.
    """

    differences: Numbers
    p: Numbers

    @property
    def means(self) -> Numbers:
        """Mean differences, (draws,)."""
        return np.asarray(self.differences.mean(axis=1))

    @property
    def variances(self) -> Numbers:
        """Variances over the folds, (draws,)."""
        return np.asarray(self.differences.var(axis=1, ddof=1))

    @property
    def naive(self) -> Numbers:
        """P values of Student's paired test, which takes the folds for independent, (draws,)."""
        return np.asarray(stats.ttest_1samp(self.differences, 0.0, axis=1).pvalue)


def keep_programs() -> None:
    """Let runs whose rows agree in shape share one compiled program, as the folds of a run do: half of the time.

    What is compiled hangs on net, lanes and batch size alone, and those are the same in all draws; the scores are the
    same to the last bit (``--compile-each`` compiles for each run).
    """
    from dlrun.training.compiled import engine

    kept: dict[Any, Any] = {}

    class Keeping(engine._Fits):
        def _group_results(self, fits: Any, follow: Any, shapes: Any) -> Any:
            self._compiled = kept.get(shapes)
            results = super()._group_results(fits, follow, shapes)
            kept[shapes] = self._compiled
            return results

    engine._Fits = Keeping  # type: ignore[misc]


def run_draw(draw: int, folder: Path) -> dict[str, Any]:
    """Run all specs on a draw's rows and compare them: ``{pair: {differences, p}}``."""
    import keras

    from dlrun import load_spec, run
    from dlrun.experiment.comparing import compare_runs

    folders = {}
    for name, (column, which) in SPECS.items():
        drop = f"{{drop_columns: {column}}}, " if column else ""
        spec = folder / "spec.yaml"
        spec.write_text(SPEC.format(draw=draw, drop=drop, seed=2 * draw + which))
        folders[name] = run(load_spec(spec), runs_dir=folder / "runs").folder
    found = {}
    for pair in (*PAIRS.values(), DIFFERENT):
        compared = compare_runs([folders[name] for name in pair])
        first, second = (np.asarray(side["per_fold"]) for side in compared["runs"])
        p = compared["comparisons"][0]["p"]
        found[" / ".join(pair)] = {"differences": (first - second).tolist(), "p": p}  # of an error, less is better
    keras.backend.clear_session()  # else each draw leaves what it built behind
    return {"draw": draw, "pairs": found}


def read_pair(lines: Sequence[dict[str, Any]], pair: tuple[str, str]) -> Pair:
    """Collect what the draws say of a pair."""
    found = [line["pairs"][" / ".join(pair)] for line in lines]
    return Pair(np.array([each["differences"] for each in found]), np.array([each["p"] for each in found]))


def nominal_power(pair: Pair) -> float:
    """Give the power by the test's own theory: Student's noncentral t, folds as correlated as it takes them to be.

    Size and spread of the differences are those over all draws.
    """
    error = np.sqrt((1 / FOLDS + SHARE) * pair.variances.mean())
    return _beyond(FOLDS - 1, pair.means.mean() / error, _threshold())


def measured_power(pair: Pair) -> float:
    """Give the power by the same theory with what the draws show of both moments.

    The mean difference scatters over the draws with a deviation of its own, not with the one that the test takes for
    it, and the variance over the folds as if it had fewer degrees of freedom: those whose chi² scatters as it does.
    """
    error, scatter = np.sqrt((1 / FOLDS + SHARE) * pair.variances.mean()), pair.means.std(ddof=1)
    freedom = 2 * pair.variances.mean() ** 2 / pair.variances.var(ddof=1)
    return _beyond(freedom, pair.means.mean() / scatter, _threshold() * error / scatter)


def _threshold() -> float:
    return float(stats.t.ppf(1 - LEVEL / 2, FOLDS - 1))


def _beyond(freedom: float, centre: float, threshold: float) -> float:
    """Return how much of Student's noncentral t lies beyond a threshold on either side."""
    return float(stats.nct.sf(threshold, freedom, centre) + stats.nct.cdf(-threshold, freedom, centre))


def rate(p: Numbers) -> str:
    """Write how often p lies below the level, with the exact 95 % interval of a binomial share."""
    hits = int((p < LEVEL).sum())
    low, high = stats.binomtest(hits, len(p)).proportion_ci(0.95)
    return f"{hits / len(p):.1%} ({low:.1%} to {high:.1%})"


def summary(lines: Sequence[dict[str, Any]]) -> str:
    """Write the tables of all draws: false alarms, power, and how far the mean difference scatters."""
    nulls = {name: read_pair(lines, pair) for name, pair in PAIRS.items()}
    known = read_pair(lines, DIFFERENT)
    out = [f"{len(lines)} draws", "", "| no difference | corrected test | naive t-test |", "|---|---|---|"]
    out += [f"| {name} | {rate(pair.p)} | {rate(pair.naive)} |" for name, pair in nulls.items()]
    out += ["", f"| a difference of {known.means.mean():.3f} mae | power |", "|---|---|"]
    out += [f"| corrected test, measured | {rate(known.p)} |"]
    out += [f"| theory, folds as correlated as the test takes them to be | {nominal_power(known):.1%} |"]
    out += [f"| theory, with the scatter over draws | {measured_power(known):.1%} |", ""]
    out += ["| deviation of the mean difference | over draws | for the corrected test | for the naive one |"]
    out += ["|---|---|---|---|"]
    for name, pair in {**nulls, "with and without x0": known}.items():
        errors = [np.sqrt(each * pair.variances.mean()) for each in (1 / FOLDS + SHARE, 1 / FOLDS)]
        out.append(f"| {name} | {pair.means.std(ddof=1):.3f} | {errors[0]:.3f} | {errors[1]:.3f} |")
    return "\n".join(out)


def main() -> None:
    """Run the draws that are missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--compile-each", action="store_true", help="compile a program for each run")
    parser.add_argument("--out", type=Path, help="where draws are kept; a scratch file by default")
    asked = parser.parse_args()
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    if asked.draws and not asked.compile_each:
        prepare_backend()
        keep_programs()
    with tempfile.TemporaryDirectory() as scratch:
        out = asked.out or Path(scratch) / "draws.jsonl"
        lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
        known = {line["draw"] for line in lines}
        for draw in range(asked.first, asked.first + asked.draws):
            if draw in known:
                continue
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                lines.append(run_draw(draw, Path(folder)))
            with out.open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
    print(summary(lines) if len(lines) > 1 else "one draw says nothing of how often")


if __name__ == "__main__":
    main()
