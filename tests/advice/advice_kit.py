"""A few places and people to ask advice for."""

from datetime import date

from tongban.advice import Bill, Destination, Estimate, Insured, Question, estimate
from tongban.directory import FilingLevel, Region, Regions
from tongban.kernel.vocabulary import (
    CareKind,
    InsuranceType,
    Locality,
    PersonnelCategory,
    PriceClass,
    Situation,
)
from tongban.law import Pack

TODAY = date(2026, 11, 22)
TAIYUAN, DATONG, XINZHOU, BEIJING, TANGSHAN = "140100", "140200", "140900", "110000", "130200"

REGIONS = Regions(
    [
        Region(TAIYUAN, "太原市", "山西省太原市", "140000", "山西省", FilingLevel.CITY, True, "taiyuan", "ty"),
        Region(DATONG, "大同市", "山西省大同市", "140000", "山西省", FilingLevel.CITY, True, "datong", "dt"),
        Region(XINZHOU, "忻州市", "山西省忻州市", "140000", "山西省", FilingLevel.CITY, True, "xinzhou", "xz"),
        Region("149900", "省本级", "山西省省本级", "140000", "山西省", FilingLevel.CITY, False, "shengbenji", "sbj"),
        Region(BEIJING, "北京市", "北京市", "110000", "北京市", FilingLevel.PROVINCE, True, "beijing", "bj"),
        Region(TANGSHAN, "唐山市", "河北省唐山市", "130000", "河北省", FilingLevel.CITY, True, "tangshan", "ts"),
    ],
    {},
)

RESIDENT = Insured(TAIYUAN, InsuranceType.RESIDENT, PersonnelCategory.ADULT)
MINER = Insured(DATONG, InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE)
RETIREE = Insured(TAIYUAN, InsuranceType.EMPLOYEE, PersonnelCategory.RETIRED)
TEACHER = Insured(XINZHOU, InsuranceType.EMPLOYEE, PersonnelCategory.ACTIVE)

OTHER_PROVINCE = Destination(locality=Locality.CROSS_PROVINCE)
OTHER_CITY = Destination(locality=Locality.IN_PROVINCE)


def question(
    insured: Insured,
    destination: Destination,
    situation: Situation,
    care: CareKind = CareKind.INPATIENT,
    on: date = TODAY,
) -> Question:
    return Question(insured, destination, situation, care, on)


def compare(
    pack: Pack,
    insured: Insured,
    destination: Destination,
    bill: Bill,
    *,
    home_class: PriceClass = PriceClass.CLASS_1,
    there_class: PriceClass = PriceClass.CLASS_1,
    on: date = TODAY,
) -> Estimate:
    return estimate(pack, REGIONS, bill, insured, destination, home_class=home_class, there_class=there_class, on=on)
