"""The files of a policy folder and of the folders laid over it, and all of them as one canonical text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tongban.law.errors import PolicyError
from tongban.law.loading.reading import Faults, read_yaml

_CASES = "cases"
_DAY = "$date"


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content; `where` is how faults call it: its name in the folder, led by the folder for an overlay."""

    where: str
    content: dict[str, Any]


def read_folders(directory: Path, overlays: tuple[Path, ...], faults: Faults) -> dict[str, Document]:
    """Every policy file by its name within its folder. A file of an overlay replaces the one of the same name before.

    Raises PolicyError when a folder holds no policy file.
    """
    documents: dict[str, Document] = {}
    for folder in (directory, *overlays):
        named = "" if folder is directory else f"{folder.as_posix()}/"
        found = {
            name: Document(named + name, read_yaml(path, named + name, faults))
            for path in sorted(folder.rglob("*.yaml"))
            if _CASES not in (name := path.relative_to(folder).as_posix()).split("/")
        }
        for path in sorted(folder.rglob("*.yml")):
            faults.add(named + path.relative_to(folder).as_posix(), "文件名要用 .yaml 结尾，不然不会装入")
        if not found:
            raise PolicyError([f"{folder} 里没有政策文件"])
        documents |= found
    return documents


def text_of(documents: Mapping[str, Document]) -> str:
    """The content of all files as canonical JSON: the same for the same content, wherever it was read from."""
    return json.dumps(
        {name: document.content for name, document in documents.items()},
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
        default=_plain,
    )


def documents_of(text: str) -> dict[str, Document]:
    """The files `text_of` was made from. Raises PolicyError when the text is nothing of the kind."""
    try:
        made = json.loads(text, object_hook=_with_days)
    except ValueError as error:
        raise PolicyError([f"存下来的政策读不懂：{error}"]) from error
    if not isinstance(made, dict) or not all(isinstance(content, dict) for content in made.values()):
        raise PolicyError(["存下来的政策不是“文件名: 内容”的形式"])
    return {name: Document(name, content) for name, content in made.items()}


def _plain(value: object) -> object:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return {_DAY: str(value)} if is_day else str(value)


def _with_days(made: dict[str, Any]) -> Any:
    return date.fromisoformat(made[_DAY]) if made.keys() == {_DAY} else made
