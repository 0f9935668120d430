"""What givers and receivers are told. Amount, day and kind of place; never what for."""

from datetime import datetime

from tongban import people
from tongban.infra.db import Db
from tongban.kernel.identifiers import mask_name
from tongban.kernel.money import Fen, yuan
from tongban.kernel.vocabulary import CareKind
from tongban.mutual_aid.model import Grant, grant_number
from tongban.notices import NoticeKind, post

# What a giver learns of the place.
PLACES = {
    CareKind.INPATIENT: "住院",
    CareKind.OUTPATIENT: "门诊看病",
    CareKind.CHRONIC: "门诊看病",
    CareKind.PHARMACY: "药店买药",
}


async def tell_used(
    db: Db,
    *,
    giver_id: int,
    grant_serial: int,
    receiver_id: int,
    amount_fen: Fen,
    care_kind: CareKind,
    reference: str,
    now: datetime,
) -> None:
    """Tell the giver that a relative used the account, inside the settlement's transaction."""
    name = await masked_name(db, receiver_id)
    number = grant_number(giver_id, grant_serial)
    await post(
        db,
        person_id=giver_id,
        kind=NoticeKind.MUTUAL_AID,
        subject=number,
        title=f"{name}用了您的个人账户",
        body=f"{PLACES[care_kind]}，用了 {yuan(amount_fen)} 元。",
        link=f"/family-account/given/{number}",
        now=now,
        once=f"mutual_aid.used {reference}",
    )


async def tell_returned(
    db: Db,
    *,
    giver_id: int,
    grant_serial: int,
    receiver_id: int,
    amount_fen: Fen,
    care_kind: CareKind,
    reference: str,
    now: datetime,
) -> None:
    """Tell the giver that it came back, inside the cancellation's transaction."""
    name = await masked_name(db, receiver_id)
    number = grant_number(giver_id, grant_serial)
    await post(
        db,
        person_id=giver_id,
        kind=NoticeKind.MUTUAL_AID,
        subject=number,
        title=f"{yuan(amount_fen)} 元退回您的个人账户",
        body=f"{name}{PLACES[care_kind]}的结算撤销了，钱已经退回。",
        link=f"/family-account/given/{number}",
        now=now,
        once=f"mutual_aid.returned {reference}",
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
