"""Writes an expression of the source as the text that it makes: literals as they are, the rest in braces."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from tests.wordings.modules import Home, bound, is_text
from tests.wordings.variables import Assignment, own_nodes, reaching

_DEEPEST = 5


def used_parameters(expression: ast.expr, home: Home, deep: int = 0) -> set[str]:
    """Name the parameters with texts that go into an expression, through the variables of the function."""
    texts = {argument.arg for argument in home.arguments if is_text(argument.annotation)}
    found: set[str] = set()
    for node in ast.walk(expression):
        if isinstance(node, ast.Name):
            found |= {node.id} & texts
            if deep < _DEEPEST and node.id not in home.parameters:
                for one in _values(node, home):
                    found |= used_parameters(one.value, home, deep + 1)
    return found


def render(
    expression: ast.expr,
    home: Home,
    words: Mapping[str, str],
    deep: int = 0,
    *,
    part: bool = False,
    braces: bool = True,
) -> str:
    """Write the text that an expression makes.

    Args:
        expression: of a message or a hint.
        home: where it stands.
        words: what the parameters of the function are, where that is known.
        deep: how many variables and functions were followed to get here.
        part: whether it is a part of a message; then functions of other modules are not followed.
        braces: whether placeholders are written.
    """

    def inner(node: ast.expr, further: int = 0, *, inside: bool = part) -> str:
        return render(node, home, words, deep + further, part=inside, braces=braces)

    match expression:
        case ast.Constant(value=str(text)):
            return text.replace("\n", "\\n").replace("\x1b", "\\x1b")
        case ast.Constant(value=None):
            return ""
        case ast.JoinedStr(values=parts):
            return "".join(inner(part) for part in parts)
        case ast.FormattedValue(value=value) if _made_of_text(value, home, words):
            return inner(value, inside=True)
        case ast.BinOp(left=left, op=ast.Add(), right=right) if _made_of_text(expression, home, words):
            return inner(left) + inner(right)
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mult()):
            return _choice([text, ""]) if text.strip() else ""
        case ast.IfExp(body=one, orelse=other) if _made_of_text(expression, home, words):
            return _choice([inner(one), inner(other)])
        case ast.BoolOp(op=ast.Or(), values=values) if _made_of_text(expression, home, words):
            return _choice([inner(value) for value in values])
        case ast.BoolOp(op=ast.And(), values=[*_, last]) if _made_of_text(last, home, words):
            return _choice([inner(last), ""])
        case ast.Name(id=name) if name in words:
            return words[name]
        case ast.Name(id=name) if deep < _DEEPEST and _made_of_text(expression, home, words):
            return _through([(inner(one.value, 1), one) for one in _values(expression, home)])
        case ast.Call() if (
            deep < _DEEPEST
            and (called := _text_function(expression, home))
            and (not part or called.module is home.module)
        ):
            given = {key: inner(value) for key, value in bound(expression, called.parameters).items()}
            return _choice([render(end, called, given, deep + 2, part=part, braces=braces) for end in _ends(called)])
    if not braces:
        return ""
    return "{" + _source(expression) + "}"


def _made_of_text(expression: ast.expr, home: Home, words: Mapping[str, str], deep: int = 0) -> bool:
    """Whether there is anything to read in what an expression makes."""

    def readable(node: ast.expr) -> bool:
        return _made_of_text(node, home, words, deep + 1)

    if deep > 2 * _DEEPEST:
        return False
    match expression:
        case ast.Constant(value=value):
            return isinstance(value, str)
        case ast.JoinedStr():
            return True
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return readable(left) or readable(right)
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mult()):
            return True
        case ast.IfExp(body=one, orelse=other):
            return readable(one) or readable(other)
        case ast.BoolOp(values=values):
            return any(readable(value) for value in values)
        case ast.Name(id=name):
            assert isinstance(expression, ast.Name)
            return name in words or any(readable(one.value) for one in _values(expression, home))
        case ast.Call():
            return _text_function(expression, home) is not None
    return False


def _values(use: ast.Name, home: Home) -> list[Assignment]:
    """Give what a variable may be where it is used: of its function, else of its module."""
    if use.id in home.parameters:
        return []
    return reaching(use, home.variables.get(use.id, []), home.arms) or home.module.constants.get(use.id, [])


def _text_function(call: ast.Call, home: Home) -> Home | None:
    """Find the function that is called, if it is one of the package that returns words: more than one of them."""
    match call.func:
        case ast.Name(id=name):
            there, _, last = home.module.imports.get(name, f"{home.module.dotted}.{name}").rpartition(".")
            owners = {""}
        case ast.Attribute(value=ast.Name(id="self"), attr=last):
            there, owners = home.module.dotted, {home.owner}
        case _:
            return None
    homes = home.module.package[there].homes if there in home.module.package else []
    found = [one for one in homes if one.name == last and one.owner in owners]
    if len(found) != 1 or not isinstance(found[0].node, ast.FunctionDef) or not is_text(found[0].node.returns):
        return None
    literals = [node.value for end in _ends(found[0]) for node in ast.walk(end) if isinstance(node, ast.Constant)]
    return found[0] if any(isinstance(text, str) and re.search("[a-z]{2} ", text) for text in literals) else None


def _ends(function: Home) -> list[ast.expr]:
    return [node.value for node in own_nodes(function.node) if isinstance(node, ast.Return) and node.value]


def _through(steps: list[tuple[str, Assignment]]) -> str:
    """Write what a variable may be after some assignments."""
    texts: list[str] = []
    for text, step in steps:
        added = text if step.surely else _choice([text, ""])
        texts = [one + added for one in texts or [""]] if step.more else [*texts, text]
    return _choice(texts)


def _choice(texts: list[str]) -> str:
    """Write several possible texts as one; that there may be none stands last."""
    different: dict[str, None] = {}
    for text in texts:
        whole = text.startswith("⟨") and text.endswith("⟩") and text.count("⟨") == 1
        different.update(dict.fromkeys(text[1:-1].split(" | ") if whole else [text]))
    filled = [text for text in different if text.strip()]
    if len(different) == 1:
        return texts[0]
    return f"⟨{' | '.join([*filled, *([''] if len(filled) < len(different) else [])])}⟩"


def _source(expression: ast.expr) -> str:
    if not isinstance(expression, ast.FormattedValue):
        return ast.unparse(expression)
    how = f"!{chr(expression.conversion)}" if expression.conversion > 0 else ""
    form = ast.unparse(expression.format_spec)[2:-1] if expression.format_spec else ""
    return ast.unparse(expression.value) + how + (f":{form}" if form else "")
