"""What the typed answers of a draft amount to: typed values become answers or problems, step by step.

Pure, and afresh each time: the same values mean the same on every page, whatever the order in which the steps were
filled in, and a problem of yesterday is gone when the day, the record or a picture has changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from tongban.directory import Institution, Regions
from tongban.drafts import Draft
from tongban.kernel.dates import parse_date, zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.money import AMOUNT_MAX_FEN, Fen, fen_from_yuan, yuan
from tongban.kernel.vocabulary import Locality, Relation, Word
from tongban.law import (
    ClaimCare,
    ClaimRoute,
    Decision,
    InjuryDecision,
    Listed,
    Pack,
    Paper,
    Permission,
    ThirdParty,
    Undetermined,
)
from tongban.materials import Material
from tongban.people import Enrollment, Person
from tongban.reimbursement import rules
from tongban.reimbursement.errors import AnswerMissing, NotClaimable, StaySettledAlready
from tongban.reimbursement.model import BankCard, ClaimAnswers, Holder, Invoice
from tongban.reimbursement.texts import Texts
from tongban.settlement import SettlementRecord, SettlementWay
from tongban.signing import Commitment, Signature, answers_hash, read_confirmed, read_signature

FOR_SELF: Final = "self"
FOR_OTHER: Final = "other"
_PHONE_LENGTH: Final = 11


class Step(Word):
    """The pages of a claim, in their order; several may stand under one number."""

    WHO = "who", "给谁报"
    HOSPITAL = "hospital", "在哪家医院住的"
    STAY = "stay", "什么时候住的"
    PHOTOS = "photos", "拍照片"
    INVOICES = "invoices", "核对发票"
    BANK = "bank", "收钱的银行卡"
    REVIEW = "review", "核对一遍"
    SIGN = "sign", "签承诺书"


class Injury(Word):
    """What somebody says of the reason for the stay."""

    NO = "no", "不是"
    NOBODY = "nobody", "是受伤，没有别人的责任"
    LIABLE = "liable", "是受伤，有别人的责任"
    UNCLEAR = "unclear", "是受伤，责任还说不清"


_THIRD_PARTY: Final = {
    Injury.NOBODY: ThirdParty.NONE,
    Injury.LIABLE: ThirdParty.LIABLE,
    Injury.UNCLEAR: ThirdParty.UNCLEAR,
}
_ONLINE_CARE: Final = (ClaimCare.INPATIENT, ClaimCare.MATERNITY_INPATIENT)

# The fields of each page.
INVOICE_KEYS: Final = tuple(
    f"{name}_{row}" for row in range(1, rules.INVOICES_MAX + 1) for name in ("number", "date", "amount")
)
KEYS: Final[Mapping[Step, tuple[str, ...]]] = {
    Step.WHO: ("whom", "name", "id_number", "relation", "phone"),
    Step.HOSPITAL: ("area", "search", "hospital"),
    Step.STAY: ("care", "admitted", "discharged", "total", "injury", "insurance"),
    Step.PHOTOS: (),
    Step.INVOICES: ("rows", *INVOICE_KEYS),
    Step.BANK: ("holder", "bank", "card"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What records, law and texts say on the day: all that reading a draft depends on besides the draft.

    `patient` None: the person typed has not been found. `enrollments`: the patient's on the day of admission, empty
    while that is not known. `settled`: what has been paid of the stay already. `papers`: by slot of the draft.
    """

    today: date
    pack: Pack
    regions: Regions
    texts: Texts
    applicant: Person
    patient: Person
    enrollments: Sequence[Enrollment]
    institution: Institution | None
    settled: SettlementRecord | None
    is_claimed: bool
    papers: Mapping[str, Material]
    lacks_code: bool  # applying online needs an activated medical code, and whoever applies has none


@dataclass(slots=True)
class Reading:
    """What is known so far; None: not yet, or not validly, answered. `problems` are in page order per step."""

    facts: Facts
    problems: dict[str, list[Refusal]] = field(default_factory=dict)
    relation: Relation | None = None
    phone: str = ""
    permission: Decision[Permission] | None = None
    care: ClaimCare | None = None
    admitted_on: date | None = None
    discharged_on: date | None = None
    total_fen: Fen | None = None
    is_injury: bool = False
    enrollment: Enrollment | None = None
    where: Locality | None = None
    route: Decision[ClaimRoute] | None = None
    injury: Decision[InjuryDecision] | None = None
    slots: tuple[rules.PaperSlot, ...] = ()
    papers_list: Listed[Paper] | Undetermined | None = None
    invoices: tuple[Invoice, ...] = ()
    card: BankCard | None = None
    commitment: Commitment | None = None
    answers: ClaimAnswers | None = None
    answers_hash: bytes | None = None
    signature: Signature | None = None

    def problems_of(self, step: str) -> list[Refusal]:
        return self.problems.get(step, [])

    @property
    def is_for_self(self) -> bool:
        return self.facts.patient.person_id == self.facts.applicant.person_id

    @property
    def decision(self) -> dict[str, object]:
        """The law's answers by name, as they are kept with the claim."""
        found = {
            "route": self.route,
            "act": self.permission,
            "injury": self.injury,
            "papers": self.papers_list,
        }
        return {name: decision for name, decision in found.items() if decision is not None}


def read_draft(draft: Draft, facts: Facts) -> Reading:
    """All steps in order. A step that rests on an unanswered one has that as its problem."""
    reading = Reading(facts)
    for step, read in _READERS.items():
        if problems := list(read(draft.values(step), draft, facts, reading)):
            reading.problems[step] = problems
    return reading


def typed_day(draft: Draft, key: str) -> date | None:
    """A day of the stay as typed, if it is one: what records are looked up for."""
    try:
        return parse_date(draft.value(Step.STAY, key))
    except Refusal:
        return None


def _read_who(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    whom = values.get("whom", "")
    if facts.lacks_code:
        return [NotClaimable("网上申请要先激活您的医保码。请打开“医保码”，激活以后再来", field="whom")]
    if not whom:
        return [AnswerMissing("请选给谁报", field="whom")]
    problems: list[Refusal] = []
    if whom != FOR_SELF:
        if reading.is_for_self:
            return [AnswerMissing("请填看病的人的姓名和身份证号，要和身份证一样", field="name")]
        if values.get("relation") not in set(Relation):
            return [AnswerMissing("请选看病的人是您的什么人", field="relation")]
        reading.relation = Relation(values["relation"])
        pool = _pool_of(facts)
        reading.permission = rules.may_claim_for(facts.pack, pool, reading.relation, facts.today)
        if reading.permission.outcome is not Permission.ALLOWED:
            problems.append(NotClaimable(reading.permission.sentence, field="relation"))
    elif not reading.is_for_self:
        return [AnswerMissing("请再选一次给谁报", field="whom")]
    phone = rules.tidy_card_number(values.get("phone", ""))
    if len(phone) != _PHONE_LENGTH or not phone.isascii() or not phone.isdigit():
        seen = f"，您填了 {len(phone)} 位" if phone else ""
        problems.append(AnswerMissing(f"手机号应该是 11 位{seen}", field="phone"))
    reading.phone = phone
    return problems


def _pool_of(facts: Facts) -> str:
    return facts.enrollments[0].pool_code if facts.enrollments else ""


def _read_hospital(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if facts.institution is None:
        return [AnswerMissing("请选住院的医院", field="hospital")]
    return []


def _read_stay(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    problems: list[Refusal] = []
    if values.get("care") not in set(_ONLINE_CARE):
        problems.append(AnswerMissing("请选是不是生孩子住院", field="care"))
    else:
        reading.care = ClaimCare(values["care"])
    problems += _read_days(values, facts, reading)
    problems += _read_total(values, reading)
    problems += _read_injury(values, reading)
    if problems:
        return problems
    return _judge_stay(values, facts, reading)


def _read_days(values: Mapping[str, str], facts: Facts, reading: Reading) -> list[Refusal]:
    problems: list[Refusal] = []
    days: dict[str, date] = {}
    for key, label in (("admitted", "入院日期"), ("discharged", "出院日期")):
        try:
            day = parse_date(values.get(key, ""), field=key, label=label)
        except Refusal as refusal:
            problems.append(refusal)
            continue
        if day > facts.today:
            problems.append(AnswerMissing(f"{label}{zh_date(day)}还没到，出院以后再来报", field=key))
        days[key] = day
    if not problems and days["discharged"] < days["admitted"]:
        problems.append(
            AnswerMissing(
                f"出院日期{zh_date(days['discharged'])}比入院日期{zh_date(days['admitted'])}还早，请看一下",
                field="discharged",
            )
        )
    if not problems:
        reading.admitted_on, reading.discharged_on = days["admitted"], days["discharged"]
    return problems


def _read_total(values: Mapping[str, str], reading: Reading) -> list[Refusal]:
    amount = _amount(values.get("total", ""), "total", "住院总费用")
    if isinstance(amount, Refusal):
        return [amount]
    reading.total_fen = amount
    return []


def _amount(text: str, key: str, label: str) -> Fen | Refusal:
    typed = text.replace("元", "").strip()
    if not typed:
        return AnswerMissing(f"请填{label}，照发票写，例如 12345.60", field=key)
    try:
        fen = fen_from_yuan(typed)
    except ValueError:
        return AnswerMissing(f"{label}“{typed[:20]}”看不懂，请照发票写数字，例如 12345.60", field=key)
    if not 0 < fen <= AMOUNT_MAX_FEN:
        return AnswerMissing(f"{label}要大于 0，您填了 {typed[:20]}", field=key)
    return fen


def _read_injury(values: Mapping[str, str], reading: Reading) -> list[Refusal]:
    if values.get("injury") not in set(Injury):
        return [AnswerMissing("请选是不是因为受伤住院", field="injury")]
    reading.is_injury = Injury(values["injury"]) is not Injury.NO
    return []


def _judge_stay(values: Mapping[str, str], facts: Facts, reading: Reading) -> list[Refusal]:
    """What records and law say of the stay, in the order in which it would be in vain to go on."""
    admitted, care, institution = reading.admitted_on, reading.care, facts.institution
    assert admitted is not None
    assert care is not None
    if institution is None:
        return [AnswerMissing("请先选住院的医院", field="")]
    if facts.settled is not None:
        return [_settled_already(facts.settled)]
    if facts.is_claimed:
        return [NotClaimable("这次住院已经申请过报销。请在“我的报销”里看进度", field="admitted")]
    reading.enrollment = _enrollment(values, facts)
    if reading.enrollment is None:
        if not facts.enrollments:
            whose = "您" if reading.is_for_self else facts.patient.name
            return [
                NotClaimable(
                    f"没有查到{whose}{zh_date(admitted)}那天的参保记录。日期没错的话，请打参保地的电话问一下",
                    field="admitted",
                )
            ]
        return [AnswerMissing("请选用哪份医保报", field="insurance")]
    pool = reading.enrollment.pool_code
    reading.where = rules.locality_of(facts.regions, pool, institution)
    if reading.where is None:
        return [NotClaimable("没有查到参保地，请打参保地的电话问一下", field="admitted")]
    reading.route = rules.route(facts.pack, pool, care, reading.where, facts.today)
    if reading.route.outcome is not ClaimRoute.ONLINE:
        return [NotClaimable(f"{institution.name}在{reading.where.zh}。{reading.route.sentence}", field="")]
    third_party = _THIRD_PARTY.get(Injury(values["injury"]))
    if third_party is not None:
        reading.injury = rules.injury_decision(facts.pack, pool, third_party, reading.where, facts.today)
        # Nobody else to blame: no source forbids it, so the agency looks at it. Everything else ends here.
        if third_party is not ThirdParty.NONE:
            return [NotClaimable(reading.injury.sentence.replace("先不要直接结算", "先不要报"), field="injury")]
    return []


def _settled_already(settled: SettlementRecord) -> StaySettledAlready:
    how = "报销过" if settled.way is SettlementWay.MANUAL else "在医院直接结算过"
    return StaySettledAlready(f"这次住院已经{how}，不用再报", number=settled.number or "")


def _enrollment(values: Mapping[str, str], facts: Facts) -> Enrollment | None:
    if len(facts.enrollments) == 1:
        return facts.enrollments[0]
    return next((each for each in facts.enrollments if str(each.enrollment_no) == values.get("insurance")), None)


def _read_photos(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    if reading.enrollment is None:
        return [AnswerMissing("请先填住院的情况")]
    reading.slots, reading.papers_list = rules.slots_of(
        facts.pack, reading.enrollment.pool_code, is_for_self=reading.is_for_self, on=facts.today
    )
    there = {slot.partition(".")[0] for slot in facts.papers}
    problems: list[Refusal] = [
        AnswerMissing(f"还没有{slot.zh}的照片", field=slot.slot)
        for slot in reading.slots
        if slot.is_needed and slot.slot not in there
    ]
    for slot in reading.slots:
        owner = facts.applicant if slot.is_proxys else facts.patient
        kept = [each for name, each in facts.papers.items() if name.partition(".")[0] == slot.slot]
        if any(each.person_id != owner.person_id for each in kept):  # whom it is for was changed afterwards
            problems.append(AnswerMissing(f"{slot.zh}的照片是给别人传的，请删除后重拍", field=slot.slot))
    if not problems and not draft.is_submitted(Step.PHOTOS):
        return [AnswerMissing("请看一下照片，都清楚就点下一步")]
    return problems


def _read_invoices(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    problems: list[Refusal] = []
    found: list[Invoice] = []
    first_of: dict[str, int] = {}
    for row in range(1, rules.INVOICES_MAX + 1):
        typed = {name: values.get(f"{name}_{row}", "").strip() for name in ("number", "date", "amount")}
        if row > 1 and not any(typed.values()):
            continue
        invoice = _invoice(typed, row, facts, reading)
        if isinstance(invoice, list):
            problems += invoice
            continue
        if invoice.number in first_of:
            problems.append(
                AnswerMissing(
                    f"第 {row} 张和第 {first_of[invoice.number]} 张的号码一样，请看一下", field=f"number_{row}"
                )
            )
            continue
        first_of[invoice.number] = row
        found.append(invoice)
    if problems:
        return problems
    total, typed_total = sum(invoice.amount_fen for invoice in found), reading.total_fen
    if typed_total is None:
        return [AnswerMissing("请先填住院的总费用", field="amount_1")]
    if total != typed_total:
        more = "多" if total > typed_total else "少"
        return [
            AnswerMissing(
                f"发票加起来是 {yuan(total)} 元，比您填的总费用 {yuan(typed_total)} 元{more} "
                f"{yuan(abs(total - typed_total))} 元。请改对其中一个",
                field="amount_1",
            )
        ]
    reading.invoices = tuple(found)
    return []


def _invoice(typed: Mapping[str, str], row: int, facts: Facts, reading: Reading) -> Invoice | list[Refusal]:
    problems: list[Refusal] = []
    number = rules.tidy_invoice_number(typed["number"])
    if not number:
        problems.append(AnswerMissing(f"请填第 {row} 张发票的号码", field=f"number_{row}"))
    elif not rules.is_invoice_number(number):
        problems.append(AnswerMissing("发票号码是 6 到 24 位数字或字母，请照发票右上角填", field=f"number_{row}"))
    day: date | None = None
    try:
        day = parse_date(typed["date"], field=f"date_{row}", label="开票日期")
    except Refusal as refusal:
        problems.append(refusal)
    if day is not None and (day > facts.today or (reading.admitted_on is not None and day < reading.admitted_on)):
        when = "还没到" if day > facts.today else "比入院还早"
        problems.append(AnswerMissing(f"开票日期{zh_date(day)}{when}，请照发票改一下", field=f"date_{row}"))
    amount = _amount(typed["amount"], f"amount_{row}", "发票金额")
    if isinstance(amount, Refusal):
        problems.append(amount)
    if problems or day is None or isinstance(amount, Refusal):
        return problems
    return Invoice(number, day, amount)


def _read_bank(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    problems: list[Refusal] = []
    holder = Holder.PATIENT if reading.is_for_self else None
    if holder is None:
        if values.get("holder") in set(Holder):
            holder = Holder(values["holder"])
        else:
            problems.append(AnswerMissing("请选钱打到谁的卡上", field="holder"))
    bank = values.get("bank", "").strip()
    if not rules.is_bank_name(bank):
        problems.append(AnswerMissing("请填银行名称，例如 建设银行太原府西街支行", field="bank"))
    number = rules.tidy_card_number(values.get("card", ""))
    if sentence := rules.card_problem(number):
        problems.append(AnswerMissing(sentence, field="card"))
    if problems or holder is None:
        return problems
    name = (facts.patient if holder is Holder.PATIENT else facts.applicant).name
    reading.card = BankCard(holder, name, bank, number)
    return []


def _read_review(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    admitted, discharged, total = reading.admitted_on, reading.discharged_on, reading.total_fen
    enrollment, institution, card, care = reading.enrollment, facts.institution, reading.card, reading.care
    if (
        reading.problems
        or admitted is None
        or discharged is None
        or total is None
        or enrollment is None
        or institution is None
        or card is None
        or care is None
    ):
        return read_confirmed(values, None)
    reading.answers = ClaimAnswers(
        relation=reading.relation,
        care=care,
        insurance_type=enrollment.insurance_type,
        category=enrollment.category,
        insured_pool=enrollment.pool_code,
        treatment_pool=institution.pool_code,
        institution_code=institution.institution_code,
        institution_name=institution.name,
        admitted_on=admitted,
        discharged_on=discharged,
        total_fen=total,
        is_injury=reading.is_injury,
        invoices=reading.invoices,
        card=card,
        phone=reading.phone,
        papers={slot: material.number for slot, material in facts.papers.items()},
        papers_sha256={slot: material.sha256 for slot, material in facts.papers.items()},
    )
    reading.commitment = facts.texts.commitment(reading.answers, applicant=facts.applicant, patient=facts.patient)
    signed_for = reading.answers.signed_for(facts.patient.person_id, facts.applicant.person_id)
    reading.answers_hash = answers_hash(reading.commitment, signed_for)
    return read_confirmed(values, reading.answers_hash)


def _read_sign(values: Mapping[str, str], draft: Draft, facts: Facts, reading: Reading) -> Sequence[Refusal]:
    reading.signature, problems = read_signature(values, reading.answers_hash, facts.applicant.name)
    return problems


_READERS: dict[Step, Callable[[Mapping[str, str], Draft, Facts, Reading], Sequence[Refusal]]] = {
    Step.WHO: _read_who,
    Step.HOSPITAL: _read_hospital,
    Step.STAY: _read_stay,
    Step.PHOTOS: _read_photos,
    Step.INVOICES: _read_invoices,
    Step.BANK: _read_bank,
    Step.REVIEW: _read_review,
    Step.SIGN: _read_sign,
}
