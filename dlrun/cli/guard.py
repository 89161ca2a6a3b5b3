"""The one place where errors end: dlrun's own become a message and an exit code; bugs keep their traceback."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dlrun.cli.interruption import Interruption, interruptible
from dlrun.cli.terminal import Terminal
from dlrun.errors import DlrunError, ExitCode, Terminated


@contextmanager
def guarded(terminal: Terminal, *, debug: bool = False, as_json: bool = False) -> Iterator[Interruption]:
    """Run a command's body: an error of ours is told on stderr and ends the process with its code.

    With ``as_json``, stdout gets an object that says so, as `failure` gives it. A command that trains lets the object
    that it is given listen to the run, so that Ctrl-C and SIGTERM end it in good order.
    """
    try:
        with interruptible() as interruption:
            yield interruption
            terminal.refuse_lost_results()
    except DlrunError as error:
        tell(terminal, error, debug=debug)
        if as_json:
            terminal.result_json(failure(error))
        raise SystemExit(int(error.exit_code)) from error
    except (KeyboardInterrupt, Terminated) as stop:
        code = ExitCode.INTERRUPTED if isinstance(stop, KeyboardInterrupt) else ExitCode.TERMINATED
        terminal.message("interrupted" if code == ExitCode.INTERRUPTED else "terminated by SIGTERM")
        if as_json:
            terminal.result_json({"status": "interrupted", "exit_code": int(code)})
        raise SystemExit(int(code)) from None


def tell(terminal: Terminal, error: DlrunError, *, debug: bool, prefix: str = "") -> None:
    """Tell an error on stderr, after its traceback if that was asked for."""
    if debug:
        terminal.message("".join(traceback.format_exception(error)))
    terminal.message(prefix + explain(error))


def failure(error: DlrunError) -> dict[str, Any]:
    """Say in JSON that a command failed, and why."""
    return {"status": "failed", "exit_code": int(error.exit_code), "error": str(error)}


def explain(error: DlrunError) -> str:
    """Write an error for a person: what, where, and what to do; control characters made visible."""
    text = str(error)
    return "".join(sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)
