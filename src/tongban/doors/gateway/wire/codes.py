"""The code tables: values of the interface and ours, both ways."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from tongban.doors.gateway.errors import CodeUnknown
from tongban.kernel.vocabulary import CareKind, CatalogClass, DeliveryKind, InsuranceType, Locality, PersonnelCategory
from tongban.people import CredentialKind, PaymentState
from tongban.settlement import Delivery

RESIDENT_ID_CERTIFICATE: Final = "01"
ITEM_BY_ITEM_CLEARING: Final = "1"
PRICE_WITHOUT_CAP: Final = msgspec.Raw(b"999999")

INSURANCE_CODES: Final[Mapping[InsuranceType, str]] = MappingProxyType(
    {InsuranceType.EMPLOYEE: "310", InsuranceType.RESIDENT: "390"}
)

# The former rural and urban schemes are one by now; hospitals still send their codes.
_INSURANCE_OF: Final = {code: kind for kind, code in INSURANCE_CODES.items()} | {
    "380": InsuranceType.RESIDENT,
    "391": InsuranceType.RESIDENT,
}

CATEGORY_CODES: Final[Mapping[PersonnelCategory, str]] = MappingProxyType(
    {
        PersonnelCategory.ACTIVE: "11",
        PersonnelCategory.RETIRED: "12",
        PersonnelCategory.MINOR: "14",
        PersonnelCategory.ADULT: "15",
        PersonnelCategory.ELDER: "16",
    }
)

# 停保 is a paused enrollment. An employer in arrears leaves it standing: the account pays on, the law decides the rest.
INSURANCE_STATE_CODES: Final[Mapping[PaymentState, str]] = MappingProxyType(
    {PaymentState.PAID: "1", PaymentState.ARREARS: "1", PaymentState.STOPPED: "2"}
)

CREDENTIAL_CODES: Final[Mapping[str, CredentialKind | None]] = MappingProxyType(
    {"01": CredentialKind.MEDICAL_CODE, "02": None, "03": CredentialKind.CARD}
)

CATALOG_CLASS_CODES: Final[Mapping[CatalogClass, str]] = MappingProxyType(
    {CatalogClass.A: "01", CatalogClass.B: "02", CatalogClass.C: "03"}
)

CLEARING_CODES: Final[Mapping[CareKind, str]] = MappingProxyType(
    {CareKind.OUTPATIENT: "11", CareKind.CHRONIC: "14", CareKind.INPATIENT: "21", CareKind.PHARMACY: "41"}
)

PLACE_CODES: Final[Mapping[Locality, str]] = MappingProxyType(
    {Locality.SAME_POOL: "2", Locality.IN_PROVINCE: "3", Locality.CROSS_PROVINCE: "4"}
)


class CareType(NamedTuple):
    """A `med_type`: the kind of care it is, and whether it is by its name a care of injuries, an emergency, or for a
    birth."""

    kind: CareKind
    zh: str
    is_trauma: bool = False
    is_emergency: bool = False
    is_birth: bool = False


CARE_TYPES: Final[Mapping[str, CareType]] = MappingProxyType(
    {
        "11": CareType(CareKind.OUTPATIENT, "普通门诊"),
        "12": CareType(CareKind.OUTPATIENT, "门诊挂号"),
        "13": CareType(CareKind.OUTPATIENT, "急诊", is_emergency=True),
        "14": CareType(CareKind.CHRONIC, "门诊慢特病"),
        "19": CareType(CareKind.OUTPATIENT, "意外伤害门诊", is_trauma=True),
        "9903": CareType(CareKind.OUTPATIENT, "意外伤害门诊", is_trauma=True),
        "21": CareType(CareKind.INPATIENT, "普通住院"),
        "2101": CareType(CareKind.INPATIENT, "普通住院"),
        "22": CareType(CareKind.INPATIENT, "外伤住院", is_trauma=True),
        "23": CareType(CareKind.INPATIENT, "转外诊治住院"),
        "24": CareType(CareKind.INPATIENT, "急诊转住院"),
        "25": CareType(CareKind.INPATIENT, "异地住院"),
        "41": CareType(CareKind.PHARMACY, "定点药店购药"),
        "51": CareType(CareKind.OUTPATIENT, "生育门诊", is_birth=True),
        "52": CareType(CareKind.INPATIENT, "生育住院", is_birth=True),
    }
)

# 5 流产, 6 引产, 7 产前检查 and 9 其他 are sent too: no quota is known for them, nor for any other code.
DELIVERY_CODES: Final[Mapping[str, DeliveryKind]] = MappingProxyType(
    {
        "1": DeliveryKind.NATURAL,
        "2": DeliveryKind.ASSISTED,
        "3": DeliveryKind.CAESAREAN,
        "4": DeliveryKind.DIFFICULT,
    }
)


class Fund(NamedTuple):
    code: str
    zh: str


POOLED_FUNDS: Final[Mapping[InsuranceType, Fund]] = MappingProxyType(
    {
        InsuranceType.EMPLOYEE: Fund("310100", "职工基本医疗保险统筹基金"),
        InsuranceType.RESIDENT: Fund("390100", "城乡居民基本医疗保险基金"),
    }
)

# For employees it is the subsidy for large expenses that takes the critical-illness place.
CRITICAL_ILLNESS_FUNDS: Final[Mapping[InsuranceType, Fund]] = MappingProxyType(
    {
        InsuranceType.EMPLOYEE: Fund("330100", "大额医疗费用补助基金"),
        InsuranceType.RESIDENT: Fund("390200", "城乡居民大病医疗保险基金"),
    }
)

ASSISTANCE_FUND: Final = Fund("610100", "医疗救助基金")
ACCOUNT_FUND: Final = Fund("310200", "职工个人账户")


def insurance_of(code: str) -> InsuranceType:
    kind = _INSURANCE_OF.get(code)
    if kind is None:
        raise CodeUnknown(f"险种 insutype 是 {code[:10]}，这里只能结算 310（职工医保）和 390（居民医保）")
    return kind


def care_type_of(code: str) -> CareType:
    care = CARE_TYPES.get(code)
    if care is None:
        known = "、".join(f"{key} {value.zh}" for key, value in CARE_TYPES.items() if len(key) == 2)
        raise CodeUnknown(f"医疗类别 med_type 是 {code[:10]}，还不能结算。可以用：{known}")
    return care


def delivery_of(code: str) -> Delivery | None:
    """How a child was born; None when nothing was sent. Two-digit codes are sent too."""
    if not code:
        return None
    plain = code.lstrip("0") or "0"
    return Delivery(plain, DELIVERY_CODES.get(plain))


def credential_of(code: str) -> CredentialKind | None:
    """The credential's kind; None for a resident ID number. One-digit codes are sent too."""
    padded = code.zfill(2)
    if padded not in CREDENTIAL_CODES:
        raise CodeUnknown(
            f"就诊凭证类型 mdtrt_cert_type 是 {code[:10]}，只能是 01（医保码）、02（居民身份证）、03（社会保障卡）"
        )
    return CREDENTIAL_CODES[padded]


def sex_code(*, is_male: bool) -> str:
    return "1" if is_male else "2"


def flag(value: bool) -> str:
    return "1" if value else "0"


def hospital_level_code(level: str) -> str:
    """Levels are kept with two digits and sent without the leading zero; unknown is 11 (无等级)."""
    return level.lstrip("0") or "11"
