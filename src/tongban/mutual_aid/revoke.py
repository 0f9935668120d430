"""Ending an authorisation: by the giver, or by itself when one of the two is no longer insured there."""

from dataclasses import replace
from datetime import datetime

from tongban import account, law
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.law import Pack, SharingEnd, SharingEvent
from tongban.mutual_aid import store
from tongban.mutual_aid.errors import AidUndetermined
from tongban.mutual_aid.holding import held, log
from tongban.mutual_aid.model import EventKind, Grant, GrantState
from tongban.mutual_aid.rules import ending
from tongban.mutual_aid.telling import masked_names, tell_both


async def revoke(db: Db, pack: Pack, *, giver_id: int, number: str, channel: str, now: datetime) -> Grant:
    """The giver ends it, with effect as the law says; what was set apart and not used is free again. Twice is once.

    Raises GrantNotFound for anybody else's number as for none, AidUndetermined where the law is silent.
    """
    async with db.transaction():
        grant, _ = await held(db, giver_id, number)
        if grant.state is not GrantState.ACTIVE:
            return replace(grant, is_repeat=True)
        found = law.mutual_aid_end(pack, grant.giver_pool, SharingEvent.GIVER_REVOKES, grant.locality, day_of(now))
        if found.outcome is not SharingEnd.ENDS:
            raise AidUndetermined(found.sentence, ask=found.ask)
        ended = await _end(db, grant, GrantState.REVOKED, SharingEvent.GIVER_REVOKES, now)
        await log(db, ended, "revoked", giver_id, channel, now)
        giver, receiver = await masked_names(db, grant)
        await tell_both(
            db,
            ended,
            giver=(f"您和{receiver}的共济解除了", found.sentence),
            receiver=(f"不能再用{giver}的个人账户了", "以后看病不会再用。已经用的不用还。"),
            now=now,
        )
    return ended


async def end_lapsed(db: Db, pack: Pack, *, now: datetime, giver_id: int | None = None) -> list[Grant]:
    """Write down what has ended by itself (one of the two is no longer insured there), so that what was set apart is
    free again. A settlement asks the law anyway and uses nothing that has ended. `giver_id` None: everybody's.
    """
    today = day_of(now)
    ended: list[Grant] = []
    for seen, states in await store.uninsured(db, today, giver_id):
        if ending(pack, seen, states, today) is None:
            continue
        async with db.transaction():
            grant, _ = await held(db, seen.giver_id, seen.number)
            # Looked at again: somebody may have ended it meanwhile, or be insured again.
            why = ending(pack, grant, await store.payment_states(db, grant, today), today)
            if why is None or grant.state is not GrantState.ACTIVE:
                continue
            ended.append(await _end(db, grant, GrantState.ENDED, why.event, now))
            await log(db, grant, "ended", None, "rules", now)
            giver, receiver = await masked_names(db, grant)
            await tell_both(
                db,
                grant,
                giver=(f"您和{receiver}的共济结束了", why.sentence),
                receiver=(f"您和{giver}的共济结束了", why.sentence),
                now=now,
            )
    return ended


async def _end(db: Db, grant: Grant, state: GrantState, event: SharingEvent, now: datetime) -> Grant:
    await store.end(db, grant, state, event.value, now)
    if grant.is_set_apart:
        await account.set_apart(db, grant.giver_id, -grant.left_fen)
    what = EventKind.REVOKED if state is GrantState.REVOKED else EventKind.ENDED
    await store.add_event(db, grant.giver_id, grant.grant_serial, what, grant.left_fen, now)
    return replace(grant, state=state, ended_at=now, end_reason=event.value)
