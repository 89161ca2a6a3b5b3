"""One self-contained HTML page: templates filled by Jinja2 with every string escaped, style and script inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from dlrun.report.glyphs import clean
from dlrun.report.page.compared import compared_part
from dlrun.report.page.run_part import run_part
from dlrun.report.page.values import Compared, RunView

if TYPE_CHECKING:
    from jinja2 import Environment


def render_page(views: Sequence[RunView], compared: Compared | None = None) -> str:
    """Write the page of one run, or of several side by side.

    Args:
        views: what is shown of each run.
        compared: the verdict on several; None for a single run.
    """
    from markupsafe import Markup

    several = len(views) > 1
    runs = [
        run_part(
            view, ascii_uppercase[place] if several else "", place, f"{ascii_uppercase[place]}-" if several else ""
        )
        for place, view in enumerate(views)
    ]
    beside = compared_part(views, runs, compared or Compared(None)) if several else None
    script = _file("script.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page: str = (
        _environment()
        .get_template("page.html")
        .render(
            title=beside["title"] if beside else f"{runs[0]['name']}: {runs[0]['folder']}",
            runs=runs,
            compared=beside,
            sections=_several_anchors(runs, bool(beside["curves"])) if beside else _anchors(runs[0]),
            style=Markup(_file("style.css")),
            script=Markup(script),
            script_hash=Markup(digest),
            version=version("dlrun"),
            written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("dlrun.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: Any) -> Any:
    """Make what a person wrote safe to show: no control characters, nothing that turns the text around.

    Markup of ours (figures, style, script) and what macros gave passes as it is; all else is escaped after this.
    """
    return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _file(name: str) -> str:
    return files("dlrun.report.page").joinpath("templates", name).read_text(encoding="utf-8")


def _anchors(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the sections that a single run's page has."""
    sections = [
        ("verdict", "verdict", True),
        ("curves", "curves", run["curves"]),
        ("folds", "folds", run["folds"]),
        ("confusion", "confusion", run["confusion"] or run["confusion_svg"]),
        ("ranking", "ROC", run["rankings"]),
        ("residuals", "residuals", run["pairs"] or run["errors_svg"]),
        ("examples", "errors", run["examples"] or run["examples_note"]),
        ("filters", "filters", run["drawings"]),
        ("balance", "balance", run["balance"]),
        ("honesty", "honesty", True),
        ("setup", "setup", True),
    ]
    return [(anchor, words) for anchor, words, there in sections if there]


def _several_anchors(runs: Sequence[Mapping[str, Any]], curves: bool) -> list[tuple[str, str]]:
    shared = [("verdict", "verdict"), *([("curves", "curves")] if curves else []), ("specs", "specs")]
    return [*shared, *((f"run-{run['id']}", f"{run['letter']} {run['name']}") for run in runs)]
