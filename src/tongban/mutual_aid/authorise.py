"""Letting a relative use part of an account: signed, and for a quota set apart, in one transaction."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from tongban import account, signing
from tongban.directory import Regions
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import mask_name
from tongban.kernel.money import Fen, yuan
from tongban.law import Pack
from tongban.mutual_aid import store
from tongban.mutual_aid.holding import log
from tongban.mutual_aid.model import EventKind, Grant, GrantState
from tongban.mutual_aid.telling import tell_both
from tongban.mutual_aid.wish import check_wish, no_account
from tongban.signing import Signature


async def open_grant(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    giver_id: int,
    receiver_id: int,
    receiver_pool: str = "",
    limit_fen: Fen,
    signature: Signature,
    submit_token: UUID,
    channel: str,
    now: datetime,
) -> Grant:
    """Sign and open an authorisation; a quota is set apart in the same transaction.

    The same `submit_token` again gives the first one (`is_repeat`). Raises what `check_wish` raises, SignatureVoid and
    SignatureRefused, AlreadyGiven when there is one in force for the same relative.
    """
    async with db.transaction():
        held = await account.hold(db, [giver_id])
        first = await store.grant_of_token(db, giver_id, submit_token)
        if first is not None:
            return replace(first, is_repeat=True)
        if giver_id not in held:
            raise no_account()
        wish = await check_wish(
            db,
            vault,
            pack,
            regions,
            giver_id=giver_id,
            receiver_id=receiver_id,
            receiver_pool=receiver_pool,
            limit_fen=limit_fen,
            now=now,
        )
        signed = signing.sign(
            signature, wish.commitment, wish.answers, signer_id=giver_id, signer_name=wish.giver_name, now=now
        )
        made = Grant(
            giver_id=giver_id,
            grant_serial=0,
            receiver_id=receiver_id,
            relation=wish.kin.relation,
            giver_pool=wish.giver_pool,
            receiver_pool=wish.receiver_pool,
            locality=wish.locality,
            is_set_apart=wish.is_set_apart,
            limit_fen=limit_fen,
            used_fen=0,
            valid_from=day_of(now),
            state=GrantState.ACTIVE,
            opened_at=now,
            ended_at=None,
            end_reason="",
        )
        made = replace(
            made, grant_serial=await store.insert_grant(db, made, channel=channel, submit_token=submit_token)
        )
        if made.is_set_apart:
            await account.set_apart(db, giver_id, limit_fen)
        await store.add_event(db, giver_id, made.grant_serial, EventKind.OPENED, limit_fen, now)
        await signing.keep(db, person_id=giver_id, subject=made.number, signature_no=1, signed=signed)
        await log(db, made, "opened", giver_id, channel, now)
        giver, receiver = mask_name(wish.giver_name), mask_name(wish.kin.name)
        await tell_both(
            db,
            made,
            giver=(f"{receiver}可以用您的个人账户了", f"最多 {yuan(limit_fen)} 元。随时可以改，也可以解除。"),
            receiver=(f"您可以用{giver}的个人账户了", f"最多 {yuan(limit_fen)} 元。看病时自己的账户不够，会自动用。"),
            now=now,
        )
    return made
