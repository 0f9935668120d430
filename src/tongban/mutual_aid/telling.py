"""What givers and receivers are told. Amount, day and kind of place; never what for."""

from datetime import datetime
from typing import NamedTuple

from tongban import people
from tongban.infra.db import Db
from tongban.kernel.identifiers import mask_name
from tongban.kernel.money import Fen, yuan
from tongban.kernel.vocabulary import CareKind
from tongban.mutual_aid.model import Grant, grant_number
from tongban.notices import NoticeKind, post


class AidUse(NamedTuple):
    """What a giver is told about. `reference` is the settlement's number."""

    giver_id: int
    grant_serial: int
    receiver_id: int
    amount_fen: Fen
    care_kind: CareKind
    reference: str


# What a giver learns of the place.
PLACES = {
    CareKind.INPATIENT: "住院",
    CareKind.OUTPATIENT: "门诊看病",
    CareKind.CHRONIC: "门诊看病",
    CareKind.PHARMACY: "药店买药",
}


async def tell_used(db: Db, use: AidUse, *, now: datetime) -> None:
    """Tell the giver that a relative used the account, inside the settlement's transaction."""
    name = await masked_name(db, use.receiver_id)
    body = f"{PLACES[use.care_kind]}，用了 {yuan(use.amount_fen)} 元。"
    await _tell_giver(db, use, "used", title=f"{name}用了您的个人账户", body=body, now=now)


async def tell_returned(db: Db, use: AidUse, *, now: datetime) -> None:
    """Tell the giver that it came back, inside the cancellation's transaction."""
    name = await masked_name(db, use.receiver_id)
    body = f"{name}{PLACES[use.care_kind]}的结算撤销了，钱已经退回。"
    await _tell_giver(db, use, "returned", title=f"{yuan(use.amount_fen)} 元退回您的个人账户", body=body, now=now)


async def _tell_giver(db: Db, use: AidUse, what: str, *, title: str, body: str, now: datetime) -> None:
    """Once for one bill."""
    number = grant_number(use.giver_id, use.grant_serial)
    await post(
        db,
        person_id=use.giver_id,
        kind=NoticeKind.MUTUAL_AID,
        subject=number,
        title=title,
        body=body,
        link=f"/family-account/given/{number}",
        now=now,
        once=f"mutual_aid.{what} {use.reference}",
    )


async def tell_both(db: Db, grant: Grant, *, giver: tuple[str, str], receiver: tuple[str, str], now: datetime) -> None:
    """A title and a sentence for each of the two."""
    for person_id, (title, body), link in (
        (grant.giver_id, giver, f"/family-account/given/{grant.number}"),
        (grant.receiver_id, receiver, "/family-account/received"),
    ):
        await post(
            db,
            person_id=person_id,
            kind=NoticeKind.MUTUAL_AID,
            subject=grant.number,
            title=title,
            body=body,
            link=link,
            now=now,
        )


async def masked_name(db: Db, person_id: int) -> str:
    return mask_name((await people.names_of(db, [person_id])).get(person_id, "家人"))


async def masked_names(db: Db, grant: Grant) -> tuple[str, str]:
    """The giver's and the receiver's."""
    names = await people.names_of(db, [grant.giver_id, grant.receiver_id])
    return mask_name(names.get(grant.giver_id, "家人")), mask_name(names.get(grant.receiver_id, "家人"))
