"""Dated lists: words of a vocabulary or free codes, alone or under keys."""

from tongban.law.loading.parts import Parts, read_span, read_standing
from tongban.law.loading.reading import Node
from tongban.law.loading.values import flatten
from tongban.law.pack import DatedList, ListDefinition
from tongban.law.parameters import KEY_WORDS

# A list of these holds codes of some outside table instead of words of ours.
FREE_CODES = "code"


def read_list_definitions(node: Node, parts: Parts) -> None:
    for name in node.data:
        child = node.child(name)
        definition = ListDefinition(
            name,
            child.text("zh"),
            child.one_of("words", (*KEY_WORDS, FREE_CODES)),
            child.texts("keys", words=tuple(KEY_WORDS)),
        )
        child.done()
        if name in parts.list_definitions:
            child.fault("这个名单已经写过")
        parts.list_definitions[name] = definition


def read_list(node: Node, region: str, parts: Parts) -> None:
    name = node.text("list")
    since, until = read_span(node)
    standing = read_standing(node, parts)
    definition = parts.list_definitions.get(name)
    content = node.raw("table" if definition and definition.keys else "members")
    node.done()
    if definition is None:
        node.fault(f"parameters.yaml 里没有名单 {name}")
        return
    for key, raw in flatten(content, definition.keys, node):
        members = _members(raw, definition.words, key, node)
        if members is not None:
            entry = DatedList(
                members, since, until, standing.confidence, standing.sources, standing.conflict, standing.reading
            )
            parts.lists.setdefault((region, name, key), []).append((entry, node.where))


def _members(raw: object, words: str, key: tuple[str, ...], node: Node) -> tuple[str, ...] | None:
    """The members of one key, which may be none at all; None, with the faults noted, if they are not such a list."""
    at = "、".join(key) or "members"
    if not isinstance(raw, list):
        node.fault(f"{at} 要写成列表，一个也没有就写 []，现在是 {raw!r}")
        return None
    problems = []
    for number, item in enumerate(raw):
        if not isinstance(item, str) or not item.strip():
            problems.append(f"{at} 里的 {item!r} 要写成文字（加引号）")
        elif words in KEY_WORDS and item not in KEY_WORDS[words]:
            problems.append(f"{at} 里的“{item}”不是 {words}，只能是 {'、'.join(KEY_WORDS[words])}")
        elif item in raw[:number]:
            problems.append(f"{at} 里的“{item}”写了两次")
    for problem in problems:
        node.fault(problem)
    return None if problems else tuple(raw)
