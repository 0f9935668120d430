"""Everything the worker can do, by name. A handler for a new job is one line here."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from tongban.doors.worker import chores, papers
from tongban.doors.worker.context import Context, Handler, Ids
from tongban.materials import READ_PICTURE
from tongban.notices import DELIVER, Channel, deliver


async def _deliver(context: Context, ids: Ids) -> datetime | None:
    return await deliver(
        context.sender,
        person_id=int(ids["person_id"]),
        notice_no=int(ids["notice_no"]),
        channel=Channel(str(ids["channel"])),
        now=context.clock(),
    )


class Chore(NamedTuple):
    """Something done by the clock. `when` is a cron line in UTC: China is eight hours ahead, all year."""

    name: str
    when: str
    handler: Handler


CHORES = (
    Chore("chores.settlements", "* * * * *", chores.tell_settlements),
    Chore("chores.sessions", "7 * * * *", chores.purge_sessions),
    Chore("chores.uploads", "27 * * * *", papers.purge_uploads),
    Chore("chores.drafts", "17 * * * *", chores.purge_drafts),
    Chore("chores.deliveries", "37 * * * *", chores.resume_deliveries),
    Chore("chores.reminders", "0 1 * * *", chores.remind),
    Chore("chores.materials", "0 18 * * *", chores.purge_materials),
    Chore("chores.sharing", "30 17 * * *", chores.end_lapsed_sharing),
    Chore("chores.premiums", "*/10 * * * *", chores.send_premiums),
    Chore("chores.job_log", "30 18 * * *", chores.purge_job_log),
)

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {DELIVER: _deliver, READ_PICTURE: papers.read_picture, **{chore.name: chore.handler for chore in CHORES}}
)
