"""What a region says of a kind of filing: how it is defined, which care it covers, which papers it needs."""

from collections.abc import Iterator

from tongban.kernel.vocabulary import CareKind, FilingKind
from tongban.law.loading.parts import Parts, read_span, read_standing
from tongban.law.loading.reading import Node
from tongban.law.loading.timeline import hold_together
from tongban.law.model import Material
from tongban.law.pack import KindText

TOLD_OF_A_KIND = ("definition", "scopes", "materials")


def read_kind(node: Node, region: str, parts: Parts) -> None:
    kind = node.one_of("kind", tuple(FilingKind))
    since, until = read_span(node)
    refs, mark, conflict, reading = read_standing(node, parts)
    materials = tuple(_materials(node)) if "materials" in node else None
    scopes = frozenset(map(CareKind, node.texts("scopes", words=tuple(CareKind)))) if "scopes" in node else None
    definition = node.text("definition") if "definition" in node else None
    text = KindText(since, until, definition, scopes, materials, refs, mark, conflict, reading)
    node.done()
    others = parts.kinds.setdefault((region, kind), [])
    for other in others:
        both = [name for name in TOLD_OF_A_KIND if None not in (getattr(text, name), getattr(other, name))]
        if both and hold_together(text, other):
            node.fault(f"{'、'.join(both)} 的日期和另一条重叠：{since} 起与 {other.since} 起")
    others.append(text)


def _materials(node: Node) -> Iterator[Material]:
    for child in node.children("materials", lambda item, _: f"材料 {item.get('code')}"):
        yield Material(child.text("code"), child.text("zh"), child.text("sentence"), child.text("one_of", default=""))
        child.done()
