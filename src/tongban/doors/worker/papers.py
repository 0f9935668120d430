"""Pictures of papers in the worker: read where a reader is installed, and half-sent ones forgotten."""

import asyncio
from datetime import datetime

from tongban import materials
from tongban.doors.worker import ocr
from tongban.doors.worker.context import Context, Ids
from tongban.infra.files import files_from


async def read_picture(context: Context, ids: Ids) -> datetime | None:
    """Propose what the picture says. Without the reader (`requirements-ocr.lock`) nothing is proposed, and the person
    types."""
    if not ocr.is_installed():
        return None
    files = files_from(context.settings)
    async with context.pool.acquire() as db:
        found = await materials.begin_reading(
            db,
            context.vault,
            files,
            person_id=int(ids["person_id"]),
            serial=int(ids["serial"]),
            now=context.clock(),
        )
    if found is None:
        return None
    material, page = found
    lines = await asyncio.to_thread(ocr.read_lines, page)
    async with context.pool.acquire() as db:
        await materials.propose(db, context.vault, material, lines, now=context.clock())
    return None


async def purge_uploads(context: Context, ids: Ids) -> None:
    async with context.pool.acquire() as db:
        await materials.remove_expired_uploads(db, now=context.clock())
