"""Builds nodes with places out of YAML's events, and refuses what could run, explode or never end.

PyYAML's event stream is read directly, because it neither recurses nor builds objects: tags are refused, depth and size
are bounded while the events come in, duplicate keys are seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from dlrun.errors import Place, Problem
from dlrun.spec.document import AND_MORE, MOST
from dlrun.spec.files import LINE_BREAK, place_in, printable
from dlrun.spec.scalars import Scalar, ScalarError, resolve

MAX_DEPTH = 50
MAX_NODES = 20_000
"""How many values a document may have once every alias is written out."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StopError(Exception):
    """Reading on makes no sense; the reason is among the problems."""


@dataclass
class Node:
    """A value and where it stands; ``nodes`` and ``height`` count what is in it, aliases written out."""

    place: Place
    scalar: Scalar = None
    entries: list[Node] | None = None
    fields: dict[str, tuple[Place, Node]] | None = None
    nodes: int = 1
    height: int = 0


@dataclass
class Composer:
    """Builds nodes out of events and collects what is wrong on the way.

    Args:
        text: the YAML.
        file: its name, for places.
        fixed: the place of everything, where the text is no file's.
    """

    text: str
    file: str
    fixed: Place | None
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node | None] = field(default_factory=dict)
    total: int = 0

    def __post_init__(self) -> None:
        self.lines = LINE_BREAK.split(self.text)
        self.events: Iterator[Any] = yaml.parse(self.text, Loader=_Loader)

    def place_at(self, mark: Any) -> Place:
        """Make a place of one of PyYAML's marks."""
        return self.fixed or place_in(self.lines, self.file, mark.line, mark.column)

    def document(self) -> Node | None:
        """Read the one document that there may be."""
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root:
                    self._stop("the file holds a second document", event, "one spec a file: cut it at '---'")
                root = self._node(next(self.events), 0)
        return root

    def _problem(self, message: str, event: Any, hint: str | None = None) -> None:
        self.problems.append(Problem(message, hint=hint, place=self.place_at(event.start_mark)))
        if len(self.problems) >= MOST:
            self.problems.append(Problem(AND_MORE))
            raise StopError

    def _stop(self, message: str, event: Any, hint: str | None = None) -> None:
        self._problem(message, event, hint)
        raise StopError

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(1, event)
        if depth > MAX_DEPTH:
            self._stop(f"values are nested more than {MAX_DEPTH} deep", event)
        if event.tag is not None:
            hint = f"leave '{printable(event.tag)}' out; a text that looks like a number goes in quotes"
            self._problem("a spec is data: tags cannot be used", event, hint)
        if event.anchor is not None:
            self.anchors[event.anchor] = None  # open: an alias to it from inside would never end
        node = self._content(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _content(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        return Node(self.place_at(event.start_mark), self._scalar(event))

    def _count(self, nodes: int, event: Any) -> None:
        self.total += nodes
        if self.total > MAX_NODES:
            self._stop(
                f"the file holds more than {MAX_NODES} values, aliases written out",
                event,
                "is this a spec, or a data file?",
            )

    def _alias(self, event: Any, depth: int) -> Node:
        name = printable(event.anchor)
        if event.anchor not in self.anchors:
            self._stop(f"'*{name}' stands for nothing: there is no '&{name}' above", event, "put the text in quotes")
        node = self.anchors[event.anchor]
        if node is None:
            self._stop(f"'*{name}' stands inside of what it stands for", event)
        assert node is not None
        self._count(node.nodes, event)
        if depth + node.height > MAX_DEPTH:
            self._stop(f"values are nested more than {MAX_DEPTH} deep, aliases written out", event)
        return node

    def _scalar(self, event: Any) -> Scalar:
        plain = event.implicit[0] and event.tag is None
        try:
            return resolve(event.value) if plain else str(event.value)
        except ScalarError as error:
            self._problem(str(error), event, "if it is meant as text, put it in quotes")
            return None

    def _sequence(self, start: Any, depth: int) -> Node:
        node = Node(self.place_at(start.start_mark), entries=[])
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            self._take(node, child := self._node(event, depth + 1))
            assert node.entries is not None
            node.entries.append(child)
        return node

    def _mapping(self, start: Any, depth: int) -> Node:
        fields: dict[str, tuple[Place, Node]] = {}
        node = Node(self.place_at(start.start_mark), fields=fields)
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, depth, fields)
            child = self._node(next(self.events), depth + 1)
            self._take(node, child)
            if key is not None:
                fields[key] = (self.place_at(event.start_mark), child)
        return node

    @staticmethod
    def _take(node: Node, child: Node) -> None:
        node.nodes += child.nodes
        node.height = max(node.height, child.height + 1)

    def _key(self, event: Any, depth: int, fields: dict[str, Any]) -> str | None:
        """Read a key as the text it is written in; None, with a problem noted, where it cannot be one."""
        if not isinstance(event, yaml.ScalarEvent) or not event.value:
            if not isinstance(event, yaml.ScalarEvent):
                self._node(event, depth + 1)
            self._problem("a key must be one word, not a list, a mapping or nothing", event)
            return None
        if event.tag is not None or event.anchor is not None:
            self._problem("a spec is data: a key can have no tag and no anchor", event)
        key = str(event.value)
        if key == "<<":
            self._problem("merge keys ('<<') are not read", event, "write the keys out, or inherit a file with extends")
            return None
        if key in fields:
            first = fields[key][0].line
            self._problem(f"the key '{printable(key)}' is given twice, first in line {first}", event)
        return key
