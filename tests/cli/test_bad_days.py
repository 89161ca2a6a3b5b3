"""Bad inputs and bad days, end to end: the right exit code, one message, no traceback, nothing that only looks done."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]

TABLE = "age,sex,ill\n" + "".join(f"{20 + row},{'fm'[row % 2]},{row // 2 % 2}\n" for row in range(40))
TABLE_SPEC = """\
task: binary
dataset: {source: csv, path: table.csv, target: ill}
preprocessing: [one_hot, normalise]
layers:
  - Dense: 4
training: {epochs: 1}
"""


def table(folder: Path, text: str, spec: str = TABLE_SPEC) -> str:
    (folder / "table.csv").write_bytes(text.encode("latin1"))
    (folder / "spec.yaml").write_text(spec)
    return "spec.yaml"


def shell(redirection: str, folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``dlrun`` with its streams redirected as a shell does."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "dlrun", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False, **options)


def program(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let writes fail as on a full disk, once a file has this many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def only_run(folder: Path) -> Path:
    (run,) = (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    return run


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("age,sex,ill\n", "a header and no rows"),
        (TABLE.replace("25,m,0", "25,m"), "line 7 has 2 fields, not the 3 of the first row"),
        (TABLE.replace("25,m,0", '25,"m,0'), "the row begins in line 7: a double quote that is never closed"),
        (TABLE.replace("age,sex", "age,age"), "more than one column 'age'"),
        (TABLE.replace("25,m,0", "25,m,"), "the target 'ill' is missing in row 6"),
        (TABLE.replace("25,m,0", "inf,m,0"), "column 'age' is infinite in row 6"),
        (TABLE.replace("25,m,0", f"{'9' * 400},m,0"), "column 'age' is infinite in row 6"),
        (TABLE.replace(",m,", "e299,m,"), "numbers as large as those of age"),
        (TABLE.replace("25,m,0", "25,\xe9,0"), "is not UTF-8 text"),
        (TABLE.replace("25,m,0", "25,m\0,0"), "line 7 holds a NUL byte"),
        (TABLE.replace(",1\n", ",0\n"), "there is nothing to learn"),
        (TABLE.replace("ill", "\x1b[31mill"), "its columns: age, sex, \\x1b[31mill"),
    ],
)
def test_a_bad_table_is_a_data_error_with_a_reason(dlrun: Dlrun, tmp_path: Path, text: str, words: str) -> None:
    done = dlrun("check", "--data", table(tmp_path, text), "--json")

    found = json.loads(done.out)
    (problem,) = found["problems"]
    assert (done.code, found["exit_code"]) == (3, 3)
    assert words in found["text"]
    assert problem["message"]
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("neg/2.txt", b"g\xf6od", "neg/2.txt' is not utf-8 text: byte 0xf6 at position 1"),
        ("neg/2.txt", b"g\0od", "neg/2.txt' holds a NUL byte"),
        ("so/.hidden", b"", "so' has no files that end in .txt"),
        ("test/neg/1.txt", b"a", "has a folder 'test' and no folder 'train'"),
    ],
)
def test_a_bad_folder_of_texts_is_a_data_error_with_a_reason(
    dlrun: Dlrun, tmp_path: Path, file: str, content: bytes, words: str
) -> None:
    for name, text in {"neg/1.txt": b"bad", "pos/1.txt": b"good", file: content}.items():
        (tmp_path / "films" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "films" / name).write_bytes(text)
    spec = "dataset: {source: text_folder, path: films}\npreprocessing: [tokenise, multi_hot]\nlayers: [Dense: 2]\n"
    (tmp_path / "spec.yaml").write_text(spec)

    done = dlrun("check", "spec.yaml", "--data")

    assert done.code == 3
    assert words in done.err
    assert "Traceback" not in done.err


def test_numbers_whose_squares_leave_float64_are_shown_as_json(dlrun: Dlrun, tmp_path: Path) -> None:
    spec = table(tmp_path, TABLE.replace(",m,", "e299,m,"), TABLE_SPEC.replace("normalise", "scale"))

    done = dlrun("check", "--data", spec, "--json")

    assert done.code == 0
    assert "e+300" in done.out
    assert "Infinity" not in done.out
    assert json.loads(done.out)["ok"]


def test_control_characters_of_columns_and_classes_never_reach_the_terminal(dlrun: Dlrun, tmp_path: Path) -> None:
    text = TABLE.replace(",1\n", ",\x1b[2Jyes\n").replace(",0\n", ",no\n").replace("age", "\x1b]0;age\x07")

    done = dlrun("check", "--data", table(tmp_path, text))

    assert done.code == 0
    assert "\\x1b[2Jyes" in done.out
    assert not {"\x1b", "\x07"} & set(done.out + done.err)


@pytest.mark.parametrize(("more", "code"), [("", 0), ("sed: 1\n", 2)])
def test_the_name_of_a_specs_file_cannot_write_to_the_terminal(dlrun: Dlrun, tiny: Path, more: str, code: int) -> None:
    name = "a\x1b[2J\u202e.yaml"
    (tiny.parent / name).write_text(tiny.read_text() + more)

    done = dlrun("check", name)

    assert done.code == code
    assert "a\\x1b[2J\\u202e.yaml: " in done.out
    assert not {"\x1b", "\u202e"} & set(done.out + done.err)


@pytest.mark.parametrize(
    ("redirection", "spec", "code"),
    [(">&-", "tiny.yaml", 0), ("2>&-", "tiny.yaml", 0), ("<&- >&- 2>&-", "tiny.yaml", 0), ("2>&-", "missing.yaml", 2)],
)
def test_streams_that_are_closed_change_no_exit_code(tiny: Path, redirection: str, spec: str, code: int) -> None:
    done = shell(redirection, tiny.parent, "check", spec)

    assert done.returncode == code
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", ["list layers", "list layers --json", "data list", "--help"])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, arguments: str) -> None:
    pipe = f"set -o pipefail; {sys.executable} -m dlrun {arguments} | head -c 1"

    done = subprocess.run(["bash", "-c", pipe], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    assert (done.returncode, len(done.stdout), done.stderr) == (0, 1, "")


def test_a_stream_of_ascii_gets_ascii(dlrun: Dlrun, tmp_path: Path) -> None:
    text = TABLE.replace("age", "Größe")
    name = table(tmp_path, text.encode().decode("latin1"))
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}

    done = shell("", tmp_path, "check", "--data", name, env=environment)

    assert done.returncode == 0
    assert (done.stdout + done.stderr).isascii()
    assert "Gr\\xf6\\xdfe" in done.stdout


@pytest.mark.tensorflow
def test_a_run_without_any_stream_is_a_whole_run(tiny: Path) -> None:
    done = shell("<&- >&- 2>&-", tiny.parent, "train", "tiny.yaml")

    run = only_run(tiny.parent / "runs")
    assert done.returncode == 0
    assert json.loads((run / "record.json").read_text())["status"] == "done"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_result_that_the_disk_has_no_room_for_is_an_error(tmp_path: Path) -> None:
    done = shell(">/dev/full", tmp_path, "list", "layers", "--json")

    assert done.returncode == 2
    assert "the result could not be printed: No space left on device" in done.stderr


@pytest.mark.tensorflow
@pytest.mark.parametrize(("size", "stopped_at"), [(1000, "record.json"), (30_000, "curves.png")])
def test_a_full_disk_leaves_no_run_that_looks_finished(dlrun: Dlrun, tiny: Path, size: int, stopped_at: str) -> None:
    dlrun("describe", str(tiny))  # so that no library writes its own files below

    with files_of_at_most(size):
        done = dlrun("train", str(tiny), "-q")

    run = only_run(Path("runs"))
    assert done.code == 6
    assert f"{stopped_at}: File too large" in done.err
    assert json.loads(dlrun("runs", "--json").out)["runs"][0]["status"] in ("failed", "dead", "damaged")
    assert not list(run.glob(".tmp-*"))


@pytest.mark.tensorflow
def test_nothing_in_the_environment_or_in_keras_json_changes_a_run(process: Dlrun, dlrun: Dlrun, tiny: Path) -> None:
    home = tiny.parent / "home" / ".keras"
    home.mkdir(parents=True)
    hostile = {"floatx": "float16", "epsilon": 0.05, "backend": "jax", "image_data_format": "channels_first"}
    (home / "keras.json").write_text(json.dumps(hostile))
    variables = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1", "KERAS_BACKEND": "torch"}
    # An exploding net gives probabilities of 0 and 1, where epsilon decides the loss.
    wild = ("--set", "optimiser={name: sgd, learning_rate: 1000.0}", "-q")

    there = process("train", "tiny.yaml", "--runs", "there", *wild, **variables, KERAS_HOME=str(home),
                    CUDA_VISIBLE_DEVICES="none,99", TF_CPP_MIN_LOG_LEVEL="0")  # fmt: skip
    here = dlrun("train", "tiny.yaml", "--runs", "here", *wild)

    assert (there.code, here.code) == (0, 0)
    assert there.err == ""
    histories = [(only_run(tiny.parent / runs) / "history.csv").read_text() for runs in ("there", "here")]
    assert histories[0] == histories[1]


@pytest.mark.tensorflow
def test_class_names_that_a_spreadsheet_would_run_are_defused(dlrun: Dlrun, tmp_path: Path) -> None:
    text = TABLE.replace(",1\n", ",=HYPERLINK(1)\n").replace(",0\n", ",@no\n")

    done = dlrun("train", table(tmp_path, text), "-q")

    rows = (only_run(Path("runs")) / "predictions.csv").read_text().splitlines()[1:]
    assert done.code == 0
    assert {row.split(",")[3] for row in rows} <= {"'=HYPERLINK(1)", "'@no"}


@pytest.mark.parametrize(
    ("weights", "words"), [("{7: 1}", "there is no class '7'"), ("{0: 0, 1: 0}", "every class weighs 0")]
)
def test_class_weights_that_do_not_fit_are_told_before_there_is_a_run(
    dlrun: Dlrun, tiny: Path, weights: str, words: str
) -> None:
    tiny.write_text(tiny.read_text().replace("batch_size: 32", f"class_weight: {weights}"))

    done = dlrun("train", str(tiny))

    assert done.code == 2
    assert f"{tiny}:5:" in done.err
    assert words in done.err
    assert not Path("runs").exists()


def test_without_a_home_commands_work(tiny: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "KERAS_HOME")}

    done = shell("", tiny.parent, "data", "list", "--json", env=environment)

    assert done.returncode == 0
    assert json.loads(done.stdout)["datasets"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("home", [None, "/nonexistent"])
def test_without_a_home_a_run_is_a_whole_run(tiny: Path, home: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "KERAS_HOME")}
    environment |= {} if home is None else {"HOME": home, "XDG_CACHE_HOME": home, "XDG_CONFIG_HOME": home}

    done = shell("", tiny.parent, "train", "tiny.yaml", "-q", env=environment)

    run = only_run(tiny.parent / "runs")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((run / "record.json").read_text())["status"] == "done"
    assert (run / "curves.png").exists()


@pytest.mark.tensorflow
def test_a_gpu_that_is_asked_for_and_absent_costs_no_run(process: Dlrun, tiny: Path) -> None:
    done = process("train", "tiny.yaml", "-q", CUDA_VISIBLE_DEVICES="7", TF_FORCE_GPU_ALLOW_GROWTH="true")

    assert (done.code, done.err) == (0, "")
    assert json.loads((only_run(tiny.parent / "runs") / "record.json").read_text())["status"] == "done"


@pytest.mark.parametrize("command", [["data", "fetch", "boston_housing"], ["check", "--data", "boston.yaml"]])
def test_without_a_network_one_message_says_what_to_do(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "boston.yaml").write_text("dataset: boston_housing\nlayers: [Dense: 4]\n")
    apart = ["unshare", "--net"]  # a network of its own, in which there is nothing
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no process can be kept from the network here")

    done = subprocess.run(
        [*apart, sys.executable, "-m", "dlrun", *command],
        cwd=tmp_path,
        env=os.environ | {"KERAS_HOME": str(tmp_path / "keras")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 3
    assert done.stderr.count("cannot be downloaded") == 1
    assert "boston_housing.npz by other means and run `dlrun data add boston_housing.npz`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("keras/**/*.npz"))


def test_ctrl_c_while_the_command_is_imported_is_quiet() -> None:
    done = program(
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from dlrun.__main__ import main\n"
        "main()\n"
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_after_all_is_done_ends_the_process_at_once() -> None:
    done = program(
        "import signal, sys\n"
        "from dlrun.__main__ import main\n"
        "sys.argv = ['dlrun', '--version']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(signal.getsignal(signal.SIGINT) is signal.SIG_DFL)\n"
    )

    assert done.stdout.endswith("True\n")


def test_windows_line_ends_shift_no_line_number(dlrun: Dlrun, tiny: Path) -> None:
    tiny.write_bytes(tiny.read_bytes().replace(b"\n", b"\r\n") + b"sed: 1\r\n")

    done = dlrun("check", str(tiny))

    assert done.code == 2
    assert f"{tiny}:6:1  unknown key 'sed'" in done.err
    assert "\r" not in done.err
