"""What all tests share: where the real data sets are, and a home that no test can spoil."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

# No deadlines: a machine that is busy is no failure. In CI the same examples each time; elsewhere new ones.
settings.register_profile("dlrun", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("dlrun")

REPO = Path(__file__).parents[1]
KERAS_FILES = (
    "imdb/imdb.npz",
    "imdb/imdb_word_index.json",
    "reuters/reuters.npz",
    "reuters/reuters_word_index.json",
    "mnist/mnist.npz",
    "boston_housing/boston_housing.npz",
    "california_housing/california_housing.npz",
)


def real_data_root() -> Path | None:
    """Where the real data sets lie: ``$DLRUN_TEST_DATA``, or ``shared/data`` beside the checkout; None if nowhere."""
    places = [os.environ.get("DLRUN_TEST_DATA"), REPO.parent / "shared" / "data"]
    return next((Path(place) for place in places if place and Path(place).is_dir()), None)


@pytest.fixture(scope="session", autouse=True)
def no_terminal_of_a_certain_width() -> Iterator[None]:
    """Output is laid out as for a pipe, wherever tests run: shells export ``COLUMNS``, and so does pytest-xdist."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Finds a real data file by name, such as ``boston_housing/boston_housing.npz``, or skips the test."""

    def find(name: str) -> Path:
        root = real_data_root()
        if root is None or not (root / name).exists():
            pytest.skip(f"real data '{name}' are not here; set DLRUN_TEST_DATA to a folder that has them")
        return root / name

    return find


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Keras home of the test's own."""
    home = tmp_path / "keras"
    (home / "datasets").mkdir(parents=True)
    monkeypatch.setenv("KERAS_HOME", str(home))
    return home


@pytest.fixture
def real_keras_home(keras_home: Path, real_data: Callable[[str], Path]) -> Path:
    """A Keras home that links to the real data sets; skips the test where there are none."""
    for name in KERAS_FILES:
        path = real_data(name)
        (keras_home / "datasets" / path.name).symlink_to(path)
    return keras_home


Disk = Callable[[str], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mounts file systems in memory: ``disk("size=40k")`` is a folder on a disk of its own. Skips who may not mount."""
    with ExitStack() as mounted:
        yield lambda options: mounted.enter_context(
            _mounted(tmp_path / f"disk-{len(list(tmp_path.iterdir()))}", options)
        )


@contextmanager
def _mounted(place: Path, options: str) -> Iterator[Path]:
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip() if done else 'there is no mount'}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
