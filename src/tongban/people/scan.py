"""What a phone shows a hospital's scanner: digits that stand for the medical code for one minute, at one hospital.

The medical code itself never leaves the server in a picture: a photo of the screen is worth nothing a minute later, and
nothing at another counter.
"""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from tongban.infra import audit, rate
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import NotFound
from tongban.people import store
from tongban.people.errors import CredentialNotActivated, MedicalCodeNotIssued, ScanCodeEnded
from tongban.people.model import CardState, CredentialKind, Person
from tongban.people.service import find_by_credential

SHOWN_FOR = timedelta(seconds=60)
# A counter reads once (1101) and sends the same digits again when it registers or admits.
GOOD_AFTER_READING = timedelta(minutes=30)
DIGITS = 20
_SHOWN_PER_MINUTE_MAX = 30
_FORGOTTEN_AFTER = timedelta(days=1)


class ScanCode(NamedTuple):
    """`number`: twenty digits, drawn for this picture alone; nobody can guess one that is good."""

    number: str
    until: datetime


async def show_code(db: Db, vault: Vault, person_id: int, now: datetime) -> ScanCode:
    """New digits for the person's phone; those shown before stay good until their own minute is over.

    Raises MedicalCodeNotIssued while the medical code is not active, TooOften.
    """
    credential = await store.credential(db, person_id, CredentialKind.MEDICAL_CODE)
    if credential is None or credential.state != "active":
        raise MedicalCodeNotIssued("您的医保码还没有激活，请先激活")
    await rate.limit(db, f"people.show_code:{person_id}", now=now, per_minute=_SHOWN_PER_MINUTE_MAX)
    number = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    until = now + SHOWN_FOR
    await store.add_scan_code(db, vault, number, person_id, until, forget_before=now - _FORGOTTEN_AFTER)
    return ScanCode(number, until)


async def find_presented(
    db: Db, vault: Vault, kind: CredentialKind, number: str, *, institution_code: str, now: datetime
) -> Person | None:
    """Whose code or card the institution has read; None when it is nobody's.

    Besides what `find_by_credential` takes, the digits of `show_code`: within their minute at any institution, and from
    then on for a while at the one that read them first. Raises ScanCodeEnded, CredentialNotActivated, and what
    `find_by_credential` raises.
    """
    digits = "".join(number.split())  # read aloud and typed in groups of four
    if kind is not CredentialKind.MEDICAL_CODE or not (digits.isdecimal() and len(digits) == DIGITS):
        return await find_by_credential(db, vault, kind, number)
    found = await store.read_scan_code(db, vault, digits, institution_code, now)
    if found is None:
        return None
    if found.read_by not in ("", institution_code):
        raise ScanCodeEnded("这个医保码已经在别的医院用过了，请患者点“换一个”再扫一次")
    if now >= (found.until if found.read_at is None else found.read_at + GOOD_AFTER_READING):
        raise ScanCodeEnded("这个医保码过了时间，请患者点“换一个”再扫一次")
    # Lost or taken back since the picture was drawn.
    credential = await store.credential(db, found.person_id, CredentialKind.MEDICAL_CODE)
    if credential is None or credential.state != "active":
        raise CredentialNotActivated("这位参保人的医保码现在不能用，请换社保卡，或者先激活医保码")
    return await store.person(db, vault, found.person_id)


async def card_state(db: Db, person_id: int) -> CardState:
    credential = await store.credential(db, person_id, CredentialKind.CARD)
    return CardState(credential.state) if credential else CardState.NONE


async def report_card_lost(db: Db, person_id: int, now: datetime, *, channel: str = "portal") -> bool:
    """From now on the card is refused at every hospital; the medical code goes on working. Once is enough: returns
    whether this was the first time.

    Raises NotFound where there is no card.
    """
    async with db.transaction():
        if await card_state(db, person_id) is CardState.NONE:
            raise NotFound("没有查到您的社保卡，不用挂失")
        is_new = await store.mark_lost(db, person_id, CredentialKind.CARD, now)
        if is_new:
            await audit.record(
                db,
                now=now,
                actor=f"person:{person_id}",
                channel=channel,
                action="people.card_lost",
                person_id=person_id,
            )
    return is_new
