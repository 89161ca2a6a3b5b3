"""Measure dlrun against what it replaces, as whole processes, in turn, and print medians and ratios.

python benchmarks/run.py [--rounds N] [NAME...]       all of them, or some

Each pair is run A, B, A, B, ... after one round that does not count, so that a machine that slows down slows both.
Memory is the peak resident size of the process, as the operating system accounts for it.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
DLRUN = [sys.executable, "-m", "dlrun"]


@dataclass(frozen=True)
class Benchmark:
    """A command, what it is compared with, and what is hoped for."""

    command: list[str]
    against: list[str] | None
    goal: str


BENCHMARKS = {
    "help": Benchmark([*DLRUN, "--help"], [sys.executable, "-c", "pass"], "<= 0.15 s"),
    "check": Benchmark([*DLRUN, "check", "configs/imdb.yaml"], [sys.executable, "-c", "pass"], "<= 0.6 s"),
    "imdb": Benchmark(
        [*DLRUN, "train", "configs/imdb.yaml", "--quiet"],
        [sys.executable, "benchmarks/imdb_by_hand.py"],
        "ratio <= 1, peak < 1.4 GB",
    ),
    "boston": Benchmark(
        [*DLRUN, "kfold", "configs/boston.yaml", "--k", "4", "--quiet"],
        [sys.executable, "benchmarks/boston_by_hand.py"],
        "ratio <= 1",
    ),
    "digits": Benchmark([*DLRUN, "train", "configs/digits.yaml", "--quiet"], None, "-"),
}


@dataclass(frozen=True)
class Measured:
    """One process: wall-clock seconds and peak resident memory in GB."""

    seconds: float
    gigabytes: float


def measure(command: list[str], runs: str) -> Measured:
    """Run a command to its end. Raises CalledProcessError when it fails."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    arguments = [*command, "--runs", runs] if {"train", "kfold"} & set(command) else command
    started = time.perf_counter()
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return Measured(seconds, usage.ru_maxrss / 1e6)


def compare(name: str, benchmark: Benchmark, rounds: int) -> None:
    """Measure a benchmark and what it is compared with, in turn, and print a line for each."""
    sides = [("dlrun", benchmark.command), *([("against", benchmark.against)] if benchmark.against else [])]
    seen: dict[str, list[Measured]] = {side: [] for side, _ in sides}
    with tempfile.TemporaryDirectory() as runs:
        for number in range(rounds + 1):
            for side, command in sides:
                measured = measure(command, runs)
                if number:
                    seen[side].append(measured)
    print(f"{name}   goal: {benchmark.goal}")
    for side, values in seen.items():
        seconds = [value.seconds for value in values]
        print(
            f"  {side:8} median {statistics.median(seconds):7.3f} s   {min(seconds):.3f}-{max(seconds):.3f} s"
            f"   peak {max(value.gigabytes for value in values):.2f} GB"
        )
    if benchmark.against:
        ratios = [mine.seconds / other.seconds for mine, other in zip(*seen.values(), strict=True)]
        print(f"  ratio    median {statistics.median(ratios):7.3f}   {min(ratios):.3f}-{max(ratios):.3f}")


def main() -> None:
    """Read the command line and run what it names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    packages = ", ".join(f"{package} {version(package)}" for package in ("tensorflow", "keras", "numpy"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}\n")
    for name in arguments.names or BENCHMARKS:
        compare(name, BENCHMARKS[name], arguments.rounds)


main()
