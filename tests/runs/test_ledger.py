"""The ledger of looks at test rows: nothing lost, nothing counted twice, whatever befalls the file."""

from __future__ import annotations

import base64
import errno
import fcntl
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import Look, append_look, has_ledger, read_looks

CROWD = 20
ONE_OF_THE_CROWD = """
import sys
from pathlib import Path
from dlrun.runs import Look, append_look
sys.stdin.readline()
number = int(sys.argv[2])
look = Look.now(run=f"run-{number}", name="x", spec="s", records=range(number % 2, 2000 + number % 2))
append_look(Path(sys.argv[1]), look)
"""


def look(run: str = "a", rows: Any = (1, 2, 3), spec: str = "s", when: str = "2026-11-22T12:00:00Z") -> Look:
    return Look.now(run=run, name="imdb", spec=spec, records=rows, when=when)


def lines(runs: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (runs / "ledger.jsonl").read_text().splitlines()]


def test_a_look_is_one_line_of_json_with_the_sorted_hashes_as_base64(tmp_path: Path) -> None:
    append_look(tmp_path / "not" / "yet", look(rows=np.array([2**64 - 1, 5, 5], np.uint64)))

    packed = (5).to_bytes(8, "little") * 2 + b"\xff" * 8
    assert lines(tmp_path / "not" / "yet") == [
        {
            "version": 1,
            "run": "a",
            "name": "imdb",
            "when": "2026-11-22T12:00:00Z",
            "spec": "s",
            "rows": 3,
            "digest": hashlib.sha256(packed).hexdigest(),
            "records": base64.b64encode(packed).decode(),
        }
    ]


def test_hashes_come_as_ints_or_arrays_in_any_order_and_as_nothing_else() -> None:
    same = [look(rows=rows).digest for rows in ([3, 1, 2], range(1, 4), np.array([1, 2, 3], np.uint64)[::-1])]

    assert len(set(same)) == 1
    for wrong, error in ((b"12345678", TypeError), ([0.5], TypeError), ([-1], OverflowError), ([2**64], OverflowError)):
        with pytest.raises(error):
            look(rows=wrong)


def test_without_a_ledger_nobody_looked(tmp_path: Path) -> None:
    assert not has_ledger(tmp_path)
    assert read_looks(tmp_path / "none", [1]).looks == ()


def test_looks_that_overlap_are_found_oldest_first_with_the_rows_they_share(tmp_path: Path) -> None:
    append_look(tmp_path, look("late", [1, 2, 3, 4], when="2026-11-22T13:00:00Z"))
    append_look(tmp_path, look("early", [4, 5]))
    append_look(tmp_path, look("elsewhere", [100]))

    found = read_looks(tmp_path, np.array([3, 4, 4, 5, 6], np.uint64))

    assert [(each.run, each.shared) for each in found.looks] == [("early", 3), ("late", 3)]
    assert (found.shared, found.notes) == (4, ())
    assert np.frombuffer(found.looks[0].records or b"", "<u8").tolist() == [4, 5]
    assert has_ledger(tmp_path)


def test_the_same_look_again_is_no_new_line(tmp_path: Path) -> None:
    written = [append_look(tmp_path, look(when=f"2026-11-22T12:00:0{second}Z")) for second in (0, 1)]

    assert written == [True, False]
    assert len(lines(tmp_path)) == 1


def test_a_name_used_again_for_another_spec_is_another_look(tmp_path: Path) -> None:
    append_look(tmp_path, look("exp", spec="first"))
    append_look(tmp_path, look("exp", spec="second"))

    assert len(read_looks(tmp_path, [1, 2, 3]).looks) == 2


def test_only_the_first_line_of_some_rows_carries_them(tmp_path: Path) -> None:
    for run in "abc":
        append_look(tmp_path, look(run))

    assert ["records" in line for line in lines(tmp_path)] == [True, False, False]
    assert [(each.run, each.shared) for each in read_looks(tmp_path, [3, 4]).looks] == [("a", 1), ("b", 1), ("c", 1)]


def test_a_line_that_was_copied_counts_once(tmp_path: Path) -> None:
    append_look(tmp_path, look())
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes() * 3)

    assert len(read_looks(tmp_path, [1]).looks) == 1


def test_twenty_processes_at_once_write_twenty_whole_lines(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ONE_OF_THE_CROWD, str(tmp_path)]
    crowd = [subprocess.Popen([*command, str(i)], stdin=subprocess.PIPE, text=True) for i in range(CROWD)]
    for process in crowd:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in crowd:
        process.communicate()

    found = read_looks(tmp_path, range(2000))
    assert [process.returncode for process in crowd] == [0] * CROWD
    assert {each.run for each in found.looks} == {f"run-{number}" for number in range(CROWD)}
    assert {each.shared for each in found.looks} == {2000, 1999}
    assert (len(lines(tmp_path)), found.notes) == (CROWD, ())
    assert sum("records" in line for line in lines(tmp_path)) == 2


def test_a_line_torn_anywhere_is_noted_and_does_not_swallow_the_next(tmp_path: Path) -> None:
    append_look(tmp_path, look("first", [1]))
    append_look(tmp_path, look("second", [1, 2]))
    ledger = tmp_path / "ledger.jsonl"
    whole = ledger.read_bytes()
    begin = whole.index(b"\n") + 1

    for length in range(begin, len(whole) - 1):  # without its newline alone, a line is still whole
        ledger.write_bytes(whole[:length])
        append_look(tmp_path, look("third", [1, 2]))
        found = read_looks(tmp_path, [1, 2])
        assert [(each.run, each.shared) for each in found.looks] == [("first", 1), ("third", 2)]
        assert bool(found.notes) == (length > begin)
    ledger.write_bytes(whole[:-1])
    append_look(tmp_path, look("third", [1, 2]))

    assert [each.run for each in read_looks(tmp_path, [1, 2]).looks] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("line", "note"),
    [
        (b"<<<<<<< HEAD", "is torn or damaged"),
        (b"\xff\xfe\x00", "is torn or damaged"),
        (b"[" * 100_000, "is torn or damaged"),
        (b"[]", "is not a look"),
        (b"{}", "is not a look"),
        (b'{"version": true}', "is not a look"),
        (b'{"version": 1, "run": "a", "digest": "b", "rows": "3"}', "is not a look"),
        (b'{"version": 1, "run": "a", "digest": "b", "rows": 1, "records": "AAAA"}', "is damaged"),
        (b'{"version": 1, "run": "a", "digest": "b", "rows": 0, "records": ""}', "is damaged"),
        (b'{"version": 1, "run": "a", "digest": "b", "rows": 1, "records": ["x"]}', "is damaged"),
        (b'{"version": 2, "run": "a"}', "was written by a newer dlrun"),
        (b'{"version": 1, "run": "a", "digest": "b", "rows": 3}', "names test rows whose first line is gone"),
    ],
)
def test_a_foreign_line_is_skipped_with_a_note(tmp_path: Path, line: bytes, note: str) -> None:
    append_look(tmp_path, look("before"))
    with (tmp_path / "ledger.jsonl").open("ab") as stream:
        stream.write(line + b"\n\n")
    append_look(tmp_path, look("after"))

    found = read_looks(tmp_path, [1])

    assert [each.run for each in found.looks] == ["before", "after"]
    (said,) = found.notes
    assert said.startswith(f"line 2 of ledger.jsonl {note}")


def test_the_very_rows_asked_about_are_known_by_their_digest_alone(tmp_path: Path) -> None:
    append_look(tmp_path, look("a"))
    append_look(tmp_path, look("b"))
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().split(b"\n", 1)[1])

    found = read_looks(tmp_path, [3, 2, 1])

    assert [(each.run, each.shared, each.records) for each in found.looks] == [("b", 3, None)]


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_in_its_place_is_said_without_waiting(tmp_path: Path, kind: str) -> None:
    (os.mkdir if kind == "folder" else os.mkfifo)(tmp_path / "ledger.jsonl")

    with pytest.raises(RunFolderError, match=r"cannot write .*ledger.jsonl"):
        append_look(tmp_path, look())
    with pytest.raises(RunFolderError, match=r"cannot read .*ledger.jsonl"):
        read_looks(tmp_path, [1])


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_folder_that_is_read_only_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    append_look(tmp_path, look("a"))
    real = os.open

    def refuse(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_RDWR:  # the tests may run as root, whom no permission stops
            raise OSError(code, os.strerror(code))
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(RunFolderError, match=rf"{os.strerror(code)}\n.*--runs DIR"):
        append_look(tmp_path, look("b"))
    assert [each.run for each in read_looks(tmp_path, [1]).looks] == ["a"]


@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_full_disk_is_said_and_the_ledger_is_as_before(tmp_path: Path, room: int) -> None:
    append_look(tmp_path, look("a", range(100)))
    before = (tmp_path / "ledger.jsonl").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
    try:
        with pytest.raises(RunFolderError, match=r"ledger.jsonl: File too large"):
            append_look(tmp_path, look("b", range(100, 200)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)

    assert (tmp_path / "ledger.jsonl").read_bytes() == before
    assert append_look(tmp_path, look("b", range(100, 200)))


def test_a_disk_that_cannot_sync_is_said_and_the_look_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(RunFolderError, match="Input/output error"):
        append_look(tmp_path, look())

    assert read_looks(tmp_path, [1]).looks == ()


def test_a_ledger_that_an_editor_replaced_meanwhile_gets_the_look(tmp_path: Path) -> None:
    append_look(tmp_path, look("a"))
    ledger, saved = tmp_path / "ledger.jsonl", tmp_path / "saved"
    saved.write_bytes(ledger.read_bytes())
    program = ONE_OF_THE_CROWD.replace("sys.stdin.readline()", "print('ready', flush=True)")
    with ledger.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), "7"], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.3)
            saved.replace(ledger)
            fcntl.flock(held, fcntl.LOCK_UN)

    assert [line["run"] for line in lines(tmp_path)] == ["a", "run-7"]


def test_a_line_that_is_nested_deeply_is_skipped_and_said(tmp_path: Path) -> None:
    append_look(tmp_path, look())
    with (tmp_path / "ledger.jsonl").open("a") as stream:
        stream.write('{"version": 1, "run": ' + "[" * 900 + "]" * 900 + ', "digest": "x", "rows": 3}\n')

    looks = read_looks(tmp_path, [1, 2, 3])

    assert len(looks.looks) == 1
    assert looks.notes == ("line 2 of ledger.jsonl is torn or damaged; a look may be missing from the count",)


def test_a_ledger_larger_than_any_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_look(tmp_path, look())
    monkeypatch.setattr("dlrun.runs.ledger.MOST_BYTES", 100)

    with pytest.raises(RunFolderError, match=r"ledger\.jsonl has \d+ bytes; at most 100 are read"):
        read_looks(tmp_path, [1])
    with pytest.raises(RunFolderError, match=r"ledger\.jsonl has \d+ bytes"):
        append_look(tmp_path, look(run="b"))
