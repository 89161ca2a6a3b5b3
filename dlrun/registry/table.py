"""An immutable table of names, and how a name is looked up in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dlrun.registry.entry import Entry
from dlrun.registry.nearest import nearest
from dlrun.registry.spelling import fold


class Registry(Mapping[str, Entry]):
    """The names of one kind, in alphabetical order. Where two entries claim a spelling, the one given first has it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        entries = tuple(entries)
        self._entries = {entry.name: entry for entry in sorted(entries, key=_alphabetical)}
        self._folded: dict[str, Entry] = {}
        for entry in entries:
            self._folded.setdefault(fold(entry.name), entry)
        for entry in entries:
            for alias in entry.aliases:
                self._folded.setdefault(fold(alias), entry)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> Entry | None:
        """Find an entry by its canonical name, an alias, or either of them in other case, underscores or spelling."""
        return self._entries.get(name) or self._folded.get(fold(name))

    def suggest(self, name: str) -> str | None:
        """Return the name or alias that is nearest to an unknown one, or None."""
        aliases = (alias for entry in self._entries.values() for alias in entry.aliases)
        return nearest(name, (*self._entries, *aliases))


def _alphabetical(entry: Entry) -> tuple[str, str]:
    return entry.name.lower(), entry.name
