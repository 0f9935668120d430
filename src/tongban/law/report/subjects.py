"""What must have an answer on every day: the subjects of the law and their keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tongban.law.keys import STANDS_IN, Key, keys_zh, possible_keys
from tongban.law.pack import Pack
from tongban.law.tables import TABLES

TOLD_OF_KINDS_ZH = {"definition": "备案种类怎么认", "scopes": "备案管哪些看病", "materials": "备案要的材料"}


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that needs an answer for every possible key.

    `names` are the places of its keys; `own` those of the subject itself, where a parameter that stands in for it
    (`stand_in`) has more.
    """

    kind: str
    name: str
    zh: str
    names: Key
    own: Key
    keys: Sequence[Key]
    stand_in: str = ""

    def own_key(self, key: Key) -> Key:
        """The subject's own key within a key that also has the stand-in's places."""
        return tuple(word for name, word in zip(self.names, key, strict=True) if name in self.own)

    def keys_zh(self, keys: Sequence[Key]) -> str:
        """Keys in one line: under the subject's own names wherever all that could stand in for one is among them."""
        if self.kind == "table":
            return keys_zh(self.names, keys, self.keys, own=())
        if not self.stand_in:
            return keys_zh(self.names, keys, self.keys)
        told, all_of = self._by_own_key(keys), self._by_own_key(self.keys)
        whole = [own for own, some in told.items() if len(some) == len(all_of[own])]
        parts = [key for own, some in told.items() if own not in whole for key in some]
        lines = [keys_zh(self.own, whole, list(all_of))] if whole else []
        return "；".join(lines + ([keys_zh(self.names, parts, self.keys, self.own)] if parts else []))

    def _by_own_key(self, keys: Sequence[Key]) -> dict[Key, list[Key]]:
        made: dict[Key, list[Key]] = {}
        for key in keys:
            made.setdefault(self.own_key(key), []).append(key)
        return made


def subjects(pack: Pack) -> tuple[Subject, ...]:
    """Every subject, in the order in which the files define them."""
    return (*_parameters(pack), *_lists(pack), *_tables(), *_kinds())


def _parameters(pack: Pack) -> Iterator[Subject]:
    stand_ins = {name: stand_in for stand_in, name in STANDS_IN.items()}
    for name, definition in pack.definitions.items():
        if name in STANDS_IN:
            continue
        stand_in = stand_ins.get(name, "")
        names = pack.definitions[stand_in].keys if stand_in else definition.keys
        keys = possible_keys(names, name)
        yield Subject("parameter", name, definition.zh, names, definition.keys, keys, stand_in)


def _lists(pack: Pack) -> Iterator[Subject]:
    for name, definition in pack.list_definitions.items():
        yield Subject(
            "list", name, definition.zh, definition.keys, definition.keys, possible_keys(definition.keys, name)
        )


def _tables() -> Iterator[Subject]:
    for name, definition in TABLES.items():
        names = tuple(definition.inputs)
        yield Subject("table", name, definition.zh, names, names, tuple(definition.combinations()))


def _kinds() -> Iterator[Subject]:
    names = ("filing_kind",)
    for name, zh in TOLD_OF_KINDS_ZH.items():
        yield Subject("filing_kinds", name, zh, names, names, possible_keys(names))
