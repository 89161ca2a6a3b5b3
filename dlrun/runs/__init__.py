"""The folder of a run on disk: made for one process, written atomically, read back, found and listed.

Only this package writes into a run folder, and importing it loads nothing heavy.
"""

from dlrun.runs.creation import create_run
from dlrun.runs.folder import RunFolder
from dlrun.runs.listing import RunRow, find_run, list_runs
from dlrun.runs.machine import environment
from dlrun.runs.record import SCHEMA_VERSION, read_record

__all__ = [
    "SCHEMA_VERSION",
    "RunFolder",
    "RunRow",
    "create_run",
    "environment",
    "find_run",
    "list_runs",
    "read_record",
]
