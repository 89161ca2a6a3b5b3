from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.errors import SpecError
from dlrun.spec import load_spec
from dlrun.spec.files import MAX_BYTES, printable

Write = Callable[..., Path]
Complain = Callable[..., str]
GOOD = "dataset: iris\nlayers: []\n"


def refusal(file: str | Path) -> str:
    with pytest.raises(SpecError) as caught:
        load_spec(file)
    return str(caught.value)


def test_a_missing_file_names_the_one_that_is_near(write: Write) -> None:
    write(GOOD, "configs/boston.yaml")

    assert "did you mean 'configs/boston.yaml'?" in refusal("configs/bosten.yaml")
    assert "did you mean 'configs/boston.yaml'?" in refusal("configs/boston.yml")
    assert refusal("configs/quite_other.yaml") == "'configs/quite_other.yaml' does not exist"


def test_a_folder_is_refused_and_its_specs_listed(write: Write) -> None:
    write(GOOD, "configs/boston.yaml")

    message = refusal("configs")

    assert "'configs' is a folder" in message
    assert "boston.yaml" in message


def test_standard_input_is_refused() -> None:
    assert "give the name of a file" in refusal("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.timeout(10)
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")

    assert "is not a plain file" in refusal(tmp_path / "pipe.yaml")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(write: Write) -> None:
    path = write(GOOD)
    path.chmod(0)

    assert "may not be read" in refusal(path)


def test_permission_denied_is_told_even_where_the_tests_run_as_root(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(GOOD)

    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dlrun.spec.files.os.open", deny)

    assert "'spec.yaml' may not be read" in refusal(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a\0b", "NUL byte"), ("x" * 5000, "too long"), ("spec.yaml/inside", "does not exist")],
)
def test_a_name_that_no_file_can_have_is_refused(write: Write, name: str, expected: str) -> None:
    write(GOOD)

    assert expected in refusal(name).replace("name too long", "too long").replace("File ", "")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")

    assert "leads back to itself" in refusal(tmp_path / "loop.yaml")


def test_a_file_of_100_megabytes_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)

    assert f"larger than {MAX_BYTES // 1_000_000} MB" in refusal(path)


def test_utf_8_with_a_byte_order_mark_is_accepted(write: Write) -> None:
    path = write(b"\xef\xbb\xbf" + GOOD.encode())

    assert load_spec(path).spec.name == "spec"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_and_32_are_named(complain: Complain, encoding: str) -> None:
    message = complain(GOOD.encode(encoding))

    assert "UTF-16" in message
    assert "save it as UTF-8" in message


def test_latin_1_is_pointed_at_by_line_and_column(complain: Complain) -> None:
    message = complain("dataset: iris\nname: caf\u00e9\n".encode("latin-1"))

    assert message.startswith("spec.yaml:2:10  the byte 0xE9 is not UTF-8")


def test_a_nul_byte_is_pointed_at(complain: Complain) -> None:
    assert complain("dataset: iris\nname: a\0b\n").startswith("spec.yaml:2:8  the file holds a NUL byte")


@pytest.mark.parametrize("character", ["\x1b", "\x7f", "\x85", "\u2028", "\ufffe"])
def test_other_control_characters_are_pointed_at(complain: Complain, character: str) -> None:
    message = complain(f"dataset: iris\nname: a{character}b\n")

    assert message.startswith(f"spec.yaml:2:8  the file holds the character U+{ord(character):04X}")
    assert character not in message


def test_what_a_merge_left_behind_is_pointed_at(complain: Complain) -> None:
    message = complain("dataset: iris\n<<<<<<< HEAD\nseed: 1\n=======\nseed: 2\n>>>>>>> other\nlayers: []\n")

    assert "spec.yaml:2:1  a merge conflict was left in the file" in message
    assert "spec.yaml:6:1" in message


def test_printable_escapes_and_shortens() -> None:
    assert printable("a\x1b[31m\ud800") == "a\\x1b[31m\\ud800"
    assert printable("x" * 4096) == "x" * 80 + "..."
