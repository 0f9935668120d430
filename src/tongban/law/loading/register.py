"""What stands at the top of the folder or describes a region: sources, conflicts, parameter definitions, scopes."""

from tongban.kernel.vocabulary import Confidence
from tongban.law.loading.parts import CONFIDENCES, Parts, read_refs
from tongban.law.loading.reading import Node
from tongban.law.pack import NATION, ConflictRecord, ParameterDefinition, Reading, Scope, Source
from tongban.law.parameters import KEY_WORDS, PARAMETERS, UNITS


def read_scope(node: Node, parts: Parts) -> str:
    """A folder's scope.yaml; the code of the region the folder speaks for."""
    level = node.one_of("level", ("nation", "province", "pool"))
    choices = node.child("choices") if "choices" in node else None
    scope = Scope(
        region=node.text("region"),
        level=level,
        zh=node.text("zh"),
        agency=node.text("agency"),
        choices={key: choices.text(key) for key in choices.data} if choices else {},
    )
    node.done()
    if scope.region and not (len(scope.region) == 6 and scope.region.isdecimal() and scope.region.isascii()):
        node.fault(f"region 要写六位数字（加引号），现在是“{scope.region}”")
    if scope.region in parts.scopes:
        node.fault(f"地区 {scope.region} 已经有一个 scope.yaml 了")
    if level == "nation" and scope.region != NATION:
        node.fault(f"全国的地区码是 {NATION}，现在是 {scope.region}")
    parts.scopes[scope.region] = scope
    parts.chosen += [(node.where, conflict, reading) for conflict, reading in scope.choices.items()]
    return scope.region


def read_sources(node: Node, parts: Parts) -> None:
    for source_id in node.data:
        child = node.child(source_id)
        if source_id in parts.sources:
            child.fault("这个编号已经登记过")
        parts.sources[source_id] = Source(
            id=source_id,
            title=child.text("title"),
            issuer=child.text("issuer"),
            issued_on=child.day("date") if "date" in child else None,
            url=child.text("url", default=""),
            confidence=Confidence(child.one_of("confidence", CONFIDENCES) or "illustrative"),
            note=child.text("note", default=""),
        )
        child.done()


def read_conflicts(node: Node, parts: Parts) -> None:
    for child in node.children("conflicts", lambda item, _: f"冲突 {item.get('id')}"):
        readings = []
        for reading in child.children("readings", lambda item, _: f"读法 {item.get('id')}"):
            readings.append(Reading(reading.text("id"), reading.text("zh"), read_refs(reading, parts)))
            reading.done()
        record = ConflictRecord(
            id=child.text("id"),
            zh=child.text("zh"),
            readings=tuple(readings),
            default=child.text("default"),
            why=child.text("why"),
            owner=child.text("owner"),
            review_on=child.must_day("review_on"),
            is_settled=child.flag("settled", default=False),
        )
        child.done()
        if len(readings) < 2:
            child.fault("至少要写两种读法")
        if record.default not in {reading.id for reading in readings}:
            child.fault(f"default 写了“{record.default}”，读法里没有")
        if record.id in parts.conflicts:
            child.fault("这个编号已经用过")
        parts.conflicts[record.id] = record


def read_definitions(node: Node, parts: Parts) -> None:
    for name in node.data:
        child = node.child(name)
        definition = ParameterDefinition(
            name, child.text("zh"), child.one_of("unit", UNITS), child.texts("keys", words=tuple(KEY_WORDS))
        )
        child.done()
        if name in parts.definitions:
            child.fault("这个参数已经写过")
        parts.definitions[name] = definition
        if parts.is_archived:
            continue
        if name not in PARAMETERS:
            child.fault("没有一条规则用到这个参数")
        elif PARAMETERS[name] != definition.keys:
            child.fault(f"keys 要写成 {list(PARAMETERS[name])}")
