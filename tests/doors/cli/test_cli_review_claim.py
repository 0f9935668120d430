"""`tongban review claim` over a real database: what the operator types, and what is answered."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from settlement_kit import CLASS_A, CLASS_C, PLACES, furnish
from typer.testing import CliRunner

from claims_kit import Desk, Registry
from tongban.directory import Regions
from tongban.doors.cli import app
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.infra.files import files_from
from tongban.kernel.errors import Refusal
from tongban.law import Pack
from tongban.reimbursement import Claim, PaidTwice
from tongban.settings import Settings

OPERATOR = ("--operator", "张审", "--pool", "140100")


def said(*words: str) -> str:
    done = CliRunner().invoke(app, ["review", "claim", *words, *OPERATOR])
    if done.exception is not None:
        raise done.exception
    return done.output


def answer(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(*words, "--json").splitlines()[-1])
    return found


@pytest.fixture
def office(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The environment the commands read: the demo, with the demo's bank."""
    for name, value in settings.for_workers().items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def claim(office: Settings, pack: Pack) -> Claim:
    async def apply() -> Claim:
        vault = Vault.from_settings(office)
        async with connected(str(office.owner_database_url)) as owner_db:
            await furnish(owner_db)
            father = await Registry(owner_db, vault).add("王大山")
        async with connected(str(office.database_url)) as db:
            return await desk_of(db, office, pack).claim(father)

    return asyncio.run(apply())


def desk_of(db: Connection, office: Settings, pack: Pack) -> Desk:
    return Desk(db, Vault.from_settings(office), pack, Regions(PLACES, {}), files_from(office))


def test_from_the_queue_to_the_money(claim: Claim, tmp_path: Path) -> None:
    (row,) = [json.loads(line) for line in said("list", "--json").splitlines()]
    assert (row["number"], row["name"], row["total_fen"]) == (claim.number, "王*山", 1_000_000)
    assert claim.number in said("list")
    shown = said("show", claim.number)
    assert "壹万元整" in shown
    assert "尾号" in shown
    picture = tmp_path / "invoice.jpg"
    assert "存到了" in said("photo", claim.number, claim.papers["invoice"], "--out", str(picture))
    assert picture.read_bytes()[:2] == b"\xff\xd8"
    assert "审核中" in said("accept", claim.number)
    looked = answer("compute", claim.number, "--self-funded", "1200", "--first-self-pay", "800.50", "--look")
    assert looked["state"] == "reviewing"
    assert looked["explanation"]
    computed = answer("compute", claim.number, "--self-funded", "1200", "--first-self-pay", "800.50")
    assert computed["state"] == "computed"
    for _ in range(2):
        assert answer("pay", claim.number)["state"] == "paid"
    with pytest.raises(PaidTwice):
        said("paid", claim.number, "--reference", "BY-HAND-1")
    assert answer("returned", claim.number, "--reason", "户名和卡号对不上")["state"] == "returned"
    whole = answer("show", claim.number)
    assert [payment["state"] for payment in whole["payments"]] == ["returned"]


def test_single_lines_are_split_by_the_treating_regions_catalogue(claim: Claim, tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text(
        f'{{"item_code": "{CLASS_A}", "quantity": "2", "unit_price": "4500", "total": "9000.00"}}\n\n'
        f'{{"item_code": "{CLASS_C}", "quantity": "1", "unit_price": "1000", "total": "1000.00"}}\n'
    )
    looked = answer("compute", claim.number, "--lines", str(file), "--look")
    assert any("1,000.00" in step["amount"] for step in looked["explanation"]), looked
    file.write_text('{"item_code": "X", "quantity": "1.23456", "unit_price": "1", "total": "1"}\n')
    with pytest.raises(Refusal, match="第 1 行读不出"):
        said("compute", claim.number, "--lines", str(file))


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "more than all of it": (("compute", "--self-funded", "9000", "--over-cap", "1000.01"), "比总费用"),
    "no amount": (("compute", "--self-funded", "一千"), "要按元写"),
    "no delivery": (("compute", "--delivery", "x"), "没有分娩方式 x"),
    "no reason": (("refuse", "--reason", "x", "--sentence", "发票在财政网站上查不到"), "没有原因 x"),
    "no such picture": (("ask", "--slot", "x", "--sentence", "请补费用清单"), "只能从"),
    "says nothing": (("ask", "--slot", "fee_list", "--sentence", "补"), "一句话"),
    "not computed": (("pay",), "核算过的才能付"),
}


def test_words_that_cannot_be_are_named(claim: Claim) -> None:
    for (command, *words), told in WRONG.values():
        with pytest.raises(Refusal, match=told):
            said(command, claim.number, *words)
    with pytest.raises(Refusal, match="您管的统筹区里没有这个编号，请核对"):
        said("show", "R1")
    assert answer("show", claim.number)["state"] == "reviewing"
