"""Writing made-up people, many at a time. Runs as the owner of the schema: the web role may not add people."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.people import store
from tongban.people.codes import code_number
from tongban.people.model import CredentialKind, DemoPerson

# One fixed moment, so that the same installation gives the same medical codes however often it is loaded.
_ISSUED_AT = datetime(2025, 6, 1, tzinfo=UTC)


async def load_demo_people(owner_db: Db, vault: Vault, people: Sequence[DemoPerson]) -> list[DemoPerson]:
    """Write those who are not there yet and return them; families have to be complete within `people`."""
    there = await store.demo_people_among(owner_db, [person.person_id for person in people])
    new = [person for person in people if person.person_id not in there]
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for person in new:
        _add_rows(rows, person, vault)
    for person in people:
        # A relative who was cut off last time joins people who are already there.
        rows["kin"] += [
            (person.person_id, kin_id, relation, _ISSUED_AT)
            for kin_id, relation in person.kin
            if person.person_id not in there or kin_id not in there
        ]
    async with owner_db.transaction():
        await store.copy_rows(owner_db, rows)
    return new


async def analyze_people(owner_db: Db) -> None:
    """After a large load: let the database know what its tables look like now."""
    await store.analyze(owner_db)


def _add_rows(rows: dict[str, list[tuple[Any, ...]]], person: DemoPerson, vault: Vault) -> None:
    person_id = person.person_id
    rows["person"].append(
        (
            person_id,
            person.name,
            person.is_male,
            person.birth_date,
            vault.seal(person.id_number, store.ID_NUMBER_CONTEXT),
            vault.seal(person.phone, store.PHONE_CONTEXT),
            True,
        )
    )
    rows["id_number_index"].append((vault.index(person.id_number, store.ID_NUMBER_INDEX), person_id))
    for number, enrollment in enumerate(person.enrollments, 1):
        rows["enrollment"].append(
            (
                person_id,
                number,
                enrollment.insurance_type,
                enrollment.category,
                enrollment.pool_code,
                enrollment.employer_name,
                enrollment.valid_from,
                enrollment.valid_to,
                enrollment.payment_state,
            )
        )
    _add_credential(rows, person_id, CredentialKind.CARD, person.card_state, person.card_number, vault)
    if person.code_state == "active":
        code = code_number(vault, person_id, _ISSUED_AT)
        _add_credential(rows, person_id, CredentialKind.MEDICAL_CODE, person.code_state, code, vault)
    else:
        rows["credential"].append((person_id, CredentialKind.MEDICAL_CODE, person.code_state, None, _ISSUED_AT))


def _add_credential(
    rows: dict[str, list[tuple[Any, ...]]],
    person_id: int,
    kind: CredentialKind,
    state: str,
    number: str,
    vault: Vault,
) -> None:
    number_hash = vault.index(number, store.CREDENTIAL_INDEX)
    rows["credential"].append((person_id, kind, state, number_hash, _ISSUED_AT))
    rows["credential_index"].append((number_hash, person_id, kind))
