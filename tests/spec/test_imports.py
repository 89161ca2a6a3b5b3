from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "numpy", "pandas", "sklearn", "matplotlib", "scipy", "pyarrow")


def loaded_after(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPO, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_loading_dumping_and_describing_specs_imports_nothing_heavy() -> None:
    code = (
        "from dlrun.spec import dump_spec, json_schema, load_spec\n"
        "dump_spec(load_spec('configs/imdb.yaml', ['seed=1']).spec)\n"
        "json_schema()"
    )

    assert not loaded_after(code) & set(HEAVY)


def test_the_package_alone_imports_neither_pydantic_nor_yaml() -> None:
    assert not loaded_after("import dlrun.spec") & {"pydantic", "yaml"}
