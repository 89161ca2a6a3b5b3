"""What `dlrun list` and `dlrun check` do must answer at once: proven by module names in a fresh process."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from dlrun.registry import KINDS, check_call, registry

for kind in KINDS:
    assert [entry.summary for entry in registry(kind).values()]
    registry(kind).suggest("Desne")
assert check_call("layers", "Bidirectional", {"layer": {"LSTM": 32}}) == []
assert check_call("layers", "Dense", {"units": "many", "kernel_regulariser": {"L2": {"l3": 1}}})
assert check_call("metrics", "accuracy", {}) == []
print(sorted({"tensorflow", "keras", "numpy", "pydantic"} & set(sys.modules)))
"""


def test_listing_suggesting_and_checking_import_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("[]\n", "")
