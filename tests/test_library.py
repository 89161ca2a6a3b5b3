"""dlrun as a library: its page and its notebook are run, cell by cell, as a person would run them.

After a change on purpose, ``DLRUN_UPDATE_NOTEBOOK=1 python -m pytest tests/test_library.py`` writes the notebook's
outputs anew.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
PAGE = ROOT / "docs" / "library.md"
UPDATE = bool(os.environ.get("DLRUN_UPDATE_NOTEBOOK"))


def carry_out(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell, and return its outputs as a notebook holds them."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) and not source.endswith(";") else None
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)})
    if value is not None:
        data = {"text/plain": repr(value).splitlines(keepends=True)}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = value._repr_html_().splitlines(keepends=True)
        outputs.append({"data": data, "execution_count": None, "metadata": {}, "output_type": "execute_result"})
    return outputs


def kinds(cell: dict[str, Any]) -> list[Any]:
    return [(output["output_type"], sorted(output.get("data", ()))) for output in cell["outputs"]]


@pytest.mark.tensorflow
def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    committed = [kinds(cell) for cell in cells]
    names: dict[str, Any] = {}

    for count, cell in enumerate(cells, start=1):
        cell["outputs"], cell["execution_count"] = carry_out("".join(cell["source"]), names), count
        for output in cell["outputs"]:
            output |= {"execution_count": count} if "data" in output else {}
    if UPDATE:
        NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    assert len(cells) > 5
    assert UPDATE or [kinds(cell) for cell in cells] == committed
    assert names["narrow"].status == "done"
    assert {score["n"] for score in names["scores"].values()} == {4}


@pytest.mark.tensorflow
def test_the_page_on_the_library_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "configs", "configs")
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}

    printed = [carry_out(block, names) for block in blocks]

    assert len(blocks) == 2
    assert names["again"].record == {**names["result"].record, "run": str(names["again"].folder)}
    assert len(names["curves"]) == 5 * len(set(names["curves"]["metric"]))
    assert "accuracy" in "".join(printed[0][0]["text"])
    assert len(printed[1][0]["text"]) == 5


def test_the_notebook_is_plain_and_tells_nothing_of_a_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    notebook = json.loads(text)

    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    for cell in notebook["cells"]:
        keys = {"cell_type", "id", "metadata", "source"}
        code = cell["cell_type"] == "code"
        assert set(cell) == (keys | {"execution_count", "outputs"} if code else keys)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert not re.search(r"/(?:home|root|work|tmp|Users|usr|opt)/", text)
    assert len(text) < 100_000
