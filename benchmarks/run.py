"""Measure dlrun against what it replaces, in turn and in fresh processes, and print medians and ratios.

python benchmarks/run.py [NAME...] [--rounds N] [--slow-rounds N] [--torch PYTHON] [--markdown FILE]
python benchmarks/run.py --list

A name may be a row's or the start of several (``boston``, ``config-``). Both sides of a row run A, B, A, B, ... after
one round that does not count, so that a machine that slows down slows both; commands that take minutes run
``--slow-rounds`` times without that. Each round has another seed. What is compared is the whole process, or the fits as
the process itself times them (compiling included, imports not), or the peak resident memory of the process. A ratio
counts only where the scores of both sides agree. Keras's data sets are found under ``KERAS_HOME``; PyTorch with
``--torch`` or ``BENCH_TORCH``, an interpreter that has it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Runner
from report import Result, machine, markdown_of, text_of
from rows import SLOW, rows
from sides import Row
from specs import write_specs


def measured(row: Row, runner: Runner) -> Result | None:
    """Run both sides of a row in turn; None, and a line that says why, when one fails."""
    sides = (row.mine.command, row.against.command)
    try:
        for number in range(1, runner.rounds + 1):
            for command in sides:
                runner.bring_to(command, number)
        result = Result(row, *(runner.outcomes(command) for command in sides))
        print(text_of(result), flush=True)
    except subprocess.CalledProcessError as error:
        last = (error.stderr or b"").decode(errors="replace").strip().splitlines()[-8:]
        print(f"{row.name}   failed: {' '.join(error.cmd)}", *last, sep="\n    ", flush=True)
        return None
    return result


def torch_version(python: str) -> str | None:
    """Ask an interpreter for its PyTorch; None where it has none."""
    asked = subprocess.run(
        [python, "-c", "import numpy, torch; print(torch.__version__)"], capture_output=True, text=True
    )
    return asked.stdout.strip() or None


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rounds", type=int, default=1, metavar="N", help="of commands that take minutes")
    parser.add_argument("--torch", default=os.environ.get("BENCH_TORCH", sys.executable), metavar="PYTHON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the results as a table too")
    parser.add_argument("--list", action="store_true", help="list the rows and end")
    return parser.parse_args()


def chosen(names: list[str], known: list[Row]) -> list[Row]:
    """Return the rows that are asked for. Ends the program where a name is none."""
    unknown = [name for name in names if not any(row.name.startswith(name) for row in known)]
    if unknown:
        sys.exit(f"no such row: {', '.join(unknown)}; there are: {', '.join(row.name for row in known)}")
    exact = {row.name for row in known} & set(names)
    starts = tuple(name for name in names if name not in exact)
    return [row for row in known if not names or row.name in exact or (starts and row.name.startswith(starts))]


def main() -> None:
    """Measure what the command line names."""
    asked = options()
    torch = torch_version(asked.torch)
    known = rows(asked.torch if torch else None)
    if asked.list:
        print(*(f"{row.name:18} {row.work}, against {row.other}: {row.goal}" for row in known), sep="\n")
        return
    description = machine(torch)
    print(description, end="\n\n", flush=True)
    if not torch:
        print("PyTorch is not here, so its rows are left out: --torch PYTHON names an interpreter that has it\n")
    with tempfile.TemporaryDirectory() as specs:
        write_specs(Path(specs))
        runner = Runner(asked.rounds, asked.slow_rounds, Path(specs), SLOW)
        results = [result for row in chosen(asked.names, known) if (result := measured(row, runner))]
    if asked.markdown:
        asked.markdown.write_text(f"{description}.\n\n{markdown_of(results)}")


if __name__ == "__main__":
    main()
