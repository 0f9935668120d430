"""The same bill by every way that makes sense: at home, living there, referred, in an emergency, or simply going."""

from dataclasses import replace
from datetime import date
from typing import Final

from tongban import law
from tongban.advice.errors import BillRefused, NothingToCompare
from tongban.advice.model import Access, Bill, Destination, Estimate, Insured, Option, TypicalBill
from tongban.advice.ways import Trip, Way, trip, way
from tongban.directory import Regions
from tongban.kernel.money import AMOUNT_MAX_FEN, Fen, yuan
from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PersonnelCategory, PriceClass, Situation
from tongban.law import Assessment, BenefitPath, Pack, Undetermined

_SITUATIONS: Final = (Situation.LONG_TERM, Situation.REFERRAL, Situation.EMERGENCY, Situation.OWN_CHOICE)
_CATEGORIES: Final = {
    InsuranceType.EMPLOYEE: (PersonnelCategory.ACTIVE, PersonnelCategory.RETIRED),
    InsuranceType.RESIDENT: (PersonnelCategory.MINOR, PersonnelCategory.ADULT, PersonnelCategory.ELDER),
}
COMPARABLE: Final = (CareKind.INPATIENT, CareKind.OUTPATIENT)
_NOT_COMPARABLE: Final = {
    CareKind.CHRONIC: "慢特病按病种报，现在还不能比。每种病一年最多报多少，还没有查全。请问参保地医保经办机构",
    CareKind.PHARMACY: "在药店买药用个人账户付，在哪里买都一样，不用比",
}


def estimate(
    pack: Pack,
    regions: Regions,
    bill: Bill,
    insured: Insured,
    destination: Destination,
    *,
    home_class: PriceClass,
    there_class: PriceClass,
    on: date,
) -> Estimate:
    """`bill` at home in a hospital of `home_class` and elsewhere in one of `there_class`, begun and settled on `on`.

    Ways that come to exactly the same are one option. Nothing is guessed: where no source gives a figure, the option
    says so in `undetermined`. Raises BillRefused, NothingToCompare, PlaceUnknown or PlaceNotGiven.
    """
    _check(bill)
    going = trip(regions, insured, destination, bill.care, on)
    home = _option(pack, going, bill, home_class, None)
    if going.locality is Locality.SAME_POOL:
        return Estimate(bill, going.locality, (home,))
    away = [_option(pack, going, bill, there_class, way(pack, going, situation)) for situation in _SITUATIONS]
    options = (home, *_folded(away))
    return Estimate(bill, going.locality, tuple(_compared(option, home.own_share_fen) for option in options))


def typical_bill(
    pack: Pack, insured_pool: str, insurance_type: InsuranceType, care: CareKind, price_class: PriceClass, on: date
) -> TypicalBill | None:
    """A bill to speak about when none is known: the nation's average stay, or an example of a visit.

    None where the policies hold none. Hospitals of the highest class are spoken of with the average of tertiary ones.
    """
    if care is CareKind.INPATIENT:
        hospitals = "tertiary" if price_class is PriceClass.CLASS_1 else "all"
        used = pack.value(insured_pool, "average_stay_cost", (insurance_type, hospitals), on)
    elif care is CareKind.OUTPATIENT:
        hospitals = ""
        used = pack.value(insured_pool, "example_visit_cost", (insurance_type,), on)
    else:
        return None
    if used is None:
        return None
    zh = f"拿一次 {yuan(used.value)} 元的门诊举例"
    if care is CareKind.INPATIENT:
        where = "在三级医院" if hospitals == "tertiary" else ""
        zh = f"全国{insurance_type.zh}{where}住院，{used.since.year} 年平均一次花 {yuan(used.value)} 元"
    lines = tuple(pack.source_line(*pair, used.confidence, used.since) for pair in used.sources)
    return TypicalBill(Bill(care, used.value), zh, lines, used.confidence)


def _check(bill: Bill) -> None:
    if bill.care not in COMPARABLE:
        raise NothingToCompare(_NOT_COMPARABLE[bill.care], field="care")
    if not 0 < bill.total_fen <= AMOUNT_MAX_FEN:
        raise BillRefused("总费用要大于 0 元，请再看一下", field="total")
    if min(bill.self_funded_fen, bill.over_price_cap_fen, bill.preselfpay_fen) < 0 or bill.in_scope_fen < 0:
        raise BillRefused("不能报的钱比总费用还多，请再看一下", field="self_funded")


def _option(pack: Pack, going: Trip, bill: Bill, price_class: PriceClass, by: Way | None) -> Option:
    """One way of settling `bill`; without `by` it is settled at home."""
    where = Locality.SAME_POOL if by is None else going.locality
    path = BenefitPath.HOME if by is None else by.path
    assessment = path if isinstance(path, Undetermined) else _assess(pack, going, bill, where, path, price_class)
    missing = assessment if isinstance(assessment, Undetermined) else assessment.undetermined
    return Option(
        locality=where,
        situations=() if by is None else (by.situation,),
        path=None if isinstance(path, Undetermined) else path,
        access=Access.OPEN if by is None else by.access,
        kinds=() if by is None else tuple(terms.kind for terms in by.kinds),
        is_filed=by is not None and by.is_filed,
        decision=None if by is None else by.decision,
        assessment=None if missing is not None or isinstance(assessment, Undetermined) else assessment,
        undetermined=missing,
    )


def _assess(
    pack: Pack, going: Trip, bill: Bill, where: Locality, path: BenefitPath, price_class: PriceClass
) -> Assessment | Undetermined:
    """Of a person whose category is not said, only what is the same for all of them."""
    insured = going.insured
    categories = (insured.category,) if insured.category is not None else _CATEGORIES[insured.insurance_type]
    first, *rest = [_assess_as(pack, going, bill, where, path, price_class, category) for category in categories]
    if first.undetermined is None and any(other.breakdown != first.breakdown for other in rest):
        who = "、".join(category.zh for category in categories)
        return Undetermined(f"{who}报得不一样，要先说清是哪一种。", ("参保身份",), pack.agency(insured.pool_code))
    return first


def _assess_as(
    pack: Pack,
    going: Trip,
    bill: Bill,
    where: Locality,
    path: BenefitPath,
    price_class: PriceClass,
    category: PersonnelCategory,
) -> Assessment:
    insured, year = going.insured, going.insured.year
    shared = (insured.pool_code, insured.insurance_type, category, where, path, price_class, going.on, going.on)
    parts = (bill.self_funded_fen, bill.over_price_cap_fen, bill.preselfpay_fen, bill.in_scope_fen)
    if bill.care is CareKind.INPATIENT:
        return law.assess_inpatient(
            pack,
            law.InpatientCase(
                *shared,
                bill.total_fen,
                *parts,
                stays_before=year.inpatient_stays,
                pooled_before_fen=year.inpatient_pooled_fen,
                borne_before_fen=year.in_scope_borne_fen,
                critical_illness_before_fen=year.critical_illness_fen,
            ),
        )
    return law.assess_outpatient(
        pack,
        law.OutpatientCase(
            *shared,
            bill.total_fen,
            *parts,
            pooled_before_fen=year.outpatient_pooled_fen,
            deductible_before_fen=year.outpatient_deductible_fen,
        ),
    )


def _folded(options: list[Option]) -> list[Option]:
    """Without ways that come to the same as simply going: a mark or a filing that changes nothing is no way of its own.

    Simply going is the last of `options`.
    """
    plain = options[-1]
    same = [option for option in options[:-1] if plain.access is Access.OPEN and _is_as_good(option, plain)]
    situations = tuple(situation for option in (*same, plain) for situation in option.situations)
    kept = [option for option in options[:-1] if option not in same]
    return [*kept, replace(plain, situations=situations)]


def _is_as_good(option: Option, plain: Option) -> bool:
    """The same working to the last figure; or the same row of the table and no figure for either."""
    if option.assessment is not None and plain.assessment is not None:
        return option.assessment.breakdown == plain.assessment.breakdown
    if option.undetermined is None or plain.undetermined is None or option.access is not Access.OPEN:
        return False
    return (
        option.decision is not None and plain.decision is not None and option.decision.row_id == plain.decision.row_id
    )


def _compared(option: Option, home_fen: Fen | None) -> Option:
    mine = option.own_share_fen
    return option if mine is None or home_fen is None else replace(option, difference_fen=mine - home_fen)
