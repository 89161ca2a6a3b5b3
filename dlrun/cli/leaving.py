"""The way out of the process."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from dlrun.errors import ExitCode


def leave(ending: SystemExit) -> NoReturn:
    """End the process: at once where TensorFlow is loaded, by the signal after Ctrl-C, and as Python does elsewhere.

    All is told and written by now. TensorFlow would take a second to leave, and now and then it crashes on the way when
    a signal has stopped it in the middle of a step: a run that ended in good order would end with a segmentation fault.
    """
    # Another Ctrl-C ends what is left of the way out.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    if code == ExitCode.INTERRUPTED:
        _flush()
        end_by_signal()
    if "tensorflow" not in sys.modules or isinstance(ending.code, str):
        raise ending
    _flush()
    os._exit(code)


def end_by_signal() -> None:
    """Die of Ctrl-C that was typed at a terminal; do nothing where there is none.

    A shell ends a loop when a command in it dies of the signal, and goes on with the next round when the command exits,
    be it with 130. The shell says 130 either way; other callers get the number itself, as there is no loop to end.
    """
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            typed = os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
        if typed:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a reader that has gone away was told of where it matters
            stream.flush()
