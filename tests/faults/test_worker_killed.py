"""The worker is killed while it sends: every message is tried, and what a provider took is never sent again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from notices_kit import add_person, provider, tell
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Db
from tongban.settings import Settings

pytestmark = pytest.mark.faults

PROGRAM = Path(sys.executable).with_name("tongban")
MESSAGES, KILLS = 60, 3
GIVE_UP_SECONDS = 120


async def sent(db: Db) -> set[str]:
    rows = await db.fetch("select ref from notices.delivery where state = 'sent'")
    return {str(UUID(str(row["ref"]))) for row in rows}


async def test_killed_while_sending_nothing_is_lost_and_nothing_taken_is_sent_again(
    db: Db, owner_db: Connection, settings: Settings
) -> None:
    await add_person(owner_db, Vault.from_settings(settings))
    for number in range(MESSAGES):
        await tell(db, title=f"第 {number} 条")
    with provider() as there:
        there.seconds = 0.25
        environ = {
            **os.environ,
            **settings.for_workers(),
            "TONGBAN_MESSENGER": "http",
            "TONGBAN_SMS_URL": there.url,
            "TONGBAN_SMS_KEY": there.key,
            "TONGBAN_QUIET_FROM": "0",
            "TONGBAN_QUIET_TO": "0",
        }
        deadline = time.monotonic() + GIVE_UP_SECONDS
        kills, asked_again_after_sent, taken_at_kill = 0, 0, dict[str, int]()
        process = subprocess.Popen([str(PROGRAM), "work"], env=environ)
        try:
            while len(await sent(db)) < MESSAGES:
                assert time.monotonic() < deadline, f"{len(await sent(db))} of {MESSAGES} were sent"
                if kills < KILLS and len(there.asked) >= (kills + 1) * 12:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                    kills += 1
                    time.sleep(2 * there.seconds)  # let the provider answer nobody
                    times = there.times_asked()
                    taken_at_kill |= {ref: times[ref] for ref in await sent(db) if ref not in taken_at_kill}
                    process = subprocess.Popen([str(PROGRAM), "work"], env=environ)
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
    times = there.times_asked()
    asked_again_after_sent = sum(times[ref] != before for ref, before in taken_at_kill.items())
    assert kills == KILLS
    assert len(times) == MESSAGES
    assert asked_again_after_sent == 0
    # The kills did hit messages on their way: those were asked for twice, under the same number.
    assert sum(times.values()) > MESSAGES
    assert await db.fetchval("select count(*) from jobs.pgqueuer where status = 'failed'") == 0
