"""2206, 2207, 2303, 2304, 2208, 2305, 2601 and 5203: what a bill comes to, settled, undone, withdrawn, looked up."""

from typing import Final

from tongban import people, settlement
from tongban.doors.gateway import answers
from tongban.doors.gateway.call import Call, Reply, encounter_of, person_id_of, settlement_of
from tongban.doors.gateway.errors import CodeUnknown, VisitMismatch
from tongban.doors.gateway.marks import read_marks
from tongban.doors.gateway.scalars import plain_day
from tongban.doors.gateway.visits import visit_of
from tongban.doors.gateway.wire import (
    Bill,
    BillInput,
    CancellationOutput,
    ReversalInput,
    SettlementInput,
    SettlementOutput,
    SettlementQueryOutput,
    insurance_of,
)
from tongban.kernel.vocabulary import CareKind
from tongban.settlement import (
    CancelRequest,
    Encounter,
    ExpectedAmounts,
    ReverseRequest,
    Settled,
    SettleRequest,
    VisitDescription,
)

_STAY_CODES: Final = frozenset({"2303", "2304", "2305"})
REVERSIBLE: Final = frozenset({"2207", "2304", "2401"})
# "1" own account, "2" a relative's. Whichever a hospital sends, the own account pays first and relatives after it, as
# the person has ranked them: a cashier cannot know who has authorised whom.
_WITH_ACCOUNT: Final = frozenset({"1", "2"})


async def preview(call: Call, asked: BillInput) -> Reply:
    """2206 and 2303: the same computation as the settlement, nothing written."""
    encounter = await _billed_visit(call, asked.data)
    settled = await settlement.preview(
        call.db, call.pack, call.regions, _request(call, asked.data, encounter), now=call.now
    )
    return await _answer(call, asked.data, encounter, settled)


async def settle(call: Call, asked: BillInput) -> Reply:
    """2207 and 2304. The same message again is answered as before and pays nothing more."""
    encounter = await _billed_visit(call, asked.data)
    settled = await settlement.settle(
        call.db, call.pack, call.regions, _request(call, asked.data, encounter), now=call.now
    )
    return await _answer(call, asked.data, encounter, settled)


async def cancel(call: Call, asked: SettlementInput) -> Reply:
    """2208 and 2305."""
    wanted = asked.data
    encounter = await visit_of(call, wanted.encounter_number, wanted.person_number)
    is_visit = encounter.care_kind is not CareKind.INPATIENT
    _check_kind(call, encounter, "2208", "2305")
    cancelled = await settlement.cancel(
        call.db,
        call.pack,
        CancelRequest(
            person_id=encounter.person_id,
            settlement_serial=settlement_of(wanted.settlement_number, encounter.person_id).serial,
            institution_code=call.institution.institution_code,
            message_id=call.message.message_id,
            transaction_code=call.message.transaction_code,
            request_hash=call.request_hash,
            encounter_serial=encounter.encounter_serial,
        ),
        now=call.now,
    )
    output = CancellationOutput(
        settlement=answers.cancellation_info(cancelled, of_visit=is_visit, message_id=call.message.message_id),
        fund_shares=answers.fund_shares(cancelled.settlement, (), sign=-1),
    )
    later = "、".join(cancelled.later_numbers)
    return Reply(output, f"这个人同年还有后面的结算 {later}，撤销重结后金额会变，请逐笔核对" if later else "")


async def reverse(call: Call, asked: ReversalInput) -> None:
    """2601: the answer never came. Whatever the message did is undone; had it never arrived, it will be refused."""
    wanted = asked.data
    if wanted.original_transaction_code not in REVERSIBLE:
        raise CodeUnknown(
            f"原交易编号 oinfno 是 {wanted.original_transaction_code}，只能冲正 {'、'.join(sorted(REVERSIBLE))}；"
            "已经拿到结果的结算，请用 2208 或 2305 撤销"
        )
    person = await people.get_person(call.db, call.vault, person_id_of(wanted.person_number))
    await settlement.reverse(
        call.db,
        call.pack,
        ReverseRequest(
            person_id=person.person_id,
            institution_code=call.institution.institution_code,
            transaction_code=wanted.original_transaction_code,
            message_id=wanted.original_message_id,
        ),
        now=call.now,
    )


async def query(call: Call, asked: SettlementInput) -> SettlementQueryOutput:
    """5203: own institution only."""
    wanted = asked.data
    encounter = await visit_of(call, wanted.encounter_number, wanted.person_number)
    number = settlement_of(wanted.settlement_number, encounter.person_id)
    record = await settlement.find(
        call.db,
        encounter.person_id,
        settlement_serial=number.serial,
        encounter_serial=encounter.encounter_serial,
        institution_code=call.institution.institution_code,
    )
    person = await people.get_person(call.db, call.vault, encounter.person_id)
    await call.looked_at("settlement.queried", encounter.person_id, wanted.settlement_number)
    return SettlementQueryOutput(
        settlement=answers.query_info(record, person, call.institution, call.locality_of(record.insured_pool)),
        fund_shares=answers.fund_shares(record, answers.working(settlement.explain(call.pack, record))),
    )


async def _billed_visit(call: Call, bill: Bill) -> Encounter:
    """The visit a bill belongs to, with the marks the bill brings along."""
    encounter = await visit_of(call, bill.encounter_number, bill.person_number)
    _check_kind(call, encounter, "2206/2207", "2303/2304")
    if bill.is_interim:
        raise CodeUnknown("中途结算（mid_setl_flag 为 1）这里还不能办，请在出院时一次结算，mid_setl_flag 填 0")
    marks = read_marks(bill)
    if marks.adds_nothing_to(encounter):
        return encounter
    return await settlement.describe_visit(
        call.db,
        encounter_of(bill.encounter_number, encounter.person_id),
        call.institution.institution_code,
        VisitDescription(
            is_emergency=marks.is_emergency,
            is_referral_mark=marks.is_referral,
            is_trauma=marks.is_trauma,
            has_third_party=marks.has_third_party,
        ),
        now=call.now,
    )


def _request(call: Call, bill: Bill, encounter: Encounter) -> SettleRequest:
    is_stay = encounter.care_kind is CareKind.INPATIENT
    return SettleRequest(
        person_id=encounter.person_id,
        encounter_serial=encounter.encounter_serial,
        institution_code=call.institution.institution_code,
        insurance_type=insurance_of(bill.insurance_code),
        total_fen=int(bill.total),
        use_account=bill.account_use.lstrip("0") in _WITH_ACCOUNT,
        settled_on=call.today,
        batch="" if is_stay else bill.batch,
        discharged_on=plain_day(bill.discharged_on) if is_stay and bill.discharged_on is not None else None,
        expected=ExpectedAmounts(
            self_funded_fen=bill.self_funded,
            over_price_cap_fen=bill.over_price_cap,
            preselfpay_fen=bill.preselfpay,
            in_scope_fen=bill.in_scope,
        ),
        message_id=call.message.message_id,
        transaction_code=call.message.transaction_code,
        request_hash=call.request_hash,
    )


async def _answer(call: Call, bill: Bill, encounter: Encounter, settled: Settled) -> Reply:
    person = await people.get_person(call.db, call.vault, encounter.person_id)
    if settled.number is None or settled.is_repeat:
        # A settlement that was just written is its own record of who asked and when.
        await call.looked_at("settlement.shown", encounter.person_id, settled.number or encounter.number)
    info = answers.settlement_info(
        settled,
        person,
        care_type=encounter.care_type or bill.care_type,
        credential_code=bill.credential_kind,
        message_id=call.message.message_id,
        now=call.now,
    )
    told = settlement.explain(call.pack, settled)
    return Reply(
        SettlementOutput(settlement=info, fund_shares=answers.fund_shares(settled, answers.working(told))), told.notice
    )


def _check_kind(call: Call, encounter: Encounter, for_visits: str, for_stays: str) -> None:
    is_stay = encounter.care_kind is CareKind.INPATIENT
    if is_stay != (call.message.transaction_code in _STAY_CODES):
        raise VisitMismatch(f"这次就诊是{encounter.care_kind.zh}，请改用 {for_stays if is_stay else for_visits}")
