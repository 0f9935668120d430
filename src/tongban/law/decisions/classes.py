"""What a bill needs to know before it can be computed: where, in which price class, by which way."""

from datetime import date

from tongban.kernel.vocabulary import FilingKind, InstitutionLevel, InsuranceType, Locality, PriceClass, Situation
from tongban.law.decisions.answer import stated, unknown, yes_no
from tongban.law.model import BenefitPath, Undetermined, UsedValue
from tongban.law.pack import Pack
from tongban.law.tables import HOSPITAL_LEVELS, UNDETERMINED


def locality(insured_pool: str, treatment_pool: str, insured_province: str, treatment_province: str) -> Locality:
    """Where care is given, seen from the insured pool. 兵团 counts as a province of its own: its codes say so."""
    if insured_pool == treatment_pool:
        return Locality.SAME_POOL
    return Locality.IN_PROVINCE if insured_province == treatment_province else Locality.CROSS_PROVINCE


def price_class(
    pack: Pack, hospital_level: str, in_county: bool, on: date, insured_pool: str = ""
) -> PriceClass | Undetermined:
    """The price class of a hospital from its level code (01 to 11, empty if unknown) and whether it is a county's.

    The classes are the insured province's words, also for a hospital elsewhere; `insured_pool` says whose words to use
    and may be left out while the law of one province only is loaded.
    """
    pool = insured_pool or pack.only_province()
    level = hospital_level if hospital_level in HOSPITAL_LEVELS else "unknown"
    row = pack.row(pool, "price_class", (level, yes_no(in_county)), on)
    if row and row.outcome != UNDETERMINED:
        return PriceClass(row.outcome)
    return unknown(pack, pool, "医院属于第几类", row.sentence if row else "")


_FILED_AS = {
    Situation.LONG_TERM: "long_term",
    Situation.REFERRAL: "referral",
    Situation.OWN_CHOICE: "unreferred",
}


def benefit_path(
    pack: Pack,
    insured_pool: str,
    insurance_type: InsuranceType,
    locality: Locality,
    filing_kind: FilingKind | None,
    is_emergency: bool,
    is_referred: bool,
    on: date,
    treatment_pool: str = "",
) -> BenefitPath | Undetermined:
    """By which way a bill is settled, from the filing valid on the day of admission and the hospital's marks.

    A long-term filing goes before a referral, a referral before the emergency mark. Where a pool pays emergencies
    better than referrals, the caller asks twice, with and without the filing, and takes what serves the person best.
    `treatment_pool` may be left out; a few places have a rule of their own (忻州 to 太原).
    """
    inputs = (
        insurance_type,
        locality,
        _FILED_AS[filing_kind.situation] if filing_kind else "none",
        yes_no(is_emergency),
        yes_no(is_referred),
    )
    row = pack.row(insured_pool, "benefit_path", inputs, on, treatment_pool)
    if row and row.outcome != UNDETERMINED:
        return BenefitPath(row.outcome)
    return unknown(pack, insured_pool, "这次看病按哪一种办法算", row.sentence if row else "")


def pooled_benefit_in_arrears(
    pack: Pack, insured_pool: str, insurance_type: InsuranceType, on: date
) -> UsedValue | Undetermined:
    """Whether the pooled fund pays while contributions are owed: value 1 or 0, with its sources."""
    used = pack.value(insured_pool, "pooled_benefit_in_arrears", (insurance_type,), on)
    return used if used is not None else unknown(pack, insured_pool, f"{insurance_type.zh}欠缴期间能不能报")


# The national level codes: three grades and a special one in each of three levels.
_LEVELS = {
    **dict.fromkeys(("01", "02", "03", "04"), InstitutionLevel.LEVEL_3),
    **dict.fromkeys(("05", "06", "07"), InstitutionLevel.LEVEL_2),
    **dict.fromkeys(("08", "09", "10"), InstitutionLevel.LEVEL_1),
}


def institution_level(hospital_level: str) -> InstitutionLevel | None:
    """一级, 二级 or 三级 from a hospital's level code; None if it has no level (11) or none is known."""
    return _LEVELS.get(hospital_level)


def class_b_drug_preselfpay(
    pack: Pack, treatment_pool: str, insurance_type: InsuranceType, on: date
) -> UsedValue | Undetermined:
    """Which part of class-B drugs (basis points) the person pays before anything else, where the item itself says none.

    The treating region's law: what the catalogue pays is decided there, not in the insured region.
    """
    return stated(pack, treatment_pool, "class_b_drug_preselfpay", (insurance_type,), on)
