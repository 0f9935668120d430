"""What is taken as a picture, what is left of it, and what is refused in which words."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from pictures_kit import encoded, opened, photo
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tongban.materials import PictureRefused, clean, cleaning
from tongban.materials.errors import SENTENCES
from tongban.materials.pictures import BYTES_MAX, NotAPicture
from tongban.materials.pictures import clean as clean_here

SECRET = b"GPS 37.8706 112.5489"


def reason(body: bytes) -> str:
    """Why it is refused, asked in this process."""
    with pytest.raises(NotAPicture) as refused:
        clean_here(body)
    assert SENTENCES[refused.value.reason].format(**refused.value.seen)
    return refused.value.reason


def pdf(pages: int = 1, size: tuple[int, int] = (595, 842), **options: Any) -> bytes:
    sheets = [Image.new("RGB", size, (20 * (n + 1) % 256, 90, 90)) for n in range(pages)]
    out = io.BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:], **options)
    return out.getvalue()


def pdf_without_its_font(text: str) -> bytes:
    """One page of print in a font that is named and not enclosed, as bills often are."""
    shown = f"BT /F1 40 Tf 20 100 Td <{text.encode('utf-16-be').hex()}> Tj ET".encode()
    info = b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown),
        b"<</Type/Font/Subtype/Type0/BaseFont/SimSun/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/SimSun" + info + b"/FontDescriptor 7 0 R/DW 1000>>",
        b"<</Type/FontDescriptor/FontName/SimSun/Flags 4/FontBBox[0 -200 1000 900]/Ascent 859/Descent -140/StemV 80>>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return out + head + table + end


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.txt", "hidden")
    return out.getvalue()


def windows_program() -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(20)


# --- what is left ------------------------------------------------------------------------------------------------


def test_only_pixels_survive() -> None:
    """Place, camera, comment, profile and the camera's own small picture are gone."""
    exif = Image.Exif()
    exif[0x010F] = "Phone of Wang"
    exif[0x8825] = {1: "N", 2: (37.0, 52.0, 14.0), 3: "E", 4: (112.0, 32.0, 56.0)}
    sent = photo(exif=exif.tobytes(), comment=SECRET, icc_profile=b"profile of somebody" * 9, dpi=(72, 72))
    assert SECRET in sent
    cleaned = clean_here(sent)
    for content in (*cleaned.pages, cleaned.thumb):
        image = opened(content)
        assert image.format == "JPEG"
        assert dict(image.getexif()) == {}
        assert not {"exif", "comment", "icc_profile", "gps"} & set(image.info)
        assert SECRET not in content
        assert b"Phone" not in content


def test_a_picture_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    [page] = clean_here(photo(size=(800, 400), exif=exif.tobytes())).pages
    image = opened(page)
    assert image.size == (400, 800)
    # The blue corner was left above, and is right above now.
    assert image.getpixel((390, 10))[2] > 150  # type: ignore[index]
    assert min(image.getpixel((10, 790))) > 200  # type: ignore[type-var, arg-type]


def test_a_big_photo_is_made_small_enough_and_a_small_one_is_left() -> None:
    assert opened(clean_here(photo(size=(4000, 3000))).pages[0]).size == (2000, 1500)
    assert opened(clean_here(photo(size=(300, 200))).pages[0]).size == (300, 200)
    assert opened(clean_here(photo(size=(4000, 3000))).thumb).size == (240, 180)


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert clean_here(photo("一")) == clean_here(photo("一"))
    assert clean_here(photo("一")) != clean_here(photo("二"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_png_of_every_kind(mode: str) -> None:
    image = Image.new("L", (300, 200), 200).convert("I;16" if mode == "I;16" else "RGB").convert(mode)
    [page] = clean_here(encoded(image, "PNG")).pages
    assert opened(page).mode == "RGB"


def test_what_was_transparent_is_white() -> None:
    image = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    [page] = clean_here(encoded(image, "PNG")).pages
    assert opened(page).getpixel((150, 100)) == (255, 255, 255)


def test_jpeg_of_printers_and_progressive_ones() -> None:
    for image, options in (
        (Image.new("CMYK", (300, 200), (0, 0, 0, 60)), {}),
        (Image.new("L", (300, 200), 90), {}),
        (Image.effect_noise((300, 200), 60).convert("RGB"), {"progressive": True}),
    ):
        assert opened(clean_here(encoded(image, "JPEG", **options)).pages[0]).size == (300, 200)


def test_photos_of_apple_phones() -> None:
    import pillow_heif

    image = Image.new("RGB", (600, 400), (30, 90, 200))
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, format="HEIF", quality=60)
    sent = out.getvalue()
    assert opened(clean_here(sent).pages[0]).size == (600, 400)
    assert reason(sent[: len(sent) // 2]) in ("truncated", "unreadable")
    assert reason(sent + archive()) == "hides_something"


def test_every_page_of_a_pdf_becomes_a_picture() -> None:
    cleaned = clean_here(pdf(3))
    assert len(cleaned.pages) == 3
    assert {max(opened(page).size) for page in cleaned.pages} <= {2000, 1999, 2001}
    assert len(set(cleaned.pages)) == 3


async def test_a_pdf_that_leaves_its_chinese_font_out_keeps_its_letters() -> None:
    """Whatever fonts the machine has: a bill comes out with its letters, and as the same picture anywhere."""
    picture = await clean(pdf_without_its_font("发票金额"))
    ink = opened(picture.pages[0]).convert("L").histogram()
    assert sum(ink[:100]) > 5000
    blank = opened((await clean(pdf_without_its_font(""))).pages[0]).convert("L").histogram()
    assert sum(blank[:100]) == 0


def test_a_pdf_loses_its_scripts_and_attachments() -> None:
    script = pdf().replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>")
    assert b"JavaScript" in script
    cleaned = clean_here(script)
    assert b"JavaScript" not in b"".join(cleaned.pages)


def test_a_phones_second_picture_and_film_behind_the_photo_are_dropped() -> None:
    """Motion photos and depth pictures come from ordinary cameras: they are taken, and only the photo is kept."""
    alone = clean_here(photo("一"))
    film = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 400
    assert clean_here(photo("一") + film) == alone
    assert clean_here(photo("一") + photo("二")) == alone


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "empty"),
        (b"hello", "no_picture"),
        (b"\0" * 5000, "no_picture"),
        (b"<!doctype html><script>alert(1)</script>", "program"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', "program"),
        (b"<?php system($_GET[0]);", "program"),
        (b"#!/bin/sh\nrm -rf /\n", "program"),
        (windows_program(), "program"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "program"),
        (b"\xca\xfe\xba\xbe" + bytes(60), "program"),
        (archive(), "archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "archive"),
        (b"\0\0\0\x18ftypmp42" + bytes(99), "video"),
        (b"\0\0\0\x18ftypqt  " + bytes(99), "video"),
        (encoded(Image.new("RGB", (300, 200)), "GIF"), "other_picture"),
        (encoded(Image.new("RGB", (300, 200)), "WEBP"), "other_picture"),
        (encoded(Image.new("RGB", (300, 200)), "TIFF"), "other_picture"),
        (encoded(Image.new("RGB", (300, 200)), "BMP"), "other_picture"),
        (photo(size=(40, 30)), "too_small"),
        (photo()[:3000], "truncated"),
        (photo()[:-2], "truncated"),
        (photo(kind="PNG")[:-12], "truncated"),
        (photo(kind="PNG")[:300], "truncated"),
        (pdf()[:-200], "truncated"),
        (b"\xff\xd8\xff\xe0" + bytes(2000) + b"\xff\xd9", "too_small"),
        (b"%PDF-1.7\nnothing\n%%EOF", "unreadable"),
        (pdf(21), "too_many_pages"),
    ],
)
def test_refusals(body: bytes, expected: str) -> None:
    assert reason(body) == expected


def test_a_locked_pdf() -> None:
    """Standard security handler, with a password nobody here has."""
    locked = pdf()
    at = locked.rfind(b"<<", 0, locked.rfind(b"startxref"))
    encrypt = (
        b"<< /Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <"
        + b"41" * 32
        + b"> /U <"
        + b"42" * 32
        + b"> >> /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>] "
    )
    body = locked[:at] + encrypt + locked[at + 2 :]
    with pytest.raises(pypdfium2.PdfiumError, match="password"):
        pypdfium2.PdfDocument(body)
    assert reason(body) == "locked"


@pytest.mark.parametrize(
    "hidden",
    [
        archive(),
        windows_program(),
        bytes(5000) + windows_program(),
        b"\x7fELF\x02\x01\x01" + bytes(60),
        b"<script>alert(1)</script>",
        b"<?php system($_GET[0]); ?>",
        b"<html><body>",
        b"#!/bin/sh\nrm -rf /\n",
        b"Rar!\x1a\x07\x01\0",
        pdf(),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_nothing_hides_behind_a_picture(kind: str, hidden: bytes) -> None:
    assert reason(photo(kind=kind) + hidden) == "hides_something"


@pytest.mark.parametrize("hidden", [archive(), b"<script>alert(1)</script>", b"<?php x();", b"#!/bin/sh"])
def test_nothing_hides_behind_a_pdf(hidden: bytes) -> None:
    assert reason(pdf() + hidden) == "hides_something"


def test_nothing_hides_in_a_picture() -> None:
    assert reason(photo(comment=b"<script>alert(1)</script>")) == "hides_something"
    assert reason(photo(comment=b"/*%PDF-1.4 */")) == "hides_something"
    png = photo(kind="PNG")
    note = b"Comment\0<?php system($_GET[0]); ?>"
    chunk = struct.pack(">I", len(note)) + b"tEXt" + note + struct.pack(">I", zlib.crc32(b"tEXt" + note))
    assert reason(png[:33] + chunk + png[33:]) == "hides_something"


def _png_of(width: int, height: int) -> bytes:
    """Few bytes that unpack into many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(width // 8 + 1)) for _ in range(min(height, 2000))) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_bombs_are_measured_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("tongban.materials.pictures._page", never)
    assert reason(_png_of(60_000, 60_000)) == "too_many_pixels"
    jpeg = bytearray(photo())
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65_000, 65_000)
    assert reason(bytes(jpeg)) == "too_many_pixels"
    # Which of two sizes a decoder believes is not for the file to choose.
    twice = bytes(jpeg[at : at + 2]) + struct.pack(">HBHHB", 8, 8, 65_000, 65_000, 1)
    whole = photo()
    scan_at = whole.index(b"\xff\xda")
    assert reason(whole[:2] + twice + whole[2:]) == "too_many_pixels"
    assert reason(whole[:scan_at] + twice + whole[scan_at:]) == "too_many_pixels"
    # A scan costs nothing in bytes and a pass over the whole picture in time.
    scan = bytes(jpeg[jpeg.index(b"\xff\xda") :][:14])
    body = photo()
    assert reason(body[: body.index(b"\xff\xda")] + scan * 200 + b"\xff\xd9") == "unreadable"


def test_four_bytes_that_look_like_an_archive_by_chance_refuse_no_photo() -> None:
    """One photo in seventy thousand has them near its end."""
    by_chance = b"PK\x05\x06" + bytes(range(7, 25))
    cleaned = clean_here(photo("一") + bytes(40) + by_chance)
    assert cleaned == clean_here(photo("一"))
    assert reason(photo("一") + archive() + bytes(300)) == "hides_something"


async def test_what_is_too_big_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: bytes) -> bytes:
        raise AssertionError("a process was started")

    monkeypatch.setattr(cleaning, "_run", never)
    with pytest.raises(PictureRefused, match="太大了") as refused:
        await clean(bytes(BYTES_MAX + 1))
    assert "10.0 MB" in refused.value.sentence
    with pytest.raises(PictureRefused, match="空的"):
        await clean(b"")


# --- the process apart --------------------------------------------------------------------------------------------


async def test_the_process_apart_says_the_same() -> None:
    sent = photo(size=(900, 600))
    picture = await clean(sent)
    assert (list(picture.pages), picture.thumb) == (clean_here(sent).pages, clean_here(sent).thumb)
    with pytest.raises(PictureRefused) as refused:
        await clean(b"<html>")
    assert refused.value.reason == "program"
    assert len((await clean(pdf(3))).pages) == 3


async def test_a_decoder_that_breaks_or_hangs_breaks_nothing_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "pictures.py"
    monkeypatch.setattr(cleaning, "_PROGRAM", program)
    monkeypatch.setattr(cleaning, "_SECONDS_MAX", 1)
    for trouble in (
        "import os; os.abort()",
        "import time; time.sleep(60)",
        "print('no json')",
        "1/0",
        "while True: print('x' * 65536)",
    ):
        program.write_text(trouble)
        with pytest.raises(PictureRefused, match="打不开"):
            await clean(photo())


async def test_every_kind_is_cleaned_where_nothing_can_be_opened() -> None:
    """Whatever a decoder loads late would be missing there."""
    import pillow_heif

    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "手机"
    apple = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (600, 400), (30, 90, 200))).save(apple, format="HEIF", exif=exif.tobytes())
    note = PngInfo()
    note.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>", zip=True)
    note.add_text("Comment", "é" * 40)
    for body in (
        photo(exif=exif.tobytes(), xmp=b"<x:xmpmeta/>", icc_profile=b"profile of somebody" * 9),
        encoded(Image.new("CMYK", (300, 200), (0, 0, 0, 60))),
        encoded(Image.effect_noise((300, 200), 60).convert("RGB"), "JPEG", progressive=True),
        photo(kind="PNG", pnginfo=note, exif=exif.tobytes()),
        encoded(Image.new("P", (300, 200)), "PNG", transparency=0),
        encoded(
            Image.new("RGB", (300, 200)), "PNG", save_all=True, append_images=[Image.new("RGB", (300, 200), "red")]
        ),
        apple.getvalue(),
        pdf(2),
    ):
        picture = await clean(body)
        assert list(picture.pages) == clean_here(body).pages
        for page in picture.pages:
            assert dict(opened(page).getexif()) == {}
            assert b"xmpmeta" not in page


@pytest.mark.parametrize(
    "answer",
    [
        b'{"pages": [5], "thumb": 5}\nhellothere',
        b'{"pages": [], "thumb": 0}\n',
        b'{"pages": [-5], "thumb": 5}\n' + photo(),
        b'{"pages": [99999999999], "thumb": 1}\n' + photo(),
        b'{"refused": "no such reason"}\n',
        b'{"refused": "too_many_pages", "seen": {"reason": "x"}}\n',
        b'{"refused": {"__class__": 1}}\n',
        b"",
    ],
)
async def test_an_answer_of_a_broken_decoder_is_not_believed(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    async def broken(_: bytes) -> bytes:
        return answer

    monkeypatch.setattr(cleaning, "_run", broken)
    with pytest.raises(PictureRefused, match="打不开"):
        await clean(photo())


async def test_the_process_knows_no_secret_and_opens_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@127.0.0.1/x")
    monkeypatch.setenv("TONGBAN_SECRETS_FILE", "/var/secret")
    (tmp_path / "secrets.json").write_text("the keys")
    program = tmp_path / "program.py"
    monkeypatch.setattr(cleaning, "_PROGRAM", program)
    own = Path(cleaning.__file__).with_name("pictures.py")
    program.write_text(
        f"""
import json, os, resource, socket, subprocess, sys
sys.path.insert(0, {str(own.parent)!r})
import pictures
held = [name for name in os.listdir("/proc/self/fd") if int(name) > 2 and os.path.exists("/proc/self/fd/" + name)]
pictures._shut_in()
def keys(): open({str(tmp_path / "secrets.json")!r})
def file(): open({str(tmp_path / "out")!r}, "w")
def network(): socket.create_connection(("127.0.0.1", 1))
def database(): socket.socket(socket.AF_UNIX)
def program(): subprocess.run(["/bin/true"])
def memory(): bytearray(4 << 30)
def limits(): resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
def root(): os.setuid(0) if os.geteuid() else None or (_ for _ in ()).throw(OSError())
refused = []
for attempt in (keys, file, network, database, program, memory, limits, root):
    try:
        attempt()
    except (OSError, MemoryError, ValueError):
        refused.append(attempt.__name__)
told = sorted(set(os.environ) - {{"LC_CTYPE"}}), refused, held, [n for n in sys.modules if n.startswith("tongban")]
print(json.dumps({{"refused": "unreadable", "seen": {{"told": repr(told)}}}}))
"""
    )
    answer = await cleaning._run(photo())
    attempts = "'keys', 'file', 'network', 'database', 'program', 'memory', 'limits', 'root'"
    assert f"['LC_ALL', 'PATH'], [{attempts}], [], []".encode() in answer


def test_the_program_runs_alone() -> None:
    """Nothing of the product is imported into the process that decodes."""
    source = Path(cleaning.__file__).with_name("pictures.py").read_text(encoding="utf-8")
    assert "import tongban" not in source
    assert "from tongban" not in source
