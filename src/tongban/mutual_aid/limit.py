"""How much may be used: raised or lowered by the giver at any time."""

from dataclasses import replace
from datetime import datetime

from tongban import account
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.money import Fen, yuan
from tongban.law import Pack
from tongban.mutual_aid import store
from tongban.mutual_aid.errors import GrantEnded
from tongban.mutual_aid.holding import held, log
from tongban.mutual_aid.model import EventKind, Grant, GrantState
from tongban.mutual_aid.rules import terms_of
from tongban.mutual_aid.telling import masked_names, tell_both
from tongban.mutual_aid.wish import check_limit, free_fen


async def change_limit(
    db: Db, pack: Pack, *, giver_id: int, number: str, limit_fen: Fen, channel: str, now: datetime
) -> Grant:
    """Raise or lower how much may be used, never below what was used. The same limit again changes nothing.

    Raises GrantNotFound for anybody else's number as for none, GrantEnded, LimitRefused.
    """
    async with db.transaction():
        grant, balance = await held(db, giver_id, number)
        _require_active(grant)
        if limit_fen == grant.limit_fen:
            return grant
        terms = terms_of(pack, grant.giver_pool, grant.locality, day_of(now))
        # Less is always allowed, also where the account by now holds less than what is left of the limit.
        free = max(grant.left_fen, free_fen(balance, terms, besides=grant))
        check_limit(limit_fen, free_fen=free, used_fen=grant.used_fen)
        await store.change_limit(db, giver_id, grant.grant_serial, limit_fen)
        if grant.is_set_apart:
            await account.set_apart(db, giver_id, limit_fen - grant.limit_fen)
        changed = replace(grant, limit_fen=limit_fen)
        await store.add_event(db, giver_id, grant.grant_serial, EventKind.LIMIT, limit_fen, now)
        await log(db, changed, "limit_changed", giver_id, channel, now)
        giver, receiver = await masked_names(db, grant)
        left = f"还能用 {yuan(changed.left_fen)} 元。"
        await tell_both(
            db,
            changed,
            giver=(f"您给{receiver}的上限改好了", f"现在最多 {yuan(limit_fen)} 元，{left}"),
            receiver=(f"{giver}改了给您用的金额", f"现在最多 {yuan(limit_fen)} 元，{left}"),
            now=now,
        )
    return changed


def _require_active(grant: Grant) -> None:
    if grant.state is not GrantState.ACTIVE:
        raise GrantEnded("这一条已经结束，不能再改。要再给家人用，请重新办一次")
