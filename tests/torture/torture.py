"""``make torture``: start runs, kill them at random instants, resume them, and compare the end with a run left alone.

    python tests/torture/torture.py --kills 200 [--seed 0] [--jobs 2] [--log FILE]

Every process is a real one and is killed with SIGKILL, its own children too. A run may be killed several times before
it is let go to its end. What is compared is every file of the run, bit for bit, but for clocks and logs.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.torture.comparing import differences

DLRUN = [sys.executable, "-m", "dlrun"]
CHECKPOINT = ["--checkpoint", "0.3"]

SPECS = {
    "holdout-keras": """\
dataset: digits
preprocessing: [normalise]
layers: [Dense: 32, Dropout: 0.3, Dense: 16]
optimiser: {name: adam, learning_rate: 0.003}
evaluation: {protocol: holdout, validation: 0.25}
training: {epochs: 40, batch_size: 16, engine: keras, early_stopping: {patience: 30}}
""",
    "holdout-compiled": """\
dataset: digits
preprocessing: [normalise]
layers: [Dense: 32, BatchNormalization, Dropout: 0.3]
evaluation: {protocol: holdout, validation: 0.25}
training: {epochs: 120, batch_size: 16, engine: compiled}
""",
    "kfold-keras": """\
dataset: breast_cancer
preprocessing: [normalise]
layers: [Dense: 16, Dropout: 0.5]
optimiser: {name: sgd, learning_rate: 0.05, momentum: 0.9}
evaluation: {protocol: kfold, k: 3}
training: {epochs: 25, batch_size: 16, engine: keras}
""",
    "kfold-compiled": """\
dataset: digits
preprocessing: [normalise]
layers: [Dense: 64, Dropout: 0.3]
optimiser: {name: adam, learning_rate: 0.003}
evaluation: {protocol: kfold, k: 4}
training: {epochs: 150, batch_size: 16, engine: compiled, early_stopping: {patience: 100}}
""",
    "iterated-compiled": """\
dataset: wine
preprocessing: [normalise]
layers: [Dense: 8, GaussianNoise: 0.1]
evaluation: {protocol: iterated_kfold, k: 3, iterations: 2}
training: {epochs: 300, batch_size: 4, engine: compiled, program: unrolled, lanes: 2}
""",
}


@dataclass(frozen=True)
class Kind:
    """One way of running: its commands one after the other, and how a dead one is brought to its end.

    Args:
        specs: the names of the specs of one command.
        folds: how many processes share one run; 0: each command makes runs in one go.
    """

    specs: tuple[str, ...]
    folds: int = 0

    def commands(self, specs: Path, runs: Path) -> list[list[str]]:
        """List the commands that make the runs."""
        files = [str(specs / f"{name}.yaml") for name in self.specs]
        if not self.folds:
            return [[*DLRUN, "train", *files, "--runs", str(runs), "-q", *CHECKPOINT]]
        into = ["--into", f"{runs}/shared"]
        return [
            [*DLRUN, "kfold", *files, "--fold", str(number), *into, "-q", *CHECKPOINT]
            for number in range(1, self.folds + 1)
        ]


KINDS = {
    **{name: Kind((name,)) for name in SPECS},
    "folds-in-processes": Kind(("kfold-compiled",), folds=4),
    "several-specs": Kind(("kfold-keras", "holdout-compiled", "iterated-compiled")),
}


@dataclass
class Tally:
    """What has happened so far."""

    counts: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        return f"{told}; {len(self.mismatches)} mismatches"


def run_for(command: Sequence[str], seconds: float | None) -> tuple[int | None, float, str]:
    """Run a command, and kill it after so long: exit code (None: killed), the time it took, what it said."""
    started = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, time.monotonic() - started, ""
    return process.returncode, time.monotonic() - started, said


class Torturer:
    """Tortures one way of running.

    Args:
        name: of the way.
        home: a folder of its own.
        whole: the runs that were left alone, by the experiment's name.
        seconds: that each command took when it was left alone.
        tally: counts.
    """

    def __init__(self, name: str, home: Path, whole: dict[str, Path], seconds: float, tally: Tally) -> None:
        self.kind, self.name, self.home, self.whole, self.tally = KINDS[name], name, home, whole, tally
        self.seconds = {"train": seconds, "kfold": seconds, "resume": seconds}

    def trial(self, number: int, seed: int, most: int) -> int:
        """Make the runs anew, killing processes at random instants, ``most`` of them; returns the kills."""
        dice = random.Random(f"{self.name} {number} {seed}")
        runs = self.home / f"trial-{number}"
        kills = 0
        for command in self.kind.commands(self.home.parent / "specs", runs):
            while kills < most and not self._run_and_kill(command, dice):
                kills += 1
                self.tally.counts["kills before there was a run"] += not self._runs(runs)
                # A run in one go is resumed from then on; a process of a shared run is started again.
                if (not self.kind.folds and self._runs(runs)) or (self.kind.folds and dice.random() < 0.4):
                    break
            if not self.kind.folds:
                kills += self._resume_and_kill(runs, dice, most - kills)
            if self.kind.folds or len(self._runs(runs)) < len(self.kind.specs):
                self._let_go(command, runs)
        self._bring_to_end(runs)
        self._compare(runs, number)
        shutil.rmtree(runs)
        return kills

    def _run_and_kill(self, command: Sequence[str], dice: random.Random) -> bool:
        """Run a command for a random time; tell whether it was done by then."""
        verb = command[len(DLRUN)]
        code, took, said = run_for(command, dice.uniform(0.0, self.seconds[verb]))
        if code is None:
            self.tally.counts["kills"] += 1
        else:
            check_end(code, said, command)
            self.seconds[verb] = took  # so that the next one of its kind is killed before it ends
        return code is not None

    def _runs(self, runs: Path) -> list[Path]:
        """List the run folders that can be resumed or are done."""
        return [path for path in sorted(runs.glob("*")) if (path / "spec.yaml").is_file() and not path.is_symlink()]

    def _resume_and_kill(self, runs: Path, dice: random.Random, most: int) -> int:
        kills = 0
        for run in self._runs(runs):
            while kills < most and dice.random() < 0.8:
                if self._run_and_kill([*DLRUN, "resume", str(run), "-q", *CHECKPOINT], dice):
                    break
                kills += 1
        return kills

    def _let_go(self, command: Sequence[str], runs: Path) -> None:
        """Run a command to its end: of several specs, those that have no run yet."""
        if not self.kind.folds:
            there = {path.name.rpartition("-")[0].rpartition("-")[0].rpartition("-")[0] for path in self._runs(runs)}
            command = [word for word in command if Path(word).stem not in there or not word.endswith(".yaml")]
        code, _, said = run_for(command, None)
        check_end(code, said, command)

    def _bring_to_end(self, runs: Path) -> None:
        for run in self._runs(runs):
            command = [*DLRUN, "resume", str(run), "-q"]
            code, _, said = run_for(command, None)
            check_end(code, said, command)
            self.tally.counts["resumed to the end"] += code == 0

    def _compare(self, runs: Path, number: int) -> None:
        ended = self._runs(runs)
        if len(ended) != len(self.kind.specs):
            self.tally.mismatches.append(f"{self.name} {number}: {len(ended)} runs instead of {len(self.kind.specs)}")
        for run in ended:
            self.tally.counts["runs compared"] += 1
            if differing := differences(self.whole[experiment_of(run)], run):
                self.tally.mismatches.append(f"{self.name} {number}: {', '.join(differing)}")
        if left := [str(path) for path in runs.rglob(".tmp-*")]:
            self.tally.mismatches.append(f"{self.name} {number}: left behind: {', '.join(left)}")


def check_end(code: int | None, said: str, command: Sequence[str]) -> None:
    """Raise an error where a command ended in any other way than done, or that there was nothing left to do."""
    if code != 0 and not (code == 6 and "nothing to resume" in said):
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{said}")


def experiment_of(run: Path) -> str:
    """Read which spec a run is of."""
    import json

    return str(json.loads((run / "record.json").read_bytes())["name"])


def left_alone(home: Path, wanted: Collection[str]) -> tuple[dict[str, Path], dict[str, float]]:
    """Run specs undisturbed: the runs by their names, and how long each took."""
    specs = home / "specs"
    specs.mkdir()
    whole, seconds = {}, {}
    for name, text in SPECS.items():
        if name not in wanted:
            continue
        (specs / f"{name}.yaml").write_text(text)
        command = [*DLRUN, "train", str(specs / f"{name}.yaml"), "--runs", str(home / "whole" / name), "-q"]
        code, seconds[name], said = run_for(command, None)
        if code != 0:
            raise RuntimeError(f"{name} ended with {code}:\n{said}")
        (whole[name],) = [path for path in (home / "whole" / name).glob(f"{name}-*") if path.is_dir()]
    return whole, seconds


def torture(kills: int, seed: int, jobs: int, names: Sequence[str], log: Path | None = None) -> Tally:
    """Kill until there were so many kills, and return the tally."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        whole, seconds = left_alone(home, {spec for name in names for spec in KINDS[name].specs})
        took = {name: sum(seconds[spec] for spec in KINDS[name].specs) for name in names}

        torturers: dict[tuple[str, int], Torturer] = {}

        def work(job: int) -> None:
            number = job
            while tally.counts["kills"] < kills:
                name = names[number % len(names)]
                if (name, job) not in torturers:
                    place = home / f"{name}-{job}"
                    place.mkdir()
                    torturers[name, job] = Torturer(name, place, whole, took[name], tally)
                most = min(10, kills - tally.counts["kills"])
                done = torturers[name, job].trial(number, seed, most)
                line = f"{time.strftime('%H:%M:%S')}  {name}: {done} kills  ({tally})"
                print(line, flush=True)  # noqa: T201  a command of the project, for a terminal
                if log is not None:
                    with log.open("a") as stream:
                        stream.write(f"{line}\n")
                number += jobs

        with ThreadPoolExecutor(jobs) as pool:
            for future in [pool.submit(work, job) for job in range(jobs)]:
                future.result()
    return tally


def main() -> int:
    """Torture, and say what came of it; 1 when anything differed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="how many processes are killed")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    parser.add_argument("--jobs", type=int, default=1, help="how many are tortured at the same time")
    parser.add_argument("--log", type=Path, help="a file to append each trial's line to")
    parser.add_argument("--only", choices=KINDS, action="append", help="a way of running; may be repeated")
    asked = parser.parse_args()
    tally = torture(asked.kills, asked.seed, asked.jobs, asked.only or tuple(KINDS), asked.log)
    print(tally, *tally.mismatches, sep="\n")  # noqa: T201
    return 1 if tally.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
