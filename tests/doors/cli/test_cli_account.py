"""``tongban account check`` over settled bills, one of them taken back."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from settlement_kit import PLACES, Hospital, Town, furnish

from tongban.directory import Regions
from tongban.infra.db import connected
from tongban.law import Pack

Run = Callable[[], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def person_id(database_url: str, owner_database_url: str, pack: Pack) -> int:
    async def live() -> int:
        async with connected(database_url) as db, connected(owner_database_url) as owner_db:
            await furnish(owner_db)
            hospital, person = Hospital(db, pack, Regions(PLACES, {})), await Town(owner_db).person()
            first = await hospital.settle(await hospital.stay(person, 2_000_000))
            await hospital.settle(await hospital.stay(person, 2_000_000))
            await hospital.cancel(first)
            return person.person_id

    return asyncio.run(live())


@pytest.fixture
def check(database_url: str, tmp_path: Path) -> Run:
    folder = Path(sys.executable).parent
    variables = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "tester",
        "TONGBAN_VAR": str(tmp_path / "var"),
        "DATABASE_URL": database_url,
    }

    def run() -> "subprocess.CompletedProcess[str]":
        command = [str(folder / "tongban"), "account", "check"]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    return run


def test_books_that_hold_are_one_sentence_and_those_that_do_not_are_told(
    person_id: int, check: Run, owner_database_url: str
) -> None:
    async def tamper() -> list[str]:
        async with connected(owner_database_url) as owner_db:
            await owner_db.execute("update account.personal_account set balance_fen = balance_fen + 1")
            return [row[0] for row in await owner_db.fetch("select actor from infra.audit where action = $1", action)]

    action = "accounts.checked"

    sound = check()
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout == "1 个个人账户、4 笔账、0 条家庭共济，都一分不差。\n"

    assert asyncio.run(tamper()) == ["operator:tester"]
    found = check()
    assert (found.returncode, found.stderr) == (1, "")
    fault, end = found.stdout.splitlines()
    masked = f"{person_id}"[:4] + "*******" + f"{person_id}"[-4:]
    assert fault.startswith(f"{masked}：个人账户余额是 ")
    assert str(person_id) not in found.stdout
    assert end == "1 个个人账户、4 笔账、0 条家庭共济，有 1 处对不上。"
