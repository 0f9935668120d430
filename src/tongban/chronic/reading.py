"""What the typed answers of a draft amount to: typed values become answers or problems, step by step.

Reading is pure and starts afresh each time: the same values mean the same on every page, whatever the order in which
the steps were filled in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from tongban import law
from tongban.chronic import rules
from tongban.chronic.errors import AnswerMissing, InstitutionRefused, PaperMissing, RenewalRefused
from tongban.chronic.model import Answers, Certification, Purpose, Wanted
from tongban.directory import ChronicDisease as CatalogDisease
from tongban.directory import Institution, InstitutionKind
from tongban.drafts import Draft
from tongban.kernel.contact import name_problem, phone_problem, tidy_phone
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack
from tongban.materials import in_slot
from tongban.people import Enrollment
from tongban.signing import (
    Commitment,
    Signature,
    answers_hash,
    commitment_from,
    content_of,
    read_confirmed,
    read_signature,
)

COMMITMENT_FILE: Final = Path(__file__).with_name("texts") / "commitment.yaml"
FLOW: Final = "chronic"

# The steps, in page order. `start` has no page of its own: the way in fills it.
START, ENROLLMENT, DISEASE, INSTITUTIONS, PHOTOS, CONTACT = (
    "start",
    "enrollment",
    "disease",
    "institutions",
    "photos",
    "contact",
)
REVIEW, SIGN = "review", "sign"


@dataclass(frozen=True, slots=True)
class Facts:
    """What records, law and texts say on the day: all that reading a draft depends on besides the draft.

    `enrollments`, `certifications` and `open_keys` are the insured person's; `institutions` are those the draft names,
    by code; `papers_sha256` the content of its pictures, by slot. `relation`: what the insured person is to whoever
    types; None for oneself.
    """

    today: date
    pack: Pack
    enrollments: Sequence[Enrollment]
    catalog: Sequence[CatalogDisease]
    certifications: Sequence[Certification]
    open_keys: frozenset[str]
    institutions: Mapping[str, Institution]
    papers_sha256: Mapping[str, str]
    signer_name: str
    patient_name: str
    relation: Relation | None


@dataclass(slots=True)
class Reading:
    """What is known so far; None: not yet, or not validly, answered. `problems` are in page order per step."""

    facts: Facts
    problems: dict[str, list[Refusal]] = field(default_factory=dict)
    purpose: Purpose = Purpose.RECOGNISE
    certification: Certification | None = None
    enrollment: Enrollment | None = None
    choices: rules.Choices | None = None
    wanted: tuple[Wanted, ...] = ()
    institutions: tuple[str, ...] = ()
    papers: rules.PapersAsked | None = None
    contact_name: str = ""
    contact_phone: str = ""
    commitment: Commitment | None = None
    answers: Answers | None = None
    answers_hash: bytes | None = None
    signature: Signature | None = None

    def problems_of(self, step: str) -> list[Refusal]:
        return self.problems.get(step, [])

    def first_problems(self) -> list[Refusal]:
        """Those of the first step in page order that has any."""
        return next(iter(self.problems.values()), [])


def purpose_of(draft: Draft) -> Purpose:
    told = draft.value(START, "purpose")
    return Purpose(told) if told in tuple(Purpose) else Purpose.RECOGNISE


def codes_in(text: str) -> tuple[str, ...]:
    """The codes a page of tick boxes keeps in one value, each once, in the order ticked."""
    return tuple(dict.fromkeys(text.split()))


def read_draft(draft: Draft, facts: Facts) -> Reading:
    """All steps in order. A step that rests on an unanswered one has that as its problem."""
    reading = Reading(facts, purpose=purpose_of(draft))
    for step, read in _READERS.items():
        problems = read(draft, facts, reading)
        if problems:
            reading.problems[step] = list(problems)
    return reading


def _read_enrollment(draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    """One enrollment needs no question. A change or renewal goes by the one it was recognised under."""
    if reading.purpose is not Purpose.RECOGNISE and (problem := _read_certification(draft, facts, reading)):
        return [problem]
    usable = [
        each
        for each in facts.enrollments
        if reading.certification is None or reading.certification.is_under(each.pool_code, each.insurance_type)
    ]
    if not usable and reading.certification is not None and facts.enrollments:
        return [AnswerMissing("这条认定是以前的医保认定的，现在用不上。请用现在的医保重新申请认定", field="enrollment")]
    if not usable:
        return [AnswerMissing("没有查到您现在的参保记录，请打参保地的电话问一下", field="enrollment")]
    told = draft.value(ENROLLMENT, "enrollment")
    reading.enrollment = next(
        (each for each in usable if str(each.enrollment_no) == told), usable[0] if len(usable) == 1 else None
    )
    if reading.enrollment is None:
        return [AnswerMissing("请选用哪份医保办", field="enrollment")]
    if facts.relation is not None:
        try:
            rules.may_apply_for(facts.pack, reading.enrollment.pool_code, facts.relation, facts.today)
        except Refusal as refusal:
            return [refusal]
    return []


def _read_certification(draft: Draft, facts: Facts, reading: Reading) -> Refusal | None:
    told = draft.value(START, "certification")
    reading.certification = next(
        (each for each in facts.certifications if str(each.certification_serial) == told), None
    )
    known = reading.certification
    if known is None:
        return AnswerMissing("没有找到要改的认定，请从“我的慢特病”里打开", field="enrollment")
    return renewal_problem(reading.purpose, known, facts.certifications, facts.today)


def renewal_problem(
    purpose: Purpose, known: Certification, certifications: Sequence[Certification], today: date
) -> Refusal | None:
    """Why this one of the person's `certifications` cannot be changed or renewed today."""
    if purpose is Purpose.CHANGE_INSTITUTIONS and not known.is_in_force(today):
        return RenewalRefused("这条认定现在不在有效期里，不能改医院。过期的请先办续期")
    if purpose is Purpose.RENEW and known.valid_to is None:
        return RenewalRefused("这条认定没有写到期的日子，不用续期")
    if purpose is Purpose.RENEW and any(
        each.wanted.key == known.wanted.key and each.valid_from > known.valid_from
        for each in rules.certified_under(certifications, known.insured_pool, known.insurance_type)
    ):
        return RenewalRefused("这个病已经有更新的认定，不用再续这一条。请从“我的慢特病”里看新的")
    return None


def _read_disease(draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if reading.enrollment is None:
        return [AnswerMissing("请先选用哪份医保办", field="disease")]
    if reading.certification is not None:
        reading.wanted = (reading.certification.wanted,)
        if reading.certification.wanted.key in facts.open_keys:
            return [AnswerMissing("这个病已经有一个申请在办，请等结果", field="disease")]
        return []
    enrolled = reading.enrollment
    reading.choices = rules.choices(facts.pack, enrolled.pool_code, enrolled.insurance_type, facts.catalog, facts.today)
    found = [reading.choices.find(code) for code in codes_in(draft.value(DISEASE, "diseases"))]
    # What is ticked and not on offer any more (another insurance was chosen) is simply not wanted.
    wanted = tuple(each for each in found if each is not None)
    known = rules.certified_under(facts.certifications, enrolled.pool_code, enrolled.insurance_type)
    problems = rules.disease_problems(wanted, known, facts.open_keys, facts.today)
    if not problems:
        reading.wanted = wanted
    return problems


def _read_institutions(draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    """None may be chosen where the law does not say that one must."""
    if reading.enrollment is None:
        return [AnswerMissing("请先选用哪份医保办", field="institution")]
    told = codes_in(draft.value(INSTITUTIONS, "institutions"))
    problems = institution_problems(facts.pack, reading.enrollment.pool_code, told, facts.institutions, facts.today)
    if not problems and not draft.is_submitted(INSTITUTIONS):
        problems = [AnswerMissing("请选平时去哪几家医院看；没想好可以不选，直接点下一步", field="institution")]
    if not problems:
        reading.institutions = told
    return problems


def institution_problems(
    pack: Pack, insured_pool: str, told: Sequence[str], known: Mapping[str, Institution], today: date
) -> list[Refusal]:
    """What is wrong with the chosen institutions; how many are allowed is asked of the law."""
    stated, limit = law.recognition_institutions_max(pack, insured_pool, today), rules.INSTITUTIONS_MAX
    if not isinstance(stated, law.Undetermined) and stated.value != law.NO_LIMIT:
        limit = min(limit, stated.value)
    if len(told) > limit:
        return [InstitutionRefused(f"最多选 {limit} 家，您选了 {len(told)} 家", field="institution")]
    problems: list[Refusal] = []
    for code in told:
        institution = known.get(code)
        if institution is None or institution.kind is not InstitutionKind.HOSPITAL:
            problems.append(InstitutionRefused("选的医院里有一家不在名录里，请重新选", field="institution"))
        elif not institution.settles_outpatient:
            problems.append(
                InstitutionRefused(f"{institution.name}还没有开通门诊直接结算，请换一家", field="institution")
            )
    return problems


def _read_photos(draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if reading.enrollment is None:
        return [AnswerMissing("请先选用哪份医保办")]
    if reading.purpose is Purpose.CHANGE_INSTITUTIONS:
        return []
    reading.papers = rules.papers_asked(facts.pack, reading.enrollment.pool_code, facts.today)
    if reading.papers.undetermined is None:
        missing = [paper for paper in reading.papers.papers if not in_slot(draft.papers, paper.value)]
        if missing:
            return [PaperMissing(f"还没有{paper.zh}的照片，请拍一张", field=paper.value) for paper in missing]
    if not draft.is_submitted(PHOTOS):
        return [AnswerMissing("请看一下要拍的材料")]
    return []


def _read_contact(draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    name, phone = draft.value(CONTACT, "contact").strip(), tidy_phone(draft.value(CONTACT, "tel"))
    problems = [each for each in (name_problem(name), phone_problem(phone)) if each is not None]
    if not problems:
        reading.contact_name, reading.contact_phone = name, phone
    return problems


def _read_review(draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    enrolled = reading.enrollment
    if not reading.problems and enrolled is not None:
        reading.commitment = commitment_for(reading.purpose, reading.wanted, facts)
        reading.answers = Answers(
            purpose=reading.purpose,
            insurance_type=enrolled.insurance_type,
            category=enrolled.category,
            insured_pool=enrolled.pool_code,
            wanted=reading.wanted,
            institutions=reading.institutions,
            contact_name=reading.contact_name,
            contact_phone=reading.contact_phone,
            papers=dict(draft.papers),
            papers_sha256=dict(facts.papers_sha256),
            relation=facts.relation,
            certification_serial=reading.certification.certification_serial if reading.certification else None,
        )
        reading.answers_hash = answers_hash(
            reading.commitment, reading.answers.record(draft.for_person_id, draft.person_id)
        )
    return read_confirmed(draft.values(REVIEW), reading.answers_hash)


def _read_sign(draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    reading.signature, problems = read_signature(draft.values(SIGN), reading.answers_hash, facts.signer_name)
    return problems


def commitment_for(purpose: Purpose, wanted: Sequence[Wanted], facts: Facts) -> Commitment:
    words = {
        "what": purpose.zh,
        "diseases": "、".join(each.zh for each in wanted),
        "patient": facts.patient_name if facts.relation is not None else "",
    }
    return commitment_from(content_of(COMMITMENT_FILE), words)


_Reader = Callable[[Draft, Facts, Reading], Sequence[Refusal]]
_READERS: Final[Mapping[str, _Reader]] = {
    ENROLLMENT: _read_enrollment,
    DISEASE: _read_disease,
    INSTITUTIONS: _read_institutions,
    PHOTOS: _read_photos,
    CONTACT: _read_contact,
    REVIEW: _read_review,
    SIGN: _read_sign,
}
