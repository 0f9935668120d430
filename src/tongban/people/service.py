"""Finding people, and the few things they change about themselves."""

import re
from datetime import date, datetime

from tongban.infra import audit
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import NotFound
from tongban.people import store
from tongban.people.codes import code_number
from tongban.people.demo_cast import CAST
from tongban.people.errors import CardLost, CredentialNotActivated, CredentialReplaced
from tongban.people.model import CredentialKind, DemoResident, Enrollment, MedicalCodeState, Person


async def find_by_id_number(db: Db, vault: Vault, number: str) -> Person | None:
    """The person of an ID number; spaces are dropped and a small x is taken for X."""
    return await store.person_by_id_number(db, vault, _compact(number))


async def get_person(db: Db, vault: Vault, person_id: int) -> Person:
    """Raises NotFound."""
    if (found := await store.person(db, vault, person_id)) is None:
        raise NotFound("没有找到这位参保人，请核对后再试")
    return found


async def names_of(db: Db, person_ids: list[int]) -> dict[int, str]:
    """Person → name of those that exist, in one query and with nothing decrypted."""
    return await store.names_of(db, person_ids)


async def find_by_credential(db: Db, vault: Vault, kind: CredentialKind, number: str) -> Person | None:
    """Who holds this medical code or card; None when nobody ever did.

    Raises CardLost, CredentialNotActivated or CredentialReplaced when the holder is known but it does not count.
    """
    if (found := await store.person_by_credential(db, vault, kind, _compact(number))) is None:
        return None
    person, credential, is_current = found
    if not is_current:
        raise CredentialReplaced(
            "这张社保卡已经换过新卡，请用新卡，或者出示医保码"
            if kind is CredentialKind.CARD
            else "这个医保码已经更新过，请重新打开医保码再出示"
        )
    if credential.state == "lost":
        raise CardLost(
            "这张社保卡已经挂失，不能用来结算。可以出示医保码；新卡要先激活"
            if kind is CredentialKind.CARD
            else "这个医保码已经挂失，请重新激活后再出示"
        )
    if credential.state != "active":
        raise CredentialNotActivated(f"这位参保人的{kind.zh}还没有激活，请先激活，或者换一种证件")
    return person


async def enrollments(db: Db, person_id: int, on: date) -> list[Enrollment]:
    """The enrollments in force on that day, in the order of their numbers; usually one, sometimes none or two."""
    return await store.enrollments(db, person_id, on)


async def medical_code_state(db: Db, person_id: int) -> MedicalCodeState:
    credential = await store.credential(db, person_id, CredentialKind.MEDICAL_CODE)
    return MedicalCodeState(credential.state) if credential else MedicalCodeState.NONE


async def activate_medical_code(
    db: Db, vault: Vault, person_id: int, now: datetime, *, channel: str = "portal"
) -> None:
    """Give the person a medical code that works; one that works already stays as it is.

    Raises NotFound when there is no such person.
    """
    async with db.transaction():
        await get_person(db, vault, person_id)
        if await medical_code_state(db, person_id) is MedicalCodeState.ACTIVE:
            return
        number_hash = vault.index(code_number(vault, person_id, now), store.CREDENTIAL_INDEX)
        await store.put_credential(db, person_id, CredentialKind.MEDICAL_CODE, "active", number_hash, now)
        await audit.record(
            db,
            now=now,
            actor=f"person:{person_id}",
            channel=channel,
            action="people.medical_code_activated",
            person_id=person_id,
        )


async def demo_residents(db: Db, vault: Vault) -> list[DemoResident]:
    """The made-up residents that the demo was loaded with, in the order of the cast; none outside a demo."""
    cast_ids = [member.person.person_id for member in CAST]
    loaded = await store.demo_people_among(db, cast_ids)
    issued = await store.active_codes(db, cast_ids)
    return [
        DemoResident(
            key=member.key,
            person_id=person.person_id,
            name=person.name,
            story=member.story,
            id_number=person.id_number,
            card_number=person.card_number,
            medical_code=code_number(vault, person.person_id, issued[person.person_id])
            if person.person_id in issued
            else "",
        )
        for member in CAST
        if (person := member.person).person_id in loaded
    ]


def _compact(number: str) -> str:
    return re.sub(r"\s", "", number).upper()
