"""The wheel that is built from the checkout works where the checkout is not."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = "dataset: digits\nlayers:\n  - Dense: 8\n"


@pytest.mark.slow
def test_a_wheel_checks_a_spec_outside_of_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)],
        check=True,
        cwd=tmp_path,
    )
    (wheel,) = tmp_path.glob("dlrun-*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    (tmp_path / "spec.yaml").write_text(SPEC)

    # First on the path, so that an installed dlrun is not what is found.
    program = (
        f"import sys; sys.path[:0] = [{str(installed)!r}]; import dlrun; print(dlrun.__file__, file=sys.stderr)\n"
        "from dlrun.__main__ import main\nsys.argv = ['dlrun', 'check', 'spec.yaml', '--data']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert str(installed) in done.stderr
    assert done.returncode == 0, done.stderr
    assert "spec.yaml: ok" in done.stdout
    assert (installed / "dlrun" / "py.typed").exists()
    assert not (installed / "tests").exists()
