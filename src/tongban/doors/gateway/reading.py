"""From the bytes of a message to its typed nodes, forgiving what real hospital systems are known to get wrong.

Every leaf becomes text first, whatever JSON type it was sent as, because the same member arrives as ``12.5`` from one
system and as ``"12.50"`` from the next. Empty texts, null and the *texts* null and NULL all mean: not sent.
"""

import re
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from tongban.doors.gateway.errors import MessageMalformed, NodeInvalid
from tongban.doors.gateway.scalars import read_scalar
from tongban.doors.gateway.wire import ALIASES, label_of

Node: TypeAlias = dict[str, Any]
T = TypeVar("T")

_DECODER: Final = msgspec.json.Decoder(float_hook=str)
_MISSING = re.compile(r"Object missing required field `([^`]+)`(?: - at `\$\.?([^`]*)`)?")
_MISPLACED = re.compile(r"(.*?)(?: - at `\$\.?([^`]*)`)?", re.DOTALL)
_TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")
_ROW = re.compile(r"\[(\d+)\]")


def read_message(body: bytes) -> Node:
    """The members of the outermost object, tidied. Raises MessageMalformed with what is wrong about the bytes."""
    if not body.strip():
        raise MessageMalformed("报文是空的，请把报文放在请求正文里再发")
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        message = tidy(_DECODER.decode(body))
    except UnicodeDecodeError:
        raise MessageMalformed("报文不是 UTF-8 编码，请改成 UTF-8 再发") from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        try:
            body.decode()
        except UnicodeDecodeError:
            raise MessageMalformed("报文不是 UTF-8 编码，请改成 UTF-8 再发") from None
        raise MessageMalformed("报文不是合格的 JSON，请检查括号、引号和逗号") from None
    if not isinstance(message, dict):
        raise MessageMalformed("报文最外层应该是一个 JSON 对象")
    return message


def read_input(value: Any) -> Node:
    """The `input` member: an object, or a text that holds one."""
    if isinstance(value, str):
        try:
            value = tidy(_DECODER.decode(value.encode()))
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise MessageMalformed("input 是一段文本，但里面不是合格的 JSON") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MessageMalformed("input 应该是一个 JSON 对象，里面放各个节点")
    return value


def tidy(value: Any) -> Any:
    """Leaves as stripped text, absent members left out, member names in their one spelling."""
    if isinstance(value, str):
        text = value.strip()
        if "\0" in text:
            raise MessageMalformed("报文里有不能保存的控制字符（\\u0000），请去掉再发")
        return None if text.lower() in ("", "null") else text
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if isinstance(value, dict):
        kept = {name: item for name, member in value.items() if (item := tidy(member)) is not None}
        # The proper spelling wins over a variant when both hold something.
        for variant, name in ALIASES.items():
            if variant in kept:
                kept.setdefault(name, kept.pop(variant))
        return kept
    return None


def read_nodes(nodes: Node, type_: type[T]) -> T:
    """The nodes of `input` as one struct. Raises NodeInvalid with a sentence naming the field as its wire name."""
    try:
        return msgspec.convert(nodes, type_, strict=False, dec_hook=read_scalar)
    except msgspec.ValidationError as error:
        raise NodeInvalid(_sentence(str(error))) from None


def _sentence(text: str) -> str:
    """msgspec's words in Chinese: what is wrong with which field, and what to send."""
    if (missing := _MISSING.fullmatch(text)) is not None:
        name, path = missing[1], missing[2] or ""
        where = f"{_where(path)}里" if path else "input 里"
        return f"{where}缺少 {label_of(name)}，请补上再发"
    match = _MISPLACED.fullmatch(text)
    problem, path = (match[1], match[2] or "") if match is not None else (text, "")
    if (long := _TOO_LONG.fullmatch(problem)) is not None:
        problem = f"太长了，最多 {long[1]} 个字"
    elif problem.startswith("Expected `array`"):
        problem = "应该是一个数组（多行节点）"
    elif problem.startswith("Expected `object`"):
        problem = "应该是一个对象（单行节点）"
    elif problem.startswith(("Expected `int`", "Invalid ")):
        problem = "应该是整数"
    elif problem.startswith("Expected"):
        problem = "的类型不对"
    return f"{_where(path) or 'input '}{problem}"


def _where(path: str) -> str:
    """``feedetail[3].cnt`` → ``feedetail 第 4 行的 cnt（数量）``."""
    if not path:
        return ""
    *parents, last = path.split(".")
    steps = [_ROW.sub(lambda row: f" 第 {int(row[1]) + 1} 行", step) for step in parents]
    own = _ROW.sub(lambda row: f" 第 {int(row[1]) + 1} 行", last)
    named = label_of(last) if "[" not in last else own
    return f"{'、'.join(steps)} 的 {named}" if parents else named
