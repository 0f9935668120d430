"""The plain words of the filing pages for terms of the field."""

import re
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from tongban.directory import Region, Regions
from tongban.drafts import Draft
from tongban.filing import Step
from tongban.kernel.dates import zh_date
from tongban.kernel.vocabulary import CareKind, FilingKind, Locality, Situation

TRIP: dict[Locality, str] = {
    Locality.IN_PROVINCE: "省内别的市",
    Locality.CROSS_PROVINCE: "外省",
}

CARE: dict[CareKind, str] = {
    CareKind.INPATIENT: "住院",
    CareKind.OUTPATIENT: "普通门诊",
    CareKind.CHRONIC: "慢特病门诊",
    CareKind.PHARMACY: "药店买药",
}

# Where one goes for it, and when one pays there.
COUNTER: dict[CareKind, tuple[str, str]] = {
    CareKind.INPATIENT: ("医院", "出院时"),
    CareKind.OUTPATIENT: ("医院", "看完病"),
    CareKind.CHRONIC: ("医院", "看完病"),
    CareKind.PHARMACY: ("药店", "付钱时"),
}

WHY: dict[Situation, tuple[str, str]] = {
    Situation.LONG_TERM: ("长期在那里住，或在那里工作", "比如跟子女住、退休后定居、单位派驻"),
    Situation.REFERRAL: ("本地医院让转过去", "医院开了转诊证明"),
    Situation.EMERGENCY: ("得了急病，要马上抢救", "医院会标上“急诊”"),
    Situation.OWN_CHOICE: ("自己想去那里看", "没有转诊，也不是急诊"),
}

KIND: dict[FilingKind, str] = {
    FilingKind.SETTLED_RETIREE: "退休后在那里安家，户口也迁了",
    FilingKind.LONG_TERM_RESIDENT: "长期住在那里",
    FilingKind.POSTED_WORKER: "单位派我在那里工作",
    FilingKind.SELF_EMPLOYED_WORKER: "灵活就业，在那里打工或做生意",
    FilingKind.UNREFERRED: "自己去那里住院，没有转诊",
}


def place_zh(region: Region | None, code: str = "") -> str:
    """The place as a person says it; its code where the directory no longer knows it."""
    return region.full_name if region else code


def short_name(name: str) -> str:
    """北京市 → 北京, 西藏自治区 → 西藏: as people say it in a list."""
    return "新疆兵团" if "兵团" in name else re.sub("(市|省|自治区)$", "", name)


def draft_rows(regions: Regions, drafts: Iterable[Draft]) -> list[tuple[UUID, str, date]]:
    """Unfinished drafts as lists show them: id, the place as far as it is chosen, the last day it is kept."""
    return [
        (draft.draft_id, place_zh(regions.get(draft.value(Step.PLACE, "area"))), draft.expires_on) for draft in drafts
    ]


def until_zh(last_day: date | None, stays_max: int | None) -> str:
    """Until when a filing may be used."""
    if stays_max is not None:
        return f"管 {stays_max} 次住院"
    return zh_date(last_day) if last_day else "长期有效"


def scopes_zh(scopes: frozenset[CareKind]) -> str:
    return "、".join(care.zh for care in CareKind if care in scopes)
