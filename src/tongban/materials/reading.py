"""From the lines a program read in a picture to fields, for a person to confirm. Pure. A field it is not sure of is
left out, for an empty field is typed and a wrong one is overlooked."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from tongban.kernel.capitals import fen_from_capitals
from tongban.kernel.errors import Refusal
from tongban.kernel.identifiers import parse_resident_id
from tongban.materials.model import MaterialKind

# Papers a program may read; of the others nobody needs a field.
READABLE: Final = frozenset(
    {
        MaterialKind.INVOICE,
        MaterialKind.FEE_LIST,
        MaterialKind.DISCHARGE_RECORD,
        MaterialKind.ID_CARD_FRONT,
        MaterialKind.PROXY_ID_FRONT,
    }
)
_CONFIDENCE_MIN = 0.9


class Line(NamedTuple):
    """One line of print and how sure the reader is of it, 0 to 1."""

    text: str
    confidence: float


class ReadField(NamedTuple):
    """`text` as a form takes it: dates as 2026-11-18, amounts as 38600.00. `confidence_percent` is the reader's."""

    text: str
    confidence_percent: int


_DATE = r"(\d{4})[-年/.](\d{1,2})[-月/.](\d{1,2})日?"
_AMOUNT = r"[¥￥]?(\d{1,3}(?:,\d{3})+\.\d{2}|\d+\.\d{2})"
_NAME = r"([\u4e00-\u9fff·]{2,12}?)(?=性别|年龄|开票|票据|民族|科室|科别|住院|床号|入院|出院|日期|$)"
_HOSPITAL = r"([\u4e00-\u9fff（）()]{2,30}?(?:医院|卫生院|医疗中心|卫生服务中心|诊所|疗养院))"

# Field → patterns, the surest first. Spaces and colons are gone before they are applied.
_PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice_no": (r"(?:票据|发票)号码(\d{8,20})",),
    "invoiced_on": (rf"开票日期{_DATE}",),
    "amount": (rf"小写\)?{_AMOUNT}", rf"(?:金额合计|费用合计|合计金额|总金额|费用总额|合计){_AMOUNT}"),
    "hospital": (rf"(?:医疗机构名称|医疗机构|收款单位|医院名称|就诊医院){_HOSPITAL}", rf"^{_HOSPITAL}"),
    "patient_name": (rf"(?:患者姓名|病人姓名|交款人|姓名){_NAME}",),
    "admitted_on": (rf"(?:入院日期|入院时间){_DATE}", rf"住院(?:日期|时间){_DATE}"),
    "discharged_on": (rf"(?:出院日期|出院时间){_DATE}", rf"住院(?:日期|时间)\d{{4}}\S{{4,7}}?[至到~-]{_DATE}"),
    "id_number": (r"(?:公民身份号码|身份证号码?)(\d{17}[\dXx])", r"^(\d{17}[\dXx])$"),
}
_CAPITALS = re.compile(r"大写\)?([零壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正]{2,})")

_CARD = ("patient_name", "id_number")
_FIELDS: Final[Mapping[MaterialKind, tuple[str, ...]]] = {
    MaterialKind.INVOICE: (
        "invoice_no",
        "invoiced_on",
        "amount",
        "hospital",
        "patient_name",
        "admitted_on",
        "discharged_on",
    ),
    MaterialKind.FEE_LIST: ("amount", "hospital", "patient_name", "admitted_on", "discharged_on"),
    MaterialKind.DISCHARGE_RECORD: ("hospital", "patient_name", "admitted_on", "discharged_on"),
    MaterialKind.ID_CARD_FRONT: _CARD,
    MaterialKind.PROXY_ID_FRONT: _CARD,
}


def fields_of(lines: Sequence[Line], kind: MaterialKind, today: date) -> dict[str, ReadField]:
    """The fields of a paper of that kind that could be read, surely enough and making sense on `today`."""
    found: dict[str, ReadField] = {}
    plain = [Line(_plain(line.text), line.confidence) for line in lines if line.confidence >= _CONFIDENCE_MIN]
    for name in _FIELDS.get(kind, ()):
        for pattern in _PATTERNS[name]:
            if (field := _first(plain, name, pattern, today)) is not None:
                found[name] = field
                break
    if "amount" in found and not _capitals_agree(plain, found["amount"].text):
        del found["amount"]
    if found.keys() >= {"admitted_on", "discharged_on"} and found["discharged_on"].text < found["admitted_on"].text:
        del found["admitted_on"], found["discharged_on"]
    return found


def _plain(text: str) -> str:
    """Full-width forms as the narrow ones; without spaces and colons, which readers see or miss by chance."""
    return re.sub(r"[\s:;]", "", unicodedata.normalize("NFKC", text))


def _first(lines: Sequence[Line], name: str, pattern: str, today: date) -> ReadField | None:
    for line in lines:
        match = re.search(pattern, line.text)
        if match is not None and (text := _checked(name, match, today)):
            return ReadField(text, round(line.confidence * 100))
    return None


def _checked(name: str, match: re.Match[str], today: date) -> str:
    """What a form takes; nothing for what cannot be."""
    if name.endswith("_on"):
        try:
            day = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            return ""
        return day.isoformat() if day <= today else ""
    if name == "id_number":
        try:
            return parse_resident_id(match[1], today).number
        except Refusal:
            return ""
    return match[1].replace(",", "") if name == "amount" else match[1]


def _capitals_agree(lines: Sequence[Line], amount: str) -> bool:
    """Bills say the amount twice. Where both can be read and differ, one of them was misread."""
    for line in lines:
        if (match := _CAPITALS.search(line.text)) is not None:
            try:
                # Printers of bills write 圆 and 正 as well.
                words = match[1].replace("圆", "元").replace("正", "整")
                return fen_from_capitals(words) == int(amount.replace(".", ""))
            except ValueError:
                return True
    return True
