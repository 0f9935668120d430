"""Turn whatever was sent into plain pictures, or say what is wrong with it.

Runs as a program of its own (``python -I pictures.py < sent > cleaned``): decoders of pictures are where attackers get
in, so they work in a process that holds no key, no connection and no personal data but the one picture, can open
neither a file nor a connection, and has so much memory and time (`_shut_in`, and `materials.cleaning`). For the same
reason nothing of this project is imported here.

Only pixels survive: every page is decoded, turned upright, shrunk and encoded anew. What a file is, its content says;
names and claimed types are not asked. A file that is a picture and something else besides is refused as a whole.
"""

import codecs
import ctypes
import io
import json
import os
import re
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

BYTES_MAX: Final = 10 * 1024 * 1024
LONG_SIDE: Final = 2000  # pixels; writing on an A4 page stays readable
SHORTEST_SIDE: Final = 100  # pixels; nothing can be read below
PAGES_MAX: Final = 20
THUMB_SIDE: Final = 240
_JPEG_QUALITY = 82
_THUMB_QUALITY = 70
# Decoded, 70 million pixels are 210 MB; phones of 48 and 50 million are common. A PNG is a screenshot or a scan.
_PIXELS_MAX = {"jpeg": 70_000_000, "heic": 70_000_000, "png": 40_000_000}
# A progressive JPEG has ten scans or so; each scan beyond costs a pass over all of the picture.
_SCANS_MAX = 100
_PDF_DPI_MAX = 200

_MEMORY_BYTES_MAX = 1536 * 1024 * 1024
_CPU_SECONDS_MAX = 20


# What decoders raise for a picture that is none, or not whole.
_BROKEN = (OSError, SyntaxError, ValueError, RuntimeError, struct.error, EOFError)


class NotAPicture(Exception):
    """Why it was refused: `reason` is a key of `materials.errors.SENTENCES`, `seen` fills in what was seen."""

    def __init__(self, reason: str, **seen: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seen = seen


class Cleaned(NamedTuple):
    """JPEG pages, upright, without any metadata, and a small picture of the first."""

    pages: list[bytes]
    thumb: bytes


def clean(body: bytes) -> Cleaned:
    """Raises NotAPicture."""
    if not body:
        raise NotAPicture("empty")
    if len(body) > BYTES_MAX:
        raise NotAPicture("too_many_bytes", mb=f"{len(body) / 1024 / 1024:.1f}")
    try:
        pages = [_page(image) for image in _KINDS[sniff(body)](body)]
    except _BROKEN as error:
        raise NotAPicture("truncated" if "truncated" in str(error) else "unreadable") from None
    return Cleaned([page for page, _ in pages], pages[0][1])


# --- what it is -------------------------------------------------------------------------------------------------------

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_VIDEO_BRANDS = (b"qt  ", b"mp4", b"isom", b"iso2", b"avc1", b"M4V", b"3gp")


def sniff(body: bytes) -> str:
    """``jpeg``, ``png``, ``heic`` or ``pdf`` by the first bytes. Raises NotAPicture that says what it is instead."""
    if body.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if body.startswith(b"%PDF-"):
        return "pdf"
    if body[4:8] == b"ftyp":
        if body[8:12] in _HEIC_BRANDS:
            return "heic"
        if body[8:12].startswith(_VIDEO_BRANDS):
            raise NotAPicture("video")
        raise NotAPicture("other_picture")
    if body.startswith((b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF", b"\0\0\1\0")):
        raise NotAPicture("other_picture")
    if body.startswith((b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")):
        raise NotAPicture("archive")
    if body.startswith((b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")) or (
        body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    ):
        raise NotAPicture("program")
    raise NotAPicture("no_picture")


# --- what hides in it -------------------------------------------------------------------------------------------------

# Long enough that compressed pixels do not contain them by chance.
_MARKUP = re.compile(rb"<script[\s>/]|<\?php\s|<html[\s>]|<!doctype\s+html|<iframe[\s>]", re.I)
_PROGRAM = re.compile(rb"\x7fELF[\x01\x02][\x01\x02]\x01|#!/(?:usr/)?bin/|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|%PDF-1\.")


def _refuse_hidden(body: bytes, end: int) -> None:
    """Phones put a second picture or a short film behind a photo, and that is dropped; an archive, a program or a page
    that lies in or behind a picture was put there by somebody. `end`: where the picture ends."""
    if _is_archive(body) or _MARKUP.search(body) or b"%PDF-" in body[1:1024]:
        raise NotAPicture("hides_something")
    trailer = body[end:]
    if _PROGRAM.search(trailer) or any(_is_windows_program(trailer, m.start()) for m in re.finditer(b"MZ", trailer)):
        raise NotAPicture("hides_something")


def _is_archive(body: bytes) -> bool:
    """Four bytes prove nothing, pixels contain them now and then: the archive's list of contents has to be there."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)):
            return True
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError):
        return False


def _is_windows_program(data: bytes, start: int) -> bool:
    """Two letters prove nothing: the header has to lead to the second signature."""
    if len(data) < start + 64:
        return False
    (offset,) = struct.unpack_from("<I", data, start + 60)
    return data[start + offset : start + offset + 4] == b"PE\0\0"


# --- the four kinds ---------------------------------------------------------------------------------------------------

_JPEG_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA


def _jpeg(body: bytes) -> "Iterable[Image.Image]":
    """The first picture in the file; size and end are read from its markers before anything is decoded."""
    from PIL.JpegImagePlugin import JpegImageFile

    at, scans, size = 2, 0, (0, 0)
    while True:
        found = _JPEG_NEXT_MARKER.search(body, at)
        if found is None:
            raise NotAPicture("truncated")
        marker, at = body[found.start() + 1], found.end()
        if marker == _JPEG_END:
            break
        if at + 2 > len(body):
            raise NotAPicture("truncated")
        (length,) = struct.unpack_from(">H", body, at)
        if marker in _JPEG_FRAMES and at + 7 <= len(body):
            height, width = struct.unpack_from(">HH", body, at + 3)
            size = _larger(size, (width, height))
        scans += marker == _JPEG_SCAN
        if scans > _SCANS_MAX:
            raise NotAPicture("unreadable")
        at += length
    _check_size(size, _PIXELS_MAX["jpeg"])
    _refuse_hidden(body, at)
    # Named directly: Pillow's own opening would follow the markers of a phone's second picture.
    yield JpegImageFile(io.BytesIO(body[:at]))


def _png(body: bytes) -> "Iterable[Image.Image]":
    from PIL.PngImagePlugin import PngImageFile

    at, size = 8, (0, 0)
    while True:
        if at + 8 > len(body):
            raise NotAPicture("truncated")
        length, kind = struct.unpack_from(">I4s", body, at)
        if kind == b"IHDR" and at + 16 <= len(body):
            size = _larger(size, struct.unpack_from(">II", body, at + 8))
        at += 12 + length
        if kind == b"IEND":
            break
    if at > len(body):
        raise NotAPicture("truncated")
    _check_size(size, _PIXELS_MAX["png"])
    _refuse_hidden(body, at)
    yield PngImageFile(io.BytesIO(body[:at]))


def _heic(body: bytes) -> "Iterable[Image.Image]":
    import pillow_heif
    from PIL import Image

    at = 0
    while at + 8 <= len(body):
        (length,) = struct.unpack_from(">I", body, at)
        if length == 1 and at + 16 <= len(body):
            (length,) = struct.unpack_from(">Q", body, at + 8)
        if length == 0:
            length = len(body) - at
        if length < 8 or not body[at + 4 : at + 8].isalnum():
            break
        at += length
    if at > len(body):
        raise NotAPicture("truncated")
    _refuse_hidden(body, at)
    pillow_heif.register_heif_opener(thumbnails=False)
    # We judge the size ourselves, below, and say so in words.
    Image.MAX_IMAGE_PIXELS = None
    image = Image.open(io.BytesIO(body[:at]), formats=["HEIF"])
    _check_size(image.size, _PIXELS_MAX["heic"])
    yield image


def _pdf(body: bytes) -> "Iterable[Image.Image]":
    """Every page as a picture. What a PDF can do besides (scripts, attachments, links) does not survive that."""
    import pypdfium2  # type: ignore[import-untyped]

    _chinese_font()
    end = body.rfind(b"%%EOF")
    if end < 0:
        raise NotAPicture("truncated")
    if _is_archive(body) or _PROGRAM.search(body[end:]) or _MARKUP.search(body[end:]):
        raise NotAPicture("hides_something")
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        raise NotAPicture("locked" if "password" in str(error).lower() else "unreadable") from None
    if not 1 <= len(document) <= PAGES_MAX:
        raise NotAPicture("too_many_pages", pages=str(len(document)))
    for page in document:
        long_side = max(page.get_size())
        if long_side < 1:
            raise NotAPicture("unreadable")
        yield page.render(scale=min(LONG_SIDE / long_side, _PDF_DPI_MAX / 72)).to_pil()


@cache
def _chinese_font() -> Any:
    """Give PDFium the font that comes with the product, from memory, for Chinese letters whose font is not in the file.

    Bills often leave it out. PDFium would look in the folders of this machine, and where it finds none the page loses
    its letters without a word.
    """
    import pypdfium2

    package = find_spec("pylopdf_fonts_zh_cn")
    assert package is not None
    assert package.origin is not None
    font = Path(package.origin).with_name("NotoSansSC-Regular.otf").read_bytes()
    simplified, traditional, whole_file = 134, 136, 0

    def map_font(_: Any, info: Any, weight: int, italic: int, charset: int, *more: Any) -> int:
        return 1 if charset in (simplified, traditional) else 0

    def get_font_data(_: Any, info: Any, handle: Any, table: int, buffer: Any, size: int) -> int:
        if table != whole_file:
            return 0
        if buffer and size >= len(font):
            ctypes.memmove(buffer, font, len(font))
        return len(font)

    def nothing(*_: Any) -> int:
        return 0

    # The calls of fpdf_sysfontinfo.h. For what is no Chinese letter PDFium has shapes of its own.
    calls = dict.fromkeys(("EnumFonts", "GetFont", "GetFaceName", "GetFontCharset", "DeleteFont"), nothing)
    calls |= {"MapFont": map_font, "GetFontData": get_font_data}
    fonts = type("FontFromMemory", (pypdfium2.PdfSysfontBase,), calls)()
    fonts.setup()
    return fonts


_KINDS: "dict[str, Callable[[bytes], Iterable[Image.Image]]]" = {"jpeg": _jpeg, "png": _png, "heic": _heic, "pdf": _pdf}


def _larger(one: tuple[int, int], other: tuple[int, ...]) -> tuple[int, int]:
    """Of the sizes a file states: which of them a decoder believes is not for the file to choose."""
    width, height = other
    return (width, height) if width * height > one[0] * one[1] else one


def _check_size(size: tuple[int, int], pixels_max: int) -> None:
    width, height = size
    if width * height > pixels_max:
        raise NotAPicture("too_many_pixels", size=f"{width}×{height}")
    if max(size) < SHORTEST_SIDE:
        raise NotAPicture("too_small", size=f"{width}×{height}")


# --- only pixels survive ----------------------------------------------------------------------------------------------


def _page(image: "Image.Image") -> tuple[bytes, bytes]:
    """The page and its thumb, as JPEG."""
    from PIL import Image, ImageOps

    if image.format == "PNG":
        image = _opaque(image)
    # Of a JPEG this decodes a smaller picture straight away.
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    upright = ImageOps.exif_transpose(image)
    # A new picture knows nothing of where its pixels came from: no EXIF, no comment, no profile.
    plain = Image.new("RGB", upright.size)
    plain.paste(_opaque(upright))
    thumb = plain.copy()
    thumb.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
    return _encoded(plain, _JPEG_QUALITY), _encoded(thumb, _THUMB_QUALITY)


def _opaque(image: "Image.Image") -> "Image.Image":
    """In RGB, on white where it was transparent."""
    from PIL import Image

    if image.mode.startswith("I"):  # sixteen bits of grey
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _encoded(image: "Image.Image", quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


# --- as a program -----------------------------------------------------------------------------------------------------


def main() -> None:
    """Bytes in, one line of JSON and then the pictures out: ``{"pages": [lengths], "thumb": length}`` or
    ``{"refused": reason, "seen": {…}}``."""
    body = sys.stdin.buffer.read(BYTES_MAX + 1)
    try:
        _load_decoder(sniff(body))
        _shut_in()
        done = clean(body)
    except NotAPicture as refused:
        _answer({"refused": refused.reason, "seen": refused.seen})
    except MemoryError:
        _answer({"refused": "too_many_pixels", "seen": {"size": ""}})
    else:
        _answer({"pages": [len(page) for page in done.pages], "thumb": len(done.thumb)}, *done.pages, done.thumb)


def _load_decoder(kind: str) -> None:
    """Whatever is read from disk, before nothing can be any more."""
    from PIL import Image, ImageOps, TiffImagePlugin  # noqa: F401

    Image.preinit()
    for name in ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        codecs.lookup(name)
    if kind == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    if kind == "pdf":
        _chinese_font()


_NOBODY = 65534
_PR_SET_NO_NEW_PRIVS = 38


def _shut_in() -> None:
    """From here on: so much memory and time, no file and no connection, no rights of root's, and no picture of the
    memory when something breaks."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES_MAX, _MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS_MAX, _CPU_SECONDS_MAX))
    # Written are only the pipe to whoever asked, which is open; nothing else can be opened, file or socket.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.geteuid() == 0:  # root could lift the limits again
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _answer(head: object, *parts: bytes) -> None:
    out = sys.stdout.buffer
    out.write(json.dumps(head).encode() + b"\n")
    for part in parts:
        out.write(part)
    out.flush()


if __name__ == "__main__":
    main()
