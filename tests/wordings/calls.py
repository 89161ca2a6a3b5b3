"""Reads the source of dlrun for every call that makes an error, and writes down what it will say.

A message is written as the code has it, with its ``{placeholders}``. Where it is put together, variables are followed
inside their function, choices are written ``⟨this | that⟩``, and a function that is handed the words
(``refuse(path, message, hint)``) is followed from each place that calls it. What cannot be followed is an expression in
braces, as any other placeholder.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dlrun import errors
from dlrun.errors import DlrunError, SpecError
from tests.wordings.modules import Home, Module, bound
from tests.wordings.text import render, used_parameters

Words = Mapping[str, str]
Said = tuple[str, str, str]
"""The exit code with the class, the message, the hint or nothing."""

_MOST_ROUNDS = 6


@dataclass(frozen=True)
class Maker:
    """Something whose call makes an error: a class, or a function (``home``) that is handed the words."""

    kind: str
    parameters: tuple[str, ...]
    words: frozenset[str]
    home: Home | None = None


class Source:
    """All modules of a package, and who makes errors in them."""

    def __init__(self, package: Path) -> None:
        known: dict[str, Module] = {}
        self.modules = [Module.read(path, package.parent, known) for path in sorted(package.rglob("*.py"))]
        self._named: dict[str, list[Home]] = {}
        for home in (home for module in self.modules for home in module.homes):
            self._named.setdefault(home.name, []).append(home)
        self.kinds = _kinds() | self._own_exceptions()
        self.wording: dict[Home, frozenset[str]] = {}
        self._seen: set[int] = set()
        for _ in range(_MOST_ROUNDS):
            before = dict(self.wording)
            self._find_functions()
            if self.wording == before:
                break

    def said(self) -> Iterator[tuple[str, list[Said]]]:
        """Give each module that makes errors, with what they say, in the order of its lines."""
        for module in self.modules:
            found: list[Said] = []
            for home in module.homes:
                for call, maker in self._calls(home):
                    if not self._leans(call, maker, home):
                        found += self._expand(call, maker, home, {})
            if found:
                yield module.name, list(dict.fromkeys(found))

    def unsaid(self) -> list[str]:
        """Name every call of an error's class that no entry stands for."""
        for _ in self.said():
            pass
        return [
            f"{module.name}:{call.lineno}"
            for module in self.modules
            for home in module.homes
            for call, maker in self._calls(home)
            if maker.home is None and id(call) not in self._seen
        ]

    def _expand(self, call: ast.Call, maker: Maker, home: Home, words: Words) -> Iterator[Said]:
        """Say what one call makes, through the functions that hand the words on."""
        given = bound(call, maker.parameters)
        texts = {name: render(given[name], home, words) for name in maker.parameters if name in given}
        if maker.home is None:
            self._seen.add(id(call))
            yield maker.kind, texts.get("message", "{...}"), texts.get("hint", "")
            return
        handed = {name: texts.get(name, _default(name, maker.home)) for name in maker.words}
        said = [text for name, text in handed.items() if name != "hint"]
        if said and not any(said):  # `refuse_classes(rules, "")` refuses nothing
            return
        for inner, next_maker in self._calls(maker.home):
            if self._leans(inner, next_maker, maker.home):
                yield from self._expand(inner, next_maker, maker.home, handed)

    def _leans(self, call: ast.Call, maker: Maker, home: Home) -> bool:
        """Whether what a call says hangs on words that its function is handed."""
        return bool(self._parameters_in(call, maker, home) & self.wording.get(home, frozenset()))

    @staticmethod
    def _parameters_in(call: ast.Call, maker: Maker, home: Home) -> set[str]:
        given = bound(call, maker.parameters)
        return {name for word in maker.words if word in given for name in used_parameters(given[word], home)}

    def _find_functions(self) -> None:
        """Find functions that hand words on, given those that are known already."""
        candidates: dict[Home, set[str]] = {}
        for module in self.modules:
            for home in module.homes:
                for call, maker in self._calls(home):
                    candidates.setdefault(home, set()).update(self._parameters_in(call, maker, home))
        phrases: dict[Home, set[str]] = {}
        for module in self.modules:
            for home in module.homes:
                for call in home.calls:
                    for target in self._targets(call, home, candidates):
                        given = bound(call, target.parameters)
                        for name in candidates[target] & set(given):
                            if _is_phrase(given[name], home) or self._is_handed(given[name], home):
                                phrases.setdefault(target, set()).add(name)
        self.wording = {home: frozenset(names) for home, names in phrases.items()}

    def _is_handed(self, given: ast.expr, home: Home) -> bool:
        return bool(used_parameters(given, home) & self.wording.get(home, frozenset()))

    def _calls(self, home: Home) -> Iterator[tuple[ast.Call, Maker]]:
        for call in home.calls:
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            if name in self.kinds and (name != "ValueError" or home.raises(call)):
                yield call, self.kinds[name]
            for target in self._targets(call, home, self.wording):
                yield call, Maker("", target.parameters, self.wording[target], target)

    def _targets(self, call: ast.Call, home: Home, among: Mapping[Home, object]) -> list[Home]:
        """Find the functions that a call may be of, among some."""
        if isinstance(call.func, ast.Name):
            name, owner = call.func.id, None
        elif isinstance(call.func, ast.Attribute):
            name, owner = call.func.attr, ast.unparse(call.func.value)
        else:
            return []
        return [one for one in self._named.get(name, ()) if one in among and one.is_meant(call, owner, home)]

    def _own_exceptions(self) -> dict[str, Maker]:
        """Find exceptions of the package's own that carry the reason for an error."""
        made = {}
        for module in self.modules:
            for node in ast.walk(module.tree):
                bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
                if module.name != "dlrun/errors.py" and {"Exception", "ValueError"} & set(bases):
                    assert isinstance(node, ast.ClassDef)
                    made[node.name] = _maker(f"- {node.name}", "message", "hint")
        return made


def _kinds() -> dict[str, Maker]:
    """The classes of `dlrun.errors`, and the ValueErrors that they quote; Problems are what a SpecError consists of."""
    made = {
        "Problem": _maker(f"{SpecError.exit_code:d} SpecError", "message", "path", "hint", "place"),
        "ValueError": _maker("- ValueError", "message"),
    }
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, DlrunError) and kind is not SpecError:
            made[name] = _maker(f"{kind.exit_code:d} {name}", "message", "hint")
    return made


def _maker(kind: str, *parameters: str) -> Maker:
    return Maker(kind, parameters, frozenset({"message", "hint"} & set(parameters)))


def _is_phrase(given: ast.expr, home: Home) -> bool:
    """Whether an argument is words: more than one of them, outside of placeholders."""
    return " " in render(given, home, {}, braces=False).strip()


def _default(name: str, home: Home) -> str:
    """Write what a parameter is where no argument is given."""
    assert isinstance(home.node, ast.FunctionDef)
    given = home.node.args
    positional = [*given.posonlyargs, *given.args][::-1]
    values = [
        *zip(positional, given.defaults[::-1], strict=False),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    found = {argument.arg: value for argument, value in values if value is not None}
    return render(found[name], home, {}) if name in found else ""
