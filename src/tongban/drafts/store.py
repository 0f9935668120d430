"""SQL of drafts."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from tongban.drafts.model import Draft, steps_from_json, steps_to_json
from tongban.infra.crypto import Vault
from tongban.infra.db import Db

_CONTEXT = "drafts.content"
_EMPTY = b""


async def insert(db: Db, vault: Vault, draft: Draft) -> None:
    await db.execute(
        """insert into drafts.draft (person_id, draft_id, flow, for_person_id, content_enc, papers, submit_token,
                                     version, created_at, updated_at, expires_on)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        draft.person_id,
        draft.draft_id,
        draft.flow,
        draft.for_person_id,
        vault.seal(steps_to_json(draft.steps), _CONTEXT),
        dict(draft.papers),
        draft.submit_token,
        draft.version,
        draft.created_at,
        draft.updated_at,
        draft.expires_on,
    )


async def draft(
    db: Db, vault: Vault, person_id: int, draft_id: UUID, today: date, *, lock: bool = False
) -> Draft | None:
    """The draft, unless it has expired; `lock` keeps other windows waiting until the transaction ends."""
    row = await db.fetchrow(
        f"""select * from drafts.draft where person_id = $1 and draft_id = $2 and expires_on >= $3
            {"for update" if lock else ""}""",  # noqa: S608 - one of two fixed words
        person_id,
        draft_id,
        today,
    )
    return _draft(vault, row) if row else None


async def unfinished(db: Db, vault: Vault, person_id: int, flow: str | None, today: date) -> list[Draft]:
    """Those not handed in yet, last touched first."""
    rows = await db.fetch(
        """select * from drafts.draft
           where person_id = $1 and outcome = '' and expires_on >= $2 and ($3::text is null or flow = $3)
           order by updated_at desc, draft_id""",
        person_id,
        today,
        flow,
    )
    return [_draft(vault, row) for row in rows]


async def ending(db: Db, today: date, until: date) -> list[Mapping[str, Any]]:
    return await db.fetch(
        """select person_id, draft_id, flow, expires_on from drafts.draft
           where expires_on between $1 and $2 and outcome = '' order by person_id, draft_id""",
        today,
        until,
    )


async def update(db: Db, vault: Vault, draft: Draft) -> None:
    await db.execute(
        """update drafts.draft
           set content_enc = $3, papers = $4, for_person_id = $5, version = $6, updated_at = $7, expires_on = $8
           where person_id = $1 and draft_id = $2""",
        draft.person_id,
        draft.draft_id,
        vault.seal(steps_to_json(draft.steps), _CONTEXT),
        dict(draft.papers),
        draft.for_person_id,
        draft.version,
        draft.updated_at,
        draft.expires_on,
    )


async def finish(db: Db, person_id: int, draft_id: UUID, outcome: str, now: datetime) -> bool:
    """What was typed is emptied. False when the draft is gone or was finished before."""
    done = await db.execute(
        """update drafts.draft
           set outcome = $3, content_enc = $4, papers = '{}', version = version + 1, updated_at = $5
           where person_id = $1 and draft_id = $2 and outcome = ''""",
        person_id,
        draft_id,
        outcome,
        _EMPTY,
        now,
    )
    return done.endswith(" 1")


async def delete(db: Db, person_id: int, draft_id: UUID) -> None:
    await db.execute(
        "delete from drafts.draft where person_id = $1 and draft_id = $2 and outcome = ''", person_id, draft_id
    )


async def delete_expired(db: Db, today: date, person_id: int | None = None) -> int:
    """Of one person or, for housekeeping, of all. Returns how many there were."""
    done = await db.execute(
        "delete from drafts.draft where expires_on < $1 and ($2::bigint is null or person_id = $2)", today, person_id
    )
    return int(done.split()[-1])


def _draft(vault: Vault, row: Any) -> Draft:
    sealed = bytes(row["content_enc"])
    return Draft(
        person_id=row["person_id"],
        draft_id=row["draft_id"],
        flow=row["flow"],
        for_person_id=row["for_person_id"],
        steps=steps_from_json(vault.open(sealed, _CONTEXT)) if sealed else MappingProxyType({}),
        papers=MappingProxyType(row["papers"]),
        submit_token=row["submit_token"],
        outcome=row["outcome"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_on=row["expires_on"],
    )
