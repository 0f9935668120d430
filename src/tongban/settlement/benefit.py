"""Which of the person's filings serves best, and what the law then says of the bill. Pure but for the law's own caches.

The filing must be in force on the day of admission (the store asks for those only); the hospital's emergency mark
counts as filed. Every way that is open is assessed, and the one that leaves the person the least is taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tongban import law
from tongban.directory import Regions
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import (
    CareKind,
    ChronicDisease,
    Confidence,
    DeliveryKind,
    FilingKind,
    InstitutionLevel,
    Locality,
    MedicationScheme,
    PersonnelCategory,
    Situation,
)
from tongban.law import AccountReason, BenefitPath, ChronicSettlement, FilingOutcome, Pack, YearTotals
from tongban.settlement.errors import (
    DeliveryUntold,
    DiseaseNotDirect,
    DiseaseUntold,
    FilingNeeded,
    InstitutionNotChosen,
    NotRecognised,
    Undetermined,
)
from tongban.settlement.model import Encounter
from tongban.settlement.store_settle import Bill, RecognisedDisease
from tongban.settlement.visits import ARREARS

# Who is entitled to more comes first. While the law is silent about a better way, a lesser one is not taken in its
# place: that would be a guess to the person's cost.
_RANK = {
    BenefitPath.HOME: 0,
    BenefitPath.LONG_TERM: 0,
    BenefitPath.REFERRAL: 1,
    BenefitPath.EMERGENCY: 1,
    BenefitPath.OWN_CHOICE: 2,
}
_RANK_OF_SITUATION = {
    Situation.LONG_TERM: 0,
    Situation.REFERRAL: 1,
    Situation.EMERGENCY: 1,
    Situation.OWN_CHOICE: 2,
}
_MUST_BE_FILED = (FilingOutcome.MUST_FILE, FilingOutcome.HOSPITAL_FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the funds pay of a bill and on which filing that rests. `record` is stored and explained later."""

    filing_serial: int | None
    deductible_fen: Fen
    rate_bp: int
    pooled_fund_fen: Fen
    critical_illness_fen: Fen
    medical_assistance_fen: Fen
    person_share_fen: Fen
    year_delta: YearTotals
    confidence: Confidence
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of looking at the visit: with a filing, or with the hospital's marks alone."""

    filing_kind: FilingKind | None
    filing_serial: int | None
    is_emergency: bool
    is_referred: bool


def judge(pack: Pack, regions: Regions, bill: Bill, category: PersonnelCategory, settled_on: date) -> Verdict:
    """Raises Undetermined when the law is silent, FilingNeeded when no way is open without filing first, DeliveryUntold
    for a birth whose kind is not known; for a chronic disease also DiseaseUntold, NotRecognised, InstitutionNotChosen
    and DiseaseNotDirect."""
    encounter = bill.encounter
    place = _locality(regions, encounter)
    if encounter.care_kind is CareKind.PHARMACY:
        return _account_only(pack, bill, category, settled_on, place, AccountReason.PHARMACY)
    if bill.payment_state == ARREARS:
        paying = law.pooled_benefit_in_arrears(
            pack, encounter.insured_pool, encounter.insurance_type, encounter.admitted_on
        )
        if isinstance(paying, law.Undetermined):
            raise _refuse(paying)
        if not paying.value:
            return _account_only(pack, bill, category, settled_on, place, AccountReason.ARREARS)
    if encounter.care_kind is CareKind.CHRONIC:
        return _best(pack, bill, place, _chronic(pack, bill, category, settled_on, place))
    rule = _birth if encounter.is_birth else _ordinary
    return _best(pack, bill, place, rule(pack, bill, category, settled_on, place))


def _best(pack: Pack, bill: Bill, place: Locality, assess: Callable[[BenefitPath], law.Assessment]) -> Verdict:
    encounter = bill.encounter
    found: list[tuple[_Way, BenefitPath, law.Assessment]] = []
    silent: list[tuple[int, law.Undetermined]] = []
    unfiled: FilingNeeded | None = None
    assessed: dict[BenefitPath, law.Assessment] = {}
    for way in _ways(bill, place):
        path = law.benefit_path(
            pack,
            encounter.insured_pool,
            encounter.insurance_type,
            place,
            way.filing_kind,
            way.is_emergency,
            way.is_referred,
            encounter.admitted_on,
            encounter.treatment_pool,
        )
        if isinstance(path, law.Undetermined):
            silent.append((_rank_of(way), path))
            continue
        closed = _closed(pack, bill, way, path, place)
        if isinstance(closed, law.Undetermined):
            silent.append((_rank_of(way), closed))
            continue
        if closed is not None:
            unfiled = unfiled or closed
            continue
        if path not in assessed:
            assessed[path] = assess(path)
        assessment = assessed[path]
        if assessment.undetermined is not None:
            silent.append((_RANK[path], assessment.undetermined))
        else:
            found.append((way, path, assessment))
    silent.sort(key=lambda pair: pair[0])
    if not found:
        raise _refuse(silent[0][1]) if silent else _none_open(unfiled)
    way, path, assessment = min(found, key=_least_for_the_person)
    if silent and silent[0][0] < _RANK[path]:
        raise _refuse(silent[0][1])
    return _verdict(way.filing_serial, assessment)


def _ways(bill: Bill, place: Locality) -> list[_Way]:
    """Every filing that covers the visit, each kind once, and the visit as it is without any."""
    encounter = bill.encounter
    if place is Locality.SAME_POOL:
        return [_Way(None, None, is_emergency=encounter.is_emergency, is_referred=encounter.is_referral_mark)]
    kinds: dict[FilingKind, int] = {}
    for filing in bill.filings:
        if filing.is_candidate:
            kinds.setdefault(filing.kind, filing.filing_serial)
    ways = [_Way(kind, serial, encounter.is_emergency, encounter.is_referral_mark) for kind, serial in kinds.items()]
    ways.append(_Way(None, None, encounter.is_emergency, encounter.is_referral_mark))
    if encounter.is_referral_mark:
        # A referral the hospital only marks may need a filing; the visit can still be settled as if unreferred.
        ways.append(_Way(None, None, encounter.is_emergency, is_referred=False))
    return ways


def _rank_of(way: _Way) -> int:
    if way.filing_kind is not None:
        return _RANK_OF_SITUATION[way.filing_kind.situation]
    return 1 if way.is_emergency or way.is_referred else 2


def _closed(
    pack: Pack, bill: Bill, way: _Way, path: BenefitPath, place: Locality
) -> FilingNeeded | law.Undetermined | None:
    """Why this way is closed, or that nobody says whether it is; None when it is open."""
    if bill.encounter.care_kind is CareKind.CHRONIC:
        return _chronic_closed(pack, bill.encounter, way, path, place)
    return _filing_needed(pack, bill.encounter, way, path, place)


def _filing_needed(
    pack: Pack, encounter: Encounter, way: _Way, path: BenefitPath, place: Locality
) -> FilingNeeded | None:
    """Why this way is closed to somebody who has not filed; None when it is open."""
    if way.filing_kind is not None or path is BenefitPath.HOME:
        return None
    decision = law.decide_filing(
        pack,
        law.FilingQuestion(
            encounter.insured_pool,
            encounter.insurance_type,
            place,
            Situation(path),
            encounter.care_kind,
            encounter.admitted_on,
            encounter.treatment_pool,
        ),
    )
    if decision.outcome not in _MUST_BE_FILED:
        return None
    return _not_filed(decision.sentence)


def _not_filed(rule: str) -> FilingNeeded:
    return FilingNeeded(f"{rule}没有查到这次就诊有效的备案，请先办备案再结算，或先付费、回参保地报销")


def _ordinary(
    pack: Pack, bill: Bill, category: PersonnelCategory, settled_on: date, place: Locality
) -> Callable[[BenefitPath], law.Assessment]:
    """What an ordinary stay or visit comes to by each way."""
    encounter, split, year = bill.encounter, bill.split, bill.year
    price_class = law.price_class(
        pack, bill.hospital_level or "", bill.in_county, settled_on, insured_pool=encounter.insured_pool
    )
    if isinstance(price_class, law.Undetermined):
        raise _refuse(price_class)

    def assess(path: BenefitPath) -> law.Assessment:
        shared = (encounter.insured_pool, encounter.insurance_type, category, place, path, price_class)
        days = (encounter.admitted_on, settled_on)
        if encounter.care_kind is CareKind.INPATIENT:
            stay = law.InpatientCase(*shared, *days, split.total_fen, *split)
            return law.assess_inpatient(pack, law.inpatient_after(stay, year))
        visit = law.OutpatientCase(*shared, *days, split.total_fen, *split)
        return law.assess_outpatient(pack, law.outpatient_after(visit, year))

    return assess


def _birth(
    pack: Pack, bill: Bill, category: PersonnelCategory, settled_on: date, place: Locality
) -> Callable[[BenefitPath], law.Assessment]:
    """What a stay for giving birth comes to by each way: its quota, whatever else was paid that year."""
    encounter, split = bill.encounter, bill.split
    delivery, level = _delivery_and_level(pack, bill)

    def assess(path: BenefitPath) -> law.Assessment:
        return law.assess_maternity(
            pack,
            law.MaternityCase(
                encounter.insured_pool,
                encounter.insurance_type,
                category,
                place,
                path,
                delivery,
                level,
                encounter.admitted_on,
                settled_on,
                split.total_fen,
                *split,
            ),
        )

    return assess


def _chronic(
    pack: Pack, bill: Bill, category: PersonnelCategory, settled_on: date, place: Locality
) -> Callable[[BenefitPath], law.Assessment]:
    """What a visit for a recognised disease comes to by each way: that disease's own year, whatever else was paid."""
    encounter, split = bill.encounter, bill.split
    recognised = _recognised(pack, bill)
    _require_chosen(pack, encounter, recognised, place)
    disease = _disease_word(recognised.disease)
    year = bill.year_of_diseases.get(disease, law.DiseaseTotals())

    def assess(path: BenefitPath) -> law.Assessment:
        visit = law.ChronicCase(
            encounter.insured_pool,
            encounter.insurance_type,
            category,
            place,
            path,
            disease,
            encounter.admitted_on,
            settled_on,
            split.total_fen,
            *split,
        )
        return law.assess_chronic(pack, law.chronic_after(visit, year))

    return assess


def _recognised(pack: Pack, bill: Bill) -> RecognisedDisease:
    """What the person is recognised for and this visit is about."""
    encounter, ask = bill.encounter, pack.agency(bill.encounter.insured_pool)
    code = encounter.disease_code
    if not code:
        raise DiseaseUntold(
            "门诊慢特病按病种报，还不知道这次看的是哪一种。没有扣任何钱："
            "请先在 2203 里上传病种编码 dise_codg，患者认定过哪些病种可以用 5301 查，再结算"
        )
    for each in bill.recognised:
        if law.is_same_disease(pack, encounter.insured_pool, each.disease_code, code, encounter.admitted_on):
            return each
    others = "、".join(each.disease_code for each in bill.recognised)
    known = f"那天有效的认定是 {others}" if others else "那天没有一条有效的认定"
    raise NotRecognised(
        f"病种 {code[:20]} 没有认定记录，{known}。没有扣任何钱：编码传错了请改对；"
        f"还没认定的，请患者在参保地申请慢特病认定，这次先付费。怎么报请问{ask}"
    )


def _require_chosen(pack: Pack, encounter: Encounter, recognised: RecognisedDisease, place: Locality) -> None:
    """Nothing to ask where this is a chosen institution, nor where none was chosen and none need be."""
    if recognised.has_this_one:
        return
    bound = law.is_bound_to_institutions(pack, encounter.insured_pool, place, encounter.admitted_on)
    if isinstance(bound, law.Undetermined):
        if recognised.institutions:
            raise _refuse_undetermined(
                "这家医院不是认定时选的医院，别的医院能不能结算没有查到", bound.ask, bound.missing
            )
        return
    if bound.value:
        raise InstitutionNotChosen(
            "参保地只在选定的医院报这个病，患者没有选这一家。没有扣任何钱："
            "请患者到选定的医院看，或者在“慢特病”里申请改医院，改好以后再结算"
        )


def _disease_word(word: str) -> ChronicDisease | MedicationScheme:
    return MedicationScheme(word) if word in tuple(MedicationScheme) else ChronicDisease(word)


def _chronic_closed(
    pack: Pack, encounter: Encounter, way: _Way, path: BenefitPath, place: Locality
) -> FilingNeeded | law.Undetermined | None:
    """What stands against settling a recognised disease there by this way. Raises DiseaseNotDirect."""
    if way.filing_kind is not None:
        situation = way.filing_kind.situation
    else:
        situation = Situation.OWN_CHOICE if path is BenefitPath.HOME else Situation(path)
    decision = law.chronic_settlement(
        pack,
        law.ChronicQuestion(
            encounter.insured_pool,
            place,
            situation,
            encounter.disease_code,
            is_recognised=True,
            is_filed=way.filing_kind is not None,
            on=encounter.admitted_on,
        ),
    )
    match decision.outcome:
        case ChronicSettlement.DIRECT:
            return None
        case ChronicSettlement.FILE_FIRST:
            return _not_filed(decision.sentence)
        case ChronicSettlement.UNDETERMINED:
            return law.Undetermined(decision.sentence, ("慢特病能不能直接结算",), decision.ask)
        case _:
            raise DiseaseNotDirect(
                f"{decision.sentence.rstrip('。')}。没有扣任何钱：请先付费，留好发票、费用清单和病历"
            )


def _delivery_and_level(pack: Pack, bill: Bill) -> tuple[DeliveryKind, InstitutionLevel]:
    """What a quota is found by, or why none can be."""
    encounter, ask = bill.encounter, pack.agency(bill.encounter.insured_pool)
    if encounter.care_kind is not CareKind.INPATIENT:
        raise _refuse_undetermined("生育门诊（产前检查）怎么报，没有查到规定", ask, ("产前检查报多少",))
    if encounter.delivery is None:
        raise DeliveryUntold(
            "生孩子住院按分娩方式报，还不知道这次是哪一种。没有扣任何钱："
            "请先在出院办理（2402）里上传生育类别 matn_type，1 正常产、2 助娩产、3 剖宫产、4 难产，再结算；"
            "入院办理（2401）时已经知道的，也可以当时就传"
        )
    if encounter.delivery.kind is None:
        raise _refuse_undetermined(f"生育类别 {encounter.delivery.code} 报多少，没有查到规定", ask, ("生育医疗费定额",))
    level = law.institution_level(bill.hospital_level or "")
    if level is None:
        raise _refuse_undetermined("不知道这家医院是几级，没法确定按哪个生育定额报", ask, ("医院等级",))
    return encounter.delivery.kind, level


def _least_for_the_person(found: tuple[_Way, BenefitPath, law.Assessment]) -> tuple[int, bool, int, int]:
    """Least own share first; at a tie what was filed, then the better entitlement, then the older filing."""
    way, path, assessment = found
    assert assessment.breakdown is not None
    return (
        assessment.breakdown.person_share_fen,
        way.filing_serial is None,
        _RANK[path],
        way.filing_serial or 0,
    )


def _verdict(filing_serial: int | None, assessment: law.Assessment) -> Verdict:
    breakdown = assessment.breakdown
    assert breakdown is not None
    return Verdict(
        filing_serial=filing_serial,
        deductible_fen=breakdown.deductible_fen,
        rate_bp=breakdown.final_rate_bp,
        pooled_fund_fen=breakdown.pooled_fund_fen,
        critical_illness_fen=breakdown.critical_illness_fen,
        medical_assistance_fen=breakdown.medical_assistance_fen,
        person_share_fen=breakdown.person_share_fen,
        year_delta=law.added_by(breakdown),
        confidence=assessment.confidence,
        record=assessment.record(),
    )


def _account_only(
    pack: Pack, bill: Bill, category: PersonnelCategory, settled_on: date, place: Locality, reason: AccountReason
) -> Verdict:
    """A purchase at a pharmacy, or contributions in arrears: the funds pay nothing, the personal account may."""
    encounter, split = bill.encounter, bill.split
    assessment = law.assess_account_only(
        pack,
        law.AccountOnlyCase(
            reason,
            encounter.insured_pool,
            encounter.insurance_type,
            category,
            encounter.admitted_on,
            settled_on,
            split.total_fen,
            *split,
            locality=place,
            treatment_pool=encounter.treatment_pool,
        ),
    )
    if assessment.undetermined is not None:
        raise _refuse(assessment.undetermined)
    return _verdict(None, assessment)


def _locality(regions: Regions, encounter: Encounter) -> Locality:
    insured, treatment = regions.get(encounter.insured_pool), regions.get(encounter.treatment_pool)
    if insured is None or treatment is None:
        raise _refuse_undetermined("统筹区名录里没有参保地或就医地，不知道算不算异地", "参保地医保经办机构")
    return law.locality(insured.pool_code, treatment.pool_code, insured.province_code, treatment.province_code)


def _refuse(missing: law.Undetermined) -> Undetermined:
    return _refuse_undetermined(missing.reason, missing.ask, missing.missing)


def _refuse_undetermined(reason: str, ask: str, missing: tuple[str, ...] = ()) -> Undetermined:
    sentence = (
        f"{reason.rstrip('。')}。这次不能直接结算，没有扣任何钱：请先付费，留好发票、费用清单和病历，"
        f"回参保地报销。怎么报请问{ask}"
    )
    return Undetermined(sentence, ask=ask, missing=missing, reason=reason.rstrip("。"))


def _none_open(unfiled: FilingNeeded | None) -> FilingNeeded:
    assert unfiled is not None, "the way without a filing always ends in one of the three lists"
    return unfiled
