"""The pages on the stay: at which hospital, when, what it cost, and whether it can be claimed here at all. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from tongban.drafts import Draft
from tongban.kernel.dates import parse_date, zh_date
from tongban.kernel.errors import Refusal
from tongban.law import ClaimCare, ClaimRoute, ThirdParty
from tongban.people import Enrollment
from tongban.reimbursement import rules
from tongban.reimbursement.errors import AnswerMissing, NotClaimable, StaySettledAlready
from tongban.reimbursement.facts import Facts, Reading
from tongban.reimbursement.read_money import read_amount
from tongban.reimbursement.steps import Injury, Step
from tongban.settlement import SettlementRecord, SettlementWay

_THIRD_PARTY: Final = {
    Injury.NOBODY: ThirdParty.NONE,
    Injury.LIABLE: ThirdParty.LIABLE,
    Injury.UNCLEAR: ThirdParty.UNCLEAR,
}
_ONLINE_CARE: Final = (ClaimCare.INPATIENT, ClaimCare.MATERNITY_INPATIENT)


def typed_day(draft: Draft, key: str) -> date | None:
    """A day of the stay as typed, if it is one: what records are looked up for."""
    try:
        return parse_date(draft.value(Step.STAY, key))
    except Refusal:
        return None


def read_hospital(draft: Draft, reading: Reading) -> list[Refusal]:
    if reading.facts.institution is None:
        return [AnswerMissing("请选住院的医院", field="hospital")]
    return []


def read_stay(draft: Draft, reading: Reading) -> list[Refusal]:
    values = draft.values(Step.STAY)
    problems: list[Refusal] = []
    if values.get("care") not in set(_ONLINE_CARE):
        problems.append(AnswerMissing("请选是不是生孩子住院", field="care"))
    else:
        reading.care = ClaimCare(values["care"])
    problems += _read_days(values, reading)
    problems += _read_total(values, reading)
    problems += _read_injury(values, reading)
    if problems:
        return problems
    return _judge_stay(draft, reading)


def _read_days(values: Mapping[str, str], reading: Reading) -> list[Refusal]:
    problems: list[Refusal] = []
    days: dict[str, date] = {}
    for key, label in (("admitted", "入院日期"), ("discharged", "出院日期")):
        try:
            day = parse_date(values.get(key, ""), field=key, label=label)
        except Refusal as refusal:
            problems.append(refusal)
            continue
        if day > reading.facts.today:
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
    amount = read_amount(values.get("total", ""), "total", "住院总费用")
    if isinstance(amount, Refusal):
        return [amount]
    reading.total_fen = amount
    return []


def _read_injury(values: Mapping[str, str], reading: Reading) -> list[Refusal]:
    if values.get("injury") not in set(Injury):
        return [AnswerMissing("请选是不是因为受伤住院", field="injury")]
    reading.is_injury = Injury(values["injury"]) is not Injury.NO
    return []


def _judge_stay(draft: Draft, reading: Reading) -> list[Refusal]:
    """What records and law say of the stay, in the order in which it would be in vain to go on."""
    facts = reading.facts
    admitted, care, institution = reading.admitted_on, reading.care, facts.institution
    assert admitted is not None
    assert care is not None
    if institution is None:
        return [AnswerMissing("请先选住院的医院", field="")]
    if facts.settled is not None:
        return [_settled_already(facts.settled)]
    if facts.is_claimed:
        return [NotClaimable("这次住院已经申请过报销。请在“我的报销”里看进度", field="admitted")]
    reading.enrollment = chosen_enrollment(draft, facts)
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
    third_party = _THIRD_PARTY.get(Injury(draft.value(Step.STAY, "injury")))
    if third_party is not None:
        reading.injury = rules.injury_decision(facts.pack, pool, third_party, reading.where, facts.today)
        # Nobody else to blame: no source forbids it, so the agency looks at it. Everything else ends here.
        if third_party is not ThirdParty.NONE:
            return [NotClaimable(reading.injury.sentence.replace("先不要直接结算", "先不要报"), field="injury")]
    return []


def _settled_already(settled: SettlementRecord) -> StaySettledAlready:
    how = "报销过" if settled.way is SettlementWay.MANUAL else "在医院直接结算过"
    return StaySettledAlready(f"这次住院已经{how}，不用再报", number=settled.number or "")


def chosen_enrollment(draft: Draft, facts: Facts) -> Enrollment | None:
    """Under which enrollment it is claimed: the only one there is, or the one that was chosen."""
    if len(facts.enrollments) == 1:
        return facts.enrollments[0]
    chosen = draft.value(Step.STAY, "insurance")
    return next((each for each in facts.enrollments if str(each.enrollment_no) == chosen), None)
