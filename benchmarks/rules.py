"""Show where the rules of ``engine: auto`` are wrong: each way to train typical nets, beside the one that auto takes.

python benchmarks/rules.py [--widths 16,64] [--batches 1,16] [--lanes 1,4] [--only TEXT] [--markdown FILE]

Prints, for each net: seconds until the end of the first epoch, compiling included, and milliseconds of a step for each
fit afterwards, held-out rows scored each epoch. Ways that train one fit at a time are measured on one fit.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from direct import preparation, tasks_of
from nets import Net, dense, others

from dlrun.events import EpochEnded, Event
from dlrun.experiment.engines import work_of
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.training import training_plan, trial_model
from dlrun.spec import load_spec
from dlrun.training.choice import Asked, Choice, Work, choose_engine

PROGRAMS = {"graph": (False, False), "unrolled": (False, True), "vectorized": (True, True)}
"""How each program is made: vectorized, xla."""
MOST_FLOPS = 1.5e11
"""Of an epoch of all lanes; what takes more is left out."""
LONGEST = 20
"""Seconds within which a way must reach its second epoch."""
HEADER = ("net", "batch", "parameters", "MFLOP a step", "fits", "engine", "1st epoch s", "ms a step and fit", "")


@dataclass(frozen=True)
class Timing:
    """One way to train, and what it took. ``step`` is in seconds, for each fit."""

    way: tuple[str, int]
    first: float
    step: float


def engine_of(way: tuple[str, int]) -> Any:
    """Make the engine of a way: its program, or ``keras``, and the lanes."""
    program, lanes = way
    if program == "keras":
        return Choice("keras", "").load()
    from dlrun.training.compiled.engine import CompiledEngine

    vectorized, xla = PROGRAMS[program]
    return CompiledEngine(lanes, vectorized=vectorized, xla=xla)


def timing(experiment: Experiment, net: Net, way: tuple[str, int]) -> Timing:
    """Train a few epochs of as many fits as a way has lanes. Raises RuntimeError when a fit fails or takes too long."""
    splits = experiment.splits.splits[: way[1]]
    ends: list[float] = []
    began = time.perf_counter()

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded) and (event.iteration, event.fold) == (1, 1):
            ends.append(time.perf_counter())
        if time.perf_counter() - began > LONGEST and len(ends) < 2:
            raise RuntimeError(f"no second epoch within {LONGEST} s")

    engine, prepare, planned = engine_of(way), preparation(experiment, splits), training_plan(experiment)
    began = time.perf_counter()
    results = list(engine.fit(tasks_of(experiment, splits), prepare, planned, listen))
    if failures := [result.failure for result in results if result.failure]:
        raise RuntimeError(failures[0])
    later = min(end - start for start, end in pairwise(ends))
    steps = -(-len(experiment.first.train) // net.batch)
    return Timing(way, ends[0] - began, later / steps / len(results))


def ways(lanes: Sequence[int], net: Net) -> Iterator[tuple[str, int]]:
    """List the ways that are worth a look for one net: everything for few lanes, less for many."""
    yield from (("keras", 1), ("graph", 1), ("unrolled", 1))
    for count in lanes:
        if count > 1 and net.step_flops * net.steps * count <= MOST_FLOPS:
            yield from ((program, count) for program in PROGRAMS if count <= 4 or program == "vectorized")


def chosen(work: Work, fits: int) -> tuple[str, int]:
    """Return what auto takes for some fits of a net."""
    choice = choose_engine(Asked(), replace(work, fits=fits))
    return choice.program or choice.name, choice.lanes or 1


def rows_of(net: Net, lanes: Sequence[int], folder: Path) -> Iterator[tuple[str, ...]]:
    """Measure a net in every way; yields rows of the table, one for each number of fits and way."""
    loaded = load_spec(net.write(folder))
    experiment = plan(loaded)
    work = work_of(experiment, trial_model(experiment, loaded), 1)
    timings = []
    for way in ways(lanes, net):
        try:
            timings.append(timing(experiment, net, way))
        except RuntimeError as error:
            print(f"{net.name} batch {net.batch} {way}: {error}", flush=True)
    for fits in lanes:
        able = [each for each in timings if each.way[1] in (1, fits)]
        fastest = min(able, key=lambda each: each.step)
        auto = chosen(work, fits)
        auto = auto if auto[0] != "vectorized" or auto[1] in lanes else (auto[0], fits)
        for each in able:
            marks = [mark for mark, of in (("fastest", fastest.way), ("auto", auto)) if of == each.way]
            facts = (net.name, str(net.batch), str(work.parameters), f"{net.step_flops / 1e6:.3g}", str(fits))
            yield (
                *facts,
                f"{each.way[0]} x{each.way[1]}",
                f"{each.first:.2f}",
                f"{each.step * 1e3:.3f}",
                " ".join(marks),
            )


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def numbers(text: str) -> list[int]:
        return [int(part) for part in text.split(",") if part]

    parser.add_argument("--widths", type=numbers, default=[16, 64, 256, 1024], help="of dense nets")
    parser.add_argument("--batches", type=numbers, default=[1, 16, 128, 512])
    parser.add_argument("--lanes", type=numbers, default=[1, 4, 20])
    parser.add_argument("--only", default="", metavar="TEXT", help="nets with this in their names")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    return parser.parse_args()


def main() -> None:
    """Measure net after net, and print a line for each way."""
    asked = options()
    measured = [(dense(width, batch), asked.lanes) for width in asked.widths for batch in asked.batches]
    few = [count for count in asked.lanes if count <= 4]
    measured += [(net, few) for net in others()]
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    print(*lines, sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for net, lanes in [pair for pair in measured if asked.only in pair[0].name]:
            for row in rows_of(net, lanes, Path(folder)):
                lines.append("| " + " | ".join(row) + " |")
                print(lines[-1], flush=True)
    if asked.markdown:
        asked.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
