"""SQL of applications and certifications. Rows in, typed values out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from tongban.chronic.model import (
    Answers,
    Application,
    ApplicationEvent,
    ApplicationState,
    AppliedDisease,
    EventKind,
    Purpose,
    Wanted,
    disease_of,
)
from tongban.directory import ChronicDisease as CatalogDisease
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.vocabulary import ChronicDisease, InsuranceType, PersonnelCategory, Relation
from tongban.materials import MaterialKind

_PHONE_CONTEXT: Final = "chronic.contact_phone"

# A constant: the f-strings below hold nothing that comes from outside.
_APPLICATION: Final = """
  a.person_id, a.application_serial, a.purpose, a.certification_serial, a.insured_pool, a.insurance_type, a.category,
  a.institutions, a.state, a.version, a.channel, a.applied_by, a.relation, a.contact_name, a.policy_version,
  a.applied_at, a.due_on, a.asked_kinds, a.asked_sentence, a.accepted_by, a.accepted_at, a.decided_by, a.decided_at,
  a.reason_code, a.reason,
  (select jsonb_agg(jsonb_build_array(d.disease, d.disease_code, d.is_recognised) order by d.disease_key)
   from chronic.application_disease d
   where d.person_id = a.person_id and d.application_serial = a.application_serial) as diseases
"""

Names = Mapping[str, str]


def names_of(catalog: Sequence[CatalogDisease]) -> Names:
    """Code → name, for what is not one of the law's words."""
    return {each.code: each.name for each in catalog}


# --- serials and locks -----------------------------------------------------------------------------------------------


async def take_serial(db: Db, person_id: int) -> int:
    """The person's next serial. Holds the row until the transaction ends: one person's writes queue up here."""
    serial: int = await db.fetchval(
        """insert into chronic.person_serial (person_id, last_serial) values ($1, 1)
           on conflict (person_id) do update set last_serial = person_serial.last_serial + 1
           returning last_serial""",
        person_id,
    )
    return serial


async def lock_person(db: Db, person_id: int) -> None:
    """Queue up where `take_serial` does. Whoever has applied has the row."""
    await db.execute("select from chronic.person_serial where person_id = $1 for update", person_id)


# --- applications ----------------------------------------------------------------------------------------------------


async def insert_application(
    db: Db,
    vault: Vault,
    answers: Answers,
    *,
    person_id: int,
    serial: int,
    applied_by: int,
    policy_version: str,
    submit_token: UUID,
    due_on: date | None,
    channel: str,
    now: datetime,
) -> None:
    """Raises asyncpg.UniqueViolationError when one of the diseases is being applied for already."""
    kept = {
        name: value for name, value in answers.record(person_id, applied_by).items() if name not in ("contact_phone",)
    }
    await db.execute(
        """insert into chronic.application (person_id, application_serial, purpose, certification_serial, insured_pool,
             insurance_type, category, institutions, state, channel, applied_by, relation, contact_name,
             contact_phone_enc, answers, policy_version, submit_token, applied_at, due_on)
           values ($1, $2, $3, $4, $5, $6, $7, $8, 'in_review', $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)""",
        person_id,
        serial,
        answers.purpose,
        answers.certification_serial,
        answers.insured_pool,
        answers.insurance_type,
        answers.category,
        list(answers.institutions),
        channel,
        applied_by,
        answers.relation or "",
        answers.contact_name,
        vault.seal(answers.contact_phone, _PHONE_CONTEXT),
        kept,
        policy_version,
        submit_token,
        now,
        due_on,
    )
    await db.executemany(
        """insert into chronic.application_disease (person_id, application_serial, disease, disease_code)
           values ($1, $2, $3, $4)""",
        [(person_id, serial, each.disease, each.code) for each in answers.wanted],
    )


async def application(db: Db, person_id: int, serial: int, names: Names) -> Application | None:
    row = await db.fetchrow(
        f"select {_APPLICATION} from chronic.application a where person_id = $1 and application_serial = $2",  # noqa: S608
        person_id,
        serial,
    )
    return None if row is None else _application(row, names)


async def application_by_token(db: Db, person_id: int, token: UUID, names: Names) -> Application | None:
    row = await db.fetchrow(
        f"select {_APPLICATION} from chronic.application a where person_id = $1 and submit_token = $2",  # noqa: S608
        person_id,
        token,
    )
    return None if row is None else _application(row, names)


async def applications_for(db: Db, person_id: int, names: Names) -> list[Application]:
    """Of the insured person, newest first."""
    rows = await db.fetch(
        f"select {_APPLICATION} from chronic.application a where person_id = $1 order by application_serial desc",  # noqa: S608
        person_id,
    )
    return [_application(row, names) for row in rows]


async def applications_by(db: Db, applied_by: int, names: Names) -> list[Application]:
    """Those somebody made for others, newest first."""
    rows = await db.fetch(
        f"""select {_APPLICATION} from chronic.application a
            where applied_by = $1 and person_id <> $1 order by applied_at desc""",  # noqa: S608
        applied_by,
    )
    return [_application(row, names) for row in rows]


async def queue(db: Db, pools: Sequence[str], names: Names, limit: int) -> list[Application]:
    """What the agencies of these pools have not decided: what is due first, then what came first; at the end what waits
    for its applicant."""
    rows = await db.fetch(
        f"""select {_APPLICATION} from chronic.application a
            where insured_pool = any($1) and state in ('in_review', 'materials_due')
            order by state = 'materials_due', due_on nulls last, applied_at, person_id limit $2""",  # noqa: S608
        list(pools),
        limit,
    )
    return [_application(row, names) for row in rows]


async def open_keys(db: Db, person_id: int) -> frozenset[str]:
    """What the person is being recognised for just now."""
    rows = await db.fetch(
        "select disease_key from chronic.application_disease where person_id = $1 and is_open", person_id
    )
    return frozenset(row[0] for row in rows)


async def contact_phone(db: Db, vault: Vault, person_id: int, serial: int) -> str:
    sealed = await db.fetchval(
        "select contact_phone_enc from chronic.application where person_id = $1 and application_serial = $2",
        person_id,
        serial,
    )
    return vault.open(sealed, _PHONE_CONTEXT)


async def accept(db: Db, person_id: int, serial: int, operator: str, now: datetime) -> None:
    await db.execute(
        """update chronic.application set accepted_by = $3, accepted_at = $4
           where person_id = $1 and application_serial = $2""",
        person_id,
        serial,
        operator,
        now,
    )


async def ask(db: Db, person_id: int, serial: int, kinds: Sequence[MaterialKind], sentence: str) -> None:
    await db.execute(
        """update chronic.application set state = 'materials_due', asked_kinds = $3, asked_sentence = $4
           where person_id = $1 and application_serial = $2""",
        person_id,
        serial,
        list(kinds),
        sentence,
    )


async def supply(db: Db, person_id: int, serial: int, due_on: date | None) -> None:
    await db.execute(
        """update chronic.application set state = 'in_review', asked_kinds = '{}', asked_sentence = '', due_on = $3
           where person_id = $1 and application_serial = $2""",
        person_id,
        serial,
        due_on,
    )


async def decide(
    db: Db,
    person_id: int,
    serial: int,
    state: ApplicationState,
    *,
    decided_by: str,
    now: datetime,
    reason_code: str = "",
    reason: str = "",
) -> None:
    """Nothing follows this: the database refuses any later change."""
    await db.execute(
        """update chronic.application set state = $3, decided_by = $4, decided_at = $5, reason_code = $6, reason = $7,
             asked_kinds = '{}', asked_sentence = '' where person_id = $1 and application_serial = $2""",
        person_id,
        serial,
        state,
        decided_by,
        now,
        reason_code,
        reason,
    )


async def mark_diseases(db: Db, person_id: int, serial: int, recognised_keys: Sequence[str]) -> None:
    await db.execute(
        """update chronic.application_disease set is_recognised = disease_key = any($3)
           where person_id = $1 and application_serial = $2""",
        person_id,
        serial,
        list(recognised_keys),
    )


# --- events ----------------------------------------------------------------------------------------------------------


async def add_event(
    db: Db,
    person_id: int,
    serial: int,
    *,
    at: datetime,
    what: EventKind,
    actor: str,
    channel: str,
    note: str = "",
) -> None:
    """The caller holds the person's row, so numbers follow each other."""
    await db.execute(
        """insert into chronic.event (person_id, application_serial, event_no, at, what, actor, channel, note)
           select $1, $2, coalesce(max(event_no), 0) + 1, $3, $4, $5, $6, $7 from chronic.event
           where person_id = $1 and application_serial = $2""",
        person_id,
        serial,
        at,
        what,
        actor,
        channel,
        note,
    )


async def events(db: Db, person_id: int, serial: int) -> list[ApplicationEvent]:
    rows = await db.fetch(
        """select event_no, at, what, actor, channel, note from chronic.event
           where person_id = $1 and application_serial = $2 order by event_no""",
        person_id,
        serial,
    )
    return [
        ApplicationEvent(row["event_no"], row["at"], EventKind(row["what"]), row["actor"], row["channel"], row["note"])
        for row in rows
    ]


# --- rows ------------------------------------------------------------------------------------------------------------


def wanted_from(disease: str, code: str, names: Names) -> Wanted:
    """A disease as its columns keep it."""
    word = disease_of(disease)
    return Wanted(word, code, names.get(code, code) if word is ChronicDisease.LOCAL else word.zh)


def _application(row: Any, names: Names) -> Application:
    return Application(
        person_id=row["person_id"],
        application_serial=row["application_serial"],
        purpose=Purpose(row["purpose"]),
        certification_serial=row["certification_serial"],
        insured_pool=row["insured_pool"],
        insurance_type=InsuranceType(row["insurance_type"]),
        category=PersonnelCategory(row["category"]),
        diseases=tuple(
            AppliedDisease(wanted_from(disease, code, names), is_recognised)
            for disease, code, is_recognised in row["diseases"] or ()
        ),
        institutions=tuple(row["institutions"]),
        state=ApplicationState(row["state"]),
        version=row["version"],
        channel=row["channel"],
        applied_by=row["applied_by"],
        relation=Relation(row["relation"]) if row["relation"] else None,
        contact_name=row["contact_name"],
        policy_version=row["policy_version"],
        applied_at=row["applied_at"],
        due_on=row["due_on"],
        asked_kinds=tuple(MaterialKind(kind) for kind in row["asked_kinds"]),
        asked_sentence=row["asked_sentence"],
        accepted_by=row["accepted_by"],
        accepted_at=row["accepted_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        reason_code=row["reason_code"],
        reason=row["reason"],
    )
