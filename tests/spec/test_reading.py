from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from dlrun.errors import Place, SpecError
from dlrun.spec import composer
from dlrun.spec.composer import MAX_DEPTH, MAX_NODES
from dlrun.spec.reader import parse

Complain = Callable[..., str]


def value_of(text: str) -> Any:
    return parse(text, "f.yaml").value


def refusal(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        parse(text, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        (".5", 0.5),
        ("1.", 1.0),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("9223372036854775807", 2**63 - 1),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("none", "none"),
        ("1_000", "1_000"),
        ("010", "010"),
        ("0o10", "0o10"),
        ("0x1F", "0x1F"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1/255", "1/255"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("=", "="),
    ],
)
def test_a_plain_scalar_means_what_people_read_in_it(text: str, value: Any) -> None:
    found = value_of(f"[{text}]")[0]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", ".nan", ".NaN", ".inf", "-.Inf", "9" * 5000, "9223372036854775808"]
)
def test_a_number_that_cannot_be_worked_with_is_refused(text: str) -> None:
    message = refusal(f"a: 1\nb: {text}")

    assert message.startswith("f.yaml:2:4")
    assert "put it in quotes" in message


def test_places_count_from_one_and_are_those_of_keys_and_entries() -> None:
    document = parse("a:\n  - x\n  - {b: c}\n", "f.yaml")

    assert document.place(("a", 1, "b")) == Place("f.yaml", 3, 6, "  - {b: c}")
    assert document.place(("a", 0)) == Place("f.yaml", 2, 5, "  - x")


def test_a_path_without_a_place_has_that_of_the_nearest_around_it() -> None:
    document = parse("a:\n  - Dense: 64\n", "f.yaml")

    assert str(document.place(("a", 0, "Dense", "units", 3))) == "f.yaml:2:5"
    assert str(document.place(("z",))) == "f.yaml:1:1"


def test_places_are_found_in_either_spelling() -> None:
    document = parse("x: 1\noptimizer: adam\n", "f.yaml")

    assert document.place(("optimiser",)) == document.place(("optimizer",)) == Place("f.yaml", 2, 1, "optimizer: adam")


def test_a_duplicate_key_names_both_lines() -> None:
    assert refusal("a: 1\nb: 2\na: 3").startswith("f.yaml:3:1  the key 'a' is given twice, first in line 1")


def test_several_problems_come_at_once() -> None:
    message = refusal("a: 1\na: !!python/object:os.system {}\nb: .nan\n")

    assert message.count("f.yaml:") == 3


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system [ls]",
        "a: !!python/name:os.system ''",
        "a: !mine {b: c}",
        "a: ! b",
        "a: !!str 5",
        "!!map {a: b}",
        "!x a: b",
    ],
)
def test_every_tag_is_refused(text: str) -> None:
    assert "a spec is data" in refusal(text)


def test_an_anchor_gives_the_same_value_twice() -> None:
    assert value_of("a: &x {u: 64}\nb: *x") == {"a": {"u": 64}, "b": {"u": 64}}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]

    assert f"more than {MAX_NODES} values" in refusal("\n".join(lines))


def test_aliases_cannot_get_around_the_depth_limit() -> None:
    lines = ["a0: &a0 x"] + [f"a{i}: &a{i} {'[' * 20}*a{i - 1}{']' * 20}" for i in range(1, 60)]

    assert f"nested more than {MAX_DEPTH} deep" in refusal("\n".join(lines))


def test_an_alias_inside_of_its_own_anchor_is_refused() -> None:
    assert "stands inside of what it stands for" in refusal("a: &x [1, *x]")


def test_an_alias_to_nothing_is_refused() -> None:
    assert "there is no '&x' above" in refusal("a: *x")


@pytest.mark.parametrize("text", ["[" * 10_000, "{a: " * 10_000, "- " * 10_000, "? " * 10_000])
@pytest.mark.timeout(10)
def test_ten_thousand_levels_are_refused(text: str) -> None:
    refusal(text)


@pytest.mark.timeout(10)
def test_a_megabyte_of_entries_is_refused() -> None:
    assert f"more than {MAX_NODES} values" in refusal("- a\n" * 250_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\t- b", "2:1  a tab is used to indent"),
        ("a: b: c", "1:5  not valid YAML: a ':' stands where none can be"),
        ("a: [1, 2\nb: 3", "a list in [ ] is not closed, or a ',' is missing (it begins in line 1)"),
        ("a: {b: 1", "a mapping in { } is not closed"),
        ("a: 'b", "a quote is not closed"),
        ("a: b\n c\n  d: e", "not valid YAML"),
        ("a:\n  - b\n c: d", "3:2  not valid YAML: this line does not fit the ones above"),
        ("a: @b", "1:4  not valid YAML: a text cannot start with this character"),
        ('a: "\\q"', "there is no such escape"),
        ("a: 1\n---\nb: 2", "2:1  the file holds a second document"),
        ("%YAML 3.0\n---\na: 1", "a YAML version other than 1"),
        ("? [a]\n: b", "a key must be one word"),
        ('"": b', "a key must be one word"),
        ("<<: {a: 1}", "merge keys ('<<') are not read"),
        ("&x a: b", "a key can have no tag and no anchor"),
        ("a: b\n  c: d", "not valid YAML"),
        ("a: b]\n}", "not valid YAML"),
    ],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_broken_yaml_is_explained_whichever_parser_reads_it(
    text: str, expected: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(yaml, loader):
        pytest.skip("this PyYAML was built without libyaml")
    monkeypatch.setattr(composer, "_Loader", getattr(yaml, loader))

    assert expected in refusal(text)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null"])
def test_an_empty_file_is_named_empty(complain: Complain, text: str) -> None:
    assert complain(text).startswith("spec.yaml:1:1  the file is empty")


@pytest.mark.parametrize(
    ("text", "kind"), [("- a\n- b\n", "a list"), ("just text\n", "one value"), ("3\n", "one value")]
)
def test_a_file_that_is_no_mapping_is_refused(complain: Complain, text: str, kind: str) -> None:
    message = complain(text)

    assert message.startswith("spec.yaml:1:1")
    assert f"got {kind}" in message


def test_windows_line_ends_do_not_shift_places() -> None:
    assert str(parse("a: 1\r\nb: 2\r\nc: 3\r\n", "f.yaml").place(("c",))) == "f.yaml:3:1"
