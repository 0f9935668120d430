"""Clean a picture in a process of its own: this one goes on serving, and a picture that breaks a decoder breaks nothing
here. See `materials.pictures` for what is done and `docs/adr/0011-pictures-apart.md` for why."""

import asyncio
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from tongban.materials.errors import PictureRefused
from tongban.materials.pictures import BYTES_MAX

_PROGRAM: Final = Path(__file__).with_name("pictures.py")
_SECONDS_MAX = 30
# So many pictures at once for each web process: a decoded picture takes up to 300 MB.
_AT_ONCE_MAX = 2

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
    async with _turn():
        answer = await _run(body)
    head_bytes, _, content = answer.partition(b"\n")
    try:
        head: dict[str, Any] = msgspec.json.decode(head_bytes, type=dict[str, Any])
    except msgspec.DecodeError:
        # Out of time or memory, or the decoder fell over: nothing about the picture is known but that it did.
        log.warning("picture_broke_decoder", bytes=len(body))
        raise PictureRefused("unreadable") from None
    if "refused" in head:
        raise PictureRefused(head["refused"], **head["seen"])
    pages, at = [], 0
    for length in head["pages"]:
        pages.append(content[at : at + length])
        at += length
    return Picture(tuple(pages), content[at : at + head["thumb"]])


async def _run(body: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",  # no PYTHON* variables, no folder of anybody's on the path
        "-B",
        str(_PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Neither keys nor addresses of anything: see the module's first line.
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        cwd="/",
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(body), _SECONDS_MAX)
    except TimeoutError:
        answer = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return answer


_turns: RunVar[CapacityLimiter] = RunVar("pictures_at_once")


def _turn() -> CapacityLimiter:
    """The running event loop's: web processes have one loop, tests one after another."""
    try:
        return _turns.get()
    except LookupError:
        limiter = CapacityLimiter(_AT_ONCE_MAX)
        _turns.set(limiter)
        return limiter
