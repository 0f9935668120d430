"""``tongban law decide`` and ``tongban law compute``: one JSON document a line in, exactly one a line out.

Memory stays the same however long the input is; answers are written as soon as no further input is waiting, so that
another program may hold a conversation.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from tongban.doors.cli.console import errors
from tongban.doors.cli.law_pack import Policies, open_pack
from tongban.doors.documents import Answers, AssessmentDocument, DocumentMalformed, DocumentTooLong, problem_document
from tongban.kernel.errors import NotFound, Refusal
from tongban.law import FilingOutcome

LINE_BYTES_MAX = 64 * 1024
_BLOCK_BYTES = 64 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

DECIDE_HELP = "判断要不要先备案：每行一个问题（JSON），每行一个回答。"
COMPUTE_HELP = "算一笔费用谁付多少：每行一笔（JSON），每行一个回答。"

Source = Annotated[Path | None, typer.Argument(metavar="文件", help="每行一个 JSON；不写就从标准输入读。")]
Explain = Annotated[bool, typer.Option("--explain", help="加上每一步怎么算、依据是什么。")]


class FileMissing(NotFound):
    code = "file_missing"


class Answered(msgspec.Struct, frozen=True, gc=False):
    """An output line. `line` counts from 1."""

    line: int
    result: Any


class Refused(msgspec.Struct, frozen=True, gc=False):
    line: int
    error: Any


@dataclass
class Tally:
    lines: int = 0
    undetermined: int = 0
    refused: int = 0


def decide_command(source: Source = None, policies: Policies = None) -> None:
    answers = Answers(open_pack(policies))
    _run(answers, answers.decide, source)


def compute_command(source: Source = None, explain: Explain = False, policies: Policies = None) -> None:
    answers = Answers(open_pack(policies))
    _run(answers, (lambda line: answers.compute(line, explain=True)) if explain else answers.compute, source)


def answer_lines(answer: Callable[[bytes], Any], source: BinaryIO, sink: BinaryIO) -> Tally:
    """Read `source` to its end and write one line for each of its lines."""
    tally, encode = Tally(), msgspec.json.Encoder().encode
    for block in blocks(source):
        out = []
        for line in block:
            tally.lines += 1
            try:
                if not line.strip():
                    raise DocumentMalformed("这一行是空的")
                if len(line) > LINE_BYTES_MAX:
                    raise DocumentTooLong(f"这一行超过 {LINE_BYTES_MAX // 1024} KB，没有读")
                result = answer(line)
            except Refusal as refusal:
                tally.refused += 1
                out.append(encode(Refused(tally.lines, problem_document(refusal))))
            else:
                tally.undetermined += _is_undetermined(result)
                out.append(encode(Answered(tally.lines, result)))
        out.append(b"")
        sink.write(b"\n".join(out))
        sink.flush()
    return tally


def blocks(source: BinaryIO) -> Iterator[list[bytes]]:
    """The lines that have arrived, in lists. Of a line too long to be answered only the beginning is kept."""
    rest = b""
    is_first = True
    # A buffered reader's `read1` returns what is there instead of waiting for more.
    while chunk := source.read1(_BLOCK_BYTES):  # type: ignore[attr-defined]
        *lines, rest = (rest + chunk).split(b"\n")
        if is_first and (lines or len(rest) >= len(_BYTE_ORDER_MARK)):
            is_first = False
            if lines:
                lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
            else:
                rest = rest.removeprefix(_BYTE_ORDER_MARK)
        if len(rest) > LINE_BYTES_MAX:
            rest = rest[: LINE_BYTES_MAX + 1]
        if lines:
            yield lines
    if rest:
        yield [rest]


def _is_undetermined(result: Any) -> bool:
    if isinstance(result, AssessmentDocument):
        return result.breakdown is None
    return bool(result.outcome == FilingOutcome.UNDETERMINED)


def _run(answers: Answers, answer: Callable[[bytes], Any], path: Path | None) -> None:
    with ExitStack() as stack:
        try:
            source: BinaryIO = sys.stdin.buffer if path is None else stack.enter_context(path.open("rb"))
        except (FileNotFoundError, IsADirectoryError):
            raise FileMissing(f"没有文件 {path}") from None
        if path is None and sys.stdin.isatty():
            errors.print("请输入，每行一个 JSON，完了按 Ctrl-D。")
        # The loaded law stays for good: keep the collector from walking through it again and again.
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        try:
            tally = answer_lines(answer, source, sys.stdout.buffer)
        except BrokenPipeError:
            # Whoever reads has enough (`| head`). Python would complain once more when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
    _report(answers, tally, time.perf_counter() - began)
    if tally.refused:
        raise typer.Exit(1)


def _report(answers: Answers, tally: Tally, seconds: float) -> None:
    parts = [f"共 {tally.lines} 行"]
    if tally.undetermined:
        parts.append(f"没有查到规定 {tally.undetermined} 行")
    if tally.refused:
        parts.append(f"没有收下 {tally.refused} 行")
    speed = f"，每秒 {tally.lines / seconds:,.0f} 行" if tally.lines and seconds else ""
    errors.print(f"{'，'.join(parts)}。用时 {seconds:.1f} 秒{speed}。规则版本 {answers.pack.version}。", soft_wrap=True)
