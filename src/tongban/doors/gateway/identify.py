"""9001, 9002 and 1101: the hospital's day begins, the patient says who they are."""

import secrets
from datetime import date

from tongban import account, people
from tongban.doors.gateway import store
from tongban.doors.gateway.answers import insurance_info, person_info
from tongban.doors.gateway.call import Call
from tongban.doors.gateway.errors import CodeUnknown, CredentialRefused, NodeInvalid, PersonNotFound
from tongban.doors.gateway.scalars import day_text, time_text
from tongban.doors.gateway.wire import (
    Identify,
    IdentifyInput,
    IdentifyOutput,
    SignOffAnswer,
    SignOffInput,
    SignOffOutput,
    SignOnAnswer,
    SignOnInput,
    SignOnOutput,
    credential_of,
)
from tongban.kernel.identifiers import parse_resident_id
from tongban.people import Enrollment, PaymentState, Person


async def sign_on(call: Call, asked: SignOnInput) -> SignOnOutput:
    """9001. The number is a convenience of the day: no transaction demands it."""
    number = f"{call.institution.pool_code}{secrets.token_hex(12).upper()}"
    await store.add_sign_on(
        call.db, number, call.institution.institution_code, asked.sign_on.sign_on_operator, call.now
    )
    return SignOnOutput(sign_on_answer=SignOnAnswer(signed_at=day_text(call.today), sign_on_number=number))


async def sign_off(call: Call, asked: SignOffInput) -> SignOffOutput:
    """9002."""
    number = asked.sign_off.sign_on_number
    if not await store.sign_off(call.db, number, call.institution.institution_code, call.now):
        raise CodeUnknown(f"签到编号 sign_no 是 {number[:30]}，本机构没有用它签到过，请填 9001 返回的编号")
    moment = time_text(call.now)
    return SignOffOutput(sign_off_answer=SignOffAnswer(signed_at=moment), signed_at=moment)


async def identify(call: Call, asked: IdentifyInput) -> IdentifyOutput:
    """1101. The enrollment in force comes first: most systems read only the first row."""
    wanted = asked.data
    person = await _find(call, wanted)
    _check_named(person, wanted)
    on: date = wanted.begins_at.date() if wanted.begins_at is not None else call.today
    rows = await people.enrollments(call.db, person.person_id, on)
    balance = await account.balance(call.db, person.person_id)
    await call.looked_at("person.identified", person.person_id)
    balance_fen = balance.balance_fen if balance is not None else 0
    return IdentifyOutput(
        base_info=person_info(person, call.today),
        insurance_info=[insurance_info(row, balance_fen) for row in sorted(rows, key=_usefulness)],
        identity_info=[],
    )


async def _find(call: Call, wanted: Identify) -> Person:
    """By medical code, card, or resident ID number.

    The ID number identifies; whether a visit may be opened with it is decided where it is opened.
    """
    if wanted.credential_kind and (kind := credential_of(wanted.credential_kind)) is not None:
        if not wanted.credential_number:
            raise NodeInvalid(f"缺少 mdtrt_cert_no：凭证类型是 {kind.zh}，请把它的编号一起发来")
        found = await people.find_presented(
            call.db,
            call.vault,
            kind,
            wanted.credential_number,
            institution_code=call.institution.institution_code,
            now=call.now,
        )
        if found is None:
            raise PersonNotFound(f"没有找到这个{kind.zh}对应的参保人，请重新读码（读卡），或换一种凭证")
        return found
    number = wanted.certificate_number or wanted.credential_number
    if not number:
        raise NodeInvalid("缺少 mdtrt_cert_no（就诊凭证编号）或 certno（证件号码），请补上再发")
    parsed = parse_resident_id(number, call.today)
    found = await people.find_by_id_number(call.db, call.vault, parsed.number)
    if found is None:
        raise PersonNotFound("没有找到这个身份证号的参保人，请核对号码；在外省参保的，请填对参保地")
    return found


def _check_named(person: Person, wanted: Identify) -> None:
    """What else the hospital holds of the person must agree: a wrong card in the reader stops here."""
    if wanted.person_name and wanted.person_name != person.name:
        raise CredentialRefused("凭证和姓名 psn_name 不是同一个人，请核对患者的证件后再读一次")
    number = wanted.certificate_number.replace(" ", "").upper()
    if number and number != person.id_number:
        raise CredentialRefused("凭证和证件号码 certno 不是同一个人，请核对患者的证件后再读一次")


def _usefulness(row: Enrollment) -> tuple[bool, int]:
    return row.payment_state is PaymentState.STOPPED, row.enrollment_no
