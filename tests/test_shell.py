"""docs/shell.md: its examples are run by a shell, one after another, and print what the page says they do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

PAGE = Path(__file__).parents[1] / "docs" / "shell.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A block of the page, and what stands below it."""

    script: str
    shown: str

    @property
    def needs_jq(self) -> bool:
        return re.search(r"\bjq\b", self.script) is not None


EXAMPLES = [Example(*parts) for parts in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory) -> dict[int, subprocess.CompletedProcess[str]]:
    """What came of every example, by its number; one that needs jq is left out where there is none."""
    folder = tmp_path_factory.mktemp("shell")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("COLUMNS", None)
    return {
        number: subprocess.run(
            ["bash", "-eo", "pipefail", "-c", example.script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        for number, example in enumerate(EXAMPLES)
        if shutil.which("jq") or not example.needs_jq
    }


def shape(text: str) -> str:
    """Printed text, whatever its scores and its column widths."""
    scores = re.sub(r"(?<=[ \t])(?:\d+\.\d+|1)$", "SCORE", text.strip(), flags=re.MULTILINE)
    return re.sub(r"[ \t]+", " ", scores)


def as_pattern(shown: str) -> str:
    """What the page shows, as a pattern: a line of three dots stands for any lines."""
    return "(?:.*\n?)*".join(re.escape(part) for part in re.split(r"^\.\.\.$\n?", shape(shown), flags=re.MULTILINE))


def test_the_page_has_examples_of_all_that_it_is_about() -> None:
    scripts = "\n".join(example.script for example in EXAMPLES)

    for part in ("for spec in", "| jq -r", "--fail-fast", "--require", "--seed", "xargs -P", "| head"):
        assert part in scripts
    assert PAGE.read_text(encoding="utf-8").count("```sh\n") == len(EXAMPLES)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_prints_what_the_page_shows(
    carried_out: dict[int, subprocess.CompletedProcess[str]], number: int
) -> None:
    if number not in carried_out:
        pytest.skip("this example needs jq, which is not installed")

    done = carried_out[number]

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert re.fullmatch(as_pattern(EXAMPLES[number].shown), shape(done.stdout)), done.stdout


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("wide  0.97\n", "wide\t1\n", True),
        ("exit code 4\n2\n", "exit code 4\n2\n", True),
        ("exit code 4\n", "exit code 5\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("a\n...\nz\n", "a\nb\n", False),
        ("2\n", "1\n", False),
        ("", "unexpected\n", False),
    ],
)
def test_what_is_printed_is_held_against_what_is_shown(shown: str, printed: str, same: bool) -> None:
    assert bool(re.fullmatch(as_pattern(shown), shape(printed))) is same
