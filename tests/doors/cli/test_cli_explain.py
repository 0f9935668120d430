"""``tongban explain`` against a database that holds one settlement."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from settlement_kit import CLASS_B, PLACES, Hospital, Town, furnish

from tongban.directory import Regions
from tongban.infra.db import connected
from tongban.kernel.vocabulary import DeliveryKind
from tongban.law import Pack
from tongban.settlement import Delivery

Explain = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def number(database_url: str, owner_database_url: str, pack: Pack) -> str:
    """One settled stay's number."""

    async def settle() -> str:
        async with connected(database_url) as db, connected(owner_database_url) as owner_db:
            await furnish(owner_db)
            hospital = Hospital(db, pack, Regions(PLACES, {}))
            settled = await hospital.settle(await hospital.stay(await Town(owner_db).person(), 2_000_000, item=CLASS_B))
            assert settled.number is not None
            return settled.number

    return asyncio.run(settle())


@pytest.fixture
def run_explain(database_url: str, tmp_path: Path) -> Explain:
    program = Path(sys.executable).with_name("tongban")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        variables = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "COLUMNS": "160",
            "USER": "tester",
            "TONGBAN_VAR": str(tmp_path / "var"),
            "DATABASE_URL": database_url,
        }
        return subprocess.run(
            [str(program), "explain", *arguments], env=variables, capture_output=True, text=True, check=False
        )

    return run


def test_it_prints_every_step_with_its_source(number: str, run_explain: Explain) -> None:
    done = run_explain(number)

    assert done.returncode == 0, done.stderr
    for words in (number, "20,000.00", "82%", "依据", "示例", "现金"):
        assert words in done.stdout


def test_it_prints_json_for_programs_and_leaves_an_audit_row(
    number: str, run_explain: Explain, owner_database_url: str
) -> None:
    done = run_explain(number, "--json")

    document = json.loads(done.stdout)
    amounts = document["amounts_fen"]
    assert document["number"] == number
    assert amounts["total"] == 2_000_000
    assert amounts["total"] == sum(
        amounts[part] for part in ("pooled_fund", "critical_illness", "medical_assistance", "account", "cash")
    )
    assert any(step["sources"] for step in document["steps"])
    assert all(step["confidence"] in ("official", "secondary", "illustrative") for step in document["steps"])

    async def audited() -> str | None:
        async with connected(owner_database_url) as db:
            actor: str | None = await db.fetchval(
                "select actor from infra.audit where action = 'settlement.viewed' and subject = $1", number
            )
            return actor

    assert (asyncio.run(audited()) or "").startswith("operator:")


@pytest.mark.parametrize("wrong", ["S123", "B300000000000001197"])
def test_a_number_that_is_none_is_said_so(run_explain: Explain, wrong: str) -> None:
    done = run_explain(wrong)

    assert done.returncode == 1
    assert "没有找到这个号码" in done.stderr
    assert done.stdout == ""


def test_a_birth_is_told_by_its_quota(
    database_url: str, owner_database_url: str, pack: Pack, run_explain: Explain
) -> None:
    async def settle() -> str:
        async with connected(database_url) as db, connected(owner_database_url) as owner_db:
            await furnish(owner_db)
            hospital = Hospital(db, pack, Regions(PLACES, {}))
            caesarean = Delivery("3", DeliveryKind.CAESAREAN)
            request = await hospital.stay(
                await Town(owner_db).person("resident", "adult"), 800_000, is_birth=True, delivery=caesarean
            )
            return str((await hospital.settle(request)).number)

    done = run_explain(asyncio.run(settle()))

    assert done.returncode == 0, done.stderr
    for words in ("按生育定额", "剖宫产", "3,000.00", "5,000.00", "二手"):
        assert words in done.stdout
    assert "100%" not in done.stdout.splitlines()[1]
