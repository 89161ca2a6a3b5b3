"""How the process ends after Ctrl-C: by the signal at a terminal, so that a loop ends too; by its number elsewhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

WAITS = (
    "import time\nfrom dlrun.cli.leaving import leave\n"
    "try:\n    print('waiting', flush=True)\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
    "    print('in order')\n    leave(SystemExit(130))\n"
)
LOOP = 'for round in 1 2; do "$0" -c "$1"; echo "round $round ended"; done'
# In a process of its own, because a process with threads must not fork.
AT_A_TERMINAL = """\
import json, os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp("bash", ["bash", "-c", *sys.argv[1:]])
shown = b""
try:
    while part := os.read(terminal, 4096):
        if b"waiting" not in shown and b"waiting" in shown + part:
            os.write(terminal, b"\\x03")
        shown += part
except OSError:  # nobody is at the other end any more
    pass
_, status = os.waitpid(child, 0)
print(json.dumps({"shown": shown.decode(), "signal": os.WTERMSIG(status)}))
"""


def test_ctrl_c_typed_at_a_terminal_ends_the_loop_as_well() -> None:
    pytest.importorskip("pty")

    done = subprocess.run(
        [sys.executable, "-c", AT_A_TERMINAL, LOOP, sys.executable, WAITS],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    seen = json.loads(done.stdout)
    assert "in order" in seen["shown"]
    assert "ended" not in seen["shown"]
    assert seen["shown"].count("waiting") == 1
    assert seen["signal"] == signal.SIGINT


def test_without_a_terminal_the_number_is_the_exit_code() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    process.stdout.readline()

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert out == "in order\n"


@pytest.mark.parametrize("code", [0, 4])
def test_other_endings_keep_their_number(code: int) -> None:
    program = f"from dlrun.cli.leaving import leave\nleave(SystemExit({code}))"

    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == code
