"""SQL of people. Personal numbers go in and out sealed; a look-up goes through their keyed hashes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import mask_id_number
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation
from tongban.people.model import CredentialKind, Enrollment, GivenConsent, Kin, PaymentState, Person

ID_NUMBER_CONTEXT = "person.id_number"
PHONE_CONTEXT = "person.phone"
ID_NUMBER_INDEX = "id_number"
CREDENTIAL_INDEX = "credential"
SCAN_INDEX = "scan_code"

_PERSON = "p.person_id, p.name, p.is_male, p.birth_date, p.id_number_enc, p.phone_enc"


class CredentialRow(NamedTuple):
    state: str
    number_hash: bytes | None
    changed_at: datetime


async def person(db: Db, vault: Vault, person_id: int) -> Person | None:
    row = await db.fetchrow(f"select {_PERSON} from people.person p where p.person_id = $1", person_id)  # noqa: S608
    return _person(row, vault) if row else None


async def person_by_id_number(db: Db, vault: Vault, number: str) -> Person | None:
    row = await db.fetchrow(
        f"""select {_PERSON} from people.id_number_index i join people.person p using (person_id)
            where i.id_number_hash = $1""",  # noqa: S608
        vault.index(number, ID_NUMBER_INDEX),
    )
    return _person(row, vault) if row else None


async def person_by_credential(
    db: Db, vault: Vault, kind: CredentialKind, number: str
) -> tuple[Person, CredentialRow, bool] | None:
    """The holder, the credential of that kind as it is today, and whether `number` is still its number."""
    number_hash = vault.index(number, CREDENTIAL_INDEX)
    row = await db.fetchrow(
        f"""select {_PERSON}, c.state, c.number_hash, c.changed_at
            from people.credential_index i
              join people.person p using (person_id)
              join people.credential c on c.person_id = i.person_id and c.kind = i.kind
            where i.number_hash = $1 and i.kind = $2""",  # noqa: S608
        number_hash,
        kind,
    )
    if row is None:
        return None
    credential = CredentialRow(row["state"], row["number_hash"], row["changed_at"])
    return _person(row, vault), credential, credential.number_hash == number_hash


async def enrollments(db: Db, person_id: int, on: date) -> list[Enrollment]:
    rows = await db.fetch(
        """select person_id, enrollment_no, insurance_type, category, pool_code, employer_name, valid_from, valid_to,
                  payment_state
           from people.enrollment
           where person_id = $1 and daterange(valid_from, valid_to, '[]') @> $2::date order by enrollment_no""",
        person_id,
        on,
    )
    return [
        Enrollment(
            person_id=row["person_id"],
            enrollment_no=row["enrollment_no"],
            insurance_type=InsuranceType(row["insurance_type"]),
            category=PersonnelCategory(row["category"]),
            pool_code=row["pool_code"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            payment_state=PaymentState(row["payment_state"]),
            employer_name=row["employer_name"],
        )
        for row in rows
    ]


async def credential(db: Db, person_id: int, kind: CredentialKind) -> CredentialRow | None:
    row = await db.fetchrow(
        "select state, number_hash, changed_at from people.credential where person_id = $1 and kind = $2",
        person_id,
        kind,
    )
    return CredentialRow(row["state"], row["number_hash"], row["changed_at"]) if row else None


async def put_credential(
    db: Db, person_id: int, kind: CredentialKind, state: str, number_hash: bytes, now: datetime
) -> None:
    await db.execute(
        """insert into people.credential (person_id, kind, state, number_hash, changed_at) values ($1, $2, $3, $4, $5)
           on conflict (person_id, kind) do update set state = $3, number_hash = $4, changed_at = $5""",
        person_id,
        kind,
        state,
        number_hash,
        now,
    )
    await db.execute(
        """insert into people.credential_index (number_hash, person_id, kind) values ($1, $2, $3)
           on conflict (number_hash) do nothing""",
        number_hash,
        person_id,
        kind,
    )


async def mark_lost(db: Db, person_id: int, kind: CredentialKind, now: datetime) -> bool:
    """Whether it was not lost before."""
    status = await db.execute(
        """update people.credential set state = 'lost', changed_at = $3
           where person_id = $1 and kind = $2 and state <> 'lost'""",
        person_id,
        kind,
        now,
    )
    return status == "UPDATE 1"


class ScanCodeRow(NamedTuple):
    person_id: int
    until: datetime
    read_by: str
    read_at: datetime | None


async def add_scan_code(
    db: Db, vault: Vault, number: str, person_id: int, until: datetime, *, forget_before: datetime
) -> None:
    await db.execute("delete from people.scan_code where until < $1", forget_before)
    await db.execute(
        "insert into people.scan_code (number_hash, person_id, until) values ($1, $2, $3)",
        vault.index(number, SCAN_INDEX),
        person_id,
        until,
    )


async def read_scan_code(db: Db, vault: Vault, number: str, institution_code: str, now: datetime) -> ScanCodeRow | None:
    """The row of these digits. An institution that reads them first, and in time, becomes the one they are good at."""
    number_hash = vault.index(number, SCAN_INDEX)
    await db.execute(
        """update people.scan_code set read_by = $2, read_at = $3
           where number_hash = $1 and read_by = '' and until > $3""",
        number_hash,
        institution_code,
        now,
    )
    row = await db.fetchrow(
        "select person_id, until, read_by, read_at from people.scan_code where number_hash = $1", number_hash
    )
    return ScanCodeRow(*row) if row else None


async def has_consent(db: Db, person_id: int, version: str) -> bool:
    found: bool = await db.fetchval(
        """select exists (select from people.consent
                          where person_id = $1 and text_version = $2 and withdrawn_at is null)""",
        person_id,
        version,
    )
    return found


async def add_consent(db: Db, person_id: int, version: str, text: str, now: datetime, channel: str) -> bool:
    """Whether there was none in force."""
    await db.execute(
        """insert into people.consent_text (text_version, text, first_used_at) values ($1, $2, $3)
           on conflict do nothing""",
        version,
        text,
        now,
    )
    status = await db.execute(
        """insert into people.consent (person_id, text_version, agreed_at, channel) values ($1, $2, $3, $4)
           on conflict do nothing""",
        person_id,
        version,
        now,
        channel,
    )
    return status == "INSERT 0 1"


async def withdraw_consents(db: Db, person_id: int, now: datetime) -> list[str]:
    """Which versions were in force until now."""
    rows = await db.fetch(
        """update people.consent set withdrawn_at = greatest($2, agreed_at)
           where person_id = $1 and withdrawn_at is null returning text_version""",
        person_id,
        now,
    )
    return [row["text_version"] for row in rows]


async def consents_of(db: Db, person_id: int) -> list[GivenConsent]:
    rows = await db.fetch(
        """select text_version, agreed_at, channel, withdrawn_at from people.consent
           where person_id = $1 order by agreed_at""",
        person_id,
    )
    return [GivenConsent(*row) for row in rows]


async def kin_of(db: Db, vault: Vault, person_id: int) -> list[Kin]:
    # Two queries, not a join: the relatives' rows may lie on other machines than the person's own.
    rows = await db.fetch(
        "select kin_id, relation, bound_at from people.kin where person_id = $1 order by bound_at, kin_id", person_id
    )
    if not rows:
        return []
    found = await db.fetch(
        "select person_id, name, is_male, id_number_enc from people.person where person_id = any($1)",
        [row["kin_id"] for row in rows],
    )
    people = {row["person_id"]: row for row in found}
    return [
        Kin(
            kin_id=row["kin_id"],
            name=kin["name"],
            is_male=kin["is_male"],
            masked_id=mask_id_number(vault.open(kin["id_number_enc"], ID_NUMBER_CONTEXT)),
            relation=Relation(row["relation"]),
            bound_at=row["bound_at"],
        )
        for row in rows
        if (kin := people.get(row["kin_id"])) is not None
    ]


async def relations_of(db: Db, person_id: int) -> dict[int, Relation]:
    rows = await db.fetch("select kin_id, relation from people.kin where person_id = $1", person_id)
    return {row["kin_id"]: Relation(row["relation"]) for row in rows}


async def add_kin(db: Db, pairs: Sequence[tuple[int, int, Relation]], now: datetime) -> int:
    """Rows (person, kin, what the kin is to the person); those that are there stay. Returns how many were added."""
    status = await db.execute(
        """insert into people.kin (person_id, kin_id, relation, bound_at)
           select *, $4 from unnest($1::bigint[], $2::bigint[], $3::text[]) on conflict do nothing""",
        [person_id for person_id, _, _ in pairs],
        [kin_id for _, kin_id, _ in pairs],
        [relation for _, _, relation in pairs],
        now,
    )
    return int(status.split()[-1])


async def remove_kin(db: Db, pairs: Sequence[tuple[int, int]]) -> int:
    """Returns how many rows went."""
    status = await db.execute(
        """delete from people.kin
           where (person_id, kin_id) in (select * from unnest($1::bigint[], $2::bigint[]))""",
        [person_id for person_id, _ in pairs],
        [kin_id for _, kin_id in pairs],
    )
    return int(status.split()[-1])


async def names_of(db: Db, person_ids: list[int]) -> dict[int, str]:
    rows = await db.fetch("select person_id, name from people.person where person_id = any($1)", person_ids)
    return {row["person_id"]: row["name"] for row in rows}


async def active_codes(db: Db, person_ids: list[int]) -> dict[int, datetime]:
    """Since when each of these people has had the medical code that works today."""
    rows = await db.fetch(
        """select person_id, changed_at from people.credential
           where person_id = any($1) and kind = 'medical_code' and state = 'active'""",
        person_ids,
    )
    return {row["person_id"]: row["changed_at"] for row in rows}


async def demo_people_among(db: Db, person_ids: list[int]) -> set[int]:
    """Which of these made-up people are loaded already."""
    rows = await db.fetch("select person_id from people.person where person_id = any($1) and is_demo", person_ids)
    return {row["person_id"] for row in rows}


_DEMO_COLUMNS = {
    "person": ("person_id", "name", "is_male", "birth_date", "id_number_enc", "phone_enc", "is_demo"),
    "id_number_index": ("id_number_hash", "person_id"),
    "enrollment": (
        *("person_id", "enrollment_no", "insurance_type", "category", "pool_code", "employer_name"),
        *("valid_from", "valid_to", "payment_state"),
    ),
    "credential": ("person_id", "kind", "state", "number_hash", "changed_at"),
    "credential_index": ("number_hash", "person_id", "kind"),
    "kin": ("person_id", "kin_id", "relation", "bound_at"),
}


async def copy_rows(owner_db: Db, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Copy rows by table, in the order of _DEMO_COLUMNS, so that what others refer to is there first."""
    for table, columns in _DEMO_COLUMNS.items():
        if rows.get(table):
            await owner_db.copy_records_to_table(table, records=rows[table], columns=columns, schema_name="people")


async def analyze(owner_db: Db) -> None:
    """Let the planner know the tables as a large load left them."""
    for table in _DEMO_COLUMNS:
        await owner_db.execute(f"analyze people.{table}")


def _person(row: Any, vault: Vault) -> Person:
    return Person(
        person_id=row["person_id"],
        name=row["name"],
        is_male=row["is_male"],
        birth_date=row["birth_date"],
        id_number=vault.open(row["id_number_enc"], ID_NUMBER_CONTEXT),
        phone=vault.open(row["phone_enc"], PHONE_CONTEXT) if row["phone_enc"] else "",
    )
