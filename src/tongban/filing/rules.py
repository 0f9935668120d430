"""What the law and the records allow a filing to be. No IO, no clock: `today` is the day the filing is made."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from tongban.directory import Region, Regions
from tongban.filing.errors import (
    ContactRefused,
    DateRefused,
    EnrollmentMismatch,
    FilingNotNeeded,
    FilingUndetermined,
    HospitalFilesIt,
    KindRefused,
    PlaceRefused,
)
from tongban.filing.model import SCOPE_NUMBER, FilingAnswers, is_long_term
from tongban.kernel.contact import name_problem, phone_problem, tidy_phone
from tongban.kernel.dates import last_day_of, zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, Locality, PersonnelCategory
from tongban.law import (
    CareStage,
    Decision,
    FilingDecision,
    FilingOutcome,
    FilingQuestion,
    FilingTerms,
    FilingTermsUnknown,
    LateFiling,
    LateFilingQuestion,
    Pack,
    PlaceLevel,
    Undetermined,
    decide_filing,
    decide_late_filing,
    filing_terms,
    kinds_offered,
    locality,
    place_level,
)
from tongban.people import Enrollment

# Not law, only a guard against a slip of the finger: 2062 for 2026.
START_AHEAD_DAYS_MAX: Final = 366
_ADDRESS_LENGTH_MIN: Final = 4
_ADDRESS_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class KindDecision:
    """Why this kind may be filed: what the decision table says per kind of care, and the terms that follow."""

    decisions: tuple[tuple[CareKind, FilingDecision], ...]
    terms: FilingTerms
    late: Mapping[CareStage, Decision[LateFiling]]  # what the same filing is worth once care has begun

    @property
    def scopes(self) -> frozenset[CareKind]:
        return frozenset(care for care in self.terms.scopes if care in SCOPE_NUMBER)

    @property
    def governing(self) -> FilingDecision:
        """The one that made the filing possible: what must be filed comes before what may be."""
        return min((decision for _, decision in self.decisions), key=lambda d: _WEIGHT.get(d.outcome, 9))

    def record(self) -> dict[str, Any]:
        """JSON-able, for the archive."""
        rows = {care.value: msgspec.to_builtins(decision) for care, decision in self.decisions}
        terms = msgspec.to_builtins(self.terms, enc_hook=_plain)
        return {
            "decisions": rows,
            "terms": terms,
            "late": {stage.value: msgspec.to_builtins(made) for stage, made in self.late.items()},
        }

    def ends_on(self, starts_on: date) -> date | None:
        """The last day the policy gives a filing that begins on `starts_on`; None: open-ended."""
        return None if self.terms.months_valid is None else last_day_of(starts_on, self.terms.months_valid)


_WEIGHT = {FilingOutcome.MUST_FILE: 0, FilingOutcome.DEEMED: 1}


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    raise NotImplementedError(f"no JSON form for {type(value).__name__}")


def matching_enrollment(enrollments: Iterable[Enrollment], answers: FilingAnswers) -> Enrollment:
    """The enrollment the answers speak of.

    Raises EnrollmentMismatch, naming what the record says instead, when insured object, identity or region differ.
    """
    valid = list(enrollments)
    if not valid:
        raise EnrollmentMismatch(
            "没有查到您现在的参保记录，不能备案。请打参保地医保中心的电话问一下", field="enrollment"
        )
    for enrollment in valid:
        if (enrollment.insurance_type, enrollment.category, enrollment.pool_code) == (
            answers.insurance_type,
            answers.category,
            answers.insured_pool,
        ):
            return enrollment
    known = "、".join(f"{e.insurance_type.zh}（{e.category.zh}）" for e in valid)
    raise EnrollmentMismatch(
        f"选的参保情况和记录对不上，记录里是{known}。请按记录选，记录不对请打参保地的电话", field="enrollment"
    )


def open_region(pack: Pack, regions: Regions, pool_code: str, insured_pool: str, today: date) -> Region:
    """The region one may file to.

    Raises PlaceRefused for an unknown, a closed or the person's own region, and for one that lies on another level
    than the law files to.
    """
    region = regions.get(pool_code)
    if region is None:
        raise PlaceRefused("没有找到这个地方，请重新选就医地", field="area")
    if pool_code == insured_pool:
        raise PlaceRefused(f"{region.name}就是您的参保地，在这里看病不用备案。去别的地方请重新选", field="area")
    if not region.can_file_to:
        raise PlaceRefused(f"{region.name}还不能备案，请选您要去的城市", field="area")
    place = place_level(pack, insured_pool, region.province_code, today)
    if isinstance(place, Undetermined):
        raise PlaceRefused(place.reason, field="area")
    if place.level.value != region.filing_level.value:
        wanted = "整个省" if place.level is PlaceLevel.PROVINCE else "具体的城市"
        raise PlaceRefused(
            f"去{region.name}要备案到{wanted}，名录里还没有。请问{pack.agency(insured_pool)}", field="area"
        )
    return region


def locality_of(regions: Regions, insured_pool: str, region: Region) -> Locality:
    """Where `region` lies, seen from the insured pool."""
    insured = regions.get(insured_pool)
    insured_province = insured.province_code if insured else insured_pool[:2] + "0000"
    return locality(insured_pool, region.pool_code, insured_province, region.province_code)


def decide_kind(
    pack: Pack,
    *,
    insured_pool: str,
    insurance_type: InsuranceType,
    category: PersonnelCategory,
    treatment_pool: str,
    where: Locality,
    kind: FilingKind,
    today: date,
    by_hospital: bool = False,
) -> KindDecision:
    """What allows this kind of filing. `by_hospital`: a hospital or a window enters it, not the person.

    A filing covers several kinds of care at once, so it exists as soon as one of them has to, or may, be filed. A
    referral is never one's own to file.
    Raises KindRefused where the pool does not take this kind from such a person; HospitalFilesIt, FilingUndetermined or
    FilingNotNeeded with the decision table's own sentence.
    """
    offered = kinds_offered(pack, insured_pool, insurance_type, category, today)
    if not offered:
        raise FilingUndetermined(f"参保地能备哪几类，没有查到。请问{pack.agency(insured_pool)}", field="kind")
    if kind not in offered:
        who = f"{insurance_type.zh}（{category.zh}）"
        raise KindRefused(f"您是{who}，不能办“{kind.zh}”，请选别的一类", field="kind")
    try:
        terms = filing_terms(pack, insured_pool, kind, where, today)
    except FilingTermsUnknown as unknown:
        raise FilingUndetermined(unknown.sentence, field="kind") from unknown
    covered = sorted((care for care in terms.scopes if care in SCOPE_NUMBER), key=lambda care: SCOPE_NUMBER[care])
    decisions = tuple(
        (
            care,
            decide_filing(
                pack, FilingQuestion(insured_pool, insurance_type, where, kind.situation, care, today, treatment_pool)
            ),
        )
        for care in covered
    )
    by_outcome = {decision.outcome: decision for _, decision in reversed(decisions)}
    precedence = _PRECEDENCE_REFERRAL if kind is FilingKind.REFERRAL else _PRECEDENCE
    for outcome, refused_as in _PRECEDENCE_BY_HOSPITAL if by_hospital else precedence:
        if outcome in by_outcome:
            if refused_as is None:
                late = {
                    stage: decide_late_filing(
                        pack, LateFilingQuestion(insured_pool, stage, where, kind.situation, today, treatment_pool)
                    )
                    for stage in _BEGUN
                }
                return KindDecision(decisions, terms, late)
            raise refused_as(by_outcome[outcome].sentence, field="kind")
    raise FilingUndetermined("还不清楚这种情况能不能备案，请打参保地的电话问一下", field="kind")


# The first of these that any covered care has decides; None: it may be filed.
_PRECEDENCE: tuple[tuple[FilingOutcome, type[KindRefused] | None], ...] = (
    (FilingOutcome.HOSPITAL_FILES, HospitalFilesIt),
    (FilingOutcome.MUST_FILE, None),
    (FilingOutcome.DEEMED, None),
    (FilingOutcome.UNDETERMINED, FilingUndetermined),
    (FilingOutcome.NOT_NEEDED, FilingNotNeeded),
)
# A referral is what a hospital says, never what the person says: also where it counts as filed, it is the hospital's
# record that counts.
_PRECEDENCE_REFERRAL: tuple[tuple[FilingOutcome, type[KindRefused] | None], ...] = (
    (FilingOutcome.HOSPITAL_FILES, HospitalFilesIt),
    (FilingOutcome.MUST_FILE, HospitalFilesIt),
    (FilingOutcome.DEEMED, HospitalFilesIt),
    (FilingOutcome.UNDETERMINED, FilingUndetermined),
    (FilingOutcome.NOT_NEEDED, FilingNotNeeded),
)


_PRECEDENCE_BY_HOSPITAL: tuple[tuple[FilingOutcome, type[KindRefused] | None], ...] = (
    (FilingOutcome.HOSPITAL_FILES, None),
    (FilingOutcome.MUST_FILE, None),
    (FilingOutcome.DEEMED, None),
    (FilingOutcome.UNDETERMINED, FilingUndetermined),
    (FilingOutcome.NOT_NEEDED, FilingNotNeeded),
)
_BEGUN = (CareStage.IN_HOSPITAL, CareStage.DISCHARGED_UNSETTLED, CareStage.DISCHARGED_SELF_PAID)


@dataclass(frozen=True, slots=True)
class Period:
    """`stage` says how far the care has come; `admitted_on` when it began, once it has or where it is known."""

    starts_on: date
    ends_on: date | None
    admitted_on: date | None
    stage: CareStage = CareStage.BEFORE_ADMISSION


def period_problems(period: Period, decision: KindDecision, today: date) -> list[Refusal]:
    """What is wrong with start, end and admission, in page order; empty when nothing is."""
    found: list[Refusal] = []
    start, end, admitted = period.starts_on, period.ends_on, period.admitted_on
    terms, stage = decision.terms, period.stage
    if stage is CareStage.BEFORE_ADMISSION and admitted is not None and admitted <= today:
        stage = CareStage.IN_HOSPITAL
    if stage is not CareStage.BEFORE_ADMISSION:
        late = decision.late[stage]
        if late.outcome is not LateFiling.MAY_FILE:
            return [DateRefused(late.sentence, field="admitted")]
        if admitted is not None and admitted > today:
            return [DateRefused(f"住院那天填的是{zh_date(admitted)}，还没到。请看看日期对不对", field="admitted")]
    earliest = today - timedelta(days=terms.backdate_days_max)
    if terms.must_start_before_admission and admitted is not None and admitted <= earliest:
        found.append(
            DateRefused(f"{zh_date(admitted)}住院的，现在补不了备案。请打参保地的电话，问这次怎么报", field="admitted")
        )
    elif start > today + timedelta(days=START_AHEAD_DAYS_MAX):
        found.append(DateRefused(f"开始日期太远了，{zh_date(start)}还有一年多。请看看年份对不对", field="start"))
    elif start < earliest:
        limit = f"最早可以填{zh_date(earliest)}" if earliest < today else "最早从今天开始"
        found.append(DateRefused(f"开始日期不能填{zh_date(start)}，{limit}", field="start"))
    elif terms.must_start_before_admission and admitted is not None and start >= admitted:
        found.append(DateRefused(f"开始日期要早于住院那天（您填的住院那天是{zh_date(admitted)}）", field="start"))
    if end is not None:
        longest = None if terms.months_valid is None else last_day_of(start, terms.months_valid)
        if end < start:
            found.append(DateRefused(f"结束日期要在开始日期{zh_date(start)}之后", field="end"))
        elif end < today:
            found.append(DateRefused("结束日期已经过了，请往后选", field="end"))
        elif longest is not None and end > longest:
            found.append(
                DateRefused(f"这一类备案最长 {terms.months_valid} 个月，最晚到{zh_date(longest)}", field="end")
            )
    elif terms.months_valid is not None:
        found.append(DateRefused(f"这一类备案最长 {terms.months_valid} 个月，请选结束日期", field="end"))
    return found


@dataclass(frozen=True, slots=True)
class Contact:
    """As typed, tidied: spaces at the ends gone, the phone in plain digits."""

    name: str
    phone: str
    address: str
    residence_address: str


def tidy_contact(name: str, phone: str, address: str, residence_address: str) -> Contact:
    return Contact(_one_line(name), tidy_phone(phone), _one_line(address), _one_line(residence_address))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def contact_problems(contact: Contact, kind: FilingKind) -> list[Refusal]:
    """What is wrong with the contact, in page order; empty when nothing is."""
    found: list[Refusal] = []
    if is_long_term(kind):
        found += _address_problems(contact.residence_address, "residence", "当地的住址")
    found += filter(None, (name_problem(contact.name), phone_problem(contact.phone)))
    found += _address_problems(contact.address, "addr", "联系地址")
    return found


def _address_problems(address: str, field: str, label: str) -> Sequence[Refusal]:
    if not address:
        return [ContactRefused(f"请填{label}，写到门牌号", field=field)]
    if len(address) < _ADDRESS_LENGTH_MIN:
        return [ContactRefused(f"{label}太短了，请写到门牌号", field=field)]
    if len(address) > _ADDRESS_LENGTH_MAX:
        seen = len(address)
        return [ContactRefused(f"{label}最多 {_ADDRESS_LENGTH_MAX} 个字，您写了 {seen} 个", field=field)]
    return []
