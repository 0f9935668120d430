"""Reading YAML with faults that name file, key and date. Faults are collected, so that one run tells all of them."""

from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

Made = TypeVar("Made")


class _Loader(yaml.CSafeLoader):
    """YAML in which a key written twice is a fault instead of a silent overwriting."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"键 {key!r} 要写成文字（加引号）", key_node.start_mark)
        if key in made:
            raise yaml.constructor.ConstructorError(None, None, f"“{key}”写了两次", key_node.start_mark)
        made[key] = loader.construct_object(value_node, deep=True)
    return made


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class Faults:
    """The faults found so far."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def add(self, where: str, what: str) -> None:
        self.problems.append(f"{where}：{what}")


def read_yaml(path: Path, name: str, faults: Faults) -> dict[str, Any]:
    """The mapping in a file; an empty one, with the fault noted, if it is not readable as such."""
    try:
        # A subclass of the safe loader: it makes nothing but plain values.
        made = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = f" 第 {error.problem_mark.line + 1} 行" if error.problem_mark else ""
        faults.add(f"{name}{line}", f"读不懂：{error.problem}")
    except (yaml.YAMLError, ValueError, OSError) as error:
        faults.add(name, f"读不懂：{error}")
    else:
        if isinstance(made, dict):
            return made
        faults.add(name, "最外层要是“名称: 内容”的形式")
    return {}


class Node:
    """A mapping being read: every access says what it expects and notes a fault instead of raising."""

    def __init__(self, data: object, where: str, faults: Faults) -> None:
        self.where = where
        self.faults = faults
        self.data: dict[Any, Any] = data if isinstance(data, dict) else {}
        self.seen: set[str] = set()
        if not isinstance(data, dict):
            faults.add(where, "要写成“名称: 内容”的形式")

    def fault(self, what: str) -> None:
        self.faults.add(self.where, what)

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def raw(self, key: str) -> Any:
        self.seen.add(key)
        return self.data.get(key)

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text that is not empty; `default` where the key may be left out."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.fault(f"缺少 {key}" if value is None else f"{key} 要写成文字，现在是 {value!r}")
        return ""

    def one_of(self, key: str, words: Collection[str], *, default: str | None = None) -> str:
        value = self.text(key, default=default)
        if value and value not in words and value != default:
            self.fault(f"{key} 写了“{value}”，只能是 {'、'.join(sorted(words))}")
            return ""
        return value

    def day(self, key: str, *, default: date | None = None) -> date | None:
        """A date written 2026-01-31; `default` where the key may be left out."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        self.fault(f"缺少日期 {key}" if value is None else f"{key} 要写成 2026-01-31 这样的日期，现在是 {value!r}")
        return None

    def must_day(self, key: str) -> date:
        """A date that has to be there; the last possible day, with the fault noted, if it is not."""
        return self.day(key) or date.max

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(f"{key} 只能是 true 或 false，现在是 {value!r}")
            return default
        return value

    def texts(self, key: str, *, words: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of texts, or one text alone; yes and no may be written as YAML's own true and false."""
        value = self.raw(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        made = tuple({True: "yes", False: "no"}[item] if isinstance(item, bool) else item for item in items)
        for item in made:
            if not isinstance(item, str):
                self.fault(f"{key} 里的 {item!r} 要写成文字（加引号）")
            elif words is not None and item not in words:
                self.fault(f"{key} 里的“{item}”不认识，只能是 {'、'.join(words)}")
        return tuple(item for item in made if isinstance(item, str) and (words is None or item in words))

    def children(self, key: str, label: Callable[[dict[str, Any], int], str]) -> Iterator["Node"]:
        """The mappings in a list, each named by `label` (its content, its place counted from 1) in faults."""
        value = self.raw(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.fault(f"{key} 要写成列表")
            return
        for number, item in enumerate(value, 1):
            name = label(item, number) if isinstance(item, dict) else f"第 {number} 条"
            yield Node(item, f"{self.where}: {name}", self.faults)

    def child(self, key: str) -> "Node":
        return Node(self.raw(key), f"{self.where}: {key}", self.faults)

    def done(self) -> None:
        """Notes every key nobody asked for: a misspelt key must not be dropped silently."""
        for key in self.data:
            if key not in self.seen:
                self.fault(f"不认识的键 {key}")
