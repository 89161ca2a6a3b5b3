"""The HTML page of a run, or of several: values in, one self-contained file out."""

from dlrun.report.page.rendering import render_page

__all__ = ["render_page"]
