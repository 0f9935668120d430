"""Paper: PDF and PNG from a typst template and data, with the Chinese fonts that come with the product.

A template reads what it prints from ``json(bytes(sys.inputs.data))``; pictures stand there under ``pictures`` as lists
of bytes, for ``image(bytes(data.pictures.signature))``. Data never becomes part of the template's text, so nothing in
it can be a command.

Typst leaves out, without a word, what it has no letter for. A name on an official paper must not lose a character, so
every text is checked against the fonts first, and any warning of the compiler is a refusal.
"""

import struct
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec
import typst

from tongban.kernel.errors import Refusal

_FONT_PACKAGE = "pylopdf_fonts_zh_cn"
_FONT_FILE = "NotoSansSC-Regular.otf"
# As many dots as a phone's picture needs to be read and printed.
_DOTS_PER_INCH = 250

# One compiler for the process keeps fonts and templates in memory; it prints one paper at a time.
_turn = threading.Lock()


class CannotPrint(Refusal):
    """The paper would not say what it should."""

    code = "cannot_print"
    status = 503


def pdf(template: Path, data: Mapping[str, Any], *, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """The paper as PDF/A with its text to search and copy.

    Some milliseconds of one processor and no event loop: call it in a thread. Raises CannotPrint.
    """
    made = _compile(template, data, pictures or {}, "pdf")
    assert isinstance(made, bytes)
    return made


def png(template: Path, data: Mapping[str, Any], *, pictures: Mapping[str, bytes] | None = None) -> list[bytes]:
    """One picture a page. Raises CannotPrint."""
    made = _compile(template, data, pictures or {}, "png")
    return made if isinstance(made, list) else [made]


def missing_letters(text: str) -> str:
    """The characters of `text` that the fonts do not have, each once; "" when all can be printed."""
    starts, ends = _coverage()
    missing = {letter: None for letter in text if letter not in "\n\r\t" and not _is_within(ord(letter), starts, ends)}
    return "".join(missing)


def _compile(
    template: Path, data: Mapping[str, Any], pictures: Mapping[str, bytes], form: Literal["pdf", "png"]
) -> bytes | list[bytes]:
    if missing := missing_letters("".join(_texts(data)) + _template_text(template)):
        raise CannotPrint(f"“{missing[0]}”这个字现在还印不出来，请在网页上查看，或到窗口打印")
    told = {**data, "pictures": {name: list(picture) for name, picture in pictures.items()}}
    with _turn:
        try:
            made, warnings = _compiler().compile_with_warnings(
                template,
                format=form,
                ppi=_DOTS_PER_INCH if form == "png" else None,
                root=template.parent,
                sys_inputs={"data": msgspec.json.encode(told).decode()},
                pdf_standards=["a-2b"] if form == "pdf" else [],
            )
        except typst.TypstError as error:
            raise CannotPrint("这张凭证现在印不出来，请过一会儿再试，或在网页上查看") from error
    if warnings or not made:
        raise CannotPrint("这张凭证现在印不出来，请过一会儿再试，或在网页上查看") from (
            warnings[0] if warnings else None
        )
    return made


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_fonts_folder()])
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


@cache
def _fonts_folder() -> Path:
    found = find_spec(_FONT_PACKAGE)
    if found is None or found.origin is None:
        raise CannotPrint("打印用的中文字体没有装好，请让管理员重新安装依赖")
    return Path(found.origin).parent


@cache
def _template_text(template: Path) -> str:
    return template.read_text(encoding="utf-8")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _is_within(point: int, starts: list[int], ends: list[int]) -> bool:
    place = bisect_right(starts, point) - 1
    return place >= 0 and point <= ends[place]


@cache
def _coverage() -> tuple[list[int], list[int]]:
    """First and last code points of the runs that the font has letters for."""
    groups = _letter_groups((_fonts_folder() / _FONT_FILE).read_bytes())
    return [first for first, _ in groups], [last for _, last in groups]


def _letter_groups(font: bytes) -> list[tuple[int, int]]:
    """From an OpenType file: the sorted runs of its character map (table ``cmap``, format 12, the one for all of
    Unicode). Raises CannotPrint for a font without one."""
    tables = struct.unpack_from(">H", font, 4)[0]
    for place in range(12, 12 + 16 * tables, 16):
        tag, _, cmap, _ = struct.unpack_from(">4sIII", font, place)
        if tag != b"cmap":
            continue
        for entry in range(struct.unpack_from(">H", font, cmap + 2)[0]):
            platform, encoding, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * entry)
            if (platform, encoding) == (3, 10) and struct.unpack_from(">H", font, cmap + offset)[0] == 12:
                count = struct.unpack_from(">I", font, cmap + offset + 12)[0]
                runs = struct.iter_unpack(">III", font[cmap + offset + 16 : cmap + offset + 16 + 12 * count])
                return [(first, last) for first, last, _ in runs]
    raise CannotPrint("打印用的中文字体看不懂，请让管理员重新安装依赖")
