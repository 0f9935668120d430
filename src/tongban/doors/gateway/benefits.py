"""2001: which funds would pay for care here on that day, and when not, why and what to do about it."""

from datetime import date
from typing import Final, NamedTuple

from tongban import account, chronic, people
from tongban.chronic import Certification
from tongban.directory import InstitutionKind
from tongban.doors.gateway.answers import person_number
from tongban.doors.gateway.call import Call, check_insured_region, person_id_of
from tongban.doors.gateway.errors import InstitutionMismatch
from tongban.doors.gateway.scalars import day_text
from tongban.doors.gateway.wire import (
    ACCOUNT_FUND,
    DELIVERY_CODES,
    POOLED_FUNDS,
    BenefitCheckInput,
    BenefitOutput,
    BenefitRow,
    CareType,
    Fund,
    care_type_of,
    flag,
    insurance_of,
)
from tongban.filing import Filing, list_filings
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, Situation
from tongban.law import (
    BenefitPath,
    ChronicCase,
    ChronicQuestion,
    ChronicSettlement,
    FilingOutcome,
    FilingQuestion,
    InpatientCase,
    MaternityBreakdown,
    MaternityCase,
    OutpatientCase,
    Undetermined,
    assess_chronic,
    assess_inpatient,
    assess_maternity,
    assess_outpatient,
    benefit_path,
    chronic_settlement,
    decide_filing,
    institution_level,
    is_bound_to_institutions,
    is_same_disease,
    pooled_benefit_in_arrears,
    price_class,
)
from tongban.people import Enrollment, PaymentState

_FUND_CHECK: Final = "01"
_RANK: Final = {Situation.LONG_TERM: 0, Situation.REFERRAL: 1, Situation.OWN_CHOICE: 2}
_TRIAL_FEN: Final = 100_00
_TRIAL: Final = (_TRIAL_FEN, 0, 0, 0, _TRIAL_FEN)


class Entitlement(NamedTuple):
    """`sentence`: why not, or on which ground; may be empty when nothing needs saying."""

    is_entitled: bool
    sentence: str = ""


async def check(call: Call, asked: BenefitCheckInput) -> BenefitOutput:
    """One row per fund: the pooled fund, and for employees the personal account."""
    wanted = asked.data
    if wanted.institution_code and wanted.institution_code != call.institution.institution_code:
        raise InstitutionMismatch(
            f"data 里的机构编号 fixmedins_code 是 {wanted.institution_code[:20]}，请填本机构的编号"
        )
    person_id, on = person_id_of(wanted.person_number), wanted.begins_at.date()
    person = await people.get_person(call.db, call.vault, person_id)
    insurance, care = insurance_of(wanted.insurance_code), care_type_of(wanted.care_type)
    enrolled = [row for row in await people.enrollments(call.db, person_id, on) if row.insurance_type is insurance]
    if enrolled:
        check_insured_region(call, enrolled[0].pool_code)
        filings = await list_filings(call.db, viewer_id=person_id)
        disease = await _disease(call, enrolled[0], wanted.disease_code, on) if care.kind is CareKind.CHRONIC else None
        pooled = _pooled(call, enrolled[0], care, filings, on, disease)
    else:
        pooled = Entitlement(False, f"{day_text(on)} 这天没有查到{insurance.zh}的参保记录，请核对险种 insutype 和日期")
    rows = [_row(person.person_id, POOLED_FUNDS[insurance], pooled, on)]
    if insurance is InsuranceType.EMPLOYEE:
        rows.append(_row(person.person_id, ACCOUNT_FUND, await _account(call, person.person_id), on))
    await call.looked_at("benefit.checked", person.person_id)
    return BenefitOutput(benefits=rows)


async def _disease(call: Call, enrolled: Enrollment, code: str, on: date) -> Certification | Entitlement:
    """What the person is recognised for of what the hospital asks about, or why that is not known."""
    found = [
        each
        for each in await chronic.certifications_of(call.db, enrolled.person_id, on)
        if each.is_under(enrolled.pool_code, enrolled.insurance_type)
    ]
    if not found:
        ask = call.pack.agency(enrolled.pool_code)
        return Entitlement(False, f"没有慢特病认定记录，请患者先在参保地申请认定。请问{ask}")
    told = "、".join(f"{each.wanted.code} {each.wanted.zh}" for each in found)
    if not code:
        return found[0] if len(found) == 1 else Entitlement(False, f"患者认定了 {told}，请在 dise_codg 里填一种再查")
    for each in found:
        if is_same_disease(call.pack, enrolled.pool_code, each.wanted.code, code, on):
            return each
    return Entitlement(False, f"病种 {code[:20]} 没有认定，患者认定的是 {told}")


def _pooled(
    call: Call,
    enrolled: Enrollment,
    wanted: CareType,
    filings: list[Filing],
    on: date,
    disease: Certification | Entitlement | None,
) -> Entitlement:
    """What stands against the pooled fund, in the order in which a cashier can do something about it."""
    care = wanted.kind
    if enrolled.payment_state is PaymentState.STOPPED:
        return Entitlement(False, "已停保，统筹基金不支付。请患者先到参保地补缴")
    if enrolled.payment_state is PaymentState.ARREARS and (stopped := _arrears(call, enrolled, on)) is not None:
        return stopped
    if care is CareKind.PHARMACY:
        return Entitlement(False, "药店购药用个人账户，统筹基金不支付")
    if not _is_connected(call, care):
        return Entitlement(False, f"本机构没有开通{care.zh}直接结算，请患者先自费，再回参保地报销")
    if isinstance(disease, Entitlement):
        return disease
    if wanted.is_birth and care is not CareKind.INPATIENT:
        return Entitlement(
            False, f"生育门诊（产前检查）怎么报，没有查到规定。请患者先付费，再问{call.pack.agency(enrolled.pool_code)}"
        )
    where = call.locality_of(enrolled.pool_code)
    here = [filing for filing in filings if _serves(call, filing, enrolled, care, on)]
    if disease is not None:
        return _of_disease(call, enrolled, disease, where, here, on)
    if where is not Locality.SAME_POOL and not here:
        decision = decide_filing(
            call.pack,
            FilingQuestion(
                enrolled.pool_code,
                enrolled.insurance_type,
                where,
                Situation.OWN_CHOICE,
                care,
                on,
                call.institution.pool_code,
            ),
        )
        if decision.outcome not in (FilingOutcome.NOT_NEEDED, FilingOutcome.DEEMED):
            return Entitlement(False, decision.sentence)
        return _determined(call, enrolled, wanted, where, None, on, decision.sentence)
    if not here:
        return _determined(call, enrolled, wanted, where, None, on, "")
    # While the law is silent about the best filing, settlement takes no lesser one in its place.
    best = min(here, key=lambda filing: _RANK[filing.kind.situation])
    return _determined(call, enrolled, wanted, where, best, on, _filed_as(best))


def _of_disease(
    call: Call, enrolled: Enrollment, disease: Certification, where: Locality, here: list[Filing], on: date
) -> Entitlement:
    """Whether this institution settles the recognised disease, by the best filing there is or without one."""
    pack, pool = call.pack, enrolled.pool_code
    chosen = disease.institutions_on(on)
    if call.institution.institution_code not in chosen:
        bound = is_bound_to_institutions(pack, pool, where, on)
        if isinstance(bound, Undetermined):
            if chosen:
                return Entitlement(False, f"本机构不是患者选定的医院，别的医院能不能结算没有查到。请问{bound.ask}")
        elif bound.value:
            return Entitlement(False, "参保地只在选定的医院报这个病，患者没有选本机构")
    best = min(here, key=lambda filing: _RANK[filing.kind.situation], default=None)
    situation = Situation.OWN_CHOICE if best is None else best.kind.situation
    decision = chronic_settlement(
        pack,
        ChronicQuestion(
            pool, where, situation, disease.wanted.code, is_recognised=True, is_filed=best is not None, on=on
        ),
    )
    if decision.outcome is not ChronicSettlement.DIRECT:
        return Entitlement(False, decision.sentence)
    path = benefit_path(
        pack,
        pool,
        enrolled.insurance_type,
        where,
        best.kind if best is not None else None,
        is_emergency=False,
        is_referred=False,
        on=on,
        treatment_pool=call.institution.pool_code,
    )
    if isinstance(path, Undetermined):
        return Entitlement(False, _unknown(path))
    given = (pool, enrolled.insurance_type, enrolled.category, where, path, disease.wanted.disease, on, on, *_TRIAL)
    assessment = assess_chronic(pack, ChronicCase(*given))
    if assessment.undetermined is not None:
        return Entitlement(False, _unknown(assessment.undetermined))
    ground = f"已认定：{disease.wanted.zh}（{disease.wanted.code}）"
    return Entitlement(True, f"{ground}；{_filed_as(best)}" if best is not None else ground)


def _arrears(call: Call, enrolled: Enrollment, on: date) -> Entitlement | None:
    """None where the insured pool's fund pays all the same."""
    paying = pooled_benefit_in_arrears(call.pack, enrolled.pool_code, enrolled.insurance_type, on)
    if isinstance(paying, Undetermined):
        return Entitlement(False, _unknown(paying))
    if enrolled.insurance_type is not InsuranceType.EMPLOYEE:
        return Entitlement(False, "缴费已中断，统筹基金不支付。请患者先到参保地补缴")
    return (
        None if paying.value else Entitlement(False, "单位欠费，统筹基金暂停支付，个人账户可以用。请患者联系单位补缴")
    )


def _determined(
    call: Call, enrolled: Enrollment, care: CareType, where: Locality, filing: Filing | None, on: date, ground: str
) -> Entitlement:
    """Whether the law holds every value this care would be settled with."""
    pack, pool, insurance = call.pack, enrolled.pool_code, enrolled.insurance_type
    path = benefit_path(
        pack,
        pool,
        insurance,
        where,
        filing.kind if filing is not None else None,
        is_emergency=False,
        is_referred=False,
        on=on,
        treatment_pool=call.institution.pool_code,
    )
    if isinstance(path, Undetermined):
        return Entitlement(False, _unknown(path))
    if care.is_birth:
        return _by_quota(call, enrolled, where, path, on, ground)
    level = price_class(pack, call.institution.hospital_level, call.institution.in_county, on, pool)
    if isinstance(level, Undetermined):
        return Entitlement(False, _unknown(level))
    given = (pool, insurance, enrolled.category, where, path, level, on, on, *_TRIAL)
    if care.kind is CareKind.INPATIENT:
        assessment = assess_inpatient(pack, InpatientCase(*given))
    else:
        assessment = assess_outpatient(pack, OutpatientCase(*given))
    if assessment.undetermined is not None:
        return Entitlement(False, _unknown(assessment.undetermined))
    return Entitlement(True, ground)


def _by_quota(
    call: Call, enrolled: Enrollment, where: Locality, path: BenefitPath, on: date, ground: str
) -> Entitlement:
    """A stay for giving birth: which deliveries a quota is known for here. Which one it will be nobody knows yet."""
    level = institution_level(call.institution.hospital_level)
    if level is None:
        ask = call.pack.agency(enrolled.pool_code)
        return Entitlement(False, f"不知道本机构是几级，没法确定按哪个生育定额报。请问{ask}")
    quotas: list[str] = []
    silent: list[Undetermined] = []
    for delivery in DELIVERY_CODES.values():
        given = (enrolled.pool_code, enrolled.insurance_type, enrolled.category, where, path, delivery, level, on, on)
        assessment = assess_maternity(call.pack, MaternityCase(*given, *_TRIAL))
        if assessment.undetermined is not None:
            silent.append(assessment.undetermined)
        elif isinstance(assessment.breakdown, MaternityBreakdown):
            quotas.append(f"{delivery.zh} {yuan(assessment.breakdown.quota_fen)} 元")
    if not quotas:
        return Entitlement(False, _unknown(silent[0]))
    rest = "，别的分娩方式没有查到" if silent else ""
    told = f"按定额报：{'、'.join(quotas)}{rest}。结算前请上传生育类别 matn_type"
    return Entitlement(True, f"{ground.rstrip('。')}。{told}" if ground else told)


def _unknown(found: Undetermined) -> str:
    """Why there is no answer, and whom to ask for one."""
    return found.reason if found.ask in found.reason else f"{found.reason}请问{found.ask}"


async def _account(call: Call, person_id: int) -> Entitlement:
    balance = await account.balance(call.db, person_id)
    if balance is None or balance.balance_fen == 0:
        return Entitlement(False, "个人账户里没有余额")
    held = f"个人账户余额 {yuan(balance.balance_fen)} 元"
    if balance.reserved_fen:
        held += f"，其中留给家人 {yuan(balance.reserved_fen)} 元，本人能用 {yuan(balance.spendable_fen)} 元"
    return Entitlement(balance.spendable_fen > 0, held)


def _is_connected(call: Call, care: CareKind) -> bool:
    here = call.institution
    if here.kind is not InstitutionKind.HOSPITAL:
        return False
    return here.settles_inpatient if care is CareKind.INPATIENT else here.settles_outpatient


def _serves(call: Call, filing: Filing, enrolled: Enrollment, care: CareKind, on: date) -> bool:
    return (
        filing.treatment_pool == call.institution.pool_code
        and filing.insured_pool == enrolled.pool_code
        and filing.insurance_type is enrolled.insurance_type
        and care in filing.scopes
        and filing.is_in_force(on)
    )


def _filed_as(filing: Filing) -> str:
    return f"已备案：{filing.kind.zh}（{filing.number}）"


def _row(person_id: int, fund: Fund, found: Entitlement, on: date) -> BenefitRow:
    return BenefitRow(
        person_number=person_number(person_id),
        check_kind=_FUND_CHECK,
        fund_code=fund.code,
        is_entitled=flag(found.is_entitled),
        begins_on=day_text(on),
        ends_on="",
        check_result=f"{fund.zh}：{found.sentence}" if found.sentence else "",
    )
