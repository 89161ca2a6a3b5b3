"""Specs with something wrong in them, thousands of ways: ``dlrun check`` takes or refuses each, and never falls over.

``DLRUN_MUTANTS=100000 DLRUN_MUTANT_SEED=7 pytest tests/spec/test_mutated_specs.py -s`` looks wider, and prints
how many were taken and which took longest.
"""

from __future__ import annotations

import io
import os
import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from dlrun.cli.main import app
from dlrun.spec import dump_spec, load_spec

ROOT = Path(__file__).parents[2]
MUTANTS = int(os.environ.get("DLRUN_MUTANTS", "10000"))
SEED = int(os.environ.get("DLRUN_MUTANT_SEED", "0"))
SHARDS = 4
"""Tests that share the mutants, so that several processes can."""

HOLES = [
    *("\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\xa0", "\xad", "\u200b"),
    *("\u202e", "\u2028", "\u2066", "\ufeff", "\ufffe", "\U000e0001"),
]
NUMBERS = [
    *("0", "-0", "-1", "1", "2", "0.5", "-0.0", "1.5", "1e-3", "1e-320", "1e308", "1e999", "-1e999", ".inf", "-.inf"),
    *(".nan", "9223372036854775807", "9223372036854775808", "1e18", "1_000", "0x1F", "010", "1:30", "2147483648"),
    *("1000000000000", "9" * 5000),
]
WORDS = [
    *("~", "null", "true", "false", "yes", "no", "on", "y", "''", "", "-", "?", "|", ">", "[]", "{}", "[[]]", "[{}]"),
    *("{a: {}}", "[1,2]", "*", "&", "!", "%", "@", "=", "<<", "none", "default", "Lambda"),
    *("2024-01-01", "2001-12-14t21:59:43.10-05:00", "../../etc/passwd", "/dev/zero", "/proc/self/mem", "~root/x"),
    *('"\\ud800"', '"\\x1b[2J"', '"\\u202e"', '"\\0"', '"a\\nb"', "é", "日本語", "🎲", "a" * 5000),
    *("<script>alert(1)</script>", "{{7*7}}", "=1+1", "!!python/object/apply:os.system [id]", "!!binary aGk="),
    *("!!int '3'", "!local x", "&a [*a]", "*nowhere", "&a x", "{name: Adam}", "{name: {name: adam}}", "{source: csv}"),
    *("Dense", "[Dense: 4, Dense: 4]", "softmax", "adam", "accuracy", "[" * 60 + "]" * 60, "{a: " * 60 + "}" * 60),
    *("[" * 3000 + "]" * 3000, "(" * 500, "-" * 200, "not " * 300 + "a", "2 ** 9 ** 9"),
]
ODD = [*NUMBERS, *WORDS]
KEYS = [
    *("extends", "name", "seed", "task", "dataset", "preprocessing", "layers", "last_activation", "loss", "optimiser"),
    *("optimizer", "metrics", "training", "evaluation", "regularisation", "source", "path", "target", "sha256"),
    *(
        "inputs",
        "targets",
        "step",
        "units",
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "rate",
        "from",
        "activation",
    ),
    *("epochs", "batch_size", "early_stopping", "class_weight", "k", "iterations", "protocol", "group", "time", "gap"),
    *(
        "test",
        "validation",
        "learning_rate",
        "momentum",
        "columns",
        "features",
        "ids",
        "size",
        "Dense",
        "Conv2D",
        "LSTM",
    ),
]
_VALUE = re.compile(r"(?<=: )[^\n#{}\[\],]+|(?<=- )[^\n#{}\[\],:]+|(?<=[\[,] )[^\n#{}\[\],:]+")
_KEY = re.compile(r"[A-Za-z_]\w*(?=:)")
_TRACE = re.compile(r"Traceback|Error\(|<class '|0x[0-9a-f]{8,}|object at")

Mutation = Callable[[random.Random, str], "str | bytes"]


@dataclass(frozen=True)
class Mutant:
    """A spec's file and options of the command line, with how to make them again."""

    origin: str
    content: bytes
    options: tuple[str, ...]


def seeds() -> list[str]:
    """Return the texts to start from: every config, and every example of the docs with what it lacks."""
    texts = [path.read_text() for path in sorted((ROOT / "configs").glob("*.yaml"))]
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
            lacks = {"dataset": "dataset: digits\n", "layers": "layers: [Dense: 4]\n"}
            texts.append(block + "".join(text for key, text in lacks.items() if not re.search(f"(?m)^{key}:", block)))
    return texts


def _lines(draw: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    here, there = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(9):
        case 0:
            del lines[here]
        case 1:
            lines.insert(here, lines[here])
        case 2:
            lines[here] = " " * draw.randint(1, 3) + lines[here]
        case 3:
            lines[here] = lines[here].removeprefix(" " * draw.randint(1, 4))
        case 4:
            lines[here], lines[there] = lines[there], lines[here]
        case 5:
            lines[here] = lines[here].rstrip("\n")
        case 6:
            lines[here] = "\t" + lines[here].lstrip()
        case 7:
            lines[here] = draw.choice(
                ["---\n", "...\n", "%YAML 9.9\n", "<<<<<<< HEAD\n", "<<: *a\n", "? [a]\n: b\n", "\r", "\x0c\n"]
            )
        case _:
            indent = lines[here][: len(lines[here]) - len(lines[here].lstrip())]
            lines.insert(here, f"{indent}{draw.choice(KEYS)}: {draw.choice(ODD)}\n")
    return "".join(lines)


def _bytes(draw: random.Random, text: str) -> bytes:
    content = bytearray(text.encode())
    for _ in range(draw.randint(1, 3)):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content)


def _encoded(draw: random.Random, text: str) -> bytes:
    match draw.randrange(5):
        case 0:
            return "\ufeff".encode() * draw.randint(1, 2) + text.encode()
        case 1:
            return text.replace("\n", draw.choice(["\r\n", "\r", "\n\r", "\u2028", "\x85"])).encode()
        case 2:
            return text.encode(draw.choice(["utf-16", "utf-16-le", "utf-32-be", "utf-7"]))
        case 3:
            return text.replace("e", "é").encode("latin-1", "replace")
        case _:
            return text.encode()[: draw.randrange(len(text))]


def _value(draw: random.Random, text: str) -> str:
    return _replaced(draw, text, _VALUE, draw.choice(ODD))


def _key(draw: random.Random, text: str) -> str:
    names = [match[0] for match in _KEY.finditer(text)]
    return _replaced(draw, text, _KEY, draw.choice([*KEYS, *names, *ODD]))


def _replaced(draw: random.Random, text: str, pattern: re.Pattern[str], new: str) -> str:
    found = list(pattern.finditer(text))
    if not found:
        return text
    match = draw.choice(found)
    return text[: match.start()] + new + text[match.end() :]


def _marked(draw: random.Random, text: str) -> str:
    """Put a tag, an anchor, an alias or a strange character in front of a value or anywhere."""
    found = [match.start() for match in _VALUE.finditer(text)]
    place = draw.choice(found) if found and draw.random() < 0.7 else draw.randrange(len(text))
    sign = draw.choice(
        [*HOLES, "!!python/name:os.system ", "!x ", "!!str ", "&a ", "*a ", "&a *a ", "'", '"', "# ", ": ", "\\"]
    )
    return text[:place] + sign + text[place:]


def _structure(draw: random.Random, text: str) -> str:
    """Change what the YAML says rather than how it is written."""
    value = yaml.safe_load(text)
    for _ in range(draw.randint(1, 3)):
        spots = [(holder, key) for holder, key, _ in _spots(value)]
        if not spots:
            break
        holder, key = draw.choice(spots)
        other, other_key = draw.choice(spots)
        match draw.randrange(8):
            case 0:
                del holder[key]
            case 1:
                holder[key], other[other_key] = other[other_key], holder[key]
            case 2:
                holder[key] = _copy(other[other_key])
            case 3:
                holder[key] = [holder[key]] * draw.choice([1, 1, 2, 30])
            case 4:
                holder[key] = {draw.choice(KEYS): holder[key]}
            case 5 if isinstance(holder, dict):
                holder[draw.choice(KEYS)] = holder.pop(key)
            case 6 if isinstance(holder[key], int | float):
                holder[key] = draw.choice([-1, 0, 1, -holder[key], holder[key] * 10**9, 2**62, 0.5, True, None, "3"])
            case _:
                holder[key] = draw.choice(
                    [-1, 0, 1.5, 2**40, True, None, "", "x", [], {}, [0], {"a": 1}, "\x1b", "Dense"]
                )
    return yaml.safe_dump(value, allow_unicode=draw.random() < 0.5, sort_keys=False)


def _spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, Any, tuple[Any, ...]]]:
    """List each place of a value that can be changed: what holds it, its key there, its path."""
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [
        spot for key, child in pairs for spot in ((value, key, (*path, key)), *_spots(child, (*path, key)))
    ]  # fmt: skip


def _copy(value: Any) -> Any:
    return yaml.safe_load(yaml.safe_dump(value))


def _spliced(draw: random.Random, text: str) -> str:
    other = draw.choice(SEEDS).splitlines(keepends=True)
    lines = text.splitlines(keepends=True)
    return "".join(lines[: draw.randrange(len(lines))] + other[draw.randrange(len(other)) :])


SEEDS = seeds()
COMMAND = typer.main.get_command(app)  # made once: that takes ten times as long as a check
MUTATIONS: tuple[Mutation, ...] = (
    _lines,
    _bytes,
    _encoded,
    _value,
    _value,
    _key,
    _marked,
    _structure,
    _structure,
    _spliced,
)


def _option(draw: random.Random, text: str) -> str:
    """Make a ``--set`` that fits, nearly fits, or does not."""
    paths = [[str(part) for part in path] for _, _, path in _spots(yaml.safe_load(text))]
    parts = draw.choice(paths)
    if draw.random() < 0.4:
        parts = [*parts[: draw.randint(0, len(parts))], draw.choice([*KEYS, *ODD, "0", "99", "-1", "", "٣"])]
    return f"{'.'.join(parts)}{draw.choice(['=', '=', '=', '=', '', '=='])}{draw.choice([*ODD, *HOLES])}"


def mutant(number: int) -> Mutant:
    """Make the mutant of a number; the same one each time."""
    draw = random.Random(f"{SEED}-{number}")
    text: str | bytes = draw.choice(SEEDS)
    options: list[str] = []
    if draw.random() < 0.25:
        options = [
            part for _ in range(draw.randint(1, 2)) for part in ("--set", _option(draw, str(text)).replace("\0", ""))
        ]
    done = []
    for _ in range(0 if options and draw.random() < 0.7 else draw.choice([1, 1, 1, 2, 4])):
        if not isinstance(text, str) or not text.strip():
            break
        change = draw.choice(MUTATIONS)
        try:
            text = change(draw, text)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError):
            continue  # an earlier change left nothing that this one could read
        done.append(change.__name__)
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return Mutant(f"mutant {number} of seed {SEED}: {', '.join(done)}", content, tuple(options))


def check(*arguments: str) -> tuple[int, str]:
    """Run ``dlrun check`` in this process; returns its exit code and all that it printed."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with redirect_stdout(printed), redirect_stderr(printed), pytest.raises(SystemExit) as ended:
        COMMAND(["check", *arguments])
    printed.seek(0)
    return int(ended.value.code or 0), printed.read()


def controls(text: str) -> set[str]:
    """Return the characters of a text that steer a terminal, line feeds apart."""
    return {sign for sign in set(text) - {"\n"} if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


def verdict(made: Mutant, file: Path) -> tuple[int, str]:
    """Check a mutant; returns the exit code, and what is wrong with how dlrun took it ('' for nothing)."""
    file.write_bytes(made.content)
    try:
        code, printed = check(str(file), *made.options)
        if code not in (0, 2):
            return code, f"exit code {code}"
        if controls(printed):
            return code, f"prints {controls(printed)!a}"
        if _TRACE.search(printed):
            return code, f"prints Python: {printed}"
        if code == 2 and not re.search(r": [1-9]\d* problems?$", printed.rstrip()):
            return code, f"tells no problem: {printed}"
        if code == 0:
            spec = load_spec(file, made.options[1::2]).spec
            file.write_text(dump_spec(spec))
            if load_spec(file).spec != spec:
                return code, "reads another spec than it wrote"
    except Exception as error:
        return -1, f"raises {type(error).__name__}: {error}"
    return code, ""


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_mutant_is_taken_or_refused_in_words(
    shard: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    faults: list[str] = []
    codes: Counter[int] = Counter()
    slowest = (0.0, "")

    for number in range(shard, MUTANTS, SHARDS):
        made = mutant(number)
        started = time.process_time()
        code, fault = verdict(made, tmp_path / "spec.yaml")
        slowest = max(slowest, (time.process_time() - started, made.origin))
        codes[code] += 1
        if fault:
            faults.append(f"{made.origin}\n  {fault}\n  {made.options!a}\n  {made.content[:3000]!r}")
    record_property("codes", dict(codes))
    record_property("slowest", slowest)
    print(f"\n{sum(codes.values())} mutants, exit codes {dict(codes)}, slowest {slowest[0]:.2f} s ({slowest[1]})")  # noqa: T201

    assert codes[0] > 0
    assert codes[2] > 0
    assert not faults, "\n\n".join(faults[:20])


@pytest.mark.parametrize(
    "config",
    [path.name for path in sorted((ROOT / "configs").glob("*.yaml")) if re.search(r"\bpath:", path.read_text())],
)
def test_a_spec_is_sound_wherever_its_data_are(config: str) -> None:
    code, printed = check(str(ROOT / "configs" / config), "--set", "dataset.path=/nowhere/at all.csv")

    assert code == 0, printed
    assert "the data were not looked at" in printed
