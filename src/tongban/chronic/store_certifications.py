"""SQL of certifications and of the institutions at which they count."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from tongban.chronic.model import Application, Certification, Designation, ValidityBasis, Wanted
from tongban.chronic.store import Names, wanted_from
from tongban.infra.db import Db
from tongban.kernel.vocabulary import InsuranceType

# A constant: the one f-string below holds nothing that comes from outside.
_CERTIFICATION: Final = """
  c.person_id, c.certification_serial, c.application_serial, c.insured_pool, c.insurance_type, c.disease,
  c.disease_code, c.valid_from, c.valid_to, c.valid_to_basis, c.decided_by, c.decided_at, c.ended_by, c.end_reason,
  (select jsonb_agg(jsonb_build_array(d.institution_code, d.valid_from, d.valid_to)
     order by d.valid_from, d.institution_code)
   from chronic.designation d
   where d.person_id = c.person_id and d.certification_serial = c.certification_serial) as designations
"""


async def insert_certification(
    db: Db,
    application: Application,
    wanted: Wanted,
    *,
    serial: int,
    valid_from: date,
    valid_to: date | None,
    basis: ValidityBasis,
    decided_by: str,
    now: datetime,
) -> None:
    """Raises asyncpg.ExclusionViolationError when the disease is recognised for some of those days."""
    await db.execute(
        """insert into chronic.certification (person_id, certification_serial, application_serial, insured_pool,
             insurance_type, disease, disease_code, valid_from, valid_to, valid_to_basis, decided_by, decided_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        application.person_id,
        serial,
        application.application_serial,
        application.insured_pool,
        application.insurance_type,
        wanted.disease,
        wanted.code,
        valid_from,
        valid_to,
        basis,
        decided_by,
        now,
    )


async def designate(
    db: Db, person_id: int, certification_serial: int, institutions: Sequence[str], since: date, until: date | None
) -> None:
    """From `since` on these institutions and no others; what counted before keeps its days before."""
    await db.execute(
        """delete from chronic.designation where person_id = $1 and certification_serial = $2 and valid_from >= $3""",
        person_id,
        certification_serial,
        since,
    )
    await db.execute(
        """update chronic.designation set valid_to = $3::date - 1
           where person_id = $1 and certification_serial = $2 and (valid_to is null or valid_to >= $3)""",
        person_id,
        certification_serial,
        since,
    )
    await db.executemany(
        """insert into chronic.designation (person_id, certification_serial, institution_code, valid_from, valid_to)
           values ($1, $2, $3, $4, $5)""",
        [(person_id, certification_serial, code, since, until) for code in institutions],
    )


async def end_certification(
    db: Db, person_id: int, certification_serial: int, last_day: date, operator: str, reason: str
) -> None:
    await db.execute(
        """update chronic.certification set valid_to = $3, valid_to_basis = 'operator', ended_by = $4, end_reason = $5
           where person_id = $1 and certification_serial = $2""",
        person_id,
        certification_serial,
        last_day,
        operator,
        reason,
    )


async def certifications(db: Db, person_id: int, on: date | None, names: Names) -> list[Certification]:
    """In force on the day, or (None) all there ever were; the newest first."""
    rows = await db.fetch(
        f"""select {_CERTIFICATION} from chronic.certification c
            where person_id = $1
              and ($2::date is null or (valid_from <= $2 and (valid_to is null or valid_to >= $2)))
            order by valid_from desc, certification_serial desc""",  # noqa: S608
        person_id,
        on,
    )
    return [_certification(row, names) for row in rows]


def _certification(row: Any, names: Names) -> Certification:
    return Certification(
        person_id=row["person_id"],
        certification_serial=row["certification_serial"],
        application_serial=row["application_serial"],
        insured_pool=row["insured_pool"],
        insurance_type=InsuranceType(row["insurance_type"]),
        wanted=wanted_from(row["disease"], row["disease_code"], names),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        valid_to_basis=ValidityBasis(row["valid_to_basis"]),
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        ended_by=row["ended_by"],
        end_reason=row["end_reason"],
        designations=tuple(
            Designation(code, date.fromisoformat(since), date.fromisoformat(until) if until else None)
            for code, since, until in row["designations"] or ()
        ),
    )
