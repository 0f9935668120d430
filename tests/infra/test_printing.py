"""Paper says letter for letter what it was given, or is not made at all."""

import io
import threading
from pathlib import Path

import pypdfium2
import pytest
import segno

from tongban.infra import printing
from tongban.infra.printing import CannotPrint, missing_letters, pdf, png

TEMPLATE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: "test")
#set text(font: "Noto Sans SC", lang: "zh")
#data.name
#if "dot" in data.pictures [#image(bytes(data.pictures.dot), alt: "dot", width: 1cm)]
#pagebreak(weak: true)
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "paper.typ"
    path.write_text(TEMPLATE)
    return path


def text_of(made: bytes) -> str:
    document = pypdfium2.PdfDocument(made)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


@pytest.mark.parametrize("name", ["李建国", "㼆䶮龘", "阿依古丽·买买提", "𬱖𫖯𬇕", "〇一二", "Ω ①"])
def test_rare_letters_are_printed_and_can_be_copied(template: Path, name: str) -> None:
    assert name in text_of(pdf(template, {"name": name}))


def test_what_is_printed_is_never_a_command(template: Path) -> None:
    name = '#panic("x") $ * _ ` \\ ] #read("/etc/passwd")'
    assert name in text_of(pdf(template, {"name": name}))


def test_a_letter_the_font_lacks_is_refused_and_named(template: Path) -> None:
    with pytest.raises(CannotPrint, match="“𠀀”这个字"):
        pdf(template, {"rows": [["姓名", "王𠀀"]], "name": "王"})
    assert missing_letters("王𠀀\ue123王𠀀") == "𠀀\ue123"


def test_a_letter_missing_in_the_template_is_refused(template: Path) -> None:
    template.write_text(TEMPLATE + "\n#text[𠀀]")
    with pytest.raises(CannotPrint):
        pdf(template, {"name": "王"})


def test_a_font_nobody_has_is_refused(template: Path) -> None:
    template.write_text(TEMPLATE.replace("Noto Sans SC", "No Such Font"))
    with pytest.raises(CannotPrint):
        pdf(template, {"name": "王"})


def test_a_broken_template_is_refused_and_the_next_paper_is_whole(template: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.typ"
    broken.write_text("#let data = json(bytes(sys.inputs.data))\n#data.nothing")
    with pytest.raises(CannotPrint):
        pdf(broken, {"name": "王"})
    assert "王" in text_of(pdf(template, {"name": "王"}))


def test_a_paper_cannot_read_other_files(template: Path) -> None:
    template.write_text(TEMPLATE + '\n#read("../../../../../../../../etc/hostname")')
    with pytest.raises(CannotPrint):
        pdf(template, {"name": "王"})


def test_pictures_stand_on_the_paper(template: Path) -> None:
    picture = io.BytesIO()
    segno.make("任何内容").save(picture, kind="png", scale=3)
    made = pdf(template, {"name": "王"}, pictures={"dot": picture.getvalue()})
    document = pypdfium2.PdfDocument(made)
    kinds = [item.type for item in document[0].get_objects()]
    document.close()
    assert pypdfium2.raw.FPDF_PAGEOBJ_IMAGE in kinds


def test_a_picture_a_page(template: Path) -> None:
    template.write_text(TEMPLATE + "\n#pagebreak()\n二")
    pictures = png(template, {"name": "王"})
    assert len(pictures) == 2
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)


def test_many_at_once_get_each_their_own(template: Path) -> None:
    made: dict[str, str] = {}

    def print_for(name: str) -> None:
        made[name] = text_of_locked(pdf(template, {"name": name}))

    reading = threading.Lock()  # the reader is not made for threads; the printer is what is tested

    def text_of_locked(paper: bytes) -> str:
        with reading:
            return text_of(paper)

    names = [letter * 3 for letter in "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"]
    threads = [threading.Thread(target=print_for, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(name in made[name] for name in names)
    assert len(made) == 24


def test_a_font_without_a_character_map_is_refused() -> None:
    with pytest.raises(CannotPrint):
        printing._letter_groups(b"OTTO" + bytes(8))
