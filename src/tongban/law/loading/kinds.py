"""What a region says of a kind of filing: how it is defined, which care it covers, which papers it needs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tongban.kernel.vocabulary import CareKind, FilingKind
from tongban.law.loading.parts import Parts, read_span, read_standing
from tongban.law.loading.reading import Faults, Node
from tongban.law.loading.timeline import in_order
from tongban.law.model import Material
from tongban.law.pack import KindText

TOLD_OF_A_KIND = ("definition", "scopes", "materials")


def read_kind(node: Node, region: str, parts: Parts) -> None:
    """An entry may say several things; each is kept apart, for each may be superseded on a day of its own."""
    kind = node.one_of("kind", tuple(FilingKind))
    since, until = read_span(node)
    refs, mark, conflict, reading = read_standing(node, parts)
    nothing = KindText(since, until, None, None, None, refs, mark, conflict, reading)
    told: dict[str, KindText] = {}
    if "definition" in node:
        told["definition"] = replace(nothing, definition=node.text("definition"))
    if "scopes" in node:
        told["scopes"] = replace(nothing, scopes=frozenset(map(CareKind, node.texts("scopes", words=tuple(CareKind)))))
    if "materials" in node:
        told["materials"] = replace(nothing, materials=tuple(_materials(node)))
    node.done()
    if not told:
        node.fault(f"{'、'.join(TOLD_OF_A_KIND)} 里至少要写一样")
    for thing, text in told.items():
        parts.kinds.setdefault((region, kind, thing), []).append((text, node.where))


def _materials(node: Node) -> Iterator[Material]:
    for child in node.children("materials", lambda item, _: f"材料 {item.get('code')}"):
        yield Material(child.text("code"), child.text("zh"), child.text("sentence"), child.text("one_of", default=""))
        child.done()


def kinds_in_order(parts: Parts, faults: Faults) -> Mapping[tuple[str, str], tuple[KindText, ...]]:
    """All that each region says of each kind; what would hold twice at once is a fault."""
    made: dict[tuple[str, str], tuple[KindText, ...]] = {}
    for (region, kind, thing), texts in parts.kinds.items():
        made[region, kind] = (*made.get((region, kind), ()), *in_order(texts, thing, (), faults))
    return made
