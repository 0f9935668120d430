"""Print docs/reference/commands.md: every command of ``tongban``, from the program itself.

    .venv/bin/python scripts/commands_page.py > docs/reference/commands.md

`tests/test_docs.py` fails while the page and the program differ.
"""

import sys
from collections.abc import Iterator
from typing import Any

import typer

from tongban.doors.cli import app

# A group's page in the docs, for those who want more than a line.
MORE = {
    "run": "[settings.md](settings.md)",
    "work": "[worker.md](worker.md)",
    "notices": "[消息](../guides/messages.md)",
    "materials": "[材料照片](../guides/materials.md)",
    "db": "[settings.md](settings.md)",
    "data": "[data.md](data.md)",
    "demo": "[data.md](data.md)",
    "law": "[law.md](law.md)、[replay.md](replay.md)、[试一试新办法](../guides/simulate.md)",
    "review chronic": "[慢特病](../guides/chronic.md)",
    "review claim": "[医疗费报销](../guides/claims.md)",
}
HEAD = """\
# 命令

`tongban` 的全部命令，由 `scripts/commands_page.py` 从程序里列出。`tongban 命令 --help` 说得一样多。
办成了返回 0；没办成返回 1，并用一句话说明；写错了命令返回 2。设置见 [settings.md](settings.md)。
"""


def page() -> str:
    """The whole page, ending in one newline."""
    parts = [HEAD]
    # A group's command is an object of typer's own copy of click: only what every command has is used.
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        parts.extend(section([name], command))
    return "\n".join(parts).rstrip("\n") + "\n"


def section(path: list[str], command: Any) -> Iterator[str]:
    """A heading for every group of commands, and one for every command without a group."""
    children: dict[str, Any] = getattr(command, "commands", {})
    if any(getattr(child, "commands", None) for child in children.values()):
        for name, child in children.items():
            yield from section([*path, name], child)
        return
    name = " ".join(path)
    more = f"详见{MORE[name]}。" if name in MORE else ""
    yield f"## `{name if children else usage(path, command)}`\n\n{sentence(command)}{more}\n".replace(
        "`", "`tongban ", 1
    )
    if not children:
        yield from options(command)
    for each, child in children.items():
        yield f"### `tongban {usage([*path, each], child)}`\n\n{sentence(child)}\n"
        yield from options(child)


def usage(path: list[str], command: Any) -> str:
    words = [
        str(parameter.metavar or parameter.name)
        for parameter in command.params
        if not parameter.opts[0].startswith("-")
    ]
    return " ".join([*path, *words])


def options(command: Any) -> Iterator[str]:
    rows = [
        f"| {' '.join(f'`{name}`' for name in parameter.opts)} | {sentence(parameter)}{default(parameter)} |"
        for parameter in command.params
        if "--help" not in parameter.opts and parameter.opts[0].startswith("-")
    ]
    if rows:
        yield "\n".join(["| 选项 | |", "| --- | --- |", *rows]) + "\n"


def sentence(what: Any) -> str:
    return " ".join(str(what.help or "").split()).replace("|", "\\|")


def default(parameter: Any) -> str:
    """Numbers and words that stand where nothing is said; what is off by default needs no word."""
    if parameter.required:
        return "必填。"
    shown = parameter.default
    if isinstance(shown, bool) or not isinstance(shown, int | float | str) or shown == "":
        return ""
    return f"默认 {shown:g}。" if isinstance(shown, float) else f"默认 {shown}。"


if __name__ == "__main__":
    sys.stdout.write(page())
