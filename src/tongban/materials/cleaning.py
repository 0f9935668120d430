"""Clean a picture in a process of its own: this one goes on serving, and a picture that breaks a decoder breaks nothing
here. See `materials.pictures` for what is done and `docs/adr/0011-pictures-apart.md` for why."""

import asyncio
import contextlib
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

from tongban.infra.turns import Turns
from tongban.materials.errors import PictureRefused
from tongban.materials.pictures import BYTES_MAX, PAGES_MAX

_PROGRAM: Final = Path(__file__).with_name("pictures.py")
_SECONDS_MAX = 30
# A page of noise, the worst there is, has 4 MB.
_ANSWER_BYTES_MAX = 64 * 1024 * 1024
_READ_BYTES = 256 * 1024
# So many pictures at once for each web process: a decoded picture takes up to 300 MB.
_TURNS: Final = Turns("pictures_at_once", 2)

log = structlog.get_logger("tongban.materials")


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned picture that is not kept yet: JPEG pages and a small one of the first."""

    pages: tuple[bytes, ...]
    thumb: bytes

    @property
    def pages_sha256(self) -> tuple[str, ...]:
        return tuple(hashlib.sha256(page).hexdigest() for page in self.pages)

    @property
    def sha256(self) -> str:
        """Of the pages' digests, so that one page or many are named alike."""
        return hashlib.sha256("".join(self.pages_sha256).encode()).hexdigest()


async def clean(body: bytes) -> Picture:
    """Takes up to a second of another processor core. Raises PictureRefused with a sentence for the person."""
    # What needs no decoder is refused here, without starting a process.
    if not body:
        raise PictureRefused("empty")
    if len(body) > BYTES_MAX:
        raise PictureRefused("too_many_bytes", mb=f"{len(body) / 1024 / 1024:.1f}")
    async with _TURNS.take():
        answer = await _run(body)
    try:
        return _picture(answer)
    except (msgspec.DecodeError, LookupError):
        # Out of time or memory, or the decoder fell over: nothing about the picture is known but that it did.
        log.warning("picture_broke_decoder", bytes=len(body))
        raise PictureRefused("unreadable") from None


class _Head(msgspec.Struct):
    """The first line of an answer, see `pictures.main`."""

    pages: list[int] = []
    thumb: int = 0
    refused: str = ""
    seen: dict[str, str] = {}


def _picture(answer: bytes) -> Picture:
    """Whoever broke the decoder writes the answer: only JPEG pictures and known refusals are taken from it.

    Raises PictureRefused, and DecodeError or LookupError for an answer that is none.
    """
    head_bytes, _, content = answer.partition(b"\n")
    head = msgspec.json.decode(head_bytes, type=_Head)
    if head.refused:
        raise PictureRefused(head.refused, **head.seen)
    parts, at = [], 0
    for length in (*head.pages, head.thumb):
        part = content[at : at + max(length, 0)]
        if not part.startswith(b"\xff\xd8\xff") or not part.endswith(b"\xff\xd9"):
            raise LookupError("no JPEG where one was announced")
        parts.append(part)
        at += length
    if at != len(content) or not 1 <= len(head.pages) <= PAGES_MAX:
        raise LookupError("not the length that was announced")
    return Picture(tuple(parts[:-1]), parts[-1])


async def _run(body: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",  # no PYTHON* variables, no folder of anybody's on the path
        "-B",
        str(_PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Neither keys nor addresses of anything, and no open file of ours but these: see the module's first line.
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        close_fds=True,
        cwd="/",
    )
    assert process.stdout is not None
    try:
        return await asyncio.wait_for(_asked(process, body), _SECONDS_MAX)
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
        # What it had still written is in the way of its end.
        while await process.stdout.read(_READ_BYTES):
            pass
        await process.wait()


async def _asked(process: asyncio.subprocess.Process, body: bytes) -> bytes:
    """What it answers; nothing when it does not stop answering."""
    assert process.stdin is not None
    assert process.stdout is not None
    # One that fell over before it read everything has answered all the same.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(body)
        await process.stdin.drain()
        process.stdin.close()
    answer = bytearray()
    while chunk := await process.stdout.read(_READ_BYTES):
        answer += chunk
        if len(answer) > _ANSWER_BYTES_MAX:
            return b""
    return bytes(answer)
