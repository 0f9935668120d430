"""SQL of filings. Rows in, typed values out; what a statement promises is said here, what it means in the use cases."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tongban.filing.draft import Draft, Step, StepAnswers, steps_from_json, steps_to_json
from tongban.filing.model import (
    Filing,
    FilingDetail,
    FilingEvent,
    FilingStatus,
    FilingWay,
    SignatureMethod,
    SignedText,
    scopes_of_numbers,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.vocabulary import FilingKind, InsuranceType, PersonnelCategory

_CONTEXT_DRAFT = "filing.draft"
_CONTEXT_PHONE = "filing.contact_phone"
_CONTEXT_ADDRESS = "filing.contact_address"
_CONTEXT_RESIDENCE = "filing.residence_address"

_FILING = """
  person_id, filing_serial, kind, array(select n from generate_series(1, 3) n where scopes @> n) as scope_numbers,
  treatment_pool, insured_pool, insurance_type, category, valid_from, valid_to, stays_max, status, channel, way,
  filed_by, relation, contact_name, policy_version, filed_at, closed_at, close_reason, settlements_here
"""


# --- drafts -----------------------------------------------------------------------------------------------------------


async def insert_draft(db: Db, vault: Vault, draft: Draft) -> None:
    await db.execute(
        """insert into filing.draft (person_id, draft_id, for_person_id, content_enc, submit_token, version,
                                     created_at, updated_at, expires_on)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        draft.person_id,
        draft.draft_id,
        draft.for_person_id,
        vault.seal(steps_to_json(draft.steps), _CONTEXT_DRAFT),
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
        f"""select * from filing.draft where person_id = $1 and draft_id = $2 and expires_on >= $3
            {"for update" if lock else ""}""",  # noqa: S608 - one of two fixed words
        person_id,
        draft_id,
        today,
    )
    return _draft(vault, row) if row else None


async def open_drafts(db: Db, vault: Vault, person_id: int, today: date) -> list[Draft]:
    """Those that are not filings yet, last touched first."""
    rows = await db.fetch(
        """select * from filing.draft where person_id = $1 and filing_serial is null and expires_on >= $2
           order by updated_at desc""",
        person_id,
        today,
    )
    return [_draft(vault, row) for row in rows]


async def update_draft(db: Db, vault: Vault, draft: Draft) -> None:
    await db.execute(
        """update filing.draft set content_enc = $3, version = $4, updated_at = $5, expires_on = $6
           where person_id = $1 and draft_id = $2""",
        draft.person_id,
        draft.draft_id,
        vault.seal(steps_to_json(draft.steps), _CONTEXT_DRAFT),
        draft.version,
        draft.updated_at,
        draft.expires_on,
    )


async def finish_draft(db: Db, vault: Vault, draft: Draft, filing_serial: int, now: datetime) -> None:
    """The draft became a filing, which keeps the answers: what was typed is emptied."""
    await db.execute(
        """update filing.draft set filing_serial = $3, content_enc = $4, version = version + 1, updated_at = $5
           where person_id = $1 and draft_id = $2""",
        draft.person_id,
        draft.draft_id,
        filing_serial,
        vault.seal(steps_to_json({}), _CONTEXT_DRAFT),
        now,
    )


async def delete_draft(db: Db, person_id: int, draft_id: UUID) -> None:
    await db.execute(
        "delete from filing.draft where person_id = $1 and draft_id = $2 and filing_serial is null", person_id, draft_id
    )


async def delete_expired_drafts(db: Db, today: date, person_id: int | None = None) -> int:
    """Of one person or, for housekeeping, of all. Returns how many there were."""
    done = await db.execute(
        "delete from filing.draft where expires_on < $1 and ($2::bigint is null or person_id = $2)", today, person_id
    )
    return int(done.split()[-1])


def _draft(vault: Vault, row: Any) -> Draft:
    steps: Mapping[Step, StepAnswers] = steps_from_json(vault.open(row["content_enc"], _CONTEXT_DRAFT))
    return Draft(
        person_id=row["person_id"],
        draft_id=row["draft_id"],
        for_person_id=row["for_person_id"],
        steps=steps,
        submit_token=row["submit_token"],
        filing_serial=row["filing_serial"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_on=row["expires_on"],
    )


# --- filings ----------------------------------------------------------------------------------------------------------


async def take_serial(db: Db, person_id: int) -> int:
    """The person's next serial. Holds the row until the transaction ends, so one person's submits queue up here."""
    serial: int = await db.fetchval(
        """insert into filing.person_serial (person_id, last_serial) values ($1, 1)
           on conflict (person_id) do update set last_serial = person_serial.last_serial + 1
           returning last_serial""",
        person_id,
    )
    return serial


async def insert_filing(
    db: Db,
    vault: Vault,
    filing: Filing,
    *,
    contact_phone: str,
    contact_address: str,
    residence_address: str,
    scope_numbers: Sequence[int],
    answers: Mapping[str, Any],
    decision: Mapping[str, Any],
    submit_token: UUID,
) -> None:
    """Raises asyncpg.ExclusionViolationError when the person has filed this place and scope for some of the days."""
    await db.execute(
        """insert into filing.filing (
             person_id, filing_serial, kind, scopes, treatment_pool, insured_pool, insurance_type, category, valid_from,
             valid_to, status, channel, way, filed_by, relation, contact_name, contact_phone_enc, contact_address_enc,
             residence_address_enc, answers, policy_version, decision, submit_token, filed_at, stays_max)
           values ($1, $2, $3, (select range_agg(int4range(n, n + 1)) from unnest($4::integer[]) n), $5, $6, $7, $8, $9,
             $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)""",
        filing.person_id,
        filing.filing_serial,
        filing.kind.value,
        list(scope_numbers),
        filing.treatment_pool,
        filing.insured_pool,
        filing.insurance_type.value,
        filing.category.value,
        filing.valid_from,
        filing.valid_to,
        filing.status.value,
        filing.channel,
        filing.way.value,
        filing.filed_by,
        filing.relation,
        filing.contact_name,
        vault.seal(contact_phone, _CONTEXT_PHONE),
        vault.seal(contact_address, _CONTEXT_ADDRESS),
        vault.seal(residence_address, _CONTEXT_RESIDENCE) if residence_address else None,
        dict(answers),
        filing.policy_version,
        dict(decision),
        submit_token,
        filing.filed_at,
        filing.stays_max,
    )


async def insert_signature(
    db: Db, person_id: int, filing_serial: int, signed: SignedText, strokes: Mapping[str, Any] | None
) -> None:
    await db.execute(
        """insert into filing.signature (person_id, filing_serial, signer_id, signer_name, method, text_version,
                                         text_signed, strokes, picture_png, answers_hash, signed_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        person_id,
        filing_serial,
        signed.signer_id,
        signed.signer_name,
        signed.method.value,
        signed.text_version,
        signed.text,
        dict(strokes) if strokes is not None else None,
        signed.picture_png,
        signed.answers_hash,
        signed.signed_at,
    )


async def add_event(
    db: Db, person_id: int, filing_serial: int, *, at: datetime, what: str, actor: str, channel: str, note: str = ""
) -> None:
    """The next line of the filing's history. The caller holds the filing's row, so numbers do not collide."""
    await db.execute(
        """insert into filing.event (person_id, filing_serial, event_no, at, what, actor, channel, note)
           select $1, $2, coalesce(max(event_no), 0) + 1, $3, $4, $5, $6, $7 from filing.event
           where person_id = $1 and filing_serial = $2""",
        person_id,
        filing_serial,
        at,
        what,
        actor,
        channel,
        note,
    )


async def filing_by_token(db: Db, person_id: int, submit_token: UUID) -> Filing | None:
    return _optional(
        await db.fetchrow(
            f"select {_FILING} from filing.filing where person_id = $1 and submit_token = $2",  # noqa: S608
            person_id,
            submit_token,
        )
    )


async def filing(db: Db, person_id: int, filing_serial: int, *, lock: bool = False) -> Filing | None:
    """`lock` takes the row lock that settlement's stamp waits for, and the other way round."""
    return _optional(
        await db.fetchrow(
            f"""select {_FILING} from filing.filing where person_id = $1 and filing_serial = $2
                {"for update" if lock else ""}""",  # noqa: S608
            person_id,
            filing_serial,
        )
    )


async def overlapping(
    db: Db,
    person_id: int,
    treatment_pool: str,
    scope_numbers: Sequence[int],
    valid_from: date,
    valid_to: date | None,
) -> Filing | None:
    """The first filing that the table's exclusion constraint would name for these values."""
    return _optional(
        await db.fetchrow(
            f"""select {_FILING} from filing.filing
                where person_id = $1 and treatment_pool = $2 and status <> 'closed' and stays_max is null
                  and scopes && (select range_agg(int4range(n, n + 1)) from unnest($3::integer[]) n)
                  and daterange(valid_from, valid_to, '[]') && daterange($4, $5, '[]')
                order by filing_serial limit 1""",  # noqa: S608
            person_id,
            treatment_pool,
            list(scope_numbers),
            valid_from,
            valid_to,
        )
    )


async def filings_of(db: Db, person_id: int, way: str | None) -> list[Filing]:
    """Of the insured person, newest first."""
    rows = await db.fetch(
        f"""select {_FILING} from filing.filing where person_id = $1 and ($2::text is null or way = $2)
            order by filed_at desc, filing_serial desc""",  # noqa: S608
        person_id,
        way,
    )
    return [_filing(row) for row in rows]


async def filings_for_others(db: Db, signer_id: int, way: str | None) -> list[Filing]:
    """Those the signer filed for somebody else, newest first."""
    rows = await db.fetch(
        f"""select {_FILING} from filing.filing
            where filed_by = $1 and person_id <> $1 and ($2::text is null or way = $2)
            order by filed_at desc, person_id, filing_serial desc""",  # noqa: S608
        signer_id,
        way,
    )
    return [_filing(row) for row in rows]


async def detail(db: Db, vault: Vault, person_id: int, filing_serial: int) -> FilingDetail | None:
    row = await db.fetchrow(
        f"""select {_FILING}, contact_phone_enc, contact_address_enc, residence_address_enc, answers, decision
            from filing.filing where person_id = $1 and filing_serial = $2""",  # noqa: S608
        person_id,
        filing_serial,
    )
    if row is None:
        return None
    events = await db.fetch(
        """select event_no, at, what, actor, channel, note from filing.event
           where person_id = $1 and filing_serial = $2 order by event_no""",
        person_id,
        filing_serial,
    )
    signed = await db.fetchrow(
        """select signer_id, signer_name, method, text_version, text_signed, picture_png, answers_hash, signed_at
           from filing.signature where person_id = $1 and filing_serial = $2 order by signed_at desc limit 1""",
        person_id,
        filing_serial,
    )
    residence = row["residence_address_enc"]
    return FilingDetail(
        filing=_filing(row),
        contact_phone=vault.open(row["contact_phone_enc"], _CONTEXT_PHONE),
        contact_address=vault.open(row["contact_address_enc"], _CONTEXT_ADDRESS),
        residence_address=vault.open(residence, _CONTEXT_RESIDENCE) if residence is not None else "",
        answers=row["answers"],
        decision=row["decision"],
        events=tuple(FilingEvent(*event) for event in events),
        signed=None
        if signed is None
        else SignedText(
            signer_id=signed["signer_id"],
            signer_name=signed["signer_name"],
            method=SignatureMethod(signed["method"]),
            text_version=signed["text_version"],
            text=signed["text_signed"],
            picture_png=signed["picture_png"],
            answers_hash=signed["answers_hash"],
            signed_at=signed["signed_at"],
        ),
    )


async def close(db: Db, person_id: int, filing_serial: int, *, now: datetime, closed_by: int, reason: str) -> None:
    await db.execute(
        """update filing.filing set status = 'closed', closed_at = $3, closed_by = $4, close_reason = $5
           where person_id = $1 and filing_serial = $2""",
        person_id,
        filing_serial,
        now,
        closed_by,
        reason,
    )


def _optional(row: Any) -> Filing | None:
    return _filing(row) if row is not None else None


def _filing(row: Any) -> Filing:
    return Filing(
        person_id=row["person_id"],
        filing_serial=row["filing_serial"],
        kind=FilingKind(row["kind"]),
        scopes=scopes_of_numbers(row["scope_numbers"]),
        treatment_pool=row["treatment_pool"],
        insured_pool=row["insured_pool"],
        insurance_type=InsuranceType(row["insurance_type"]),
        category=PersonnelCategory(row["category"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        stays_max=row["stays_max"],
        status=FilingStatus(row["status"]),
        channel=row["channel"],
        way=FilingWay(row["way"]),
        filed_by=row["filed_by"],
        relation=row["relation"],
        contact_name=row["contact_name"],
        policy_version=row["policy_version"],
        filed_at=row["filed_at"],
        closed_at=row["closed_at"],
        close_reason=row["close_reason"],
        settlements_here=row["settlements_here"],
    )
