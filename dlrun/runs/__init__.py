"""The folder of a run on disk: made for one process or shared by many, written atomically, read back, found and listed.

Only this package writes into a run folder, and importing it loads nothing heavy.
"""

from dlrun.runs.atomic import inner_folder
from dlrun.runs.creation import create_run
from dlrun.runs.files import RunFiles
from dlrun.runs.finding import find_run
from dlrun.runs.fold import FoldFolder
from dlrun.runs.folder import RunFolder
from dlrun.runs.joining import into_path, join_run
from dlrun.runs.ledger import Looks, append_look, check_ledger, has_ledger, read_looks
from dlrun.runs.listing import list_runs
from dlrun.runs.looks import Look
from dlrun.runs.machine import environment
from dlrun.runs.pages import write_file, write_page
from dlrun.runs.record import SCHEMA_VERSION, read_record
from dlrun.runs.reopening import reopen_run
from dlrun.runs.resuming import check_unfinished, missing_folds, resume_run
from dlrun.runs.rows import RunRow
from dlrun.runs.shared import SharedRun

__all__ = [
    "SCHEMA_VERSION",
    "FoldFolder",
    "Look",
    "Looks",
    "RunFiles",
    "RunFolder",
    "RunRow",
    "SharedRun",
    "append_look",
    "check_ledger",
    "check_unfinished",
    "create_run",
    "environment",
    "find_run",
    "has_ledger",
    "inner_folder",
    "into_path",
    "join_run",
    "list_runs",
    "missing_folds",
    "read_looks",
    "read_record",
    "reopen_run",
    "resume_run",
    "write_file",
    "write_page",
]
