"""Values in, text and figures out; nothing here reads or writes a run folder.

The names below are loaded when they are used, so that a list of runs pays for no drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.lazily import lazily

if TYPE_CHECKING:
    from dlrun.report.curves import draw_curves
    from dlrun.report.series import HistoryRow
    from dlrun.report.tables import table
    from dlrun.report.text import render_headline, render_record, render_result

__all__ = ["HistoryRow", "draw_curves", "render_headline", "render_record", "render_result", "table"]

_HOMES = {
    "HistoryRow": "series",
    "draw_curves": "curves",
    "render_headline": "text",
    "render_record": "text",
    "render_result": "text",
    "table": "tables",
}

__getattr__ = lazily(__name__, _HOMES)
