"""`tongban review chronic` over a real database: what the operator types, and what is answered."""

import asyncio
import json
import re
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from tongban.chronic import load_demo_recognitions
from tongban.doors.cli import app
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.kernel.errors import Refusal
from tongban.people import demo_cast, load_demo_people
from tongban.settings import Settings

HOSPITAL = "H14010000001"
OPERATOR = ("--operator", "李经办", "--pool", "140100")


@pytest.fixture
def waiting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whose application waits: 韩桂兰's; and the environment the commands read."""
    for name, value in settings.for_workers().items():
        monkeypatch.setenv(name, value)
    return asyncio.run(_apply(settings))


async def _apply(settings: Settings) -> str:
    async with connected(str(settings.owner_database_url)) as owner_db:
        return await _fill(owner_db, Vault.from_settings(settings))


async def _fill(owner_db: Connection, vault: Vault) -> str:
    elder = next(person for person in demo_cast() if person.name == "韩桂兰")
    await owner_db.execute(
        """insert into directory.pooling_region (pool_code, name, full_name, province_code, province_name,
             filing_level, can_file_to, pinyin, initials, sort_key)
           values ('140100', '太原市', '太原市', '140000', '山西省', 'city', true, 'taiyuan', 'ty', 1)"""
    )
    await owner_db.execute(
        """insert into directory.institution (institution_code, code_is_official, name, kind, pool_code,
             province_code, settles_inpatient, settles_outpatient, source)
           values ($1, false, '太原甲医院', 'hospital', '140100', '140000', true, true, 'test')""",
        HOSPITAL,
    )
    await load_demo_people(owner_db, vault, [elder])
    now = datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert await load_demo_recognitions(owner_db, vault, elder, HOSPITAL, now=now)
    assert not await load_demo_recognitions(owner_db, vault, elder, HOSPITAL, now=now)
    return str(elder.person_id)


def said(*words: str) -> str:
    done = CliRunner().invoke(app, ["review", "chronic", *words, *OPERATOR])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_from_the_list_to_the_decision(waiting: str) -> None:
    (row,) = [json.loads(line) for line in said("list", "--json").splitlines()]
    number = row["number"]
    assert waiting in number
    assert (row["name"], row["state"], row["diseases"][0]["name"]) == ("韩*兰", "in_review", "冠心病")
    listed = said("list")
    assert number in listed
    assert "还没人" in listed
    shown = said("show", number)
    assert "韩桂兰" in shown
    assert re.search(r"1401\*+0\d{2}\w", shown)
    assert "19900000009" not in shown
    with pytest.raises(Refusal, match="还没有人受理"):
        said("approve", number)
    assert "已受理" in said("accept", number)
    assert "要补材料" in said("ask", number, "--material", "exam_report", "--sentence", "请补检查报告")
    with pytest.raises(Refusal, match="正在等申请人补材料"):
        said("refuse", number, "--reason", "below_standard", "--sentence", "没有达到标准")


def test_words_that_cannot_be_are_named(waiting: str) -> None:
    del waiting
    number = json.loads(said("list", "--json"))["number"]
    said("accept", number)
    with pytest.raises(Refusal, match="没有材料 x，可以是：id_card_front"):
        said("ask", number, "--material", "x", "--sentence", "请补检查报告")
    with pytest.raises(Refusal, match="没有原因 x，可以是：below_standard"):
        said("refuse", number, "--reason", "x", "--sentence", "没有达到标准")
    with pytest.raises(Refusal, match="没有这个编号"):
        said("accept", "C123")
    with pytest.raises(Refusal, match="6 位统筹区代码"):
        CliRunner().invoke(
            app, ["review", "chronic", "list", "--operator", "李", "--pool", "x"], catch_exceptions=False
        )
    made = json.loads(said("approve", number, "--to", "2028-12-31", "--json"))
    assert (made["code"], made["valid_to"], made["institutions"][0][0]) == ("M04600", "2028-12-31", HOSPITAL)
