"""From lines of print to proposed fields; and, where the reader is installed, from a printed bill to them."""

import subprocess
import sys
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pylopdf_fonts_zh_cn as fonts
import pytest
from materials_kit import LI, WANG, Desk
from pictures_kit import encoded
from PIL import Image, ImageDraw, ImageFont

from tongban import materials
from tongban.doors.worker import ocr, papers
from tongban.materials import Line, MaterialKind
from tongban.materials.reading import fields_of

TODAY = date(2026, 11, 22)
BILL = (
    "山西省医疗住院收费票据（电子）",
    "票据代码：14060125    票据号码：0012345678",
    "交款人：王秀英    开票日期：2026-11-18",
    "医疗机构：北京协和医院",
    "入院日期：2026年11月12日  出院日期：2026年11月18日",
    "金额合计（大写）叁万捌仟陆佰元整  （小写）38,600.00",
)
READ = {
    "invoice_no": "0012345678",
    "invoiced_on": "2026-11-18",
    "amount": "38600.00",
    "hospital": "北京协和医院",
    "patient_name": "王秀英",
    "admitted_on": "2026-11-12",
    "discharged_on": "2026-11-18",
}


def read(*lines: str, kind: MaterialKind = MaterialKind.INVOICE, confidence: float = 0.99) -> dict[str, str]:
    return {name: field.text for name, field in fields_of([Line(x, confidence) for x in lines], kind, TODAY).items()}


def test_a_bill_is_read_into_its_fields() -> None:
    assert read(*BILL) == READ
    fields = fields_of([Line(text, 0.97) for text in BILL], MaterialKind.INVOICE, TODAY)
    assert {field.confidence_percent for field in fields.values()} == {97}


def test_what_the_reader_is_not_sure_of_is_left_to_the_person() -> None:
    assert read(*BILL, confidence=0.8) == {}


@pytest.mark.parametrize("words", ["叁万捌仟陆佰元整", "叁万捌仟陆佰圆整", "叁万捌仟陆佰圆正"])
def test_an_amount_that_disagrees_with_its_capitals_is_left_out(words: str) -> None:
    right = [line.replace("叁万捌仟陆佰元整", words) for line in BILL]
    assert read(*right) == READ
    wrong = [line.replace("38,600.00", "38,000.00") for line in right]
    assert read(*wrong) == {name: text for name, text in READ.items() if name != "amount"}


@pytest.mark.parametrize(
    ("line", "kind", "expected"),
    [
        ("公民身份号码 140105199001010010", MaterialKind.ID_CARD_FRONT, {}),
        ("公民身份号码11010519491231002X", MaterialKind.ID_CARD_FRONT, {"id_number": "11010519491231002X"}),
        ("姓 名 王秀英", MaterialKind.ID_CARD_FRONT, {"patient_name": "王秀英"}),
        ("姓名：李静 性别：女 年龄：41岁", MaterialKind.DISCHARGE_RECORD, {"patient_name": "李静"}),
        ("太原市中心医院出院小结", MaterialKind.DISCHARGE_RECORD, {"hospital": "太原市中心医院"}),
        ("出院时间：2027-01-02", MaterialKind.DISCHARGE_RECORD, {}),
        ("出院时间：2026-13-02", MaterialKind.DISCHARGE_RECORD, {}),
        ("合计：￥1,234.50", MaterialKind.FEE_LIST, {"amount": "1234.50"}),
        ("合计：1,234.5", MaterialKind.FEE_LIST, {}),
        (
            "住院时间：2026-11-01至2026-11-09",
            MaterialKind.INVOICE,
            {"admitted_on": "2026-11-01", "discharged_on": "2026-11-09"},
        ),
        ("住院时间：2026-11-09至2026-11-01", MaterialKind.INVOICE, {}),
        (BILL[1], MaterialKind.DISCHARGE_RECORD, {}),
        (BILL[5], MaterialKind.VILLAGE_CERTIFICATE, {}),
    ],
)
def test_lines(line: str, kind: MaterialKind, expected: dict[str, str]) -> None:
    assert read(line, kind=kind) == expected


def printed(lines: tuple[str, ...]) -> bytes:
    font = ImageFont.truetype(str(fonts.sans_path()), 44)
    sheet = Image.new("RGB", (1600, 1000), "white")
    draw = ImageDraw.Draw(sheet)
    for row, line in enumerate(lines):
        draw.text((80, 80 + row * 130), line, font=font, fill="black")
    return encoded(sheet)


def context_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(papers, "files_from", lambda _: desk.files)
    return SimpleNamespace(
        settings=None, vault=desk.vault, pool=_Pool(desk), clock=lambda: datetime(2026, 11, 22, tzinfo=UTC)
    )


class _Pool:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def acquire(self) -> "_Pool":
        return self

    async def __aenter__(self) -> Any:
        return self._desk.db

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_a_kept_bill_is_read_once_by_the_worker_and_proposed_to_its_owner(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await desk.accept(body=printed(BILL), kind=MaterialKind.INVOICE)
    await desk.accept("出差证明", kind=MaterialKind.POSTING_CERTIFICATE)
    jobs = await desk.db.fetch("select entrypoint, payload from jobs.pgqueuer")
    assert [(row["entrypoint"], bytes(row["payload"])) for row in jobs] == [
        ("materials.read", b'{"person_id":1001,"serial":%d}' % kept.material_serial)
    ]
    assert await materials.proposal_of(desk.db, desk.vault, person_id=WANG, number=kept.number) is None
    context = context_of(desk, monkeypatch)
    ids = {"person_id": WANG, "serial": kept.material_serial}
    await papers.read_picture(context, ids)
    assert await materials.proposal_of(desk.db, desk.vault, person_id=WANG, number=kept.number) == READ
    assert await materials.proposal_of(desk.db, desk.vault, person_id=LI, number=kept.number) is None
    sealed = bytes(await desk.db.fetchval("select content_enc from materials.proposal"))
    assert "王秀英".encode() not in sealed

    def never(_: bytes) -> list[Line]:
        raise AssertionError("read twice")

    monkeypatch.setattr(ocr, "read_lines", never)
    await papers.read_picture(context, ids)
    await papers.read_picture(context, {"person_id": WANG, "serial": 999})


async def test_without_the_reader_nothing_is_proposed_and_nothing_complains(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    kept = await desk.accept(kind=MaterialKind.INVOICE)
    await papers.read_picture(context_of(desk, monkeypatch), {"person_id": WANG, "serial": kept.material_serial})
    assert await materials.proposal_of(desk.db, desk.vault, person_id=WANG, number=kept.number) is None
    assert await desk.db.fetchval("select count(*) from materials.proposal") == 0


def test_a_web_process_never_loads_the_reader() -> None:
    heavy = ("rapidocr", "onnxruntime", "obstore", "pypdfium2", "pillow_heif")
    loaded = f"import sys, tongban.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
