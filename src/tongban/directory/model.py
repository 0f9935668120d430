"""What the directory answers with."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tongban.kernel.money import BasisPoints
from tongban.kernel.vocabulary import CatalogClass, Confidence, Word

NATION = "000000"
"""The catalogue region of what the whole nation shares."""


class FilingLevel(Word):
    """How exactly a filing names the place one goes to."""

    PROVINCE = "province", "备案到省级"
    CITY = "city", "备案到市级"


@dataclass(frozen=True, slots=True)
class Region:
    """A pooling region (统筹区): where people are insured and where filings lead."""

    pool_code: str
    name: str  # 太原市
    full_name: str  # 山西省太原市
    province_code: str
    province_name: str
    filing_level: FilingLevel
    can_file_to: bool  # 省本级 insures people but is no place to go to
    pinyin: str  # taiyuan
    initials: str  # ty


@dataclass(frozen=True, slots=True)
class Province:
    """A province as the region picker shows it; `single_pool` is set where a filing ends at the province."""

    code: str
    name: str
    single_pool: Region | None


class InstitutionKind(Word):
    HOSPITAL = "hospital", "医院"
    PHARMACY = "pharmacy", "药店"


HOSPITAL_LEVELS: dict[str, str] = {
    "01": "三级特等",
    "02": "三级甲等",
    "03": "三级乙等",
    "04": "三级丙等",
    "12": "三级（未分等）",
    "05": "二级甲等",
    "06": "二级乙等",
    "07": "二级丙等",
    "13": "二级（未分等）",
    "08": "一级甲等",
    "09": "一级乙等",
    "10": "一级丙等",
    "14": "一级（未分等）",
    "11": "未定级",
    "": "等级不详",
}
"""Hospital levels by code, highest first."""

LEVEL_CLASSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "3": ("三级", ("01", "02", "03", "04", "12")),
    "2": ("二级", ("05", "06", "07", "13")),
    "1": ("一级", ("08", "09", "10", "14")),
}
"""What people call a level: the class, its name, the codes in it."""


@dataclass(frozen=True, slots=True)
class Institution:
    institution_code: str
    code_is_official: bool  # false: no public code was found, this one is ours
    name: str
    hospital_level: str  # a key of HOSPITAL_LEVELS
    kind: InstitutionKind
    specialty: str
    pool_code: str
    province_code: str
    city_code: str
    county_code: str
    in_county: bool  # in a county or county-level city, not in a city district
    settles_inpatient: bool
    settles_outpatient: bool
    connection_source: str  # who says that it is connected: 'demo' for demo data, empty when nobody does
    address: str
    phone: str

    @property
    def level_zh(self) -> str:
        return HOSPITAL_LEVELS[self.hospital_level]


@dataclass(frozen=True, slots=True)
class OpenRegion:
    """A pooling region with at least one connected institution, and how many settle what."""

    pool_code: str
    inpatient_count: int
    outpatient_count: int


class CatalogKind(Word):
    DRUG = "drug", "药品"
    SERVICE = "service", "医疗服务项目"
    CONSUMABLE = "consumable", "医用耗材"


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """A drug, service or consumable as the treating region lists it."""

    item_code: str
    catalog_region: str  # a province, or NATION
    kind: CatalogKind
    name: str
    spec: str
    catalog_class: CatalogClass
    preselfpay_bp: BasisPoints
    price_cap_microyuan: int | None  # per unit, millionths of a yuan; None: no cap
    charge_kind: str  # med_chrgitm_type
    is_restricted: bool
    confidence: Confidence
    source: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class AgencyPhone:
    pool_code: str
    phone: str
    line_name: str
    source: str


@dataclass(frozen=True, slots=True)
class ChronicDisease:
    code: str
    name: str
    major_code: str
    cross_province_disease: str  # its name in the list of ten settled across provinces, empty when not on it
    is_principal: bool  # the code that stands for its disease in that list
    code_status: str  # how well the code is known: seen, seen_code_only, inferred
    source: str


class DivisionKind(StrEnum):
    STATUTORY = "statutory"
    VIRTUAL = "virtual"
    STATISTICAL_ZONE = "statistical_zone"
    SUPERSEDED = "superseded"
