"""The words of a material 材料: a picture of a paper, whose it is and how long it is kept."""

from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from tongban.kernel.identifiers import MATERIAL, OutsideNumber
from tongban.kernel.vocabulary import Word

MEDIA_TYPE: Final = "image/jpeg"


class MaterialKind(Word):
    """Which paper a picture shows."""

    ID_CARD_FRONT = "id_card_front", "身份证（有照片那面）"
    ID_CARD_BACK = "id_card_back", "身份证（国徽那面）"
    HOUSEHOLD_REGISTER_FIRST = "household_register_first", "户口簿首页"
    HOUSEHOLD_REGISTER_OWN = "household_register_own", "户口簿本人页"
    RESIDENCE_PERMIT = "residence_permit", "居住证或暂住证"
    VILLAGE_CERTIFICATE = "village_certificate", "街道或村里的居住证明"
    POSTING_CERTIFICATE = "posting_certificate", "单位外派证明"
    EMPLOYMENT_CERTIFICATE = "employment_certificate", "在外地就业创业的证明"
    REFERRAL_CERTIFICATE = "referral_certificate", "转诊证明"
    DIAGNOSIS_CERTIFICATE = "diagnosis_certificate", "诊断证明"
    EXAM_REPORT = "exam_report", "检查报告"
    DISCHARGE_RECORD = "discharge_record", "出院小结"
    INVOICE = "invoice", "医疗发票"
    FEE_LIST = "fee_list", "费用清单"
    PROXY_ID_FRONT = "proxy_id_front", "代办人身份证（有照片那面）"
    PROXY_ID_BACK = "proxy_id_back", "代办人身份证（国徽那面）"
    PROXY_HOUSEHOLD_REGISTER = "proxy_household_register", "代办人户口簿本人页"
    OTHER = "other", "其他材料"


# What a good picture of the paper shows; said beside every slot.
SAMPLES: Final = MappingProxyType(
    {
        MaterialKind.ID_CARD_FRONT: "四个角都在，名字和号码看得清，不反光。",
        MaterialKind.ID_CARD_BACK: "四个角都在，有效期看得清。",
        MaterialKind.HOUSEHOLD_REGISTER_FIRST: "写着户主和地址的那一页，整页都在。",
        MaterialKind.HOUSEHOLD_REGISTER_OWN: "写着本人名字的那一页，整页都在。",
        MaterialKind.RESIDENCE_PERMIT: "名字、住址和有效期看得清。",
        MaterialKind.VILLAGE_CERTIFICATE: "整张都在，公章和日期看得清。",
        MaterialKind.POSTING_CERTIFICATE: "整张都在，单位公章和日期看得清。",
        MaterialKind.EMPLOYMENT_CERTIFICATE: "整张都在，名字和日期看得清。",
        MaterialKind.REFERRAL_CERTIFICATE: "整张都在，医院的章和转去的医院看得清。",
        MaterialKind.DIAGNOSIS_CERTIFICATE: "整张都在，诊断和医院的章看得清。",
        MaterialKind.EXAM_REPORT: "整张都在，名字、日期和结果看得清。",
        MaterialKind.DISCHARGE_RECORD: "每一页都拍，入院和出院日期看得清。",
        MaterialKind.INVOICE: "一张照片只拍一张发票，号码和金额看得清。",
        MaterialKind.FEE_LIST: "每一页都拍，合计金额看得清。",
        MaterialKind.PROXY_ID_FRONT: "四个角都在，名字和号码看得清，不反光。",
        MaterialKind.PROXY_ID_BACK: "四个角都在，有效期看得清。",
        MaterialKind.PROXY_HOUSEHOLD_REGISTER: "写着代办人名字的那一页，整页都在。",
        MaterialKind.OTHER: "整张都在，字看得清。",
    }
)

# The law's codes of papers (policies/) that are called otherwise here; the rest have the kind's own name.
_KIND_OF_CODE: Final = MappingProxyType(
    {
        "household_register_cover": MaterialKind.HOUSEHOLD_REGISTER_FIRST,
        "household_register_own_page": MaterialKind.HOUSEHOLD_REGISTER_OWN,
        "temporary_residence_permit": MaterialKind.RESIDENCE_PERMIT,
        "residence_certificate": MaterialKind.VILLAGE_CERTIFICATE,
    }
)


def kind_of_code(code: str) -> MaterialKind:
    """The kind of picture that shows a paper the law names; OTHER for a paper this product has no word for yet."""
    if (kind := _KIND_OF_CODE.get(code)) is not None:
        return kind
    return MaterialKind(code) if code in set(MaterialKind) else MaterialKind.OTHER


@dataclass(frozen=True, slots=True)
class Material:
    """A picture as kept: JPEG pages, upright, without metadata.

    `person_id` is whose paper it is, `uploaded_by` who took the picture. `sha256` (hex) names the content of all its
    pages: it goes into what a person signs. `keep_until` None: handed in with nothing yet.
    """

    person_id: int
    material_serial: int
    kind: MaterialKind
    sha256: str
    pages_sha256: tuple[str, ...]
    bytes: int
    uploaded_by: int
    uploaded_at: datetime
    keep_until: date | None

    @property
    def number(self) -> str:
        return str(OutsideNumber(MATERIAL, self.person_id, self.material_serial))

    @property
    def pages(self) -> int:
        return len(self.pages_sha256)

    @property
    def media_type(self) -> str:
        return MEDIA_TYPE


class Due(NamedTuple):
    """A material that may go: its retention ended on `kept_until`, or (None) it was handed in with nothing and nobody
    wanted it for thirty days."""

    person_id: int
    material_serial: int
    kept_until: date | None
    bytes: int


class Announced(NamedTuple):
    """Which picture comes where: the sender, the draft, the slot of its page; the SHA-256 (hex) and length of it."""

    person_id: int
    draft_id: UUID
    slot: str
    sha256: str
    bytes_total: int
