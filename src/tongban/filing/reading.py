"""What the typed answers of a draft amount to: typed values become answers or problems, step by step.

Reading is pure and starts afresh each time: the same values mean the same on every page, whatever the order in which
the steps were filled in, and a problem of yesterday is gone when the day or the record has changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tongban.directory import Region, Regions
from tongban.drafts import Draft
from tongban.filing import rules
from tongban.filing.errors import AnswerMissing, NoticeNotRead, ProxyRefused
from tongban.filing.model import FilingAnswers, is_long_term, relation_signed_for
from tongban.filing.proxy import (
    ADULT_AGE,
    IDENTITY_SLOTS,
    code_not_active,
    identity_problems,
    needs_code,
    proxy_problems,
)
from tongban.filing.steps import CHANGES, FOR_SELF, Step, is_for_other, is_typed
from tongban.filing.texts import Notice, Texts
from tongban.kernel.contact import phone_problem, tidy_phone
from tongban.kernel.dates import age_on, parse_date
from tongban.kernel.errors import Refusal
from tongban.kernel.identifiers import FILING, parse_outside_number
from tongban.kernel.vocabulary import FilingKind, Locality, Relation
from tongban.law import CareStage, Material, Pack
from tongban.materials import MaterialKind, kind_of_code
from tongban.people import Enrollment, Person
from tongban.signing import Commitment, Signature, answers_hash, read_confirmed, read_signature


@dataclass(frozen=True, slots=True)
class Facts:
    """What records, law and texts say on the day: all that reading a draft depends on besides the draft."""

    today: date
    pack: Pack
    regions: Regions
    texts: Texts
    enrollments: Sequence[Enrollment]  # those of the insured person that are valid today
    signer: Person
    insured: Person
    has_code: bool  # whether the insured person's medical code is active
    papers: Mapping[str, str]  # sha256 of the pictures in the draft, by slot


@dataclass(slots=True)
class Reading:
    """What is known so far; None: not yet, or not validly, answered. `problems` are in page order per step."""

    facts: Facts
    problems: dict[str, list[Refusal]] = field(default_factory=dict)
    relation: Relation | None = None  # what the insured person is to the proxy; None: they file for themselves
    proxy_phone: str = ""
    relation_commitment: Commitment | None = None
    relation_hash: bytes | None = None
    relation_signature: Signature | None = None
    enrollment: Enrollment | None = None
    region: Region | None = None
    locality: Locality | None = None
    kind: FilingKind | None = None
    decision: rules.KindDecision | None = None
    notice: Notice | None = None
    period: rules.Period | None = None
    contact: rules.Contact | None = None
    commitment: Commitment | None = None
    answers: FilingAnswers | None = None
    answers_hash: bytes | None = None
    signature: Signature | None = None

    def problems_of(self, step: str) -> list[Refusal]:
        return self.problems.get(step, [])

    @property
    def next_step(self) -> Step:
        """The first step that still needs an answer; SIGN once all are given."""
        return next((step for step in Step if self.problems_of(step)), Step.SIGN)


def read_draft(draft: Draft, facts: Facts) -> Reading:
    """All steps in order. A step that rests on an unanswered one has that as its problem."""
    reading = Reading(facts)
    for step, read in _READERS.items():
        problems = read(draft.values(step), draft, facts, reading)
        if problems:
            reading.problems[step] = list(problems)
    return reading


def _read_who(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    changes = draft.value(CHANGES, "number")
    if changes and parse_outside_number(changes, FILING).person_id != draft.for_person_id:
        return [ProxyRefused("这是在改原来的备案，不能换人。给别人办，请从“异地就医备案”重新开始", field="for")]
    if is_for_other(draft):
        if age_on(facts.signer.birth_date, facts.today) < ADULT_AGE:
            return [ProxyRefused("未满 18 岁，不能替别人办备案。请家里的大人来办", field="for")]
        if not is_typed(draft):
            reading.relation = _relation(values)
            if draft.for_person_id == draft.person_id or reading.relation is None:
                return [AnswerMissing("请重新选给谁办", field="for")]
        return []
    if values.get("for") != FOR_SELF:
        return [AnswerMissing("请选给谁办", field="for")]
    problems = list(_choose_enrollment(values.get("enrollment", ""), facts, reading))
    pool = reading.enrollment.pool_code if reading.enrollment else ""
    if pool and not facts.has_code and needs_code(facts.pack, pool, facts.today):
        problems.append(code_not_active(facts.insured, is_self=True))
    return problems


def _choose_enrollment(chosen: str, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    for enrollment in facts.enrollments:
        if str(enrollment.enrollment_no) == chosen:
            reading.enrollment = enrollment
            return []
    if not facts.enrollments:
        return [AnswerMissing("没有查到现在的参保记录，请打参保地的电话问一下", field="enrollment")]
    return [AnswerMissing("请选用哪份医保办", field="enrollment")]


def _relation(values: Mapping[str, str]) -> Relation | None:
    return Relation(values["relation"]) if values.get("relation") in set(Relation) else None


def _read_person(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    """The door looks the person up when the page is posted; here it shows in the draft being for somebody else."""
    if not is_typed(draft):
        return []
    problems: list[Refusal] = []
    is_found = draft.for_person_id != draft.person_id
    if not is_found and not values.get("name"):
        problems.append(AnswerMissing("请填家人的姓名", field="name"))
    if not is_found and not values.get("id_number"):
        problems.append(AnswerMissing("请填家人的身份证号", field="id_number"))
    reading.relation = _relation(values)
    if reading.relation is None:
        problems.append(AnswerMissing("请选这位家人是您的什么人", field="relation"))
    if not problems and not is_found:
        problems.append(AnswerMissing("家人的姓名和身份证号还没有核对上，请再填一次", field="id_number"))
    return problems


def _read_proxy(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    """Answered by the records alone where they leave no question; both persons are then looked at where the relation is
    signed."""
    if not is_for_other(draft):
        return []
    if draft.for_person_id == draft.person_id or reading.relation is None:
        return [AnswerMissing("请先选给谁办", field="proxy_tel")]
    only = str(facts.enrollments[0].enrollment_no) if len(facts.enrollments) == 1 else ""
    problems = list(_choose_enrollment(values.get("enrollment") or only, facts, reading))
    if reading.enrollment is not None:
        pool = reading.enrollment.pool_code
        problems += proxy_problems(facts.pack, facts.signer, pool, reading.relation, facts.today)
        if not facts.has_code and needs_code(facts.pack, pool, facts.today):
            problems.append(code_not_active(facts.insured, is_self=False))
    reading.proxy_phone = tidy_phone(values.get("proxy_tel", facts.signer.phone))
    if phone := phone_problem(reading.proxy_phone, field="proxy_tel"):
        problems.append(phone)
    return problems


def _read_relation(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if not is_for_other(draft):
        return []
    if reading.relation is not None and not any(reading.problems_of(s) for s in (Step.PERSON, Step.PROXY)):
        reading.relation_commitment = facts.texts.relation(
            insured=facts.insured.name,
            signer=facts.signer.name,
            relation=reading.relation.said_of(is_male=facts.insured.is_male),
        )
        signed_for = relation_signed_for(draft.for_person_id, draft.person_id, reading.relation, reading.proxy_phone)
        reading.relation_hash = answers_hash(reading.relation_commitment, signed_for)
    reading.relation_signature, problems = read_signature(values, reading.relation_hash, facts.signer.name)
    return problems


def _read_photos(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    return identity_problems(facts.papers) if is_for_other(draft) else []


def _read_proofs(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    """Online nobody has to show them."""
    return []


def papers_used(draft: Draft, kept: Mapping[str, str], decision: rules.KindDecision | None) -> dict[str, str]:
    """Those of `kept` (anything by slot) that belong to the filing as it is answered now: another kind asks for other
    proofs, and whoever files for themselves shows no ID card."""
    slots = set(IDENTITY_SLOTS) if is_for_other(draft) else set()
    slots |= {slot for slot, _ in proof_slots(decision)}
    return {name: each for name, each in sorted(kept.items()) if name.partition(".")[0] in slots}


def proof_slots(decision: rules.KindDecision | None) -> list[tuple[str, MaterialKind]]:
    """The slots for the kind's own papers, one for each sort of picture."""
    kinds = [kind_of_code(material.code) for material in decision.terms.materials] if decision else []
    return [(f"proof_{kind.value}", kind) for kind in dict.fromkeys(kinds)]


def _read_place(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if not values.get("area"):
        return [AnswerMissing("请选您要去看病的地方", field="area")]
    if reading.enrollment is None:
        return [AnswerMissing("请先选用哪份医保办", field="area")]
    insured_pool = reading.enrollment.pool_code
    try:
        reading.region = rules.open_region(facts.pack, facts.regions, values["area"], insured_pool, facts.today)
    except Refusal as refusal:
        return [refusal]
    reading.locality = rules.locality_of(facts.regions, insured_pool, reading.region)
    return []


def _read_kind(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if not values.get("kind"):
        return [AnswerMissing("请选去那里看病的原因", field="kind")]
    try:
        kind = FilingKind(values["kind"])
    except ValueError:
        return [AnswerMissing("没有这一类备案，请重新选", field="kind")]
    if reading.enrollment is None or reading.region is None or reading.locality is None:
        return [AnswerMissing("请先选要去看病的地方", field="kind")]
    try:
        reading.decision = rules.decide_kind(
            facts.pack,
            insured_pool=reading.enrollment.pool_code,
            insurance_type=reading.enrollment.insurance_type,
            category=reading.enrollment.category,
            treatment_pool=reading.region.pool_code,
            where=reading.locality,
            kind=kind,
            today=facts.today,
        )
    except Refusal as refusal:
        return [refusal]
    reading.kind = kind
    reading.notice = facts.texts.notice(kind, reading.locality)
    place, proof = reading.region.full_name, proof_zh(reading.decision.terms.materials)
    insured = facts.insured.name if is_for_other(draft) else ""
    reading.commitment = facts.texts.commitment(kind, place=place, proof=proof, insured=insured)
    return []


def proof_zh(materials: Sequence[Material]) -> str:
    """The papers in one phrase, alternatives joined by 或: 居住证或居住证明."""
    groups: dict[str, list[str]] = {}
    for material in materials:
        groups.setdefault(material.one_of or f"alone {material.code}", []).append(material.zh)
    return "、".join("或".join(names) for names in groups.values())


def _read_notice(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if reading.notice is None:
        return [NoticeNotRead("请先选备案类型，再看告知书", field="notice_read")]
    if not values.get("notice_read"):
        return [NoticeNotRead("请看完告知书，再点“我看过了”", field="notice_read")]
    if values["notice_read"] != reading.notice.version:
        return [NoticeNotRead("您换过选项，告知书也跟着变了，请再看一遍", field="notice_read")]
    return []


def _read_contact(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if reading.kind is None or reading.decision is None:
        return [AnswerMissing("请先选备案类型，再填日期", field="start")]
    problems: list[Refusal] = []

    def day_in(key: str, label: str) -> date | None:
        try:
            return parse_date(values.get(key, ""), field=key, label=label)
        except Refusal as refusal:
            problems.append(refusal)
            return None

    start = _chosen_start(values, facts.today) or day_in("start", "开始日期")
    stage = _stage(values)
    knows_day = stage is not CareStage.BEFORE_ADMISSION or values.get("admitted_choice") == "yes"
    admitted = day_in("admitted", "住院那天") if knows_day else None
    end = reading.decision.ends_on(start) if start else None
    if values.get("end_choice") == "date":
        end = day_in("end", "结束日期")
    if not problems and start is not None:
        reading.period = rules.Period(start, end, admitted, stage)
        problems += rules.period_problems(reading.period, reading.decision, facts.today)
    residence = values.get("residence", "") if is_long_term(reading.kind) else ""
    contact = rules.tidy_contact(values.get("contact", ""), values.get("tel", ""), values.get("addr", ""), residence)
    problems += rules.contact_problems(contact, reading.kind)
    reading.contact = contact
    return problems


def _chosen_start(values: Mapping[str, str], today: date) -> date | None:
    """A day chosen by name. `freeze_start` turns it into a date when the step is saved, so that a draft taken up a
    week later still means the day it was meant to."""
    return {"today": today, "tomorrow": today + timedelta(days=1)}.get(values.get("start_choice", ""))


def freeze_start(values: Mapping[str, str], today: date) -> dict[str, str]:
    """The contact step's values with 今天 or 明天 turned into that date; of somebody whose stay has
    begun into the day before admission, since no later day would serve the stay."""
    day = _chosen_start(values, today)
    if day is None:
        return dict(values)
    if _stage(values) is not CareStage.BEFORE_ADMISSION:
        try:
            day = min(day, parse_date(values.get("admitted", "")) - timedelta(days=1))
        except Refusal:
            return dict(values)  # said when the day is read
    return {**values, "start_choice": "date", "start": day.isoformat()}


def _stage(values: Mapping[str, str]) -> CareStage:
    return _STAGES.get(values.get("admitted_choice", ""), CareStage.BEFORE_ADMISSION)


_STAGES = {
    "in": CareStage.IN_HOSPITAL,
    "out": CareStage.DISCHARGED_UNSETTLED,
    "paid": CareStage.DISCHARGED_SELF_PAID,
}


def _read_review(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    enrollment, region, period, contact = reading.enrollment, reading.region, reading.period, reading.contact
    notice, commitment, kind = reading.notice, reading.commitment, reading.kind
    if (
        reading.problems
        or enrollment is None
        or region is None
        or period is None
        or contact is None
        or notice is None
        or commitment is None
        or kind is None
    ):
        return read_confirmed(values, None)
    reading.answers = FilingAnswers(
        insurance_type=enrollment.insurance_type,
        category=enrollment.category,
        insured_pool=enrollment.pool_code,
        treatment_pool=region.pool_code,
        kind=kind,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        admitted_on=period.admitted_on,
        contact_name=contact.name,
        contact_phone=contact.phone,
        contact_address=contact.address,
        residence_address=contact.residence_address,
        notice_version=notice.version,
        commitment_version=commitment.version,
        relation=reading.relation,
        proxy_phone=reading.proxy_phone,
        papers=papers_used(draft, facts.papers, reading.decision),
        replaces=draft.value(CHANGES, "number"),
        stage=period.stage,
    )
    signed_for = reading.answers.signed_for(draft.for_person_id, draft.person_id)
    reading.answers_hash = answers_hash(commitment, signed_for)
    return read_confirmed(values, reading.answers_hash)


def _read_sign(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    reading.signature, problems = read_signature(values, reading.answers_hash, facts.signer.name)
    return problems


_READERS: dict[Step, Callable[[Mapping[str, str], Draft, Facts, Reading], Sequence[Refusal]]] = {
    Step.WHO: _read_who,
    Step.PERSON: _read_person,
    Step.PROXY: _read_proxy,
    Step.RELATION: _read_relation,
    Step.PHOTOS: _read_photos,
    Step.PLACE: _read_place,
    Step.KIND: _read_kind,
    Step.NOTICE: _read_notice,
    Step.CONTACT: _read_contact,
    Step.PROOFS: _read_proofs,
    Step.REVIEW: _read_review,
    Step.SIGN: _read_sign,
}
