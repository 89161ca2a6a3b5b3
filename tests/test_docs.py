"""The examples in the docs are specs that load, and the tables name what the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from dlrun import load_spec
from dlrun.models import TASKS
from dlrun.spec.sections import EarlyStopping, Evaluation, ExperimentSpec, TaskName, Training
from dlrun.spec.sources import SOURCES
from dlrun.spec.steps import STEPS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BASE = {"dataset": "dataset: digits\n", "layers": "layers: [Dense: 4]\n"}


def examples() -> list[tuple[str, str]]:
    """Every YAML example; a block of several ``dataset:`` lines is as many examples."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
            lines = block.splitlines(keepends=True)
            single = all(line.startswith("dataset:") for line in lines)
            found += [(page.name, part) for part in (lines if single else [block])]
    return found


@pytest.mark.parametrize(("page", "example"), examples())
def test_an_example_loads(page: str, example: str, tmp_path: Path) -> None:
    missing = "".join(text for key, text in BASE.items() if not re.search(rf"^{key}:", example, re.MULTILINE))
    (tmp_path / "spec.yaml").write_text(example + missing)

    assert load_spec(tmp_path / "spec.yaml").spec.layers


def test_the_page_on_specs_names_every_key() -> None:
    page = (ROOT / "docs" / "spec.md").read_text()

    for model in (ExperimentSpec, Evaluation, Training, EarlyStopping):
        for key in model.model_fields:
            assert re.search(rf"\b{key}\b", page), f"docs/spec.md does not mention '{key}' of {model.__name__}"
    for name in (*SOURCES, *STEPS):
        # The generators are many and scikit-learn's own; the page names the commonest.
        assert f"`{name}`" in page or name.startswith("make_")


@pytest.mark.parametrize("task", get_args(TaskName))
def test_the_task_table_of_the_docs_is_the_one_of_the_code(task: str) -> None:
    page = (ROOT / "docs" / "spec.md").read_text()

    (line,) = re.findall(rf"^\| `{task}` \|.*$", page, re.MULTILINE)
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    row = TASKS[task]
    assert cells[2] == row.last_activation
    assert cells[3].split(",")[0] == row.losses[0]
    assert cells[4].split(", ") == list(row.metrics)


def test_the_table_of_configs_has_a_row_for_each() -> None:
    page = (ROOT / "docs" / "configs.md").read_text()

    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))


def test_the_page_on_problems_has_every_task_with_its_defaults_and_configs() -> None:
    page = (ROOT / "docs" / "problems.md").read_text()

    for name, row in TASKS.items():
        (line,) = re.findall(rf"^\|[^|]*\| `{name}` \|.*$", page, re.MULTILINE)
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        named = re.findall(r"`(\w+)`", cells[7])
        assert cells[5].split(", ") == list(row.metrics)
        assert row.losses[0] in cells[4]
        assert named
        assert all(load_spec(ROOT / "configs" / f"{config}.yaml").spec.task in (name, None) for config in named)


@pytest.mark.parametrize(("page", "least"), [("SECURITY.md", 10), ("docs/reliability.md", 25)])
def test_the_tests_that_a_page_names_are_there(page: str, least: int) -> None:
    named = re.findall(r"`(tests/[\w/]+\.(?:py|txt))`", (ROOT / page).read_text())

    assert len(set(named)) > least
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_bad_input_has_a_test() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text().partition("## Bad inputs")[2]

    rows = [line for line in page.splitlines() if re.match(r"\| (?!what |---)", line)]
    assert len(rows) > 40
    assert [row for row in rows if not re.search(r"\| `tests/[^|]+\|$", row)] == []


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"
