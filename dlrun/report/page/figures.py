"""Figures as SVG inside a page: matplotlib draws them, and they take the page's colours, fonts and width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from dlrun.report.panel import GREY, GRID, INK, KINDS, STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER = "#ffffff"
SERIES = tuple(f"#0000{number:02x}" for number in range(1, 11))
"""Stand-ins for the colours of classes and of runs: the page's style names the real ones, for light and for dark."""
_COLOURS: Mapping[str, str] = {
    INK: "var(--ink)",
    GREY: "var(--muted)",
    GRID: "var(--line)",
    PAPER: "var(--paper)",
    KINDS[0].colour.lower(): "var(--training)",
    KINDS[1].colour.lower(): "var(--validation)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES)},
}
_STYLE: Any = {**STYLE, "svg.fonttype": "none"}
"""Text stays text: it can be read aloud, found and copied."""
_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_DPI = 72
"""A point of matplotlib is then a unit of the SVG."""


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure of a size in inches, in the page's style.

    A reader's own matplotlibrc does not reach it. It has to be turned into SVG inside the block.
    """
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)  # inches
    with matplotlib.style.context("default"), matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), dpi=_DPI, layout=layout)
        FigureCanvasSVG(figure)
        yield figure


def as_svg(figure: Figure, name: str, label: str) -> str:
    """Write a figure as an ``<svg>`` element.

    Args:
        figure: made by `drawing`. What has a gid gets its words as classes.
        name: unique on the page: ids inside are made of it.
        label: what the figure shows, for those who can't see it.
    """
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(stream := StringIO(), format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(stream.getvalue())
    _strip(root, name)
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.set("role", "img")
    root.set("aria-label", label)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    return ElementTree.tostring(root, encoding="unicode")


def _strip(root: ElementTree.Element, name: str) -> None:
    """Turn gids into classes, make the ids that are needed unique, colours the page's own, and numbers short."""
    written = ElementTree.tostring(root, encoding="unicode")
    needed = set(re.findall(r"#([A-Za-z][\w-]*)", " ".join(re.findall(r'(?:href="|url\()[^")]*', written))))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        if (own := element.attrib.pop("id", None)) is not None:
            if own in needed:
                element.set("id", f"{name}-{own}")
            elif not re.fullmatch(r"[\w.]+_\d+", own):
                element.set("class", own)
        if element.tag != f"{{{_SVG}}}text" and not (element.text or "").strip():
            element.text = None
        element.tail = None
        for key, value in element.attrib.items():
            element.set(key, _plain(key, value, name, needed))


def _plain(key: str, value: str, name: str, needed: set[str]) -> str:
    if key == "d":
        shorter = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), value)
        return " ".join(shorter.split())
    if key in ("x", "y"):
        return f"{float(value):.2f}"
    if key == "style":
        value = re.sub(r"#[0-9a-fA-F]{6}", lambda colour: _COLOURS.get(colour[0].lower(), colour[0]), value)
        value = re.sub(r"font-family:[^;]*;?", "", value)
        value = re.sub(r"font: ([\d.]+px) [^;]*", r"font-size: \1", value)
    return re.sub(
        r"(url\(#|^#)([\w-]+)", lambda link: f"{link[1]}{name}-{link[2]}" if link[2] in needed else link[0], value
    )
