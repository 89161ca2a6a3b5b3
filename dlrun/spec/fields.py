"""Takes mappings and lists of a file apart: known keys in British, texts from one text or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dlrun.errors import Path
from dlrun.registry.values import show
from dlrun.spec.document import Findings, Raw
from dlrun.spec.files import printable
from dlrun.spec.shapes import own_key
from dlrun.spec.wording import unknown_key

Item = TypeVar("Item")


def fields_of(raw: Raw, known: Mapping[str, object], path: Path, findings: Findings) -> dict[str, Raw] | None:
    """Read a mapping with known keys; American twins of them become British.

    Returns:
        The values by British key, or None if ``raw`` is no mapping. Unknown keys are noted and left out.
    """
    if not isinstance(raw, dict):
        findings.add(f"expected a mapping, not {show(raw)}", path, hint=f"its keys are: {', '.join(known)}")
        return None
    values: dict[str, Raw] = {}
    written: dict[str, str] = {}
    for key, value in raw.items():
        name = own_key(key, known)
        if name is None:
            unknown_key(key, known, path, findings)
        elif name in values:
            findings.add(f"'{written[name]}' and '{printable(key)}' are the same key; give it once", path, key=key)
        else:
            values[name], written[name] = value, key
    return values


def texts_of(raw: Raw, path: Path, findings: Findings) -> Any:
    """Read one text or a list of them; whole numbers count as texts (columns can have numbers for names).

    Returns:
        A tuple of texts, or None with a problem noted.
    """
    items = raw if isinstance(raw, list) else [raw]
    texts = []
    for index, item in enumerate(items):
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, int) and not isinstance(item, bool):
            texts.append(str(item))
        else:
            where = (*path, index) if isinstance(raw, list) else path
            findings.add(f"expected a text, not {show(item)}", where, hint="put it in quotes if it is meant as text")
            return None
    return tuple(texts)


def no_doubles(texts: tuple[str, ...], path: Path, findings: Findings) -> None:
    """Note a text that a list has twice."""
    double = next((text for text, times in Counter(texts).items() if times > 1), None)
    if double is not None:
        findings.add(f"'{printable(double)}' is listed twice", path)


def parse_list(
    raw: Raw, path: Path, parse: Callable[[Raw, Path, Findings], Item | None], findings: Findings
) -> tuple[Item, ...] | None:
    """Read a list, entry by entry."""
    if not isinstance(raw, list):
        findings.add(f"expected a list, not {show(raw)}", path, hint="start each entry with '- ' on a line of its own")
        return None
    parsed = [parse(item, (*path, index), findings) for index, item in enumerate(raw)]
    return tuple(item for item in parsed if item is not None)
