"""``dlrun schema``: the JSON Schema of a spec, for editors."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal


def schema(
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Write to a file instead of stdout.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of a spec; a YAML language server completes and checks specs with it."""
    from pathlib import Path

    from dlrun.errors import UsageError
    from dlrun.spec import json_schema

    terminal = Terminal()
    with guarded(terminal):
        if out is None:
            terminal.result_json(json_schema())
            return
        import json

        try:
            Path(out).write_text(json.dumps(json_schema(), separators=(",", ":")) + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {out}: {error.strerror}") from error
        terminal.message(f"wrote {out}")
