"""Values in, text and figures out. Importing it loads nothing heavy; nothing here reads or writes a run folder."""

from dlrun.report.curves import draw_curves
from dlrun.report.series import HistoryRow
from dlrun.report.tables import table
from dlrun.report.text import render_headline, render_record, render_result

__all__ = ["HistoryRow", "draw_curves", "render_headline", "render_record", "render_result", "table"]
