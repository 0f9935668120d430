"""What a program read in a picture, kept beside it as a proposal: put into a form's fields, never taken as said."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from tongban.infra import jobs
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.infra.files import Files
from tongban.kernel.identifiers import MATERIAL, InvalidNumber, parse_outside_number
from tongban.materials import store
from tongban.materials.model import Material
from tongban.materials.objects import open_page
from tongban.materials.reading import READABLE, Line, ReadField, fields_of

# The job a kept picture leaves for a worker that can read.
READ_PICTURE: Final = "materials.read"


async def ask_to_read(db: Db, material: Material) -> None:
    """Leave the picture for a worker to read, if it is of a kind that has fields. Inside the caller's transaction."""
    if material.kind in READABLE:
        ids = {"person_id": material.person_id, "serial": material.material_serial}
        await jobs.enqueue(db, READ_PICTURE, ids, once=f"{READ_PICTURE}:{material.number}")


async def begin_reading(
    db: Db, vault: Vault, files: Files, *, person_id: int, serial: int, now: datetime
) -> tuple[Material, bytes] | None:
    """The picture and its first page; None when it is gone or somebody began to read it before: a picture that breaks
    the reader does so once. Raises FileMissing, FilesUnavailable, NotOpened."""
    material = await store.by_serial(db, person_id, serial)
    if material is None:
        return None
    page = await open_page(vault, files, material, 1)
    if not await store.begin_proposal(db, person_id, serial, _sealed(vault, material, {}), now):
        return None
    return material, page


async def propose(db: Db, vault: Vault, material: Material, lines: Sequence[Line], *, now: datetime) -> None:
    """Keep what the lines amount to. Where nothing could be read the proposal stays empty."""
    fields = fields_of(lines, material.kind, day_of(now))
    sealed = _sealed(vault, material, fields)
    await store.keep_proposal(db, material.person_id, material.material_serial, sealed, now)


async def fields_read(db: Db, vault: Vault, *, person_id: int, number: str) -> Mapping[str, ReadField]:
    """Every field with the reader's confidence; nothing where nothing was read. The caller has checked who asks."""
    try:
        parsed = parse_outside_number(number, MATERIAL)
    except InvalidNumber:
        return {}
    if parsed.person_id != person_id:
        return {}
    sealed = await store.sealed_proposal(db, parsed.person_id, parsed.serial)
    if sealed is None:
        return {}
    content = json.loads(vault.open(sealed, _context(parsed.person_id, parsed.serial)))
    return {name: ReadField(*field) for name, field in content.items()}


async def proposal_of(db: Db, vault: Vault, *, person_id: int, number: str) -> Mapping[str, str] | None:
    """What to put into a form's fields before the person looks: invoice_no, invoiced_on, amount, hospital,
    patient_name, admitted_on, discharged_on, id_number, as far as they could be read; None where nothing was.

    `person_id` is whose paper it is. The caller has checked who asks, and the person confirms every field.
    """
    fields = await fields_read(db, vault, person_id=person_id, number=number)
    return {name: field.text for name, field in fields.items()} or None


def _sealed(vault: Vault, material: Material, fields: Mapping[str, ReadField]) -> bytes:
    content = json.dumps({name: list(field) for name, field in fields.items()}, ensure_ascii=False)
    return vault.seal(content, _context(material.person_id, material.material_serial))


def _context(person_id: int, serial: int) -> str:
    return f"material.proposal:{person_id}:{serial}"
