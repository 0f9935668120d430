"""SQL of filings. Rows in, typed values out; what a statement promises is said here, what it means in the use cases."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tongban.filing.model import (
    Filing,
    FilingDetail,
    FilingEvent,
    FilingStatus,
    FilingWay,
    Referral,
    scopes_of_numbers,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.vocabulary import FilingKind, InsuranceType, PersonnelCategory, Relation
from tongban.signing import signatures_of

_CONTEXT_PHONE = "filing.contact_phone"
_CONTEXT_ADDRESS = "filing.contact_address"
_CONTEXT_RESIDENCE = "filing.residence_address"
_CONTEXT_PROXY_PHONE = "filing.proxy_phone"
_CONTEXT_REFERRAL = "filing.referral"

_FILING = """
  person_id, filing_serial, kind, array(select n from generate_series(1, 3) n where scopes @> n) as scope_numbers,
  treatment_pool, insured_pool, insurance_type, category, valid_from, valid_to, stays_max, status, channel, way,
  filed_by, relation, contact_name, policy_version, filed_at, closed_at, close_reason, settlements_here,
  replaces_serial, replaced_by_serial
"""


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
    proxy_phone: str,
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
             residence_address_enc, answers, policy_version, decision, submit_token, filed_at, stays_max,
             proxy_phone_enc, replaces_serial)
           values ($1, $2, $3, (select range_agg(int4range(n, n + 1)) from unnest($4::integer[]) n), $5, $6, $7, $8, $9,
             $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)""",
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
        filing.relation.value if filing.relation else "",
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
        vault.seal(proxy_phone, _CONTEXT_PROXY_PHONE) if proxy_phone else None,
        filing.replaces_serial,
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
    but_not: int | None = None,
) -> Filing | None:
    """The first filing that the table's exclusion constraint would name for these values, `but_not` that serial."""
    return _optional(
        await db.fetchrow(
            f"""select {_FILING} from filing.filing
                where person_id = $1 and treatment_pool = $2 and status <> 'closed' and stays_max is null
                  and scopes && (select range_agg(int4range(n, n + 1)) from unnest($3::integer[]) n)
                  and daterange(valid_from, valid_to, '[]') && daterange($4, $5, '[]')
                  and filing_serial is distinct from $6
                order by filing_serial limit 1""",  # noqa: S608
            person_id,
            treatment_pool,
            list(scope_numbers),
            valid_from,
            valid_to,
            but_not,
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
        f"""select {_FILING}, contact_phone_enc, contact_address_enc, residence_address_enc, proxy_phone_enc, answers,
                   decision
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
    filing = _filing(row)
    signed = await signatures_of(db, person_id, filing.number)
    residence, proxy_phone = row["residence_address_enc"], row["proxy_phone_enc"]
    return FilingDetail(
        filing=filing,
        contact_phone=vault.open(row["contact_phone_enc"], _CONTEXT_PHONE),
        contact_address=vault.open(row["contact_address_enc"], _CONTEXT_ADDRESS),
        residence_address=vault.open(residence, _CONTEXT_RESIDENCE) if residence is not None else "",
        answers=row["answers"],
        decision=row["decision"],
        events=tuple(FilingEvent(*event) for event in events),
        proxy_phone=vault.open(proxy_phone, _CONTEXT_PROXY_PHONE) if proxy_phone is not None else "",
        signatures=tuple(signed),
        referral=await _referral(db, vault, person_id, filing_serial) if filing.kind is FilingKind.REFERRAL else None,
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


async def link_replacement(db: Db, person_id: int, old_serial: int, new_serial: int) -> None:
    """The closed filing learns what took its place."""
    await db.execute(
        "update filing.filing set replaced_by_serial = $3 where person_id = $1 and filing_serial = $2",
        person_id,
        old_serial,
        new_serial,
    )


async def insert_referral(db: Db, vault: Vault, person_id: int, filing_serial: int, referral: Referral) -> None:
    await db.execute(
        """insert into filing.referral (person_id, filing_serial, from_institution, to_institution, doctor,
                                        diagnosis_enc, reason_enc, entered_by)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        person_id,
        filing_serial,
        referral.from_institution,
        referral.to_institution,
        referral.doctor,
        vault.seal(referral.diagnosis, _CONTEXT_REFERRAL),
        vault.seal(referral.reason, _CONTEXT_REFERRAL),
        referral.entered_by,
    )


async def _referral(db: Db, vault: Vault, person_id: int, filing_serial: int) -> Referral | None:
    row = await db.fetchrow(
        "select * from filing.referral where person_id = $1 and filing_serial = $2", person_id, filing_serial
    )
    if row is None:
        return None
    return Referral(
        from_institution=row["from_institution"],
        to_institution=row["to_institution"],
        diagnosis=vault.open(row["diagnosis_enc"], _CONTEXT_REFERRAL),
        reason=vault.open(row["reason_enc"], _CONTEXT_REFERRAL),
        doctor=row["doctor"],
        entered_by=row["entered_by"],
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
        relation=Relation(row["relation"]) if row["relation"] else None,
        contact_name=row["contact_name"],
        policy_version=row["policy_version"],
        filed_at=row["filed_at"],
        closed_at=row["closed_at"],
        close_reason=row["close_reason"],
        settlements_here=row["settlements_here"],
        replaces_serial=row["replaces_serial"],
        replaced_by_serial=row["replaced_by_serial"],
    )
