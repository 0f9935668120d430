"""``tongban law replay``, ``tongban law rederive`` and ``tongban explain`` over settlements, one of them taken back."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from settlement_kit import PLACES, Hospital, Town, furnish

from tongban.directory import Regions
from tongban.infra.db import connected
from tongban.law import Pack

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).resolve().parents[3]

STRICTER = """values:
  - parameter: inpatient_deductible
    from: 2026-11-01
    table: {employee: {class_1: 1000_00}}
    sources: [{id: city-collection-2026}]
    confidence: illustrative
    checked_on: 2026-11-22
"""


class Year(NamedTuple):
    """Two stays of one person, the first cancelled; and one of somebody else."""

    person_id: int
    cancelled: str
    left: str
    other: str


@pytest.fixture
def year(database_url: str, owner_database_url: str, pack: Pack) -> Year:
    async def live() -> Year:
        async with connected(database_url) as db, connected(owner_database_url) as owner_db:
            await furnish(owner_db)
            hospital, town = Hospital(db, pack, Regions(PLACES, {})), Town(owner_db)
            person, other = await town.person(), await town.person()
            first, second = [await hospital.settle(await hospital.stay(person, 2_000_000)) for _ in range(2)]
            third = await hospital.settle(await hospital.stay(other, 2_000_000))
            await hospital.cancel(first)
            return Year(person.person_id, str(first.number), str(second.number), str(third.number))

    return asyncio.run(live())


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    program = Path(sys.executable).with_name("tongban")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(program), *arguments]
        variables = environ(database_url, tmp_path)
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    return run


def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "COLUMNS": "160",
        "USER": "tester",
        "TONGBAN_VAR": str(tmp_path / "var"),
        "DATABASE_URL": database_url,
    }


def query(url: str, statement: str) -> object:
    async def ask() -> object:
        async with connected(url) as db:
            return await db.fetchval(statement)

    return asyncio.run(ask())


def test_the_commands_of_the_reference_run_as_they_stand(year: Year, database_url: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "replay.md").read_text(encoding="utf-8")
    commands = [line for block in re.findall(r"```bash\n(.*?)```", page, re.S) for line in block.splitlines()]
    assert len(commands) >= 8

    for command in commands:
        done = subprocess.run(
            command.split(), cwd=ROOT, env=environ(database_url, tmp_path), capture_output=True, text=True, check=False
        )
        assert (done.returncode, command) == (0, command), done.stderr


def test_all_is_computed_again_and_that_is_written_down(
    year: Year, run: Run, pack: Pack, owner_database_url: str
) -> None:
    done = run("law", "replay")

    assert done.returncode == 0, done.stderr
    assert f"规则 {pack.version}：结算 3 笔，其中已撤销 1 笔，不一样 0 笔" in done.stdout
    assert "3 笔都一分不差" in done.stdout
    actor = query(owner_database_url, "select actor from infra.audit where action = 'settlements.replayed'")
    assert str(actor).startswith("operator:")


def test_a_touched_record_is_told_and_the_return_code_is_one(year: Year, run: Run, owner_database_url: str) -> None:
    query(
        owner_database_url,
        f"""update settlement.settlement set pooled_fund_fen = pooled_fund_fen + 1, cash_fen = cash_fen - 1
            where person_id <> {year.person_id}""",
    )

    done, machine = run("law", "replay"), run("law", "replay", "--json")

    assert (done.returncode, machine.returncode) == (1, 1)
    assert f"{year.other}  pooled_fund_fen：存的 15,744.01，再算 15,744.00" in done.stdout
    assert "3 笔里有 1 笔不一样：对不上 2 处" in done.stdout
    *findings, summary = [json.loads(line) for line in machine.stdout.splitlines()]
    assert {finding["finding"]["number"] for finding in findings} == {year.other}
    assert [(f["finding"]["field"], f["finding"]["stored"], f["finding"]["recomputed"]) for f in findings] == [
        ("pooled_fund_fen", 1_574_401, 1_574_400),
        ("account_fen + mutual_aid_fen + cash_fen", 425_599, 425_600),
    ]
    assert summary["summary"]["findings"]["difference"] == 2
    assert run("law", "replay", "--person", str(year.person_id)).returncode == 0


def test_other_law_is_information(year: Year, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "draft" / "shanxi" / "taiyuan" / "draft.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(STRICTER)

    done = run("law", "replay", "--policies", str(tmp_path / "draft"))

    assert done.returncode == 0, done.stderr
    assert f"{year.other}  deductible_fen：存的 800.00，再算 1,000.00" in done.stdout
    assert "3 笔里有 3 笔不一样" in done.stdout
    assert "基金一共少付 410.00 元" in done.stdout


def test_nothing_to_compute_is_said(run: Run) -> None:
    done = run("law", "replay", "--since", "2030-01-01")

    assert (done.returncode, done.stdout) == (0, "没有这样的结算。\n")


def test_a_wrong_day_is_a_sentence(run: Run) -> None:
    done = run("law", "replay", "--since", "明天")

    assert done.returncode == 1
    assert "看不懂" in done.stderr


@pytest.mark.parametrize("ask_for", ["person_id", "left"])
def test_a_year_is_told_as_settled_and_as_it_would_be(year: Year, run: Run, ask_for: str) -> None:
    number = str(getattr(year, ask_for))
    done, machine = run("law", "rederive", number), run("law", "rederive", number, "--json")

    assert done.returncode == 0, done.stderr
    assert "2026 年度，职工医保" in done.stdout
    assert f"{year.left}  住院，2026-11-22 结算：自己多付 328.00" in done.stdout
    assert "起付线 400.00 → 800.00，基本医保 16,072.00 → 15,744.00，自己付 3,928.00 → 4,256.00" in done.stdout
    assert year.cancelled not in done.stdout
    (line,) = [json.loads(line) for line in machine.stdout.splitlines()]
    assert line["would_be"]["deductible_fen"] == 80_000
    assert (line["number"], line["person_share_change_fen"], line["cancelled_number"]) == (year.left, 32_800, None)


def test_of_a_cancelled_one_what_was_written_down_is_told(year: Year, run: Run) -> None:
    done = run("law", "rederive", year.cancelled)

    assert "撤销时记下" in done.stdout
    assert f"{year.left}  住院，2026-11-22 结算：自己多付 328.00" in done.stdout


def test_the_agencys_list(year: Year, run: Run) -> None:
    done = run("law", "rederive")

    assert done.stdout == f"{year.left}  自己多付 328.00（撤销了 {year.cancelled}）\n一共 1 笔。\n"


def test_a_number_that_is_none_is_said_so(run: Run) -> None:
    done = run("law", "rederive", "B1")

    assert (done.returncode, done.stdout) == (1, "")
    assert "S 开头的结算号" in done.stderr


def test_explaining_it_notes_the_cancellation_before(year: Year, run: Run) -> None:
    done, machine = run("explain", year.left), run("explain", year.left, "--json")

    assert f"前面有一笔 {year.cancelled} 后来撤销了，这笔的金额没有变" in done.stdout
    assert "自己多付 328.00" in done.stdout
    assert json.loads(machine.stdout)["later_change"]["would_be"]["deductible_fen"] == 80_000
    assert "后来撤销了" not in run("explain", year.other).stdout
