"""Bad specs, end to end: exit code 2, a message with the file and the line, no traceback, no run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]

TAIL = "dataset: wine\nlayers: [Dense: 4]\n"
NUMBERS = "dataset: diabetes\nlayers: [Dense: 4]\n"
MOONS = "task: binary\ndataset: {source: make_moons}\nlayers: [Dense: 4]\n"
BOMB = "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9))


def of(text: str, line: int, words: str, name: str) -> Any:
    return pytest.param(text.encode("utf-8", "surrogatepass"), line, words, id=name)


BAD = [
    of("", 1, "the file is empty", "empty"),
    of("- a\n", 1, "expected keys", "a list"),
    of("layers:\n\t- Dense: 4\n", 2, "a tab is used to indent", "tab"),
    of(f"{TAIL}<<<<<<< HEAD\nseed: 1\n=======\nseed: 2\n>>>>>>> b\n", 3, "a merge conflict", "conflict"),
    of(f"{TAIL}seed: 1\nseed: 2\n", 4, "the key 'seed' is given twice, first in line 3", "duplicate key"),
    of(f"{TAIL}name: a\0b\n", 3, "a NUL byte", "NUL"),
    pytest.param(f"# caf\xe9\n{TAIL}".encode("latin-1"), 1, "the byte 0xE9 is not UTF-8", id="Latin-1"),
    of(f"{TAIL}name: {'[' * 10_000}{']' * 10_000}\n", 3, "nest", "10,000 levels"),
    of(f"a0: &a0 [1]\n{BOMB}{TAIL}", 6, "values, aliases written out", "alias bomb"),
    of(f"{TAIL}name: &a [*a]\n", 3, "'*a' stands inside of what it stands for", "alias to itself"),
    of(f"{TAIL}seed: !!python/object/apply:os.system [ls]\n", 3, "a spec is data: tags cannot be used", "python tag"),
    of(f"{TAIL}seed: !seed 3\n", 3, "a spec is data: tags cannot be used", "unknown tag"),
    of(f"{TAIL}optimiser: {{name: adam, learning_rate: .nan}}\n", 3, "'.nan' is not a finite number", "nan"),
    of(f"{TAIL}optimiser: {{name: adam, learning_rate: 1e999}}\n", 3, "too large for a float", "1e999"),
    of(f"{TAIL}seed: {'9' * 5000}\n", 3, "too large for 64 bits", "5,000 digits"),
    of(f"{TAIL}output: no\n", 3, "write true or false", "no"),
    of(f"{TAIL}training: {{epochs: 0}}\n", 3, "a whole number of at least 1, not the number 0", "0 epochs"),
    of(f"{TAIL}training: {{epochs: -1}}\n", 3, "a whole number of at least 1, not the number -1", "-1 epochs"),
    of(f"{TAIL}training: {{epochs: true}}\n", 3, "a whole number of at least 1, not true", "true epochs"),
    of(f"{TAIL}training: {{epochs: many}}\n", 3, "not the text 'many'", "epochs as text"),
    of(f"{TAIL}evaluation: {{protocol: kfold, k: 1}}\n", 3, "a whole number of at least 2", "k = 1"),
    of(f"{TAIL}sed: 1\n", 3, "unknown key 'sed'; did you mean 'seed'?", "unknown key"),
    of(f"{TAIL}loss: mze\n", 3, "unknown loss 'mze'", "unknown name"),
    of(f"{TAIL}loss: os.system\n", 3, "unknown loss 'os.system'", "a callable"),
    of("dataset: wine\nlayers:\n  - Lambda: os.system\n", 3, "cannot be used in a spec", "code in a layer"),
    of(f"{NUMBERS}last_activation: softmax\n", 3, "always gives the same value", "activation and targets"),
    of(f"{MOONS}last_activation: relu\nloss: binary_crossentropy\n", 5, "does not give", "activation and loss"),
    of(f"{TAIL}name: ../../etc\n", 3, "expected", "name with .."),
    of(f"{TAIL}name: /etc/x\n", 3, "expected", "name with /"),
    of(f'{TAIL}name: "a\\nb"\n', 3, "expected", "name with a line break"),
    of(f'{TAIL}name: "a\\x1b[31mb"\n', 3, "\\x1b[31m", "name with ANSI"),
    of(f"{TAIL}name: <script>alert(1)</script>\n", 3, "expected", "name with markup"),
    of(f"{TAIL}name: {'n' * 4096}\n", 3, "...", "name of 4,096 characters"),
]


@pytest.mark.parametrize(("content", "line", "words"), BAD)
def test_a_bad_spec_is_told_with_file_and_line(
    dlrun: Dlrun, tmp_path: Path, content: bytes, line: int, words: str
) -> None:
    (tmp_path / "spec.yaml").write_bytes(content)

    done = dlrun("check", "spec.yaml")

    assert done.code == 2
    assert f"spec.yaml:{line}:" in done.err
    assert words in done.err
    assert len(done.err) < 3000
    assert "Traceback" not in done.err
    assert not set("\x1b\0") & set(done.out + done.err)


@pytest.mark.parametrize("text", ["", f"{TAIL}sed: 1\n", f"{TAIL}name: ../../etc\n", f"{TAIL}seed: !seed 3\n"])
def test_a_bad_spec_leaves_no_run(dlrun: Dlrun, tmp_path: Path, text: str) -> None:
    (tmp_path / "spec.yaml").write_text(text)

    done = dlrun("train", "spec.yaml")

    assert done.code == 2
    assert "spec.yaml:" in done.err
    assert not (tmp_path / "runs").exists()


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100_000_000)


def from_elsewhere(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "'spec.yaml' does not exist"),
        (lambda path: path.write_bytes(TAIL.encode("utf-16")), "'spec.yaml' is UTF-16"),
        (large, "'spec.yaml' is larger than 1 MB"),
        (os.mkfifo, "'spec.yaml' is not a plain file"),
        (from_elsewhere, "'spec.yaml' is not a plain file"),
        (os.mkdir, "'spec.yaml' is a folder"),
        (lambda path: path.symlink_to(path), "'spec.yaml' is a link that leads back to itself"),
    ],
    ids=["missing", "UTF-16", "100 MB", "FIFO", "device", "folder", "link to itself"],
)
def test_what_is_no_spec_at_all_is_told_at_once(
    dlrun: Dlrun, tmp_path: Path, make: Callable[[Path], Any], words: str
) -> None:
    make(tmp_path / "spec.yaml")

    done = dlrun("check", "spec.yaml")

    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_standard_input_is_no_spec(dlrun: Dlrun) -> None:
    done = dlrun("check", "-")

    assert done.code == 2
    assert "not from standard input" in done.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("training.epoch=3", "there is no key 'epoch' in 'training'; did you mean 'epochs'?"),
        ("layers.7.Dense.units=3", "7 is out of range: of the layers, there are 1"),
        ("optimiser.name.x=3", "'optimiser.name' is the text 'adam': there is no 'x' in it"),
        ("seed", "expected PATH=VALUE"),
        ("seed=!!python/name:os.system", "tags cannot be used"),
        ("training.device=gpu", "there is no key 'device'"),
    ],
)
def test_a_change_that_leads_nowhere_is_told_with_the_option(
    dlrun: Dlrun, tmp_path: Path, change: str, words: str
) -> None:
    (tmp_path / "spec.yaml").write_text(f"{TAIL}optimiser: {{name: adam}}\n")

    done = dlrun("check", "spec.yaml", "--set", change)

    assert done.code == 2
    assert f"--set {change}" in done.err
    assert words in done.err


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + TAIL,
        f"{TAIL}optimiser: {{name: adam, learning_rate: 1e-3}}\n",
        f"shared: &few 4\n{TAIL}".replace("shared: &few 4\n", "seed: &few 4\n").replace("Dense: 4", "Dense: *few"),
    ],
    ids=["byte order mark", "1e-3", "alias"],
)
def test_what_only_looks_odd_is_a_spec(dlrun: Dlrun, tmp_path: Path, text: str) -> None:
    (tmp_path / "spec.yaml").write_text(text, encoding="utf-8")

    assert dlrun("check", "spec.yaml").code == 0


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("kfold", "spec.yaml", "--k", "400"), "400 folds cannot be made of"),
        (
            ("check", "spec.yaml", "--data", "--set", "evaluation={protocol: kfold, k: 400}"),
            "400 folds cannot be made of",
        ),
    ],
)
def test_more_folds_than_rows_are_refused_before_anything_is_trained(
    dlrun: Dlrun, tmp_path: Path, option: tuple[str, ...], words: str
) -> None:
    (tmp_path / "spec.yaml").write_text(TAIL)

    done = dlrun(*option)

    assert done.code == 2
    assert words in done.err
    assert not (tmp_path / "runs").exists()
