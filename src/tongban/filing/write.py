"""Write a filing down, whoever made it: one transaction, at most once per token, never over another one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from tongban.filing import rules, store
from tongban.filing.errors import FilingOverlaps
from tongban.filing.model import SEALED_ANSWERS, Filing, scope_numbers
from tongban.infra import audit
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Conflict

Part = Callable[[Filing], Awaitable[None]]


async def write_filing(
    db: Db,
    vault: Vault,
    filing: Filing,
    *,
    contact: rules.Contact,
    proxy_phone: str,
    answers: Mapping[str, Any],
    decision: rules.KindDecision,
    submit_token: UUID,
    place: str,
    actor: str,
    now: datetime,
    today: date,
    before: Part | None = None,
    after: Part,
) -> Filing:
    """The filing with its serial. `before` and `after` run inside the transaction, round the insertion; when the token
    was used already, neither runs and the first filing comes back. Raises FilingOverlaps."""
    numbers = scope_numbers(filing.scopes)
    try:
        async with db.transaction():
            serial = await store.take_serial(db, filing.person_id)
            # Asked now that other submits of this person have to wait: an earlier look may have seen an older state.
            if (first := await store.filing_by_token(db, filing.person_id, submit_token)) is not None:
                return first
            filing = replace(filing, filing_serial=serial)
            if before is not None:
                await before(filing)
            await store.insert_filing(
                db,
                vault,
                filing,
                contact_phone=contact.phone,
                contact_address=contact.address,
                residence_address=contact.residence_address,
                proxy_phone=proxy_phone,
                scope_numbers=numbers,
                answers={name: value for name, value in answers.items() if name not in SEALED_ANSWERS},
                decision=decision.record(),
                submit_token=submit_token,
            )
            note = f"代替 {filing.replaces}" if filing.replaces else ""
            await store.add_event(
                db, filing.person_id, serial, at=now, what="filed", actor=actor, channel=filing.channel, note=note
            )
            await after(filing)
            await audit.record(
                db,
                now=now,
                actor=actor,
                channel=filing.channel,
                action="filing.opened",
                person_id=filing.person_id,
                subject=filing.number,
                detail={"kind": filing.kind.value, "treatment_pool": filing.treatment_pool},
            )
    except asyncpg.ExclusionViolationError:
        # Read after the failed transaction was taken back, so that the row that stood in the way can be seen.
        existing = await store.overlapping(
            db,
            filing.person_id,
            filing.treatment_pool,
            numbers,
            filing.valid_from,
            filing.valid_to,
            but_not=filing.replaces_serial,
        )
        if existing is None:
            raise Conflict("刚才还有一个重复的备案，现在已经取消了。请再提交一次") from None
        raise FilingOverlaps(_overlap_sentence(existing, place, today), existing=existing) from None
    return filing


def _overlap_sentence(existing: Filing, place: str, today: date) -> str:
    until = f"到{zh_date(existing.valid_to)}" if existing.valid_to else "，长期有效"
    keeps = existing.settlements_here > 0 or existing.is_in_force(today)
    advice = "那个备案能接着用，不用再办" if keeps else "要换日期，请先取消那个备案"
    said = f"已经有去{place}的备案，日期和这次重了：编号 {existing.number}"
    return f"{said}，{zh_date(existing.valid_from)}起{until}。{advice}"
